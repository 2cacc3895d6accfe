//! Exact best-first search over the wordings of a set (uniform-cost search: log-probabilities are at most 0, so nothing that is left
//! behind can overtake what was found).

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use super::{Scorer, Token, Trie, Word, ln_add};

/// A class that explains the sound.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Found {
    /// Its most likely wording.
    pub word: Word,
    /// Natural log-probability of the class: the sum over its wordings that were looked at.
    pub score: f32,
    /// Tokens of the most likely wording.
    pub tokens: usize,
    /// That wording's own log-probability.
    best: f32,
}

/// A beginning that is yet to be evaluated.
struct Open {
    score: f32,
    node: usize,
    written: Vec<Token>,
}

impl Ord for Open {
    fn cmp(&self, other: &Self) -> Ordering {
        // Of equals the longer one: it is nearer to its end.
        self.score.total_cmp(&other.score).then(self.written.len().cmp(&other.written.len()))
    }
}

impl PartialOrd for Open {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Open {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Open {}

/// The classes, most likely first. What is less likely than the best wording by more than `prune` (natural logarithm) is left out, and
/// after `most` evaluations what was found by then is the result.
pub fn search<S: Scorer>(
    trie: &Trie,
    scorer: &mut S,
    prune: f32,
    most: usize,
) -> Result<Vec<Found>, S::Error> {
    let mut found: Vec<Found> = Vec::new();
    let mut best = f32::NEG_INFINITY;
    let mut open = BinaryHeap::new();
    open.push(Open { score: 0.0, node: Trie::ROOT, written: Vec::new() });
    let (mut wanted, mut scores) = (Vec::new(), Vec::new());
    for _ in 0..most {
        let Some(at) = open.pop().filter(|at| at.score >= best - prune) else { break };
        let children = trie.children(at.node);
        wanted.clear();
        wanted.extend(children.iter().map(|(token, _)| *token));
        let end = scorer.score(&at.written, &wanted, &mut scores)?;
        if let Some(word) = trie.word(at.node) {
            let score = at.score + end;
            best = best.max(score);
            add(&mut found, word, score, at.written.len());
        }
        for (&(token, node), score) in children.iter().zip(&scores) {
            let mut written = at.written.clone();
            written.push(token);
            open.push(Open { score: at.score + score, node, written });
        }
    }
    found.sort_by(|a, b| b.score.total_cmp(&a.score));
    Ok(found)
}

fn add(found: &mut Vec<Found>, word: Word, score: f32, tokens: usize) {
    match found.iter_mut().find(|class| class.word.class == word.class) {
        None => found.push(Found { word, score, tokens, best: score }),
        Some(class) => {
            class.score = ln_add(class.score, score);
            if score > class.best {
                (class.word, class.best, class.tokens) = (word, score, tokens);
            }
        }
    }
}
