//! Takes steady noise off an utterance: a Wiener filter whose a-priori ratio is carried on from frame to frame (Ephraim and Malah 1984),
//! the noise taken from the utterance's own quietest frames.
//!
//! For a second hearing only. What is recorded or passed on stays as it came, and so does the first hearing: the recogniser was
//! trained on noise, and a filter takes something of the voice, too.

use std::f32::consts::PI;

use realfft::RealFftPlanner;
use realfft::num_complex::Complex;

/// 32 ms at 8 kHz; half of it is new.
const FRAME: usize = 256;
const HOP: usize = FRAME / 2;
const BINS: usize = FRAME / 2 + 1;
/// Of all frames so many, the quietest, hold noise alone; a turn brings silence before and behind it.
const QUIET_SHARE: f32 = 0.15;
const QUIET_MIN: usize = 4;
/// How much of a frame's ratio comes of the frame before.
const CARRIED: f32 = 0.96;
/// No bin is made softer than this.
const GAIN_MIN: f32 = 0.12;

/// An utterance with its steady noise taken off, and how far its louder frames stand over that noise, in decibels.
#[derive(Clone, PartialEq, Debug)]
pub struct Cleaned {
    pub pcm: Vec<i16>,
    pub over_noise_db: f32,
}

/// `None` where there is too little sound to tell noise from voice. 8 kHz.
pub fn denoise(pcm: &[i16]) -> Option<Cleaned> {
    let window: [f32; FRAME] =
        std::array::from_fn(|i| (PI * (i as f32 + 0.5) / FRAME as f32).sin());
    let mut planner = RealFftPlanner::<f32>::new();
    let (forward, inverse) = (planner.plan_fft_forward(FRAME), planner.plan_fft_inverse(FRAME));
    // Half a frame of silence on either side, so that every sample lies in two frames.
    let mut sound = vec![0.0; HOP];
    sound.extend(pcm.iter().map(|s| f32::from(*s)));
    sound.resize(sound.len().next_multiple_of(HOP) + HOP, 0.0);
    let mut spectra: Vec<Vec<Complex<f32>>> = Vec::new();
    for start in (0..=sound.len() - FRAME).step_by(HOP) {
        let mut frame: Vec<f32> =
            sound[start..start + FRAME].iter().zip(&window).map(|(s, w)| s * w).collect();
        let mut spectrum = forward.make_output_vec();
        forward.process(&mut frame, &mut spectrum).ok()?;
        spectra.push(spectrum);
    }
    let (noise, over_noise_db) = noise(&spectra)?;
    let mut cleaned = vec![0.0; sound.len()];
    let mut carried = [1.0; BINS];
    for (index, mut spectrum) in spectra.into_iter().enumerate() {
        for ((bin, noise), carried) in spectrum.iter_mut().zip(&noise).zip(&mut carried) {
            let over = bin.norm_sqr() / noise;
            let ratio = CARRIED * *carried + (1.0 - CARRIED) * (over - 1.0).max(0.0);
            let gain = (ratio / (1.0 + ratio)).max(GAIN_MIN);
            *carried = gain * gain * over;
            *bin *= gain;
        }
        let mut frame = inverse.make_output_vec();
        inverse.process(&mut spectrum, &mut frame).ok()?;
        for ((out, s), w) in cleaned[index * HOP..].iter_mut().zip(frame).zip(&window) {
            *out += s * w / FRAME as f32;
        }
    }
    let pcm = cleaned[HOP..HOP + pcm.len()].iter().map(|s| s.round() as i16).collect();
    Some(Cleaned { pcm, over_noise_db })
}

/// The noise's power by bin, and how far the loud frames stand over it.
fn noise(spectra: &[Vec<Complex<f32>>]) -> Option<(Vec<f32>, f32)> {
    let power = |spectrum: &Vec<Complex<f32>>| spectrum.iter().map(Complex::norm_sqr).sum::<f32>();
    // The first and the last frame hold added silence.
    let mut frames: Vec<(f32, &Vec<Complex<f32>>)> =
        spectra.get(1..spectra.len().checked_sub(1)?)?.iter().map(|s| (power(s), s)).collect();
    frames.sort_by(|a, b| a.0.total_cmp(&b.0));
    let quiet = ((frames.len() as f32 * QUIET_SHARE) as usize).max(QUIET_MIN);
    let (quietest, louder) = frames.split_at_checked(quiet)?;
    let mut noise = vec![0.0; BINS];
    for (_, spectrum) in quietest {
        for (sum, bin) in noise.iter_mut().zip(spectrum.iter()) {
            *sum += bin.norm_sqr() / quiet as f32;
        }
    }
    // The quietest of many are quieter than noise is in the middle.
    noise.iter_mut().for_each(|n| *n = (*n * 1.2).max(1.0));
    let floor: f32 = noise.iter().sum();
    let (loud, _) = louder.get(louder.len() * 3 / 4)?;
    Some((noise, 10.0 * (loud / floor).log10()))
}
