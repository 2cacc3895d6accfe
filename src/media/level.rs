//! How loud, how clean; and the noise of a line, for tests and for comfort.

use super::{Frame, RATE};
use crate::kernel::Rng;

/// The level of digital silence (RFC 6465: -127 dBov is the least).
pub const DBOV_MIN: f32 = -127.0;

/// RMS level relative to the overload point: 0 dBov is a full-scale square wave, -3.01 a full-scale sine.
pub fn dbov(samples: &[i16]) -> f32 {
    if samples.is_empty() {
        return DBOV_MIN;
    }
    let energy: f64 = samples.iter().map(|&sample| f64::from(sample).powi(2)).sum();
    let rms = (energy / samples.len() as f64).sqrt() / 32_768.0;
    (20.0 * rms.log10()).max(f64::from(DBOV_MIN)) as f32
}

/// The RMS of a level, in sample units.
pub fn rms_of(dbov: f32) -> f32 {
    32_768.0 * 10f32.powf(dbov / 20.0)
}

/// Samples of runs that touch the end of the scale: two or more in a row at or beyond A-law's largest step.
pub fn clipped(samples: &[i16]) -> usize {
    const LIMIT: u16 = 31_744;
    let mut run = 0;
    let mut total = 0;
    for sample in samples {
        if sample.unsigned_abs() >= LIMIT {
            run += 1;
            total += match run {
                1 => 0,
                2 => 2,
                _ => 1,
            };
        } else {
            run = 0;
        }
    }
    total
}

/// Takes away a constant offset, as cheap telephone adapters add one: a first-order high-pass at 12 Hz.
#[derive(Clone, Copy, Debug, Default)]
pub struct DcBlock {
    input: f32,
    output: f32,
}

impl DcBlock {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn process(&mut self, samples: &mut [i16]) {
        const POLE: f32 = 1.0 - std::f32::consts::TAU * 12.0 / RATE as f32;
        for sample in samples {
            let input = f32::from(*sample);
            self.output = input - self.input + POLE * self.output;
            self.input = input;
            *sample = self.output.round() as i16;
        }
    }
}

/// The noise of a telephone line: mostly below 1 kHz, at a set level.
#[derive(Clone, Debug)]
pub struct LineNoise {
    rng: Rng,
    state: f32,
    gain: f32,
}

/// Pole of the one-pole low-pass that colours the noise: -3 dB near 900 Hz.
const COLOUR: f32 = 0.5;

impl LineNoise {
    pub fn new(seed: u64, dbov: f32) -> Self {
        // White noise through the filter y = x + a y has the variance 1 / (1 - a²).
        let gain = rms_of(dbov) * (1.0 - COLOUR * COLOUR).sqrt();
        LineNoise { rng: Rng::new(seed), state: 0.0, gain }
    }

    /// Adds the noise to what is there, saturating.
    pub fn add(&mut self, samples: &mut [i16]) {
        for sample in samples {
            let noise = self.sample();
            *sample = (f32::from(*sample) + noise).round() as i16;
        }
    }

    pub fn frame(&mut self) -> Frame {
        let mut frame = super::SILENCE;
        self.add(&mut frame);
        frame
    }

    fn sample(&mut self) -> f32 {
        // The sum of four even numbers is normal enough to the ear, and cheap.
        let bits = self.rng.next_u64();
        let sum: f32 = (0..4).map(|part| ((bits >> (16 * part)) & 0xffff) as f32).sum();
        // Four of variance 65,536² / 12.
        const DEVIATION: f32 = 65_536.0 * 0.577_350_3;
        let white = (sum - 4.0 * 32_767.5) / DEVIATION;
        self.state = white + COLOUR * self.state;
        self.state * self.gain
    }
}
