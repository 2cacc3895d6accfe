//! The queue, the agents' telephones, the talk between people.

use super::{Effect, Fact, Hotline, Party};
use crate::acd::{self, AcdError};
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
        call.agent = Some((agent, leg, false));
        self.legs.insert(leg, id);
        self.effect(Effect::Dial { call: id, leg, party: Party::Agent { agent, uri } });
    }

    fn stop_ringing(&mut self, agent: AgentId, id: CallId) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        if let Some((_, leg, _)) = call.agent.take_if(|(a, _, _)| *a == agent)
            && self.legs.remove(&leg).is_some()
        {
            self.effect(Effect::HangUp { leg });
        }
    }

    /// The agent has picked up.
    pub(super) fn agent_up(&mut self, id: CallId, leg: LegId) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        let Some((agent, agent_leg, up)) = call.agent.as_mut() else { return };
        if *agent_leg != leg || *up {
            return;
        }
        *up = true;
        let agent = *agent;
        let ticket = call.ticket;
        self.effect(Effect::Music { call: id, on: false });
        self.tell_queue(acd::Input::Answered { agent });
        self.tell_dialogue(id, dialogue::Input::AgentReached);
        self.effect(Effect::Join { call: id, leg });
        if let Some(ticket) = ticket {
            self.change_ticket(ticket, TicketEvent::Taken { agent }, Actor::agent(agent));
        }
    }

    pub(super) fn agent_leg_ended(&mut self, id: CallId, leg: LegId, reason: EndReason) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        let Some((agent, _, up)) = call.agent.take_if(|(_, l, _)| *l == leg) else { return };
        if !up {
            return self.tell_queue(acd::Input::Failed { agent });
        }
        self.effect(Effect::Part { call: id });
        if reason == EndReason::HungUpByPeer {
            self.tell_queue(acd::Input::Finished { agent });
            return self.tell_dialogue(id, dialogue::Input::AgentDone);
        }
        // The caller is before all others again before a word is said about it.
        self.tell_queue(acd::Input::Lost { agent });
        self.tell_dialogue(id, dialogue::Input::AgentLost);
    }

    /// The caller is gone: the agent's telephone stops ringing, or the talk is over.
    pub(super) fn release_agent(&mut self, id: CallId, agent: Option<(AgentId, LegId, bool)>) {
        if let Some((agent, leg, up)) = agent {
            if self.legs.remove(&leg).is_some() {
                self.effect(Effect::HangUp { leg });
            }
            if up {
                return self.tell_queue(acd::Input::Finished { agent });
            }
        }
        self.tell_queue(acd::Input::Leave { call: id });
    }
}

/// What the queue refuses, as the desk tells it to staff.
fn refused(error: AcdError) -> DeskError {
    let code = match &error {
        AcdError::NoAgent(agent) => return DeskError::NoAgent(*agent),
        AcdError::NoReason { .. } => "no_reason",
        AcdError::NoCode { .. } => "no_code",
        AcdError::NothingToWrapUp { .. } => "not_now",
    };
    DeskError::Refused { code, problem: error.to_string() }
}
