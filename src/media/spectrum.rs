//! The power of 64 ms of sound by frequency, and the tones that stand out in it.

use std::f32::consts::TAU;
use std::sync::LazyLock;

use super::RATE;

/// Samples of one look: 64 ms.
pub const WINDOW: usize = 512;
const HALF: usize = WINDOW / 2;
/// Hz from one bin to the next.
const BIN_HERTZ: f32 = RATE as f32 / WINDOW as f32;
/// Bins either side of its middle that a steady tone fills through the window.
const LOBE: usize = 2;
/// Bins below this one hold hum and the lowest voices' pitch: 203 Hz.
const LOWEST: usize = 13;
/// Most peaks that are looked at; the strongest stay.
pub const PEAKS_MAX: usize = 12;
/// A peak holds at least this share of all power.
const PEAK_SHARE_MIN: f32 = 0.004;

/// The Hann window, and one turn of the circle in steps of a bin.
static TABLES: LazyLock<(Vec<f32>, Vec<(f32, f32)>)> = LazyLock::new(|| {
    let turn = |i: usize| TAU * i as f32 / WINDOW as f32;
    (
        (0..WINDOW).map(|i| 0.5 - 0.5 * turn(i).cos()).collect(),
        (0..WINDOW).map(|i| (turn(i).cos(), -turn(i).sin())).collect(),
    )
});

/// A tone that stands out.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Peak {
    pub hertz: f32,
    /// Of the power of all sound above the hum, 0 to 1.
    pub share: f32,
}

/// Power by bin, 0 Hz to half the rate; the scale is arbitrary.
pub fn power(samples: &[f32; WINDOW]) -> [f32; HALF + 1] {
    let (window, circle) = &*TABLES;
    // Even samples are the real, odd ones the imaginary part of a transform of half the length.
    let mut points = [(0.0f32, 0.0f32); HALF];
    let bits = HALF.trailing_zeros();
    for (i, pair) in samples.as_chunks::<2>().0.iter().enumerate() {
        let at = i.reverse_bits() >> (usize::BITS - bits);
        points[at] = (pair[0] * window[2 * i], pair[1] * window[2 * i + 1]);
    }
    let mut span = 1;
    while span < HALF {
        let stride = WINDOW / (2 * span);
        for block in points.chunks_exact_mut(2 * span) {
            let (low, high) = block.split_at_mut(span);
            for (i, (a, b)) in low.iter_mut().zip(high).enumerate() {
                let (c, s) = circle[i * stride];
                let turned = (b.0 * c - b.1 * s, b.0 * s + b.1 * c);
                *b = (a.0 - turned.0, a.1 - turned.1);
                *a = (a.0 + turned.0, a.1 + turned.1);
            }
        }
        span *= 2;
    }
    std::array::from_fn(|k| {
        let (a, b) = (points[k % HALF], points[(HALF - k) % HALF]);
        let even = ((a.0 + b.0) / 2.0, (a.1 - b.1) / 2.0);
        let odd = ((a.1 + b.1) / 2.0, (b.0 - a.0) / 2.0);
        let (c, s) = circle[k];
        let real = even.0 + odd.0 * c - odd.1 * s;
        let imaginary = even.1 + odd.0 * s + odd.1 * c;
        real * real + imaginary * imaginary
    })
}

/// The strongest peaks above the hum of the mains, the strongest first, with their places between the bins.
pub fn peaks(power: &[f32; HALF + 1]) -> Vec<Peak> {
    let total: f32 = power[LOWEST..].iter().sum::<f32>().max(f32::MIN_POSITIVE);
    let mut found: Vec<Peak> = (LOWEST..HALF - 1)
        .filter(|&k| power[k] > power[k - 1] && power[k] >= power[k + 1])
        .map(|k| {
            let [below, here, above] = [k - 1, k, k + 1].map(|i| power[i].max(1e-9).ln());
            let bend = below - 2.0 * here + above;
            let shift = if bend < 0.0 { (below - above) / (2.0 * bend) } else { 0.0 };
            let lobe: f32 = power[k - LOBE..=(k + LOBE).min(HALF)].iter().sum();
            Peak {
                hertz: (k as f32 + shift.clamp(-0.5, 0.5)) * BIN_HERTZ,
                share: (lobe / total).min(1.0),
            }
        })
        .filter(|peak| peak.share >= PEAK_SHARE_MIN)
        .collect();
    found.sort_by(|a, b| b.share.total_cmp(&a.share));
    found.truncate(PEAKS_MAX);
    found
}
