//! Of what type a matter is and what it is about: words and their weights.

use std::ops::Range;

use serde::Deserialize;

use super::IntakeError;
use super::lexicon::{heard, rows};
use super::reading::{MatterType, Topic};
use super::text::Text;
use crate::kernel::{Filled, Slot};
use crate::language::sounding::{Syllable, toneless};

/// Half of the confidence is reached at this score.
const TOPIC_HALF: f32 = 0.9;
const MATTER_HALF: f32 = 0.8;
/// A lower confidence names nothing.
const CONFIDENCE_MIN: f32 = 0.3;
const TOPICS_MAX: usize = 3;
/// Of equals the first is meant: who complains that something is broken complains.
const BY_WEIGHT: [MatterType; 6] = [
    MatterType::Report,
    MatterType::Complaint,
    MatterType::Praise,
    MatterType::Suggestion,
    MatterType::Consultation,
    MatterType::Help,
];
/// A word heard, not read.
const BY_EAR: f32 = 0.7;
/// Shorter words have too many homophones.
const EAR_SYLLABLES_MIN: usize = 3;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Key {
    Matter(MatterType),
    Question,
    Action,
}

struct Weight {
    key: Key,
    weight: f32,
    word: &'static str,
    unless: Vec<&'static str>,
}

#[derive(Deserialize)]
struct TaxonomyFile {
    group: Vec<GroupRow>,
}

#[derive(Deserialize)]
struct GroupRow {
    code: String,
    name: String,
    topic: Vec<TopicRow>,
}

#[derive(Deserialize)]
struct TopicRow {
    code: String,
    name: String,
    words: String,
    hints: String,
}

struct Leaf {
    code: String,
    name: String,
    group: String,
    words: Vec<TopicWord>,
}

struct TopicWord {
    word: String,
    weight: f32,
    syllables: Vec<Syllable>,
}

pub(super) struct Matters {
    weights: Vec<Weight>,
    leaves: Vec<Leaf>,
}

impl Matters {
    pub(super) fn new() -> Result<Matters, IntakeError> {
        Ok(Matters { weights: weights()?, leaves: leaves(include_str!("taxonomy.toml"))? })
    }

    pub(super) fn topic_name(&self, code: &str) -> Option<&str> {
        self.leaves.iter().find(|leaf| leaf.code == code).map(|leaf| leaf.name.as_str())
    }

    pub(super) fn asks_question(&self, text: &Text<'_>) -> bool {
        let asked = self.score(text, Key::Question).0;
        asked >= 1.5 && asked > self.score(text, Key::Action).0
    }

