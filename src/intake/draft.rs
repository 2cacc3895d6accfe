//! The draft of a ticket: what the call has told so far.

use super::reading::{Reading, Topic};
use super::summary::{CLAUSES_MAX, Clause, summary};
use crate::kernel::evidence::Source;
use crate::kernel::{Evidence, Filled, Pii, Slot};
use crate::language::address::{Division, Level};
use crate::speech::{Speaker, Utterance};

/// The narrative on a draft is at most this long; what was said beyond it stays in the transcript.
pub const NARRATIVE_CHARS_MAX: usize = 300;
/// Shorter words, or words without any content, do not count as a narrative.
const NARRATIVE_CHARS_MIN: usize = 4;
/// Room for a road, a number, a building, a landmark.
const DETAIL_CHARS_MAX: usize = 60;

/// A draft holds at most one content per field. Nothing enters without evidence but the caller's number.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Draft {
    fields: Vec<(Slot, Filled)>,
    topics: Vec<Topic>,
    place_options: Vec<Division>,
    confirmed: Vec<Slot>,
    /// What was told, in pieces, for the summary.
    clauses: Vec<Clause>,
}

/// A nine-digit division code: the place is known down to township (乡, 镇, 街道).
pub fn place_is_precise_to_township(place: &Filled) -> bool {
    place.code.as_deref().and_then(Level::of_code) == Some(Level::Township)
}

impl Draft {
    /// `number` is the caller's, from the signalling.
    pub fn new(number: Option<Pii<String>>) -> Draft {
        let mut draft = Draft::default();
        if let Some(number) = number {
            let value = number.into_inner();
            let code = Some(value.clone());
            let filled = Filled { value, code, evidence: Vec::new(), source: Source::Signalling };
            draft.fields.push((Slot::Number, filled));
        }
        draft
    }

    /// Takes in what an utterance of the caller was read as. Later words refine a field: a place grows more
    /// precise, a narrative longer; a confirmed field stays until [`Draft::replace`].
    pub fn merge(&mut self, reading: &Reading, u: &Utterance) {
        if u.speaker != Speaker::Caller {
            return;
        }
        let place = reading.fact(Slot::Place);
        self.merge_options(&reading.place_options);
        for (slot, filled) in &reading.facts {
            if self.confirmed.contains(slot) {
                continue;
            }
            match slot {
                Slot::Narrative => self.append_narrative(filled),
                Slot::Place => self.merge_place(filled),
                Slot::Category => self.merge_topics(&reading.topics, filled),
                _ => self.keep_surer(*slot, filled),
            }
        }
        if place.is_some_and(place_is_precise_to_township) {
            self.place_options.clear();
        }
        let room = CLAUSES_MAX.saturating_sub(self.clauses.len());
        self.clauses.extend(reading.clauses.iter().take(room).cloned());
        self.sum_up();
    }

    fn sum_up(&mut self) {
        if self.clauses.is_empty() {
            return;
        }
        if let Some(filled) = summary(&self.clauses, self.get(Slot::Place), self.get(Slot::Demand))
        {
            self.set(Slot::Summary, filled);
        }
    }

    pub fn get(&self, slot: Slot) -> Option<&Filled> {
        self.fields.iter().find(|(s, _)| *s == slot).map(|(_, filled)| filled)
    }

    /// The filled fields in the order of the page.
    pub fn fields(&self) -> impl Iterator<Item = (Slot, &Filled)> {
        Slot::ALL.into_iter().filter_map(|slot| self.get(slot).map(|filled| (slot, filled)))
    }

    /// What a ticket still needs, in the order to ask: the place (to township), what happened, when.
    pub fn missing(&self) -> Vec<Slot> {
        let mut missing = Vec::new();
        if !self.get(Slot::Place).is_some_and(place_is_precise_to_township) {
            missing.push(Slot::Place);
        }
        let told = self.get(Slot::Narrative).map_or(0, |n| n.value.chars().count());
        if told < NARRATIVE_CHARS_MIN {
            missing.push(Slot::Narrative);
        }
        if self.get(Slot::Time).is_none() {
            missing.push(Slot::Time);
        }
        missing
    }

