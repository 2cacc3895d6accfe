//! 回访: the callback about a ticket, whom it asks and when it may dial. The talk is a plain machine that asks two
//! questions, and of the unhappy two more; samples ([`campaign`]), the calendar of attempts ([`schedule`]), the record of
//! what was answered ([`chain`]) and what follows an unhappy answer ([`verify`]) are pure.

mod answers;
pub mod campaign;
pub mod chain;
mod contract;
mod error;
mod hearing;
mod line;
mod machine;
mod remarks;
pub mod schedule;
mod state;
pub mod verify;
mod words;

pub use contract::{
    Answer, Effect, Given, Input, Matter, OnLine, Question, Setup, SurveyOutcome, Value, VerifyReason,
};
pub use error::SurveyError;
pub use hearing::check_tables;
pub use machine::Survey;
