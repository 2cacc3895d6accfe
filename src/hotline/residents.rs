//! The tickets at hand: those of running calls and pending callbacks, and those that were touched lately. Others are in the
//! store, and are handed in when somebody wants them.

use std::collections::BTreeMap;

use crate::desk::Ticket;
use crate::kernel::TicketId;
use crate::kernel::limits::TICKETS_LATELY;

#[derive(Debug, Default)]
pub(super) struct Residents {
    tickets: BTreeMap<TicketId, (Ticket, u64)>,
    /// By when they were touched last.
    order: BTreeMap<u64, TicketId>,
    touches: u64,
    /// From so many on the oldest are let go.
    full: usize,
}

impl Residents {
    pub fn new(tickets: Vec<Ticket>) -> Residents {
        let mut residents = Residents { full: TICKETS_LATELY, ..Residents::default() };
        for ticket in tickets {
            residents.insert(ticket.id, ticket);
        }
        residents
    }

    pub fn get(&self, id: &TicketId) -> Option<&Ticket> {
        self.tickets.get(id).map(|(ticket, _)| ticket)
    }

    pub fn get_mut(&mut self, id: &TicketId) -> Option<&mut Ticket> {
        let (ticket, touched) = self.tickets.get_mut(id)?;
        self.touches += 1;
        self.order.remove(touched);
        *touched = self.touches;
        self.order.insert(self.touches, *id);
        Some(ticket)
    }

    pub fn insert(&mut self, id: TicketId, ticket: Ticket) {
        self.touches += 1;
        if let Some((_, touched)) = self.tickets.insert(id, (ticket, self.touches)) {
            self.order.remove(&touched);
        }
        self.order.insert(self.touches, id);
    }

    pub fn len(&self) -> usize {
        self.tickets.len()
    }

    pub fn is_full(&self) -> bool {
        self.tickets.len() > self.full
    }

    /// Lets the ones go that were not touched for longest, but for those that are needed. What is needed alone may be more
    /// than there is room for; then it is looked at again when a quarter more is there.
    pub fn let_go(&mut self, needed: impl Fn(TicketId) -> bool) {
        let mut over = self.tickets.len().saturating_sub(TICKETS_LATELY);
        let mut gone = Vec::new();
        for (touched, id) in &self.order {
            if over == 0 {
                break;
            }
            if !needed(*id) {
                gone.push((*touched, *id));
                over -= 1;
            }
        }
        for (touched, id) in gone {
            self.order.remove(&touched);
            self.tickets.remove(&id);
        }
        self.full = (self.tickets.len() + TICKETS_LATELY / 4).max(TICKETS_LATELY);
    }
}
