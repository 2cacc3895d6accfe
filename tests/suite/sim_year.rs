//! A year of tickets in the simulation: on every pack and level, with stops, and the same twice.

use huiyin::kernel::{Calendar, Day};
use huiyin::sim::year::{WorkDays, YearReport, YearScenario, run};

fn calendar() -> Calendar {
    let text = include_str!("../../rules/calendars/2026.toml");
    Calendar::read("2026.toml", text).unwrap()
}

fn played(seed: u64) -> YearReport {
    let scenario = YearScenario { tickets: 1_500, seed, stops: 12, ..YearScenario::default() };
    run(&scenario, &calendar()).unwrap()
}

#[test]
fn a_year_of_tickets_holds() {
    let report = played(7);
    assert_eq!(report.violations, Vec::new(), "seed 7");
    assert_eq!((report.tickets, report.stops), (1_500, 12));
    assert_eq!(report.levels.len(), 4, "{:?}", report.levels);
    assert!(report.packs.len() >= 6, "{:?}", report.packs);
    for kind in [
        "objection_upheld",
        "objection_overruled",
        "extension_granted",
        "extension_refused",
        "supervised",
        "supervision_lifted",
        "merged",
        "reopened",
        "disputed",
        "verified",
        "paused",
        "resumed",
        "convened",
        "told",
        "archived",
    ] {
        assert!(report.events.contains_key(kind), "nothing was {kind}: {:?}", report.events);
    }
    assert!(report.refolded > 0 && report.taken > 0 && report.refused > 0, "{report:?}");
    assert!(report.dialled > 0 && report.messages > 0 && report.deadlines > 0, "{report:?}");
}

#[test]
fn the_same_year_comes_out_twice_and_another_seed_is_another_year() {
    let first = played(3);
    assert_eq!(first, played(3));
    assert_ne!(first.hash, played(4).hash);
}

#[test]
fn the_slow_count_asks_the_calendar() {
    use huiyin::desk::clock::{Pack, Span, Unit};
    let pack = Pack::shipped("zhejiang-2017").unwrap().unwrap();
    let spans = [Span { amount: 3, unit: Unit::WorkingDay }];
    let start = Day::new(2026, 9, 30).unwrap().start().plus_ms(10 * 3_600_000);
    let count = |calendar: &Calendar| {
        let days = WorkDays::new(calendar, 2026, 2026).unwrap();
        huiyin::sim::year::count(&pack, &spans, start, &days, &[]).unwrap().civil().day()
    };
    // Without the published arrangement 4 October, a Sunday, and the days by law alone are off.
    assert_ne!(count(&calendar()), count(&Calendar::default()));
}
