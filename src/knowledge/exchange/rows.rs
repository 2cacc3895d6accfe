//! Rows of a file, whatever its format: names and cells, and where each row stands.

use std::collections::BTreeMap;
use std::io::Cursor;
use std::path::Path;

use calamine::{Data, Reader, Xlsx, open_workbook_from_rs};
use serde_json::{Map, Value};

use super::{Format, at, whole};
use crate::knowledge::check::{LoadError, LoadErrors};

/// What stands in one cell.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Cell {
    Text(String),
    List(Vec<String>),
    /// Neither, and what it is.
    Bad(String),
}

/// One record.
#[derive(Debug)]
pub(super) struct Row {
    /// From 1: the line of a CSV, the row of a sheet, the place in a JSON list.
    pub number: usize,
    /// Objects within objects are named `outer.inner`.
    pub cells: BTreeMap<String, Cell>,
}

#[derive(Debug, Default)]
pub(super) struct Table {
    pub rows: Vec<Row>,
    pub outside: Vec<String>,
}

impl Table {
    /// Every name, and the first row that has it.
    pub fn names(&self) -> BTreeMap<&str, usize> {
        let mut names = BTreeMap::new();
        for row in &self.rows {
            for name in row.cells.keys() {
                names.entry(name.as_str()).or_insert(row.number);
            }
        }
        names
    }
}

/// Reads a file's bytes. `inner` names the list within a JSON document, `data.items`; empty where the document is it.
pub(super) fn read(path: &Path, bytes: &[u8], inner: &str) -> Result<Table, LoadErrors> {
    let one = |error: LoadError| LoadErrors(vec![error]);
    match Format::of(path)? {
        Format::Json => json(path, bytes, inner).map_err(one),
        Format::Csv => csv(path, bytes),
        Format::Xlsx => xlsx(path, bytes).map_err(one),
    }
}

fn text_of<'b>(path: &Path, bytes: &'b [u8]) -> Result<&'b str, LoadError> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let lines = bytes.iter().take(error.valid_up_to()).filter(|b| **b == b'\n').count();
        let mend = "save the file as UTF-8 (in a spreadsheet: CSV UTF-8)";
        LoadError { line: lines + 1, ..whole(path, "is not UTF-8 text", mend) }
    })?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

fn json(path: &Path, bytes: &[u8], inner: &str) -> Result<Table, LoadError> {
    let text = text_of(path, bytes)?;
    let broken = |error: &serde_json::Error, line: usize| LoadError {
        line,
        field: format!("column {}", error.column()),
        ..whole(
            path,
            &format!("is not valid JSON: {error}"),
            "mend this place; texts stand in \"…\"",
        )
    };
    match serde_json::from_str::<Value>(text) {
        Ok(document) => listed(path, document, inner),
        // A document that goes on after its first value is one record a line.
        Err(error) if error.is_syntax() && first_line_is_whole(text) => {
            let mut table = Table::default();
            for (n, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
                let value = serde_json::from_str(line).map_err(|e| broken(&e, n + 1))?;
                table.rows.push(record(path, n + 1, value)?);
            }
            Ok(table)
        }
        Err(error) => Err(broken(&error, error.line())),
    }
}

fn first_line_is_whole(text: &str) -> bool {
    let first = text.lines().find(|line| !line.trim().is_empty());
    first.is_some_and(|line| matches!(serde_json::from_str(line), Ok(Value::Object(_))))
}

fn listed(path: &Path, document: Value, inner: &str) -> Result<Table, LoadError> {
    let mut table = Table::default();
    if let Value::Object(object) = &document
        && inner.is_empty()
        && let Some(Value::Array(outside)) = object.get("outside")
    {
        table.outside =
            outside.iter().filter_map(|text| text.as_str().map(str::to_owned)).collect();
    }
    let way: Vec<&str> = match (&document, inner) {
        (Value::Object(object), "") if object.get("items").is_some_and(Value::is_array) => {
            vec!["items"]
        }
        (_, "") => Vec::new(),
        (_, inner) => inner.split('.').collect(),
    };
    let mut value = document;
    for step in way {
        value = match value {
            Value::Object(mut object) => object.remove(step).unwrap_or_default(),
            _ => Value::Null,
        };
    }
    let records = match value {
        Value::Array(records) => records,
        Value::Object(one) if inner.is_empty() => vec![Value::Object(one)],
        _ => {
            let problem =
                format!("holds no list at `{}`", if inner.is_empty() { "items" } else { inner });
            return Err(whole(
                path,
                &problem,
                "name the list in the mapping: rows = \"data.items\"",
            ));
        }
    };
    for (n, value) in records.into_iter().enumerate() {
        table.rows.push(record(path, n + 1, value)?);
    }
    Ok(table)
}

fn record(path: &Path, number: usize, value: Value) -> Result<Row, LoadError> {
    let Value::Object(object) = value else {
        let mend = "write each item as {\"id\": …, \"title\": …}";
        return Err(LoadError {
            field: format!("row {number}"),
            ..whole(path, "is not an object", mend)
        });
    };
    let mut cells = BTreeMap::new();
    flatten("", object, &mut cells);
    Ok(Row { number, cells })
}

/// A record by itself.
pub(super) fn object(text: &str) -> Option<Row> {
    match serde_json::from_str(text).ok()? {
        Value::Object(object) => {
            let mut cells = BTreeMap::new();
            flatten("", object, &mut cells);
            Some(Row { number: 1, cells })
        }
        _ => None,
    }
}

