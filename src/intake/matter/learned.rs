//! What labelled sentences teach of the type of a matter: a plane for each type, over words, meaning and what the word table shows.
//!
//! 我交了五千块钱定金订婚纱照，现在店关门了 holds no word of a complaint; a table alone never ends.

use std::sync::Arc;

use super::super::IntakeError;
use super::super::category::Points;
use super::super::category::grams::Grams;
use super::super::lexicon::rows;
use super::super::linear::{self, Features, Linear};
use super::super::reading::MatterType;
use super::super::text::Text;
use super::{BY_WEIGHT, Key, Matters, Shown};

const TABLE: &str = "matter-examples.tsv";
/// Longer texts are cut before they are placed.
const PLACED_CHARS: usize = 300;
/// The parts of a point by their lengths.
const GRAMS: f32 = 1.0;
const MEANING: f32 = 0.7;
const SHOWN: f32 = 1.0;
/// What the table's questions and actions weigh at most, and the score at which they do.
const SIGN: f32 = 0.5;
const SIGN_FULL: f32 = 4.0;

pub(super) struct Learned {
    points: Arc<dyn Points>,
    grams: Grams,
    planes: Linear,
    /// From a margin to a logit.
    sharpness: f32,
}

impl Learned {
    /// `None` where nothing can be placed.
    pub fn of(matters: &Matters, points: Arc<dyn Points>) -> Result<Option<Learned>, IntakeError> {
        let examples = table()?;
        let mut learned = Learned {
            points,
            grams: Grams::of(examples.iter().map(|(_, text)| *text)),
            planes: Linear::default(),
            sharpness: 1.0,
        };
        let mut placed = Vec::with_capacity(examples.len());
        for (matter, text) in examples {
            let text = Text::plain(text);
            let Some(point) = learned.point(matters, &text, &matters.shown(&text)) else {
                return Ok(None);
            };
            placed.push((point, BY_WEIGHT.iter().position(|m| *m == matter).unwrap_or_default()));
        }
        let (rows, labels): (Vec<&Features>, Vec<usize>) =
            placed.iter().map(|(point, label)| (point, *label)).unzip();
        let (types, width) = (BY_WEIGHT.len(), learned.grams.len());
        learned.planes = Linear::train(&rows, &labels, types, width);
        learned.sharpness = linear::sharpness(&rows, &labels, types, width);
        Ok(Some(learned))
    }

    /// Each type with its probability, the likeliest first.
    pub fn likely(
        &self,
        matters: &Matters,
        text: &Text<'_>,
        shown: &[Shown],
    ) -> Option<Vec<(MatterType, f32)>> {
        let margins = self.planes.margins(&self.point(matters, text, shown)?);
        let most = margins.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let heat = |margin: &f32| (self.sharpness * (margin - most)).exp();
        let all: f32 = margins.iter().map(heat).sum();
        let mut likely: Vec<(MatterType, f32)> =
            BY_WEIGHT.into_iter().zip(margins.iter().map(|margin| heat(margin) / all)).collect();
        likely.sort_by(|(_, a), (_, b)| b.total_cmp(a));
        Some(likely)
    }

    fn point(&self, matters: &Matters, text: &Text<'_>, shown: &[Shown]) -> Option<Features> {
        let cut: String = text.str().chars().take(PLACED_CHARS).collect();
        let mut dense: Vec<f32> = self.points.point(&cut)?.iter().map(|x| x * MEANING).collect();
        let by_words = |matter: &MatterType| shown.iter().find(|s| s.matter == *matter);
        dense.extend(BY_WEIGHT.iter().map(|m| SHOWN * by_words(m).map_or(0.0, |s| s.confidence)));
        for key in [Key::Question, Key::Action] {
            dense.push(SIGN * (matters.score(text, key).0 / SIGN_FULL).min(1.0));
        }
        dense.push(if matters.asks_question(text) { SIGN } else { 0.0 });
        let mut sparse = Vec::new();
        self.grams.place(text.str(), 0, GRAMS, &mut sparse);
        Some(Features { dense, sparse })
    }
}

fn table() -> Result<Vec<(MatterType, &'static str)>, IntakeError> {
    let mut examples = Vec::new();
    for (line, cells) in rows(TABLE, include_str!("../matter-examples.tsv"), 2)? {
        let [name, text, ..] = cells.as_slice() else { continue };
        let matter = MatterType::from_key(name).ok_or_else(|| IntakeError::Table {
            table: TABLE,
            line,
            detail: format!("{name:?} is no matter type"),
        })?;
        examples.push((matter, *text));
    }
    Ok(examples)
}

/// The sentences that ship: to be encoded before a service starts.
///
/// # Errors
/// A row of the table that names no type.
pub fn examples() -> Result<Vec<&'static str>, IntakeError> {
    Ok(table()?.into_iter().map(|(_, text)| text).collect())
}
