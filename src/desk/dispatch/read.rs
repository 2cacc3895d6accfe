//! A file of rules as TOML, with the line of everything that is wrong in it.

use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::hours::{Hours, Season, Times};
use super::units::{Directory, Kind};
use super::{Category, Level, Pack, Rule, Rules, Target, Unit};
use crate::kernel::fault::{Fault, Faults, Gravity};

const FILE_KEYS: &[&str] =
    &["name", "copy_townships_to", "default_pack", "divisions", "kind", "unit", "pack", "rule"];
const KIND_KEYS: &[&str] = &["code", "name", "street_name", "levels"];
const UNIT_KEYS: &[&str] = &["code", "name", "kind", "places", "members"];
const PACK_KEYS: &[&str] = &["code", "name", "source", "clock", "procedure"];
const RULE_KEYS: &[&str] = &[
    "id",
    "categories",
    "places",
    "roads",
    "words",
    "unless",
    "hours",
    "weekdays",
    "seasons",
    "to",
    "with",
    "pack",
    "priority",
];
/// For every category, every place.
const ALL: &str = "*";

pub(super) fn rules(file: &str, text: &str, categories: &[Category]) -> Result<Rules, Faults> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = Reader { file, starts: line_starts(text), faults: Vec::new() };
    let (document, syntax) = DeTable::parse_recoverable(text);
    for error in &syntax {
        let at = error.span().map_or(0, |span| span.start);
        let problem = format!("not valid TOML: {}", error.message().replace('\n', " "));
        reader.wrong(
            at,
            "",
            &problem,
            "mend the line: texts stand in \"…\", lists in […], a rule begins with [[rule]]",
        );
    }
    if !reader.faults.is_empty() {
        return Err(Faults(reader.faults));
    }
    let rules = reader.file(document.get_ref(), categories);
    if reader.faults.is_empty() {
        Ok(rules)
    } else {
        reader.faults.sort_by_key(|fault| fault.line);
        Err(Faults(reader.faults))
    }
}

fn line_starts(text: &str) -> Vec<usize> {
    std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect()
}

struct Reader<'a> {
    file: &'a str,
    starts: Vec<usize>,
    faults: Vec<Fault>,
}

/// One table of the file: what it is called in faults, where it begins.
#[derive(Clone, Copy)]
struct Part<'d, 't> {
    path: &'static str,
    table: &'d DeTable<'t>,
    start: usize,
}

impl<'d, 't> Part<'d, 't> {
    fn get(&self, key: &str) -> Option<&'d Spanned<DeValue<'t>>> {
        self.table.iter().find(|(name, _)| name.get_ref() == key).map(|(_, value)| value)
    }

    fn at(&self, key: &str) -> usize {
        self.get(key).map_or(self.start, |value| value.span().start)
    }

    fn field(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }
}

