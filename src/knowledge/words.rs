//! The search by words: what was said against each item's texts, as written and as it sounds.
//!
//! Texts are bags of pairs of neighbouring characters, or of syllables without tones, weighted by how few items hold
//! the pair (inverse document frequency; Spärck Jones, 1972) and compared by the cosine of their angle. Syllables
//! forgive a recogniser its homophones: 公鸡金 and 公积金 are the same pairs.

use std::collections::{HashMap, HashSet};

use super::item::Item;
use crate::language::{comparable, toneless};

/// One text as a unit vector over pairs.
type Bag = HashMap<u64, f32>;

/// What is known of the base's words.
pub(super) struct Words {
    written: Space,
    sounded: Space,
    keywords: Vec<Keyword>,
    /// For each item the places of its keywords in `keywords`.
    keywords_of: Vec<Vec<usize>>,
}

/// How well an item's words match, each 0 to 1.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct WordScore {
    pub written: f32,
    pub sounded: f32,
    pub keyword: f32,
}

/// What was said, made ready once for all items.
pub(super) struct Said {
    written: Bag,
    sounded: Bag,
    /// For each keyword whether it was heard.
    heard: Vec<bool>,
}

struct Space {
    weights: HashMap<u64, f32>,
    unknown: f32,
    /// For each item one bag a text.
    bags: Vec<Vec<Bag>>,
}

struct Keyword {
    syllables: Vec<&'static str>,
    /// More for a longer word and for one that fewer items share.
    weight: f32,
}

impl Words {
    pub(super) fn new(items: &[std::sync::Arc<Item>]) -> Words {
        let texts = |item: &Item| -> Vec<String> {
            std::iter::once(&item.title).chain(&item.asks).chain(&item.keywords).cloned().collect()
        };
        let all: Vec<Vec<String>> = items.iter().map(|item| texts(item)).collect();
        let (keywords, keywords_of) = keywords(items);
        Words {
            written: Space::new(&all, written),
            sounded: Space::new(&all, sounded),
            keywords,
            keywords_of,
        }
    }

    /// Other texts, as one item without keywords, weighed by what this base's words weigh.
    pub(super) fn beside(&self, texts: &[String]) -> Words {
        let all = [texts.to_vec()];
        Words {
            written: self.written.beside(&all, written),
            sounded: self.sounded.beside(&all, sounded),
            keywords: Vec::new(),
            keywords_of: Vec::new(),
        }
    }

    pub(super) fn said(&self, text: &str) -> Said {
        let syllables: Vec<&str> = toneless(text).iter().map(|s| s.pinyin).collect();
        Said {
            written: self.written.bag(written(text)),
            sounded: self.sounded.bag(sounded(text)),
            heard: self.keywords.iter().map(|k| holds(&syllables, &k.syllables)).collect(),
        }
    }

    pub(super) fn score(&self, said: &Said, item: usize) -> WordScore {
        let places = self.keywords_of.get(item).map(Vec::as_slice).unwrap_or_default();
        let keyword = places
            .iter()
            .filter(|k| said.heard.get(**k).copied().unwrap_or_default())
            .filter_map(|k| self.keywords.get(*k))
            .map(|k| k.weight)
            .fold(0.0, f32::max);
        WordScore {
            written: self.written.nearest(&said.written, item),
            sounded: self.sounded.nearest(&said.sounded, item),
            keyword,
        }
    }
}

impl Space {
    fn new(texts: &[Vec<String>], pairs: fn(&str) -> Vec<u64>) -> Space {
        let mut holders: HashMap<u64, usize> = HashMap::new();
        for item in texts {
            let distinct: HashSet<u64> = item.iter().flat_map(|text| pairs(text)).collect();
            for pair in distinct {
                *holders.entry(pair).or_default() += 1;
            }
        }
        let total = texts.len() as f32 + 1.0;
        let weights = holders.into_iter().map(|(pair, n)| (pair, (total / n as f32).ln())).collect();
        // A pair that no item holds is mostly talk around the matter: it counts, but less than a telling pair.
        let mut space = Space { weights, unknown: total.ln() * 0.5, bags: Vec::new() };
        space.bags = space.beside(texts, pairs).bags;
        space
    }

