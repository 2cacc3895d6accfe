//! Recognisers on their own threads, with admission: words that somebody waits for go before looks ahead.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use super::gauge::Gauge;
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
    gauge: Arc<Gauge>,
}

/// What is wanted of a job, which may change while it waits.
#[derive(Debug)]
struct Wish {
    dropped: AtomicBool,
    /// Since when somebody waits for the result; before that it is a look ahead.
    awaited: OnceLock<Instant>,
}

impl Wish {
    /// Somebody waits from now on, if they did not yet.
    fn wait(&self) {
        self.awaited.get_or_init(Instant::now);
    }
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
        self.wish.awaited.get().is_none()
    }
}

impl Recogniser {
    pub fn start(engines: Vec<Box<dyn Asr>>) -> std::io::Result<Self> {
        let gauge = Arc::new(Gauge::default());
        let workers = engines
            .into_iter()
            .map(|mut engine| {
                let gauge = gauge.clone();
                move |job: AsrJob| {
                    if job.is_dropped() {
                        return;
                    }
                    let begun = Instant::now();
                    let heard = engine.recognise(&job.pcm, &job.expected, true);
                    // A look ahead that somebody waits for by now is one that they have waited for since then.
                    let since = job.wish.awaited.get().filter(|_| !job.is_dropped());
                    let waited = since.map(|since| begun.saturating_duration_since(*since));
                    gauge.recognised(waited, begun.elapsed());
                    (job.reply)(heard);
                }
            })
            .collect();
        Ok(Recogniser { pool: Pool::start("asr", ASR_QUEUE, workers)?, gauge })
    }

    /// Where its times are gathered, and those of whoever shares the machine with it.
    pub fn gauge(&self) -> &Arc<Gauge> {
        &self.gauge
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
        let wish = Arc::new(Wish { dropped: AtomicBool::new(false), awaited: OnceLock::new() });
        if last {
            wish.wait();
        }
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
        wanted.0.wait();
        self.pool.promote(|job| Arc::ptr_eq(&job.wish, &wanted.0), AsrJob::can_wait);
    }

    /// What is waiting and under way.
    pub fn load(&self) -> Load {
        self.pool.load()
    }
}
