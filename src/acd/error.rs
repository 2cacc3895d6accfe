//! What the queue refuses, and why.

use crate::kernel::AgentId;

#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum AcdError {
    #[error("no agent {0}; agents are listed in the configuration under [[agents]]")]
    NoAgent(AgentId),
    #[error("there is no reason {given:?} to be away; the queue's plan has {known}")]
    NoReason { given: String, known: String },
    #[error("there is no wrap-up code {given:?}; the queue's plan has {known}")]
    NoCode { given: String, known: String },
    #[error("{agent} is {state}: a wrap-up code is given during or after a talk")]
    NothingToWrapUp { agent: AgentId, state: &'static str },
    #[error("there is no group {given:?}; the queue's plan has {known}")]
    NoGroup { given: String, known: String },
    #[error("{agent} is {state}; ask somebody who is idle")]
    NotFree { agent: AgentId, state: &'static str },
    #[error("nobody of the group {group:?} is idle; ask somebody else, or pass the caller on to the group")]
    NobodyFree { group: String },
}
