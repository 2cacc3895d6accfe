//! What to do with what was found: tell it, ask whether it is meant, offer a choice, or leave it to a person.

use super::item::Hit;

/// From which [`Hit::confidence`] on what is done. Confidences are calibrated, so the bars are the same for every encoder: a wrong
/// answer is far worse than one more question.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Bars {
    /// The best item is told outright.
    pub answer: f32,
    /// The caller is asked whether the best item is meant.
    pub confirm: f32,
    /// One of the best [`OFFERED_MAX`] is meant with at least this confidence, taken together: they are offered.
    pub offer: f32,
    /// Least confidence of each item that is offered.
    pub offered: f32,
}

impl Default for Bars {
    fn default() -> Self {
        Bars { answer: 0.94, confirm: 0.3, offer: 0.4, offered: 0.1 }
    }
}

/// More than three are not kept in mind by ear.
pub const OFFERED_MAX: usize = 3;

/// What follows from a search.
#[derive(Clone, Debug)]
pub enum Decision {
    /// This is what was asked.
    Answer(Hit),
    /// Probably this: 您是想问…吗.
    Confirm(Hit),
    /// One of these, two or three, the best first.
    Offer(Vec<Hit>),
    /// None of the base's items.
    Person,
}

impl Decision {
    /// The items that the caller would hear of, the best first.
    pub fn hits(&self) -> &[Hit] {
        match self {
            Decision::Answer(hit) | Decision::Confirm(hit) => std::slice::from_ref(hit),
            Decision::Offer(hits) => hits,
            Decision::Person => &[],
        }
    }
}

/// Of the hits of one search, the best first; those that the caller has said no to are left out beforehand.
pub fn decide(hits: &[Hit], bars: &Bars) -> Decision {
    let Some(best) = hits.first() else { return Decision::Person };
    if best.confidence >= bars.answer {
        return Decision::Answer(best.clone());
    }
    if best.confidence >= bars.confirm {
        return Decision::Confirm(best.clone());
    }
    let near = hits.iter().take(OFFERED_MAX).filter(|hit| hit.confidence >= bars.offered);
    let offered: Vec<Hit> = near.cloned().collect();
    let together: f32 = offered.iter().map(|hit| hit.confidence).sum();
    match offered.as_slice() {
        [_, _, ..] if together >= bars.offer => Decision::Offer(offered),
        _ => Decision::Person,
    }
}
