//! Tickets that may be about the same: the caller's own earlier one, another caller's, a group of many. Candidates for
//! staff to look at; nothing is ever merged by itself.

use super::likeness::Rarity;
use crate::kernel::Wall;

/// So many candidates are shown.
pub const RELATED_MAX: usize = 8;
/// Older tickets of the same caller are no longer the same matter.
pub const REPEAT_DAYS: i64 = 180;
const DUPLICATE_DAYS: i64 = 14;
const CLUSTER_DAYS: i64 = 30;
/// Likeness by words from which a caller's two tickets are about one matter.
const REPEAT_LIKENESS: f32 = 0.22;
/// The same where category and place agree.
const REPEAT_LIKENESS_SAME: f32 = 0.08;
const DUPLICATE_LIKENESS: f32 = 0.3;
/// Where one of the two places is not known.
const DUPLICATE_LIKENESS_NOWHERE: f32 = 0.45;
const CLUSTER_LIKENESS: f32 = 0.15;
const DAY_MS: i64 = 86_400_000;

/// A ticket as far as candidates go; empty where it is not known.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Told<'a> {
    pub ticket: u64,
    /// The caller's number.
    pub number: &'a str,
    pub category: &'a str,
    /// Division code.
    pub place: &'a str,
    /// What was said, as features: sorted, each once.
    pub features: &'a [u32],
    /// Of the words of the place.
    pub where_features: &'a [u32],
    pub opened: Wall,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Link {
    /// 重复来电: the same caller, the same matter.
    Repeat,
    /// 疑似重复: somebody else tells the same.
    Duplicate,
    /// 同类聚集: the same subject near by.
    Cluster,
}

impl Link {
    pub const fn key(self) -> &'static str {
        match self {
            Link::Repeat => "repeat",
            Link::Duplicate => "duplicate",
            Link::Cluster => "cluster",
        }
    }
}

/// How near two places are, as far as they are told.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Near {
    /// The same road, house or village.
    Spot,
    Township,
    County,
    Unknown,
    Elsewhere,
}

impl Near {
    pub const fn key(self) -> &'static str {
        match self {
            Near::Spot => "spot",
            Near::Township => "township",
            Near::County => "county",
            Near::Unknown => "unknown",
            Near::Elsewhere => "elsewhere",
        }
    }
}

/// A candidate, and why it is one.
#[derive(Clone, PartialEq, Debug)]
pub struct Related {
    pub ticket: u64,
    pub link: Link,
    /// By words, 0 to 1.
    pub likeness: f32,
    pub near: Near,
    pub same_category: bool,
    /// Between the two.
    pub days: i64,
}

/// Candidates among `others`: the caller's own first, then the likest.
pub fn related(one: &Told<'_>, others: &[Told<'_>]) -> Vec<Related> {
    let rarity = Rarity::of(others.iter().map(|other| other.features));
    let mut found: Vec<Related> = others
        .iter()
        .filter(|other| other.ticket != one.ticket)
        .filter_map(|other| judge(one, other, rarity.likeness(one.features, other.features)))
        .collect();
    found.sort_by(|a, b| {
        a.link.cmp(&b.link).then(b.likeness.total_cmp(&a.likeness)).then(b.ticket.cmp(&a.ticket))
    });
    found.truncate(RELATED_MAX);
    found
}

fn judge(one: &Told<'_>, other: &Told<'_>, likeness: f32) -> Option<Related> {
    let days = (one.opened.unix_ms - other.opened.unix_ms).abs() / DAY_MS;
    let near = near(one, other);
    let same_category = !one.category.is_empty() && one.category == other.category;
    let same_caller = !one.number.is_empty() && one.number == other.number;
    let here = matches!(near, Near::Spot | Near::Township);
    let repeat_from = if same_category && here { REPEAT_LIKENESS_SAME } else { REPEAT_LIKENESS };
    let repeat =
        same_caller && days <= REPEAT_DAYS && likeness >= repeat_from && near != Near::Elsewhere;
    let alike = match near {
        Near::Spot | Near::Township => likeness >= DUPLICATE_LIKENESS,
        Near::County | Near::Unknown => likeness >= DUPLICATE_LIKENESS_NOWHERE,
        Near::Elsewhere => false,
    };
    // One event seen by two callers.
    let spot = near == Near::Spot && same_category && likeness >= CLUSTER_LIKENESS;
    let duplicate = !same_caller && days <= DUPLICATE_DAYS && (alike || spot);
    let cluster = days <= CLUSTER_DAYS && same_category && here && likeness >= CLUSTER_LIKENESS;
    let link = if repeat {
        Link::Repeat
    } else if duplicate {
        Link::Duplicate
    } else if cluster {
        Link::Cluster
    } else {
        return None;
    };
    Some(Related { ticket: other.ticket, link, likeness, near, same_category, days })
}

fn near(one: &Told<'_>, other: &Told<'_>) -> Near {
    let (a, b) = (one.place, other.place);
    if a.is_empty() || b.is_empty() {
        return Near::Unknown;
    }
    let level = |digits: usize| match (a.get(..digits), b.get(..digits)) {
        (Some(a), Some(b)) => Some(a == b),
        _ => None,
    };
    match (level(9), level(6), level(4)) {
        (Some(true), ..) if shared(one.where_features, other.where_features) => Near::Spot,
        (Some(true), ..) => Near::Township,
        (Some(false), ..) | (_, Some(false), _) | (_, _, Some(false)) => Near::Elsewhere,
        (None, Some(true), _) => Near::County,
        _ => Near::Unknown,
    }
}

/// More than half of the shorter one's sounds.
fn shared(one: &[u32], other: &[u32]) -> bool {
    let least = one.len().min(other.len());
    let both = one.iter().filter(|feature| other.binary_search(feature).is_ok()).count();
    least >= 2 && both * 2 > least
}
