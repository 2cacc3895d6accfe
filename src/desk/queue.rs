//! The queue (ACD): callers wait in order of priority and arrival; the agent idle the longest is rung first; a caller whose
//! agent did not answer goes back to the front. Nobody is ever rung with two calls.

use std::collections::{BTreeMap, VecDeque};

use super::agent::{Agent, AgentState};
use super::ticket::DeskError;
use crate::kernel::limits::QUEUE_MAX;
use crate::kernel::{AgentId, CallId, Moment};

/// Smaller goes first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Priority {
    /// Danger to life or property.
    Emergency,
    /// Was already with an agent or being rung for.
    Returned,
    Ordinary,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Input {
    /// A caller wants a person.
    Enqueue { call: CallId, priority: Priority },
    /// The caller has hung up or is served otherwise.
    Leave { call: CallId },
    /// The agent's telephone was answered.
    Answered { agent: AgentId },
    /// It was busy, rejected the call or could not be reached.
    Failed { agent: AgentId },
    /// The talk is over.
    Finished { agent: AgentId },
    /// The agent is ready again before wrap-up has run out, or comes on duty.
    Ready { agent: AgentId },
    /// The agent goes off duty; a call being rung for goes back to the front.
    Away { agent: AgentId },
    /// The deadline has come.
    Tick,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Effect {
    /// Ring this agent's telephone for this call.
    Ring { agent: AgentId, call: CallId },
    /// Stop ringing it.
    StopRinging { agent: AgentId, call: CallId },
    /// Tell the caller where they stand, 1 is next. `agents` is how many are on duty, busy or not.
    Waiting { call: CallId, position: u32, agents: u32 },
    /// Nobody is on duty: the caller is not in the queue.
    NobodyOnDuty { call: CallId },
    /// The queue is full: the caller is not in it.
    Full { call: CallId },
    /// An agent's state has changed.
    Agent { agent: AgentId },
}

/// Times in milliseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rules {
    /// How long one agent's telephone rings.
    pub ring_ms: u64,
    /// Time after a talk to finish the ticket.
    pub wrap_up_ms: u64,
    /// How often a waiting caller hears their position.
    pub position_every_ms: u64,
    /// An agent who did not answer so often in a row is taken off duty, so that callers do not ring an empty chair.
    pub no_answers_max: u32,
}

impl Default for Rules {
    fn default() -> Self {
        Rules { ring_ms: 15_000, wrap_up_ms: 30_000, position_every_ms: 20_000, no_answers_max: 2 }
    }
}

#[derive(Clone, PartialEq, Eq, Debug)]
struct Waiting {
    call: CallId,
    priority: Priority,
    told: Moment,
    position_told: u32,
}

#[derive(Debug)]
pub struct Queue {
    rules: Rules,
    agents: BTreeMap<AgentId, Agent>,
    no_answers: BTreeMap<AgentId, u32>,
    waiting: VecDeque<Waiting>,
    effects: VecDeque<Effect>,
}

impl Queue {
    pub fn new(rules: Rules, agents: impl IntoIterator<Item = Agent>) -> Self {
        Queue {
            rules,
            agents: agents.into_iter().map(|a| (a.id, a)).collect(),
            no_answers: BTreeMap::new(),
            waiting: VecDeque::new(),
            effects: VecDeque::new(),
        }
    }

    pub fn agents(&self) -> impl Iterator<Item = &Agent> {
        self.agents.values()
    }

    pub fn agent(&self, id: AgentId) -> Option<&Agent> {
        self.agents.get(&id)
    }

