//! How words sound, tones aside: a recogniser writes 公鸡金 for 公积金, and what a caller meant is found by ear.
//! Works from a built-in table of single characters, so it needs no model data.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::LazyLock;

use pinyin::ToPinyin;

use super::pinyin::{OWN_READINGS, own_readings};

/// One toneless syllable of a text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Syllable {
    /// Its bytes in the text it came from.
    pub text: Range<usize>,
    /// `zhuang`, `lv`; a digit sounds as its numeral (`3` is `san`), a Latin letter is itself in upper case.
    pub pinyin: &'static str,
}

/// A stretch of a text that sounds like what was sought.
#[derive(Clone, PartialEq, Debug)]
pub struct Found {
    /// Bytes of the haystack's text.
    pub range: Range<usize>,
    /// 0 to 1; 1 is a homophone.
    pub likeness: f32,
}

/// Syllables of a text; punctuation, spaces and what has no sound are left out.
pub fn toneless(text: &str) -> Vec<Syllable> {
    let chars: Vec<(usize, char)> = text.char_indices().collect();
    let mut syllables = Vec::with_capacity(chars.len());
    let mut at = 0;
    while let Some(&(start, c)) = chars.get(at) {
        if let Some((length, readings)) = own_phrase(text, &chars, at) {
            for (&(start, c), reading) in chars.iter().skip(at).take(length).zip(readings) {
                syllables
                    .push(Syllable { text: start..start + c.len_utf8(), pinyin: reading.as_str() });
            }
            at += length;
            continue;
        }
        if let Some(pinyin) = sound_of(c) {
            syllables.push(Syllable { text: start..start + c.len_utf8(), pinyin });
        }
        at += 1;
    }
    syllables
}

/// Likeness of two texts by ear, 0 to 1: one less the edit distance per syllable of the longer one, where near sounds
/// (zh/z, ch/c, sh/s, n/l, f/h, in/ing, en/eng, an/ang) count half.
pub fn sounds_like(a: &str, b: &str) -> f32 {
    likeness(&toneless(a), &toneless(b))
}

/// As [`sounds_like`], for syllables made once. Two silent texts are alike, a silent and a sounding one are not.
pub fn likeness(a: &[Syllable], b: &[Syllable]) -> f32 {
    let longer = a.len().max(b.len());
    if longer == 0 {
        return 1.0;
    }
    let mut row: Vec<f32> = (0..=b.len()).map(|n| n as f32).collect();
    for (n, left) in a.iter().enumerate() {
        let mut diagonal = n as f32;
        let mut before = diagonal + 1.0;
        if let Some(first) = row.first_mut() {
            *first = before;
        }
        for (cell, right) in row.iter_mut().skip(1).zip(b) {
            let best =
                (diagonal + distance(left.pinyin, right.pinyin)).min(before + 1.0).min(*cell + 1.0);
            diagonal = *cell;
            *cell = best;
            before = best;
        }
    }
    1.0 - row.last().copied().unwrap_or(0.0) / longer as f32
}

/// The stretch of `haystack` (bytes) that sounds most like `needle`, if its likeness is at least `min`. Of equals the first.
pub fn find_sounding(haystack: &str, needle: &str, min: f32) -> Option<Range<usize>> {
    find_syllables(&toneless(haystack), &toneless(needle), min).map(|found| found.range)
}

/// As [`find_sounding`], for syllables made once: the way to look for many words in one utterance.
/// The likeness is one less the edit distance per syllable of the needle.
pub fn find_syllables(haystack: &[Syllable], needle: &[Syllable], min: f32) -> Option<Found> {
    if needle.is_empty() || haystack.is_empty() {
        return None;
    }
    let budget = (1.0 - min) * needle.len() as f32 + 1e-4;
    // A cell holds the cost and where in the haystack the match began: Sellers' search, free at both ends.
    let mut column: Vec<(f32, usize)> = (0..=needle.len()).map(|n| (n as f32, 0)).collect();
    let mut best: Option<(f32, usize, usize)> = None;
    for (at, heard) in haystack.iter().enumerate() {
        let mut diagonal = (0.0, at);
        let mut above = (0.0, at + 1);
        if let Some(top) = column.first_mut() {
            *top = above;
        }
        for (cell, sought) in column.iter_mut().skip(1).zip(needle) {
            let swap = (diagonal.0 + distance(heard.pinyin, sought.pinyin), diagonal.1);
            let extra = (cell.0 + 1.0, cell.1);
            let lost = (above.0 + 1.0, above.1);
            diagonal = *cell;
            let least = if lost.0 < extra.0 { lost } else { extra };
            *cell = if swap.0 <= least.0 { swap } else { least };
            above = *cell;
        }
        if above.0 <= budget && best.is_none_or(|(cost, _, _)| above.0 < cost) {
            best = Some((above.0, above.1, at));
        }
    }
    let (cost, first, last) = best?;
    let range = haystack.get(first)?.text.start..haystack.get(last)?.text.end;
    (range.start < range.end)
        .then(|| Found { range, likeness: (1.0 - cost / needle.len() as f32).max(0.0) })
}

