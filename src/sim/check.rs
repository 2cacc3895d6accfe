//! What must hold of every run.

use std::collections::{BTreeMap, BTreeSet};

use crate::acd::{Agent, AgentState};
use crate::desk::Ticket;
use crate::hotline::{Direction, Effect, Fact, Party};
use crate::kernel::evidence::Source;
use crate::kernel::{AgentId, CallId, LegId, Moment, SurveyId, TicketId, Wall};
use crate::speech::{Speaker, Utterance};
use crate::survey::schedule::Window;
use crate::survey::{Answer, Given, Value};

/// Something that must not happen has happened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Violation(pub String);

/// What is known of a call that has begun.
#[derive(Debug)]
struct Watched {
    direction: Direction,
    /// The citizen's leg is down.
    gone: bool,
    outcome: Option<String>,
    turns: Vec<Utterance>,
    keys: Vec<(char, u64)>,
    saved: bool,
    /// Waits for a person and heard something last then.
    waits_since: Option<Moment>,
}

/// Watches the effects as they come.
#[derive(Debug)]
pub struct Checker {
    window: Window,
    callback_lines: usize,
    announce_ms: u64,
    now: Moment,
    calls: BTreeMap<CallId, Watched>,
    /// Agents' legs that are dialled and not put down.
    agent_legs: BTreeMap<AgentId, LegId>,
    tickets: BTreeMap<TicketId, &'static str>,
    surveys_over: BTreeSet<SurveyId>,
    violations: Vec<Violation>,
}

/// An announcement may come so much later than announced: questions are waited for, words are heard out.
const ANNOUNCE_SLACK_MS: u64 = 1_000;

impl Checker {
    pub fn new(window: Window, callback_lines: usize, announce_ms: u64) -> Checker {
        Checker {
            window,
            callback_lines,
            announce_ms,
            now: Moment::ZERO,
            calls: BTreeMap::new(),
            agent_legs: BTreeMap::new(),
            tickets: BTreeMap::new(),
            surveys_over: BTreeSet::new(),
            violations: Vec::new(),
        }
    }

    pub fn effect(&mut self, now: Moment, wall: Wall, effect: &Effect) {
        self.now = now;
        match effect {
            Effect::Keep { fact, .. } => self.fact(fact),
            Effect::Say { call, .. } => self.said(*call),
            Effect::Music { call, on } => self.waits(*call, *on),
            Effect::Dial { call, leg, party } => self.dialled(wall, *call, *leg, party),
            // Whatever is dialled next reaches the telephone after this.
            Effect::HangUp { leg } => self.leg_down(*leg),
            Effect::Close { call } => self.citizen_gone(*call),
            Effect::Join { call, .. } => {
                let gone = self.calls.get(call).is_none_or(|watched| watched.gone);
                self.unless(!gone, || format!("{call}: an agent is joined to nobody"));
            }
            _ => {}
        }
    }

    /// An agent's leg is down.
    pub fn leg_down(&mut self, leg: LegId) {
        self.agent_legs.retain(|_, other| *other != leg);
    }

    /// The citizen's leg is down.
    pub fn citizen_gone(&mut self, call: CallId) {
        if let Some(watched) = self.calls.get_mut(&call) {
            watched.gone = true;
            watched.waits_since = None;
        }
    }

    fn said(&mut self, call: CallId) {
        let now = self.now;
        let there = self.calls.get(&call).is_some_and(|w| !w.gone && w.outcome.is_none());
        self.unless(there, || format!("{call}: something is said to nobody"));
        self.heard_in_time(call);
        if let Some(watched) = self.calls.get_mut(&call)
            && watched.waits_since.is_some()
        {
            watched.waits_since = Some(now);
        }
    }

    fn waits(&mut self, call: CallId, on: bool) {
        self.heard_in_time(call);
        let now = self.now;
        if let Some(watched) = self.calls.get_mut(&call) {
            watched.waits_since = on.then_some(now);
        }
    }

    fn heard_in_time(&mut self, call: CallId) {
        let (now, max) = (self.now, self.announce_ms + ANNOUNCE_SLACK_MS);
        let since = self.calls.get(&call).and_then(|watched| watched.waits_since);
        let quiet = since.map_or(0, |since| now.since(since));
        self.unless(quiet <= max, || format!("{call}: waited {quiet} ms and heard nothing"));
    }

    fn dialled(&mut self, wall: Wall, call: CallId, leg: LegId, party: &Party) {
        match party {
            Party::Agent { agent, .. } => {
                if let Some(other) = self.agent_legs.insert(*agent, leg) {
                    self.violate(format!("{agent} is rung on {leg} while {other} is not down"));
                }
                let saved = self.calls.get(&call).is_some_and(|watched| watched.saved);
                self.unless(saved, || format!("{call} is handed over before it is saved"));
            }
            Party::Outside(_) => {}
            Party::Citizen { .. } => {
                let open = self.window.is_open(wall);
                self.unless(open, || format!("{call}: a citizen is dialled at {}", wall.civil()));
                let running = self.calls.values().filter(|w| {
                    w.direction == Direction::Callback && w.outcome.is_none() && !w.gone
                });
                let (running, lines) = (running.count(), self.callback_lines);
                self.unless(running <= lines, || format!("{running} callbacks on {lines} lines"));
            }
        }
    }

