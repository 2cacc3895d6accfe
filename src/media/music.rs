//! Something to wait with: a soft, slow tune, made here note by note, so that nobody's rights are touched.

use std::f32::consts::TAU;

use super::{Frame, RATE, SILENCE};
use crate::kernel::Rng;

/// A note every half second.
const NOTE_SAMPLES: u32 = RATE / 2;
/// The pentatonic scale on C5 (宫商角徵羽), with the octave below for the bass: any order of it sounds well.
const SCALE: [f32; 8] = [392.0, 440.0, 523.25, 587.33, 659.26, 783.99, 880.0, 1046.5];
/// About -26 dBov at a note's beginning: under a voice, above the line's noise.
const AMPLITUDE: f32 = 2_300.0;
/// A note loses a factor of e in this many samples.
const DECAY: f32 = 0.45 * RATE as f32;
/// Two notes ring together.
const VOICES: usize = 3;

/// Plays forever; the same seed plays the same.
#[derive(Clone, Debug)]
pub struct Music {
    rng: Rng,
    notes: [Note; VOICES],
    next: usize,
    /// Samples until the next note.
    rest: u32,
    degree: usize,
}

#[derive(Clone, Copy, Debug, Default)]
struct Note {
    hertz: f32,
    age: f32,
    gain: f32,
}

impl Music {
    pub fn new(seed: u64) -> Self {
        Music { rng: Rng::new(seed), notes: [Note::default(); VOICES], next: 0, rest: 0, degree: 2 }
    }

    pub fn frame(&mut self) -> Frame {
        let mut frame = SILENCE;
        for sample in &mut frame {
            if self.rest == 0 {
                self.strike();
                self.rest = NOTE_SAMPLES;
            }
            self.rest -= 1;
            let mut sum = 0.0;
            for note in &mut self.notes {
                sum += note.sample();
            }
            *sample = sum.round() as i16;
        }
        frame
    }

    /// The next note: a step or a leap of one along the scale, now and then a rest.
    fn strike(&mut self) {
        let step = self.rng.below(5) as i64 - 2;
        let degree = (self.degree as i64 + step).clamp(0, SCALE.len() as i64 - 1);
        self.degree = degree as usize;
        if self.rng.chance(0.2) {
            return;
        }
        self.notes[self.next] = Note { hertz: SCALE[self.degree], age: 0.0, gain: AMPLITUDE };
        self.next = (self.next + 1) % VOICES;
    }
}

impl Note {
    fn sample(&mut self) -> f32 {
        if self.gain == 0.0 {
            return 0.0;
        }
        let phase = TAU * self.hertz * self.age / RATE as f32;
        // A rise of 10 ms, then a bar's ring: the fundamental and a little of the fourth harmonic, which fades sooner.
        let rise = (self.age / 80.0).min(1.0);
        let fall = (-self.age / DECAY).exp();
        let overtone = 0.25 * (-self.age / (DECAY / 4.0)).exp() * (4.0 * phase).sin();
        self.age += 1.0;
        if fall < 0.001 {
            self.gain = 0.0;
        }
        self.gain * rise * fall * (phase.sin() + overtone)
    }
}
