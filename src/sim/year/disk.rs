//! What outlives a stop of the service. Whatever is written here together was kept together.

use std::collections::{BTreeMap, BTreeSet};

use crate::desk::ticket::{DeskError, Entry, Ticket, TicketEvent};
use crate::kernel::{CallId, TicketId, Wall};
use crate::notice::MessageKey;

/// One ticket as it is kept.
#[derive(Debug)]
pub(super) struct Kept {
    pub call: CallId,
    pub entries: Vec<Entry>,
    /// When its citizen was dialled since it was closed last, and whether they want no more calls.
    pub dialled: Vec<Wall>,
    pub no_calls: bool,
}

impl Kept {
    pub fn ticket(&self, id: TicketId) -> Result<Ticket, DeskError> {
        Ticket::fold(id, self.call, &self.entries)
    }

    /// When it was closed last.
    pub fn closed(&self) -> Option<Wall> {
        let closed = |entry: &&Entry| matches!(entry.event, TicketEvent::Closed { .. });
        self.entries.iter().rev().find(closed).map(|entry| entry.at)
    }
}

/// A message that waits to be handed over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Waiting {
    pub born: Wall,
    pub due: Wall,
    pub attempts: u32,
}

#[derive(Debug, Default)]
pub(super) struct Disk {
    pub tickets: BTreeMap<TicketId, Kept>,
    pub waiting: BTreeMap<MessageKey, Waiting>,
    pub sent: BTreeSet<MessageKey>,
    /// How many surveys and verifications were numbered.
    pub surveys: u64,
    pub verifications: u64,
}
