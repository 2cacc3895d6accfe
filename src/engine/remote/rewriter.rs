//! `POST {base}/v1/chat/completions`, the request of OpenAI's API that many language models answer
//! (<https://platform.openai.com/docs/api-reference/chat/create>): asked to put a few sentences into other words.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::Request;
use hyper::body::Bytes;
use hyper::client::conn::http1::handshake;
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper_util::rt::TokioIo;
use serde::Deserialize;

use super::RemoteError;
use super::breaker::{Breaker, Change, Rules};
use super::fallback::Clock;
use super::service::Service;
use super::settings::Settings;
use crate::kernel::limits::REMOTE_ANSWER_BYTES_MAX;

/// An answer is a sentence or two.
const TOKENS_MAX: u32 = 300;

/// A language model, with a deadline and a circuit breaker. What it writes is not to be believed: whoever asks checks it.
pub struct Rewriter {
    service: Service,
    breaker: Mutex<Breaker>,
    clock: Clock,
}

#[derive(Deserialize)]
struct Completion {
    choices: Vec<Choice>,
}

#[derive(Deserialize)]
struct Choice {
    message: Message,
}

#[derive(Deserialize)]
struct Message {
    content: String,
}

impl Rewriter {
    /// # Errors
    /// A key or a certificate that cannot be used.
    pub fn new(settings: Settings, clock: Clock) -> Result<Rewriter, RemoteError> {
        let service = Service::new(settings).map_err(|error| match error {
            RemoteError::Setting(_, what) => RemoteError::Setting("[summary]", what),
            other => other,
        })?;
        Ok(Rewriter { service, breaker: Mutex::new(Breaker::new(Rules::default())), clock })
    }

    /// `words` in other words, as `task` says.
    ///
    /// # Errors
    /// No whole answer in time, or a service that is left alone for a while.
    pub async fn rewrite(&self, task: &str, words: &str) -> Result<String, RemoteError> {
        let permit = self.with(|breaker, now| breaker.ask(now));
        let permit = permit
            .ok_or(RemoteError::Broken("it failed too often and is left alone for a while"))?;
        let deadline_ms = self.service.settings.deadline_ms;
        let asked = tokio::time::timeout(Duration::from_millis(deadline_ms), self.ask(task, words));
        let answered = asked.await.unwrap_or(Err(RemoteError::Late(deadline_ms)));
        match self.with(|breaker, now| breaker.ended(now, permit, answered.is_err())) {
            Some(Change::Opened { pause_ms }) => {
                tracing::warn!(
                    pause_ms,
                    "the service that rewrites summaries is left alone for a while"
                );
            }
            Some(Change::Closed) => tracing::info!("the service that rewrites summaries is back"),
            None => {}
        }
        answered
    }

    fn with<T>(&self, act: impl FnOnce(&mut Breaker, crate::kernel::Moment) -> T) -> T {
        let now = (self.clock)();
        act(&mut self.breaker.lock().unwrap_or_else(PoisonError::into_inner), now)
    }

    async fn ask(&self, task: &str, words: &str) -> Result<String, RemoteError> {
        let stream = TokioIo::new(self.service.connect().await?);
        let broken = |_| {
            RemoteError::Broken("it closed the connection without an answer, or speaks no HTTP/1.1")
        };
        let (mut sender, connection) = handshake(stream).await.map_err(broken)?;
        // Ends when the sender is dropped.
        tokio::spawn(async move {
            let _ = connection.await;
        });
        let response = sender.send_request(self.request(task, words)?).await.map_err(broken)?;
        if !response.status().is_success() {
            return Err(RemoteError::Status(response.status().as_u16()));
        }
        let body = Limited::new(response.into_body(), REMOTE_ANSWER_BYTES_MAX).collect().await;
        let body =
            body.map_err(|_| RemoteError::Broken("its answer ended early or is too long"))?;
        let answer: Completion = serde_json::from_slice(&body.to_bytes())
            .map_err(|_| RemoteError::Answer("no JSON object with a choice in it"))?;
        let choice = answer.choices.into_iter().next();
        choice.map(|c| c.message.content).ok_or(RemoteError::Answer("no choice at all"))
    }

    fn request(&self, task: &str, words: &str) -> Result<Request<Full<Bytes>>, RemoteError> {
        let settings = &self.service.settings;
        let body = serde_json::json!({
            "model": settings.model,
            "temperature": 0,
            "max_tokens": TOKENS_MAX,
            "messages": [
                { "role": "system", "content": task },
                { "role": "user", "content": words },
            ],
        });
        let base = settings.endpoint.path.trim_end_matches("/v1");
        let mut request = Request::post(format!("{base}/v1/chat/completions"))
            .header(HOST, settings.endpoint.authority())
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/json");
        if let Some(authorization) = &self.service.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        request
            .body(Full::new(body.to_string().into()))
            .map_err(|_| RemoteError::Setting("summary.url", "its path is none of HTTP".into()))
    }
}
