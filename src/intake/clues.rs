//! Clues: patterns of word parts with gaps between them, found by characters and by ear, and guards that take them back.
//! For what must not be missed however it is worded: dangers, the wish for a person, what is nobody's to handle.

use std::collections::HashMap;

use super::IntakeError;
use super::lexicon::rows;
use super::text::{Text, is_silent};
use crate::language::sounding::{Syllable, toneless};

/// Between two parts stand at most so many sounding characters.
const GAP: usize = 12;
/// Shorter words have too many homophones.
const EAR_SYLLABLES_MIN: usize = 3;

/// A table of clues for the keys of one kind.
pub(super) struct Clues<K> {
    words: Vec<Word>,
    /// Words that stand for a guard, by its name.
    guards: Vec<(&'static str, Vec<&'static str>)>,
    now: Vec<&'static str>,
    rows: Vec<Clue<K>>,
}

/// A word of any pattern, once for the whole table.
struct Word {
    word: String,
    chars: usize,
    syllables: Vec<Syllable>,
    /// It opens the utterance but for fillers; it ends it but for particles.
    opens: bool,
    ends: bool,
}

/// After the last word of an utterance these change nothing.
const PARTICLES: &str = "啊呀吧呢嘛噻哦噢哈了的么吗嗯";

struct Clue<K> {
    key: K,
    /// Places in the words of the table: of each part one must stand, each behind the one before.
    parts: Vec<Vec<usize>>,
    /// Places in the table's guards.
    guards: Vec<usize>,
    by_ear: bool,
}

/// Where words of the table stand in an utterance: from and to, in sounding characters.
struct Found {
    read: HashMap<usize, Vec<(usize, usize)>>,
    heard: HashMap<usize, Vec<(usize, usize)>>,
}

/// A guard of this name yields where the words tell of now.
const YIELDS: &str = "past";

impl<K: Copy + PartialEq> Clues<K> {
    /// Rows of a table whose keys `key` understands. See the head of `emergencies.tsv` for its form.
    pub fn new(
        table: &'static str,
        text: &'static str,
        key: impl Fn(&str) -> Option<K>,
    ) -> Result<Clues<K>, IntakeError> {
        let mut clues =
            Clues { words: Vec::new(), guards: Vec::new(), now: Vec::new(), rows: Vec::new() };
        let mut named: HashMap<&str, Vec<&'static str>> = HashMap::new();
        let mut places: HashMap<String, usize> = HashMap::new();
        for (line, cells) in rows(table, text, 2)? {
            let bad = |detail: String| IntakeError::Table { table, line, detail };
            let list = |words: &'static str| {
                words.split('|').filter(|w| !w.is_empty()).collect::<Vec<_>>()
            };
            match cells.as_slice() {
                ["let", name, words] => {
                    named.insert(name, list(words));
                }
                ["guard", name, words] => clues.guards.push((name, list(words))),
                ["now", .., words] => clues.now = list(words),
                [name, pattern, rest @ ..] => {
                    let key = key(name)
                        .ok_or_else(|| bad(format!("{name:?} is not a key of this table")))?;
                    let (pattern, by_ear) = match pattern.strip_prefix('~') {
                        Some(pattern) => (pattern, false),
                        None => (*pattern, true),
                    };
                    let mut parts = Vec::new();
                    for part in pattern.split('+') {
                        let unknown = |name| bad(format!("@{name} is not told by a let above"));
                        let words = spelled(part, &named).map_err(unknown)?;
                        let mut place = |word: String| {
                            let next = places.len();
                            *places.entry(word.clone()).or_insert_with(|| {
                                clues.words.push(Word::new(word));
                                next
                            })
                        };
                        parts.push(words.into_iter().map(&mut place).collect());
                    }
                    let guard =
                        |name: &str| clues.guards.iter().position(|(known, _)| *known == name);
                    let guards = rest.iter().flat_map(|names| names.split_whitespace());
                    let guards = guards.map(|name| {
                        guard(name)
                            .ok_or_else(|| bad(format!("the guard {name:?} is not told above")))
                    });
                    let guards = guards.collect::<Result<_, _>>()?;
                    clues.rows.push(Clue { key, parts, guards, by_ear });
                }
                _ => {}
            }
        }
        Ok(clues)
    }

    /// The key that most clues speak for; of equals the one whose clue stands first in the table.
    pub fn find(&self, text: &Text<'_>) -> Option<K> {
        let mut found: Vec<(K, usize)> = Vec::new();
        for key in self.all(text) {
            match found.iter_mut().find(|(known, _)| *known == key) {
                Some((_, many)) => *many += 1,
                None => found.push((key, 1)),
            }
        }
        found.sort_by_key(|(_, many)| std::cmp::Reverse(*many));
        found.first().map(|(key, _)| *key)
    }

    /// The keys of all clues that hold, in the order of the table.
    fn all(&self, text: &Text<'_>) -> Vec<K> {
        let plain = text.str();
        let is_now = self.now.iter().any(|word| plain.contains(word));
        let guarded: Vec<bool> = self
            .guards
            .iter()
            .map(|(name, words)| {
                !(is_now && *name == YIELDS) && words.iter().any(|word| plain.contains(word))
            })
            .collect();
        let mut found = Found { read: HashMap::new(), heard: HashMap::new() };
        let mut keys = Vec::new();
        for clue in &self.rows {
            if clue.guards.iter().any(|guard| guarded.get(*guard).copied().unwrap_or(false)) {
                continue;
            }
            if self.holds(clue, text, &mut found) {
                keys.push(clue.key);
            }
        }
        keys
    }

    fn holds(&self, clue: &Clue<K>, text: &Text<'_>, found: &mut Found) -> bool {
        let mut ends: Vec<usize> = Vec::new();
        for (n, part) in clue.parts.iter().enumerate() {
            let mut reached = Vec::new();
            for place in part {
                let Some(word) = self.words.get(*place) else { continue };
                let read = found.read.entry(*place).or_insert_with(|| word.read(text));
                let mut spans = read.clone();
                if clue.by_ear {
                    spans.extend(
                        found.heard.entry(*place).or_insert_with(|| word.heard(text)).iter(),
                    );
                }
                let joins = |from: usize| {
                    n == 0 || ends.iter().any(|end| *end <= from && from <= end + GAP)
                };
                reached
                    .extend(spans.into_iter().filter(|(from, _)| joins(*from)).map(|(_, to)| to));
            }
            if reached.is_empty() {
                return false;
            }
            ends = reached;
        }
        true
    }
}

