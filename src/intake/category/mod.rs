//! What a matter is about (事项分类): an entry of a taxonomy, by the words of callers, by likeness in meaning with the entries'
//! names, and by what the operator's own labelled examples teach.
//!
//! Words alone work without an encoder; likeness needs [`Points`]; learning needs examples. Everything is the same on every run.

pub(super) mod grams;
mod learned;
mod read;
mod sense;
mod taxonomy;
mod words;

use std::ops::Range;
use std::sync::Arc;

pub use read::{Example, Form, examples, taxonomy_of};
pub use sense::Points;
pub use taxonomy::{Entry, Fault, Faults, LEVELS_MAX, Taxonomy};

use super::reading::Topic;
use super::text::Text;
use crate::kernel::{Filled, Slot};
use learned::Learned;
use sense::{Sense, Views};
use words::Words;

/// Half of the confidence of words alone is reached at this score.
const WORDS_HALF: f32 = 0.9;
/// A lower confidence names nothing.
const CONFIDENCE_MIN: f32 = 0.3;
const TOPICS_MAX: usize = 3;
/// How much words and likeness count where nothing was learned.
const BY_WORDS: f32 = 5.0;
const BY_SENSE: f32 = 6.0;

/// A taxonomy and how its entries are told.
pub struct Categories {
    taxonomy: Taxonomy,
    /// For each entry.
    words: Vec<Words>,
    sense: Option<Sense>,
    learned: Option<Learned>,
}

/// Entries of each level with their probability, the likeliest first.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Ranking {
    /// Level 1 first; places in [`Taxonomy::entries`].
    pub levels: Vec<Vec<(usize, f32)>>,
}

/// A text in all the ways that it is judged.
struct Sight {
    views: Option<Views>,
    /// For each entry, 0 to 1.
    words: Vec<f32>,
}

impl Categories {
    /// By words alone.
    pub fn new(taxonomy: Taxonomy) -> Categories {
        let words = taxonomy.entries().iter().map(Words::of).collect();
        Categories { taxonomy, words, sense: None, learned: None }
    }

    /// By likeness in meaning too.
    pub fn with_points(mut self, points: Arc<dyn Points>) -> Categories {
        self.sense = Sense::of(&self.taxonomy, points);
        self
    }

    /// As the examples teach. Names that the taxonomy does not hold are passed over.
    pub fn learn(mut self, examples: &[Example]) -> Categories {
        self.learned = None;
        let sights: Vec<Sight> = examples
            .iter()
            .map(|e| self.sight(&Text::plain(&e.text), e.title.as_deref()))
            .collect();
        self.learned = Some(Learned::of(&self, examples, &sights));
        self
    }

    pub fn taxonomy(&self) -> &Taxonomy {
        &self.taxonomy
    }

    /// The likeliest entries of every level for a text.
    pub fn rank(&self, title: Option<&str>, text: &str) -> Ranking {
        self.ranked(&Text::plain(text), title)
    }

    fn ranked(&self, text: &Text<'_>, title: Option<&str>) -> Ranking {
        let sight = self.sight(text, title);
        let mut levels: Vec<Vec<(usize, f32)>> = Vec::new();
        for level in 1..=self.taxonomy.depth() {
            let scores = self.scores(&sight, level, title, text.str());
            let above = levels.last();
            levels.push(self.shared_out(&scores, above));
        }
        for level in &mut levels {
            level.sort_by(|(a, x), (b, y)| y.total_cmp(x).then(a.cmp(b)));
        }
        Ranking { levels }
    }

    /// Logits of a level's entries.
    fn scores(
        &self,
        sight: &Sight,
        level: usize,
        title: Option<&str>,
        text: &str,
    ) -> Vec<(usize, f32)> {
        if let Some(learned) = &self.learned
            && let Some(scores) = learned.scores(self, sight, level, title, text)
        {
            return scores;
        }
        let words = self.words_at(sight, level);
        let near = self.near(sight, level);
        let entries = self.entries_at(level);
        let sum = |n: usize| {
            let likeness: f32 = near.iter().filter_map(|reading| reading.get(n)).sum();
            let by_words = words.get(n).copied().unwrap_or(0.0);
            BY_WORDS * by_words + BY_SENSE * likeness / near.len().max(1) as f32
        };
        entries.into_iter().enumerate().map(|(n, entry)| (entry, sum(n))).collect()
    }

    /// Logits to probabilities among the entries with the same one above, times that one's.
    fn shared_out(
        &self,
        scores: &[(usize, f32)],
        above: Option<&Vec<(usize, f32)>>,
    ) -> Vec<(usize, f32)> {
        let parent = |entry: usize| self.taxonomy.entries.get(entry).and_then(|e| e.parent);
        let mut shared = Vec::with_capacity(scores.len());
        for (entry, score) in scores {
            let family: Vec<f32> = scores
                .iter()
                .filter(|(e, _)| parent(*e) == parent(*entry))
                .map(|(_, s)| *s)
                .collect();
            let most = family.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let all: f32 = family.iter().map(|s| (s - most).exp()).sum();
            let of_parent = match (above, parent(*entry)) {
                (Some(above), Some(p)) => {
                    above.iter().find(|(e, _)| *e == p).map_or(0.0, |(_, x)| *x)
                }
                _ => 1.0,
            };
            shared.push((*entry, of_parent * (score - most).exp() / all));
        }
        shared
    }

