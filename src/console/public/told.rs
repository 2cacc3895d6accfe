//! What citizens say on the page of their call: a thumb for an answer, a photo for the ticket.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::rejection::JsonRejection;
use axum::extract::{Json, Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::photo::{NoPhoto, cleaned, put};
use super::{Desk, KnownCalls};
use crate::hotline::Command;
use crate::kernel::CallId;
use crate::kernel::limits::PHOTO_BYTES_MAX;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Thumb {
    utterance: u32,
    up: bool,
}

impl Desk {
    /// Asks the table of calls.
    fn known<T>(&self, ask: impl FnOnce(&mut KnownCalls) -> T) -> Option<T> {
        self.known.lock().ok().map(|mut known| ask(&mut known))
    }

    fn call_of(&self, key: &str) -> Option<CallId> {
        self.known(|known| known.call(self.now(), key)).flatten()
    }

    /// Whether it is kept.
    async fn tell(&self, command: Command) -> bool {
        matches!((self.public.commands)(command).await, Some(Ok(())))
    }
}

/// The last one on an answer counts.
pub(super) async fn thumb(
    State(desk): State<Arc<Desk>>,
    Path(key): Path<String>,
    given: Result<Json<Thumb>, JsonRejection>,
) -> Response {
    let texts = &desk.texts.calling;
    let Some(call) = desk.call_of(&key) else { return super::no_page(State(desk.clone())).await };
    let Ok(Json(Thumb { utterance, up })) = given else {
        return desk.sentence(StatusCode::UNPROCESSABLE_ENTITY, &texts.thumb_failed);
    };
    let turns = desk.public.store.turns(call).await.unwrap_or_default();
    let utterance_row = i64::from(utterance);
    if !turns.iter().any(|turn| turn.idx == utterance_row && turn.speaker == "robot") {
        return desk.sentence(StatusCode::NOT_FOUND, &texts.thumb_failed);
    }
    if desk.known(|known| known.thumb(desk.now(), &key)) != Some(true) {
        return desk.sentence(StatusCode::TOO_MANY_REQUESTS, &texts.thumb_failed);
    }
    match desk.tell(Command::Thumb { call, utterance, up }).await {
        true => StatusCode::OK.into_response(),
        false => desk.sentence(StatusCode::SERVICE_UNAVAILABLE, &texts.thumb_failed),
    }
}

/// The body is read only for who has a call, and while there is room for it.
pub(super) async fn photo(
    State(desk): State<Arc<Desk>>,
    Path(key): Path<String>,
    body: Body,
) -> Response {
    let texts = &desk.texts.calling;
    let Some(call) = desk.call_of(&key) else { return super::no_page(State(desk.clone())).await };
    let Ok(_place) = desk.photos.clone().try_acquire_owned() else {
        return desk.sentence(StatusCode::SERVICE_UNAVAILABLE, &texts.photo_busy);
    };
    if desk.known(|known| known.photo(desk.now(), &key)) != Some(true) {
        return desk.sentence(StatusCode::TOO_MANY_REQUESTS, &texts.photo_enough);
    }
    // Whatever becomes of it, the next one may come: also where the browser goes away in the middle.
    let mut coming = Coming { desk: &desk, key: &key, good: false };
    let Ok(bytes) = to_bytes(body, PHOTO_BYTES_MAX).await else {
        desk.refuse("a photo that is too large, or broke off");
        return desk.sentence(StatusCode::PAYLOAD_TOO_LARGE, &texts.photo_large);
    };
    let cleaned = match tokio::task::spawn_blocking(move || cleaned(&bytes)).await {
        Ok(Ok(cleaned)) => cleaned,
        Ok(Err(NoPhoto::Large)) => {
            desk.refuse("a photo of too many pixels");
            return desk.sentence(StatusCode::PAYLOAD_TOO_LARGE, &texts.photo_large);
        }
        Ok(Err(NoPhoto::Kind | NoPhoto::Broken(_))) => {
            desk.refuse("a photo that is none");
            return desk.sentence(StatusCode::UNSUPPORTED_MEDIA_TYPE, &texts.photo_bad);
        }
        Ok(Err(NoPhoto::Unkept(_))) | Err(_) => {
            return desk.sentence(StatusCode::SERVICE_UNAVAILABLE, &texts.photo_failed);
        }
    };
    coming.good = true;
    let n = coming.number();
    let folder = desk.public.photos.clone();
    let kept = tokio::task::spawn_blocking(move || put(&folder, call, n, &cleaned)).await;
    let kept = match kept {
        Ok(Ok(photo)) => desk.tell(Command::Photo { call, photo }).await,
        Ok(Err(error)) => {
            tracing::error!(%call, %error, "a photo cannot be kept");
            false
        }
        Err(_) => false,
    };
    match kept {
        true => desk.sentence(StatusCode::CREATED, &texts.photo_kept),
        false => desk.sentence(StatusCode::SERVICE_UNAVAILABLE, &texts.photo_failed),
    }
}

/// A photo under way.
struct Coming<'a> {
    desk: &'a Desk,
    key: &'a str,
    good: bool,
}

impl Coming<'_> {
    /// The number that it has, from here on for good.
    fn number(&self) -> u32 {
        self.desk.known(|known| known.come(self.key, self.good)).unwrap_or(0)
    }
}

impl Drop for Coming<'_> {
    fn drop(&mut self) {
        if !self.good {
            let _ = self.number();
        }
    }
}
