//! What the net sees of an utterance: which grams are there.

use crate::language::sounding::{blurred, toneless};

/// Grams are at most so many characters or syllables.
const LONGEST: usize = 3;
/// Longer texts are cut.
const CHARS_MAX: usize = 400;

/// The hashes of all features of a text, ascending, each once: grams of characters, of blurred syllables, both ends, and how long
/// it is.
pub(super) fn features(text: &str) -> Vec<u32> {
    let sounding = text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase);
    let text: String = sounding.take(CHARS_MAX).collect();
    let chars: Vec<String> = text.chars().map(String::from).collect();
    let sounds: Vec<String> = toneless(&text).iter().map(|s| blurred(s.pinyin)).collect();
    let mut found = Vec::with_capacity(chars.len() * 5 + 8);
    for length in 1..=LONGEST {
        found.extend(chars.windows(length).map(|gram| hash("c", gram)));
    }
    // One syllable alone is anything.
    for length in 2..=LONGEST {
        found.extend(sounds.windows(length).map(|gram| hash("s", gram)));
    }
    for length in 1..=2 {
        found.extend(chars.get(..length).map(|gram| hash("^", gram)));
        let from = chars.len().checked_sub(length);
        found.extend(from.and_then(|from| chars.get(from..)).map(|gram| hash("$", gram)));
    }
    found.push(hash("l", &[(chars.len() / 4).min(6).to_string()]));
    found.sort_unstable();
    found.dedup();
    found
}

/// FNV-1a (Fowler, Noll, Vo), 32 bits.
fn hash(kind: &str, gram: &[String]) -> u32 {
    let bytes = kind.bytes().chain(gram.iter().flat_map(|part| part.bytes().chain([0])));
    bytes.fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}
