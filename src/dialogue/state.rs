//! Where the conversation stands: one enum with its data.

use std::sync::Arc;

use super::contract::{Manner, Outcome, Understood};
use super::lines::Line;
use super::number::Dictation;
use super::progress::{Asked, LastFour, TicketDigits};
use super::say::Expect;
use super::tries::{Failing, Tries};
use crate::intake::{Doubt, Emergency};
use crate::kernel::{Moment, Slot, TicketId};
use crate::knowledge::Item;

#[derive(Clone, Debug)]
pub(super) enum State {
    /// Not begun.
    New,
    /// A question is being asked or was asked.
    Asking {
        ask: Ask,
        tries: Tries,
    },
    /// Nobody can take the call: the ticket's number is awaited, to be told.
    Saving {
        until: Moment,
        close: Close,
    },
    /// How a ticket stands is being looked up.
    LookingUp {
        until: Moment,
        asked: Asked,
    },
    /// A person was asked for and has not answered yet.
    Waiting(Wait),
    /// Caller and agent talk.
    Talking,
    /// The last words are being said.
    Closing {
        outcome: Outcome,
        /// The caller fetches a pencil: what is being said is said again.
        paused: bool,
    },
    Ended,
}

impl State {
    pub(super) const fn name(&self) -> &'static str {
        match self {
            State::New => "new",
            State::Asking { ask, .. } => ask.name(),
            State::Saving { .. } => "saving",
            State::LookingUp { .. } => "looking_up",
            State::Waiting(_) => "waiting",
            State::Talking => "talking",
            State::Closing { .. } => "closing",
            State::Ended => "ended",
        }
    }
}

/// What was asked.
#[derive(Clone, Debug)]
pub(super) enum Ask {
    /// What the caller wants.
    Request(Opening),
    /// Is this the item that is meant?
    Confirm(Arc<Item>),
    /// Which of these two or three items is meant?
    Offer(Vec<Arc<Item>>),
    /// Did the answer help?
    Helped,
    /// A field of the ticket.
    Fill(Slot),
    /// Is this the place?
    PlaceBack,
    /// What number to call back on?
    Number(Dictation),
    /// Is this the number?
    NumberBack(Dictation),
    /// The number, typed.
    NumberKeys(Dictation),
    /// What is the ticket's number?
    TicketNumber(TicketDigits),
    /// Is this the ticket's number?
    TicketBack(TicketDigits),
    /// What are the last four digits of its contact number?
    LastFour(LastFour),
    /// Shall the ticket be urged?
    Urge(TicketId),
    /// How the ticket stands is told, or cannot be: a person?
    ProgressPerson,
    /// A callback instead of waiting?
    Callback(Wait),
    /// Nobody is on duty: what shall be noted?
    LeaveWord,
    /// Is somebody in danger, is a person wanted?
    Doubt(Box<Held>),
}

/// Words that may mean more than is sure, and where the talk stood when they were said.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) doubt: Doubt,
    pub(super) said: Understood,
    pub(super) before: State,
}

/// How the open question was put.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Opening {
    First,
    /// The last request was not understood.
    Rephrase,
    /// 还有别的事吗, after an answer.
    More,
    /// 您请讲.
    GoOn,
}

/// Why the call ends with a ticket number instead of a person.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Close {
    Nobody,
    Callback,
    /// The caller takes leave.
    Bye,
}

/// A caller who waits for a person.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Wait {
    pub(super) since: Moment,
    pub(super) told_at: Moment,
    /// The place in the queue and the estimate, as last reported.
    pub(super) position: Option<(u32, Option<u32>)>,
    pub(super) emergency: Option<Emergency>,
    pub(super) offered: bool,
    /// Announcements so far: they change their words.
    pub(super) told: usize,
}

impl Wait {
    pub(super) const fn new(now: Moment, emergency: Option<Emergency>) -> Wait {
        Wait { since: now, told_at: now, position: None, emergency, offered: false, told: 0 }
    }
}

