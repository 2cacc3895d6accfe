//! 工单: from the caller's first words to the last echo. A ticket is the fold of its events; there is one transition
//! function, and what it refuses did not happen.

use std::collections::BTreeMap;

use crate::kernel::{AgentId, CallId, Filled, Slot, SurveyId, TicketId, Wall};

#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum DeskError {
    #[error("ticket {ticket} is {state} and cannot be {wanted}")]
    NotNow { ticket: TicketId, state: &'static str, wanted: &'static str },
    #[error("a ticket is closed with a result: `result` is empty; say what was done")]
    NoResult,
    #[error("no ticket {0}")]
    NoTicket(TicketId),
    #[error("no agent {0}; agents are listed in the configuration under [[agents]]")]
    NoAgent(AgentId),
    /// The room that a command belongs to refused it; `code` is for programs.
    #[error("{problem}")]
    Refused { code: &'static str, problem: String },
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TicketState {
    /// 草稿: the caller is still telling the robot.
    Draft,
    /// 中断: the service stopped during the call; the draft is kept for a person.
    Interrupted,
    /// 登记: the caller has said what there is; waits for a person.
    Registered,
    /// 办理中.
    Handling { agent: AgentId },
    /// 办结.
    Closed { result: String },
    /// 已回访.
    CalledBack { survey: SurveyId },
}

impl TicketState {
    pub const fn key(&self) -> &'static str {
        match self {
            TicketState::Draft => "draft",
            TicketState::Interrupted => "interrupted",
            TicketState::Registered => "registered",
            TicketState::Handling { .. } => "handling",
            TicketState::Closed { .. } => "closed",
            TicketState::CalledBack { .. } => "called_back",
        }
    }
}

/// What happens to a ticket.
#[derive(Clone, PartialEq, Debug)]
pub enum TicketEvent {
    /// The robot wrote down what it knows so far; replaces the spoken fields.
    Drafted {
        fields: BTreeMap<Slot, Filled>,
    },
    Registered,
    Interrupted,
    Taken {
        agent: AgentId,
    },
    /// A member of staff wrote a field.
    Edited {
        slot: Slot,
        filled: Filled,
        by: String,
    },
    Closed {
        result: String,
        by: String,
    },
    CalledBack {
        survey: SurveyId,
    },
    /// Unhappy or unsolved: handled again.
    Reopened {
        by: String,
        why: String,
    },
}

impl TicketEvent {
    pub const fn key(&self) -> &'static str {
        match self {
            TicketEvent::Drafted { .. } => "drafted",
            TicketEvent::Registered => "registered",
            TicketEvent::Interrupted => "interrupted",
            TicketEvent::Taken { .. } => "taken",
            TicketEvent::Edited { .. } => "edited",
            TicketEvent::Closed { .. } => "closed",
            TicketEvent::CalledBack { .. } => "called_back",
            TicketEvent::Reopened { .. } => "reopened",
        }
    }

    /// Who did it, as the ticket's history shows it.
    pub fn by(&self) -> String {
        match self {
            TicketEvent::Drafted { .. } | TicketEvent::Registered => "robot".into(),
            TicketEvent::Interrupted | TicketEvent::CalledBack { .. } => "system".into(),
            TicketEvent::Taken { agent } => agent.to_string(),
            TicketEvent::Edited { by, .. }
            | TicketEvent::Closed { by, .. }
            | TicketEvent::Reopened { by, .. } => by.clone(),
        }
    }

    /// Why, where a reason was given.
    pub fn why(&self) -> String {
        match self {
            TicketEvent::Closed { result, .. } => result.clone(),
            TicketEvent::Reopened { why, .. } => why.clone(),
            TicketEvent::Edited { slot, .. } => slot.key().into(),
            _ => String::new(),
        }
    }
}

#[derive(Clone, PartialEq, Debug)]
pub struct Ticket {
    pub id: TicketId,
    pub call: CallId,
    pub opened: Wall,
    pub changed: Wall,
    pub state: TicketState,
    pub fields: BTreeMap<Slot, Filled>,
}

