//! A rate, with everything that must stand beside it to be believed.

/// The 0.975 quantile of the normal distribution: an interval that holds the true share 95 times in 100.
const Z: f64 = 1.959_963_984_540_054;

/// Of so many who were asked, so many answered, and of these so many count. `hits` ≤ `answered` ≤ `asked`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Rate {
    hits: u64,
    answered: u64,
    asked: u64,
}

/// Shares from 0 to 1.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Interval {
    pub low: f64,
    pub high: f64,
}

impl Rate {
    /// What contradicts itself is cut down: no more answer than were asked, no more count than answered.
    pub fn new(hits: u64, answered: u64, asked: u64) -> Rate {
        let answered = answered.min(asked);
        Rate { hits: hits.min(answered), answered, asked }
    }

    /// The numerator.
    pub const fn hits(self) -> u64 {
        self.hits
    }

    /// The denominator.
    pub const fn answered(self) -> u64 {
        self.answered
    }

    pub const fn asked(self) -> u64 {
        self.asked
    }

    /// Asked, and without an answer: they are in no rate, and every rate must be read with them.
    pub const fn unanswered(self) -> u64 {
        self.asked - self.answered
    }

    /// Share of those asked who did not answer; nothing where nobody was asked.
    pub fn non_response(self) -> Option<f64> {
        (self.asked > 0).then(|| self.unanswered() as f64 / self.asked as f64)
    }

    /// Numerator over denominator; nothing where nobody answered.
    pub fn share(self) -> Option<f64> {
        (self.answered > 0).then(|| self.hits as f64 / self.answered as f64)
    }

    /// Where the true share lies, as far as chance is concerned, in 95 cases of 100. It says nothing of those who did
    /// not answer.
    pub fn interval(self) -> Option<Interval> {
        wilson(self.hits, self.answered)
    }

    pub fn plus(self, other: Rate) -> Rate {
        Rate {
            hits: self.hits + other.hits,
            answered: self.answered + other.answered,
            asked: self.asked + other.asked,
        }
    }
}

/// The score interval of a share at 95 % (Wilson 1927, J. Am. Stat. Assoc. 22, 209): it stays within 0 and 1 and keeps
/// its promise for small numbers and shares near the ends, where the textbook's p ± z·s does not (Newcombe 1998, Stat.
/// Med. 17, 857; Brown, Cai and DasGupta 2001, Stat. Sci. 16, 101). Nothing for no trials; `hits` above `trials` count
/// as all.
pub fn wilson(hits: u64, trials: u64) -> Option<Interval> {
    if trials == 0 {
        return None;
    }
    let hits = hits.min(trials);
    let n = trials as f64;
    let share = hits as f64 / n;
    let square = Z * Z;
    let middle = (share + square / (2.0 * n)) / (1.0 + square / n);
    let half = Z / (1.0 + square / n) * (share * (1.0 - share) / n + square / (4.0 * n * n)).sqrt();
    // At the ends the bound is the end itself; rounding must not move it.
    let low = if hits == 0 { 0.0 } else { (middle - half).max(0.0) };
    let high = if hits == trials { 1.0 } else { (middle + half).min(1.0) };
    Some(Interval { low, high })
}
