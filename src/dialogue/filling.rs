//! Taking down a ticket: at most two questions for what is missing.

use super::contract::{HandOverReason, Understood};
use super::hearing;
use super::lines::Line;
use super::machine::Dialogue;
use super::number::{Dictation, Then};
use super::state::Ask;
use super::tries::{Failing, Tries};
use crate::intake::MatterType;
use crate::kernel::{Moment, Slot};

/// Questions for missing fields before a person takes over.
pub(super) const QUESTIONS_MAX: usize = 2;
/// How often a place is read back.
pub(super) const PLACE_ROUNDS_MAX: u8 = 2;

/// What a ticket in the making needs next.
enum Need {
    Field(Slot),
    ReadBack,
    /// A number that was told unasked.
    Number,
    Person,
}

impl Dialogue {
    /// The next step to a ticket: a question, the place read back, or the person who goes on.
    pub(super) fn take_down(&mut self, now: Moment) {
        self.save();
        match self.need() {
            Need::Field(slot) => {
                self.questions.push(slot);
                self.ask_slot(now, slot);
            }
            Need::ReadBack => self.read_back(now),
            Need::Number => match self.untested_number() {
                Some(number) => {
                    let number = Dictation::told(number, Then::TakeDown);
                    self.read_number_back(now, number);
                }
                None => self.hand_over(now, HandOverReason::Ticket, None),
            },
            Need::Person => self.hand_over(now, HandOverReason::Ticket, None),
        }
    }

    fn need(&self) -> Need {
        let missing = self.draft.missing();
        let may_ask = |slot: Slot| {
            self.questions.len() < QUESTIONS_MAX
                && missing.contains(&slot)
                && !self.questions.contains(&slot)
        };
        // 我要投诉 alone: what it is about comes before where.
        if may_ask(Slot::Narrative) {
            return Need::Field(Slot::Narrative);
        }
        let kind = self.draft.get(Slot::MatterType).and_then(|m| m.code.as_deref());
        let placeless = [MatterType::Suggestion, MatterType::Praise].map(MatterType::key);
        if kind.is_some_and(|kind| placeless.contains(&kind)) {
            return self.last_need();
        }
        if may_ask(Slot::Place) {
            return Need::Field(Slot::Place);
        }
        let place = self.draft.get(Slot::Place).is_some() && !self.draft.is_confirmed(Slot::Place);
        if place && self.place_rounds < PLACE_ROUNDS_MAX {
            return Need::ReadBack;
        }
        if may_ask(Slot::Time) { Need::Field(Slot::Time) } else { self.last_need() }
    }

    fn last_need(&self) -> Need {
        if self.untested_number().is_some() { Need::Number } else { Need::Person }
    }

    fn ask_slot(&mut self, now: Moment, slot: Slot) {
        let line = match slot {
            Slot::Place if self.ask_which_place(now, Tries::default()) => return,
            Slot::Place => Line::AskPlace,
            Slot::Time => Line::AskTime,
            _ => Line::AskNarrative,
        };
        self.ask(now, Vec::new(), Ask::Fill(slot), line, &[]);
    }

    /// Asks which of two places is meant. False when there are not exactly two.
    fn ask_which_place(&mut self, now: Moment, tries: Tries) -> bool {
        let [first, second] = self.draft.place_options() else {
            return false;
        };
        let (first, second) = (first.full_name.clone(), second.full_name.clone());
        let values = [("first", first.as_str()), ("second", second.as_str())];
        self.ask(now, Vec::new(), Ask::Fill(Slot::Place), Line::AskPlaceWhich, &values);
        self.keep_tries(tries);
        true
    }

    /// Words after a question for a field. What is not told after asking twice stays blank.
    pub(super) fn filled(&mut self, now: Moment, slot: Slot, mut tries: Tries, u: Understood) {
        self.draft.merge(&u.reading, &u.utterance);
        let told = u.reading.fact(slot).is_some();
        let declined = hearing::is_unknown(&u) || u.reading.yes_no == Some(false);
        if told || declined {
            return self.take_down(now);
        }
        let asked_again = tries.unclear > 0;
        if asked_again {
            return self.take_down(now);
        }
        if slot == Slot::Place && self.draft.place_options().len() == 2 {
            tries.count(Failing::Unclear);
            self.save();
            self.ask_which_place(now, tries);
            return;
        }
        self.ask_again(now, Ask::Fill(slot), tries, Failing::Unclear);
    }
}
