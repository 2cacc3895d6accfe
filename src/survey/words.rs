//! Word tables: rows of a TSV beside the code, found in an utterance by their characters.
//!
//! A row is a key, a pattern, and words that rule it out. A pattern is parts parted by `+`, each one of its words
//! parted by `|`, each behind the one before with a short gap at most; `=` before a pattern: it is the whole
//! utterance; `@name` as a part: the words of the row `let name words` above.

use super::error::SurveyError;

/// Between two parts stand at most so many characters.
const GAP: usize = 12;

/// Rows of one table, in their order.
#[derive(Debug)]
pub(super) struct Table<K> {
    rows: Vec<Row<K>>,
}

#[derive(Debug)]
struct Row<K> {
    key: K,
    whole: bool,
    parts: Vec<Vec<&'static str>>,
    unless: Vec<&'static str>,
}

impl<K: Copy + PartialEq> Table<K> {
    /// Rows whose keys `key` understands; the first row that cannot be read is told.
    pub(super) fn read(
        table: &'static str,
        text: &'static str,
        key: impl Fn(&str) -> Option<K>,
    ) -> Result<Table<K>, SurveyError> {
        let mut named: Vec<(&str, Vec<&'static str>)> = Vec::new();
        let mut rows = Vec::new();
        for (at, line) in text.lines().enumerate() {
            if line.starts_with('#') || line.trim().is_empty() {
                continue;
            }
            let bad =
                |what: &str| SurveyError::Table { table, line: at + 1, what: what.to_owned() };
            let mut cells = line.split('\t').map(str::trim);
            let (name, pattern) = (cells.next().unwrap_or_default(), cells.next());
            let pattern = pattern.ok_or_else(|| bad("a key and a pattern, parted by a tab"))?;
            if name == "let" {
                let words = cells.next().ok_or_else(|| bad("let, a name and words"))?;
                named.push((pattern, words.split('|').collect()));
                continue;
            }
            let key = key(name).ok_or_else(|| bad("a key of this table"))?;
            let (whole, pattern) = match pattern.strip_prefix('=') {
                Some(pattern) => (true, pattern),
                None => (false, pattern),
            };
            let part = |part: &'static str| match part.strip_prefix('@') {
                Some(name) => {
                    named.iter().find(|(known, _)| *known == name).map(|(_, w)| w.clone())
                }
                None => Some(part.split('|').filter(|word| !word.is_empty()).collect()),
            };
            let parts: Option<Vec<_>> = pattern.split('+').map(part).collect();
            let parts = parts.filter(|parts| parts.iter().all(|words| !words.is_empty()));
            let parts = parts.ok_or_else(|| bad("a pattern of words, each @name told above"))?;
            let unless = cells.next().unwrap_or_default().split_whitespace().collect();
            rows.push(Row { key, whole, parts, unless });
        }
        Ok(Table { rows })
    }

    /// The key of the first row that holds. `words` have no punctuation.
    pub(super) fn first(&self, words: &str) -> Option<K> {
        self.rows.iter().find(|row| row.holds(words)).map(|row| row.key)
    }

    /// The key of the first row that holds among those whose key is `wanted`.
    pub(super) fn first_of(&self, words: &str, wanted: impl Fn(K) -> bool) -> Option<K> {
        self.rows.iter().find(|row| wanted(row.key) && row.holds(words)).map(|row| row.key)
    }

    /// Whether a row of this key holds.
    pub(super) fn has(&self, key: K, words: &str) -> bool {
        self.rows.iter().any(|row| row.key == key && row.holds(words))
    }

    /// Every word of the rows of this key.
    pub(super) fn words(&self, key: K) -> impl Iterator<Item = &'static str> + '_ {
        let rows = self.rows.iter().filter(move |row| row.key == key);
        rows.flat_map(|row| row.parts.iter().flatten().copied())
    }
}

impl<K> Default for Table<K> {
    fn default() -> Self {
        Table { rows: Vec::new() }
    }
}

impl<K> Row<K> {
    fn holds(&self, words: &str) -> bool {
        if self.unless.iter().any(|word| words.contains(word)) {
            return false;
        }
        match self.parts.split_first() {
            Some((first, rest)) if self.whole => rest.is_empty() && first.contains(&words),
            Some((first, rest)) => first.iter().any(|word| {
                words.match_indices(word).any(|(at, _)| follows(words, at + word.len(), rest))
            }),
            None => false,
        }
    }
}

/// Whether the parts stand one behind the other from byte `from` on.
fn follows(words: &str, from: usize, parts: &[Vec<&str>]) -> bool {
    let Some((part, rest)) = parts.split_first() else { return true };
    let after = words.get(from..).unwrap_or_default();
    part.iter().any(|word| {
        after.match_indices(word).any(|(at, _)| {
            let gap = after.get(..at).map_or(0, |gap| gap.chars().count());
            gap <= GAP && follows(words, from + at + word.len(), rest)
        })
    })
}

/// What sounds of a text: without punctuation and spaces.
pub(super) fn sounding(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).collect()
}
