//! Who is on calls beside their callers, and what supervisors write to agents.

use serde::Serialize;
use sqlx::{FromRow, SqliteConnection};

use super::{Store, StoreError};
use crate::bridge::{Party, Stage, Who};
use crate::hotline::Fact;
use crate::kernel::limits::AGENT_MESSAGES;
use crate::kernel::{AgentId, CallId, Wall};

/// Somebody who is on a call now.
#[derive(Clone, Debug, FromRow, Serialize)]
pub struct PartyRow {
    pub call_id: i64,
    pub leg: i64,
    pub agent: Option<i64>,
    /// Of who is no agent.
    pub code: Option<String>,
    pub name: String,
    pub part: String,
    pub rang_at: i64,
    pub up_at: Option<i64>,
}

#[derive(Clone, Debug, FromRow, Serialize)]
pub struct AgentMessageRow {
    pub id: i64,
    pub text: String,
    pub author: String,
    pub at: i64,
    pub seen_at: Option<i64>,
}

pub(super) async fn keep(db: &mut SqliteConnection, fact: &Fact) -> Result<(), StoreError> {
    match fact {
        Fact::Party { call, party, name, stage, at } => {
            keep_party(db, *call, party, (name.as_str(), *stage), *at).await
        }
        Fact::AgentMessage { agent, text, by, at } => keep_message(db, *agent, text, by, *at).await,
        Fact::AgentMessagesSeen { agent, at } => {
            sqlx::query(
                "UPDATE agent_messages SET seen_at = $2 WHERE agent = $1 AND seen_at IS NULL",
            )
            .bind(agent.0 as i64)
            .bind(at.unix_ms)
            .execute(db)
            .await?;
            Ok(())
        }
        _ => Ok(()),
    }
}

async fn keep_party(
    db: &mut SqliteConnection,
    call: CallId,
    party: &Party,
    (name, stage): (&str, Stage),
    at: Wall,
) -> Result<(), StoreError> {
    let (agent, code) = match &party.who {
        Who::Agent(agent) => (Some(agent.0 as i64), None),
        Who::Outside(code) => (None, Some(code.as_str())),
    };
    let now = |when: bool| when.then_some(at.unix_ms);
    sqlx::query(
        "INSERT INTO call_parties (call_id, leg, agent, code, name, part, rang_at, up_at, gone_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         ON CONFLICT (call_id, leg) DO UPDATE
         SET part = $6, up_at = COALESCE(call_parties.up_at, $8), gone_at = $9",
    )
    .bind(call.0 as i64)
    .bind(party.leg.0 as i64)
    .bind(agent)
    .bind(code)
    .bind(name)
    .bind(party.part.key())
    .bind(at.unix_ms)
    .bind(now(party.up && stage != Stage::Gone))
    .bind(now(stage == Stage::Gone))
    .execute(db)
    .await?;
    Ok(())
}

/// Of each agent the last ones are kept.
async fn keep_message(
    db: &mut SqliteConnection,
    agent: AgentId,
    text: &str,
    by: &str,
    at: Wall,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO agent_messages (id, agent, text, author, at)
         VALUES ((SELECT COALESCE(MAX(id), 0) + 1 FROM agent_messages), $1, $2, $3, $4)",
    )
    .bind(agent.0 as i64)
    .bind(text)
    .bind(by)
    .bind(at.unix_ms)
    .execute(&mut *db)
    .await?;
    sqlx::query(
        "DELETE FROM agent_messages WHERE agent = $1 AND id <= (
             SELECT id FROM agent_messages WHERE agent = $1 ORDER BY id DESC LIMIT 1 OFFSET $2)",
    )
    .bind(agent.0 as i64)
    .bind(AGENT_MESSAGES)
    .execute(&mut *db)
    .await?;
    Ok(())
}

/// Those who were on calls that a stopped process left open.
pub(super) async fn interrupted(db: &mut SqliteConnection, at: Wall) -> Result<(), StoreError> {
    sqlx::query("UPDATE call_parties SET gone_at = $1 WHERE gone_at IS NULL")
        .bind(at.unix_ms)
        .execute(db)
        .await?;
    Ok(())
}

impl Store {
    /// Everybody who is on a call now, in the order in which they were rung.
    pub async fn parties(&self) -> Result<Vec<PartyRow>, StoreError> {
        let query = sqlx::query_as(
            "SELECT call_id, leg, agent, code, name, part, rang_at, up_at FROM call_parties
             WHERE gone_at IS NULL ORDER BY call_id, rang_at, leg",
        );
        Ok(query.fetch_all(&self.readers).await?)
    }

    /// What was written to an agent, the newest first.
    pub async fn agent_messages(
        &self,
        agent: AgentId,
        limit: i64,
    ) -> Result<Vec<AgentMessageRow>, StoreError> {
        let query = sqlx::query_as(
            "SELECT id, text, author, at, seen_at FROM agent_messages
             WHERE agent = $1 ORDER BY id DESC LIMIT $2",
        );
        Ok(query.bind(agent.0 as i64).bind(limit).fetch_all(&self.readers).await?)
    }
}
