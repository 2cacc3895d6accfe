//! One text message, and what may come of sending it.

use std::fmt;

use crate::kernel::{Pii, TicketId, Wall};

/// Which event of which ticket is told: there is one message for it, however often it is sent.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct MessageKey {
    pub ticket: TicketId,
    /// The event's place in the ticket's history, from 1.
    pub seq: i64,
    /// The event's kind, as the ticket's history has it.
    pub kind: String,
}

/// `2611220001-3-closed`: the same for every attempt, so that who gets it twice can tell.
impl fmt::Display for MessageKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{}", self.ticket.0, self.seq, self.kind)
    }
}

/// What goes out.
#[derive(Clone, Debug)]
pub struct Message {
    pub key: MessageKey,
    /// A mobile number of eleven digits.
    pub to: Pii<String>,
    pub text: Pii<String>,
    /// When what it tells happened.
    pub at: Wall,
}

/// Why a message was not taken. The words hold neither its number nor its text.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Failed {
    /// May go better later; `after_ms` where the other side has said when.
    #[error("{why}")]
    Now { why: String, after_ms: Option<i64> },
    /// This message will never be taken.
    #[error("{why}")]
    Ever { why: String },
}

impl Failed {
    pub fn now(why: impl Into<String>) -> Failed {
        Failed::Now { why: why.into(), after_ms: None }
    }
}
