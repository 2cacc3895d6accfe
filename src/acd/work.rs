//! What agents do: pick up or not, talk, write up, go away and come back.

use super::agent::{AgentState, NO_ANSWER, OFF_DUTY};
use super::contract::{Effect, Priority, Record};
use super::entry::Entry;
use super::error::AcdError;
use super::machine::Acd;
use crate::kernel::AgentId;

impl Acd {
    pub(super) fn answered(&mut self, agent: AgentId) -> Result<(), AcdError> {
        let AgentState::Ringing { call, .. } = *self.state_of(agent)? else { return Ok(()) };
        let (now, wall) = (self.now, self.wall);
        let Some(seat) = self.seats.get_mut(&agent) else { return Ok(()) };
        let Some(entry) = seat.entry.as_mut() else { return self.answered_beside(agent, call) };
        // A citizen who is called back must be on the line first.
        if entry.promise.is_some() {
            return Ok(());
        }
        entry.from = None;
        let waited_ms = entry.waited(now);
        let caller = entry.caller.clone();
        (seat.missed, seat.began, seat.code) = (0, now, None);
        if let Some(caller) = caller {
            self.owners.put(caller, agent, wall);
        }
        self.set(agent, AgentState::Talking { call });
        self.record(Record::Answered { call, agent, waited_ms });
        Ok(())
    }

    pub(super) fn failed(&mut self, agent: AgentId) -> Result<(), AcdError> {
        let AgentState::Ringing { .. } = *self.state_of(agent)? else { return Ok(()) };
        let Some(seat) = self.seats.get_mut(&agent) else { return Ok(()) };
        let entry = seat.entry.take();
        if std::mem::take(&mut seat.guest) {
            self.free(agent);
            return Ok(());
        }
        seat.missed += 1;
        let state = if seat.missed >= self.plan.rules.no_answers_max {
            seat.missed = 0;
            AgentState::away(NO_ANSWER)
        } else {
            AgentState::Idle { since: self.now }
        };
        self.set(agent, state);
        entry.into_iter().for_each(|entry| self.give_back(entry));
        Ok(())
    }

    /// To the front again, behind nobody but emergencies and those who were there before. Who was passed on and not taken goes
    /// back to the one who passed them on, where they can.
    pub(super) fn give_back(&mut self, mut entry: Entry) {
        if let Some(from) = entry.from.take() {
            entry.priority = entry.priority.min(Priority::Returned);
            return self.recall(from, entry);
        }
        entry.owner = None;
        entry.told = None;
        if entry.promise.is_none() {
            entry.priority = entry.priority.min(Priority::Returned);
        }
        self.wait(entry);
    }

    /// The talk is over: its caller, and the agent writes up.
    pub(super) fn end_talk(&mut self, agent: AgentId) -> Result<Option<Entry>, AcdError> {
        let (AgentState::Talking { call } | AgentState::Hold { call }) = *self.state_of(agent)?
        else {
            return Ok(None);
        };
        let now = self.now;
        let Some(seat) = self.seats.get_mut(&agent) else { return Ok(None) };
        let entry = seat.entry.take();
        seat.guest = false;
        seat.talk_ms = now.since(seat.began);
        seat.began = now;
        let talk_ms = seat.talk_ms;
        let home = entry.as_ref().and_then(|entry| self.plan.groups.get(entry.home));
        let limit = home.and_then(|g| g.wrap_up_ms).unwrap_or(self.plan.rules.wrap_up_ms);
        self.places.remove(&call);
        self.record(Record::Ended { call, agent, talk_ms });
        self.set(agent, AgentState::WrapUp { call, until: now + limit });
        Ok(entry)
    }

    pub(super) fn finished(&mut self, agent: AgentId) -> Result<(), AcdError> {
        if self.is_beside(agent) {
            return self.spare(agent);
        }
        self.end_talk(agent).map(|_| ())
    }