impl Ticket {
    pub fn open(id: TicketId, call: CallId, at: Wall) -> Self {
        Ticket {
            id,
            call,
            opened: at,
            changed: at,
            state: TicketState::Draft,
            fields: BTreeMap::new(),
        }
    }

    /// What the caller's matter is in a few words: category, else type, else the first words of the narrative.
    pub fn subject(&self) -> String {
        let field = |slot| self.fields.get(&slot).map(|f: &Filled| f.value.clone());
        field(Slot::Category)
            .or_else(|| field(Slot::MatterType))
            .or_else(|| field(Slot::Narrative).map(|n| n.chars().take(20).collect()))
            .unwrap_or_default()
    }

    /// Carries out `event`, or refuses it and stays as it was.
    pub fn apply(&mut self, event: &TicketEvent, at: Wall) -> Result<(), DeskError> {
        let next = self.next(event)?;
        match event {
            TicketEvent::Drafted { fields } => self.draft(fields),
            TicketEvent::Edited { slot, filled, .. } => {
                self.fields.insert(*slot, filled.clone());
            }
            _ => {}
        }
        self.state = next;
        self.changed = at;
        Ok(())
    }

    // What staff wrote stays; the robot's later drafts only touch what the caller said.
    fn draft(&mut self, fields: &BTreeMap<Slot, Filled>) {
        use crate::kernel::evidence::Source;
        self.fields
            .retain(|slot, filled| filled.source == Source::Staff || fields.contains_key(slot));
        for (slot, filled) in fields {
            let by_staff = self.fields.get(slot).is_some_and(|f| f.source == Source::Staff);
            if !by_staff {
                self.fields.insert(*slot, filled.clone());
            }
        }
    }

    fn next(&self, event: &TicketEvent) -> Result<TicketState, DeskError> {
        use TicketState as S;
        let refused =
            |wanted| Err(DeskError::NotNow { ticket: self.id, state: self.state.key(), wanted });
        match (&self.state, event) {
            (S::Closed { .. } | S::CalledBack { .. }, TicketEvent::Drafted { .. }) => {
                refused("redrafted")
            }
            (state, TicketEvent::Drafted { .. }) => Ok(state.clone()),
            (S::Draft | S::Interrupted | S::Registered, TicketEvent::Registered) => {
                Ok(S::Registered)
            }
            (_, TicketEvent::Registered) => refused("registered"),
            (S::Draft, TicketEvent::Interrupted) => Ok(S::Interrupted),
            (_, TicketEvent::Interrupted) => refused("interrupted"),
            (S::Closed { .. } | S::CalledBack { .. }, TicketEvent::Taken { .. }) => {
                refused("taken by an agent")
            }
            (_, TicketEvent::Taken { agent }) => Ok(S::Handling { agent: *agent }),
            (S::Closed { .. } | S::CalledBack { .. }, TicketEvent::Edited { .. }) => {
                refused("edited")
            }
            (state, TicketEvent::Edited { .. }) => Ok(state.clone()),
            (S::Closed { .. } | S::CalledBack { .. }, TicketEvent::Closed { .. }) => {
                refused("closed again")
            }
            (_, TicketEvent::Closed { result, .. }) if result.trim().is_empty() => {
                Err(DeskError::NoResult)
            }
            (_, TicketEvent::Closed { result, .. }) => Ok(S::Closed { result: result.clone() }),
            (S::Closed { .. }, TicketEvent::CalledBack { survey }) => {
                Ok(S::CalledBack { survey: *survey })
            }
            (_, TicketEvent::CalledBack { .. }) => refused("called back"),
            (S::Closed { .. } | S::CalledBack { .. }, TicketEvent::Reopened { .. }) => {
                Ok(S::Registered)
            }
            (_, TicketEvent::Reopened { .. }) => refused("reopened"),
        }
    }
}
