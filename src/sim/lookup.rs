//! What callers are told of earlier tickets: the world's own store, with the rules of the real one.

use std::collections::BTreeMap;

use super::world::World;
use crate::desk::standing::{Found, Known, Query, answer};
use crate::desk::{Ticket, TicketState};
use crate::hotline::{Fact, Input};
use crate::kernel::{CallId, TicketId, Wall};

/// A ticket as it was last kept, and the kinds and times of its events.
#[derive(Debug)]
struct Row {
    ticket: Ticket,
    events: Vec<(&'static str, Wall)>,
}

/// The tickets that were kept.
#[derive(Debug, Default)]
pub(super) struct Kept(BTreeMap<TicketId, Row>);

impl Kept {
    pub fn take(&mut self, fact: &Fact) {
        if let Fact::Ticket { ticket, entry } = fact {
            let new = || Row { ticket: ticket.clone(), events: Vec::new() };
            let row = self.0.entry(ticket.id).or_insert_with(new);
            row.ticket = ticket.clone();
            row.events.push((entry.event.key(), entry.at));
        }
    }

    fn known(&self) -> Vec<Known> {
        let told = self.0.values().filter(|row| row.ticket.state != TicketState::Draft);
        told.map(|row| Known::of(&row.ticket, row.events.iter().copied(), None)).collect()
    }
}

impl World {
    /// Mostly at once, sometimes too late, and now and then the store fails.
    pub(super) fn look_up(&mut self, call: CallId, query: &Query) {
        let found = answer(query, self.kept.known());
        let (after_ms, found) = match self.rng.below(100) {
            0..2 => (6_000, found),
            2..4 => (200, Found::Failed),
            4..10 => (400, found),
            _ => (5, found),
        };
        self.plan_input(after_ms, Input::LookedUp { call, found });
    }
}
