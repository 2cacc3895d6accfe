//! A circuit breaker: a service that fails again and again is left alone for a while, then tried with one request.
//! (M. Nygard, Release It!, 2007.) No clock inside: every call is handed the time.

use std::collections::VecDeque;

use crate::kernel::Moment;
use crate::kernel::limits::BREAKER_OUTCOMES;

/// When it opens and for how long.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rules {
    /// So many failures one after the other open it.
    pub in_a_row: u32,
    /// So many failures among the last [`BREAKER_OUTCOMES`] open it too.
    pub of_the_last: usize,
    /// The first pause, milliseconds. Each trial that fails doubles it.
    pub pause_ms: u64,
    /// No pause is longer.
    pub pause_max_ms: u64,
}

impl Default for Rules {
    fn default() -> Self {
        Rules { in_a_row: 3, of_the_last: 10, pause_ms: 5_000, pause_max_ms: 120_000 }
    }
}

/// Leave for one request; its outcome is told with it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Permit {
    /// Outcomes of requests that began before the last change say nothing about now.
    era: u64,
}

/// What became of the breaker with an outcome.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Change {
    Opened { pause_ms: u64 },
    Closed,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Closed,
    Open {
        until: Moment,
    },
    /// One trial is under way. One that never reports is given up at `until`.
    Trial {
        until: Moment,
    },
}

#[derive(Clone, Debug)]
pub struct Breaker {
    rules: Rules,
    state: State,
    era: u64,
    row: u32,
    /// True for a failure, the latest last.
    last: VecDeque<bool>,
    pause_ms: u64,
}

impl Breaker {
    pub fn new(rules: Rules) -> Breaker {
        Breaker {
            rules,
            state: State::Closed,
            era: 0,
            row: 0,
            last: VecDeque::new(),
            pause_ms: rules.pause_ms,
        }
    }

    /// Leave to try the service now; none while it is left alone.
    pub fn ask(&mut self, now: Moment) -> Option<Permit> {
        match self.state {
            State::Closed => {}
            State::Open { until } | State::Trial { until } if now < until => return None,
            State::Open { .. } | State::Trial { .. } => {
                self.enter(State::Trial { until: now + self.pause_ms });
            }
        }
        Some(Permit { era: self.era })
    }

    /// How the request ended that a permit was for.
    pub fn ended(&mut self, now: Moment, permit: Permit, failed: bool) -> Option<Change> {
        if permit.era != self.era {
            return None;
        }
        match self.state {
            State::Closed => {
                self.note(failed);
                self.is_too_much().then(|| self.open(now))
            }
            State::Trial { .. } if failed => {
                self.pause_ms = (self.pause_ms * 2).min(self.rules.pause_max_ms);
                Some(self.open(now))
            }
            State::Trial { .. } => {
                self.enter(State::Closed);
                self.pause_ms = self.rules.pause_ms;
                Some(Change::Closed)
            }
            State::Open { .. } => None,
        }
    }

    fn note(&mut self, failed: bool) {
        self.row = if failed { self.row + 1 } else { 0 };
        if self.last.len() == BREAKER_OUTCOMES {
            self.last.pop_front();
        }
        self.last.push_back(failed);
    }

    fn is_too_much(&self) -> bool {
        let failures = self.last.iter().filter(|failed| **failed).count();
        self.row >= self.rules.in_a_row || failures >= self.rules.of_the_last
    }

    fn open(&mut self, now: Moment) -> Change {
        let pause_ms = self.pause_ms;
        self.enter(State::Open { until: now + pause_ms });
        Change::Opened { pause_ms }
    }

    fn enter(&mut self, state: State) {
        self.state = state;
        self.era += 1;
        self.row = 0;
        self.last.clear();
    }
}
