//! The search: what was said against every way of asking, by meaning and by words.

use std::sync::Arc;

use super::base::Base;
use super::confidence::{self, Calibration, PARTS, Seen, Signs};
use super::encoder::Encoder;
use super::error::KnowledgeError;
use super::item::{Hit, Item};
use super::points::{Points, Query};
use super::repair::Respelling;
use super::words::{Said, Words};
use crate::kernel::Day;
use crate::language::simplified;

/// A base made searchable with one encoder.
pub struct Index {
    base: Arc<Base>,
    encoder: String,
    calibration: Calibration,
    /// For each item the points of its title and its ways of asking.
    points: Points,
    /// The points of what no item answers.
    outside: Vec<Vec<f32>>,
    words: Words,
    respelling: Respelling,
    /// For each item those that stand in for it where they hold.
    replacers: Vec<Vec<u32>>,
}

/// Who asks, and when.
#[derive(Clone, Copy, Default, Debug)]
pub struct Context<'a> {
    /// Division code of the caller's place, as deep as it is known; empty where nothing is known of it: then no item is left out
    /// for its region.
    pub region: &'a str,
    /// Items that do not hold on this day are never found. `None` where the day does not matter.
    pub today: Option<Day>,
}

/// How near one item is to what was said.
#[derive(Clone, Debug)]
pub struct Nearness {
    pub item: Arc<Item>,
    /// As [`super::PART_NAMES`] names them; each 0 to 1.
    pub parts: [f32; PARTS],
}

/// How one item compares with what was said.
struct Likeness {
    item: usize,
    parts: [f32; PARTS],
    score: f32,
}

/// Items that are compared wholly: those near in meaning and those that share words. Where there are not more of them, all are.
const MEANT: usize = 192;
const WORDED: usize = 192;
/// Entries of the inverted lists that are read for one question.
const ENTRIES_MAX: usize = 60_000;
/// Of the best so many the scores are looked at to tell how far ahead the first is.
const RIVALS: usize = 10;
/// What each digit of an item's division code adds to its score: of two items on one matter the nearer one goes first.
const NEARER: f32 = 0.01;

impl Index {
    /// Encodes every title and way of asking of the base.
    ///
    /// # Errors
    /// The encoder's.
    pub fn build(base: Arc<Base>, encoder: &dyn Encoder) -> Result<Index, KnowledgeError> {
        let points = encode_all(&texts_of(&base), encoder)?;
        Ok(Index::with_points(base, encoder, points))
    }

    /// `points`: of every title and way of asking and of what is outside, one after the other.
    fn with_points(base: Arc<Base>, encoder: &dyn Encoder, mut points: Vec<f32>) -> Index {
        let width = encoder.dimensions();
        let counts = base.items().iter().map(|item| 1 + item.asks.len());
        let of_items = counts.clone().sum::<usize>() * width;
        let outside = points.split_off(of_items.min(points.len()));
        Index {
            encoder: encoder.name().to_owned(),
            calibration: Calibration::of(encoder.name()),
            points: Points::new(points, width, counts),
            outside: outside.chunks_exact(width.max(1)).map(<[f32]>::to_vec).collect(),
            words: Words::new(base.items(), base.outside()),
            respelling: Respelling::new(base.items(), base.outside()),
            replacers: replacers(&base),
            base,
        }
    }

    /// The base that is searched.
    pub fn base(&self) -> &Arc<Base> {
        &self.base
    }

    /// The same index with other weights: for fitting them.
    #[must_use]
    pub fn calibrated(self, calibration: Calibration) -> Index {
        Index { calibration, ..self }
    }

    pub fn calibration(&self) -> &Calibration {
        &self.calibration
    }

    /// About the bytes that it takes, without the items' own texts.
    pub fn bytes(&self) -> usize {
        self.points.bytes() + self.words.bytes()
    }

    /// The `k` items nearest to what was said, best first; none for a text without any content.
    ///
    /// # Errors
    /// The encoder's, or another encoder than the index was built with.
    pub fn search(
        &self,
        text: &str,
        encoder: &dyn Encoder,
        k: usize,
    ) -> Result<Vec<Hit>, KnowledgeError> {
        self.search_in(text, Context::default(), encoder, k)
    }

