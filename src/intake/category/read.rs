//! Taxonomies and examples as files: TOML as ours, JSON lines, CSV. Each fault names its line, its field and the way out.

use std::collections::{HashMap, HashSet};

use serde::Deserialize;
use serde_json::Value;
use toml::Spanned;

use super::taxonomy::{Entry, Fault, Faults, LEVELS_MAX, Taxonomy};

/// How a taxonomy is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// `[[group]]`, `[[group.topic]]`, `[[group.topic.item]]`, each with `code`, `name` and maybe `words`, `hints`, `like`.
    Toml,
    /// One object a line: {"l1": …, "l2": …, "l3": …} with maybe "code", "words", "hints", "like" of the deepest; or
    /// {"code": …, "name": …, "parent": code of the one above or null}.
    Jsonl,
    /// The same fields as columns under a line of their names.
    Csv,
}

impl Form {
    /// By the end of the file's name.
    pub fn of(file: &str) -> Option<Form> {
        match file.rsplit_once('.')?.1.to_ascii_lowercase().as_str() {
            "toml" => Some(Form::Toml),
            "jsonl" | "ndjson" | "json" => Some(Form::Jsonl),
            "csv" => Some(Form::Csv),
            _ => None,
        }
    }
}

/// A labelled text: what somebody who knows has called it.
#[derive(Clone, PartialEq, Debug)]
pub struct Example {
    pub title: Option<String>,
    pub text: String,
    /// Names from the first level down, one to three.
    pub names: Vec<String>,
}

/// A row of either form, before it is an entry.
#[derive(Default)]
struct Row {
    line: usize,
    /// l1, l2, l3 as far as they are given.
    path: Vec<String>,
    code: Option<String>,
    name: Option<String>,
    parent: Option<String>,
    words: Vec<String>,
    hints: Vec<String>,
    like: Vec<String>,
}

const LEVEL_FIELDS: [&str; LEVELS_MAX] = ["l1", "l2", "l3"];

impl Taxonomy {
    /// Reads a taxonomy. `file` names it in faults.
    pub fn read(text: &str, form: Form, file: &str) -> Result<Taxonomy, Faults> {
        let mut faults = Vec::new();
        let taxonomy = match form {
            Form::Toml => from_toml(text, &mut faults),
            Form::Jsonl => from_rows(json_rows(text, &mut faults), &mut faults),
            Form::Csv => from_rows(csv_rows(text, &mut faults), &mut faults),
        };
        if taxonomy.entries.is_empty() && faults.is_empty() {
            let detail = "the file has no entry; write one category a row".to_owned();
            faults.push(Fault { line: 1, field: "l1", detail });
        }
        match faults.is_empty() {
            true => Ok(taxonomy),
            false => Err(Faults { file: file.to_owned(), faults }),
        }
    }
}

fn fault(faults: &mut Vec<Fault>, line: usize, field: &'static str, detail: impl Into<String>) {
    faults.push(Fault { line, field, detail: detail.into() });
}

// ---- rows ----

/// The fields of a row, whatever wrote it.
fn row(line: usize, get: impl Fn(&str) -> Option<String>, faults: &mut Vec<Fault>) -> Option<Row> {
    let list = |name: &str| -> Vec<String> {
        get(name).iter().flat_map(|words| words.split_whitespace()).map(str::to_owned).collect()
    };
    let filled = |name: &str| get(name).map(|s| s.trim().to_owned()).filter(|s| !s.is_empty());
    let mut path = Vec::new();
    for (n, field) in LEVEL_FIELDS.into_iter().enumerate() {
        match filled(field) {
            Some(name) if path.len() == n => path.push(name),
            Some(_) => {
                let above = LEVEL_FIELDS.get(path.len()).copied().unwrap_or("l1");
                fault(
                    faults,
                    line,
                    above,
                    format!("is empty although {field} is given; name the level above"),
                );
                return None;
            }
            None => {}
        }
    }
    let like = get("like")
        .iter()
        .flat_map(|s| s.split(['|', '\n']))
        .map(str::trim)
        .filter(|s| !s.is_empty())
        .map(str::to_owned)
        .collect();
    let row = Row {
        line,
        path,
        code: filled("code"),
        name: filled("name"),
        parent: filled("parent"),
        words: list("words"),
        hints: list("hints"),
        like,
    };
    if row.path.is_empty() {
        let missing = match (&row.code, &row.name) {
            (None, None) => Some(("l1", "is empty; give l1 (and l2, l3), or code and name")),
            (Some(_), None) => Some(("name", "is empty; a category needs a name")),
            (None, Some(_)) => Some(("code", "is empty; a category that has a name needs a code")),
            (Some(_), Some(_)) => None,
        };
        if let Some((field, detail)) = missing {
            fault(faults, line, field, detail);
            return None;
        }
    }
    Some(row)
}

