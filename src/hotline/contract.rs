//! What goes into the hotline and what comes out of it.

use super::admission::Measured;
use super::{Ack, Command, Fact, Outside};
use crate::bridge::Hearing;
use crate::call::EndReason;
use crate::desk::standing::{Found, Query};
use crate::desk::{DeskError, Ticket};
use crate::dialogue::{Say, SayId, Understood};
use crate::kernel::{AgentId, CallId, CampaignId, LegId, Pii, Slot, TicketId};
use crate::speech::{Speaker, Utterance};
use crate::survey::OnLine;
use crate::survey::campaign::Stratum;

/// How a saying ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SaidHow {
    Completed,
    /// The caller's voice stopped it.
    Interrupted,
    /// We stopped it ourselves.
    Hushed,
}

/// What happened.
#[derive(Clone, Debug)]
pub enum Input {
    /// Somebody calls us on an inbound leg (even numbers; the hotline gives its own legs odd ones).
    Invited {
        leg: LegId,
        number: Option<Pii<String>>,
    },
    /// On a line that we dialled is something else than a person's words.
    OnLine {
        call: CallId,
        heard: OnLine,
    },
    /// A leg is up and its sound flows.
    LegUp {
        leg: LegId,
    },
    LegEnded {
        leg: LegId,
        reason: EndReason,
    },
    /// Somebody's words, times from the start of the recording.
    Words {
        call: CallId,
        speaker: Speaker,
        text: String,
        start_ms: u64,
        end_ms: u64,
        confidence: f32,
    },
    /// What somebody is saying, as far as it is heard; [`Input::Words`] follow.
    SoFar {
        call: CallId,
        speaker: Speaker,
        text: String,
    },
    /// The caller made a sound that no words could be got from.
    Unclear {
        call: CallId,
    },
    /// The recogniser had no room.
    Overloaded {
        call: CallId,
    },
    Silent {
        call: CallId,
    },
    Key {
        call: CallId,
        key: char,
        at_ms: u64,
    },
    Said {
        call: CallId,
        say: SayId,
        how: SaidHow,
        said: String,
        unsaid: String,
        start_ms: u64,
        end_ms: u64,
    },
    Understood {
        call: CallId,
        understood: Understood,
    },
    Stored(Ack),
    /// What a sample is drawn from, as [`Effect::Sample`] asked: ticket numbers in any order.
    Population {
        campaign: CampaignId,
        tickets: Vec<TicketId>,
    },
    /// Tickets from the store, as [`Effect::Fetch`] asked.
    Fetched {
        tickets: Vec<Ticket>,
    },
    /// Tickets from the store, which a command wants: see [`Hotline::missing`].
    Loaded {
        tickets: Vec<Ticket>,
    },
    /// On an agent's telephone the caller was put on hold, or taken off it.
    Held {
        leg: LegId,
        on: bool,
    },
    /// An agent's telephone wants the caller passed on to this URI, by its own key (REFER); answered by [`Effect::Referred`].
    Referred {
        leg: LegId,
        to: Pii<String>,
    },
    /// What was measured of the house's load since the last time; wanted every second.
    Load(Measured),
    /// What [`Effect::LookUp`] came to.
    LookedUp {
        call: CallId,
        found: Found,
    },
    /// The media of a closed call has handed out all it had.
    MediaClosed {
        call: CallId,
    },
    /// Staff want something; answered by [`Effect::Reply`].
    Command {
        token: u64,
        command: Command,
    },
    /// The service stops: no new calls, the running ones end as interrupted.
    Stop,
    /// [`Hotline::deadline`] has come.
    Tick,
}

/// Whom to dial.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Party {
    /// An agent's telephone, by its SIP URI. `caller` is shown on it.
    Agent { agent: AgentId, uri: String },
    /// Somebody of the list of those whom agents may bring in.
    Outside(Outside),
    /// A citizen, over the trunk.
    Citizen { number: Pii<String> },
}

/// What a telephone is told of its wish to pass the caller on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Referral {
    /// They are being rung.
    Accepted,
    /// To them nobody is passed on.
    Declined,
    /// They have answered; the telephone is put down.
    Reached,
    /// They have not: the caller is with the agent again.
    Missed,
}

/// What is to be done, in this order.
// For the sake of its facts: see there.
#[allow(clippy::large_enum_variant)]
#[derive(Clone, Debug)]
pub enum Effect {
    /// Answer the inbound leg; its sound is the caller's of this call.
    Answer {
        call: CallId,
        leg: LegId,
    },
    Refuse {
        leg: LegId,
        code: u16,
    },
    Dial {
        call: CallId,
        leg: LegId,
        party: Party,
    },
    HangUp {
        leg: LegId,
    },
    Say {
        call: CallId,
        say: Say,
    },
    Hush {
        call: CallId,
    },
    /// Music for a caller who waits, under and between the announcements.
    Music {
        call: CallId,
        on: bool,
    },
    /// This leg's sound comes into the call: who hears it is said by [`Effect::Hears`].
    Join {
        call: CallId,
        leg: LegId,
    },
    /// It no longer does.
    Leave {
        call: CallId,
        leg: LegId,
    },
    /// Who hears whom, from now on. A caller who hears nobody hears the robot, and the music.
    Hears {
        call: CallId,
        hearing: Hearing,
    },
    /// Answer a telephone's wish to pass the caller on; [`Referral::Accepted`] is followed by one more.
    Referred {
        leg: LegId,
        answer: Referral,
    },
    /// Have the other side of this leg call somebody (REFER). It counts as a call of ours on `leg`: up and then hung up by the peer
    /// once they are reached, ended where they are not.
    Refer {
        call: CallId,
        leg: LegId,
        caller: LegId,
        outside: Outside,
    },
    /// Read and search these words; answered by [`Input::Understood`]. `asked` is what the last question asked for, `place` the
    /// division that the caller has named.
    Understand {
        utterance: Utterance,
        asked: Option<Slot>,
        place: Option<String>,
    },
    /// How does a ticket stand? Answered by [`Input::LookedUp`], within the deadline of whoever carries it out.
    LookUp {
        call: CallId,
        query: Query,
    },
    /// Keep this fact; with `ack`, say so by [`Input::Stored`] when it is kept.
    Keep {
        fact: Fact,
        ack: Option<Ack>,
    },
    /// Say what this sample is drawn from, by all that is kept; answered by [`Input::Population`].
    Sample {
        campaign: CampaignId,
        stratum: Stratum,
    },
    /// Give these tickets out of the store, behind all facts that wait to be kept; answered by [`Input::Fetched`].
    Fetch {
        tickets: Vec<TicketId>,
    },
    /// The answer to a command.
    Reply {
        token: u64,
        result: Result<(), DeskError>,
    },
    /// The legs are down: the media hands out what it still has, then [`Input::MediaClosed`].
    Close {
        call: CallId,
    },
}
