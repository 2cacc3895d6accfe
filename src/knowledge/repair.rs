//! Homophones put right, for the search only: a span that sounds like one of the base's own words, tones aside, is
//! read as that word. The caller's raw words stay as they are wherever they are kept.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::item::Item;
use crate::language::{Syllable, toneless};

/// The base's words by their sound.
pub(super) struct Homophones {
    words: HashMap<Vec<&'static str>, String>,
    known: BTreeSet<String>,
    longest: usize,
}

/// Two syllables have too many homophones among ordinary words: only longer words are put right.
const SYLLABLES_MIN: usize = 3;

impl Homophones {
    pub(super) fn new(items: &[Arc<Item>]) -> Homophones {
        let mut words = HashMap::new();
        let mut known = BTreeSet::new();
        for word in items.iter().flat_map(|item| &item.keywords) {
            let sound: Vec<&'static str> = toneless(word).iter().map(|s| s.pinyin).collect();
            let chinese = word.chars().all(|c| !c.is_ascii()) && sound.len() == word.chars().count();
            if chinese && sound.len() >= SYLLABLES_MIN {
                known.insert(word.clone());
                words.entry(sound).or_insert_with(|| word.clone());
            }
        }
        let longest = words.keys().map(Vec::len).max().unwrap_or_default();
        Homophones { words, known, longest }
    }

    /// The text with its homophones put right; `None` where there was nothing to do.
    pub(super) fn repair(&self, text: &str) -> Option<String> {
        let syllables = toneless(text);
        let mut out = String::with_capacity(text.len());
        let (mut at, mut copied, mut changed) = (0, 0, false);
        while at < syllables.len() {
            let Some((length, word)) = self.longest_at(&syllables, at) else {
                at += 1;
                continue;
            };
            let (from, to) = span(&syllables, at, length);
            let written = text.get(from..to).unwrap_or_default();
            if written != word && !self.known.contains(written) {
                out.push_str(text.get(copied..from).unwrap_or_default());
                out.push_str(word);
                copied = to;
                changed = true;
            }
            at += length;
        }
        out.push_str(text.get(copied..).unwrap_or_default());
        changed.then_some(out)
    }

    fn longest_at(&self, syllables: &[Syllable], at: usize) -> Option<(usize, &str)> {
        let most = self.longest.min(syllables.len() - at);
        (SYLLABLES_MIN..=most).rev().find_map(|length| {
            let sound: Vec<&'static str> = syllables.iter().skip(at).take(length).map(|s| s.pinyin).collect();
            // Syllables that are not next to each other in the text (a comma between them) are no word.
            let (from, to) = span(syllables, at, length);
            let bytes: usize = syllables.iter().skip(at).take(length).map(|s| s.text.len()).sum();
            let word = self.words.get(&sound)?;
            (to - from == bytes).then_some((length, word.as_str()))
        })
    }
}

fn span(syllables: &[Syllable], at: usize, length: usize) -> (usize, usize) {
    let from = syllables.get(at).map_or(0, |s| s.text.start);
    let to = syllables.get(at + length - 1).map_or(from, |s| s.text.end);
    (from, to)
}
