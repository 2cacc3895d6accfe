//! Who calls: how callers name themselves, and the number that they say.

use std::ops::Range;

use super::IntakeError;
use super::lexicon::Lists;
use super::spoken::mobile;
use super::text::{Text, is_silent};
use crate::kernel::{Filled, Slot};
use crate::language::numbers::spoken_digits;

const NAME_CONFIDENCE: f32 = 0.8;
const NUMBER_CONFIDENCE: f32 = 0.9;
/// Characters of a given name.
const GIVEN_MAX: usize = 2;

pub(super) struct People {
    words: Lists,
}

impl People {
    pub(super) fn new() -> Result<People, IntakeError> {
        Ok(People { words: Lists::read("callers.tsv", include_str!("callers.tsv"))? })
    }

    pub(super) fn caller(
        &self,
        text: &Text<'_>,
        asked: Option<Slot>,
    ) -> Option<(Filled, Range<usize>)> {
        let asked = asked == Some(Slot::Caller);
        let span = self
            .after_any(text, "named", |at| self.full_name(text, at))
            .or_else(|| {
                self.after_any(text, "surnamed", |at| self.surname_with_title(text, at, false))
            })
            .or_else(|| {
                self.after_any(text, "titled", |at| self.surname_with_title(text, at, true))
            })
            .or_else(|| asked.then(|| self.bare(text)).flatten())?;
        let name = text.slice(&span).to_owned();
        Some((text.filled(name, None, &span, NAME_CONFIDENCE), span))
    }

    /// What `read` finds behind the first opening of a kind.
    fn after_any(
        &self,
        text: &Text<'_>,
        kind: &str,
        read: impl Fn(usize) -> Option<Range<usize>>,
    ) -> Option<Range<usize>> {
        self.words.list(kind).iter().find_map(|opening| {
            let found = text.find(opening, 0)?;
            if self.words.list("no").iter().any(|no| text.after(found.end - 1).starts_with(no)) {
                return None;
            }
            let skipped = text.after(found.end).chars().take_while(|c| is_silent(*c)).count();
            read(found.end + skipped)
        })
    }

    fn surname(&self, text: &Text<'_>, at: usize) -> Option<Range<usize>> {
        let after = text.after(at);
        let surname = self.words.list("surname").iter().find(|s| after.starts_with(**s))?;
        Some(at..at + surname.chars().count())
    }

    /// Surname and given name: 王建国.
    fn full_name(&self, text: &Text<'_>, at: usize) -> Option<Range<usize>> {
        let surname = self.surname(text, at)?;
        let mut end = surname.end;
        while end < surname.end + GIVEN_MAX {
            let after = text.after(end);
            let stops = self.words.list("stop").iter().any(|stop| after.starts_with(stop));
            let titled = self.words.list("title").iter().any(|title| after.starts_with(title));
            if titled || stops || after.chars().next().is_none_or(|c| !is_han(c)) {
                break;
            }
            end += 1;
        }
        (end > surname.end).then_some(at..end)
    }

    /// A surname, with 先生 or 女士 where it is said.
    fn surname_with_title(&self, text: &Text<'_>, at: usize, needed: bool) -> Option<Range<usize>> {
        let surname = self.surname(text, at)?;
        let after = text.after(surname.end);
        match self.words.list("title").iter().find(|title| after.starts_with(**title)) {
            Some(title) => Some(at..surname.end + title.chars().count()),
            // 我姓王，王先生: the title comes with the name said again.
            None if !needed => {
                let name = text.slice(&surname);
                let titles = self.words.list("title").iter();
                let again =
                    titles.filter_map(|t| text.find(&format!("{name}{t}"), surname.end)).next();
                Some(again.unwrap_or(surname))
            }
            None => None,
        }
    }

    /// The whole answer is a name.
    fn bare(&self, text: &Text<'_>) -> Option<Range<usize>> {
        let core = text.core();
        let titled = self.surname_with_title(text, core.start, true);
        let name = titled.or_else(|| self.full_name(text, core.start))?;
        (name.end >= core.end).then_some(name)
    }

    /// A telephone number that was said: a mobile of exactly 11 digits, or a fixed line with its area code; a local
    /// number of 7 or 8 digits only where a number was asked for or named.
    pub(super) fn number(
        &self,
        text: &Text<'_>,
        asked: Option<Slot>,
    ) -> Option<(Filled, Range<usize>)> {
        // A mobile before a landline; groups that were put right before a run that only looks like a number.
        if let Some((digits, bytes)) = mobile(text.str()) {
            let span = text.span_of(&bytes);
            let code = Some(digits.clone());
            return Some((text.filled(digits, code, &span, NUMBER_CONFIDENCE), span));
        }
        spoken_digits(text.str()).into_iter().find_map(|run| {
            let mut span = text.span_of(&run.range);
            let mut digits = run.digits;
            let before = text.before(span.start);
            // 要三八…: the opening 幺 as recognisers write it.
            if digits.len() == 10
                && ["要", "腰", "邀", "夭"].iter().any(|yao| before.ends_with(yao))
            {
                digits.insert(0, '1');
                span.start -= 1;
            }
            let named = ["电话", "号码", "座机", "手机"].iter().any(|word| before.contains(word));
            if !is_telephone(&digits, named || asked == Some(Slot::Number)) {
                return None;
            }
            let code = Some(digits.clone());
            Some((text.filled(digits, code, &span, NUMBER_CONFIDENCE), span))
        })
    }
}

fn is_telephone(digits: &str, local: bool) -> bool {
    let bytes = digits.as_bytes();
    match bytes {
        [b'1', b'3'..=b'9', ..] if bytes.len() == 11 => true,
        [b'0', b'1'..=b'9', ..] => (10..=12).contains(&bytes.len()),
        [b'2'..=b'9', ..] => local && matches!(bytes.len(), 7 | 8),
        _ => false,
    }
}

fn is_han(c: char) -> bool {
    ('\u{4e00}'..='\u{9fff}').contains(&c)
}
