//! Recognisers on other machines, for those who have one with a GPU: OpenAI's request and FunASR's WebSocket behind
//! [`Asr`], with a deadline, a circuit breaker and the local recogniser behind them. Nothing here logs words, sound or keys.

pub mod breaker;
mod fallback;
mod funasr;
mod openai;
mod rewriter;
mod service;
pub mod settings;

use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

pub use breaker::{Breaker, Rules};
pub use fallback::{Clock, WithFallback};
pub use rewriter::Rewriter;
pub use service::{NoWire, Service, Wire, connect, connector};
pub use settings::{Endpoint, Protocol, Settings};

use openai::OpenAi;

use super::resample::double;
use super::whisper_guard::{Raw, is_echo, is_stock, judge};
use crate::kernel::limits::UTTERANCE_MS_MAX;
use crate::speech::{Asr, Expected, Heard, SAMPLE_RATE, SpeechError};

const NAME: &str = "the remote recogniser";
/// What services are sent: they were trained on it, and ours is the better way up from the telephone's 8 kHz.
const RATE: u32 = 2 * SAMPLE_RATE;
/// Shorter sound, 0.12 s, holds no word.
const SAMPLES_MIN: usize = SAMPLE_RATE as usize * 12 / 100;
/// The mean log-probability of an answer that comes without one: a confidence of 0.81. An assumption, no measurement: words
/// are believed as a clear local result is, and what matters is said back to the caller as ever.
pub const LOGPROB_ASSUMED: f32 = -0.30;

/// Why there is no answer. No text of it holds what the service sent or what it was sent.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum RemoteError {
    #[error("{0}: {1}")]
    Setting(&'static str, String),
    #[error("no whole answer within {0} ms")]
    Late(u64),
    #[error("no connection: {0}")]
    Connect(ErrorKind),
    #[error("it answered with HTTP status {0}")]
    Status(u16),
    #[error("{0}")]
    Broken(&'static str),
    #[error("it answered {0}")]
    Answer(&'static str),
}

/// What a service wrote.
#[derive(Clone, PartialEq, Debug)]
struct Answer {
    text: String,
    /// Mean log-probability of the text's tokens, where the service tells.
    logprob: Option<f32>,
}

enum Talk {
    OpenAi(OpenAi),
    FunAsr,
}

/// A recogniser that asks a service. One a thread, outside of any asynchronous task: asking blocks to the deadline.
pub struct RemoteAsr {
    service: Arc<Service>,
    talk: Talk,
    /// Its own, so that a connection lives with the thread that uses it.
    runtime: Option<Runtime>,
}

impl RemoteAsr {
    pub fn new(service: Arc<Service>) -> std::io::Result<RemoteAsr> {
        let talk = match service.settings.protocol {
            Protocol::OpenAi => Talk::OpenAi(OpenAi::default()),
            Protocol::FunAsr => Talk::FunAsr,
        };
        let runtime = Builder::new_current_thread().enable_io().enable_time().build()?;
        Ok(RemoteAsr { service, talk, runtime: Some(runtime) })
    }

    fn ask(&mut self, pcm: &[i16], hint: &str) -> Result<Answer, RemoteError> {
        let runtime = self.runtime.as_ref().ok_or(RemoteError::Broken("it is shut down"))?;
        let deadline_ms = self.service.settings.deadline_ms;
        let (service, talk) = (&self.service, &mut self.talk);
        let asked = async {
            match talk {
                Talk::OpenAi(talk) => talk.ask(service, pcm, hint).await,
                Talk::FunAsr => funasr::ask(service, pcm, hint).await,
            }
        };
        runtime.block_on(async {
            let answered = tokio::time::timeout(Duration::from_millis(deadline_ms), asked).await;
            if answered.is_err() {
                // Lets the connection see that nobody waits any more and close, so that the service can stop its work.
                tokio::task::yield_now().await;
            }
            answered.unwrap_or(Err(RemoteError::Late(deadline_ms)))
        })
    }
}

impl Drop for RemoteAsr {
    /// Without waiting for a look-up of a name that hangs.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Asr for RemoteAsr {
    fn recognise(
        &mut self,
        pcm: &[i16],
        expected: &Expected,
        _last: bool,
    ) -> Result<Heard, SpeechError> {
        let longest = (UTTERANCE_MS_MAX * u64::from(SAMPLE_RATE) / 1000) as usize;
        let pcm = pcm.get(..longest).unwrap_or(pcm);
        if pcm.len() < SAMPLES_MIN {
            return Ok(Heard::Unclear);
        }
        let sound: Vec<i16> =
            double(pcm).into_iter().map(|sample| (sample * 32_768.0).round() as i16).collect();
        let answer = self
            .ask(&sound, &expected.hint)
            .map_err(|error| SpeechError::Inference { engine: NAME, detail: error.to_string() })?;
        Ok(believed(&answer, pcm.len() as f32 / SAMPLE_RATE as f32, &expected.hint))
    }
}

/// Services invent as the local network does: the same guard reads what they write.
fn believed(answer: &Answer, seconds: f32, hint: &str) -> Heard {
    let invented = match answer.logprob {
        Some(logprob) => is_echo(&answer.text, logprob, hint),
        // Nothing says how sure the service was: a stock phrase is taken for an invention, told words are not.
        None => is_stock(&crate::language::simplified(&answer.text)),
    };
    if invented {
        return Heard::Unclear;
    }
    let logprob = answer.logprob.unwrap_or(LOGPROB_ASSUMED);
    judge(&Raw { text: &answer.text, logprob, seconds, active: 1.0 })
}
