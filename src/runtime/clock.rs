//! The one place that reads the computer's clocks.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::kernel::{Moment, Wall};

#[derive(Clone, Debug)]
pub struct SystemClock {
    began: Instant,
}

impl SystemClock {
    pub fn start() -> Self {
        SystemClock { began: Instant::now() }
    }

    pub fn now(&self) -> Moment {
        Moment::from_ms(self.began.elapsed().as_millis() as u64)
    }

    pub fn wall(&self) -> Wall {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Wall::from_ms(since.as_millis() as i64)
    }
}
