//! The search: what was said against every way of asking.

use std::sync::Arc;

use super::base::Base;
use super::encoder::{Encoder, dot};
use super::error::KnowledgeError;
use super::item::Hit;

/// A base made searchable with one encoder.
pub struct Index {
    base: Arc<Base>,
    encoder: String,
    /// For each item the points of its title and its ways of asking.
    points: Vec<Vec<Vec<f32>>>,
}

impl Index {
    /// Encodes every title and way of asking of the base.
    ///
    /// # Errors
    /// The encoder's.
    pub fn build(base: Arc<Base>, encoder: &dyn Encoder) -> Result<Index, KnowledgeError> {
        let mut points = Vec::with_capacity(base.items().len());
        for item in base.items() {
            let texts = std::iter::once(&item.title).chain(&item.asks);
            points.push(texts.map(|text| encoder.encode(text)).collect::<Result<_, _>>()?);
        }
        Ok(Index { base, encoder: encoder.name().to_owned(), points })
    }

    /// The `k` best items for what was said, best first.
    ///
    /// # Errors
    /// The encoder's, or another encoder than the index was built with.
    pub fn search(&self, text: &str, encoder: &dyn Encoder, k: usize) -> Result<Vec<Hit>, KnowledgeError> {
        if encoder.name() != self.encoder {
            return Err(KnowledgeError::OtherEncoder { built: self.encoder.clone(), given: encoder.name().into() });
        }
        let query = encoder.encode(text)?;
        let mut hits: Vec<Hit> = self
            .base
            .items()
            .iter()
            .zip(&self.points)
            .map(|(item, points)| {
                let score = points.iter().map(|point| dot(point, &query)).fold(0.0, f32::max);
                Hit { item: Arc::clone(item), score, confidence: score.clamp(0.0, 1.0) }
            })
            .collect();
        hits.sort_by(|a, b| b.score.total_cmp(&a.score));
        hits.truncate(k);
        Ok(hits)
    }
}
