//! What a recogniser might have written instead of what was said: mostly characters of the same sound, some of a near one, some
//! lost, added or wholly other ones, and one wrong character seldom alone. For measuring search and intake on words alone, and for
//! fitting them to it.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use super::sounding::{distance, toneless};
use crate::kernel::Rng;

/// The 3,755 common characters: level 1 of GB/T 2312-1980, by their sound.
const COMMON: &str = include_str!("common.txt");

/// After a wrong character the next one is wrong as well so often: recognisers miss words, not characters.
const RUN: f64 = 0.4;
/// Of the errors so many are of the same sound, of a near one, lost, added before; the others are any character.
const SAME: f64 = 0.64;
const NEAR: f64 = 0.18;
const LOST: f64 = 0.09;
const ADDED: f64 = 0.04;

/// Sounds and who has them.
struct Sounds {
    common: Vec<char>,
    /// Common characters by syllable without tone.
    by: BTreeMap<&'static str, Vec<char>>,
    /// For each of these syllables the ones that are easily taken for it.
    near: HashMap<&'static str, Vec<&'static str>>,
}

static SOUNDS: LazyLock<Sounds> = LazyLock::new(|| {
    let common: Vec<char> = COMMON.chars().filter(|c| !c.is_whitespace()).collect();
    let mut by: BTreeMap<&'static str, Vec<char>> = BTreeMap::new();
    for c in &common {
        if let Some(syllable) = toneless(&c.to_string()).first() {
            by.entry(syllable.pinyin).or_default().push(*c);
        }
    }
    let near = by
        .keys()
        .map(|a| (*a, by.keys().filter(|b| *b != a && distance(a, b) <= 0.75).copied().collect()))
        .collect();
    Sounds { common, by, near }
});

/// `text` with about `rate` (0 to 1) errors a character that is spoken. The same generator gives the same errors.
pub fn misheard(text: &str, rate: f64, rng: &mut Rng) -> String {
    let rate = rate.clamp(0.0, 1.0);
    // A chain of right and wrong whose share of wrong ones is `rate`.
    let run = RUN.max(rate);
    let begins = if rate < 1.0 { rate * (1.0 - run) / (1.0 - rate) } else { 1.0 };
    let mut out = String::with_capacity(text.len() + 8);
    let mut wrong = false;
    let mut last = 0;
    for syllable in toneless(text) {
        out.push_str(text.get(last..syllable.text.start).unwrap_or_default());
        last = syllable.text.end;
        let said = text.get(syllable.text.clone()).unwrap_or_default();
        wrong = rng.chance(if wrong { run } else { begins });
        if wrong {
            err(said, syllable.pinyin, &mut out, rng);
        } else {
            out.push_str(said);
        }
    }
    out.push_str(text.get(last..).unwrap_or_default());
    out
}

fn err(said: &str, pinyin: &'static str, out: &mut String, rng: &mut Rng) {
    let kind = rng.unit();
    if kind < SAME
        && let Some(other) = homophone(said, pinyin, rng)
    {
        return out.push(other);
    }
    if kind < SAME + NEAR
        && let Some(near) = SOUNDS.near.get(pinyin).and_then(|near| rng.pick(near))
        && let Some(other) = homophone(said, near, rng)
    {
        return out.push(other);
    }
    if (SAME + NEAR..SAME + NEAR + LOST).contains(&kind) {
        return;
    }
    out.extend(rng.pick(&SOUNDS.common));
    if (SAME + NEAR + LOST..SAME + NEAR + LOST + ADDED).contains(&kind) {
        out.push_str(said);
    }
}

/// Another common character of this sound.
fn homophone(said: &str, pinyin: &str, rng: &mut Rng) -> Option<char> {
    let same = SOUNDS.by.get(pinyin)?;
    let others: Vec<char> = same.iter().copied().filter(|c| !said.contains(*c)).collect();
    rng.pick(&others).copied()
}
