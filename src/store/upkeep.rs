//! What is done without anybody's order: limits that have passed, and tickets whose callback is over.

use sqlx::FromRow;

use super::{Key, Store, StoreError};
use crate::kernel::{TicketId, Wall};

/// A ticket under way whose limit has passed, and that has not been supervised since.
#[derive(Clone, PartialEq, Eq, Debug, FromRow)]
pub struct OverdueRow {
    pub id: i64,
    /// The number of its events.
    pub version: i64,
    pub duty: String,
    pub due_at: i64,
}

/// A closed ticket whose citizen is called no more, or not at all.
#[derive(Clone, PartialEq, Eq, Debug, FromRow)]
pub struct OverRow {
    pub id: i64,
    pub version: i64,
    /// How its last callback ended; empty where there was none.
    pub outcome: String,
}

impl Store {
    /// Under way, with a limit that passed before `now`, and not supervised since; the longest ago first. One that a
    /// supervisor has freed again is left to them, until its next limit.
    pub async fn overdue(
        &self,
        now: Wall,
        after: Key,
        limit: i64,
    ) -> Result<Vec<OverdueRow>, StoreError> {
        let query = sqlx::query_as(
            "SELECT t.id, t.version, COALESCE(t.duty, '') AS duty, t.due_at FROM tickets t
             WHERE t.due_at IS NOT NULL AND t.supervised = 0 AND t.due_at <= $1 AND (t.due_at, t.id) > ($2, $3)
             AND t.state NOT IN ('draft', 'closed', 'called_back', 'archived', 'told', 'merged')
             AND NOT EXISTS (SELECT 1 FROM ticket_events e
               WHERE e.ticket_id = t.id AND e.kind = 'supervised' AND e.at >= t.due_at)
             ORDER BY t.due_at, t.id LIMIT $4",
        );
        let query = query.bind(now.unix_ms).bind(after.due_at).bind(after.id).bind(limit);
        Ok(query.fetch_all(&self.readers).await?)
    }

    /// Closed, called back or not to be reached, with no verification open, and nothing happened to it since `before`. A
    /// citizen who is left to a person ([`crate::survey::SurveyOutcome::ToPerson`]) is not among them.
    pub async fn over(
        &self,
        before: Wall,
        after: TicketId,
        limit: i64,
    ) -> Result<Vec<OverRow>, StoreError> {
        let query = sqlx::query_as(
            "SELECT t.id, t.version, s.outcome FROM tickets t JOIN surveys s ON s.id =
               (SELECT MAX(x.id) FROM surveys x WHERE x.ticket_id = t.id AND x.state = 'ended')
             WHERE t.state IN ('closed', 'called_back') AND t.id > $2 AND t.changed_at <= $1
             AND s.changed_at <= $1 AND s.outcome NOT IN ('to_person', 'reopened', 'superseded', 'no_ticket')
             AND s.changed_at >= (SELECT MAX(e.at) FROM ticket_events e
               WHERE e.ticket_id = t.id AND e.kind = 'closed')
             AND NOT EXISTS (SELECT 1 FROM surveys y WHERE y.ticket_id = t.id AND y.state <> 'ended')
             AND NOT EXISTS (SELECT 1 FROM verifications v WHERE v.ticket_id = t.id AND v.closed_at IS NULL)
             ORDER BY t.id LIMIT $3",
        );
        let query = query.bind(before.unix_ms).bind(after.0 as i64).bind(limit);
        Ok(query.fetch_all(&self.readers).await?)
    }

    /// Closed before `before` and since then neither changed, nor called back, nor about to be: a repeat that is left to samples
    /// and that none drew.
    pub async fn unasked(
        &self,
        before: Wall,
        after: TicketId,
        limit: i64,
    ) -> Result<Vec<OverRow>, StoreError> {
        let query = sqlx::query_as(
            "SELECT t.id, t.version, '' AS outcome FROM tickets t
             WHERE t.state = 'closed' AND t.id > $2 AND t.changed_at <= $1
             AND NOT EXISTS (SELECT 1 FROM surveys s WHERE s.ticket_id = t.id AND (s.state <> 'ended'
               OR s.changed_at >= (SELECT MAX(e.at) FROM ticket_events e
                 WHERE e.ticket_id = t.id AND e.kind = 'closed')))
             AND NOT EXISTS (SELECT 1 FROM verifications v WHERE v.ticket_id = t.id AND v.closed_at IS NULL)
             ORDER BY t.id LIMIT $3",
        );
        let query = query.bind(before.unix_ms).bind(after.0 as i64).bind(limit);
        Ok(query.fetch_all(&self.readers).await?)
    }
}
