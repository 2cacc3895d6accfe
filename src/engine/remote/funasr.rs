//! FunASR's WebSocket protocol (modelscope/FunASR, `runtime/docs/websocket_protocol.md`), one connection an utterance: settings,
//! sound, the sound's end; then text comes back. The offline server answers once, with `is_final` false; the real-time one
//! answers a stretch of speech at a time and marks the last.

use std::collections::BTreeMap;

use futures::{SinkExt, StreamExt};
use hyper::header::AUTHORIZATION;
use serde::Deserialize;
use serde_json::json;
use tokio_tungstenite::client_async_with_config;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::service::Service;
use super::{Answer, RATE, RemoteError};
use crate::kernel::limits::REMOTE_ANSWER_BYTES_MAX;

/// A second of sound a message.
const CHUNK: usize = RATE as usize;
/// How much likelier a told word becomes: the weight of the protocol's own examples.
const HOTWORD_WEIGHT: u32 = 20;
/// Longer pieces of a hint are sentences, no words.
const HOTWORD_CHARS_MAX: usize = 10;

#[derive(Deserialize)]
struct Piece {
    #[serde(default)]
    mode: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    is_final: bool,
}

/// `pcm` at [`RATE`].
pub async fn ask(service: &Service, pcm: &[i16], hint: &str) -> Result<Answer, RemoteError> {
    let endpoint = &service.settings.endpoint;
    let scheme = if endpoint.tls { "wss" } else { "ws" };
    let url = format!("{scheme}://{}{}/", endpoint.authority(), endpoint.path);
    let mut request = url.into_client_request().map_err(broken)?;
    if let Some(authorization) = &service.authorization {
        request.headers_mut().insert(AUTHORIZATION, authorization.clone());
    }
    let config = WebSocketConfig::default()
        .max_message_size(Some(REMOTE_ANSWER_BYTES_MAX))
        .max_frame_size(Some(REMOTE_ANSWER_BYTES_MAX));
    let stream = service.connect().await?;
    let (mut socket, _) =
        client_async_with_config(request, stream, Some(config)).await.map_err(broken)?;
    socket.feed(Message::text(beginning(hint))).await.map_err(broken)?;
    for chunk in pcm.chunks(CHUNK) {
        let bytes: Vec<u8> = chunk.iter().flat_map(|sample| sample.to_le_bytes()).collect();
        socket.feed(Message::binary(bytes)).await.map_err(broken)?;
    }
    socket
        .send(Message::text(json!({ "is_speaking": false }).to_string()))
        .await
        .map_err(broken)?;

    let mut text = String::new();
    while let Some(message) = socket.next().await {
        let message = match message.map_err(broken)? {
            Message::Text(message) => message,
            Message::Close(_) => break,
            _ => continue,
        };
        let piece: Piece = serde_json::from_str(message.as_str())
            .map_err(|_| RemoteError::Answer("no JSON object as FunASR sends it"))?;
        // What the first pass guesses while the sound comes in is said again, better, by the second.
        if piece.mode != "2pass-online" {
            text.push_str(&piece.text);
        }
        if piece.is_final || piece.mode == "offline" {
            return Ok(Answer { text, logprob: None });
        }
    }
    Err(RemoteError::Broken("it closed the connection before its answer was whole"))
}

fn beginning(hint: &str) -> String {
    let mut settings = json!({
        "mode": "offline",
        "wav_name": "utterance",
        "wav_format": "pcm",
        "audio_fs": RATE,
        "is_speaking": true,
        "chunk_size": [5, 10, 5],
        "itn": true,
    });
    let words = hotwords(hint);
    if !words.is_empty() {
        // A string that holds JSON: the server reads it a second time, and drops the whole message over anything else.
        settings["hotwords"] = json!(json!(words).to_string());
    }
    settings.to_string()
}

fn hotwords(hint: &str) -> BTreeMap<&str, u32> {
    let pieces = hint.split(|c: char| !c.is_alphanumeric());
    let words = pieces.filter(|piece| (2..=HOTWORD_CHARS_MAX).contains(&piece.chars().count()));
    words.map(|word| (word, HOTWORD_WEIGHT)).collect()
}

/// Without the library's own text, which can hold what the service sent.
fn broken(error: Error) -> RemoteError {
    match error {
        Error::Io(error) => RemoteError::Connect(error.kind()),
        Error::Http(response) => RemoteError::Status(response.status().as_u16()),
        Error::Capacity(_) => RemoteError::Broken("its answer is too long"),
        Error::ConnectionClosed | Error::AlreadyClosed => {
            RemoteError::Broken("it closed the connection")
        }
        _ => RemoteError::Broken("it does not speak WebSocket as RFC 6455 has it"),
    }
}
