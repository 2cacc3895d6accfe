//! The JSON API: what there is. Ids are plain numbers, times Unix milliseconds, positions milliseconds of the recording.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Value, json};

use super::access::Known;
use super::error::ApiError;
use super::read::{Ids, Page};
use super::{App, masking};
use crate::kernel::{CallId, TicketId};
use crate::store::{AgentRow, CallRow, EventRow, TicketRow, TurnRow, recording_path};

type Answer = Result<Json<Value>, ApiError>;

/// Alive, and able to read its store; no more, because nobody needs to log in for it.
pub(super) async fn health(State(app): State<Arc<App>>) -> Response {
    match app.store.calls(0, 1).await {
        Ok(_) => Json(json!({ "status": "ok" })).into_response(),
        Err(error) => {
            tracing::error!(%error, "the console cannot read the store");
            (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "status": "failing" }))).into_response()
        }
    }
}

pub(super) async fn calls(State(app): State<Arc<App>>, page: Page) -> Answer {
    let mut live = app.store.live_calls().await?;
    let mut recent = app.store.calls(page.before, page.limit).await?;
    live.iter_mut().chain(&mut recent).for_each(masking::call);
    let next_before = page.next(recent.iter().map(|row| row.id));
    Ok(Json(json!({ "live": live, "recent": recent, "next_before": next_before })))
}

#[derive(Serialize)]
struct WholeCall {
    #[serde(flatten)]
    call: CallRow,
    turns: Vec<TurnRow>,
    /// Where the recording is, once there is one.
    audio: Option<String>,
}

pub(super) async fn call(State(app): State<Arc<App>>, ids: Ids) -> Answer {
    let id = CallId(ids.id()?);
    let row = app.store.call(id).await?;
    let mut call = row.ok_or_else(|| ApiError::missing("call", id.0))?;
    let mut turns = app.store.turns(id).await?;
    masking::call(&mut call);
    turns.iter_mut().for_each(masking::turn);
    let recorded =
        tokio::fs::try_exists(recording_path(&app.recordings, id)).await.unwrap_or(false);
    let audio = recorded.then(|| format!("/api/calls/{}/audio", id.0));
    json_of(&WholeCall { call, turns, audio })
}

fn json_of(value: &impl Serialize) -> Answer {
    serde_json::to_value(value).map(Json).map_err(|error| {
        tracing::error!(%error, "an answer cannot be written as JSON");
        let remedy = "report it with the request that you made";
        ApiError::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "json",
            "no JSON can be made of it",
            remedy,
        )
    })
}

/// Callers who wait for a person, in the order of their arrival.
pub(super) async fn queue(State(app): State<Arc<App>>) -> Answer {
    let agents = agent_rows(&app).await?;
    let on_duty = agents.iter().filter(|agent| agent.state != "away").count();
    let mut waiting = app.store.live_calls().await?;
    waiting.retain(|call| call.state == "waiting");
    waiting.iter_mut().for_each(masking::call);
    let waiting: Vec<Value> = waiting
        .into_iter()
        .map(|call| {
            let rung = agents.iter().find(|a| a.state == "ringing" && a.call_id == Some(call.id));
            json!({ "call": call, "ringing_agent": rung.map(|agent| agent.id) })
        })
        .collect();
    Ok(Json(json!({ "waiting": waiting, "agents_on_duty": on_duty })))
}

/// Today's, in China's time.
pub(super) async fn figures(State(app): State<Arc<App>>) -> Answer {
    json_of(&super::figures::today(&app).await?)
}

pub(super) async fn tickets(State(app): State<Arc<App>>, who: Known, page: Page) -> Answer {
    let mut rows = app.store.tickets_of(who.unit(), page.before, page.limit).await?;
    let next_before = page.next(rows.iter().map(|row| row.id));
    rows.iter_mut().for_each(masking::ticket);
    Ok(Json(json!({ "tickets": rows, "next_before": next_before })))
}

#[derive(Serialize)]
struct WholeTicket {
    #[serde(flatten)]
    ticket: TicketRow,
    events: Vec<EventRow>,
}

/// Numbers and names are masked: whoever has to call somebody asks for the number (`reveal`). Those of a secret one are sealed.
pub(super) async fn ticket(State(app): State<Arc<App>>, ids: Ids) -> Answer {
    let id = TicketId(ids.id()?);
    let mut ticket =
        app.store.ticket(id).await?.ok_or_else(|| ApiError::missing("ticket", id.0))?;
    masking::ticket(&mut ticket);
    let events = app.store.ticket_events(id).await?;
    json_of(&WholeTicket { ticket, events })
}

/// An agent as configured, and what they are doing.
#[derive(Clone, Debug, Serialize)]
pub(super) struct AgentNow {
    pub id: i64,
    pub name: String,
    pub state: String,
    pub call_id: Option<i64>,
    /// Why they are away: a code of the queue's plan, `off_duty` or `no_answer`.
    pub reason: Option<String>,
    /// Since when; `None` before the first change.
    pub since: Option<i64>,
}

pub(super) async fn agent_rows(app: &App) -> Result<Vec<AgentNow>, ApiError> {
    let rows = app.store.agents().await?;
    let now = app.agents.iter().map(|agent| {
        let id = agent.id.0 as i64;
        let row: Option<&AgentRow> = rows.iter().find(|row| row.agent == id);
        AgentNow {
            id,
            name: agent.name.clone(),
            state: row.map_or_else(|| agent.state.key().to_owned(), |row| row.state.clone()),
            call_id: row.and_then(|row| row.call_id),
            reason: match row {
                Some(row) => row.reason.clone(),
                None => agent.state.reason().map(str::to_owned),
            },
            since: row.map(|row| row.at),
        }
    });
    Ok(now.collect())
}

pub(super) async fn agents(State(app): State<Arc<App>>) -> Answer {
    Ok(Json(json!({ "agents": agent_rows(&app).await? })))
}

pub(super) async fn surveys(State(app): State<Arc<App>>, page: Page) -> Answer {
    let mut rows = app.store.surveys(page.before, page.limit).await?;
    for answer in rows.iter_mut().flat_map(|row| &mut row.answers) {
        answer.words = answer.words.as_deref().map(masking::mask_numbers);
    }
    let next_before = page.next(rows.iter().map(|row| row.id));
    Ok(Json(json!({ "surveys": rows, "next_before": next_before })))
}

pub(super) async fn verifications(State(app): State<Arc<App>>, page: Page) -> Answer {
    let rows = app.store.verifications(page.limit).await?;
    Ok(Json(json!({ "verifications": rows })))
}
