//! A world with virtual time: callers, agents and citizens from a seed, on the same machines that serve real calls. A day
//! passes in seconds, and the same seed gives the same run to the last effect.
//!
//! The world stands where the runtime stands: it takes the hotline's effects and hands back what becomes of them. Words
//! come without sound; everything from the intake and the search on is the real thing.

mod check;
mod people;
mod world;

pub use check::Violation;
pub use world::{Report, Scenario, run};
