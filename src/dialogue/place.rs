//! The place read back, with the time and the sum where they are new: one turn, and one part of it may be put right.

use super::contract::Understood;
use super::filling::PLACE_ROUNDS_MAX;
use super::hearing;
use super::lines::Line;
use super::machine::Dialogue;
use super::state::Ask;
use super::tries::{Failing, Tries};
use crate::intake::{corrected_words, place_parts};
use crate::kernel::{Evidence, Filled, Moment, Slot};
use crate::language::numbers::numerals;

/// From this confidence on a place without a division code may replace one that was read back.
const PLACE_SURE_MIN: f32 = 0.6;

/// A sum of money is read back where the matter is about it.
const ABOUT_MONEY: [&str; 10] =
    ["工资", "欠", "退款", "退钱", "押金", "赔", "罚", "收费", "骗", "补偿"];

impl Dialogue {
    pub(super) fn read_back(&mut self, now: Moment) {
        self.place_rounds = self.place_rounds.saturating_add(1);
        let place = self.place_value();
        let facts = self.facts_read_back();
        self.facts_told_back = !facts.is_empty();
        let line = if facts.is_empty() { Line::PlaceBack } else { Line::PlaceTimeBack };
        let values = [("place", place.as_str()), ("facts", facts.as_str())];
        self.ask(now, Vec::new(), Ask::PlaceBack, line, &values);
    }

    pub(super) fn place_value(&self) -> String {
        self.draft.get(Slot::Place).map_or(String::new(), |place| place.value.clone())
    }

    /// What is read back with the place: the time, and the sum where the matter is about one.
    pub(super) fn facts_read_back(&self) -> String {
        let time = self.draft.get(Slot::Time).filter(|_| !self.draft.is_confirmed(Slot::Time));
        // 半夜 alone is no day: there is nothing to mishear in it that matters.
        let time = time.filter(|time| has_day(time)).map(|time| format!("时间是{}", time.value));
        let told = self.draft.get(Slot::Narrative).map_or("", |told| told.value.as_str());
        let sum = sum_of_money(told).map(|sum| format!("金额是{sum}"));
        time.into_iter().chain(sum).collect::<Vec<String>>().join("，")
    }

    /// Words after the place was read back: agreed, wrong, a part put right, or another place instead.
    pub(super) fn place_heard(&mut self, now: Moment, tries: Tries, u: Understood) {
        let yes_no = u.reading.yes_no;
        if yes_no != Some(true) && self.part_corrected(now, &u) {
            return;
        }
        let before = self.draft.get(Slot::Place).cloned();
        let told = u.reading.fact(Slot::Place).cloned();
        // A yes or no misheard looks like a nameless place: it must not take the place of a good one.
        let doubtful = told.as_ref().is_some_and(|place| {
            place.code.is_none() && place.evidence.iter().all(|e| e.confidence < PLACE_SURE_MIN)
        });
        let bare = told.is_none() && hearing::is_doubtful(&u);
        if bare || (doubtful && yes_no.is_none()) {
            return self.ask_again(now, Ask::PlaceBack, tries, Failing::Unclear);
        }
        self.draft.merge(&u.reading, &u.utterance);
        if yes_no == Some(true)
            && told.as_ref().is_none_or(|place| place.code.is_none())
            && let Some(before) = &before
        {
            // 对的，没错: words of agreement are no part of the address.
            self.draft.replace(Slot::Place, before.clone());
        }
        match (yes_no, told) {
            (Some(true), _) => self.place_confirmed(now),
            (_, Some(place)) => {
                let same = before.as_ref().is_some_and(|before| before.value == place.value);
                let place = before.map_or_else(|| place.clone(), |b| with_detail_of(&b, &place));
                self.draft.replace(Slot::Place, place);
                if same { self.place_confirmed(now) } else { self.take_down(now) }
            }
            (Some(false), None) => self.place_wrong(now),
            (None, None) => self.ask_again(now, Ask::PlaceBack, tries, Failing::Unclear),
        }
    }

    /// One part was put right and the rest stands. False when no part was.
    fn part_corrected(&mut self, now: Moment, u: &Understood) -> bool {
        let text = &u.utterance.text;
        let told = u.reading.fact(Slot::Place);
        if told.is_some_and(|place| place.code.is_some()) {
            return false;
        }
        if let Some(time) = u.reading.fact(Slot::Time).filter(|_| self.facts_told_back) {
            self.draft.replace(Slot::Time, time.clone());
            self.place_confirmed(now);
            return true;
        }
        for slot in [Slot::Place, Slot::Narrative] {
            let Some(before) = self.draft.get(slot).cloned() else { continue };
            let Some(value) = corrected_words(&before.value, text) else { continue };
            if value == before.value {
                continue;
            }
            self.draft.replace(slot, corrected(&before, value, u.utterance.evidence()));
            if slot == Slot::Place {
                self.take_down(now);
            } else {
                self.place_confirmed(now);
            }
            return true;
        }
        false
    }

    pub(super) fn place_confirmed(&mut self, now: Moment) {
        self.draft.confirm(Slot::Place);
        if self.facts_told_back {
            self.draft.confirm(Slot::Time);
        }
        self.take_down(now);
    }

    /// A place that the caller denies does not stand on the ticket.
    pub(super) fn place_wrong(&mut self, now: Moment) {
        self.draft.clear(Slot::Place);
        if self.place_rounds >= PLACE_ROUNDS_MAX {
            return self.take_down(now);
        }
        if !self.questions.contains(&Slot::Place) {
            self.questions.push(Slot::Place);
        }
        self.save();
        let line = if self.facts_told_back { Line::FactsCorrect } else { Line::PlaceCorrect };
        self.ask(now, Vec::new(), Ask::Fill(Slot::Place), line, &[]);
    }
}

/// The new division with the road and the number that were told before.
fn with_detail_of(before: &Filled, told: &Filled) -> Filled {
    let (_, old) = place_parts(&before.value, before.code.is_some());
    let (_, new) = place_parts(&told.value, told.code.is_some());
    if told.code.is_none() || old.is_empty() || !new.is_empty() {
        return told.clone();
    }
    let evidence = before.evidence.iter().chain(&told.evidence).copied().collect();
    Filled { value: format!("{} {old}", told.value), evidence, ..told.clone() }
}

/// `before` with a part put right. Its code stands as long as the division does.
fn corrected(before: &Filled, value: String, evidence: Evidence) -> Filled {
    let division = place_parts(&before.value, before.code.is_some()).0;
    let code = before.code.clone().filter(|_| value.starts_with(division));
    let evidence = before.evidence.iter().copied().chain([evidence]).collect();
    Filled { value, code, evidence, ..before.clone() }
}

fn has_day(time: &Filled) -> bool {
    time.code.as_ref().is_some_and(|code| code.starts_with(|c: char| c.is_ascii_digit()))
}

/// 8600元 of 老板拖欠工资8600元.
fn sum_of_money(told: &str) -> Option<&str> {
    if !ABOUT_MONEY.iter().any(|word| told.contains(word)) {
        return None;
    }
    numerals(told).into_iter().find_map(|number| {
        let after = told.get(number.range.end..)?;
        let unit = ["块钱", "元", "块"].iter().find(|unit| after.starts_with(**unit))?;
        told.get(number.range.start..number.range.end + unit.len())
    })
}
