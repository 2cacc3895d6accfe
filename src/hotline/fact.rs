//! What has become true: the store keeps facts in this order, the pages show them as they come.

use super::callback::CallbacksLeft;
use super::unanswered::Why;
use crate::acd::{Owner, Record};
use crate::bridge::{Party, Stage};
use crate::desk::{Entry, Ticket};
use crate::kernel::{
    AgentId, CallId, CampaignId, Filled, Pii, Slot, SurveyId, TicketId, VerificationId, Wall,
};
use crate::speech::{Speaker, Utterance};
use crate::survey::campaign::{Draw, Origin, Plan};
use crate::survey::verify::Outcome;
use crate::survey::{Answer, VerifyReason};

/// Which way a call was made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    /// A citizen called us.
    Inbound,
    /// We called a citizen back.
    Callback,
    /// We called a citizen who chose that instead of waiting for a person.
    Promised,
}

impl Direction {
    pub const fn key(self) -> &'static str {
        match self {
            Direction::Inbound => "inbound",
            Direction::Callback => "callback",
            Direction::Promised => "promised",
        }
    }
}

/// A photo of a citizen's as it is kept: a JPEG made anew, without whatever the camera wrote into it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Photo {
    pub n: u32,
    /// In pixels.
    pub width: u32,
    pub height: u32,
    /// Of the file, in hex.
    pub sha256: String,
}

