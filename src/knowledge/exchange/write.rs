//! Items as JSON, CSV, XLSX, and as the TOML of a base.

use std::path::Path;

use rust_xlsxwriter::{Format as Style, Workbook, XlsxError};
use serde_json::{Map, Value, json};

use super::{Format, at, whole};
use crate::knowledge::base::Base;
use crate::knowledge::check::{LoadError, LoadErrors};
use crate::knowledge::columns::Column;
use crate::knowledge::item::Item;

const ITEMS_SHEET: &str = "items";
pub(super) const OUTSIDE_SHEET: &str = "outside";
/// Of an Excel cell, in UTF-16 units.
const CELL_UNITS_MAX: usize = 32_767;

/// A base as the bytes of a file with that name. CSV holds the items alone.
///
/// # Errors
/// Another extension; a text that is longer than a cell of a workbook may be.
pub fn export(base: &Base, path: &Path) -> Result<Vec<u8>, LoadErrors> {
    match Format::of(path)? {
        Format::Json => Ok(json(base)),
        Format::Csv => csv(base).map_err(|error| {
            LoadErrors(vec![whole(path, &format!("cannot be written: {error}"), "try again")])
        }),
        Format::Xlsx => xlsx(base, path),
    }
}

fn json(base: &Base) -> Vec<u8> {
    let items: Vec<Value> = base.items().iter().map(|item| object(item)).collect();
    let document = json!({ "items": items, "outside": base.outside() });
    let mut text = format!("{document:#}");
    text.push('\n');
    text.into_bytes()
}

/// One item as a JSON object.
pub fn item_json(item: &Item) -> String {
    object(item).to_string()
}

fn object(item: &Item) -> Value {
    let mut object = Map::new();
    let mut source = Map::new();
    for column in Column::ALL {
        let value = match column.list(item) {
            Some([]) => continue,
            Some(entries) => json!(entries),
            None => match column.text(item) {
                text if text.is_empty() => continue,
                text => Value::String(text),
            },
        };
        match column.key().strip_prefix("source.") {
            Some(inner) => source.insert(inner.into(), value),
            None => object.insert(column.key().into(), value),
        };
    }
    object.insert("source".into(), Value::Object(source));
    Value::Object(object)
}

fn csv(base: &Base) -> Result<Vec<u8>, csv::Error> {
    // The mark tells spreadsheets that this is UTF-8.
    let mut out = "\u{feff}".as_bytes().to_vec();
    let mut writer = csv::Writer::from_writer(&mut out);
    writer.write_record(Column::ALL.map(Column::key))?;
    for item in base.items() {
        writer.write_record(Column::ALL.map(|column| column.text(item)))?;
    }
    writer.flush()?;
    drop(writer);
    Ok(out)
}

fn xlsx(base: &Base, path: &Path) -> Result<Vec<u8>, LoadErrors> {
    let long = too_long(base, path);
    if !long.is_empty() {
        return Err(LoadErrors(long));
    }
    book(base).map_err(|error| {
        let mend = "export it as .json, which has no such bound";
        LoadErrors(vec![whole(path, &format!("cannot be written: {error}"), mend)])
    })
}

fn too_long(base: &Base, path: &Path) -> Vec<LoadError> {
    let mut errors = Vec::new();
    for (n, item) in base.items().iter().enumerate() {
        for column in Column::ALL {
            let units = column.text(item).encode_utf16().count();
            if units > CELL_UNITS_MAX {
                let problem = format!("has {units} characters; a cell holds {CELL_UNITS_MAX}");
                errors.push(at(path, n + 2, column.key(), &problem, "export it as .json or .csv"));
            }
        }
    }
    errors
}

fn book(base: &Base) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let head = Style::new().set_bold();
    let sheet = book.add_worksheet();
    sheet.set_name(ITEMS_SHEET)?.set_freeze_panes(1, 0)?;
    for (x, column) in (0u16..).zip(Column::ALL) {
        sheet.write_string_with_format(0, x, column.key(), &head)?;
        for (y, item) in (1u32..).zip(base.items()) {
            let text = column.text(item);
            if !text.is_empty() {
                sheet.write_string(y, x, text)?;
            }
        }
    }
    if !base.outside().is_empty() {
        let sheet = book.add_worksheet();
        sheet.set_name(OUTSIDE_SHEET)?;
        sheet.write_string_with_format(0, 0, OUTSIDE_SHEET, &head)?;
        for (y, text) in (1u32..).zip(base.outside()) {
            sheet.write_string(y, 0, text)?;
        }
    }
    book.save_to_buffer()
}

/// Items of one base as a TOML file that [`Base::load`] reads. `base` stands at its head, where it is not empty.
pub fn toml(items: &[&Item], outside: &[String], base: &str) -> String {
    let mut text = String::new();
    if !base.is_empty() {
        push(&mut text, "base", &quoted(base));
    }
    if !outside.is_empty() {
        push(&mut text, "outside", &array(outside));
    }
    for item in items {
        text.push_str("\n[[item]]\n");
        for column in Column::ALL {
            match column {
                Column::Base | Column::SourceArticle | Column::SourceDate => continue,
                Column::SourceName => push(&mut text, "source", &source(item)),
                _ => match column.list(item) {
                    Some([]) => {}
                    Some(entries) => push(&mut text, column.key(), &array(entries)),
                    None => {
                        let value = column.text(item);
                        if !value.is_empty() {
                            push(&mut text, column.key(), &quoted(&value));
                        }
                    }
                },
            }
        }
    }
    text
}

fn push(text: &mut String, key: &str, value: &str) {
    text.push_str(key);
    text.push_str(" = ");
    text.push_str(value);
    text.push('\n');
}

fn source(item: &Item) -> String {
    let article = match item.source.article.as_str() {
        "" => String::new(),
        article => format!("article = {}, ", quoted(article)),
    };
    format!(
        "{{ name = {}, {article}date = {} }}",
        quoted(&item.source.name),
        quoted(&item.source.date)
    )
}

fn array(entries: &[String]) -> String {
    let mut text = "[\n".to_owned();
    for entry in entries {
        text.push_str("  ");
        text.push_str(&quoted(entry));
        text.push_str(",\n");
    }
    text.push(']');
    text
}

/// A basic string of TOML (1.0, "String"): what cannot stand in it is escaped.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => out.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
