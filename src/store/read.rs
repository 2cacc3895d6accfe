//! Rows become what pages show and what a restart needs.

use serde::Serialize;
use sqlx::FromRow;

use super::{Store, StoreError};
use crate::hotline::Restored;
use crate::kernel::{AgentId, CallId, Slot, TicketId, VerificationId, Wall};

/// A call. Times are Unix milliseconds.
#[derive(Clone, Debug, FromRow, Serialize)]
pub struct CallRow {
    pub id: i64,
    /// `inbound` or `callback`.
    pub direction: String,
    pub number: Option<String>,
    pub state: String,
    pub outcome: Option<String>,
    pub started_at: i64,
    pub ended_at: Option<i64>,
    pub ticket_id: Option<i64>,
    /// A ticket of it is secret: who called is sealed.
    pub secret: bool,
}

/// Somebody's words; positions are milliseconds from the start of the recording.
#[derive(Clone, Debug, FromRow, Serialize)]
pub struct TurnRow {
    pub call_id: i64,
    pub idx: i64,
    /// `caller`, `robot` or `agent`.
    pub speaker: String,
    pub text: String,
    pub start_ms: i64,
    pub end_ms: i64,
    pub confidence: f64,
    pub latency_ms: Option<i64>,
    pub cut_short: bool,
    /// When they were written down: a caller's words once decided on, a saying once ended. Unix milliseconds.
    pub at: i64,
}

#[derive(Clone, Debug, FromRow, Serialize)]
pub struct TicketRow {
    pub id: i64,
    pub call_id: i64,
    pub state: String,
    pub agent: Option<i64>,
    pub result: Option<String>,
    pub survey_id: Option<i64>,
    pub opened_at: i64,
    pub changed_at: i64,
    /// Code of the unit that owns it, or did last, and that unit's level.
    pub unit: Option<String>,
    pub level: Option<String>,
    /// Division code.
    pub place: Option<String>,
    /// Category code.
    pub category: Option<String>,
    /// Rule pack and procedure.
    pub pack: Option<String>,
    pub procedure: Option<String>,
    /// The next open deadline; `due_at` alone is absent while a pause holds it.
    pub limit_code: Option<String>,
    pub duty: Option<String>,
    pub due_at: Option<i64>,
    pub yellow_at: Option<i64>,
    pub supervised: bool,
    /// Who reported is sealed.
    pub secret: bool,
    /// The number of its events.
    pub version: i64,
    pub merged_into: Option<i64>,
    #[sqlx(skip)]
    pub fields: Vec<FieldRow>,
}

#[derive(Clone, Debug, FromRow, Serialize)]
pub struct FieldRow {
    #[serde(skip)]
    pub ticket_id: i64,
    pub slot: String,
    pub value: String,
    pub code: Option<String>,
    /// `spoken`, `keys`, `signalling` or `staff`.
    pub source: String,
    #[sqlx(skip)]
    pub evidence: Vec<EvidenceRow>,
}

#[derive(Clone, Debug, FromRow, Serialize)]
pub struct EvidenceRow {
    #[serde(skip)]
    pub ticket_id: i64,
    #[serde(skip)]
    pub slot: String,
    pub utterance: i64,
    pub start_ms: i64,
    pub end_ms: i64,
    pub confidence: f64,
}

#[derive(Clone, Debug, FromRow, Serialize)]
pub struct EventRow {
    pub seq: i64,
    pub kind: String,
    pub actor: String,
    /// `robot`, `system`, `agent`, `desk`, `unit` or `supervisor`.
    pub role: String,
    pub why: String,
    pub at: i64,
}

#[derive(Clone, Debug, FromRow, Serialize)]
pub struct AgentRow {
    pub agent: i64,
    pub state: String,
    pub call_id: Option<i64>,
    /// Why they are away.
    pub reason: Option<String>,
    pub at: i64,
}

#[derive(Clone, Debug, FromRow, Serialize)]
pub struct SurveyRow {
    pub id: i64,
    pub ticket_id: i64,
    /// `due`, `calling` or `ended`.
    pub state: String,
    pub outcome: Option<String>,
    pub attempt: i64,
    pub due_at: i64,
    pub call_id: Option<i64>,
    pub changed_at: i64,
    #[sqlx(skip)]
    pub answers: Vec<AnswerRow>,
    #[sqlx(skip)]
    pub attempts: Vec<AttemptRow>,
}

