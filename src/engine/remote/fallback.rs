//! A recogniser far away with one at hand: what the first cannot do, or not in time, the second does with the same sound.

use std::sync::{Arc, Mutex, PoisonError};

use super::breaker::{Breaker, Change};
use crate::kernel::Moment;
use crate::speech::{Asr, Expected, Heard, SpeechError};

/// Says what time it is.
pub type Clock = Arc<dyn Fn() -> Moment + Send + Sync>;

pub struct WithFallback {
    remote: Box<dyn Asr>,
    /// Without one an utterance that the service fails at is an error.
    local: Option<Box<dyn Asr>>,
    /// One for all recognisers of the service: what one has learnt, the others need not.
    breaker: Arc<Mutex<Breaker>>,
    clock: Clock,
}

impl WithFallback {
    pub fn new(
        remote: Box<dyn Asr>,
        local: Option<Box<dyn Asr>>,
        breaker: Arc<Mutex<Breaker>>,
        clock: Clock,
    ) -> WithFallback {
        WithFallback { remote, local, breaker, clock }
    }

    /// `None` while the service is left alone.
    fn ask_remote(
        &mut self,
        pcm: &[i16],
        expected: &Expected,
        last: bool,
    ) -> Option<Result<Heard, SpeechError>> {
        let permit = self.with(|breaker, now| breaker.ask(now))?;
        let heard = self.remote.recognise(pcm, expected, last);
        match self.with(|breaker, now| breaker.ended(now, permit, heard.is_err())) {
            Some(Change::Opened { pause_ms }) => {
                tracing::warn!(pause_ms, "the remote recogniser is left alone for a while");
            }
            Some(Change::Closed) => tracing::info!("the remote recogniser is back"),
            None => {}
        }
        Some(heard)
    }

    fn with<T>(&self, act: impl FnOnce(&mut Breaker, Moment) -> T) -> T {
        let now = (self.clock)();
        act(&mut self.breaker.lock().unwrap_or_else(PoisonError::into_inner), now)
    }
}

impl Asr for WithFallback {
    fn recognise(
        &mut self,
        pcm: &[i16],
        expected: &Expected,
        last: bool,
    ) -> Result<Heard, SpeechError> {
        // A closed set is scored against the sound; a service only writes down what it hears.
        if let (Some(local), Some(_)) = (&mut self.local, &expected.form) {
            return local.recognise(pcm, expected, last);
        }
        let error = match self.ask_remote(pcm, expected, last) {
            Some(Ok(heard)) => return Ok(heard),
            Some(Err(error)) => {
                tracing::warn!(%error, fallback = self.local.is_some(), "the remote recogniser failed");
                error
            }
            None => SpeechError::Inference {
                engine: super::NAME,
                detail: "it failed too often and is left alone for a while".to_owned(),
            },
        };
        match &mut self.local {
            Some(local) => local.recognise(pcm, expected, last),
            None => Err(error),
        }
    }
}
