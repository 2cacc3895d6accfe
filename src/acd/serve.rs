//! What follows every input: who is told that nobody is there, who moves up, who is rung, who hears their place.

use std::collections::BTreeSet;

use super::agent::AgentState;
use super::contract::{Effect, Gone, Priority};
use super::entry::{Entry, Order};
use super::machine::{Acd, Place};
use crate::kernel::{AgentId, Moment};

impl Acd {
    /// With nobody on duty those on the line are told so; promises wait until somebody is back.
    pub(super) fn look(&mut self) {
        let on_duty = self.seats.values().filter(|seat| seat.is_on_duty());
        self.staffed_all = on_duty.fold(0, |mask, seat| mask | seat.groups);
        if self.on_duty() {
            return;
        }
        let left: Vec<Entry> =
            self.waiting.extract_if(.., |_, e| e.promise.is_none()).map(|(_, e)| e).collect();
        left.iter().for_each(|entry| self.gone(entry, Gone::Nobody));
    }

    /// Who has waited too long moves up.
    pub(super) fn promote(&mut self) {
        let (now, long) = (self.now, self.plan.rules.long_ms);
        let waits = |entry: &Entry| {
            entry.priority > Priority::Long && entry.promise.is_none() && entry.waited(now) >= long
        };
        let up: Vec<(Order, Entry)> =
            self.waiting.extract_if(.., |_, entry| waits(entry)).collect();
        for (_, mut entry) in up {
            entry.priority = Priority::Long;
            self.wait(entry);
        }
    }

    /// In the order of callers, each to who is idle the longest of those who may take them; ties by work number.
    pub(super) fn match_up(&mut self) {
        let idle = self.seats.values().filter_map(|seat| match seat.agent.state {
            AgentState::Idle { since } => Some((since, seat.agent.id)),
            _ => None,
        });
        let mut idle: BTreeSet<(Moment, AgentId)> = idle.collect();
        if idle.is_empty() {
            return;
        }
        let mut pairs = Vec::new();
        for (order, entry) in &self.waiting {
            if idle.is_empty() {
                break;
            }
            if !entry.is_due(self.now) {
                continue;
            }
            let reach = self.reach(entry);
            let able = |(_, agent): &&(Moment, AgentId)| {
                self.seats.get(agent).is_some_and(|seat| self.is_eligible(entry, reach, seat))
            };
            if let Some(found) = idle.iter().find(able).copied() {
                idle.remove(&found);
                pairs.push((*order, found.1));
            }
        }
        for (order, agent) in pairs {
            self.ring(order, agent);
        }
    }

    fn ring(&mut self, order: Order, agent: AgentId) {
        let Some(entry) = self.waiting.remove(&order) else { return };
        let (call, rules) = (entry.call, &self.plan.rules);
        let (ms, effect) = match entry.promise {
            None => (rules.ring_ms, Effect::Ring { agent, call }),
            Some(_) => (rules.callback_ms, Effect::CallBack { agent, call }),
        };
        let until = self.now + ms;
        self.places.insert(call, Place::With(agent));
        if let Some(seat) = self.seats.get_mut(&agent) {
            seat.entry = Some(entry);
        }
        self.set(agent, AgentState::Ringing { call, until });
        self.effect(effect);
    }

    pub(super) fn tell_positions(&mut self) {
        let (now, every) = (self.now, self.plan.rules.position_every_ms);
        let mut ahead = vec![0_u32; self.plan.groups.len()];
        let mut told = Vec::new();
        for (order, entry) in &self.waiting {
            let Some(ahead) = ahead.get_mut(entry.home) else { continue };
            *ahead += 1;
            let due = entry.told.is_none_or(|told| now.since(told) >= every);
            if due && entry.promise.is_none() {
                told.push((*order, entry.call, *ahead, self.served_by(entry)));
            }
        }
        for (order, call, position, agents) in told {
            if let Some(entry) = self.waiting.get_mut(&order) {
                entry.told = Some(now);
            }
            let estimate_s = self.pace.estimate_s(position, agents);
            self.effect(Effect::Waiting { call, position, agents, estimate_s });
        }
    }
}
