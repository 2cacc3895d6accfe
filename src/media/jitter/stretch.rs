//! Time added or removed where it is not heard.

use crate::media::conceal::{best_lag, round};
use crate::media::{FRAME_SAMPLES, Frame};

/// Most samples that one step adds or removes: 15 ms.
pub(super) const LAG_MAX: usize = 120;
pub(super) const LAG_QUIET: usize = 80;

/// A lag at which the samples repeat themselves well enough to be joined.
pub(super) fn period(samples: &[f32], squeeze: bool) -> Option<usize> {
    let (lag, alike) = best_lag(40..=LAG_MAX, |lag| {
        let span = if squeeze { 80 } else { FRAME_SAMPLES - lag };
        let from = if squeeze { 40 } else { 0 };
        (&samples[from..from + span], &samples[from + lag..from + lag + span])
    });
    (alike > 0.5).then_some(lag)
}

/// `lag` samples left out: from the beginning into what is `lag` later, faded over 10 ms.
pub(super) fn squeezed(samples: &[f32], lag: usize, frame: &mut Frame) {
    for (index, out) in frame.iter_mut().enumerate() {
        let weight = ((index as f32 - 39.0) / 81.0).clamp(0.0, 1.0);
        *out = round(samples[index] * (1.0 - weight) + samples[index + lag] * weight);
    }
}

/// `lag` samples heard once more: what comes next fades into what was `lag` before.
pub(super) fn stretched(samples: &[f32], lag: usize, frame: &mut Frame) {
    let span = (FRAME_SAMPLES - lag) as f32;
    for (index, out) in frame.iter_mut().enumerate() {
        let value = samples[index];
        *out = round(if index < lag {
            value
        } else {
            let weight = (index - lag + 1) as f32 / (span + 1.0);
            value * (1.0 - weight) + samples[index - lag] * weight
        });
    }
}
