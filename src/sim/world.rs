//! The clock, the agenda and the run.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use super::check::{Checker, Violation};
use super::ear::{Ear, Hearing};
use super::line::Leg;
use super::lookup::Kept;
use super::mind::Mind;
use super::voice::Voice;
use crate::call::EndReason;
use crate::acd::Agent;
use crate::desk::Ticket;
use crate::dialogue::{Line, Manner, Prompts};
use crate::hotline::{
    Ack, CallbackRules, Command, Effect, Fact, Hotline, Input, Job, Restored, Setup, admission,
};
use crate::kernel::{AgentId, CallId, Civil, LegId, Moment, Rng, TicketId, Wall};
use crate::speech::Speaker;
use crate::survey::schedule::Window;

/// Why a world cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum SimError {
    #[error("{0}")]
    Prompts(#[from] crate::dialogue::DialogueError),
    #[error("{0}")]
    Base(#[from] crate::knowledge::LoadErrors),
    #[error("{0}")]
    Search(#[from] crate::knowledge::KnowledgeError),
    #[error("{0}")]
    Intake(#[from] crate::intake::IntakeError),
}

/// What is played.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Scenario {
    /// Citizens who call.
    pub calls: u32,
    pub seed: u64,
    /// Agents on duty in the morning.
    pub agents: u32,
    /// Mean time between two arrivals (a Poisson process).
    pub every_ms: u64,
    /// Callbacks at once.
    pub callback_lines: usize,
    /// Talks of the robot at once, as long as nothing is measured.
    pub conversations: usize,
    /// `None`: words are there as soon as they are said, and nothing is measured.
    pub hearing: Option<Hearing>,
}

impl Default for Scenario {
    fn default() -> Self {
        Scenario {
            calls: 1_000,
            seed: 1,
            agents: 5,
            every_ms: 20_000,
            callback_lines: 2,
            conversations: 12,
            hearing: None,
        }
    }
}

/// What came of a run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Report {
    /// FNV-1a, 64 bit, over the text of every effect with its moment: the same for the same scenario.
    pub hash: u64,
    /// How calls ended, both directions together.
    pub outcomes: BTreeMap<String, u64>,
    /// Callers who were refused: all lines busy.
    pub refused: u64,
    /// Callers who were told at once that the robot has its hands full.
    pub told_busy: u64,
    /// From the end of an utterance to its words: the median, and the 95th percentile.
    pub heard_p50_ms: u64,
    pub heard_p95_ms: u64,
    /// What the hotline was told, and what it wanted.
    pub inputs: u64,
    pub effects: u64,
    pub tickets: u64,
    /// Callbacks that were answered.
    pub surveys: u64,
    pub verifications: u64,
    pub virtual_ms: u64,
    pub violations: Vec<Violation>,
}

/// What is going to happen.
#[derive(Debug)]
pub(super) enum Event {
    Arrive,
    Up(LegId),
    Down(LegId, EndReason),
    MediaBreaks(CallId),
    SayingEnds {
        call: CallId,
        epoch: u64,
    },
    TurnBegins {
        call: CallId,
        epoch: u64,
    },
    TurnEnds {
        call: CallId,
    },
    PatienceEnds {
        call: CallId,
        epoch: u64,
    },
    Between {
        call: CallId,
        epoch: u64,
    },
    Break(AgentId),
    Recognised(Job),
    Look,
    /// Something reaches the hotline.
    Input(Box<Input>),
}

pub(super) struct World {
    pub scenario: Scenario,
    pub rng: Rng,
    pub now: Moment,
    began: Wall,
    planned: u64,
    agenda: BTreeMap<(Moment, u64), Event>,
    hotline: Hotline,
    mind: Mind,
    pub checker: Checker,
    pub ear: Ear,
    pub legs: BTreeMap<LegId, Leg>,
    pub voices: BTreeMap<CallId, Voice>,
    /// As they were kept last.
    pub tickets: BTreeMap<TicketId, Ticket>,
    pub kept: Kept,
    hash: Fnv,
    busy_text: String,
    pub arrived: u32,
    pub refused: u64,
    pub told_busy: u64,
    pub tokens: u64,
    inputs: u64,
    effects: u64,
    pub surveys: u64,
    pub verifications: u64,
}

/// A Monday.
const BEGINS: Civil = Civil { year: 2026, month: 11, day: 23, hour: 8, minute: 30, second: 0 };
const UNDERSTAND_MS: u64 = 20;
/// So many inputs a call come of no world that is at rest in the end.
const INPUTS_PER_CALL_MAX: u64 = 2_000;
/// A hotline that wants the clock so often in the same moment does not know what it wants.
const TICKS_AT_ONCE_MAX: u32 = 100;

/// Plays a scenario until every call is over and nobody is due a callback.
///
/// # Errors
/// When the program's own data cannot be read. What goes wrong in the run stands in [`Report::violations`].
pub fn run(scenario: &Scenario) -> Result<Report, SimError> {
    let mut world = World::new(*scenario)?;
    world.plan(0, Event::Arrive);
    for id in 1..=scenario.agents {
        let agent = AgentId(u64::from(id));
        world.command_after(0, Command::AgentReady { agent });
        let first = world.rng.below(3_600_000);
        world.plan(first, Event::Break(agent));
    }
    world.play()?;
    Ok(world.report())
}

impl World {
    fn new(scenario: Scenario) -> Result<World, SimError> {
        let agents = (1..=scenario.agents).map(|id| {
            let uri = format!("sip:{id}@desk.example");
            Agent::new(AgentId(u64::from(id)), format!("{id}号"), uri)
        });
        let window = Window::default();
        let prompts = Arc::new(Prompts::builtin()?);
        let setup = Setup {
            prompts: prompts.clone(),
            manner: Manner::default(),
            queue: Default::default(),
            agents: agents.collect(),
            outside: Vec::new(),
            callbacks: CallbackRules {
                window,
                lines: scenario.callback_lines,
                ..CallbackRules::default()
            },
            admission: admission::Rules {
                guess: scenario.conversations,
                most: scenario.hearing.map_or(scenario.conversations, |hearing| hearing.most),
                recognisers: scenario.hearing.map_or(1, |hearing| hearing.recognisers),
            },
        };
        Ok(World {
            rng: Rng::new(scenario.seed),
            now: Moment::ZERO,
            began: BEGINS.wall(),
            planned: 0,
            agenda: BTreeMap::new(),
            hotline: Hotline::new(setup, Restored::default()),
            mind: Mind::new()?,
            checker: Checker::new(window, scenario.callback_lines, Manner::default().announce_ms),
            ear: Ear::default(),
            legs: BTreeMap::new(),
            voices: BTreeMap::new(),
            tickets: BTreeMap::new(),
            kept: Kept::default(),
            hash: Fnv::default(),
            busy_text: prompts.text(Line::HandOverOverloaded, 0, &[]),
            arrived: 0,
            refused: 0,
            told_busy: 0,
            tokens: 0,
            inputs: 0,
            effects: 0,
            surveys: 0,
            verifications: 0,
            scenario,
        })
    }

    pub(super) fn plan(&mut self, after_ms: u64, event: Event) {
        self.planned += 1;
        self.agenda.insert((self.now + after_ms, self.planned), event);
    }

    pub(super) fn plan_input(&mut self, after_ms: u64, input: Input) {
        self.plan(after_ms, Event::Input(Box::new(input)));
    }

    pub(super) fn calls_run(&self) -> bool {
        self.hotline.calls() > 0
    }

    fn wall(&self) -> Wall {
        self.began.plus_ms(i64::try_from(self.now.ms).unwrap_or(i64::MAX))
    }

    fn play(&mut self) -> Result<(), SimError> {
        let inputs_max = (u64::from(self.scenario.calls) + 10) * INPUTS_PER_CALL_MAX;
        let mut at_once = 0;
        while self.inputs < inputs_max {
            let next = self.agenda.keys().next().map(|(at, _)| *at);
            let deadline = self.hotline.deadline();
            if let Some(deadline) = deadline
                && next.is_none_or(|next| deadline <= next)
            {
                at_once = if deadline > self.now { 0 } else { at_once + 1 };
                if at_once > TICKS_AT_ONCE_MAX {
                    self.checker.violate(format!("{:?}: the clock stands still", self.now));
                    return Ok(());
                }
                self.now = self.now.max(deadline);
                self.input(Input::Tick)?;
                continue;
            }
            let Some(((at, _), event)) = self.agenda.pop_first() else { return Ok(()) };
            at_once = 0;
            self.now = self.now.max(at);
            self.happen(event)?;
        }
        self.checker.violate("the world does not come to rest".into());
        Ok(())
    }

    fn happen(&mut self, event: Event) -> Result<(), SimError> {
        match event {
            Event::Arrive => self.arrive(),
            Event::Up(leg) => self.up(leg),
            Event::Down(leg, reason) => self.down(leg, reason),
            Event::MediaBreaks(call) => self.media_breaks(call),
            Event::SayingEnds { call, epoch } => self.saying_ends(call, epoch),
            Event::TurnBegins { call, epoch } => self.turn_begins(call, epoch),
            Event::TurnEnds { call } => self.turn_ends(call),
            Event::PatienceEnds { call, epoch } => self.patience_ends(call, epoch),
            Event::Between { call, epoch } => self.between(call, epoch),
            Event::Break(agent) => {
                self.breaks(agent);
                Ok(())
            }
            Event::Recognised(job) => {
                self.recognised(job);
                Ok(())
            }
            Event::Look => self.look(),
            Event::Input(input) => self.input(*input),
        }
    }

    /// The hotline takes an input; what it wants is carried out or planned, never taken in at once.
    pub(super) fn input(&mut self, input: Input) -> Result<(), SimError> {
        self.inputs += 1;
        if let Input::Command { command, .. } = &input {
            self.load(command);
        }
        self.hotline.handle(self.now, self.wall(), input);
        let effects: Vec<Effect> = self.hotline.drain().collect();
        for effect in effects {
            self.effects += 1;
            let now = self.now;
            // Writing into a hash cannot fail.
            let _ = write!(self.hash, "{now:?}{effect:?}");
            self.checker.effect(now, self.wall(), &effect);
            self.effect(effect)?;
        }
        Ok(())
    }

    /// What a command wants and the hotline has let go comes from what was kept, as from a store.
    fn load(&mut self, command: &Command) {
        let wanted = self.hotline.missing(command);
        let kept = |id: &TicketId| self.tickets.get(id).cloned();
        let tickets: Vec<Ticket> = wanted.tickets.iter().filter_map(kept).collect();
        if !tickets.is_empty() {
            self.hotline.handle(self.now, self.wall(), Input::Loaded { tickets });
        }
    }

    fn effect(&mut self, effect: Effect) -> Result<(), SimError> {
        match effect {
            Effect::Answer { call, leg } => self.answered(call, leg),
            Effect::Refuse { leg, .. } => self.refused(leg),
            Effect::Dial { call, leg, party } => self.dial(call, leg, &party),
            Effect::HangUp { leg } => self.hang_up(leg),
            Effect::Say { call, say } => self.say(call, say),
            Effect::Hush { call } => self.hush(call),
            Effect::Music { call, on } => {
                if let Some(voice) = self.voices.get_mut(&call) {
                    voice.waiting = on;
                }
            }
            Effect::Join { call, leg } => self.join(call, leg),
            Effect::Leave { call, .. } => self.part(call),
            // Nobody's telephone passes callers on here.
            Effect::Hears { .. } | Effect::Referred { .. } | Effect::Refer { .. } => {}
            Effect::Understand { utterance, asked } => {
                let call = utterance.call;
                let now = self.wall().civil();
                let understood = self.mind.understand(utterance, now, asked)?;
                self.plan_input(UNDERSTAND_MS, Input::Understood { call, understood });
            }
            Effect::LookUp { call, query } => self.look_up(call, &query),
            Effect::Keep { fact, ack } => self.keep(&fact, ack),
            // Nobody announces a sample here.
            Effect::Reply { .. } | Effect::Sample { .. } | Effect::Fetch { .. } => {}
            Effect::Close { call } => self.close(call),
        }
        Ok(())
    }

    fn keep(&mut self, fact: &Fact, ack: Option<Ack>) {
        self.desk(fact);
        if let Fact::Turn { utterance, .. } = fact
            && utterance.speaker == Speaker::Robot
            && utterance.text == self.busy_text
        {
            self.told_busy += 1;
        }
        self.kept.take(fact);
        if let Some(ack) = ack {
            // A store that is slow, and one that is too slow to be waited for.
            let after_ms = match self.rng.below(200) {
                0 => 6_000,
                1..8 => 200,
                _ => 5,
            };
            self.plan_input(after_ms, Input::Stored(ack));
        }
    }

    fn report(mut self) -> Report {
        self.ear.delays_ms.sort_unstable();
        let rank = |share: usize| self.ear.delays_ms.get(self.ear.delays_ms.len() * share / 100);
        let [heard_p50_ms, heard_p95_ms] = [50, 95].map(|share| rank(share).copied().unwrap_or(0));
        let agents = self.hotline.queue().agents();
        let (outcomes, violations) = self.checker.finish(self.hotline.calls(), agents);
        Report {
            hash: self.hash.0,
            outcomes,
            refused: self.refused,
            told_busy: self.told_busy,
            heard_p50_ms,
            heard_p95_ms,
            inputs: self.inputs,
            effects: self.effects,
            tickets: self.tickets.len() as u64,
            surveys: self.surveys,
            verifications: self.verifications,
            virtual_ms: self.now.ms,
            violations,
        }
    }
}

/// FNV-1a (Fowler, Noll and Vo), 64 bit.
pub(super) struct Fnv(pub u64);

impl Default for Fnv {
    fn default() -> Self {
        Fnv(0xcbf2_9ce4_8422_2325)
    }
}

impl std::fmt::Write for Fnv {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        for byte in text.bytes() {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        Ok(())
    }
}
