//! What editors write on the knowledge base, and the questions that had no answer.

use sqlx::{FromRow, SqliteConnection};

use super::{Store, StoreError};
use crate::kernel::Wall;
use crate::knowledge::editing::{Change, Entry, Served, Stage};
use crate::knowledge::{Item, exchange};

/// An item under an editor's hand, as it is kept.
#[derive(Clone, Debug)]
pub struct KnowledgeRow {
    pub entry: Entry,
    /// Rises with every change, so that nobody overwrites what they have not seen.
    pub version: i64,
    /// Unix milliseconds.
    pub changed_at: i64,
}

/// A step that was taken.
#[derive(Clone, Debug, FromRow)]
pub struct KnowledgeEvent {
    pub seq: i64,
    /// `write`, `review`, `return`, `publish`, `withdraw` or `discard`.
    pub step: String,
    pub actor: String,
    pub why: String,
    /// JSON: a list of `[field, before, after]`.
    pub changes: String,
    pub at: i64,
}

impl KnowledgeEvent {
    /// The fields that changed: field, before, after.
    pub fn changes(&self) -> Vec<(String, String, String)> {
        serde_json::from_str(&self.changes).unwrap_or_default()
    }
}

/// A question that ended without an answer, with the words and their place in the recording.
#[derive(Clone, Debug, FromRow)]
pub struct UnansweredRow {
    pub call_id: i64,
    pub utterance: i64,
    /// `refused`, `person`, `wrong_confirm` or `unhelped`.
    pub why: String,
    pub text: String,
    pub start_ms: i64,
    pub end_ms: i64,
    pub at: i64,
}

/// The step that is kept together with the entry as it then stands.
#[derive(Clone, Debug)]
pub struct Taken<'a> {
    pub step: &'a str,
    pub actor: &'a str,
    pub why: &'a str,
    pub changes: &'a [Change],
    pub at: Wall,
}

#[derive(FromRow)]
struct RawRow {
    item_id: String,
    stage: String,
    draft: Option<String>,
    served: Option<String>,
    withdrawn: i64,
    authors: String,
    reviewer: Option<String>,
    version: i64,
    changed_at: i64,
}

const COLUMNS: &str = "SELECT item_id, stage, draft, served, withdrawn, authors, reviewer, version, changed_at FROM knowledge_items";

fn unknown(column: &'static str, value: &str) -> StoreError {
    StoreError::Unknown { table: "knowledge_items", column, value: value.to_owned() }
}

impl RawRow {
    fn checked(self) -> Result<KnowledgeRow, StoreError> {
        let item = |column, text: Option<String>| -> Result<Option<Box<Item>>, StoreError> {
            text.map(|text| {
                exchange::item_from_json(&text).map(Box::new).ok_or_else(|| unknown(column, &text))
            })
            .transpose()
        };
        let served = match (item("served", self.served)?, self.withdrawn) {
            (_, 1) => Served::Nothing,
            (Some(own), _) => Served::Own(own),
            (None, _) => Served::Filed,
        };
        let entry = Entry {
            stage: Stage::from_key(&self.stage).ok_or_else(|| unknown("stage", &self.stage))?,
            draft: item("draft", self.draft)?,
            served,
            authors: self.authors.lines().map(str::to_owned).collect(),
            reviewer: self.reviewer,
            id: self.item_id,
        };
        Ok(KnowledgeRow { entry, version: self.version, changed_at: self.changed_at })
    }
}

impl Store {
    /// Every item that editors have touched, by id.
    pub async fn knowledge(&self) -> Result<Vec<KnowledgeRow>, StoreError> {
        let sql = format!("{COLUMNS} ORDER BY item_id");
        let rows: Vec<RawRow> =
            sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_all(&self.readers).await?;
        rows.into_iter().map(RawRow::checked).collect()
    }

    pub async fn knowledge_item(&self, id: &str) -> Result<Option<KnowledgeRow>, StoreError> {
        let sql = format!("{COLUMNS} WHERE item_id = $1");
        let row: Option<RawRow> =
            sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(id).fetch_optional(&self.readers).await?;
        row.map(RawRow::checked).transpose()
    }

