//! Whether words are a whole request already, by how they end.
//!
//! A rule on text, read from `endings.tsv`: telephone recordings showed that sound alone (a network for the end of the
//! turn) is no better than chance, while a sentence that ends in 的 or 因为 is nearly never over.

use std::collections::HashMap;
use std::sync::LazyLock;

/// What the end of a text tells.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Closing {
    /// Nothing is missing.
    Finished,
    /// More must come.
    Unfinished,
    /// It may be either.
    Open,
}

const TABLE: &str = include_str!("endings.tsv");
/// Characters of the longest ending.
const LONGEST: usize = 8;
/// Sounds that tell only "I am listening".
const BACK_CHANNEL: &str = "嗯哦啊呃唔诶哎喔噢欸额恩呵哈对是好的行";
const BACK_CHANNEL_CHARS_MAX: usize = 4;

#[derive(Default)]
struct Endings {
    any: HashMap<&'static str, Closing>,
    dictated: HashMap<&'static str, Closing>,
    whole: HashMap<&'static str, Closing>,
}

static ENDINGS: LazyLock<Endings> = LazyLock::new(|| {
    let mut endings = Endings::default();
    for line in TABLE.lines() {
        let mut fields = line.split('\t');
        let (Some(tells), Some(place), Some(ending)) =
            (fields.next(), fields.next(), fields.next())
        else {
            continue;
        };
        let closing = match tells {
            "finished" => Closing::Finished,
            "unfinished" => Closing::Unfinished,
            _ => Closing::Open,
        };
        match place {
            "any" => endings.any.insert(ending, closing),
            "dictated" => endings.dictated.insert(ending, closing),
            _ => endings.whole.insert(ending, closing),
        };
    }
    endings
});

/// How `text` (Simplified Chinese, with or without punctuation) ends. `dictated`: a place, a number or a date was asked.
pub fn closing(text: &str, dictated: bool) -> Closing {
    let words: String = text.chars().filter(|c| c.is_alphanumeric()).collect();
    let endings = &*ENDINGS;
    if let Some(closing) = endings.whole.get(words.as_str()) {
        return *closing;
    }
    let starts: Vec<usize> = words.char_indices().map(|(at, _)| at).rev().take(LONGEST).collect();
    let found = starts.into_iter().rev().find_map(|at| {
        let ending = &words[at..];
        let dictated = if dictated { endings.dictated.get(ending) } else { None };
        dictated.or_else(|| endings.any.get(ending))
    });
    match found {
        Some(closing) => *closing,
        None if text.trim_end().ends_with(['？', '?']) => Closing::Finished,
        None => Closing::Open,
    }
}

/// Whether the text says no more than that somebody listens: 嗯, 对, 好的.
pub fn is_back_channel(text: &str) -> bool {
    let mut words = text.chars().filter(|c| c.is_alphanumeric());
    words.clone().count() <= BACK_CHANNEL_CHARS_MAX && words.all(|c| BACK_CHANNEL.contains(c))
}
