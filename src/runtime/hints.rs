//! What the recogniser is told before it hears an answer, by what the question expects.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::dialogue::Expect;
use crate::kernel::Slot;

const FILE: &str = "prompts/zh-CN/hearing.toml";
const KEYS: &[&str] =
    &["open", "nothing", "yes_no", "grade", "words", "place", "time", "number", "slot"];

#[derive(Debug, thiserror::Error)]
pub enum HintError {
    #[error("{FILE} is not right: {0}")]
    Syntax(#[from] toml::de::Error),
    #[error("{FILE}: the key {0:?} is missing; add it, an empty text gives no hint")]
    Missing(&'static str),
    #[error("{FILE}: nothing uses the key {0:?}; take it out")]
    Unknown(String),
}

#[derive(Clone, Debug)]
pub struct Hints(BTreeMap<String, Arc<str>>);

impl Hints {
    /// The hints that ship with the program.
    pub fn builtin() -> Result<Hints, HintError> {
        Hints::parse(include_str!("../../prompts/zh-CN/hearing.toml"))
    }

    pub fn parse(text: &str) -> Result<Hints, HintError> {
        let texts: BTreeMap<String, String> = toml::from_str(text)?;
        if let Some(missing) = KEYS.iter().find(|key| !texts.contains_key(**key)) {
            return Err(HintError::Missing(missing));
        }
        if let Some(unknown) = texts.keys().find(|key| !KEYS.contains(&key.as_str())) {
            return Err(HintError::Unknown(unknown.clone()));
        }
        Ok(Hints(texts.into_iter().map(|(key, text)| (key, Arc::from(text))).collect()))
    }

    pub fn of(&self, expect: Expect) -> Arc<str> {
        let key = match expect {
            Expect::Slot(Slot::Place) => "place",
            Expect::Slot(Slot::Time) => "time",
            Expect::Slot(Slot::Number) => "number",
            other => other.key(),
        };
        self.0.get(key).cloned().unwrap_or_else(|| Arc::from(""))
    }
}