fn flatten(outer: &str, object: Map<String, Value>, cells: &mut BTreeMap<String, Cell>) {
    for (key, value) in object {
        let name = if outer.is_empty() { key } else { format!("{outer}.{key}") };
        let cell = match value {
            Value::Null => Cell::Text(String::new()),
            Value::String(text) => Cell::Text(text),
            Value::Number(number) => Cell::Text(number.to_string()),
            Value::Bool(yes) => Cell::Text(yes.to_string()),
            Value::Object(inner) => {
                flatten(&name, inner, cells);
                continue;
            }
            Value::Array(values) => array(values),
        };
        cells.insert(name, cell);
    }
}

fn array(values: Vec<Value>) -> Cell {
    let mut entries = Vec::with_capacity(values.len());
    for value in values {
        match value {
            Value::Null => {}
            Value::String(text) => entries.push(text),
            Value::Number(number) => entries.push(number.to_string()),
            _ => return Cell::Bad("holds what is no text".into()),
        }
    }
    Cell::List(entries)
}

fn csv(path: &Path, bytes: &[u8]) -> Result<Table, LoadErrors> {
    let text = text_of(path, bytes).map_err(|error| LoadErrors(vec![error]))?;
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    let broken = |error: csv::Error| {
        let line = error.position().map_or(0, |position| position.line() as usize);
        let mend =
            "put texts with commas, quotes or line ends in \"…\", and write a quote in them twice";
        LoadErrors(vec![LoadError {
            line,
            ..whole(path, &format!("is not valid CSV: {error}"), mend)
        }])
    };
    let names: Vec<String> =
        reader.headers().map_err(broken)?.iter().map(|n| n.trim().to_owned()).collect();
    let mut errors = named(path, &names);
    let mut table = Table::default();
    for record in reader.records() {
        let record = record.map_err(broken)?;
        let number = record.position().map_or(0, |position| position.line() as usize);
        if record.iter().all(|text| text.trim().is_empty()) {
            continue;
        }
        if record.len() != names.len() {
            let problem = format!("has {} cells instead of {}", record.len(), names.len());
            let mend = "put texts with commas in \"…\", and give each row a cell for each name";
            let field = format!("row {number}");
            errors.push(LoadError { field, ..whole(path, &problem, mend) });
            continue;
        }
        let cells =
            names.iter().cloned().zip(record.iter().map(|text| Cell::Text(text.to_owned())));
        table.rows.push(Row { number, cells: cells.collect() });
    }
    if errors.is_empty() { Ok(table) } else { Err(LoadErrors(errors)) }
}

/// The names of columns: each there, and each once.
fn named(path: &Path, names: &[String]) -> Vec<LoadError> {
    let mut errors = Vec::new();
    for (n, name) in names.iter().enumerate() {
        let place = format!("{}", n + 1);
        if name.is_empty() {
            errors.push(at(path, 1, &place, "has no name", "name the column, or take it out"));
        } else if names.iter().take(n).any(|other| other == name) {
            let problem = format!("`{name}` is the name of another column too");
            errors.push(at(path, 1, &place, &problem, "give each column its own name"));
        }
    }
    errors
}

fn xlsx(path: &Path, bytes: &[u8]) -> Result<Table, LoadError> {
    let mend = "save it again as an Excel workbook (.xlsx)";
    let broken =
        |error: calamine::XlsxError| whole(path, &format!("is no workbook: {error}"), mend);
    let mut book: Xlsx<_> = open_workbook_from_rs(Cursor::new(bytes)).map_err(broken)?;
    let Some(sheet) = book.sheet_names().first().cloned() else {
        return Err(whole(path, "has no sheet", mend));
    };
    let range = book.worksheet_range(&sheet).map_err(broken)?;
    let above = range.start().map_or(0, |(row, _)| row as usize);
    let mut rows = range.rows().enumerate();
    let names: Vec<String> = match rows.next() {
        Some((_, cells)) => cells.iter().map(|cell| name_of(cell)).collect(),
        None => return Ok(Table::default()),
    };
    if let Some(error) = named(path, &names).into_iter().next() {
        return Err(error);
    }
    let mut table = Table::default();
    for (n, cells) in rows {
        if cells.iter().all(|cell| matches!(cell, Data::Empty)) {
            continue;
        }
        let cells = names.iter().cloned().zip(cells.iter().map(cell_of)).collect();
        table.rows.push(Row { number: above + n + 1, cells });
    }
    // The second sheet of ours is what no item answers.
    if let Ok(range) = book.worksheet_range(super::write::OUTSIDE_SHEET) {
        let texts = range.rows().skip(1).filter_map(|cells| cells.first());
        table.outside = texts.map(name_of).filter(|text| !text.is_empty()).collect();
    }
    Ok(table)
}

fn name_of(cell: &Data) -> String {
    match cell_of(cell) {
        Cell::Text(text) => text.trim().to_owned(),
        _ => String::new(),
    }
}

fn cell_of(cell: &Data) -> Cell {
    Cell::Text(match cell {
        Data::Empty => String::new(),
        Data::String(text) | Data::DateTimeIso(text) | Data::DurationIso(text) => text.clone(),
        Data::Int(number) => number.to_string(),
        // 330702 typed as a number is 330702.0 in the file.
        Data::Float(number) => number.to_string(),
        Data::Bool(yes) => yes.to_string(),
        Data::DateTime(day) => {
            let (year, month, day, ..) = day.to_ymd_hms_milli();
            format!("{year:04}-{month:02}-{day:02}")
        }
        Data::Error(error) => return Cell::Bad(format!("holds the error {error}")),
    })
}
