//! A gateway of text messages behind HTTP: one `POST` a message, signed.
//!
//! The body is JSON: `key`, `to`, `text`, `ticket`, `step`, `at_ms`. `Idempotency-Key` repeats the key: a gateway that has it
//! already answers 409, or as it did the first time. `X-Huiyin-Signature: t=SECONDS,v1=HEX` is HMAC-SHA256 with the shared
//! secret over `SECONDS.BODY`. Any 2xx means that the message is taken.

use std::fmt::Write as _;

use async_trait::async_trait;
use hmac::{Hmac, KeyInit, Mac};
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::client::conn::http1::handshake;
use hyper::header::{CONTENT_TYPE, HOST, RETRY_AFTER};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use sha2::Sha256;
use tokio_rustls::TlsConnector;

use super::Carrier;
use crate::engine::remote::{Endpoint, NoWire, connect, connector};
use crate::kernel::{Pii, Wall};
use crate::notice::{Failed, Message};

/// Sends to one address.
pub struct Webhook {
    endpoint: Endpoint,
    secret: Option<Pii<String>>,
    tls: Option<TlsConnector>,
}

#[derive(Serialize)]
struct Body<'a> {
    key: String,
    to: &'a str,
    text: &'a str,
    ticket: String,
    step: &'a str,
    at_ms: i64,
}

impl Webhook {
    /// `ca`: certificates (PEM) that the gateway's is checked against; without it the system's.
    ///
    /// # Errors
    /// What is wrong with that file.
    pub fn new(
        endpoint: Endpoint,
        secret: Option<Pii<String>>,
        ca: Option<&std::path::Path>,
    ) -> Result<Webhook, String> {
        let tls = endpoint.tls.then(|| connector(ca)).transpose()?;
        Ok(Webhook { endpoint, secret, tls })
    }

    fn request(&self, message: &Message, now: Wall) -> Result<Request<Full<Bytes>>, Failed> {
        let body = Body {
            key: message.key.to_string(),
            to: message.to.reveal(),
            text: message.text.reveal(),
            ticket: message.key.ticket.0.to_string(),
            step: &message.key.kind,
            at_ms: message.at.unix_ms,
        };
        let broken = |_| Failed::Ever { why: "the message makes no request".into() };
        let body = serde_json::to_vec(&body)
            .map_err(|_| Failed::Ever { why: "the message makes no JSON".into() })?;
        let path = match self.endpoint.path.as_str() {
            "" => "/",
            path => path,
        };
        let mut request = Request::post(path)
            .header(HOST, self.endpoint.authority())
            .header(CONTENT_TYPE, "application/json; charset=utf-8")
            .header("Idempotency-Key", message.key.to_string());
        if let Some(secret) = &self.secret {
            let signature = signature(secret.reveal(), now.unix_ms.div_euclid(1000), &body);
            request = request.header("X-Huiyin-Signature", signature);
        }
        request.body(Full::new(body.into())).map_err(broken)
    }
}

/// `t=SECONDS,v1=HEX`, over the seconds, a dot and the body.
pub fn signature(secret: &str, unix_s: i64, body: &[u8]) -> String {
    let mut signature = format!("t={unix_s},v1=");
    // HMAC takes a key of any length.
    if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) {
        mac.update(format!("{unix_s}.").as_bytes());
        mac.update(body);
        for byte in mac.finalize().into_bytes() {
            let _ = write!(signature, "{byte:02x}");
        }
    }
    signature
}

#[async_trait]
impl Carrier for Webhook {
    async fn send(&self, message: &Message, now: Wall) -> Result<(), Failed> {
        let request = self.request(message, now)?;
        let wire = connect(&self.endpoint, self.tls.as_ref()).await.map_err(|error| {
            Failed::now(match error {
                NoWire::Connect(kind) => format!("no connection to the gateway: {kind}"),
                NoWire::Name => "the gateway's host is no name that a certificate can have".into(),
                NoWire::Tls => {
                    "TLS failed; is its certificate one that messages.ca_file or the system trusts?"
                        .into()
                }
            })
        })?;
        let broken = |_| Failed::now("the gateway closed the connection without an answer");
        let (mut sender, connection) = handshake(TokioIo::new(wire)).await.map_err(broken)?;
        // Ends with the request, or with the deadline, which drops the sender.
        let connection = tokio::spawn(async move {
            let _ = connection.await;
        });
        let answer = sender.send_request(request).await;
        drop(sender);
        connection.abort();
        judged(&answer.map_err(broken)?)
    }
}

/// What the gateway's answer means. Its body is not read: it may repeat the text.
fn judged<T>(answer: &Response<T>) -> Result<(), Failed> {
    let status = answer.status();
    let why = format!("the gateway answered with HTTP status {}", status.as_u16());
    match status {
        // It has this key already.
        _ if status.is_success() || status == StatusCode::CONFLICT => Ok(()),
        StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY => Err(Failed::Ever { why }),
        // A path, a name or a certificate that somebody will put right, or a gateway that is busy.
        _ => {
            let seconds = answer.headers().get(RETRY_AFTER).and_then(|after| after.to_str().ok());
            let seconds = seconds.and_then(|after| after.trim().parse::<i64>().ok());
            Err(Failed::Now { why, after_ms: seconds.map(|s| s.saturating_mul(1000)) })
        }
    }
}