    pub(super) fn lost(&mut self, agent: AgentId) -> Result<(), AcdError> {
        if self.is_beside(agent) {
            return self.spare(agent);
        }
        if let Some(entry) = self.end_talk(agent)? {
            let group = self.plan.groups.get(entry.home).map(|g| g.code.clone());
            let (call, priority) = (entry.call, entry.priority.min(Priority::Returned));
            let group = group.unwrap_or_default();
            self.record(Record::Entered { call, group, priority });
            self.give_back(entry);
        }
        Ok(())
    }

    pub(super) fn code(&mut self, agent: AgentId, code: String) -> Result<(), AcdError> {
        let state = self.state_of(agent)?.clone();
        if !self.plan.codes.iter().any(|known| known.code == code) {
            let known = known(self.plan.codes.iter().map(|named| named.code.as_str()));
            return Err(AcdError::NoCode { given: code, known });
        }
        match state {
            AgentState::Talking { .. } | AgentState::Hold { .. } | AgentState::WrapUp { .. } => {}
            state => return Err(AcdError::NothingToWrapUp { agent, state: state.key() }),
        }
        if let Some(seat) = self.seats.get_mut(&agent) {
            seat.code = Some(code);
            self.effect(Effect::Agent { agent });
        }
        Ok(())
    }

    /// The wrap-up is over: idle, or away for those who wanted to leave.
    pub(super) fn wrap_up(&mut self, agent: AgentId) {
        let now = self.now;
        let Some(seat) = self.seats.get_mut(&agent) else { return };
        let AgentState::WrapUp { call, .. } = seat.agent.state else { return };
        let wrap_up_ms = now.since(seat.began);
        let (code, leaving) = (seat.code.take(), seat.leaving.take());
        self.pace.seen(seat.talk_ms.saturating_add(wrap_up_ms));
        self.record(Record::WrappedUp { call, agent, code, wrap_up_ms });
        let state = match leaving {
            Some(reason) => AgentState::Away { reason },
            None => AgentState::Idle { since: now },
        };
        self.set(agent, state);
    }

    pub(super) fn ready(&mut self, agent: AgentId) -> Result<(), AcdError> {
        let state = self.state_of(agent)?.clone();
        if let Some(seat) = self.seats.get_mut(&agent) {
            seat.leaving = None;
        }
        match state {
            AgentState::Away { .. } => self.set(agent, AgentState::Idle { since: self.now }),
            AgentState::WrapUp { .. } => self.wrap_up(agent),
            _ => {}
        }
        Ok(())
    }

    pub(super) fn away(&mut self, agent: AgentId, reason: String) -> Result<(), AcdError> {
        let state = self.state_of(agent)?.clone();
        let reasons = self.plan.reasons.iter().map(|named| named.code.as_str());
        if !reasons.clone().chain([OFF_DUTY]).any(|known| known == reason) {
            let known = known(reasons.chain([OFF_DUTY]));
            return Err(AcdError::NoReason { given: reason, known });
        }
        match state {
            AgentState::Talking { .. } | AgentState::Hold { .. } => {
                if let Some(seat) = self.seats.get_mut(&agent) {
                    seat.leaving = Some(reason);
                    self.effect(Effect::Agent { agent });
                }
            }
            AgentState::Ringing { .. } => {
                let entry = self.stop_ringing(agent);
                self.set(agent, AgentState::Away { reason });
                entry.into_iter().for_each(|entry| self.give_back(entry));
            }
            AgentState::WrapUp { .. } => {
                if let Some(seat) = self.seats.get_mut(&agent) {
                    seat.leaving = Some(reason);
                }
                self.wrap_up(agent);
            }
            AgentState::Idle { .. } | AgentState::Away { .. } => {
                self.set(agent, AgentState::Away { reason });
            }
        }
        Ok(())
    }
}

pub(super) fn known<'a>(codes: impl Iterator<Item = &'a str>) -> String {
    codes.collect::<Vec<_>>().join(", ")
}
