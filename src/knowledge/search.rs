//! The search: what was said against every way of asking, by meaning and by words.

use std::path::Path;
use std::sync::Arc;

use super::base::Base;
use super::cache;
use super::confidence::{self, Calibration, Signs};
use super::encoder::{Encoder, dot};
use super::error::KnowledgeError;
use super::item::{Hit, Item};
use super::repair::Homophones;
use super::words::{WordScore, Words};
use crate::language::simplified;

/// A base made searchable with one encoder.
pub struct Index {
    base: Arc<Base>,
    encoder: String,
    calibration: Calibration,
    /// For each item the points of its title and its ways of asking.
    points: Vec<Vec<Vec<f32>>>,
    /// What no item answers, as points and as words.
    outside: Vec<Vec<f32>>,
    outside_words: Words,
    words: Words,
    homophones: Homophones,
}

/// How near one item is to what was said.
#[derive(Clone, Debug)]
pub struct Nearness {
    pub item: Arc<Item>,
    /// In meaning, in written pairs, in sounded pairs, by keyword; each 0 to 1.
    pub parts: [f32; 4],
}

/// How one item compares with what was said.
struct Likeness {
    item: usize,
    meaning: f32,
    words: WordScore,
    score: f32,
}

impl Likeness {
    fn parts(&self) -> [f32; 4] {
        [self.meaning, self.words.written, self.words.sounded, self.words.keyword]
    }
}

impl Index {
    /// Encodes every title and way of asking of the base.
    ///
    /// # Errors
    /// The encoder's.
    pub fn build(base: Arc<Base>, encoder: &dyn Encoder) -> Result<Index, KnowledgeError> {
        let points = cache::encode_all(&texts_of(&base), encoder)?;
        Ok(Index::with_points(base, encoder, points))
    }

    /// As [`Index::build`], with the points kept in a folder under the hash of encoder and texts. A cache that cannot
    /// be read or written costs only the time to encode again.
    ///
    /// # Errors
    /// The encoder's.
    pub fn build_cached(
        base: Arc<Base>,
        encoder: &dyn Encoder,
        folder: &Path,
    ) -> Result<Index, KnowledgeError> {
        let points = cache::encode_or_read(&texts_of(&base), encoder, folder)?;
        Ok(Index::with_points(base, encoder, points))
    }

    fn with_points(base: Arc<Base>, encoder: &dyn Encoder, points: Vec<Vec<f32>>) -> Index {
        let mut rest = points.into_iter();
        let points =
            base.items().iter().map(|item| rest.by_ref().take(1 + item.asks.len()).collect()).collect();
        let words = Words::new(base.items());
        let homophones = Homophones::new(base.items());
        Index {
            encoder: encoder.name().to_owned(),
            calibration: Calibration::of(encoder.name()),
            points,
            outside: rest.collect(),
            outside_words: words.beside(base.outside()),
            words,
            homophones,
            base,
        }
    }

    /// The base that is searched.
    pub fn base(&self) -> &Arc<Base> {
        &self.base
    }

    /// The `k` best items for what was said, best first; none for a text without any content.
    ///
    /// # Errors
    /// The encoder's, or another encoder than the index was built with.
    pub fn search(&self, text: &str, encoder: &dyn Encoder, k: usize) -> Result<Vec<Hit>, KnowledgeError> {
        self.search_in(text, "", encoder, k)
    }

    /// As [`Index::search`], among the items that hold for a place: those for everywhere and those of the division
    /// `region` and the ones above it. An empty `region` is an unknown place and leaves nothing out.
    ///
    /// # Errors
    /// As [`Index::search`].
    pub fn search_in(
        &self,
        text: &str,
        region: &str,
        encoder: &dyn Encoder,
        k: usize,
    ) -> Result<Vec<Hit>, KnowledgeError> {
        let Some((ranked, signs)) = self.rank(text, region, encoder)? else { return Ok(Vec::new()) };
        let first = self.calibration.confidence(&signs);
        let best = ranked.first().map_or(0.0, |l| l.score);
        Ok(ranked
            .iter()
            .take(k)
            .enumerate()
            .filter_map(|(place, l)| {
                let item = Arc::clone(self.base.items().get(l.item)?);
                // A lower item can answer only where the first does not: it shares what is left, by its score.
                let share = if best > 0.0 { (l.score / best).powi(4) } else { 0.0 };
                let confidence = if place == 0 { first } else { first.min(1.0 - first) * share };
                Some(Hit { item, score: l.score, confidence })
            })
            .collect())
    }

    /// What the search saw of its best item: for fitting and for explaining.
    ///
    /// # Errors
    /// As [`Index::search`].
    pub fn signs(
        &self,
        text: &str,
        encoder: &dyn Encoder,
    ) -> Result<Option<(Arc<Item>, Signs)>, KnowledgeError> {
        let Some((ranked, signs)) = self.rank(text, "", encoder)? else { return Ok(None) };
        let best = ranked.first().and_then(|l| self.base.items().get(l.item));
        Ok(best.map(|item| (Arc::clone(item), signs)))
    }

