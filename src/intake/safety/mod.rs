//! Dangers and the wish for a person in words that the tables of clues do not know: a linear net behind the rules, over characters
//! and over syllables without tones whose near sounds are merged, so that 煤气 heard as 没气 still counts.
//!
//! The net is trained by `huiyin safety train` and ships as one file ([`Net::shipped`]); it costs well under a millisecond and
//! gives the same on every run. What it is not sure of becomes one question ([`Doubt`](super::Doubt)): a danger that is missed
//! costs far more than a question, a question far less than a false alarm.

mod features;
mod net;
mod train;

pub use net::{Margins, Net};
pub use train::{Heard, Judged, Row, judged, train};

use super::reading::Emergency;

/// What a plane of the net tells apart from everything else.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Plane {
    Danger,
    Kind(Emergency),
    Person,
}

/// The planes in the order of the file.
const PLANES: [Plane; 7] = [
    Plane::Danger,
    Plane::Person,
    Plane::Kind(Emergency::Fire),
    Plane::Kind(Emergency::Medical),
    Plane::Kind(Emergency::Crime),
    Plane::Kind(Emergency::Traffic),
    Plane::Kind(Emergency::SelfHarm),
];

/// What a margin of the net leads to. Chosen on rows that were left out of the training (`huiyin safety train --folds 5` prints
/// what each bar would do), so that of ordinary matters hardly one is transferred: what is less sure becomes a question.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Bars {
    /// From here on the net is sure of itself.
    pub sure: f32,
    /// From here on a rule is followed at once; where the net lies lower, the talk asks first, which loses nobody.
    pub agreed: f32,
    /// From here on it is worth a question, though no rule speaks.
    pub doubt: f32,
}

pub const DANGER: Bars = Bars { sure: 0.6, agreed: 0.3, doubt: -0.2 };
pub const PERSON: Bars = Bars { sure: 0.1, agreed: -0.2, doubt: -0.6 };
