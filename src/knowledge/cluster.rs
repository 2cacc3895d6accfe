//! Questions that mean the same, put together: by meaning and by sound, greedily, the same in every run.

use std::collections::{BTreeMap, HashMap};

use super::encoder::{Encoder, dot};
use super::error::KnowledgeError;
use super::search::tidy;
use crate::language::toneless;

/// How likeness is weighed, and how much of it two questions of one cluster have at least.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Grain {
    /// The weight of meaning; the rest is that of sounded pairs. Both are 0 to 1.
    pub meaning: f32,
    pub near_min: f32,
}

/// Taken from what the ignored test `console_knowledge::fit_the_bound_of_clusters` prints.
pub const GRAIN: Grain = Grain { meaning: 0.5, near_min: 0.4 };

/// Questions that mean the same.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cluster {
    /// The one that is nearest to all others, as its place in the list.
    pub centre: usize,
    /// All of them, in the order of the list.
    pub members: Vec<usize>,
}

type Pair = (&'static str, &'static str);

struct Question {
    point: Vec<f32>,
    /// Sounded pairs and what they weigh: 怎么办 is in every question and tells little.
    pairs: BTreeMap<Pair, f32>,
    weight: f32,
}

impl Question {
    fn near(&self, other: &Question, grain: Grain) -> f32 {
        let shared: f32 = self
            .pairs
            .iter()
            .filter(|(pair, _)| other.pairs.contains_key(pair))
            .map(|(_, w)| w)
            .sum();
        let all = self.weight + other.weight;
        let sound = if all > 0.0 { 2.0 * shared / all } else { 0.0 };
        grain.meaning * dot(&self.point, &other.point) + (1.0 - grain.meaning) * sound
    }
}

fn read(questions: &[String], encoder: &dyn Encoder) -> Result<Vec<Question>, KnowledgeError> {
    let mut all = Vec::with_capacity(questions.len());
    let mut holders: HashMap<Pair, usize> = HashMap::new();
    for question in questions {
        let plain = tidy(question);
        let syllables: Vec<&'static str> = toneless(&plain).iter().map(|s| s.pinyin).collect();
        let pairs: BTreeMap<Pair, f32> =
            syllables.iter().zip(syllables.iter().skip(1)).map(|(a, b)| ((*a, *b), 1.0)).collect();
        pairs.keys().for_each(|pair| *holders.entry(*pair).or_default() += 1);
        all.push(Question { point: encoder.encode(&plain)?, pairs, weight: 0.0 });
    }
    let many = questions.len() as f32;
    for question in &mut all {
        for (pair, weight) in &mut question.pairs {
            *weight = (1.0 + many / holders.get(pair).copied().unwrap_or(1) as f32).ln();
        }
        question.weight = question.pairs.values().sum();
    }
    Ok(all)
}

/// Each question joins the cluster whose first question is nearest, if that is near enough; else it begins one. Largest
/// first; of two as large that which began first.
///
/// # Errors
/// The encoder's.
pub fn cluster(
    questions: &[String],
    encoder: &dyn Encoder,
) -> Result<Vec<Cluster>, KnowledgeError> {
    cluster_at(questions, encoder, GRAIN)
}

/// The same with another grain than [`GRAIN`].
///
/// # Errors
/// The encoder's.
pub fn cluster_at(
    questions: &[String],
    encoder: &dyn Encoder,
    grain: Grain,
) -> Result<Vec<Cluster>, KnowledgeError> {
    let all = read(questions, encoder)?;
    let mut clusters: Vec<Vec<usize>> = Vec::new();
    for (n, question) in all.iter().enumerate() {
        let near = |members: &Vec<usize>| {
            let first = members.first().and_then(|first| all.get(*first));
            first.map_or(0.0, |first: &Question| first.near(question, grain))
        };
        let mut best: Option<(usize, f32)> = None;
        for (place, members) in clusters.iter().enumerate() {
            let near = near(members);
            if near >= grain.near_min && best.is_none_or(|(_, other)| near > other) {
                best = Some((place, near));
            }
        }
        match best.and_then(|(place, _)| clusters.get_mut(place)) {
            Some(members) => members.push(n),
            None => clusters.push(vec![n]),
        }
    }
    // A stable sort keeps the order in which they began.
    clusters.sort_by_key(|members| std::cmp::Reverse(members.len()));
    Ok(clusters
        .into_iter()
        .map(|members| Cluster { centre: centre(&members, &all, grain), members })
        .collect())
}

fn centre(members: &[usize], all: &[Question], grain: Grain) -> usize {
    let sum = |m: usize| -> f32 {
        let Some(own) = all.get(m) else { return 0.0 };
        members.iter().filter_map(|other| all.get(*other)).map(|other| own.near(other, grain)).sum()
    };
    let mut best = (members.first().copied().unwrap_or_default(), f32::MIN);
    for member in members {
        let sum = sum(*member);
        if sum > best.1 {
            best = (*member, sum);
        }
    }
    best.0
}
