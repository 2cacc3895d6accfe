//! 督办: limits that have passed without anybody supervising them, and what is supervised.

use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use maud::{Markup, html};
use serde::Deserialize;

use super::board::{LOOKS_EVERY_S, marks};
use super::frame::{Place, frame};
use super::tabs::{Tab, tabs};
use super::unit::{With, key, next, table};
use crate::console::App;
use crate::console::access::Known;
use crate::console::error::ApiError;
use crate::console::figures::now;
use crate::store::Key;

const ROWS: i64 = 50;

#[derive(Debug, Deserialize)]
pub(in crate::console) struct Raw {
    /// The last row of the page before, of either list.
    after: Option<String>,
    watched: Option<String>,
}

pub(in crate::console) async fn supervision(
    State(app): State<Arc<App>>,
    who: Known,
    raw: Result<Query<Raw>, QueryRejection>,
) -> Result<Markup, ApiError> {
    let raw = raw?.0;
    let after = key("after", raw.after.as_deref())?;
    let watched = key("watched", raw.watched.as_deref())?;
    let marks = marks(now());
    let proposed = app.store.unsupervised(marks.now, after, ROWS).await?;
    let supervised = app.store.supervised(watched, ROWS).await?;
    let waiting: i64 = app.store.lights(marks).await?.iter().map(|row| row.unsupervised).sum();
    let texts = &app.texts.board;
    let turn = |name: &str, from: Key, more: Option<String>| {
        html! {
            p .turn-over {
                @if from != Key::FIRST { a href="/board/supervision" { (texts.first) } }
                @if let Some(more) = more {
                    a href={ "/board/supervision?" (name) "=" (more) } rel="next" { (texts.next) }
                }
            }
        }
    };
    let body = html! {
        div .title { h1 { (texts.supervision) } (tabs(&app, &who, Tab::Supervision)) }
        section aria-labelledby="proposed" {
            h2 #proposed { (texts.proposed) " " span .count { (waiting) } }
            p .hint { (texts.proposed_help) }
            @if proposed.is_empty() { p .empty { (texts.none_proposed) } }
            @else { (table(&app, &proposed, marks.now, With::Supervise)) }
            (turn("after", after, next(&proposed)))
        }
        section aria-labelledby="supervised" {
            h2 #supervised { (texts.supervised_now) }
            @if supervised.is_empty() { p .empty { (texts.none_supervised) } }
            @else { (table(&app, &supervised, marks.now, With::Units)) }
            (turn("watched", watched, next(&supervised)))
        }
    };
    let page = html! { div #page data-live="ticket" data-every=(LOOKS_EVERY_S) { (body) } };
    Ok(frame(&app, &who, Place::Supervisor, &texts.supervision, page))
}