impl Reader<'_> {
    fn line(&self, at: usize) -> usize {
        self.starts.partition_point(|start| *start <= at)
    }

    fn wrong(&mut self, at: usize, field: &str, problem: &str, mend: &str) {
        self.faults.push(Fault {
            gravity: Gravity::Error,
            file: self.file.to_owned(),
            line: self.line(at),
            field: field.to_owned(),
            problem: problem.to_owned(),
            mend: mend.to_owned(),
        });
    }

    fn wrong_in(&mut self, part: Part<'_, '_>, key: &str, problem: &str, mend: &str) {
        self.wrong(part.at(key), &part.field(key), problem, mend);
    }

    fn known(&mut self, part: Part<'_, '_>, keys: &[&str]) {
        for key in part.table.keys() {
            let name = key.get_ref().as_ref();
            if !keys.contains(&name) {
                let mend = format!("remove it; the keys here are {}", keys.join(", "));
                self.wrong(key.span().start, &part.field(name), "is not a known key", &mend);
            }
        }
    }

    fn text(&mut self, part: Part<'_, '_>, key: &str, needed: bool) -> String {
        let value = part.get(key).map(|value| value.get_ref());
        let problem = match value {
            Some(DeValue::String(text)) if !needed || !text.trim().is_empty() => {
                return text.trim().to_owned();
            }
            Some(DeValue::String(_)) => "is empty",
            Some(_) => "is no text",
            None if needed => "is missing",
            None => return String::new(),
        };
        self.wrong_in(part, key, problem, &format!("write `{key} = \"…\"`"));
        String::new()
    }

    fn integer(&mut self, part: Part<'_, '_>, key: &str) -> i64 {
        let Some(value) = part.get(key) else { return 0 };
        if let DeValue::Integer(number) = value.get_ref()
            && let Ok(number) = i64::from_str_radix(number.as_str(), number.radix())
        {
            return number;
        }
        self.wrong_in(part, key, "is no whole number", &format!("write `{key} = 10`"));
        0
    }

    /// The entries of a list that `read` takes, with where each stands.
    fn list<T>(
        &mut self,
        part: Part<'_, '_>,
        key: &str,
        shape: &str,
        read: impl Fn(&DeValue<'_>) -> Option<T>,
    ) -> Vec<(T, usize)> {
        let Some(value) = part.get(key) else { return Vec::new() };
        let DeValue::Array(values) = value.get_ref() else {
            self.wrong_in(part, key, "is no list", &format!("write `{key} = [{shape}]`"));
            return Vec::new();
        };
        let mut entries = Vec::new();
        for value in values.iter() {
            match read(value.get_ref()) {
                Some(entry) => entries.push((entry, value.span().start)),
                None => {
                    let problem = format!("holds an entry that is not like {shape}");
                    let mend = format!("write `{key} = [{shape}]`");
                    self.wrong(value.span().start, &part.field(key), &problem, &mend);
                }
            }
        }
        entries
    }

    fn texts(&mut self, part: Part<'_, '_>, key: &str) -> Vec<(String, usize)> {
        self.list(part, key, "\"…\"", |value| match value {
            DeValue::String(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
            _ => None,
        })
    }

    fn words(&mut self, part: Part<'_, '_>, key: &str) -> Vec<String> {
        self.texts(part, key).into_iter().map(|(text, _)| text).collect()
    }

    fn tables<'d, 't>(&mut self, part: Part<'d, 't>, key: &'static str) -> Vec<Part<'d, 't>> {
        let Some(value) = part.get(key) else { return Vec::new() };
        let mut parts = Vec::new();
        if let DeValue::Array(values) = value.get_ref() {
            for entry in values.iter() {
                if let DeValue::Table(table) = entry.get_ref() {
                    parts.push(Part { path: key, table, start: entry.span().start });
                }
            }
            if parts.len() == values.len() {
                return parts;
            }
        }
        self.wrong_in(part, key, "is not a list of tables", &format!("begin each with [[{key}]]"));
        parts
    }

    fn file(&mut self, table: &DeTable<'_>, categories: &[Category]) -> Rules {
        let whole = Part { path: "", table, start: 0 };
        self.known(whole, FILE_KEYS);
        let name = self.text(whole, "name", true);
        let divisions = self.divisions(whole);
        let kinds: Vec<Kind> =
            self.tables(whole, "kind").into_iter().map(|part| self.kind(part)).collect();
        let parts = self.tables(whole, "unit");
        let own: Vec<Unit> =
            parts.into_iter().map(|part| self.unit(part, &kinds, &divisions)).collect();
        let directory = Directory::new(divisions, kinds, own);
        let packs: Vec<Pack> =
            self.tables(whole, "pack").into_iter().map(|part| self.pack(part)).collect();
        let copy = self.text(whole, "copy_townships_to", false);
        let copy = (!copy.is_empty())
            .then(|| {
                self.target(
                    whole,
                    "copy_townships_to",
                    &copy,
                    whole.at("copy_townships_to"),
                    &directory,
                )
            })
            .flatten();
        let parts = self.tables(whole, "rule");
        if parts.is_empty() {
            self.wrong(0, "rule", "no [[rule]] is in the file", "add at least one [[rule]] table");
        }
        let known = Known { directory: &directory, packs: &packs, categories };
        let default_pack = self.named_pack(whole, "default_pack", &packs);
        let mut rules: Vec<Rule> = Vec::new();
        for part in parts {
            let rule = self.rule(part, &known);
            if let Some(same) =
                rules.iter().find(|other| other.id == rule.id && !rule.id.is_empty())
            {
                let problem =
                    format!("`{}` is already the id of the rule in line {}", rule.id, same.line);
                self.wrong_in(part, "id", &problem, "give each rule its own id");
            }
            rules.push(rule);
        }
        Rules {
            name,
            file: self.file.to_owned(),
            directory,
            packs,
            default_pack,
            rules,
            copy,
            categories: categories.to_vec(),
        }
    }

    fn divisions(&mut self, whole: Part<'_, '_>) -> BTreeMap<String, String> {
        let mut divisions = BTreeMap::new();
        let Some(value) = whole.get("divisions") else { return divisions };
        let DeValue::Table(table) = value.get_ref() else {
            self.wrong_in(
                whole,
                "divisions",
                "is no table",
                "write [divisions] and lines like \"3307\" = \"金华市\"",
            );
            return divisions;
        };
        for (code, name) in table.iter() {
            let (at, code) = (code.span().start, code.get_ref().to_string());
            let digits = code.bytes().all(|b| b.is_ascii_digit());
            if !digits || Level::of_place(&code).is_none() {
                let problem = format!("`{code}` is no division code");
                self.wrong(at, "divisions", &problem, "write 2, 4, 6 or 9 digits, like \"330702\"");
                continue;
            }
            match name.get_ref() {
                DeValue::String(name) if !name.trim().is_empty() => {
                    divisions.insert(code, name.trim().to_owned());
                }
                _ => self.wrong(
                    at,
                    "divisions",
                    &format!("`{code}` has no name"),
                    "write its name in quotes",
                ),
            }
        }
        divisions
    }

    fn kind(&mut self, part: Part<'_, '_>) -> Kind {
        self.known(part, KIND_KEYS);
        let levels = self.list(part, "levels", "\"city\", \"county\"", |value| match value {
            DeValue::String(text) => Level::from_key(text),
            _ => None,
        });
        Kind {
            code: self.text(part, "code", true),
            name: self.text(part, "name", true),
            street_name: self.text(part, "street_name", false),
            levels: levels.into_iter().map(|(level, _)| level).collect(),
        }
    }

    fn unit(
        &mut self,
        part: Part<'_, '_>,
        kinds: &[Kind],
        divisions: &BTreeMap<String, String>,
    ) -> Unit {
        self.known(part, UNIT_KEYS);
        let kind = self.text(part, "kind", true);
        if !kind.is_empty() && !kinds.iter().any(|known| known.code == kind) {
            let mend = "name the code of a [[kind]] above";
            self.wrong_in(part, "kind", &format!("`{kind}` is no kind of this file"), mend);
        }
        let mut places = Vec::new();
        for (code, at) in self.texts(part, "places") {
            if !divisions.contains_key(&code) {
                let problem = format!("`{code}` is not among [divisions]");
                self.wrong(at, "unit.places", &problem, "add it there, or mend the code");
            }
            places.push(code);
        }
        let level = places.first().and_then(|code| Level::of_place(code));
        let same = places.iter().all(|code| Level::of_place(code) == level);
        if level.is_none() || !same {
            let problem = "names no places, or places of several levels";
            self.wrong_in(
                part,
                "places",
                problem,
                "write the divisions that it serves, all of one level",
            );
        }
        let (code, name) = (self.text(part, "code", true), self.text(part, "name", true));
        let members = self.words(part, "members");
        Unit { code, name, kind, level: level.unwrap_or(Level::City), places, members }
    }

    fn pack(&mut self, part: Part<'_, '_>) -> Pack {
        self.known(part, PACK_KEYS);
        let (clock, procedure) =
            (self.text(part, "clock", false), self.text(part, "procedure", false));
        if clock.is_empty() != procedure.is_empty() {
            self.wrong_in(
                part,
                "clock",
                "and `procedure` go together",
                "write both: clock = \"zhejiang-2017\" and procedure = \"simple\"",
            );
        }
        Pack {
            code: self.text(part, "code", true),
            name: self.text(part, "name", true),
            source: self.text(part, "source", true),
            clock,
            procedure,
            line: self.line(part.start),
        }
    }

    fn target(
        &mut self,
        part: Part<'_, '_>,
        key: &str,
        text: &str,
        at: usize,
        directory: &Directory,
    ) -> Option<Target> {
        let (target, problem, mend) = match text.split_once('@') {
            None if directory.unit(text).is_some() => return Some(Target::Unit(text.to_owned())),
            None => (
                None,
                format!("`{text}` is no unit of this file"),
                "name a [[unit]], or a kind and a level: police@county".to_owned(),
            ),
            Some((kind, level)) => match Level::from_key(level) {
                None => {
                    let mend = "the levels are province, city, county, township".to_owned();
                    (None, format!("`{level}` is no level"), mend)
                }
                Some(_) if !directory.has_kind(kind) => {
                    let mend =
                        format!("the kinds of this file are {}", directory.kind_codes().join(", "));
                    (None, format!("`{kind}` is no kind of unit"), mend)
                }
                Some(level)
                    if !directory.units().iter().any(|u| u.kind == kind && u.level == level) =>
                {
                    let mend = format!(
                        "add \"{}\" to the levels of the kind, or name another level",
                        level.key()
                    );
                    (None, format!("no unit of the kind `{kind}` stands on that level"), mend)
                }
                Some(level) => (
                    Some(Target::Kind { kind: kind.to_owned(), level }),
                    String::new(),
                    String::new(),
                ),
            },
        };
        if target.is_none() {
            self.wrong(at, &part.field(key), &problem, &mend);
        }
        target
    }
}

/// What rules may name.
struct Known<'a> {
    directory: &'a Directory,
    packs: &'a [Pack],
    categories: &'a [Category],
}

