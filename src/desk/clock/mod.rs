//! 时限: the law's clock as a pure room. A rule pack per jurisdiction ([`Pack`]) gives the limits with the article of each;
//! [`deadline`] gives the moment from what has happened, and tells how it was counted. Nothing is armed and nothing is
//! remembered: a restart asks again and gets the same.
//!
//! How time is counted, where the pack does not say otherwise:
//!
//! - Seconds, minutes and hours run around the clock, from the moment of the start.
//! - In days and working days the day of the start does not count (民法典第二百零一条); a limit ends with its last day, at
//!   24:00 (第二百零三条) or at the pack's `day_ends`. 当日 ends with the day of the start; a matter that comes after
//!   `day_ends` has the next day.
//! - A limit in days whose last day is off moves to the next working day where the pack says `last_day_off = "moves"`
//!   (第二百零三条), else it stays. A limit in working days always ends on a working day.
//! - A pause stops limits in hours for exactly as long as it lasts. In days, the day on which it begins does not count any
//!   more, and the day on which it ends counts again; a pause within one day takes nothing away.
//! - The moment of a deadline is the first that is too late.

mod check;
mod count;
mod error;
mod light;
mod read;
mod shipped;
mod span;
mod step;
mod tell;
mod words;

pub use check::check;
pub use count::{Deadline, Extension, Pause, deadline};
pub use error::ClockError;
pub use light::{Light, Outcome};
pub use shipped::SHIPPED;
pub use span::{Span, Unit};
pub use step::{Skip, Step};
pub use tell::{due, explain, headline, moment};
pub use words::{Basis, Duty, Event};

use crate::kernel::fault::Faults;

/// The clock of one jurisdiction, as its file gives it.
#[derive(Clone, PartialEq, Debug)]
pub struct Pack {
    /// The file, for errors.
    pub file: String,
    /// `zhejiang-2017`.
    pub code: String,
    pub name: String,
    /// Division code of the place it holds for, like 33; empty for the whole country.
    pub region: String,
    /// The document that it comes from.
    pub source: String,
    /// Minute of the day, 1 to 1440, with which a day of a limit ends.
    pub day_ends: u32,
    /// A limit in days whose last day is off ends on the next working day.
    pub off_day_moves: bool,
    pub procedures: Vec<Procedure>,
    pub pauses: Vec<PauseKind>,
    pub limits: Vec<Limit>,
    /// Duties that the source gives no limit for, and that the pack means to leave without.
    pub without: Vec<Duty>,
    /// When citizens may be called; absent where the pack says nothing.
    pub calling: Option<Calling>,
}

/// 程序: which of the pack's limits hold for a matter.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Procedure {
    pub code: String,
    pub name: String,
    pub line: usize,
}

/// What interrupts a limit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PauseKind {
    pub code: String,
    pub name: String,
    pub article: String,
    pub basis: Basis,
    pub line: usize,
}

/// One limit: from an event to any of others.
#[derive(Clone, PartialEq, Debug)]
pub struct Limit {
    /// Of the pack, once: `simple-close`.
    pub code: String,
    pub name: String,
    pub duty: Duty,
    /// Codes of procedures; empty for all.
    pub procedures: Vec<String>,
    pub within: Span,
    pub starts: Event,
    pub stops: Vec<Event>,
    /// Codes of pauses that interrupt it.
    pub pauses: Vec<String>,
    /// The yellow light is on from so long before the deadline.
    pub yellow: Option<Span>,
    pub extension: Option<ExtensionRule>,
    pub article: String,
    pub basis: Basis,
    pub note: String,
    pub line: usize,
}

/// 延期.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ExtensionRule {
    /// All extensions of one run together.
    pub most: Span,
    pub times: u32,
    /// Asked for at least so long before the limit passes; before it passes where absent.
    pub ahead: Option<Span>,
    /// The citizen is told the reason before it counts.
    pub told: bool,
    pub article: String,
}

/// The hours in which a citizen may be dialled: what the callback's schedule is built from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Calling {
    /// `HH:MM`.
    pub opens: String,
    /// `HH:MM`; 24:00 is the day's end.
    pub closes: String,
    pub working_days_only: bool,
    pub per_day: u32,
    pub in_all: u32,
    /// From one attempt's beginning to the next one's.
    pub spacing: Span,
    pub article: String,
    pub basis: Basis,
}

impl Pack {
    /// Reads a pack; every fault has its line, field and way out. What is read may still be impossible: see [`check`].
    pub fn parse(file: &str, text: &str) -> Result<Pack, Faults> {
        read::pack(file, text)
    }

    /// A pack that ships, by its code.
    pub fn shipped(code: &str) -> Option<Result<Pack, Faults>> {
        let (file, text) =
            SHIPPED.iter().find(|(file, _)| file.strip_suffix(".toml") == Some(code))?;
        Some(Pack::parse(file, text))
    }

    pub fn limit(&self, code: &str) -> Result<&Limit, ClockError> {
        self.limits.iter().find(|limit| limit.code == code).ok_or_else(|| ClockError::NoLimit {
            pack: self.code.clone(),
            limit: code.to_owned(),
            known: self
                .limits
                .iter()
                .map(|limit| limit.code.as_str())
                .collect::<Vec<_>>()
                .join(", "),
        })
    }

    /// The limits that hold under a procedure, in the order of the file.
    pub fn limits_of<'a>(&'a self, procedure: &'a str) -> impl Iterator<Item = &'a Limit> {
        self.limits.iter().filter(move |limit| limit.holds_for(procedure))
    }

    /// The limits of a procedure that an event starts.
    pub fn started_by<'a>(
        &'a self,
        procedure: &'a str,
        event: Event,
    ) -> impl Iterator<Item = &'a Limit> {
        self.limits_of(procedure).filter(move |limit| limit.starts == event)
    }
}

impl Limit {
    pub fn holds_for(&self, procedure: &str) -> bool {
        self.procedures.is_empty() || self.procedures.iter().any(|code| code == procedure)
    }
}