    /// Divisions that the caller's place may mean, when more than one is possible.
    pub fn place_options(&self) -> &[Division] {
        &self.place_options
    }

    /// At most three topics, the likeliest first, over the whole call.
    pub fn topics(&self) -> &[Topic] {
        &self.topics
    }

    /// The caller agreed to what was read back: later words no longer change it.
    pub fn confirm(&mut self, slot: Slot) {
        if self.get(slot).is_some() && !self.confirmed.contains(&slot) {
            self.confirmed.push(slot);
        }
    }

    pub fn is_confirmed(&self, slot: Slot) -> bool {
        self.confirmed.contains(&slot)
    }

    /// Puts `filled` in the place of what stood there, as when the caller corrects a place read back.
    pub fn replace(&mut self, slot: Slot, filled: Filled) {
        self.clear(slot);
        self.fields.push((slot, filled));
        self.sum_up();
    }

    /// Takes a field off the draft, as when the caller says that the place read back is wrong.
    pub fn clear(&mut self, slot: Slot) {
        self.fields.retain(|(s, _)| *s != slot);
        self.confirmed.retain(|s| *s != slot);
        if slot == Slot::Place {
            self.place_options.clear();
            self.sum_up();
        }
    }

    fn set(&mut self, slot: Slot, filled: Filled) {
        match self.fields.iter_mut().find(|(s, _)| *s == slot) {
            Some((_, old)) => *old = filled,
            None => self.fields.push((slot, filled)),
        }
    }

    fn keep_surer(&mut self, slot: Slot, new: &Filled) {
        let keep = match self.get(slot) {
            // What the caller says is their number or time now counts more than what the network said.
            Some(old) if old.source == Source::Spoken => surety(old) > surety(new),
            Some(old) => matches!(old.source, Source::Keys | Source::Staff),
            None => false,
        };
        if !keep {
            self.set(slot, new.clone());
        }
    }

    fn append_narrative(&mut self, new: &Filled) {
        let Some(old) = self.get(Slot::Narrative) else {
            let mut first = new.clone();
            first.value = first.value.chars().take(NARRATIVE_CHARS_MAX).collect();
            self.set(Slot::Narrative, first);
            return;
        };
        let room = NARRATIVE_CHARS_MAX.saturating_sub(old.value.chars().count() + 1);
        if room == 0 || old.value.contains(&new.value) {
            return;
        }
        let mut joined = old.clone();
        joined.value.push('；');
        joined.value.extend(new.value.chars().take(room));
        joined.evidence.extend(&new.evidence);
        self.set(Slot::Narrative, joined);
    }

    fn merge_options(&mut self, options: &[Division]) {
        if options.is_empty() {
            return;
        }
        self.place_options = options.to_vec();
        // An earlier mention may tell which one is meant.
        let known = self.get(Slot::Place).and_then(|p| p.code.clone());
        if let Some(code) = known {
            let under: Vec<Division> =
                options.iter().filter(|d| d.code.starts_with(&code)).cloned().collect();
            if !under.is_empty() {
                self.place_options = under;
            }
        }
    }

    fn merge_place(&mut self, new: &Filled) {
        let merged = match self.get(Slot::Place) {
            Some(old) => join_places(old, new, &self.place_options),
            None => new.clone(),
        };
        if place_is_precise_to_township(&merged) {
            self.place_options.clear();
        }
        self.set(Slot::Place, merged);
    }

