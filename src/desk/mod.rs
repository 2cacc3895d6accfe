//! Tickets (工单) and their time. Knows nothing of sound.

pub mod clock;
pub mod dispatch;
pub mod likeness;
pub mod related;
pub mod rulebook;
pub mod standing;
pub mod ticket;

pub use rulebook::{Order, Rulebook};
pub use standing::{Standing, Step};
pub use ticket::{Actor, DeskError, Entry, Role, Ticket, TicketEvent, TicketState};
