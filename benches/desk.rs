//! `cargo bench --bench desk [-- TICKETS [OPEN]]`: how fast supervisors' pages read a store with a million tickets.
//!
//! The tickets are made from a seed: 10,000 a day over four levels of units, OPEN of them (69,000 where not said: a mean of 6.9 days
//! at 10,000 a day) with a limit that runs, one in twenty of these passed; the rest archived after a callback that two in three
//! citizens answered. They lie in SQLite on disk, in the folder for temporary files (`TMPDIR` says which). Prints medians and the
//! slowest of 50 readings in milliseconds, over the same connections that the console reads with, and how SQLite finds the rows
//! (EXPLAIN QUERY PLAN).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;
use std::time::{Duration, Instant};

use huiyin::insight::By;
use huiyin::kernel::{Civil, Rng, Wall};
use huiyin::store::{
    Counted, Key, LIGHTS_SQL, Lamp, Marks, NEXT_DUE_SQL, Show, Store, Wanted, unit_sql,
};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{QueryBuilder, Row as _, Sqlite, SqlitePool};

const TICKETS: i64 = 1_000_000;
const OPEN: i64 = 69_000;
const A_DAY: i64 = 10_000;
const UNITS: u64 = 320;
const READINGS: usize = 50;
/// Rows of one INSERT.
const BATCH: usize = 500;
const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

fn now() -> Wall {
    Civil { year: 2026, month: 11, day: 18, hour: 10, minute: 0, second: 0 }.wall()
}

fn marks() -> Marks {
    let midnight = |day| Civil { year: 2026, month: 11, day, hour: 0, minute: 0, second: 0 }.wall();
    Marks { now: now(), today: midnight(19), week: midnight(23) }
}

fn main() {
    let mut figures = std::env::args().filter_map(|argument| argument.parse::<i64>().ok());
    let tickets = figures.next().unwrap_or(TICKETS);
    let open = figures.next().unwrap_or(OPEN.min(tickets));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("huiyin.db");
        let store = Store::open(&path).await.unwrap();
        let began = Instant::now();
        let pool = fill(&path, tickets, open).await;
        println!(
            "{tickets} tickets, {open} of them with a running limit, {UNITS} units: written in {:.0} s, {} MB",
            began.elapsed().as_secs_f64(),
            std::fs::metadata(&path).unwrap().len() / 1_000_000
        );
        read(&store).await;
        plans(&pool).await;
    });
}

/// Of one unit, whose tickets are twice as many as another's.
const BUSY: &str = "unit-000";

async fn read(store: &Store) {
    let due = |lamp| Show::Due { lamp, duty: "", state: "" };
    let list = async |show, after| {
        store.unit_tickets(Some(BUSY), show, marks(), after, 50).await.unwrap().len()
    };
    measure("lights board", async || store.lights(marks()).await.unwrap().len()).await;
    measure("a unit's list, first page", async || list(due(Lamp::Any), Key::FIRST).await).await;
    let first = store.unit_tickets(Some(BUSY), due(Lamp::Any), marks(), Key::FIRST, 200).await;
    let last = first.unwrap().last().map(|row| Key { due_at: row.due_at.unwrap(), id: row.id });
    let middle = last.unwrap_or(Key::FIRST);
    measure("a unit's list, after 200 rows", async || list(due(Lamp::Any), middle).await).await;
    measure("a unit's red ones", async || list(due(Lamp::Red), Key::FIRST).await).await;
    measure("a unit's archived ones", async || list(Show::State("archived"), Key::FIRST).await)
        .await;
    measure("next due ticket", async || {
        usize::from(store.next_due(now()).await.unwrap().is_some())
    })
    .await;
    measure("proposed for supervision", async || {
        store.unsupervised(now(), Key::FIRST, 50).await.unwrap().len()
    })
    .await;
    let counted = |by, days: i64| Counted {
        by,
        from: now().plus_ms(-days * DAY),
        until: now(),
        now: now(),
        unit: "",
        region: "",
        category: "",
    };
    measure("rates by unit, 1 day", async || {
        store.counts(counted(By::Unit, 1)).await.unwrap().len()
    })
    .await;
    measure("rates by unit, 30 days", async || {
        store.counts(counted(By::Unit, 30)).await.unwrap().len()
    })
    .await;
    let wanted = Wanted {
        from: now().plus_ms(-90 * DAY),
        until: now(),
        unit: String::new(),
        region: String::new(),
        category: String::new(),
    };
    measure("1,000 service requests", async || {
        store.public_tickets(&wanted, None, 1000).await.unwrap().len()
    })
    .await;
}

