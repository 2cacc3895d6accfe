//! What stands beside the words of a call: what they bring an agent, what the citizen says of an answer, their photos.

use std::path::{Path, PathBuf};

use sqlx::{FromRow, SqliteConnection};

use super::{EvidenceRow, FieldRow, Store, StoreError};
use crate::hotline::{Fact, Photo};
use crate::kernel::{CallId, Filled, Slot, Wall};

/// Where a photo of a call lies below the folder of recordings.
pub fn photo_path(dir: &Path, call: CallId, n: u32) -> PathBuf {
    dir.join(format!("{call}-photo-{n}.jpg"))
}

/// An item of the knowledge base that words to an agent came near.
#[derive(Clone, Debug, FromRow)]
pub struct HitRow {
    pub utterance: i64,
    pub item: String,
    pub confidence: f64,
}

/// A citizen's last word on an answer.
#[derive(Clone, Debug, FromRow)]
pub struct ThumbRow {
    pub call_id: i64,
    pub utterance: i64,
    pub up: bool,
    pub at: i64,
    /// What the robot had said.
    pub text: String,
}

#[derive(Clone, Debug, FromRow)]
pub struct PhotoRow {
    pub call_id: i64,
    pub n: i64,
    pub width: i64,
    pub height: i64,
    pub sha256: String,
    pub at: i64,
}

/// The last word on each answer alone.
const THUMBS: &str = "SELECT t.call_id, t.utterance, t.up <> 0 AS up, t.at, w.text FROM thumbs t
     JOIN turns w ON w.call_id = t.call_id AND w.idx = t.utterance AND w.speaker = 'robot'
     WHERE t.seq = (SELECT MAX(x.seq) FROM thumbs x WHERE x.call_id = t.call_id AND x.utterance = t.utterance)";

pub(super) async fn keep(db: &mut SqliteConnection, fact: &Fact) -> Result<(), StoreError> {
    match fact {
        Fact::Assist { call, utterance, facts, hits, at } => {
            for (slot, filled) in facts {
                propose(db, *call, *slot, filled, *at).await?;
            }
            for (n, (item, confidence)) in hits.iter().enumerate() {
                sqlx::query(
                    "INSERT INTO assist_hits (call_id, utterance, n, item, confidence) VALUES ($1, $2, $3, $4, $5)",
                )
                .bind(call.0 as i64)
                .bind(i64::from(*utterance))
                .bind(n as i64)
                .bind(item.as_str())
                .bind(f64::from(*confidence))
                .execute(&mut *db)
                .await?;
            }
        }
        Fact::Thumb { call, utterance, up, at } => {
            sqlx::query(
                "INSERT INTO thumbs (call_id, seq, utterance, up, at)
                 SELECT $1, COALESCE(MAX(seq), 0) + 1, $2, $3, $4 FROM thumbs WHERE call_id = $1",
            )
            .bind(call.0 as i64)
            .bind(i64::from(*utterance))
            .bind(i64::from(*up))
            .bind(at.unix_ms)
            .execute(db)
            .await?;
        }
        Fact::Photo { call, photo: Photo { n, width, height, sha256 }, at } => {
            sqlx::query(
                "INSERT INTO photos (call_id, n, width, height, sha256, at) VALUES ($1, $2, $3, $4, $5, $6)",
            )
            .bind(call.0 as i64)
            .bind(i64::from(*n))
            .bind(i64::from(*width))
            .bind(i64::from(*height))
            .bind(sha256.as_str())
            .bind(at.unix_ms)
            .execute(db)
            .await?;
        }
        // The rest is kept elsewhere.
        _ => {}
    }
    Ok(())
}

/// A later one takes the place of an earlier one of the same field.
async fn propose(
    db: &mut SqliteConnection,
    call: CallId,
    slot: Slot,
    filled: &Filled,
    at: Wall,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO proposals (call_id, slot, value, code, source, at) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (call_id, slot) DO UPDATE SET value = $3, code = $4, source = $5, at = $6",
    )
    .bind(call.0 as i64)
    .bind(slot.key())
    .bind(filled.value.as_str())
    .bind(filled.code.as_deref())
    .bind(filled.source.key())
    .bind(at.unix_ms)
    .execute(&mut *db)
    .await?;
    sqlx::query("DELETE FROM proposal_evidence WHERE call_id = $1 AND slot = $2")
        .bind(call.0 as i64)
        .bind(slot.key())
        .execute(&mut *db)
        .await?;
    for (n, evidence) in filled.evidence.iter().enumerate() {
        sqlx::query(
            "INSERT INTO proposal_evidence (call_id, slot, n, utterance, start_ms, end_ms, confidence)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(call.0 as i64)
        .bind(slot.key())
        .bind(n as i64)
        .bind(i64::from(evidence.utterance))
        .bind(evidence.start_ms as i64)
        .bind(evidence.end_ms as i64)
        .bind(f64::from(evidence.confidence))
        .execute(&mut *db)
        .await?;
    }
    Ok(())
}

