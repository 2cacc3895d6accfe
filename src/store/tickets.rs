//! Tickets: kept as their events, each whole, with a row beside them for lists and lights; rebuilt from the events alone.

use std::collections::BTreeMap;

use sqlx::{FromRow, SqliteConnection};

use super::{Store, StoreError, payload};
use crate::desk::ticket::{Actor, Entry, Role, Ticket, TicketEvent, TicketState};
use crate::kernel::evidence::Source;
use crate::kernel::{AgentId, CallId, Evidence, Filled, Slot, SurveyId, TicketId, Wall};

#[derive(FromRow)]
struct Line {
    seq: i64,
    actor: String,
    role: String,
    at: i64,
    payload: String,
}

impl Store {
    /// These tickets, and those that were merged into them, rebuilt from their events. One that is not there is left out.
    pub async fn load_tickets(&self, ids: &[TicketId]) -> Result<Vec<Ticket>, StoreError> {
        let mut db = self.readers.acquire().await?;
        let mut tickets: BTreeMap<TicketId, Ticket> = BTreeMap::new();
        for id in ids {
            let Some(ticket) = load(&mut db, *id).await? else { continue };
            for part in ticket.merged.iter().filter(|part| !ids.contains(part)) {
                if let Some(part) = load(&mut db, *part).await? {
                    tickets.insert(part.id, part);
                }
            }
            tickets.insert(ticket.id, ticket);
        }
        Ok(tickets.into_values().collect())
    }

    /// The history of a ticket, whole; entries from before they were kept so are left out.
    pub async fn entries(&self, id: TicketId) -> Result<Vec<Entry>, StoreError> {
        let mut db = self.readers.acquire().await?;
        entries(&mut db, id).await
    }

    /// Tickets on which a limit runs, from after `after` on, at most `limit`, by their numbers.
    pub async fn timed_tickets(
        &self,
        after: TicketId,
        limit: i64,
    ) -> Result<Vec<TicketId>, StoreError> {
        let ids: Vec<i64> = sqlx::query_scalar(
            "SELECT id FROM tickets WHERE id > $1 AND limit_code IS NOT NULL ORDER BY id LIMIT $2",
        )
        .bind(after.0 as i64)
        .bind(limit)
        .fetch_all(&self.readers)
        .await?;
        Ok(ids.into_iter().map(|id| TicketId(id as u64)).collect())
    }

    /// Writes the deadline of a ticket that nothing has happened to since it was loaded; whether it was another before.
    pub async fn retime(&self, ticket: &Ticket) -> Result<bool, StoreError> {
        let due = ticket.due.as_ref();
        let ms = |at: Option<Wall>| at.map(|at| at.unix_ms);
        let done = sqlx::query(
            "UPDATE tickets SET limit_code = $3, duty = $4, due_at = $5, yellow_at = $6 WHERE id = $1 AND version = $2
             AND (limit_code IS DISTINCT FROM $3 OR due_at IS DISTINCT FROM $5 OR yellow_at IS DISTINCT FROM $6)",
        )
        .bind(ticket.id.0 as i64)
        .bind(i64::from(ticket.version))
        .bind(due.map(|due| due.limit.as_str()))
        .bind(due.map(|due| due.duty.key()))
        .bind(ms(due.and_then(|due| due.at)))
        .bind(ms(due.and_then(|due| due.yellow)))
        .execute(&self.writer)
        .await?;
        Ok(done.rows_affected() > 0)
    }

    /// Tickets of before events were kept whole get one event that says how they stood.
    pub(super) async fn carry_over(&self) -> Result<(), StoreError> {
        let mut transaction = self.writer.begin().await?;
        let bare: Vec<i64> = sqlx::query_scalar(
            "SELECT DISTINCT e.ticket_id FROM ticket_events e WHERE e.payload IS NULL AND NOT EXISTS
             (SELECT 1 FROM ticket_events c WHERE c.ticket_id = e.ticket_id AND c.payload IS NOT NULL)",
        )
        .fetch_all(&mut *transaction)
        .await?;
        for id in bare {
            carry(&mut transaction, id).await?;
        }
        transaction.commit().await?;
        Ok(())
    }
}

/// Rebuilds a ticket from its events.
pub(super) async fn load(
    db: &mut SqliteConnection,
    id: TicketId,
) -> Result<Option<Ticket>, StoreError> {
    let call: Option<i64> = sqlx::query_scalar("SELECT call_id FROM tickets WHERE id = $1")
        .bind(id.0 as i64)
        .fetch_optional(&mut *db)
        .await?;
    let Some(call) = call else { return Ok(None) };
    let entries = entries(db, id).await?;
    let ticket = Ticket::fold(id, CallId(call as u64), &entries)
        .map_err(|source| StoreError::Fold { ticket: id, source })?;
    Ok(Some(ticket))
}

async fn entries(db: &mut SqliteConnection, id: TicketId) -> Result<Vec<Entry>, StoreError> {
    let lines: Vec<Line> = sqlx::query_as(
        "SELECT seq, actor, role, at, payload FROM ticket_events
         WHERE ticket_id = $1 AND payload IS NOT NULL ORDER BY seq",
    )
    .bind(id.0 as i64)
    .fetch_all(db)
    .await?;
    lines.into_iter().map(|line| entry(id, line)).collect()
}

