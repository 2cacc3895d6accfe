//! How tickets stand, for those whom they concern.

use sqlx::FromRow;

use super::{Store, StoreError};
use crate::desk::Standing;
use crate::kernel::{Pii, TicketId, Wall};
use crate::notice::mobile;

/// A ticket's standing, and by what its citizen is known.
#[derive(Clone, Debug)]
pub struct Known {
    pub standing: Standing,
    /// The number to call back, as digits.
    pub number: Option<Pii<String>>,
}

#[derive(FromRow)]
struct Head {
    id: i64,
    opened_at: i64,
    secret: bool,
}

#[derive(FromRow)]
struct Field {
    slot: String,
    value: String,
    code: Option<String>,
}

/// Tickets of one number that are looked at, the newest.
const OF_NUMBER_MAX: i64 = 50;

impl Known {
    /// These are the last four digits of its number.
    pub fn ends_with(&self, digits: &str) -> bool {
        let four = digits.len() == 4 && digits.bytes().all(|b| b.is_ascii_digit());
        four && self.number.as_ref().is_some_and(|number| same_end(number.reveal(), digits))
    }

    /// It is this number's, however the network writes it.
    pub fn is_of(&self, number: &str) -> bool {
        let wanted = plain(number);
        wanted.len() >= 7 && self.number.as_ref().is_some_and(|own| *own.reveal() == wanted)
    }
}

/// Takes the same time wherever they differ.
fn same_end(number: &str, digits: &str) -> bool {
    let end = number.len().checked_sub(digits.len()).and_then(|at| number.get(at..));
    end.is_some_and(|end| {
        end.bytes().zip(digits.bytes()).fold(0_u8, |differ, (a, b)| differ | (a ^ b)) == 0
    })
}

/// The digits of a number, without the country's code where it is a mobile one.
fn plain(number: &str) -> String {
    mobile(number).unwrap_or_else(|| number.chars().filter(char::is_ascii_digit).collect())
}

impl Store {
    /// `None`: there is no such ticket, or it is not registered yet.
    pub async fn standing(&self, id: TicketId) -> Result<Option<Known>, StoreError> {
        let Ok(id) = i64::try_from(id.0) else { return Ok(None) };
        let head: Option<Head> =
            sqlx::query_as("SELECT id, opened_at, secret <> 0 AS secret FROM tickets WHERE id = $1 AND state <> 'draft'")
                .bind(id)
                .fetch_optional(&self.readers)
                .await?;
        match head {
            Some(head) => Ok(Some(self.known(head).await?)),
            None => Ok(None),
        }
    }

    /// The tickets of whoever calls from `number`, the newest first.
    pub async fn standings_of(&self, number: &str) -> Result<Vec<Known>, StoreError> {
        let heads: Vec<Head> = sqlx::query_as(
            "SELECT DISTINCT t.id, t.opened_at, t.secret <> 0 AS secret FROM tickets t JOIN ticket_fields f ON f.ticket_id = t.id
             WHERE f.slot = 'number' AND f.value IN ($1, $2) AND f.value <> '' AND t.state <> 'draft'
             ORDER BY t.id DESC LIMIT $3",
        )
        .bind(number)
        .bind(plain(number))
        .bind(OF_NUMBER_MAX)
        .fetch_all(&self.readers)
        .await?;
        let mut known = Vec::with_capacity(heads.len());
        for head in heads {
            known.push(self.known(head).await?);
        }
        Ok(known)
    }

    async fn known(&self, head: Head) -> Result<Known, StoreError> {
        let events: Vec<(String, i64)> =
            sqlx::query_as("SELECT kind, at FROM ticket_events WHERE ticket_id = $1 ORDER BY seq")
                .bind(head.id)
                .fetch_all(&self.readers)
                .await?;
        let fields: Vec<Field> =
            sqlx::query_as("SELECT slot, value, code FROM ticket_fields WHERE ticket_id = $1")
                .bind(head.id)
                .fetch_all(&self.readers)
                .await?;
        let field = |slot: &str| fields.iter().find(|field| field.slot == slot);
        let value = |slot: &str| field(slot).map(|field| field.value.clone());
        let events = events.iter().map(|(kind, at)| (kind.as_str(), Wall::from_ms(*at)));
        let (id, opened) = (TicketId(head.id as u64), Wall::from_ms(head.opened_at));
        let mut standing = Standing::new(id, opened, events);
        standing.secret = head.secret;
        if !standing.secret {
            standing.unit = value("unit");
            standing.subject = value("category").or_else(|| value("matter_type"));
        }
        let number = field("number").map(|f| plain(f.code.as_deref().unwrap_or(&f.value)));
        Ok(Known { standing, number: number.map(Pii::new) })
    }
}
