//! What must hold of a shift, by what the queue says and what everybody knows of themselves.

use std::collections::{BTreeMap, BTreeSet};

use super::super::check::Violation;
use crate::acd::{Acd, AgentState, Priority};
use crate::kernel::{AgentId, CallId, Moment};

/// More are not listed.
const VIOLATIONS_MAX: usize = 20;

#[derive(Debug, Default)]
pub(super) struct Watch {
    /// Callers who wait or are with somebody.
    here: BTreeSet<CallId>,
    /// Ordinary callers who were never rung for and are not called back, by kind, in the order of their coming.
    lines: BTreeMap<u64, BTreeSet<(u64, CallId)>>,
    in_line: BTreeMap<CallId, (u64, u64)>,
    arrivals: u64,
    pub violations: Vec<Violation>,
}

impl Watch {
    pub fn comes(&mut self, call: CallId, line: Option<u64>, priority: Priority) {
        self.here.insert(call);
        self.arrivals += 1;
        if let Some(kind) = line.filter(|_| priority == Priority::Ordinary) {
            self.in_line.insert(call, (kind, self.arrivals));
            self.lines.entry(kind).or_default().insert((self.arrivals, call));
        }
    }

    pub fn goes(&mut self, call: CallId) {
        self.here.remove(&call);
        self.leaves_line(call);
    }

    pub fn becomes(&mut self, call: CallId, line: CallId) {
        self.goes(call);
        self.here.insert(line);
    }

    /// No longer compared with those who came before and after.
    pub fn leaves_line(&mut self, call: CallId) {
        if let Some((kind, arrival)) = self.in_line.remove(&call)
            && let Some(line) = self.lines.get_mut(&kind)
        {
            line.remove(&(arrival, call));
        }
    }

    pub fn rung(&mut self, now: Moment, call: CallId) {
        if let Some((kind, arrival)) = self.in_line.get(&call).copied()
            && let Some((first, before)) = self.lines.get(&kind).and_then(BTreeSet::first).copied()
            && first < arrival
        {
            self.violate(format!("{now:?}: {call} is rung for before {before}, who came first"));
        }
        self.leaves_line(call);
    }

    /// Everything that can be seen at one moment.
    pub fn look(&mut self, now: Moment, queue: &Acd) {
        let mut places = BTreeSet::new();
        let mut idle: Vec<AgentId> = Vec::new();
        for agent in queue.agents() {
            if let AgentState::Idle { .. } = agent.state {
                idle.push(agent.id);
            }
            if let Some(call) = agent.state.serves()
                && !places.insert(call)
            {
                self.violate(format!("{now:?}: {call} has two agents"));
            }
        }
        for call in queue.waiting() {
            if let Some(agent) = idle.iter().find(|agent| queue.may_take(call, **agent)) {
                self.violate(format!("{now:?}: {agent} is idle while {call} waits"));
            }
            if !places.insert(call) {
                self.violate(format!("{now:?}: {call} is in two places"));
            }
        }
        if places != self.here {
            let lost: Vec<&CallId> = self.here.symmetric_difference(&places).collect();
            self.violate(format!("{now:?}: lost or not gone: {lost:?}"));
        }
    }

    pub fn violate(&mut self, what: String) {
        if self.violations.len() < VIOLATIONS_MAX {
            self.violations.push(Violation(what));
        }
    }

    pub fn is_empty(&self) -> bool {
        self.here.is_empty()
    }
}
