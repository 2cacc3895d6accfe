//! What agents and supervisors do on a call that people have: hold, bring in, pass on; listen, whisper, barge in, take over.

use super::{Command, Effect, Fact, Hotline, Party, Referral};
use crate::acd;
use crate::bridge::{self, BridgeError, Part, Who};
use crate::desk::DeskError;
use crate::kernel::{AgentId, CallId, LegId};

/// Somebody who is no agent and may be brought in or have callers passed to them: a department, 110, an interpreter.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outside {
    /// For programs: 110, housing.
    pub code: String,
    /// For people.
    pub name: String,
    /// Where they are rung.
    pub uri: String,
    /// It is reached over the trunk, with its credentials.
    pub trunk: bool,
    /// A caller who is passed to them is handed to the trunk (REFER), which then has the call.
    pub refer: bool,
}

/// To whom.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Toward {
    Agent(AgentId),
    /// By code: who of it is idle the longest; whoever comes first, where a caller is passed on.
    Group(String),
    /// By code.
    Outside(String),
}

/// What an agent does with the caller they have.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Act {
    /// 保持: the caller hears music.
    Hold,
    Resume,
    /// 征询: somebody is rung, the caller hears music.
    Ask(Toward),
    /// 三方: whoever was asked talks with the caller too.
    Join,
    /// 转接: the agent leaves, the caller is theirs who were asked.
    Pass,
    /// 取消: they are put down.
    CallOff,
    /// 直接转接: the agent leaves at once. A caller who is not taken is the agent's again, or before all ordinary callers.
    Transfer(Toward),
}

/// Longest message to an agent, in characters.
pub const MESSAGE_CHARS: usize = 500;

fn refused(error: BridgeError) -> DeskError {
    DeskError::Refused { code: error.code(), problem: error.to_string() }
}

impl Hotline {
    pub(super) fn outside(&self, code: &str) -> Option<&Outside> {
        self.setup.outside.iter().find(|outside| outside.code == code)
    }

    /// The call of this agent's, who serves on it.
    fn call_of(&self, agent: AgentId) -> Result<CallId, DeskError> {
        let known = self.queue.agent(agent).ok_or(DeskError::NoAgent(agent))?;
        let serves = |id: &CallId| {
            let call = self.calls.get(id).filter(|call| call.ending.is_none());
            call.and_then(|call| call.bridge.serving())
                .is_some_and(|party| party.up && party.who == Who::Agent(agent))
        };
        let call = known.state.serves().filter(serves);
        call.ok_or_else(|| refused(BridgeError::NobodyServes))
    }