/// How far two syllables are from each other: 0 the same, 0.5 one near sound apart, 0.75 two, 1 different.
pub(super) fn distance(a: &str, b: &str) -> f32 {
    if a == b {
        return 0.0;
    }
    // Most pairs differ from the first letter on: no need to take them apart.
    let first = |pinyin: &str| pinyin.bytes().next().unwrap_or(0);
    let (head_a, head_b) = (first(a).min(first(b)), first(a).max(first(b)));
    if head_a != head_b && !matches!((head_a, head_b), (b'l', b'n') | (b'f', b'h') | (b'l', b'r')) {
        return 1.0;
    }
    let ((initial_a, final_a), (initial_b, final_b)) = (split(a), split(b));
    let initial = apart(initial_a, initial_b, &NEAR_INITIALS);
    let last = apart(final_a, final_b, &NEAR_FINALS);
    match (initial, last) {
        (Some(0), Some(0)) => 0.0,
        (Some(x), Some(y)) if x + y == 1 => 0.5,
        (Some(_), Some(_)) => 0.75,
        _ => 1.0,
    }
}

const NEAR_INITIALS: [(&str, &str); 6] =
    [("zh", "z"), ("ch", "c"), ("sh", "s"), ("n", "l"), ("f", "h"), ("r", "l")];
const NEAR_FINALS: [(&str, &str); 5] =
    [("in", "ing"), ("en", "eng"), ("an", "ang"), ("ian", "iang"), ("uan", "uang")];

/// 0 the same, 1 near, `None` apart.
fn apart(a: &str, b: &str, near: &[(&str, &str)]) -> Option<u8> {
    if a == b {
        return Some(0);
    }
    near.iter().any(|&(x, y)| (a, b) == (x, y) || (a, b) == (y, x)).then_some(1)
}

/// Initial and final; y and w count as initials.
fn split(pinyin: &str) -> (&str, &str) {
    let at = pinyin.find(['a', 'e', 'i', 'o', 'u', 'v']).unwrap_or(pinyin.len());
    pinyin.split_at(at)
}

/// A character by itself.
fn sound_of(c: char) -> Option<&'static str> {
    const DIGITS: [&str; 10] = ["ling", "yi", "er", "san", "si", "wu", "liu", "qi", "ba", "jiu"];
    const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    let c = super::normalise::narrow(c);
    if let Some(digit) = c.to_digit(10) {
        return DIGITS.get(usize::try_from(digit).ok()?).copied();
    }
    if c.is_ascii_alphabetic() {
        let place = usize::try_from(u32::from(c.to_ascii_uppercase()) - u32::from('A')).ok()?;
        return LETTERS.get(place..=place);
    }
    OWN.get(c.to_string().as_str())
        .and_then(|readings| readings.first())
        .map(String::as_str)
        .or_else(|| {
            Some(match c.to_pinyin()?.plain() {
                "lü" => "lv",
                "nü" => "nv",
                "lüe" => "lve",
                "nüe" => "nve",
                plain => plain,
            })
        })
}

/// The own table of readings without tones: phrases that the table of single characters cannot know.
static OWN: LazyLock<HashMap<&'static str, Vec<String>>> = LazyLock::new(|| {
    own_readings(OWN_READINGS)
        .map(|(phrase, readings)| {
            (phrase, readings.iter().map(|r| r.letters().to_owned()).collect())
        })
        .collect()
});

/// The longest own phrase that begins at character `at`: its characters, and their readings.
fn own_phrase(
    text: &str,
    chars: &[(usize, char)],
    at: usize,
) -> Option<(usize, &'static [String])> {
    const LONGEST: usize = 6;
    let start = chars.get(at)?.0;
    (2..=LONGEST).rev().find_map(|length| {
        let &(last, c) = chars.get(at + length - 1)?;
        let readings = OWN.get(text.get(start..last + c.len_utf8())?)?;
        Some((length, readings.as_slice()))
    })
}

/// The digit that a character sounds like when it is read out among digits: 要 as 幺, 灵 as 零, 久 as 九.
pub(super) fn digit_by_ear(c: char) -> Option<u8> {
    Some(match sound_of(c)? {
        "ling" => 0,
        "yi" | "yao" => 1,
        "er" => 2,
        "san" => 3,
        "si" => 4,
        "wu" => 5,
        "liu" => 6,
        "qi" => 7,
        "ba" => 8,
        "jiu" => 9,
        _ => return None,
    })
}

/// A syllable with the sounds merged that are taken for each other on the telephone or in the south: zh/z, ch/c, sh/s, n/l/r, f/h,
/// in/ing, en/eng, an/ang. Two syllables sound nearly alike when their blurred forms are equal.
pub fn blurred(pinyin: &str) -> String {
    let (initial, rest) = split(pinyin);
    let initial = match initial {
        "zh" => "z",
        "ch" => "c",
        "sh" => "s",
        "n" | "r" => "l",
        "f" => "h",
        other => other,
    };
    let rest = match (initial, rest) {
        // 飞 and 灰, 发 and 花: where f and h are one, h has lost its u.
        ("h", "ui") => "ei",
        ("h", "un" | "ong") => "en",
        ("h", "ua" | "uan" | "uang" | "uo") => rest.trim_start_matches('u'),
        _ => rest,
    };
    let rest = match rest {
        "ing" | "eng" | "ang" | "iang" | "uang" => rest.trim_end_matches('g'),
        _ => rest,
    };
    format!("{initial}{rest}")
}