fn json_rows(text: &str, faults: &mut Vec<Fault>) -> Vec<Row> {
    let mut rows = Vec::new();
    for (n, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        match serde_json::from_str::<Value>(line) {
            Ok(Value::Object(object)) => {
                let wrong = object.iter().find(|(_, v)| v.is_object() || v.is_boolean());
                if let Some((name, _)) = wrong {
                    fault(faults, n + 1, "row", format!("{name:?} is no text; write it in quotes"));
                    continue;
                }
                let get = |name: &str| object.get(name).and_then(as_text);
                rows.extend(row(n + 1, get, faults));
            }
            Ok(_) => fault(faults, n + 1, "row", "is no JSON object; write {\"l1\": \"…\"}"),
            Err(error) => {
                fault(faults, n + 1, "row", format!("is no JSON: {error}; write one object a line"))
            }
        }
    }
    rows
}

fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Array(all) => {
            let texts: Vec<&str> = all.iter().filter_map(Value::as_str).collect();
            Some(texts.join("\n"))
        }
        _ => None,
    }
}

fn csv_rows(text: &str, faults: &mut Vec<Fault>) -> Vec<Row> {
    let text = text.trim_start_matches('\u{feff}');
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    let names: Vec<String> = match reader.headers() {
        Ok(names) => names.iter().map(|name| name.trim().to_lowercase()).collect(),
        Err(error) => {
            fault(faults, 1, "header", format!("cannot be read: {error}"));
            return Vec::new();
        }
    };
    if !names.iter().any(|name| name == "l1" || name == "name") {
        fault(
            faults,
            1,
            "header",
            "names neither l1 nor name; the first line names the columns: l1,l2,l3 or code,name,parent",
        );
        return Vec::new();
    }
    let mut rows = Vec::new();
    for record in reader.records() {
        match record {
            Ok(record) => {
                let line = record.position().map_or(0, |at| at.line() as usize);
                let get = |name: &str| {
                    let at = names.iter().position(|n| n == name)?;
                    record.get(at).map(str::to_owned)
                };
                rows.extend(row(line, get, faults));
            }
            Err(error) => {
                let line = error.position().map_or(0, |at| at.line() as usize);
                fault(faults, line, "row", format!("cannot be read: {error}"));
            }
        }
    }
    rows
}

// ---- rows to entries ----

fn from_rows(rows: Vec<Row>, faults: &mut Vec<Fault>) -> Taxonomy {
    let (paths, listed): (Vec<Row>, Vec<Row>) =
        rows.into_iter().partition(|row| !row.path.is_empty());
    let mut taxonomy = Taxonomy::default();
    match (paths.first(), listed.first()) {
        (Some(_), Some(odd)) => {
            fault(
                faults,
                odd.line,
                "l1",
                "is empty, but other rows are given by l1, l2, l3; write all rows one way",
            );
        }
        (Some(_), None) => by_path(paths, &mut taxonomy, faults),
        (None, _) => by_parent(listed, &mut taxonomy, faults),
    }
    taxonomy
}

fn by_path(rows: Vec<Row>, taxonomy: &mut Taxonomy, faults: &mut Vec<Fault>) {
    let mut known: HashMap<Vec<String>, usize> = HashMap::new();
    let mut told: HashMap<Vec<String>, usize> = HashMap::new();
    let mut codes: HashMap<String, usize> = HashMap::new();
    for row in rows {
        let mut above = None;
        for depth in 1..=row.path.len() {
            let path: Vec<String> = row.path.iter().take(depth).cloned().collect();
            let code = path.join("/");
            let name = path.last().cloned().unwrap_or_default();
            above = Some(*known.entry(path).or_insert_with(|| {
                taxonomy.add(Entry { code, name, parent: above, ..Entry::default() })
            }));
        }
        if let Some(first) = told.insert(row.path.clone(), row.line) {
            let field = LEVEL_FIELDS.get(row.path.len() - 1).copied().unwrap_or("l1");
            let detail = format!(
                "{} stands twice, first in line {first}; leave one out",
                row.path.join("/")
            );
            fault(faults, row.line, field, detail);
            continue;
        }
        if let Some(code) = &row.code
            && let Some(first) = codes.insert(code.clone(), row.line)
        {
            fault(
                faults,
                row.line,
                "code",
                format!("{code:?} stands twice, first in line {first}; give each category its own"),
            );
        }
        if let Some(entry) = above.and_then(|at| taxonomy.entries.get_mut(at)) {
            entry.code = row.code.unwrap_or_else(|| entry.code.clone());
            (entry.words, entry.hints, entry.like) = (row.words, row.hints, row.like);
        }
    }
}

