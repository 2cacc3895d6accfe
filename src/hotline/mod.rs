//! The hotline: one owner of every call, ticket, agent and callback, composed of the machines of the rooms. Utterance-sized
//! events in, effects out, no IO: the runtime carries the effects out over real sockets, the simulation in virtual time.
//!
//! - `admission.rs`: who takes the next call, by measured load.
//! - `talk.rs`: what is heard and said on a call.
//! - `people.rs`: the queue, the agents' telephones, the talk between people; `joining.rs`: what agents and supervisors do on it;
//!   `promised.rs`: callbacks instead of waiting.
//! - `assist.rs`: what the caller's words bring the agent who talks with them.
//! - `tickets.rs`: 工单 and what staff do with them; `residents.rs`: which of them are at hand.
//! - `callback.rs`: 回访. `contract.rs`: inputs and effects.
//!
//! Invariants:
//! - a call has exactly one owner of its talk ([`Talk`]): the robot, a person, or a callback;
//! - a fact is emitted once, before anything that depends on it is said;
//! - when the caller's leg has ended nothing more is said, what was being said is still heard out, kept and understood,
//!   and then, at the latest after [`ENDING_MS`], [`Fact::CallEnded`] closes the call;
//! - the legs of an ended call are hung up, whatever else happens;
//! - a caller whom people had and who is left by them goes on to another of them, or back to the front of the queue.

pub mod admission;
mod assist;
mod callback;
mod contract;
mod door;
mod fact;
mod joining;
mod people;
mod promised;
mod residents;
mod talk;
mod tickets;
mod unanswered;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

pub use callback::{CallbackRules, CallbacksLeft, window_of};
pub use contract::{Effect, Input, Party, Referral, SaidHow};
pub use fact::{Ack, Direction, Fact, PendingSurvey, Photo, Restored};
pub use joining::{Act, MESSAGE_CHARS, Outside, Toward};
pub use tickets::{Command, Wanted};
pub use unanswered::Why;

pub use admission::{Job, Measured};

use admission::{Admission, Strain};

use crate::acd::{Acd, Agent, Plan};
use crate::bridge::{self, Bridge};
use crate::call::EndReason;
use crate::desk::Rulebook;
use crate::dialogue::{Dialogue, Manner, Prompts};
use crate::kernel::{AgentId, CallId, LegId, Moment, Pii, SurveyId, TicketId, Wall};
use crate::speech::Utterance;
use crate::survey::{Survey, SurveyOutcome};

/// What the hotline is made with.
#[derive(Debug)]
pub struct Setup {
    pub prompts: Arc<Prompts>,
    pub manner: Manner,
    pub queue: Arc<Plan>,
    pub agents: Vec<Agent>,
    /// Whom agents may bring in or pass callers to, besides each other.
    pub outside: Vec<Outside>,
    pub callbacks: CallbackRules,
    /// How many talks the robot takes.
    pub admission: admission::Rules,
}

/// Who conducts the call.
#[derive(Debug)]
enum Talk {
    Robot(Box<Dialogue>),
    Callback {
        survey: SurveyId,
        machine: Box<Survey>,
        begun: bool,
        /// Why nobody picked up, until the line's last words are in.
        missed: Option<EndReason>,
    },
}

#[derive(Debug)]
struct Call {
    id: CallId,
    direction: Direction,
    /// The citizen's leg.
    leg: LegId,
    /// Sound flows on it.
    up: bool,
    talk: Talk,
    /// The people on it.
    bridge: Bridge,
    /// What the telephone that is rung next is for; none: to serve.
    wanted: Option<bridge::Part>,
    /// The group that the caller is being passed to.
    to_group: Option<String>,
    /// The telephone that has asked by REFER for whoever is asked.
    referring: Option<LegId>,
    /// Who has passed the caller to somebody who has not answered yet.
    from: Option<AgentId>,
    ticket: Option<TicketId>,
    /// The call of which this is the promised callback, while the citizen is not on the line.
    returns: Option<CallId>,
    /// The citizen's number in plain digits, where the network gave one or we dialled it.
    number: Option<Pii<String>>,
    /// Somebody is in danger.
    emergency: bool,
    next_utterance: u32,
    /// End of the caller's last words, until we answer them.
    unanswered_end_ms: Option<u64>,
    state_told: String,
    watch: unanswered::Watch,
    /// Words given to be understood that have not come back.
    asked_meaning: u32,
    /// Those among them that were said to an agent.
    overheard: Vec<u32>,
    /// On a callback whose talk has ended.
    survey_outcome: Option<SurveyOutcome>,
    ending: Option<Ending>,
}

