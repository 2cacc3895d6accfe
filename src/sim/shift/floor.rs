//! The clock of a shift: what happens, and what the queue does about it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use super::super::world::Fnv;
use super::watch::Watch;
use super::{Shift, ShiftReport, crew};
use crate::acd::{Acd, Agent, AgentState, Effect, Gone, Input, NO_ANSWER, Plan, Record};
use crate::kernel::{AgentId, CallId, Civil, Moment, Rng, Wall};

/// A Monday.
const BEGINS: Civil = Civil { year: 2026, month: 11, day: 23, hour: 9, minute: 0, second: 0 };
/// So many inputs a caller come of no queue that is at rest in the end.
const INPUTS_PER_CALLER_MAX: u64 = 500;
/// Everything that can be seen is looked at after every input of this many, then after every hundredth.
const LOOKED_AT_CLOSELY: u64 = 60_000;
/// Calls that are made to citizens who were promised one have numbers from here on.
const LINES: u64 = 1_000_000_000;

/// What is going to happen. `epoch` counts what an agent was given: older plans with them are void.
#[derive(Clone, Debug)]
enum Event {
    Arrives,
    HangsUp(CallId),
    Promises(CallId),
    PicksUp { agent: AgentId, epoch: u64 },
    Rejects { agent: AgentId, epoch: u64 },
    TalkEnds { agent: AgentId, epoch: u64, broken: bool },
    Ready { agent: AgentId, epoch: u64 },
    Break(AgentId),
    Back(AgentId),
    Reached(CallId),
    NotReached(CallId),
    Restart,
}

pub(super) struct Floor {
    shift: Shift,
    rng: Rng,
    now: Moment,
    planned: u64,
    agenda: BTreeMap<(Moment, u64), Event>,
    queue: Acd,
    plan: Arc<Plan>,
    epochs: BTreeMap<AgentId, u64>,
    arrived: u32,
    lines: u64,
    watch: Watch,
    hash: Fnv,
    report: ShiftReport,
    waits: Waits,
}

/// Of those who were answered.
#[derive(Debug, Default)]
struct Waits {
    counted: u64,
    waited: u64,
    in_time: u64,
    sum_ms: f64,
}

impl Floor {
    pub fn new(shift: Shift) -> Floor {
        let plan = crew::plan(shift.manner);
        Floor {
            queue: Acd::new(plan.clone(), Floor::crew(&shift)),
            plan,
            rng: Rng::new(shift.seed),
            now: Moment::ZERO,
            planned: 0,
            agenda: BTreeMap::new(),
            epochs: BTreeMap::new(),
            arrived: 0,
            lines: LINES,
            watch: Watch::default(),
            hash: Fnv::default(),
            report: ShiftReport::default(),
            waits: Waits::default(),
            shift,
        }
    }

    fn crew(shift: &Shift) -> Vec<Agent> {
        crew::agents(shift.agents, shift.manner.alike)
    }

    pub fn play(mut self) -> ShiftReport {
        self.begin();
        let most = (u64::from(self.shift.callers) + 10) * INPUTS_PER_CALLER_MAX;
        while self.report.inputs < most {
            let next = self.agenda.keys().next().map(|(at, _)| *at);
            let deadline = self.queue.deadline().filter(|_| !self.is_over());
            match (next, deadline) {
                (None, None) => break,
                (next, Some(deadline)) if next.is_none_or(|next| deadline <= next) => {
                    self.now = self.now.max(deadline);
                    self.input(Input::Tick);
                }
                _ => {
                    let Some((key, event)) = self.agenda.pop_first() else { break };
                    self.now = self.now.max(key.0);
                    self.happens(event);
                }
            }
        }
        if !self.watch.is_empty() {
            self.watch.violate("somebody still waits when all is over".into());
        }
        self.finish()
    }

    fn is_over(&self) -> bool {
        self.arrived >= self.shift.callers && self.watch.is_empty()
    }

    fn begin(&mut self) {
        self.plan(0, Event::Arrives);
        let length = self.shift.every_ms * u64::from(self.shift.callers);
        for n in 0..self.shift.restarts {
            let at = length * u64::from(n + 1) / u64::from(self.shift.restarts + 1);
            self.plan(at, Event::Restart);
        }
        if let Some(every) = self.shift.manner.break_every_ms {
            for id in 1..=u64::from(self.shift.agents) {
                let at = self.rng.below(every);
                self.plan(at, Event::Break(AgentId(id)));
            }
        }
    }

