//! Fits the weights of the search and its confidence on a development set, clean and misheard, and prints the constants of
//! `src/knowledge/fitted.rs`. What it reports first is cross-validated: no row is judged by weights that its item helped to fit.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use huiyin::kernel::Rng;
use huiyin::knowledge::{
    Bars, Base, BigramEncoder, Calibration, Encoder, Index, KnowledgeError, Logistic, PARTS, Signs,
};
use huiyin::language::misheard;

use super::report::Report;
use super::rows::Row;
use super::{judge, logistic};

/// Errors a character at which each row is used.
const RATES: [f64; 4] = [0.0, 0.08, 0.17, 0.25];
/// Stands for the rate of a row whose words were heard: it has all its errors already. It is used twice.
const HEARD_RATE: f64 = -1.0;
const HEARD: [f64; 2] = [HEARD_RATE; 2];
const FOLDS: usize = 5;
/// Items that the right one is compared with.
const RIVALS: usize = 60;
const ROUNDS: usize = 400;
/// Keeps weights small that the rows say nothing about.
const RIDGE: f64 = 0.002;
/// Steps at which a bar for answers is shown.
const BARS: [f32; 12] = [0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.88, 0.91, 0.94, 0.97];

/// One row at one rate.
struct Sample<'r> {
    row: &'r Row,
    text: String,
    rate: f64,
    fold: usize,
}

/// An encoder that remembers what it encoded.
struct Remembering<'e> {
    inner: &'e dyn Encoder,
    points: Mutex<HashMap<String, Vec<f32>>>,
}

impl Encoder for Remembering<'_> {
    fn encode(&self, text: &str) -> Result<Vec<f32>, KnowledgeError> {
        let mut points = self.points.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(point) = points.get(text) {
            return Ok(point.clone());
        }
        let point = self.inner.encode(text)?;
        points.insert(text.to_owned(), point.clone());
        Ok(point)
    }

    fn dimensions(&self) -> usize {
        self.inner.dimensions()
    }

    fn name(&self) -> &str {
        self.inner.name()
    }
}

pub fn run(rows: &[Row], base: &Arc<Base>, encoder: &dyn Encoder, seed: u64) -> anyhow::Result<()> {
    let samples = samples(rows, seed);
    fit("UNIVERSAL", &samples, base, encoder)?;
    fit("BIGRAM", &samples, base, &BigramEncoder)
}

fn samples(rows: &[Row], seed: u64) -> Vec<Sample<'_>> {
    let mut rng = Rng::new(seed);
    let mut samples = Vec::new();
    for row in rows {
        let Some(text) = &row.text else { continue };
        let key = row.item.as_ref().unwrap_or(text);
        let fold =
            key.bytes().fold(7_usize, |h, b| h.wrapping_mul(31).wrapping_add(usize::from(b)))
                % FOLDS;
        for &rate in if row.is_heard() { &HEARD[..] } else { &RATES[..] } {
            let text = if rate > 0.0 { misheard(text, rate, &mut rng) } else { text.clone() };
            samples.push(Sample { row, text, rate, fold });
        }
    }
    samples
}