impl Call {
    /// When its machine wants the clock. A call whose legs are down waits for nobody.
    fn talk_deadline(&self) -> Option<Moment> {
        match &self.talk {
            _ if self.ending.is_some() => None,
            Talk::Robot(dialogue) => dialogue.deadline(),
            Talk::Callback { machine, .. } => machine.deadline(),
        }
    }
}

/// A call whose legs are down, until its last words are kept.
#[derive(Debug)]
struct Ending {
    /// `None`: the caller hung up, and the machine is asked how the call ended.
    outcome: Option<String>,
    media_closed: bool,
    until: Moment,
}

/// How long a call may take to hand out its last words.
const ENDING_MS: u64 = 8_000;

pub struct Hotline {
    setup: Setup,
    calls: BTreeMap<CallId, Call>,
    legs: BTreeMap<LegId, CallId>,
    tickets: residents::Residents,
    rulebook: Arc<Rulebook>,
    callbacks: callback::Callbacks,
    queue: Acd,
    /// Callers who are called back instead of waiting, by the call that they made.
    promised: BTreeMap<CallId, promised::Promised>,
    admission: Admission,
    /// What was last told of it.
    strain: Option<Strain>,
    /// Callers whom those who had them have left; true: because their line broke.
    stranded: Vec<(CallId, bool)>,
    next_call: u64,
    next_leg: u64,
    last_ticket: u64,
    stopping: bool,
    now: Moment,
    wall: Wall,
    effects: VecDeque<Effect>,
}

impl Hotline {
    pub fn new(setup: Setup, restored: Restored) -> Self {
        let queue = Acd::new(setup.queue.clone(), setup.agents.iter().cloned())
            .remembering(restored.owners.iter().cloned());
        let callbacks = callback::Callbacks::restore(&restored);
        Hotline {
            queue,
            promised: BTreeMap::new(),
            admission: Admission::new(setup.admission),
            strain: None,
            callbacks,
            calls: BTreeMap::new(),
            legs: BTreeMap::new(),
            tickets: residents::Residents::new(restored.tickets),
            rulebook: Arc::new(Rulebook::empty()),
            next_call: restored.next_call.max(1),
            next_leg: 1,
            stranded: Vec::new(),
            last_ticket: restored.last_ticket,
            stopping: false,
            now: Moment::ZERO,
            wall: Wall::default(),
            effects: VecDeque::new(),
            setup,
        }
    }

    /// By these rules units are found and deadlines counted; without them nothing is dispatched and nothing is due.
    pub fn ruled_by(self, rulebook: Arc<Rulebook>) -> Self {
        Hotline { rulebook, ..self }
    }

