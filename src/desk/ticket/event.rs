//! What happens to a ticket, and who did it.

use std::collections::BTreeMap;

use super::state::{Assignment, TicketState, UnitRef};
use crate::desk::clock;
use crate::kernel::{AgentId, CallId, Filled, Slot, SurveyId, TicketId, VerificationId, Wall};

/// A closed list of words, each with the key that files, the store and the API write.
macro_rules! keys {
    ($(#[$about:meta])* $name:ident { $($(#[$one:meta])* $variant:ident = $key:literal,)* }) => {
        $(#[$about])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum $name { $($(#[$one])* $variant,)* }

        impl $name {
            pub const ALL: &'static [$name] = &[$($name::$variant,)*];

            pub const fn key(self) -> &'static str {
                match self { $($name::$variant => $key,)* }
            }

            pub fn from_key(key: &str) -> Option<$name> {
                $name::ALL.iter().copied().find(|one| one.key() == key)
            }
        }
    };
}

keys! {
    /// In what capacity somebody acts.
    Role {
        /// 机器人.
        Robot = "robot",
        /// The service itself.
        System = "system",
        /// 坐席: who takes calls.
        Agent = "agent",
        /// 派单员: who dispatches and decides.
        Desk = "desk",
        /// 承办单位.
        Unit = "unit",
        /// 督办员.
        Supervisor = "supervisor",
    }
}

keys! {
    /// Those who work on a ticket together.
    Forum {
        /// 会商 (联席会议): the owner with co-owners.
        Joint = "joint",
        /// 专项工作组: across counties.
        TaskForce = "task_force",
    }
}

keys! {
    /// Steps that a clock may wait for and that leave the state as it is.
    Mark {
        /// 接应.
        Acknowledged = "acknowledged",
        /// 受理.
        Accepted = "accepted",
        /// 告知: the citizen was told how it stands.
        Informed = "informed",
        /// 核实情况: the citizen was called to confirm the details.
        Confirmed = "confirmed",
        /// 到场.
        Arrived = "arrived",
        ReviewAsked = "review_asked",
        Reviewed = "reviewed",
        ReReviewAsked = "re_review_asked",
        ReReviewed = "re_reviewed",
    }
}

impl Mark {
    pub const fn clock(self) -> clock::Event {
        match self {
            Mark::Acknowledged => clock::Event::Acknowledged,
            Mark::Accepted => clock::Event::Accepted,
            Mark::Informed => clock::Event::Informed,
            Mark::Confirmed => clock::Event::Confirmed,
            Mark::Arrived => clock::Event::Arrived,
            Mark::ReviewAsked => clock::Event::ReviewAsked,
            Mark::Reviewed => clock::Event::Reviewed,
            Mark::ReReviewAsked => clock::Event::ReReviewAsked,
            Mark::ReReviewed => clock::Event::ReReviewed,
        }
    }

    /// Of the petition's second and third look, which begin after the answer.
    pub const fn is_review(self) -> bool {
        matches!(self, Mark::ReviewAsked | Mark::Reviewed | Mark::ReReviewAsked | Mark::ReReviewed)
    }
}

keys! {
    /// 不予派单: why a matter is not ours to dispatch (北京市接诉即办工作条例 §11).
    Ground {
        /// Courts, petitions' review, arbitration: it has a way of its own.
        Statutory = "statutory",
        /// A repeat without new facts.
        Repeat = "repeat",
        Secret = "secret",
        /// Not for any government unit.
        NotOurs = "not_ours",
        Unlawful = "unlawful",
    }
}

/// Who acts.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Actor {
    pub role: Role,
    /// As they sign: A1, 李晓, 白龙桥镇 张三. The robot and the system have none of their own.
    pub name: String,
}

impl Actor {
    pub fn new(role: Role, name: impl Into<String>) -> Actor {
        Actor { role, name: name.into() }
    }

    pub fn robot() -> Actor {
        Actor::new(Role::Robot, "robot")
    }

    pub fn system() -> Actor {
        Actor::new(Role::System, "system")
    }

    pub fn agent(agent: AgentId) -> Actor {
        Actor::new(Role::Agent, agent.to_string())
    }

