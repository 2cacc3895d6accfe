//! 核实: each unhappy answer is looked into once, by somebody who did not handle the case, within the pack's limit.

use super::super::{Fact, Hotline};
use crate::desk::clock::{Duty, Event, deadline};
use crate::desk::{Actor, DeskError, Ticket, TicketEvent, TicketState};
use crate::kernel::{Day, Slot, SurveyId, TicketId, VerificationId, Wall};
use crate::survey::verify::{Outcome, Stage, Step, Verification};
use crate::survey::{SurveyError, VerifyReason};

/// Where no pack gives a limit.
const WORKING_DAYS: u32 = 5;

impl Hotline {
    /// Opens one verification for a callback, and no second.
    pub(super) fn open_verification(&mut self, survey: SurveyId, reason: VerifyReason) {
        let at = self.wall;
        let Some(callback) = self.callbacks.pending.get_mut(&survey) else { return };
        if std::mem::replace(&mut callback.verified, true) {
            return;
        }
        let ticket = callback.ticket;
        let id = VerificationId(self.callbacks.next_verification);
        self.callbacks.next_verification += 1;
        let reason_key = reason.key().to_owned();
        let over = |t: &Ticket| {
            matches!(t.state, TicketState::Closed { .. } | TicketState::CalledBack { .. })
        };
        if self.tickets.get(&ticket).is_some_and(over) {
            let disputed = TicketEvent::Disputed { verification: id, reason: reason_key.clone() };
            self.change_ticket(ticket, disputed, Actor::system());
        }
        let due = self.verification_due(ticket, at);
        self.keep(Fact::VerificationOpened {
            verification: id,
            survey,
            ticket,
            reason: reason_key,
            due,
            at,
        });
        let verification = Verification {
            id,
            survey,
            ticket,
            reason,
            handled_by: self.handlers(ticket),
            opened: at,
            due,
            stage: Stage::Open,
        };
        self.callbacks.verifications.insert(id, verification);
        let unit = self.setup.callbacks.verifier.clone();
        if let Err(error) = self.assign_verification(id, unit, "system".to_owned()) {
            tracing::warn!(%error, "a verification waits for somebody to be named");
        }
    }

    /// The first moment that is too late: by the limit of the ticket's own pack, by that of the pack of callbacks, or the end of
    /// the fifth working day.
    fn verification_due(&self, ticket: TicketId, at: Wall) -> Option<Wall> {
        let rules = &self.setup.callbacks;
        let timed = self.tickets.get(&ticket).and_then(|ticket| self.rulebook.timed(ticket).ok());
        let own = timed.into_iter().flatten().filter(|timed| timed.limit.duty == Duty::Verification);
        if let Some(due) = own.filter_map(|timed| timed.deadline.at).filter(|due| *due > at).max() {
            return Some(due);
        }
        let by_pack = rules.pack.as_ref().and_then(|pack| {
            let limit = pack
                .limits
                .iter()
                .find(|l| l.duty == Duty::Verification && l.starts == Event::Disputed)?;
            let counted = deadline(pack, limit, at, &rules.calendar, &[], &[]);
            counted
                .inspect_err(|error| tracing::warn!(%error, "no limit of a verification"))
                .ok()?
                .at
        });
        let by_default = || {
            let last = rules.calendar.working_after(at.civil().day(), WORKING_DAYS)?;
            last.plus(1).map(Day::start)
        };
        by_pack.or_else(by_default)
    }

    /// Names and codes of who handled the ticket.
    fn handlers(&self, ticket: TicketId) -> Vec<String> {
        let Some(ticket) = self.tickets.get(&ticket) else { return Vec::new() };
        let written = ticket.fields.get(&Slot::Unit).into_iter();
        let written =
            written.flat_map(|unit| [Some(unit.value.clone()), unit.code.clone()]).flatten();
        let own = ticket.assignment();
        let units = own.into_iter().flat_map(|to| to.with.iter().chain([&to.owner]));
        let members = own.and_then(|to| to.member.clone());
        let units = units.flat_map(|unit| [unit.code.clone(), unit.name.clone()]);
        written.chain(units).chain(members).collect()
    }

    /// A step on a verification as it stands now: who handled its case may have changed.
    fn verification_step(
        &self,
        id: VerificationId,
        step: &Step,
    ) -> Result<Verification, SurveyError> {
        let known = self.callbacks.verifications.get(&id);
        let mut changed = known.cloned().ok_or(SurveyError::NoVerification(id))?;
        for handler in self.handlers(changed.ticket) {
            if !changed.handled_by.contains(&handler) {
                changed.handled_by.push(handler);
            }
        }
        changed.apply(step)?;
        Ok(changed)
    }

    pub(in crate::hotline) fn assign_verification(
        &mut self,
        verification: VerificationId,
        unit: String,
        by: String,
    ) -> Result<(), DeskError> {
        let at = self.wall;
        let step = Step::Assign { unit: unit.clone(), by: by.clone() };
        let changed = self.verification_step(verification, &step).map_err(refused)?;
        self.callbacks.verifications.insert(verification, changed);
        self.keep(Fact::VerificationAssigned { verification, unit, by, at });
        Ok(())
    }

    pub(in crate::hotline) fn close_verification(
        &mut self,
        verification: VerificationId,
        outcome: Outcome,
        result: String,
        by: String,
    ) -> Result<(), DeskError> {
        let at = self.wall;
        let step = Step::Close { outcome, result: result.clone(), by: by.clone() };
        let changed = self.verification_step(verification, &step).map_err(refused)?;
        if outcome == Outcome::Reopened {
            let event = TicketEvent::Reopened { why: result.clone() };
            self.ticket_event(changed.ticket, event, Actor::desk(by.as_str()), None)?;
            self.drop_callbacks(changed.ticket);
        }
        let about = self.tickets.get(&changed.ticket);
        if about.is_some_and(|ticket| ticket.disputes.contains(&verification)) {
            let event = TicketEvent::Verified { verification, outcome: outcome.key().to_owned() };
            self.change_ticket(changed.ticket, event, Actor::desk(by.as_str()));
        }
        self.callbacks.verifications.remove(&verification);
        self.keep(Fact::VerificationClosed { verification, outcome, result, by, at });
        Ok(())
    }
}

/// What this room refuses, as commands are answered.
pub(super) fn refused(error: SurveyError) -> DeskError {
    DeskError::Refused { code: error.code(), problem: error.to_string() }
}
