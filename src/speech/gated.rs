//! A detector that sleeps through silence. It costs more than all else that is done for a leg, and two thirds of a call
//! are silence; where nothing stands out of the line's noise there is nothing to detect.

use super::engine::{VAD_STEP, Vad};

/// Steps that the detector hears before the one that wakes it, 96 ms: it knows a voice by what it grew out of.
const LEAD: usize = 3;
/// It stays awake for so long after the last audible step: 320 ms.
const AWAKE_STEPS: u32 = 10;

/// A [`Vad`] that is run only around sound.
#[derive(Debug)]
pub struct Gated<V> {
    vad: V,
    /// The newest steps that the detector has not heard, the oldest first.
    unheard: [[i16; VAD_STEP]; LEAD],
    waiting: usize,
    awake: u32,
}

impl<V: Vad> Gated<V> {
    /// Begins awake: the first moments tell the detector what the line is like.
    pub fn new(vad: V) -> Self {
        Gated { vad, unheard: [[0; VAD_STEP]; LEAD], waiting: 0, awake: AWAKE_STEPS }
    }

    /// The probability, 0 to 1, that this step is speech; 0 while asleep. `audible`: it stands out of the noise, or
    /// somebody is in the middle of speaking.
    pub fn step(&mut self, pcm: &[i16; VAD_STEP], audible: bool) -> f32 {
        self.awake = if audible { AWAKE_STEPS } else { self.awake.saturating_sub(1) };
        if self.awake == 0 {
            if self.waiting == LEAD {
                self.unheard.rotate_left(1);
                self.waiting -= 1;
            }
            self.unheard[self.waiting] = *pcm;
            self.waiting += 1;
            return 0.0;
        }
        for step in &self.unheard[..std::mem::take(&mut self.waiting)] {
            self.vad.step(step);
        }
        self.vad.step(pcm)
    }
}
