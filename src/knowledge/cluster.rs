//! Questions that mean the same, put together: by meaning and by sound, greedily, the same in every run.

use std::collections::HashSet;

use super::encoder::{Encoder, dot};
use super::error::KnowledgeError;
use super::search::tidy;
use crate::language::toneless;

/// Questions of one cluster are at least so near to its first: 0.6 meaning and 0.4 sounded pairs, both 0 to 1.
pub const NEAR_MIN: f32 = 0.62;
const MEANING: f32 = 0.6;

/// Questions that mean the same.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cluster {
    /// The one that is nearest to all others, as its place in the list.
    pub centre: usize,
    /// All of them, in the order of the list.
    pub members: Vec<usize>,
}

struct Sounded {
    point: Vec<f32>,
    pairs: HashSet<(&'static str, &'static str)>,
}

impl Sounded {
    fn near(&self, other: &Sounded) -> f32 {
        let all = self.pairs.len() + other.pairs.len();
        let shared = self.pairs.intersection(&other.pairs).count();
        let sound = if all == 0 { 0.0 } else { 2.0 * shared as f32 / all as f32 };
        MEANING * dot(&self.point, &other.point) + (1.0 - MEANING) * sound
    }
}

/// Each question joins the cluster whose first question is nearest, if that is near enough; else it begins one. Largest
/// first; of two as large that which began first.
///
/// # Errors
/// The encoder's.
pub fn cluster(questions: &[String], encoder: &dyn Encoder) -> Result<Vec<Cluster>, KnowledgeError> {
    cluster_at(questions, encoder, NEAR_MIN)
}

/// The same with another bound than [`NEAR_MIN`].
///
/// # Errors
/// The encoder's.
pub fn cluster_at(
    questions: &[String],
    encoder: &dyn Encoder,
    near_min: f32,
) -> Result<Vec<Cluster>, KnowledgeError> {
    let mut all = Vec::with_capacity(questions.len());
    for question in questions {
        let plain = tidy(question);
        let syllables: Vec<&'static str> = toneless(&plain).iter().map(|s| s.pinyin).collect();
        let pairs = syllables.iter().zip(syllables.iter().skip(1)).map(|(a, b)| (*a, *b)).collect();
        all.push(Sounded { point: encoder.encode(&plain)?, pairs });
    }
    let mut clusters: Vec<Vec<usize>> = Vec::new();
    for (n, question) in all.iter().enumerate() {
        let near = |members: &Vec<usize>| {
            let first = members.first().and_then(|first| all.get(*first));
            first.map_or(0.0, |first| first.near(question))
        };
        let mut best: Option<(usize, f32)> = None;
        for (place, members) in clusters.iter().enumerate() {
            let near = near(members);
            if near >= near_min && best.is_none_or(|(_, other)| near > other) {
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
    Ok(clusters.into_iter().map(|members| Cluster { centre: centre(&members, &all), members }).collect())
}

fn centre(members: &[usize], all: &[Sounded]) -> usize {
    let sum = |m: usize| -> f32 {
        let Some(own) = all.get(m) else { return 0.0 };
        members.iter().filter_map(|other| all.get(*other)).map(|other| own.near(other)).sum()
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
