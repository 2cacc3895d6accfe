//! What a sentence encoder must do, and one that needs no model.

use super::KnowledgeError;

/// Turns a sentence into a point: near in meaning is near in angle.
pub trait Encoder: Send + Sync {
    /// A vector of [`Encoder::dimensions`] numbers of length 1 (or all zero for a text without any content).
    fn encode(&self, text: &str) -> Result<Vec<f32>, KnowledgeError>;
    fn dimensions(&self) -> usize;
    /// Names the model and its version: an index built with one name is not searched with another.
    fn name(&self) -> &str;
}

/// A bag of character pairs hashed into [`BigramEncoder::DIMENSIONS`] buckets: the same on every machine, without a model.
///
/// It knows no synonyms. It serves the simulation and the tests, and a service whose model is not installed.
#[derive(Clone, Copy, Debug, Default)]
pub struct BigramEncoder;

impl BigramEncoder {
    pub const DIMENSIONS: usize = 1024;
}

impl Encoder for BigramEncoder {
    fn encode(&self, text: &str) -> Result<Vec<f32>, KnowledgeError> {
        let mut vector = vec![0.0_f32; Self::DIMENSIONS];
        let chars: Vec<char> = text.chars().filter(|c| c.is_alphanumeric()).collect();
        for (i, c) in chars.iter().enumerate() {
            vector[bucket(&[*c])] += 0.5;
            if let Some(next) = chars.get(i + 1) {
                vector[bucket(&[*c, *next])] += 1.0;
            }
        }
        normalize(&mut vector);
        Ok(vector)
    }

    fn dimensions(&self) -> usize {
        Self::DIMENSIONS
    }

    fn name(&self) -> &str {
        "bigram-1024"
    }
}

/// FNV-1a (Fowler, Noll and Vo) over the characters' scalar values.
fn bucket(chars: &[char]) -> usize {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for c in chars {
        for byte in u32::from(*c).to_le_bytes() {
            hash ^= u64::from(byte);
            hash = hash.wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
    (hash % BigramEncoder::DIMENSIONS as u64) as usize
}

/// Scales to length 1; leaves the zero vector alone.
pub(crate) fn normalize(vector: &mut [f32]) {
    let length = dot(vector, vector).sqrt();
    if length > 0.0 {
        vector.iter_mut().for_each(|x| *x /= length);
    }
}

pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}