async fn measure(name: &str, reading: impl AsyncFn() -> usize) {
    let rows = reading().await;
    let mut times: Vec<Duration> = Vec::new();
    let budget = Instant::now();
    while times.len() < READINGS && (times.len() < 5 || budget.elapsed() < Duration::from_secs(30))
    {
        let began = Instant::now();
        std::hint::black_box(reading().await);
        times.push(began.elapsed());
    }
    times.sort();
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    println!(
        "{name}: {:.2} ms median, {:.2} slowest of {}; {rows} rows",
        ms(times[times.len() / 2]),
        ms(times[times.len() - 1]),
        times.len()
    );
}

async fn plans(pool: &SqlitePool) {
    let list = |show| unit_sql(Some(BUSY), show, marks(), Key::FIRST, 50).sql().as_str().to_owned();
    for (name, sql) in [
        ("lights board", LIGHTS_SQL.to_owned()),
        ("a unit's list", list(Show::Due { lamp: Lamp::Any, duty: "", state: "" })),
        ("a unit's archived ones", list(Show::State("archived"))),
        ("next due ticket", NEXT_DUE_SQL.to_owned()),
    ] {
        let sql = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"));
        for line in sqlx::query(sql).fetch_all(pool).await.unwrap() {
            println!("plan of {name}: {}", line.get::<String, _>("detail"));
        }
    }
}

/// One made ticket.
struct Made {
    id: i64,
    open: bool,
    unit: String,
    place: String,
    category: String,
    opened_at: i64,
    due_at: Option<i64>,
    yellow_at: Option<i64>,
    duty: Option<&'static str>,
    supervised: i64,
    agent: Option<i64>,
    /// Answered the callback, and satisfied.
    reached: bool,
    satisfied: bool,
}

fn make(id: i64, tickets: i64, open: i64, rng: &mut Rng) -> Made {
    let opened_at = now().unix_ms - (tickets - id) * DAY / A_DAY;
    // The open ones are the newest, and some that nobody has dealt with.
    let open = id > tickets - open;
    let late = rng.below(20) == 0;
    let hours = if late { -(rng.below(400) as i64) } else { 1 + rng.below(30 * 24) as i64 };
    // Limits in days end at midnight: many at one moment.
    let due = (now().unix_ms + hours * HOUR) / DAY * DAY + 16 * HOUR;
    let held = rng.below(40) == 0;
    let unit = rng.below(UNITS + 1) % UNITS;
    Made {
        id,
        open,
        unit: format!("unit-{unit:03}"),
        place: format!("3307{:02}{:03}", rng.below(9) + 1, rng.below(20)),
        category: format!("{:02}{:02}", rng.below(20) + 1, rng.below(12) + 1),
        opened_at,
        due_at: (open && !held).then_some(due),
        yellow_at: (open && !held).then_some(due - 2 * DAY),
        duty: open.then(|| ["sign", "answer", "close", "callback"][rng.below(4) as usize]),
        supervised: i64::from(open && rng.below(50) == 0),
        agent: (rng.below(3) == 0).then(|| rng.below(60) as i64),
        reached: rng.below(3) > 0,
        satisfied: rng.below(100) < 94,
    }
}

