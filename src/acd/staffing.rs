//! How many agents the next week needs, half-hour by half-hour, from what happened in the weeks before.

use std::collections::BTreeMap;

use super::erlang::{Goal, Load};
use crate::kernel::{Day, Wall};

pub const HALF_HOUR_MS: i64 = 30 * 60_000;
pub const HALF_HOURS: u32 = 48;

/// A caller who wanted a person.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Happened {
    pub at: Wall,
    /// Talk and wrap-up; `None` for who was not served.
    pub handled_ms: Option<u64>,
}

/// What one half-hour of the next week needs.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Need {
    pub day: Day,
    /// Of the day, 0 to 47.
    pub half_hour: u32,
    /// Callers that are expected: the mean of the same half-hour of the same weekday.
    pub calls: f64,
    pub handling_s: f64,
    pub agents: u32,
    /// What Erlang C promises with so many.
    pub answered_in_time: f64,
    pub speed_of_answer_s: f64,
    pub occupancy: f64,
}

#[derive(Clone, PartialEq, Debug, thiserror::Error)]
pub enum StaffingError {
    #[error("no days were counted: give a span of at least one whole week")]
    NoDays,
    #[error(
        "{day} {half_hour}: the goal cannot be reached with any number of agents; lower the share or give more seconds"
    )]
    Unreachable { day: Day, half_hour: u32 },
}

/// What the week from `first` needs, by what happened on the days from `since` until before `until`.
///
/// Each half-hour of a weekday is planned with the mean number of its callers; one that had none needs nobody for the load,
/// and gets `least`. Handling times are those of the half-hour of the weekday where at least [`ENOUGH`] talks were seen,
/// else the mean of all.
///
/// # Errors
/// When no day was counted, or the goal is out of reach.
pub fn week(
    happened: &[Happened],
    (since, until): (Day, Day),
    first: Day,
    goal: Goal,
    least: u32,
) -> Result<Vec<Need>, StaffingError> {
    let days: Vec<Day> = (0..until.days() - since.days()).filter_map(|n| since.plus(n)).collect();
    if days.is_empty() {
        return Err(StaffingError::NoDays);
    }
    let mut seen: BTreeMap<(u32, u32), Seen> = BTreeMap::new();
    let mut all = Seen::default();
    for one in happened {
        let civil = one.at.civil();
        let half_hour = civil.hour * 2 + civil.minute / 30;
        if (since..until).contains(&civil.day()) {
            seen.entry((civil.weekday(), half_hour)).or_default().add(*one);
            all.add(*one);
        }
    }
    let mut needs = Vec::new();
    for day in (0..7).filter_map(|n| first.plus(n)) {
        let weekday = day.weekday();
        let counted = days.iter().filter(|day| day.weekday() == weekday).count();
        for half_hour in 0..HALF_HOURS {
            let own = seen.get(&(weekday, half_hour)).copied().unwrap_or_default();
            let calls = own.calls as f64 / counted.max(1) as f64;
            let handling_s = if own.talks >= ENOUGH { own.mean_s() } else { all.mean_s() };
            let load = Load { calls_per_hour: calls * 2.0, handling_s };
            let wanted = load.agents_needed(goal);
            let wanted = wanted.ok_or(StaffingError::Unreachable { day, half_hour })?;
            let agents = wanted.max(least);
            needs.push(Need {
                day,
                half_hour,
                calls,
                handling_s,
                agents,
                answered_in_time: load.answered_within(agents, goal.within_s),
                speed_of_answer_s: load.speed_of_answer_s(agents),
                occupancy: load.occupancy(agents),
            });
        }
    }
    Ok(needs)
}

/// Talks from which on a half-hour's own handling time counts.
pub const ENOUGH: u64 = 20;

#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    calls: u64,
    talks: u64,
    handled_ms: u64,
}

impl Seen {
    fn add(&mut self, one: Happened) {
        self.calls += 1;
        if let Some(ms) = one.handled_ms {
            self.talks += 1;
            self.handled_ms = self.handled_ms.saturating_add(ms);
        }
    }

    fn mean_s(self) -> f64 {
        if self.talks == 0 { 0.0 } else { self.handled_ms as f64 / self.talks as f64 / 1_000.0 }
    }
}
