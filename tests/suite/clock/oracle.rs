//! The clock against a count that is slow and plain, over all packs and the years 2024 to 2026, and what must hold for any.

use huiyin::sim::year::{WorkDays, count};
use proptest::prelude::*;

use super::*;

/// A deadline by walking; see [`count`].
fn slow(
    pack: &Pack,
    spans: &[Span],
    start: Wall,
    calendar: &Calendar,
    pauses: &[Pause],
) -> Option<Wall> {
    let days = WorkDays::new(calendar, 2023, 2036).unwrap();
    count(pack, spans, start, &days, pauses)
}

/// A pack that ships, one of its limits, a moment of 2024 to 2026 to the minute, often about midnight.
fn cases() -> impl Strategy<Value = (Pack, Limit, Wall)> {
    let minute =
        prop_oneof![3 => 0_i64..1440, 1 => Just(0_i64), 1 => Just(1439_i64), 1 => Just(1080_i64)];
    let ends = prop_oneof![2 => Just(1440_u32), 1 => Just(1080_u32)];
    (
        any::<prop::sample::Index>(),
        any::<prop::sample::Index>(),
        0_i64..1000,
        minute,
        ends,
        any::<bool>(),
    )
        .prop_map(|(pack, limit, day, minute, ends, moves)| {
            let mut pack = stretchable(pack.get(&all()).clone());
            (pack.day_ends, pack.off_day_moves) = (ends, moves);
            let limit = limit.get(&pack.limits).clone();
            (pack, limit, at("2024-01-01").plus_ms((day * 1440 + minute) * 60_000))
        })
}

/// Pauses about the beginning of a run, by minutes from it; the last may last.
fn pauses() -> impl Strategy<Value = (Vec<(i64, i64)>, Option<i64>)> {
    let near = prop_oneof![1 => -2000_i64..300, 2 => 0_i64..20_000, 1 => 0_i64..100_000];
    let length = prop_oneof![1 => 0_i64..200, 2 => 0_i64..6000];
    (prop::collection::vec((near.clone(), length), 0..4), prop::option::weighted(0.2, near))
}

fn laid(start: Wall, (closed, open): &(Vec<(i64, i64)>, Option<i64>)) -> Vec<Pause> {
    let wall = |minutes: i64| start.plus_ms(minutes * 60_000);
    let kind = || "wait".to_owned();
    let mut pauses: Vec<Pause> = closed
        .iter()
        .map(|(from, length)| Pause {
            kind: kind(),
            from: wall(*from),
            to: Some(wall(from + length)),
        })
        .collect();
    pauses.extend(open.map(|from| Pause { kind: kind(), from: wall(from), to: None }));
    pauses
}

fn due(pack: &Pack, limit: &Limit, start: Wall, calendar: &Calendar, pauses: &[Pause]) -> Deadline {
    deadline(pack, limit, start, calendar, pauses, &[]).unwrap()
}