#[derive(Clone, Debug, FromRow, Serialize)]
pub struct AnswerRow {
    #[serde(skip)]
    pub survey_id: i64,
    pub seq: i64,
    pub call_id: i64,
    /// `solved`, `satisfied` or `reason`.
    pub question: String,
    pub value: String,
    pub words: Option<String>,
    pub pressed: Option<String>,
    pub utterance: Option<i64>,
    pub start_ms: i64,
    pub end_ms: i64,
    pub confidence: Option<f64>,
    pub confirmed: bool,
}

#[derive(Clone, Debug, FromRow, Serialize)]
pub struct AttemptRow {
    #[serde(skip)]
    pub survey_id: i64,
    pub attempt: i64,
    pub outcome: String,
    pub at: i64,
}

#[derive(Clone, Debug, FromRow, Serialize)]
pub struct VerificationRow {
    pub id: i64,
    pub survey_id: i64,
    pub ticket_id: i64,
    /// `unhappy`, `unsolved` or `contradiction`.
    pub reason: String,
    /// The unit or desk that looks into it.
    pub unit: Option<String>,
    pub opened_at: i64,
    /// The first moment that is too late.
    pub due_at: Option<i64>,
    pub closed_at: Option<i64>,
    /// `confirmed`, `overturned` or `reopened`.
    pub outcome: Option<String>,
    pub result: Option<String>,
    pub actor: Option<String>,
}

/// Counts of calls, and how long callers waited for replies.
#[derive(Clone, Debug)]
pub struct Figures {
    /// Direction, outcome (`None`: not ended), calls.
    pub outcomes: Vec<(String, Option<String>, i64)>,
    /// Replies of the robot that a latency was measured of.
    pub replies: i64,
    pub latency_p50_ms: Option<i64>,
    pub latency_p95_ms: Option<i64>,
}

const CALLS: &str =
    "SELECT c.id, c.direction, c.number, c.state, c.outcome, c.started_at, c.ended_at,
     (SELECT MAX(t.id) FROM tickets t WHERE t.call_id = c.id) AS ticket_id,
     (EXISTS (SELECT 1 FROM tickets t WHERE t.call_id = c.id AND t.secret <> 0)
       OR EXISTS (SELECT 1 FROM surveys s JOIN tickets t ON t.id = s.ticket_id
         WHERE s.call_id = c.id AND t.secret <> 0)) AS secret FROM calls c ";

pub(super) const TICKETS: &str =
    "SELECT id, call_id, state, agent, result, survey_id, opened_at, changed_at, unit, level, place, category, pack,
     procedure, limit_code, duty, due_at, yellow_at, supervised <> 0 AS supervised, secret <> 0 AS secret, version,
     merged_into FROM tickets";

impl Store {
    /// Calls that have not ended.
    pub async fn live_calls(&self) -> Result<Vec<CallRow>, StoreError> {
        let sql = format!("{CALLS} WHERE c.ended_at IS NULL ORDER BY c.id");
        let query = sqlx::query_as(sqlx::AssertSqlSafe(sql));
        Ok(query.fetch_all(&self.readers).await?)
    }

    /// The newest `limit` calls before `before` (an id).
    pub async fn calls(&self, before: i64, limit: i64) -> Result<Vec<CallRow>, StoreError> {
        let sql = format!("{CALLS} WHERE c.id < $1 ORDER BY c.id DESC LIMIT $2");
        let query = sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(before).bind(limit);
        Ok(query.fetch_all(&self.readers).await?)
    }

    pub async fn call(&self, id: CallId) -> Result<Option<CallRow>, StoreError> {
        let sql = format!("{CALLS} WHERE c.id = $1");
        let query = sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(id.0 as i64);
        Ok(query.fetch_optional(&self.readers).await?)
    }

    pub async fn turns(&self, call: CallId) -> Result<Vec<TurnRow>, StoreError> {
        let query = sqlx::query_as(
            "SELECT call_id, idx, speaker, text, start_ms, end_ms, confidence, latency_ms,
             cut_short <> 0 AS cut_short, at FROM turns WHERE call_id = $1 ORDER BY start_ms, idx",
        );
        Ok(query.bind(call.0 as i64).fetch_all(&self.readers).await?)
    }

    /// The newest `limit` tickets before `before` (an id), with their fields.
    pub async fn tickets(&self, before: i64, limit: i64) -> Result<Vec<TicketRow>, StoreError> {
        self.tickets_of(None, before, limit).await
    }

    /// The same of one unit.
    pub async fn tickets_of(
        &self,
        unit: Option<&str>,
        before: i64,
        limit: i64,
    ) -> Result<Vec<TicketRow>, StoreError> {
        let own = if unit.is_some() { "AND unit = $3" } else { "" };
        let sql = format!("{TICKETS} WHERE id < $1 {own} ORDER BY id DESC LIMIT $2");
        let query = sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(before).bind(limit);
        let rows = match unit {
            Some(unit) => query.bind(unit),
            None => query,
        }
        .fetch_all(&self.readers)
        .await?;
        self.with_fields(rows).await
    }

