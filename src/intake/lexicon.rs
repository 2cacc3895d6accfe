//! Word tables: rows of a TSV beside the code, found in an utterance by their characters, then by ear.

use std::ops::Range;

use super::IntakeError;
use super::text::{Text, is_silent};
use crate::language::sounding::{Syllable, find_syllables, toneless};

/// Fields of every row that is not a comment, with its line number.
pub(super) fn rows(
    table: &'static str,
    text: &'static str,
    fields: usize,
) -> Result<Vec<(usize, Vec<&'static str>)>, IntakeError> {
    let mut rows = Vec::new();
    for (at, row) in text.lines().enumerate() {
        if row.starts_with('#') || row.trim().is_empty() {
            continue;
        }
        let cells: Vec<&'static str> = row.split('\t').map(str::trim).collect();
        if cells.len() < fields {
            let detail = format!("has {} fields, not {fields} (parted by tabs)", cells.len());
            return Err(IntakeError::Table { table, line: at + 1, detail });
        }
        rows.push((at + 1, cells));
    }
    Ok(rows)
}

/// A table's words by their kind.
#[derive(Default)]
pub(super) struct Lists(Vec<(&'static str, Vec<&'static str>)>);

impl Lists {
    /// Rows of a kind and its words, in as many fields as there are.
    pub(super) fn read(table: &'static str, text: &'static str) -> Result<Lists, IntakeError> {
        let list = |(_, cells): (usize, Vec<&'static str>)| {
            let mut cells = cells.into_iter();
            let kind = cells.next().unwrap_or_default();
            (kind, cells.flat_map(str::split_whitespace).collect())
        };
        Ok(Lists(rows(table, text, 2)?.into_iter().map(list).collect()))
    }

    /// Of words that are found one after the other a longer one is found before the one within it.
    pub(super) fn push_longest_first(&mut self, kind: &'static str, mut list: Vec<&'static str>) {
        list.sort_by_key(|word| std::cmp::Reverse(word.len()));
        self.0.push((kind, list));
    }

    /// The words of a kind; none where there is no such row.
    pub(super) fn list(&self, kind: &str) -> &[&'static str] {
        self.0.iter().find(|(k, _)| *k == kind).map(|(_, list)| list.as_slice()).unwrap_or_default()
    }
}

/// How much of the utterance a phrase must be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Mode {
    /// Stands anywhere.
    Any,
    /// Stands anywhere in an utterance of at most [`SHORT`] sounding characters.
    Short,
    /// Opens the utterance, and its clause ends there or the utterance is short.
    Start,
    /// Opens the utterance, and its clause ends there.
    Closed,
    /// Is the whole utterance but for fillers.
    Whole,
}

const SHORT: usize = 12;
const BRIEF: usize = 8;
/// Commands, answers and grades are sought by ear in utterances up to this length.
const EAR_SYLLABLES_MAX: usize = 30;

/// One row: key, mode, ear, weight, phrase, and words that rule it out.
pub(super) struct Rule<K> {
    pub(super) key: K,
    mode: Mode,
    /// The least likeness by ear; `None` for the characters only.
    ear: Option<f32>,
    pub(super) weight: f32,
    phrase: &'static str,
    syllables: Vec<Syllable>,
    unless: Vec<&'static str>,
}

/// Where a rule holds.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Match {
    pub(super) span: Range<usize>,
    /// 1 for the very characters.
    pub(super) likeness: f32,
}

/// Rules of a table whose keys `key` understands.
pub(super) fn rules<K>(
    table: &'static str,
    text: &'static str,
    key: impl Fn(&str) -> Option<K>,
) -> Result<Vec<Rule<K>>, IntakeError> {
    let mut rules = Vec::new();
    for (line, cells) in rows(table, text, 5)? {
        let bad = |detail: String| IntakeError::Table { table, line, detail };
        let [name, mode, ear, weight, phrases, rest @ ..] = cells.as_slice() else { continue };
        let mode = match *mode {
            "any" => Mode::Any,
            "short" => Mode::Short,
            "start" => Mode::Start,
            "closed" => Mode::Closed,
            "whole" => Mode::Whole,
            other => {
                return Err(bad(format!(
                    "mode {other:?} is not any, short, start, closed or whole"
                )));
            }
        };
        let ear = match *ear {
            "-" => None,
            likeness => {
                Some(likeness.parse().map_err(|_| bad(format!("ear {likeness:?} is no number")))?)
            }
        };
        let weight = weight.parse().map_err(|_| bad(format!("weight {weight:?} is no number")))?;
        let unless: Vec<&'static str> = rest.iter().flat_map(|w| w.split_whitespace()).collect();
        for phrase in phrases.split_whitespace() {
            let key =
                key(name).ok_or_else(|| bad(format!("{name:?} is not a key of this table")))?;
            let (syllables, unless) = (toneless(phrase), unless.clone());
            rules.push(Rule { key, mode, ear, weight, phrase, syllables, unless });
        }
    }
    Ok(rules)
}

