//! What became of the rows, counted by their sets.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde_json::{Value, json};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    Right,
    Wrong,
    Missed,
}

#[derive(Clone, Copy, Default, Debug)]
struct Field {
    right: usize,
    wrong: usize,
    missed: usize,
}

/// What is either there or not: a danger, a command.
#[derive(Clone, Copy, Default, Debug)]
pub struct Calls {
    n: usize,
    missed: usize,
    asked: usize,
    other: usize,
    clear: usize,
    false_alarms: usize,
    false_asked: usize,
}

#[derive(Clone, Copy, Default, Debug)]
struct Ranks {
    n: usize,
    top_1: usize,
    top_2: usize,
    top_3: usize,
}

/// For each true kind the kinds that were found, and how often.
type Confusion = BTreeMap<String, BTreeMap<String, usize>>;

/// One set.
#[derive(Clone, Default, Debug)]
pub struct Count {
    n: usize,
    fields: BTreeMap<String, Field>,
    matter: Ranks,
    matters: Confusion,
    categories: BTreeMap<usize, Ranks>,
    firsts: Confusion,
    pub emergencies: Calls,
    commands: BTreeMap<String, Calls>,
    pub undispatched: Calls,
    times: Vec<Duration>,
}

#[derive(Clone, Default, Debug)]
pub struct Report {
    sets: BTreeMap<String, Count>,
}

const COMMANDS: [&str; 7] =
    ["person", "progress", "repeat", "slower", "wait", "bye", "stop_calling"];

impl Calls {
    /// `asked`: nothing was found, but the talk asks whether it is meant.
    pub fn add(&mut self, meant: Option<&str>, found: Option<&str>, asked: bool) {
        match (meant, found) {
            (Some(_), None) => {
                self.n += 1;
                *(if asked { &mut self.asked } else { &mut self.missed }) += 1;
            }
            (Some(meant), Some(found)) => {
                self.n += 1;
                self.other += usize::from(meant != found);
            }
            (None, found) => {
                self.clear += 1;
                self.false_alarms += usize::from(found.is_some());
                self.false_asked += usize::from(found.is_none() && asked);
            }
        }
    }

    /// Found, if as another.
    fn found(&self) -> usize {
        self.n - self.missed - self.asked
    }

    fn json(&self) -> Value {
        json!({
            "n": self.n,
            "transferred": self.found(),
            "other": self.other,
            "asked": self.asked,
            "missed": self.missed,
            "clear": self.clear,
            "false_alarms": self.false_alarms,
            "false_asked": self.false_asked,
        })
    }
}

impl Ranks {
    fn add(&mut self, place: Option<usize>) {
        self.n += 1;
        let within = |many: usize| usize::from(place.is_some_and(|place| place < many));
        self.top_1 += within(1);
        self.top_2 += within(2);
        self.top_3 += within(3);
    }
}

impl Count {
    pub fn row(&mut self, took: Duration) {
        self.n += 1;
        self.times.push(took);
    }

    pub fn field(&mut self, name: &str, outcome: Outcome) {
        let field = self.fields.entry(name.to_owned()).or_default();
        *match outcome {
            Outcome::Right => &mut field.right,
            Outcome::Wrong => &mut field.wrong,
            Outcome::Missed => &mut field.missed,
        } += 1;
    }

    pub fn matter(&mut self, meant: &str, found: &[&str]) {
        self.matter.add(found.iter().position(|f| *f == meant));
        confuse(&mut self.matters, meant, found.first().copied().unwrap_or("nothing"));
    }

    pub fn category(&mut self, level: usize, meant: &str, found: &str, place: Option<usize>) {
        self.categories.entry(level).or_default().add(place);
        if level == 1 {
            confuse(&mut self.firsts, meant, found);
        }
    }

    /// Each command by itself: a row of another command is clear of it.
    pub fn command(&mut self, meant: Option<&str>, found: Option<&str>, asked_person: bool) {
        for command in COMMANDS {
            let asked = asked_person && command == "person";
            let only = |key: Option<&str>| key.filter(|key| *key == command).map(|_| command);
            self.commands.entry(command.to_owned()).or_default().add(
                only(meant),
                only(found),
                asked,
            );
        }
    }

    fn cpu_ms(&self, percent: usize) -> f64 {
        let mut times = self.times.clone();
        times.sort();
        let at = (times.len() * percent / 100).min(times.len().saturating_sub(1));
        times.get(at).map_or(0.0, |time| time.as_secs_f64() * 1e3)
    }

