//! How long packets take: the best of late, and how much worse the others are.

use crate::media::SAMPLES_PER_MS;

const MS: i64 = SAMPLES_PER_MS as i64;
/// Packets remembered: ten seconds at 20 ms.
const WINDOW: usize = 512;
/// Of a hundred packets, how many shall be in time.
const PERCENTILE: usize = 96;
/// Added to the percentile, as frames are pulled in steps.
const MARGIN: i64 = 10 * MS;
const TARGET_MIN: i64 = 20 * MS;
const TARGET_MAX: i64 = 200 * MS;
/// Until this many packets have been measured the delay is at least `TARGET_FIRST`.
const MEASURED: usize = 25;
const TARGET_FIRST: i64 = 40 * MS;
/// The percentile is found anew after this many packets.
const EVERY: usize = 8;

/// Transit times of one stream, in samples. Their zero is arbitrary.
#[derive(Clone, Debug)]
pub(super) struct Transit {
    recent: Vec<i64>,
    next: usize,
    best: i64,
    target: i64,
    pushes: usize,
}

impl Default for Transit {
    fn default() -> Self {
        Transit {
            recent: Vec::with_capacity(WINDOW),
            next: 0,
            best: 0,
            target: TARGET_FIRST,
            pushes: 0,
        }
    }
}

impl Transit {
    pub(super) fn push(&mut self, transit: i64) {
        let worst_yet = self.variation(transit).is_some_and(|variation| variation > self.target);
        if self.recent.len() < WINDOW {
            self.best = if self.recent.is_empty() { transit } else { self.best.min(transit) };
            self.recent.push(transit);
        } else {
            let old = std::mem::replace(&mut self.recent[self.next], transit);
            self.next = (self.next + 1) % WINDOW;
            self.best = if old == self.best {
                self.recent.iter().copied().min().unwrap_or(transit)
            } else {
                self.best.min(transit)
            };
        }
        self.pushes += 1;
        if worst_yet || self.pushes < MEASURED * 2 || self.pushes.is_multiple_of(EVERY) {
            self.aim();
        }
    }

    /// How much longer than the best; nothing before the first packet.
    pub(super) fn variation(&self, transit: i64) -> Option<i64> {
        (!self.recent.is_empty()).then_some(transit - self.best)
    }

    /// The delay to aim at.
    pub(super) fn target(&self) -> i64 {
        self.target
    }

    fn aim(&mut self) {
        let mut sorted = self.recent.clone();
        let index = (sorted.len() * PERCENTILE / 100).min(sorted.len().saturating_sub(1));
        let (_, &mut transit, _) = sorted.select_nth_unstable(index);
        let least = if self.pushes < MEASURED { TARGET_FIRST } else { TARGET_MIN };
        self.target = (transit - self.best + MARGIN).clamp(least, TARGET_MAX);
    }
}
