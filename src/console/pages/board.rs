//! 灯牌: the running limits of every unit, by their lights, and what falls due today and this week.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use maud::{Markup, html};
use serde::Deserialize;

use super::frame::{Place, frame};
use super::tabs::{Tab, tabs};
use crate::console::access::Known;
use crate::console::error::ApiError;
use crate::console::figures::now;
use crate::console::{App, asked, names};
use crate::kernel::Wall;
use crate::store::{LightsRow, Marks};

/// How often an open page looks again: lights change without anything happening.
pub(super) const LOOKS_EVERY_S: u32 = 60;
/// Stands in addresses for the tickets of no unit.
pub(super) const NO_UNIT: &str = "-";

/// Now, and the midnights that end today and this week, which ends with Sunday.
pub(super) fn marks(now: Wall) -> Marks {
    let today = now.civil().day();
    let midnight = |days: i64| today.plus(days).map_or(now, |day| day.start());
    Marks { now, today: midnight(1), week: midnight(8 - i64::from(today.weekday())) }
}

#[derive(Debug, Deserialize)]
pub(in crate::console) struct OfDuty {
    duty: Option<String>,
}

/// Counts under one name.
struct Sum {
    key: String,
    name: String,
    lights: LightsRow,
}

/// Put together under keys, the most urgent first.
fn sums<'a>(
    rows: impl Iterator<Item = &'a LightsRow>,
    key: impl Fn(&LightsRow) -> String,
    name: impl Fn(&str) -> String,
) -> Vec<Sum> {
    let mut found: BTreeMap<String, LightsRow> = BTreeMap::new();
    for row in rows {
        found.entry(key(row)).or_default().add(row);
    }
    let sum = |(key, lights): (String, LightsRow)| Sum { name: name(&key), key, lights };
    let mut sums: Vec<Sum> = found.into_iter().map(sum).collect();
    sums.sort_by(|a, b| {
        let urgency = |sum: &Sum| (sum.lights.red, sum.lights.yellow, sum.lights.today);
        urgency(b).cmp(&urgency(a)).then_with(|| a.name.cmp(&b.name))
    });
    sums
}

pub(in crate::console) async fn board(
    State(app): State<Arc<App>>,
    who: Known,
    of: Result<Query<OfDuty>, QueryRejection>,
) -> Result<Markup, ApiError> {
    let duty = asked::code("duty", of?.0.duty)?;
    let marks = marks(now());
    let rows = app.store.lights(marks).await?;
    let texts = &app.texts.board;
    let of_duty = |row: &&LightsRow| duty.is_empty() || row.duty == duty;
    let units = sums(
        rows.iter().filter(of_duty),
        |row| row.unit.clone().unwrap_or_else(|| NO_UNIT.to_owned()),
        |key| if key == NO_UNIT { texts.no_unit.clone() } else { names::unit(&app, key) },
    );
    let duties = sums(rows.iter(), |row| row.duty.clone(), |key| names::duty(key).to_owned());
    let mut all = LightsRow::default();
    rows.iter().filter(of_duty).for_each(|row| all.add(row));
    let body = html! {
        div .title {
            h1 { (texts.title) @if !duty.is_empty() { " · " (names::duty(&duty)) } }
            @if !duty.is_empty() { a href="/board" { (texts.all_duties) } }
            (tabs(&app, &who, Tab::Lights))
        }
        (strip(&app, &all))
        div .columns.wide-left {
            section aria-labelledby="by-unit" {
                h2 #by-unit { (texts.by_unit) " " span .count { (units.len()) } }
                @if units.is_empty() { p .empty { (texts.none) } }
                @else { (unit_table(&app, &units, &duty)) }
            }
            section aria-labelledby="by-duty" {
                h2 #by-duty { (texts.by_duty) }
                @if duties.is_empty() { p .empty { (texts.none) } } @else { (duty_table(&app, &duties, &duty)) }
            }
        }
    };
    let page = html! {
        div #page data-live="ticket" data-every=(LOOKS_EVERY_S) { (body) }
    };
    Ok(frame(&app, &who, Place::Supervisor, &texts.title, page))
}

/// A light as a word with its colour and its sign, so that nobody needs the colour.
pub(super) fn lamp(app: &App, key: &str) -> Markup {
    let sign = match key {
        "red" => "●",
        "yellow" => "▲",
        "held" => "‖",
        _ => "○",
    };
    html! {
        span class={ "lamp is-" (key) } { span aria-hidden="true" { (sign) } " " (app.texts.name("light", key)) }
    }
}

/// Everything together.
pub(super) fn strip(app: &App, all: &LightsRow) -> Markup {
    let texts = &app.texts.board;
    let lights =
        [("red", all.red), ("yellow", all.yellow), ("green", all.green()), ("held", all.held)];
    let more = [
        (&texts.today, all.today),
        (&texts.week, all.week),
        (&texts.open, all.open),
        (&texts.unsupervised, all.unsupervised),
    ];
    html! {
        section #totals .strip aria-label=(texts.totals) {
            dl {
                @for (key, count) in lights {
                    div { dt { (lamp(app, key)) } dd { b .figure { (count) } } }
                }
                @for (name, count) in more { div { dt { (name) } dd { b .figure { (count) } } } }
            }
        }
    }
}

/// A count that leads to its tickets; nothing stands as a point, so that the rest stands out.
fn count(href: &str, class: &str, count: i64) -> Markup {
    html! {
        td .figure {
            @if count == 0 { span .hint { "·" } } @else { a class=(class) href=(href) { (count) } }
        }
    }
}

fn heads(app: &App, first: &str, more: bool) -> Markup {
    let texts = &app.texts.board;
    html! {
        thead { tr {
            th scope="col" { (first) }
            @for key in ["red", "yellow", "green", "held"] {
                th scope="col" .figure { (lamp(app, key)) }
            }
            th scope="col" .figure { (texts.today) }
            @if more {
                th scope="col" .figure { (texts.week) }
                th scope="col" .figure { (texts.open) }
                th scope="col" .figure { (texts.unsupervised) }
            }
        } }
    }
}

fn unit_table(app: &App, units: &[Sum], duty: &str) -> Markup {
    html! {
        div .scroll { table .board {
            (heads(app, &app.texts.board.unit, true))
            tbody {
                @for Sum { key, name, lights } in units {
                    @let list = |lamp: &str| format!("/board/units/{key}?lamp={lamp}&duty={duty}");
                    tr id={ "unit-" (key) } {
                        th scope="row" { a href=(list("")) { (name) } }
                        (count(&list("red"), "lamp is-red", lights.red))
                        (count(&list("yellow"), "lamp is-yellow", lights.yellow))
                        (count(&list("green"), "", lights.green()))
                        (count(&list("held"), "", lights.held))
                        (count(&list("today"), "", lights.today))
                        (count(&list("week"), "", lights.week))
                        (count(&list(""), "", lights.open))
                        td .figure { (lights.unsupervised) }
                    }
                }
            }
        } }
    }
}

fn duty_table(app: &App, duties: &[Sum], own: &str) -> Markup {
    html! {
        div .scroll { table .board {
            (heads(app, &app.texts.board.duty, false))
            tbody {
                @for Sum { key, name, lights } in duties {
                    tr id={ "duty-" (key) } {
                        th scope="row" {
                            a href={ "/board?duty=" (key) } aria-current=[(key == own).then_some("true")] { (name) }
                        }
                        td .figure { (lights.red) }
                        td .figure { (lights.yellow) }
                        td .figure { (lights.green()) }
                        td .figure { (lights.held) }
                        td .figure { (lights.today) }
                    }
                }
            }
        } }
    }
}