impl Store {
    /// What a call's words would fill, in the order of the page, whether the fields are still blank or not.
    pub async fn proposals(&self, call: CallId) -> Result<Vec<FieldRow>, StoreError> {
        let mut rows: Vec<FieldRow> = sqlx::query_as(
            "SELECT call_id AS ticket_id, slot, value, code, source FROM proposals WHERE call_id = $1",
        )
        .bind(call.0 as i64)
        .fetch_all(&self.readers)
        .await?;
        let mut evidence: Vec<EvidenceRow> = sqlx::query_as(
            "SELECT call_id AS ticket_id, slot, utterance, start_ms, end_ms, confidence
             FROM proposal_evidence WHERE call_id = $1 ORDER BY slot, n",
        )
        .bind(call.0 as i64)
        .fetch_all(&self.readers)
        .await?;
        rows.sort_by_key(|row| Slot::from_key(&row.slot));
        for row in &mut rows {
            let (own, rest) = evidence.into_iter().partition(|e| e.slot == row.slot);
            row.evidence = own;
            evidence = rest;
        }
        Ok(rows)
    }

    /// The items that a call's words came near, the latest words first.
    pub async fn assist_hits(&self, call: CallId) -> Result<Vec<HitRow>, StoreError> {
        let query = sqlx::query_as(
            "SELECT utterance, item, confidence FROM assist_hits WHERE call_id = $1
             ORDER BY utterance DESC, n",
        );
        Ok(query.bind(call.0 as i64).fetch_all(&self.readers).await?)
    }

    /// What the citizen of a call said of its answers.
    pub async fn thumbs(&self, call: CallId) -> Result<Vec<ThumbRow>, StoreError> {
        let sql = format!("{THUMBS} AND t.call_id = $1 ORDER BY t.utterance");
        let query = sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(call.0 as i64);
        Ok(query.fetch_all(&self.readers).await?)
    }

    /// The newest `limit` answers that were of no use to citizens, and how many were of use and of none since `since`.
    pub async fn thumbs_down(
        &self,
        since: Wall,
        limit: i64,
    ) -> Result<(Vec<ThumbRow>, i64, i64), StoreError> {
        let sql = format!("{THUMBS} AND t.up = 0 ORDER BY t.at DESC LIMIT $1");
        let rows = sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(limit);
        let rows: Vec<ThumbRow> = rows.fetch_all(&self.readers).await?;
        let sql =
            format!("SELECT COALESCE(SUM(up), 0), COUNT(*) FROM ({THUMBS} AND t.at >= $1) AS last");
        let (up, all): (i64, i64) = sqlx::query_as(sqlx::AssertSqlSafe(sql))
            .bind(since.unix_ms)
            .fetch_one(&self.readers)
            .await?;
        Ok((rows, up, all - up))
    }

    pub async fn photos(&self, call: CallId) -> Result<Vec<PhotoRow>, StoreError> {
        let query = sqlx::query_as(
            "SELECT call_id, n, width, height, sha256, at FROM photos WHERE call_id = $1 ORDER BY n",
        );
        Ok(query.bind(call.0 as i64).fetch_all(&self.readers).await?)
    }

    /// The tickets of a number, open ones first, then the newest; none whose reporter is sealed.
    pub async fn tickets_of_number(
        &self,
        number: &str,
        limit: i64,
    ) -> Result<Vec<super::TicketRow>, StoreError> {
        let rows = sqlx::query_as(sqlx::AssertSqlSafe(format!(
            "{} WHERE secret = 0 AND id IN (SELECT ticket_id FROM ticket_fields WHERE slot = 'number' AND value = $1)
             ORDER BY CASE WHEN state IN ('closed', 'called_back', 'archived', 'told', 'merged') THEN 1 ELSE 0 END,
             id DESC LIMIT $2",
            super::read::TICKETS
        )))
        .bind(number)
        .bind(limit)
        .fetch_all(&self.readers)
        .await?;
        self.with_fields(rows).await
    }
}