    pub fn waiting(&self) -> impl Iterator<Item = CallId> + '_ {
        self.waiting.iter().map(|w| w.call)
    }

    /// The agent who is rung for, talks with or writes up this call.
    pub fn agent_of(&self, call: CallId) -> Option<&Agent> {
        self.agents.values().find(|a| a.state.call() == Some(call))
    }

    pub fn drain(&mut self) -> impl Iterator<Item = Effect> + '_ {
        self.effects.drain(..)
    }

    pub fn deadline(&self) -> Option<Moment> {
        let agents = self.agents.values().filter_map(|a| match a.state {
            AgentState::Ringing { until, .. } | AgentState::WrapUp { until, .. } => Some(until),
            _ => None,
        });
        let told = self.waiting.iter().map(|w| w.told + self.rules.position_every_ms);
        agents.chain(told).min()
    }

    pub fn handle(&mut self, now: Moment, input: Input) -> Result<(), DeskError> {
        match input {
            Input::Enqueue { call, priority } => self.enqueue(now, call, priority),
            Input::Leave { call } => self.leave(now, call),
            Input::Answered { agent } => self.answered(agent)?,
            Input::Failed { agent } => self.failed(now, agent)?,
            Input::Finished { agent } => self.finished(now, agent)?,
            Input::Ready { agent } => self.ready(now, agent)?,
            Input::Away { agent } => self.away(now, agent)?,
            Input::Tick => self.tick(now),
        }
        self.match_up(now);
        self.tell_positions(now);
        Ok(())
    }

    fn on_duty(&self) -> u32 {
        self.agents.values().filter(|a| a.state != AgentState::Away).count() as u32
    }

    fn enqueue(&mut self, now: Moment, call: CallId, priority: Priority) {
        if self.is_served(call) {
            return;
        }
        if let Some(at) = self.waiting.iter().position(|w| w.call == call) {
            return self.hurry(at, priority);
        }
        if self.on_duty() == 0 {
            self.effects.push_back(Effect::NobodyOnDuty { call });
        } else if self.waiting.len() >= QUEUE_MAX {
            self.effects.push_back(Effect::Full { call });
        } else {
            self.insert(now, call, priority, false);
        }
    }

    /// Rung for or talked with. Writing up an earlier talk with the same caller is neither.
    fn is_served(&self, call: CallId) -> bool {
        self.agents.values().any(|a| match a.state {
            AgentState::Ringing { call: served, .. } | AgentState::Talking { call: served } => {
                served == call
            }
            _ => false,
        })
    }

    /// Who waits already moves up when it has become urgent; nobody moves down.
    fn hurry(&mut self, at: usize, priority: Priority) {
        let Some(mut entry) = self.waiting.remove(at) else { return };
        entry.priority = entry.priority.min(priority);
        // Among equals by arrival: behind those of this priority who stand before.
        let to = self.waiting.iter().take(at).position(|w| w.priority > entry.priority);
        self.waiting.insert(to.unwrap_or(at), entry);
    }

    fn insert(&mut self, now: Moment, call: CallId, priority: Priority, front: bool) {
        let at = self
            .waiting
            .iter()
            .position(|w| w.priority > priority || (front && w.priority == priority))
            .unwrap_or(self.waiting.len());
        let entry = Waiting { call, priority, told: now, position_told: 0 };
        self.waiting.insert(at, entry);
    }

    fn leave(&mut self, now: Moment, call: CallId) {
        self.waiting.retain(|w| w.call != call);
        let rung = self.agents.values().find_map(|a| match a.state {
            AgentState::Ringing { call: ringing, .. } if ringing == call => Some(a.id),
            _ => None,
        });
        if let Some(agent) = rung {
            self.effects.push_back(Effect::StopRinging { agent, call });
            self.set(agent, AgentState::Idle { since: now });
        }
    }

    fn state_of(&self, agent: AgentId) -> Result<AgentState, DeskError> {
        self.agents.get(&agent).map(|a| a.state.clone()).ok_or(DeskError::NoAgent(agent))
    }

    fn set(&mut self, agent: AgentId, state: AgentState) {
        if let Some(entry) = self.agents.get_mut(&agent) {
            entry.state = state;
            self.effects.push_back(Effect::Agent { agent });
        }
    }

    fn answered(&mut self, agent: AgentId) -> Result<(), DeskError> {
        if let AgentState::Ringing { call, .. } = self.state_of(agent)? {
            self.no_answers.remove(&agent);
            self.set(agent, AgentState::Talking { call });
        }
        Ok(())
    }

    fn failed(&mut self, now: Moment, agent: AgentId) -> Result<(), DeskError> {
        let AgentState::Ringing { call, .. } = self.state_of(agent)? else {
            return Ok(());
        };
        let missed = self.no_answers.entry(agent).or_insert(0);
        *missed += 1;
        let gone = *missed >= self.rules.no_answers_max;
        if gone {
            self.no_answers.remove(&agent);
            self.set(agent, AgentState::Away);
        } else {
            self.set(agent, AgentState::Idle { since: now });
        }
        self.give_back(now, call);
        Ok(())
    }

    // To the front again, or, with nobody left on duty, out of the queue with a word about it.
    fn give_back(&mut self, now: Moment, call: CallId) {
        if self.on_duty() == 0 {
            self.effects.push_back(Effect::NobodyOnDuty { call });
            for left in std::mem::take(&mut self.waiting) {
                self.effects.push_back(Effect::NobodyOnDuty { call: left.call });
            }
        } else {
            self.insert(now, call, Priority::Returned, true);
        }
    }

    fn finished(&mut self, now: Moment, agent: AgentId) -> Result<(), DeskError> {
        if let AgentState::Talking { call } = self.state_of(agent)? {
            let until = now + self.rules.wrap_up_ms;
            self.set(agent, AgentState::WrapUp { call, until });
        }
        Ok(())
    }

    fn ready(&mut self, now: Moment, agent: AgentId) -> Result<(), DeskError> {
        if matches!(self.state_of(agent)?, AgentState::Away | AgentState::WrapUp { .. }) {
            self.set(agent, AgentState::Idle { since: now });
        }
        Ok(())
    }

    fn away(&mut self, now: Moment, agent: AgentId) -> Result<(), DeskError> {
        match self.state_of(agent)? {
            // A talk goes on; its end leads to wrap-up, and from there the agent may leave.
            AgentState::Away | AgentState::Talking { .. } => {}
            AgentState::Ringing { call, .. } => {
                self.effects.push_back(Effect::StopRinging { agent, call });
                self.set(agent, AgentState::Away);
                self.give_back(now, call);
            }
            AgentState::Idle { .. } | AgentState::WrapUp { .. } => {
                self.set(agent, AgentState::Away);
                if self.on_duty() == 0 {
                    for left in std::mem::take(&mut self.waiting) {
                        self.effects.push_back(Effect::NobodyOnDuty { call: left.call });
                    }
                }
            }
        }
        Ok(())
    }

    fn tick(&mut self, now: Moment) {
        let due: Vec<(AgentId, AgentState)> = self
            .agents
            .values()
            .filter(|a| match a.state {
                AgentState::Ringing { until, .. } | AgentState::WrapUp { until, .. } => {
                    until <= now
                }
                _ => false,
            })
            .map(|a| (a.id, a.state.clone()))
            .collect();
        for (agent, state) in due {
            match state {
                AgentState::Ringing { call, .. } => {
                    self.effects.push_back(Effect::StopRinging { agent, call });
                    // `failed` only refuses unknown agents, and this one was just listed.
                    let _ = self.failed(now, agent);
                }
                AgentState::WrapUp { .. } => self.set(agent, AgentState::Idle { since: now }),
                _ => {}
            }
        }
    }

    // Longest idle first; ties by work number.
    fn match_up(&mut self, now: Moment) {
        while !self.waiting.is_empty() {
            let idle = self
                .agents
                .values()
                .filter_map(|a| match a.state {
                    AgentState::Idle { since } => Some((since, a.id)),
                    _ => None,
                })
                .min();
            let Some((_, agent)) = idle else { return };
            let Some(next) = self.waiting.pop_front() else { return };
            let until = now + self.rules.ring_ms;
            self.set(agent, AgentState::Ringing { call: next.call, until });
            self.effects.push_back(Effect::Ring { agent, call: next.call });
        }
    }

    fn tell_positions(&mut self, now: Moment) {
        let agents = self.on_duty();
        for (index, waiting) in self.waiting.iter_mut().enumerate() {
            let position = index as u32 + 1;
            let first = waiting.position_told == 0;
            if first || now.since(waiting.told) >= self.rules.position_every_ms {
                waiting.told = now;
                waiting.position_told = position;
                self.effects.push_back(Effect::Waiting { call: waiting.call, position, agents });
            }
        }
    }
}
