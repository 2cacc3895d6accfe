//! What can go wrong while searching; what can be wrong with a base's files is in [`super::check`].

/// Why a text could not be encoded, indexed or searched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KnowledgeError {
    /// A file of the encoder's model is missing or unreadable.
    #[error("the sentence encoder needs {path}: {reason}")]
    Model { path: String, reason: String },
    /// A model file was read but is not what the encoder expects.
    #[error("{path} is not the expected model: {reason}")]
    Format { path: String, reason: String },
    /// The text could not be split into the encoder's pieces.
    #[error("the text could not be encoded: {0}")]
    Encode(String),
    /// The index was built with another encoder than the one given to search.
    #[error("the index was built with the encoder {built}, not with {given}")]
    OtherEncoder { built: String, given: String },
    /// An encoder gave a vector of another length than it promised.
    #[error("the encoder {name} gave {got} dimensions instead of {want}")]
    Dimensions { name: String, got: usize, want: usize },
}
