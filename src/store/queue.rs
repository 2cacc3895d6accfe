//! Waits for a person: what became of each, the day in figures, and what a restart and the planning of staff need.

use serde::Serialize;
use sqlx::{FromRow, SqliteConnection};

use super::{Store, StoreError};
use crate::acd::staffing::Happened;
use crate::acd::{Owner, Record};
use crate::kernel::limits::ACD_OWNERS;
use crate::kernel::{AgentId, CallId, Pii, Wall};

/// Answered in time: GB/T 33358-2016.
pub const IN_TIME_MS: i64 = 15_000;

/// The last wait of the one on this line.
const LAST: &str =
    "line_id = $1 AND entered_at = (SELECT MAX(entered_at) FROM queue_waits WHERE line_id = $1)";
/// Their last with this agent.
const LAST_WITH: &str =
    "line_id = $1 AND agent = $2 AND entered_at = (SELECT MAX(entered_at) FROM queue_waits
    WHERE line_id = $1 AND agent = $2)";

const fn number(ms: u64) -> i64 {
    if ms > i64::MAX as u64 { i64::MAX } else { ms as i64 }
}

const fn id(call: CallId) -> i64 {
    number(call.0)
}

pub(super) async fn keep(
    db: &mut SqliteConnection,
    record: &Record,
    at: Wall,
) -> Result<(), StoreError> {
    let at = at.unix_ms;
    let changes = |what: &str, whose: &str| {
        sqlx::AssertSqlSafe(format!("UPDATE queue_waits SET {what} WHERE {whose}"))
    };
    let query = match record {
        Record::Entered { call, group, priority } => sqlx::query(
            "INSERT INTO queue_waits (call_id, line_id, entered_at, group_code, priority)
             VALUES ($1, $1, $2, $3, $4) ON CONFLICT (call_id, entered_at) DO NOTHING",
        )
        .bind(id(*call))
        .bind(at)
        .bind(group.as_str())
        .bind(priority.key()),
        Record::Promised { call } => {
            sqlx::query(changes("promised_at = $2", LAST)).bind(id(*call)).bind(at)
        }
        Record::Reached { call, line } => {
            sqlx::query(changes("line_id = $2", LAST)).bind(id(*call)).bind(id(*line))
        }
        Record::Answered { call, agent, waited_ms } => {
            sqlx::query(changes("answered_at = $2, agent = $3, waited_ms = $4", LAST))
                .bind(id(*call))
                .bind(at)
                .bind(number(agent.0))
                .bind(number(*waited_ms))
        }
        Record::Left { call, why, waited_ms } => {
            sqlx::query(changes("left_at = $2, why = $3, waited_ms = $4", LAST))
                .bind(id(*call))
                .bind(at)
                .bind(why.key())
                .bind(number(*waited_ms))
        }
        Record::Ended { call, agent, talk_ms } => sqlx::query(changes("talk_ms = $3", LAST_WITH))
            .bind(id(*call))
            .bind(number(agent.0))
            .bind(number(*talk_ms)),
        Record::WrappedUp { call, agent, code, wrap_up_ms } => {
            sqlx::query(changes("wrap_up_ms = $3, code = $4", LAST_WITH))
                .bind(id(*call))
                .bind(number(agent.0))
                .bind(number(*wrap_up_ms))
                .bind(code.as_deref())
        }
    };
    query.execute(db).await?;
    Ok(())
}

/// Those who still waited when the service stopped.
pub(super) async fn interrupted(db: &mut SqliteConnection, at: Wall) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE queue_waits SET left_at = $1, why = 'interrupted' WHERE left_at IS NULL AND answered_at IS NULL",
    )
    .bind(at.unix_ms)
    .execute(db)
    .await?;
    Ok(())
}

/// The hall at a moment and the day so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, FromRow, Serialize)]
pub struct Hall {
    /// On the line and waiting; since when the one who waits longest does.
    pub waiting: i64,
    pub oldest_at: Option<i64>,
    /// Will be called back.
    pub promised: i64,
    /// Wanted a person today and were answered, gave up or were told that there is none, or have waited too long already.
    pub asked: i64,
    pub in_time: i64,
    /// Hung up while they waited.
    pub abandoned: i64,
    /// Told that nobody is there or too many wait.
    pub turned_away: i64,
}

/// The robot's side of the same day.
#[derive(Clone, Debug, Default, PartialEq, Eq, FromRow, Serialize)]
pub struct RobotDay {
    pub calls: i64,
    /// Heard the robot, or waited for it longer than [`IN_TIME_MS`].
    pub asked: i64,
    pub in_time: i64,
    /// Hung up on the robot: no person was wanted.
    pub abandoned: i64,
}

