//! What callers say for each entry of a taxonomy, found by characters and by ear.

use std::ops::Range;

use super::super::lexicon::heard;
use super::super::text::Text;
use super::taxonomy::Entry;
use crate::language::sounding::{Syllable, toneless};

/// A word heard, not read.
const BY_EAR: f32 = 0.7;
/// Shorter words have too many homophones.
const EAR_SYLLABLES_MIN: usize = 3;
/// Names that say nothing.
const REST: [&str; 3] = ["其他", "其它", "综合"];
/// A word that only leans towards an entry.
const HINT: f32 = 0.35;
/// A longer word is rarer, so it says more.
const A_CHARACTER: f32 = 0.55;

struct Word {
    word: String,
    weight: f32,
    syllables: Vec<Syllable>,
}

/// The words of one entry, the heaviest first.
pub(super) struct Words {
    words: Vec<Word>,
}

impl Words {
    pub fn of(entry: &Entry) -> Words {
        // Where the taxonomy gives no words, its names are all there is.
        let name = (entry.words.is_empty() && !is_rest(&entry.name)).then_some(entry.name.as_str());
        let surely = entry.words.iter().map(String::as_str).chain(name);
        let mut words: Vec<Word> = surely.map(|w| Word::new(w, 1.0)).collect();
        words.extend(entry.hints.iter().map(|w| Word::new(w, HINT)));
        words.sort_by(|a, b| b.weight.total_cmp(&a.weight));
        Words { words }
    }

    /// The sum over the words that are there, none over another, and the place of the heaviest.
    pub fn score(&self, text: &Text<'_>) -> (f32, Option<Range<usize>>) {
        let mut kept: Vec<Range<usize>> = Vec::new();
        let mut sum = 0.0;
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

pub(super) fn is_rest(name: &str) -> bool {
    REST.contains(&name)
}

impl Word {
    fn new(word: &str, factor: f32) -> Word {
        let weight = factor * A_CHARACTER * word.chars().count() as f32;
        Word { word: word.to_owned(), weight, syllables: toneless(word) }
    }
}
