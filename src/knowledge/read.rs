//! Reads the TOML files of bases and finds everything that is wrong with them in one go.
//!
//! A file holds `topic`, any number of `[[item]]` tables and, where wanted, `outside`: a list of what callers say that
//! no item answers. The fields of an item are those of [`Item`]. `base`, `region` and `department` at the head of a file
//! hold for the items below that name none; at the head of a folder's `base.toml` they hold for all its files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::base::Origin;
use super::check::LoadError;
use super::fields::{Fields, Lines};
use super::item::{Citation, Item};
use super::rules;

const FILE_KEYS: &[&str] = &["topic", "item", "outside", "base", "region", "department"];
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
    "valid_from",
    "valid_until",
    "department",
    "replaces",
];
const SOURCE_KEYS: &[&str] = &["name", "article", "date"];
/// Folders within folders that are followed.
const DEPTH_MAX: usize = 4;
/// The file whose head holds for its whole folder.
const FOLDER_HEAD: &str = "base.toml";

/// What bases hold, good and bad.
#[derive(Default)]
pub(super) struct Reading {
    pub files: usize,
    pub items: Vec<Item>,
    pub outside: Vec<String>,
    pub errors: Vec<LoadError>,
    /// Which of the bases is being read, from 0.
    base: usize,
    /// What the base's own head gives.
    head: Head,
    /// Where each id was first seen, and for which region.
    ids: BTreeMap<String, Seen>,
    /// Which item of a base and a region is asked for so. In another region the same words may mean another item.
    asks: BTreeMap<(usize, String, String), String>,
    replaces: Vec<Replaces>,
}

struct Seen {
    file: PathBuf,
    line: usize,
    region: String,
}

/// An item that stands in for others.
struct Replaces {
    id: String,
    at: LoadError,
    others: Vec<String>,
}

/// What stands at the head of a file or a folder, for the items that do not say it themselves.
#[derive(Clone, Default)]
struct Head {
    base: String,
    region: String,
    department: String,
    topic: String,
}

impl Head {
    fn or(self, wider: &Head) -> Head {
        let or = |own: String, wider: &String| if own.is_empty() { wider.clone() } else { own };
        Head {
            base: or(self.base, &wider.base),
            region: or(self.region, &wider.region),
            department: or(self.department, &wider.department),
            topic: self.topic,
        }
    }
}

/// All bases together.
pub(super) fn bases(origins: &[Origin]) -> Reading {
    let mut reading = Reading::default();
    for (n, origin) in origins.iter().enumerate() {
        reading.base = n;
        reading.head = Head::default();
        match origin {
            Origin::Shipped => {
                for (name, text) in super::shipped::FILES {
                    read_text(Path::new(name), text, &mut reading);
                }
            }
            Origin::Folder(path) => folder(path, &[], &mut reading),
        }
    }
    stand_ins(&mut reading);
    reading
}

/// A folder as it would be with these files in it, each by its name and text.
pub(super) fn folder_with(path: &Path, texts: &[(String, String)]) -> Reading {
    let mut reading = Reading::default();
    folder(path, texts, &mut reading);
    reading
}

fn folder(path: &Path, texts: &[(String, String)], reading: &mut Reading) {
    let before = (reading.errors.len(), reading.items.len());
    let mut files = Vec::new();
    if texts.is_empty() || path.exists() {
        collect(path, 0, &mut files, &mut reading.errors);
    }
    files.retain(|file| texts.iter().all(|(name, _)| *file != path.join(name)));
    // The folder's own head first: the others are read under it.
    let head = path.join(FOLDER_HEAD);
    files.sort_by(|a, b| (*a != head, a).cmp(&(*b != head, b)));
    if files.is_empty() && texts.is_empty() && reading.errors.len() == before.0 {
        reading.errors.push(whole(
            path,
            "no .toml file is in this folder",
            "name the folder that holds the knowledge files, such as knowledge/zh-CN",
        ));
    }
    for file in &files {
        let head = read_file(file, reading);
        if *file == path.join(FOLDER_HEAD) {
            reading.head = head;
        }
    }
    for (name, text) in texts {
        read_text(&path.join(name), text, reading);
    }
    if (reading.errors.len(), reading.items.len()) == before {
        reading.errors.push(whole(
            path,
            "no [[item]] is in any file",
            "add at least one [[item]] table",
        ));
    }
}

/// What an item stands in for must be there, and be for a wider place.
fn stand_ins(reading: &mut Reading) {
    let mut errors = Vec::new();
    for Replaces { id, at, others } in &reading.replaces {
        let own = reading.ids.get(id).map_or("", |seen| seen.region.as_str());
        for other in others {
            let (problem, mend) = match reading.ids.get(other) {
                None => (
                    format!("`{other}` is in none of these bases"),
                    "name the base that holds it too, or take the id out",
                ),
                Some(wide) if own == wide.region || !own.starts_with(&wide.region) => (
                    format!("`{other}` is not for a wider place than this item"),
                    "an item replaces only those of the divisions above its own",
                ),
                Some(_) => continue,
            };
            errors.push(LoadError { problem, mend: mend.into(), ..at.clone() });
        }
    }
    reading.errors.extend(errors);
}

