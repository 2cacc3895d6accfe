//! A world with virtual time: callers, agents and citizens from a seed, on the same machines that serve real calls. Days
//! pass in seconds, and the same seed gives the same run to the last effect.
//!
//! The world stands where the runtime stands: it takes the hotline's effects and hands back what becomes of them. Words
//! come without sound; everything from the intake and the search on is the real thing.
//!
//! - `world.rs`: the clock, the agenda, the run.
//! - `line.rs`: telephones: who rings, who picks up, who hangs up.
//! - `talk.rs`: the robot's mouth, the citizens' turns, people talking with each other.
//! - `ear.rs`: recognisers that take their time.
//! - `staff.rs`: what the desk does with tickets, verifications and duty.
//! - `check.rs`: what must hold of every run.
//! - `shift/`: a shift of the queue alone: hundreds of agents, lines that break; and what Erlang C says of it.
//! - `year/`: a year of tickets, deadlines, callbacks and messages, with stops of the service.

mod check;
mod ear;
mod line;
mod lookup;
mod mind;
mod people;
pub mod shift;
mod staff;
mod talk;
mod voice;
mod world;
pub mod year;

pub use check::Violation;
pub use ear::Hearing;
pub use world::{Report, Scenario, SimError, run};
