//! Likeness in meaning between what was said and what the entries of a taxonomy are called.

use std::collections::HashMap;
use std::sync::Arc;

use super::taxonomy::Taxonomy;
use super::words::is_rest;

/// Where texts lie in a space of meanings: near in angle is near in meaning. The encoder stands behind it.
pub trait Points: Send + Sync {
    /// A vector of length 1 and always of the same number of dimensions, or `None` where there is none to be had.
    fn point(&self, text: &str) -> Option<Vec<f32>>;
}

/// Longer texts are cut before they are placed.
const WHOLE_CHARS: usize = 300;
const CLAUSE_CHARS: usize = 60;
const CLAUSES_MAX: usize = 40;
/// An entry is as near as its nearest names are on average.
const NEAREST: usize = 2;

/// A text as seen from afar and from near.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Views {
    /// Its title, or all of it.
    pub head: Vec<f32>,
    pub whole: Vec<f32>,
    /// The middle of its clauses.
    pub middle: Vec<f32>,
    pub clauses: Vec<Vec<f32>>,
}

/// The names of a taxonomy's entries as points.
pub(super) struct Sense {
    points: Arc<dyn Points>,
    /// For each entry: its name, and the sentences that are like it.
    names: Vec<Vec<Vec<f32>>>,
    /// For each level from 1: its entries, each with the leaves below it.
    levels: Vec<Vec<(usize, Vec<usize>)>>,
}

impl Sense {
    /// `None` where nothing can be placed.
    pub fn of(taxonomy: &Taxonomy, points: Arc<dyn Points>) -> Option<Sense> {
        points.point("你好")?;
        let mut known: HashMap<&str, Vec<f32>> = HashMap::new();
        let mut names = Vec::new();
        for entry in &taxonomy.entries {
            let mut own = Vec::new();
            let name = (!is_rest(&entry.name)).then_some(entry.name.as_str());
            for text in name.into_iter().chain(entry.like.iter().map(String::as_str)) {
                if let Some(point) = known.get(text) {
                    own.push(point.clone());
                } else if let Some(point) = points.point(text) {
                    known.insert(text, point.clone());
                    own.push(point);
                }
            }
            names.push(own);
        }
        let levels = (1..=taxonomy.depth()).map(|level| under(taxonomy, level)).collect();
        Some(Sense { points, names, levels })
    }

    pub fn views(&self, title: Option<&str>, text: &str) -> Views {
        let place = |text: &str| self.points.point(text).unwrap_or_default();
        let all = match title {
            Some(title) => format!("{title}。{text}"),
            None => text.to_owned(),
        };
        let whole = place(&cut(&all, WHOLE_CHARS));
        let head = title.map_or_else(|| whole.clone(), place);
        let clauses = clauses(text);
        let clauses: Vec<Vec<f32>> = match clauses.len() {
            0 | 1 => vec![whole.clone()],
            _ => clauses.iter().map(|clause| place(clause)).collect(),
        };
        let middle = middle(&clauses);
        Views { head, whole, middle, clauses }
    }

    /// For each entry of a level, in its order, how near it is: several readings, each centred and scaled over the level.
    pub fn near(&self, views: &Views, level: usize) -> Vec<Vec<f32>> {
        let Some(entries) = level.checked_sub(1).and_then(|at| self.levels.get(at)) else {
            return Vec::new();
        };
        let head = self.likenesses(&views.head);
        let whole = self.likenesses(&views.whole);
        let parts: Vec<Vec<f32>> =
            views.clauses.iter().map(|clause| self.likenesses(clause)).collect();
        let nearest = |all: &[f32], leaves: &[usize], many: usize| {
            let mut near: Vec<f32> = leaves
                .iter()
                .filter_map(|n| all.get(*n).copied())
                .filter(|x| x.is_finite())
                .collect();
            near.sort_by(|a, b| b.total_cmp(a));
            near.truncate(many);
            if near.is_empty() { 0.0 } else { near.iter().sum::<f32>() / near.len() as f32 }
        };
        let of = |f: &dyn Fn(usize, &[usize]) -> f32| {
            let row: Vec<f32> = entries.iter().map(|(entry, leaves)| f(*entry, leaves)).collect();
            scaled(row)
        };
        let alone = |all: &[f32], entry: usize| {
            all.get(entry).copied().filter(|x| x.is_finite()).unwrap_or(0.0)
        };
        vec![
            of(&|_, leaves| nearest(&head, leaves, NEAREST)),
            of(&|_, leaves| nearest(&whole, leaves, NEAREST)),
            of(&|_, leaves| parts.iter().map(|part| nearest(part, leaves, 1)).sum::<f32>()),
            of(&|_, leaves| parts.iter().map(|part| nearest(part, leaves, 1)).fold(0.0, f32::max)),
            of(&|entry, _| alone(&head, entry)),
        ]
    }

    /// Likeness of a point with every entry, the best of its names.
    fn likenesses(&self, point: &[f32]) -> Vec<f32> {
        let best = |names: &Vec<Vec<f32>>| {
            names.iter().map(|name| dot(point, name)).fold(f32::NEG_INFINITY, f32::max)
        };
        self.names.iter().map(best).collect()
    }
}

/// The entries of a level, each with all entries below it, or itself.
fn under(taxonomy: &Taxonomy, level: usize) -> Vec<(usize, Vec<usize>)> {
    let at_level = |n: usize| taxonomy.entries.get(n).is_some_and(|entry| entry.level == level);
    let mut entries: Vec<(usize, Vec<usize>)> =
        (0..taxonomy.entries.len()).filter(|n| at_level(*n)).map(|n| (n, Vec::new())).collect();
    for (n, entry) in taxonomy.entries.iter().enumerate() {
        if entry.is_leaf
            && let Some(above) = taxonomy.at_level(n, level)
            && let Some((_, leaves)) = entries.iter_mut().find(|(at, _)| *at == above)
        {
            leaves.push(n);
        }
    }
    entries
}

/// To mean 0 and length 1.
fn scaled(mut row: Vec<f32>) -> Vec<f32> {
    let mean = row.iter().sum::<f32>() / row.len().max(1) as f32;
    row.iter_mut().for_each(|x| *x -= mean);
    let length = dot(&row, &row).sqrt();
    if length > 0.0 {
        row.iter_mut().for_each(|x| *x /= length);
    }
    row
}

fn middle(points: &[Vec<f32>]) -> Vec<f32> {
    let mut sum = vec![0.0; points.first().map_or(0, Vec::len)];
    for point in points {
        for (all, x) in sum.iter_mut().zip(point) {
            *all += x;
        }
    }
    let length = dot(&sum, &sum).sqrt();
    if length > 0.0 {
        sum.iter_mut().for_each(|x| *x /= length);
    }
    sum
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

fn cut(text: &str, chars: usize) -> String {
    text.chars().take(chars).collect()
}

fn clauses(text: &str) -> Vec<String> {
    let parted = text.split(|c: char| c.is_whitespace() || "。！？；!?;，,、：:…".contains(c));
    let long = parted.filter(|clause| clause.chars().nth(1).is_some());
    long.map(|clause| cut(clause, CLAUSE_CHARS)).take(CLAUSES_MAX).collect()
}
