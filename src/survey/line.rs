//! What is on the line that we dialled when it is not the citizen: the network's announcements, a ringing tune, a
//! machine that answers in a person's place. None of it is ever an answer, and nothing is said to it.

use super::contract::{OnLine, SurveyOutcome};
use super::hearing::{self, Told};
use super::machine::Survey;
use super::state::{Ask, State};
use crate::dialogue::Understood;
use crate::kernel::Moment;

/// Nobody who has just picked up talks for so long before they know who calls.
const MONOLOGUE_MS: u64 = 8_000;
/// Such talk begins within this after the call was answered; the recogniser takes a part of it.
const AT_ONCE_MS: u64 = 6_000;

/// What is known of the line.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct OnTheLine {
    /// Of what was heard while it rang: used where the refusal itself says little.
    hint: Option<SurveyOutcome>,
    /// A person has answered something: whatever comes from now on is theirs.
    pub(super) person: bool,
    /// Something was heard since the call was answered.
    pub(super) sound: bool,
    /// The first words were as long as only a machine's are.
    pub(super) monologue: bool,
}

impl Survey {
    pub(super) fn on_line(&mut self, now: Moment, heard: &OnLine) {
        match (&self.state, heard) {
            (State::New, OnLine::Words(words)) => match hearing::announced(words.reveal(), true) {
                Some(Told::Ended(outcome)) => self.end_unsaid(outcome),
                Some(Told::Waiting) => self.line.hint = Some(SurveyOutcome::LineBusy),
                // A ringing tune may sing what it likes.
                None => {}
            },
            (State::New, OnLine::Busy) => self.line.hint = Some(SurveyOutcome::LineBusy),
            (State::New, OnLine::Beep | OnLine::Fax) => {}
            // Whoever was there is gone, though the network still holds the call.
            (_, OnLine::Busy) => self.hung_up(),
            (State::Asking { .. }, OnLine::Fax) if !self.line.person => {
                self.end_unsaid(SurveyOutcome::AnsweringMachine);
            }
            // A greeting, then a tone: we are being recorded.
            (State::Asking { .. }, OnLine::Beep) if self.line.sound && !self.line.person => {
                self.end_unsaid(SurveyOutcome::AnsweringMachine);
            }
            (State::Closing, OnLine::Words(_)) => self.go_on(now),
            _ => {}
        }
    }

    /// Nobody picked up.
    pub(super) fn missed(&mut self, status: Option<u16>) {
        let outcome = hearing::outcome_of(status);
        let vague = matches!(outcome, SurveyOutcome::NoAnswer | SurveyOutcome::Failed);
        let outcome = self.line.hint.filter(|_| vague).unwrap_or(outcome);
        match self.state {
            State::New => self.end_unsaid(outcome),
            _ => self.hung_up(),
        }
    }

    /// Announcements and machines talk after the answer too, until a person has answered something. True when the
    /// words were theirs.
    pub(super) fn is_announcement(&mut self, now: Moment, u: &Understood) -> bool {
        let first = !std::mem::replace(&mut self.line.sound, true);
        if self.line.person {
            return false;
        }
        match hearing::announced(&u.utterance.text, false) {
            Some(Told::Ended(outcome)) => {
                self.end_unsaid(outcome);
                true
            }
            Some(Told::Waiting) => {
                self.go_on(now);
                true
            }
            None => {
                let long_ms = u.utterance.end_ms.saturating_sub(u.utterance.start_ms);
                let since = self.begun.map_or(u64::MAX, |begun| now.since(begun));
                let at_once = since <= long_ms + AT_ONCE_MS;
                let asked = matches!(&self.state, State::Asking { ask: Ask::Solved, .. });
                self.line.monologue |= first && asked && at_once && long_ms >= MONOLOGUE_MS;
                false
            }
        }
    }
}
