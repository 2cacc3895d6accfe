//! The second hearing's filter: noise goes, the voice stays.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::f32::consts::TAU;

use huiyin::engine::denoise::denoise;
use huiyin::kernel::Rng;

const RATE: usize = 8_000;
const LEAD: usize = RATE * 3 / 10;

/// 0.3 s of silence, 0.6 s of a voice's harmonics, 0.3 s of silence.
fn voice() -> Vec<f32> {
    let voiced = (0..RATE * 6 / 10).map(|i| {
        let t = i as f32 / RATE as f32;
        let swell = (TAU * 2.5 * t).sin().abs();
        (1..=8).map(|h| (TAU * 170.0 * h as f32 * t).sin() / h as f32).sum::<f32>()
            * 3_000.0
            * swell
    });
    let silence = || std::iter::repeat_n(0.0, LEAD);
    silence().chain(voiced).chain(silence()).collect()
}

fn power(sound: &[f32]) -> f32 {
    sound.iter().map(|s| s * s).sum::<f32>() / sound.len() as f32
}

fn db(over: f32, under: f32) -> f32 {
    10.0 * (over / under).log10()
}

#[test]
fn steady_noise_goes_and_the_voice_stays() {
    for (seed, wanted_db) in [(1, 10.0), (2, 5.0), (3, 15.0)] {
        let clean = voice();
        let mut rng = Rng::new(seed);
        let loud = power(&clean[LEAD..clean.len() - LEAD]);
        // Uniform noise of this half width has a third of its square as power.
        let width = (3.0 * loud / 10f32.powf(wanted_db / 10.0)).sqrt();
        let mut noise = || (rng.below(20_001) as f32 / 10_000.0 - 1.0) * width;
        let noisy: Vec<i16> = clean.iter().map(|s| (s + noise()).round() as i16).collect();
        let cleaned = denoise(&noisy).unwrap();
        assert_eq!(cleaned.pcm.len(), noisy.len());
        let float = |pcm: &[i16]| pcm.iter().map(|s| f32::from(*s)).collect::<Vec<f32>>();
        let (before, after) = (float(&noisy), float(&cleaned.pcm));
        let hushed = db(power(&before[800..LEAD - 400]), power(&after[800..LEAD - 400]));
        assert!(hushed > 9.0, "seed {seed}: the silence is softer by {hushed} dB only");
        let error = |sound: &[f32]| {
            power(&sound.iter().zip(&clean).map(|(a, b)| a - b).collect::<Vec<f32>>())
        };
        let won = db(error(&before), error(&after));
        assert!(won > 3.0, "seed {seed}: {won} dB nearer to the clean sound");
        let far = cleaned.over_noise_db - wanted_db;
        assert!((-4.0..8.0).contains(&far), "seed {seed}: {} dB", cleaned.over_noise_db);
    }
}

#[test]
fn too_little_sound_and_silence_are_left() {
    assert_eq!(denoise(&[]), None);
    assert_eq!(denoise(&[100; 300]), None);
    let silence = denoise(&[0; 4_000]).unwrap();
    assert_eq!(silence.pcm, vec![0; 4_000]);
}
