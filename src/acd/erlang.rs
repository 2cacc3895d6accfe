//! Erlang C: how long callers wait for agents, by A. K. Erlang, "Solution of some Problems in the Theory of Probabilities of
//! Significance in Automatic Telephone Exchanges", Elektroteknikeren 13 (1917); as M/M/c in Gross, Shortle, Thompson and
//! Harris, Fundamentals of Queueing Theory, 4th ed., 2.3. It assumes calls at random (Poisson), handling times without
//! memory (exponential), agents who are all alike, one queue in the order of arrival, and nobody who hangs up.

/// Calls at random and agents who are alike.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Load {
    /// Calls an hour.
    pub calls_per_hour: f64,
    /// Mean handling time, talk and wrap-up, in seconds.
    pub handling_s: f64,
}

/// What is wanted of the service.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Goal {
    /// Of those who call, so many are answered in time: 0 to 1.
    pub share: f64,
    /// In time: within so many seconds.
    pub within_s: f64,
    /// Of their time on duty agents are at work at most so much: 0 to 1.
    pub occupancy_max: f64,
}

impl Default for Goal {
    /// GB/T 33358-2016: answered within 15 s; the share and the occupancy are what hotlines commonly plan with.
    fn default() -> Self {
        Goal { share: 0.8, within_s: 15.0, occupancy_max: 0.9 }
    }
}

/// More agents than this are never asked for.
pub const AGENTS_MAX: u32 = 10_000;

impl Load {
    /// Offered load in erlangs: how many agents would be at work on average.
    pub fn erlangs(self) -> f64 {
        (self.calls_per_hour.max(0.0) / 3600.0) * self.handling_s.max(0.0)
    }

    /// The probability that a caller waits at all; 1 where agents cannot keep up.
    ///
    /// By Erlang B, `B(0) = 1`, `B(n) = aB(n-1) / (n + aB(n-1))`, which does not overflow, and
    /// `C = B / (1 - ρ(1 - B))` with `ρ = a/n`.
    pub fn waits(self, agents: u32) -> f64 {
        let load = self.erlangs();
        if load <= 0.0 {
            return 0.0;
        }
        if f64::from(agents) <= load {
            return 1.0;
        }
        let blocked = (1..=agents).fold(1.0, |b, n| load * b / (f64::from(n) + load * b));
        let busy = load / f64::from(agents);
        blocked / (1.0 - busy * (1.0 - blocked))
    }

    /// Service level: the share that is answered within `seconds`, `1 - C e^(-(n-a)t/h)`.
    pub fn answered_within(self, agents: u32, seconds: f64) -> f64 {
        let spare = f64::from(agents) - self.erlangs();
        if spare <= 0.0 && self.erlangs() > 0.0 {
            return 0.0;
        }
        if self.handling_s <= 0.0 {
            return 1.0;
        }
        1.0 - self.waits(agents) * (-spare * seconds.max(0.0) / self.handling_s).exp()
    }

    /// ASA: mean wait of all callers in seconds, `C h / (n - a)`; without end where agents cannot keep up.
    pub fn speed_of_answer_s(self, agents: u32) -> f64 {
        let spare = f64::from(agents) - self.erlangs();
        if self.erlangs() <= 0.0 {
            0.0
        } else if spare <= 0.0 {
            f64::INFINITY
        } else {
            self.waits(agents) * self.handling_s / spare
        }
    }

    /// How much of their time agents are at work: 0 to 1.
    pub fn occupancy(self, agents: u32) -> f64 {
        if agents == 0 {
            return if self.erlangs() > 0.0 { 1.0 } else { 0.0 };
        }
        (self.erlangs() / f64::from(agents)).min(1.0)
    }

    /// The fewest agents that reach the goal; `None` for more than [`AGENTS_MAX`] or a goal that cannot be reached.
    pub fn agents_needed(self, goal: Goal) -> Option<u32> {
        let load = self.erlangs();
        if load <= 0.0 {
            return Some(0);
        }
        if !load.is_finite() || load >= f64::from(AGENTS_MAX) {
            return None;
        }
        let reaches = |agents: u32| {
            self.answered_within(agents, goal.within_s) >= goal.share
                && self.occupancy(agents) <= goal.occupancy_max
        };
        (load.floor() as u32 + 1..=AGENTS_MAX).find(|agents| reaches(*agents))
    }
}
