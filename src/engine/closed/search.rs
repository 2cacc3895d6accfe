//! Exact best-first search over the wordings of a set (uniform-cost search: log-probabilities are at most 0, so nothing that is left
//! behind can overtake what was found).

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use super::{Scorer, Token, Trie, Word};

/// A wording that explains the sound.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Found {
    pub word: Word,
    /// Natural log-probability, its end included.
    pub score: f32,
    pub tokens: usize,
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

/// The wordings, most likely first. What is less likely than the best by more than `prune` (natural logarithm) is left out, and
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
            found.push(Found { word, score, tokens: at.written.len() });
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
