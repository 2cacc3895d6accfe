//! What callers are told of earlier tickets: the world's own store, with the rules of the real one.

use std::collections::BTreeMap;

use super::world::World;
use crate::desk::standing::{Found, Known, Query, answer, plain_number};
use crate::desk::{Standing, Ticket, TicketState};
use crate::hotline::{Fact, Input};
use crate::kernel::{CallId, Pii, Slot, TicketId, Wall};

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
        match fact {
            Fact::Ticket { ticket, event, at } => {
                let new = || Row { ticket: ticket.clone(), events: Vec::new() };
                let row = self.0.entry(ticket.id).or_insert_with(new);
                row.ticket = ticket.clone();
                row.events.push((event.key(), *at));
            }
            Fact::Urged { ticket, at, .. } => {
                if let Some(row) = self.0.get_mut(ticket) {
                    row.events.push(("urged", *at));
                }
            }
            _ => {}
        }
    }

    fn known(&self) -> Vec<Known> {
        let told = self.0.values().filter(|row| row.ticket.state != TicketState::Draft);
        told.map(Row::known).collect()
    }
}

impl Row {
    fn known(&self) -> Known {
        let ticket = &self.ticket;
        let events = self.events.iter().copied();
        let mut standing = Standing::new(ticket.id, ticket.opened, events);
        let field = |slot| ticket.fields.get(&slot);
        let matter = field(Slot::MatterType).and_then(|kind| kind.code.as_deref());
        standing.secret = matter == Some("report");
        if !standing.secret {
            standing.subject = field(Slot::Category).map(|category| category.value.clone());
        }
        let number = field(Slot::Number);
        let number = number.map(|n| plain_number(n.code.as_deref().unwrap_or(&n.value)));
        Known { standing, number: number.map(Pii::new) }
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
