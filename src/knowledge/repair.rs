//! Homophones put right, for the search only: what sounds like the base's own words is read as them. The caller's raw words stay as they
//! are wherever they are kept.
//!
//! First whole keywords: a span that sounds like one, tones aside, is that word. Then the rest by the company that characters keep in
//! the base's texts: the best path through the characters that each syllable may be (Viterbi, 1967), where a pair that the base
//! knows gains, and another character than the one that was written costs.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::item::Item;
use crate::language::{Syllable, blurred, toneless};

/// The base's words by their sound, and its characters by theirs.
pub(super) struct Respelling {
    words: HashMap<Vec<String>, (String, Vec<&'static str>)>,
    known: BTreeSet<String>,
    longest: usize,
    /// Characters of the base with the same blurred sound, the most frequent first.
    characters: HashMap<String, Vec<(char, &'static str)>>,
    /// What a pair of characters gains: those of the base's texts.
    pairs: HashMap<(char, char), f32>,
}

/// What was read instead of what was written.
pub(super) struct Respelt {
    pub text: String,
    /// The share of the characters that are others now, 0 to 1.
    pub changed: f32,
}

/// Two syllables have too many homophones among ordinary words: only longer words are put right whole.
const SYLLABLES_MIN: usize = 3;
/// Characters that one syllable is taken for at most.
const CHARACTERS_MAX: usize = 12;
/// A pair of the base gains so much, and more the more frequent it is.
const GAIN: f32 = 1.6;
const GAIN_FREQUENT: f32 = 0.3;
const GAIN_MAX: f32 = 3.0;
/// Another character of the same sound costs so much, one of a near sound more.
const COST_SAME: f32 = 2.0;
const COST_NEAR: f32 = 3.2;

impl Respelling {
    pub(super) fn new(items: &[Arc<Item>], outside: &[String]) -> Respelling {
        let mut words = HashMap::new();
        let mut known = BTreeSet::new();
        for word in items.iter().flat_map(|item| &item.keywords) {
            let sound: Vec<&'static str> = toneless(word).iter().map(|s| s.pinyin).collect();
            let chinese =
                word.chars().all(|c| !c.is_ascii()) && sound.len() == word.chars().count();
            if chinese && sound.len() >= SYLLABLES_MIN {
                known.insert(word.clone());
                let key = sound.iter().map(|s| blurred(s)).collect();
                words.entry(key).or_insert_with(|| (word.clone(), sound));
            }
        }
        let longest = words.keys().map(Vec::len).max().unwrap_or_default();
        let mut respelling =
            Respelling { words, known, longest, characters: HashMap::new(), pairs: HashMap::new() };
        respelling.count(items, outside);
        respelling
    }

    fn count(&mut self, items: &[Arc<Item>], outside: &[String]) {
        let mut single: HashMap<char, (u32, &'static str)> = HashMap::new();
        let mut pairs: HashMap<(char, char), u32> = HashMap::new();
        let of = |item: &'_ Arc<Item>| {
            let asked = [&item.title, &item.spoken, &item.full].into_iter();
            asked.chain(&item.asks).chain(&item.keywords).cloned().collect::<Vec<String>>()
        };
        for text in items.iter().flat_map(of).chain(outside.iter().cloned()) {
            let syllables = toneless(&text);
            let mut last: Option<(usize, char)> = None;
            for syllable in &syllables {
                let Some(c) = text.get(syllable.text.clone()).and_then(|t| t.chars().next()) else {
                    continue;
                };
                single.entry(c).or_insert((0, syllable.pinyin)).0 += 1;
                if let Some((end, before)) = last
                    && end == syllable.text.start
                {
                    *pairs.entry((before, c)).or_default() += 1;
                }
                last = Some((syllable.text.end, c));
            }
        }
        let mut frequent: Vec<(char, (u32, &'static str))> = single.into_iter().collect();
        frequent.sort_by_key(|(c, (n, _))| (std::cmp::Reverse(*n), *c));
        for (c, (_, pinyin)) in frequent {
            self.characters.entry(blurred(pinyin)).or_default().push((c, pinyin));
        }
        let gain = |n: u32| (GAIN + GAIN_FREQUENT * (n as f32).ln()).min(GAIN_MAX);
        self.pairs = pairs.into_iter().map(|(pair, n)| (pair, gain(n))).collect();
    }

    /// The text with its homophones put right; `None` where there was nothing to do.
    pub(super) fn repair(&self, text: &str) -> Option<Respelt> {
        let words = self.whole_words(text);
        let respelt = self.best_path(words.as_deref().unwrap_or(text)).or(words)?;
        let (before, after): (Vec<char>, Vec<char>) =
            (text.chars().collect(), respelt.chars().collect());
        let changed = before.iter().zip(&after).filter(|(a, b)| a != b).count();
        Some(Respelt { changed: changed as f32 / before.len().max(1) as f32, text: respelt })
    }

    fn whole_words(&self, text: &str) -> Option<String> {
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
            let heard = syllables.iter().skip(at).take(length);
            // Syllables that are not next to each other in the text (a comma between them) are no word.
            let (from, to) = span(syllables, at, length);
            let bytes: usize = heard.clone().map(|s| s.text.len()).sum();
            if to - from != bytes {
                return None;
            }
            let key: Vec<String> = heard.clone().map(|s| blurred(s.pinyin)).collect();
            let (word, sound) = self.words.get(&key)?;
            // Of a word of three syllables at most one may be a near sound only; each further one allows one more.
            let near = heard.zip(sound).filter(|(h, s)| h.pinyin != **s).count();
            (near + 2 <= length).then_some((length, word.as_str()))
        })
    }

    fn best_path(&self, text: &str) -> Option<String> {
        let syllables = toneless(text);
        let mut steps: Vec<Vec<Step>> = Vec::with_capacity(syllables.len());
        let mut end = 0;
        for syllable in &syllables {
            let written = text.get(syllable.text.clone()).and_then(|t| t.chars().next())?;
            let joined = syllable.text.start == end;
            end = syllable.text.end;
            let mut here = self.readings(written, syllable.pinyin);
            for step in &mut here {
                for (place, before) in steps.last().into_iter().flatten().enumerate() {
                    let pair =
                        self.pairs.get(&(before.character, step.character)).filter(|_| joined);
                    let score = before.score + pair.copied().unwrap_or_default();
                    // Of equals the first: what was written stands first.
                    if step.from.is_none_or(|(_, best)| score > best) {
                        step.from = Some((place, score));
                    }
                }
                step.score += step.from.map_or(0.0, |(_, score)| score);
            }
            steps.push(here);
        }
        let mut place = best(steps.last()?)?;
        let mut chosen = Vec::with_capacity(steps.len());
        for (step, syllable) in steps.iter().zip(&syllables).rev() {
            let here = step.get(place)?;
            chosen.push((syllable.text.clone(), here.character));
            place = here.from.map_or(0, |(place, _)| place);
        }
        let mut out = String::with_capacity(text.len());
        let mut copied = 0;
        for (range, character) in chosen.into_iter().rev() {
            out.push_str(text.get(copied..range.start)?);
            out.push(character);
            copied = range.end;
        }
        out.push_str(text.get(copied..)?);
        (out != text).then_some(out)
    }

    /// What a syllable may be, what was written first.
    fn readings(&self, written: char, pinyin: &'static str) -> Vec<Step> {
        let mut steps = vec![Step { character: written, score: 0.0, from: None }];
        // Digits and letters are what they are.
        if written.is_ascii() {
            return steps;
        }
        let others = self.characters.get(&blurred(pinyin)).into_iter().flatten();
        for (character, sound) in
            others.filter(|(c, _)| *c != written && !c.is_ascii()).take(CHARACTERS_MAX)
        {
            let cost = if *sound == pinyin { COST_SAME } else { COST_NEAR };
            steps.push(Step { character: *character, score: -cost, from: None });
        }
        steps
    }
}

/// One character that a syllable may be, on the best path to it.
struct Step {
    character: char,
    score: f32,
    /// The place of the step before, and the path's score without this character's cost.
    from: Option<(usize, f32)>,
}

/// Of equals the first.
fn best(steps: &[Step]) -> Option<usize> {
    let mut places = 0..steps.len();
    let first = places.next()?;
    let score = |place: usize| steps.get(place).map_or(f32::MIN, |step| step.score);
    Some(places.fold(first, |best, place| if score(place) > score(best) { place } else { best }))
}

fn span(syllables: &[Syllable], at: usize, length: usize) -> (usize, usize) {
    let from = syllables.get(at).map_or(0, |s| s.text.start);
    let to = syllables.get(at + length - 1).map_or(from, |s| s.text.end);
    (from, to)
}
