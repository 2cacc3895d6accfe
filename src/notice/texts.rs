//! The words of the messages, out of `prompts/<language>/messages.toml`: the kind of a ticket's event = one wording or
//! several, with named slots. Checked wholly when loaded.

use std::collections::BTreeMap;
use std::path::Path;

use super::error::NoticeError;
use crate::language::wording::{Entry, Fault, Wording, entries};

/// Steps of a ticket at which a message can be sent, by the kinds of its events.
pub const STEPS: &[&str] = &[
    "registered",
    "dispatched",
    "transferred",
    "signed",
    "extension_granted",
    "urged",
    "answered",
    "closed",
    "reopened",
    "merged",
    "told",
];

/// Two segments of a long message (GSM 03.40: 67 characters of UCS-2 each).
const CHARS_MAX: usize = 134;

/// What a wording can name.
const SLOTS: &[&str] = &["ticket", "hotline", "day", "unit", "due", "page"];
/// Of which not every ticket has these.
const UNSURE: &[&str] = &["unit", "due", "page"];

/// What the slots hold; an empty one is not known.
#[derive(Clone, Copy, Debug, Default)]
pub struct Values<'a> {
    /// The ticket's number, as digits.
    pub ticket: &'a str,
    /// The number to call.
    pub hotline: &'a str,
    /// 11月20日: when it happened.
    pub day: &'a str,
    /// 承办单位.
    pub unit: &'a str,
    /// 11月25日: by when there will be an answer.
    pub due: &'a str,
    /// The address of the page for citizens.
    pub page: &'a str,
}

impl<'a> Values<'a> {
    fn get(&self, slot: &str) -> &'a str {
        match slot {
            "ticket" => self.ticket,
            "hotline" => self.hotline,
            "day" => self.day,
            "unit" => self.unit,
            "due" => self.due,
            _ => self.page,
        }
    }
}

/// The checked texts of one language, by the kind of event.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Messages {
    wordings: BTreeMap<&'static str, Vec<Wording>>,
}

const FILE: &str = "messages.toml";
const BUILT_IN: &str = include_str!("../../prompts/zh-CN/messages.toml");

impl Messages {
    /// The Chinese texts that the program carries.
    pub fn builtin() -> Result<Messages, NoticeError> {
        Messages::parse(FILE, BUILT_IN)
    }

    /// Reads `messages.toml` of a folder.
    pub fn load(dir: &Path) -> Result<Messages, NoticeError> {
        let path = dir.join(FILE);
        let file = path.display().to_string();
        let text = std::fs::read_to_string(&path)
            .map_err(|source| NoticeError::Read { file: file.clone(), source })?;
        Messages::parse(&file, &text)
    }

    /// # Errors
    /// With the file, the line and the way out.
    pub fn parse(file: &str, content: &str) -> Result<Messages, NoticeError> {
        let entries = entries(content).map_err(|source| NoticeError::Syntax {
            file: file.to_owned(),
            source: Box::new(source),
        })?;
        let mut wordings = BTreeMap::new();
        for entry in entries {
            let (step, texts) = At { file, line: entry.line }.step(entry)?;
            wordings.insert(step, texts);
        }
        Ok(Messages { wordings })
    }

    /// The kinds of events that are told.
    pub fn kinds(&self) -> impl Iterator<Item = &'static str> {
        self.wordings.keys().copied()
    }

    /// What is sent at a step: the first wording that has all it names. `None`: nothing is.
    pub fn text(&self, kind: &str, values: &Values<'_>) -> Option<String> {
        let known = |wording: &&Wording| wording.slots().all(|slot| !values.get(slot).is_empty());
        let wording = self.wordings.get(kind)?.iter().find(known)?;
        Some(wording.filled(|slot| values.get(slot)))
    }
}

/// Where in the file a text stands.
struct At<'a> {
    file: &'a str,
    line: usize,
}

impl At<'_> {
    fn step(&self, entry: Entry) -> Result<(&'static str, Vec<Wording>), NoticeError> {
        let (file, line, key) = (self.file.to_owned(), self.line, entry.key);
        let Some(step) = STEPS.iter().copied().find(|step| *step == key) else {
            return Err(NoticeError::UnknownStep { file, line, key, known: STEPS.join(", ") });
        };
        if entry.texts.is_empty() {
            return Err(NoticeError::Empty { file, line, key });
        }
        let wordings: Vec<Wording> =
            entry.texts.iter().map(|text| self.wording(&key, text)).collect::<Result<_, _>>()?;
        let last = wordings.last();
        match last.and_then(|last| last.slots().find(|slot| UNSURE.contains(slot))) {
            Some(slot) => Err(NoticeError::NeedsSlot { file, line, key, slot }),
            None => Ok((step, wordings)),
        }
    }

    fn wording(&self, key: &str, text: &str) -> Result<Wording, NoticeError> {
        let (file, line, key) = (self.file.to_owned(), self.line, key.to_owned());
        let (chars, text) = (text.chars().count(), text.to_owned());
        if chars > CHARS_MAX {
            return Err(NoticeError::TooLong { file, line, key, chars, max: CHARS_MAX, text });
        }
        Wording::read(&text, SLOTS).map_err(|fault| match fault {
            Fault::OpenBrace => NoticeError::OpenBrace { file, line, key, text },
            Fault::UnknownSlot(slot) => {
                NoticeError::UnknownSlot { file, line, key, slot, known: SLOTS.join(", ") }
            }
        })
    }
}
