//! Comfort noise (RFC 3389): what a peer that falls silent says of its silence, and the noise that is made of it.

use std::fmt;

use super::level::rms_of;
use crate::kernel::Rng;

/// The static payload type of comfort noise at 8 kHz (RFC 3551, table 4).
pub const PAYLOAD_TYPE: u8 = 13;
/// Reflection coefficients that are used; G.711 Appendix II sends ten.
const ORDER_MAX: usize = 12;
/// Noise is never louder, whatever a peer says: a quiet voice lies there.
const LOUDEST_DBOV: f32 = -30.0;
/// A new level is reached over about this many samples: 20 ms.
const GLIDE: f32 = 160.0;

/// A description of noise: its level and, in reflection coefficients, the shape of its spectrum.
#[derive(Clone, Copy, PartialEq)]
pub struct Noise {
    level_dbov: f32,
    reflection: [f32; ORDER_MAX],
}

impl Noise {
    /// White noise of a level.
    pub fn white(level_dbov: f32) -> Self {
        Noise { level_dbov: level_dbov.min(LOUDEST_DBOV), reflection: [0.0; ORDER_MAX] }
    }

    /// From a payload (RFC 3389, 3); nothing when it is empty.
    pub fn read(payload: &[u8]) -> Option<Self> {
        let (&level, coefficients) = payload.split_first()?;
        let mut noise = Noise::white(-f32::from(level & 0x7f));
        for (slot, &quantised) in noise.reflection.iter_mut().zip(coefficients) {
            *slot = (258.0 * (f32::from(quantised) - 127.0) / 32_768.0).clamp(-0.99, 0.99);
        }
        Some(noise)
    }

    pub fn level_dbov(&self) -> f32 {
        self.level_dbov
    }
}

impl fmt::Debug for Noise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Noise({} dBov)", self.level_dbov)
    }
}

/// Makes noise of descriptions.
#[derive(Clone, Debug)]
pub struct ComfortNoise {
    rng: Rng,
    noise: Noise,
    /// Of the excitation: what the filter adds is taken out of it.
    wanted: f32,
    gain: f32,
    /// Backward errors of the lattice, one sample old.
    backward: [f32; ORDER_MAX],
}

impl ComfortNoise {
    pub fn new(seed: u64) -> Self {
        ComfortNoise {
            rng: Rng::new(seed),
            noise: Noise::white(LOUDEST_DBOV),
            wanted: 0.0,
            gain: 0.0,
            backward: [0.0; ORDER_MAX],
        }
    }

    pub fn describe(&mut self, noise: Noise) {
        // An all-pole lattice raises the power by the product of 1 / (1 - k²).
        let kept: f32 = noise.reflection.iter().map(|k| 1.0 - k * k).product();
        self.wanted = rms_of(noise.level_dbov) * kept.sqrt();
        self.noise = noise;
    }

    pub fn fill(&mut self, samples: &mut [i16]) {
        for sample in samples {
            self.gain += (self.wanted - self.gain) / GLIDE;
            *sample = self.next().round() as i16;
        }
    }

    /// One sample of the all-pole lattice.
    fn next(&mut self) -> f32 {
        let mut forward = self.white() * self.gain;
        for order in (0..ORDER_MAX).rev() {
            let k = self.noise.reflection[order];
            forward -= k * self.backward[order];
            let next = self.backward[order] + k * forward;
            if let Some(slot) = self.backward.get_mut(order + 1) {
                *slot = next;
            }
        }
        self.backward[0] = forward;
        forward
    }

    /// Evenly spread, with a variance of 1: to the ear as good as normal.
    fn white(&mut self) -> f32 {
        (self.rng.unit() as f32 - 0.5) * 12f32.sqrt()
    }
}