    fn finish(mut self) -> ShiftReport {
        let Waits { counted, waited, in_time, sum_ms } = self.waits;
        let share = |part: u64| part as f64 / counted.max(1) as f64;
        self.report.waited_share = share(waited);
        self.report.in_time_share = share(in_time);
        self.report.speed_of_answer_s = sum_ms / 1_000.0 / counted.max(1) as f64;
        self.report.hash = self.hash.0;
        self.report.virtual_ms = self.now.ms;
        self.report.violations = self.watch.violations;
        self.report
    }

    fn plan(&mut self, after_ms: u64, event: Event) {
        self.planned += 1;
        self.agenda.insert((self.now + after_ms, self.planned), event);
    }

    /// Exponential.
    fn some(&mut self, mean_ms: u64) -> u64 {
        (-(1.0 - self.rng.unit()).ln() * mean_ms as f64) as u64
    }

    fn wall(&self) -> Wall {
        BEGINS.wall().plus_ms(i64::try_from(self.now.ms).unwrap_or(i64::MAX))
    }

    fn epoch(&self, agent: AgentId) -> u64 {
        self.epochs.get(&agent).copied().unwrap_or(0)
    }

    fn state(&self, agent: AgentId, epoch: u64) -> Option<&AgentState> {
        let state = self.queue.agent(agent).map(|agent| &agent.state);
        state.filter(|_| self.epoch(agent) == epoch)
    }

    fn happens(&mut self, event: Event) {
        match event {
            Event::Arrives => self.arrives(),
            Event::HangsUp(call) => {
                if self.queue.agents().all(|agent| !talks(&agent.state, call)) {
                    self.input(Input::Leave { call });
                }
            }
            Event::Promises(call) => {
                self.watch.leaves_line(call);
                self.input(Input::Promise { call });
            }
            Event::PicksUp { agent, epoch } => {
                if let Some(AgentState::Ringing { .. }) = self.state(agent, epoch) {
                    self.picks_up(agent, epoch);
                }
            }
            Event::Rejects { agent, epoch } => {
                if let Some(AgentState::Ringing { .. }) = self.state(agent, epoch) {
                    self.input(Input::Failed { agent });
                }
            }
            Event::TalkEnds { agent, epoch, broken } => self.talk_ends(agent, epoch, broken),
            Event::Ready { agent, epoch } => {
                if let Some(AgentState::WrapUp { .. }) = self.state(agent, epoch) {
                    self.input(Input::Ready { agent });
                }
            }
            Event::Break(agent) => self.breaks(agent),
            Event::Back(agent) => self.input(Input::Ready { agent }),
            Event::Reached(call) => {
                self.lines += 1;
                self.input(Input::Reached { call, line: CallId(self.lines) });
            }
            Event::NotReached(call) => self.input(Input::Unreached { call }),
            Event::Restart => self.restarts(),
        }
    }

    fn arrives(&mut self) {
        self.arrived += 1;
        if self.arrived < self.shift.callers {
            let gap = self.some(self.shift.every_ms);
            self.plan(gap, Event::Arrives);
        }
        let call = CallId(u64::from(self.arrived));
        let (kind, ask) = crew::ask(&mut self.rng, self.shift.manner.alike);
        // Who waits for one agent alone is not compared with others.
        let line = ask.caller.is_none().then_some(kind);
        self.watch.comes(call, line, ask.priority);
        if let Some(patience) = self.shift.manner.patience_ms {
            let at = self.some(patience);
            self.plan(at, Event::HangsUp(call));
        }
        self.input(Input::Enqueue { call, ask });
    }

    fn picks_up(&mut self, agent: AgentId, epoch: u64) {
        self.input(Input::Answered { agent });
        let length = self.some(self.shift.talk_ms);
        let broken = self.rng.chance(self.shift.manner.breaks_line);
        let length = if broken { length / 3 } else { length };
        self.plan(length, Event::TalkEnds { agent, epoch, broken });
    }

    fn talk_ends(&mut self, agent: AgentId, epoch: u64, broken: bool) {
        let Some(AgentState::Talking { .. }) = self.state(agent, epoch) else { return };
        if broken {
            self.report.broken += 1;
            return self.input(Input::Lost { agent });
        }
        self.input(Input::Finished { agent });
        if self.rng.chance(self.shift.manner.ends_wrap_up) {
            let after = self.rng.below(self.plan.rules.wrap_up_ms.max(1));
            self.plan(after, Event::Ready { agent, epoch });
        }
    }

