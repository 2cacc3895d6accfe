//! What happened and what is wanted, in the caller's own words.

use std::ops::Range;

use super::IntakeError;
use super::lexicon::Lists;
use super::reading::Reading;
use super::text::{Text, is_silent};
use crate::kernel::{Filled, Slot};

/// Sounding characters: shorter ones are answers and asides, not a story.
const STORY_MIN: usize = 8;
/// An answer to 您要反映什么, or words of a known topic, may be short.
const TOLD_MIN: usize = 3;
/// A story that names no known topic must be longer.
const UNKNOWN_STORY_MIN: usize = 12;
/// An answer to where, when or who is a story only when it is this long or tells of a topic.
const ANSWER_MAX: usize = 15;
const DEMAND_MIN: usize = 4;
const DEMAND_MAX: usize = 60;
/// 希望你们 alone wants nothing yet: the next clause belongs to it.
const DEMAND_REST_MIN: usize = 2;
const STORY_CONFIDENCE: f32 = 1.0;
const DEMAND_CONFIDENCE: f32 = 0.8;

pub(super) struct Narratives {
    words: Lists,
}

impl Narratives {
    pub(super) fn new() -> Result<Narratives, IntakeError> {
        Ok(Narratives { words: Lists::read("narratives.tsv", include_str!("narratives.tsv"))? })
    }

    /// The narrative and the demand of one utterance, as far as it has them. `taken`: the words of other fields.
    pub(super) fn find(
        &self,
        text: &Text<'_>,
        reading: &Reading,
        asked: Option<Slot>,
        taken: &[Range<usize>],
    ) -> Vec<(Slot, Filled)> {
        let mut facts = Vec::new();
        let core = text.core();
        if reading.command.is_some() && text.sounding(&core) < UNKNOWN_STORY_MIN {
            return facts;
        }
        let told = core.clone().filter(|at| !taken.iter().any(|t| t.contains(at)));
        let rest = told.map(|at| text.sounding(&(at..at + 1))).sum();
        if self.is_story(text.sounding(&core), rest, reading, asked) {
            let words = self.clean(text, &core);
            if !words.is_empty() {
                facts.push((Slot::Narrative, text.filled(words, None, &core, STORY_CONFIDENCE)));
            }
        }
        if let Some(span) = self.demand(text, reading.asks_question) {
            let words = text.slice(&span);
            facts.push((Slot::Demand, text.filled(words, None, &span, DEMAND_CONFIDENCE)));
        }
        facts
    }

    /// `said`: how many characters sound; `rest`: how many of them are no place, time, name or number.
    fn is_story(&self, said: usize, rest: usize, reading: &Reading, asked: Option<Slot>) -> bool {
        let topic = !reading.topics.is_empty();
        let known = topic || reading.matter.is_some();
        let short = said < UNKNOWN_STORY_MIN;
        let answer = reading.yes_no.is_some() || reading.grade.is_some();
        if answer && short && !topic {
            return false;
        }
        match asked {
            Some(Slot::Narrative) => said >= TOLD_MIN,
            Some(Slot::Place | Slot::Time | Slot::Caller | Slot::Number) => {
                rest > ANSWER_MAX || (topic && rest >= STORY_MIN)
            }
            _ if topic => said >= TOLD_MIN,
            _ => rest >= if known { STORY_MIN } else { UNKNOWN_STORY_MIN },
        }
    }

    /// The words without fillers and stutter; the caller's otherwise.
    fn clean(&self, text: &Text<'_>, core: &Range<usize>) -> String {
        let mut words = String::new();
        let mut at = core.start;
        while at < core.end {
            let after = text.slice(&(at..core.end));
            if let Some(loose) = self.words.list("loose").iter().find(|w| after.starts_with(**w)) {
                at += loose.chars().count();
                continue;
            }
            let Some(c) = text.chars.get(at).copied() else { break };
            let stutter =
                words.ends_with(c) && self.words.list("stutter").iter().any(|s| s.starts_with(c));
            let doubled = is_silent(c) && words.chars().last().is_none_or(is_silent);
            if !stutter && !doubled {
                words.push(c);
            }
            at += 1;
        }
        words.trim_end_matches(is_silent).to_owned()
    }

    /// What is wanted, from 希望 to the end of the clause: callers tell it last, so the last clause that opens so counts.
    /// A word of asking counts only where the caller does not ask for information.
    fn demand(&self, text: &Text<'_>, asks_question: bool) -> Option<Range<usize>> {
        let mut best: Option<Range<usize>> = None;
        let mut start = 0;
        for at in 0..=text.len() {
            if text.chars.get(at).is_some_and(|c| !is_silent(*c)) {
                continue;
            }
            let clause = start..at;
            start = at + 1;
            let opening = self.opening(text, &clause, "demand");
            let opening = opening
                .or_else(|| if asks_question { None } else { self.opening(text, &clause, "ask") });
            let Some(opening) = opening else { continue };
            if let Some(span) = self.wanted(text, opening) {
                best = Some(span);
            }
        }
        best
    }

    /// The first opening of a kind within the clause.
    fn opening(&self, text: &Text<'_>, clause: &Range<usize>, kind: &str) -> Option<Range<usize>> {
        let found = self.words.list(kind).iter().filter_map(|word| text.find(word, clause.start));
        let found = found.filter(|span| span.end <= clause.end && !self.denied(text, span));
        found.min_by_key(|span| (span.start, std::cmp::Reverse(span.end)))
    }

    /// To the end of the clause, or of the next where the clause says too little.
    fn wanted(&self, text: &Text<'_>, opening: Range<usize>) -> Option<Range<usize>> {
        let limit = (opening.start + DEMAND_MAX).min(text.len());
        let closes = |at: &usize| text.chars.get(*at).is_some_and(|c| is_silent(*c));
        let mut end = (opening.end..limit).find(closes).unwrap_or(limit);
        while end < limit && text.sounding(&(opening.end..end)) < DEMAND_REST_MIN {
            end = (end + 1..limit).find(closes).unwrap_or(limit);
        }
        while end > opening.end && text.chars.get(end - 1).is_some_and(|c| is_silent(*c)) {
            end -= 1;
        }
        let span = opening.start..end;
        (text.sounding(&span) >= DEMAND_MIN).then_some(span)
    }

    fn denied(&self, text: &Text<'_>, span: &Range<usize>) -> bool {
        self.words.list("not").iter().any(|not| {
            let from = span.start.saturating_sub(2);
            text.find(not, from).is_some_and(|found| {
                // 我要求他们 holds 要求他 and denies nothing.
                let within = span.start < found.start && found.end <= span.end;
                found.start < span.end && span.start < found.end && !within
            })
        })
    }
}
