//! Who waits for whom (ACD): callers by priority and arrival, agents by group, skill and longest idle.
//!
//! - `plan.rs`: groups, their hours and overflow, skills, reasons, codes; `read.rs`: the same as a file.
//! - `contract.rs`: what goes into the machine and what comes out; `machine.rs`: the machine itself, with
//!   `work.rs` (agents), `beside.rs` (agents beside another), `promise.rs` (callbacks) and `serve.rs` (what follows every input).
//! - `reach.rs`: which agents a caller may be given to now; `entry.rs`: a caller and their place.
//! - `owners.rs`: 首接负责, who had a caller's matter; `pace.rs`: how long a wait will be.
//! - `snapshot.rs`: what a restart needs; `erlang.rs`, `staffing.rs`: how many agents are needed.
//!
//! Always, after every input:
//! - nobody who may take a caller is idle while that caller waits;
//! - an agent has one call, a call one place;
//! - who was rung for and not reached, or whose agent's line broke, stands before all ordinary callers;
//! - among equals in priority and need who came first is rung for first;
//! - time that goes backwards changes nothing: the machine's own never does.

pub mod agent;
pub mod contract;
mod beside;
mod entry;
pub mod erlang;
pub mod error;
pub mod machine;
pub mod owners;
mod pace;
pub mod plan;
mod promise;
mod reach;
mod read;
mod serve;
pub mod snapshot;
pub mod staffing;
mod work;

pub use agent::{Agent, AgentState, NO_ANSWER, OFF_DUTY, Skills};
pub use contract::{Ask, Effect, Gone, Input, Need, Priority, Record, Whom};
pub use error::AcdError;
pub use machine::Acd;
pub use owners::Owner;
pub use plan::{Group, Hours, Named, Overflow, Plan, Rules};
pub use snapshot::Snapshot;
