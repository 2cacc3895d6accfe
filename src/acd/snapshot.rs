//! What the queue knows, in terms that outlive the clock of one process; and the queue made of it again.

use std::sync::Arc;

use super::agent::{Agent, AgentState};
use super::contract::{Need, Priority};
use super::entry::{Entry, Promise};
use super::machine::Acd;
use super::owners::Owner;
use super::plan::Plan;
use crate::kernel::{AgentId, CallId, Moment, Pii, Wall};

#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Snapshot {
    /// In the order in which they are to be served: those who waited, were rung for and talked.
    pub callers: Vec<Caller>,
    pub agents: Vec<(AgentId, AgentState)>,
    pub owners: Vec<Owner>,
}

/// A caller, times in milliseconds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Caller {
    pub call: CallId,
    pub priority: Priority,
    pub need: Need,
    pub caller: Option<Pii<String>>,
    pub waited_ms: u64,
    /// Will be called back; how often that was tried, and for how long it still may be.
    pub promised: Option<(u32, u64)>,
}

impl Acd {
    pub fn snapshot(&self) -> Snapshot {
        let served = self.seats.values().filter_map(|seat| seat.entry.as_ref());
        let served = served.map(|entry| match entry.promise {
            None => Entry { priority: entry.priority.min(Priority::Returned), ..entry.clone() },
            Some(_) => entry.clone(),
        });
        let mut entries: Vec<Entry> = self.waiting.values().cloned().chain(served).collect();
        entries.sort_by_key(Entry::order);
        let callers = entries.into_iter().map(|entry| Caller {
            call: entry.call,
            priority: entry.priority,
            waited_ms: entry.waited(self.now),
            need: entry.need,
            caller: entry.caller,
            promised: entry.promise.map(|p| (p.tries, p.until.since(self.now))),
        });
        Snapshot {
            callers: callers.collect(),
            agents: self.agents().map(|agent| (agent.id, agent.state.clone())).collect(),
            owners: self.owners.all().collect(),
        }
    }

    /// The queue after a restart: everybody waits in their order, who was rung for or talked before all ordinary callers;
    /// agents on duty are idle. Whose line is gone is to be said by [`super::Input::Leave`].
    pub fn restore(
        plan: Arc<Plan>,
        agents: impl IntoIterator<Item = Agent>,
        snapshot: Snapshot,
        now: Moment,
        wall: Wall,
    ) -> Acd {
        let mut acd = Acd::new(plan, agents).remembering(snapshot.owners);
        (acd.now, acd.wall, acd.open) = (now, wall, acd.plan.open(wall));
        for (agent, state) in snapshot.agents {
            if let Some(seat) = acd.seats.get_mut(&agent) {
                seat.agent.state = match state {
                    AgentState::Away { .. } => state,
                    _ => AgentState::Idle { since: now },
                };
            }
        }
        for caller in snapshot.callers {
            acd.restore_caller(caller);
        }
        acd
    }

    fn restore_caller(&mut self, caller: Caller) {
        let home = self.plan.home(&caller.need.topics, self.open);
        self.arrivals += 1;
        let promise = caller.promised.map(|(tries, left_ms)| Promise {
            tries,
            not_before: self.now,
            until: self.now + left_ms,
        });
        let entry = Entry {
            call: caller.call,
            priority: caller.priority,
            arrival: self.arrivals,
            since: self.now,
            before_ms: caller.waited_ms,
            need: caller.need,
            caller: caller.caller,
            owner: None,
            home,
            told: None,
            promise,
            from: None,
        };
        self.wait(entry);
    }
}