    pub fn desk(name: impl Into<String>) -> Actor {
        Actor::new(Role::Desk, name)
    }
}

/// What happens to a ticket.
#[derive(Clone, PartialEq, Debug)]
pub enum TicketEvent {
    /// The robot wrote down what it knows so far; replaces the spoken fields.
    Drafted {
        fields: BTreeMap<Slot, Filled>,
    },
    /// A ticket from before events were kept whole: how it stood.
    Carried {
        state: Box<TicketState>,
        fields: BTreeMap<Slot, Filled>,
        opened: Wall,
    },
    /// 登记.
    Registered,
    /// 中断.
    Interrupted,
    /// 坐席接办.
    Taken {
        agent: AgentId,
    },
    /// A member of staff wrote a field.
    Edited {
        slot: Slot,
        filled: Filled,
    },
    /// 不予派单告知: told to the citizen with the right way, and not dispatched.
    Told {
        ground: Ground,
        words: String,
    },
    /// 派单.
    Dispatched {
        to: Assignment,
    },
    /// 签收: by the owner; a member may be named who will deal with it.
    Signed {
        member: Option<String>,
    },
    /// 指派网格员.
    Assigned {
        member: String,
    },
    /// 转办: passed on by the owner to another unit, which owns it from here on.
    Transferred {
        to: UnitRef,
        why: String,
    },
    /// 办理: what was done so far.
    Worked {
        note: String,
    },
    /// A step that leaves the state as it is.
    Marked {
        mark: Mark,
        words: String,
    },
    /// The clock stands from here: a pause of the rule pack.
    Paused {
        kind: String,
        why: String,
    },
    Resumed {
        kind: String,
    },
    /// 催办: the citizen has asked in this call that it be seen to.
    Urged {
        call: CallId,
    },
    /// 退单/异议: the unit says that it is not its matter.
    Objected {
        why: String,
    },
    /// 异议裁定. Upheld: the desk dispatches it anew; overruled: the unit keeps it, and may not object again.
    ObjectionDecided {
        upheld: bool,
        why: String,
    },
    /// 申请延期: `told` is what the citizen was told.
    ExtensionAsked {
        limit: String,
        by: clock::Span,
        why: String,
        told: Option<String>,
    },
    ExtensionDecided {
        granted: bool,
        why: String,
    },
    /// 会商 or 专项 begins.
    Convened {
        forum: Forum,
        units: Vec<UnitRef>,
        why: String,
    },
    Adjourned {
        forum: Forum,
        result: String,
    },
    /// 督办.
    Supervised {
        why: String,
    },
    SupervisionAnswered {
        words: String,
    },
    SupervisionLifted {
        why: String,
    },
    /// 答复: what the citizen was answered.
    Answered {
        words: String,
    },
    /// 办结.
    Closed {
        result: String,
    },
    /// 回访.
    CalledBack {
        survey: SurveyId,
    },
    /// 不满意待核实: an answer of the callback wants a verification.
    Disputed {
        verification: VerificationId,
        reason: String,
    },
    Verified {
        verification: VerificationId,
        outcome: String,
    },
    /// 重办: unhappy or unsolved, handled again.
    Reopened {
        why: String,
    },
    /// 合并: it goes on as part of another ticket.
    Merged {
        into: TicketId,
        why: String,
    },
    /// Another ticket was merged into this one.
    Joined {
        ticket: TicketId,
    },
    /// 归档.
    Archived {
        why: String,
    },
    /// 保密 set or lifted.
    Sealed {
        secret: bool,
        why: String,
    },
    /// Somebody looked at who reported.
    IdentityOpened {
        why: String,
    },
}

