//! Pieces that the clips are made of: noises, tones, voices of instruments. All at 8 kHz; levels in dBov.

use std::f32::consts::TAU;

use huiyin::kernel::Rng;
use huiyin::media::level::rms_of;

pub const RATE: f32 = 8000.0;

pub fn samples(seconds: f32) -> usize {
    (seconds * RATE) as usize
}

/// Brings a sound to a level, measured over all of it.
pub fn at_level(mut sound: Vec<f32>, dbov: f32) -> Vec<f32> {
    let power: f32 = sound.iter().map(|s| s * s).sum::<f32>() / sound.len().max(1) as f32;
    let gain = rms_of(dbov) / power.sqrt().max(1e-9);
    sound.iter_mut().for_each(|s| *s *= gain);
    sound
}

pub fn mix(mut one: Vec<f32>, other: &[f32]) -> Vec<f32> {
    one.resize(one.len().max(other.len()), 0.0);
    one.iter_mut().zip(other).for_each(|(a, b)| *a += b);
    one
}

pub fn add_at(onto: &mut [f32], at: usize, piece: &[f32]) {
    onto.iter_mut().skip(at).zip(piece).for_each(|(a, b)| *a += b);
}

pub fn pcm(sound: &[f32]) -> Vec<i16> {
    sound.iter().map(|s| s.round() as i16).collect()
}

pub fn white(rng: &mut Rng, seconds: f32) -> Vec<f32> {
    (0..samples(seconds)).map(|_| rng.normal() as f32).collect()
}

/// Every doubling of the frequency has 3 dB less (Kellet's three-pole filter), or 6 dB for brown noise.
pub fn coloured(rng: &mut Rng, seconds: f32, brown: bool) -> Vec<f32> {
    let mut poles = [0.0f32; 3];
    white(rng, seconds)
        .into_iter()
        .map(|w| {
            if brown {
                poles[0] = 0.995 * poles[0] + w;
                return poles[0];
            }
            poles[0] = 0.99765 * poles[0] + 0.0990460 * w;
            poles[1] = 0.96300 * poles[1] + 0.2965164 * w;
            poles[2] = 0.57000 * poles[2] + 1.0526913 * w;
            poles.iter().sum::<f32>() + 0.1848 * w
        })
        .collect()
}

/// A resonance: two poles at `hertz`, `width` Hz wide.
pub fn resonate(sound: &[f32], hertz: f32, width: f32) -> Vec<f32> {
    let mut filter = Resonator::default();
    sound.iter().map(|s| filter.step(*s, hertz, width)).collect()
}

#[derive(Clone, Copy, Default)]
pub struct Resonator([f32; 2]);

impl Resonator {
    pub fn step(&mut self, input: f32, hertz: f32, width: f32) -> f32 {
        let radius = (-std::f32::consts::PI * width / RATE).exp();
        let angle = (TAU * hertz / RATE).cos();
        let gain = (1.0 - radius)
            * (1.0 - 2.0 * radius * (2.0 * angle * angle - 1.0) + radius * radius).sqrt();
        let y = gain * input + 2.0 * radius * angle * self.0[0] - radius * radius * self.0[1];
        self.0 = [y, self.0[0]];
        y
    }
}

/// Rises in `rise`, falls by a factor of e every `decay` seconds.
pub fn struck(length: f32, rise: f32, decay: f32) -> impl Fn(usize) -> f32 {
    move |i| {
        let t = i as f32 / RATE;
        let release = ((length - t) / 0.01).clamp(0.0, 1.0);
        (t / rise).min(1.0) * (-t / decay).exp() * release
    }
}

/// Several frequencies at once, on for `on`, off for `off` seconds, from the beginning.
pub fn cadence(hertz: &[f32], on: f32, off: f32, seconds: f32) -> Vec<f32> {
    let period = samples(on + off).max(1);
    (0..samples(seconds))
        .map(|i| {
            let sound = i % period < samples(on);
            let t = i as f32 / RATE;
            if sound { hertz.iter().map(|f| (TAU * f * t).sin()).sum() } else { 0.0 }
        })
        .collect()
}

/// Tones one after another: frequencies together, and how long.
pub fn sequence(parts: &[(&[f32], f32)], times: usize) -> Vec<f32> {
    let once: Vec<f32> =
        parts.iter().flat_map(|(hertz, seconds)| cadence(hertz, *seconds, 0.0, *seconds)).collect();
    once.repeat(times)
}

