//! Callbacks instead of waiting: the place is kept, the citizen is called when it is their turn.

use super::agent::AgentState;
use super::contract::{Effect, Gone, Priority, Record};
use super::entry::{Entry, Order, Promise};
use super::machine::{Acd, Place};
use crate::kernel::CallId;

impl Acd {
    pub(super) fn promise(&mut self, call: CallId) {
        let until = self.now + self.plan.rules.promise_ms;
        let promise = Some(Promise { tries: 0, not_before: self.now, until });
        let entry = match self.places.get(&call).copied() {
            Some(Place::Waiting(order)) => self.waiting.remove(&order),
            Some(Place::With(agent)) => {
                let entry = self.stop_ringing(agent);
                if entry.is_some() {
                    self.set(agent, AgentState::Idle { since: self.now });
                }
                entry
            }
            None => None,
        };
        let Some(entry) = entry else { return };
        if entry.promise.is_none() {
            self.record(Record::Promised { call });
        }
        self.wait(Entry { promise: entry.promise.or(promise), ..entry });
    }

    /// The citizen is on the line: from here on they are a caller who was promised somebody, and the agent is rung.
    pub(super) fn reached(&mut self, call: CallId, line: CallId) {
        if self.places.contains_key(&line) {
            return;
        }
        let until = self.now + self.plan.rules.ring_ms;
        let place = self.places.get(&call).copied();
        let entry = match place {
            Some(Place::With(agent)) => self
                .seats
                .get_mut(&agent)
                .and_then(|seat| seat.entry.take_if(|e| e.promise.is_some())),
            Some(Place::Waiting(order)) => self.take_promised(order),
            None => None,
        };
        let Some(mut entry) = entry else { return };
        self.places.remove(&call);
        self.record(Record::Reached { call, line });
        (entry.call, entry.promise, entry.told) = (line, None, None);
        entry.priority = entry.priority.min(Priority::Promised);
        match place {
            Some(Place::With(agent)) => {
                self.places.insert(line, Place::With(agent));
                if let Some(seat) = self.seats.get_mut(&agent) {
                    seat.entry = Some(entry);
                }
                self.set(agent, AgentState::Ringing { call: line, until });
                self.effect(Effect::Ring { agent, call: line });
            }
            _ => self.wait(entry),
        }
    }

    pub(super) fn unreached(&mut self, call: CallId) {
        let promised = |entry: &mut Entry| entry.promise.is_some();
        let now = self.now;
        let entry = match self.places.get(&call).copied() {
            Some(Place::With(agent)) => {
                let entry =
                    self.seats.get_mut(&agent).and_then(|seat| seat.entry.take_if(promised));
                if entry.is_some() {
                    self.set(agent, AgentState::Idle { since: now });
                }
                entry
            }
            Some(Place::Waiting(order)) => self.take_promised(order),
            None => None,
        };
        let Some(mut entry) = entry else { return };
        let rules = self.plan.rules;
        if let Some(promise) = entry.promise.as_mut() {
            promise.tries += 1;
            promise.not_before = now + rules.callback_retry_ms;
        }
        if entry.promise.is_some_and(|promise| promise.tries >= rules.callback_tries) {
            return self.gone(&entry, Gone::NotReached);
        }
        entry.priority = entry.priority.min(Priority::Promised);
        self.wait(entry);
    }

    fn take_promised(&mut self, order: Order) -> Option<Entry> {
        self.waiting.get(&order)?.promise?;
        self.waiting.remove(&order)
    }
}
