//! 告知: what citizens are told of their tickets outside of a talk, by text message at each step (短信). Rules only: which
//! steps are told and in what words ([`Messages`]), to which numbers ([`mobile`]), at what hours ([`Hours`]), and how often
//! sending is tried ([`Retry`]). The store keeps the rows, the runtime sends them.

mod error;
mod hours;
mod message;
mod mobile;
mod retry;
mod texts;

pub use error::NoticeError;
pub use hours::Hours;
pub use message::{Failed, Message, MessageKey};
pub use mobile::mobile;
pub use retry::{GiveUp, Retry, Then};
pub use texts::{Messages, STEPS, Values};
