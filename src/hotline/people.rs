//! The queue, the agents' telephones, the talk between people.

use super::{Effect, Fact, Hotline, Party, Referral};
use crate::acd::{self, AcdError, AgentState};
use crate::bridge::{self, BridgeError, Down, Part, Told, Who};
use crate::call::EndReason;
use crate::desk::{Actor, DeskError, TicketEvent};
use crate::dialogue;
use crate::kernel::{AgentId, CallId, LegId};

impl Hotline {
    pub(super) fn tell_queue(&mut self, input: acd::Input) {
        if let Err(error) = self.try_queue(input) {
            tracing::error!(%error, "the queue refused an input of the hotline's own");
        }
    }

    pub(super) fn try_queue(&mut self, input: acd::Input) -> Result<(), DeskError> {
        let result = self.queue.handle(self.now, self.wall, input);
        let effects: Vec<acd::Effect> = self.queue.drain().collect();
        for effect in effects {
            self.queue_effect(effect);
        }
        result.map_err(refused)
    }

    fn queue_effect(&mut self, effect: acd::Effect) {
        match effect {
            acd::Effect::Ring { agent, call } => self.ring(agent, call),
            acd::Effect::StopRinging { agent, call } => self.stop_ringing(agent, call),
            acd::Effect::CallBack { call, .. } => self.call_back(call),
            acd::Effect::GivenUp { call } => self.promise_over(call),
            acd::Effect::Waiting { call, position, agents: _, estimate_s } => {
                self.tell_dialogue(call, dialogue::Input::Waiting { position, estimate_s });
            }
            acd::Effect::NobodyOnDuty { call } => {
                self.effect(Effect::Music { call, on: false });
                self.tell_dialogue(call, dialogue::Input::NoAgents);
            }
            acd::Effect::Full { call } => {
                self.effect(Effect::Music { call, on: false });
                self.tell_dialogue(call, dialogue::Input::QueueFull);
            }
            acd::Effect::Agent { agent } => self.agent_changed(agent),
            acd::Effect::Record(record) => self.keep(Fact::Queue { record, at: self.wall }),
        }
    }

    fn agent_changed(&mut self, agent: AgentId) {
        let Some(entry) = self.queue.agent(agent) else { return };
        let (state, call) = (entry.state.key(), entry.state.call());
        let reason = entry.state.reason().map(str::to_owned);
        self.keep(Fact::AgentState { agent, state, call, reason, at: self.wall });
    }

    fn ring(&mut self, agent: AgentId, id: CallId) {
        let uri = self.queue.agent(agent).map(|a| a.uri.clone()).unwrap_or_default();
        let leg = self.next_leg();
        let Some(call) = self.calls.get_mut(&id).filter(|c| c.ending.is_none()) else {
            return self.tell_queue(acd::Input::Leave { call: id });
        };
        let part = call.wanted.take().unwrap_or(Part::Serves);
        self.legs.insert(leg, id);
        self.effect(Effect::Dial { call: id, leg, party: Party::Agent { agent, uri } });
        let who = Who::Agent(agent);
        if let Err(error) = self.bridge(id, bridge::Input::Ring { leg, who, part }) {
            tracing::error!(%error, "the queue has rung somebody whom the call cannot take");
            self.legs.remove(&leg);
            self.effect(Effect::HangUp { leg });
        }
    }

    fn stop_ringing(&mut self, agent: AgentId, id: CallId) {
        let who = Who::Agent(agent);
        let party = self.calls.get(&id).and_then(|call| call.bridge.party(&who));
        let asked = party.is_some_and(|party| party.part == Part::Asked);
        self.bridge_all(id, bridge::Input::Drop { who });
        if asked {
            self.referral(id, Referral::Missed);
        }
    }

    /// What is never refused.
    pub(super) fn bridge_all(&mut self, id: CallId, input: bridge::Input) {
        if let Err(error) = self.bridge(id, input) {
            tracing::error!(%error, "a call refused what happened on it");
        }
    }

    pub(super) fn bridge(&mut self, id: CallId, input: bridge::Input) -> Result<(), BridgeError> {
        let Some(call) = self.calls.get_mut(&id) else { return Ok(()) };
        let result = call.bridge.handle(input);
        let effects: Vec<bridge::Effect> = call.bridge.drain().collect();
        // The sound first: what is told may move the call on.
        let (told, sound): (Vec<_>, Vec<_>) =
            effects.into_iter().partition(|effect| matches!(effect, bridge::Effect::Told(_)));
        for effect in sound.into_iter().chain(told) {
            self.bridge_effect(id, effect);
        }
        self.tell_hold(id);
        let stranded = self.calls.get(&id).is_some_and(|call| call.bridge.strands());
        if stranded && !self.stranded.iter().any(|(call, _)| *call == id) {
            self.stranded.push((id, false));
        }
        result
    }

    fn bridge_effect(&mut self, id: CallId, effect: bridge::Effect) {
        match effect {
            bridge::Effect::HangUp { leg } => {
                if self.legs.remove(&leg).is_some() {
                    self.effect(Effect::HangUp { leg });
                }
            }
            bridge::Effect::Enter { leg } => self.effect(Effect::Join { call: id, leg }),
            bridge::Effect::Leave { leg } => self.effect(Effect::Leave { call: id, leg }),
            bridge::Effect::Hears(hearing) => self.effect(Effect::Hears { call: id, hearing }),
            bridge::Effect::Music { on } => self.effect(Effect::Music { call: id, on }),
            bridge::Effect::Party { party, stage } => {
                let name = match &party.who {
                    Who::Agent(_) => String::new(),
                    Who::Outside(code) => {
                        self.outside(code).map(|o| o.name.clone()).unwrap_or_default()
                    }
                };
                self.keep(Fact::Party { call: id, party, name, stage, at: self.wall });
            }
            bridge::Effect::Told(told) => self.told(id, told),
        }
    }

