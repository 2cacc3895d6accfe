//! What supervisors see: lights, lists, rates, tables and service requests, over a store with tickets of several units.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "board/documents.rs"]
mod documents;
#[path = "board/figures.rs"]
mod figures;
#[path = "board/pages.rs"]
mod pages;
#[path = "board/seed.rs"]
mod seed;

use huiyin::kernel::{Civil, Rng, Wall};
use huiyin::store::{BoardRow, Key, Lamp, LightsRow, Marks, Show};
use seed::{Row, Seeded, seeded};

const HOUR: i64 = 3_600_000;

/// Wednesday 2026-11-18, 10:00: 14 hours to the midnight of the day, 110 to that of the week.
fn marks() -> Marks {
    let at = |day, hour| Civil { year: 2026, month: 11, day, hour, minute: 0, second: 0 }.wall();
    Marks { now: at(18, 10), today: at(19, 0), week: at(23, 0) }
}

/// The same of any moment.
fn marks_of(now: Wall) -> Marks {
    let today = now.civil().day();
    let midnight = |days| today.plus(days).unwrap().start();
    Marks { now, today: midnight(1), week: midnight(8 - i64::from(today.weekday())) }
}

/// Due moment and the moment of the yellow light, in milliseconds from now; the lights that it counts under.
const MOMENTS: [(Option<i64>, Option<i64>, &[&str]); 11] = [
    (Some(-1), None, &["red"]),
    // The moment of a deadline is the first that is too late.
    (Some(0), Some(-HOUR), &["red"]),
    (Some(1), Some(0), &["yellow", "today", "week"]),
    (Some(1), Some(1), &["green", "today", "week"]),
    (Some(1), None, &["green", "today", "week"]),
    // 14 hours are left of the day: what passes at its midnight must be met today.
    (Some(14 * HOUR), Some(-1), &["yellow", "today", "week"]),
    (Some(14 * HOUR + 1), Some(HOUR), &["green", "week"]),
    (Some((14 + 96) * HOUR), Some(HOUR), &["green", "week"]),
    (Some((14 + 96) * HOUR + 1), Some(HOUR), &["green"]),
    (None, None, &["held"]),
    (Some(-400 * 24 * HOUR), Some(-500 * 24 * HOUR), &["red"]),
];

