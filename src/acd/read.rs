//! A queue's plan as TOML, with the line of everything that is wrong in it.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::agent::{NO_ANSWER, OFF_DUTY};
use super::plan::{Group, Hours, Named, Overflow, Plan, Rules};
use crate::kernel::limits::ACD_GROUPS;
use crate::kernel::{Faults, Finder, minute_of_day};

const FILE_KEYS: &[&str] = &["routing", "groups", "skills", "reasons", "codes"];
const ROUTING_KEYS: &[&str] = &[
    "no_answers",
    "long_s",
    "owner_hours",
    "owner_wait_s",
    "skill_wait_s",
    "level_less_every_s",
    "callback_s",
    "callback_retry_s",
    "callback_tries",
    "promise_hours",
];
const GROUP_KEYS: &[&str] =
    &["code", "name", "topics", "hours", "weekdays", "overflow", "wrap_up_s"];
const NAMED_KEYS: &[&str] = &["code", "name"];
const OVERFLOW_KEYS: &[&str] = &["group", "after_s"];

type Value<'t> = Spanned<DeValue<'t>>;

pub(super) fn plan(file: &str, text: &str) -> Result<Plan, Faults> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = Reader { finder: Finder::new(file, text) };
    let (document, syntax) = DeTable::parse_recoverable(text);
    for error in &syntax {
        let at = error.span().map_or(0, |span| span.start);
        let problem = format!("not valid TOML: {}", error.message().replace('\n', " "));
        let mend =
            "mend the line: texts stand in \"…\", lists in […], a group begins with [[groups]]";
        reader.finder.wrong(at, "", &problem, mend);
    }
    if !reader.finder.is_clean() {
        return Err(reader.finder.faults());
    }
    let plan = reader.file(document.get_ref());
    if reader.finder.is_clean() { Ok(plan) } else { Err(reader.finder.faults()) }
}

struct Reader {
    finder: Finder,
}

/// One table of the file: what it is called in faults, where it begins.
#[derive(Clone, Copy)]
struct Part<'d, 't> {
    path: &'static str,
    table: &'d DeTable<'t>,
    start: usize,
}

impl<'d, 't> Part<'d, 't> {
    fn get(&self, key: &str) -> Option<&'d Value<'t>> {
        self.table.iter().find(|(name, _)| name.get_ref() == key).map(|(_, value)| value)
    }

    fn at(&self, key: &str) -> usize {
        self.get(key).map_or(self.start, |value| value.span().start)
    }

    fn field(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }
}

impl Reader {
    fn wrong(&mut self, part: Part<'_, '_>, key: &str, problem: &str, mend: &str) {
        self.finder.wrong(part.at(key), &part.field(key), problem, mend);
    }

    fn known(&mut self, part: Part<'_, '_>, keys: &[&str]) {
        for key in part.table.keys() {
            let name = key.get_ref().as_ref();
            if !keys.contains(&name) {
                let mend = format!("remove it; the keys here are {}", keys.join(", "));
                let field = part.field(name);
                self.finder.wrong(key.span().start, &field, "is not a known key", &mend);
            }
        }
    }

    fn text(&mut self, part: Part<'_, '_>, key: &str) -> String {
        let problem = match part.get(key).map(Spanned::get_ref) {
            Some(DeValue::String(text)) if !text.trim().is_empty() => {
                return text.trim().to_owned();
            }
            Some(DeValue::String(_)) => "is empty",
            Some(_) => "is no text",
            None => "is missing",
        };
        self.wrong(part, key, problem, &format!("write `{key} = \"…\"`"));
        String::new()
    }

    /// A whole number of a range; `None` where it is not given or not right.
    fn number(&mut self, part: Part<'_, '_>, key: &str, least: u64, most: u64) -> Option<u64> {
        let value = part.get(key)?;
        let found = integer(value.get_ref()).filter(|n| (least..=most).contains(n));
        if found.is_none() {
            let mend = format!("give a whole number from {least} to {most}");
            self.wrong(part, key, "is out of range", &mend);
        }
        found
    }

