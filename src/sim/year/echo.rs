//! What citizens get back: callbacks and messages.

use super::disk::Waiting;
use super::world::{Coming, HANDOVER_MS, World};
use super::YearError;
use crate::desk::{Actor, Order, TicketEvent};
use crate::kernel::{SurveyId, TicketId, VerificationId};
use crate::notice::{MessageKey, Then};
use crate::survey::schedule::{Made, Next, next_attempt};

/// From the closing to the first callback.
const CALLBACK_DELAY_MS: i64 = 3_600_000;

impl World {
    pub(super) fn calls_back(&mut self, id: TicketId) -> Result<(), YearError> {
        let Some(kept) = self.disk.tickets.get(&id) else { return Ok(()) };
        let closed = kept.closed().unwrap_or(self.now).plus_ms(CALLBACK_DELAY_MS);
        let next = match kept.no_calls {
            true => None,
            false => match next_attempt(
                closed.max(self.now),
                Made { own: &kept.dialled, others: &[] },
                &self.window,
                self.book.calendar(),
            ) {
                Next::At(at) => Some(at),
                Next::GiveUp(_) => None,
            },
        };
        match next {
            Some(at) if at > self.now => self.plan(at, Coming::Looks(id)),
            Some(_) => {
                self.dials(id)?;
                self.settles(id);
            }
            None => {
                let event = TicketEvent::Archived { why: "未能回访".into() };
                self.change(id, Order::Event(event), Actor::system())?;
                self.settles(id);
            }
        }
        Ok(())
    }

    fn dials(&mut self, id: TicketId) -> Result<(), YearError> {
        let now = self.now;
        self.hash(format_args!("{id} dialled {}", now.unix_ms));
        self.report.dialled += 1;
        let local = now.civil();
        let Some(kept) = self.disk.tickets.get_mut(&id) else { return Ok(()) };
        let today = kept.dialled.iter().filter(|at| at.civil().day() == local.day()).count();
        let last = kept.dialled.last().copied();
        kept.dialled.push(now);
        let (all, refuses) = (kept.dialled.len(), kept.no_calls);
        let out = !(9..20).contains(&local.hour);
        let close = last.is_some_and(|last| now.unix_ms - last.unix_ms < 2 * 3_600_000);
        if out || today >= 2 || all > 3 || close || refuses {
            self.violated(|| {
                format!("{id}: dialled at {local:?}, {today} before that day, {all} in all")
            });
        }
        match self.rng.below(100) {
            0..60 => self.answers(id)?,
            60..63 => {
                if let Some(kept) = self.disk.tickets.get_mut(&id) {
                    kept.no_calls = true;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// The citizen answers the callback.
    fn answers(&mut self, id: TicketId) -> Result<(), YearError> {
        self.disk.surveys += 1;
        let survey = SurveyId(self.disk.surveys);
        self.change(id, Order::Event(TicketEvent::CalledBack { survey }), Actor::system())?;
        if self.rng.chance(0.12) {
            self.disk.verifications += 1;
            let verification = VerificationId(self.disk.verifications);
            let event = TicketEvent::Disputed { verification, reason: "dissatisfied".into() };
            self.change(id, Order::Event(event), Actor::system())?;
            if self.rng.chance(0.4) {
                let event = TicketEvent::Reopened { why: "仍未解决".into() };
                if self.change(id, Order::Event(event), Actor::desk("派单台"))?
                    && let Some(kept) = self.disk.tickets.get_mut(&id)
                {
                    kept.dialled.clear();
                }
            }
        }
        Ok(())
    }

    /// Hands a message over, if it still waits.
    pub(super) fn hands_over(&mut self, key: MessageKey) {
        let Some(waiting) = self.disk.waiting.get(&key).copied() else { return };
        let now = self.now;
        if now < waiting.due || !self.hours.is_open(now) {
            let due = self.hours.from(now.max(waiting.due));
            self.disk.waiting.insert(key.clone(), Waiting { due, ..waiting });
            return self.plan(due, Coming::Sends(key));
        }
        let attempts = waiting.attempts + 1;
        if self.rng.chance(0.02) {
            // The gateway did not take it.
            match self.retry.after(attempts, waiting.born, now, None) {
                Then::At(at) => {
                    let due = self.hours.from(at);
                    let again = Waiting { due, attempts, ..waiting };
                    self.disk.waiting.insert(key.clone(), again);
                    self.plan(due, Coming::Sends(key));
                }
                Then::GiveUp(_) => {
                    self.disk.waiting.remove(&key);
                }
            }
            return;
        }
        *self.gateway.entry(key.clone()).or_default() += 1;
        self.hash(format_args!("{key} taken {}", now.unix_ms));
        // A stop before the answer comes leaves the row as it was; the gateway knows the key when it comes again.
        if self.rng.chance(0.001) {
            let due = self.hours.from(now.plus_ms(HANDOVER_MS));
            let again = Waiting { due, attempts, ..waiting };
            self.disk.waiting.insert(key.clone(), again);
            return self.plan(due, Coming::Sends(key));
        }
        self.disk.waiting.remove(&key);
        if !self.disk.sent.insert(key.clone()) {
            self.violated(|| format!("{key}: told twice"));
        }
        self.report.messages += 1;
    }
}
