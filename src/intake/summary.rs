//! 摘要: the matter in at most [`SUMMARY_CHARS_MAX`] characters of the caller's own words, without a language model.
//!
//! What was told is parted into clauses; greetings, numbers of telephones, the caller's own name and what is said
//! twice are left out. Of the rest the clauses that tell most are taken as far as they fit, and stand in the order in
//! which they were told: where, when, what happened, what is wanted.

use std::collections::BTreeSet;
use std::ops::Range;

use super::IntakeError;
use super::lexicon::{Lists, rows};
use super::text::{Text, is_silent};
use crate::kernel::evidence::Source;
use crate::kernel::{Evidence, Filled};

/// A summary is at most this long.
pub const SUMMARY_CHARS_MAX: usize = 120;
/// A draft keeps at most so many clauses; those beyond tell hardly anything new.
pub(super) const CLAUSES_MAX: usize = 80;
/// A clause without a pause that is longer is parted where a new thought begins.
const CLAUSE_CHARS_MAX: usize = 22;
const PART_MIN: usize = 6;
const SOUNDS_MIN: usize = 3;
/// Two clauses that share so much of their pairs of characters say the same.
const SAME: f32 = 0.6;
/// A longer place is told by its last division and its detail.
const PLACE_CHARS_MAX: usize = 36;
/// A verb of wanting stands within so many characters of a demand.
const WISH_CHARS: usize = 5;

/// A piece of what was told.
#[derive(Clone, PartialEq, Debug)]
pub struct Clause {
    pub words: String,
    pub evidence: Evidence,
    /// How much it tells; 0 and less is left out.
    pub weight: f32,
}

pub(super) struct Summaries {
    words: Lists,
}

/// What of an utterance is something else than the matter, and what is its heart.
pub(super) struct Marks<'a> {
    /// A telephone number, the caller's name.
    pub(super) drop: &'a [Range<usize>],
    /// The words that told the category.
    pub(super) heart: Option<Evidence>,
    /// The words of the demand: they stand at the end of the summary.
    pub(super) demand: Option<Evidence>,
}

impl Summaries {
    pub(super) fn new() -> Result<Summaries, IntakeError> {
        let mut words = Lists::default();
        for (_, cells) in rows("summaries.tsv", include_str!("summaries.tsv"), 2)? {
            let [kind, list, ..] = cells.as_slice() else { continue };
            words.push_longest_first(kind, list.split_whitespace().collect());
        }
        Ok(Summaries { words })
    }

    /// The clauses of one utterance that tell something.
    pub(super) fn clauses(&self, text: &Text<'_>, marks: &Marks<'_>) -> Vec<Clause> {
        let spans = self.spans(text);
        let mut clauses = Vec::new();
        for span in spans {
            let words = self.clean(text, &span, marks.drop);
            let sounds = words.chars().filter(|c| !is_silent(*c)).count();
            if sounds < SOUNDS_MIN || self.words.list("empty").contains(&words.as_str()) {
                continue;
            }
            let evidence = text.evidence(&span, 1.0);
            let weight = self.weight(&words, sounds, evidence, marks);
            clauses.push(Clause { words, evidence, weight });
        }
        clauses
    }

    fn spans(&self, text: &Text<'_>) -> Vec<Range<usize>> {
        let mut spans = Vec::new();
        let mut start = None;
        for at in 0..=text.len() {
            let breaks =
                text.chars.get(at).is_none_or(|c| is_silent(*c) && !matches!(c, '-' | '.' | ' '));
            match (breaks, start) {
                (false, None) => start = Some(at),
                (true, Some(from)) => {
                    self.part(text, from..at, &mut spans);
                    start = None;
                }
                _ => {}
            }
        }
        spans
    }

    /// Recognisers leave out commas: a long run is parted before 我们, 现在, 希望.
    fn part(&self, text: &Text<'_>, span: Range<usize>, spans: &mut Vec<Range<usize>>) {
        if span.len() <= CLAUSE_CHARS_MAX {
            spans.push(span);
            return;
        }
        let opens = |at: &usize| self.words.list("joint").iter().any(|w| text.after(*at).starts_with(w));
        let middle = span.start + span.len() / 2;
        let joints = (span.start + PART_MIN..span.end.saturating_sub(PART_MIN)).filter(opens);
        match joints.min_by_key(|at| at.abs_diff(middle)) {
            Some(at) => {
                self.part(text, span.start..at, spans);
                self.part(text, at..span.end, spans);
            }
            None => spans.push(span),
        }
    }

    fn clean(&self, text: &Text<'_>, span: &Range<usize>, drop: &[Range<usize>]) -> String {
        let mut words = String::new();
        let mut at = span.start;
        while at < span.end {
            let loose = self.words.list("loose").iter().find(|w| text.after(at).starts_with(**w));
            if let Some(loose) = loose {
                at += loose.chars().count();
                continue;
            }
            let Some(c) = text.chars.get(at).copied() else { break };
            // 我我: a character said twice by halting speech.
            let stutter = words.ends_with(c) && "我这那就他你在".contains(c);
            if !stutter && !drop.iter().any(|d| d.contains(&at)) {
                words.push(c);
            }
            at += 1;
        }
        let mut rest = words.as_str();
        while let Some(shorter) = self.words.list("opening").iter().find_map(|w| rest.strip_prefix(w)) {
            rest = shorter;
        }
        while let Some(shorter) = self.words.list("tail").iter().find_map(|w| rest.strip_suffix(w)) {
            rest = shorter;
        }
        rest.trim_matches(is_silent).to_owned()
    }

