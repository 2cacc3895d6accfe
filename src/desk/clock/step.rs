//! How a deadline was counted, step by step.

use super::span::Span;
use super::words::Event;
use crate::kernel::calendar::Doubt;
use crate::kernel::{Day, Wall};

/// Why a day does not count.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Skip {
    Weekend,
    /// The holiday's name.
    Holiday(String),
    /// The kind of the pause.
    Paused(String),
}

/// One step of the arithmetic, in the order in which it was done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Step {
    Starts {
        at: Wall,
        event: Event,
    },
    /// The day of the start does not count.
    DayAfter {
        day: Day,
    },
    /// A matter that came after the end of the day has the next one.
    AfterHours {
        day: Day,
    },
    /// Days that count, from the `first` to the `last`.
    Counts {
        from: Day,
        to: Day,
        first: u32,
        last: u32,
        working: bool,
    },
    /// A Saturday or Sunday that counts for its holiday.
    MakeUp {
        day: Day,
        nth: u32,
        of: String,
    },
    Skips {
        from: Day,
        to: Day,
        why: Skip,
    },
    /// Time that runs around the clock.
    Runs {
        from: Wall,
        to: Wall,
    },
    /// Time that does not; `to` is absent while it lasts.
    Held {
        from: Wall,
        to: Option<Wall>,
        kind: String,
    },
    Extended {
        by: Span,
        asked: Wall,
    },
    /// The last day is off: it ends on the next that is not.
    Moves {
        from: Day,
        to: Day,
    },
    /// A year that was counted in, and is not published.
    Doubtful(Doubt),
    Due {
        at: Wall,
        last_day: Option<Day>,
    },
    /// There is no deadline while a pause lasts.
    Waits {
        since: Wall,
        kind: String,
    },
}