fn by_parent(rows: Vec<Row>, taxonomy: &mut Taxonomy, faults: &mut Vec<Fault>) {
    let mut lines: HashMap<&str, usize> = HashMap::new();
    let mut parents: HashMap<&str, Option<&str>> = HashMap::new();
    for row in &rows {
        let code = row.code.as_deref().unwrap_or_default();
        if let Some(first) = lines.insert(code, row.line) {
            fault(
                faults,
                row.line,
                "code",
                format!("{code:?} stands twice, first in line {first}; give each category its own"),
            );
        }
        parents.insert(code, row.parent.as_deref());
    }
    let mut sound = faults.is_empty();
    for row in &rows {
        let code = row.code.as_deref().unwrap_or_default();
        if let Some(bad) = ancestry(code, &parents) {
            fault(faults, row.line, "parent", bad);
            sound = false;
        }
    }
    if !sound {
        return;
    }
    // Parents first, whatever the file's order: at most as many rounds as there are levels.
    let mut placed: HashMap<String, usize> = HashMap::new();
    let mut left = rows;
    while !left.is_empty() {
        let (ready, later): (Vec<Row>, Vec<Row>) = left
            .into_iter()
            .partition(|row| row.parent.as_ref().is_none_or(|parent| placed.contains_key(parent)));
        if ready.is_empty() {
            return;
        }
        for row in ready {
            let parent = row.parent.as_ref().and_then(|parent| placed.get(parent)).copied();
            let code = row.code.unwrap_or_default();
            let entry = Entry {
                code: code.clone(),
                name: row.name.unwrap_or_default(),
                parent,
                words: row.words,
                hints: row.hints,
                like: row.like,
                ..Entry::default()
            };
            let at = taxonomy.add(entry);
            placed.insert(code, at);
        }
        left = later;
    }
}

/// What is wrong on the way from a code to the top.
fn ancestry(code: &str, parents: &HashMap<&str, Option<&str>>) -> Option<String> {
    let mut seen = HashSet::from([code]);
    let mut way = vec![code];
    let mut at = code;
    while let Some(Some(above)) = parents.get(at) {
        way.push(above);
        if !parents.contains_key(above) {
            let known = way.len() > 2;
            // Said once, where it stands.
            return (!known).then(|| format!("{above:?} is no code of the file; add it, or leave parent empty for the first level"));
        }
        if !seen.insert(above) {
            return Some(format!(
                "goes in a circle: {}; one of them must lie higher",
                way.join(" → ")
            ));
        }
        at = above;
    }
    (way.len() > LEVELS_MAX)
        .then(|| format!("lies {} levels deep; at most {LEVELS_MAX} are possible", way.len()))
}

