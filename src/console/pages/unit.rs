//! A unit's tickets, the next due first; by light, duty and state.

use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use maud::{Markup, html};
use serde::Deserialize;

use super::board::{LOOKS_EVERY_S, NO_UNIT, lamp, marks, strip};
use super::frame::{Place, frame};
use super::parts::{badge, clock, ticket_link};
use super::tabs::{Tab, tabs};
use crate::access::Grant;
use crate::console::access::Known;
use crate::console::error::ApiError;
use crate::console::figures::now;
use crate::console::masking;
use crate::console::read::Ids;
use crate::console::{App, asked, names};
use crate::desk::clock::Duty;
use crate::kernel::Wall;
use crate::store::{BoardRow, Key, Lamp, LightsRow, Show, is_done};

const ROWS: i64 = 50;
/// The lights that may be asked for, with what is read.
const LAMPS: [(&str, Option<Lamp>); 7] = [
    ("", Some(Lamp::Any)),
    ("red", Some(Lamp::Red)),
    ("yellow", Some(Lamp::Yellow)),
    ("green", Some(Lamp::Green)),
    ("today", Some(Lamp::Today)),
    ("week", Some(Lamp::Week)),
    ("held", None),
];

#[derive(Debug, Deserialize)]
pub(in crate::console) struct Raw {
    lamp: Option<String>,
    duty: Option<String>,
    state: Option<String>,
    after: Option<String>,
}

struct Filter {
    lamp: &'static str,
    which: Option<Lamp>,
    duty: String,
    state: String,
    after: Key,
}

impl Filter {
    fn read(raw: Raw) -> Result<Filter, ApiError> {
        let wanted = raw.lamp.unwrap_or_default();
        let found = LAMPS.into_iter().find(|(key, _)| *key == wanted);
        let (lamp, which) = found.ok_or_else(|| {
            let known = LAMPS.map(|(key, _)| key).join(", ");
            let error = format!("`lamp` is {wanted:?}");
            ApiError::field("bad_query", "lamp", error, format!("use one of {known}"))
        })?;
        Ok(Filter {
            lamp,
            which,
            duty: asked::code("duty", raw.duty)?,
            state: asked::code("state", raw.state)?,
            after: key("after", raw.after.as_deref())?,
        })
    }

    fn show(&self) -> Show<'_> {
        match self.which {
            None => Show::Held,
            // What is done has no limit that it could be sorted by.
            Some(Lamp::Any) if is_done(&self.state) && self.duty.is_empty() => {
                Show::State(&self.state)
            }
            Some(lamp) => Show::Due { lamp, duty: &self.duty, state: &self.state },
        }
    }
}

/// `DUE.ID` of the last row of a page.
pub(super) fn key(field: &'static str, text: Option<&str>) -> Result<Key, ApiError> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(Key::FIRST) };
    let pair = text.split_once('.');
    let pair = pair.and_then(|(due, id)| Some((due.parse().ok()?, id.parse().ok()?)));
    let (due_at, id) = pair.ok_or_else(|| {
        let error = format!("`{field}` is {text:?}");
        ApiError::field("bad_query", field, error, "follow the links below the list")
    })?;
    Ok(Key { due_at, id })
}

/// The key of the next page, where this one is full.
pub(super) fn next(rows: &[BoardRow]) -> Option<String> {
    let last = rows.last().filter(|_| rows.len() as i64 >= ROWS)?;
    Some(format!("{}.{}", last.due_at.unwrap_or(0), last.id))
}

pub(in crate::console) async fn unit(
    State(app): State<Arc<App>>,
    who: Known,
    ids: Ids,
    raw: Result<Query<Raw>, QueryRejection>,
) -> Result<Markup, ApiError> {
    let code = asked::code("code", Some(ids.text("code").to_owned()))?;
    let filter = Filter::read(raw?.0)?;
    let own = (code != NO_UNIT).then_some(code.as_str());
    let marks = marks(now());
    let rows = app.store.unit_tickets(own, filter.show(), marks, filter.after, ROWS).await?;
    let lights = app.store.lights(marks).await?;
    let texts = &app.texts.board;
    let name = own.map_or_else(|| texts.no_unit.clone(), |code| names::unit(&app, code));
    if own.is_some_and(|code| app.dispatch.unit(code).is_none()) && rows.is_empty() {
        return Err(ApiError::missing("unit", code));
    }
    let mut all = LightsRow::default();
    lights.iter().filter(|row| row.unit.as_deref() == own).for_each(|row| all.add(row));
    let more = next(&rows);
    let path = format!(
        "/board/units/{code}?lamp={}&duty={}&state={}",
        filter.lamp, filter.duty, filter.state
    );
    let body = html! {
        div .title {
            h1 { (name) }
            @if who.may(Grant::SeeFigures) { a href="/board" { (texts.back) } }
            (tabs(&app, &who, Tab::Lights))
        }
        (strip(&app, &all))
        (form(&app, &code, &filter))
        section aria-labelledby="list" {
            h2 #list .sr { (texts.list) }
            @if rows.is_empty() { p .empty { (texts.none) } } @else { (table(&app, &rows, marks.now, With::Nothing)) }
            p .turn-over {
                @if filter.after != Key::FIRST { a href=(path) { (texts.first) } }
                @if let Some(more) = &more { a href={ (path) "&after=" (more) } rel="next" { (texts.next) } }
            }
        }
    };
    let page = html! { div #page data-live="ticket" data-every=(LOOKS_EVERY_S) { (body) } };
    Ok(frame(&app, &who, Place::Supervisor, &name, page))
}

fn form(app: &App, code: &str, filter: &Filter) -> Markup {
    let texts = &app.texts.board;
    let states = app.texts.names.get("ticket_state");
    html! {
        form .card .inline method="get" action={ "/board/units/" (code) } role="search" {
            label for="lamp" { (texts.lamp) }
            select #lamp name="lamp" {
                @for (key, _) in LAMPS {
                    option value=(key) selected[key == filter.lamp] {
                        @if key.is_empty() { (texts.any) } @else { (app.texts.name("light", key)) }
                    }
                }
            }
            label for="duty" { (texts.duty) }
            select #duty name="duty" {
                option value="" { (texts.any) }
                @for duty in Duty::ALL {
                    option value=(duty.key()) selected[duty.key() == filter.duty] { (duty.chinese()) }
                }
            }
            label for="state" { (texts.state) }
            select #state name="state" {
                option value="" { (texts.any) }
                @for (key, name) in states.into_iter().flatten() {
                    option value=(key) selected[*key == filter.state] { (name) }
                }
            }
            button .main type="submit" { (texts.look) }
        }
    }
}

