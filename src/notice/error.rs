//! What can be wrong with the texts of messages and with the hours in which they are sent.

/// Why messages cannot be sent as they are set up. A fault in a file names the file, the line and the way out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NoticeError {
    #[error("{file} cannot be read: {source}; give the folder that holds messages.toml")]
    Read { file: String, source: std::io::Error },
    #[error("{file}: {source}")]
    Syntax { file: String, source: Box<toml::de::Error> },
    #[error(
        "{file} line {line}: no step of a ticket is called {key:?}; a message can be sent at: {known}"
    )]
    UnknownStep { file: String, line: usize, key: String, known: String },
    #[error(
        "{file} line {line}: {key} has no text; give at least one wording, or take the line out and nothing is sent then"
    )]
    Empty { file: String, line: usize, key: String },
    #[error(
        "{file} line {line}: {key} has the slot {{{slot}}}, which it cannot fill; it can fill: {known}"
    )]
    UnknownSlot { file: String, line: usize, key: String, slot: String, known: String },
    #[error("{file} line {line}: {key} opens a slot that it does not close: {text:?}")]
    OpenBrace { file: String, line: usize, key: String, text: String },
    #[error(
        "{file} line {line}: the last wording of {key} needs {{{slot}}}, which not every ticket has; add a wording without it"
    )]
    NeedsSlot { file: String, line: usize, key: String, slot: &'static str },
    #[error(
        "{file} line {line}: a wording of {key} has {chars} characters, at most {max} fit a message: {text:?}"
    )]
    TooLong { file: String, line: usize, key: String, chars: usize, max: usize, text: String },
    #[error("{0:?} is not a time of day like 08:00; 24:00 may close")]
    TimeOfDay(String),
    #[error(
        "messages are sent from {from} to {to}, which is not after it; the hours lie within one day"
    )]
    Closed { from: String, to: String },
}
