//! 短信: text messages that wait, went out, or were given up. A row is written in the transaction of the event that it tells,
//! so that a crash neither loses a message nor makes two of one.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Serialize;
use sqlx::{FromRow, SqliteConnection};

use super::{Store, StoreError};
use crate::desk::Ticket;
use crate::kernel::{Pii, Slot, TicketId, Wall};
use crate::notice::{MessageKey, mobile};

/// Which events are told by text message.
#[derive(Clone, Debug, Default)]
pub(super) struct Told(Arc<BTreeSet<String>>);

/// A message that is to be sent now.
#[derive(Clone, Debug)]
pub struct DueMessage {
    pub key: MessageKey,
    pub number: Pii<String>,
    /// As fixed at an earlier attempt.
    pub text: Option<Pii<String>>,
    pub attempts: u32,
    /// When what it tells happened.
    pub born: Wall,
    /// 承办单位, where the ticket has one.
    pub unit: String,
}

/// A message as pages show it.
#[derive(Clone, Debug, FromRow, Serialize)]
pub struct MessageRow {
    pub ticket_id: i64,
    pub event_seq: i64,
    pub kind: String,
    pub number: String,
    /// `waiting`, `sent` or `given_up`.
    pub state: String,
    pub text: Option<String>,
    pub attempts: i64,
    pub born_at: i64,
    pub due_at: i64,
    pub changed_at: i64,
    pub error: Option<String>,
}

#[derive(FromRow)]
struct RawDue {
    ticket_id: i64,
    event_seq: i64,
    kind: String,
    number: String,
    text: Option<String>,
    attempts: i64,
    born_at: i64,
    unit: Option<String>,
}

impl RawDue {
    fn checked(self) -> DueMessage {
        let ticket = TicketId(self.ticket_id.max(0) as u64);
        DueMessage {
            key: MessageKey { ticket, seq: self.event_seq, kind: self.kind },
            number: Pii::new(self.number),
            text: self.text.map(Pii::new),
            attempts: self.attempts.clamp(0, i64::from(u32::MAX)) as u32,
            born: Wall::from_ms(self.born_at),
            unit: self.unit.unwrap_or_default(),
        }
    }
}

const COLUMNS: &str = "SELECT ticket_id, event_seq, kind, number, state, text, attempts, born_at, due_at, changed_at, error
     FROM outbox";