    fn breaks(&mut self, agent: AgentId) {
        let Some(every) = self.shift.manner.break_every_ms.filter(|_| !self.is_over()) else {
            return;
        };
        self.input(Input::Away { agent, reason: "rest".into() });
        let back = 60_000 + self.rng.below(540_000);
        self.plan(back, Event::Back(agent));
        self.plan(back + every, Event::Break(agent));
    }

    /// The queue is made again from what it knew: everybody waits in their order, nobody is with an agent.
    fn restarts(&mut self) {
        let snapshot = self.queue.snapshot();
        let (plan, crew) = (self.plan.clone(), Floor::crew(&self.shift));
        self.queue = Acd::restore(plan, crew, snapshot, self.now, self.wall());
        for agent in 1..=u64::from(self.shift.agents) {
            *self.epochs.entry(AgentId(agent)).or_insert(0) += 1;
        }
        for call in self.queue.waiting().collect::<Vec<_>>() {
            self.watch.leaves_line(call);
        }
        self.input(Input::Tick);
    }

    fn input(&mut self, input: Input) {
        self.report.inputs += 1;
        if let Err(error) = self.queue.handle(self.now, self.wall(), input) {
            self.watch.violate(format!("{:?}: {error}", self.now));
        }
        let effects: Vec<Effect> = self.queue.drain().collect();
        for effect in effects {
            // Hashing cannot fail: it writes to a number.
            let _ = write!(self.hash, "{:?} {effect:?}", self.now);
            self.effect(effect);
        }
        if self.report.inputs < LOOKED_AT_CLOSELY || self.report.inputs % 100 == 0 {
            self.watch.look(self.now, &self.queue);
        }
    }

    fn effect(&mut self, effect: Effect) {
        let manner = self.shift.manner;
        match effect {
            Effect::Ring { agent, call } => {
                self.watch.rung(self.now, call);
                let epoch = self.epochs.entry(agent).or_insert(0);
                *epoch += 1;
                let epoch = *epoch;
                if self.rng.chance(manner.misses) {
                    self.report.missed += 1;
                } else if self.rng.chance(manner.rejects) {
                    self.plan(500, Event::Rejects { agent, epoch });
                } else {
                    let after = self.some(manner.pick_up_ms);
                    self.plan(after, Event::PicksUp { agent, epoch });
                }
            }
            Effect::CallBack { call, .. } => {
                let after = 3_000 + self.rng.below(20_000);
                let reached = self.rng.chance(manner.citizen_answers);
                let event = if reached { Event::Reached(call) } else { Event::NotReached(call) };
                self.plan(after, event);
            }
            Effect::Waiting { call, .. } => {
                if self.rng.chance(manner.takes_callback) {
                    self.plan(2_000, Event::Promises(call));
                }
            }
            Effect::Record(record) => self.record(record),
            Effect::NobodyOnDuty { .. } | Effect::Full { .. } => self.report.turned_away += 1,
            Effect::GivenUp { .. } => self.report.given_up += 1,
            Effect::Agent { agent } => {
                let state = self.queue.agent(agent).map(|agent| &agent.state);
                if state.and_then(AgentState::reason) == Some(NO_ANSWER) {
                    self.plan(60_000, Event::Back(agent));
                }
            }
            Effect::StopRinging { .. } => {}
        }
    }

    fn record(&mut self, record: Record) {
        match record {
            Record::Entered { call, priority, .. } => self.watch.comes(call, None, priority),
            Record::Reached { call, line } => {
                self.report.called_back += 1;
                self.watch.becomes(call, line);
            }
            Record::Left { call, why, .. } => {
                self.watch.goes(call);
                if why == Gone::Left {
                    self.report.left += 1;
                }
            }
            Record::Ended { call, .. } => self.watch.goes(call),
            Record::Answered { waited_ms, .. } => {
                self.report.answered += 1;
                if self.arrived > self.shift.callers / 20 {
                    self.waits.counted += 1;
                    self.waits.waited += u64::from(waited_ms > 0);
                    self.waits.in_time += u64::from(waited_ms <= 15_000);
                    self.waits.sum_ms += waited_ms as f64;
                }
            }
            Record::Promised { .. } => self.report.promised += 1,
            Record::WrappedUp { .. } => {}
        }
    }
}

fn talks(state: &AgentState, call: CallId) -> bool {
    matches!(state, AgentState::Talking { call: own } | AgentState::Hold { call: own } if *own == call)
}
