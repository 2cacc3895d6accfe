//! Items made from foreign rows by a mapping.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::mapping::{Mapping, OneOrMany, Rule};
use super::notes::{LeftOut, Notes};
use super::rows::{Cell, Row, Table};
use super::template::{PARTS, Template};
use super::{Imported, whole};
use crate::knowledge::check::LoadErrors;
use crate::knowledge::columns::Column;
use crate::knowledge::item::{ASKS_MIN, Item, SPOKEN_CHARS_MAX};
use crate::knowledge::rules;

/// The order in which fields are made: a template may name those before it.
const ORDER: [Column; 21] = [
    Column::Id,
    Column::Title,
    Column::Region,
    Column::Department,
    Column::Documents,
    Column::Steps,
    Column::Place,
    Column::Hours,
    Column::Fee,
    Column::TimeLimit,
    Column::Topic,
    Column::SourceName,
    Column::SourceArticle,
    Column::SourceDate,
    Column::ValidFrom,
    Column::ValidUntil,
    Column::Replaces,
    Column::Keywords,
    Column::Full,
    Column::Asks,
    Column::Spoken,
];

/// An item under way.
struct Draft {
    row: usize,
    item: Item,
    /// Wordings for where others are shared.
    spare: Vec<String>,
    faults: Vec<String>,
}

pub(super) fn apply(
    path: &Path,
    table: &Table,
    mapping: &Mapping,
    region: &str,
) -> Result<Imported, LoadErrors> {
    let unknown = unknown_columns(path, table, mapping);
    if !unknown.is_empty() {
        return Err(LoadErrors(unknown));
    }
    let mut notes =
        Notes { rows: table.rows.len(), unused: unused(table, mapping), ..Notes::default() };
    let mut drafts: Vec<Draft> = Vec::with_capacity(table.rows.len());
    for row in &table.rows {
        drafts.push(make(row, mapping, region, &mut notes));
    }
    share(&mut drafts, &mut notes);
    let mut imported = Imported { outside: table.outside.clone(), ..Imported::default() };
    let mut ids: BTreeMap<String, usize> = BTreeMap::new();
    for mut draft in drafts {
        let rules = rules::faults(&draft.item);
        draft.faults.extend(rules.iter().map(|fault| format!("{} {}", fault.field, fault.problem)));
        if let Some(first) = ids.get(&draft.item.id) {
            draft.faults.push(format!("its id is that of row {first}"));
        }
        if draft.faults.is_empty() {
            ids.insert(draft.item.id.clone(), draft.row);
            imported.items.push(draft.item);
        } else {
            let Item { id, title, .. } = draft.item;
            notes.left_out.push(LeftOut { row: draft.row, id, title, reasons: draft.faults });
        }
    }
    imported.notes = notes;
    Ok(imported)
}

/// Names of the mapping that no row has.
fn unknown_columns(path: &Path, table: &Table, mapping: &Mapping) -> Vec<super::LoadError> {
    let there = table.names();
    let mut errors = Vec::new();
    for (key, name) in named(mapping) {
        if !there.contains_key(name.as_str())
            && table.rows.iter().all(|row| step(row, &name).is_none())
        {
            let problem =
                format!("has no column `{name}`, which fields.{key} of the mapping names");
            let some: Vec<&str> = there.keys().take(12).copied().collect();
            let mend = format!("mend the mapping; there are {} …", some.join(", "));
            errors.push(whole(path, &problem, &mend));
        }
    }
    errors
}

/// The source's columns that the mapping names, each with the field that it feeds.
fn named(mapping: &Mapping) -> BTreeSet<(String, String)> {
    let mut names = BTreeSet::new();
    for (key, rule) in &mapping.fields {
        for name in rule.from.all() {
            names.insert((key.clone(), name.clone()));
        }
        for template in rule.templates().filter_map(|text| Template::read(text).ok()) {
            for name in template.names() {
                let list = PARTS.iter().find_map(|part| name.strip_suffix(part)).unwrap_or(name);
                if Column::from_key(name).is_none() && Column::from_key(list).is_none() {
                    names.insert((key.clone(), list.to_owned()));
                }
            }
        }
    }
    names
}

fn unused(table: &Table, mapping: &Mapping) -> Vec<String> {
    let used: BTreeSet<String> = named(mapping).into_iter().map(|(_, name)| name).collect();
    let is_used = |name: &str| {
        used.iter()
            .any(|u| u == name || u.strip_prefix(name).is_some_and(|index| index.starts_with('.')))
    };
    table.names().into_keys().filter(|name| !is_used(name)).map(str::to_owned).collect()
}

