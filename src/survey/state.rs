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
    /// An unhappy grade, or one that its own words contradict, is read back.
    GradeBack(Answer),
    Reason,
}

impl Ask {
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Ask::Solved => "solved",
            Ask::Grade => "grade",
            Ask::GradeBack(_) => "grade_back",
            Ask::Reason => "reason",
        }
    }

    pub(super) const fn expect(&self) -> Expect {
        match self {
            Ask::Solved | Ask::GradeBack(_) => Expect::YesNo,
            Ask::Grade => Expect::Grade,
            Ask::Reason => Expect::Words,
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
            (Ask::GradeBack(_), Failing::Unclear) if tries.unclear >= 2 => {
                Line::SurveyGradeBackKeys
            }
            (Ask::GradeBack(_), _) => Line::SurveyGradeBackAgain,
            (Ask::Reason, _) => Line::SurveyReasonAgain,
        }
    }
}