// ---- ours ----

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TomlFile {
    group: Vec<TomlEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TomlEntry {
    code: Spanned<String>,
    name: Spanned<String>,
    #[serde(default)]
    words: String,
    #[serde(default)]
    hints: String,
    #[serde(default)]
    like: Vec<String>,
    #[serde(default)]
    topic: Vec<TomlEntry>,
    #[serde(default)]
    item: Vec<TomlEntry>,
}

fn from_toml(text: &str, faults: &mut Vec<Fault>) -> Taxonomy {
    let line_of =
        |byte: usize| text.get(..byte).map_or(1, |before| before.matches('\n').count() + 1);
    let mut taxonomy = Taxonomy::default();
    let file: TomlFile = match toml::from_str(text) {
        Ok(file) => file,
        Err(error) => {
            let line = error.span().map_or(1, |span| line_of(span.start));
            fault(faults, line, "toml", error.message().to_owned());
            return taxonomy;
        }
    };
    let mut codes: HashMap<String, usize> = HashMap::new();
    let mut open: Vec<(TomlEntry, Option<usize>, usize)> =
        file.group.into_iter().rev().map(|g| (g, None, 1)).collect();
    while let Some((entry, parent, level)) = open.pop() {
        let line = line_of(entry.code.span().start);
        let code = entry.code.into_inner().trim().to_owned();
        let name_line = line_of(entry.name.span().start);
        let name = entry.name.into_inner().trim().to_owned();
        if code.is_empty() {
            fault(faults, line, "code", "is empty; every category needs a code of its own");
        } else if let Some(first) = codes.insert(code.clone(), line) {
            fault(
                faults,
                line,
                "code",
                format!("{code:?} stands twice, first in line {first}; give each category its own"),
            );
        }
        if name.is_empty() {
            fault(faults, name_line, "name", "is empty; a category needs a name");
        }
        let below: Vec<TomlEntry> = match level {
            1 if entry.item.is_empty() => entry.topic,
            2 if entry.topic.is_empty() => entry.item,
            _ => {
                if !entry.topic.is_empty() || !entry.item.is_empty() {
                    fault(
                        faults,
                        line,
                        "code",
                        format!(
                            "{code:?} has entries below it that do not belong there; groups have topics, topics have items"
                        ),
                    );
                }
                Vec::new()
            }
        };
        let list = |words: &str| words.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let (words, hints) = (list(&entry.words), list(&entry.hints));
        let at = taxonomy.add(Entry {
            code,
            name,
            parent,
            words,
            hints,
            like: entry.like,
            ..Entry::default()
        });
        open.extend(below.into_iter().rev().map(|e| (e, Some(at), level + 1)));
    }
    taxonomy
}

// ---- examples ----

/// Labelled texts, one JSON object a line: {"text": …, "l1": …} with maybe "title", "l2", "l3"; rows without l1 are passed
/// over. With a taxonomy every name must be in it.
pub fn examples(
    text: &str,
    file: &str,
    taxonomy: Option<&Taxonomy>,
) -> Result<Vec<Example>, Faults> {
    let mut faults = Vec::new();
    let mut examples = Vec::new();
    for (n, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let line_number = n + 1;
        let row: Value = match serde_json::from_str(line) {
            Ok(row) => row,
            Err(error) => {
                fault(
                    &mut faults,
                    line_number,
                    "row",
                    format!("is no JSON: {error}; write one object a line"),
                );
                continue;
            }
        };
        let string = |name: &str| {
            row.get(name).and_then(Value::as_str).map(str::trim).filter(|s| !s.is_empty())
        };
        let names: Vec<&str> = LEVEL_FIELDS.iter().map_while(|field| string(field)).collect();
        if names.is_empty() {
            continue;
        }
        let Some(said) = string("text") else {
            fault(
                &mut faults,
                line_number,
                "text",
                "is missing or empty; give the words that the category was given to",
            );
            continue;
        };
        if let Some(taxonomy) = taxonomy
            && taxonomy.find(&names).is_none()
        {
            let field = LEVEL_FIELDS.get(names.len() - 1).copied().unwrap_or("l1");
            fault(
                &mut faults,
                line_number,
                field,
                format!(
                    "{} is not in the taxonomy; `huiyin taxonomy check` lists it",
                    names.join("/")
                ),
            );
            continue;
        }
        examples.push(Example {
            title: string("title").map(str::to_owned),
            text: said.to_owned(),
            names: names.into_iter().map(str::to_owned).collect(),
        });
    }
    if examples.is_empty() && faults.is_empty() {
        fault(&mut faults, 1, "l1", "no row has a category; write {\"text\": …, \"l1\": …}");
    }
    match faults.is_empty() {
        true => Ok(examples),
        false => Err(Faults { file: file.to_owned(), faults }),
    }
}

/// The taxonomy that the examples' own names make, where none is given.
pub fn taxonomy_of(examples: &[Example]) -> Taxonomy {
    let mut taxonomy = Taxonomy::default();
    for example in examples {
        for depth in 1..=example.names.len() {
            let names: Vec<&str> = example.names.iter().take(depth).map(String::as_str).collect();
            if taxonomy.find(&names).is_none() {
                let parent = names.split_last().and_then(|(_, above)| match above {
                    [] => None,
                    above => taxonomy.find(above),
                });
                let name = names.last().map(|s| (*s).to_owned()).unwrap_or_default();
                taxonomy.add(Entry { code: names.join("/"), name, parent, ..Entry::default() });
            }
        }
    }
    taxonomy
}
