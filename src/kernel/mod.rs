//! What every room may use and what uses no room: ids, time, chance, secrets, limits, evidence,
//! the calendar of working days, and what is wrong with a file.

pub mod calendar;
pub mod evidence;
pub mod fault;
pub mod id;
pub mod limits;
pub mod redact;
pub mod rng;
pub mod time;

pub use calendar::{Calendar, DayKind};
pub use evidence::{Evidence, Filled, Slot};
pub use fault::{Fault, Faults, Finder, Gravity};
pub use id::{AgentId, CallId, CampaignId, LegId, SurveyId, TicketId, VerificationId};
pub use redact::Pii;
pub use rng::Rng;
pub use time::{Civil, Day, Moment, Wall, minute_of_day};
