//! Who got cases like this one: a suggestion from past tickets, beside the rules where they leave a case open.

use crate::desk::likeness::Rarity;

/// So many past tickets are counted.
pub const NEIGHBOURS_MAX: usize = 7;
/// Less alike is not alike.
const LIKENESS_MIN: f32 = 0.12;

/// A ticket that somebody dispatched.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Past<'a> {
    pub ticket: u64,
    pub category: &'a str,
    pub place: &'a str,
    /// The unit's name.
    pub owner: &'a str,
    /// What was said, as features: sorted, each once.
    pub features: &'a [u32],
}

/// A unit that got cases like this one.
#[derive(Clone, PartialEq, Debug)]
pub struct Learned {
    pub owner: String,
    /// Of the votes of the nearest tickets, 0 to 1.
    pub share: f32,
    /// Those that voted for it, the nearest first.
    pub tickets: Vec<u64>,
}

/// The units of the nearest of `past`, the likeliest first. A ticket's vote is its likeness by words, less where the
/// category or the county is another.
pub fn learned(category: &str, place: &str, features: &[u32], past: &[Past<'_>]) -> Vec<Learned> {
    let rarity = Rarity::of(past.iter().map(|one| one.features));
    let mut near: Vec<(f32, &Past<'_>)> = past
        .iter()
        .map(|one| (rarity.likeness(features, one.features), one))
        .filter(|(likeness, _)| *likeness >= LIKENESS_MIN)
        .map(|(likeness, one)| {
            (likeness * category_vote(category, one.category) * place_vote(place, one.place), one)
        })
        .collect();
    near.sort_by(|(a, x), (b, y)| b.total_cmp(a).then(y.ticket.cmp(&x.ticket)));
    near.truncate(NEIGHBOURS_MAX);
    let all: f32 = near.iter().map(|(vote, _)| vote).sum();
    let mut units: Vec<Learned> = Vec::new();
    for (vote, one) in near {
        let share = vote / all;
        match units.iter_mut().find(|unit| unit.owner == one.owner) {
            Some(unit) => {
                unit.share += share;
                unit.tickets.push(one.ticket);
            }
            None => units.push(Learned {
                owner: one.owner.to_owned(),
                share,
                tickets: vec![one.ticket],
            }),
        }
    }
    units.sort_by(|a, b| b.share.total_cmp(&a.share));
    units
}

fn category_vote(one: &str, other: &str) -> f32 {
    match (first_level(one), first_level(other)) {
        _ if !one.is_empty() && one == other => 1.0,
        (Some(a), Some(b)) if a == b => 0.6,
        _ => 0.3,
    }
}

/// 城乡建设 of 城乡建设/施工噪声, 01 of 0101.
fn first_level(code: &str) -> Option<&str> {
    code.split_once('/').map(|(first, _)| first).or_else(|| code.get(..2))
}

/// A unit of another county is hardly ever the one.
fn place_vote(one: &str, other: &str) -> f32 {
    match (one.get(..6), other.get(..6)) {
        (Some(a), Some(b)) if a == b => 1.0,
        (Some(_), Some(_)) => 0.2,
        _ => 0.5,
    }
}