    /// The likeliest type with its confidence: its share of all types' weight, less when the weight is small.
    pub(super) fn matter(&self, text: &Text<'_>) -> Option<(MatterType, f32)> {
        let asks = self.asks_question(text);
        let scores = BY_WEIGHT.map(|matter| {
            let extra = if asks && matter == MatterType::Consultation { 2.0 } else { 0.0 };
            (matter, self.score(text, Key::Matter(matter)).0 + extra)
        });
        let mut best = (MatterType::Consultation, 0.0);
        for (matter, score) in scores {
            if score > best.1 {
                best = (matter, score);
            }
        }
        let rest: f32 = scores.iter().map(|(_, score)| score).sum::<f32>() - best.1;
        let confidence = best.1 / (best.1 + MATTER_HALF + 0.5 * rest);
        (confidence >= CONFIDENCE_MIN).then_some((best.0, confidence))
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

    pub(super) fn topics(&self, text: &Text<'_>) -> Vec<Topic> {
        let mut scored: Vec<(f32, &Leaf)> = self
            .leaves
            .iter()
            .map(|leaf| (leaf.score(text).0, leaf))
            .filter(|(score, _)| *score > 0.0)
            .collect();
        scored.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        let topic = |(score, leaf): (f32, &Leaf)| Topic {
            code: leaf.code.clone(),
            name: leaf.name.clone(),
            group: leaf.group.clone(),
            confidence: score / (score + TOPIC_HALF),
        };
        let likely = scored.into_iter().take(TOPICS_MAX).map(topic);
        likely.filter(|topic| topic.confidence >= CONFIDENCE_MIN).collect()
    }

    /// The fields that the words alone carry: type and topic, each at its heaviest word.
    pub(super) fn facts(
        &self,
        text: &Text<'_>,
        matter: Option<(MatterType, f32)>,
        topics: &[Topic],
    ) -> Vec<(Slot, Filled)> {
        let mut facts = Vec::new();
        if let Some((matter, confidence)) = matter {
            let (_, span) = self.score(text, Key::Matter(matter));
            let span = span.or_else(|| self.score(text, Key::Question).1);
            let code = Some(matter.key().to_owned());
            let span = span.unwrap_or(text.whole());
            facts.push((Slot::MatterType, text.filled(matter.label(), code, &span, confidence)));
        }
        let best = topics.first().and_then(|t| Some((t, self.leaves.iter().find(|l| l.code == t.code)?)));
        if let Some((topic, leaf)) = best
            && let Some(span) = leaf.score(text).1
        {
            let code = Some(topic.code.clone());
            facts.push((Slot::Category, text.filled(&topic.name, code, &span, topic.confidence)));
        }
        facts
    }
}

impl Leaf {
    /// The sum over the words that are there, none over another, and the place of the heaviest.
    fn score(&self, text: &Text<'_>) -> (f32, Option<Range<usize>>) {
        let mut kept: Vec<Range<usize>> = Vec::new();
        let mut sum = 0.0;
        // The words stand by falling weight.
        for word in &self.words {
            let (span, factor) = match text.find(&word.word, 0) {
                Some(span) => (span, 1.0),
                None if word.syllables.len() >= EAR_SYLLABLES_MIN => {
                    let Some(found) = heard(text, &word.syllables, 0.99) else { continue };
                    (found.span, BY_EAR)
                }
                None => continue,
            };
            if kept.iter().all(|k| k.end <= span.start || span.end <= k.start) {
                sum += word.weight * factor;
                kept.push(span);
            }
        }
        (sum, kept.first().cloned())
    }
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
            name => MatterType::from_key(name)
                .map(Key::Matter)
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

/// Code and name of every leaf.
pub(super) fn codes() -> Result<Vec<(String, String)>, IntakeError> {
    let leaves = leaves(include_str!("taxonomy.toml"))?;
    Ok(leaves.into_iter().map(|leaf| (leaf.code, leaf.name)).collect())
}

fn leaves(taxonomy: &str) -> Result<Vec<Leaf>, IntakeError> {
    let file: TaxonomyFile = toml::from_str(taxonomy)?;
    let mut leaves: Vec<Leaf> = Vec::new();
    for group in file.group {
        for topic in group.topic {
            if !topic.code.starts_with(&group.code) || topic.code.len() != 4 {
                let detail = format!("is not four digits under {}", group.code);
                return Err(IntakeError::Topic { code: topic.code, detail });
            }
            if leaves.iter().any(|leaf| leaf.code == topic.code) {
                return Err(IntakeError::Topic { code: topic.code, detail: "stands twice".to_owned() });
            }
            let mut words: Vec<TopicWord> = Vec::new();
            // A longer word is rarer, so it says more.
            words.extend(topic.words.split_whitespace().map(|w| TopicWord::new(w, 1.0)));
            words.extend(topic.hints.split_whitespace().map(|w| TopicWord::new(w, 0.35)));
            words.sort_by(|a, b| b.weight.total_cmp(&a.weight));
            let (code, name, group) = (topic.code, topic.name, group.name.clone());
            leaves.push(Leaf { code, name, group, words });
        }
    }
    Ok(leaves)
}

impl TopicWord {
    fn new(word: &str, factor: f32) -> TopicWord {
        let weight = factor * 0.55 * word.chars().count() as f32;
        TopicWord { word: word.to_owned(), weight, syllables: toneless(word) }
    }
}
