//! Tickets, callbacks and calls written as rows, as they stand after a long life.

use huiyin::store::Store;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Row as _, SqlitePool};

/// A ticket's row; what is not said is a complaint that its unit works on.
#[derive(Clone, Debug)]
pub struct Row {
    pub id: i64,
    pub state: String,
    pub unit: Option<String>,
    pub place: Option<String>,
    pub category: Option<String>,
    pub duty: Option<String>,
    pub due_at: Option<i64>,
    pub yellow_at: Option<i64>,
    pub supervised: bool,
    pub secret: bool,
    pub agent: Option<i64>,
    pub result: Option<String>,
    pub opened_at: i64,
    /// Slot, value, code.
    pub fields: Vec<(&'static str, &'static str, Option<&'static str>)>,
}

impl Row {
    pub fn new(id: i64) -> Row {
        Row {
            id,
            state: "working".into(),
            unit: Some("police-330702".into()),
            place: Some("330702103".into()),
            category: Some("0101".into()),
            duty: Some("close".into()),
            // 2100.
            due_at: Some(4_102_444_800_000),
            yellow_at: None,
            supervised: false,
            secret: false,
            agent: None,
            result: None,
            opened_at: 0,
            fields: Vec::new(),
        }
    }
}

/// A callback that is over, with its answers: question and value.
#[derive(Clone, Debug)]
pub struct Survey {
    pub id: i64,
    pub ticket: i64,
    pub outcome: &'static str,
    pub at: i64,
    pub answers: Vec<(&'static str, &'static str, Option<&'static str>)>,
}

pub struct Seeded {
    pub store: Store,
    pub rows: SqlitePool,
    _folder: tempfile::TempDir,
}

pub async fn seeded() -> Seeded {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("huiyin.db");
    let store = Store::open(&path).await.unwrap();
    Seeded { store, rows: rows(&path).await, _folder: folder }
}

/// A way around the store into its file.
pub async fn rows(path: &std::path::Path) -> SqlitePool {
    let pool = SqlitePool::connect_with(SqliteConnectOptions::new().filename(path)).await.unwrap();
    sqlx::query(
        "INSERT INTO calls (id, direction, state, outcome, started_at) VALUES (900, 'inbound', 'ended', 'registered', 0)",
    )
    .execute(&pool)
    .await
    .unwrap();
    pool
}

impl Seeded {
    pub async fn add(&self, rows: &[Row]) {
        add(&self.rows, rows).await;
    }

    pub async fn survey(&self, survey: &Survey) {
        add_survey(&self.rows, survey).await;
    }

    /// The lines of EXPLAIN QUERY PLAN.
    pub async fn plan(&self, sql: &str) -> Vec<String> {
        let sql = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"));
        let lines = sqlx::query(sql).fetch_all(&self.rows).await.unwrap();
        lines.iter().map(|line| line.get::<String, _>("detail")).collect()
    }
}

pub async fn add(pool: &SqlitePool, rows: &[Row]) {
    let mut work = pool.begin().await.unwrap();
    for row in rows {
        sqlx::query(
            "INSERT INTO tickets (id, call_id, state, unit, place, category, duty, due_at, yellow_at,
             supervised, secret, agent, result, opened_at, changed_at)
             VALUES ($1, 900, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13)",
        )
        .bind(row.id)
        .bind(&row.state)
        .bind(&row.unit)
        .bind(&row.place)
        .bind(&row.category)
        .bind(&row.duty)
        .bind(row.due_at)
        .bind(row.yellow_at)
        .bind(i64::from(row.supervised))
        .bind(i64::from(row.secret))
        .bind(row.agent)
        .bind(&row.result)
        .bind(row.opened_at)
        .execute(&mut *work)
        .await
        .unwrap();
        for (slot, value, code) in &row.fields {
            sqlx::query(
                "INSERT INTO ticket_fields (ticket_id, slot, value, code, source) VALUES ($1, $2, $3, $4, 'spoken')",
            )
            .bind(row.id)
            .bind(slot)
            .bind(value)
            .bind(code)
            .execute(&mut *work)
            .await
            .unwrap();
        }
    }
    work.commit().await.unwrap();
}

pub async fn add_survey(pool: &SqlitePool, survey: &Survey) {
    sqlx::query(
        "INSERT INTO surveys (id, ticket_id, state, outcome, attempt, due_at, changed_at)
         VALUES ($1, $2, 'ended', $3, 1, $4, $4)",
    )
    .bind(survey.id)
    .bind(survey.ticket)
    .bind(survey.outcome)
    .bind(survey.at)
    .execute(pool)
    .await
    .unwrap();
    for (n, (question, value, words)) in (1i64..).zip(&survey.answers) {
        sqlx::query(
            "INSERT INTO survey_answers (survey_id, seq, call_id, question, value, words, start_ms, end_ms, confirmed, at)
             VALUES ($1, $2, 900, $3, $4, $5, 700, 1300, 0, $6)",
        )
        .bind(survey.id)
        .bind(n)
        .bind(question)
        .bind(value)
        .bind(words)
        .bind(survey.at)
        .execute(pool)
        .await
        .unwrap();
    }
}
