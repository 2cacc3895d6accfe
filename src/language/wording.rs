//! Wordings with named slots, as the files of `prompts/` hold them: key = one wording or several, `{slot}` for what is filled in.

use std::collections::BTreeMap;

use toml::Spanned;

/// A text cut at its slots.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Wording(Vec<Piece>);

#[derive(Clone, PartialEq, Eq, Debug)]
enum Piece {
    Text(String),
    Slot(&'static str),
}

/// What is wrong with a text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fault {
    /// A slot is opened and not closed.
    OpenBrace,
    /// A slot that nobody fills.
    UnknownSlot(String),
}

/// One key of a file with its texts, of which none is empty; without texts nothing was given.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// From 1.
    pub line: usize,
    pub key: String,
    pub texts: Vec<String>,
}

#[derive(serde::Deserialize)]
#[serde(untagged)]
enum Raw {
    One(String),
    Several(Vec<String>),
}

/// The entries of a file.
///
/// # Errors
/// What is no TOML of this form.
pub fn entries(content: &str) -> Result<Vec<Entry>, toml::de::Error> {
    let table: BTreeMap<Spanned<String>, Raw> = toml::from_str(content)?;
    let entry = |(key, raw): (Spanned<String>, Raw)| {
        let line = content.get(..key.span().start).map_or(1, |s| s.matches('\n').count() + 1);
        let texts = match raw {
            Raw::One(text) => vec![text],
            Raw::Several(texts) => texts,
        };
        let blank = texts.iter().any(|text| text.trim().is_empty());
        Entry { line, key: key.into_inner(), texts: if blank { Vec::new() } else { texts } }
    };
    Ok(table.into_iter().map(entry).collect())
}

impl Wording {
    /// `known`: the slots that can be filled.
    ///
    /// # Errors
    /// The first fault of the text.
    pub fn read(text: &str, known: &[&'static str]) -> Result<Wording, Fault> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, tail) = after.split_once('}').ok_or(Fault::OpenBrace)?;
            let slot = known.iter().copied().find(|slot| *slot == name);
            let slot = slot.ok_or_else(|| Fault::UnknownSlot(name.to_owned()))?;
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

    /// The slots in the order of the text.
    pub fn slots(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Slot(slot) => Some(*slot),
            Piece::Text(_) => None,
        })
    }

    /// The text with its slots filled.
    pub fn filled<'a>(&'a self, value: impl Fn(&'static str) -> &'a str) -> String {
        let pieces = self.0.iter().map(|piece| match piece {
            Piece::Text(text) => text.as_str(),
            Piece::Slot(slot) => value(slot),
        });
        pieces.collect()
    }

    /// The text, where it has no slot.
    pub fn fixed(&self) -> Option<&str> {
        match self.0.as_slice() {
            [Piece::Text(text)] => Some(text),
            _ => None,
        }
    }
}
