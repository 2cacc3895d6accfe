//! Shifts of the queue in virtual time.

use huiyin::sim::shift::{Shift, ShiftReport, run};

fn play(shift: Shift) -> ShiftReport {
    let report = run(&shift);
    assert!(report.violations.is_empty(), "{shift:?}: {:#?}", report.violations);
    report
}

#[test]
fn two_thousand_callers_and_two_hundred_agents_twice_are_the_same_and_all_holds() {
    let (first, second) = (play(Shift::default()), play(Shift::default()));
    assert_eq!(first, second);
    for (what, count) in [
        ("answered", first.answered),
        ("left", first.left),
        ("called back", first.called_back),
        ("lines broken", first.broken),
        ("missed", first.missed),
    ] {
        assert!(count > 0, "nothing {what}: {first:#?}");
    }
    let other = play(Shift { seed: 2, ..Shift::default() });
    assert_ne!(first.hash, other.hash);
}

#[test]
fn crowds_and_few_agents_break_nothing() {
    for (agents, every_ms) in [(1, 5_000), (3, 500), (12, 20_000), (40, 2_000)] {
        for seed in 10..14 {
            play(Shift { callers: 600, agents, every_ms, seed, restarts: 5, ..Shift::default() });
        }
    }
}

#[test]
fn erlang_c_and_the_simulation_agree_where_its_assumptions_hold() {
    for (agents, seed) in [(8, 1), (20, 2)] {
        let shift = Shift::plain(200_000, agents, seed);
        let (report, load) = (play(shift), shift.load());
        assert_eq!(report.answered, u64::from(shift.callers));
        for (seen, said) in [
            (report.waited_share, load.waits(agents)),
            (report.in_time_share, load.answered_within(agents, 15.0)),
            (report.speed_of_answer_s, load.speed_of_answer_s(agents)),
        ] {
            assert!((seen - said).abs() <= 0.1 * said, "{agents} agents: {seen} and {said}");
        }
    }
}