impl Store {
    /// From here on events of these kinds are told by text message.
    pub fn telling<'a>(self, kinds: impl IntoIterator<Item = &'a str>) -> Store {
        let kinds: BTreeSet<String> = kinds.into_iter().map(str::to_owned).collect();
        Store { told: Told(Arc::new(kinds)), ..self }
    }

    /// Messages to be sent at `now`, the longest due first. Of one ticket only the earliest: steps are told in their order.
    pub async fn due_messages(&self, now: Wall, limit: i64) -> Result<Vec<DueMessage>, StoreError> {
        let rows: Vec<RawDue> = sqlx::query_as(
            "SELECT o.ticket_id, o.event_seq, o.kind, o.number, o.text, o.attempts, o.born_at, f.value AS unit
             FROM outbox o LEFT JOIN ticket_fields f ON f.ticket_id = o.ticket_id AND f.slot = 'unit'
             WHERE o.state = 'waiting' AND o.due_at <= $1 AND NOT EXISTS (SELECT 1 FROM outbox e
                 WHERE e.ticket_id = o.ticket_id AND e.state = 'waiting' AND e.event_seq < o.event_seq)
             ORDER BY o.due_at, o.ticket_id, o.event_seq LIMIT $2",
        )
        .bind(now.unix_ms)
        .bind(limit)
        .fetch_all(&self.readers)
        .await?;
        Ok(rows.into_iter().map(RawDue::checked).collect())
    }

    /// When the next message that waits is due.
    pub async fn next_message(&self) -> Result<Option<Wall>, StoreError> {
        let due: Option<i64> =
            sqlx::query_scalar("SELECT MIN(due_at) FROM outbox WHERE state = 'waiting'")
                .fetch_one(&self.readers)
                .await?;
        Ok(due.map(Wall::from_ms))
    }

    /// An attempt begins: its text is fixed, and should we not come back the next one is due at `next`. False when somebody
    /// else has begun it.
    pub async fn begin_message(
        &self,
        message: &DueMessage,
        text: &str,
        next: Wall,
        at: Wall,
    ) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "UPDATE outbox SET attempts = attempts + 1, text = $5, due_at = $6, changed_at = $7
             WHERE ticket_id = $1 AND event_seq = $2 AND kind = $3 AND state = 'waiting' AND attempts = $4",
        )
        .bind(message.key.ticket.0 as i64)
        .bind(message.key.seq)
        .bind(message.key.kind.as_str())
        .bind(i64::from(message.attempts))
        .bind(text)
        .bind(next.unix_ms)
        .bind(at.unix_ms)
        .execute(&self.writer)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    pub async fn message_sent(&self, key: &MessageKey, at: Wall) -> Result<(), StoreError> {
        self.message_state(key, "sent", None, None, at).await
    }

    /// Will be tried again at `due`.
    pub async fn message_failed(
        &self,
        key: &MessageKey,
        error: &str,
        due: Wall,
        at: Wall,
    ) -> Result<(), StoreError> {
        self.message_state(key, "waiting", Some(error), Some(due), at).await
    }

    /// Will not be tried again by itself.
    pub async fn message_given_up(
        &self,
        key: &MessageKey,
        error: &str,
        at: Wall,
    ) -> Result<(), StoreError> {
        self.message_state(key, "given_up", Some(error), None, at).await
    }

    async fn message_state(
        &self,
        key: &MessageKey,
        state: &str,
        error: Option<&str>,
        due: Option<Wall>,
        at: Wall,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE outbox SET state = $4, error = $5, due_at = COALESCE($6, due_at), changed_at = $7
             WHERE ticket_id = $1 AND event_seq = $2 AND kind = $3 AND state = 'waiting'",
        )
        .bind(key.ticket.0 as i64)
        .bind(key.seq)
        .bind(key.kind.as_str())
        .bind(state)
        .bind(error)
        .bind(due.map(|due| due.unix_ms))
        .bind(at.unix_ms)
        .execute(&self.writer)
        .await?;
        Ok(())
    }

    /// Those given up first, then the `limit` last changed.
    pub async fn messages(&self, limit: i64) -> Result<Vec<MessageRow>, StoreError> {
        let sql = format!(
            "{COLUMNS} ORDER BY CASE WHEN state = 'given_up' THEN 0 ELSE 1 END, changed_at DESC,
             ticket_id DESC, event_seq DESC LIMIT $1"
        );
        let query = sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(limit);
        Ok(query.fetch_all(&self.readers).await?)
    }

    /// Those of one ticket, in the order of its steps.
    pub async fn messages_of(&self, ticket: TicketId) -> Result<Vec<MessageRow>, StoreError> {
        let sql = format!("{COLUMNS} WHERE ticket_id = $1 ORDER BY event_seq");
        let query = sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(ticket.0 as i64);
        Ok(query.fetch_all(&self.readers).await?)
    }

    /// How many messages are in each state.
    pub async fn message_counts(&self) -> Result<Vec<(String, i64)>, StoreError> {
        let query =
            sqlx::query_as("SELECT state, COUNT(*) FROM outbox GROUP BY state ORDER BY state");
        Ok(query.fetch_all(&self.readers).await?)
    }
}

/// The message about event number `seq`, if it is one that is told and there is a mobile number to tell it to.
pub(super) async fn put_message(
    db: &mut SqliteConnection,
    told: &Told,
    ticket: &Ticket,
    (seq, kind): (i64, &str),
    at: Wall,
) -> Result<(), StoreError> {
    // Nothing about what is secret leaves the house by a carrier, not even to whom it concerns.
    if !told.0.contains(kind) || ticket.secret {
        return Ok(());
    }
    let number = ticket.fields.get(&Slot::Number);
    let number =
        number.and_then(|n| n.code.as_deref().and_then(mobile).or_else(|| mobile(&n.value)));
    let Some(number) = number else { return Ok(()) };
    sqlx::query(
        "INSERT INTO outbox (ticket_id, event_seq, kind, number, state, attempts, born_at, due_at, changed_at)
         VALUES ($1, $2, $3, $4, 'waiting', 0, $5, $5, $5)",
    )
    .bind(ticket.id.0 as i64)
    .bind(seq)
    .bind(kind)
    .bind(number)
    .bind(at.unix_ms)
    .execute(db)
    .await?;
    Ok(())
}
