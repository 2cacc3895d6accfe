//! Reads a base's TOML files and finds everything that is wrong with them in one go.
//!
//! A file holds `topic`, any number of `[[item]]` tables and, where wanted, `outside`: a list of what callers say that
//! no item answers. The fields of an item are those of [`Item`].

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::check::LoadError;
use super::fields::{Fields, Lines};
use super::item::{ASKS_MIN, Citation, Item, SPOKEN_CHARS_MAX};

const FILE_KEYS: &[&str] = &["topic", "item", "outside"];
const ITEM_KEYS: &[&str] = &[
    "id",
    "title",
    "region",
    "asks",
    "spoken",
    "full",
    "documents",
    "steps",
    "place",
    "hours",
    "fee",
    "time_limit",
    "source",
    "topic",
    "keywords",
];
const SOURCE_KEYS: &[&str] = &["name", "article", "date"];
/// Folders within folders that are followed.
const DEPTH_MAX: usize = 4;

/// What a folder holds, good and bad.
#[derive(Default)]
pub(super) struct Reading {
    pub files: usize,
    pub items: Vec<Item>,
    pub outside: Vec<String>,
    pub errors: Vec<LoadError>,
    /// Where each id, and each way of asking, was first seen.
    ids: BTreeMap<String, (PathBuf, usize)>,
    asks: BTreeMap<String, String>,
}

pub(super) fn folder(path: &Path) -> Reading {
    let mut reading = Reading::default();
    let mut files = Vec::new();
    collect(path, 0, &mut files, &mut reading.errors);
    files.sort();
    if files.is_empty() && reading.errors.is_empty() {
        reading.errors.push(whole(
            path,
            "no .toml file is in this folder",
            "name the folder that holds the knowledge files, such as knowledge/zh-CN",
        ));
    }
    for file in &files {
        read_file(file, &mut reading);
    }
    if reading.errors.is_empty() && reading.items.is_empty() {
        reading.errors.push(whole(path, "no [[item]] is in any file", "add at least one [[item]] table"));
    }
    reading
}

fn collect(path: &Path, depth: usize, files: &mut Vec<PathBuf>, errors: &mut Vec<LoadError>) {
    if path.is_file() {
        files.push(path.to_path_buf());
        return;
    }
    let entries = match std::fs::read_dir(path) {
        Ok(entries) => entries,
        Err(e) => {
            errors.push(whole(path, &format!("cannot be read ({e})"), "check the path and its permissions"));
            return;
        }
    };
    for entry in entries.flatten() {
        let inner = entry.path();
        if inner.is_dir() {
            if depth < DEPTH_MAX {
                collect(&inner, depth + 1, files, errors);
            }
        } else if inner.extension().is_some_and(|e| e == "toml") {
            files.push(inner);
        }
    }
}

fn whole(path: &Path, problem: &str, mend: &str) -> LoadError {
    LoadError {
        file: path.to_path_buf(),
        line: 0,
        field: String::new(),
        problem: problem.into(),
        mend: mend.into(),
    }
}

/// The files that ship with the program, by name and content.
pub(super) fn texts(files: &[(&str, &str)]) -> Reading {
    let mut reading = Reading::default();
    for (name, text) in files {
        read_text(Path::new(name), text, &mut reading);
    }
    reading
}

fn read_file(path: &Path, reading: &mut Reading) {
    let text = match std::fs::read(path).map(String::from_utf8) {
        Ok(Ok(text)) => text,
        Ok(Err(_)) => {
            reading.files += 1;
            reading.errors.push(whole(path, "is not UTF-8 text", "save the file as UTF-8"));
            return;
        }
        Err(e) => {
            reading.files += 1;
            reading.errors.push(whole(path, &format!("cannot be read ({e})"), "check its permissions"));
            return;
        }
    };
    read_text(path, &text, reading);
}

fn read_text(path: &Path, text: &str, reading: &mut Reading) {
    reading.files += 1;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines = Lines::new(path, text);
    let (document, syntax) = toml::de::DeTable::parse_recoverable(text);
    if !syntax.is_empty() {
        // The rest of a broken file would only give errors that follow from the first.
        reading.errors.extend(syntax.iter().map(|e| {
            lines.error(
                e.span().map_or(0, |span| span.start),
                "",
                &format!("not valid TOML: {}", e.message().replace('\n', " ")),
                "mend the line: texts stand in \"…\", lists in […], each item begins with [[item]]",
            )
        }));
        return;
    }
    let table = document.get_ref();
    let mut fields = Fields::new(&lines, table, 0, "", &mut reading.errors);
    fields.known(FILE_KEYS);
    let topic = fields.text("topic");
    let outside = fields.list("outside");
    let tables = fields.tables("item");
    reading.outside.extend(outside);
    for (table, start) in tables {
        read_item(&lines, table, start, &topic, reading);
    }
}

