//! A caller in the queue, and the order of callers.

use super::contract::{Ask, Need, Priority};
use crate::kernel::{AgentId, CallId, Moment, Pii};

/// Smaller goes first: by priority, among equals by arrival.
pub(super) type Order = (Priority, u64);

#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Entry {
    pub call: CallId,
    pub priority: Priority,
    /// The number of their arrival.
    pub arrival: u64,
    pub since: Moment,
    /// Waited before this, in another life of the queue.
    pub before_ms: u64,
    pub need: Need,
    pub caller: Option<Pii<String>>,
    /// 首接负责: who had their matter.
    pub owner: Option<AgentId>,
    /// Index of their group.
    pub home: usize,
    /// When they were told their position; `None`: not since they wait.
    pub told: Option<Moment>,
    /// Is called back: not on the line.
    pub promise: Option<Promise>,
    /// Who passed them on, until whom they were passed to has answered.
    pub from: Option<AgentId>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Promise {
    pub tries: u32,
    pub not_before: Moment,
    pub until: Moment,
}

impl Entry {
    pub fn new(call: CallId, ask: Ask, arrival: u64, since: Moment, home: usize) -> Entry {
        Entry {
            call,
            priority: ask.priority,
            arrival,
            since,
            before_ms: 0,
            need: ask.need,
            caller: ask.caller,
            owner: None,
            home,
            told: None,
            promise: None,
            from: None,
        }
    }

    pub const fn order(&self) -> Order {
        (self.priority, self.arrival)
    }

    pub const fn waited(&self, now: Moment) -> u64 {
        now.since(self.since).saturating_add(self.before_ms)
    }

    /// May be given to somebody now.
    pub fn is_due(&self, now: Moment) -> bool {
        self.promise.is_none_or(|promise| promise.not_before <= now)
    }
}
