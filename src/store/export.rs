//! Rows for tables that leave the house, a bounded number at a time, each time after the last row's key.

use sqlx::{FromRow, QueryBuilder, Sqlite};

use super::board::COLUMNS;
use super::rates::{OWNER, narrowed};
use super::{BoardRow, Store, StoreError};
use crate::kernel::{TicketId, Wall};

/// Which tickets; empty texts ask for nothing.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Opened (answered, of answers) from this moment to before that one.
    pub from: Wall,
    pub until: Wall,
    /// Code.
    pub unit: String,
    /// The beginnings of codes.
    pub region: String,
    pub category: String,
}

/// The key after which tickets go on: opening moment and id.
pub type Opened = (i64, i64);

/// An answer of a callback, and what it is about.
#[derive(Clone, Debug, FromRow)]
pub struct AnswerOut {
    pub survey_id: i64,
    pub seq: i64,
    pub ticket_id: i64,
    pub call_id: i64,
    pub question: String,
    pub value: String,
    pub words: Option<String>,
    pub pressed: Option<String>,
    pub start_ms: i64,
    pub end_ms: i64,
    pub confidence: Option<f64>,
    pub confirmed: bool,
    pub at: i64,
    pub unit: Option<String>,
    pub place: Option<String>,
    pub category: Option<String>,
    pub secret: bool,
}

/// Tickets that the public may be told of: told to their end, not secret, no reports, not merged into another.
const PUBLIC: &str =
    " AND t.state NOT IN ('draft', 'interrupted') AND t.secret = 0 AND t.merged_into IS NULL
    AND NOT EXISTS (SELECT 1 FROM ticket_fields f
        WHERE f.ticket_id = t.id AND f.slot = 'matter_type' AND f.code = 'report')";

/// States in which nothing is open for the citizen any more.
const DONE: &str = "('closed', 'called_back', 'archived', 'told', 'merged')";

impl Store {
    /// Tickets in the order of their opening, after a row.
    pub async fn tickets_out(
        &self,
        wanted: &Wanted,
        after: Opened,
        limit: i64,
    ) -> Result<Vec<BoardRow>, StoreError> {
        let mut sql = QueryBuilder::new(format!("SELECT {COLUMNS} FROM tickets t WHERE "));
        opened_within(&mut sql, wanted);
        sql.push(" AND (t.opened_at, t.id) > (").push_bind(after.0);
        sql.push(", ").push_bind(after.1).push(") ORDER BY t.opened_at, t.id LIMIT ");
        sql.push_bind(limit);
        self.with_words(sql.build_query_as().fetch_all(&self.readers).await?).await
    }

    /// How many tickets that is.
    pub async fn count_tickets_out(&self, wanted: &Wanted) -> Result<i64, StoreError> {
        let mut sql = QueryBuilder::new("SELECT COUNT(*) FROM tickets t WHERE ");
        opened_within(&mut sql, wanted);
        Ok(sql.build_query_scalar().fetch_one(&self.readers).await?)
    }

    /// Answers in the order in which they were given, after a row: moment, callback, number within it.
    pub async fn answers_out(
        &self,
        wanted: &Wanted,
        after: (i64, i64, i64),
        limit: i64,
    ) -> Result<Vec<AnswerOut>, StoreError> {
        let mut sql = QueryBuilder::new(
            "SELECT a.survey_id, a.seq, s.ticket_id, a.call_id, a.question, a.value, a.words, a.pressed,
             a.start_ms, a.end_ms, a.confidence, a.confirmed <> 0 AS confirmed, a.at,
             t.unit, t.place, t.category,
             CASE WHEN t.secret <> 0 OR EXISTS (SELECT 1 FROM ticket_fields f
                 WHERE f.ticket_id = t.id AND f.slot = 'matter_type' AND f.code = 'report')
             THEN 1 ELSE 0 END <> 0 AS secret ",
        );
        answered_within(&mut sql, wanted);
        sql.push(" AND (a.at, a.survey_id, a.seq) > (").push_bind(after.0);
        sql.push(", ").push_bind(after.1).push(", ").push_bind(after.2);
        sql.push(") ORDER BY a.at, a.survey_id, a.seq LIMIT ").push_bind(limit);
        Ok(sql.build_query_as().fetch_all(&self.readers).await?)
    }

    /// How many answers that is.
    pub async fn count_answers_out(&self, wanted: &Wanted) -> Result<i64, StoreError> {
        let mut sql = QueryBuilder::new("SELECT COUNT(*) ");
        answered_within(&mut sql, wanted);
        Ok(sql.build_query_scalar().fetch_one(&self.readers).await?)
    }

    /// The newest tickets that the public may be told of; `closed` where only open or only closed ones are wanted.
    pub async fn public_tickets(
        &self,
        wanted: &Wanted,
        closed: Option<bool>,
        limit: i64,
    ) -> Result<Vec<BoardRow>, StoreError> {
        let mut sql = QueryBuilder::new(format!("SELECT {COLUMNS} FROM tickets t WHERE "));
        opened_within(&mut sql, wanted);
        sql.push(PUBLIC);
        match closed {
            Some(true) => sql.push(format!(" AND t.state IN {DONE}")),
            Some(false) => sql.push(format!(" AND t.state NOT IN {DONE}")),
            None => &mut sql,
        };
        sql.push(" ORDER BY t.opened_at DESC, t.id DESC LIMIT ").push_bind(limit);
        self.with_words(sql.build_query_as().fetch_all(&self.readers).await?).await
    }

    /// One of them.
    pub async fn public_ticket(&self, id: TicketId) -> Result<Option<BoardRow>, StoreError> {
        let mut sql = QueryBuilder::new(format!("SELECT {COLUMNS} FROM tickets t WHERE t.id = "));
        sql.push_bind(id.0 as i64).push(PUBLIC);
        let rows = self.with_words(sql.build_query_as().fetch_all(&self.readers).await?).await?;
        Ok(rows.into_iter().next())
    }
}

fn opened_within(sql: &mut QueryBuilder<Sqlite>, wanted: &Wanted) {
    sql.push("t.opened_at >= ").push_bind(wanted.from.unix_ms);
    sql.push(" AND t.opened_at < ").push_bind(wanted.until.unix_ms);
    narrowed(sql, (OWNER, &wanted.unit), &wanted.region, &wanted.category);
}

fn answered_within(sql: &mut QueryBuilder<Sqlite>, wanted: &Wanted) {
    sql.push(
        "FROM survey_answers a JOIN surveys s ON s.id = a.survey_id
         JOIN tickets t ON t.id = s.ticket_id WHERE a.at >= ",
    );
    sql.push_bind(wanted.from.unix_ms);
    sql.push(" AND a.at < ").push_bind(wanted.until.unix_ms);
    narrowed(sql, (OWNER, &wanted.unit), &wanted.region, &wanted.category);
}