/// A cell by name, or an entry of a list by `name.0`.
fn step(row: &Row, name: &str) -> Option<Cell> {
    if let Some(cell) = row.cells.get(name) {
        return Some(cell.clone());
    }
    let (list, index) = name.rsplit_once('.')?;
    match (row.cells.get(list)?, index.parse::<usize>().ok()?) {
        (Cell::List(entries), n) => Some(Cell::Text(entries.get(n).cloned().unwrap_or_default())),
        (Cell::Text(_), _) => Some(Cell::Text(String::new())),
        (Cell::Bad(_), _) => None,
    }
}

fn make(row: &Row, mapping: &Mapping, region: &str, notes: &mut Notes) -> Draft {
    let mut draft =
        Draft { row: row.number, item: Item::default(), spare: Vec::new(), faults: Vec::new() };
    for column in ORDER {
        let Some(rule) = mapping.fields.get(column.key()) else { continue };
        let maker = Maker { row, mapping, rule, item: &draft.item };
        if column.is_list() {
            let entries = maker.list(&rule.templates, column, notes);
            let spare = maker.list(&rule.if_shared, column, notes);
            if column == Column::Asks {
                draft.spare = spare;
            }
            column.set_list(&mut draft.item, entries);
        } else {
            let text = maker.text(column, notes);
            if let Err(fault) = column.set(&mut draft.item, &text) {
                draft.faults.push(format!("{} {}", fault.field, fault.problem));
            }
        }
    }
    if draft.item.region.is_empty() {
        region.clone_into(&mut draft.item.region);
    }
    draft
}

struct Maker<'a> {
    row: &'a Row,
    mapping: &'a Mapping,
    rule: &'a Rule,
    item: &'a Item,
}

