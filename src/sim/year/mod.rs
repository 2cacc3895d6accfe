//! A year of tickets in virtual time: citizens, the desk, units on four levels, supervisors and callbacks act on the same
//! machines that serve real tickets, on every rule pack that ships. The service is stopped at random moments and comes back
//! with what was kept, and nothing else.
//!
//! - `oracle.rs`: deadlines counted anew, slowly, from the kept events alone.
//! - `disk.rs`: what outlives a stop: events, callbacks dialled, messages to send.
//! - `people.rs`: who does what next to a ticket that they look at.
//! - `echo.rs`: what citizens get back: callbacks, messages.
//! - `stops.rs`: the service is stopped and comes back.
//! - `world.rs`: the agenda, and what must hold at every step.

mod disk;
mod echo;
mod oracle;
mod people;
mod stops;
mod world;

use std::collections::BTreeMap;

pub use oracle::{Due, WorkDays, count, due};
pub use world::run;

use super::check::Violation;
use crate::kernel::{Day, Faults};

/// Why a year cannot be played.
#[derive(Debug, thiserror::Error)]
pub enum YearError {
    #[error("{0}")]
    Rules(#[from] Faults),
    #[error("{0}")]
    Taxonomy(#[from] crate::intake::IntakeError),
    #[error("{0}")]
    Clock(#[from] crate::desk::clock::ClockError),
    #[error("the year must begin on a day that the calendar of dates has; {0} is none")]
    Begin(i32),
}

/// What is played.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct YearScenario {
    /// Tickets that are opened, spread over the year.
    pub tickets: u32,
    pub seed: u64,
    /// The year of the first tickets; the last ones end in the next.
    pub year: i32,
    /// How often the service is stopped in the midst of its work.
    pub stops: u32,
}

impl Default for YearScenario {
    fn default() -> Self {
        YearScenario { tickets: 100_000, seed: 1, year: 2025, stops: 20 }
    }
}

/// What came of a year.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct YearReport {
    /// FNV-1a, 64 bit, over every kept event, dialled callback and delivered message: the same for the same scenario.
    pub hash: u64,
    pub tickets: u64,
    pub events: BTreeMap<String, u64>,
    /// Dispatches by rule pack, and by the level of the owner.
    pub packs: BTreeMap<String, u64>,
    pub levels: BTreeMap<String, u64>,
    /// Orders that were refused, as they should be.
    pub refused: u64,
    /// Deadlines that were counted twice.
    pub deadlines: u64,
    /// Moments at which a light turned red.
    pub overdue: u64,
    pub stops: u64,
    /// Events that a stop took before they were kept.
    pub taken: u64,
    /// Tickets that were put together again from their events.
    pub refolded: u64,
    pub dialled: u64,
    pub messages: u64,
    /// Messages that were handed over again after a stop, and known by their key.
    pub repeated: u64,
    pub last_day: Option<Day>,
    /// The first of them.
    pub violations: Vec<Violation>,
}
