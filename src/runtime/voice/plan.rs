//! What is sure to be said: every fixed clause of the prompts, and of the knowledge base every answer.

use std::collections::HashSet;

use super::ahead::Plan;
use super::distinct;
use crate::dialogue::{Line, Prompts, spoken_digits, spoken_number, spoken_source};
use crate::intake::{Emergency, Grade};
use crate::knowledge::Base;

/// Callers who wait hear their place and the minutes as far as these.
const POSITIONS: u64 = 20;
const MINUTES: u64 = 30;
/// Stands for a value that is not known yet: a letter of no text, as often as a value is long.
const OPEN: &str = "ꙮꙮꙮꙮꙮꙮ";

/// The prompts, which stay in memory, and then the items of the base: answer, source, and the question whether it is meant.
pub fn plan(prompts: &Prompts, base: &Base) -> Plan {
    let mut seen = HashSet::new();
    let mut said: Vec<String> = prompts.fixed().map(str::to_owned).collect();
    said.extend(Line::ALL.iter().flat_map(|line| filled(prompts, *line)));
    let said = said.iter().map(String::as_str);
    let mut clauses = distinct(said, &mut seen);
    clauses.retain(|clause| !clause.contains(OPEN));
    let pinned = clauses.len();
    let items: Vec<String> = base
        .items()
        .iter()
        .flat_map(|item| {
            let source = spoken_source(&item.source);
            let mut texts = wordings(prompts, Line::Answer, &[("answer", &item.spoken)]);
            texts.extend(wordings(prompts, Line::Source, &[("source", &source)]));
            texts.extend(wordings(prompts, Line::Confirm, &[("title", &item.title)]));
            texts
        })
        .collect();
    clauses.extend(distinct(items.iter().map(String::as_str), &mut seen));
    Plan { clauses, pinned }
}

/// Every wording of a line.
fn wordings(prompts: &Prompts, line: Line, values: &[(&str, &str)]) -> Vec<String> {
    (0..prompts.wordings(line)).map(|turn| prompts.text(line, turn, values)).collect()
}

/// The wordings of a line with slots: with every value where these are few, else with an open one.
fn filled(prompts: &Prompts, line: Line) -> Vec<String> {
    let each = |slot: &str, values: Vec<String>| -> Vec<String> {
        values.iter().flat_map(|value| wordings(prompts, line, &[(slot, value)])).collect()
    };
    match line.slots() {
        [] => Vec::new(),
        ["number"] => {
            each("number", Emergency::ALL.iter().map(|e| spoken_digits(e.number())).collect())
        }
        ["reply"] => {
            let grades = Grade::ALL.iter().map(|grade| grade.label());
            each("reply", grades.chain(["解决了", "没解决"]).map(str::to_owned).collect())
        }
        ["position"] => each("position", (1..=POSITIONS).map(spoken_number).collect()),
        ["position", "minutes"] => (1..=POSITIONS.max(MINUTES))
            .flat_map(|n| {
                let (position, minutes) = (n.min(POSITIONS), n.min(MINUTES));
                let (position, minutes) = (spoken_number(position), spoken_number(minutes));
                wordings(prompts, line, &[("position", &position), ("minutes", &minutes)])
            })
            .collect(),
        slots => {
            let values: Vec<(&str, &str)> = slots.iter().map(|slot| (*slot, OPEN)).collect();
            wordings(prompts, line, &values)
        }
    }
}