impl Maker<'_> {
    fn is_blank(&self, text: &str) -> bool {
        text.trim().is_empty() || self.mapping.blank.iter().any(|blank| blank == text.trim())
    }

    /// A cell of the source, with what the whole mapping replaces.
    fn cell(&self, name: &str) -> Option<Cell> {
        let plain = |text: String| {
            self.mapping.replace.iter().fold(text, |text, (from, to)| text.replace(from, to))
        };
        Some(match step(self.row, name)? {
            Cell::Text(text) => Cell::Text(plain(text)),
            Cell::List(entries) => Cell::List(entries.into_iter().map(plain).collect()),
            Cell::Bad(problem) => Cell::Bad(problem),
        })
    }

    /// What a column of the source gives, entry by entry, tidied by the rule. Nothing for what means nothing.
    fn of(&self, name: &str) -> Vec<String> {
        let entries = match self.cell(name) {
            Some(Cell::Text(text)) => vec![text],
            Some(Cell::List(entries)) => entries,
            _ => Vec::new(),
        };
        let parts = entries.into_iter().flat_map(|entry| split(entry, &self.rule.split));
        // Before and after: 办理地点：无 is nothing too.
        let said = parts.filter(|text| !self.is_blank(text)).map(|text| self.tidy(&text));
        said.filter(|text| !self.is_blank(text))
            .map(|text| format!("{}{text}", self.rule.prefix))
            .collect()
    }

    fn tidy(&self, text: &str) -> String {
        let rule = self.rule;
        let mut text = text.trim().to_owned();
        for strip in &rule.strip {
            text = text.replace(strip, "");
        }
        for (from, to) in &rule.replace {
            text = text.replace(from, to);
        }
        if let Some(value) = rule.values.get(text.trim()) {
            text.clone_from(value);
        }
        if rule.lower {
            text = text.to_lowercase();
        }
        if rule.trim_zeros {
            while text.len() > 2 && text.len() % 2 == 0 && text.ends_with("00") {
                text.truncate(text.len() - 2);
            }
        }
        text.trim().to_owned()
    }

    /// For a template: the item's own field first, then the source's column as it is.
    fn look(&self, name: &str) -> Option<Vec<String>> {
        if let Some(column) = Column::from_key(name) {
            return Some(match column.list(self.item) {
                Some(entries) => entries.to_vec(),
                None => Some(column.text(self.item))
                    .filter(|text| !text.is_empty())
                    .into_iter()
                    .collect(),
            });
        }
        let blank = |text: &String| !self.is_blank(text);
        match self.cell(name)? {
            Cell::Text(text) => Some(Some(text).filter(blank).into_iter().collect()),
            Cell::List(entries) => Some(entries.into_iter().filter(blank).collect()),
            Cell::Bad(_) => Some(Vec::new()),
        }
    }

    fn fill(&self, template: &str) -> Option<String> {
        Template::read(template)
            .ok()?
            .fill(&|name| self.look(name))
            .map(|text| text.trim().to_owned())
    }

    fn text(&self, column: Column, notes: &mut Notes) -> String {
        if let Some(text) =
            self.rule.from.all().iter().find_map(|name| self.of(name).into_iter().next())
        {
            return text;
        }
        if let Some(join) = &self.rule.join {
            return self.joined(column, join, notes);
        }
        let filled =
            self.rule.templates.iter().flat_map(|group| group.all()).find_map(|t| self.fill(t));
        filled.unwrap_or_else(|| self.rule.constant.clone())
    }

    /// Every template that is whole, as far as the field has room: of alternatives the first that fits.
    fn joined(&self, column: Column, join: &str, notes: &mut Notes) -> String {
        let room = if column == Column::Spoken { SPOKEN_CHARS_MAX } else { usize::MAX };
        let mut text = String::new();
        for group in &self.rule.templates {
            let whole: Vec<String> = group.all().iter().filter_map(|t| self.fill(t)).collect();
            let between = if text.is_empty() { "" } else { join };
            let used = text.chars().count() + between.chars().count();
            match whole.iter().find(|t| used + t.chars().count() <= room) {
                Some(next) => {
                    text.push_str(between);
                    text.push_str(next);
                }
                None if whole.is_empty() => {}
                None => {
                    let template = group.all().first().map_or("", String::as_str);
                    let what = format!("no room in {room} characters for {template}");
                    notes.lose(column.key(), &what, self.row.number);
                }
            }
        }
        text
    }

    fn list(&self, templates: &[OneOrMany], column: Column, notes: &mut Notes) -> Vec<String> {
        let own = self.rule.from.all().iter().flat_map(|name| self.of(name));
        let filled =
            templates.iter().filter_map(|group| group.all().iter().find_map(|t| self.fill(t)));
        let constant = Some(&self.rule.constant).filter(|text| !text.is_empty()).cloned();
        let mut entries: Vec<String> = Vec::new();
        for entry in own.chain(filled).chain(constant) {
            if entry.is_empty() {
                continue;
            }
            if entries.contains(&entry) {
                // The same words from two columns are no loss to anybody; twice in one column are told.
                if column == Column::Documents || column == Column::Steps {
                    notes.lose(column.key(), "an entry that stands twice", self.row.number);
                }
            } else {
                entries.push(entry);
            }
        }
        entries
    }
}

fn split(text: String, at: &[String]) -> Vec<String> {
    let mut parts = vec![text];
    for separator in at.iter().filter(|separator| !separator.is_empty()) {
        parts = parts
            .iter()
            .flat_map(|part| part.split(separator.as_str()))
            .map(str::to_owned)
            .collect();
    }
    parts
}

/// A wording that several items of a region have leads to none of them: it is taken out of all, and the spare ones of
/// those items, which should tell them apart, fill up what is missing.
fn share(drafts: &mut [Draft], notes: &mut Notes) {
    let mut holders: BTreeMap<(String, String), usize> = BTreeMap::new();
    for draft in drafts.iter() {
        let own: BTreeSet<&String> = draft.item.asks.iter().collect();
        for ask in own {
            *holders.entry((draft.item.region.clone(), ask.clone())).or_default() += 1;
        }
    }
    let mut taken: BTreeSet<(String, String)> = holders.keys().cloned().collect();
    for draft in drafts.iter_mut() {
        let region = draft.item.region.clone();
        let before = draft.item.asks.len();
        let is_own =
            |ask: &String| holders.get(&(region.clone(), ask.clone())).is_none_or(|n| *n == 1);
        draft.item.asks.retain(is_own);
        if draft.item.asks.len() == before {
            continue;
        }
        notes.lose("asks", "a wording that other items share", draft.row);
        for spare in std::mem::take(&mut draft.spare) {
            if draft.item.asks.len() < before.max(ASKS_MIN)
                && taken.insert((region.clone(), spare.clone()))
            {
                draft.item.asks.push(spare);
            }
        }
    }
}