impl Ask {
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Ask::Request(Opening::First) => "request",
            Ask::Request(Opening::Rephrase) => "rephrase",
            Ask::Request(Opening::More) => "more",
            Ask::Request(Opening::GoOn) => "go_on",
            Ask::Confirm(_) => "confirm",
            Ask::Offer(_) => "offer",
            Ask::Helped => "helped",
            Ask::Fill(_) => "fill",
            Ask::PlaceBack => "place_back",
            Ask::Number(_) => "number",
            Ask::NumberBack(_) => "number_back",
            Ask::NumberKeys(_) => "number_keys",
            Ask::TicketNumber(_) => "ticket_number",
            Ask::TicketBack(_) => "ticket_back",
            Ask::LastFour(_) => "last_four",
            Ask::Urge(_) => "urge",
            Ask::ProgressPerson => "progress_person",
            Ask::Callback(_) => "callback",
            Ask::LeaveWord => "leave_word",
            Ask::Doubt(_) => "doubt",
        }
    }

    /// Whatever is answered, the call ends with the ticket that is there already.
    pub(super) fn registers(&self) -> bool {
        match self {
            Ask::Doubt(held) => {
                matches!(&held.before, State::Asking { ask, .. } if ask.registers())
            }
            Ask::LeaveWord => true,
            Ask::Number(dictation) | Ask::NumberBack(dictation) | Ask::NumberKeys(dictation) => {
                dictation.registers()
            }
            _ => false,
        }
    }

    pub(super) const fn expect(&self) -> Expect {
        match self {
            Ask::Request(Opening::More) => Expect::More,
            Ask::Request(_) | Ask::LeaveWord => Expect::Open,
            Ask::Confirm(_)
            | Ask::Helped
            | Ask::PlaceBack
            | Ask::NumberBack(_)
            | Ask::TicketBack(_)
            | Ask::Urge(_)
            | Ask::ProgressPerson
            | Ask::Callback(_)
            | Ask::Doubt(_) => Expect::YesNo,
            Ask::TicketNumber(_) => Expect::Ticket,
            Ask::LastFour(_) => Expect::LastFour,
            Ask::Offer(_) => Expect::Choice,
            Ask::Number(_) | Ask::NumberKeys(_) => Expect::Slot(Slot::Number),
            Ask::Fill(slot) => Expect::Slot(*slot),
        }
    }

    pub(super) const fn patience_ms(&self, manner: &Manner) -> u64 {
        match self {
            Ask::Fill(_)
            | Ask::LeaveWord
            | Ask::Number(_)
            | Ask::NumberKeys(_)
            | Ask::TicketNumber(_)
            | Ask::LastFour(_) => manner.thought_ms,
            _ => manner.patience_ms,
        }
    }

    /// The field that is asked for or read back.
    pub(super) const fn slot(&self) -> Option<Slot> {
        match self {
            Ask::Fill(slot) => Some(*slot),
            Ask::PlaceBack => Some(Slot::Place),
            Ask::Number(_) | Ask::NumberBack(_) | Ask::NumberKeys(_) => Some(Slot::Number),
            _ => None,
        }
    }

    /// How it is asked again.
    pub(super) fn again(&self, failing: Failing, tries: Tries) -> Line {
        let keys = matches!((failing, tries.unclear), (Failing::Unclear, 2..));
        match self {
            Ask::Confirm(_)
            | Ask::Helped
            | Ask::PlaceBack
            | Ask::NumberBack(_)
            | Ask::TicketBack(_)
            | Ask::Urge(_)
            | Ask::ProgressPerson
            | Ask::Callback(_)
                if keys =>
            {
                Line::KeysYesNo
            }
            Ask::Request(Opening::More) => Line::MoreAgain,
            Ask::Request(_) => match failing {
                Failing::Silent => Line::OpenSilent,
                Failing::Unclear => Line::OpenUnclear,
            },
            Ask::Confirm(_) => Line::ConfirmAgain,
            Ask::Offer(items) => match (items.len() > 2, keys) {
                (true, true) => Line::OfferThreeKeys,
                (true, false) => Line::OfferThreeAgain,
                (false, true) => Line::OfferTwoKeys,
                (false, false) => Line::OfferTwoAgain,
            },
            Ask::Helped => Line::HelpedAgain,
            Ask::Fill(Slot::Place) => Line::AskPlaceAgain,
            Ask::Fill(Slot::Time) => Line::AskTimeAgain,
            Ask::Fill(_) => Line::AskNarrativeAgain,
            Ask::PlaceBack => Line::PlaceBackAgain,
            Ask::Number(_) if keys => Line::NumberKeys,
            Ask::Number(_) => Line::AskNumberAgain,
            Ask::NumberBack(_) => Line::NumberBackAgain,
            Ask::NumberKeys(_) => Line::NumberKeysAgain,
            Ask::TicketNumber(_) if keys => Line::TicketKeys,
            Ask::TicketNumber(_) => Line::AskTicketAgain,
            Ask::TicketBack(_) => Line::TicketBackAgain,
            Ask::LastFour(_) => Line::AskLastFourAgain,
            Ask::Urge(_) => Line::AskUrgeAgain,
            Ask::ProgressPerson => Line::ProgressPersonAgain,
            Ask::Callback(_) => Line::OfferCallbackAgain,
            Ask::LeaveWord => Line::LeaveWordAgain,
            Ask::Doubt(held) => match (held.doubt, failing) {
                (Doubt::Danger(_), Failing::Silent) => Line::DangerAgain,
                (Doubt::Danger(_), Failing::Unclear) => Line::DangerKeys,
                (Doubt::Person, Failing::Silent) => Line::PersonAgain,
                (Doubt::Person, Failing::Unclear) => Line::PersonKeys,
            },
        }
    }
}
