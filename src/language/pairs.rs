//! Texts as sets of neighbouring sounds, to find those that tell of the same: 公鸡金 and 公积金 share all of them.

use super::sounding::toneless;

/// Pairs of neighbouring toneless syllables, each pair as a number (32-bit FNV-1a of both), sorted, each once.
pub fn sounded_pairs(text: &str) -> Vec<u32> {
    let syllables = toneless(text);
    let mut pairs: Vec<u32> = syllables
        .windows(2)
        .filter_map(|two| match two {
            // A pause between them parts words that do not belong together.
            [a, b] if a.text.end == b.text.start => Some(number(a.pinyin, b.pinyin)),
            _ => None,
        })
        .collect();
    pairs.sort_unstable();
    pairs.dedup();
    pairs
}

fn number(one: &str, other: &str) -> u32 {
    let bytes = one.bytes().chain([b' ']).chain(other.bytes());
    bytes.fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}