    pub async fn ticket(&self, id: TicketId) -> Result<Option<TicketRow>, StoreError> {
        let rows = sqlx::query_as(sqlx::AssertSqlSafe(format!("{TICKETS} WHERE id = $1",)))
            .bind(id.0 as i64)
            .fetch_all(&self.readers)
            .await?;
        Ok(self.with_fields(rows).await?.pop())
    }

    pub(super) async fn with_fields(&self, mut rows: Vec<TicketRow>) -> Result<Vec<TicketRow>, StoreError> {
        for row in &mut rows {
            let mut evidence: Vec<EvidenceRow> = sqlx::query_as(
                "SELECT ticket_id, slot, utterance, start_ms, end_ms, confidence
                 FROM field_evidence WHERE ticket_id = $1 ORDER BY slot, n",
            )
            .bind(row.id)
            .fetch_all(&self.readers)
            .await?;
            row.fields = sqlx::query_as(
                "SELECT ticket_id, slot, value, code, source FROM ticket_fields WHERE ticket_id = $1",
            )
            .bind(row.id)
            .fetch_all(&self.readers)
            .await?;
            row.fields.sort_by_key(|field| Slot::from_key(&field.slot));
            for field in &mut row.fields {
                let (own, rest) = evidence.into_iter().partition(|e| e.slot == field.slot);
                field.evidence = own;
                evidence = rest;
            }
        }
        Ok(rows)
    }

    pub async fn ticket_events(&self, id: TicketId) -> Result<Vec<EventRow>, StoreError> {
        let query = sqlx::query_as(
            "SELECT seq, kind, actor, role, why, at FROM ticket_events WHERE ticket_id = $1 ORDER BY seq",
        );
        Ok(query.bind(id.0 as i64).fetch_all(&self.readers).await?)
    }

    pub async fn agents(&self) -> Result<Vec<AgentRow>, StoreError> {
        let query =
            sqlx::query_as("SELECT agent, state, call_id, reason, at FROM agent_states ORDER BY agent");
        Ok(query.fetch_all(&self.readers).await?)
    }

    /// The newest `limit` callbacks before `before` (an id), with answers and attempts.
    pub async fn surveys(&self, before: i64, limit: i64) -> Result<Vec<SurveyRow>, StoreError> {
        let mut rows: Vec<SurveyRow> = sqlx::query_as(
            "SELECT id, ticket_id, state, outcome, attempt, due_at, call_id, changed_at
             FROM surveys WHERE id < $1 ORDER BY id DESC LIMIT $2",
        )
        .bind(before)
        .bind(limit)
        .fetch_all(&self.readers)
        .await?;
        for row in &mut rows {
            row.answers = self.survey_answers(row.id).await?;
            row.attempts = self.survey_attempts(row.id).await?;
        }
        Ok(rows)
    }

    pub(super) async fn survey_answers(&self, survey: i64) -> Result<Vec<AnswerRow>, StoreError> {
        let query = sqlx::query_as(
            "SELECT survey_id, seq, call_id, question, value, words, pressed, utterance, start_ms,
             end_ms, confidence, confirmed <> 0 AS confirmed
             FROM survey_answers WHERE survey_id = $1 ORDER BY seq",
        );
        Ok(query.bind(survey).fetch_all(&self.readers).await?)
    }

    pub(super) async fn survey_attempts(&self, survey: i64) -> Result<Vec<AttemptRow>, StoreError> {
        let query = sqlx::query_as(
            "SELECT survey_id, attempt, outcome, at FROM survey_attempts
             WHERE survey_id = $1 ORDER BY attempt",
        );
        Ok(query.bind(survey).fetch_all(&self.readers).await?)
    }

    /// Open verifications first, then the newest.
    pub async fn verifications(&self, limit: i64) -> Result<Vec<VerificationRow>, StoreError> {
        let query = sqlx::query_as(
            "SELECT id, survey_id, ticket_id, reason, unit, opened_at, due_at, closed_at, outcome, result, actor
             FROM verifications
             ORDER BY CASE WHEN closed_at IS NULL THEN 0 ELSE 1 END, id DESC LIMIT $1",
        );
        Ok(query.bind(limit).fetch_all(&self.readers).await?)
    }

    pub async fn verification(
        &self,
        id: VerificationId,
    ) -> Result<Option<VerificationRow>, StoreError> {
        let query = sqlx::query_as(
            "SELECT id, survey_id, ticket_id, reason, unit, opened_at, due_at, closed_at, outcome, result, actor
             FROM verifications WHERE id = $1",
        );
        Ok(query.bind(id.0 as i64).fetch_optional(&self.readers).await?)
    }