    /// How near each item is, best first: why the search found what it found.
    ///
    /// # Errors
    /// As [`Index::search`].
    pub fn explain(&self, text: &str, encoder: &dyn Encoder) -> Result<Vec<Nearness>, KnowledgeError> {
        let ranked = self.rank(text, "", encoder)?.map(|(ranked, _)| ranked).unwrap_or_default();
        Ok(ranked
            .iter()
            .filter_map(|l| {
                Some(Nearness { item: Arc::clone(self.base.items().get(l.item)?), parts: l.parts() })
            })
            .collect())
    }

    /// All items, best first, and the signs of the first. `None` where there is nothing to compare.
    fn rank(
        &self,
        text: &str,
        region: &str,
        encoder: &dyn Encoder,
    ) -> Result<Option<(Vec<Likeness>, Signs)>, KnowledgeError> {
        if encoder.name() != self.encoder {
            let given = encoder.name().to_owned();
            return Err(KnowledgeError::OtherEncoder { built: self.encoder.clone(), given });
        }
        let plain = tidy(text);
        if plain.is_empty() || self.base.items().is_empty() {
            return Ok(None);
        }
        let repaired = self.homophones.repair(&plain);
        let mut queries = vec![encoder.encode(&plain)?];
        if let Some(repaired) = &repaired {
            queries.push(encoder.encode(repaired)?);
        }
        let best_of = |point: &Vec<f32>| queries.iter().map(|q| dot(q, point)).fold(0.0, f32::max);
        let said = self.words.said(repaired.as_ref().unwrap_or(&plain));
        let mut ranked: Vec<Likeness> = Vec::with_capacity(self.points.len());
        for (item, points) in self.points.iter().enumerate() {
            let own = self.base.items().get(item).map_or("", |i| i.region.as_str());
            if !region.is_empty() && !region.starts_with(own) {
                continue;
            }
            let meaning = points.iter().map(best_of).fold(0.0, f32::max);
            let words = self.words.score(&said, item);
            let mut likeness = Likeness { item, meaning, words, score: 0.0 };
            likeness.score =
                self.calibration.fusion.iter().zip(likeness.parts()).map(|(w, part)| w * part).sum();
            if !region.is_empty() {
                // Of two items on one matter the one for the nearer place goes first.
                likeness.score += 0.01 * own.len() as f32;
            }
            ranked.push(likeness);
        }
        ranked.sort_by(|a, b| b.score.total_cmp(&a.score));
        let Some(first) = ranked.first() else { return Ok(None) };
        let outside_said = self.outside_words.said(&plain);
        let signs = Signs {
            meaning: first.meaning,
            written: first.words.written,
            sounded: first.words.sounded,
            keyword: first.words.keyword,
            margin: first.score - ranked.get(1).map_or(0.0, |second| second.score),
            outside_meaning: self.outside.iter().map(best_of).fold(0.0, f32::max),
            outside_sounded: self.outside_words.score(&outside_said, 0).sounded,
            asks: confidence::asks(&plain),
            reports: confidence::reports(&plain),
        };
        Ok(Some((ranked, signs)))
    }
}

/// Everything that is encoded, in the order of the points: each item's title and asks, then what is outside.
fn texts_of(base: &Base) -> Vec<String> {
    let of_items = base.items().iter().flat_map(|item| std::iter::once(&item.title).chain(&item.asks));
    of_items.chain(base.outside()).map(|text| tidy(text)).collect()
}

/// Greetings and hesitations that a caller puts around a matter; they say nothing of it.
const FILLERS: &[&str] = &[
    "我想问一下",
    "我想咨询一下",
    "我想请问一下",
    "想问一下",
    "想咨询一下",
    "麻烦问一下",
    "我问一下",
    "请问一下",
    "问一下",
    "咨询一下",
    "喂",
    "你好",
    "您好",
    "请问",
    "那个",
    "这个",
    "就是说",
    "就是",
    "嗯",
    "呃",
    "额",
    "啊",
    "呀",
    "哦",
];

/// One script, no punctuation but commas, no fillers; the text itself where nothing else is left.
pub(super) fn tidy(text: &str) -> String {
    let mut plain = simplified(text).into_owned();
    plain.retain(|c| c.is_alphanumeric() || matches!(c, '，' | ','));
    let mut bare = plain.clone();
    for filler in FILLERS {
        bare = bare.replace(filler, "");
    }
    let chosen = if bare.chars().filter(|c| c.is_alphanumeric()).count() >= 2 { bare } else { plain };
    chosen.trim_matches(['，', ',']).to_owned()
}