fn collect(path: &Path, depth: usize, files: &mut Vec<PathBuf>, errors: &mut Vec<LoadError>) {
    if path.is_file() {
        files.push(path.to_path_buf());
        return;
    }
    let entries = match std::fs::read_dir(path) {
        Ok(entries) => entries,
        Err(e) => {
            errors.push(whole(
                path,
                &format!("cannot be read ({e})"),
                "check the path and its permissions",
            ));
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

fn read_file(path: &Path, reading: &mut Reading) -> Head {
    let text = match std::fs::read(path).map(String::from_utf8) {
        Ok(Ok(text)) => text,
        Ok(Err(_)) => {
            reading.files += 1;
            reading.errors.push(whole(path, "is not UTF-8 text", "save the file as UTF-8"));
            return Head::default();
        }
        Err(e) => {
            reading.files += 1;
            reading.errors.push(whole(
                path,
                &format!("cannot be read ({e})"),
                "check its permissions",
            ));
            return Head::default();
        }
    };
    read_text(path, &text, reading)
}

/// What stands at the head of the file.
fn read_text(path: &Path, text: &str, reading: &mut Reading) -> Head {
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
        return Head::default();
    }
    let table = document.get_ref();
    let mut fields = Fields::new(&lines, table, 0, "", &mut reading.errors);
    fields.known(FILE_KEYS);
    let head = Head {
        topic: fields.text("topic"),
        base: fields.text("base"),
        region: fields.text("region"),
        department: fields.text("department"),
    };
    if !rules::is_region(&head.region) {
        let problem = format!("`{}` is not a division code", head.region);
        fields.wrong(
            "region",
            &problem,
            "write 2, 4, 6 or 9 digits, or leave it out for everywhere",
        );
    }
    let head = head.or(&reading.head);
    let outside = fields.list("outside");
    let tables = fields.tables("item");
    reading.outside.extend(outside);
    for (table, start) in tables {
        read_item(&lines, table, start, &head, reading);
    }
    head
}

fn read_item(
    lines: &Lines<'_>,
    table: &toml::de::DeTable<'_>,
    start: usize,
    head: &Head,
    reading: &mut Reading,
) {
    let before = reading.errors.len();
    let mut f = Fields::new(lines, table, start, "", &mut reading.errors);
    f.known(ITEM_KEYS);
    let item = item_of(&mut f, head);
    for fault in rules::form(&item) {
        f.wrong(fault.field, &fault.problem, &fault.mend);
    }
    let at = lines.line(f.at("id"));
    if let Some(Seen { file, line, .. }) = reading.ids.get(&item.id) {
        let problem =
            format!("`{}` is already the id of an item in {}:{line}", item.id, file.display());
        f.wrong("id", &problem, "give each item its own id");
    }
    let asked = |ask: &String| (reading.base, item.region.clone(), ask.clone());
    for ask in &item.asks {
        if let Some(other) = reading.asks.get(&asked(ask)).filter(|other| **other != item.id) {
            let problem = format!("`{ask}` is already asked in the item {other}");
            f.wrong("asks", &problem, "keep each way of asking in one item only");
        }
    }
    if !item.replaces.is_empty() {
        let at = lines.error(f.at("replaces"), "replaces", "", "");
        reading.replaces.push(Replaces { id: item.id.clone(), at, others: item.replaces.clone() });
    }
    if !item.id.is_empty() {
        let seen = Seen { file: lines.file().to_path_buf(), line: at, region: item.region.clone() };
        reading.ids.entry(item.id.clone()).or_insert(seen);
    }
    for ask in &item.asks {
        let place = (reading.base, item.region.clone(), ask.clone());
        reading.asks.entry(place).or_insert_with(|| item.id.clone());
    }
    if reading.errors.len() == before {
        reading.items.push(item);
    }
}

fn item_of(f: &mut Fields<'_, '_, '_>, head: &Head) -> Item {
    let or = |own: String, head: &String| if own.is_empty() { head.clone() } else { own };
    Item {
        id: f.required_text("id"),
        title: f.required_text("title"),
        region: or(f.text("region"), &head.region),
        asks: f.required_list("asks"),
        spoken: f.required_text("spoken"),
        full: f.required_text("full"),
        documents: f.list("documents"),
        steps: f.list("steps"),
        place: f.text("place"),
        hours: f.text("hours"),
        fee: f.text("fee"),
        time_limit: f.text("time_limit"),
        source: f.sub("source").map_or_else(Citation::default, |(table, at)| {
            let mut s = f.inner(table, at, "source");
            s.known(SOURCE_KEYS);
            Citation {
                date: s.required_text("date"),
                name: s.required_text("name"),
                article: s.text("article"),
            }
        }),
        topic: or(f.text("topic"), &head.topic),
        keywords: f.required_list("keywords"),
        valid_from: f.day("valid_from"),
        valid_until: f.day("valid_until"),
        department: or(f.text("department"), &head.department),
        base: head.base.clone(),
        replaces: f.list("replaces"),
    }
}
