//! Where: a division by the gazetteer, then the road, number, village or landmark in the caller's words.

use std::ops::Range;
use std::sync::Arc;

use super::IntakeError;
use super::contrast::contrast;
use super::lexicon::{Lists, rows};
use super::text::{Text, is_silent};
use crate::kernel::{Filled, Slot};
use crate::language::address::{Around, Division, Gazetteer, Level, Mention};

/// A detail ends within this many characters of the division.
const REACH: usize = 30;
/// A place that is only described counts less than a division.
const DETAIL_CONFIDENCE: f32 = 0.6;
const ANSWER_CONFIDENCE: f32 = 0.5;
/// A village by its characters, and by its sound.
const VILLAGE_CONFIDENCE: f32 = 0.9;
const HEARD_CONFIDENCE: f32 = 0.7;
/// The longest answer taken as a place when it names none that is known.
const ANSWER_CHARS_MAX: usize = 15;

pub(super) struct Places {
    gazetteer: Arc<Gazetteer>,
    around: Around,
    home: String,
    words: Lists,
}

#[derive(Default)]
pub(super) struct Place {
    pub(super) fact: Option<(Filled, Range<usize>)>,
    pub(super) options: Vec<Division>,
}

impl Places {
    pub(super) fn new(gazetteer: Arc<Gazetteer>, home: &str) -> Result<Places, IntakeError> {
        const KINDS: [&str; 8] =
            ["end", "firm", "unlike", "stop", "lead", "marker", "generic", "unknown"];
        let mut words = Lists::default();
        for (line, cells) in rows("places.tsv", include_str!("places.tsv"), 2)? {
            let [kind, list, ..] = cells.as_slice() else { continue };
            if !KINDS.contains(kind) {
                let detail = format!("{kind:?} is none of {KINDS:?}");
                return Err(IntakeError::Table { table: "places.tsv", line, detail });
            }
            words.push_longest_first(kind, list.split_whitespace().collect());
        }
        let around = gazetteer.around(home);
        Ok(Places { gazetteer, around, home: home.to_owned(), words })
    }

    /// `taken`: words that are something else: 11月20号 is no house.
    pub(super) fn find(
        &self,
        text: &Text<'_>,
        asked: Option<Slot>,
        taken: &[Range<usize>],
    ) -> Place {
        let eager = asked == Some(Slot::Place);
        let mut mentions = self.gazetteer.find(&self.around, &text.chars, None, eager);
        // 不是白龙桥镇，是汤溪镇: the place denied is no place told.
        if let Some(denied) = contrast(text.str()).and_then(|both| text.find(both.denied, 0)) {
            mentions.retain(|mention| !denied.contains(&mention.span.start));
        }
        let mention = self.best(text, mentions);
        if let Some(place) = self.village(text, mention.as_ref()) {
            return place;
        }
        if let Some(mention) = mention {
            return self.named(text, mention);
        }
        let span =
            self.described(text, taken).or_else(|| eager.then(|| self.answer(text)).flatten());
        let fact = span.map(|span| {
            let confidence = if eager { ANSWER_CONFIDENCE } else { DETAIL_CONFIDENCE };
            (text.filled(text.slice(&span), None, &span, confidence), span)
        });
        Place { fact, options: Vec::new() }
    }

    /// The most precise mention; of equals the one after 在 or 位于, then the first.
    fn best(&self, text: &Text<'_>, mentions: Vec<Mention>) -> Option<Mention> {
        let depth = |m: &Mention| {
            let known = m.division.as_ref().or(m.options.first());
            known.map_or(0, |d| d.code.len())
        };
        let marked = |m: &Mention| {
            let before = text.before(m.span.start);
            !before.ends_with("住在") && ["在", "位于"].iter().any(|w| before.ends_with(w))
        };
        // 江南街道, 永康的江南街道: the one that tells which.
        let rank = |m: &Mention| (depth(m), m.division.is_some(), marked(m));
        let mut best: Option<Mention> = None;
        for mention in mentions {
            let better = best.as_ref().is_none_or(|b| rank(&mention) > rank(b));
            if better {
                best = Some(mention);
            }
        }
        best
    }