    pub(super) fn people_command(&mut self, command: Command) -> Result<(), DeskError> {
        match command {
            Command::Talk { agent, act } => self.act(agent, act),
            Command::Watch { call, at, part } => self.watch(call, at, part),
            Command::Unwatch { at } => {
                let (call, leg) = self.watched_at(at)?;
                self.legs.remove(&leg);
                self.effect(Effect::HangUp { leg });
                self.bridge_all(call, bridge::Input::Down { leg, how: bridge::Down::HungUp });
                Ok(())
            }
            Command::TakeOver { at } => {
                let (call, _) = self.watched_at(at)?;
                self.bridge(call, bridge::Input::TakeOver { who: Who::Agent(at) }).map_err(refused)
            }
            Command::Message { to, text, by } => self.message(to, &text, &by),
            Command::MessagesSeen { agent } => {
                self.queue.agent(agent).ok_or(DeskError::NoAgent(agent))?;
                self.keep(Fact::AgentMessagesSeen { agent, at: self.wall });
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn act(&mut self, agent: AgentId, act: Act) -> Result<(), DeskError> {
        let call = self.call_of(agent)?;
        let input = match act {
            Act::Hold => bridge::Input::Hold { on: true },
            Act::Resume => bridge::Input::Hold { on: false },
            Act::Join => bridge::Input::Join,
            Act::Pass => bridge::Input::Pass,
            Act::CallOff => bridge::Input::CallOff,
            Act::Ask(toward) => return self.ask_for(call, toward),
            Act::Transfer(Toward::Group(group)) => return self.transfer_to_group(call, group),
            Act::Transfer(Toward::Outside(code)) => {
                self.ring_outside(call, &code, true)?;
                bridge::Input::Pass
            }
            Act::Transfer(toward) => {
                self.ask_for(call, toward)?;
                bridge::Input::Pass
            }
        };
        self.bridge(call, input).map_err(refused)
    }

    fn ask_for(&mut self, id: CallId, toward: Toward) -> Result<(), DeskError> {
        let Some(call) = self.calls.get_mut(&id) else { return Ok(()) };
        call.bridge.may_ring(Part::Asked).map_err(refused)?;
        let whom = match toward {
            Toward::Agent(agent) => acd::Whom::Agent(agent),
            Toward::Group(group) => acd::Whom::Group(group),
            Toward::Outside(code) => return self.ring_outside(id, &code, false),
        };
        call.wanted = Some(Part::Asked);
        let asked = self.try_queue(acd::Input::Ask { call: id, whom });
        if let Some(call) = self.calls.get_mut(&id) {
            call.wanted = None;
        }
        asked
    }

    /// `passes`: the caller is handed over at once, and by the trunk where it is to do that.
    fn ring_outside(&mut self, id: CallId, code: &str, passes: bool) -> Result<(), DeskError> {
        let Some(call) = self.calls.get(&id) else { return Ok(()) };
        let caller = call.leg;
        call.bridge.may_ring(Part::Asked).map_err(refused)?;
        let Some(outside) = self.outside(code).cloned() else {
            let known: Vec<&str> = self.setup.outside.iter().map(|o| o.code.as_str()).collect();
            let problem = format!(
                "{code:?} is not on the list of those who may be brought in; it has {}, and more are added under [[outside]] of the configuration",
                known.join(", ")
            );
            return Err(DeskError::Refused { code: "not_listed", problem });
        };
        let leg = self.next_leg();
        let who = Who::Outside(outside.code.clone());
        self.legs.insert(leg, id);
        self.effect(match passes && outside.refer {
            true => Effect::Refer { call: id, leg, caller, outside },
            false => Effect::Dial { call: id, leg, party: Party::Outside(outside) },
        });
        let rung = self.bridge(id, bridge::Input::Ring { leg, who, part: Part::Asked });
        if rung.is_err() {
            self.legs.remove(&leg);
            self.effect(Effect::HangUp { leg });
        }
        rung.map_err(refused)
    }

    fn transfer_to_group(&mut self, id: CallId, group: String) -> Result<(), DeskError> {
        let plan = self.queue.plan();
        if plan.group(&group).is_none() {
            let known: Vec<&str> = plan.groups.iter().map(|group| group.code.as_str()).collect();
            let problem =
                format!("there is no group {group:?}; the queue's plan has {}", known.join(", "));
            return Err(DeskError::Refused { code: "no_group", problem });
        }
        let Some(call) = self.calls.get_mut(&id) else { return Ok(()) };
        call.to_group = Some(group);
        self.bridge(id, bridge::Input::GiveUp).map_err(refused)
    }

    fn watch(&mut self, id: CallId, at: AgentId, part: Part) -> Result<(), DeskError> {
        self.queue.agent(at).ok_or(DeskError::NoAgent(at))?;
        let nobody = || refused(BridgeError::NobodyServes);
        let call = self.calls.get_mut(&id).filter(|c| c.ending.is_none()).ok_or_else(nobody)?;
        let who = Who::Agent(at);
        if call.bridge.party(&who).is_some() {
            return self.bridge(id, bridge::Input::Turn { who, part }).map_err(refused);
        }
        call.bridge.may_ring(part).map_err(refused)?;
        call.wanted = Some(part);
        let attended = self.try_queue(acd::Input::Attend { agent: at, call: id });
        if let Some(call) = self.calls.get_mut(&id) {
            call.wanted = None;
        }
        attended
    }

    /// Where this telephone listens, whispers or barges in.
    fn watched_at(&self, at: AgentId) -> Result<(CallId, LegId), DeskError> {
        let agent = self.queue.agent(at).ok_or(DeskError::NoAgent(at))?;
        let call = agent.state.serves().and_then(|id| self.calls.get(&id));
        let party = call.and_then(|call| call.bridge.party(&Who::Agent(at)).map(|p| (call.id, p)));
        let watches = party.filter(|(_, party)| party.part.watches());
        let (call, party) = watches.ok_or_else(|| refused(BridgeError::NotOnIt))?;
        Ok((call, party.leg))
    }

    fn message(&mut self, to: Option<AgentId>, text: &str, by: &str) -> Result<(), DeskError> {
        if text.trim().is_empty() || text.chars().count() > MESSAGE_CHARS {
            let problem = format!("a message has 1 to {MESSAGE_CHARS} characters");
            return Err(DeskError::Refused { code: "bad_text", problem });
        }
        let to: Vec<AgentId> = match to {
            Some(agent) => vec![self.queue.agent(agent).ok_or(DeskError::NoAgent(agent))?.id],
            None => self.queue.agents().map(|agent| agent.id).collect(),
        };
        for agent in to {
            let (text, by) = (text.trim().to_owned(), by.to_owned());
            self.keep(Fact::AgentMessage { agent, text, by, at: self.wall });
        }
        Ok(())
    }

    /// An agent's telephone put the caller on hold, or took them off it.
    pub(super) fn held(&mut self, leg: LegId, on: bool) {
        let Some(id) = self.legs.get(&leg).copied() else { return };
        let serving = self.calls.get(&id).and_then(|call| call.bridge.serving());
        if serving.is_some_and(|party| party.leg == leg && party.up) {
            self.bridge_all(id, bridge::Input::Hold { on });
        }
    }

    /// An agent's telephone passes the caller on by its own key: to one of the agents, the groups or the list, by the user part. It
    /// is told the truth: the agent stays until somebody has answered.
    pub(super) fn referred(&mut self, leg: LegId, to: &str) {
        let id = self.legs.get(&leg).copied();
        let serving = id.and_then(|id| self.calls.get(&id)).and_then(|call| call.bridge.serving());
        let serves = serving.is_some_and(|party| party.leg == leg && party.up);
        let asked = match (id.filter(|_| serves), self.toward(to)) {
            (Some(id), Some(toward)) => self.ask_for(id, toward).is_ok().then_some(id),
            _ => None,
        };
        let answer = if asked.is_some() { Referral::Accepted } else { Referral::Declined };
        if let Some(call) = asked.and_then(|id| self.calls.get_mut(&id)) {
            call.referring = Some(leg);
        }
        self.effect(Effect::Referred { leg, answer });
    }

    /// Who was asked by a telephone's own key has answered, or has not.
    pub(super) fn referral(&mut self, id: CallId, answer: Referral) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        let Some(leg) = call.referring.take() else { return };
        self.effect(Effect::Referred { leg, answer });
        if answer == Referral::Reached {
            self.bridge_all(id, bridge::Input::Pass);
        }
    }

    fn toward(&self, uri: &str) -> Option<Toward> {
        if let Some(outside) = self.setup.outside.iter().find(|outside| outside.uri == uri) {
            return Some(Toward::Outside(outside.code.clone()));
        }
        let user = uri.split_once(':').map_or(uri, |(_, rest)| rest);
        let user = user.split(['@', ';', '?']).next().unwrap_or_default();
        if self.outside(user).is_some() {
            return Some(Toward::Outside(user.to_owned()));
        }
        let agent = user.parse().ok().map(AgentId);
        if let Some(agent) = agent.filter(|agent| self.queue.agent(*agent).is_some()) {
            return Some(Toward::Agent(agent));
        }
        self.queue.plan().group(user).map(|_| Toward::Group(user.to_owned()))
    }
}