    /// Oldest first.
    pub async fn knowledge_history(&self, id: &str) -> Result<Vec<KnowledgeEvent>, StoreError> {
        let query = sqlx::query_as(
            "SELECT seq, step, actor, why, changes, at FROM knowledge_history WHERE item_id = $1 ORDER BY seq",
        );
        Ok(query.bind(id).fetch_all(&self.readers).await?)
    }

    /// Keeps an entry as it stands after a step, if nobody has changed it since `version` (0: it was not there).
    /// Returns whether it was kept.
    pub async fn keep_knowledge(
        &self,
        entry: &Entry,
        version: i64,
        taken: Taken<'_>,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.writer.begin().await?;
        let done = keep_entry(&mut transaction, entry, version, taken.at).await?;
        if done {
            keep_event(&mut transaction, &entry.id, &taken).await?;
            transaction.commit().await?;
        }
        Ok(done)
    }

    /// The newest `limit` questions that nobody has settled, oldest first.
    pub async fn unanswered(&self, limit: i64) -> Result<Vec<UnansweredRow>, StoreError> {
        let mut rows: Vec<UnansweredRow> = sqlx::query_as(
            "SELECT u.call_id, u.utterance, u.why, t.text, t.start_ms, t.end_ms, u.at
             FROM unanswered u JOIN turns t ON t.call_id = u.call_id AND t.idx = u.utterance
             WHERE u.settled IS NULL ORDER BY u.at DESC, u.call_id DESC, u.utterance DESC LIMIT $1",
        )
        .bind(limit)
        .fetch_all(&self.readers)
        .await?;
        rows.reverse();
        Ok(rows)
    }

    /// These questions are settled: by the item with this id, or, with `-`, without one.
    pub async fn settle(&self, questions: &[(i64, i64)], by: &str) -> Result<u64, StoreError> {
        let mut transaction = self.writer.begin().await?;
        let mut settled = 0;
        for (call, utterance) in questions {
            let done = sqlx::query(
                "UPDATE unanswered SET settled = $3 WHERE call_id = $1 AND utterance = $2 AND settled IS NULL",
            )
            .bind(call)
            .bind(utterance)
            .bind(by)
            .execute(&mut *transaction)
            .await?;
            settled += done.rows_affected();
        }
        transaction.commit().await?;
        Ok(settled)
    }
}

async fn keep_entry(
    db: &mut SqliteConnection,
    entry: &Entry,
    version: i64,
    at: Wall,
) -> Result<bool, StoreError> {
    let own = match &entry.served {
        Served::Own(item) => Some(exchange::item_json(item)),
        Served::Filed | Served::Nothing => None,
    };
    let sql = if version == 0 {
        "INSERT INTO knowledge_items
         (item_id, stage, draft, served, withdrawn, authors, reviewer, changed_at, version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9 + 1) ON CONFLICT (item_id) DO NOTHING"
    } else {
        "UPDATE knowledge_items SET stage = $2, draft = $3, served = $4, withdrawn = $5, authors = $6,
         reviewer = $7, changed_at = $8, version = $9 + 1 WHERE item_id = $1 AND version = $9"
    };
    let done = sqlx::query(sql)
        .bind(&entry.id)
        .bind(entry.stage.key())
        .bind(entry.draft.as_deref().map(exchange::item_json))
        .bind(own)
        .bind(i64::from(entry.served == Served::Nothing))
        .bind(entry.authors.join("\n"))
        .bind(entry.reviewer.as_deref())
        .bind(at.unix_ms)
        .bind(version)
        .execute(db)
        .await?;
    Ok(done.rows_affected() == 1)
}

async fn keep_event(
    db: &mut SqliteConnection,
    id: &str,
    taken: &Taken<'_>,
) -> Result<(), StoreError> {
    let changes: Vec<(&str, &str, &str)> =
        taken.changes.iter().map(|(column, a, b)| (column.key(), a.as_str(), b.as_str())).collect();
    sqlx::query(
        "INSERT INTO knowledge_history (item_id, seq, step, actor, why, changes, at)
         SELECT $1, COALESCE(MAX(seq), 0) + 1, $2, $3, $4, $5, $6 FROM knowledge_history WHERE item_id = $1",
    )
    .bind(id)
    .bind(taken.step)
    .bind(taken.actor)
    .bind(taken.why)
    .bind(serde_json::to_string(&changes).unwrap_or_default())
    .bind(taken.at.unix_ms)
    .execute(db)
    .await?;
    Ok(())
}
