//! What the recogniser is told before it hears an answer, by what the question expects.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::dialogue::Expect;
use crate::kernel::Slot;
use crate::speech::Expected;

const FILE: &str = "prompts/zh-CN/hearing.toml";
const KEYS: &[&str] =
    &["open", "nothing", "yes_no", "grade", "words", "place", "time", "number", "slot"];

#[derive(Debug, thiserror::Error)]
pub enum HearingError {
    #[error("{FILE} is not right: {0}")]
    Syntax(#[from] toml::de::Error),
    #[error("{FILE}: the key {0:?} is missing; add it, an empty text gives no hint")]
    Missing(&'static str),
    #[error("{FILE}: nothing uses the key {0:?}; take it out")]
    Unknown(String),
}

#[derive(Clone, Debug)]
pub struct Hearing(BTreeMap<String, Arc<str>>);

impl Hearing {
    /// The hints that ship with the program.
    pub fn builtin() -> Result<Hearing, HearingError> {
        Hearing::parse(include_str!("../../prompts/zh-CN/hearing.toml"))
    }

    pub fn parse(text: &str) -> Result<Hearing, HearingError> {
        let texts: BTreeMap<String, String> = toml::from_str(text)?;
        if let Some(missing) = KEYS.iter().find(|key| !texts.contains_key(**key)) {
            return Err(HearingError::Missing(missing));
        }
        if let Some(unknown) = texts.keys().find(|key| !KEYS.contains(&key.as_str())) {
            return Err(HearingError::Unknown(unknown.clone()));
        }
        Ok(Hearing(texts.into_iter().map(|(key, text)| (key, Arc::from(text))).collect()))
    }

    /// How the answer to a saying is to be heard.
    pub fn of(&self, expect: Expect) -> Expected {
        let key = match expect {
            Expect::Slot(Slot::Place) => "place",
            Expect::Slot(Slot::Time) => "time",
            Expect::Slot(Slot::Number) => "number",
            other => other.key(),
        };
        let hint = self.0.get(key).cloned().unwrap_or_else(|| Arc::from(""));
        Expected { hint, form: None }
    }
}
