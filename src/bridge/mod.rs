//! The people on a call beside its caller: who serves, who was brought in, who supervises; and who hears whom.
//!
//! A caller who was given to people is with one of them, or hears music while one of them is fetched; never nothing. Whoever
//! only listens is heard by nobody, whoever whispers by the one who serves alone.
//!
//! - `contract.rs`: what goes into the machine and what comes out; `machine.rs`: the machine; `hearing.rs`: who hears whom.
//!
//! Always, after every input:
//! - the caller hears somebody of the circle, or [`Effect::Music`] is on, as long as the call is the people's
//!   ([`Bridge::owns`]) and somebody serves or is rung to serve;
//! - at most one serves, at most one is asked apart, and nobody is on it twice;
//! - who leaves is hung up or was told to have gone, once; after [`Input::End`] nobody is left.

mod contract;
mod hearing;
mod machine;

pub use contract::{BridgeError, Down, Effect, Input, Part, Party, Stage, Told, Who};
pub use hearing::Hearing;
pub use machine::Bridge;
