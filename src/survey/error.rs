//! What can be wrong with a calling window or a word table.

#[derive(Debug, thiserror::Error)]
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
}