// A ticket is by far the largest, and a few facts an utterance are moved: a box would gain nothing.
#[allow(clippy::large_enum_variant)]
#[derive(Clone, PartialEq, Debug)]
pub enum Fact {
    CallStarted {
        call: CallId,
        direction: Direction,
        number: Option<Pii<String>>,
        at: Wall,
    },
    /// The call's state for the pages: `greeting`, `waiting`, `bridged`, … as the dialogue names them.
    CallState {
        call: CallId,
        state: String,
        at: Wall,
    },
    CallEnded {
        call: CallId,
        outcome: String,
        at: Wall,
    },
    /// Somebody's words. `latency_ms`, on the robot's: from the end of the caller's speech to the first sound of ours.
    Turn {
        utterance: Utterance,
        latency_ms: Option<u64>,
        cut_short: bool,
        at: Wall,
    },
    /// What somebody is saying, as far as it is heard: shown while it lasts, and never kept. The [`Fact::Turn`] follows.
    SoFar {
        call: CallId,
        speaker: Speaker,
        text: String,
        at: Wall,
    },
    /// What the caller's words with this number bring the agent who talks with them: contents of fields that are blank, and
    /// items of the knowledge base with their confidences, the best first.
    Assist {
        call: CallId,
        utterance: u32,
        facts: Vec<(Slot, Filled)>,
        hits: Vec<(String, f32)>,
        at: Wall,
    },
    /// The citizen says on the page of their call whether an answer of the robot's, by its number, was of use.
    Thumb {
        call: CallId,
        utterance: u32,
        up: bool,
        at: Wall,
    },
    /// The citizen has sent a photo; `n` counts from 1 within the call.
    Photo {
        call: CallId,
        photo: Photo,
        at: Wall,
    },
    /// The caller's words with this number were a question, and it ended without an answer.
    Unanswered {
        call: CallId,
        utterance: u32,
        why: Why,
        at: Wall,
    },
    /// A key the caller pressed, or the first of a run of them.
    Key {
        call: CallId,
        key: Pii<char>,
        at_ms: u64,
        at: Wall,
    },
    /// The ticket as it stands after `entry`. A new ticket's first event is `Drafted`.
    Ticket {
        ticket: Ticket,
        entry: Entry,
    },
    AgentState {
        agent: AgentId,
        state: &'static str,
        call: Option<CallId>,
        /// Why they are away.
        reason: Option<String>,
        at: Wall,
    },
    /// Somebody is on a call beside its caller: rings, talks, does something else there, is gone. `name`: of those who are no agents.
    Party {
        call: CallId,
        party: Party,
        name: String,
        stage: Stage,
        at: Wall,
    },
    /// A supervisor has written to an agent.
    AgentMessage {
        agent: AgentId,
        text: String,
        by: String,
        at: Wall,
    },
    /// The agent has read what was written until then.
    AgentMessagesSeen {
        agent: AgentId,
        at: Wall,
    },
    /// What has become of a caller's wait, or of an agent's work.
    Queue {
        record: Record,
        at: Wall,
    },
    /// A callback has become due or due again; `attempt` counts from 1.
    SurveyDue {
        survey: SurveyId,
        ticket: TicketId,
        origin: Origin,
        attempt: u32,
        due: Wall,
        at: Wall,
    },
    /// An attempt is going to be made, by this call; it counts from here on.
    SurveyDialled {
        survey: SurveyId,
        ticket: TicketId,
        call: CallId,
        attempt: u32,
        at: Wall,
    },
    SurveyStarted {
        survey: SurveyId,
        call: CallId,
        at: Wall,
    },
    SurveyAnswer {
        survey: SurveyId,
        call: CallId,
        answer: Answer,
        at: Wall,
    },
    /// An attempt is over, or, with attempt 0, the callback is without another; `last`: no other follows.
    SurveyEnded {
        survey: SurveyId,
        ticket: TicketId,
        origin: Origin,
        outcome: String,
        attempt: u32,
        last: bool,
        at: Wall,
    },
    /// Staff want this citizen called; the callback follows.
    CallbackAsked {
        survey: SurveyId,
        ticket: TicketId,
        why: String,
        by: String,
        at: Wall,
    },
    /// A sample is announced, with its seed.
    CampaignAnnounced {
        campaign: CampaignId,
        plan: Plan,
        at: Wall,
    },
    /// It is drawn; nobody of it is called before this is kept.
    CampaignDrawn {
        campaign: CampaignId,
        draw: Draw,
        at: Wall,
    },
    /// This number is not called back any more (`on`), or is again.
    DoNotCall {
        number: Pii<String>,
        on: bool,
        survey: Option<SurveyId>,
        why: String,
        by: String,
        at: Wall,
    },
    VerificationOpened {
        verification: VerificationId,
        survey: SurveyId,
        ticket: TicketId,
        reason: String,
        /// The first moment that is too late.
        due: Option<Wall>,
        at: Wall,
    },
    VerificationAssigned {
        verification: VerificationId,
        unit: String,
        by: String,
        at: Wall,
    },
    VerificationClosed {
        verification: VerificationId,
        outcome: Outcome,
        result: String,
        by: String,
        at: Wall,
    },
}

/// What the hotline waits for before it goes on: nothing is spoken as kept that is not.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ack {
    /// The ticket of this call is stored.
    Ticket {
        call: CallId,
        ticket: TicketId,
    },
    /// The attempt that this call makes is stored.
    Dial {
        call: CallId,
    },
    Draw {
        campaign: CampaignId,
    },
}

/// What a restart finds in the store.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Restored {
    /// The next free numbers.
    pub next_call: u64,
    pub next_survey: u64,
    pub next_verification: u64,
    /// Highest ticket number ever given; 0 for none.
    pub last_ticket: u64,
    /// The tickets that are to be called back; others are loaded when somebody wants them.
    pub tickets: Vec<Ticket>,
    /// Callbacks that are not final.
    pub surveys: Vec<PendingSurvey>,
    pub callbacks: CallbacksLeft,
    /// 首接负责: who talked with whom lately.
    pub owners: Vec<Owner>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PendingSurvey {
    pub survey: SurveyId,
    pub ticket: TicketId,
    pub origin: Origin,
    /// The grade was given before the service stopped.
    pub graded: bool,
    /// What is unhappy about the answers that were given.
    pub dispute: Option<VerifyReason>,
    /// A verification was opened.
    pub verified: bool,
    /// When earlier attempts were made.
    pub attempts: Vec<Wall>,
    pub due: Wall,
}
