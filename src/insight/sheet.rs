//! Tables that leave the house. What callers say stands in their cells, and a spreadsheet must not take it for a formula
//! (OWASP, CSV Injection).

use std::borrow::Cow;

use rust_xlsxwriter::{Format, Workbook};

use super::InsightError;

/// Of a workbook's cell, in UTF-16 units.
const CELL_UNITS_MAX: usize = 32_767;
/// What takes the place of the rest of a longer text.
const CUT: &str = "…（截断）";
/// Of a column, in characters of a workbook.
const WIDTH: f64 = 18.0;

/// A cell's text with an apostrophe before it where a spreadsheet would else calculate: it begins with `=`, `+`, `-` or
/// `@`, with one of their wide forms, or with a tab or a line end, after which some look on. Blanks before them do not
/// hide them.
pub fn guarded(text: &str) -> Cow<'_, str> {
    let risky = |c: char| matches!(c, '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠');
    let begins = text.starts_with(['\t', '\r', '\n']);
    if begins || text.trim_start().starts_with(risky) {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// The beginning of a CSV file: the mark that tells spreadsheets of UTF-8, and the columns' names.
pub fn csv_head(columns: &[&str]) -> Result<Vec<u8>, InsightError> {
    let mut bytes = "\u{feff}".as_bytes().to_vec();
    bytes.extend(csv_bytes(std::iter::once(columns))?);
    Ok(bytes)
}

/// Rows of a CSV file (RFC 4180), to follow its head or other rows.
pub fn csv_rows(rows: &[Vec<String>]) -> Result<Vec<u8>, InsightError> {
    csv_bytes(rows.iter())
}

fn csv_bytes<R, C>(rows: impl Iterator<Item = R>) -> Result<Vec<u8>, InsightError>
where
    R: IntoIterator<Item = C>,
    C: AsRef<str>,
{
    let mut out = Vec::new();
    let mut writer =
        csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(&mut out);
    for row in rows {
        for cell in row {
            writer.write_field(guarded(cell.as_ref()).as_ref())?;
        }
        writer.write_record(None::<&[u8]>)?;
    }
    writer.flush()?;
    drop(writer);
    Ok(out)
}

/// A workbook of one sheet, every cell a text. The whole of it is in memory: the caller bounds the rows.
pub fn xlsx(sheet: &str, columns: &[&str], rows: &[Vec<String>]) -> Result<Vec<u8>, InsightError> {
    let mut book = Workbook::new();
    let head = Format::new().set_bold();
    let page = book.add_worksheet();
    page.set_name(sheet)?.set_freeze_panes(1, 0)?;
    for (x, name) in (0u16..).zip(columns) {
        page.write_string_with_format(0, x, *name, &head)?;
        page.set_column_width(x, WIDTH)?;
    }
    for (y, row) in (1u32..).zip(rows) {
        for (x, text) in (0u16..).zip(row).filter(|(_, text)| !text.is_empty()) {
            page.write_string(y, x, fitting(&guarded(text)).as_ref())?;
        }
    }
    Ok(book.save_to_buffer()?)
}

/// As much as a cell holds, and a mark that it is not all.
fn fitting(text: &str) -> Cow<'_, str> {
    if text.encode_utf16().count() <= CELL_UNITS_MAX {
        return Cow::Borrowed(text);
    }
    let room = CELL_UNITS_MAX - CUT.encode_utf16().count();
    let mut units = 0;
    let kept = text.chars().take_while(|c| {
        units += c.len_utf16();
        units <= room
    });
    Cow::Owned(kept.chain(CUT.chars()).collect())
}