    pub fn drain(&mut self) -> impl Iterator<Item = Effect> + '_ {
        self.effects.drain(..)
    }

    /// Calls that have not ended.
    pub fn calls(&self) -> usize {
        self.calls.len()
    }

    /// Talks that need a recogniser and a voice now: callers who wait for a person or have one are not among them.
    pub fn conversing(&self) -> usize {
        let talking = |call: &&Call| call.up && call.ending.is_none() && call.bridge.parties().is_empty();
        let waiting = |call: &&Call| self.queue.waiting().any(|id| id == call.id);
        self.calls.values().filter(talking).filter(|call| !waiting(call)).count()
    }

    pub fn queue(&self) -> &Acd {
        &self.queue
    }

    /// When [`Input::Tick`] is due at the latest.
    pub fn deadline(&self) -> Option<Moment> {
        let talks = self.calls.values().filter_map(Call::talk_deadline);
        let endings = self.calls.values().filter_map(|c| c.ending.as_ref().map(|e| e.until));
        talks.chain(endings).chain(self.queue.deadline()).chain(self.callbacks_deadline()).min()
    }

    /// Takes one input; the effects wait in [`Hotline::drain`]. `now` and `wall` are the same instant.
    pub fn handle(&mut self, now: Moment, wall: Wall, input: Input) {
        self.now = now;
        self.wall = wall;
        match input {
            Input::Invited { leg, number } => self.invited(leg, number),
            Input::OnLine { call, heard } => self.on_line(call, heard),
            Input::LegUp { leg } => self.leg_up(leg),
            Input::LegEnded { leg, reason } => self.leg_ended(leg, reason),
            Input::Words { call, speaker, text, start_ms, end_ms, confidence } => {
                let heard =
                    Utterance { call, index: 0, speaker, text, start_ms, end_ms, confidence };
                self.words(heard);
            }
            Input::SoFar { call, speaker, text } => self.so_far(call, speaker, text),
            Input::Unclear { call } => self.unclear(call),
            Input::Overloaded { call } => self.overloaded(call),
            Input::Silent { call } => self.silent(call),
            Input::Key { call, key, at_ms } => self.key(call, key, at_ms),
            Input::Said { call, say, how, said, unsaid, start_ms, end_ms } => {
                self.said(call, say, how, (said, unsaid), (start_ms, end_ms));
            }
            Input::Understood { call, understood } => self.understood(call, understood),
            Input::Stored(Ack::Ticket { call, ticket }) => self.ticket_stored(call, ticket),
            Input::Stored(Ack::Dial { call }) => self.dial_stored(call),
            Input::Stored(Ack::Draw { campaign }) => self.draw_stored(campaign),
            Input::Population { campaign, tickets } => self.draw_sample(campaign, tickets),
            Input::Fetched { tickets } => self.fetched(tickets),
            Input::Loaded { tickets } => self.loaded(tickets),
            Input::Held { leg, on } => self.held(leg, on),
            Input::Referred { leg, to } => self.referred(leg, to.reveal()),
            Input::Load(measured) => self.admission.measured(now, measured),
            Input::LookedUp { call, found } => {
                if self.listens(call) {
                    self.tell_dialogue(call, crate::dialogue::Input::LookedUp(found));
                }
            }
            Input::MediaClosed { call } => self.media_closed(call),
            Input::Command { token, command } => {
                let result = self.command(command);
                self.effect(Effect::Reply { token, result });
            }
            Input::Stop => self.stop(),
            Input::Tick => self.tick(),
        }
        self.find_somebody();
        self.let_tickets_go();
        self.count_talks();
    }

    fn effect(&mut self, effect: Effect) {
        self.effects.push_back(effect);
    }

    fn keep(&mut self, fact: Fact) {
        self.effect(Effect::Keep { fact, ack: None });
    }

    fn next_leg(&mut self) -> LegId {
        let leg = LegId(self.next_leg);
        self.next_leg += 2;
        leg
    }

    fn invited(&mut self, leg: LegId, number: Option<Pii<String>>) {
        if !self.takes_calls() {
            return self.effect(Effect::Refuse { leg, code: 503 });
        }
        let id = CallId(self.next_call);
        self.next_call += 1;
        let dialogue = Dialogue::new(crate::dialogue::Setup {
            call: id,
            number: number.clone(),
            prompts: self.setup.prompts.clone(),
            manner: self.setup.manner,
        });
        self.add_call(id, Direction::Inbound, leg, Talk::Robot(Box::new(dialogue)), None);
        if let Some(call) = self.calls.get_mut(&id) {
            call.number = number.as_ref().map(|number| callback::plain_number(number.reveal()));
        }
        let at = self.wall;
        self.keep(Fact::CallStarted { call: id, direction: Direction::Inbound, number, at });
        self.effect(Effect::Answer { call: id, leg });
    }

    fn add_call(
        &mut self,
        id: CallId,
        direction: Direction,
        leg: LegId,
        talk: Talk,
        ticket: Option<TicketId>,
    ) {
        self.legs.insert(leg, id);
        let call = Call {
            id,
            direction,
            leg,
            up: false,
            talk,
            bridge: Bridge::new(leg),
            wanted: None,
            to_group: None,
            referring: None,
            from: None,
            ticket,
            returns: None,
            number: None,
            emergency: false,
            next_utterance: 0,
            unanswered_end_ms: None,
            state_told: String::new(),
            watch: unanswered::Watch::default(),
            asked_meaning: 0,
            overheard: Vec::new(),
            survey_outcome: None,
            ending: None,
        };
        self.calls.insert(id, call);
    }

    fn leg_up(&mut self, leg: LegId) {
        let Some(id) = self.legs.get(&leg).copied() else {
            return self.effect(Effect::HangUp { leg });
        };
        let Some(call) = self.calls.get_mut(&id) else { return };
        if call.leg != leg {
            return self.bridge_all(id, bridge::Input::Up { leg });
        }
        if call.up {
            return;
        }
        call.up = true;
        match call.direction {
            Direction::Inbound => self.show_in(id),
            Direction::Callback => self.callback_up(id),
            Direction::Promised => self.promised_up(id),
        }
    }

    fn leg_ended(&mut self, leg: LegId, reason: EndReason) {
        let Some(id) = self.legs.remove(&leg) else { return };
        let Some(call) = self.calls.get(&id) else { return };
        if call.leg != leg {
            return self.person_leg_ended(id, leg, reason);
        }
        match call.direction {
            Direction::Inbound => self.begin_ending(id, None),
            Direction::Callback => self.callback_leg_ended(id, reason),
            Direction::Promised => self.promised_leg_ended(id, reason),
        }
    }

    /// Takes the legs down and lets the media hand out its last words. The first outcome given stays.
    fn begin_ending(&mut self, id: CallId, outcome: Option<&str>) {
        let now = self.now;
        let Some(call) = self.calls.get_mut(&id) else { return };
        if call.ending.is_some() {
            return;
        }
        let outcome = outcome.map(str::to_owned);
        call.ending = Some(Ending { outcome, media_closed: false, until: now + ENDING_MS });
        let (leg, returns) = (call.leg, call.returns.take());
        if self.legs.remove(&leg).is_some() {
            self.effect(Effect::HangUp { leg });
        }
        self.bridge_all(id, bridge::Input::End);
        self.tell_queue(crate::acd::Input::Leave { call: id });
        if let Some(call) = returns {
            self.tell_queue(crate::acd::Input::Unreached { call });
        }
        self.effect(Effect::Close { call: id });
    }

    fn media_closed(&mut self, id: CallId) {
        if let Some(ending) = self.calls.get_mut(&id).and_then(|c| c.ending.as_mut()) {
            ending.media_closed = true;
        } else if self.calls.contains_key(&id) {
            // The media ended by itself: the line is dead.
            self.begin_ending(id, None);
            return self.media_closed(id);
        }
        self.maybe_end(id);
    }

    /// Ends a call once all it had has come in.
    fn maybe_end(&mut self, id: CallId) {
        let now = self.now;
        let done = self.calls.get(&id).is_some_and(|call| {
            call.ending.as_ref().is_some_and(|ending| {
                (ending.media_closed && call.asked_meaning == 0) || ending.until <= now
            })
        });
        if !done {
            return;
        }
        self.callback_missed(id);
        let outcome = match self.calls.get_mut(&id).and_then(|c| c.ending.as_mut()) {
            Some(ending) => ending.outcome.take(),
            None => None,
        };
        let outcome = outcome.unwrap_or_else(|| self.outcome_of_hang_up(id));
        self.calls.remove(&id);
        self.keep(Fact::CallEnded { call: id, outcome, at: self.wall });
    }

    fn tick(&mut self) {
        let now = self.now;
        let overdue: Vec<CallId> = self
            .calls
            .values()
            .filter(|call| call.ending.as_ref().is_some_and(|e| e.until <= now))
            .map(|call| call.id)
            .collect();
        for id in overdue {
            self.maybe_end(id);
        }
        let due: Vec<CallId> = self
            .calls
            .values()
            .filter(|call| call.talk_deadline().is_some_and(|at| at <= now))
            .map(|call| call.id)
            .collect();
        for id in due {
            match self.calls.get(&id).map(|call| call.direction) {
                Some(Direction::Inbound | Direction::Promised) => {
                    self.tell_dialogue(id, crate::dialogue::Input::Tick);
                }
                Some(Direction::Callback) => self.tell_survey(id, crate::survey::Input::Tick),
                None => {}
            }
        }
        if self.queue.deadline().is_some_and(|at| at <= now) {
            self.tell_queue(crate::acd::Input::Tick);
        }
        self.dial_due_callbacks();
    }
}
