//! The search by words: what was said against each item's texts, as written, as it sounds, and as it nearly sounds.
//!
//! Syllables forgive a recogniser its homophones: 公鸡金 and 公积金 are the same pairs. Blurred ones forgive it near sounds, and
//! single ones what stands between two errors.

use std::collections::HashMap;
use std::sync::Arc;

use super::item::Item;
use super::space::{Bag, Features, Holders, Space};
use crate::language::{blurred, comparable, toneless};

/// What is known of the base's words.
pub(super) struct Words {
    written: Space,
    sounded: Space,
    near: Space,
    /// Everything that an item says, its answer too, as one text.
    whole: Space,
    /// The items of each feature of `whole`.
    holders: Holders,
    keywords: Keywords,
    /// What no item answers, as it sounds and nearly sounds.
    outside: [Space; 2],
}

/// How well an item's words match, each 0 to 1.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct WordScore {
    pub written: f32,
    pub sounded: f32,
    pub near: f32,
    pub covered: f32,
    pub keyword: f32,
}

/// What was said, made ready once for all items.
pub(super) struct Said {
    written: Bag,
    sounded: Bag,
    near: Bag,
    whole: Bag,
    /// Keywords that were heard, and how well.
    heard: Vec<(u32, f32)>,
}

impl Said {
    /// The share of what was said that the base's items hold at all, 0 to 1.
    pub(super) fn known(&self) -> f32 {
        self.whole.known
    }
}

fn asked(item: &Item) -> impl Iterator<Item = &str> {
    std::iter::once(&item.title).chain(&item.asks).chain(&item.keywords).map(String::as_str)
}

impl Words {
    pub(super) fn new(items: &[Arc<Item>], outside: &[String]) -> Words {
        let all = items.iter().map(|item| asked(item));
        let wholes: Vec<String> = items.iter().map(|item| whole(item)).collect();
        let (sounded_space, near_space) =
            (Space::new(all.clone(), sounded), Space::new(all.clone(), near));
        let none = || std::iter::once(outside.iter().map(String::as_str));
        let outside = [sounded_space.beside(none(), sounded), near_space.beside(none(), near)];
        let whole = Space::new(wholes.iter().map(|text| std::iter::once(text.as_str())), near);
        Words {
            written: Space::new(all, written),
            sounded: sounded_space,
            near: near_space,
            holders: whole.holders(),
            whole,
            keywords: Keywords::new(items),
            outside,
        }
    }

    pub(super) fn said(&self, text: &str) -> Said {
        Said {
            written: self.written.bag(written(text)),
            sounded: self.sounded.bag(sounded(text)),
            near: self.near.bag(near(text)),
            whole: self.whole.bag(near(text)),
            heard: self.keywords.heard(text),
        }
    }

    pub(super) fn score(&self, said: &Said, item: usize) -> WordScore {
        WordScore {
            written: self.written.nearest(&said.written, item),
            sounded: self.sounded.nearest(&said.sounded, item),
            near: self.near.nearest(&said.near, item),
            covered: self.whole.covered(&said.whole, item),
            keyword: self.keywords.score(&said.heard, item),
        }
    }

    /// How near what was said is to something that no item answers: as it sounds, as it nearly sounds.
    pub(super) fn outside(&self, said: &Said) -> [f32; 2] {
        let [sounds, nearly] = &self.outside;
        [sounds.nearest(&said.sounded, 0), nearly.nearest(&said.near, 0)]
    }

    /// The items whose words share the most with what was said.
    pub(super) fn likely(&self, said: &Said, many: usize, entries_max: usize) -> Vec<u32> {
        self.holders.likely(&said.whole, many, entries_max)
    }

    pub(super) fn bytes(&self) -> usize {
        let spaces = [&self.written, &self.sounded, &self.near, &self.whole];
        spaces.iter().map(|space| space.bytes()).sum::<usize>() + self.holders.bytes()
    }
}

fn whole(item: &Item) -> String {
    let mut text = String::new();
    for part in asked(item).chain([item.spoken.as_str(), &item.topic]) {
        text.push_str(part);
        text.push('，');
    }
    text
}

fn written(text: &str) -> Features {
    let chars: Vec<char> = comparable(text).chars().collect();
    chars
        .windows(2)
        .map(|pair| (u64::from(u32::from(pair[0])) << 32 | u64::from(u32::from(pair[1])), 1.0))
        .collect()
}

