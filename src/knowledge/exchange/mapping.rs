//! The mapping of somebody else's export: which of its columns feeds which of our fields.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::template::Template;
use crate::knowledge::check::{LoadError, LoadErrors};
use crate::knowledge::columns::Column;

/// A mapping as its TOML file says it. Every part is optional.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mapping {
    /// Where the list stands in a JSON document: `data.items`.
    pub(super) rows: String,
    /// Texts that mean nothing: 无, -.
    pub(super) blank: Vec<String>,
    /// Pairs: a text in any column, and what takes its place.
    pub(super) replace: Vec<(String, String)>,
    /// By the key of the [`Column`].
    pub(super) fields: BTreeMap<String, Rule>,
}

/// How one field is made. A text takes the first of `from`, `templates` and `constant` that gives anything; a list takes
/// them all.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Rule {
    /// Columns of the source.
    pub from: OneOrMany,
    /// Texts with `{column}`. One that stands for nothing is not used. A list within the list: the first that is whole,
    /// and that fits.
    pub templates: Vec<OneOrMany>,
    /// Of a text: all templates, with this between them, instead of the first.
    pub join: Option<String>,
    /// Of `asks`: used where other items have the same wordings.
    pub if_shared: Vec<OneOrMany>,
    pub constant: String,
    /// Where a text is divided into entries.
    pub split: Vec<String>,
    /// Texts that are taken out.
    pub strip: Vec<String>,
    /// Pairs: a text, and what takes its place.
    pub replace: Vec<(String, String)>,
    /// A whole text, and what takes its place.
    pub values: BTreeMap<String, String>,
    /// Before the text.
    pub prefix: String,
    pub lower: bool,
    /// Trailing pairs of zeros of a division code go: 440000 is 44.
    pub trim_zeros: bool,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl Default for OneOrMany {
    fn default() -> Self {
        OneOrMany::Many(Vec::new())
    }
}

impl OneOrMany {
    pub fn all(&self) -> &[String] {
        match self {
            OneOrMany::One(text) => std::slice::from_ref(text),
            OneOrMany::Many(texts) => texts,
        }
    }
}

impl Rule {
    pub fn templates(&self) -> impl Iterator<Item = &String> {
        self.templates.iter().chain(&self.if_shared).flat_map(|group| group.all())
    }
}

impl Mapping {
    /// Reads a mapping's text. `path` names it in errors.
    ///
    /// # Errors
    /// What is no TOML, an unknown name, a field that no item has, a template that does not close its braces.
    pub fn read(path: &Path, text: &str) -> Result<Mapping, LoadErrors> {
        let mapping: Mapping = toml::from_str(text).map_err(|error| {
            let line = error.span().map_or(0, |span| {
                text.bytes().take(span.start).filter(|b| *b == b'\n').count() + 1
            });
            LoadErrors(vec![LoadError {
                file: path.into(),
                line,
                field: String::new(),
                problem: format!("is not a mapping: {}", error.message().replace('\n', " ")),
                mend: "see knowledge/mappings for one that is".into(),
            }])
        })?;
        let mut errors = Vec::new();
        for (key, rule) in &mapping.fields {
            let mut wrong = |problem: String, mend: String| {
                errors.push(LoadError {
                    file: path.into(),
                    line: line_of(text, key),
                    field: format!("fields.{key}"),
                    problem,
                    mend,
                });
            };
            if Column::from_key(key).is_none() {
                let known = Column::ALL.map(Column::key).join(", ");
                wrong("is no field of an item".into(), format!("use one of {known}"));
            }
            for template in rule.templates() {
                if let Err(problem) = Template::read(template) {
                    wrong(problem, "write {column} or {column|filter}".into());
                }
            }
        }
        if errors.is_empty() { Ok(mapping) } else { Err(LoadErrors(errors)) }
    }
}

/// Where `[fields.key]` or `fields."key"` begins; 0 where it is written in another way.
pub(super) fn line_of(text: &str, key: &str) -> usize {
    let heads = [format!("[fields.{key}]"), format!("[fields.\"{key}\"]")];
    let found =
        text.lines().position(|line| heads.iter().any(|head| line.trim().starts_with(head)));
    found.map_or(0, |n| n + 1)
}