    /// What the queue and the talk must know of it.
    fn told(&mut self, id: CallId, told: Told) {
        match told {
            Told::Answered { who, part } => self.answered(id, &who, part),
            Told::Passed { from, to, up } => self.passed(id, &from, &to, up),
            Told::GaveUp { who } => {
                let group = self.calls.get_mut(&id).and_then(|call| call.to_group.take());
                if let (Some(from), Some(group)) = (who.agent(), group) {
                    self.tell_queue(acd::Input::PassOn { from, group });
                }
            }
            Told::Done { who } => {
                if let Some(agent) = who.agent() {
                    self.tell_queue(acd::Input::Finished { agent });
                }
                self.tell_dialogue(id, dialogue::Input::AgentDone);
            }
            // The caller is before all others again before a word is said about it.
            Told::Lost { who } => {
                self.stranded.push((id, true));
                if let Some(agent) = who.agent() {
                    self.tell_queue(acd::Input::Lost { agent });
                }
            }
            Told::Missed { who } => self.missed(id, &who),
            Told::Left { who, part, up } => {
                match who.agent() {
                    Some(agent) if part == Part::Serves && up => {
                        self.tell_queue(acd::Input::Finished { agent });
                    }
                    Some(agent) if part != Part::Serves => {
                        self.tell_queue(acd::Input::Spare { agent });
                    }
                    _ => {}
                }
                if part == Part::Asked {
                    self.referral(id, Referral::Missed);
                }
            }
        }
    }

    fn answered(&mut self, id: CallId, who: &Who, part: Part) {
        if let Some(agent) = who.agent() {
            self.tell_queue(acd::Input::Answered { agent });
        }
        if part == Part::Asked {
            return self.referral(id, Referral::Reached);
        }
        if part != Part::Serves {
            return;
        }
        if let Some(call) = self.calls.get_mut(&id) {
            call.from = None;
        }
        self.tell_dialogue(id, dialogue::Input::AgentReached);
        self.taken(id, who);
    }

    fn taken(&mut self, id: CallId, who: &Who) {
        let ticket = self.calls.get(&id).and_then(|call| call.ticket);
        if let (Some(ticket), Some(agent)) = (ticket, who.agent()) {
            self.change_ticket(ticket, TicketEvent::Taken { agent }, Actor::agent(agent));
        }
    }

    fn passed(&mut self, id: CallId, from: &Who, to: &Who, up: bool) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        call.from = from.agent().filter(|_| !up);
        if let Some(from) = from.agent() {
            self.tell_queue(acd::Input::Pass { from, to: to.agent() });
        }
        if up {
            self.taken(id, to);
        }
    }

    /// Whoever passed the caller to them has the caller again, where they can.
    fn missed(&mut self, id: CallId, who: &Who) {
        match who.agent() {
            Some(agent) => self.tell_queue(acd::Input::Failed { agent }),
            None => {
                let to = self.calls.get_mut(&id).and_then(|call| call.from.take());
                let ask = self.ask(id, acd::Priority::Returned);
                self.tell_queue(acd::Input::Return { call: id, ask, to });
            }
        }
    }

    pub(super) fn person_leg_ended(&mut self, id: CallId, leg: LegId, reason: EndReason) {
        let up = self.calls.get(&id).is_some_and(|call| {
            call.bridge.parties().iter().any(|party| party.leg == leg && party.up)
        });
        let how = match (up, reason) {
            (false, _) => Down::NotReached,
            (true, EndReason::HungUpByPeer) => Down::HungUp,
            (true, _) => Down::Broke,
        };
        self.bridge_all(id, bridge::Input::Down { leg, how });
    }

    /// The agent's state follows what their caller hears.
    fn tell_hold(&mut self, id: CallId) {
        let Some(call) = self.calls.get(&id) else { return };
        let serving = call.bridge.serving().filter(|party| party.up);
        let Some(agent) = serving.and_then(|party| party.who.agent()) else { return };
        let alone = call.bridge.hearing().heard_by(call.leg).is_empty();
        let holds = self.queue.agent(agent).map(|agent| &agent.state);
        match (alone, holds) {
            (true, Some(AgentState::Talking { .. })) => self.tell_queue(acd::Input::Hold { agent }),
            (false, Some(AgentState::Hold { .. })) => self.tell_queue(acd::Input::Resume { agent }),
            _ => {}
        }
    }

    /// Callers whom people had and who are nobody's now wait for a person, before all ordinary callers.
    pub(super) fn find_somebody(&mut self) {
        while let Some((id, lost)) = self.stranded.pop() {
            let left =
                |call: &super::Call| call.ending.is_none() && (lost || call.bridge.strands());
            if !self.calls.get(&id).is_some_and(left) {
                continue;
            }
            self.bridge_all(id, bridge::Input::Release);
            let gone = if lost { dialogue::Input::AgentLost } else { dialogue::Input::PassedOn };
            self.tell_dialogue(id, gone);
        }
    }
}

/// What the queue refuses, as the desk tells it to staff.
fn refused(error: AcdError) -> DeskError {
    let code = match &error {
        AcdError::NoAgent(agent) => return DeskError::NoAgent(*agent),
        AcdError::NoReason { .. } => "no_reason",
        AcdError::NoCode { .. } => "no_code",
        AcdError::NothingToWrapUp { .. } => "not_now",
        AcdError::NoGroup { .. } => "no_group",
        AcdError::NotFree { .. } => "not_free",
        AcdError::NobodyFree { .. } => "nobody_free",
    };
    DeskError::Refused { code, problem: error.to_string() }
}
