//! Room for a callback: those who call us go first, and nobody is rung who is talking with us already.

use std::collections::BTreeSet;

use super::super::{Call, Direction, Hotline};
use super::{MINUTE_MS, number_of, plain_number};
use crate::kernel::{Moment, Pii, SurveyId, Wall};

impl Hotline {
    /// How many citizens may be dialled now. Those who call us go first: a talk is always kept free for them.
    pub(super) fn lines_free(&self) -> usize {
        if self.stopping {
            return 0;
        }
        let running = |call: &&Call| call.ending.is_none();
        let calls = self.calls.values().filter(running);
        // A citizen who is being thanked is still on the line; one who is being rung will soon talk.
        let called = calls.filter(|call| call.direction == Direction::Callback);
        let (up, ringing) = called.partition::<Vec<_>, _>(|call| call.up);
        let lines = self.setup.callbacks.lines.saturating_sub(up.len() + ringing.len());
        let room = self.admission.room(self.now, self.conversing() + ringing.len());
        lines.min(room.saturating_sub(1))
    }

    /// From when the rate allows another callback; `None` where it does now.
    pub(super) fn rate_allows(&self) -> Option<Moment> {
        let most = self.setup.callbacks.per_minute.max(1);
        let begun = self.callbacks.recent.iter().rev().nth(most - 1).copied()?;
        Some(begun + MINUTE_MS).filter(|free| *free > self.now)
    }

    /// Numbers that are not dialled now: their citizen is in a call with us, or an answer of theirs is being looked into.
    fn busy_numbers(&self) -> BTreeSet<Pii<String>> {
        let running = self.calls.values().filter(|call| call.ending.is_none());
        let talking = running.filter_map(|call| call.number.clone());
        let disputed = self.callbacks.verifications.values().filter_map(|verification| {
            let number = number_of(self.tickets.get(&verification.ticket)?)?;
            Some(plain_number(number.reveal()))
        });
        talking.chain(disputed).collect()
    }

    /// The callback that is dialled next.
    pub(super) fn first_due(&self) -> Option<(Wall, SurveyId)> {
        let busy = self.busy_numbers();
        let blocked = |survey: &SurveyId| {
            let callback = self.callbacks.pending.get(survey);
            let ticket = callback.and_then(|c| self.tickets.get(&c.ticket));
            let number = ticket.and_then(number_of);
            number.is_some_and(|number| busy.contains(&plain_number(number.reveal())))
        };
        self.callbacks.queue.iter().find(|(_, survey)| !blocked(survey)).copied()
    }
}
