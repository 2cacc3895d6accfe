//! The fields of an item by name, each as one text: what tables, forms and histories hold.
//!
//! A list is one line an entry; in an entry `\n` stands for a line end and `\\` for a backslash, so that no entry is lost.

use super::item::Item;
use super::rules::{Fault, Rule};
use crate::kernel::Day;

/// One field of an item.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Column {
    Id,
    Title,
    Region,
    Asks,
    Spoken,
    Full,
    Documents,
    Steps,
    Place,
    Hours,
    Fee,
    TimeLimit,
    SourceName,
    SourceArticle,
    SourceDate,
    Topic,
    Keywords,
    ValidFrom,
    ValidUntil,
    Department,
    Base,
    Replaces,
}

impl Column {
    /// In the order of a table.
    pub const ALL: [Column; 22] = [
        Column::Id,
        Column::Title,
        Column::Region,
        Column::Asks,
        Column::Spoken,
        Column::Full,
        Column::Documents,
        Column::Steps,
        Column::Place,
        Column::Hours,
        Column::Fee,
        Column::TimeLimit,
        Column::SourceName,
        Column::SourceArticle,
        Column::SourceDate,
        Column::Topic,
        Column::Keywords,
        Column::ValidFrom,
        Column::ValidUntil,
        Column::Department,
        Column::Base,
        Column::Replaces,
    ];

    pub const fn key(self) -> &'static str {
        match self {
            Column::Id => "id",
            Column::Title => "title",
            Column::Region => "region",
            Column::Asks => "asks",
            Column::Spoken => "spoken",
            Column::Full => "full",
            Column::Documents => "documents",
            Column::Steps => "steps",
            Column::Place => "place",
            Column::Hours => "hours",
            Column::Fee => "fee",
            Column::TimeLimit => "time_limit",
            Column::SourceName => "source.name",
            Column::SourceArticle => "source.article",
            Column::SourceDate => "source.date",
            Column::Topic => "topic",
            Column::Keywords => "keywords",
            Column::ValidFrom => "valid_from",
            Column::ValidUntil => "valid_until",
            Column::Department => "department",
            Column::Base => "base",
            Column::Replaces => "replaces",
        }
    }

    pub fn from_key(key: &str) -> Option<Column> {
        Column::ALL.into_iter().find(|column| column.key() == key)
    }

    /// Whether an item cannot be without it.
    pub const fn is_required(self) -> bool {
        matches!(
            self,
            Column::Id
                | Column::Title
                | Column::Asks
                | Column::Spoken
                | Column::Full
                | Column::SourceName
                | Column::SourceDate
                | Column::Topic
                | Column::Keywords
        )
    }

    pub const fn is_list(self) -> bool {
        matches!(
            self,
            Column::Asks | Column::Documents | Column::Steps | Column::Keywords | Column::Replaces
        )
    }

    /// The entries of a list; `None` for a field that is no list.
    pub fn list(self, item: &Item) -> Option<&[String]> {
        Some(match self {
            Column::Asks => &item.asks,
            Column::Documents => &item.documents,
            Column::Steps => &item.steps,
            Column::Keywords => &item.keywords,
            Column::Replaces => &item.replaces,
            _ => return None,
        })
    }

    /// What the field holds, as one text; empty where it holds nothing.
    pub fn text(self, item: &Item) -> String {
        let day = |day: Option<Day>| day.map(|day| day.to_string()).unwrap_or_default();
        match self {
            Column::Id => item.id.clone(),
            Column::Title => item.title.clone(),
            Column::Region => item.region.clone(),
            Column::Spoken => item.spoken.clone(),
            Column::Full => item.full.clone(),
            Column::Place => item.place.clone(),
            Column::Hours => item.hours.clone(),
            Column::Fee => item.fee.clone(),
            Column::TimeLimit => item.time_limit.clone(),
            Column::SourceName => item.source.name.clone(),
            Column::SourceArticle => item.source.article.clone(),
            Column::SourceDate => item.source.date.clone(),
            Column::Topic => item.topic.clone(),
            Column::ValidFrom => day(item.valid_from),
            Column::ValidUntil => day(item.valid_until),
            Column::Department => item.department.clone(),
            Column::Base => item.base.clone(),
            Column::Asks
            | Column::Documents
            | Column::Steps
            | Column::Keywords
            | Column::Replaces => lines(self.list(item).unwrap_or_default()),
        }
    }

    /// Fills the field from a text as [`Column::text`] gives it. Spaces around texts and entries, and empty entries, go.
    ///
    /// # Errors
    /// A day that is none.
    pub fn set(self, item: &mut Item, text: &str) -> Result<(), Fault> {
        let own = text.trim().replace("\r\n", "\n").replace('\r', "\n");
        match self {
            Column::Id => item.id = own,
            Column::Title => item.title = own,
            Column::Region => item.region = own,
            Column::Spoken => item.spoken = own,
            Column::Full => item.full = own,
            Column::Place => item.place = own,
            Column::Hours => item.hours = own,
            Column::Fee => item.fee = own,
            Column::TimeLimit => item.time_limit = own,
            Column::SourceName => item.source.name = own,
            Column::SourceArticle => item.source.article = own,
            Column::SourceDate => item.source.date = own,
            Column::Topic => item.topic = own,
            Column::ValidFrom => item.valid_from = self.day(&own)?,
            Column::ValidUntil => item.valid_until = self.day(&own)?,
            Column::Department => item.department = own,
            Column::Base => item.base = own,
            Column::Asks
            | Column::Documents
            | Column::Steps
            | Column::Keywords
            | Column::Replaces => self.set_list(item, entries(&own)),
        }
        Ok(())
    }

    /// Fills a list; nothing happens to a field that is none.
    pub fn set_list(self, item: &mut Item, entries: Vec<String>) {
        match self {
            Column::Asks => item.asks = entries,
            Column::Documents => item.documents = entries,
            Column::Steps => item.steps = entries,
            Column::Keywords => item.keywords = entries,
            Column::Replaces => item.replaces = entries,
            _ => {}
        }
    }

    fn day(self, text: &str) -> Result<Option<Day>, Fault> {
        if text.is_empty() {
            return Ok(None);
        }
        Day::parse(text).map(Some).ok_or_else(|| Fault {
            field: self.key(),
            rule: Rule::Date,
            problem: format!("`{text}` is not a day"),
            mend: "write YYYY-MM-DD".into(),
        })
    }
}

/// The fields in which two items differ, with what they hold: before, after.
pub fn differences(before: &Item, after: &Item) -> Vec<(Column, String, String)> {
    let of = |column: Column| (column, column.text(before), column.text(after));
    Column::ALL.into_iter().map(of).filter(|(_, a, b)| a != b).collect()
}

fn lines(entries: &[String]) -> String {
    let lines: Vec<String> =
        entries.iter().map(|entry| entry.replace('\\', "\\\\").replace('\n', "\\n")).collect();
    lines.join("\n")
}

fn entries(text: &str) -> Vec<String> {
    text.lines()
        .map(|line| plain(line.trim()).trim().to_owned())
        .filter(|e| !e.is_empty())
        .collect()
}

/// A lone backslash stands for itself.
fn plain(line: &str) -> String {
    let mut entry = String::with_capacity(line.len());
    let mut rest = line.chars().peekable();
    while let Some(c) = rest.next() {
        match (c, rest.peek()) {
            ('\\', Some('n')) => {
                rest.next();
                entry.push('\n');
            }
            ('\\', Some('\\')) => {
                rest.next();
                entry.push('\\');
            }
            _ => entry.push(c),
        }
    }
    entry
}
