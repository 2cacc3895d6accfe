//! Callbacks instead of waiting: the caller hangs up and keeps their place; when it is their turn an agent is kept for them,
//! they are called, and the agent's telephone rings as soon as they are on the line.

use super::callback::{number_of, plain_number};
use super::{Direction, Effect, Fact, Hotline, Party, Talk};
use crate::acd;
use crate::call::EndReason;
use crate::desk::TicketState;
use crate::dialogue::{self, Dialogue};
use crate::kernel::{CallId, Pii, TicketId};

/// What was promised to whom.
#[derive(Debug)]
pub(super) struct Promised {
    pub ticket: TicketId,
    /// The number that called; the ticket's own goes before it.
    number: Option<Pii<String>>,
}

impl Hotline {
    /// The caller will be called back. Without a ticket there is nothing to call back about, and outside the hours of
    /// calling nobody is called: the ticket is left to the desk then.
    pub(super) fn promise(&mut self, id: CallId) {
        let call = self.calls.get(&id);
        let number = call.and_then(|call| call.number.clone());
        let ticket = call.and_then(|call| call.ticket);
        match ticket.filter(|_| self.may_call_back()) {
            Some(ticket) => {
                self.promised.insert(id, Promised { ticket, number });
                self.tell_queue(acd::Input::Promise { call: id });
            }
            None => self.tell_queue(acd::Input::Leave { call: id }),
        }
    }

    fn may_call_back(&self) -> bool {
        !self.stopping && self.setup.callbacks.window.is_open(self.wall)
    }

    /// It is their turn.
    pub(super) fn call_back(&mut self, promised: CallId) {
        if self.calls.values().any(|call| call.returns == Some(promised)) {
            // They are being called already: this agent is theirs in place of the first.
            return;
        }
        let Some((ticket, number)) = self.to_be_called(promised) else {
            return self.tell_queue(acd::Input::Withdraw { call: promised });
        };
        let id = CallId(self.next_call);
        self.next_call += 1;
        let dialogue = Dialogue::new(dialogue::Setup {
            call: id,
            number: Some(number.clone()),
            prompts: self.setup.prompts.clone(),
            manner: self.setup.manner,
        });
        let leg = self.next_leg();
        let direction = Direction::Promised;
        self.add_call(id, direction, leg, Talk::Robot(Box::new(dialogue)), Some(ticket));
        if let Some(call) = self.calls.get_mut(&id) {
            call.number = Some(plain_number(number.reveal()));
            call.returns = Some(promised);
        }
        let fact =
            Fact::CallStarted { call: id, direction, number: Some(number.clone()), at: self.wall };
        self.keep(fact);
        self.tell_state(id, "dialling");
        self.effect(Effect::Dial { call: id, leg, party: Party::Citizen { number } });
    }

    /// Whom a promise is to, unless somebody has taken the matter up meanwhile or it is not the time.
    fn to_be_called(&self, promised: CallId) -> Option<(TicketId, Pii<String>)> {
        let promise = self.promised.get(&promised).filter(|_| self.may_call_back())?;
        let ticket = self.tickets.get(&promise.ticket)?;
        let waits = matches!(ticket.state, TicketState::Draft | TicketState::Registered);
        let number = number_of(ticket).or_else(|| promise.number.clone()).filter(|_| waits)?;
        Some((promise.ticket, number))
    }

    /// They are on the line.
    pub(super) fn promised_up(&mut self, id: CallId) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        let (Some(promised), Some(ticket)) = (call.returns.take(), call.ticket) else { return };
        self.promised.remove(&promised);
        // In their old place before they ask for a person, else they would be a new caller.
        self.tell_queue(acd::Input::Reached { call: promised, line: id });
        self.tell_dialogue(id, dialogue::Input::CalledBack { ticket });
    }

    pub(super) fn promised_leg_ended(&mut self, id: CallId, reason: EndReason) {
        let up = self.calls.get(&id).is_some_and(|call| call.up);
        self.begin_ending(id, (!up).then(|| reason.key()));
    }

    /// Nobody is called any more: the ticket waits at the desk.
    pub(super) fn promise_over(&mut self, promised: CallId) {
        self.promised.remove(&promised);
    }
}
