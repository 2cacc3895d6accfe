//! A shift of the queue alone: callers at random, agents who pick up or do not, lines that break, breaks, callbacks instead of
//! waiting, and restarts of the queue. And the same without all that, where Erlang C can be compared with it.

mod crew;
mod floor;
mod watch;

pub use crew::Manner;

use super::check::Violation;
use crate::acd::erlang::Load;

/// What is played.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Shift {
    pub callers: u32,
    pub agents: u32,
    pub seed: u64,
    /// Mean time between two callers (a Poisson process).
    pub every_ms: u64,
    /// Mean length of a talk, exponential.
    pub talk_ms: u64,
    /// How people behave.
    pub manner: Manner,
    /// How often the queue is stopped and begun again from what it knew.
    pub restarts: u32,
}

impl Default for Shift {
    /// 2,000 callers for 200 agents, who are at work nine tenths of their time.
    fn default() -> Self {
        Shift {
            callers: 2_000,
            agents: 200,
            seed: 1,
            every_ms: 1_200,
            talk_ms: 180_000,
            manner: Manner::lively(),
            restarts: 2,
        }
    }
}

impl Shift {
    /// As Erlang C assumes: one skill, nobody hangs up, everybody picks up at once, no wrap-up.
    pub fn plain(callers: u32, agents: u32, seed: u64) -> Shift {
        // 16 erlangs for 20 agents, and in proportion.
        let talk_ms = 180_000;
        let every_ms = talk_ms * 20 / (16 * u64::from(agents.max(1)));
        Shift { callers, agents, seed, every_ms, talk_ms, manner: Manner::plain(), restarts: 0 }
    }

    /// The same as Erlang C sees it.
    pub fn load(&self) -> Load {
        let calls_per_hour = 3_600_000.0 / self.every_ms.max(1) as f64;
        Load { calls_per_hour, handling_s: self.talk_ms as f64 / 1_000.0 }
    }
}

/// What came of it.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ShiftReport {
    /// FNV-1a, 64 bit, over the text of every effect with its moment.
    pub hash: u64,
    pub inputs: u64,
    pub answered: u64,
    /// Hung up while they waited.
    pub left: u64,
    /// Told that nobody is on duty, or that too many wait.
    pub turned_away: u64,
    /// Chose a callback; were reached; were given up.
    pub promised: u64,
    pub called_back: u64,
    pub given_up: u64,
    /// Agents' lines that broke in a talk, and telephones that were not answered.
    pub broken: u64,
    pub missed: u64,
    pub virtual_ms: u64,
    /// Of the answered, after the first twentieth: shares of 1, and the mean wait.
    pub waited_share: f64,
    pub in_time_share: f64,
    pub speed_of_answer_s: f64,
    pub violations: Vec<Violation>,
}

/// Plays a shift to its end: everybody is served, has left, or was told that it cannot be.
pub fn run(shift: &Shift) -> ShiftReport {
    floor::Floor::new(*shift).play()
}