    fn list<'d, 't>(&mut self, part: Part<'d, 't>, key: &str) -> Vec<&'d Value<'t>> {
        match part.get(key).map(Spanned::get_ref) {
            None => Vec::new(),
            Some(DeValue::Array(values)) => values.iter().collect(),
            Some(_) => {
                self.wrong(part, key, "is no list", &format!("write `{key} = [ … ]`"));
                Vec::new()
            }
        }
    }

    fn texts(&mut self, part: Part<'_, '_>, key: &str) -> Vec<(String, usize)> {
        let mut texts = Vec::new();
        for value in self.list(part, key) {
            let at = value.span().start;
            match value.get_ref() {
                DeValue::String(text) if !text.trim().is_empty() => {
                    texts.push((text.trim().to_owned(), at));
                }
                _ => self.finder.wrong(
                    at,
                    &part.field(key),
                    "holds an entry that is no text",
                    "write it as \"…\"",
                ),
            }
        }
        texts
    }

    fn tables<'d, 't>(
        &mut self,
        part: Part<'d, 't>,
        key: &str,
        path: &'static str,
    ) -> Vec<Part<'d, 't>> {
        let mut parts = Vec::new();
        for value in self.list(part, key) {
            let start = value.span().start;
            match value.get_ref() {
                DeValue::Table(table) => parts.push(Part { path, table, start }),
                _ => self.finder.wrong(
                    start,
                    &part.field(key),
                    "is no table",
                    &format!("begin it with [[{path}]]"),
                ),
            }
        }
        parts
    }

    fn file(&mut self, table: &DeTable<'_>) -> Plan {
        let file = Part { path: "", table, start: 0 };
        self.known(file, FILE_KEYS);
        let standard = Plan::default();
        let groups = self.groups(file);
        let mut plan = Plan {
            rules: self.routing(file),
            groups: if groups.is_empty() { standard.groups } else { groups },
            skills: self.named(file, "skills", "skills", &[]),
            reasons: standard.reasons,
            codes: standard.codes,
        };
        if file.get("reasons").is_some() {
            plan.reasons = self.named(file, "reasons", "reasons", &[OFF_DUTY, NO_ANSWER]);
        }
        if file.get("codes").is_some() {
            plan.codes = self.named(file, "codes", "codes", &[]);
        }
        plan
    }

    fn routing(&mut self, file: Part<'_, '_>) -> Rules {
        let standard = Rules::default();
        let Some(value) = file.get("routing") else { return standard };
        let DeValue::Table(table) = value.get_ref() else {
            self.wrong(file, "routing", "is no table", "begin it with [routing]");
            return standard;
        };
        let part = Part { path: "routing", table, start: value.span().start };
        self.known(part, ROUTING_KEYS);
        let mut ms = |key, unit: u64, most, or| {
            self.number(part, key, 0, most).map_or(or, |number| number * unit)
        };
        let (second, hour) = (1_000, 3_600_000);
        let rules = Rules {
            long_ms: ms("long_s", second, 3_600, standard.long_ms),
            owner_for_ms: ms("owner_hours", hour, 24 * 90, standard.owner_for_ms),
            owner_wait_ms: ms("owner_wait_s", second, 600, standard.owner_wait_ms),
            wish_ms: ms("skill_wait_s", second, 600, standard.wish_ms),
            relax_every_ms: ms("level_less_every_s", second, 600, standard.relax_every_ms),
            callback_ms: ms("callback_s", second, 180, standard.callback_ms),
            callback_retry_ms: ms("callback_retry_s", second, 86_400, standard.callback_retry_ms),
            promise_ms: ms("promise_hours", hour, 72, standard.promise_ms),
            ..standard
        };
        let count =
            |number: Option<u64>, or| number.and_then(|n| u32::try_from(n).ok()).unwrap_or(or);
        let no_answers = self.number(part, "no_answers", 1, 10);
        let tries = self.number(part, "callback_tries", 1, 10);
        Rules {
            no_answers_max: count(no_answers, standard.no_answers_max),
            callback_tries: count(tries, standard.callback_tries),
            ..rules
        }
    }