    fn json(&self) -> Value {
        let fields: BTreeMap<&str, Value> =
            self.fields.iter().map(|(name, f)| (name.as_str(), f.json())).collect();
        let categories: BTreeMap<String, Value> = self
            .categories
            .iter()
            .map(|(level, r)| {
                (
                    level.to_string(),
                    json!({"n": r.n, "top_1": rate(r.top_1, r.n), "top_3": rate(r.top_3, r.n)}),
                )
            })
            .collect();
        let mut category = json!(categories);
        if let Some(object) = category.as_object_mut() {
            object.insert("confusion".into(), json!(self.firsts));
        }
        let commands: BTreeMap<&str, Value> =
            self.commands.iter().map(|(name, c)| (name.as_str(), c.json())).collect();
        json!({
            "n": self.n,
            "fields": fields,
            "matter": {
                "n": self.matter.n,
                "top_1": rate(self.matter.top_1, self.matter.n),
                "top_2": rate(self.matter.top_2, self.matter.n),
                "confusion": self.matters,
            },
            "category": category,
            "emergencies": self.emergencies.json(),
            "person": self.commands.get("person").copied().unwrap_or_default().json(),
            "commands": commands,
            "undispatched": self.undispatched.json(),
            "cpu_ms": self.cpu_ms(50),
            "cpu_ms_p95": self.cpu_ms(95),
        })
    }
}

impl Field {
    fn n(&self) -> usize {
        self.right + self.wrong + self.missed
    }

    fn json(&self) -> Value {
        json!({"n": self.n(), "right": self.right, "wrong": self.wrong, "missed": self.missed, "rate": rate(self.right, self.n())})
    }
}

impl Report {
    pub fn set(&mut self, name: &str) -> &mut Count {
        self.sets.entry(name.to_owned()).or_default()
    }

    pub fn json(&self) -> Value {
        let all = self.sets.get("all").map(Count::json);
        let sets: BTreeMap<&str, Value> = self
            .sets
            .iter()
            .filter(|(name, _)| *name != "all")
            .map(|(name, c)| (name.as_str(), c.json()))
            .collect();
        json!({"all": all, "sets": sets})
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, count) in &self.sets {
            writeln!(
                f,
                "{name}: {} rows, {:.1} ms of processor time a row, {:.1} ms P95",
                count.n,
                count.cpu_ms(50),
                count.cpu_ms(95)
            )?;
            print(f, count)?;
        }
        Ok(())
    }
}

fn print(f: &mut fmt::Formatter<'_>, count: &Count) -> fmt::Result {
    let matter = &count.matter;
    if matter.n > 0 {
        let (first, second) = (rate(matter.top_1, matter.n), rate(matter.top_2, matter.n));
        writeln!(f, "  matter: {} rows, {first:.3} first, {second:.3} in the first two", matter.n)?;
        confusion(f, &count.matters)?;
    }
    for (level, ranks) in &count.categories {
        let (first, third) = (rate(ranks.top_1, ranks.n), rate(ranks.top_3, ranks.n));
        writeln!(
            f,
            "  category, level {level}: {} rows, {first:.3} first, {third:.3} in the first three",
            ranks.n
        )?;
    }
    confusion(f, &count.firsts)?;
    for (name, field) in &count.fields {
        let rate = rate(field.right, field.n());
        writeln!(
            f,
            "  {name}: {} rows, {} right, {} wrong, {} missed, {rate:.3}",
            field.n(),
            field.right,
            field.wrong,
            field.missed
        )?;
    }
    let named = count.commands.iter().map(|(name, calls)| (name.as_str(), calls));
    let others = [("emergencies", &count.emergencies), ("undispatched", &count.undispatched)];
    for (name, calls) in
        others.into_iter().chain(named).filter(|(_, c)| c.n + c.false_alarms + c.false_asked > 0)
    {
        writeln!(
            f,
            "  {name}: {} rows, {} found, {} of them as another, {} asked, {} missed; of {} others {} false alarms, {} asked",
            calls.n,
            calls.found(),
            calls.other,
            calls.asked,
            calls.missed,
            calls.clear,
            calls.false_alarms,
            calls.false_asked
        )?;
    }
    Ok(())
}

/// What was taken for something else.
fn confusion(f: &mut fmt::Formatter<'_>, all: &Confusion) -> fmt::Result {
    for (meant, found) in all {
        let others: Vec<String> = found
            .iter()
            .filter(|(name, _)| *name != meant)
            .map(|(name, n)| format!("{name} {n}"))
            .collect();
        if !others.is_empty() {
            let n: usize = found.values().sum();
            writeln!(f, "    {meant} ({n}): {}", others.join(", "))?;
        }
    }
    Ok(())
}

fn confuse(all: &mut Confusion, meant: &str, found: &str) {
    *all.entry(meant.to_owned()).or_default().entry(found.to_owned()).or_default() += 1;
}

fn rate(part: usize, n: usize) -> f64 {
    if n == 0 { 0.0 } else { part as f64 / n as f64 }
}