fn sounded(text: &str) -> Features {
    toneless(text)
        .windows(2)
        .map(|pair| (hash(pair[0].pinyin) ^ hash(pair[1].pinyin).rotate_left(17), 1.0))
        .collect()
}

/// How much a single syllable counts beside a pair.
const SINGLE: f32 = 0.5;

fn near(text: &str) -> Features {
    let syllables: Vec<u64> = toneless(text).iter().map(|s| hash(&blurred(s.pinyin))).collect();
    let pairs = syllables.windows(2).map(|pair| (pair[0] ^ pair[1].rotate_left(17), 1.0));
    pairs.chain(syllables.iter().map(|syllable| (*syllable, SINGLE))).collect()
}

/// FNV-1a: the same in every run and on every machine.
fn hash(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0000_0100_0000_01b3))
}

/// Words that point at items, found by their sound.
struct Keywords {
    /// By blurred syllables: the keywords that sound so.
    by: HashMap<Vec<String>, Vec<u32>>,
    longest: usize,
    all: Vec<Keyword>,
    /// For each item its keywords.
    of: Vec<Vec<u32>>,
}

struct Keyword {
    syllables: Vec<&'static str>,
    /// More for a longer word and for one that fewer items share.
    weight: f32,
    holders: u32,
}

/// What a keyword of three syllables and more counts that was heard only nearly.
const NEARLY: f32 = 0.7;

impl Keywords {
    fn new(items: &[Arc<Item>]) -> Keywords {
        let mut keywords = Keywords {
            by: HashMap::new(),
            longest: 0,
            all: Vec::new(),
            of: Vec::with_capacity(items.len()),
        };
        let mut places: HashMap<Vec<&'static str>, u32> = HashMap::new();
        for item in items {
            let mut own = Vec::new();
            for keyword in &item.keywords {
                let syllables: Vec<&'static str> =
                    toneless(keyword).iter().map(|s| s.pinyin).collect();
                // One syllable alone says nothing.
                if syllables.len() < 2 {
                    continue;
                }
                let place =
                    *places.entry(syllables).or_insert_with_key(|s| keywords.push(s.clone()));
                if !own.contains(&place) {
                    own.push(place);
                }
            }
            for place in &own {
                if let Some(keyword) = keywords.all.get_mut(*place as usize) {
                    keyword.holders += 1;
                }
            }
            keywords.of.push(own);
        }
        for keyword in &mut keywords.all {
            let length = (keyword.syllables.len().min(4) as f32) / 4.0;
            keyword.weight = length / (keyword.holders.max(1) as f32).sqrt();
        }
        keywords
    }

    fn push(&mut self, syllables: Vec<&'static str>) -> u32 {
        let place = self.all.len() as u32;
        self.longest = self.longest.max(syllables.len());
        let key = syllables.iter().map(|s| blurred(s)).collect();
        self.by.entry(key).or_default().push(place);
        self.all.push(Keyword { syllables, weight: 0.0, holders: 0 });
        place
    }

    fn heard(&self, text: &str) -> Vec<(u32, f32)> {
        let syllables: Vec<&'static str> = toneless(text).iter().map(|s| s.pinyin).collect();
        let nearly: Vec<String> = syllables.iter().map(|s| blurred(s)).collect();
        let mut heard = Vec::new();
        for length in 2..=self.longest.min(syllables.len()) {
            for (exact, near) in syllables.windows(length).zip(nearly.windows(length)) {
                for place in self.by.get(near).into_iter().flatten() {
                    let Some(keyword) = self.all.get(*place as usize) else { continue };
                    if keyword.syllables == exact {
                        heard.push((*place, keyword.weight));
                    } else if length > 2 {
                        heard.push((*place, keyword.weight * NEARLY));
                    }
                }
            }
        }
        heard
    }

    fn score(&self, heard: &[(u32, f32)], item: usize) -> f32 {
        let own = self.of.get(item).map(Vec::as_slice).unwrap_or_default();
        heard
            .iter()
            .filter(|(place, _)| own.contains(place))
            .map(|(_, weight)| *weight)
            .fold(0.0, f32::max)
    }
}
