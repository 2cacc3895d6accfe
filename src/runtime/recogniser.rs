//! Recognisers on their own threads, with admission: words that somebody waits for go before looks ahead.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::pool::{Full, Load, Pool};
use crate::kernel::limits::ASR_QUEUE;
use crate::speech::{Asr, Expected, Heard, SpeechError};

type Reply = Box<dyn FnOnce(Result<Heard, SpeechError>) + Send>;

struct AsrJob {
    pcm: Vec<i16>,
    expected: Expected,
    wish: Arc<Wish>,
    reply: Reply,
}

/// Recognisers, one a thread.
pub struct Recogniser {
    pool: Pool<AsrJob>,
}

/// What is wanted of a job, which may change while it waits.
#[derive(Debug)]
struct Wish {
    dropped: AtomicBool,
    /// Somebody waits for the result; else it is a look ahead.
    last: AtomicBool,
}

/// Dropping it tells the recogniser that nobody wants the result any more.
#[derive(Debug)]
pub struct Wanted(Arc<Wish>);

impl Drop for Wanted {
    fn drop(&mut self) {
        self.0.dropped.store(true, Ordering::Relaxed);
    }
}

impl AsrJob {
    fn is_dropped(&self) -> bool {
        self.wish.dropped.load(Ordering::Relaxed)
    }

    fn can_wait(&self) -> bool {
        !self.wish.last.load(Ordering::Relaxed)
    }
}

impl Recogniser {
    pub fn start(engines: Vec<Box<dyn Asr>>) -> std::io::Result<Self> {
        let workers = engines
            .into_iter()
            .map(|mut engine| {
                move |job: AsrJob| {
                    if !job.is_dropped() {
                        let heard = engine.recognise(&job.pcm, &job.expected, true);
                        (job.reply)(heard);
                    }
                }
            })
            .collect();
        Ok(Recogniser { pool: Pool::start("asr", ASR_QUEUE, workers)? })
    }

    /// `expected` is what the question makes likely. `last`: somebody waits for the words; else it is a look ahead, which is
    /// also refused while as many jobs wait as there are recognisers. `reply` is called on a recogniser's thread and must be
    /// quick. It is not called once [`Wanted`] is dropped.
    pub fn recognise(
        &self,
        pcm: Vec<i16>,
        expected: Expected,
        last: bool,
        reply: impl FnOnce(Result<Heard, SpeechError>) + Send + 'static,
    ) -> Result<Wanted, Full> {
        self.pool.purge(AsrJob::is_dropped);
        if !last && self.pool.waiting() >= self.pool.workers() {
            return Err(Full("look-ahead"));
        }
        let wish = Wish { dropped: AtomicBool::new(false), last: AtomicBool::new(last) };
        let wish = Arc::new(wish);
        let job = AsrJob { pcm, expected, wish: wish.clone(), reply: Box::new(reply) };
        if last {
            self.pool.push_before(job, AsrJob::can_wait)?;
        } else {
            self.pool.push(job)?;
        }
        Ok(Wanted(wish))
    }

    /// Somebody waits for this look ahead now.
    pub fn hurry(&self, wanted: &Wanted) {
        wanted.0.last.store(true, Ordering::Relaxed);
        self.pool.promote(|job| Arc::ptr_eq(&job.wish, &wanted.0), AsrJob::can_wait);
    }

    /// What is waiting and under way.
    pub fn load(&self) -> Load {
        self.pool.load()
    }
}
