//! Characters in ones, twos and threes, weighed by how rare they are among the examples (TF-IDF, sublinear, length 1).

use std::collections::BTreeMap;

use crate::language::comparable;

/// A gram is at most so many characters.
const LONGEST: usize = 3;
/// Longer texts are cut.
const CHARS_MAX: usize = 2000;

/// The grams of the examples: each with its coordinate and its rarity.
#[derive(Clone, PartialEq, Debug, Default)]
pub(in crate::intake) struct Grams {
    known: BTreeMap<u64, (u32, f32)>,
}

impl Grams {
    pub fn of<'a>(texts: impl Iterator<Item = &'a str>) -> Grams {
        let mut found: BTreeMap<u64, u32> = BTreeMap::new();
        let mut many = 0;
        for text in texts {
            many += 1;
            for gram in counts(text).into_keys() {
                *found.entry(gram).or_default() += 1;
            }
        }
        let rarity = |in_texts: u32| ((1 + many) as f32 / (1 + in_texts) as f32).ln() + 1.0;
        let known =
            found.into_iter().enumerate().map(|(n, (gram, many))| (gram, (n as u32, rarity(many))));
        Grams { known: known.collect() }
    }

    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// The coordinates of a text, from `from` on, scaled to length `length`; grams that no example has are passed over.
    pub fn place(&self, text: &str, from: u32, length: f32, out: &mut Vec<(u32, f32)>) {
        let found = counts(text).into_iter().filter_map(|(gram, many)| {
            let (at, rarity) = self.known.get(&gram)?;
            Some((from + at, (1.0 + (many as f32).ln()) * rarity))
        });
        let found: Vec<(u32, f32)> = found.collect();
        let whole = found.iter().map(|(_, x)| x * x).sum::<f32>().sqrt();
        if whole > 0.0 {
            out.extend(found.into_iter().map(|(at, x)| (at, x * length / whole)));
        }
    }
}

/// Each gram with how often it stands there. A character takes 21 bits.
fn counts(text: &str) -> BTreeMap<u64, u32> {
    let chars: Vec<u64> =
        comparable(text).chars().take(CHARS_MAX).map(|c| u64::from(u32::from(c))).collect();
    let mut counts = BTreeMap::new();
    for start in 0..chars.len() {
        let mut gram = 0;
        for (n, c) in chars.iter().skip(start).take(LONGEST).enumerate() {
            gram |= c << (21 * n);
            *counts.entry(gram).or_default() += 1;
        }
    }
    counts
}
