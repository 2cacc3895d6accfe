//! An agent's telephone in the browser: it rings by a stream of events, and is answered, held and put down by commands. The sound
//! goes its own way, agreed on by the browser's description and our answer.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use futures::Stream;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio_util::sync::CancellationToken;

use super::App;
use super::actions::{Done, Nothing};
use super::error::ApiError;
use super::read::{Body, Ids};
use super::telephones::{Refused, Ring, Telephones};
use crate::kernel::limits::OFFER_BYTES_MAX;
use crate::kernel::{AgentId, LegId};

/// How often a quiet stream shows that it lives.
const BEAT: Duration = Duration::from_secs(15);

fn line(app: &App) -> Result<&Arc<dyn Telephones>, ApiError> {
    app.telephones.as_ref().ok_or_else(ApiError::no_page)
}

/// One of the agents there are.
fn agent(app: &App, ids: &Ids) -> Result<AgentId, ApiError> {
    let id = AgentId(ids.id()?);
    let known = app.agents.iter().any(|agent| agent.id == id);
    if known { Ok(id) } else { Err(ApiError::missing("agent", id.0)) }
}

fn leg(ids: &Ids) -> Result<LegId, ApiError> {
    let given = ids.text("leg");
    given.parse().map(LegId).map_err(|_| ApiError::missing("call", given))
}

struct Reader {
    rings: mpsc::Receiver<Ring>,
    stop: CancellationToken,
    begun: bool,
    _place: OwnedSemaphorePermit,
}

/// Events `ready` at the start, `ring` and `over` with the leg. While it is read, the agent is rung here.
pub(super) async fn rings(
    State(app): State<Arc<App>>,
    ids: Ids,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, ApiError> {
    let place = app.feeds.clone().try_acquire_owned().map_err(|_| {
        let error = "too many live feeds are open";
        let remedy = "close pages that nobody looks at";
        ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "busy", error, remedy)
    })?;
    let rings = line(&app)?.sign_in(agent(&app, &ids)?);
    let reader = Reader { rings, stop: app.stop.clone(), begun: false, _place: place };
    let events = futures::stream::unfold(reader, async |mut reader| {
        if !reader.begun {
            reader.begun = true;
            return Some((Ok(Event::default().event("ready").data("{}")), reader));
        }
        let ring = tokio::select! {
            () = reader.stop.cancelled() => return None,
            ring = reader.rings.recv() => ring?,
        };
        let event = match ring {
            Ring::Rings { leg, call } => Event::default()
                .event("ring")
                .data(json!({ "leg": leg.0, "call": call.0 }).to_string()),
            Ring::Over { leg } => {
                Event::default().event("over").data(json!({ "leg": leg.0 }).to_string())
            }
        };
        Some((Ok(event), reader))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(BEAT)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Offer {
    offer: String,
}

pub(super) async fn pick_up(State(app): State<Arc<App>>, ids: Ids, body: Body<Offer>) -> Done {
    let offer = body.0.offer;
    if offer.len() > OFFER_BYTES_MAX {
        let remedy = format!("send at most {OFFER_BYTES_MAX} bytes");
        return Err(ApiError::field("too_long", "offer", "`offer` is too long", remedy));
    }
    let picked_up = line(&app)?.pick_up(agent(&app, &ids)?, leg(&ids)?, offer).await;
    match picked_up {
        Ok(answer) => Ok(Json(json!({ "answer": answer }))),
        Err(Refused::Offer) => {
            let error = "the browser's description cannot be agreed on";
            Err(ApiError::field("bad_offer", "offer", error, "use a current browser"))
        }
        Err(Refused::Over) => Err(ApiError::missing("call", ids.text("leg"))),
        Err(Refused::Full | Refused::Late) => Err(ApiError::busy()),
    }
}

pub(super) async fn put_down(State(app): State<Arc<App>>, ids: Ids, _: Body<Nothing>) -> Done {
    line(&app)?.put_down(agent(&app, &ids)?, leg(&ids)?).await;
    Ok(Json(json!({ "done": true })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Hold {
    on: bool,
}

pub(super) async fn hold(State(app): State<Arc<App>>, ids: Ids, body: Body<Hold>) -> Done {
    line(&app)?.hold(agent(&app, &ids)?, leg(&ids)?, body.0.on).await;
    Ok(Json(json!({ "done": true })))
}