    /// As [`Index::search`], among the items that hold for the caller on that day: those for everywhere and those of the division
    /// and the ones above it, but none that another one of them stands in for.
    ///
    /// # Errors
    /// As [`Index::search`].
    pub fn search_in(
        &self,
        text: &str,
        context: Context<'_>,
        encoder: &dyn Encoder,
        k: usize,
    ) -> Result<Vec<Hit>, KnowledgeError> {
        Ok(self.hits(self.rank(text, context, encoder, false)?, k))
    }

    /// As [`Index::search_in`], every item compared: what the search of a large base is measured against.
    ///
    /// # Errors
    /// As [`Index::search`].
    pub fn search_whole(
        &self,
        text: &str,
        context: Context<'_>,
        encoder: &dyn Encoder,
        k: usize,
    ) -> Result<Vec<Hit>, KnowledgeError> {
        Ok(self.hits(self.rank(text, context, encoder, true)?, k))
    }

    fn hits(&self, found: Option<(Vec<Likeness>, Signs)>, k: usize) -> Vec<Hit> {
        let Some((ranked, signs)) = found else { return Vec::new() };
        let scores: Vec<f32> = ranked.iter().take(k.max(RIVALS)).map(|l| l.score).collect();
        let confidences = self.calibration.confidences(&scores, &signs);
        let hit = |(l, confidence): (&Likeness, f32)| {
            let item = Arc::clone(self.base.items().get(l.item)?);
            Some(Hit { item, score: l.score, confidence })
        };
        ranked.iter().zip(confidences).take(k).filter_map(hit).collect()
    }

    /// What the search saw of its best item: for fitting and for explaining.
    ///
    /// # Errors
    /// As [`Index::search`].
    pub fn signs(
        &self,
        text: &str,
        encoder: &dyn Encoder,
    ) -> Result<Option<(Vec<Nearness>, Signs)>, KnowledgeError> {
        let Some((ranked, signs)) = self.rank(text, Context::default(), encoder, false)? else {
            return Ok(None);
        };
        let near = |l: &Likeness| {
            Some(Nearness { item: Arc::clone(self.base.items().get(l.item)?), parts: l.parts })
        };
        Ok(Some((ranked.iter().filter_map(near).collect(), signs)))
    }

    /// How near each item is, best first: why the search found what it found.
    ///
    /// # Errors
    /// As [`Index::search`].
    pub fn explain(
        &self,
        text: &str,
        encoder: &dyn Encoder,
    ) -> Result<Vec<Nearness>, KnowledgeError> {
        Ok(self.signs(text, encoder)?.map(|(near, _)| near).unwrap_or_default())
    }

    /// The words as the search reads them: without what callers put around a matter, homophones put right.
    pub fn respelt(&self, text: &str) -> String {
        let plain = tidy(text);
        self.respelling.repair(&plain).map_or(plain, |respelt| respelt.text)
    }

    /// The items, best first, and the signs of the first. `None` where there is nothing to compare.
    fn rank(
        &self,
        text: &str,
        context: Context<'_>,
        encoder: &dyn Encoder,
        whole: bool,
    ) -> Result<Option<(Vec<Likeness>, Signs)>, KnowledgeError> {
        if encoder.name() != self.encoder {
            let given = encoder.name().to_owned();
            return Err(KnowledgeError::OtherEncoder { built: self.encoder.clone(), given });
        }
        let plain = tidy(text);
        if plain.is_empty() || self.base.items().is_empty() {
            return Ok(None);
        }
        let respelt = self.respelling.repair(&plain);
        let mut queries = vec![Query::new(encoder.encode(&plain)?)];
        if let Some(respelt) = &respelt {
            queries.push(Query::new(encoder.encode(&respelt.text)?));
        }
        let said = self.words.said(respelt.as_ref().map_or(&plain, |r| &r.text));
        let ranked = self.ranked(&queries, &said, context, whole);
        let Some(first) = ranked.first() else { return Ok(None) };
        let scores: Vec<f32> = ranked.iter().take(RIVALS).map(|l| l.score).collect();
        let near = |point: &Vec<f32>| queries.iter().map(|q| q.dot(point)).fold(0.0, f32::max);
        let seen = Seen {
            outside_meaning: self.outside.iter().map(near).fold(0.0, f32::max),
            outside: self.words.outside(&said),
            asks: confidence::asks(&plain),
            reports: confidence::reports(&plain),
            particular: confidence::particular(&plain),
            known: said.known(),
            changed: respelt.as_ref().map_or(0.0, |r| r.changed),
            characters: plain.chars().count(),
        };
        let signs = self.calibration.signs(&scores, &first.parts, &seen);
        Ok(Some((ranked, signs)))
    }

