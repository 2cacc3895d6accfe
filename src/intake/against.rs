//! Against whom: the firm, the office or the person that the caller complains about, in the caller's words.

use std::ops::Range;

use super::IntakeError;
use super::lexicon::{Lists, rows};
use super::reading::MatterType;
use super::text::{Text, is_silent};
use crate::kernel::Filled;

/// Characters before a head noun that may belong to the name.
const BEFORE_MAX: usize = 10;
/// Characters of a name that follows 老板叫.
const NAME_MAX: usize = 8;
const NAMED: f32 = 6.0;
const ACCUSED: f32 = 3.0;
const BYSTANDER: f32 = 2.5;
/// A weaker candidate is nobody.
const SCORE_MIN: f32 = 1.0;
/// The same where the words do not tell that it is a complaint.
const SCORE_UNSURE_MIN: f32 = 2.0;
const SURE: f32 = 4.0;

pub(super) struct Parties {
    words: Lists,
    heads: Vec<(&'static str, f32)>,
}

impl Parties {
    pub(super) fn new() -> Result<Parties, IntakeError> {
        const TABLE: &str = "parties.tsv";
        let (mut words, mut heads) = (Lists::default(), Vec::new());
        for (line, cells) in rows(TABLE, include_str!("parties.tsv"), 2)? {
            let [kind, list, ..] = cells.as_slice() else { continue };
            let list: Vec<&'static str> = list.split_whitespace().collect();
            match kind.strip_prefix("head ") {
                None => words.push_longest_first(kind, list),
                Some(weight) => {
                    let bad = || {
                        let detail = format!("{weight:?} is no weight");
                        IntakeError::Table { table: TABLE, line, detail }
                    };
                    let weight: f32 = weight.parse().map_err(|_| bad())?;
                    heads.extend(list.into_iter().map(|head| (head, weight)));
                }
            }
        }
        heads.sort_by_key(|(head, _)| std::cmp::Reverse(head.len()));
        Ok(Parties { words, heads })
    }

    /// `taken`: words that are a number, a time or the caller's own name.
    pub(super) fn find(
        &self,
        text: &Text<'_>,
        matter: Option<MatterType>,
        asks: bool,
        taken: &[Range<usize>],
    ) -> Option<Filled> {
        // A suggestion, a question or thanks are against nobody.
        if asks || matches!(matter, Some(MatterType::Suggestion | MatterType::Praise)) {
            return None;
        }
        let accuses =
            matches!(matter, Some(MatterType::Complaint | MatterType::Report | MatterType::Help));
        let least = if accuses { SCORE_MIN } else { SCORE_UNSURE_MIN };
        let (span, score) = self.named(text).into_iter().chain(self.nouns(text)).fold(
            None,
            |best, one| match best {
                Some((_, score)) if score >= one.1 => best,
                _ => Some(one),
            },
        )?;
        let clear = !taken.iter().any(|t| t.start < span.end && span.start < t.end);
        let confidence = (score / SURE).clamp(0.3, 0.9);
        (clear && score >= least).then(|| text.filled(text.slice(&span), None, &span, confidence))
    }

    /// 老板叫李国富, 名字叫老胡烧烤.
    fn named(&self, text: &Text<'_>) -> Option<(Range<usize>, f32)> {
        self.words.list("named").iter().find_map(|opening| {
            let found = text.find(opening, 0)?;
            let start =
                found.end + text.after(found.end).chars().take_while(|c| is_silent(*c)).count();
            let limit = (start + NAME_MAX).min(text.len());
            let end = (start..limit).find(|at| self.ends_name(text, *at)).unwrap_or(limit);
            // 老板叫人来, 老板叫我走: an order, no name.
            if ["人", "我", "他", "你", "什么"].iter().any(|w| text.after(start).starts_with(w))
            {
                return None;
            }
            let whole = end < limit || end == text.len();
            (whole && end - start >= 2).then_some((start..end, NAMED))
        })
    }

    fn ends_name(&self, text: &Text<'_>, at: usize) -> bool {
        let silent = text.chars.get(at).is_none_or(|c| is_silent(*c));
        silent
            || ["的", "他", "电话", "在", "就", "这个", "我", "说", "欠", "不"]
                .iter()
                .any(|w| text.after(at).starts_with(w))
    }

    fn nouns(&self, text: &Text<'_>) -> Vec<(Range<usize>, f32)> {
        let mut found: Vec<(Range<usize>, f32)> = Vec::new();
        for (head, weight) in &self.heads {
            let mut from = 0;
            while let Some(at) = text.find(head, from) {
                from = at.end;
                let inside =
                    found.iter().any(|(span, _)| span.start < at.end && at.start < span.end);
                if !inside && !self.is_none(text, &at) {
                    let start = self.start(text, at.start);
                    let score = self.score(text, start..at.end, *weight);
                    found.push((start..at.end, score));
                }
            }
        }
        // Of equals the one named first.
        found.sort_by_key(|(span, _)| span.start);
        found
    }

    fn is_none(&self, text: &Text<'_>, at: &Range<usize>) -> bool {
        let from = at.start.saturating_sub(3);
        self.words.list("not").iter().any(|not| {
            text.find(not, from).is_some_and(|found| found.start < at.end && at.start < found.end)
        })
    }

    /// Where the name begins: at the first word before the noun that is no part of it.
    fn start(&self, text: &Text<'_>, head: usize) -> usize {
        let least = head.saturating_sub(BEFORE_MAX);
        let mut start = head;
        while start > least {
            let before = text.before(start);
            if let Some(place) = self.words.list("where").iter().find(|w| before.ends_with(**w)) {
                start = start.saturating_sub(place.chars().count());
                continue;
            }
            let closed = before.chars().next_back().is_none_or(is_silent);
            let opens = |kind: &str| self.words.list(kind).iter().any(|w| before.ends_with(w));
            if closed || opens("open") || opens("accuse") || opens("between") {
                break;
            }
            start -= 1;
        }
        // 从上周三开始那家店: half a phrase is no name.
        let led = text.slice(&(start..head));
        let strip = ["的", "们", "，"].iter().find(|w| led.starts_with(**w));
        start + strip.map_or(0, |w| w.chars().count())
    }

    fn score(&self, text: &Text<'_>, span: Range<usize>, weight: f32) -> f32 {
        let mut before = text.before(span.start);
        while let Some(rest) =
            self.words.list("skip").iter().find_map(|w| before.strip_suffix(w).filter(|r| !r.is_empty()))
        {
            before = rest;
        }
        let accused = self.words.list("accuse").iter().any(|w| before.ends_with(w));
        let straight = text.before(span.start);
        let asked = self.words.list("between").iter().any(|w| straight.ends_with(w));
        let told = self.words.list("said").iter().any(|w| text.after(span.end).starts_with(w));
        let mut score = weight;
        if accused {
            score += ACCUSED;
        }
        if asked {
            score -= BYSTANDER;
        }
        if told {
            score -= BYSTANDER;
        }
        score
    }
}
