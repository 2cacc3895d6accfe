//! The hotline at its own door: what the admission says is done.

use super::Hotline;
use super::admission::{Door, House};
use crate::dialogue;
use crate::kernel::CallId;
use crate::kernel::limits::{CALLS_MAX, QUEUE_MAX};

impl Hotline {
    /// Whether a new call would be taken, by the robot or by people; else it is refused with 503, and so is who asks.
    pub fn takes_calls(&self) -> bool {
        self.door(self.conversing()) != Door::Nobody
    }

    fn door(&self, talks: usize) -> Door {
        let closed = self.stopping || self.calls.len() >= CALLS_MAX;
        let queue_full = self.queue.waiting().count() >= QUEUE_MAX;
        self.admission.door(self.now, House { closed, queue_full, talks })
    }

    /// The admission is told how many talks run; what it thinks of it goes to the log.
    pub(super) fn count_talks(&mut self) {
        let talks = self.conversing();
        self.admission.talking(self.now, talks);
        let strain = self.admission.strain();
        if std::mem::replace(&mut self.strain, strain) != strain {
            let limit = self.admission.limit(self.now);
            match strain {
                Some(why) => {
                    tracing::warn!(why = why.key(), talks, limit, "new callers go to people");
                }
                None => tracing::info!(talks, limit, "the robot takes new callers again"),
            }
        }
    }

    /// A caller's talk begins: the robot conducts it, or says at once that a person will.
    pub(super) fn show_in(&mut self, id: CallId) {
        // Of those who talk already; this call's own leg is up by now.
        let door = self.door(self.conversing().saturating_sub(1));
        self.tell_dialogue(id, dialogue::Input::Begin);
        match door {
            Door::Person { word: true } => self.tell_dialogue(id, dialogue::Input::Busy),
            Door::Person { word: false } => self.tell_dialogue(id, dialogue::Input::Overloaded),
            // Who was let in is not turned away inside.
            Door::Robot | Door::Nobody => {}
        }
    }

    /// No new calls; the running ones end as interrupted.
    pub(super) fn stop(&mut self) {
        self.stopping = true;
        // Nobody is rung for a caller who is about to be cut off.
        let waiting: Vec<CallId> = self.queue.waiting().collect();
        for call in waiting {
            self.tell_queue(crate::acd::Input::Leave { call });
        }
        let promised: Vec<CallId> = self.promised.keys().copied().collect();
        for call in promised {
            self.tell_queue(crate::acd::Input::Withdraw { call });
        }
        let running: Vec<CallId> = self.calls.keys().copied().collect();
        for id in running {
            self.interrupt_ticket(id);
            self.begin_ending(id, Some("interrupted"));
        }
    }
}
