//! What every room may use and what uses no room: ids, time, chance, secrets, limits, evidence.

pub mod evidence;
pub mod id;
pub mod limits;
pub mod redact;
pub mod rng;
pub mod time;

pub use evidence::{Evidence, Filled, Slot};
pub use id::{AgentId, CallId, LegId, SurveyId, TicketId, VerificationId};
pub use redact::Pii;
pub use rng::Rng;
pub use time::{Civil, Day, Moment, Wall};
