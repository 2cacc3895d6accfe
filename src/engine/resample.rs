//! From the telephone's 8 kHz to the recogniser's 16 kHz.

use std::f64::consts::PI;
use std::sync::LazyLock;

use crate::media::resample::bessel;

/// Taps of the interpolating phase, on each side of the new sample.
const HALF: usize = 32;
/// Kaiser window: 8 gives about 80 dB of stop band.
const BETA: f64 = 8.0;

/// The half-band filter's odd phase: ideal interpolation at half a sample, windowed. The other phase is the input itself.
static PHASE: LazyLock<[f32; 2 * HALF]> = LazyLock::new(|| {
    let mut taps = [0.0_f64; 2 * HALF];
    for (i, tap) in taps.iter_mut().enumerate() {
        // Distance from the new sample in input samples: -31.5 ... 31.5.
        let x = i as f64 - (HALF as f64 - 0.5);
        let edge = x / HALF as f64;
        *tap = (PI * x).sin() / (PI * x) * bessel(BETA * (1.0 - edge * edge).sqrt()) / bessel(BETA);
    }
    // Exactly one at frequency zero, so that a constant stays constant.
    let sum: f64 = taps.iter().sum();
    taps.map(|t| (t / sum) as f32)
});

/// Doubles the sample rate: 16-bit samples in, −1 to 1 out, twice as many, without delay.
pub fn double(pcm: &[i16]) -> Vec<f32> {
    let mut padded = vec![0.0_f32; pcm.len() + 2 * HALF];
    for (to, from) in padded[HALF..].iter_mut().zip(pcm) {
        *to = f32::from(*from) / 32768.0;
    }
    let mut out = Vec::with_capacity(2 * pcm.len());
    for (i, sample) in pcm.iter().enumerate() {
        out.push(f32::from(*sample) / 32768.0);
        let window = &padded[i + 1..i + 1 + 2 * HALF];
        out.push(window.iter().zip(PHASE.iter()).map(|(s, t)| s * t).sum());
    }
    out
}