/// `还剩 2 天 3 小时`, `超期 40 分钟`.
fn distance(app: &App, due: i64, now: Wall) -> String {
    let texts = &app.texts.board;
    let late = now.unix_ms >= due;
    let minutes = (due - now.unix_ms).abs() / 60_000;
    let (days, hours, minutes) = (minutes / 1440, minutes / 60 % 24, minutes % 60);
    let time = match (days, hours) {
        (0, 0) => format!("{minutes} {}", texts.minutes),
        (0, _) => format!("{hours} {}", texts.hours),
        _ => format!("{days} {} {hours} {}", texts.days, texts.hours),
    };
    format!("{} {time}", if late { &texts.late } else { &texts.left })
}

/// What a table of tickets shows beside their limits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum With {
    Nothing,
    /// Of several units: each ticket's own.
    Units,
    /// The same, and a form that has the ticket supervised.
    Supervise,
}

/// Tickets with their limits.
pub(super) fn table(app: &App, rows: &[BoardRow], now: Wall, with: With) -> Markup {
    let texts = &app.texts.board;
    html! {
        div .scroll { table {
            thead { tr {
                th scope="col" { (app.texts.page.ticket) }
                th scope="col" { (texts.lamp) }
                th scope="col" { (texts.duty) }
                th scope="col" { (texts.due) }
                th scope="col" { (texts.distance) }
                @if with != With::Nothing { th scope="col" { (texts.unit) } }
                th scope="col" { (texts.subject) }
                th scope="col" { (texts.place) }
                th scope="col" { (texts.state) }
                @if with == With::Supervise { th scope="col" { (texts.supervision) } }
            } }
            tbody { @for row in rows { (line(app, row, now, with)) } }
        } }
    }
}

fn line(app: &App, row: &BoardRow, now: Wall, with: With) -> Markup {
    let texts = &app.texts.board;
    let light = names::light(row, now);
    let sealed = row.is_sealed();
    let place = row.place.as_deref().map(|code| names::place(app, code));
    let words = row.field("place").map(|field| masking::mask_numbers(&field.value));
    html! {
        tr id={ "ticket-" (row.id) } {
            td { (ticket_link(row.id)) }
            td { @if let Some(light) = light { (lamp(app, light.key())) } }
            td .tight { (row.duty.as_deref().map(names::duty).unwrap_or_default()) }
            td .tight { @if let Some(due) = row.due_at { (clock(due)) } }
            td .figure.tight { @if let Some(due) = row.due_at { (distance(app, due, now)) } }
            @if with != With::Nothing {
                td { (row.unit.as_deref().map_or_else(|| texts.no_unit.clone(), |unit| names::unit(app, unit))) }
            }
            td {
                @if sealed { span .badge { (texts.sealed) } " " }
                (names::subject(app, row))
                @if row.supervised { " " span .badge.is-unhappy { (texts.supervised) } }
            }
            td { @if !sealed { (words.or(place).unwrap_or_default()) } }
            td { (badge(app, "ticket_state", &row.state)) }
            @if with == With::Supervise { td { (supervise(app, row)) } }
        }
    }
}

/// One click: the reason is that the limit has passed, and who signs is remembered by the browser. When the ticket has
/// changed since the list was read, the order is refused and says so.
fn supervise(app: &App, row: &BoardRow) -> Markup {
    let texts = &app.texts.board;
    html! {
        form .quick id={ "supervise-" (row.id) } method="post"
            data-post={ "/api/tickets/" (row.id) "/orders/supervise" } {
            input type="hidden" name="role" value="supervisor";
            input type="hidden" name="seen" value=(row.version);
            input type="hidden" name="why" value=(texts.supervise_why);
            input name="by" maxlength="40" size="6" required aria-label={ (texts.signs) " " (row.id) }
                placeholder=(texts.signs) data-remember="by" autocomplete="name";
            button type="submit" { (texts.supervise) }
            output role="status" {}
        }
    }
}
