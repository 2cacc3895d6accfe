//! What the recogniser is told before it hears an answer, and the closed set that the answer may come from, by what the question expects.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;

use crate::dialogue::Expect;
use crate::kernel::Slot;
use crate::speech::expected::ShapeError;
use crate::speech::{Class, Expected, Form, Shape};

const FILE: &str = "prompts/zh-CN/hearing.toml";
/// What questions expect.
pub const KEYS: &[&str] = &[
    "open",
    "more",
    "nothing",
    "yes_no",
    "choice",
    "grade",
    "words",
    "place",
    "time",
    "number",
    "ticket",
    "last_four",
    "slot",
];

#[derive(Debug, thiserror::Error)]
pub enum HearingError {
    #[error("{FILE} is not right: {0}")]
    Syntax(#[from] toml::de::Error),
    #[error("{FILE}: the key {0:?} is missing in [hints]; add it, an empty text gives no hint")]
    Missing(&'static str),
    #[error("{FILE}: nothing uses the key {key:?} in [{table}]; take it out")]
    Unknown { table: &'static str, key: String },
    #[error(
        "{FILE}: {wording:?} in {key:?} is not a whole answer; write it in Chinese characters without punctuation"
    )]
    Wording { key: String, wording: String },
    #[error(
        "{FILE}: {wording:?} stands in {first:?} and in {second:?} of one set; keep one of them"
    )]
    Twice { wording: String, first: String, second: String },
    #[error("{FILE}: [numbers] {key}: {shape:?} is no shape of a number: {source}")]
    Shape { key: String, shape: String, source: ShapeError },
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    hints: BTreeMap<String, String>,
    #[serde(default)]
    commands: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    answers: BTreeMap<String, BTreeMap<String, Vec<String>>>,
    #[serde(default)]
    numbers: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    dates: Dates,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Dates {
    questions: Vec<String>,
}

/// How to hear, by the key of what is expected.
#[derive(Clone, Debug)]
pub struct Hearing {
    expected: BTreeMap<String, Expected>,
    commands: Vec<String>,
}

impl Hearing {
    /// What ships with the program.
    pub fn builtin() -> Result<Hearing, HearingError> {
        Hearing::parse(include_str!("../../prompts/zh-CN/hearing.toml"))
    }

    pub fn parse(text: &str) -> Result<Hearing, HearingError> {
        let file: File = toml::from_str(text)?;
        if let Some(missing) = KEYS.iter().find(|key| !file.hints.contains_key(**key)) {
            return Err(HearingError::Missing(missing));
        }
        known("hints", file.hints.keys())?;
        known("answers", file.answers.keys())?;
        known("numbers", file.numbers.keys())?;
        known("dates", file.dates.questions.iter())?;
        let mut all = BTreeMap::new();
        for (key, hint) in &file.hints {
            let hint = Arc::from(hint.as_str());
            all.insert(key.clone(), Expected { hint, form: form(&file, key)? });
        }
        Ok(Hearing { expected: all, commands: file.commands.into_keys().collect() })
    }

    /// How the answer to a saying is to be heard.
    pub fn of(&self, expect: Expect) -> Expected {
        self.named(match expect {
            Expect::Slot(Slot::Place) => "place",
            Expect::Slot(Slot::Time) => "time",
            Expect::Slot(Slot::Number) => "number",
            other => other.key(),
        })
    }

    /// The same by its key in the file; an unknown one expects anything.
    pub fn named(&self, key: &str) -> Expected {
        self.expected.get(key).cloned().unwrap_or_else(Expected::anything)
    }

    /// Whether a class of the sets is a command, which any question with a set may be answered with.
    pub fn is_command(&self, class: &str) -> bool {
        self.commands.iter().any(|command| command == class)
    }
}

fn known<'a>(
    table: &'static str,
    mut keys: impl Iterator<Item = &'a String>,
) -> Result<(), HearingError> {
    match keys.find(|key| !KEYS.contains(&key.as_str())) {
        None => Ok(()),
        Some(key) => Err(HearingError::Unknown { table, key: key.clone() }),
    }
}

/// The set of one question; none where nothing but commands would be in it.
fn form(file: &File, key: &str) -> Result<Option<Arc<Form>>, HearingError> {
    let shapes = file.numbers.get(key).into_iter().flatten();
    let shapes = shapes.map(|shape| {
        Shape::parse(shape).map_err(|source| HearingError::Shape {
            key: key.into(),
            shape: shape.clone(),
            source,
        })
    });
    let digits = shapes.collect::<Result<Vec<_>, _>>()?;
    let dates = file.dates.questions.iter().any(|question| question == key);
    let answers = file.answers.get(key);
    if answers.is_none() && digits.is_empty() && !dates {
        return Ok(None);
    }
    let classes = answers.into_iter().flatten().chain(&file.commands);
    let classes: Vec<Class> =
        classes.map(|(key, w)| Class { key: key.clone(), wordings: w.clone() }).collect();
    check(&classes)?;
    Ok(Some(Arc::new(Form { classes, digits, dates })))
}

fn check(classes: &[Class]) -> Result<(), HearingError> {
    let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
    for class in classes {
        for wording in &class.wordings {
            let han = |c: char| ('\u{4e00}'..='\u{9fff}').contains(&c);
            if wording.is_empty() || !wording.chars().all(han) {
                return Err(HearingError::Wording {
                    key: class.key.clone(),
                    wording: wording.clone(),
                });
            }
            if let Some(first) = seen.insert(wording, &class.key) {
                let (first, second) = (first.to_owned(), class.key.clone());
                return Err(HearingError::Twice { wording: wording.clone(), first, second });
            }
        }
    }
    Ok(())
}
