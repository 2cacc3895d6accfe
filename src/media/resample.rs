//! From one sample rate to another: a polyphase FIR, a Kaiser-windowed sinc cut off below the lower Nyquist frequency
//! (Oppenheim and Schafer, Discrete-Time Signal Processing, 7.5).

use std::f64::consts::PI;

/// Zero crossings of the sinc on each side: with `BETA` this gives 80 dB of stopband and a transition of a tenth.
const CROSSINGS: f64 = 24.0;
const BETA: f64 = 8.0;
/// The cutoff, as a share of the lower Nyquist frequency, in the middle of the transition.
const CUTOFF: f64 = 0.92;

/// The same sound at another rate, in Hz. The length is `samples.len() * to / from`, rounded up; no delay is added.
pub fn resample(samples: &[f32], from: u32, to: u32) -> Vec<f32> {
    if from == to || from == 0 || to == 0 {
        return samples.to_vec();
    }
    let divisor = gcd(from, to);
    let (up, down) = (u64::from(to / divisor), u64::from(from / divisor));
    let filter = Filter::new(up, down);
    let length = (samples.len() as u64 * up).div_ceil(down);
    (0..length)
        .map(|index| {
            let position = index * down;
            filter.apply(samples, (position / up) as i64, (position % up) as usize)
        })
        .collect()
}

/// The same for whole samples, saturating.
pub fn resample_i16(samples: &[i16], from: u32, to: u32) -> Vec<i16> {
    if from == to {
        return samples.to_vec();
    }
    let floats: Vec<f32> = samples.iter().map(|&sample| f32::from(sample)).collect();
    resample(&floats, from, to).into_iter().map(|sample| sample.round() as i16).collect()
}

/// One row of taps for each phase between two input samples.
struct Filter {
    taps: Vec<f32>,
    /// Taps before the input sample at or below the output's place.
    reach: i64,
    row: usize,
}

impl Filter {
    fn new(up: u64, down: u64) -> Self {
        // In units of the input's rate.
        let cutoff = CUTOFF * (up as f64 / down as f64).min(1.0);
        let half = CROSSINGS / cutoff;
        let reach = half.ceil() as i64;
        let row = 2 * reach as usize + 1;
        let mut taps = Vec::with_capacity(row * up as usize);
        for phase in 0..up {
            let fraction = phase as f64 / up as f64;
            let start = taps.len();
            taps.extend((-reach..=reach).map(|tap| {
                let x = tap as f64 - fraction;
                cutoff * sinc(cutoff * x) * kaiser(x / half)
            }));
            // Each phase passes a constant unchanged, so that no tone of the phases' rate appears.
            let sum: f64 = taps[start..].iter().sum();
            taps[start..].iter_mut().for_each(|tap| *tap /= sum);
        }
        Filter { taps: taps.into_iter().map(|tap| tap as f32).collect(), reach, row }
    }

    fn apply(&self, samples: &[f32], centre: i64, phase: usize) -> f32 {
        let taps = &self.taps[phase * self.row..(phase + 1) * self.row];
        let start = centre - self.reach;
        let skip = start.min(0).unsigned_abs() as usize;
        let from = (start.max(0) as usize).min(samples.len());
        taps[skip.min(taps.len())..]
            .iter()
            .zip(&samples[from..])
            .map(|(tap, sample)| tap * sample)
            .sum()
    }
}

fn sinc(x: f64) -> f64 {
    if x == 0.0 { 1.0 } else { (PI * x).sin() / (PI * x) }
}

/// The Kaiser window over -1 to 1, nothing beyond.
fn kaiser(x: f64) -> f64 {
    if x.abs() >= 1.0 {
        return 0.0;
    }
    bessel(BETA * (1.0 - x * x).sqrt()) / bessel(BETA)
}

/// The modified Bessel function of the first kind, of order 0, by its power series: what a Kaiser window is made of.
pub fn bessel(x: f64) -> f64 {
    let quarter = x * x / 4.0;
    let mut term = 1.0;
    let mut sum = 1.0;
    for k in 1..60 {
        term *= quarter / f64::from(k * k);
        sum += term;
    }
    sum
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}
