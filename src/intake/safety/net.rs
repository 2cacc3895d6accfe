//! The net as it ships: for each feature that counts its hash and its weight in every plane, in a byte each.

use super::features::features;
use super::{PLANES, Plane};
use crate::intake::IntakeError;
use crate::intake::reading::Emergency;

/// Opens the file; the number is the form's version.
const MAGIC: &[u8; 8] = b"hysafe\x00\x01";
const FILE: &str = "safety/net.bin";

/// A linear net: the weights of features, a byte for each plane.
#[derive(Clone, PartialEq, Debug)]
pub struct Net {
    /// For each plane what a step of its bytes is worth, and its constant.
    steps: Vec<f32>,
    biases: Vec<f32>,
    /// Ascending.
    hashes: Vec<u32>,
    /// As many for each hash as there are planes.
    weights: Vec<i8>,
}

/// How far on its side of each plane an utterance lies; 1 is the margin of the training.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Margins {
    pub danger: f32,
    pub person: f32,
    /// The likeliest danger, if it is one.
    pub kind: Emergency,
}

impl Net {
    /// The one that ships with the program.
    pub fn shipped() -> Result<Net, IntakeError> {
        Net::read(include_bytes!("net.bin"))
    }

    /// `weights` are one list for each plane, in the order of `PLANES`, each as long as `hashes`, which ascend.
    pub(super) fn of(hashes: Vec<u32>, weights: &[Vec<f32>], biases: Vec<f32>) -> Net {
        let step =
            |plane: &Vec<f32>| plane.iter().fold(0.0_f32, |most, w| most.max(w.abs())) / 127.0;
        let steps: Vec<f32> =
            weights.iter().map(|plane| step(plane).max(f32::MIN_POSITIVE)).collect();
        let mut bytes = Vec::with_capacity(hashes.len() * weights.len());
        for at in 0..hashes.len() {
            for (plane, step) in weights.iter().zip(&steps) {
                let weight = plane.get(at).copied().unwrap_or(0.0) / step;
                bytes.push(weight.round().clamp(-127.0, 127.0) as i8);
            }
        }
        Net { steps, biases, hashes, weights: bytes }
    }

    /// Reads what [`Net::bytes`] wrote.
    pub fn read(bytes: &[u8]) -> Result<Net, IntakeError> {
        let bad = |detail: &str| IntakeError::Table {
            table: FILE,
            line: 0,
            detail: format!("{detail}; make it anew with `huiyin safety train`"),
        };
        let rest = bytes.strip_prefix(MAGIC).ok_or_else(|| bad("is no net of this version"))?;
        let head = PLANES.len() * 8 + 4;
        let (head, rest) = rest.split_at_checked(head).ok_or_else(|| bad("is cut short"))?;
        let words: Vec<[u8; 4]> = head.as_chunks::<4>().0.to_vec();
        let numbers: Vec<f32> = words.iter().map(|word| f32::from_le_bytes(*word)).collect();
        let (steps, biases) = numbers
            .get(..PLANES.len() * 2)
            .map(|all| all.split_at(PLANES.len()))
            .ok_or_else(|| bad("is cut short"))?;
        let many = words.last().map_or(0, |word| u32::from_le_bytes(*word)) as usize;
        let sized = many.checked_mul(4 + PLANES.len()) == Some(rest.len());
        let (hashes, weights) = rest
            .split_at_checked(many.saturating_mul(4))
            .filter(|_| sized)
            .ok_or_else(|| bad("has another length than it says"))?;
        let hashes: Vec<u32> =
            hashes.as_chunks::<4>().0.iter().map(|word| u32::from_le_bytes(*word)).collect();
        if !hashes.is_sorted() || numbers.iter().take(PLANES.len() * 2).any(|x| !x.is_finite()) {
            return Err(bad("is damaged"));
        }
        Ok(Net {
            steps: steps.to_vec(),
            biases: biases.to_vec(),
            hashes,
            weights: weights.iter().map(|byte| byte.cast_signed()).collect(),
        })
    }

    /// The file: the magic, the steps and constants of the planes (f32), how many features (u32), their hashes (u32), and their
    /// weights (i8); little-endian.
    pub fn bytes(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        out.extend(self.steps.iter().chain(&self.biases).flat_map(|x| x.to_le_bytes()));
        out.extend((self.hashes.len() as u32).to_le_bytes());
        out.extend(self.hashes.iter().flat_map(|hash| hash.to_le_bytes()));
        out.extend(self.weights.iter().map(|weight| weight.cast_unsigned()));
        out
    }

    /// How many features count.
    pub fn features(&self) -> usize {
        self.hashes.len()
    }

    pub fn margins(&self, text: &str) -> Margins {
        let found = features(text);
        let mut sums = [0_i32; PLANES.len()];
        let mut known = 0_u32;
        for feature in found {
            let Ok(at) = self.hashes.binary_search(&feature) else { continue };
            known += 1;
            let weights = self.weights.get(at * PLANES.len()..).unwrap_or_default();
            for (sum, weight) in sums.iter_mut().zip(weights) {
                *sum += i32::from(*weight);
            }
        }
        // The point has length 1.
        let length = (known.max(1) as f32).sqrt();
        let mut margins = Margins { danger: f32::MIN, person: f32::MIN, kind: Emergency::Crime };
        let mut best = f32::MIN;
        for (((plane, sum), step), bias) in
            PLANES.iter().zip(sums).zip(&self.steps).zip(&self.biases)
        {
            let margin = sum as f32 * step / length + bias;
            match plane {
                Plane::Danger => margins.danger = margin,
                Plane::Person => margins.person = margin,
                Plane::Kind(kind) if margin > best => (margins.kind, best) = (*kind, margin),
                Plane::Kind(_) => {}
            }
        }
        margins
    }
}
