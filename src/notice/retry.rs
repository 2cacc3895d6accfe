//! How often a message is tried, and when it is given up.

use crate::kernel::Wall;

const FIRST_MS: i64 = 30_000;
const LONGEST_MS: i64 = 3_600_000;

/// The bounds of trying.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Retry {
    /// Attempts in all.
    pub attempts: u32,
    /// News that is older than this misleads: it is not sent any more.
    pub keep_ms: i64,
}

impl Default for Retry {
    fn default() -> Self {
        Retry { attempts: 8, keep_ms: 72 * 3_600_000 }
    }
}

/// What follows a failed attempt.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Then {
    /// Again, not before then.
    At(Wall),
    GiveUp(GiveUp),
}

/// Why a message is not tried any more.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum GiveUp {
    /// As often as allowed.
    Attempts,
    /// What it tells is too long ago.
    Old,
}

impl GiveUp {
    pub const fn why(self) -> &'static str {
        match self {
            GiveUp::Attempts => "tried as often as messages.attempts allows",
            GiveUp::Old => "what it tells is longer ago than messages.keep_h",
        }
    }
}

impl Retry {
    /// What it tells is too long ago to be sent at `now`.
    pub fn is_old(&self, born: Wall, now: Wall) -> bool {
        now.unix_ms.saturating_sub(born.unix_ms) > self.keep_ms
    }

    /// After `attempts` failed ones, the last at `now`: half a minute, then twice as long each time, at most an hour, and not
    /// before `after_ms` where the other side has asked for that.
    pub fn after(&self, attempts: u32, born: Wall, now: Wall, after_ms: Option<i64>) -> Then {
        if attempts >= self.attempts {
            return Then::GiveUp(GiveUp::Attempts);
        }
        let doubled = FIRST_MS.saturating_mul(1_i64 << attempts.saturating_sub(1).min(20));
        let asked = after_ms.unwrap_or(0).clamp(0, LONGEST_MS);
        let at = now.plus_ms(doubled.min(LONGEST_MS).max(asked));
        if self.is_old(born, at) { Then::GiveUp(GiveUp::Old) } else { Then::At(at) }
    }
}
