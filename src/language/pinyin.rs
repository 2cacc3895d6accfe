//! Readings: which syllable a character has in its phrase. The phrase table and the table of single characters are
//! those of the Python package `pypinyin` (MIT), read as they stand in its wheel.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::path::Path;

use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};

use super::LanguageError;

/// The wheel's member with the readings of phrases, by its file name.
pub const PHRASES_FILE: &str = "phrases_dict.json";
/// The wheel's member with the readings of single characters, by its file name.
pub const SINGLES_FILE: &str = "pinyin_dict.json";

/// What the tables get wrong for a service line, and what the rules of tone need kept whole.
pub(super) const OWN_READINGS: &str = include_str!("readings.tsv");

/// One toned syllable: at most six letters (`ü` is `v`) and a tone, 5 for neutral. Prints as `zhuang1`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Reading {
    letters: [u8; 6],
    length: u8,
    tone: u8,
}

impl Reading {
    /// From letters with a tone mark (`lǜ`) or a trailing digit (`lv4`, `lü4`). `None` where there is no syllable.
    pub fn parse(written: &str) -> Option<Reading> {
        let mut letters = [0_u8; 6];
        let mut length = 0_usize;
        let mut tone = 5;
        for c in written.chars() {
            let (letter, mark) = unmark(c)?;
            if let Some(mark) = mark {
                tone = mark;
            }
            if let Some(letter) = letter {
                *letters.get_mut(length)? = letter;
                length += 1;
            }
        }
        let folded = fold(std::str::from_utf8(letters.get(..length)?).ok()?);
        let mut letters = [0_u8; 6];
        for (to, from) in letters.iter_mut().zip(folded.bytes()) {
            *to = from;
        }
        let length = u8::try_from(folded.len()).ok().filter(|n| (1..=6).contains(n))?;
        Some(Reading { letters, length, tone })
    }

    /// Without the tone: `zhuang`.
    pub fn letters(&self) -> &str {
        let end = usize::from(self.length);
        self.letters.get(..end).and_then(|b| std::str::from_utf8(b).ok()).unwrap_or_default()
    }

    /// 1 to 4, 5 for neutral.
    pub const fn tone(&self) -> u8 {
        self.tone
    }

    pub const fn with_tone(self, tone: u8) -> Reading {
        Reading { tone, ..self }
    }
}

impl fmt::Display for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.letters(), self.tone)
    }
}

impl fmt::Debug for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The plain letter under a tone mark, and the mark. `None` where the character has no place in a syllable.
fn unmark(c: char) -> Option<(Option<u8>, Option<u8>)> {
    let marked = |letter: u8, tone: u8| Some((Some(letter), Some(tone)));
    match c {
        'a'..='z' => Some((u8::try_from(c).ok(), None)),
        'ā' => marked(b'a', 1),
        'á' => marked(b'a', 2),
        'ǎ' => marked(b'a', 3),
        'à' => marked(b'a', 4),
        'ē' => marked(b'e', 1),
        'é' => marked(b'e', 2),
        'ě' => marked(b'e', 3),
        'è' => marked(b'e', 4),
        'ī' => marked(b'i', 1),
        'í' => marked(b'i', 2),
        'ǐ' => marked(b'i', 3),
        'ì' => marked(b'i', 4),
        'ō' => marked(b'o', 1),
        'ó' => marked(b'o', 2),
        'ǒ' => marked(b'o', 3),
        'ò' => marked(b'o', 4),
        'ū' => marked(b'u', 1),
        'ú' => marked(b'u', 2),
        'ǔ' => marked(b'u', 3),
        'ù' => marked(b'u', 4),
        'ü' => Some((Some(b'v'), None)),
        'ǖ' => marked(b'v', 1),
        'ǘ' => marked(b'v', 2),
        'ǚ' => marked(b'v', 3),
        'ǜ' => marked(b'v', 4),
        'ń' => marked(b'n', 2),
        'ň' => marked(b'n', 3),
        'ǹ' => marked(b'n', 4),
        'ḿ' => marked(b'm', 2),
        'ê' => Some((Some(b'E'), None)),
        'ế' => marked(b'E', 2),
        'ề' => marked(b'E', 4),
        '\u{304}' => Some((None, Some(1))),
        '\u{301}' => Some((None, Some(2))),
        '\u{30c}' => Some((None, Some(3))),
        '\u{300}' => Some((None, Some(4))),
        '1'..='5' => Some((None, u8::try_from(c).ok().map(|b| b - b'0'))),
        _ => None,
    }
}

/// The syllables that the voice was never taught, as the nearest ones that it was.
fn fold(letters: &str) -> &str {
    match letters {
        "n" | "ng" | "hng" | "hm" => "en",
        "m" => "mu",
        "E" => "ei",
        "len" => "leng",
        "nun" => "nen",
        "fiao" => "fei",
        "cei" => "cui",
        "wong" => "weng",
        "din" => "ding",
        "biang" => "bang",
        "bong" => "beng",
        other => other,
    }
}

/// One word of a text: the character positions it covers, and a reading for each.
#[derive(Clone, PartialEq, Debug)]
pub struct Word {
    /// Positions in the character slice that was given.
    pub chars: Range<usize>,
    pub readings: Vec<Reading>,
}

#[derive(Debug)]
pub(super) struct Phrase {
    pub(super) readings: Box<[Reading]>,
    /// Of the own table, not of the package's.
    pub(super) own: bool,
}

/// Phrases and characters with their readings.
#[derive(Debug)]
pub struct Lexicon {
    phrases: HashMap<Box<str>, Phrase>,
    singles: HashMap<char, Reading>,
    /// Of the longest phrase, in characters.
    longest: usize,
}