impl TicketEvent {
    /// The name in the store, in the API and among the pages' texts.
    pub const fn key(&self) -> &'static str {
        self.told().0
    }

    /// As errors say it: the ticket cannot be …
    pub const fn wanted(&self) -> &'static str {
        self.told().1
    }

    /// Who may do it.
    pub const fn roles(&self) -> &'static [Role] {
        use Role::{Agent, Desk, Robot, Supervisor, System, Unit};
        use TicketEvent as E;
        match self {
            E::Drafted { .. } => &[Robot],
            E::Registered => &[Robot, System, Agent, Desk],
            E::Urged { .. } => &[Robot, Agent, Desk],
            E::Carried { .. }
            | E::Interrupted
            | E::CalledBack { .. }
            | E::Disputed { .. }
            | E::Joined { .. } => &[System],
            E::Taken { .. } => &[Agent],
            // Whom the callback asks, and what was asked for, is not for those who are judged by it.
            E::Edited { slot: Slot::Number | Slot::Caller | Slot::MatterType, .. } => {
                &[Agent, Desk, Supervisor]
            }
            // The system puts a summary into plainer words.
            E::Edited { .. } => &[Agent, Desk, Unit, Supervisor, System],
            E::Told { .. } | E::Dispatched { .. } | E::Merged { .. } => &[Agent, Desk],
            E::ObjectionDecided { .. } | E::ExtensionDecided { .. } => &[Desk, Supervisor],
            E::Signed { .. }
            | E::Assigned { .. }
            | E::Transferred { .. }
            | E::Worked { .. }
            | E::Objected { .. }
            | E::ExtensionAsked { .. }
            | E::SupervisionAnswered { .. }
            | E::Answered { .. } => &[Unit],
            E::Marked { .. } => &[System, Agent, Desk, Unit],
            E::Paused { .. } | E::Resumed { .. } => &[Desk, Unit],
            E::Convened { .. } | E::Adjourned { .. } => &[Desk, Unit, Supervisor],
            E::Supervised { .. } => &[System, Supervisor],
            E::SupervisionLifted { .. } => &[Supervisor],
            E::Closed { .. } => &[System, Agent, Desk, Unit],
            // A unit cannot verify itself.
            E::Verified { .. } => &[System, Desk, Supervisor],
            E::Reopened { .. } => &[System, Agent, Desk, Supervisor],
            E::Archived { .. } => &[System, Desk],
            E::Sealed { .. } => &[Agent, Desk, Supervisor],
            E::IdentityOpened { .. } => &[Agent, Desk, Supervisor],
        }
    }

    const fn told(&self) -> (&'static str, &'static str) {
        use TicketEvent as E;
        match self {
            E::Drafted { .. } => ("drafted", "redrafted"),
            E::Carried { .. } => ("carried", "carried over"),
            E::Registered => ("registered", "registered"),
            E::Interrupted => ("interrupted", "interrupted"),
            E::Taken { .. } => ("taken", "taken by an agent"),
            E::Edited { .. } => ("edited", "edited"),
            E::Told { .. } => ("told", "told instead of dispatched"),
            E::Dispatched { .. } => ("dispatched", "dispatched"),
            E::Signed { .. } => ("signed", "signed for"),
            E::Assigned { .. } => ("assigned", "assigned to a member"),
            E::Transferred { .. } => ("transferred", "passed on"),
            E::Worked { .. } => ("worked", "worked on"),
            E::Marked { .. } => ("marked", "marked with this step"),
            E::Paused { .. } => ("paused", "paused"),
            E::Resumed { .. } => ("resumed", "resumed"),
            E::Urged { .. } => ("urged", "urged"),
            E::Objected { .. } => ("objected", "objected to"),
            E::ObjectionDecided { upheld: true, .. } => ("objection_upheld", "taken back"),
            E::ObjectionDecided { upheld: false, .. } => {
                ("objection_overruled", "left to its unit")
            }
            E::ExtensionAsked { .. } => ("extension_asked", "extended"),
            E::ExtensionDecided { granted: true, .. } => ("extension_granted", "granted more time"),
            E::ExtensionDecided { granted: false, .. } => {
                ("extension_refused", "refused more time")
            }
            E::Convened { .. } => ("convened", "handled jointly"),
            E::Adjourned { .. } => ("adjourned", "adjourned"),
            E::Supervised { .. } => ("supervised", "supervised"),
            E::SupervisionAnswered { .. } => ("supervision_answered", "answered for supervision"),
            E::SupervisionLifted { .. } => ("supervision_lifted", "freed from supervision"),
            E::Answered { .. } => ("answered", "answered"),
            E::Closed { .. } => ("closed", "closed"),
            E::CalledBack { .. } => ("called_back", "called back"),
            E::Disputed { .. } => ("disputed", "disputed"),
            E::Verified { .. } => ("verified", "verified"),
            E::Reopened { .. } => ("reopened", "reopened"),
            E::Merged { .. } => ("merged", "merged"),
            E::Joined { .. } => ("joined", "joined by another"),
            E::Archived { .. } => ("archived", "archived"),
            E::Sealed { secret: true, .. } => ("sealed", "kept secret"),
            E::Sealed { secret: false, .. } => ("unsealed", "no longer kept secret"),
            E::IdentityOpened { .. } => ("identity_opened", "opened as to who reported"),
        }
    }

    /// Why, or what was said, where words were given.
    pub fn why(&self) -> String {
        use TicketEvent as E;
        match self {
            E::Edited { slot, .. } => slot.key().into(),
            E::Signed { member } => member.clone().unwrap_or_default(),
            E::Assigned { member } => member.clone(),
            E::Dispatched { to } => to.told(),
            E::Transferred { to, why } => format!("{}：{why}", to.name),
            E::Marked { mark, words } if words.is_empty() => mark.key().into(),
            E::Told { words, .. }
            | E::Marked { words, .. }
            | E::SupervisionAnswered { words }
            | E::Answered { words } => words.clone(),
            E::Worked { note } => note.clone(),
            E::Adjourned { result, .. } | E::Closed { result } => result.clone(),
            E::Disputed { reason, .. } => reason.clone(),
            E::Verified { outcome, .. } => outcome.clone(),
            E::Joined { ticket } => ticket.0.to_string(),
            E::Urged { call } => call.to_string(),
            E::Merged { into, why } => format!("{}：{why}", into.0),
            E::ExtensionAsked { by, why, .. } => format!("{}：{why}", by.chinese()),
            E::Convened { units, why, .. } => {
                let names: Vec<&str> = units.iter().map(|unit| unit.name.as_str()).collect();
                format!("{}：{why}", names.join("、"))
            }
            E::Paused { why, .. }
            | E::Objected { why }
            | E::ObjectionDecided { why, .. }
            | E::ExtensionDecided { why, .. }
            | E::Supervised { why }
            | E::SupervisionLifted { why }
            | E::Reopened { why }
            | E::Archived { why }
            | E::Sealed { why, .. }
            | E::IdentityOpened { why } => why.clone(),
            E::Drafted { .. }
            | E::Carried { .. }
            | E::Registered
            | E::Interrupted
            | E::Taken { .. }
            | E::Resumed { .. }
            | E::CalledBack { .. } => String::new(),
        }
    }

    /// Words that must not be empty: the field's name, and the words.
    pub(super) fn needed(&self) -> Option<(&'static str, &str)> {
        use TicketEvent as E;
        match self {
            E::Told { words, .. } | E::SupervisionAnswered { words } | E::Answered { words } => {
                Some(("words", words))
            }
            E::Worked { note } => Some(("note", note)),
            E::Assigned { member } => Some(("member", member)),
            E::Adjourned { result, .. } | E::Closed { result } => Some(("result", result)),
            E::Verified { outcome, .. } => Some(("outcome", outcome)),
            E::Transferred { why, .. }
            | E::Paused { why, .. }
            | E::Objected { why }
            | E::ObjectionDecided { why, .. }
            | E::ExtensionAsked { why, .. }
            | E::ExtensionDecided { why, .. }
            | E::Convened { why, .. }
            | E::Supervised { why }
            | E::SupervisionLifted { why }
            | E::Reopened { why }
            | E::Merged { why, .. }
            | E::Sealed { why, .. }
            | E::IdentityOpened { why } => Some(("why", why)),
            _ => None,
        }
    }
}

/// One line of a ticket's history: what happened, who did it, when.
#[derive(Clone, PartialEq, Debug)]
pub struct Entry {
    /// From 1; the ticket's version after it.
    pub seq: u32,
    /// Never before the entry in front of it.
    pub at: Wall,
    pub by: Actor,
    pub event: TicketEvent,
    /// The clock showed so much less than at the entry before, in milliseconds: it was set back, and `at` is the time of
    /// the entry before. 0 otherwise.
    pub set_back_ms: u64,
}
