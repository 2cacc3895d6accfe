//! The words of the messages, out of `prompts/<language>/messages.toml`: the kind of a ticket's event = one wording or
//! several, with named slots. Checked wholly when loaded.

use std::collections::BTreeMap;
use std::path::Path;

use toml::Spanned;

use super::error::NoticeError;

/// Steps of a ticket at which a message can be sent, by the kinds of its events.
pub const STEPS: &[&str] = &[
    "registered",
    "dispatched",
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

/// What a wording can name, and whether every ticket has it.
const SLOTS: &[(&str, bool)] = &[
    ("ticket", true),
    ("hotline", true),
    ("day", true),
    ("unit", false),
    ("due", false),
    ("page", false),
];

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

#[derive(Clone, PartialEq, Eq, Debug)]
struct Wording(Vec<Piece>);

#[derive(Clone, PartialEq, Eq, Debug)]
enum Piece {
    Text(String),
    Slot(&'static str),
}

#[derive(serde::Deserialize)]
#[serde(untagged)]
enum Raw {
    One(String),
    Several(Vec<String>),
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
        let table: BTreeMap<Spanned<String>, Raw> = toml::from_str(content).map_err(|source| {
            NoticeError::Syntax { file: file.to_owned(), source: Box::new(source) }
        })?;
        let mut wordings = BTreeMap::new();
        for (key, raw) in table {
            let line = content.get(..key.span().start).map_or(1, |s| s.matches('\n').count() + 1);
            let (step, texts) = At { file, line }.step(key.into_inner(), raw)?;
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
        let known = |wording: &&Wording| {
            wording.0.iter().all(|piece| match piece {
                Piece::Text(_) => true,
                Piece::Slot(slot) => !values.get(slot).is_empty(),
            })
        };
        let wording = self.wordings.get(kind)?.iter().find(known)?;
        let pieces = wording.0.iter().map(|piece| match piece {
            Piece::Text(text) => text.as_str(),
            Piece::Slot(slot) => values.get(slot),
        });
        Some(pieces.collect())
    }
}

/// Where in the file a text stands.
struct At<'a> {
    file: &'a str,
    line: usize,
}

impl At<'_> {
    fn step(&self, key: String, raw: Raw) -> Result<(&'static str, Vec<Wording>), NoticeError> {
        let (file, line) = (self.file.to_owned(), self.line);
        let Some(step) = STEPS.iter().copied().find(|step| *step == key) else {
            return Err(NoticeError::UnknownStep { file, line, key, known: STEPS.join(", ") });
        };
        let texts = match raw {
            Raw::One(text) => vec![text],
            Raw::Several(texts) => texts,
        };
        if texts.is_empty() || texts.iter().any(|text| text.trim().is_empty()) {
            return Err(NoticeError::Empty { file, line, key });
        }
        let wordings: Vec<Wording> =
            texts.iter().map(|text| self.wording(&key, text)).collect::<Result<_, _>>()?;
        let wanted = wordings.last().and_then(|last| {
            let unsure = |slot: &&str| SLOTS.iter().any(|(name, always)| name == slot && !always);
            last.0.iter().find_map(|piece| match piece {
                Piece::Slot(slot) => Some(*slot).filter(unsure),
                Piece::Text(_) => None,
            })
        });
        match wanted {
            Some(slot) => Err(NoticeError::NeedsSlot { file, line, key, slot }),
            None => Ok((step, wordings)),
        }
    }

    fn wording(&self, key: &str, text: &str) -> Result<Wording, NoticeError> {
        let (file, line, key) = (self.file.to_owned(), self.line, key.to_owned());
        let chars = text.chars().count();
        if chars > CHARS_MAX {
            let (max, text) = (CHARS_MAX, text.to_owned());
            return Err(NoticeError::TooLong { file, line, key, chars, max, text });
        }
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let Some((name, tail)) = after.split_once('}') else {
                return Err(NoticeError::OpenBrace { file, line, key, text: text.to_owned() });
            };
            let Some((slot, _)) = SLOTS.iter().find(|(slot, _)| *slot == name) else {
                let known = SLOTS.iter().map(|(slot, _)| *slot).collect::<Vec<_>>().join(", ");
                let slot = name.to_owned();
                return Err(NoticeError::UnknownSlot { file, line, key, slot, known });
            };
            if !before.is_empty() {
                pieces.push(Piece::Text(before.to_owned()));
            }
            pieces.push(Piece::Slot(slot));
            rest = tail;
        }
        if !rest.is_empty() {
            pieces.push(Piece::Text(rest.to_owned()));
        }
        Ok(Wording(pieces))
    }
}
