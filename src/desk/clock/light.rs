//! 红黄灯: how a limit stands at a moment, from its deadline and nothing else.

use super::count::Deadline;
use crate::kernel::Wall;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Light {
    Green,
    /// The clock stands: there is no deadline while it does.
    Held,
    /// The limit comes near.
    Yellow,
    /// It has passed.
    Red,
}

impl Light {
    pub const fn key(self) -> &'static str {
        match self {
            Light::Green => "green",
            Light::Held => "held",
            Light::Yellow => "yellow",
            Light::Red => "red",
        }
    }

    pub const fn chinese(self) -> &'static str {
        match self {
            Light::Green => "绿灯",
            Light::Held => "暂停计时",
            Light::Yellow => "黄灯",
            Light::Red => "红灯",
        }
    }
}

/// What became of a limit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    InTime,
    /// So many milliseconds too late.
    Late {
        ms: i64,
    },
}

impl Deadline {
    /// At the moment `now`, while the limit runs.
    pub fn light(&self, now: Wall) -> Light {
        match self.at {
            None => Light::Held,
            Some(at) if now >= at => Light::Red,
            Some(_) if self.yellow.is_some_and(|yellow| now >= yellow) => Light::Yellow,
            Some(_) => Light::Green,
        }
    }

    /// When the light changes next, without another event; `None` when it does not any more.
    pub fn next_change(&self, now: Wall) -> Option<Wall> {
        let moments = [self.yellow.filter(|_| self.at.is_some()), self.at];
        moments.into_iter().flatten().find(|moment| *moment > now)
    }

    /// The limit was met at the moment `done`.
    pub fn outcome(&self, done: Wall) -> Outcome {
        match self.at {
            Some(at) if done >= at => Outcome::Late { ms: done.unix_ms - at.unix_ms },
            _ => Outcome::InTime,
        }
    }
}