impl Lexicon {
    /// Reads [`PHRASES_FILE`] and [`SINGLES_FILE`] from `dir`.
    pub fn load(dir: &Path) -> Result<Lexicon, LanguageError> {
        let PhraseTable(phrases) = read_table(&dir.join(PHRASES_FILE))?;
        let SingleTable(singles) = read_table(&dir.join(SINGLES_FILE))?;
        let mut lexicon = Lexicon { phrases, singles, longest: 0 };
        lexicon.overlay(OWN_READINGS);
        lexicon.longest = lexicon.phrases.keys().map(|k| k.chars().count()).max().unwrap_or(1);
        Ok(lexicon)
    }

    /// Own readings win: lines of `phrase TAB readings`, `#` starts a remark.
    fn overlay(&mut self, table: &str) {
        for (phrase, readings) in own_readings(table) {
            let mut chars = phrase.chars();
            match (chars.next(), chars.next(), readings.as_slice()) {
                (Some(single), None, [reading]) => {
                    self.singles.insert(single, *reading);
                }
                _ => {
                    let readings = readings.into_boxed_slice();
                    self.phrases.insert(phrase.into(), Phrase { readings, own: true });
                }
            }
        }
    }

    /// How a character reads by itself.
    pub fn single(&self, c: char) -> Option<Reading> {
        self.singles.get(&c).copied()
    }

    /// How a whole phrase reads; `None` where the table does not have it.
    pub fn phrase(&self, phrase: &str) -> Option<&[Reading]> {
        self.entry(phrase).map(|p| p.readings.as_ref())
    }

    pub(super) fn entry(&self, phrase: &str) -> Option<&Phrase> {
        self.phrases.get(phrase)
    }

    pub(super) const fn longest(&self) -> usize {
        self.longest
    }

    /// Every reading that is there, for a check against a voice's inventory.
    pub fn readings(&self) -> impl Iterator<Item = Reading> + '_ {
        self.phrases
            .values()
            .flat_map(|p| p.readings.iter().copied())
            .chain(self.singles.values().copied())
    }
}

/// The lines of an own table that can be read; a test holds that all can.
pub(super) fn own_readings(table: &str) -> impl Iterator<Item = (&str, Vec<Reading>)> {
    table.lines().filter_map(|line| {
        let (phrase, readings) = line.split('#').next()?.split_once('\t')?;
        let readings: Option<Vec<Reading>> =
            readings.split_whitespace().map(Reading::parse).collect();
        readings.filter(|r| r.len() == phrase.chars().count()).map(|r| (phrase, r))
    })
}

fn read_table<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<T, LanguageError> {
    let bytes = std::fs::read(path)
        .map_err(|source| LanguageError::Missing { path: path.to_path_buf(), source })?;
    serde_json::from_slice(&bytes)
        .map_err(|e| LanguageError::Broken { path: path.to_path_buf(), detail: e.to_string() })
}

/// `{"银行": [["yín"], ["háng"]], ...}`: of several readings the first is the usual one.
struct PhraseTable(HashMap<Box<str>, Phrase>);
/// `{"34892": "xíng,háng,hàng", ...}`: the code point in decimal.
struct SingleTable(HashMap<char, Reading>);
struct FirstReading(Reading);

impl<'de> Deserialize<'de> for PhraseTable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Table;
        impl<'de> Visitor<'de> for Table {
            type Value = PhraseTable;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map of phrases to lists of readings")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<PhraseTable, A::Error> {
                let mut table = HashMap::with_capacity(50_000);
                while let Some((phrase, readings)) =
                    map.next_entry::<Box<str>, Vec<FirstReading>>()?
                {
                    if phrase.chars().count() != readings.len() {
                        return Err(de::Error::custom(format!(
                            "{phrase} has {} readings",
                            readings.len()
                        )));
                    }
                    let readings = readings.into_iter().map(|r| r.0).collect();
                    table.insert(phrase, Phrase { readings, own: false });
                }
                Ok(PhraseTable(table))
            }
        }
        deserializer.deserialize_map(Table)
    }
}

impl<'de> Deserialize<'de> for FirstReading {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct First;
        impl<'de> Visitor<'de> for First {
            type Value = FirstReading;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of one or more readings")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<FirstReading, A::Error> {
                let first: Marked =
                    seq.next_element()?.ok_or_else(|| de::Error::invalid_length(0, &self))?;
                while seq.next_element::<de::IgnoredAny>()?.is_some() {}
                Ok(FirstReading(first.0))
            }
        }
        deserializer.deserialize_seq(First)
    }
}

struct Marked(Reading);

impl<'de> Deserialize<'de> for Marked {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Marked;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a syllable with a tone mark")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Marked, E> {
                // Of "hé,hè,hú" the first is the usual one.
                let first = text.split(',').next().unwrap_or(text);
                Reading::parse(first)
                    .map(Marked)
                    .ok_or_else(|| E::custom(format!("no syllable: {first}")))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

impl<'de> Deserialize<'de> for SingleTable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Table;
        impl<'de> Visitor<'de> for Table {
            type Value = SingleTable;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map of code points to readings")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<SingleTable, A::Error> {
                let mut table = HashMap::with_capacity(45_000);
                while let Some((code, Marked(reading))) = map.next_entry::<&'de str, Marked>()? {
                    let c = code.parse().ok().and_then(char::from_u32);
                    let c = c.ok_or_else(|| de::Error::custom(format!("no code point: {code}")))?;
                    table.insert(c, reading);
                }
                Ok(SingleTable(table))
            }
        }
        deserializer.deserialize_map(Table)
    }
}
