//! Facts become rows.

use sqlx::SqliteConnection;

use super::outbox::{Told, put_message};
use super::surveys::{interrupted_attempts, survey_fact};
use super::{Store, StoreError, beside_talk, people, queue, tickets};
use crate::desk::{Entry, Ticket};
use crate::hotline::Fact;
use crate::kernel::{CallId, TicketId, Wall};
use crate::speech::Utterance;

impl Store {
    /// Keeps these facts, all or none, in their order.
    pub async fn keep(&self, facts: &[Fact]) -> Result<(), StoreError> {
        let mut transaction = self.writer.begin().await?;
        for fact in facts {
            keep_one(&mut transaction, &self.told, fact).await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Calls and callbacks that a stopped process left open are marked as interrupted, and their drafts too.
    /// Returns how many calls there were.
    pub async fn mark_interrupted(&self, at: Wall) -> Result<u64, StoreError> {
        let mut transaction = self.writer.begin().await?;
        let drafts = sqlx::query_scalar::<_, i64>(
            "SELECT t.id FROM tickets t JOIN calls c ON c.id = t.call_id
             WHERE t.state = 'draft' AND c.ended_at IS NULL ORDER BY t.id",
        )
        .fetch_all(&mut *transaction)
        .await?;
        for id in drafts {
            tickets::interrupt(&mut transaction, TicketId(id as u64), at).await?;
        }
        interrupted_attempts(&mut transaction, at).await?;
        sqlx::query("UPDATE surveys SET state = 'due', changed_at = $1 WHERE state = 'calling'")
            .bind(at.unix_ms)
            .execute(&mut *transaction)
            .await?;
        queue::interrupted(&mut transaction, at).await?;
        people::interrupted(&mut transaction, at).await?;
        sqlx::query("DELETE FROM agent_states").execute(&mut *transaction).await?;
        let calls = sqlx::query(
            "UPDATE calls SET state = 'interrupted', outcome = 'interrupted', ended_at = $1
             WHERE ended_at IS NULL",
        )
        .bind(at.unix_ms)
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(calls.rows_affected())
    }
}

async fn keep_one(db: &mut SqliteConnection, told: &Told, fact: &Fact) -> Result<(), StoreError> {
    match fact {
        Fact::CallStarted { call, direction, number, at } => {
            sqlx::query(
                "INSERT INTO calls (id, direction, number, state, started_at)
                 VALUES ($1, $2, $3, 'begun', $4)",
            )
            .bind(call.0 as i64)
            .bind(direction.key())
            .bind(number.as_ref().map(|n| n.reveal().as_str()))
            .bind(at.unix_ms)
            .execute(db)
            .await?;
        }
        Fact::CallState { call, state, at: _ } => {
            sqlx::query("UPDATE calls SET state = $2 WHERE id = $1 AND ended_at IS NULL")
                .bind(call.0 as i64)
                .bind(state.as_str())
                .execute(db)
                .await?;
        }
        Fact::CallEnded { call, outcome, at } => {
            sqlx::query(
                "UPDATE calls SET state = 'ended', outcome = $2, ended_at = $3 WHERE id = $1",
            )
            .bind(call.0 as i64)
            .bind(outcome.as_str())
            .bind(at.unix_ms)
            .execute(db)
            .await?;
        }
        Fact::Turn { utterance, latency_ms, cut_short, at } => {
            turn(db, utterance, *latency_ms, *cut_short, *at).await?;
        }
        Fact::Unanswered { call, utterance, why, at } => {
            unanswered(db, *call, *utterance, why.key(), *at).await?;
        }
        Fact::Key { call, key, at_ms, at } => {
            pressed(db, *call, *key.reveal(), *at_ms, *at).await?;
        }
        Fact::Ticket { ticket, entry } => ticket_event(db, told, ticket, entry).await?,
        Fact::AgentState { agent, state, call, reason, at } => {
            sqlx::query(
                "INSERT INTO agent_states (agent, state, call_id, at, reason) VALUES ($1, $2, $3, $4, $5)
                 ON CONFLICT (agent) DO UPDATE SET state = $2, call_id = $3, at = $4, reason = $5",
            )
            .bind(agent.0 as i64)
            .bind(*state)
            .bind(call.map(|c| c.0 as i64))
            .bind(at.unix_ms)
            .bind(reason.as_deref())
            .execute(db)
            .await?;
        }
        Fact::SoFar { .. } | Fact::Assist { .. } | Fact::Thumb { .. } | Fact::Photo { .. } => {
            beside_talk::keep(db, fact).await?;
        }
        Fact::Queue { record, at } => queue::keep(db, record, *at).await?,
        Fact::Party { .. } | Fact::AgentMessage { .. } | Fact::AgentMessagesSeen { .. } => {
            people::keep(db, fact).await?;
        }
        other => survey_fact(db, other).await?,
    }
    Ok(())
}

async fn pressed(
    db: &mut SqliteConnection,
    call: CallId,
    key: char,
    at_ms: u64,
    at: Wall,
) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO pressed_keys (call_id, at_ms, pressed, at) VALUES ($1, $2, $3, $4)")
        .bind(call.0 as i64)
        .bind(at_ms as i64)
        .bind(key.to_string())
        .bind(at.unix_ms)
        .execute(db)
        .await?;
    Ok(())
}

/// The event, the ticket after it, and the message that tells it.
async fn ticket_event(
    db: &mut SqliteConnection,
    told: &Told,
    ticket: &Ticket,
    entry: &Entry,
) -> Result<(), StoreError> {
    super::rates::answered(db, ticket.id, entry).await?;
    tickets::keep(db, ticket, entry).await?;
    put_message(db, told, ticket, entry).await
}

async fn unanswered(
    db: &mut SqliteConnection,
    call: CallId,
    utterance: u32,
    why: &str,
    at: Wall,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO unanswered (call_id, utterance, why, at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (call_id, utterance) DO UPDATE SET why = $3",
    )
    .bind(call.0 as i64)
    .bind(i64::from(utterance))
    .bind(why)
    .bind(at.unix_ms)
    .execute(db)
    .await?;
    Ok(())
}

async fn turn(
    db: &mut SqliteConnection,
    utterance: &Utterance,
    latency_ms: Option<u64>,
    cut_short: bool,
    at: Wall,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO turns
         (call_id, idx, speaker, text, start_ms, end_ms, confidence, latency_ms, cut_short, at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(utterance.call.0 as i64)
    .bind(i64::from(utterance.index))
    .bind(utterance.speaker.key())
    .bind(utterance.text.as_str())
    .bind(utterance.start_ms as i64)
    .bind(utterance.end_ms as i64)
    .bind(f64::from(utterance.confidence))
    .bind(latency_ms.map(|ms| ms as i64))
    .bind(i64::from(cut_short))
    .bind(at.unix_ms)
    .execute(db)
    .await?;
    Ok(())
}
