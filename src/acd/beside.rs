//! Agents beside another: asked by the one who has the caller, or supervising. They have no caller of their own until one is
//! passed to them.

use super::agent::AgentState;
use super::contract::{Ask, Effect, Gone, Priority, Record, Whom};
use super::entry::Entry;
use super::error::AcdError;
use super::machine::{Acd, Place};
use super::work::known;
use crate::kernel::limits::QUEUE_MAX;
use crate::kernel::{AgentId, CallId};

impl Acd {
    /// Rings or talks without a caller of their own.
    pub(super) fn is_beside(&self, agent: AgentId) -> bool {
        self.seats.get(&agent).is_some_and(|seat| {
            seat.entry.is_none()
                && matches!(
                    seat.agent.state,
                    AgentState::Ringing { .. }
                        | AgentState::Talking { .. }
                        | AgentState::Hold { .. }
                )
        })
    }

    fn group_index(&self, code: &str) -> Result<usize, AcdError> {
        self.plan.group(code).ok_or_else(|| AcdError::NoGroup {
            given: code.to_owned(),
            known: known(self.plan.groups.iter().map(|group| group.code.as_str())),
        })
    }

    pub(super) fn ask(&mut self, call: CallId, whom: &Whom) -> Result<(), AcdError> {
        let agent = match whom {
            Whom::Agent(agent) => match self.state_of(*agent)? {
                AgentState::Idle { .. } => *agent,
                state => return Err(AcdError::NotFree { agent: *agent, state: state.key() }),
            },
            Whom::Group(code) => {
                let mask = super::plan::bit(self.group_index(code)?);
                let idle = self.seats.values().filter_map(|seat| match seat.agent.state {
                    AgentState::Idle { since } => Some((since, seat.agent.id, seat.groups)),
                    _ => None,
                });
                let longest = idle.filter(|(.., groups)| groups & mask != 0).min();
                longest.ok_or_else(|| AcdError::NobodyFree { group: code.clone() })?.1
            }
        };
        self.ring_beside(agent, call);
        Ok(())
    }

    pub(super) fn attend(&mut self, agent: AgentId, call: CallId) -> Result<(), AcdError> {
        match self.state_of(agent)?.clone() {
            AgentState::Idle { .. } => {}
            AgentState::Away { reason } => {
                if let Some(seat) = self.seats.get_mut(&agent) {
                    (seat.guest, seat.leaving) = (true, Some(reason));
                }
            }
            state => return Err(AcdError::NotFree { agent, state: state.key() }),
        }
        self.ring_beside(agent, call);
        Ok(())
    }

    fn ring_beside(&mut self, agent: AgentId, call: CallId) {
        let until = self.now + self.plan.rules.ring_ms;
        self.set(agent, AgentState::Ringing { call, until });
        self.effect(Effect::Ring { agent, call });
    }

    pub(super) fn answered_beside(&mut self, agent: AgentId, call: CallId) -> Result<(), AcdError> {
        let now = self.now;
        if let Some(seat) = self.seats.get_mut(&agent) {
            (seat.missed, seat.began, seat.code) = (0, now, None);
        }
        self.set(agent, AgentState::Talking { call });
        Ok(())
    }

    pub(super) fn spare(&mut self, agent: AgentId) -> Result<(), AcdError> {
        self.state_of(agent)?;
        if self.is_beside(agent) {
            self.free(agent);
        }
        Ok(())
    }

    /// As they were before they were rung: away, or idle.
    pub(super) fn free(&mut self, agent: AgentId) {
        let now = self.now;
        let Some(seat) = self.seats.get_mut(&agent) else { return };
        seat.guest = false;
        let state = match seat.leaving.take() {
            Some(reason) => AgentState::Away { reason },
            None => AgentState::Idle { since: now },
        };
        self.set(agent, state);
    }

    pub(super) fn pass(&mut self, from: AgentId, to: Option<AgentId>) -> Result<(), AcdError> {
        to.map(|to| self.state_of(to).map(drop)).transpose()?;
        let Some(mut entry) = self.end_talk(from)? else { return Ok(()) };
        let Some(to) = to.filter(|to| self.is_beside(*to)) else { return Ok(()) };
        let (now, wall, call) = (self.now, self.wall, entry.call);
        let caller = entry.caller.clone();
        let Some(seat) = self.seats.get_mut(&to) else { return Ok(()) };
        let rings = matches!(seat.agent.state, AgentState::Ringing { .. });
        (entry.from, entry.told) = (rings.then_some(from), None);
        (seat.entry, seat.began) = (Some(entry), now);
        self.places.insert(call, Place::With(to));
        if let Some(caller) = caller.filter(|_| !rings) {
            self.owners.put(caller, to, wall);
        }
        Ok(())
    }

    pub(super) fn pass_on(&mut self, from: AgentId, group: &str) -> Result<(), AcdError> {
        let home = self.group_index(group)?;
        let Some(mut entry) = self.end_talk(from)? else { return Ok(()) };
        let priority = entry.priority.min(Priority::Returned);
        let call = entry.call;
        (entry.home, entry.priority) = (home, priority);
        (entry.owner, entry.told) = (None, None);
        self.record(Record::Entered { call, group: group.to_owned(), priority });
        self.wait(entry);
        Ok(())
    }

    pub(super) fn bring_back(&mut self, call: CallId, ask: Ask, to: Option<AgentId>) {
        if self.places.contains_key(&call) {
            return;
        }
        self.arrivals += 1;
        let home = self.plan.home(&ask.need.topics, self.open);
        let priority = ask.priority.min(Priority::Returned);
        let entry = Entry::new(call, Ask { priority, ..ask }, self.arrivals, self.now, home);
        let group = self.plan.groups.get(home).map(|g| g.code.clone()).unwrap_or_default();
        self.record(Record::Entered { call, group, priority });
        match to {
            Some(to) => self.recall(to, entry),
            None => self.bring_in(entry),
        }
    }

    fn bring_in(&mut self, entry: Entry) {
        if self.on_duty() && self.waiting.len() >= QUEUE_MAX {
            return self.gone(&entry, Gone::Full);
        }
        self.wait(entry);
    }

    /// Rings the one who had the caller, if they are free or still write that talk up; else the caller waits.
    pub(super) fn recall(&mut self, agent: AgentId, mut entry: Entry) {
        (entry.owner, entry.told) = (None, None);
        let call = entry.call;
        if matches!(self.state_of(agent), Ok(AgentState::WrapUp { call: of, .. }) if *of == call) {
            self.wrap_up(agent);
        }
        if !matches!(self.state_of(agent), Ok(AgentState::Idle { .. })) {
            return self.bring_in(entry);
        }
        let until = self.now + self.plan.rules.ring_ms;
        self.places.insert(call, Place::With(agent));
        if let Some(seat) = self.seats.get_mut(&agent) {
            seat.entry = Some(entry);
        }
        self.set(agent, AgentState::Ringing { call, until });
        self.effect(Effect::Ring { agent, call });
    }
}