fn read_item(
    lines: &Lines<'_>,
    table: &toml::de::DeTable<'_>,
    start: usize,
    topic: &str,
    reading: &mut Reading,
) {
    let before = reading.errors.len();
    let mut f = Fields::new(lines, table, start, "", &mut reading.errors);
    f.known(ITEM_KEYS);
    let own_topic = f.text("topic");
    let item = Item {
        id: f.required_text("id"),
        title: f.required_text("title"),
        region: f.text("region"),
        asks: f.required_list("asks"),
        spoken: f.required_text("spoken"),
        full: f.required_text("full"),
        documents: f.list("documents"),
        steps: f.list("steps"),
        place: f.text("place"),
        hours: f.text("hours"),
        fee: f.text("fee"),
        time_limit: f.text("time_limit"),
        source: f.sub("source").map_or_else(no_source, |(table, at)| {
            let mut s = f.inner(table, at, "source");
            s.known(SOURCE_KEYS);
            let date = s.required_text("date");
            if !date.is_empty() && !is_date(&date) {
                s.wrong("date", &format!("`{date}` is not a date"), "write YYYY-MM-DD or YYYY");
            }
            Citation { name: s.required_text("name"), article: s.text("article"), date }
        }),
        topic: if own_topic.is_empty() { topic.to_owned() } else { own_topic },
        keywords: f.required_list("keywords"),
    };
    judge(&mut f, &item);
    let at = lines.line(f.at("id"));
    if let Some((file, line)) = reading.ids.get(&item.id) {
        let problem = format!("`{}` is already the id of an item in {}:{line}", item.id, file.display());
        f.wrong("id", &problem, "give each item its own id");
    }
    for ask in &item.asks {
        if let Some(other) = reading.asks.get(ask).filter(|other| **other != item.id) {
            let problem = format!("`{ask}` is already asked in the item {other}");
            f.wrong("asks", &problem, "keep each way of asking in one item only");
        }
    }
    if !item.id.is_empty() {
        reading.ids.entry(item.id.clone()).or_insert((lines.file().to_path_buf(), at));
    }
    for ask in &item.asks {
        reading.asks.entry(ask.clone()).or_insert_with(|| item.id.clone());
    }
    if reading.errors.len() == before {
        reading.items.push(item);
    }
}

/// The rules that one item keeps by itself.
fn judge(f: &mut Fields<'_, '_, '_>, item: &Item) {
    let good_id = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if !item.id.chars().all(good_id) {
        f.wrong(
            "id",
            &format!("`{}` is not an id", item.id),
            "use a-z, 0-9 and hyphens, such as id-card-replace",
        );
    }
    if item.topic.is_empty() {
        f.wrong("topic", "is missing", "add `topic = \"…\"` at the head of the file or in the item");
    }
    let region_ok =
        item.region.chars().all(|c| c.is_ascii_digit()) && matches!(item.region.len(), 0 | 2 | 4 | 6 | 9);
    if !region_ok {
        f.wrong(
            "region",
            &format!("`{}` is not a division code", item.region),
            "write 2, 4, 6 or 9 digits (33, 3307, 330702, 330702103), or leave it out for everywhere",
        );
    }
    if !item.asks.is_empty() && item.asks.len() < ASKS_MIN {
        f.wrong(
            "asks",
            &format!("has {} ways of asking", item.asks.len()),
            &format!("give at least {ASKS_MIN}, as callers say them"),
        );
    }
    let spoken = item.spoken.chars().count();
    if spoken > SPOKEN_CHARS_MAX {
        f.wrong(
            "spoken",
            &format!("has {spoken} characters"),
            &format!("say it in at most {SPOKEN_CHARS_MAX}; the rest belongs in `full`"),
        );
    }
    if item.spoken.trim_end().ends_with(['?', '？']) {
        f.wrong("spoken", "ends with a question", "end with a statement; the dialogue asks what it needs");
    }
}

fn no_source() -> Citation {
    Citation { name: String::new(), article: String::new(), date: String::new() }
}

/// `YYYY` or `YYYY-MM-DD` of a day that exists.
fn is_date(text: &str) -> bool {
    let mut parts = text.split('-').map(|part| {
        let digits = part.bytes().all(|b| b.is_ascii_digit());
        part.parse::<u32>().ok().filter(|_| digits).map(|n| (n, part.len()))
    });
    let year = match parts.next() {
        Some(Some((year @ 1900..=2100, 4))) => year,
        _ => return false,
    };
    match (parts.next(), parts.next(), parts.next()) {
        (None, None, None) => true,
        (Some(Some((month @ 1..=12, 2))), Some(Some((day, 2))), None) => {
            let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            let days = match month {
                2 if leap => 29,
                2 => 28,
                4 | 6 | 9 | 11 => 30,
                _ => 31,
            };
            (1..=days).contains(&day)
        }
        _ => false,
    }
}
