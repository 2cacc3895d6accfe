//! Telephone keys as sound (ITU-T Q.23, Q.24): made for peers without telephone-event, found where they send none.

use std::f32::consts::TAU;

use super::dtmf::Key;
use super::{FRAME_SAMPLES, Frame, RATE, SAMPLES_PER_MS};

const LOW: [f32; 4] = [697.0, 770.0, 852.0, 941.0];
const HIGH: [f32; 4] = [1209.0, 1336.0, 1477.0, 1633.0];
/// -8 and -6 dBm0 (full scale is +3.14 dBm0): the higher tone is louder, as lines weaken it.
const AMPLITUDE_LOW: f32 = 9_090.0;
const AMPLITUDE_HIGH: f32 = 11_440.0;
/// Rise and fall, so that a tone does not click.
const RAMP: usize = 2 * SAMPLES_PER_MS;
/// By rows of the keypad.
const GRID: [[char; 4]; 4] =
    [['1', '2', '3', 'A'], ['4', '5', '6', 'B'], ['7', '8', '9', 'C'], ['*', '0', '#', 'D']];

/// The sound of a key, `ms` long.
pub fn key_tone(key: Key, ms: u64) -> Vec<i16> {
    let wanted = key.as_char();
    let (mut row, mut column) = (3, 1);
    for (r, keys) in GRID.iter().enumerate() {
        if let Some(c) = keys.iter().position(|&character| character == wanted) {
            (row, column) = (r, c);
        }
    }
    let length = ms as usize * SAMPLES_PER_MS;
    (0..length)
        .map(|index| {
            let at = index as f32 / RATE as f32;
            let low = AMPLITUDE_LOW * (TAU * LOW[row] * at).sin();
            let high = AMPLITUDE_HIGH * (TAU * HIGH[column] * at).sin();
            let edge = index.min(length - 1 - index);
            let gain = (edge as f32 / RAMP as f32).min(1.0);
            ((low + high) * gain).round() as i16
        })
        .collect()
}

/// Finds keys in sound, a frame at a time, by eight Goertzel filters (Goertzel, 1958). A key counts after two frames
/// that agree, so 40 ms at least; speech hardly ever holds two pure tones of these that long.
#[derive(Clone, Copy, Debug, Default)]
pub struct KeyListener {
    before: Option<Key>,
    down: Option<Key>,
}

/// Softer than this is no key: -36 dBov in one frame.
const ENERGY_MIN: f32 = 500.0 * 500.0 * FRAME_SAMPLES as f32;
/// The two tones hold at least this share of all energy.
const PURITY: f32 = 0.7;
/// One tone is at most this many times as strong as the other: 8 dB.
const TWIST: f32 = 6.3;
/// The chosen tone is this many times as strong as any other of its group: 8 dB.
const LEAD: f32 = 6.3;

impl KeyListener {
    pub fn new() -> Self {
        Self::default()
    }

    /// The key that has just been recognised, once each press.
    pub fn hear(&mut self, frame: &Frame) -> Option<Key> {
        let now = detect(frame);
        let agreed = now == self.before;
        self.before = now;
        if !agreed || now == self.down {
            return None;
        }
        self.down = now;
        now
    }
}

fn detect(frame: &Frame) -> Option<Key> {
    let energy: f32 = frame.iter().map(|&sample| f32::from(sample).powi(2)).sum();
    if energy < ENERGY_MIN {
        return None;
    }
    let (row, low) = strongest(frame, &LOW)?;
    let (column, high) = strongest(frame, &HIGH)?;
    // A sine of amplitude A gives a power of (A N / 2)², and an energy of A² N / 2.
    let tones = (low + high) * 2.0 / FRAME_SAMPLES as f32;
    if tones < PURITY * energy || low > high * TWIST || high > low * TWIST {
        return None;
    }
    Key::try_from(GRID[row][column]).ok()
}

/// The strongest of four tones and its power, if it leads clearly.
fn strongest(frame: &Frame, tones: &[f32; 4]) -> Option<(usize, f32)> {
    let powers = tones.map(|hertz| goertzel(frame, hertz));
    let (best, power) = powers.iter().copied().enumerate().max_by(|a, b| a.1.total_cmp(&b.1))?;
    let leads =
        powers.iter().enumerate().all(|(index, other)| index == best || other * LEAD < power);
    leads.then_some((best, power))
}

fn goertzel(frame: &Frame, hertz: f32) -> f32 {
    let coefficient = 2.0 * (TAU * hertz / RATE as f32).cos();
    let (mut one, mut two) = (0.0f32, 0.0f32);
    for &sample in frame {
        let next = f32::from(sample) + coefficient * one - two;
        two = one;
        one = next;
    }
    one * one + two * two - coefficient * one * two
}
