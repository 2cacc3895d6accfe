//! The tokio shell: the only room that owns sockets, tasks, threads and clocks. It carries the machines' effects out and
//! feeds them what happened.
//!
//! - [`serve`]: the service wired together; [`shell`]: the hotline's owner; [`call_task`]: one call's sound.
//! - [`listener`], [`speaking`]: an ear and a mouth; [`recogniser`], [`voice`], [`meaning`], [`pool`]: slow
//!   work on threads; [`hearing`]: what each question expects.
//! - [`deadlines`]: rule packs and the calendar.
//! - [`keeper`], [`recordings`]: what is written down; [`openness`], [`outbox`]: what citizens are
//!   shown and sent. [`phone`]: a scripted telephone.

pub mod call_task;
pub mod categories;
pub mod clock;
pub mod deadlines;
pub mod dispatching;
pub mod engines;
pub mod hearing;
pub mod keeper;
pub mod library;
pub mod listener;
pub mod meaning;
pub mod openness;
pub mod outbox;
pub mod phone;
pub mod pool;
pub mod recogniser;
pub mod recordings;
pub mod rtp_socket;
pub mod serve;
pub mod shell;
pub mod speaking;
pub mod voice;