impl<K> Rule<K> {
    pub(super) fn find(&self, text: &Text<'_>) -> Option<Match> {
        if self.unless.iter().any(|word| text.has(word)) {
            return None;
        }
        let core = text.core();
        let said = text.sounding(&core);
        if self.mode == Mode::Short && text.sounding(&text.whole()) > SHORT {
            return None;
        }
        let literal = text.find(self.phrase, if self.mode == Mode::Any { 0 } else { core.start });
        if let Some(span) = literal.filter(|span| self.stands(text, span, &core, said)) {
            return Some(Match { span, likeness: 1.0 });
        }
        // In a long story anything sounds like something.
        let ear = self.ear.filter(|_| text.syllables.len() <= EAR_SYLLABLES_MAX)?;
        let found = heard(text, &self.syllables, ear)?;
        self.stands(text, &found.span, &core, said).then_some(found)
    }

    fn stands(
        &self,
        text: &Text<'_>,
        span: &Range<usize>,
        core: &Range<usize>,
        said: usize,
    ) -> bool {
        match self.mode {
            Mode::Any | Mode::Short => true,
            Mode::Whole => said <= text.sounding(span),
            Mode::Start | Mode::Closed => {
                let closed = text
                    .chars
                    .get(span.end)
                    .is_none_or(|c| is_silent(*c) || PARTICLES.contains(*c));
                let brief = self.mode == Mode::Start && said <= BRIEF;
                span.start == core.start && (closed || brief)
            }
        }
    }
}

/// The stretch that sounds like `sought`, at least `min` alike (0 to 1).
pub(super) fn heard(text: &Text<'_>, sought: &[Syllable], min: f32) -> Option<Match> {
    // The cheapest difference between two syllables costs a half, so most of them must be there exactly: a quick look
    // that spares the search for nearly every word of a table.
    let differing = ((1.0 - min) * sought.len() as f32 / 0.5 + 1e-3) as usize;
    let there = sought.iter().filter(|s| text.has_sound(s.pinyin)).count();
    if sought.is_empty() || there + differing < sought.len() {
        return None;
    }
    let found = find_syllables(&text.syllables, sought, min)?;
    Some(Match { span: text.span_of(&found.range), likeness: found.likeness.min(0.99) })
}

/// Particles that close a word without changing it.
const PARTICLES: &str = "的啊呀了吧呢嘛哦噢哈嗯么";

/// Words without content: 嗯, 那个, 你好.
pub(super) struct Fillers {
    words: Vec<&'static str>,
}

impl Fillers {
    pub(super) fn new() -> Result<Fillers, IntakeError> {
        let rows = rows("fillers.tsv", include_str!("fillers.tsv"), 1)?;
        let mut words: Vec<&'static str> =
            rows.into_iter().flat_map(|(_, cells)| cells).flat_map(str::split_whitespace).collect();
        words.sort_by_key(|word| std::cmp::Reverse(word.len()));
        Ok(Fillers { words })
    }

    /// The utterance without the fillers, particles and punctuation at both its ends. A text of nothing but fillers
    /// is left whole: 嗯 is an answer.
    pub(super) fn core(&self, text: &Text<'_>) -> Range<usize> {
        let (mut start, mut end) = (0, text.len());
        loop {
            let rest = text.slice(&(start..end));
            if let Some(word) = self.words.iter().find(|word| rest.starts_with(**word)) {
                start += word.chars().count();
            } else if rest.starts_with(is_silent) {
                start += 1;
            } else {
                break;
            }
        }
        while end > start {
            let rest = text.slice(&(start..end));
            let closes = |c: char| is_silent(c) || "啊呀吧呢嘛哦噢哈嗯".contains(c);
            if !rest.ends_with(closes) {
                break;
            }
            end -= 1;
        }
        if start >= end { trimmed(text) } else { start..end }
    }
}

fn trimmed(text: &Text<'_>) -> Range<usize> {
    let sounding = |c: &char| !is_silent(*c);
    let start = text.chars.iter().position(sounding).unwrap_or(0);
    let end = text.chars.iter().rposition(sounding).map_or(0, |last| last + 1);
    start..end.max(start)
}
