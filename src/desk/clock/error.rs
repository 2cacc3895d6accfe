//! What the clock refuses.

use super::span::Span;

#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ClockError {
    #[error("the pack {pack} has no limit {limit}; it has {known}")]
    NoLimit { pack: String, limit: String, known: String },
    #[error("the limit {limit} cannot be extended: the pack gives it no `extension`")]
    NoExtension { limit: String },
    #[error(
        "the extension of {limit} is asked for too late: at {asked}, and the last moment was before {last}"
    )]
    ExtensionLate { limit: String, asked: String, last: String },
    #[error("an extension of {limit} is given in {want}, not as {span}")]
    ExtensionUnit { limit: String, span: Span, want: &'static str },
    #[error("{limit} is extended by {amount} {unit} in all; the most is {most}")]
    ExtensionLong { limit: String, amount: u64, unit: &'static str, most: Span },
    #[error("{limit} is extended {times} times; the most is {most}")]
    ExtensionTimes { limit: String, times: usize, most: u32 },
    #[error(
        "{limit} is extended only when the citizen has been told the reason; record when that was"
    )]
    ExtensionUntold { limit: String },
    #[error(
        "the pause {kind} ends before it begins ({from} to {to}); mend the events of the ticket"
    )]
    PauseBackward { kind: String, from: String, to: String },
    #[error("the deadline of {limit} is beyond the calendar, which goes from 1900 to 2100")]
    BeyondCalendar { limit: String },
}
