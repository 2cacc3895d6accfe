//! The fields of one TOML table, read with their places, so that each error can name its line.

use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::check::LoadError;
use crate::kernel::Day;
use crate::language::edits;

/// A file's text as lines, for turning a byte offset into a line number.
pub(super) struct Lines<'t> {
    file: &'t Path,
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    pub(super) fn new(file: &'t Path, text: &str) -> Self {
        let starts =
            std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Lines { file, starts }
    }

    pub(super) fn file(&self) -> &Path {
        self.file
    }

    /// From 1.
    pub(super) fn line(&self, offset: usize) -> usize {
        self.starts.partition_point(|start| *start <= offset)
    }

    pub(super) fn error(&self, offset: usize, field: &str, problem: &str, mend: &str) -> LoadError {
        LoadError {
            file: self.file.to_path_buf(),
            line: self.line(offset),
            field: field.into(),
            problem: problem.into(),
            mend: mend.into(),
        }
    }
}

type Table<'t> = DeTable<'t>;

/// One table; what is wrong with it is pushed to `errors`, and the reading goes on with an empty value.
pub(super) struct Fields<'a, 'd, 't> {
    lines: &'a Lines<'a>,
    table: &'d Table<'t>,
    start: usize,
    path: &'a str,
    errors: &'a mut Vec<LoadError>,
}

impl<'a, 'd, 't> Fields<'a, 'd, 't> {
    pub(super) fn new(
        lines: &'a Lines<'a>,
        table: &'d Table<'t>,
        start: usize,
        path: &'a str,
        errors: &'a mut Vec<LoadError>,
    ) -> Self {
        Fields { lines, table, start, path, errors }
    }

