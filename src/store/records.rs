//! The chain of survey records: which rows have one, and how a row becomes its canonical text. The text is made from the
//! row as it lies in the table, both when it is written and when it is audited.

use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, Row, SqliteConnection};

use super::{Store, StoreError};
use crate::survey::chain::{Body, Head, Record};

/// A table whose rows are on the chain.
#[derive(Debug)]
pub(super) struct Kind {
    pub key: &'static str,
    pub table: &'static str,
    /// Columns of the primary key, which name the row.
    keys: &'static [&'static str],
    /// Names in the record, and columns or expressions.
    columns: &'static [(&'static str, &'static str)],
    /// The callback that the row belongs to.
    survey: &'static str,
    /// Which rows are those of the callback `$1`; absent where none are.
    of_survey: Option<&'static str>,
}

const OWN: Option<&str> = Some("WHERE survey_id = $1");
const OF_STEPS: Option<&str> =
    Some("WHERE verification_id IN (SELECT id FROM verifications WHERE survey_id = $1)");

macro_rules! kind {
    ($key:literal, $table:literal, [$($id:literal),*], $survey:literal, $of:expr,
     [$($name:literal = $column:literal),* $(,)?]) => {
        Kind {
            key: $key,
            table: $table,
            keys: &[$($id),*],
            survey: $survey,
            of_survey: $of,
            columns: &[$(($name, $column)),*],
        }
    };
}

pub(super) const CAMPAIGN: Kind = kind!(
    "campaign",
    "campaigns",
    ["id"],
    "NULL",
    None,
    [
        "campaign" = "id",
        "name" = "name",
        "stratum" = "stratum",
        "rate" = "rate",
        "seed" = "seed",
        "draw_at" = "draw_at",
        "by" = "actor",
        "at" = "at"
    ]
);
pub(super) const DRAW: Kind = kind!(
    "draw",
    "campaign_draws",
    ["campaign_id"],
    "NULL",
    None,
    [
        "campaign" = "campaign_id",
        "algorithm" = "algorithm",
        "population" = "population",
        "digest" = "digest",
        "chosen" = "chosen",
        "chosen_digest" = "chosen_digest",
        "at" = "at"
    ]
);
pub(super) const ASKED: Kind = kind!(
    "asked",
    "survey_asks",
    ["survey_id"],
    "survey_id",
    OWN,
    ["survey" = "survey_id", "ticket" = "ticket_id", "why" = "why", "by" = "actor", "at" = "at"]
);
pub(super) const DIAL: Kind = kind!(
    "dial",
    "survey_dials",
    ["survey_id", "attempt"],
    "survey_id",
    OWN,
    ["survey" = "survey_id", "attempt" = "attempt", "call" = "call_id", "at" = "at"]
);
pub(super) const ANSWER: Kind = kind!(
    "answer",
    "survey_answers",
    ["survey_id", "seq"],
    "survey_id",
    OWN,
    [
        "survey" = "survey_id",
        "n" = "seq",
        "call" = "call_id",
        "question" = "question",
        "value" = "value",
        "words" = "words",
        "key" = "pressed",
        "utterance" = "utterance",
        "start_ms" = "start_ms",
        "end_ms" = "end_ms",
        // In millionths, so that it is one text on every database.
        "confidence" = "CAST(ROUND(confidence * 1000000) AS BIGINT)",
        "confirmed" = "confirmed",
        "at" = "at"
    ]
);
pub(super) const ATTEMPT: Kind = kind!(
    "attempt",
    "survey_attempts",
    ["survey_id", "attempt"],
    "survey_id",
    OWN,
    ["survey" = "survey_id", "attempt" = "attempt", "outcome" = "outcome", "at" = "at"]
);
pub(super) const END: Kind = kind!(
    "end",
    "survey_ends",
    ["survey_id"],
    "survey_id",
    OWN,
    ["survey" = "survey_id", "ticket" = "ticket_id", "outcome" = "outcome", "at" = "at"]
);
pub(super) const VERIFICATION: Kind = kind!(
    "verification",
    "verifications",
    ["id"],
    "survey_id",
    OWN,
    [
        "verification" = "id",
        "survey" = "survey_id",
        "ticket" = "ticket_id",
        "reason" = "reason",
        "due_at" = "due_at",
        "at" = "opened_at"
    ]
);
pub(super) const STEP: Kind = kind!(
    "step",
    "verification_steps",
    ["verification_id", "seq"],
    "(SELECT v.survey_id FROM verifications v WHERE v.id = verification_id)",
    OF_STEPS,
    [
        "verification" = "verification_id",
        "n" = "seq",
        "step" = "step",
        "unit" = "unit",
        "outcome" = "outcome",
        "result" = "result",
        "by" = "actor",
        "at" = "at"
    ]
);
pub(super) const DO_NOT_CALL: Kind = kind!(
    "do_not_call",
    "do_not_call",
    ["seq"],
    "survey_id",
    OWN,
    [
        "n" = "seq",
        "number" = "number",
        "active" = "active",
        "survey" = "survey_id",
        "why" = "why",
        "by" = "actor",
        "at" = "at"
    ]
);

