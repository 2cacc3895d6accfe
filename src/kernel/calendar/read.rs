//! A calendar's files: the package's JSON and our own TOML.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use toml::Spanned;

use super::{Calendar, DayKind};
use crate::kernel::Day;
use crate::kernel::fault::{Faults, Finder};

/// Days of one holiday in one go; longer is a slip of the pen.
const HOLIDAY_DAYS_MAX: i64 = 31;
/// Days off by law in every year, by which a year proves to be arranged wholly: month and day.
const FIXED: [(u32, u32); 5] = [(1, 1), (5, 1), (10, 1), (10, 2), (10, 3)];

/// `chinese-days.json`: days off and make-up days, each with `English,中文,days by law`.
#[derive(Deserialize)]
struct Package {
    holidays: BTreeMap<String, String>,
    workdays: BTreeMap<String, String>,
}

pub(super) fn json(file: &str, text: &str) -> Result<Calendar, Faults> {
    let mut finder = Finder::new(file, text);
    let package: Package = match serde_json::from_str(text) {
        Ok(package) => package,
        Err(error) => {
            let at = nth_line(text, error.line());
            let mend = "take chinese-days.json as the package brings it: \"holidays\" and \"workdays\", each a day with its name";
            finder.wrong(at, "", &format!("not the calendar's JSON: {error}"), mend);
            return Err(finder.faults());
        }
    };
    let mut calendar = Calendar { sources: vec![file.to_owned()], ..Calendar::default() };
    for (part, days, off) in
        [("holidays", &package.holidays, true), ("workdays", &package.workdays, false)]
    {
        for (written, names) in days {
            let at = text.find(written.as_str()).unwrap_or(0);
            let Some(day) = Day::parse(written) else {
                let problem = format!("`{written}` is no day");
                finder.wrong(at, part, &problem, "write YYYY-MM-DD");
                continue;
            };
            let name: Arc<str> = names.split(',').nth(1).unwrap_or(names).trim().into();
            let kind = if off { DayKind::Holiday { name } } else { DayKind::MakeUp { of: name } };
            put(&mut calendar, &mut finder, at, part, day, kind);
        }
    }
    // The package brings a year when it is published; a few days of a neighbour's arrangement are no year.
    let years = calendar.days.keys().map(|day| day.year());
    calendar.published = years.filter(|year| missing(&calendar, *year).is_none()).collect();
    if calendar.published.is_empty() && finder.is_clean() {
        finder.wrong(
            0,
            "holidays",
            "holds no whole year",
            "each year has 元旦, 劳动节 and 国庆节 at least",
        );
    }
    if finder.is_clean() { Ok(calendar) } else { Err(finder.faults()) }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    #[serde(default)]
    years: Vec<Spanned<i32>>,
    #[serde(default)]
    holiday: Vec<Holiday>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Holiday {
    name: Spanned<String>,
    from: Spanned<String>,
    to: Option<Spanned<String>>,
    #[serde(default)]
    work: Vec<Spanned<String>>,
}

pub(super) fn toml(file: &str, text: &str) -> Result<Calendar, Faults> {
    let mut finder = Finder::new(file, text);
    let raw: File = match toml::from_str(text) {
        Ok(raw) => raw,
        Err(error) => {
            let at = error.span().map_or(0, |span| span.start);
            let problem = error.message().replace('\n', " ");
            let mend = "a calendar has `name`, `years = [2026]`, and [[holiday]] with `name`, `from`, `to`, `work = [\"…\"]`";
            finder.wrong(at, "", &problem, mend);
            return Err(finder.faults());
        }
    };
    let mut calendar = Calendar { sources: vec![raw.name], ..Calendar::default() };
    for holiday in &raw.holiday {
        arrange(&mut calendar, &mut finder, holiday);
    }
    for year in &raw.years {
        let (at, year) = (year.span().start, *year.get_ref());
        if let Some((month, day)) = missing(&calendar, year) {
            let problem = format!(
                "{year} is not arranged wholly: {year:04}-{month:02}-{day:02} is no holiday"
            );
            finder.wrong(at, "years", &problem, "add the holiday, or take the year out of `years`");
        }
        calendar.published.insert(year);
    }
    if raw.holiday.is_empty() {
        finder.wrong(0, "holiday", "is missing", "add at least one [[holiday]]");
    }
    if finder.is_clean() { Ok(calendar) } else { Err(finder.faults()) }
}

fn arrange(calendar: &mut Calendar, finder: &mut Finder, holiday: &Holiday) {
    let name: Arc<str> = holiday.name.get_ref().trim().into();
    if name.is_empty() {
        finder.wrong(
            holiday.name.span().start,
            "holiday.name",
            "is empty",
            "write the holiday's name, like 元旦",
        );
    }
    let last = holiday.to.as_ref().unwrap_or(&holiday.from);
    let from = day_of(finder, "holiday.from", &holiday.from);
    let Some((from, to)) = from.zip(day_of(finder, "holiday.to", last)) else { return };
    let length = to.days() - from.days() + 1;
    if !(1..=HOLIDAY_DAYS_MAX).contains(&length) {
        let problem = format!("from {from} to {to} are {length} days");
        let mend =
            format!("`to` is the last day off, at most {HOLIDAY_DAYS_MAX} days from `from` on");
        finder.wrong(last.span().start, "holiday.to", &problem, &mend);
        return;
    }
    for day in (0..length).filter_map(|n| from.plus(n)) {
        let kind = DayKind::Holiday { name: name.clone() };
        put(calendar, finder, holiday.from.span().start, "holiday.from", day, kind);
    }
    for written in &holiday.work {
        if let Some(day) = day_of(finder, "holiday.work", written) {
            let kind = DayKind::MakeUp { of: name.clone() };
            put(calendar, finder, written.span().start, "holiday.work", day, kind);
        }
    }
}

fn day_of(finder: &mut Finder, field: &str, written: &Spanned<String>) -> Option<Day> {
    let day = Day::parse(written.get_ref());
    if day.is_none() {
        let problem = format!("`{}` is no day", written.get_ref());
        finder.wrong(written.span().start, field, &problem, "write YYYY-MM-DD, in quotes");
    }
    day
}

fn put(
    calendar: &mut Calendar,
    finder: &mut Finder,
    at: usize,
    field: &str,
    day: Day,
    kind: DayKind,
) {
    if matches!(kind, DayKind::MakeUp { .. }) && day.weekday() < 6 {
        let problem = format!("{day} is no Saturday or Sunday: it is worked anyway");
        finder.wrong(at, field, &problem, "take it out, or mend the date");
    }
    if calendar.days.insert(day, kind).is_some() {
        let problem = format!("{day} is given twice");
        finder.wrong(at, field, &problem, "each day is off once or worked once");
    }
}

/// The first day off by law that the year does not have.
fn missing(calendar: &Calendar, year: i32) -> Option<(u32, u32)> {
    FIXED.into_iter().find(|(month, day)| {
        let day = Day::new(year, *month, *day);
        !day.is_some_and(|day| matches!(calendar.days.get(&day), Some(DayKind::Holiday { .. })))
    })
}

fn nth_line(text: &str, line: usize) -> usize {
    let before = line.saturating_sub(1);
    text.split_inclusive('\n').take(before).map(str::len).sum()
}
