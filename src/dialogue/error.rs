//! What can be wrong with the files of what the voice says.

/// Why the prompts cannot be used. Every message names the file and, where there is one, the key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DialogueError {
    #[error(
        "{file} cannot be read: {source}; give the folder that holds dialogue.toml and survey.toml"
    )]
    Read { file: String, source: std::io::Error },
    #[error("{file}: {source}")]
    Syntax { file: String, source: Box<toml::de::Error> },
    #[error("{file}: the key {key:?} is missing; add {key} = [\"…\"]")]
    Missing { file: String, key: &'static str },
    #[error("{file} line {line}: nothing says {key:?}; correct its spelling or take it out")]
    Unused { file: String, line: usize, key: String },
    #[error("{file} line {line}: {key} has no text; give at least one wording")]
    Empty { file: String, line: usize, key: &'static str },
    #[error(
        "{file} line {line}: {key} has the slot {{{slot}}}, which it cannot fill; it can fill: {known}"
    )]
    UnknownSlot { file: String, line: usize, key: &'static str, slot: String, known: String },
    #[error("{file} line {line}: a wording of {key} leaves out the slot {{{slot}}}: {text:?}")]
    UnfilledSlot { file: String, line: usize, key: &'static str, slot: &'static str, text: String },
    #[error("{file} line {line}: {key} opens a slot that it does not close: {text:?}")]
    OpenBrace { file: String, line: usize, key: &'static str, text: String },
}
