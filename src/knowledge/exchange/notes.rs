//! What became of a file's rows: how many, what was left out or cut, and why.

use std::collections::BTreeMap;
use std::fmt;

use crate::knowledge::columns::Column;
use crate::knowledge::item::Item;

/// Rows of one reason that are named in the summary.
const NAMED: usize = 3;

/// A row that makes no good item.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LeftOut {
    pub row: usize,
    /// As far as it could be made.
    pub id: String,
    pub title: String,
    pub reasons: Vec<String>,
}

/// What was left out or cut on the way in, and why.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Notes {
    /// Rows of the file.
    pub rows: usize,
    pub left_out: Vec<LeftOut>,
    /// Rows that lost something, by field and what was lost.
    pub cut: BTreeMap<(String, String), Vec<usize>>,
    /// Columns of the source that feed no field.
    pub unused: Vec<String>,
    /// Items that have anything in the field, for each.
    pub filled: BTreeMap<&'static str, usize>,
    /// Titles that several items of one region have, and how many.
    pub same_titles: BTreeMap<(String, String), usize>,
}

impl Notes {
    pub(super) fn lose(&mut self, field: &str, what: &str, row: usize) {
        self.cut.entry((field.to_owned(), what.to_owned())).or_default().push(row);
    }

    /// Counts what the items have in each field.
    pub fn count(&mut self, items: &[Item]) {
        for column in Column::ALL {
            let filled = items.iter().filter(|item| !column.text(item).is_empty()).count();
            self.filled.insert(column.key(), filled);
        }
        let mut titles: BTreeMap<(String, String), usize> = BTreeMap::new();
        for item in items {
            *titles.entry((item.region.clone(), item.title.clone())).or_default() += 1;
        }
        titles.retain(|_, many| *many > 1);
        self.same_titles = titles;
    }
}

fn rows(f: &mut fmt::Formatter<'_>, rows: &[usize]) -> fmt::Result {
    let named: Vec<String> = rows.iter().take(NAMED).map(ToString::to_string).collect();
    let more = if rows.len() > NAMED { " …" } else { "" };
    write!(f, "rows {}{more}", named.join(", "))
}

impl fmt::Display for Notes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let good = self.rows.saturating_sub(self.left_out.len());
        writeln!(f, "{} rows, {good} items, {} left out", self.rows, self.left_out.len())?;
        for row in &self.left_out {
            writeln!(
                f,
                "left out: row {} {} {}: {}",
                row.row,
                row.id,
                row.title,
                row.reasons.join("; ")
            )?;
        }
        for ((field, what), lost) in &self.cut {
            write!(f, "cut: {field}: {what}: {} items (", lost.len())?;
            rows(f, lost)?;
            writeln!(f, ")")?;
        }
        if !self.same_titles.is_empty() {
            let items: usize = self.same_titles.values().sum();
            writeln!(
                f,
                "same title in one region: {} titles, {items} items",
                self.same_titles.len()
            )?;
        }
        if !self.unused.is_empty() {
            writeln!(f, "columns not used: {}", self.unused.join(", "))?;
        }
        let blank = self.filled.iter().filter(|(_, n)| **n < good);
        let blank: Vec<String> = blank.map(|(field, n)| format!("{field} {}", good - n)).collect();
        if !blank.is_empty() {
            writeln!(f, "blank: {}", blank.join(", "))?;
        }
        Ok(())
    }
}
