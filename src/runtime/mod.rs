//! The tokio shell: the only room that owns sockets, tasks, threads and clocks. It carries the machines' effects out and
//! feeds them what happened.
//!
//! - [`serve`]: the service wired together; [`shell`]: the hotline's owner; [`call_task`]: one call's sound.
//! - [`listener`], [`speaking`]: an ear and a mouth; [`recogniser`], [`voice`], [`meaning`], [`pool`]: slow
//!   work on threads; [`hearing`]: what each question expects.
//! - [`gauge`]: what is measured of the load.
//! - [`deadlines`]: rule packs and the calendar; [`upkeep`]: what happens to tickets without an order.
//! - [`browsers`]: the browsers that are telephones; `people`: who is on a call beside its caller, as sound.
//! - [`certificate`]: our own, for TLS where none is given; [`telephone`]: the line that is opened with it.
//! - [`doors`]: how staff come in to the console.
//! - [`keeper`], [`recordings`]: what is written down; [`openness`], [`outbox`]: what citizens are
//!   shown and sent. [`phone`]: a scripted telephone.

pub mod browsers;
pub mod call_task;
pub mod categories;
pub mod certificate;
pub mod clock;
pub mod deadlines;
pub mod dispatching;
pub mod doors;
pub mod engines;
pub mod gauge;
pub mod hearing;
pub mod keeper;
pub mod library;
pub mod listener;
pub mod looking_up;
pub mod meaning;
pub mod openness;
pub mod outbox;
mod people;
pub mod phone;
pub mod pool;
pub mod recogniser;
pub mod recordings;
pub mod rewriting;
pub mod rtp_socket;
pub mod serve;
pub mod shell;
pub mod speaking;
mod telephone;
pub mod upkeep;
pub mod voice;