    /// The last words of each speaker on the calls that have not ended.
    pub async fn last_words(&self) -> Result<Vec<TurnRow>, StoreError> {
        let query = sqlx::query_as(
            "SELECT t.call_id, t.idx, t.speaker, t.text, t.start_ms, t.end_ms, t.confidence,
             t.latency_ms, t.cut_short <> 0 AS cut_short, t.at
             FROM turns t JOIN calls c ON c.id = t.call_id
             WHERE c.ended_at IS NULL AND t.idx =
               (SELECT MAX(x.idx) FROM turns x WHERE x.call_id = t.call_id AND x.speaker = t.speaker)
             ORDER BY t.call_id, t.start_ms",
        );
        Ok(query.fetch_all(&self.readers).await?)
    }

    /// Tickets that this agent has taken and not closed, oldest first.
    pub async fn tickets_handled_by(
        &self,
        agent: AgentId,
        limit: i64,
    ) -> Result<Vec<TicketRow>, StoreError> {
        let rows = sqlx::query_as(sqlx::AssertSqlSafe(format!(
            "{TICKETS} WHERE state = 'handling' AND agent = $1 ORDER BY id LIMIT $2",
        )))
        .bind(agent.0 as i64)
        .bind(limit)
        .fetch_all(&self.readers)
        .await?;
        self.with_fields(rows).await
    }

    /// What was done since `since`.
    pub async fn figures(&self, since: Wall) -> Result<Figures, StoreError> {
        let outcomes: Vec<(String, Option<String>, i64)> = sqlx::query_as(
            "SELECT direction, outcome, COUNT(*) FROM calls WHERE started_at >= $1
             GROUP BY direction, outcome ORDER BY direction, outcome",
        )
        .bind(since.unix_ms)
        .fetch_all(&self.readers)
        .await?;
        const REPLIES: &str = "FROM turns t JOIN calls c ON c.id = t.call_id
             WHERE c.started_at >= $1 AND t.latency_ms IS NOT NULL";
        let replies: i64 =
            sqlx::query_scalar(sqlx::AssertSqlSafe(format!("SELECT COUNT(*) {REPLIES}")))
                .bind(since.unix_ms)
                .fetch_one(&self.readers)
                .await?;
        let nth = async |rank: i64| -> Result<Option<i64>, StoreError> {
            let sql =
                format!("SELECT t.latency_ms {REPLIES} ORDER BY t.latency_ms LIMIT 1 OFFSET $2");
            let query = sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).bind(since.unix_ms);
            Ok(query.bind(rank).fetch_optional(&self.readers).await?)
        };
        // Nearest rank: the smallest latency that at least half, or 95 in 100, of the replies keep to.
        Ok(Figures {
            latency_p50_ms: nth((replies + 1) / 2 - 1).await?.filter(|_| replies > 0),
            latency_p95_ms: nth((replies * 95 + 99) / 100 - 1).await?.filter(|_| replies > 0),
            replies,
            outcomes,
        })
    }

    /// What the hotline must know after a restart.
    pub async fn restore(&self) -> Result<Restored, StoreError> {
        let highest = async |sql: &'static str| -> Result<u64, StoreError> {
            let value: Option<i64> = sqlx::query_scalar(sql).fetch_one(&self.readers).await?;
            Ok(value.unwrap_or(0).max(0) as u64)
        };
        let surveys = self.pending_surveys().await?;
        let callbacks = self.callbacks_left().await?;
        let mut wanted: Vec<TicketId> = surveys.iter().map(|survey| survey.ticket).collect();
        wanted.extend(callbacks.verifications.iter().map(|verification| verification.ticket));
        wanted.extend(callbacks.wanted.iter().map(|(_, ticket)| *ticket));
        wanted.extend(callbacks.unplanned.iter().map(|(_, ticket)| *ticket));
        wanted.sort_unstable();
        wanted.dedup();
        Ok(Restored {
            next_call: highest("SELECT MAX(id) FROM calls").await? + 1,
            next_survey: highest(
                "SELECT MAX(id) FROM (SELECT id FROM surveys UNION ALL SELECT survey_id FROM survey_asks) AS given",
            )
            .await?
                + 1,
            next_verification: highest("SELECT MAX(id) FROM verifications").await? + 1,
            last_ticket: highest("SELECT MAX(id) FROM tickets").await?,
            tickets: self.load_tickets(&wanted).await?,
            surveys,
            callbacks,
            owners: self.owners().await?,
        })
    }
}