async fn fill(path: &Path, tickets: i64, open: i64) -> SqlitePool {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Off);
    let pool = SqlitePool::connect_with(options).await.unwrap();
    sqlx::query("INSERT INTO calls (id, direction, state, outcome, started_at) VALUES (1, 'inbound', 'ended', 'registered', 0)")
        .execute(&pool)
        .await
        .unwrap();
    let mut rng = Rng::new(5);
    let ids: Vec<i64> = (1..=tickets).collect();
    for ids in ids.chunks(BATCH * 40) {
        let mut work = pool.begin().await.unwrap();
        for ids in ids.chunks(BATCH) {
            let made: Vec<Made> = ids.iter().map(|id| make(*id, tickets, open, &mut rng)).collect();
            for mut query in [ticket_rows(&made), field_rows(&made)] {
                query.build().execute(&mut *work).await.unwrap();
            }
            let done: Vec<&Made> = made.iter().filter(|one| !one.open).collect();
            if done.is_empty() {
                continue;
            }
            for mut query in [answer_rows(&done), survey_rows(&done)] {
                query.build().execute(&mut *work).await.unwrap();
            }
            let reached: Vec<&Made> = done.into_iter().filter(|one| one.reached).collect();
            if !reached.is_empty() {
                grade_rows(&reached).build().execute(&mut *work).await.unwrap();
            }
        }
        work.commit().await.unwrap();
    }
    // So that readings find the rows in the file and not in a log of their writing.
    sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&pool).await.unwrap();
    pool
}

fn ticket_rows(made: &[Made]) -> QueryBuilder<Sqlite> {
    let mut sql = QueryBuilder::new(
        "INSERT INTO tickets (id, call_id, state, unit, place, category, duty, due_at, yellow_at,
         supervised, agent, opened_at, changed_at) ",
    );
    sql.push_values(made, |mut row, one| {
        row.push_bind(one.id).push_bind(1);
        row.push_bind(if one.open { "working" } else { "archived" });
        row.push_bind(one.unit.clone())
            .push_bind(one.place.clone())
            .push_bind(one.category.clone());
        row.push_bind(one.duty).push_bind(one.due_at).push_bind(one.yellow_at);
        row.push_bind(one.supervised).push_bind(one.agent);
        row.push_bind(one.opened_at).push_bind(one.opened_at + DAY);
    });
    sql
}

fn field_rows(made: &[Made]) -> QueryBuilder<Sqlite> {
    let mut sql =
        QueryBuilder::new("INSERT INTO ticket_fields (ticket_id, slot, value, code, source) ");
    let fields = made.iter().flat_map(|one| {
        [
            (one.id, "place", "金华市婺城区白龙桥镇临江路工地", Some(one.place.clone())),
            (one.id, "narrative", "工地半夜打桩，吵得睡不着，反映过几次都没有人管", None),
        ]
    });
    sql.push_values(fields, |mut row, (id, slot, value, code)| {
        row.push_bind(id).push_bind(slot).push_bind(value).push_bind(code).push_bind("spoken");
    });
    sql
}

fn answer_rows(done: &[&Made]) -> QueryBuilder<Sqlite> {
    let mut sql =
        QueryBuilder::new("INSERT INTO ticket_answers (ticket_id, seq, unit, due_at, at) ");
    sql.push_values(done, |mut row, one| {
        row.push_bind(one.id).push_bind(1).push_bind(one.unit.clone());
        row.push_bind(one.opened_at + 5 * DAY).push_bind(one.opened_at + 3 * DAY);
    });
    sql
}

fn survey_rows(done: &[&Made]) -> QueryBuilder<Sqlite> {
    let mut sql = QueryBuilder::new(
        "INSERT INTO surveys (id, ticket_id, state, outcome, attempt, due_at, changed_at) ",
    );
    sql.push_values(done, |mut row, one| {
        row.push_bind(one.id).push_bind(one.id).push_bind("ended");
        row.push_bind(if one.reached { "complete" } else { "attempts_used" }).push_bind(1);
        row.push_bind(one.opened_at + 4 * DAY).push_bind(one.opened_at + 4 * DAY);
    });
    sql
}

fn grade_rows(reached: &[&Made]) -> QueryBuilder<Sqlite> {
    let mut sql = QueryBuilder::new(
        "INSERT INTO survey_answers (survey_id, seq, call_id, question, value, start_ms, end_ms, confirmed, at) ",
    );
    let answers = reached.iter().flat_map(|one| {
        let grade = if one.satisfied { "satisfied" } else { "dissatisfied" };
        [(one, 1, "solved", "yes"), (one, 2, "satisfied", grade)]
    });
    sql.push_values(answers, |mut row, (one, seq, question, value)| {
        row.push_bind(one.id).push_bind(seq).push_bind(1).push_bind(question).push_bind(value);
        row.push_bind(700).push_bind(1300).push_bind(0).push_bind(one.opened_at + 4 * DAY);
    });
    sql
}
