//! 网上通话: a citizen calls from the browser. One request with the browser's description and our answer to it (WHIP, RFC 9725), a
//! stream of the words as they are heard, and the hang-up; sound goes its own way.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{ConnectInfo, Path, State};
use axum::http::header::{CONTENT_TYPE, HeaderMap, LOCATION, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::sse::{Event, KeepAlive};
use axum::response::{IntoResponse, Response, Sse};
use futures::Stream;
use serde_json::json;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

use super::{Desk, Locked, asker, page};
use crate::console::listener::Peer;
use crate::console::telephones::{Followed, Placed, Refused, Telephones};
use crate::console::told::{source, told};
use crate::hotline::Fact;
use crate::kernel::CallId;
use crate::knowledge::Library;

/// What descriptions are sent as (RFC 9725, 4.2).
const SDP: &str = "application/sdp";
/// How often a quiet stream shows that it lives.
const BEAT: Duration = Duration::from_secs(15);

impl Desk {
    fn line(&self) -> Option<&Arc<dyn Telephones>> {
        self.public.calls.as_ref()
    }

    pub(super) fn sentence(&self, status: StatusCode, text: &str) -> Response {
        (status, [(CONTENT_TYPE, "text/plain; charset=utf-8")], text.to_owned()).into_response()
    }

    fn too_often(&self, locked: Locked) -> Response {
        self.refuse("calls too often");
        let seconds = locked.wait_ms.div_ceil(1000);
        let minutes = seconds.div_ceil(60).to_string();
        let text = self.texts.calling.too_often.replace("{minutes}", &minutes);
        let mut response = self.sentence(StatusCode::TOO_MANY_REQUESTS, &text);
        if let Ok(value) = HeaderValue::from_str(&seconds.to_string()) {
            response.headers_mut().insert(RETRY_AFTER, value);
        }
        response
    }
}

pub(super) async fn call_page(State(desk): State<Arc<Desk>>) -> Response {
    match desk.line() {
        Some(_) => page::call(&desk.texts, &desk.public.hotline).into_response(),
        None => super::no_page(State(desk)).await,
    }
}

pub(super) async fn script() -> Response {
    let kind = [(CONTENT_TYPE, "text/javascript; charset=utf-8")];
    (kind, include_str!("call.js")).into_response()
}

/// A call begins: 201 with our description, and at Location what ends it.
pub(super) async fn call(
    State(desk): State<Arc<Desk>>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    headers: HeaderMap,
    offer: String,
) -> Response {
    let texts = &desk.texts.calling;
    let Some(line) = desk.line() else { return super::no_page(State(desk.clone())).await };
    // A page of somebody else's cannot send this kind without being asked first, and is then refused.
    if headers.get(CONTENT_TYPE).is_none_or(|kind| kind.as_bytes() != SDP.as_bytes()) {
        return desk.sentence(StatusCode::UNSUPPORTED_MEDIA_TYPE, &texts.bad_offer);
    }
    let address = asker(peer, &headers, &desk.public.proxies);
    let asked = match desk.callers.lock() {
        Ok(mut callers) => callers.ask(desk.now(), address),
        Err(_) => return desk.sentence(StatusCode::SERVICE_UNAVAILABLE, &texts.busy),
    };
    if let Err(locked) = asked {
        return desk.too_often(locked);
    }
    match line.call(offer, address).await {
        Ok(Placed { key, answer }) => {
            if let (Some(followed), Ok(mut known)) = (line.follow(&key), desk.known.lock()) {
                known.remember(desk.now(), key.clone(), followed.call);
            }
            let headers = [(CONTENT_TYPE, SDP.to_owned()), (LOCATION, format!("/calls/{key}"))];
            (StatusCode::CREATED, headers, answer).into_response()
        }
        Err(Refused::Offer) => desk.sentence(StatusCode::UNPROCESSABLE_ENTITY, &texts.bad_offer),
        Err(Refused::Full | Refused::Over | Refused::Late) => {
            desk.sentence(StatusCode::SERVICE_UNAVAILABLE, &texts.busy)
        }
    }
}

/// The citizen hangs up. What is over already is over.
pub(super) async fn hang_up(State(desk): State<Arc<Desk>>, Path(key): Path<String>) -> Response {
    let Some(line) = desk.line() else { return super::no_page(State(desk.clone())).await };
    line.hang_up(&key).await;
    StatusCode::OK.into_response()
}

struct Reader {
    call: CallId,
    facts: Receiver<Fact>,
    over: CancellationToken,
    /// That the line is down has been told.
    told: bool,
    ended: bool,
    library: Arc<Library>,
    _place: OwnedSemaphorePermit,
}

/// Events `turn` with who said what and, of an answer, where it is from, `so_far` with what is being said, `over` when the line is down, and `ended` after the last words.
pub(super) async fn words(State(desk): State<Arc<Desk>>, Path(key): Path<String>) -> Response {
    let Some(line) = desk.line() else { return super::no_page(State(desk.clone())).await };
    let Some(Followed { call, facts, over }) = line.follow(&key) else {
        return desk.sentence(StatusCode::NOT_FOUND, &desk.texts.no_page);
    };
    let Ok(place) = desk.feeds.clone().try_acquire_owned() else {
        return desk.sentence(StatusCode::SERVICE_UNAVAILABLE, &desk.texts.calling.busy);
    };
    let library = desk.public.library.clone();
    let reader = Reader { call, facts, over, told: false, ended: false, library, _place: place };
    Sse::new(events(reader)).keep_alive(KeepAlive::new().interval(BEAT)).into_response()
}

/// An answer comes with where it is from.
fn turn(
    library: &Library,
    (idx, who): (u32, &str),
    (text, cut_short): (&str, bool),
) -> serde_json::Value {
    let base = library.base();
    let item = if who == "robot" { told(&base, text, cut_short) } else { None };
    json!({
        "idx": idx, "who": who, "text": text,
        "answer": item.map(|item| &item.title), "source": item.map(source),
    })
}

fn events(reader: Reader) -> impl Stream<Item = Result<Event, Infallible>> {
    futures::stream::unfold(reader, async |mut reader| {
        if reader.ended {
            return None;
        }
        loop {
            let fact = tokio::select! {
                () = reader.over.cancelled(), if !reader.told => {
                    reader.told = true;
                    return Some((Ok(Event::default().event("over").data("{}")), reader));
                }
                fact = reader.facts.recv() => fact,
            };
            let fact = match fact {
                Ok(fact) => fact,
                // What was missed is not shown; what comes is.
                Err(RecvError::Lagged(_)) => continue,
                Err(RecvError::Closed) => return None,
            };
            match fact {
                Fact::Turn { utterance, cut_short, .. } if utterance.call == reader.call => {
                    let turn = turn(
                        &reader.library,
                        (utterance.index, utterance.speaker.key()),
                        (&utterance.text, cut_short),
                    );
                    let turn = turn.to_string();
                    return Some((Ok(Event::default().event("turn").data(turn)), reader));
                }
                Fact::SoFar { call, speaker, text, .. } if call == reader.call => {
                    let so_far = json!({ "who": speaker.key(), "text": text }).to_string();
                    return Some((Ok(Event::default().event("so_far").data(so_far)), reader));
                }
                Fact::CallEnded { call, .. } if call == reader.call => {
                    reader.ended = true;
                    return Some((Ok(Event::default().event("ended").data("{}")), reader));
                }
                _ => {}
            }
        }
    })
}
