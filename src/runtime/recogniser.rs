//! Recognisers on their own threads, with admission.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;

use super::pool::{Full, Load, Pool};
use crate::kernel::limits::ASR_QUEUE;
use crate::speech::{Asr, Expected, Heard, SpeechError};

type Reply = Box<dyn FnOnce(Result<Heard, SpeechError>) + Send>;

struct AsrJob {
    pcm: Vec<i16>,
    expected: Expected,
    dropped: Arc<AtomicBool>,
    reply: Reply,
}

/// Recognisers, one a thread.
pub struct Recogniser {
    pool: Pool<AsrJob>,
}

/// Dropping it tells the recogniser that nobody wants the result any more.
#[derive(Debug)]
pub struct Wanted(Arc<AtomicBool>);

impl Drop for Wanted {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Recogniser {
    pub fn start(engines: Vec<Box<dyn Asr>>) -> std::io::Result<Self> {
        let workers = engines
            .into_iter()
            .map(|mut engine| {
                move |job: AsrJob| {
                    if !job.dropped.load(Ordering::Relaxed) {
                        let heard = engine.recognise(&job.pcm, &job.expected, true);
                        (job.reply)(heard);
                    }
                }
            })
            .collect();
        Ok(Recogniser { pool: Pool::start("asr", ASR_QUEUE, workers)? })
    }

    /// `expected` is what the question makes likely. `reply` is called on a recogniser's thread and must be quick. It is not
    /// called once [`Wanted`] is dropped.
    pub fn recognise(
        &self,
        pcm: Vec<i16>,
        expected: Expected,
        reply: impl FnOnce(Result<Heard, SpeechError>) + Send + 'static,
    ) -> Result<Wanted, Full> {
        let dropped = Arc::new(AtomicBool::new(false));
        let job = AsrJob { pcm, expected, dropped: dropped.clone(), reply: Box::new(reply) };
        self.pool.purge(|job| job.dropped.load(Ordering::Relaxed));
        self.pool.push(job)?;
        Ok(Wanted(dropped))
    }

    /// What is waiting and under way.
    pub fn load(&self) -> Load {
        self.pool.load()
    }
}