/// Digital signalling: one of `tones` for each bit.
pub fn keyed(rng: &mut Rng, tones: [f32; 2], baud: f32, seconds: f32) -> Vec<f32> {
    let (mut phase, mut tone) = (0.0f32, tones[0]);
    let symbol = (RATE / baud) as usize;
    (0..samples(seconds))
        .map(|i| {
            if i % symbol == 0 {
                tone = tones[rng.below(2) as usize];
            }
            phase = (phase + TAU * tone / RATE) % TAU;
            phase.sin()
        })
        .collect()
}

/// How an instrument sounds: the strengths of its harmonics, its envelope, its vibrato.
#[derive(Clone, Copy)]
pub struct Timbre {
    pub harmonics: &'static [f32],
    pub rise: f32,
    pub decay: f32,
    /// Hz and share of the frequency.
    pub vibrato: (f32, f32),
    /// Seconds that a note takes to slide from the one before.
    pub slide: f32,
}

pub const FLUTE: Timbre = Timbre {
    harmonics: &[1.0, 0.12, 0.05],
    rise: 0.06,
    decay: 3.0,
    vibrato: (5.0, 0.006),
    slide: 0.0,
};
pub const ORGAN: Timbre = Timbre {
    harmonics: &[1.0, 0.8, 0.5, 0.5, 0.2, 0.3],
    rise: 0.02,
    decay: 30.0,
    vibrato: (0.0, 0.0),
    slide: 0.0,
};
pub const STRINGS: Timbre = Timbre {
    harmonics: &[1.0, 0.6, 0.5, 0.35, 0.3, 0.2, 0.15, 0.1],
    rise: 0.12,
    decay: 5.0,
    vibrato: (5.5, 0.01),
    slide: 0.0,
};
pub const PIANO: Timbre = Timbre {
    harmonics: &[1.0, 0.55, 0.3, 0.2, 0.1, 0.05],
    rise: 0.004,
    decay: 0.5,
    vibrato: (0.0, 0.0),
    slide: 0.0,
};
pub const PLUCKED: Timbre = Timbre {
    harmonics: &[1.0, 0.9, 0.7, 0.4, 0.3, 0.2, 0.2],
    rise: 0.002,
    decay: 0.25,
    vibrato: (0.0, 0.0),
    slide: 0.0,
};
pub const BRASS: Timbre = Timbre {
    harmonics: &[0.6, 0.8, 1.0, 0.8, 0.6, 0.4, 0.3],
    rise: 0.05,
    decay: 4.0,
    vibrato: (4.0, 0.004),
    slide: 0.0,
};
/// Between two notes it slides like a voice does.
pub const ERHU: Timbre = Timbre {
    harmonics: &[1.0, 0.7, 0.9, 0.5, 0.4, 0.3, 0.2],
    rise: 0.08,
    decay: 6.0,
    vibrato: (6.0, 0.02),
    slide: 0.12,
};

/// One note after the other: frequency (0 for a rest) and seconds.
pub fn melody(timbre: Timbre, notes: &[(f32, f32)]) -> Vec<f32> {
    let (mut out, mut phase, mut before) = (Vec::new(), 0.0f32, 0.0f32);
    for &(hertz, seconds) in notes {
        let envelope = struck(seconds, timbre.rise, timbre.decay);
        let from = if timbre.slide > 0.0 && before > 0.0 { before } else { hertz };
        for i in 0..samples(seconds) {
            let t = i as f32 / RATE;
            let part = (t / timbre.slide.max(1e-6)).min(1.0);
            let base = from + (hertz - from) * part;
            let wobble = 1.0 + timbre.vibrato.1 * (TAU * timbre.vibrato.0 * t).sin();
            phase = (phase + base * wobble / RATE) % 1.0;
            let sum: f32 = (1..)
                .zip(timbre.harmonics)
                .filter(|(h, _)| base * (*h as f32) < 3800.0)
                .map(|(h, strength)| strength * (TAU * phase * h as f32).sin())
                .sum();
            out.push(if hertz > 0.0 { sum * envelope(i) } else { 0.0 });
        }
        before = hertz;
    }
    out
}

