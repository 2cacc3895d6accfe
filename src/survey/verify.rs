//! 核实: an unhappy answer, one that says 没解决, or a grade that its own words contradict is looked into once, by somebody
//! who did not handle the case.

use super::contract::VerifyReason;
use super::error::SurveyError;
use crate::kernel::{SurveyId, TicketId, VerificationId, Wall};

/// What came of a verification.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Outcome {
    /// 属实: the citizen is right.
    Confirmed,
    /// 不属实: the case was handled as it should be; the reason is told.
    Overturned,
    /// 重办: the ticket is open again.
    Reopened,
}

impl Outcome {
    pub const ALL: [Outcome; 3] = [Outcome::Confirmed, Outcome::Overturned, Outcome::Reopened];

    pub const fn key(self) -> &'static str {
        match self {
            Outcome::Confirmed => "confirmed",
            Outcome::Overturned => "overturned",
            Outcome::Reopened => "reopened",
        }
    }

    pub fn from_key(key: &str) -> Option<Outcome> {
        Outcome::ALL.into_iter().find(|outcome| outcome.key() == key)
    }
}

/// Where it stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Stage {
    /// Nobody looks into it yet.
    Open,
    Assigned {
        unit: String,
    },
    Closed {
        outcome: Outcome,
    },
}

impl Stage {
    pub const fn key(&self) -> &'static str {
        match self {
            Stage::Open => "open",
            Stage::Assigned { .. } => "assigned",
            Stage::Closed { .. } => "closed",
        }
    }
}

/// What happens to a verification.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Step {
    /// To a unit or desk; again while it is not closed.
    Assign { unit: String, by: String },
    /// `result`: what was found, and of [`Outcome::Overturned`] why the answer does not hold.
    Close { outcome: Outcome, result: String, by: String },
}

/// One verification.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Verification {
    pub id: VerificationId,
    pub survey: SurveyId,
    pub ticket: TicketId,
    pub reason: VerifyReason,
    /// Names and codes of those who handled the case: none of them may look into it.
    pub handled_by: Vec<String>,
    pub opened: Wall,
    /// The first moment that is too late; absent where no limit could be counted.
    pub due: Option<Wall>,
    pub stage: Stage,
}

impl Verification {
    /// Carries out a step, or refuses it and stays as it was.
    pub fn apply(&mut self, step: &Step) -> Result<(), SurveyError> {
        let id = self.id;
        let next = match (&self.stage, step) {
            (Stage::Closed { .. }, _) => return Err(SurveyError::Verified(id)),
            (_, Step::Assign { unit, .. }) if unit.trim().is_empty() => {
                return Err(SurveyError::NoVerifier(id));
            }
            (_, Step::Assign { unit, .. }) if self.handled(unit) => {
                return Err(SurveyError::VerifiesItself { verification: id, unit: unit.clone() });
            }
            (_, Step::Assign { unit, .. }) => Stage::Assigned { unit: unit.trim().to_owned() },
            (Stage::Open, Step::Close { .. }) => return Err(SurveyError::NoVerifier(id)),
            (_, Step::Close { result, .. }) if result.trim().is_empty() => {
                return Err(SurveyError::NoFinding(id));
            }
            // The case may have come to the verifier's hands since it was assigned.
            (Stage::Assigned { unit }, Step::Close { .. }) if self.handled(unit) => {
                return Err(SurveyError::VerifiesItself { verification: id, unit: unit.clone() });
            }
            (_, Step::Close { by, .. }) if self.handled(by) => {
                return Err(SurveyError::VerifiesItself { verification: id, unit: by.clone() });
            }
            (_, Step::Close { outcome, .. }) => Stage::Closed { outcome: *outcome },
        };
        self.stage = next;
        Ok(())
    }

    /// One of those who handled it, or somebody who signs as one of theirs: 婺城区综合行政执法局 王五.
    fn handled(&self, who: &str) -> bool {
        let who = who.trim();
        self.handled_by.iter().map(|one| one.trim()).any(|one| {
            let rest = who.strip_prefix(one).filter(|_| !one.is_empty());
            rest.is_some_and(|rest| rest.chars().next().is_none_or(|c| !c.is_alphanumeric()))
        })
    }
}
