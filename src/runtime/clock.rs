//! The one place that reads the computer's clocks.

use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::time::{Interval, MissedTickBehavior};

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

/// Ticks begin on a grid of so much, which all share.
const GRID: Duration = Duration::from_millis(4);

/// A rhythm of frames. Those that fall on one point of the grid are woken together, which costs far less than one by one. A tick
/// that is missed is made up for.
pub fn rhythm(period: Duration) -> Interval {
    static BEGAN: OnceLock<tokio::time::Instant> = OnceLock::new();
    let began = *BEGAN.get_or_init(tokio::time::Instant::now);
    let points = began.elapsed().as_micros() / GRID.as_micros() + 1;
    let first = began + GRID * u32::try_from(points).unwrap_or(u32::MAX);
    let mut ticks = tokio::time::interval_at(first, period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    ticks
}