    /// A village that the city's own file knows, where no township was told: its township, and the village as the detail.
    fn village(&self, text: &Text<'_>, mention: Option<&Mention>) -> Option<Place> {
        let told = mention.and_then(|mention| mention.division.as_ref());
        if told.is_some_and(|division| division.level == Level::Township) {
            return None;
        }
        let under = told.map_or(self.home.as_str(), |division| division.code.as_str());
        let village = self.gazetteer.village_in(&text.chars, under)?;
        let detail = self.detail(text, village.span.start, village.span.len(), true);
        let end = detail.map_or(village.span.end, |detail| detail.end.max(village.span.end));
        let from = mention.map_or(village.span.start, |m| m.span.start.min(village.span.start));
        let span = from..end;
        let words = text.slice(&(village.span.start..end));
        let confidence = if village.exact { VILLAGE_CONFIDENCE } else { HEARD_CONFIDENCE };
        let (value, code, options) = match village.townships.as_slice() {
            [township] => {
                (format!("{} {words}", township.full_name), Some(township.code.clone()), Vec::new())
            }
            several => (words.to_owned(), None, several.to_vec()),
        };
        let fact = Some((text.filled(value, code, &span, confidence), span));
        Some(Place { fact, options })
    }

    fn named(&self, text: &Text<'_>, mention: Mention) -> Place {
        let detail = self.detail(text, mention.span.end, 2, true);
        let detail = detail.filter(|span| self.says_where(text.slice(span)));
        let span = mention.span.start..detail.as_ref().map_or(mention.span.end, |d| d.end);
        let (name, code) = match &mention.division {
            Some(division) => (division.full_name.as_str(), Some(division.code.clone())),
            None => (text.slice(&mention.span), None),
        };
        let detail = detail.map(|d| text.slice(&d)).unwrap_or_default();
        let value = if detail.is_empty() { name.to_owned() } else { format!("{name} {detail}") };
        let fact = Some((text.filled(value, code, &span, mention.confidence), span));
        Place { fact, options: mention.options }
    }

    /// The free words of a place from character `from` on, at least `least` characters of them. `any_end`: 门口 and
    /// 对面 will do, not only 路 and 号.
    fn detail(
        &self,
        text: &Text<'_>,
        from: usize,
        least: usize,
        any_end: bool,
    ) -> Option<Range<usize>> {
        let mut start = from;
        while let Some(word) =
            self.words.list("lead").iter().find(|w| text.after(start).starts_with(**w))
        {
            start += word.chars().count();
        }
        let limit = (start + REACH).min(text.len());
        let closed = |at: &usize| {
            let c = text.chars.get(*at).copied().unwrap_or('。');
            let breaks = is_silent(c) && c != '-' && c != ' ';
            breaks || self.words.list("stop").iter().any(|w| text.after(*at).starts_with(w))
        };
        let limit = (start..limit).find(closed).unwrap_or(limit);
        let ends = (start + least..=limit).rev().find(|end| {
            let words = text.slice(&(start..*end));
            let ends = |kind: &str| self.words.list(kind).iter().any(|w| words.ends_with(w));
            (ends("firm") || any_end && ends("end")) && !ends("unlike")
        })?;
        (ends > start).then_some(start..ends)
    }

    /// A place that no division opens: 在临江路12号, 我们阳光花园.
    fn described(&self, text: &Text<'_>, taken: &[Range<usize>]) -> Option<Range<usize>> {
        let mut best: Option<Range<usize>> = None;
        for at in 0..text.len() {
            let marked = self.words.list("marker").iter().any(|w| text.before(at).ends_with(w));
            let opens = at == 0 || text.chars.get(at - 1).is_some_and(|c| is_silent(*c));
            let marker_next =
                self.words.list("marker").iter().any(|w| text.after(at).starts_with(w));
            if marker_next || !marked && !opens {
                continue;
            }
            let Some(span) = self.detail(text, at, 3, marked) else { continue };
            if taken.iter().any(|t| t.start < span.end && span.start < t.end) {
                continue;
            }
            let longer = best.as_ref().is_none_or(|b| {
                span.len() > b.len() && !(b.start <= span.start && span.end <= b.end)
            });
            if longer && self.says_where(text.slice(&span)) {
                best = Some(span);
            }
        }
        best
    }

    /// Whether anything is left without 我家, 小区, 旁边.
    fn says_where(&self, words: &str) -> bool {
        let mut rest = words.to_owned();
        for generic in self.words.list("generic") {
            rest = rest.replace(generic, "");
        }
        rest.chars().filter(|c| !is_silent(*c)).count() >= 2
    }

    fn answer(&self, text: &Text<'_>) -> Option<Range<usize>> {
        let core = text.core();
        let said = text.sounding(&core);
        let unknown = self.words.list("unknown").iter().any(|w| text.str().contains(w));
        let where_said = !unknown
            && (2..=ANSWER_CHARS_MAX).contains(&said)
            && self.says_where(text.slice(&core));
        where_said.then_some(core)
    }
}
