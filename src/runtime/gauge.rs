//! What the house measures of its own load, gathered where it happens and fetched once a second.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::hotline::{Job, Measured};
use crate::kernel::limits::LOAD_SAMPLES;

/// Shared by the recognisers, the tasks of calls, and who fetches.
#[derive(Debug, Default)]
pub struct Gauge {
    jobs: Mutex<Vec<Job>>,
    frames: AtomicU64,
    late: AtomicU64,
}

impl Gauge {
    /// An utterance was recognised; `waited`: how long somebody waited until it was begun, if anybody waited for it.
    pub fn recognised(&self, waited: Option<Duration>, took: Duration) {
        let ms = |time: Duration| u32::try_from(time.as_millis()).unwrap_or(u32::MAX);
        let waited_ms = waited.map_or(0, ms);
        let job = Job { waited_ms, took_ms: ms(took), awaited: waited.is_some() };
        let mut jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        // Nobody fetches: the first say as much as the last.
        if jobs.len() < LOAD_SAMPLES {
            jobs.push(job);
        }
    }

    /// A frame of a call is begun.
    pub fn frame(&self, late: bool) {
        self.frames.fetch_add(1, Ordering::Relaxed);
        if late {
            self.late.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// What came together since the last time.
    pub fn take(&self) -> Measured {
        let jobs = std::mem::take(&mut *self.jobs.lock().unwrap_or_else(PoisonError::into_inner));
        Measured {
            jobs,
            frames: self.frames.swap(0, Ordering::Relaxed),
            late: self.late.swap(0, Ordering::Relaxed),
        }
    }
}
