//! From the voice's 24 kHz to the telephone's 8 kHz: a low-pass, every third sample, a fixed gain and 16 bits.

use super::window::{Edge, Window};
use crate::media::resample::bessel;

const FACTOR: usize = 3;
/// Taps on either side of the middle one: 6.7 ms altogether.
const HALF: usize = 80;
/// Between the telephone's upper edge (3.4 kHz) and the fold (4 kHz), in cycles per 24 kHz sample.
const CUTOFF: f64 = 3700.0 / 24_000.0;
/// Kaiser's shape for about 70 dB in the stop band.
const KAISER: f64 = 6.76;
/// The voice speaks at about -21 dB below full scale while it is active; with this gain it is -20 dB.
const GAIN: f32 = 1.12;
/// Above it the sound is bent instead of clipped.
const KNEE: f32 = 0.7;

/// One stream from 24 kHz `f32` to 8 kHz `i16`.
pub struct Telephone {
    taps: Vec<f32>,
    window: Window,
    /// Samples to leave out before the next one that is kept.
    skip: usize,
}

impl Default for Telephone {
    fn default() -> Telephone {
        Telephone::new()
    }
}

impl Telephone {
    pub fn new() -> Telephone {
        Telephone { taps: low_pass(), window: Window::new(1, HALF, HALF, Edge::Zero), skip: 0 }
    }

    /// Appends what these samples complete; with `last` the rest. No delay remains: sample `n` of the result is at the time of sample `3n`.
    pub fn push(&mut self, sound: &[f32], last: bool, out: &mut Vec<i16>) {
        let ready = self.window.push(sound, last);
        let mut at = self.skip;
        while at < ready {
            let span = &self.window.rows()[at..at + self.taps.len()];
            let value: f32 = span.iter().zip(&self.taps).map(|(a, b)| a * b).sum();
            out.push(quantise(value * GAIN));
            at += FACTOR;
        }
        self.skip = at - ready;
        self.window.consume(ready);
    }
}

fn quantise(value: f32) -> i16 {
    let size = value.abs();
    let bent = if size <= KNEE {
        size
    } else {
        // Same slope at the knee, never beyond 1.
        KNEE + (1.0 - KNEE) * ((size - KNEE) / (1.0 - KNEE)).tanh()
    };
    (bent.copysign(value) * 32_767.0).round() as i16
}

/// A windowed sinc with unit gain at 0 Hz.
fn low_pass() -> Vec<f32> {
    let half = HALF as f64;
    let taps: Vec<f64> = (0..=2 * HALF)
        .map(|index| {
            let t = index as f64 - half;
            let angle = std::f64::consts::TAU * CUTOFF * t;
            let sinc = if index == HALF { 1.0 } else { angle.sin() / angle };
            let edge = (1.0 - (t / half).powi(2)).max(0.0).sqrt();
            sinc * bessel(KAISER * edge)
        })
        .collect();
    let sum: f64 = taps.iter().sum();
    taps.iter().map(|tap| (tap / sum) as f32).collect()
}
