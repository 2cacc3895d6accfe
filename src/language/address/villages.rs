//! Villages and communities (行政村, 社区) that a city brings in a file of its own: none of them is in the divisions' package. A village
//! tells its township, so that who names only 裘家村 need not be asked where that is.

use std::collections::HashMap;
use std::ops::Range;

use super::{Division, Gazetteer, Level};
use crate::language::sounding::toneless;

/// A code of the National Bureau of Statistics down to the village; its first nine digits are the township's.
const CODE_DIGITS: usize = 12;
const TOWNSHIP_DIGITS: usize = 9;
/// Shorter names have too many homophones to be heard.
const SOUNDS_MIN: usize = 3;
/// One character is a part of any word.
const NAME_CHARS_MIN: usize = 2;
const NAME_CHARS_MAX: usize = 12;
/// At most this many townships of one name are handed out.
const OPTIONS_MAX: usize = 4;

/// A row of a file of villages that is not right.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("line {line}: {field}: {detail}")]
pub struct VillageFault {
    pub line: usize,
    pub field: &'static str,
    pub detail: String,
}

/// Names to their townships.
#[derive(Default)]
pub(super) struct Villages {
    by_name: HashMap<String, Vec<u32>>,
    by_sound: HashMap<Vec<&'static str>, Vec<u32>>,
    longest: usize,
}

/// A village that a text names.
#[derive(Clone, PartialEq, Debug)]
pub struct VillageMention {
    /// Characters of the text.
    pub span: Range<usize>,
    /// Townships that have a village of this name, one or more.
    pub townships: Vec<Division>,
    /// Read, not heard.
    pub exact: bool,
}

impl Gazetteer {
    /// With the villages of a CSV file whose header names `village`, `code` (9 digits of its township, or 12 of its own), and maybe
    /// `aliases` (parted by `|`).
    ///
    /// # Errors
    /// Every row that is not right, with its line.
    pub fn with_villages(mut self, csv: &str) -> Result<Gazetteer, Vec<VillageFault>> {
        let mut faults = Vec::new();
        let mut villages = Villages::default();
        let mut reader = csv::ReaderBuilder::new()
            .flexible(true)
            .from_reader(csv.trim_start_matches('\u{feff}').as_bytes());
        let header: Vec<String> = reader
            .headers()
            .map(|names| names.iter().map(|n| n.trim().to_lowercase()).collect())
            .unwrap_or_default();
        let at = |name: &str| header.iter().position(|n| n == name);
        let (Some(village), Some(code)) = (at("village"), at("code")) else {
            let detail = "the first line names the columns: village,code,aliases".to_owned();
            return Err(vec![VillageFault { line: 1, field: "header", detail }]);
        };
        for record in reader.records() {
            let record = match record {
                Ok(record) => record,
                Err(error) => {
                    let line = error.position().map_or(0, |at| at.line() as usize);
                    faults.push(VillageFault { line, field: "row", detail: error.to_string() });
                    continue;
                }
            };
            let line = record.position().map_or(0, |at| at.line() as usize);
            let cell =
                |at: Option<usize>| at.and_then(|at| record.get(at)).unwrap_or_default().trim();
            let aliases = cell(at("aliases")).split(['|', '｜']).map(str::trim);
            let names: Vec<&str> = std::iter::once(cell(Some(village)))
                .chain(aliases.filter(|alias| !alias.is_empty()))
                .collect();
            if let Err((field, detail)) = self.village(&mut villages, &names, cell(Some(code))) {
                faults.push(VillageFault { line, field, detail });
            }
        }
        if villages.by_name.is_empty() && faults.is_empty() {
            let detail = "the file has no village; write one a row".to_owned();
            faults.push(VillageFault { line: 1, field: "village", detail });
        }
        self.villages = villages;
        if faults.is_empty() { Ok(self) } else { Err(faults) }
    }

    fn village(
        &self,
        villages: &mut Villages,
        names: &[&str],
        code: &str,
    ) -> Result<(), (&'static str, String)> {
        let digits = code.bytes().all(|b| b.is_ascii_digit());
        if !digits || !matches!(code.len(), TOWNSHIP_DIGITS | CODE_DIGITS) {
            let detail = "is no code of 9 digits (the township's) or 12 (the village's own)";
            return Err(("code", format!("{code:?} {detail}")));
        }
        let township = code.get(..TOWNSHIP_DIGITS).unwrap_or_default();
        let id = self.by_code.get(township).copied();
        let Some(id) = id.filter(|id| self.entry(*id).is_some_and(|e| e.level == Level::Township))
        else {
            let detail = format!(
                "{township:?} is no township of the divisions; look its code up, or give the one it was merged into"
            );
            return Err(("code", detail));
        };
        for (n, name) in names.iter().enumerate() {
            let field = if n == 0 { "village" } else { "aliases" };
            if !(NAME_CHARS_MIN..=NAME_CHARS_MAX).contains(&name.chars().count()) {
                let detail =
                    format!("{name:?} has not {NAME_CHARS_MIN} to {NAME_CHARS_MAX} characters");
                return Err((field, detail));
            }
            let known = villages.by_name.entry((*name).to_owned()).or_default();
            if known.contains(&id) {
                return Err((
                    field,
                    format!("{name:?} stands twice for {township}; keep one of the rows"),
                ));
            }
            known.push(id);
            villages.longest = villages.longest.max(name.chars().count());
            let sounds: Vec<&'static str> = toneless(name).iter().map(|s| s.pinyin).collect();
            let same = villages.by_sound.entry(sounds).or_default();
            if !same.contains(&id) {
                same.push(id);
            }
        }
        Ok(())
    }

    /// The longest village below `under` that the text names; by ear where none is read.
    pub fn village_in(&self, text: &[char], under: &str) -> Option<VillageMention> {
        let longest = self.villages.longest.min(text.len());
        for length in (NAME_CHARS_MIN..=longest).rev() {
            for (start, words) in text.windows(length).enumerate() {
                let name: String = words.iter().collect();
                let ids = self.villages.by_name.get(&name);
                if let Some(found) = ids.and_then(|ids| self.mentioned(ids, under)) {
                    let span = start..start + length;
                    return Some(VillageMention { span, townships: found, exact: true });
                }
            }
        }
        self.village_heard(text, under)
    }

    fn village_heard(&self, text: &[char], under: &str) -> Option<VillageMention> {
        if self.villages.by_sound.is_empty() {
            return None;
        }
        let words: String = text.iter().collect();
        let syllables = toneless(&words);
        for length in (SOUNDS_MIN..=self.villages.longest.min(syllables.len())).rev() {
            for heard in syllables.windows(length) {
                let sounds: Vec<&'static str> = heard.iter().map(|s| s.pinyin).collect();
                let ids = self.villages.by_sound.get(&sounds);
                let Some(townships) = ids.and_then(|ids| self.mentioned(ids, under)) else {
                    continue;
                };
                let at = |byte: usize| words.get(..byte).map_or(0, |before| before.chars().count());
                let (first, last) = (heard.first()?, heard.last()?);
                let span = at(first.text.start)..at(last.text.end);
                // A comma within is no name.
                if span.len() == length {
                    return Some(VillageMention { span, townships, exact: false });
                }
            }
        }
        None
    }

    fn mentioned(&self, ids: &[u32], under: &str) -> Option<Vec<Division>> {
        let below =
            ids.iter().filter_map(|id| self.entry(*id)).filter(|e| e.code.starts_with(under));
        let found: Vec<Division> =
            below.filter_map(|e| self.division(&e.code)).take(OPTIONS_MAX).collect();
        (!found.is_empty()).then_some(found)
    }
}
