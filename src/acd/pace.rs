//! How long a wait will be, from the talks that were seen lately.

use std::collections::VecDeque;

use crate::kernel::limits::ACD_PACE;

/// Talks before anything is said of the wait.
const SEEN_MIN: usize = 5;

/// The last talks with their wrap-up.
#[derive(Clone, Debug, Default)]
pub(super) struct Pace {
    handled_ms: VecDeque<u64>,
    sum_ms: u64,
}

impl Pace {
    pub fn seen(&mut self, handled_ms: u64) {
        // A day: a clock that jumped must not drown the others.
        let handled_ms = handled_ms.min(86_400_000);
        self.handled_ms.push_back(handled_ms);
        self.sum_ms += handled_ms;
        if self.handled_ms.len() > ACD_PACE
            && let Some(oldest) = self.handled_ms.pop_front()
        {
            self.sum_ms -= oldest;
        }
    }

    /// Seconds until the `position`th of a line is served by `agents` who are all busy: with handling times that have no
    /// memory one of them becomes free every mean/agents (M/M/c, as in Gross et al., Fundamentals of Queueing Theory, 2.3).
    pub fn estimate_s(&self, position: u32, agents: u32) -> Option<u32> {
        if self.handled_ms.len() < SEEN_MIN || agents == 0 {
            return None;
        }
        let mean_ms = self.sum_ms / self.handled_ms.len() as u64;
        let ms = mean_ms.saturating_mul(u64::from(position)) / u64::from(agents);
        u32::try_from(ms.div_ceil(1000)).ok()
    }
}
