//! How tickets stand, for those whom they concern.

use super::{Store, StoreError, tickets};
use crate::desk::standing::{Found, Known, Query, answer, plain_number};
use crate::desk::{Ticket, TicketState};
use crate::kernel::{TicketId, Wall};

/// Tickets of one number that are looked at, the newest.
const OF_NUMBER_MAX: i64 = 30;

impl Store {
    /// What may be told to a caller.
    pub async fn look_up(&self, query: &Query) -> Result<Found, StoreError> {
        let known = match (query.ticket, &query.number) {
            (Some(ticket), _) => self.standing(ticket).await?.into_iter().collect(),
            (None, Some(number)) => self.standings_of(number.reveal()).await?,
            (None, None) => Vec::new(),
        };
        Ok(answer(query, known))
    }

    /// `None`: there is no such ticket, or it is not registered yet.
    pub async fn standing(&self, id: TicketId) -> Result<Option<Known>, StoreError> {
        if i64::try_from(id.0).is_err() {
            return Ok(None);
        }
        let ticket = tickets::load(&mut *self.readers.acquire().await?, id).await?;
        match ticket.filter(|ticket| ticket.state != TicketState::Draft) {
            Some(ticket) => Ok(Some(self.known(&ticket).await?)),
            None => Ok(None),
        }
    }

    /// The tickets of whoever calls from `number`, the newest first.
    pub async fn standings_of(&self, number: &str) -> Result<Vec<Known>, StoreError> {
        let ids: Vec<i64> = sqlx::query_scalar(
            "SELECT DISTINCT t.id FROM tickets t JOIN ticket_fields f ON f.ticket_id = t.id
             WHERE f.slot = 'number' AND f.value IN ($1, $2) AND f.value <> '' AND t.state <> 'draft'
             ORDER BY t.id DESC LIMIT $3",
        )
        .bind(number)
        .bind(plain_number(number))
        .bind(OF_NUMBER_MAX)
        .fetch_all(&self.readers)
        .await?;
        let mut known = Vec::with_capacity(ids.len());
        for id in ids {
            known.extend(self.standing(TicketId(id as u64)).await?);
        }
        Ok(known)
    }

    async fn known(&self, ticket: &Ticket) -> Result<Known, StoreError> {
        // Those from before events were kept whole too.
        let events: Vec<(String, i64)> =
            sqlx::query_as("SELECT kind, at FROM ticket_events WHERE ticket_id = $1 ORDER BY seq")
                .bind(ticket.id.0 as i64)
                .fetch_all(&self.readers)
                .await?;
        let events = events.iter().map(|(kind, at)| (kind.as_str(), Wall::from_ms(*at)));
        Ok(Known::of(ticket, events, self.rules.as_deref()))
    }
}
