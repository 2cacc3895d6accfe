//! Whether a set explains the sound: taken, doubtful, or none of it.

use super::ln_add;
use crate::language::{comparable, sounds_like};

/// One wording of the set and how well it explains the sound.
#[derive(Clone, PartialEq, Debug)]
pub struct Candidate {
    /// Tells meanings apart: a class's key, a date, a number.
    pub meaning: String,
    /// As it is written down.
    pub text: String,
    /// Natural log-probability.
    pub score: f32,
    /// Tokens of the wording.
    pub tokens: usize,
}

impl Candidate {
    /// The log-probability by length. A constant stands for the first word's own uncertainty, which long answers have but once.
    pub fn fit(&self) -> f32 {
        self.score / (self.tokens as f32 + FIT_FREE)
    }
}

/// What a set makes of the sound.
#[derive(Clone, PartialEq, Debug)]
pub enum Verdict {
    /// This is what was said.
    Taken { text: String, confidence: f32 },
    /// This is the nearest; ask.
    Doubtful { text: String, confidence: f32 },
    /// Something else was said.
    Outside,
}

const FIT_FREE: f32 = 4.0;
/// A meaning that fits less was not said. Fitted on answers of our own voice, and on sentences and answers to other questions.
const FIT_TAKEN: f32 = -1.2;
/// Under this it is not even asked for.
const FIT_NEAR: f32 = -1.55;
/// The next meaning must be less likely by this, in nats.
const MARGIN_TAKEN: f32 = 1.75;
/// What a search left out is at least this much less likely than what it had to look at.
const LEFT_OUT: f32 = 1.0;
/// Nats for a wording that sounds exactly as the free words.
const EAR: f32 = 2.0;
/// Confidence of what is doubtful is under it, of what is taken over it.
pub const DOUBT: f32 = 0.6;
/// The most that a set gives.
const SURE: f32 = 0.97;

/// The candidates of two hearings of the same sound as one list: what one of them left out counts as a little less likely than its
/// last, or than the bound `prune` of its search.
pub fn together(first: &[Candidate], second: &[Candidate], prune: f32) -> Vec<Candidate> {
    let floor = |list: &[Candidate]| {
        let best = list.first().map_or(0.0, |c| c.score);
        list.iter().map(|c| c.score).fold(best - prune, f32::min) - LEFT_OUT
    };
    let (floor_first, floor_second) = (floor(first), floor(second));
    let mut all: Vec<Candidate> = first.to_vec();
    for candidate in &mut all {
        let other = second.iter().find(|c| c.text == candidate.text);
        candidate.score = (candidate.score + other.map_or(floor_second, |c| c.score)) / 2.0;
    }
    for candidate in second {
        if !first.iter().any(|c| c.text == candidate.text) {
            let score = (candidate.score + floor_first) / 2.0;
            all.push(Candidate { score, ..candidate.clone() });
        }
    }
    all.sort_by(|a, b| b.score.total_cmp(&a.score));
    all
}

/// Whether a meaning is the likeliest.
pub fn agrees(candidates: &[Candidate], meaning: &str) -> bool {
    best(candidates).is_some_and(|(best, _)| best.meaning == meaning)
}

/// Characters after an answer that are more than a 谢谢.
const MORE_CHARS: usize = 3;

/// Whether the words go on after an answer, as 解决了，非常满意 does: the set would hear the answer and lose the rest.
/// `meaning`: what a whole answer, made comparable, means.
pub fn goes_on<'a>(words: &str, meaning: impl Fn(&str) -> Option<&'a str>) -> bool {
    let mut pieces = words.split(|c: char| !c.is_alphanumeric()).map(comparable);
    let Some(answer) = pieces.find(|piece| !piece.is_empty()) else { return false };
    let Some(meant) = meaning(&answer) else { return false };
    // 对，对的 says one thing twice.
    let more = pieces.filter(|piece| meaning(piece) != Some(meant));
    more.map(|piece| piece.chars().count()).sum::<usize>() >= MORE_CHARS
}

/// Adds what the free words say: a wording that sounds like them is likelier.
pub fn by_ear(candidates: &mut [Candidate], free: &str) {
    // Short sound makes the free decode say its words again and again.
    let pieces = || free.split(|c: char| !c.is_alphanumeric()).filter(|piece| !piece.is_empty());
    for candidate in candidates {
        let likeness =
            pieces().map(|piece| sounds_like(piece, &candidate.text)).fold(0.0, f32::max);
        candidate.score = (candidate.score + EAR * likeness).min(0.0);
    }
}

/// The likeliest meaning's likeliest wording, and how much likelier the meaning is than all others together, in nats.
fn best(candidates: &[Candidate]) -> Option<(&Candidate, f32)> {
    let mut meanings: Vec<(&str, f32)> = Vec::new();
    for candidate in candidates {
        match meanings.iter_mut().find(|(meaning, _)| *meaning == candidate.meaning) {
            Some((_, score)) => *score = ln_add(*score, candidate.score),
            None => meanings.push((&candidate.meaning, candidate.score)),
        }
    }
    let (meaning, score) = meanings.iter().copied().max_by(|a, b| a.1.total_cmp(&b.1))?;
    let others = meanings.iter().filter(|(other, _)| *other != meaning).map(|(_, score)| *score);
    let rest = others.fold(f32::NEG_INFINITY, ln_add);
    let wordings = candidates.iter().filter(|candidate| candidate.meaning == meaning);
    Some((wordings.max_by(|a, b| a.score.total_cmp(&b.score))?, score - rest))
}

/// Judges the candidates.
pub fn decide(candidates: &[Candidate]) -> Verdict {
    let Some((best, margin)) = best(candidates).filter(|(best, _)| best.fit() >= FIT_NEAR) else {
        return Verdict::Outside;
    };
    let text = best.text.clone();
    // The share of the probability that is this meaning's.
    let share = 1.0 / (1.0 + (-margin).exp());
    if best.fit() >= FIT_TAKEN && margin >= MARGIN_TAKEN {
        return Verdict::Taken { text, confidence: DOUBT + (SURE - DOUBT) * share };
    }
    Verdict::Doubtful { text, confidence: (DOUBT - 0.05) * share }
}