fn entry(id: TicketId, line: Line) -> Result<Entry, StoreError> {
    let (event, set_back_ms) = payload::read(&line.payload)
        .map_err(|problem| StoreError::Payload { ticket: id, seq: line.seq, problem })?;
    let role = Role::from_key(&line.role).ok_or(StoreError::Unknown {
        table: "ticket_events",
        column: "role",
        value: line.role,
    })?;
    let by = Actor { role, name: line.actor };
    Ok(Entry { seq: line.seq as u32, at: Wall::from_ms(line.at), by, event, set_back_ms })
}

/// Keeps what has happened, and the ticket as it stands since.
pub(super) async fn keep(
    db: &mut SqliteConnection,
    ticket: &Ticket,
    entry: &Entry,
) -> Result<(), StoreError> {
    row(db, ticket).await?;
    // Other events leave the fields as they are.
    let written = matches!(
        entry.event,
        TicketEvent::Drafted { .. }
            | TicketEvent::Carried { .. }
            | TicketEvent::Edited { .. }
            | TicketEvent::Dispatched { .. }
            | TicketEvent::Transferred { .. }
            | TicketEvent::ObjectionDecided { .. }
    );
    if written {
        fields(db, ticket).await?;
    }
    happened(db, ticket.id, entry).await
}

async fn happened(
    db: &mut SqliteConnection,
    id: TicketId,
    entry: &Entry,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO ticket_events (ticket_id, seq, kind, actor, role, why, at, payload)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(id.0 as i64)
    .bind(i64::from(entry.seq))
    .bind(entry.event.key())
    .bind(entry.by.name.as_str())
    .bind(entry.by.role.key())
    .bind(entry.event.why())
    .bind(entry.at.unix_ms)
    .bind(payload::write(entry))
    .execute(db)
    .await?;
    Ok(())
}

async fn row(db: &mut SqliteConnection, ticket: &Ticket) -> Result<(), StoreError> {
    let owner = ticket.assignment().map(|to| &to.owner);
    let code = |slot| ticket.fields.get(&slot).and_then(|filled: &Filled| filled.code.as_deref());
    let merged = match &ticket.state {
        TicketState::Merged { into } => Some(into.0 as i64),
        _ => None,
    };
    let due = ticket.due.as_ref();
    sqlx::query(
        "INSERT INTO tickets (id, call_id, state, agent, result, survey_id, opened_at, changed_at, unit, level,
         place, category, pack, procedure, limit_code, duty, due_at, yellow_at, supervised, secret, version,
         merged_into, part_of)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23)
         ON CONFLICT (id) DO UPDATE SET state = $3, agent = $4, result = $5, survey_id = $6, opened_at = $7,
         changed_at = $8, unit = $9, level = $10, place = $11, category = $12, pack = $13, procedure = $14,
         limit_code = $15, duty = $16, due_at = $17, yellow_at = $18, supervised = $19, secret = $20,
         version = $21, merged_into = $22, part_of = $23",
    )
    .bind(ticket.id.0 as i64)
    .bind(ticket.call.0 as i64)
    .bind(ticket.state.key())
    .bind(ticket.agent.map(|agent| agent.0 as i64))
    .bind(ticket.result.as_deref())
    .bind(ticket.survey.map(|survey| survey.0 as i64))
    .bind(ticket.opened.unix_ms)
    .bind(ticket.changed.unix_ms)
    .bind(owner.map(|unit| unit.code.as_str()))
    .bind(owner.map(|unit| unit.level.key()))
    .bind(code(Slot::Place))
    .bind(code(Slot::Category))
    .bind(ticket.clock.as_ref().map(|clock| clock.pack.as_str()))
    .bind(ticket.clock.as_ref().map(|clock| clock.procedure.as_str()))
    .bind(due.map(|due| due.limit.as_str()))
    .bind(due.map(|due| due.duty.key()))
    .bind(due.and_then(|due| due.at).map(|at| at.unix_ms))
    .bind(due.and_then(|due| due.yellow).map(|at| at.unix_ms))
    .bind(i64::from(ticket.supervision.is_some()))
    .bind(i64::from(ticket.secret))
    .bind(i64::from(ticket.version))
    .bind(merged)
    .bind(ticket.part_of.map(|into| into.0 as i64))
    .execute(db)
    .await?;
    Ok(())
}

