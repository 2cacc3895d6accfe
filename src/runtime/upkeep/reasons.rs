//! What is written into a ticket's history where nobody ordered it, out of `prompts/<language>/desk.toml`.

use std::collections::BTreeMap;
use std::path::Path;

use crate::desk::clock::{Duty, moment};
use crate::kernel::Wall;
use crate::language::wording::{Entry, Fault, Wording, entries};
use crate::store::{OverRow, OverdueRow};
use crate::survey::SurveyOutcome;

const FILE: &str = "desk.toml";
const BUILT_IN: &str = include_str!("../../../prompts/zh-CN/desk.toml");

/// The keys, and the slots that each may have.
const KEYS: [(&str, &[&str]); 4] = [
    ("supervised", &["duty", "due"]),
    ("archived", &[]),
    ("archived_unreached", &[]),
    ("archived_unasked", &[]),
];

/// What is wrong with the file.
#[derive(Debug, thiserror::Error)]
pub enum ReasonsError {
    #[error("{file} cannot be read: {source}")]
    Read { file: String, source: std::io::Error },
    #[error("{file}: {source}")]
    Syntax { file: String, source: Box<toml::de::Error> },
    #[error(
        "{file}:{line}: nobody reads {key}; the keys are supervised, archived, archived_unreached, archived_unasked"
    )]
    Unknown { file: String, line: usize, key: String },
    #[error("{file}:{line}: {key} wants one text that is not empty")]
    NotOne { file: String, line: usize, key: String },
    #[error("{file}:{line}: {key} has {slot}, which nothing fills; it may have {may}")]
    Slot { file: String, line: usize, key: String, slot: String, may: String },
    #[error("{file} has no {key}; add a line {key} = \"…\"")]
    Missing { file: String, key: &'static str },
}

/// The checked texts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reasons(BTreeMap<&'static str, Wording>);

impl Reasons {
    /// The Chinese texts that the program carries.
    ///
    /// # Errors
    /// When they are wrong, which a test would have shown.
    pub fn builtin() -> Result<Reasons, ReasonsError> {
        Reasons::parse(FILE, BUILT_IN)
    }

    /// Reads `desk.toml` of a folder of texts; a folder without it has ours.
    ///
    /// # Errors
    /// With the file, the line and the way out.
    pub fn load(dir: &Path) -> Result<Reasons, ReasonsError> {
        let path = dir.join(FILE);
        if !path.exists() {
            return Reasons::builtin();
        }
        let file = path.display().to_string();
        let text = std::fs::read_to_string(&path)
            .map_err(|source| ReasonsError::Read { file: file.clone(), source })?;
        Reasons::parse(&file, &text)
    }

    /// # Errors
    /// With the file, the line and the way out.
    pub fn parse(file: &str, content: &str) -> Result<Reasons, ReasonsError> {
        let file = file.to_owned();
        let entries = entries(content).map_err(|source| ReasonsError::Syntax {
            file: file.clone(),
            source: Box::new(source),
        })?;
        let texts: BTreeMap<&str, Wording> =
            entries.into_iter().map(|entry| read(&file, entry)).collect::<Result<_, _>>()?;
        match KEYS.iter().find(|(key, _)| !texts.contains_key(key)) {
            Some((key, _)) => Err(ReasonsError::Missing { file, key }),
            None => Ok(Reasons(texts)),
        }
    }

    pub(super) fn supervised(&self, row: &OverdueRow) -> String {
        let duty = Duty::of(&row.duty).unwrap_or(Duty::Close).chinese();
        let due = moment(Wall::from_ms(row.due_at));
        let text = self.0.get("supervised");
        text.map(|text| text.filled(|slot| if slot == "duty" { duty } else { &due }))
            .unwrap_or_default()
    }

    pub(super) fn archived(&self, row: &OverRow) -> &str {
        let key = match row.outcome.as_str() {
            "" => "archived_unasked",
            outcome if outcome == SurveyOutcome::Complete.key() => "archived",
            _ => "archived_unreached",
        };
        self.0.get(key).and_then(Wording::fixed).unwrap_or_default()
    }
}

fn read(file: &str, entry: Entry) -> Result<(&'static str, Wording), ReasonsError> {
    let (file, line) = (file.to_owned(), entry.line);
    let Some((key, slots)) = KEYS.into_iter().find(|(key, _)| *key == entry.key) else {
        return Err(ReasonsError::Unknown { file, line, key: entry.key });
    };
    let [text] = entry.texts.as_slice() else {
        return Err(ReasonsError::NotOne { file, line, key: entry.key });
    };
    let wording = Wording::read(text, slots).map_err(|fault| {
        let slot = match fault {
            Fault::OpenBrace => "an open brace".to_owned(),
            Fault::UnknownSlot(name) => format!("{{{name}}}"),
        };
        let may = slots.iter().map(|slot| format!("{{{slot}}}")).collect::<Vec<_>>().join(", ");
        let may = if may.is_empty() { "no slot".to_owned() } else { may };
        ReasonsError::Slot { file, line, key: key.to_owned(), slot, may }
    })?;
    Ok((key, wording))
}
