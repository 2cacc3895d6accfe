//! What the talk between people brings: the caller's words to an agent are read too, and what they tell is laid before the
//! agent. Nothing is written on the ticket but by a person, and nothing over what stands there.

use super::tickets::Command;
use super::{Fact, Hotline};
use crate::desk::{Actor, DeskError, TicketEvent};
use crate::dialogue::Understood;
use crate::kernel::{CallId, Filled, Slot, TicketId};
use crate::speech::Speaker;

/// Less likely items would only distract: the robot asks whether one is meant from here on.
const HIT_MIN: f32 = 0.3;

impl Hotline {
    /// Words of the caller's to an agent were understood.
    pub(super) fn assist(&mut self, id: CallId, understood: &Understood) {
        let ticket = self.calls.get(&id).and_then(|call| call.ticket);
        // Evidence counts the utterances of the ticket's own call.
        let ticket = ticket.and_then(|id| self.tickets.get(&id)).filter(|one| one.call == id);
        let facts: Vec<(Slot, Filled)> = match ticket {
            Some(ticket) => {
                let facts = understood.reading.facts.iter();
                facts.filter(|(slot, _)| !ticket.fields.contains_key(slot)).cloned().collect()
            }
            None => Vec::new(),
        };
        let hits = understood.hits.iter().filter(|hit| hit.confidence >= HIT_MIN);
        let hits: Vec<(String, f32)> =
            hits.map(|hit| (hit.item.id.clone(), hit.confidence)).collect();
        if facts.is_empty() && hits.is_empty() {
            return;
        }
        let (utterance, at) = (understood.utterance.index, self.wall);
        self.keep(Fact::Assist { call: id, utterance, facts, hits, at });
    }

    pub(super) fn so_far(&mut self, call: CallId, speaker: Speaker, text: String) {
        if self.calls.contains_key(&call) {
            self.keep(Fact::SoFar { call, speaker, text, at: self.wall });
        }
    }

    /// Commands beside the life of a ticket.
    pub(super) fn aside(&mut self, command: Command) -> Result<(), DeskError> {
        let at = self.wall;
        match command {
            Command::Accept { ticket, slot, filled, by } => {
                return self.accept(ticket, slot, filled, by);
            }
            Command::Thumb { call, utterance, up } => {
                self.keep(Fact::Thumb { call, utterance, up, at });
            }
            Command::Photo { call, photo } => self.keep(Fact::Photo { call, photo, at }),
            // The rest is carried out by `command`.
            _ => {}
        }
        Ok(())
    }

    fn accept(
        &mut self,
        id: TicketId,
        slot: Slot,
        filled: Filled,
        by: Actor,
    ) -> Result<(), DeskError> {
        let ticket = self.tickets.get(&id).ok_or(DeskError::NoTicket(id))?;
        if ticket.fields.contains_key(&slot) {
            let problem = format!("{} of ticket {} is not blank any more", slot.key(), id.0);
            return Err(DeskError::Refused { code: "not_blank", problem });
        }
        self.ticket_event(id, TicketEvent::Edited { slot, filled }, by, None)
    }
}
