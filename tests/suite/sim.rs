//! Days of calls in virtual time: what must hold of every run, and that a run can be had again.

use huiyin::sim::{Report, Scenario, run};

fn play(scenario: Scenario) -> Report {
    let report = run(&scenario).unwrap();
    assert!(report.violations.is_empty(), "{scenario:?}: {:#?}", report.violations);
    report
}

#[test]
fn a_thousand_calls_twice_are_the_same_to_the_last_effect() {
    let scenario = Scenario::default();
    let (first, second) = (play(scenario), play(scenario));
    assert_eq!(first, second);
    for outcome in ["answered", "handed_over", "registered", "abandoned", "complete"] {
        assert!(first.outcomes.contains_key(outcome), "nobody was {outcome}: {first:#?}");
    }
    assert!(first.tickets > 100 && first.surveys > 100 && first.verifications > 10, "{first:#?}");
}

#[test]
fn another_seed_is_another_day() {
    let day = |seed| play(Scenario { calls: 50, seed, ..Scenario::default() }).hash;
    assert_ne!(day(1), day(2));
}

#[test]
fn crowds_and_empty_desks_break_nothing() {
    for (agents, every_ms) in [(0, 20_000), (1, 2_000), (2, 300), (40, 1_000)] {
        for seed in 10..13 {
            play(Scenario { calls: 300, seed, agents, every_ms, ..Scenario::default() });
        }
    }
}