/// A walk over a pentatonic scale from `root`.
pub fn tune(rng: &mut Rng, root: f32, beat: f32, seconds: f32) -> Vec<(f32, f32)> {
    const STEPS: [f32; 10] = [1.0, 1.125, 1.25, 1.5, 1.667, 2.0, 2.25, 2.5, 3.0, 3.333];
    let (mut notes, mut total, mut degree) = (Vec::new(), 0.0, 3i64);
    while total < seconds {
        degree = (degree + rng.below(5) as i64 - 2).clamp(0, STEPS.len() as i64 - 1);
        let length = beat * [0.5, 1.0, 1.0, 2.0][rng.below(4) as usize];
        let hertz = if rng.chance(0.08) { 0.0 } else { root * STEPS[degree as usize] };
        notes.push((hertz, length));
        total += length;
    }
    notes
}

/// Major and minor chords, each held.
pub fn chords(timbre: Timbre, root: f32, each: f32, count: usize) -> Vec<f32> {
    const CHORDS: [[f32; 3]; 4] =
        [[1.0, 1.26, 1.498], [1.682, 2.0, 2.52], [1.335, 1.682, 2.0], [1.498, 1.888, 2.245]];
    (0..count).fold(Vec::new(), |mut all, i| {
        let parts = CHORDS[i % 4].map(|ratio| melody(timbre, &[(root * ratio, each)]));
        let sum = parts.iter().fold(Vec::new(), |sum, part| mix(sum, part));
        all.extend(sum);
        all
    })
}

/// Kick, snare and hat in four.
pub fn drums(rng: &mut Rng, beat: f32, seconds: f32) -> Vec<f32> {
    let mut out = vec![0.0; samples(seconds)];
    for (i, at) in (0..)
        .map(|i| (i, samples(i as f32 * beat / 2.0)))
        .take_while(|(_, at)| *at < samples(seconds))
    {
        let hat: Vec<f32> = white(rng, 0.04)
            .iter()
            .enumerate()
            .map(|(i, w)| 0.2 * w * (-(i as f32) / 80.0).exp())
            .collect();
        add_at(&mut out, at, &hat);
        let hit: Vec<f32> = match i % 4 {
            0 => (0..samples(0.2))
                .map(|i| {
                    let t = i as f32 / RATE;
                    2.0 * (-t / 0.08).exp() * (TAU * (60.0 * t - 4.0 * (-t / 0.02).exp())).sin()
                })
                .collect(),
            2 => white(rng, 0.15)
                .iter()
                .enumerate()
                .map(|(i, w)| 0.7 * w * (-(i as f32) / 400.0).exp())
                .collect(),
            _ => Vec::new(),
        };
        add_at(&mut out, at, &hit);
    }
    out
}

/// The first three formants of a, o, e, i, u, ü.
const VOWELS: [[f32; 3]; 6] = [
    [800.0, 1250.0, 2600.0],
    [500.0, 900.0, 2500.0],
    [450.0, 1300.0, 2500.0],
    [300.0, 2300.0, 3000.0],
    [340.0, 750.0, 2400.0],
    [300.0, 1900.0, 2400.0],
];

/// A singer who sings no words: pulses of a voice through moving formants, on a tune.
pub fn sung(rng: &mut Rng, notes: &[(f32, f32)], vibrato: f32, breathy: f32) -> Vec<f32> {
    let mut filters = [Resonator::default(); 3];
    let (mut out, mut phase, mut formants) = (Vec::new(), 0.0f32, VOWELS[0]);
    for &(hertz, seconds) in notes {
        let target = VOWELS[rng.below(6) as usize];
        let envelope = struck(seconds, 0.05, 20.0);
        for i in 0..samples(seconds) {
            let t = i as f32 / RATE;
            for (now, to) in formants.iter_mut().zip(target) {
                *now += (to - *now) * 0.001;
            }
            let wobble = 1.0 + vibrato * (TAU * 5.5 * t).sin();
            let before = phase;
            phase = (phase + hertz * wobble / RATE) % 1.0;
            let pulse = if phase < before { 1.0 } else { -hertz / RATE };
            let voice = if hertz > 0.0 { pulse } else { 0.0 } + breathy * rng.normal() as f32;
            let sum: f32 = filters
                .iter_mut()
                .zip(formants)
                .zip([90.0, 110.0, 170.0])
                .zip([1.0, 0.6, 0.3])
                .map(|(((filter, formant), width), gain)| gain * filter.step(voice, formant, width))
                .sum();
            out.push(sum * envelope(i));
        }
    }
    out
}
