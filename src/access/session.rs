//! How long a login lasts: so long without anybody doing anything, and so long in all.

use crate::kernel::Wall;

/// The bounds of a session.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Lifetime {
    /// Without a request that a person made. What an open page asks by itself does not count.
    pub idle_ms: i64,
    pub whole_ms: i64,
    /// What was seen is written down at most so often.
    pub noted_ms: i64,
}

impl Default for Lifetime {
    /// Half an hour; a working day with its overtime.
    fn default() -> Self {
        Lifetime { idle_ms: 30 * 60_000, whole_ms: 12 * 3_600_000, noted_ms: 30_000 }
    }
}

/// A login as it is kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Session {
    pub begun: Wall,
    pub seen: Wall,
}

/// How a session stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    Live,
    /// Live, and that it was seen now is to be written down.
    Due,
    Idle,
    /// It has lasted as long as any may.
    Over,
}

impl Session {
    /// `acts`: a person made the request.
    pub const fn state(&self, now: Wall, lifetime: Lifetime, acts: bool) -> State {
        let age = now.unix_ms.saturating_sub(self.begun.unix_ms);
        let quiet = now.unix_ms.saturating_sub(self.seen.unix_ms);
        // A clock that was set back makes nobody young again.
        if age >= lifetime.whole_ms || age < -lifetime.whole_ms {
            State::Over
        } else if quiet >= lifetime.idle_ms {
            State::Idle
        } else if acts && quiet >= lifetime.noted_ms {
            State::Due
        } else {
            State::Live
        }
    }
}