    /// The fields of a table within this one.
    pub(super) fn inner<'b>(
        &'b mut self,
        table: &'d Table<'t>,
        at: usize,
        path: &'b str,
    ) -> Fields<'b, 'd, 't> {
        Fields { lines: self.lines, table, start: at, path, errors: self.errors }
    }

    /// Where the field stands (`date`, `source.date`); where the table begins when it is missing.
    pub(super) fn at(&self, name: &str) -> usize {
        let (outer, inner) = name.split_once('.').map_or((name, None), |(a, b)| (a, Some(b)));
        let Some(value) = self.value(outer) else { return self.start };
        match (value.get_ref(), inner) {
            (DeValue::Table(table), Some(inner)) => get(table, inner).unwrap_or(value).span().start,
            _ => value.span().start,
        }
    }

    pub(super) fn wrong(&mut self, name: &str, problem: &str, mend: &str) {
        let field = self.full_name(name);
        self.errors.push(self.lines.error(self.at(name), &field, problem, mend));
    }

    /// Every other key is an error.
    pub(super) fn known(&mut self, names: &[&str]) {
        let table = self.table;
        for key in table.keys() {
            let name = key.get_ref().as_ref();
            if names.contains(&name) {
                continue;
            }
            let near = names.iter().map(|known| (distance(name, known), *known)).min();
            let mend = match near {
                Some((0..=2, known)) => format!("rename it to `{known}`"),
                _ => format!("remove it; the keys here are {}", names.join(", ")),
            };
            let field = self.full_name(name);
            self.errors.push(self.lines.error(
                key.span().start,
                &field,
                "is not a known key",
                &mend,
            ));
        }
    }

    /// A text; empty when it is missing.
    pub(super) fn text(&mut self, name: &str) -> String {
        match self.value(name).map(|value| value.get_ref()) {
            None => String::new(),
            Some(DeValue::String(text)) => text.trim().to_owned(),
            Some(other) => {
                let problem = format!("is {}, not a text", kind(other));
                self.wrong(name, &problem, &format!("write `{name} = \"…\"`"));
                String::new()
            }
        }
    }

    pub(super) fn required_text(&mut self, name: &str) -> String {
        let before = self.errors.len();
        let text = self.text(name);
        if text.is_empty() && self.errors.len() == before {
            let problem = if self.value(name).is_some() { "is empty" } else { "is missing" };
            self.wrong(name, problem, &format!("add `{name} = \"…\"`"));
        }
        text
    }

    /// A day, in quotes or without; `None` when it is missing.
    pub(super) fn day(&mut self, name: &str) -> Option<Day> {
        let written = match self.value(name)?.get_ref() {
            DeValue::Datetime(written) => written.to_string(),
            _ => self.text(name),
        };
        let day = Day::parse(&written);
        if day.is_none() && !written.is_empty() {
            self.wrong(name, &format!("`{written}` is not a day"), "write YYYY-MM-DD");
        }
        day
    }

    /// A list of texts, none of them empty; empty when it is missing.
    pub(super) fn list(&mut self, name: &str) -> Vec<String> {
        let values = match self.value(name).map(|value| value.get_ref()) {
            None => return Vec::new(),
            Some(DeValue::Array(values)) => values,
            Some(other) => {
                let problem = format!("is {}, not a list", kind(other));
                self.wrong(name, &problem, &format!("write `{name} = [\"…\", \"…\"]`"));
                return Vec::new();
            }
        };
        let mut texts: Vec<String> = Vec::new();
        for value in values.iter() {
            let problem = match value.get_ref() {
                DeValue::String(text) if text.trim().is_empty() => "holds an empty text".to_owned(),
                DeValue::String(text) if texts.iter().any(|t| t == text.trim()) => {
                    format!("holds `{}` twice", text.trim())
                }
                DeValue::String(text) => {
                    texts.push(text.trim().to_owned());
                    continue;
                }
                other => format!("holds {}, not a text", kind(other)),
            };
            let field = self.full_name(name);
            let mend = "mend or remove this entry";
            self.errors.push(self.lines.error(value.span().start, &field, &problem, mend));
        }
        texts
    }

    pub(super) fn required_list(&mut self, name: &str) -> Vec<String> {
        let before = self.errors.len();
        let list = self.list(name);
        if list.is_empty() && self.errors.len() == before {
            let problem = if self.value(name).is_some() { "is empty" } else { "is missing" };
            self.wrong(name, problem, &format!("add `{name} = [\"…\", \"…\"]`"));
        }
        list
    }

    /// A required table within this one, and where it begins.
    pub(super) fn sub(&mut self, name: &str) -> Option<(&'d Table<'t>, usize)> {
        let table = self.table;
        match get(table, name).map(|value| (value.get_ref(), value.span().start)) {
            Some((DeValue::Table(inner), at)) => return Some((inner, at)),
            Some((other, _)) => {
                let problem = format!("is {}, not a table", kind(other));
                self.wrong(name, &problem, &format!("write `{name} = {{ … }}`"));
            }
            None => self.wrong(name, "is missing", &format!("add `{name} = {{ … }}`")),
        }
        None
    }

    /// The tables of `[[name]]`, and where each begins.
    pub(super) fn tables(&mut self, name: &str) -> Vec<(&'d Table<'t>, usize)> {
        let table = self.table;
        let Some(value) = get(table, name) else { return Vec::new() };
        let mut tables = Vec::new();
        if let DeValue::Array(values) = value.get_ref() {
            for entry in values.iter() {
                if let DeValue::Table(inner) = entry.get_ref() {
                    tables.push((inner, entry.span().start));
                }
            }
            if tables.len() == values.len() {
                return tables;
            }
        }
        self.wrong(name, "is not a list of tables", &format!("begin each with [[{name}]]"));
        tables
    }

    fn value(&self, name: &str) -> Option<&'d Spanned<DeValue<'t>>> {
        get(self.table, name)
    }

    fn full_name(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }
}

fn get<'a, 't>(table: &'a Table<'t>, name: &str) -> Option<&'a Spanned<DeValue<'t>>> {
    table.iter().find(|(key, _)| key.get_ref() == name).map(|(_, value)| value)
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date without quotes",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

fn distance(a: &str, b: &str) -> usize {
    edits(&a.chars().collect::<Vec<_>>(), &b.chars().collect::<Vec<_>>())
}
