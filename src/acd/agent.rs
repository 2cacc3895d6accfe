//! 话务员: a person with a telephone, what they can and what they are doing.

use std::collections::BTreeMap;

use crate::kernel::{AgentId, CallId, Moment};

/// Away because not signed in.
pub const OFF_DUTY: &str = "off_duty";
/// Away because the telephone was not answered, again and again.
pub const NO_ANSWER: &str = "no_answer";

/// 技能: codes of the plan with levels, 1 (a little) to 5 (as a native does).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Skills(BTreeMap<String, u8>);

impl Skills {
    pub const LEVEL_MAX: u8 = 5;

    /// 0 for a skill that they do not have.
    pub fn level(&self, skill: &str) -> u8 {
        self.0.get(skill).copied().unwrap_or(0)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, u8)> {
        self.0.iter().map(|(skill, level)| (skill.as_str(), *level))
    }
}

impl FromIterator<(String, u8)> for Skills {
    fn from_iter<T: IntoIterator<Item = (String, u8)>>(skills: T) -> Self {
        Skills(skills.into_iter().collect())
    }
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Agent {
    pub id: AgentId,
    pub name: String,
    /// Where their telephone rings: any SIP endpoint.
    pub uri: String,
    /// Codes of groups; none: all of them.
    pub groups: Vec<String>,
    pub skills: Skills,
    pub state: AgentState,
}

impl Agent {
    /// Of every group, without a skill, not on duty.
    pub fn new(id: AgentId, name: impl Into<String>, uri: impl Into<String>) -> Agent {
        Agent {
            id,
            name: name.into(),
            uri: uri.into(),
            groups: Vec::new(),
            skills: Skills::default(),
            state: AgentState::off_duty(),
        }
    }

    /// The same, idle since the beginning.
    pub fn on_duty(self) -> Agent {
        Agent { state: AgentState::Idle { since: Moment::ZERO }, ..self }
    }
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum AgentState {
    /// 离席: takes no calls, for a reason of the plan, or [`OFF_DUTY`], or [`NO_ANSWER`].
    Away { reason: String },
    /// 空闲 since.
    Idle { since: Moment },
    /// 振铃: their telephone rings with this call, or the citizen's who is called back does.
    Ringing { call: CallId, until: Moment },
    /// 通话中.
    Talking { call: CallId },
    /// 保持: the caller hears music.
    Hold { call: CallId },
    /// 话后处理 until.
    WrapUp { call: CallId, until: Moment },
}

impl AgentState {
    pub fn away(reason: &str) -> AgentState {
        AgentState::Away { reason: reason.to_owned() }
    }

    pub fn off_duty() -> AgentState {
        AgentState::away(OFF_DUTY)
    }

    pub const fn key(&self) -> &'static str {
        match self {
            AgentState::Away { .. } => "away",
            AgentState::Idle { .. } => "idle",
            AgentState::Ringing { .. } => "ringing",
            AgentState::Talking { .. } => "talking",
            AgentState::Hold { .. } => "hold",
            AgentState::WrapUp { .. } => "wrap_up",
        }
    }

    pub const fn call(&self) -> Option<CallId> {
        match self {
            AgentState::Ringing { call, .. }
            | AgentState::Talking { call }
            | AgentState::Hold { call }
            | AgentState::WrapUp { call, .. } => Some(*call),
            AgentState::Away { .. } | AgentState::Idle { .. } => None,
        }
    }

    /// Why they are away.
    pub fn reason(&self) -> Option<&str> {
        match self {
            AgentState::Away { reason } => Some(reason),
            _ => None,
        }
    }

    pub const fn is_away(&self) -> bool {
        matches!(self, AgentState::Away { .. })
    }

    /// Rings for a caller or has one.
    pub const fn serves(&self) -> Option<CallId> {
        match self {
            AgentState::Ringing { call, .. }
            | AgentState::Talking { call }
            | AgentState::Hold { call } => Some(*call),
            _ => None,
        }
    }
}