    fn fact(&mut self, fact: &Fact) {
        match fact {
            Fact::CallStarted { call, direction, .. } => self.begins(*call, *direction),
            Fact::CallEnded { call, outcome, .. } => self.ends(*call, outcome),
            Fact::Turn { utterance, .. } => self.turn(utterance),
            Fact::Key { call, key, at_ms, .. } => {
                if let Some(watched) = self.calls.get_mut(call) {
                    watched.keys.push((*key.reveal(), *at_ms));
                }
            }
            Fact::Ticket { ticket, .. } => self.ticket(ticket),
            Fact::SurveyDue { survey, ticket, due, at, .. } => {
                let closed = self.tickets.get(ticket) == Some(&"closed");
                self.unless(closed, || format!("{survey}: due for a ticket that is not closed"));
                let right = self.window.is_open(*due) && due >= at;
                self.unless(right, || format!("{survey}: due at {}", due.civil()));
                self.survey_open(*survey);
            }
            Fact::SurveyStarted { survey, .. } => self.survey_open(*survey),
            Fact::SurveyAnswer { survey, call, answer, .. } => {
                self.survey_open(*survey);
                self.answer(*call, answer);
            }
            Fact::SurveyEnded { survey, last, .. } => {
                self.survey_open(*survey);
                if *last {
                    self.surveys_over.insert(*survey);
                }
            }
            Fact::VerificationOpened { survey, .. } => self.survey_open(*survey),
            _ => {}
        }
    }

    fn begins(&mut self, call: CallId, direction: Direction) {
        let watched = Watched {
            direction,
            gone: false,
            outcome: None,
            turns: Vec::new(),
            keys: Vec::new(),
            // Called back about what was kept before.
            saved: direction == Direction::Promised,
            waits_since: None,
        };
        let new = self.calls.insert(call, watched).is_none();
        self.unless(new, || format!("{call} begins twice"));
    }

    fn ends(&mut self, call: CallId, outcome: &str) {
        let ended = match self.calls.get_mut(&call) {
            Some(watched) => watched.outcome.replace(outcome.to_owned()).is_some(),
            None => true,
        };
        self.unless(!ended, || format!("{call} ends twice or never began"));
    }

    fn turn(&mut self, utterance: &Utterance) {
        let call = utterance.call;
        let Some(watched) = self.calls.get_mut(&call) else {
            return self.violate(format!("{call}: words on a call that never began"));
        };
        let (index, expected) = (utterance.index as usize, watched.turns.len());
        let over = watched.outcome.is_some();
        watched.turns.push(utterance.clone());
        self.unless(!over, || format!("{call}: words after its end"));
        self.unless(index == expected, || format!("{call}: turn {index} instead of {expected}"));
    }

    fn ticket(&mut self, ticket: &Ticket) {
        self.tickets.insert(ticket.id, ticket.state.key());
        if let Some(watched) = self.calls.get_mut(&ticket.call) {
            watched.saved = true;
        }
        let Some(watched) = self.calls.get(&ticket.call) else { return };
        let mut wrong = Vec::new();
        for (slot, filled) in &ticket.fields {
            let proven = !filled.evidence.is_empty() || filled.source != Source::Spoken;
            let points_at_words = filled.evidence.iter().all(|evidence| {
                watched.turns.get(evidence.utterance as usize).is_some_and(|turn| {
                    turn.speaker == Speaker::Caller
                        && turn.start_ms <= evidence.start_ms
                        && evidence.start_ms <= evidence.end_ms
                        && evidence.end_ms <= turn.end_ms
                })
            });
            if !proven || !points_at_words {
                wrong.push(format!("{}: {} stands without its words", ticket.id, slot.key()));
            }
        }
        wrong.into_iter().for_each(|what| self.violate(what));
    }

    fn answer(&mut self, call: CallId, answer: &Answer) {
        let Some(watched) = self.calls.get(&call) else {
            return self.violate(format!("{call}: an answer on a call that never began"));
        };
        let given = match answer.given() {
            Given::Key { key, at_ms } => watched.keys.contains(&(*key, *at_ms)),
            Given::Spoken { words, evidence } => watched
                .turns
                .get(evidence.utterance as usize)
                .is_some_and(|turn| turn.text == *words.reveal()),
        };
        self.unless(given, || format!("{call}: an answer that nobody gave"));
        let sure =
            !answer.is_doubtful() || answer.is_confirmed() || answer.value() == Value::Reason;
        self.unless(sure, || format!("{call}: an answer in doubt counts"));
    }

    fn survey_open(&mut self, survey: SurveyId) {
        let over = self.surveys_over.contains(&survey);
        self.unless(!over, || format!("{survey}: goes on after its end"));
    }

    fn unless(&mut self, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            self.violate(what());
        }
    }

    pub fn violate(&mut self, what: String) {
        self.violations.push(Violation(what));
    }

    /// How the calls ended, and what went wrong, once the world stands still.
    pub fn finish<'a>(
        mut self,
        running: usize,
        agents: impl Iterator<Item = &'a Agent>,
    ) -> (BTreeMap<String, u64>, Vec<Violation>) {
        self.unless(running == 0, || format!("{running} calls never ended"));
        for agent in agents {
            let free = matches!(agent.state, AgentState::Away { .. } | AgentState::Idle { .. });
            self.unless(free, || format!("{} stays {}", agent.id, agent.state.key()));
        }
        let mut outcomes = BTreeMap::new();
        let calls = std::mem::take(&mut self.calls);
        for (call, watched) in calls {
            match watched.outcome {
                Some(outcome) => *outcomes.entry(outcome).or_insert(0) += 1,
                None => self.violate(format!("{call} has no end on record")),
            }
        }
        (outcomes, self.violations)
    }
}
