//! 回访: the callback after a ticket is closed, and when it may dial. The talk is a plain machine that asks two
//! questions and at most a third; the calendar of attempts is a pure function ([`schedule`]).

mod answers;
mod contract;
mod error;
mod hearing;
mod machine;
pub mod schedule;
mod state;

pub use contract::{
    Answer, Effect, Given, Input, Matter, Question, Setup, SurveyOutcome, Value, VerifyReason,
};
pub use error::SurveyError;
pub use machine::Survey;