impl Reader<'_> {
    fn rule(&mut self, part: Part<'_, '_>, known: &Known<'_>) -> Rule {
        self.known(part, RULE_KEYS);
        let to = self.text(part, "to", true);
        let owner = (!to.is_empty())
            .then(|| self.target(part, "to", &to, part.at("to"), known.directory))
            .flatten();
        let mut with = Vec::new();
        for (text, at) in self.texts(part, "with") {
            with.extend(self.target(part, "with", &text, at, known.directory));
        }
        let rule = Rule {
            id: self.text(part, "id", true),
            line: self.line(part.start),
            categories: self.categories(part, known),
            places: self.places(part, known),
            roads: self.words(part, "roads"),
            words: self.words(part, "words"),
            unless: self.words(part, "unless"),
            times: self.times(part),
            // Without one the file is refused.
            to: owner.unwrap_or(Target::Unit(to)),
            with,
            pack: self.rule_pack(part, known),
            priority: self.integer(part, "priority"),
        };
        self.contradictions(part, &rule);
        rule
    }

    fn categories(&mut self, part: Part<'_, '_>, known: &Known<'_>) -> Vec<String> {
        let mut codes = Vec::new();
        for (code, at) in self.texts(part, "categories") {
            if code == ALL {
                codes.push(String::new());
                continue;
            }
            if !known.categories.iter().any(|category| category.code.starts_with(&code)) {
                let problem = format!(
                    "`{code}` is no category of the taxonomy, so the rule can never fire for it"
                );
                self.wrong(
                    at,
                    "rule.categories",
                    &problem,
                    "mend the code; \"*\" stands for every category",
                );
            }
            codes.push(code);
        }
        if codes.is_empty() {
            self.wrong_in(
                part,
                "categories",
                "names no category",
                "write codes, or [\"*\"] for every category",
            );
        }
        codes
    }

    fn places(&mut self, part: Part<'_, '_>, known: &Known<'_>) -> Vec<String> {
        let mut codes = Vec::new();
        for (code, at) in self.texts(part, "places") {
            if code == ALL {
                codes.push(String::new());
                continue;
            }
            if known.directory.division(&code).is_none() {
                let problem =
                    format!("`{code}` is not among [divisions], so the rule can never fire there");
                self.wrong(at, "rule.places", &problem, "mend the code, or add the division");
            }
            codes.push(code);
        }
        if part.get("places").is_none() {
            codes.push(String::new());
        } else if codes.is_empty() {
            self.wrong_in(
                part,
                "places",
                "names no place",
                "write division codes, or leave the line out",
            );
        }
        codes
    }

    fn times(&mut self, part: Part<'_, '_>) -> Times {
        let text = |value: &DeValue<'_>| match value {
            DeValue::String(text) => Some(text.to_string()),
            _ => None,
        };
        let hours =
            self.list(part, "hours", "\"22:00-06:00\"", |value| Hours::parse(&text(value)?));
        for (hours, at) in &hours {
            if hours.is_empty() {
                let problem = "holds hours that begin when they end: no time is in them";
                self.wrong(
                    *at,
                    "rule.hours",
                    problem,
                    "write \"00:00-24:00\", or leave the line out",
                );
            }
        }
        let seasons =
            self.list(part, "seasons", "\"06-01..09-30\"", |value| Season::parse(&text(value)?));
        let weekdays = self.list(part, "weekdays", "1, 2, 7", |value| match value {
            DeValue::Integer(day) => {
                day.as_str().parse::<u32>().ok().filter(|day| (1..=7).contains(day))
            }
            _ => None,
        });
        Times {
            hours: hours.into_iter().map(|(hours, _)| hours).collect(),
            seasons: seasons.into_iter().map(|(season, _)| season).collect(),
            weekdays: weekdays.into_iter().map(|(day, _)| day).collect(),
        }
    }

    fn rule_pack(&mut self, part: Part<'_, '_>, known: &Known<'_>) -> String {
        self.named_pack(part, "pack", known.packs)
    }

    fn named_pack(&mut self, part: Part<'_, '_>, key: &str, packs: &[Pack]) -> String {
        let code = self.text(part, key, false);
        if !code.is_empty() && !packs.iter().any(|pack| pack.code == code) {
            let packs: Vec<&str> = packs.iter().map(|pack| pack.code.as_str()).collect();
            let mend = format!("the packs of this file are {}", packs.join(", "));
            self.wrong_in(part, key, &format!("`{code}` is no rule pack"), &mend);
        }
        code
    }

    /// Words that their own exceptions rule out.
    fn contradictions(&mut self, part: Part<'_, '_>, rule: &Rule) {
        for (key, words) in [("roads", &rule.roads), ("words", &rule.words)] {
            let dead = |word: &String| rule.unless.iter().any(|not| word.contains(not.as_str()));
            if !words.is_empty() && words.iter().all(dead) {
                let problem = "every entry holds a word of `unless`: the rule can never fire";
                self.wrong_in(part, key, problem, "take the word out of one of the two lists");
            }
        }
    }
}
