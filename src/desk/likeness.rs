//! How alike two matters are by what was said. Texts come as features: sorted numbers, each once, that stand for pairs
//! of sounds or of characters; a feature that few texts share tells more (inverse document frequency).

use std::collections::HashMap;

/// How rare each feature is among some texts.
#[derive(Clone, Debug, Default)]
pub struct Rarity {
    texts: usize,
    counts: HashMap<u32, u32>,
}

impl Rarity {
    pub fn of<'a>(texts: impl IntoIterator<Item = &'a [u32]>) -> Rarity {
        let mut rarity = Rarity::default();
        for features in texts {
            rarity.texts += 1;
            for feature in features {
                *rarity.counts.entry(*feature).or_default() += 1;
            }
        }
        rarity
    }

    fn weight(&self, feature: u32) -> f32 {
        let count = self.counts.get(&feature).copied().unwrap_or(0);
        (self.texts as f32 / (count as f32 + 1.0)).ln_1p()
    }

    /// 0 to 1: what both share of what each holds (the cosine, each feature counted by its rarity). Both are sorted and
    /// hold each feature once.
    pub fn likeness(&self, one: &[u32], other: &[u32]) -> f32 {
        let norm = |features: &[u32]| features.iter().map(|f| self.weight(*f)).sum::<f32>().sqrt();
        let both = norm(one) * norm(other);
        if both == 0.0 {
            return 0.0;
        }
        let shared = one.iter().filter(|feature| other.binary_search(feature).is_ok());
        (shared.map(|f| self.weight(*f)).sum::<f32>() / both).min(1.0)
    }
}
