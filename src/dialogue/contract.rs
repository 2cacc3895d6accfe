//! What goes into the conversation and what comes out of it.

use std::sync::Arc;

use super::prompts::Prompts;
use super::say::{Say, SayId};
use crate::desk::standing::{Found, Query};
use crate::intake::{Draft, Emergency, Reading};
use crate::kernel::{CallId, Pii, TicketId};
use crate::knowledge::{Bars, Hit};
use crate::speech::Utterance;

/// What one conversation starts with.
#[derive(Clone, Debug)]
pub struct Setup {
    pub call: CallId,
    /// The number calling, from the signalling; `None` when it is withheld.
    pub number: Option<Pii<String>>,
    pub prompts: Arc<Prompts>,
    pub manner: Manner,
}

/// How the robot behaves: how sure it must be and how long it waits.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Manner {
    /// From which [`Hit::confidence`] on an item is told, asked about, or offered among others.
    pub bars: Bars,
    /// From this confidence on a complaint, report or plea is taken as one.
    pub matter_min: f32,
    /// Silence after a free question before it is asked again.
    pub patience_ms: u64,
    /// Silence after a question whose answer needs thought: a place, a time, a reason.
    pub thought_ms: u64,
    /// Silence after the caller said 等一下.
    pub wait_ms: u64,
    /// Between two announcements to a caller who waits for a person.
    pub announce_ms: u64,
    /// Waiting for a person longer than this is offered a callback instead.
    pub offer_after_ms: u64,
    /// The store must have answered by then.
    pub store_ms: u64,
}

impl Default for Manner {
    fn default() -> Self {
        Manner {
            bars: Bars::default(),
            matter_min: 0.5,
            patience_ms: 6_000,
            thought_ms: 9_000,
            wait_ms: 30_000,
            announce_ms: 20_000,
            offer_after_ms: 120_000,
            store_ms: 5_000,
        }
    }
}

/// What happened. Times are the `now` of [`super::Dialogue::handle`].
#[derive(Clone, Debug)]
pub enum Input {
    /// The call is answered and sound flows.
    Begin,
    /// The same of a citizen whom we call because they chose that instead of waiting: a person is got at once. `ticket` is
    /// what they were told.
    CalledBack { ticket: TicketId },
    /// The caller's words, read and searched.
    Heard(Understood),
    /// The caller made a sound that no words could be got from.
    Unclear,
    /// A key: `0` to `9`, `*`, `#`.
    Key(char),
    /// Nothing was heard for [`Say::patience_ms`] after the last saying.
    Silent,
    /// This saying and all before it were played to their end.
    SaidAll(SayId),
    /// The caller's voice stopped this saying; sayings handed out after it were dropped with it.
    Interrupted { say: SayId, said: String, unsaid: String },
    /// The draft of [`Effect::Save`] is stored under this number.
    Stored { ticket: TicketId },
    /// What [`Effect::LookUp`] came to.
    LookedUp(Found),
    /// The caller waits for a person. `position` counts from 1.
    Waiting { position: u32, estimate_s: Option<u32> },
    /// An agent answered: from here on people talk and the robot is silent.
    AgentReached,
    /// The agent's line broke; the caller is still there.
    AgentLost,
    /// The agent has passed the caller on, and nobody has taken them yet.
    PassedOn,
    /// The agent has said what there was to say and hung up.
    AgentDone,
    /// No person can be had: nobody is on duty.
    NoAgents,
    /// Too many callers wait for a person already.
    QueueFull,
    /// The recogniser has no room for this call.
    Overloaded,
    /// The robot has its hands full with other calls. This one goes to people; the few words that a ticket needs can be
    /// heard.
    Busy,
    /// The caller is gone.
    HungUp,
    /// [`super::Dialogue::deadline`] has come.
    Tick,
}

/// One utterance with what it was read as and the service items it may mean, the best first.
#[derive(Clone, Debug)]
pub struct Understood {
    pub utterance: Utterance,
    pub reading: Reading,
    pub hits: Vec<Hit>,
}

