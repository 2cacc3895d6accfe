//! 话务员: a person with a telephone.

use crate::kernel::{AgentId, CallId, Moment};

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Agent {
    pub id: AgentId,
    pub name: String,
    /// Where their telephone rings: any SIP endpoint.
    pub uri: String,
    pub state: AgentState,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum AgentState {
    /// 离席: not on duty.
    Away,
    /// 空闲 since.
    Idle { since: Moment },
    /// 振铃: their telephone rings with this call.
    Ringing { call: CallId, until: Moment },
    /// 通话中.
    Talking { call: CallId },
    /// 话后处理 until.
    WrapUp { call: CallId, until: Moment },
}

impl AgentState {
    pub const fn key(&self) -> &'static str {
        match self {
            AgentState::Away => "away",
            AgentState::Idle { .. } => "idle",
            AgentState::Ringing { .. } => "ringing",
            AgentState::Talking { .. } => "talking",
            AgentState::WrapUp { .. } => "wrap_up",
        }
    }

    pub const fn call(&self) -> Option<CallId> {
        match self {
            AgentState::Ringing { call, .. }
            | AgentState::Talking { call }
            | AgentState::WrapUp { call, .. } => Some(*call),
            AgentState::Away | AgentState::Idle { .. } => None,
        }
    }
}
