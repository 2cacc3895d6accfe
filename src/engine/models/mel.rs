//! The mel filter bank that Whisper was trained with: Slaney's scale and normalisation, for a 400-point transform at 16 kHz.
//!
//! Source: M. Slaney, Auditory Toolbox (1998); the same bank as `librosa.filters.mel(sr=16000, n_fft=400, n_mels=80)`.

const SAMPLE_RATE: f64 = 16_000.0;
const N_FFT: usize = 400;
/// Frequency bins of the transform.
pub const BINS: usize = N_FFT / 2 + 1;

/// Below 1 kHz the scale is linear, 200/3 Hz a mel; above, logarithmic.
const HZ_PER_MEL: f64 = 200.0 / 3.0;
const LOG_FROM_HZ: f64 = 1000.0;
const LOG_FROM_MEL: f64 = LOG_FROM_HZ / HZ_PER_MEL;
/// ln(6.4)/27: 27 mels take 1 kHz to 6.4 kHz.
const LOG_STEP: f64 = 0.068_751_777_420_949_12;

fn mel_of(hz: f64) -> f64 {
    if hz < LOG_FROM_HZ {
        hz / HZ_PER_MEL
    } else {
        LOG_FROM_MEL + (hz / LOG_FROM_HZ).ln() / LOG_STEP
    }
}

fn hz_of(mel: f64) -> f64 {
    if mel < LOG_FROM_MEL {
        mel * HZ_PER_MEL
    } else {
        LOG_FROM_HZ * ((mel - LOG_FROM_MEL) * LOG_STEP).exp()
    }
}

/// `mels` triangular filters of equal area, [`BINS`] weights each, one after another.
pub fn filters(mels: usize) -> Vec<f32> {
    let top = mel_of(SAMPLE_RATE / 2.0);
    let corner = |i: usize| hz_of(top * i as f64 / (mels + 1) as f64);
    let mut weights = Vec::with_capacity(mels * BINS);
    for m in 0..mels {
        let (low, centre, high) = (corner(m), corner(m + 1), corner(m + 2));
        let norm = 2.0 / (high - low);
        for bin in 0..BINS {
            let hz = bin as f64 * SAMPLE_RATE / N_FFT as f64;
            let rise = (hz - low) / (centre - low);
            let fall = (high - hz) / (high - centre);
            weights.push((rise.min(fall).max(0.0) * norm) as f32);
        }
    }
    weights
}