fn fit(
    name: &str,
    samples: &[Sample<'_>],
    base: &Arc<Base>,
    encoder: &dyn Encoder,
) -> anyhow::Result<()> {
    let encoder = Remembering { inner: encoder, points: Mutex::new(HashMap::new()) };
    let mut index = Index::build(base.clone(), &encoder)?;
    let mut held: Vec<(&Sample<'_>, super::Judged)> = Vec::new();
    for fold in 0..FOLDS {
        let others: Vec<&Sample<'_>> = samples.iter().filter(|s| s.fold != fold).collect();
        index = fitted(index, &others, &encoder)?;
        for sample in samples.iter().filter(|s| s.fold == fold) {
            held.push((sample, judge(sample.row, &sample.text, &index, &encoder)?));
        }
    }
    println!("{name}, cross-validated over {FOLDS} parts:");
    for (words, rate) in [("clean", 0.0), ("17 % errors", 0.17), ("heard", HEARD_RATE)] {
        show(words, held.iter().filter(|(s, _)| s.rate == rate).map(|(s, j)| (*s, j)));
    }
    let all: Vec<&Sample<'_>> = samples.iter().collect();
    print_constants(name, fitted(index, &all, &encoder)?.calibration());
    Ok(())
}

fn show<'s>(
    words: &str,
    judged: impl Iterator<Item = (&'s Sample<'s>, &'s super::Judged)> + Clone,
) {
    let mut report = Report::default();
    for (sample, judged) in judged.clone() {
        report.add(
            sample.row,
            &sample.text,
            &judged.verdict(sample.row, &Bars::default()),
            Duration::ZERO,
        );
    }
    println!("{words}: {report}");
    for answer in BARS {
        let bars = Bars { answer, confirm: answer, offer: 1.1, offered: 1.0 };
        let mut report = Report::default();
        for (sample, judged) in judged.clone() {
            report.add(
                sample.row,
                &sample.text,
                &judged.verdict(sample.row, &bars),
                Duration::ZERO,
            );
        }
        let (right, wrong) = report.answers();
        println!(
            "  from {answer:.2} on: {right:.3} of those in scope right, {wrong:.3} of all wrong"
        );
    }
}

/// The index with weights fitted to these samples.
fn fitted(index: Index, samples: &[&Sample<'_>], encoder: &dyn Encoder) -> anyhow::Result<Index> {
    let mut asked = Vec::new();
    for sample in samples {
        let row = sample.row;
        let near = index.explain(&sample.text, encoder)?;
        let right = near.iter().find(|n| row.is_answered_by(&n.item.id)).map(|n| n.parts);
        let rivals =
            near.iter().filter(|n| !row.is_answered_by(&n.item.id)).take(RIVALS).map(|n| n.parts);
        if let Some(right) = right {
            asked.push((right, rivals.collect()));
        }
    }
    let mut calibration = *index.calibration();
    (calibration.fusion, calibration.heat) = fusion(&asked);
    let index = index.calibrated(calibration);
    let (mut first, mut among) = (Vec::new(), Vec::new());
    for sample in samples {
        let Some((near, signs)) = index.signs(&sample.text, encoder)? else { continue };
        let at = near.iter().take(3).position(|n| sample.row.is_answered_by(&n.item.id));
        let signs = signs.0.map(f64::from);
        first.push((signs, at == Some(0)));
        among.push((signs, at.is_some()));
    }
    calibration.first = as_weights(logistic::fit(&first, RIDGE));
    calibration.among = as_weights(logistic::fit(&among, RIDGE));
    Ok(index.calibrated(calibration))
}

fn as_weights((bias, weights): (f64, [f64; Signs::COUNT])) -> Logistic {
    Logistic { bias: bias as f32, weights: weights.map(|w| w as f32) }
}

/// The parts of the right item, and those of its rivals.
type Asked = ([f32; PARTS], Vec<[f32; PARTS]>);

/// Weights under which the right items stand out most: softmax over the right one and its rivals, by gradient, none below zero.
fn fusion(asked: &[Asked]) -> ([f32; PARTS], f32) {
    let mut weights = [4.0_f32; PARTS];
    let mut speed = [0.0_f32; PARTS];
    for _ in 0..ROUNDS {
        let mut slope = [0.0_f32; PARTS];
        for (right, rivals) in asked {
            let score =
                |parts: &[f32; PARTS]| weights.iter().zip(parts).map(|(w, x)| w * x).sum::<f32>();
            let best = rivals.iter().map(score).fold(score(right), f32::max);
            let heats: Vec<f32> = rivals.iter().map(|parts| (score(parts) - best).exp()).collect();
            let own = (score(right) - best).exp();
            let all = own + heats.iter().sum::<f32>();
            for (part, slope) in slope.iter_mut().enumerate() {
                let drawn: f32 =
                    rivals.iter().zip(&heats).map(|(parts, heat)| heat * parts[part]).sum();
                *slope += right[part] - (drawn + own * right[part]) / all;
            }
        }
        for ((weight, speed), slope) in weights.iter_mut().zip(&mut speed).zip(slope) {
            *speed = 0.9 * *speed + 3.0 * (slope / asked.len().max(1) as f32 - 0.0005 * *weight);
            *weight = (*weight + *speed).max(0.0);
        }
    }
    let heat: f32 = weights.iter().sum();
    (weights.map(|w| w / heat), heat)
}

fn print_constants(name: &str, c: &Calibration) {
    println!("pub(super) const {name}: Calibration = Calibration {{");
    println!("    fusion: {:.3?},", c.fusion);
    println!("    heat: {:.2},", c.heat);
    for (field, logistic) in [("first", c.first), ("among", c.among)] {
        println!(
            "    {field}: Logistic {{ bias: {:.3}, weights: {:.3?} }},",
            logistic.bias, logistic.weights
        );
    }
    println!("}};");
}
