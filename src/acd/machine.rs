//! The queue: who is rung for whom, and what becomes of it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::agent::{Agent, AgentState};
use super::contract::{Ask, Effect, Gone, Input, Priority, Record};
use super::entry::{Entry, Order};
use super::error::AcdError;
use super::owners::{Owner, Owners};
use super::pace::Pace;
use super::plan::Plan;
use crate::kernel::limits::QUEUE_MAX;
use crate::kernel::{AgentId, CallId, Moment, Wall};

/// An agent and what belongs to their work.
#[derive(Clone, Debug)]
pub(super) struct Seat {
    pub agent: Agent,
    /// The groups they belong to: bit `n` is group `n`.
    pub groups: u64,
    /// Calls not answered, in a row.
    pub missed: u32,
    /// Goes away after the talk and its wrap-up, for this reason.
    pub leaving: Option<String>,
    /// Whom they ring for or talk with.
    pub entry: Option<Entry>,
    /// Since when they talk, then since when they write it up.
    pub began: Moment,
    pub talk_ms: u64,
    pub code: Option<String>,
    /// Was away before they were rung to supervise: not on duty all the while.
    pub guest: bool,
}

impl Seat {
    pub fn is_on_duty(&self) -> bool {
        !self.agent.state.is_away() && !self.guest
    }
}

/// Where a caller is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Place {
    Waiting(Order),
    With(AgentId),
}

#[derive(Clone, Debug)]
pub struct Acd {
    pub(super) plan: Arc<Plan>,
    pub(super) seats: BTreeMap<AgentId, Seat>,
    pub(super) waiting: BTreeMap<Order, Entry>,
    pub(super) places: BTreeMap<CallId, Place>,
    pub(super) owners: Owners,
    pub(super) pace: Pace,
    pub(super) arrivals: u64,
    /// Never goes backwards.
    pub(super) now: Moment,
    pub(super) wall: Wall,
    /// Groups that are open, and that have somebody on duty: bit `n` is group `n`.
    pub(super) open: u64,
    pub(super) staffed_all: u64,
    effects: VecDeque<Effect>,
}

impl Acd {
    pub fn new(plan: Arc<Plan>, agents: impl IntoIterator<Item = Agent>) -> Self {
        let seat = |agent: Agent| {
            let seat = Seat {
                groups: plan.mask(&agent.groups),
                agent,
                missed: 0,
                leaving: None,
                entry: None,
                began: Moment::ZERO,
                talk_ms: 0,
                code: None,
                guest: false,
            };
            (seat.agent.id, seat)
        };
        Acd {
            seats: agents.into_iter().map(seat).collect(),
            plan,
            waiting: BTreeMap::new(),
            places: BTreeMap::new(),
            owners: Owners::default(),
            pace: Pace::default(),
            arrivals: 0,
            now: Moment::ZERO,
            wall: Wall::default(),
            open: 0,
            staffed_all: 0,
            effects: VecDeque::new(),
        }
    }

    /// The same, which knows who had whose matter.
    pub fn remembering(mut self, owners: impl IntoIterator<Item = Owner>) -> Self {
        for owner in owners {
            self.owners.put(owner.caller, owner.agent, owner.at);
        }
        self
    }

    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    pub fn agents(&self) -> impl Iterator<Item = &Agent> {
        self.seats.values().map(|seat| &seat.agent)
    }

    pub fn agent(&self, id: AgentId) -> Option<&Agent> {
        self.seats.get(&id).map(|seat| &seat.agent)
    }

