//! Where a ticket stands, with what belongs to it there.

use super::event::Ground;
use crate::desk::dispatch::{Level, Unit};
use crate::kernel::{AgentId, SurveyId, TicketId};

/// A unit as a ticket remembers it, whatever becomes of the rules of dispatch.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct UnitRef {
    pub code: String,
    pub name: String,
    pub level: Level,
}

impl From<&Unit> for UnitRef {
    fn from(unit: &Unit) -> Self {
        UnitRef { code: unit.code.clone(), name: unit.name.clone(), level: unit.level }
    }
}

/// The clock that a ticket runs on: a rule pack and one of its procedures, by their codes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct ClockRef {
    pub pack: String,
    pub procedure: String,
}

/// Who is responsible, since when it was dispatched.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Assignment {
    /// 主办.
    pub owner: UnitRef,
    /// 协办.
    pub with: Vec<UnitRef>,
    /// 抄送: a street's ticket is copied to its district.
    pub copied: Vec<UnitRef>,
    /// 网格员 or another member of the owner.
    pub member: Option<String>,
    /// Absent where the rules of dispatch name no pack.
    pub clock: Option<ClockRef>,
    /// The rule of dispatch that was taken; empty where staff chose.
    pub rule: String,
}

impl Assignment {
    /// For the history: 婺城区综合行政执法局（协办：…；抄送：…）.
    pub fn told(&self) -> String {
        let names = |units: &[UnitRef]| {
            units.iter().map(|unit| unit.name.as_str()).collect::<Vec<_>>().join("、")
        };
        let mut parts = Vec::new();
        if !self.with.is_empty() {
            parts.push(format!("协办：{}", names(&self.with)));
        }
        if !self.copied.is_empty() {
            parts.push(format!("抄送：{}", names(&self.copied)));
        }
        parts.extend(self.member.iter().map(|member| format!("经办：{member}")));
        let more = parts.join("；");
        let name = &self.owner.name;
        if more.is_empty() { name.clone() } else { format!("{name}（{more}）") }
    }
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TicketState {
    /// 草稿: the caller is still telling the robot.
    Draft,
    /// 中断: the service stopped during the call; the draft is kept for a person.
    Interrupted,
    /// 登记: the caller has said what there is; waits to be dispatched.
    Registered,
    /// 坐席办理中: the hotline itself deals with it.
    Handling { agent: AgentId },
    /// 派单: waits for its unit to sign.
    Dispatched { to: Assignment },
    /// 签收. `overruled`: the unit has objected and was told to keep it.
    Signed { to: Assignment, overruled: bool },
    /// 办理.
    Working { to: Assignment, overruled: bool },
    /// 异议: waits for the desk's decision.
    Objected { to: Assignment, why: String },
    /// 答复: the citizen has the answer, the ticket is to be closed.
    Answered { to: Assignment, words: String },
    /// 办结.
    Closed { result: String },
    /// 已回访.
    CalledBack { survey: SurveyId },
    /// 已归档.
    Archived,
    /// 不予派单: told with the right way.
    Told { ground: Ground },
    /// 已合并: its citizen hears what becomes of the other.
    Merged { into: TicketId },
}

impl TicketState {
    pub const KEYS: [&'static str; 14] = [
        "draft",
        "interrupted",
        "registered",
        "handling",
        "dispatched",
        "signed",
        "working",
        "objected",
        "answered",
        "closed",
        "called_back",
        "archived",
        "told",
        "merged",
    ];

    pub const fn key(&self) -> &'static str {
        match self {
            TicketState::Draft => "draft",
            TicketState::Interrupted => "interrupted",
            TicketState::Registered => "registered",
            TicketState::Handling { .. } => "handling",
            TicketState::Dispatched { .. } => "dispatched",
            TicketState::Signed { .. } => "signed",
            TicketState::Working { .. } => "working",
            TicketState::Objected { .. } => "objected",
            TicketState::Answered { .. } => "answered",
            TicketState::Closed { .. } => "closed",
            TicketState::CalledBack { .. } => "called_back",
            TicketState::Archived => "archived",
            TicketState::Told { .. } => "told",
            TicketState::Merged { .. } => "merged",
        }
    }

    /// The unit that is responsible now.
    pub const fn assignment(&self) -> Option<&Assignment> {
        match self {
            TicketState::Dispatched { to }
            | TicketState::Signed { to, .. }
            | TicketState::Working { to, .. }
            | TicketState::Objected { to, .. }
            | TicketState::Answered { to, .. } => Some(to),
            TicketState::Draft
            | TicketState::Interrupted
            | TicketState::Registered
            | TicketState::Handling { .. }
            | TicketState::Closed { .. }
            | TicketState::CalledBack { .. }
            | TicketState::Archived
            | TicketState::Told { .. }
            | TicketState::Merged { .. } => None,
        }
    }

    /// Something is still to be done for the citizen.
    pub const fn is_open(&self) -> bool {
        match self {
            TicketState::Draft
            | TicketState::Interrupted
            | TicketState::Registered
            | TicketState::Handling { .. }
            | TicketState::Dispatched { .. }
            | TicketState::Signed { .. }
            | TicketState::Working { .. }
            | TicketState::Objected { .. }
            | TicketState::Answered { .. } => true,
            TicketState::Closed { .. }
            | TicketState::CalledBack { .. }
            | TicketState::Archived
            | TicketState::Told { .. }
            | TicketState::Merged { .. } => false,
        }
    }
}
