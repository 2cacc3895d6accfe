//! What can be wrong with a calling window, a sample, a verification, the chain of records, or a word table.

use crate::kernel::VerificationId;

#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SurveyError {
    #[error("calling window: {0:?} is not a time of day like 09:00; 24:00 may close it")]
    TimeOfDay(String),
    #[error(
        "calling window: it closes at {closes}, which is not after {opens}; a window lies within one day"
    )]
    Closed { opens: String, closes: String },
    #[error("calling window: {0} must be at least 1")]
    Attempts(&'static str),
    #[error("{table}, line {line}: {what} is wanted here; mend the row")]
    Table { table: &'static str, line: usize, what: String },
    #[error("calling window: the spacing of attempts cannot be negative ({0} ms)")]
    Spacing(i64),
    #[error("calling window: {0:?} are no days of calling; say all, no_holidays or working")]
    Days(String),
    #[error("{0:?} is no share; give one from 0.01% to 100%, like 10% or 2.5%")]
    Rate(String),
    #[error(
        "`{field}` of a sample is one line of 1 to {most} characters, without spaces around it"
    )]
    Line { field: &'static str, most: usize },
    #[error(
        "a sample is announced before it is drawn, so that nobody picks: `draw_at` must be later than now"
    )]
    DrawPast,
    #[error("{0:?} is no SHA-256; it has 64 hexadecimal digits")]
    Digest(String),
    #[error("{0:?} is no head of a chain; it is written COUNT:HASH, as `survey audit` prints it")]
    Head(String),
    #[error("no verification {0} is open")]
    NoVerification(VerificationId),
    #[error("verification {0} is closed already")]
    Verified(VerificationId),
    #[error("nobody looks into verification {0}: assign it to a unit or desk first")]
    NoVerifier(VerificationId),
    #[error("{unit} handled the case of verification {verification} and cannot verify itself")]
    VerifiesItself { verification: VerificationId, unit: String },
    #[error("verification {0} is closed with what was found: `result` is empty")]
    NoFinding(VerificationId),
}

impl SurveyError {
    /// For programs: stays the same between versions.
    pub const fn code(&self) -> &'static str {
        match self {
            SurveyError::Verified(_) => "not_now",
            SurveyError::NoVerification(_) => "not_found",
            SurveyError::NoVerifier(_) => "no_verifier",
            SurveyError::VerifiesItself { .. } => "verifies_itself",
            SurveyError::NoFinding(_) => "empty",
            SurveyError::DrawPast => "draw_past",
            _ => "bad_value",
        }
    }
}