impl Store {
    pub async fn hall(&self, midnight: Wall, now: Wall) -> Result<Hall, StoreError> {
        Ok(sqlx::query_as(
            "SELECT
               COUNT(CASE WHEN open AND promised_at IS NULL THEN 1 END) AS waiting,
               MIN(CASE WHEN open AND promised_at IS NULL THEN entered_at END) AS oldest_at,
               COUNT(CASE WHEN open AND promised_at IS NOT NULL THEN 1 END) AS promised,
               COUNT(CASE WHEN entered_at >= $1 AND promised_at IS NULL
                 AND (NOT open OR entered_at + $3 < $2) THEN 1 END) AS asked,
               COUNT(CASE WHEN entered_at >= $1 AND promised_at IS NULL AND answered_at IS NOT NULL
                 AND waited_ms <= $3 THEN 1 END) AS in_time,
               COUNT(CASE WHEN entered_at >= $1 AND why = 'left' THEN 1 END) AS abandoned,
               COUNT(CASE WHEN entered_at >= $1 AND why IN ('nobody', 'full') THEN 1 END) AS turned_away
             FROM (SELECT *, (answered_at IS NULL AND left_at IS NULL) AS open FROM queue_waits
               WHERE entered_at >= $1 OR (answered_at IS NULL AND left_at IS NULL)) AS waits",
        )
        .bind(midnight.unix_ms)
        .bind(now.unix_ms)
        .bind(IN_TIME_MS)
        .fetch_one(&self.readers)
        .await?)
    }

    pub async fn robot_day(&self, midnight: Wall, now: Wall) -> Result<RobotDay, StoreError> {
        Ok(sqlx::query_as(
            "SELECT COUNT(*) AS calls,
               COUNT(CASE WHEN first_ms IS NOT NULL OR COALESCE(ended_at, $2) - started_at > $3 THEN 1 END) AS asked,
               COUNT(CASE WHEN first_ms <= $3 THEN 1 END) AS in_time,
               COUNT(CASE WHEN outcome = 'abandoned' AND NOT queued THEN 1 END) AS abandoned
             FROM (SELECT c.started_at, c.ended_at, c.outcome,
               (SELECT MIN(t.start_ms) FROM turns t WHERE t.call_id = c.id AND t.speaker = 'robot') AS first_ms,
               EXISTS (SELECT 1 FROM queue_waits q WHERE q.call_id = c.id) AS queued
               FROM calls c WHERE c.direction = 'inbound' AND c.started_at >= $1) AS days",
        )
        .bind(midnight.unix_ms)
        .bind(now.unix_ms)
        .bind(IN_TIME_MS)
        .fetch_one(&self.readers)
        .await?)
    }

    /// Who wanted a person in this time and how long they took.
    pub async fn happened(&self, since: Wall, until: Wall) -> Result<Vec<Happened>, StoreError> {
        let rows: Vec<(i64, Option<i64>)> = sqlx::query_as(
            "SELECT entered_at, talk_ms + COALESCE(wrap_up_ms, 0) FROM queue_waits
             WHERE entered_at >= $1 AND entered_at < $2 ORDER BY entered_at",
        )
        .bind(since.unix_ms)
        .bind(until.unix_ms)
        .fetch_all(&self.readers)
        .await?;
        let happened = rows.into_iter().map(|(at, handled)| Happened {
            at: Wall::from_ms(at),
            handled_ms: handled.and_then(|ms| u64::try_from(ms).ok()),
        });
        Ok(happened.collect())
    }

    /// 首接负责: who talked with whom last, newest first.
    pub(super) async fn owners(&self) -> Result<Vec<Owner>, StoreError> {
        let rows: Vec<(String, i64, i64)> = sqlx::query_as(
            "SELECT c.number, q.agent, q.answered_at FROM queue_waits q JOIN calls c ON c.id = q.call_id
             WHERE c.number IS NOT NULL AND q.agent IS NOT NULL AND q.answered_at IS NOT NULL
             ORDER BY q.answered_at DESC LIMIT $1",
        )
        .bind(ACD_OWNERS as i64)
        .fetch_all(&self.readers)
        .await?;
        let owners = rows.into_iter().map(|(number, agent, at)| Owner {
            caller: Pii::new(number),
            agent: AgentId(agent.max(0) as u64),
            at: Wall::from_ms(at),
        });
        Ok(owners.collect())
    }
}