    fn ranked(
        &self,
        queries: &[Query],
        said: &Said,
        context: Context<'_>,
        whole: bool,
    ) -> Vec<Likeness> {
        let near = if whole { None } else { self.points.likely(queries, MEANT) };
        let candidates = near.map(|mut near| {
            near.extend(self.words.likely(said, WORDED, ENTRIES_MAX));
            near.sort_unstable();
            near.dedup();
            near
        });
        let of = |item: usize| {
            self.holds(item, context).then(|| self.likeness(queries, said, item, context))
        };
        let mut ranked: Vec<Likeness> = match candidates {
            Some(items) => items.into_iter().filter_map(|item| of(item as usize)).collect(),
            None => (0..self.base.items().len()).filter_map(of).collect(),
        };
        ranked.sort_by(|a, b| b.score.total_cmp(&a.score));
        ranked
    }

    fn likeness(
        &self,
        queries: &[Query],
        said: &Said,
        item: usize,
        context: Context<'_>,
    ) -> Likeness {
        let (meaning, of_three) = self.points.nearness(queries, item);
        let words = self.words.score(said, item);
        let parts = [
            meaning,
            of_three,
            words.written,
            words.sounded,
            words.near,
            words.covered,
            words.keyword,
        ];
        let own = self.base.items().get(item).map_or(0, |item| item.region.len());
        // Where the caller is not known to be, the wider item goes first.
        let nearer = if context.region.is_empty() { -NEARER } else { NEARER };
        let score = self.calibration.score(&parts) + nearer * own as f32;
        Likeness { item, parts, score }
    }

    /// Whether the item holds for this caller today and nothing stands in for it.
    fn holds(&self, item: usize, context: Context<'_>) -> bool {
        let holds = |item: usize| {
            self.base.items().get(item).is_some_and(|item| {
                context.today.is_none_or(|today| item.holds_on(today))
                    && (context.region.is_empty() || item.holds_in(context.region))
            })
        };
        let replacers = self.replacers.get(item).map(Vec::as_slice).unwrap_or_default();
        // Of somebody whose place is unknown nobody can say which region's item stands in.
        let stood_in_for = replacers.iter().any(|other| {
            let everywhere = |item: &Arc<Item>| item.region.is_empty();
            let known = !context.region.is_empty()
                || self.base.items().get(*other as usize).is_some_and(everywhere);
            known && holds(*other as usize)
        });
        holds(item) && !stood_in_for
    }
}

fn replacers(base: &Base) -> Vec<Vec<u32>> {
    let mut of: Vec<Vec<u32>> = vec![Vec::new(); base.items().len()];
    if base.items().iter().all(|item| item.replaces.is_empty()) {
        return of;
    }
    let places: std::collections::HashMap<&str, usize> =
        base.items().iter().enumerate().map(|(place, item)| (item.id.as_str(), place)).collect();
    for (place, item) in base.items().iter().enumerate() {
        for replaced in item.replaces.iter().filter_map(|id| places.get(id.as_str())) {
            if let Some(replacers) = of.get_mut(*replaced) {
                replacers.push(place as u32);
            }
        }
    }
    of
}

/// The points of these texts, one after the other.
fn encode_all(
    texts: &[String],
    encoder: &dyn Encoder,
) -> Result<Vec<f32>, KnowledgeError> {
    let want = encoder.dimensions();
    let mut points = Vec::with_capacity(texts.len() * want);
    for text in texts {
        let point = encoder.encode(text)?;
        if point.len() != want {
            return Err(KnowledgeError::Dimensions {
                name: encoder.name().into(),
                got: point.len(),
                want,
            });
        }
        points.extend(point);
    }
    Ok(points)
}

/// Everything that is encoded, in the order of the points: each item's title and asks, then what is outside.
fn texts_of(base: &Base) -> Vec<String> {
    let of_items =
        base.items().iter().flat_map(|item| std::iter::once(&item.title).chain(&item.asks));
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
    let chosen =
        if bare.chars().filter(|c| c.is_alphanumeric()).count() >= 2 { bare } else { plain };
    chosen.trim_matches(['，', ',']).to_owned()
}