    fn beside(&self, texts: &[Vec<String>], pairs: fn(&str) -> Vec<u64>) -> Space {
        let bags = texts.iter().map(|item| item.iter().map(|text| self.bag(pairs(text))).collect()).collect();
        Space { weights: self.weights.clone(), unknown: self.unknown, bags }
    }

    fn bag(&self, pairs: Vec<u64>) -> Bag {
        let mut bag = Bag::new();
        for pair in pairs {
            let weight = self.weights.get(&pair).copied().unwrap_or(self.unknown);
            *bag.entry(pair).or_default() += weight;
        }
        // Summed in the order of the pairs, so that the same text has the same length to the last bit in every run.
        let mut squares: Vec<(u64, f32)> = bag.iter().map(|(pair, w)| (*pair, w * w)).collect();
        squares.sort_unstable_by_key(|(pair, _)| *pair);
        let length = squares.iter().map(|(_, s)| s).sum::<f32>().sqrt();
        if length > 0.0 {
            bag.values_mut().for_each(|w| *w /= length);
        }
        bag
    }

    fn nearest(&self, said: &Bag, item: usize) -> f32 {
        let bags = self.bags.get(item).map(Vec::as_slice).unwrap_or_default();
        bags.iter().map(|bag| cosine(said, bag)).fold(0.0, f32::max)
    }
}

fn cosine(said: &Bag, bag: &Bag) -> f32 {
    let mut shared: Vec<(u64, f32)> =
        bag.iter().filter_map(|(pair, w)| said.get(pair).map(|v| (*pair, v * w))).collect();
    shared.sort_unstable_by_key(|(pair, _)| *pair);
    shared.iter().map(|(_, product)| product).sum()
}

fn written(text: &str) -> Vec<u64> {
    let chars: Vec<char> = comparable(text).chars().collect();
    chars.windows(2).map(|pair| u64::from(u32::from(pair[0])) << 32 | u64::from(u32::from(pair[1]))).collect()
}

fn sounded(text: &str) -> Vec<u64> {
    toneless(text)
        .windows(2)
        .map(|pair| hash(pair[0].pinyin) ^ hash(pair[1].pinyin).rotate_left(17))
        .collect()
}

/// FNV-1a: the same in every run and on every machine.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0000_0100_0000_01b3))
}

fn keywords(items: &[std::sync::Arc<Item>]) -> (Vec<Keyword>, Vec<Vec<usize>>) {
    let mut places: HashMap<Vec<&'static str>, usize> = HashMap::new();
    let mut holders: Vec<usize> = Vec::new();
    let mut of = Vec::with_capacity(items.len());
    for item in items {
        let mut own = Vec::new();
        for keyword in &item.keywords {
            let syllables: Vec<&'static str> = toneless(keyword).iter().map(|s| s.pinyin).collect();
            // One syllable alone says nothing.
            if syllables.len() < 2 {
                continue;
            }
            let next = holders.len();
            let place = *places.entry(syllables).or_insert(next);
            if place == next {
                holders.push(0);
            }
            if !own.contains(&place) {
                holders[place] += 1;
                own.push(place);
            }
        }
        of.push(own);
    }
    let mut list: Vec<(usize, Vec<&'static str>)> = places.into_iter().map(|(s, place)| (place, s)).collect();
    list.sort_unstable_by_key(|(place, _)| *place);
    let keywords = list
        .into_iter()
        .map(|(place, syllables)| {
            let length = (syllables.len().min(4) as f32) / 4.0;
            let rarity = 1.0 / (holders[place].max(1) as f32).sqrt();
            Keyword { syllables, weight: length * rarity }
        })
        .collect();
    (keywords, of)
}

fn holds(text: &[&str], word: &[&str]) -> bool {
    text.windows(word.len()).any(|window| window == word)
}
