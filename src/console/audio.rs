//! A call's recording, from any position, also while it grows.

use std::collections::VecDeque;
use std::io::SeekFrom;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::{
    ACCEPT_RANGES, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, IF_RANGE, RANGE,
};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt};

use super::App;
use super::access::{Known, Via};
use super::error::ApiError;
use super::read::Ids;
use crate::kernel::CallId;
use crate::kernel::limits::LISTENINGS;
use crate::store::recording_path;

/// Parts of one recording that are asked for within so long are one listening.
const LISTENING: Duration = Duration::from_secs(600);

/// Who listens to what: a player asks for a recording in many parts, and each listening is written down once.
#[derive(Default)]
pub(super) struct Listenings(Mutex<VecDeque<(Instant, String, CallId)>>);

impl Listenings {
    fn is_known(&self, who: &Known, call: CallId) -> bool {
        let Ok(mut known) = self.0.lock() else { return false };
        known.retain(|(since, ..)| since.elapsed() < LISTENING);
        known.iter().any(|(_, of, to)| of == listener(who) && *to == call)
    }

    fn remember(&self, who: &Known, call: CallId) {
        let Ok(mut known) = self.0.lock() else { return };
        if known.len() >= LISTENINGS {
            known.pop_front();
        }
        known.push_back((Instant::now(), listener(who).to_owned(), call));
    }
}

fn listener(who: &Known) -> &str {
    match &who.via {
        Via::Session { digest, .. } => digest,
        Via::Local | Via::Token => &who.name,
    }
}

const CHUNK_BYTES: u64 = 64 * 1024;

/// Which bytes of `length` are wanted (RFC 9110, 14.1.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Wanted {
    All,
    /// First and last.
    Part(u64, u64),
    Nowhere,
}

/// Several ranges at once and other units are answered with everything, as the RFC allows.
fn wanted(range: Option<&str>, length: u64) -> Wanted {
    let Some((from, to)) = range
        .and_then(|value| value.strip_prefix("bytes="))
        .filter(|value| !value.contains(','))
        .and_then(|value| value.trim().split_once('-'))
    else {
        return Wanted::All;
    };
    let last = length.saturating_sub(1);
    match (from.parse::<u64>().ok(), to.parse::<u64>().ok()) {
        (None, Some(0)) => Wanted::Nowhere,
        (None, Some(_)) if from.is_empty() && length == 0 => Wanted::Nowhere,
        (None, Some(count)) if from.is_empty() => Wanted::Part(length.saturating_sub(count), last),
        (Some(first), _) if first >= length => Wanted::Nowhere,
        (Some(first), None) if to.is_empty() => Wanted::Part(first, last),
        (Some(first), Some(end)) if first <= end => Wanted::Part(first, end.min(last)),
        _ => Wanted::All,
    }
}

pub(super) async fn audio(
    State(app): State<Arc<App>>,
    who: Known,
    ids: Ids,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let id = CallId(ids.id()?);
    let missing = || {
        let error = format!("call {} has no recording", id.0);
        let remedy = "a recording begins when a call is answered; look whether the call is there";
        ApiError::new(StatusCode::NOT_FOUND, "not_found", error, remedy)
    };
    let unread = |error: std::io::Error| {
        tracing::error!(call = %id, %error, "a recording cannot be read");
        let remedy = "look at the disk that holds the recordings";
        let text = "the recording cannot be read";
        ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "audio", text, remedy)
    };
    let mut file = match File::open(recording_path(&app.recordings, id)).await {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(missing()),
        Err(error) => return Err(unread(error)),
    };
    let length = file.metadata().await.map_err(unread)?.len();
    // We give no validators, so a conditional range never matches.
    let range = headers.get(RANGE).filter(|_| !headers.contains_key(IF_RANGE));
    let range = range.and_then(|value| value.to_str().ok());
    let (status, first, count, content_range) = match wanted(range, length) {
        Wanted::All => (StatusCode::OK, 0, length, None),
        Wanted::Part(first, last) => {
            let content_range = format!("bytes {first}-{last}/{length}");
            (StatusCode::PARTIAL_CONTENT, first, last - first + 1, Some(content_range))
        }
        Wanted::Nowhere => {
            let error = format!("the recording has {length} bytes");
            let remedy = "ask for a range within them";
            let refusal =
                ApiError::new(StatusCode::RANGE_NOT_SATISFIABLE, "bad_range", error, remedy);
            let mut response = refusal.into_response();
            if let Ok(value) = format!("bytes */{length}").parse() {
                response.headers_mut().insert(CONTENT_RANGE, value);
            }
            return Ok(response);
        }
    };
    if !app.listenings.is_known(&who, id) {
        app.note(&who, "listened", &format!("call {}", id.0), "").await?;
        app.listenings.remember(&who, id);
    }
    file.seek(SeekFrom::Start(first)).await.map_err(unread)?;
    let mut response = Body::from_stream(chunks(file, count)).into_response();
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, axum::http::HeaderValue::from_static("audio/wav"));
    headers.insert(ACCEPT_RANGES, axum::http::HeaderValue::from_static("bytes"));
    headers.insert(CONTENT_LENGTH, count.into());
    if let Some(value) = content_range.and_then(|value| value.parse().ok()) {
        headers.insert(CONTENT_RANGE, value);
    }
    Ok(response)
}

fn chunks(file: File, count: u64) -> impl futures::Stream<Item = std::io::Result<Bytes>> {
    futures::stream::try_unfold((file, count), async |(mut file, left)| {
        if left == 0 {
            return Ok(None);
        }
        let mut buffer = vec![0; left.min(CHUNK_BYTES) as usize];
        file.read_exact(&mut buffer).await?;
        let left = left - buffer.len() as u64;
        Ok(Some((Bytes::from(buffer), (file, left))))
    })
}

#[cfg(test)]
mod tests {
    use super::Wanted::{self, All, Nowhere, Part};

    #[test]
    fn ranges_are_read_as_the_rfc_says() {
        let cases: [(Option<&str>, u64, Wanted); 12] = [
            (None, 100, All),
            (Some("bytes=0-9"), 100, Part(0, 9)),
            (Some("bytes=90-"), 100, Part(90, 99)),
            (Some("bytes=-10"), 100, Part(90, 99)),
            (Some("bytes=-1000"), 100, Part(0, 99)),
            (Some("bytes=50-1000"), 100, Part(50, 99)),
            (Some("bytes=100-"), 100, Nowhere),
            (Some("bytes=-0"), 100, Nowhere),
            (Some("bytes=-5"), 0, Nowhere),
            (Some("bytes=9-3"), 100, All),
            (Some("bytes=0-1,5-6"), 100, All),
            (Some("frames=0-1"), 100, All),
        ];
        for (range, length, expected) in cases {
            assert_eq!(super::wanted(range, length), expected, "{range:?} of {length}");
        }
    }
}