/// The words of a part: @name is the words of that name, 老@name each of them after 老. Err: the unknown name.
fn spelled(
    part: &'static str,
    named: &HashMap<&str, Vec<&'static str>>,
) -> Result<Vec<String>, &'static str> {
    let mut words = Vec::new();
    for word in part.split('|').filter(|word| !word.is_empty()) {
        match word.split_once('@') {
            None => words.push(word.to_owned()),
            Some((before, name)) => {
                let (name, end) = name.strip_suffix('$').map_or((name, ""), |name| (name, "$"));
                let known = named.get(name).ok_or(name)?;
                words.extend(known.iter().map(|word| format!("{before}{word}{end}")));
            }
        }
    }
    Ok(words)
}

impl Word {
    fn new(written: String) -> Word {
        let (opens, ends) = (written.starts_with('^'), written.ends_with('$'));
        let word = written.trim_matches(['^', '$']).to_owned();
        Word { chars: word.chars().count(), syllables: toneless(&word), word, opens, ends }
    }

    fn read(&self, text: &Text<'_>) -> Vec<(usize, usize)> {
        if !text.may_have(&self.word) {
            return Vec::new();
        }
        let spans = text.str().match_indices(&self.word).map(|(byte, _)| {
            let from = text.sounding_before(byte);
            (from, from + self.chars)
        });
        let core = text.sounding(&(0..text.core().start));
        let close = text.str().trim_end_matches(|c: char| is_silent(c) || PARTICLES.contains(c));
        let close = text.sounding_before(close.len());
        spans
            .filter(|(from, to)| {
                (!self.opens || *from == 0 || *from == core) && (!self.ends || *to >= close)
            })
            .collect()
    }

    /// Where exactly these sounds are heard, tones aside.
    fn heard(&self, text: &Text<'_>) -> Vec<(usize, usize)> {
        let many = self.syllables.len();
        if self.opens
            || self.ends
            || many < EAR_SYLLABLES_MIN
            || !self.syllables.iter().all(|s| text.has_sound(s.pinyin))
        {
            return Vec::new();
        }
        let same = |stretch: &[Syllable]| {
            stretch.iter().zip(&self.syllables).all(|(a, b)| a.pinyin == b.pinyin)
        };
        let found = text.syllables.windows(many).filter(|stretch| same(stretch));
        let place = |stretch: &[Syllable]| {
            let from = text.sounding_before(stretch.first().map_or(0, |s| s.text.start));
            (from, from + many)
        };
        found.map(place).collect()
    }
}