    fn named(
        &mut self,
        file: Part<'_, '_>,
        key: &str,
        path: &'static str,
        taken: &[&str],
    ) -> Vec<Named> {
        let mut all: Vec<Named> = Vec::new();
        for part in self.tables(file, key, path) {
            self.known(part, NAMED_KEYS);
            let named = Named::new(self.text(part, "code"), self.text(part, "name"));
            let twice = all.iter().any(|other| other.code == named.code);
            if twice || taken.contains(&named.code.as_str()) {
                self.wrong(part, "code", "is taken already", "give it another code");
            }
            all.push(named);
        }
        all
    }

    fn groups(&mut self, file: Part<'_, '_>) -> Vec<Group> {
        let parts = self.tables(file, "groups", "groups");
        if parts.len() > ACD_GROUPS {
            let mend = format!("put groups together: there may be {ACD_GROUPS}");
            self.wrong(file, "groups", "has too many groups", &mend);
        }
        let mut groups: Vec<Group> = Vec::new();
        for part in &parts {
            let group = self.group(*part);
            if groups.iter().any(|other| other.code == group.code) {
                self.wrong(*part, "code", "is taken already", "give every group a code of its own");
            }
            groups.push(group);
        }
        let codes: Vec<String> = groups.iter().map(|group| group.code.clone()).collect();
        for (own, part) in parts.iter().enumerate() {
            let overflow = self.overflow(*part, own, &codes);
            if let Some(group) = groups.get_mut(own) {
                group.overflow = overflow;
            }
        }
        groups
    }

    fn group(&mut self, part: Part<'_, '_>) -> Group {
        self.known(part, GROUP_KEYS);
        let mut hours = Vec::new();
        for (text, at) in self.texts(part, "hours") {
            match hours_of(&text) {
                Some(found) => hours.push(found),
                None => self.finder.wrong(
                    at,
                    &part.field("hours"),
                    &format!("{text:?} is no time of a day"),
                    "write \"08:00-22:00\"; over midnight \"22:00-08:00\"",
                ),
            }
        }
        let mut weekdays = Vec::new();
        for value in self.list(part, "weekdays") {
            match integer(value.get_ref()).and_then(|n| u32::try_from(n).ok()) {
                Some(day @ 1..=7) => weekdays.push(day),
                _ => self.finder.wrong(
                    value.span().start,
                    &part.field("weekdays"),
                    "is no day of the week",
                    "1 is Monday, 7 is Sunday",
                ),
            }
        }
        Group {
            code: self.text(part, "code"),
            name: self.text(part, "name"),
            topics: self.texts(part, "topics").into_iter().map(|(text, _)| text).collect(),
            hours,
            weekdays,
            overflow: Vec::new(),
            wrap_up_ms: self.number(part, "wrap_up_s", 0, 3_600).map(|s| s * 1_000),
        }
    }

    fn overflow(&mut self, group: Part<'_, '_>, own: usize, codes: &[String]) -> Vec<Overflow> {
        let mut all = Vec::new();
        for part in self.tables(group, "overflow", "groups.overflow") {
            self.known(part, OVERFLOW_KEYS);
            let code = self.text(part, "group");
            let after_ms = self.number(part, "after_s", 0, 3_600).unwrap_or(0) * 1_000;
            match codes.iter().position(|known| *known == code) {
                Some(to) if to != own => all.push(Overflow { group: to, after_ms }),
                Some(_) => self.wrong(
                    part,
                    "group",
                    "is the group itself",
                    "name another group, or take the line out",
                ),
                None => {
                    let mend = format!("name one of {}", codes.join(", "));
                    self.wrong(part, "group", &format!("{code:?} is no group"), &mend);
                }
            }
        }
        all
    }
}

fn integer(value: &DeValue<'_>) -> Option<u64> {
    match value {
        DeValue::Integer(number) => u64::from_str_radix(number.as_str(), number.radix()).ok(),
        _ => None,
    }
}

/// 22:00-06:00.
fn hours_of(text: &str) -> Option<Hours> {
    let (from, to) = text.split_once('-')?;
    let (from, to) = (minute_of_day(from.trim())?, minute_of_day(to.trim())?);
    (from != to && from < super::plan::DAY_MINUTES).then_some(Hours { from, to })
}
