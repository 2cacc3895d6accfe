//! What the voice says, out of `prompts/<language>/*.toml`: key = one wording or several, with named slots.
//! Checked wholly when loaded, so that no talk can come to a sentence that is not there.

use std::collections::BTreeMap;
use std::path::Path;

use toml::Spanned;

use super::error::DialogueError;
use super::lines::Line;

/// The checked prompts of one language.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Prompts {
    /// By [`Line`]; each has at least one wording.
    wordings: BTreeMap<Line, Vec<Wording>>,
}

/// A text cut at its slots.
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

const BUILT_IN: [(&str, &str); 2] = [
    ("dialogue.toml", include_str!("../../prompts/zh-CN/dialogue.toml")),
    ("survey.toml", include_str!("../../prompts/zh-CN/survey.toml")),
];

impl Prompts {
    /// The Mandarin prompts that the program carries.
    pub fn builtin() -> Result<Prompts, DialogueError> {
        Prompts::parse(&BUILT_IN)
    }

    /// Reads `dialogue.toml` and `survey.toml` of a folder.
    pub fn load(dir: &Path) -> Result<Prompts, DialogueError> {
        let mut files = Vec::new();
        for (name, _) in BUILT_IN {
            let path = dir.join(name);
            let file = path.display().to_string();
            let text = std::fs::read_to_string(&path)
                .map_err(|source| DialogueError::Read { file: file.clone(), source })?;
            files.push((file, text));
        }
        let borrowed: Vec<(&str, &str)> =
            files.iter().map(|(file, text)| (file.as_str(), text.as_str())).collect();
        Prompts::parse(&borrowed)
    }

    /// `files`: name and content, where the name ends with the file that [`Line::file`] gives.
    pub fn parse(files: &[(&str, &str)]) -> Result<Prompts, DialogueError> {
        let mut wordings = BTreeMap::new();
        for (file, content) in files {
            let table: BTreeMap<Spanned<String>, Raw> =
                toml::from_str(content).map_err(|source| DialogueError::Syntax {
                    file: (*file).to_owned(),
                    source: Box::new(source),
                })?;
            for (key, raw) in table {
                let line =
                    content.get(..key.span().start).map_or(1, |s| s.matches('\n').count() + 1);
                let at = At { file, line };
                let (line, texts) = at.line_of(key.into_inner(), raw)?;
                wordings.insert(line, texts);
            }
        }
        for line in Line::ALL.iter().copied() {
            if !wordings.contains_key(&line) {
                let given = files.iter().map(|(file, _)| *file).find(|f| f.ends_with(line.file()));
                let file = given.unwrap_or(line.file()).to_owned();
                return Err(DialogueError::Missing { file, key: line.key() });
            }
        }
        Ok(Prompts { wordings })
    }

    /// The text of `line` in its wording number `turn` (counted round), its slots filled from `values`.
    /// A value that is not given leaves its slot empty.
    pub fn text(&self, line: Line, turn: usize, values: &[(&str, &str)]) -> String {
        let Some(wordings) = self.wordings.get(&line) else {
            return String::new();
        };
        let Some(wording) = wordings.get(turn % wordings.len().max(1)) else {
            return String::new();
        };
        let mut text = String::new();
        for piece in &wording.0 {
            match piece {
                Piece::Text(fixed) => text.push_str(fixed),
                Piece::Slot(name) => {
                    let value = values.iter().find(|(slot, _)| slot == name).map_or("", |(_, v)| v);
                    text.push_str(value);
                }
            }
        }
        text
    }

    /// Said while an answer takes a while.
    pub fn moment(&self) -> String {
        self.text(Line::Moment, 0, &[])
    }

    /// How many wordings `line` has.
    pub fn wordings(&self, line: Line) -> usize {
        self.wordings.get(&line).map_or(0, Vec::len)
    }

    /// Every wording without slots: what can be rendered ahead of the calls.
    pub fn fixed(&self) -> impl Iterator<Item = &str> {
        self.wordings.values().flatten().filter_map(|wording| match wording.0.as_slice() {
            [Piece::Text(text)] => Some(text.as_str()),
            _ => None,
        })
    }
}

/// Where in the files a wording stands.
struct At<'a> {
    file: &'a str,
    line: usize,
}

impl At<'_> {
    fn line_of(&self, key: String, raw: Raw) -> Result<(Line, Vec<Wording>), DialogueError> {
        let file = || self.file.to_owned();
        let known = Line::from_key(&key).filter(|line| self.file.ends_with(line.file()));
        let Some(line) = known else {
            return Err(DialogueError::Unused { file: file(), line: self.line, key });
        };
        let texts = match raw {
            Raw::One(text) => vec![text],
            Raw::Several(texts) => texts,
        };
        if texts.is_empty() || texts.iter().any(|text| text.trim().is_empty()) {
            return Err(DialogueError::Empty { file: file(), line: self.line, key: line.key() });
        }
        let wordings: Result<Vec<Wording>, DialogueError> =
            texts.iter().map(|text| self.wording(line, text)).collect();
        Ok((line, wordings?))
    }

    fn wording(&self, line: Line, text: &str) -> Result<Wording, DialogueError> {
        let (file, key) = (self.file.to_owned(), line.key());
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let Some((name, tail)) = after.split_once('}') else {
                return Err(DialogueError::OpenBrace {
                    file,
                    line: self.line,
                    key,
                    text: text.to_owned(),
                });
            };
            let Some(slot) = line.slots().iter().copied().find(|slot| *slot == name) else {
                let known = match line.slots() {
                    [] => "none".to_owned(),
                    slots => slots.join(", "),
                };
                let slot = name.to_owned();
                return Err(DialogueError::UnknownSlot { file, line: self.line, key, slot, known });
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
        let left_out =
            line.slots().iter().copied().find(|slot| !pieces.contains(&Piece::Slot(slot)));
        if let Some(slot) = left_out {
            let text = text.to_owned();
            return Err(DialogueError::UnfilledSlot { file, line: self.line, key, slot, text });
        }
        Ok(Wording(pieces))
    }
}
