//! Tickets that stand beside another: candidates for a repeat, a duplicate, a group, and past ones that were dispatched.

use sqlx::FromRow;

use super::{FieldRow, Store, StoreError};

/// A ticket without the words that its fields rest on.
#[derive(Clone, Debug)]
pub struct BesideRow {
    pub id: i64,
    pub state: String,
    pub opened_at: i64,
    pub fields: Vec<FieldRow>,
}

/// By what other tickets are found; empty texts find none.
#[derive(Clone, Copy, Debug)]
pub struct Beside<'a> {
    /// Itself left out.
    pub ticket: i64,
    pub number: &'a str,
    /// Category code.
    pub category: &'a str,
    /// Division code.
    pub place: &'a str,
    /// Opened at this time or later, Unix milliseconds.
    pub since: i64,
}

#[derive(FromRow)]
struct Head {
    id: i64,
    state: String,
    opened_at: i64,
}

/// Of each of the three ways to find tickets, the newest so many.
const EACH_MAX: i64 = 100;

impl BesideRow {
    pub fn field(&self, slot: &str) -> Option<&FieldRow> {
        self.fields.iter().find(|field| field.slot == slot)
    }
}

impl Store {
    /// Tickets that share the number, the category or the place, the newest first.
    pub async fn tickets_beside(&self, beside: Beside<'_>) -> Result<Vec<BesideRow>, StoreError> {
        let ids: Vec<i64> = sqlx::query_scalar(
            "SELECT ticket_id FROM (SELECT ticket_id FROM ticket_fields
                 WHERE slot = 'number' AND value = $1 AND value <> '' ORDER BY ticket_id DESC LIMIT $4)
             UNION SELECT ticket_id FROM (SELECT ticket_id FROM ticket_fields
                 WHERE slot = 'category' AND code = $2 AND code <> '' ORDER BY ticket_id DESC LIMIT $4)
             UNION SELECT ticket_id FROM (SELECT ticket_id FROM ticket_fields
                 WHERE slot = 'place' AND code = $3 AND code <> '' ORDER BY ticket_id DESC LIMIT $4)
             ORDER BY 1 DESC",
        )
        .bind(beside.number)
        .bind(beside.category)
        .bind(beside.place)
        .bind(EACH_MAX)
        .fetch_all(&self.readers)
        .await?;
        let mut rows = self.tickets_by_id(&ids).await?;
        rows.retain(|row| row.id != beside.ticket && row.opened_at >= beside.since);
        Ok(rows)
    }

    /// The newest `limit` tickets that have a unit, but for `ticket`.
    pub async fn dispatched_tickets(
        &self,
        ticket: i64,
        limit: i64,
    ) -> Result<Vec<BesideRow>, StoreError> {
        let ids: Vec<i64> = sqlx::query_scalar(
            "SELECT ticket_id FROM ticket_fields WHERE slot = 'unit' AND ticket_id <> $1
             ORDER BY ticket_id DESC LIMIT $2",
        )
        .bind(ticket)
        .bind(limit)
        .fetch_all(&self.readers)
        .await?;
        self.tickets_by_id(&ids).await
    }

    async fn tickets_by_id(&self, ids: &[i64]) -> Result<Vec<BesideRow>, StoreError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        // Numbers of our own: nothing of a caller enters the text of the query.
        let list = ids.iter().map(i64::to_string).collect::<Vec<String>>().join(",");
        let heads = format!(
            "SELECT id, state, opened_at FROM tickets WHERE id IN ({list}) ORDER BY id DESC"
        );
        let heads: Vec<Head> =
            sqlx::query_as(sqlx::AssertSqlSafe(heads)).fetch_all(&self.readers).await?;
        let fields = format!(
            "SELECT ticket_id, slot, value, code, source FROM ticket_fields WHERE ticket_id IN ({list})
             ORDER BY ticket_id"
        );
        let mut fields: Vec<FieldRow> =
            sqlx::query_as(sqlx::AssertSqlSafe(fields)).fetch_all(&self.readers).await?;
        let mut rows = Vec::with_capacity(heads.len());
        for Head { id, state, opened_at } in heads {
            let (own, rest) = fields.into_iter().partition(|field| field.ticket_id == id);
            fields = rest;
            rows.push(BesideRow { id, state, opened_at, fields: own });
        }
        Ok(rows)
    }
}
