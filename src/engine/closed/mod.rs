//! Deciding inside a closed set of answers: how well each of them explains the sound.
//!
//! Free decoding writes one-word answers as other words of the same sound, for lack of context. The set is the context: its wordings
//! are tokenised into a [`Trie`] once, and [`search()`] finds the likelihood of each class exactly, in few evaluations of the network;
//! [`digits()`] does so for numbers of a known shape, in a beam. Nothing here knows the network: it is a [`Scorer`].

mod dates;
mod decide;
mod digits;
mod search;
mod trie;

pub use dates::dates;
pub use decide::{Candidate, DOUBT, Verdict, agrees, by_ear, decide, goes_on, together};
pub use digits::{Run, digits};
pub use search::{Found, search};
pub use trie::{Trie, Word};

/// A token of the network's vocabulary.
pub type Token = i32;

/// A network that has heard the sound and says what may be written next.
pub trait Scorer {
    type Error;

    /// Replaces `scores` by the natural log-probability of each of the `wanted` tokens after `written`, at most 0 each. Returns that of
    /// the answer's end: that nothing, or punctuation, follows.
    fn score(
        &mut self,
        written: &[Token],
        wanted: &[Token],
        scores: &mut Vec<f32>,
    ) -> Result<f32, Self::Error>;
}

/// The logarithm of the sum of two probabilities.
pub fn ln_add(a: f32, b: f32) -> f32 {
    let (low, high) = if a < b { (a, b) } else { (b, a) };
    if low == f32::NEG_INFINITY { high } else { high + (low - high).exp().ln_1p() }
}
