//! The caller hangs up.

use super::contract::Outcome;
use super::machine::Dialogue;
use super::state::{Ask, Opening, State};
use crate::kernel::Slot;

impl Dialogue {
    /// The caller is gone: what was told is kept, and how the talk ended is told.
    pub(super) fn hung_up(&mut self) {
        self.keep_held();
        let outcome = match &self.state {
            State::Talking => Outcome::HandedOver,
            _ if self.owed => Outcome::Registered,
            State::Closing { outcome, .. } => *outcome,
            State::Saving { .. } => Outcome::Registered,
            State::Asking { ask, .. } if self.saved.is_some() && ask.registers() => {
                Outcome::Registered
            }
            State::Asking { ask: Ask::Helped, .. } if !self.mouth.in_statement() => {
                Outcome::Answered
            }
            State::Asking { ask: Ask::Request(Opening::More | Opening::GoOn), .. }
                if self.answered =>
            {
                Outcome::Answered
            }
            State::Asking { ask: Ask::Urge(_) | Ask::ProgressPerson, .. } if self.answered => {
                Outcome::Answered
            }
            State::New
            | State::Asking { .. }
            | State::LookingUp { .. }
            | State::Waiting(_)
            | State::Ended => Outcome::Abandoned,
        };
        let told = self.draft.fields().any(|(slot, _)| slot != Slot::Number);
        if told && outcome != Outcome::Answered {
            self.save();
        }
        self.end(outcome);
    }
}