/// What is to be done. Effects are carried out in the order in which they were drained.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Speak, after all that was handed out before.
    Say(Say),
    /// Stop speaking and drop what waits to be spoken, but not what must be heard. What is dropped so is
    /// reported by neither [`Input::SaidAll`] nor [`Input::Interrupted`].
    Hush,
    /// Store the draft as this call's ticket: the first time makes the ticket, later ones renew it.
    /// Acknowledged by [`Input::Stored`].
    Save(Draft),
    /// How does a ticket stand? Acknowledged by [`Input::LookedUp`].
    LookUp(Query),
    /// 催办: the caller asks that this ticket be seen to.
    Urge { ticket: TicketId },
    /// Find a person. A second one, for a caller who already waits, changes the urgency only.
    HandOver { reason: HandOverReason, emergency: Option<Emergency> },
    /// The caller no longer waits for a person. `callback`: they are called back instead, in their turn.
    LeaveQueue { callback: bool },
    /// The conversation is over; hang up if the caller is still there. Comes exactly once, and last.
    HangUp { outcome: Outcome },
}

/// Why a person is wanted.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum HandOverReason {
    /// The caller asked for one.
    Asked,
    /// A complaint, report or plea was taken down.
    Ticket,
    /// Somebody is in danger.
    Emergency,
    /// The caller said nothing, three times.
    Silent,
    /// The caller was not understood, three times.
    Unclear,
    /// The knowledge base has no answer.
    Unanswered,
    /// The answer did not help.
    Unhelped,
    /// The recogniser had no room.
    Overloaded,
    /// The agent's line broke.
    AgentLost,
    /// They were promised a callback by a person, and this is it.
    Promised,
    /// Who had them has passed them on, and nobody has taken them yet.
    PassedOn,
}

impl HandOverReason {
    pub const ALL: [HandOverReason; 11] = [
        HandOverReason::Asked,
        HandOverReason::Ticket,
        HandOverReason::Emergency,
        HandOverReason::Silent,
        HandOverReason::Unclear,
        HandOverReason::Unanswered,
        HandOverReason::Unhelped,
        HandOverReason::Overloaded,
        HandOverReason::AgentLost,
        HandOverReason::Promised,
        HandOverReason::PassedOn,
    ];

    pub const fn key(self) -> &'static str {
        match self {
            HandOverReason::Asked => "asked",
            HandOverReason::Ticket => "ticket",
            HandOverReason::Emergency => "emergency",
            HandOverReason::Silent => "silent",
            HandOverReason::Unclear => "unclear",
            HandOverReason::Unanswered => "unanswered",
            HandOverReason::Unhelped => "unhelped",
            HandOverReason::Overloaded => "overloaded",
            HandOverReason::AgentLost => "agent_lost",
            HandOverReason::Promised => "promised",
            HandOverReason::PassedOn => "passed_on",
        }
    }

    pub fn from_key(key: &str) -> Option<HandOverReason> {
        HandOverReason::ALL.into_iter().find(|r| r.key() == key)
    }
}

/// How a conversation ended.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Outcome {
    /// The robot answered and the caller had nothing more to ask.
    Answered,
    /// A person took over.
    HandedOver,
    /// No person could be had, or the caller chose not to wait: the ticket is kept and a person calls back.
    Registered,
    /// The caller hung up before any of these.
    Abandoned,
    /// No person could be had and the ticket could not be stored; the caller was told so.
    Failed,
}

impl Outcome {
    pub const ALL: [Outcome; 5] = [
        Outcome::Answered,
        Outcome::HandedOver,
        Outcome::Registered,
        Outcome::Abandoned,
        Outcome::Failed,
    ];

    pub const fn key(self) -> &'static str {
        match self {
            Outcome::Answered => "answered",
            Outcome::HandedOver => "handed_over",
            Outcome::Registered => "registered",
            Outcome::Abandoned => "abandoned",
            Outcome::Failed => "failed",
        }
    }

    pub fn from_key(key: &str) -> Option<Outcome> {
        Outcome::ALL.into_iter().find(|o| o.key() == key)
    }
}
