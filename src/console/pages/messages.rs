//! 短信: what was sent to citizens, what waits, and what was given up, the last first.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use maud::{Markup, html};
use serde_json::{Value, json};

use super::frame::{Place, frame};
use super::parts::{Live, badge, clock, live, ticket_link};
use crate::console::App;
use crate::console::access::Known;
use crate::console::error::ApiError;
use crate::console::masking;
use crate::kernel::limits::MESSAGES_SHOWN;
use crate::store::MessageRow;

async fn shown(app: &App) -> Result<Vec<MessageRow>, ApiError> {
    let mut rows = app.store.messages(MESSAGES_SHOWN).await?;
    rows.iter_mut().for_each(masking::message);
    Ok(rows)
}

/// `GET /api/messages`.
pub(in crate::console) async fn messages_json(
    State(app): State<Arc<App>>,
) -> Result<Json<Value>, ApiError> {
    let counts: serde_json::Map<String, Value> =
        app.store.message_counts().await?.into_iter().map(|(state, n)| (state, n.into())).collect();
    Ok(Json(json!({ "counts": counts, "messages": shown(&app).await? })))
}

pub(in crate::console) async fn messages(
    State(app): State<Arc<App>>,
    who: Known,
) -> Result<Markup, ApiError> {
    let texts = &app.texts.outbox;
    let (rows, counts) = (shown(&app).await?, app.store.message_counts().await?);
    let body = html! {
        div .title {
            h1 { (texts.title) }
            @for (state, count) in &counts {
                span .hint { (app.texts.name("message_state", state)) " " (count) }
            }
        }
        @if rows.is_empty() { p .empty { (texts.none) } } @else { (table(&app, &rows)) }
    };
    let what = Live { kinds: "ticket", ..Live::default() };
    Ok(frame(&app, &who, Place::Messages, &texts.title, live(what, &body)))
}

fn table(app: &App, rows: &[MessageRow]) -> Markup {
    let texts = &app.texts.outbox;
    html! {
        div .scroll { table {
            thead { tr {
                th scope="col" { (texts.changed) }
                th scope="col" { (texts.ticket) }
                th scope="col" { (texts.step) }
                th scope="col" { (texts.number) }
                th scope="col" { (texts.state) }
                th scope="col" { (texts.attempts) }
                th scope="col" { (texts.text) }
            } }
            tbody { @for row in rows {
                tr id={ "message-" (row.ticket_id) "-" (row.event_seq) } {
                    td { (clock(row.changed_at)) }
                    td { (ticket_link(row.ticket_id)) }
                    td { (app.texts.name("ticket_event", &row.kind)) }
                    td .number { (row.number) }
                    td {
                        (badge(app, "message_state", &row.state))
                        @if row.state == "waiting" { " " (texts.due) " " (clock(row.due_at)) }
                    }
                    td .number { (row.attempts) }
                    td {
                        @if let Some(text) = &row.text { (text) }
                        @if let Some(error) = &row.error { p .bad { (error) } }
                    }
                }
            } }
        } }
    }
}