fn counts(row: &LightsRow) -> [(&'static str, i64); 6] {
    [
        ("red", row.red),
        ("yellow", row.yellow),
        ("green", row.green()),
        ("held", row.held),
        ("today", row.today),
        ("week", row.week),
    ]
}

#[tokio::test]
async fn every_limit_counts_under_its_lights() {
    let seeded = seeded().await;
    let now = marks().now.unix_ms;
    for (n, (due, yellow, wanted)) in MOMENTS.into_iter().enumerate() {
        let unit = format!("unit-{n}");
        let row = Row {
            unit: Some(unit.clone()),
            due_at: due.map(|ms| now + ms),
            yellow_at: yellow.map(|ms| now + ms),
            ..Row::new(n as i64 + 1)
        };
        seeded.add(&[row]).await;
        let lights = seeded.store.lights(marks()).await.unwrap();
        let own = lights.iter().find(|row| row.unit.as_ref() == Some(&unit)).unwrap();
        for (key, count) in counts(own) {
            assert_eq!(count, i64::from(wanted.contains(&key)), "{key} of {due:?} {yellow:?}");
        }
        assert_eq!((own.open, own.unsupervised), (1, i64::from(wanted.contains(&"red"))));
        let lamps = [
            (Lamp::Any, due.is_some()),
            (Lamp::Red, wanted.contains(&"red")),
            (Lamp::Yellow, wanted.contains(&"yellow")),
            (Lamp::Green, wanted.contains(&"green")),
            (Lamp::Today, wanted.contains(&"today")),
            (Lamp::Week, wanted.contains(&"week")),
        ];
        for (lamp, listed) in lamps {
            let show = Show::Due { lamp, duty: "", state: "" };
            assert_eq!(
                seeded.list(Some(&unit), show).await.len(),
                usize::from(listed),
                "{lamp:?} {n}"
            );
        }
        assert_eq!(seeded.list(Some(&unit), Show::Held).await.len(), usize::from(due.is_none()));
    }
}

/// Tickets from a seed, in few units and at few moments, so that many are alike.
fn crowd(seed: u64, rows: usize) -> Vec<Row> {
    let mut rng = Rng::new(seed);
    let states = ["registered", "dispatched", "working", "closed", "archived"];
    let now = marks().now.unix_ms;
    (1..=rows as i64)
        .map(|id| {
            let state = states[rng.below(states.len() as u64) as usize];
            let open = !matches!(state, "closed" | "archived");
            let due = open && rng.below(10) > 0;
            Row {
                state: state.into(),
                unit: (rng.below(8) > 0).then(|| format!("unit-{}", rng.below(3))),
                duty: open.then(|| ["sign", "close"][rng.below(2) as usize].to_owned()),
                due_at: due.then(|| now + (rng.below(9) as i64 - 4) * 12 * HOUR),
                yellow_at: due.then(|| now + (rng.below(9) as i64 - 6) * 12 * HOUR),
                supervised: rng.below(4) == 0,
                opened_at: now - rng.below(30) as i64 * 24 * HOUR,
                ..Row::new(id)
            }
        })
        .collect()
}

#[tokio::test]
async fn lists_go_on_by_key_without_leaving_out_or_repeating_a_row() {
    let seeded = seeded().await;
    let rows = crowd(7, 400);
    seeded.add(&rows).await;
    for unit in [None, Some("unit-0"), Some("unit-2"), Some("nobody")] {
        for (duty, state) in [("", ""), ("sign", ""), ("", "working"), ("close", "dispatched")] {
            let fits = |row: &&Row| {
                row.unit.as_deref() == unit
                    && row.due_at.is_some()
                    && (duty.is_empty() || row.duty.as_deref() == Some(duty))
                    && (state.is_empty() || row.state == state)
            };
            let mut wanted: Vec<(i64, i64)> =
                rows.iter().filter(fits).map(|row| (row.due_at.unwrap(), row.id)).collect();
            wanted.sort();
            let show = Show::Due { lamp: Lamp::Any, duty, state };
            let found = seeded.list(unit, show).await;
            let found: Vec<_> = found.iter().map(|row| (row.due_at.unwrap(), row.id)).collect();
            assert_eq!(found, wanted, "{unit:?} {duty} {state}");
        }
        let archived = seeded.list(unit, Show::State("archived")).await;
        let mut wanted: Vec<i64> = rows
            .iter()
            .filter(|row| row.unit.as_deref() == unit && row.state == "archived")
            .map(|row| row.id)
            .collect();
        wanted.reverse();
        assert_eq!(archived.iter().map(|row| row.id).collect::<Vec<_>>(), wanted, "{unit:?}");
    }
}

#[tokio::test]
async fn lights_of_a_crowd_are_those_that_are_counted_one_by_one() {
    let seeded = seeded().await;
    let rows = crowd(11, 500);
    seeded.add(&rows).await;
    let lights = seeded.store.lights(marks()).await.unwrap();
    let now = marks().now.unix_ms;
    for row in &lights {
        let own: Vec<&Row> = rows
            .iter()
            .filter(|r| r.unit == row.unit && r.duty.as_ref() == Some(&row.duty))
            .collect();
        let red = |r: &&&Row| r.due_at.is_some_and(|due| due <= now);
        assert_eq!(row.open, own.len() as i64);
        assert_eq!(row.red, own.iter().filter(red).count() as i64);
        assert_eq!(row.held, own.iter().filter(|r| r.due_at.is_none()).count() as i64);
        assert_eq!(
            row.unsupervised,
            own.iter().filter(red).filter(|r| !r.supervised).count() as i64
        );
        assert_eq!(row.red + row.yellow + row.green() + row.held, row.open);
        assert!(row.today <= row.week && row.week <= row.open - row.red - row.held);
    }
    let with_duty = rows.iter().filter(|row| row.duty.is_some()).count() as i64;
    assert_eq!(lights.iter().map(|row| row.open).sum::<i64>(), with_duty);
    let proposed =
        seeded.pages(async |after| seeded.store.unsupervised(marks().now, after, 7).await.unwrap());
    let proposed: Vec<BoardRow> = proposed.await;
    let wanted: i64 = lights.iter().map(|row| row.unsupervised).sum();
    assert_eq!(proposed.len() as i64, wanted);
    assert!(proposed.iter().all(|row| !row.supervised && row.due_at.unwrap() <= now));
    assert!(proposed.is_sorted_by_key(|row| (row.due_at, row.id)));
    let supervised =
        seeded.pages(async |after| seeded.store.supervised(after, 7).await.unwrap()).await;
    let wanted = rows.iter().filter(|row| row.supervised && row.due_at.is_some()).count();
    assert_eq!(supervised.len(), wanted);
    let next =
        rows.iter().filter_map(|row| Some((row.due_at.filter(|due| *due > now)?, row.id))).min();
    let found = seeded.store.next_due(marks().now).await.unwrap();
    assert_eq!(found.map(|(id, due)| (due.unix_ms, id.0 as i64)), next);
    assert_eq!(seeded.store.next_due(Wall::from_ms(i64::MAX)).await.unwrap(), None);
}

#[tokio::test]
async fn what_is_sealed_comes_without_its_words() {
    let seeded = seeded().await;
    let rows = [
        Row { fields: vec![("matter_type", "投诉", Some("complaint"))], ..Row::new(1) },
        Row { secret: true, ..Row::new(2) },
        Row { fields: vec![("matter_type", "举报", Some("report"))], ..Row::new(3) },
    ];
    for mut row in rows {
        row.fields.push(("narrative", "张三收红包", None));
        row.fields.push(("number", "13800138000", None));
        seeded.add(&[row]).await;
    }
    let show = Show::Due { lamp: Lamp::Any, duty: "", state: "" };
    for row in seeded.list(Some("police-330702"), show).await {
        let open = row.id == 1;
        assert_eq!(row.is_sealed(), !open);
        assert_eq!(row.field("narrative").is_some(), open, "{}", row.id);
        assert_eq!(row.field("number").is_some(), open, "{}", row.id);
    }
}

/// SQLite answers each of these from an index alone or by its order: nothing is sorted, no table is read through.
#[tokio::test]
async fn the_database_reads_no_table_through() {
    use huiyin::store::{LIGHTS_SQL, NEXT_DUE_SQL, unit_sql};
    let seeded = seeded().await;
    let list = |show| unit_sql(Some("unit-0"), show, marks(), Key::FIRST, 50).sql().as_str().to_owned();
    let due = |lamp| Show::Due { lamp, duty: "", state: "" };
    for (name, sql) in [
        ("lights", LIGHTS_SQL.to_owned()),
        ("next due", NEXT_DUE_SQL.to_owned()),
        ("list", list(due(Lamp::Any))),
        ("red", list(due(Lamp::Red))),
        ("archived", list(Show::State("archived"))),
    ] {
        let plan = seeded.plan(&sql).await;
        assert!(plan.iter().any(|line| line.contains("INDEX")), "{name}: {plan:?}");
        assert!(!plan.iter().any(|line| line.contains("TEMP B-TREE")), "{name}: {plan:?}");
        let covering = plan.iter().any(|line| line.contains("COVERING INDEX"));
        assert_eq!(covering, matches!(name, "lights" | "next due"), "{name}: {plan:?}");
    }
}

impl Seeded {
    /// All pages of a list, seven rows each.
    async fn pages(&self, page: impl AsyncFn(Key) -> Vec<BoardRow>) -> Vec<BoardRow> {
        let mut rows: Vec<BoardRow> = Vec::new();
        let mut after = Key::FIRST;
        loop {
            let more = page(after).await;
            let Some(last) = more.last() else { return rows };
            after = Key { due_at: last.due_at.unwrap_or(0), id: last.id };
            rows.extend(more);
            assert!(rows.len() < 10_000, "the list has no end");
        }
    }

    async fn list(&self, unit: Option<&str>, show: Show<'_>) -> Vec<BoardRow> {
        let page =
            async |after| self.store.unit_tickets(unit, show, marks(), after, 7).await.unwrap();
        self.pages(page).await
    }
}
