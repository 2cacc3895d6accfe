//! What the desk refuses, and why.

use super::event::Role;
use crate::desk::clock::ClockError;
use crate::kernel::{AgentId, TicketId};

#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum DeskError {
    #[error("ticket {ticket} is {state} and cannot be {wanted}")]
    NotNow { ticket: TicketId, state: &'static str, wanted: &'static str },
    #[error("a ticket is closed with a result: `result` is empty; say what was done")]
    NoResult,
    #[error("`{field}` is empty: a ticket is not {wanted} without it")]
    NoWords { field: &'static str, wanted: &'static str },
    #[error("a ticket is not {wanted} by the {role}; that is for {may}", role = role.key())]
    NotTheirs { role: Role, wanted: &'static str, may: String },
    #[error(
        "ticket {ticket} has changed since you looked at it: {changes}; load it again and see whether your change is still right"
    )]
    Changed { ticket: TicketId, seen: u32, now: u32, changes: String },
    #[error("ticket {ticket}: {what}")]
    Unfit { ticket: TicketId, what: &'static str },
    #[error("no ticket {0}")]
    NoTicket(TicketId),
    #[error("no agent {0}; agents are listed in the configuration under [[agents]]")]
    NoAgent(AgentId),
    /// The room that a command belongs to refused it; `code` is for programs.
    #[error("{problem}")]
    Refused { code: &'static str, problem: String },
    #[error("no unit {unit:?}; units are those of the rules of dispatch: {near}")]
    NoUnit { unit: String, near: String },
    #[error("{unit} has no member {member:?}; its members are {known}")]
    NoMember { unit: String, member: String, known: String },
    #[error("no rule pack {pack:?}; the rules of dispatch have {known}")]
    NoPack { pack: String, known: String },
    #[error("the rule pack {pack} has no procedure {procedure:?}; it has {known}")]
    NoProcedure { pack: String, procedure: String, known: String },
    #[error("the objection to ticket {ticket} comes too late: it could be raised before {until}")]
    ObjectionLate { ticket: TicketId, until: String },
    #[error("no limit of ticket {0} that may be extended runs now")]
    NothingToExtend(TicketId),
    #[error("the rule pack {pack} has no pause {pause:?}; it has {known}")]
    NoPause { pack: String, pause: String, known: String },
    #[error("ticket {ticket}: event {seq} does not follow its {version} events")]
    OutOfOrder { ticket: TicketId, seq: u32, version: u32 },
    #[error("the clock: {0}")]
    Clock(#[from] ClockError),
}
