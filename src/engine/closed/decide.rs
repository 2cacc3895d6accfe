//! Whether a set explains the sound: taken, doubtful, or none of it.

use super::ln_add;

/// One meaning of the set and how well it explains the sound.
#[derive(Clone, PartialEq, Debug)]
pub struct Candidate {
    /// Tells meanings apart: a class's key, a date, a number.
    pub meaning: String,
    /// Its most likely wording, as it is written down.
    pub text: String,
    /// Natural log-probability.
    pub score: f32,
    /// Tokens of that wording.
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
const MARGIN_TAKEN: f32 = 1.0;
/// Confidence of what is doubtful is under it, of what is taken over it.
pub const DOUBT: f32 = 0.6;
/// The most that a set gives.
const SURE: f32 = 0.97;

/// The candidates of two hearings of the same sound as one list: what one of them left out counts as its last, less `prune`.
pub fn together(first: &[Candidate], second: &[Candidate], prune: f32) -> Vec<Candidate> {
    let floor = |list: &[Candidate]| {
        let best = list.first().map_or(0.0, |c| c.score);
        list.iter().map(|c| c.score).fold(best - prune, f32::min)
    };
    let (floor_first, floor_second) = (floor(first), floor(second));
    let mut all: Vec<Candidate> = first.to_vec();
    for candidate in &mut all {
        let other = second.iter().find(|c| c.meaning == candidate.meaning);
        candidate.score = (candidate.score + other.map_or(floor_second, |c| c.score)) / 2.0;
    }
    for candidate in second {
        if !first.iter().any(|c| c.meaning == candidate.meaning) {
            let score = (candidate.score + floor_first) / 2.0;
            all.push(Candidate { score, ..candidate.clone() });
        }
    }
    all.sort_by(|a, b| b.score.total_cmp(&a.score));
    all
}

/// How much likelier the first candidate is than all others together, in nats.
pub fn margin(candidates: &[Candidate]) -> f32 {
    let Some(best) = candidates.first() else { return 0.0 };
    let rest = candidates.iter().skip(1).map(|c| c.score).fold(f32::NEG_INFINITY, ln_add);
    best.score - rest
}

/// Judges the candidates, the most likely first.
pub fn decide(candidates: &[Candidate]) -> Verdict {
    let Some(best) = candidates.first().filter(|best| best.fit() >= FIT_NEAR) else {
        return Verdict::Outside;
    };
    let text = best.text.clone();
    let margin = margin(candidates);
    // The share of the probability that is this meaning's.
    let share = 1.0 / (1.0 + (-margin).exp());
    if best.fit() >= FIT_TAKEN && margin >= MARGIN_TAKEN {
        return Verdict::Taken { text, confidence: DOUBT + (SURE - DOUBT) * share };
    }
    Verdict::Doubtful { text, confidence: (DOUBT - 0.05) * share }
}
