//! 回访: the callback after a ticket is closed, and when it may dial. The talk is a plain machine that asks two
//! questions, and of the unhappy two more; the calendar of attempts is a pure function ([`schedule`]).

mod answers;
mod contract;
mod error;
mod hearing;
mod line;
mod machine;
mod remarks;
pub mod schedule;
mod state;
mod words;

pub use contract::{
    Answer, Effect, Given, Input, Matter, OnLine, Question, Setup, SurveyOutcome, Value, VerifyReason,
};
pub use error::SurveyError;
pub use hearing::check_tables;
pub use machine::Survey;
