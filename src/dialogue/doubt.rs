//! Words that may tell of a danger or ask for a person: one short question, and then the talk goes on where it stood.

use super::contract::{HandOverReason, Understood};
use super::hearing;
use super::lines::Line;
use super::machine::Dialogue;
use super::say::Expect;
use super::state::{Ask, Held, State};
use super::tries::{Failing, Tries};
use crate::intake::Doubt;
use crate::kernel::{Moment, Slot};

/// Who said so often that nobody is in danger, or that no person is wanted, is not asked again.
const SAFE_MAX: u8 = 2;
const UNAIDED_MAX: u8 = 1;

impl Dialogue {
    /// Asks where the words leave it open; false where there is nothing to ask.
    pub(super) fn doubts(&mut self, now: Moment, u: &Understood) -> bool {
        // What a rule speaks for is asked about whatever else was said.
        let ruled = u.reading.doubt_by_rule;
        let Some(doubt) = u.reading.doubt.filter(|_| ruled || u.reading.command.is_none()) else {
            return false;
        };
        if let State::Asking { ask: Ask::Doubt(held), .. } = &self.state {
            let held = (**held).clone();
            match (held.doubt, doubt) {
                (Doubt::Person, Doubt::Danger(_)) => self.keep_held(),
                (Doubt::Danger(_), Doubt::Person) => return false,
                _ if u.reading.yes_no == Some(false) => return false,
                // The same doubt about the answer itself is an answer.
                (Doubt::Danger(_), Doubt::Danger(_)) | (Doubt::Person, Doubt::Person) => {
                    self.draft.merge(&u.reading, &u.utterance);
                    self.doubt_confirmed(now, held);
                    return true;
                }
            }
        }
        let settled = match doubt {
            Doubt::Danger(_) => self.safe >= SAFE_MAX,
            Doubt::Person => self.unaided >= UNAIDED_MAX,
        };
        // 第二个 and a place answer what was asked; what answers nothing leads to a person in the end.
        let asked = match &self.state {
            State::Asking { ask, .. } => ask.expect(),
            _ => Expect::Open,
        };
        let answers =
            matches!(asked, Expect::Choice | Expect::Slot(_)) || u.reading.yes_no.is_some();
        // 我不想说, where a number was asked for, is no danger.
        let dictated =
            matches!(asked, Expect::Slot(Slot::Number) | Expect::Ticket | Expect::LastFour);
        // Who has nothing more to ask, and was heard badly, asks for nobody.
        let unheard = asked == Expect::More && hearing::is_doubtful(u);
        let answered = !ruled && (dictated || (doubt == Doubt::Person && (answers || unheard)));
        // Who waits for a person gets one.
        let waits = matches!(self.state, State::Asking { ask: Ask::Callback(_), .. });
        let open = matches!(self.state, State::Asking { .. } | State::Closing { .. });
        if settled || answered || waits || !open {
            return false;
        }
        let line = match doubt {
            Doubt::Danger(_) => Line::Danger,
            Doubt::Person => Line::Person,
        };
        let held = Held { doubt, said: u.clone(), before: self.state.clone() };
        self.ask(now, Vec::new(), Ask::Doubt(Box::new(held)), line, &[]);
        true
    }

    pub(super) fn doubt_heard(
        &mut self,
        now: Moment,
        held: Held,
        tries: Tries,
        answer: Option<bool>,
        u: Understood,
    ) {
        match answer.filter(|_| !hearing::is_doubtful(&u)) {
            Some(true) => {
                self.draft.merge(&u.reading, &u.utterance);
                self.doubt_confirmed(now, held);
            }
            // What follows the no is the better wording of the matter.
            Some(false) if hearing::is_request(&u) => self.doubt_passed(now, held, u),
            Some(false) => self.doubt_denied(now, held),
            None if hearing::is_request(&u) => self.doubt_passed(now, held, u),
            None => self.ask_again(now, Ask::Doubt(Box::new(held)), tries, Failing::Unclear),
        }
    }

    /// Yes.
    pub(super) fn doubt_confirmed(&mut self, now: Moment, held: Held) {
        self.draft.merge(&held.said.reading, &held.said.utterance);
        self.state = held.before;
        match held.doubt {
            Doubt::Danger(kind) => self.hand_over(now, HandOverReason::Emergency, Some(kind)),
            Doubt::Person => self.hand_over(now, HandOverReason::Asked, None),
        }
    }

    /// No: the words are what they are without the doubt.
    pub(super) fn doubt_denied(&mut self, now: Moment, held: Held) {
        self.count_denied(held.doubt);
        self.state = held.before;
        self.heard_matter(now, held.said);
    }

    /// Something else was told instead of an answer.
    fn doubt_passed(&mut self, now: Moment, held: Held, u: Understood) {
        self.count_denied(held.doubt);
        self.draft.merge(&held.said.reading, &held.said.utterance);
        self.state = held.before;
        self.heard_matter(now, u);
    }

    /// No answer, or none that could be heard: who may be in danger gets a person as such.
    pub(super) fn doubt_given_up(&mut self, now: Moment, held: Held, reason: HandOverReason) {
        match held.doubt {
            Doubt::Danger(_) => self.doubt_confirmed(now, held),
            Doubt::Person => {
                self.draft.merge(&held.said.reading, &held.said.utterance);
                self.state = held.before;
                self.hand_over(now, reason, None);
            }
        }
    }

    /// What was said before the question is not lost when the talk leaves it.
    pub(super) fn keep_held(&mut self) {
        if let State::Asking { ask: Ask::Doubt(held), .. } = &self.state {
            let held = held.clone();
            self.draft.merge(&held.said.reading, &held.said.utterance);
            self.state = held.before;
        }
    }

    fn count_denied(&mut self, doubt: Doubt) {
        let count = match doubt {
            Doubt::Danger(_) => &mut self.safe,
            Doubt::Person => &mut self.unaided,
        };
        *count = count.saturating_add(1);
    }
}
