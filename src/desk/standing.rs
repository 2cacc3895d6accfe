//! 进展: how a ticket stands, as its citizen may know it: the steps and when they were, who is responsible, by when there will
//! be an answer. No names, and nothing of what staff write to each other.

use crate::kernel::{TicketId, Wall};

/// A step of a ticket's life that its citizen is told of.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Step {
    /// 登记.
    Registered,
    /// 派单.
    Dispatched,
    /// 签收.
    Signed,
    /// 办理.
    Handling,
    /// 延期.
    Extended,
    /// 答复.
    Answered,
    /// 办结.
    Closed,
    /// 回访.
    CalledBack,
    /// 重办.
    Reopened,
}

impl Step {
    pub const ALL: [Step; 9] = [
        Step::Registered,
        Step::Dispatched,
        Step::Signed,
        Step::Handling,
        Step::Extended,
        Step::Answered,
        Step::Closed,
        Step::CalledBack,
        Step::Reopened,
    ];

    pub const fn key(self) -> &'static str {
        match self {
            Step::Registered => "registered",
            Step::Dispatched => "dispatched",
            Step::Signed => "signed",
            Step::Handling => "handling",
            Step::Extended => "extended",
            Step::Answered => "answered",
            Step::Closed => "closed",
            Step::CalledBack => "called_back",
            Step::Reopened => "reopened",
        }
    }

    /// The step that an event of this kind is; `None` for what stays among staff.
    pub fn of_event(kind: &str) -> Option<Step> {
        match kind {
            // A call that broke off: what was told is kept for a person.
            "interrupted" => Some(Step::Registered),
            "taken" | "worked" => Some(Step::Handling),
            "extension_granted" => Some(Step::Extended),
            // 不予派单: the citizen was told the right way, and that was all.
            "told" => Some(Step::Answered),
            kind => Step::ALL.into_iter().find(|step| step.key() == kind),
        }
    }

    /// Nothing more is to come by itself.
    pub const fn is_over(self) -> bool {
        matches!(self, Step::Closed | Step::CalledBack)
    }
}

/// How one ticket stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Standing {
    pub ticket: TicketId,
    pub opened: Wall,
    /// In their order, the first being the registration; a step that follows itself stands once, with its first time.
    pub steps: Vec<(Step, Wall)>,
    /// 承办单位.
    pub unit: Option<String>,
    /// By when an answer is promised.
    pub due: Option<Wall>,
    /// What it is about, in a few words.
    pub subject: Option<String>,
    /// 举报: the identity of who reported is sealed.
    pub secret: bool,
}

impl Standing {
    /// `events`: kind and time, in their order.
    pub fn new<'a>(
        ticket: TicketId,
        opened: Wall,
        events: impl IntoIterator<Item = (&'a str, Wall)>,
    ) -> Standing {
        let mut steps = vec![(Step::Registered, opened)];
        for (kind, at) in events {
            if let Some(step) = Step::of_event(kind)
                && steps.last().is_some_and(|(last, _)| *last != step)
            {
                steps.push((step, at));
            }
        }
        Standing { ticket, opened, steps, unit: None, due: None, subject: None, secret: false }
    }

    /// The last step and when it was.
    pub fn now(&self) -> (Step, Wall) {
        self.steps.last().copied().unwrap_or((Step::Registered, self.opened))
    }

    pub fn is_open(&self) -> bool {
        !self.now().0.is_over()
    }
}