    fn weight(&self, words: &str, sounds: usize, evidence: Evidence, marks: &Marks<'_>) -> f32 {
        let has =
            |kind: &str| self.words.list(kind).iter().filter(|w| words.contains(**w)).count() as f32;
        let meets = |other: Option<Evidence>| {
            other.is_some_and(|o| o.start_ms < evidence.end_ms && evidence.start_ms < o.end_ms)
        };
        if meets(marks.demand) {
            // It has its own place.
            return 0.0;
        }
        let mut weight = 0.5 + (sounds.min(14) as f32) / 14.0 + 0.45 * has("heavy").min(3.0);
        if meets(marks.heart) {
            weight += 2.0;
        }
        if has("lament") > 0.0 {
            weight -= 1.0;
        }
        if self.words.list("own").iter().any(|w| words.starts_with(w)) {
            weight -= 0.8;
        }
        weight.max(0.05)
    }
}

/// The summary of what was told. `place`: the place as it stands on the draft, `demand`: what is wanted.
pub(super) fn summary(
    clauses: &[Clause],
    place: Option<&Filled>,
    demand: Option<&Filled>,
) -> Option<Filled> {
    let mut evidence: Vec<Evidence> = Vec::new();
    let place = place.map(|place| (short_place(&place.value), place));
    let opening = place.as_ref().map_or(String::new(), |(words, _)| words.clone());
    let wanted = demand.map_or(String::new(), |demand| demand_words(&demand.value));
    let ending = if wanted.is_empty() { 0 } else { wanted.chars().count() + 1 };
    // A comma after the place, a full stop at the end.
    let mut room = SUMMARY_CHARS_MAX.saturating_sub(opening.chars().count() + ending + 2);
    let chosen = choose(clauses, &mut room, &opening, &wanted);
    if chosen.is_empty() && wanted.is_empty() {
        return None;
    }
    let mut words = opening;
    for clause in &chosen {
        if !words.is_empty() {
            words.push('，');
        }
        words.push_str(&clause.words);
        evidence.push(clause.evidence);
    }
    if !wanted.is_empty() {
        if !words.is_empty() {
            words.push('；');
        }
        words.push_str(&wanted);
        evidence.extend(demand.iter().flat_map(|demand| &demand.evidence));
    }
    words.push('。');
    if let Some((_, place)) = place {
        evidence.splice(0..0, place.evidence.iter().copied());
    }
    let value: String = words.chars().take(SUMMARY_CHARS_MAX).collect();
    (!evidence.is_empty()).then_some(Filled { value, code: None, evidence, source: Source::Spoken })
}

/// The heaviest clauses that fit, none said twice, in the order in which they were told.
fn choose<'a>(
    clauses: &'a [Clause],
    room: &mut usize,
    opening: &str,
    wanted: &str,
) -> Vec<&'a Clause> {
    let mut order: Vec<(usize, &Clause)> =
        clauses.iter().enumerate().filter(|(_, c)| c.weight > 0.0).collect();
    order.sort_by(|(n, a), (m, b)| b.weight.total_cmp(&a.weight).then(n.cmp(m)));
    let mut kept: Vec<(usize, &Clause)> = Vec::new();
    for (n, clause) in order {
        let length = clause.words.chars().count() + 1;
        // 我住在白龙桥镇清江路 says no more than the place before it.
        let said = within(&clause.words, opening) || wanted.contains(&clause.words);
        let twice = kept.iter().any(|(_, other)| same(&clause.words, &other.words));
        if length <= *room && !said && !twice {
            *room -= length;
            kept.push((n, clause));
        }
    }
    kept.sort_by_key(|(n, _)| *n);
    kept.into_iter().map(|(_, clause)| clause).collect()
}

fn pairs(words: &str) -> BTreeSet<(char, char)> {
    words.chars().zip(words.chars().skip(1)).collect()
}

/// Whether nearly all of the words stand in the whole.
fn within(words: &str, whole: &str) -> bool {
    let (own, all) = (pairs(words), pairs(whole));
    let shared = own.intersection(&all).count();
    whole.contains(words) || shared as f32 >= SAME * own.len().max(1) as f32
}

fn same(one: &str, other: &str) -> bool {
    if one.contains(other) || other.contains(one) {
        return true;
    }
    let (a, b) = (pairs(one), pairs(other));
    let least = a.len().min(b.len()).max(1);
    a.intersection(&b).count() as f32 / least as f32 >= SAME
}

/// 婺城区白龙桥镇临江路12号: without the province and the city, which every ticket of a hotline shares.
fn short_place(value: &str) -> String {
    let (division, detail) = super::draft::place_parts(value, true);
    let city = division.find('市').map(|at| at + '市'.len_utf8()).filter(|at| *at < division.len());
    let near = city.and_then(|at| division.get(at..)).unwrap_or(division);
    let whole = format!("{near}{detail}");
    whole.chars().take(PLACE_CHARS_MAX).collect()
}

/// With a verb of wanting before it where the caller's words have none.
fn demand_words(value: &str) -> String {
    let wants = [
        "希望",
        "要求",
        "请",
        "建议",
        "能不能",
        "求",
        "想",
        "要",
        "恳",
        "盼",
        "可不可以",
        "能否",
        "应该",
    ];
    let value = value.trim_end_matches(is_silent);
    // 我就想让他, 你们一定要: the wish is said within the first words.
    let opening: String = value.chars().take(WISH_CHARS).collect();
    if value.is_empty() || wants.iter().any(|w| opening.contains(w)) {
        value.to_owned()
    } else {
        format!("要求{value}")
    }
}
