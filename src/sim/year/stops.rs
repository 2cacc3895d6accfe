//! The service is stopped and comes back with what was kept.

use std::cmp::Reverse;

use super::world::{Coming, World};
use super::{YearError, people};
use crate::desk::TicketEvent;
use crate::kernel::{TicketId, Wall};
use crate::notice::MessageKey;
use crate::sim::Violation;

impl World {
    /// The service is stopped, perhaps between a change and its keeping, and comes back with what was kept.
    pub(super) fn stops(&mut self) -> Result<(), YearError> {
        self.report.stops += 1;
        let before = std::mem::take(&mut self.held);
        for (id, kept) in &self.disk.tickets {
            let ended = kept.entries.last().is_some_and(|entry| {
                matches!(entry.event, TicketEvent::Archived { .. })
            });
            if ended {
                continue;
            }
            let mut ticket = match kept.ticket(*id) {
                Ok(ticket) => ticket,
                Err(error) => {
                    self.report.violations.push(Violation(format!("{id}: {error}")));
                    continue;
                }
            };
            self.book.time(&mut ticket)?;
            self.report.refolded += 1;
            if before.get(id).is_some_and(|was| *was != ticket) {
                self.report.violations.push(Violation(format!("{id}: another ticket came back")));
            }
            self.held.insert(*id, ticket);
        }
        if self.held.len() != before.len() {
            let (was, is) = (before.len(), self.held.len());
            self.violated(|| format!("{was} tickets before a stop, {is} after it"));
        }
        self.stopped_in_the_midst()?;
        // Nobody remembers what they were about to do; everybody looks at their lists again.
        self.agenda.retain(|Reverse((_, _, coming))| !matches!(coming, Coming::Looks(_) | Coming::Sends(_)));
        let ids: Vec<TicketId> = self.held.keys().copied().collect();
        for id in ids {
            self.look_again(id);
        }
        let waiting: Vec<(MessageKey, Wall)> =
            self.disk.waiting.iter().map(|(key, waiting)| (key.clone(), waiting.due)).collect();
        for (key, due) in waiting {
            self.plan(due, Coming::Sends(key));
        }
        Ok(())
    }

    /// A change that was made and not kept is as if it had not been.
    fn stopped_in_the_midst(&mut self) -> Result<(), YearError> {
        let ids: Vec<TicketId> = self.held.keys().copied().collect();
        for _ in 0..5 {
            let Some(id) = self.rng.pick(&ids).copied() else { break };
            let Some(mut ticket) = self.held.get(&id).cloned() else { continue };
            let (order, by) = people::next(&ticket, &self.book, &self.packs, &mut self.rng);
            let event = self.book.event(&ticket, order, self.now);
            if event.and_then(|event| ticket.apply(event, by, self.now)).is_err() {
                continue;
            }
            self.report.taken += 1;
            let again = self.disk.tickets.get(&id).map(|kept| kept.ticket(id));
            let Some(Ok(mut again)) = again else {
                self.violated(|| format!("{id}: did not come back"));
                continue;
            };
            self.book.time(&mut again)?;
            if self.held.get(&id) != Some(&again) {
                self.violated(|| format!("{id}: a change that was not kept is there"));
            }
        }
        Ok(())
    }
}
