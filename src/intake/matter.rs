//! Of what type a matter is: words and their weights, and what labelled sentences teach where there is an encoder.

mod learned;

use std::ops::Range;
use std::sync::Arc;

use super::IntakeError;
use super::category::Points;
use super::lexicon::rows;
use super::reading::MatterType;
use super::text::Text;
use crate::kernel::{Filled, Slot};
use crate::language::sounding::Syllable;
use learned::Learned;
pub use learned::examples;

/// Words that only lean towards a type make no surer.
const LEANING_MAX: f32 = 0.45;
/// Shorter words tell nothing.
const STORY_CHARS_MIN: usize = 8;
/// Half of the confidence is reached at this score.
const MATTER_HALF: f32 = 0.8;
/// A lower confidence names nothing.
pub(super) const CONFIDENCE_MIN: f32 = 0.3;
/// Of equals the first is meant: who complains that something is broken complains.
const BY_WEIGHT: [MatterType; 6] = [
    MatterType::Report,
    MatterType::Complaint,
    MatterType::Praise,
    MatterType::Suggestion,
    MatterType::Consultation,
    MatterType::Help,
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Key {
    Matter(MatterType),
    Lean(MatterType),
    Question,
    Action,
}

struct Weight {
    key: Key,
    weight: f32,
    word: &'static str,
    unless: Vec<&'static str>,
}

pub(super) struct Matters {
    weights: Vec<Weight>,
    learned: Option<Learned>,
}

/// What the words show of one type.
#[derive(Clone, Copy)]
struct Shown {
    matter: MatterType,
    confidence: f32,
    /// Not only words that lean towards it.
    told: bool,
}

impl Matters {
    pub(super) fn new() -> Result<Matters, IntakeError> {
        Ok(Matters { weights: weights()?, learned: None })
    }

    /// Taught by the sentences that ship, each placed by its meaning.
    pub(super) fn taught(mut self, points: Arc<dyn Points>) -> Result<Matters, IntakeError> {
        self.learned = None;
        self.learned = Learned::of(&self, points)?;
        Ok(self)
    }

    pub(super) fn asks_question(&self, text: &Text<'_>) -> bool {
        let asked = self.score(text, Key::Question).0;
        asked >= 1.5 && asked > self.score(text, Key::Action).0
    }

    /// The types with their confidences, the likeliest first. `open`: a matter may be told, not only the answer to a question.
    pub(super) fn matters(&self, text: &Text<'_>, open: bool) -> Vec<(MatterType, f32)> {
        let shown = self.shown(text);
        // A number or a short answer tells of no matter, however near it may lie to one.
        let story = text.syllables.iter().filter(|s| !is_digit(text.str(), s)).count();
        let learned = self.learned.as_ref().filter(|_| open && story >= STORY_CHARS_MIN);
        let Some(likely) = learned.and_then(|l| l.likely(self, text, &shown)) else {
            return shown.into_iter().map(|s| (s.matter, s.confidence)).collect();
        };
        let sure = |(matter, likely): (MatterType, f32)| {
            let shown = shown.iter().find(|s| s.matter == matter);
            let told = shown.is_some_and(|s| s.told);
            let by_words = shown.map_or(0.0, |s| s.confidence);
            (matter, if told { likely.max(by_words) } else { likely.min(LEANING_MAX) })
        };
        // The order stays as learned: a confidence here is also what is dared on it.
        likely.into_iter().map(sure).collect()
    }

    /// What the words show, the likeliest first: each type's share of all types' weight, less when that is small.
    fn shown(&self, text: &Text<'_>) -> Vec<Shown> {
        let asks = self.asks_question(text);
        let scores = BY_WEIGHT.map(|matter| {
            let extra = if asks && matter == MatterType::Consultation { 2.0 } else { 0.0 };
            let told = self.score(text, Key::Matter(matter)).0 + extra;
            (matter, told, told + self.score(text, Key::Lean(matter)).0)
        });
        let all: f32 = scores.iter().map(|(_, _, score)| score).sum();
        if all == 0.0 && text.sounding(&text.whole()) >= STORY_CHARS_MIN {
            // Who tells something without any sign of its type mostly complains, or needs help.
            let guess = [(MatterType::Complaint, 0.1), (MatterType::Help, 0.05)];
            return guess
                .map(|(matter, confidence)| Shown { matter, confidence, told: false })
                .into();
        }
        let mut shown = scores.map(|(matter, told, score)| {
            let confidence = score / (score + MATTER_HALF + 0.5 * (all - score));
            let told = told > 0.0;
            Shown {
                matter,
                confidence: if told { confidence } else { confidence.min(LEANING_MAX) },
                told,
            }
        });
        // Of equals the first stays first.
        shown.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
        shown.into_iter().filter(|s| s.confidence > 0.0).collect()
    }

    /// The sum of the weights of a key's words, none over another, and the heaviest word's place.
    fn score(&self, text: &Text<'_>, key: Key) -> (f32, Option<Range<usize>>) {
        let mut found: Vec<(f32, Range<usize>)> = self
            .weights
            .iter()
            .filter(|w| w.key == key && !w.unless.iter().any(|word| text.has(word)))
            .filter_map(|w| Some((w.weight, text.find(w.word, 0)?)))
            .collect();
        found.sort_by(|(a, x), (b, y)| b.total_cmp(a).then(y.len().cmp(&x.len())));
        let mut kept: Vec<(f32, Range<usize>)> = Vec::new();
        for (weight, span) in found {
            if kept.iter().all(|(_, k)| k.end <= span.start || span.end <= k.start) {
                kept.push((weight, span));
            }
        }
        (kept.iter().map(|(weight, _)| weight).sum(), kept.first().map(|(_, span)| span.clone()))
    }

    /// The type as a field, at its heaviest word.
    pub(super) fn facts(
        &self,
        text: &Text<'_>,
        matter: Option<(MatterType, f32)>,
    ) -> Option<(Slot, Filled)> {
        let (matter, confidence) = matter?;
        let (_, span) = self.score(text, Key::Matter(matter));
        let span = span.or_else(|| self.score(text, Key::Lean(matter)).1);
        let span = span.or_else(|| self.score(text, Key::Question).1);
        let code = Some(matter.key().to_owned());
        let span = span.unwrap_or(text.whole());
        Some((Slot::MatterType, text.filled(matter.label(), code, &span, confidence)))
    }
}

fn is_digit(text: &str, syllable: &Syllable) -> bool {
    let said = text.get(syllable.text.clone()).unwrap_or_default();
    said.chars().all(|c| c.is_ascii_digit() || "零〇幺一二两三四五六七八九".contains(c))
}

fn weights() -> Result<Vec<Weight>, IntakeError> {
    const TABLE: &str = "matter.tsv";
    let mut weights = Vec::new();
    for (line, cells) in rows(TABLE, include_str!("matter.tsv"), 3)? {
        let bad = |detail: String| IntakeError::Table { table: TABLE, line, detail };
        let [name, weight, words, rest @ ..] = cells.as_slice() else { continue };
        let key = match *name {
            "question" => Key::Question,
            "action" => Key::Action,
            name => match name.strip_prefix("lean_") {
                Some(name) => MatterType::from_key(name).map(Key::Lean),
                None => MatterType::from_key(name).map(Key::Matter),
            }
            .ok_or_else(|| bad(format!("{name:?} is no matter type, question or action")))?,
        };
        let weight = weight.parse().map_err(|_| bad(format!("weight {weight:?} is no number")))?;
        let unless: Vec<&'static str> = rest.iter().flat_map(|w| w.split_whitespace()).collect();
        for word in words.split_whitespace() {
            weights.push(Weight { key, weight, word, unless: unless.clone() });
        }
    }
    Ok(weights)
}
