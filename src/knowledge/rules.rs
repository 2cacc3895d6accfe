//! The rules that one item keeps by itself, wherever it was written: in a file, in a table, on the console.

use super::item::{ASKS_MIN, Item, SPOKEN_CHARS_MAX};
use crate::kernel::Day;

/// Which rule an item breaks.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Rule {
    Missing,
    Id,
    Region,
    FewAsks,
    Twice,
    SpokenLong,
    SpokenQuestion,
    Date,
    Period,
    Replaces,
    /// Another item has the same wording.
    Asked,
}

impl Rule {
    pub const ALL: [Rule; 11] = [
        Rule::Missing,
        Rule::Id,
        Rule::Region,
        Rule::FewAsks,
        Rule::Twice,
        Rule::SpokenLong,
        Rule::SpokenQuestion,
        Rule::Date,
        Rule::Period,
        Rule::Replaces,
        Rule::Asked,
    ];

    pub const fn key(self) -> &'static str {
        match self {
            Rule::Missing => "missing",
            Rule::Id => "id",
            Rule::Region => "region",
            Rule::FewAsks => "few_asks",
            Rule::Twice => "twice",
            Rule::SpokenLong => "spoken_long",
            Rule::SpokenQuestion => "spoken_question",
            Rule::Date => "date",
            Rule::Period => "period",
            Rule::Replaces => "replaces",
            Rule::Asked => "asked",
        }
    }
}

/// What is wrong with one field of an item.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    /// `asks`, `source.date`.
    pub field: &'static str,
    pub rule: Rule,
    /// What is wrong, and what to do about it.
    pub problem: String,
    pub mend: String,
}

/// Everything that is wrong with an item; a good one has none.
pub fn faults(item: &Item) -> Vec<Fault> {
    let mut faults = missing(item);
    faults.extend(form(item));
    faults
}

/// Required fields that hold nothing.
fn missing(item: &Item) -> Vec<Fault> {
    let texts = [
        ("id", &item.id),
        ("title", &item.title),
        ("spoken", &item.spoken),
        ("full", &item.full),
        ("source.name", &item.source.name),
        ("source.date", &item.source.date),
    ];
    let lists = [("asks", &item.asks), ("keywords", &item.keywords)];
    let texts = texts.into_iter().filter(|(_, text)| text.trim().is_empty()).map(|(field, _)| field);
    let lists = lists.into_iter().filter(|(_, list)| list.is_empty()).map(|(field, _)| field);
    texts
        .chain(lists)
        .map(|field| Fault {
            field,
            rule: Rule::Missing,
            problem: "is missing".into(),
            mend: "fill it in".into(),
        })
        .collect()
}

/// What is filled in, but not as it must be.
pub(super) fn form(item: &Item) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut wrong = |field, rule, problem: String, mend: String| {
        faults.push(Fault { field, rule, problem, mend });
    };
    if !is_id(&item.id) {
        let problem = format!("`{}` is not an id", item.id);
        wrong("id", Rule::Id, problem, "use a-z, 0-9 and hyphens, such as id-card-replace".into());
    }
    if item.topic.is_empty() {
        let mend = "add `topic = \"…\"` at the head of the file or in the item";
        wrong("topic", Rule::Missing, "is missing".into(), mend.into());
    }
    if !is_region(&item.region) {
        let problem = format!("`{}` is not a division code", item.region);
        let mend = "write 2, 4, 6 or 9 digits (33, 3307, 330702, 330702103), or leave it out for everywhere";
        wrong("region", Rule::Region, problem, mend.into());
    } else if item.region.ends_with("00") {
        // No place is in 440000 when 4403 is meant by the caller's.
        let problem = format!("`{}` ends with zeros", item.region);
        let mend = "leave trailing zeros out: 44 is the province, 4401 the city";
        wrong("region", Rule::Region, problem, mend.into());
    }
    if !item.asks.is_empty() && item.asks.len() < ASKS_MIN {
        let problem = format!("has {} ways of asking", item.asks.len());
        wrong("asks", Rule::FewAsks, problem, format!("give at least {ASKS_MIN}, as callers say them"));
    }
    let spoken = item.spoken.chars().count();
    if spoken > SPOKEN_CHARS_MAX {
        let mend = format!("say it in at most {SPOKEN_CHARS_MAX}; the rest belongs in `full`");
        wrong("spoken", Rule::SpokenLong, format!("has {spoken} characters"), mend);
    }
    if item.spoken.trim_end().ends_with(['?', '？']) {
        let mend = "end with a statement; the dialogue asks what it needs";
        wrong("spoken", Rule::SpokenQuestion, "ends with a question".into(), mend.into());
    }
    if !item.source.date.is_empty() && !is_date(&item.source.date) {
        let problem = format!("`{}` is not a date", item.source.date);
        wrong("source.date", Rule::Date, problem, "write YYYY-MM-DD or YYYY".into());
    }
    if let (Some(from), Some(until)) = (item.valid_from, item.valid_until)
        && until < from
    {
        let problem = format!("{until} is before {from}, the day from which the item holds");
        wrong("valid_until", Rule::Period, problem, "put the later day here".into());
    }
    if item.replaces.contains(&item.id) && !item.id.is_empty() {
        let mend = "name items of a wider base";
        wrong("replaces", Rule::Replaces, "names the item itself".into(), mend.into());
    } else if !item.replaces.is_empty() && item.region.is_empty() {
        let mend = "give the item the `region` in which it stands in for them";
        wrong("replaces", Rule::Replaces, "replaces items everywhere".into(), mend.into());
    }
    for (field, list) in
        [("asks", &item.asks), ("keywords", &item.keywords), ("replaces", &item.replaces)]
    {
        if let Some(twice) = first_twice(list) {
            wrong(field, Rule::Twice, format!("holds `{twice}` twice"), "mend or remove this entry".into());
        }
    }
    faults
}

fn first_twice(list: &[String]) -> Option<&String> {
    list.iter().enumerate().find(|(i, text)| list.iter().take(*i).any(|t| t == *text)).map(|(_, text)| text)
}

pub(super) fn is_id(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

pub(super) fn is_region(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_digit()) && matches!(text.len(), 0 | 2 | 4 | 6 | 9)
}

/// `YYYY` or `YYYY-MM-DD` of a day that exists.
pub(super) fn is_date(text: &str) -> bool {
    let year = text.len() == 4
        && text.bytes().all(|b| b.is_ascii_digit())
        && text.parse().is_ok_and(|year| Day::new(year, 1, 1).is_some());
    year || Day::parse(text).is_some()
}