    fn merge_topics(&mut self, topics: &[Topic], new: &Filled) {
        for topic in topics {
            match self.topics.iter_mut().find(|t| t.code == topic.code) {
                // Two independent hints: 1 - (1 - a)(1 - b).
                Some(old) => {
                    old.confidence = 1.0 - (1.0 - old.confidence) * (1.0 - topic.confidence);
                }
                None => self.topics.push(topic.clone()),
            }
        }
        self.topics.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
        self.topics.truncate(3);
        let Some(best) = self.topics.first().cloned() else { return };
        let old = self.get(Slot::Category);
        let mut evidence = match old {
            Some(old) if old.code.as_deref() == Some(best.code.as_str()) => old.evidence.clone(),
            _ => Vec::new(),
        };
        if new.code.as_deref() == Some(best.code.as_str()) {
            evidence.extend(&new.evidence);
        }
        if evidence.is_empty() {
            return;
        }
        let filled =
            Filled { value: best.name, code: Some(best.code), evidence, source: Source::Spoken };
        self.set(Slot::Category, filled);
    }
}

fn surety(filled: &Filled) -> f32 {
    filled.evidence.iter().map(|e| e.confidence).fold(0.0, f32::max)
}

/// A place's division and its free detail: 浙江省金华市婺城区白龙桥镇 and 临江路工地. A space parts them.
pub fn place_parts(value: &str, has_code: bool) -> (&str, &str) {
    match value.split_once(' ') {
        Some(parts) => parts,
        None if has_code => (value, ""),
        None => ("", value),
    }
}

fn join_places(old: &Filled, new: &Filled, options: &[Division]) -> Filled {
    let (old_code, new_code) = (code_of(old), code_of(new));
    let (old_name, old_detail) = place_parts(&old.value, !old_code.is_empty());
    let (new_name, new_detail) = place_parts(&new.value, !new_code.is_empty());
    let evidence: Vec<Evidence> = old.evidence.iter().chain(&new.evidence).copied().collect();
    let anchor = if new_code.is_empty() { old_code } else { new_code };
    let mut under = options.iter().filter(|d| !anchor.is_empty() && d.code.starts_with(anchor));
    if let (Some(one), None) = (under.next(), under.next())
        && (new_code.is_empty() || old_code.is_empty())
        && one.code != anchor
    {
        let detail = join_details(old_detail, new_detail, &one.name);
        return place(&one.full_name, Some(&one.code), &detail, evidence);
    }
    if new_code.is_empty() {
        let detail = join_details(old_detail, new_detail, "");
        return place(old_name, old.code.as_deref(), &detail, evidence);
    }
    if new_code.starts_with(old_code) {
        let detail = join_details(old_detail, new_detail, new_name);
        return place(new_name, new.code.as_deref(), &detail, evidence);
    }
    if old_code.starts_with(new_code) {
        let detail = join_details(old_detail, new_detail, "");
        return place(old_name, old.code.as_deref(), &detail, evidence);
    }
    // Another place: a later word as precise as the first corrects it; a vaguer one is an aside.
    if new_code.len() >= old_code.len() { new.clone() } else { old.clone() }
}

fn code_of(filled: &Filled) -> &str {
    filled.code.as_deref().unwrap_or_default()
}

fn place(name: &str, code: Option<&str>, detail: &str, evidence: Vec<Evidence>) -> Filled {
    let value = match (name.is_empty(), detail.is_empty()) {
        (false, false) => format!("{name} {detail}"),
        (false, true) => name.to_owned(),
        _ => detail.to_owned(),
    };
    Filled { value, code: code.map(str::to_owned), evidence, source: Source::Spoken }
}

/// Both details, without what the division's name already says.
fn join_details(old: &str, new: &str, division: &str) -> String {
    let said = |detail: &str| detail.is_empty() || division.contains(detail);
    match (said(old), said(new)) {
        (true, true) => String::new(),
        (true, false) => new.to_owned(),
        (false, true) => old.to_owned(),
        (false, false) if old.contains(new) => old.to_owned(),
        (false, false) if new.contains(old) => new.to_owned(),
        (false, false) => {
            let joined = format!("{old}，{new}");
            if joined.chars().count() > DETAIL_CHARS_MAX { new.to_owned() } else { joined }
        }
    }
}