    /// Who waits, the next one first; whoever is called back is among them.
    pub fn waiting(&self) -> impl Iterator<Item = CallId> + '_ {
        self.waiting.values().map(|entry| entry.call)
    }

    /// Waits for an agent, on the line or for a callback.
    pub fn waits(&self, call: CallId) -> bool {
        matches!(self.places.get(&call), Some(Place::Waiting(_)))
    }

    /// May this agent take this waiting caller now? For checks of what must always hold.
    pub fn may_take(&self, call: CallId, agent: AgentId) -> bool {
        let Some(Place::Waiting(order)) = self.places.get(&call) else { return false };
        let (Some(entry), Some(seat)) = (self.waiting.get(order), self.seats.get(&agent)) else {
            return false;
        };
        entry.is_due(self.now) && self.is_eligible(entry, self.reach(entry), seat)
    }

    /// The agent who is rung for, talks with or writes up this call.
    pub fn agent_of(&self, call: CallId) -> Option<&Agent> {
        self.agents().find(|a| a.state.call() == Some(call))
    }

    pub fn drain(&mut self) -> impl Iterator<Item = Effect> + '_ {
        self.effects.drain(..)
    }

    pub fn deadline(&self) -> Option<Moment> {
        let agents = self.seats.values().filter_map(|seat| match seat.agent.state {
            AgentState::Ringing { until, .. } | AgentState::WrapUp { until, .. } => Some(until),
            _ => None,
        });
        let every = self.plan.rules.position_every_ms;
        let told = self.waiting.values().filter(|entry| entry.promise.is_none());
        let told = told.filter_map(|entry| entry.told).map(|told| told + every);
        let changes = self.waiting.values().filter_map(|entry| self.next_change(entry));
        let edges = self.plan.groups.iter().filter_map(|group| group.edge_in_ms(self.wall));
        let edges = edges.filter(|_| !self.waiting.is_empty()).map(|ms| self.now + ms);
        agents.chain(told).chain(changes).chain(edges).min()
    }

    /// Takes one input; the effects wait in [`Acd::drain`]. `now` and `wall` are the same instant.
    ///
    /// # Errors
    /// For an agent, a reason or a code that is not known; nothing has happened then.
    pub fn handle(&mut self, now: Moment, wall: Wall, input: Input) -> Result<(), AcdError> {
        self.now = self.now.max(now);
        self.wall = wall;
        self.open = self.plan.open(wall);
        self.take(input)?;
        self.look();
        self.promote();
        self.match_up();
        self.tell_positions();
        Ok(())
    }

    fn take(&mut self, input: Input) -> Result<(), AcdError> {
        match input {
            Input::Enqueue { call, ask } => self.enqueue(call, ask),
            Input::Leave { call } => self.leave(call),
            Input::Promise { call } => self.promise(call),
            Input::Withdraw { call } => self.withdraw(call, Gone::NotReached),
            Input::Reached { call, line } => self.reached(call, line),
            Input::Unreached { call } => self.unreached(call),
            Input::Answered { agent } => self.answered(agent)?,
            Input::Failed { agent } => self.failed(agent)?,
            Input::Hold { agent } => {
                if let AgentState::Talking { call } = *self.state_of(agent)? {
                    self.set(agent, AgentState::Hold { call });
                }
            }
            Input::Resume { agent } => {
                if let AgentState::Hold { call } = *self.state_of(agent)? {
                    self.set(agent, AgentState::Talking { call });
                }
            }
            Input::Finished { agent } => self.finished(agent)?,
            Input::Lost { agent } => self.lost(agent)?,
            Input::Code { agent, code } => self.code(agent, code)?,
            Input::Ready { agent } => self.ready(agent)?,
            Input::Away { agent, reason } => self.away(agent, reason)?,
            Input::Ask { call, whom } => self.ask(call, &whom)?,
            Input::Attend { agent, call } => self.attend(agent, call)?,
            Input::Spare { agent } => self.spare(agent)?,
            Input::Pass { from, to } => self.pass(from, to)?,
            Input::PassOn { from, group } => self.pass_on(from, &group)?,
            Input::Return { call, ask, to } => self.bring_back(call, ask, to),
            Input::Tick => self.tick(),
        }
        Ok(())
    }

    pub(super) fn on_duty(&self) -> bool {
        self.seats.values().any(Seat::is_on_duty)
    }

    pub(super) fn effect(&mut self, effect: Effect) {
        self.effects.push_back(effect);
    }

    pub(super) fn record(&mut self, record: Record) {
        self.effect(Effect::Record(record));
    }

    fn enqueue(&mut self, call: CallId, ask: Ask) {
        match self.places.get(&call).copied() {
            Some(Place::With(_)) => return,
            Some(Place::Waiting(order)) => return self.hurry(order, ask.priority),
            None => {}
        }
        self.arrivals += 1;
        let home = self.plan.home(&ask.need.topics, self.open);
        let priority = ask.priority;
        let mut entry = Entry::new(call, ask, self.arrivals, self.now, home);
        let for_ms = self.plan.rules.owner_for_ms;
        let caller = entry.caller.as_ref().filter(|_| priority != Priority::Emergency);
        entry.owner = caller.and_then(|caller| self.owners.of(caller, self.wall, for_ms));
        let group = self.plan.groups.get(home).map(|g| g.code.clone()).unwrap_or_default();
        self.record(Record::Entered { call, group, priority });
        if !self.on_duty() {
            self.gone(&entry, Gone::Nobody);
        } else if self.waiting.len() >= QUEUE_MAX {
            self.gone(&entry, Gone::Full);
        } else {
            self.wait(entry);
        }
    }

    pub(super) fn wait(&mut self, entry: Entry) {
        self.places.insert(entry.call, Place::Waiting(entry.order()));
        self.waiting.insert(entry.order(), entry);
    }

    pub(super) fn gone(&mut self, entry: &Entry, why: Gone) {
        let call = entry.call;
        self.places.remove(&call);
        match (why, entry.promise) {
            (Gone::Nobody, None) => self.effect(Effect::NobodyOnDuty { call }),
            (Gone::Full, None) => self.effect(Effect::Full { call }),
            (Gone::Left, _) => {}
            (_, Some(_)) => self.effect(Effect::GivenUp { call }),
            (Gone::NotReached, None) => {}
        }
        self.record(Record::Left { call, why, waited_ms: entry.waited(self.now) });
    }

    /// Who waits already moves up when it has become urgent; nobody moves down. They hear their place anew.
    fn hurry(&mut self, order: Order, priority: Priority) {
        let Some(mut entry) = self.waiting.remove(&order) else { return };
        if priority < entry.priority {
            // Behind those who were urgent before.
            self.arrivals += 1;
            (entry.priority, entry.arrival) = (priority, self.arrivals);
        }
        entry.told = None;
        if entry.priority == Priority::Emergency {
            entry.owner = None;
        }
        self.wait(entry);
    }

    fn leave(&mut self, call: CallId) {
        let promised = |entry: &Entry| entry.promise.is_some();
        let keeps = match self.places.get(&call) {
            Some(Place::Waiting(order)) => self.waiting.get(order).is_some_and(promised),
            Some(Place::With(agent)) => self.entry_of(*agent).is_some_and(promised),
            None => true,
        };
        if !keeps {
            self.withdraw(call, Gone::Left);
        }
    }

    pub(super) fn entry_of(&self, agent: AgentId) -> Option<&Entry> {
        self.seats.get(&agent).and_then(|seat| seat.entry.as_ref())
    }

    /// Out of the queue, and whoever is rung for them is idle again. A talk is not ended so.
    pub(super) fn withdraw(&mut self, call: CallId, why: Gone) {
        match self.places.get(&call).copied() {
            Some(Place::Waiting(order)) => {
                if let Some(entry) = self.waiting.remove(&order) {
                    self.gone(&entry, why);
                }
            }
            Some(Place::With(agent)) => {
                if let Some(entry) = self.stop_ringing(agent) {
                    self.gone(&entry, why);
                    self.set(agent, AgentState::Idle { since: self.now });
                }
            }
            None => {}
        }
    }

    /// Takes the caller back from an agent who is being rung, and stops the telephone.
    pub(super) fn stop_ringing(&mut self, agent: AgentId) -> Option<Entry> {
        let seat = self.seats.get_mut(&agent)?;
        let AgentState::Ringing { call, .. } = seat.agent.state else { return None };
        let entry = seat.entry.take();
        self.effect(Effect::StopRinging { agent, call });
        entry
    }

    pub(super) fn state_of(&self, agent: AgentId) -> Result<&AgentState, AcdError> {
        let seat = self.seats.get(&agent).ok_or(AcdError::NoAgent(agent))?;
        Ok(&seat.agent.state)
    }

    pub(super) fn set(&mut self, agent: AgentId, state: AgentState) {
        if let Some(seat) = self.seats.get_mut(&agent) {
            seat.agent.state = state;
            self.effect(Effect::Agent { agent });
        }
    }

    fn tick(&mut self) {
        let now = self.now;
        let due: Vec<(AgentId, bool)> = self
            .seats
            .values()
            .filter_map(|seat| match seat.agent.state {
                AgentState::Ringing { until, .. } if until <= now => Some((seat.agent.id, true)),
                AgentState::WrapUp { until, .. } if until <= now => Some((seat.agent.id, false)),
                _ => None,
            })
            .collect();
        for (agent, rings) in due {
            if rings { self.no_answer(agent) } else { self.wrap_up(agent) }
        }
        let over = |entry: &&Entry| entry.promise.is_some_and(|promise| promise.until <= now);
        let over: Vec<CallId> = self.waiting.values().filter(over).map(|e| e.call).collect();
        over.into_iter().for_each(|call| self.withdraw(call, Gone::NotReached));
    }

    fn no_answer(&mut self, agent: AgentId) {
        let Ok(AgentState::Ringing { call, .. }) = self.state_of(agent).cloned() else { return };
        self.effect(Effect::StopRinging { agent, call });
        if self.entry_of(agent).is_some_and(|entry| entry.promise.is_some()) {
            // The agent has done nothing wrong: it is the citizen who is not there.
            return self.unreached(call);
        }
        // `failed` only refuses unknown agents, and this one was just listed.
        let _ = self.failed(agent);
    }
}
