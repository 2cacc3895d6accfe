//! Makes the net from labelled rows.

use std::collections::BTreeMap;

use super::features::features;
use super::net::{Margins, Net};
use super::{PLANES, Plane};
use crate::intake::linear::{self, Features};
use crate::intake::reading::Emergency;
use crate::kernel::Rng;
use crate::language::misheard;

/// What a row is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Heard {
    Danger(Emergency),
    Person,
    /// Neither.
    Other,
}

/// A caller's words and what they are.
#[derive(Clone, PartialEq, Debug)]
pub struct Row {
    pub text: String,
    pub heard: Heard,
}

/// A row that was left out, with what the net of the others makes of it.
#[derive(Clone, PartialEq, Debug)]
pub struct Judged {
    pub row: Row,
    pub margins: Margins,
}

/// Features of fewer rows are chance.
const ROWS_MIN: u32 = 2;
/// The file stays below 300 KB: the heaviest features are kept.
const FEATURES_MAX: usize = 26_000;
/// Every row is learned a second time as a recogniser may write it, with so many errors a character.
const NOISE: f64 = 0.12;
/// Of longer ordinary rows every so many neighbouring clauses are a row too: parts of what is no danger are none.
const CLAUSES: usize = 2;
/// Of so many dangers one is learned once more behind the opening of an ordinary matter, as callers begin.
const OPENED: u64 = 2;
const SEED: u64 = 1;

/// The same rows give the same net. Dangers are learned with openings too, ordinary matters in parts too.
pub fn train(rows: &[Row]) -> Net {
    let mut rng = Rng::new(SEED);
    let mut seen: Vec<(Vec<u32>, Heard)> =
        rows.iter().map(|row| (features(&row.text), row.heard)).collect();
    let mut many: BTreeMap<u32, u32> = BTreeMap::new();
    for feature in seen.iter().flat_map(|(features, _)| features) {
        *many.entry(*feature).or_default() += 1;
    }
    seen.extend(parts(rows).iter().map(|text| (features(text), Heard::Other)));
    seen.extend(opened(rows, &mut rng).iter().map(|(text, heard)| (features(text), *heard)));
    seen.extend(
        rows.iter().map(|row| (features(&misheard(&row.text, NOISE, &mut rng)), row.heard)),
    );
    let hashes: Vec<u32> =
        many.into_iter().filter(|(_, many)| *many >= ROWS_MIN).map(|(hash, _)| hash).collect();
    let points: Vec<Features> = seen.iter().map(|(found, _)| point(found, &hashes)).collect();
    let points: Vec<&Features> = points.iter().collect();
    let lengths: Vec<f32> = points.iter().map(|point| point.length()).collect();
    let planes = PLANES.iter().map(|plane| {
        let signs: Vec<f32> = seen
            .iter()
            .map(|(_, heard)| if belongs(*plane, *heard) { 1.0 } else { -1.0 })
            .collect();
        linear::Plane::train(&points, &signs, &lengths, hashes.len())
    });
    let planes: Vec<linear::Plane> = planes.collect();
    lightened(&hashes, &planes)
}

/// Each row judged by a net of the rows in other parts.
pub fn judged(rows: &[Row], folds: usize) -> Vec<Judged> {
    let folds = folds.max(2);
    let mut order: Vec<usize> = (0..rows.len()).collect();
    let mut rng = Rng::new(SEED);
    for last in (1..order.len()).rev() {
        order.swap(last, rng.below(last as u64 + 1) as usize);
    }
    let mut all = Vec::with_capacity(rows.len());
    for fold in 0..folds {
        let part = |inside: bool| {
            let dealt = order
                .iter()
                .enumerate()
                .filter(move |(place, _)| (place % folds == fold) != inside);
            dealt.filter_map(|(_, n)| rows.get(*n).cloned()).collect::<Vec<Row>>()
        };
        let net = train(&part(true));
        all.extend(part(false).into_iter().map(|row| {
            let margins = net.margins(&row.text);
            Judged { row, margins }
        }));
    }
    all
}

fn clauses(text: &str) -> Vec<&str> {
    let parted = text.split(|c: char| !c.is_alphanumeric());
    parted.filter(|clause| !clause.is_empty()).collect()
}

/// Neighbouring clauses of the ordinary rows that have more of them.
fn parts(rows: &[Row]) -> Vec<String> {
    let ordinary = rows.iter().filter(|row| row.heard == Heard::Other);
    let parts = ordinary.map(|row| clauses(&row.text)).filter(|all| all.len() > CLAUSES);
    parts
        .flat_map(|all| all.windows(CLAUSES).map(|part| part.join("，")).collect::<Vec<_>>())
        .collect()
}

/// Dangers behind how ordinary rows begin.
fn opened(rows: &[Row], rng: &mut Rng) -> Vec<(String, Heard)> {
    let ordinary = rows.iter().filter(|row| row.heard == Heard::Other);
    let begun = ordinary.map(|row| clauses(&row.text)).filter(|all| all.len() > CLAUSES);
    let openings: Vec<String> = begun
        .filter_map(|all| Some(all.get(..1 + rng.below(CLAUSES as u64) as usize)?.join("，")))
        .collect();
    let mut opened = Vec::new();
    for row in rows.iter().filter(|row| matches!(row.heard, Heard::Danger(_))) {
        let drawn = openings.get(rng.below(openings.len().max(1) as u64) as usize);
        if let Some(opening) = drawn
            && rng.below(OPENED) == 0
        {
            opened.push((format!("{opening}，{}", row.text), row.heard));
        }
    }
    opened
}

fn belongs(plane: Plane, heard: Heard) -> bool {
    match (plane, heard) {
        (Plane::Danger, Heard::Danger(_)) | (Plane::Person, Heard::Person) => true,
        (Plane::Kind(kind), Heard::Danger(found)) => kind == found,
        _ => false,
    }
}

fn point(found: &[u32], hashes: &[u32]) -> Features {
    let known: Vec<u32> =
        found.iter().filter_map(|f| hashes.binary_search(f).ok()).map(|at| at as u32).collect();
    let each = 1.0 / (known.len().max(1) as f32).sqrt();
    Features { dense: Vec::new(), sparse: known.into_iter().map(|at| (at, each)).collect() }
}

/// Without the features that weigh least in the planes that decide.
fn lightened(hashes: &[u32], planes: &[linear::Plane]) -> Net {
    let weight = |plane: usize, at: usize| {
        planes.get(plane).and_then(|plane| plane.weights().0.get(at)).copied().unwrap_or(0.0)
    };
    let mut order: Vec<usize> = (0..hashes.len()).collect();
    let weighs = |at: usize| (0..planes.len()).map(|n| weight(n, at).abs()).fold(0.0, f32::max);
    order.sort_by(|a, b| weighs(*b).total_cmp(&weighs(*a)).then(a.cmp(b)));
    order.truncate(FEATURES_MAX);
    order.sort_unstable();
    let kept: Vec<u32> = order.iter().filter_map(|at| hashes.get(*at).copied()).collect();
    let weights: Vec<Vec<f32>> =
        (0..planes.len()).map(|n| order.iter().map(|at| weight(n, *at)).collect()).collect();
    Net::of(kept, &weights, planes.iter().map(|plane| plane.weights().1).collect())
}