proptest! {
    #[test]
    fn every_deadline_is_where_the_slow_count_comes_to(
        (pack, limit, start) in cases(),
        pauses in pauses(),
        days in prop::option::of(1_u32..=30),
    ) {
        let (calendar, pauses) = (published(), laid(start, &pauses));
        let extension = days.map(|amount| Extension {
            by: Span { amount, unit: Unit::Day },
            asked: start.plus_ms(-1),
            told: Some(start),
        });
        let spans: Vec<Span> = std::iter::once(limit.within).chain(extension.map(|extension| extension.by)).collect();
        let extensions: Vec<Extension> = extension.into_iter().collect();
        let counted = deadline(&pack, &limit, start, &calendar, &pauses, &extensions).unwrap();
        prop_assert_eq!(counted.at, slow(&pack, &spans, start, &calendar, &pauses), "{:?}", counted.steps);
        prop_assert_eq!(counted.last_day.map(|day| day.start().plus_ms(i64::from(pack.day_ends) * 60_000)).or(counted.at), counted.at);
    }

    #[test]
    fn no_working_day_limit_ends_on_a_day_that_is_skipped((pack, limit, start) in cases(), pauses in pauses()) {
        let calendar = published();
        let counted = due(&pack, &limit, start, &calendar, &laid(start, &pauses));
        if let Some(day) = counted.last_day {
            let must_work = limit.within.unit == Unit::WorkingDay || (limit.within.unit == Unit::Day && pack.off_day_moves);
            prop_assert!(!must_work || calendar.is_working(day), "{day}");
        }
        for step in &counted.steps {
            if let (Step::Skips { from, to, .. }, Some(last)) = (step, counted.last_day) {
                prop_assert!(last < *from || last > *to);
            }
        }
    }

    #[test]
    fn who_starts_later_is_never_due_earlier((pack, limit, start) in cases(), later in 0_i64..30_000, pauses in pauses()) {
        let (calendar, pauses) = (published(), laid(start, &pauses));
        let first = due(&pack, &limit, start, &calendar, &pauses);
        let second = due(&pack, &limit, start.plus_ms(later * 60_000), &calendar, &pauses);
        if let (Some(first), Some(second)) = (first.at, second.at) {
            prop_assert!(first <= second);
        }
        prop_assert!(first.at.is_none_or(|at| at > start || limit.within.unit == Unit::SameDay));
    }

    #[test]
    fn a_pause_shifts_a_limit_in_hours_by_its_own_length((pack, limit, start) in cases(), from in 0_i64..120, length in 0_i64..5000) {
        let calendar = published();
        let free = due(&pack, &limit, start, &calendar, &[]);
        let paused = due(&pack, &limit, start, &calendar, &laid(start, &(vec![(from, length)], None)));
        let (Some(free), Some(paused)) = (free.at, paused.at) else { panic!("no deadline") };
        if !limit.within.unit.is_daily() {
            let shift = if start.plus_ms(from * 60_000) < free { length } else { 0 };
            prop_assert_eq!(paused.unix_ms - free.unix_ms, shift * 60_000);
        }
        prop_assert!(paused >= free);
    }

    #[test]
    fn the_lights_come_in_their_order((pack, limit, start) in cases(), moments in prop::collection::vec(-100_i64..200_000, 2..20)) {
        let counted = due(&pack, &limit, start, &published(), &[]);
        let mut moments: Vec<Wall> = moments.iter().map(|minutes| start.plus_ms(minutes * 60_000)).collect();
        moments.extend(counted.yellow);
        moments.extend(counted.at);
        moments.sort();
        let lights: Vec<Light> = moments.iter().map(|now| counted.light(*now)).collect();
        prop_assert!(lights.is_sorted(), "{lights:?}");
        prop_assert!(counted.yellow.is_none_or(|yellow| yellow >= start && counted.at.is_some_and(|at| yellow < at)));
        for now in moments {
            let (light, next) = (counted.light(now), counted.next_change(now));
            prop_assert_eq!(next.is_none(), light == Light::Red);
            prop_assert!(next.is_none_or(|next| counted.light(next) > light && counted.light(next.plus_ms(-1)) == light));
        }
    }

    #[test]
    fn a_year_without_an_arrangement_says_so((pack, limit, start) in cases()) {
        let known = due(&pack, &limit, start, &published(), &[]);
        let unknown = due(&pack, &limit, start, &Calendar::default(), &[]);
        prop_assert!(known.doubts.iter().all(|doubt| doubt.year() >= 2027));
        // Nothing hangs on the calendar where the day is the same or time runs around the clock.
        let asks = limit.within.unit == Unit::WorkingDay || (limit.within.unit == Unit::Day && pack.off_day_moves);
        prop_assert_eq!(unknown.is_provisional(), asks);
        prop_assert!(asks || known.at == unknown.at);
    }
}
