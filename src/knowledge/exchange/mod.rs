//! Bases to and from JSON, CSV and XLSX, our own and, by a mapping, those of others.
//!
//! A table has one item a row under the names of [`Column`](super::Column); a list is one line an entry. JSON is
//! `{"items": […], "outside": […]}`, a plain list of items, or one item a line.

mod apply;
mod mapping;
mod notes;
mod rows;
mod template;
mod write;

use std::path::{Path, PathBuf};

use super::check::{LoadError, LoadErrors};
use super::columns::Column;
use super::item::Item;
use super::rules;
use crate::language::edits;

pub use mapping::Mapping;
pub use notes::{LeftOut, Notes};
pub use write::{export, item_json, toml};

use rows::{Cell, Table};

/// What a file holds, by its extension.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// `.json`, `.jsonl`.
    Json,
    /// `.csv`, UTF-8, with a row of names.
    Csv,
    /// `.xlsx`: the first sheet, with a row of names.
    Xlsx,
}

impl Format {
    /// # Errors
    /// Another extension.
    pub fn of(path: &Path) -> Result<Format, LoadErrors> {
        let extension =
            path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_lowercase();
        match extension.as_str() {
            "json" | "jsonl" => Ok(Format::Json),
            "csv" => Ok(Format::Csv),
            "xlsx" => Ok(Format::Xlsx),
            _ => Err(LoadErrors(vec![whole(
                path,
                "is none of JSON, CSV and XLSX by its name",
                "give a file that ends in .json, .jsonl, .csv or .xlsx",
            )])),
        }
    }
}

/// Items read from a file, and what became of it on the way.
#[derive(Clone, Debug, Default)]
pub struct Imported {
    pub items: Vec<Item>,
    /// Examples of what no item answers.
    pub outside: Vec<String>,
    pub notes: Notes,
}

/// Reads a file: our own columns, or by a mapping those of somebody else. `region` is for items that name none.
///
/// # Errors
/// Everything that cannot be read, with file, row, column and the way out. With a mapping, a row that makes no good item
/// is left out and told in the notes instead.
pub fn import(
    path: &Path,
    bytes: &[u8],
    mapping: Option<&Mapping>,
    region: &str,
) -> Result<Imported, LoadErrors> {
    let table = rows::read(path, bytes, mapping.map_or("", |mapping| mapping.rows.as_str()))?;
    let mut imported = match mapping {
        Some(mapping) => apply::apply(path, &table, mapping, region)?,
        None => own(path, table, region)?,
    };
    if imported.items.is_empty() && imported.notes.left_out.is_empty() {
        let mend = "give a file with a row of names and at least one item";
        return Err(LoadErrors(vec![whole(path, "holds no item", mend)]));
    }
    imported.notes.count(&imported.items);
    Ok(imported)
}

/// A table in our own columns. All or nothing: a wrong cell is an error.
fn own(path: &Path, table: Table, region: &str) -> Result<Imported, LoadErrors> {
    let mut errors = unknown(path, &table);
    let mut imported = Imported { outside: table.outside, ..Imported::default() };
    imported.notes.rows = table.rows.len();
    let mut ids = std::collections::BTreeMap::new();
    for row in &table.rows {
        let mut item = Item::default();
        let before = errors.len();
        for (name, cell) in &row.cells {
            let Some(column) = Column::from_key(name) else { continue };
            if let Err((problem, mend)) = fill(column, &mut item, cell) {
                errors.push(at(path, row.number, name, &problem, &mend));
            }
        }
        if item.region.is_empty() {
            region.clone_into(&mut item.region);
        }
        if errors.len() == before {
            for fault in rules::faults(&item) {
                errors.push(at(path, row.number, fault.field, &fault.problem, &fault.mend));
            }
        }
        if let Some(first) = ids.insert(item.id.clone(), row.number)
            && !item.id.is_empty()
        {
            let problem = format!("`{}` is already the id of row {first}", item.id);
            errors.push(at(path, row.number, "id", &problem, "give each item its own id"));
        }
        imported.items.push(item);
    }
    if errors.is_empty() { Ok(imported) } else { Err(LoadErrors(errors)) }
}

/// One item from a JSON object, as [`item_json`] writes it, good or not; `None` for what is none.
pub fn item_from_json(text: &str) -> Option<Item> {
    let row = rows::object(text)?;
    let mut item = Item::default();
    for (name, cell) in &row.cells {
        fill(Column::from_key(name)?, &mut item, cell).ok()?;
    }
    Some(item)
}

fn fill(column: Column, item: &mut Item, cell: &Cell) -> Result<(), (String, String)> {
    match cell {
        Cell::Text(text) => {
            column.set(item, text).map_err(|fault| (fault.problem, fault.mend))?;
        }
        Cell::List(entries) if column.is_list() => {
            let entries = entries.iter().map(|entry| entry.trim().to_owned());
            column.set_list(item, entries.filter(|entry| !entry.is_empty()).collect());
        }
        Cell::List(_) => return Err(("is a list, not a text".into(), "write one text".into())),
        Cell::Bad(problem) => return Err((problem.clone(), "write a text into this cell".into())),
    }
    Ok(())
}

/// Columns that no item has, each once.
fn unknown(path: &Path, table: &Table) -> Vec<LoadError> {
    let stray = table.names().into_iter().filter(|(name, _)| Column::from_key(name).is_none());
    stray
        .map(|(name, row)| {
            let chars: Vec<char> = name.chars().collect();
            let far = |column: &Column| edits(&chars, &column.key().chars().collect::<Vec<_>>());
            let near = Column::ALL.iter().min_by_key(|column| far(column)).filter(|c| far(c) <= 2);
            let mend = match near {
                Some(column) => format!("rename it to `{}`", column.key()),
                None => "take it out, or import with --map and a mapping that names it".to_owned(),
            };
            at(path, row, name, "is not a known column", &mend)
        })
        .collect()
}

fn at(path: &Path, row: usize, column: &str, problem: &str, mend: &str) -> LoadError {
    let field = format!("row {row}, column {column}");
    LoadError {
        file: PathBuf::from(path),
        line: 0,
        field,
        problem: problem.into(),
        mend: mend.into(),
    }
}

fn whole(path: &Path, problem: &str, mend: &str) -> LoadError {
    LoadError {
        file: PathBuf::from(path),
        line: 0,
        field: String::new(),
        problem: problem.into(),
        mend: mend.into(),
    }
}