async fn fields(db: &mut SqliteConnection, ticket: &Ticket) -> Result<(), StoreError> {
    let id = ticket.id.0 as i64;
    for table in [
        "DELETE FROM field_evidence WHERE ticket_id = $1",
        "DELETE FROM ticket_fields WHERE ticket_id = $1",
    ] {
        sqlx::query(table).bind(id).execute(&mut *db).await?;
    }
    for (slot, filled) in &ticket.fields {
        sqlx::query(
            "INSERT INTO ticket_fields (ticket_id, slot, value, code, source)
             VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(id)
        .bind(slot.key())
        .bind(filled.value.as_str())
        .bind(filled.code.as_deref())
        .bind(filled.source.key())
        .execute(&mut *db)
        .await?;
        for (n, evidence) in filled.evidence.iter().enumerate() {
            sqlx::query(
                "INSERT INTO field_evidence
                 (ticket_id, slot, n, utterance, start_ms, end_ms, confidence)
                 VALUES ($1, $2, $3, $4, $5, $6, $7)",
            )
            .bind(id)
            .bind(slot.key())
            .bind(n as i64)
            .bind(i64::from(evidence.utterance))
            .bind(evidence.start_ms as i64)
            .bind(evidence.end_ms as i64)
            .bind(f64::from(evidence.confidence))
            .execute(&mut *db)
            .await?;
        }
    }
    Ok(())
}

/// The service stopped while the caller was telling. The deadline is what it was: no clock sees an interruption.
pub(super) async fn interrupt(
    db: &mut SqliteConnection,
    id: TicketId,
    at: Wall,
) -> Result<(), StoreError> {
    let Some(mut ticket) = load(db, id).await? else { return Ok(()) };
    let entry = ticket
        .apply(TicketEvent::Interrupted, Actor::system(), at)
        .map_err(|source| StoreError::Fold { ticket: id, source })?;
    sqlx::query("UPDATE tickets SET state = $2, changed_at = $3, version = $4 WHERE id = $1")
        .bind(id.0 as i64)
        .bind(ticket.state.key())
        .bind(ticket.changed.unix_ms)
        .bind(i64::from(ticket.version))
        .execute(&mut *db)
        .await?;
    happened(db, id, &entry).await
}

type Bare = (i64, String, Option<i64>, Option<String>, Option<i64>, i64, i64);

/// How a ticket stood by its row, as its next event.
async fn carry(db: &mut SqliteConnection, id: i64) -> Result<(), StoreError> {
    let (call, key, agent, result, survey, opened, changed): Bare = sqlx::query_as(
        "SELECT call_id, state, agent, result, survey_id, opened_at, changed_at FROM tickets WHERE id = $1",
    )
    .bind(id)
    .fetch_one(&mut *db)
    .await?;
    let state = match key.as_str() {
        "draft" => TicketState::Draft,
        "interrupted" => TicketState::Interrupted,
        "registered" => TicketState::Registered,
        "handling" => TicketState::Handling { agent: AgentId(agent.unwrap_or(0) as u64) },
        "closed" => TicketState::Closed { result: result.unwrap_or_default() },
        "called_back" => TicketState::CalledBack { survey: SurveyId(survey.unwrap_or(0) as u64) },
        _ => return Err(StoreError::Unknown { table: "tickets", column: "state", value: key }),
    };
    let seq: i64 = sqlx::query_scalar("SELECT MAX(seq) FROM ticket_events WHERE ticket_id = $1")
        .bind(id)
        .fetch_one(&mut *db)
        .await?;
    let event = TicketEvent::Carried {
        state: Box::new(state),
        fields: bare_fields(db, id).await?,
        opened: Wall::from_ms(opened),
    };
    let entry = Entry {
        seq: seq as u32 + 1,
        at: Wall::from_ms(changed),
        by: Actor::system(),
        event,
        set_back_ms: 0,
    };
    let (id, call) = (TicketId(id as u64), CallId(call as u64));
    let ticket = Ticket::fold(id, call, std::slice::from_ref(&entry))
        .map_err(|source| StoreError::Fold { ticket: id, source })?;
    keep(db, &ticket, &entry).await
}

async fn bare_fields(
    db: &mut SqliteConnection,
    id: i64,
) -> Result<BTreeMap<Slot, Filled>, StoreError> {
    let unknown =
        |column, value: String| StoreError::Unknown { table: "ticket_fields", column, value };
    let rows: Vec<(String, String, Option<String>, String)> =
        sqlx::query_as("SELECT slot, value, code, source FROM ticket_fields WHERE ticket_id = $1")
            .bind(id)
            .fetch_all(&mut *db)
            .await?;
    let mut fields = BTreeMap::new();
    for (slot, value, code, source) in rows {
        let evidence: Vec<(i64, i64, i64, f64)> = sqlx::query_as(
            "SELECT utterance, start_ms, end_ms, confidence FROM field_evidence
             WHERE ticket_id = $1 AND slot = $2 ORDER BY n",
        )
        .bind(id)
        .bind(slot.as_str())
        .fetch_all(&mut *db)
        .await?;
        let evidence = evidence.into_iter().map(|(utterance, start, end, confidence)| Evidence {
            utterance: utterance as u32,
            start_ms: start as u64,
            end_ms: end as u64,
            confidence: confidence as f32,
        });
        let slot = Slot::from_key(&slot).ok_or_else(|| unknown("slot", slot.clone()))?;
        let source = Source::from_key(&source).ok_or_else(|| unknown("source", source.clone()))?;
        fields.insert(slot, Filled { value, code, evidence: evidence.collect(), source });
    }
    Ok(fields)
}
