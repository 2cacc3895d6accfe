//! What the voice says, out of `prompts/<language>/*.toml`: key = one wording or several, with named slots.
//! Checked wholly when loaded, so that no talk can come to a sentence that is not there.

use std::collections::BTreeMap;
use std::path::Path;

use super::error::DialogueError;
use super::lines::Line;
use crate::language::wording::{Entry, Fault, Wording, entries};

/// The checked prompts of one language.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Prompts {
    /// By [`Line`]; each has at least one wording.
    wordings: BTreeMap<Line, Vec<Wording>>,
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
            let entries = entries(content).map_err(|source| DialogueError::Syntax {
                file: (*file).to_owned(),
                source: Box::new(source),
            })?;
            for entry in entries {
                let (line, texts) = At { file, line: entry.line }.line_of(entry)?;
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
        let value = |slot| values.iter().find(|(name, _)| *name == slot).map_or("", |(_, v)| *v);
        wording.filled(value)
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
        self.wordings.values().flatten().filter_map(Wording::fixed)
    }
}

/// Where in the files a wording stands.
struct At<'a> {
    file: &'a str,
    line: usize,
}

impl At<'_> {
    fn line_of(&self, entry: Entry) -> Result<(Line, Vec<Wording>), DialogueError> {
        let (file, line) = (self.file.to_owned(), self.line);
        let known = Line::from_key(&entry.key).filter(|line| self.file.ends_with(line.file()));
        let Some(said) = known else {
            return Err(DialogueError::Unused { file, line, key: entry.key });
        };
        if entry.texts.is_empty() {
            return Err(DialogueError::Empty { file, line, key: said.key() });
        }
        let wordings: Result<Vec<Wording>, DialogueError> =
            entry.texts.iter().map(|text| self.wording(said, text)).collect();
        Ok((said, wordings?))
    }

    fn wording(&self, said: Line, text: &str) -> Result<Wording, DialogueError> {
        let (file, line, key, text) =
            (self.file.to_owned(), self.line, said.key(), text.to_owned());
        let wording = match Wording::read(&text, said.slots()) {
            Ok(wording) => wording,
            Err(Fault::OpenBrace) => {
                return Err(DialogueError::OpenBrace { file, line, key, text });
            }
            Err(Fault::UnknownSlot(slot)) => {
                let known = match said.slots() {
                    [] => "none".to_owned(),
                    slots => slots.join(", "),
                };
                return Err(DialogueError::UnknownSlot { file, line, key, slot, known });
            }
        };
        match said.slots().iter().copied().find(|slot| !wording.slots().any(|s| s == *slot)) {
            Some(slot) => Err(DialogueError::UnfilledSlot { file, line, key, slot, text }),
            None => Ok(wording),
        }
    }
}
