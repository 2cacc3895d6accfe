//! People and time: tickets (工单), who waits for whom, what an agent is doing. Knows nothing of sound.

pub mod agent;
pub mod clock;
pub mod dispatch;
pub mod likeness;
pub mod queue;
pub mod related;
pub mod rulebook;
pub mod standing;
pub mod ticket;

pub use agent::{Agent, AgentState};
pub use queue::{Priority, Queue};
pub use rulebook::{Order, Rulebook};
pub use standing::{Standing, Step};
pub use ticket::{Actor, DeskError, Entry, Role, Ticket, TicketEvent, TicketState};
