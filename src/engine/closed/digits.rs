//! A beam over the numbers of a few shapes, read out digit by digit.

use std::cmp::Ordering;

use super::{Scorer, Token, Trie};
use crate::speech::expected::Shape;

/// A whole number.
#[derive(Clone, PartialEq, Debug)]
pub struct Run {
    pub digits: Vec<u8>,
    /// Natural log-probability, its end included.
    pub score: f32,
    pub tokens: usize,
}

#[derive(Clone, Debug)]
struct Beginning {
    digits: Vec<u8>,
    written: Vec<Token>,
    /// Where within a digit of several tokens; the root between digits.
    node: usize,
    score: f32,
}

/// The numbers of these shapes, most likely first, each once. `words` holds how each digit is written, its class the digit. After each
/// digit the `width` most likely beginnings are followed, if within `prune` (natural logarithm) of the best.
pub fn digits<S: Scorer>(
    shapes: &[Shape],
    words: &Trie,
    scorer: &mut S,
    width: usize,
    prune: f32,
) -> Result<Vec<Run>, S::Error> {
    let longest = shapes.iter().map(Shape::length).max().unwrap_or(0);
    let mut whole: Vec<Run> = Vec::new();
    let mut beam =
        vec![Beginning { digits: Vec::new(), written: Vec::new(), node: Trie::ROOT, score: 0.0 }];
    for _ in 0..=longest {
        let mut next = Vec::new();
        let mut open = std::mem::take(&mut beam);
        open.sort_by(by_score);
        // The most likely is at the end. Beginnings within a digit come back to be followed to its last token.
        while let Some(at) = open.pop() {
            let bar = bar(&mut next, width, prune);
            if at.score < bar {
                break;
            }
            follow(at, shapes, words, scorer, &mut open, &mut next, &mut whole)?;
            open.sort_by(by_score);
        }
        next.sort_by(|a, b| by_score(b, a));
        let best = next.first().map_or(0.0, |first| first.score);
        next.retain(|at| at.score >= best - prune);
        next.truncate(width);
        beam = next;
    }
    whole.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut seen = std::collections::HashSet::new();
    whole.retain(|run| seen.insert(run.digits.clone()));
    Ok(whole)
}

fn by_score(a: &Beginning, b: &Beginning) -> Ordering {
    a.score.total_cmp(&b.score)
}

/// The score under which a beginning cannot come among those that are followed.
fn bar(next: &mut [Beginning], width: usize, prune: f32) -> f32 {
    next.sort_by(|a, b| by_score(b, a));
    let last = next.get(width.saturating_sub(1)).map_or(f32::NEG_INFINITY, |at| at.score);
    let best = next.first().map_or(f32::NEG_INFINITY, |at| at.score - prune);
    last.max(best)
}

/// Evaluates one beginning: what ends goes to `whole`, what is one digit longer to `next`, what is within a digit to `open`.
fn follow<S: Scorer>(
    at: Beginning,
    shapes: &[Shape],
    words: &Trie,
    scorer: &mut S,
    open: &mut Vec<Beginning>,
    next: &mut Vec<Beginning>,
    whole: &mut Vec<Run>,
) -> Result<(), S::Error> {
    let begun = |digits: &[u8]| {
        let fits = |s: &&Shape| digits.iter().enumerate().all(|(place, d)| s.allows(place, *d));
        shapes.iter().filter(fits).map(Shape::length).collect::<Vec<_>>()
    };
    let lengths = begun(&at.digits);
    let done = at.digits.len();
    let children = match lengths.iter().any(|length| *length > done) {
        true => words.children(at.node),
        false => &[],
    };
    let wanted: Vec<Token> = children.iter().map(|(token, _)| *token).collect();
    let mut scores = Vec::new();
    let end = scorer.score(&at.written, &wanted, &mut scores)?;
    if at.node == Trie::ROOT && done > 0 && lengths.contains(&done) {
        let score = at.score + end;
        whole.push(Run { digits: at.digits.clone(), score, tokens: at.written.len() });
    }
    for (&(token, node), score) in children.iter().zip(&scores) {
        let mut to = at.clone();
        to.written.push(token);
        to.score += score;
        if !words.children(node).is_empty() {
            open.push(Beginning { node, ..to.clone() });
        }
        let digit = words.word(node).and_then(|word| u8::try_from(word.class).ok());
        if let Some(digit) = digit.filter(|d| shapes.iter().any(|s| s.allows(done, *d))) {
            to.digits.push(digit);
            to.node = Trie::ROOT;
            if !begun(&to.digits).is_empty() {
                next.push(to);
            }
        }
    }
    Ok(())
}
