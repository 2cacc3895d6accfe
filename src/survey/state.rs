//! Where the callback stands: one enum with its data.

use super::contract::Answer;
use crate::dialogue::{Expect, Failing, Line, Tries};

#[derive(Clone, Debug)]
pub(super) enum State {
    New,
    Asking {
        ask: Ask,
        tries: Tries,
    },
    /// The last words are being said; how the callback ended is known.
    Closing,
    Ended,
}

#[derive(Clone, Debug)]
pub(super) enum Ask {
    Solved,
    Grade,
    /// A negative answer, one that was heard badly, or a grade that its own words contradict is read back. At least
    /// one, at most one to each question.
    Back(Vec<Answer>),
    Reason,
    /// 要不要重新办理.
    Reopen,
    /// A child has picked up: an adult is waited for.
    Adult,
}

impl Ask {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Ask::Solved => "solved",
            Ask::Grade => "grade",
            Ask::Back(answers) if answers.iter().any(|answer| answer.grade().is_some()) => {
                "grade_back"
            }
            Ask::Back(_) => "solved_back",
            Ask::Reason => "reason",
            Ask::Reopen => "reopen",
            Ask::Adult => "adult",
        }
    }

    pub(super) const fn expect(&self) -> Expect {
        match self {
            Ask::Solved | Ask::Back(_) | Ask::Reopen => Expect::YesNo,
            Ask::Grade => Expect::Grade,
            Ask::Reason => Expect::Words,
            Ask::Adult => Expect::Open,
        }
    }

    pub(super) const fn again(&self, failing: Failing, tries: Tries) -> Line {
        match (self, failing) {
            (Ask::Solved, Failing::Silent) => Line::SurveySolvedSilent,
            (Ask::Solved, Failing::Unclear) if tries.unclear >= 2 => Line::SurveySolvedKeys,
            (Ask::Solved, Failing::Unclear) => Line::SurveySolvedUnclear,
            (Ask::Grade, Failing::Silent) => Line::SurveyGradeSilent,
            (Ask::Grade, Failing::Unclear) if tries.unclear >= 2 => Line::SurveyGradeKeys,
            (Ask::Grade, Failing::Unclear) => Line::SurveyGradeUnclear,
            (Ask::Back(_), Failing::Unclear) if tries.unclear >= 2 => Line::SurveyBackKeys,
            (Ask::Back(_), _) => Line::SurveyBackAgain,
            (Ask::Reason, _) => Line::SurveyReasonAgain,
            (Ask::Reopen, Failing::Unclear) if tries.unclear >= 2 => Line::SurveyReopenKeys,
            (Ask::Reopen, _) => Line::SurveyReopenAgain,
            (Ask::Adult, _) => Line::SurveyAdultAgain,
        }
    }
}
