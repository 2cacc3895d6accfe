//! Whose things are: which tickets are a unit's, which calls an agent had.

use super::{Store, StoreError, tickets};
use crate::desk::Ticket;
use crate::kernel::{AgentId, CallId, TicketId};

/// A unit's tickets: those that it owns, or owned last, and those that it handles with others or has a copy of.
pub fn is_units(ticket: &Ticket, unit: &str) -> bool {
    ticket.assignment().is_some_and(|to| {
        let mut beside = to.with.iter().chain(&to.copied);
        to.owner.code == unit || beside.any(|one| one.code == unit)
    })
}

impl Store {
    pub async fn is_of_unit(&self, id: TicketId, unit: &str) -> Result<bool, StoreError> {
        let owned: Option<Option<String>> =
            sqlx::query_scalar("SELECT unit FROM tickets WHERE id = $1")
                .bind(id.0 as i64)
                .fetch_optional(&self.readers)
                .await?;
        match owned {
            None => Ok(false),
            Some(Some(owner)) if owner == unit => Ok(true),
            Some(_) => {
                let ticket = tickets::load(&mut *self.readers.acquire().await?, id).await?;
                Ok(ticket.is_some_and(|ticket| is_units(&ticket, unit)))
            }
        }
    }

    /// Whether an agent had a call: has it now, took its ticket, or it called back about a ticket that they took.
    pub async fn had_call(&self, agent: AgentId, call: CallId) -> Result<bool, StoreError> {
        let had: i64 = sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM agent_states WHERE agent = $1 AND call_id = $2)
               OR EXISTS (SELECT 1 FROM tickets WHERE agent = $1 AND call_id = $2)
               OR EXISTS (SELECT 1 FROM surveys s JOIN tickets t ON t.id = s.ticket_id
                    WHERE t.agent = $1 AND s.call_id = $2)",
        )
        .bind(agent.0 as i64)
        .bind(call.0 as i64)
        .fetch_one(&self.readers)
        .await?;
        Ok(had != 0)
    }
}
