//! How many agents are needed.

use huiyin::acd::erlang::{Goal, Load};
use huiyin::acd::staffing::{Happened, StaffingError, week};
use huiyin::kernel::{Civil, Day};
use proptest::prelude::*;

fn near(found: f64, wanted: f64, within: f64) -> bool {
    (found - wanted).abs() <= within
}

#[test]
fn erlang_c_is_as_its_sum_says() {
    // The formula as it is written in the books: C = (a^n/n! · n/(n-a)) / (Σ a^k/k! + a^n/n! · n/(n-a)).
    for (calls_per_hour, handling_s, agents) in [
        (60.0, 60.0, 2),
        (100.0, 180.0, 6),
        (100.0, 180.0, 8),
        (200.0, 240.0, 15),
        (1200.0, 180.0, 66),
    ] {
        let load = Load { calls_per_hour, handling_s };
        let a = load.erlangs();
        let (mut term, mut sum) = (1.0, 1.0);
        for n in 1..agents {
            term *= a / f64::from(n);
            sum += term;
        }
        let last = term * a / f64::from(agents) * f64::from(agents) / (f64::from(agents) - a);
        let wanted = last / (sum + last);
        assert!(near(load.waits(agents), wanted, 1e-12), "{load:?} {agents}");
    }
    // One agent: M/M/1, where a caller waits with the probability that the agent is busy.
    let one = Load { calls_per_hour: 10.0, handling_s: 180.0 };
    assert!(near(one.waits(1), 0.5, 1e-12) && near(one.speed_of_answer_s(1), 180.0, 1e-9));
}

#[test]
fn too_few_agents_never_keep_up_and_enough_reach_the_goal() {
    let load = Load { calls_per_hour: 200.0, handling_s: 240.0 };
    assert_eq!((load.waits(13), load.answered_within(13, 15.0)), (1.0, 0.0));
    assert_eq!(load.speed_of_answer_s(13), f64::INFINITY);
    let goal = Goal::default();
    let needed = load.agents_needed(goal).unwrap();
    let reaches = |agents| {
        load.answered_within(agents, goal.within_s) >= goal.share
            && load.occupancy(agents) <= goal.occupancy_max
    };
    assert!(reaches(needed) && !reaches(needed - 1), "{needed}");
    assert_eq!(Load { calls_per_hour: 0.0, handling_s: 240.0 }.agents_needed(goal), Some(0));
    let never = Goal { share: 1.0, occupancy_max: 0.0, ..goal };
    assert_eq!(load.agents_needed(never), None);
}

proptest! {
    #[test]
    fn more_agents_never_answer_later(calls in 0.0_f64..3000.0, handling in 1.0_f64..900.0, agents in 1_u32..300) {
        let load = Load { calls_per_hour: calls, handling_s: handling };
        prop_assert!(load.waits(agents + 1) <= load.waits(agents) + 1e-12);
        prop_assert!(load.answered_within(agents + 1, 15.0) + 1e-9 >= load.answered_within(agents, 15.0));
        prop_assert!((0.0..=1.0).contains(&load.waits(agents)));
    }
}

#[test]
fn next_week_is_planned_by_the_same_half_hours_of_the_weeks_before() {
    let monday =
        |day, hour, minute| Civil { year: 2026, month: 11, day, hour, minute, second: 0 }.wall();
    // Two Mondays with 30 and 50 callers at half past nine, 200 seconds each; one of them hung up.
    let mut happened = Vec::new();
    for (day, callers) in [(9, 30_i64), (16, 50)] {
        for n in 0..callers {
            let handled_ms = (n > 0).then_some(200_000);
            happened.push(Happened { at: monday(day, 9, 30).plus_ms(n * 30_000), handled_ms });
        }
    }
    let day = |day| Day::new(2026, 11, day).unwrap();
    let goal = Goal::default();
    let needs = week(&happened, (day(9), day(23)), day(23), goal, 2).unwrap();
    assert_eq!(needs.len(), 7 * 48);
    let half = needs.iter().find(|need| need.day == day(23) && need.half_hour == 19).unwrap();
    assert_eq!((half.calls, half.handling_s), (40.0, 200.0));
    let load = Load { calls_per_hour: 80.0, handling_s: 200.0 };
    assert_eq!(Some(half.agents), load.agents_needed(goal));
    let quiet = needs.iter().filter(|need| need.calls == 0.0);
    assert!(quiet.clone().count() == 7 * 48 - 1 && quiet.clone().all(|need| need.agents == 2));
    assert_eq!(week(&happened, (day(9), day(9)), day(23), goal, 2), Err(StaffingError::NoDays));
}