    fn entries_at(&self, level: usize) -> Vec<usize> {
        let at =
            |n: &usize| self.taxonomy.entries.get(*n).is_some_and(|entry| entry.level == level);
        (0..self.taxonomy.entries.len()).filter(at).collect()
    }

    fn near(&self, sight: &Sight, level: usize) -> Vec<Vec<f32>> {
        match (&self.sense, &sight.views) {
            (Some(sense), Some(views)) => sense.near(views, level),
            _ => Vec::new(),
        }
    }

    /// For each entry of a level the best of its own words and those below it.
    fn words_at(&self, sight: &Sight, level: usize) -> Vec<f32> {
        let mut best = vec![0.0_f32; self.taxonomy.entries.len()];
        for (n, score) in sight.words.iter().enumerate() {
            if let Some(slot) = self.taxonomy.at_level(n, level).and_then(|at| best.get_mut(at)) {
                *slot = slot.max(*score);
            }
        }
        self.entries_at(level).into_iter().map(|n| best.get(n).copied().unwrap_or(0.0)).collect()
    }

    fn sight(&self, text: &Text<'_>, title: Option<&str>) -> Sight {
        let headed = title.map(Text::plain);
        let words = self.words.iter().map(|words| {
            let score =
                words.score(text).0 + headed.as_ref().map_or(0.0, |head| words.score(head).0);
            score / (score + WORDS_HALF)
        });
        let words = words.collect();
        Sight { views: self.sense.as_ref().map(|sense| sense.views(title, text.str())), words }
    }

    // ---- topics of an utterance ----

    /// At most three topics, the likeliest first, and where the best one's heaviest word stands.
    pub(super) fn topics(
        &self,
        text: &Text<'_>,
        with_sense: bool,
    ) -> (Vec<Topic>, Option<Range<usize>>) {
        let topics = match with_sense && (self.sense.is_some() || self.learned.is_some()) {
            true => self.by_rank(text),
            false => self.by_words(text),
        };
        let best = topics
            .first()
            .and_then(|t| self.taxonomy.entries.iter().position(|e| e.code == t.code));
        let span = best.and_then(|n| self.words.get(n)).and_then(|words| words.score(text).1);
        (topics, span)
    }

    fn by_words(&self, text: &Text<'_>) -> Vec<Topic> {
        let scored = self.words.iter().enumerate().map(|(n, words)| (n, words.score(text).0));
        let mut scored: Vec<(usize, f32)> = scored.filter(|(_, score)| *score > 0.0).collect();
        scored.sort_by(|(_, a), (_, b)| b.total_cmp(a));
        let likely = scored.into_iter().take(TOPICS_MAX);
        let topics = likely.filter_map(|(n, score)| self.topic(n, score / (score + WORDS_HALF)));
        topics.filter(|topic| topic.confidence >= CONFIDENCE_MIN).collect()
    }

    /// Where a leaf is not sure enough the entry above it is named.
    fn by_rank(&self, text: &Text<'_>) -> Vec<Topic> {
        let ranking = self.ranked(text, None);
        let mut sure = vec![0.0_f32; self.taxonomy.entries.len()];
        for (n, probability) in ranking.levels.iter().flatten() {
            if let Some(slot) = sure.get_mut(*n) {
                *slot = *probability;
            }
        }
        let mut topics: Vec<Topic> = Vec::new();
        for (leaf, _) in ranking.levels.iter().rev().flatten() {
            let mut at = *leaf;
            let sureness = |n: usize| sure.get(n).copied().unwrap_or(0.0);
            while sureness(at) < CONFIDENCE_MIN
                && let Some(above) = self.taxonomy.entries.get(at).and_then(|e| e.parent)
            {
                at = above;
            }
            let topic = self.topic(at, sureness(at));
            topics.extend(
                topic.filter(|t| topics.iter().all(|known| !known.code.starts_with(&t.code))),
            );
            if topics.len() == TOPICS_MAX {
                break;
            }
        }
        topics.retain(|topic| topic.confidence >= CONFIDENCE_MIN);
        topics
    }

    fn topic(&self, entry: usize, confidence: f32) -> Option<Topic> {
        let found = self.taxonomy.entries.get(entry)?;
        let group = found.parent.map(|above| self.taxonomy.path(above)).unwrap_or_default();
        Some(Topic { code: found.code.clone(), name: found.name.clone(), group, confidence })
    }
}

/// The best topic as a field, at its heaviest word or at the whole of what was said.
pub(super) fn fact(
    text: &Text<'_>,
    topics: &[Topic],
    at: Option<Range<usize>>,
) -> Option<(Slot, Filled)> {
    let best = topics.first()?;
    let span = at.unwrap_or_else(|| text.whole());
    Some((Slot::Category, text.filled(&best.name, Some(best.code.clone()), &span, best.confidence)))
}
