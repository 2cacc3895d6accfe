//! What a question makes likely: words told to the recogniser beforehand, and the closed set of answers where there is one.

use std::sync::Arc;

/// How the next words are to be heard. Cheap to clone.
#[derive(Clone, PartialEq, Debug)]
pub struct Expected {
    /// Words that the recogniser is told beforehand: they become likely, nothing is forbidden. Empty for none.
    pub hint: Arc<str>,
    /// The answers that the question asks for. What else is said can still be heard.
    pub form: Option<Arc<Form>>,
}

impl Expected {
    /// Anything at all.
    pub fn anything() -> Expected {
        Expected { hint: Arc::from(""), form: None }
    }
}

/// A closed set of answers.
#[derive(Clone, PartialEq, Debug)]
pub enum Form {
    /// One of these classes, each said in one of its wordings.
    Choice(Vec<Class>),
    /// A run of digits, spoken one by one.
    Digits {
        /// How many there may be; a field with one length has one.
        lengths: Vec<usize>,
    },
    /// A day or a time of day in any common form.
    Date,
}

/// One meaning among the answers.
#[derive(Clone, PartialEq, Debug)]
pub struct Class {
    /// Its name in the prompts, such as `yes` or `satisfied`.
    pub key: String,
    /// Whole answers, Simplified Chinese, without punctuation. The first is the one that is written down.
    pub wordings: Vec<String>,
}