pub(super) const KINDS: [&Kind; 10] =
    [&CAMPAIGN, &DRAW, &ASKED, &DIAL, &ANSWER, &ATTEMPT, &END, &VERIFICATION, &STEP, &DO_NOT_CALL];

/// A row as its record tells it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Told {
    pub subject: String,
    pub survey: Option<i64>,
    pub body: String,
}

impl Kind {
    fn select(&self, rest: &str) -> String {
        let text = |column: &str| format!("CAST({column} AS TEXT)");
        let columns =
            self.keys.iter().copied().chain(self.columns.iter().map(|(_, column)| *column));
        let columns: Vec<String> = columns.map(text).collect();
        format!(
            "SELECT CAST({} AS BIGINT), {} FROM {} {rest}",
            self.survey,
            columns.join(", "),
            self.table
        )
    }

    fn told(&self, row: &SqliteRow) -> Result<Told, sqlx::Error> {
        let mut subject = Vec::new();
        for n in 0..self.keys.len() {
            subject.push(row.try_get::<Option<String>, _>(1 + n)?.unwrap_or_default());
        }
        let mut body = Body::new();
        for (n, (name, _)) in self.columns.iter().enumerate() {
            let value: Option<String> = row.try_get(1 + self.keys.len() + n)?;
            body = body.maybe(name, value);
        }
        Ok(Told { subject: subject.join("/"), survey: row.try_get(0)?, body: body.text() })
    }

    async fn one(&self, db: &mut SqliteConnection, ids: &[i64]) -> Result<Told, StoreError> {
        let named: Vec<String> =
            self.keys.iter().enumerate().map(|(n, key)| format!("{key} = ${}", n + 1)).collect();
        let sql = self.select(&format!("WHERE {}", named.join(" AND ")));
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for id in ids {
            query = query.bind(*id);
        }
        Ok(self.told(&query.fetch_one(db).await?)?)
    }

    /// Every row, in the order of its key.
    pub(super) async fn all(&self, db: &mut SqliteConnection) -> Result<Vec<Told>, StoreError> {
        self.rows(db, "", None).await
    }

    pub(super) async fn of_survey(
        &self,
        db: &mut SqliteConnection,
        survey: i64,
    ) -> Result<Vec<Told>, StoreError> {
        match self.of_survey {
            Some(which) => self.rows(db, which, Some(survey)).await,
            None => Ok(Vec::new()),
        }
    }

    async fn rows(
        &self,
        db: &mut SqliteConnection,
        which: &str,
        survey: Option<i64>,
    ) -> Result<Vec<Told>, StoreError> {
        let sql = self.select(&format!("{which} ORDER BY {}", self.keys.join(", ")));
        let mut query = sqlx::query(AssertSqlSafe(sql));
        if let Some(survey) = survey {
            query = query.bind(survey);
        }
        let rows = query.fetch_all(db).await?;
        Ok(rows.iter().map(|row| self.told(row)).collect::<Result<_, _>>()?)
    }
}

/// Puts the row with this key, which was just written, on the chain.
pub(super) async fn record(
    db: &mut SqliteConnection,
    kind: &Kind,
    ids: &[i64],
) -> Result<(), StoreError> {
    let told = kind.one(&mut *db, ids).await?;
    append(db, kind, told).await
}

async fn append(db: &mut SqliteConnection, kind: &Kind, told: Told) -> Result<(), StoreError> {
    let head = head(&mut *db).await?;
    let record = Record::after(head, kind.key, &told.subject, told.body);
    sqlx::query(
        "INSERT INTO survey_records (seq, kind, subject, survey_id, body, prev, hash)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(record.seq as i64)
    .bind(kind.key)
    .bind(&record.subject)
    .bind(told.survey)
    .bind(&record.body)
    .bind(record.prev.to_string())
    .bind(record.hash.to_string())
    .execute(db)
    .await?;
    Ok(())
}

/// Where the chain ends.
pub(super) async fn head(db: &mut SqliteConnection) -> Result<Head, StoreError> {
    let last: Option<(i64, String)> =
        sqlx::query_as("SELECT seq, hash FROM survey_records ORDER BY seq DESC LIMIT 1")
            .fetch_optional(db)
            .await?;
    let Some((seq, hash)) = last else { return Ok(Head::default()) };
    // A hash that is none is no reason to stop keeping: the audit tells of it.
    Ok(Head { count: seq.max(0) as u64, hash: hash.parse().unwrap_or_default() })
}

impl Store {
    /// Rows that were kept before there was a chain are put on it once.
    pub(super) async fn adopt_records(&self) -> Result<(), StoreError> {
        let mut transaction = self.writer.begin().await?;
        if head(&mut transaction).await?.count > 0 {
            return Ok(());
        }
        for kind in KINDS {
            for told in kind.all(&mut transaction).await? {
                append(&mut transaction, kind, told).await?;
            }
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Where the chain of survey records ends: to be published.
    pub async fn survey_head(&self) -> Result<Head, StoreError> {
        let mut db = self.readers.acquire().await?;
        head(&mut db).await
    }
}
