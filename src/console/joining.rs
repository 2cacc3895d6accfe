//! What agents do with the caller they have, and supervisors on calls: `POST /api/agents/{id}/talk/{act}`, `/api/calls/{id}/watch`
//! and what belongs to them.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::json;

use super::App;
use super::access::{Known, Person};
use super::actions::{Done, NAME_CHARS, Nothing, carry_out};
use super::error::ApiError;
use super::orders::Number;
use super::read::{Body, Ids, text};
use crate::access::Grant;
use crate::bridge::Part;
use crate::hotline::{Act, Command, MESSAGE_CHARS, Toward};
use crate::kernel::{AgentId, CallId};
use crate::store::PartyRow;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct To {
    /// `agent:802`, `group:day` or `outside:110`; for `ask` and `transfer`.
    to: Option<String>,
}

impl To {
    fn read(&self) -> Result<Toward, ApiError> {
        let given = text("to", self.to.as_deref().unwrap_or_default(), NAME_CHARS)?;
        let toward = given.split_once(':').and_then(|(kind, code)| match kind {
            "agent" => code.parse().ok().map(|id| Toward::Agent(AgentId(id))),
            "group" => Some(Toward::Group(code.to_owned())),
            "outside" => Some(Toward::Outside(code.to_owned())),
            _ => None,
        });
        toward.ok_or_else(|| {
            let remedy = "write agent:WORK NUMBER, group:CODE or outside:CODE";
            ApiError::field("bad_choice", "to", format!("`to` is {given:?}"), remedy)
        })
    }
}

pub(super) const ACTS: [&str; 7] =
    ["hold", "resume", "ask", "join", "pass", "call-off", "transfer"];

pub(super) async fn act(State(app): State<Arc<App>>, ids: Ids, body: Body<To>) -> Done {
    let act = match ids.text("act") {
        "hold" => Act::Hold,
        "resume" => Act::Resume,
        "ask" => Act::Ask(body.0.read()?),
        "join" => Act::Join,
        "pass" => Act::Pass,
        "call-off" => Act::CallOff,
        "transfer" => Act::Transfer(body.0.read()?),
        other => {
            let error = format!("nothing is done by {other:?}");
            let remedy = format!("use one of {}", ACTS.join(", "));
            return Err(ApiError::new(StatusCode::NOT_FOUND, "not_found", error, remedy));
        }
    };
    carry_out(&app, Command::Talk { agent: AgentId(ids.id()?), act }).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Watch {
    /// The supervisor's own telephone, by work number.
    at: Number,
    /// `listens`, `whispers` or `barges`.
    part: String,
}

/// It is written down before it is done.
pub(super) async fn watch(
    State(app): State<Arc<App>>,
    who: Known,
    ids: Ids,
    body: Body<Watch>,
) -> Done {
    let part = Part::from_key(&body.0.part).filter(|part| part.watches()).ok_or_else(|| {
        let error = format!("`part` is {:?}", body.0.part);
        ApiError::field("bad_choice", "part", error, "use listens, whispers or barges")
    })?;
    let (call, at) = (CallId(ids.id()?), AgentId(u64::from(body.0.at.read("at")?)));
    let action = match part {
        Part::Whispers => "whispered",
        Part::Barges => "barged_in",
        _ => "listened_in",
    };
    app.note(&who, action, &format!("call {}", call.0), &at.to_string()).await?;
    carry_out(&app, Command::Watch { call, at, part }).await
}

pub(super) async fn unwatch(State(app): State<Arc<App>>, ids: Ids, _: Body<Nothing>) -> Done {
    carry_out(&app, Command::Unwatch { at: AgentId(ids.id()?) }).await
}

pub(super) async fn take_over(
    State(app): State<Arc<App>>,
    who: Known,
    ids: Ids,
    _: Body<Nothing>,
) -> Done {
    let at = AgentId(ids.id()?);
    let parties = app.store.parties().await?;
    let call = parties.iter().find(|party| party.agent == Some(at.0 as i64));
    let object = call.map_or_else(String::new, |party| format!("call {}", party.call_id));
    app.note(&who, "taken_over", &object, &at.to_string()).await?;
    carry_out(&app, Command::TakeOver { at }).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    /// A work number; nothing: to all.
    #[serde(default)]
    to: String,
    text: String,
}

pub(super) async fn write(State(app): State<Arc<App>>, who: Known, body: Body<Written>) -> Done {
    let words = text("text", &body.0.text, MESSAGE_CHARS)?;
    let to = match body.0.to.trim() {
        "" => None,
        given => Some(given.parse().map(AgentId).map_err(|_| {
            let error = format!("`to` is {given:?}");
            ApiError::field("bad_choice", "to", error, "give a work number, or nothing for all")
        })?),
    };
    let by = who.signs().unwrap_or(&app.texts.joining.supervisor).to_owned();
    carry_out(&app, Command::Message { to, text: words, by }).await
}

pub(super) async fn seen(State(app): State<Arc<App>>, ids: Ids, _: Body<Nothing>) -> Done {
    carry_out(&app, Command::MessagesSeen { agent: AgentId(ids.id()?) }).await
}

/// Those on calls now whom somebody may see: who listens or whispers only those who may do it themselves.
pub(super) async fn seen_by(app: &App, who: &Person) -> Result<Vec<PartyRow>, ApiError> {
    let mut parties = app.store.parties().await?;
    let watches = |row: &PartyRow| Part::from_key(&row.part).is_some_and(Part::watches);
    if !who.may(Grant::WatchCalls) {
        parties.retain(|row| !watches(row));
    }
    Ok(parties)
}

pub(super) async fn parties(State(app): State<Arc<App>>, who: Known) -> Done {
    Ok(Json(json!({ "parties": seen_by(&app, &who).await? })))
}
