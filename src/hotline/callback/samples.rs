//! Samples: announced with their seed, drawn when their time has come, kept, and only then dialled.

use super::super::{Ack, Effect, Fact, Hotline};
use super::number_of;
use super::verification::refused;
use crate::desk::{DeskError, Ticket, TicketState};
use crate::kernel::{CampaignId, Moment, Pii, Slot, TicketId};
use crate::survey::campaign::{Origin, Plan, Repeats, Stratum, draw};

impl Hotline {
    pub(in crate::hotline) fn announce_campaign(&mut self, plan: Plan) -> Result<(), DeskError> {
        let at = self.wall;
        plan.check(at).map_err(refused)?;
        let campaign = CampaignId(self.callbacks.next_campaign);
        self.callbacks.next_campaign += 1;
        self.callbacks.announced.insert(campaign, plan.clone());
        self.keep(Fact::CampaignAnnounced { campaign, plan, at });
        Ok(())
    }

    /// When the next sample is drawn, or drawn ones wait to be planned.
    pub(super) fn samples_deadline(&self) -> Option<Moment> {
        let draws = self.callbacks.announced.values().map(|plan| self.moment_of(plan.draw_at));
        let left = &self.callbacks;
        let waiting = !(left.unplanned.is_empty() && left.wanted.is_empty());
        let waiting = waiting.then_some(self.now);
        draws.chain(waiting).min()
    }

    /// Draws what is due. A draw is planned once it is kept.
    pub(super) fn draw_due_samples(&mut self) {
        for (survey, ticket) in std::mem::take(&mut self.callbacks.wanted) {
            self.plan_numbered(survey, ticket, Origin::ByHand, self.wall);
        }
        for (campaign, ticket) in std::mem::take(&mut self.callbacks.unplanned) {
            self.plan_drawn(campaign, ticket);
        }
        let at = self.wall;
        let due = self.callbacks.announced.iter().filter(|(_, plan)| plan.draw_at <= at);
        let due: Vec<CampaignId> = due.map(|(campaign, _)| *campaign).collect();
        for campaign in due {
            let Some(plan) = self.callbacks.announced.remove(&campaign) else { continue };
            let population = self.population(plan.stratum);
            let draw = draw(&plan.seed, plan.rate, population);
            if plan.stratum == Stratum::Repeat {
                self.callbacks.drawn_repeats.extend(draw.population.iter().copied());
            }
            self.callbacks.drawn.insert(campaign, draw.chosen.clone());
            let fact = Fact::CampaignDrawn { campaign, draw, at };
            self.effect(Effect::Keep { fact, ack: Some(Ack::Draw { campaign }) });
        }
    }

    /// The draw is on record: from now on its citizens are due.
    pub(in crate::hotline) fn draw_stored(&mut self, campaign: CampaignId) {
        for ticket in self.callbacks.drawn.remove(&campaign).unwrap_or_default() {
            self.plan_drawn(campaign, ticket);
        }
    }

    fn plan_drawn(&mut self, campaign: CampaignId, ticket: TicketId) {
        let origin = Origin::Campaign(campaign);
        self.plan_survey(ticket, origin, self.wall);
    }

    /// Cases that a sample is drawn from now: with a number, and nobody is about to be called about them.
    fn population(&self, stratum: Stratum) -> Vec<TicketId> {
        let free =
            |ticket: &&Ticket| number_of(ticket).is_some() && !self.callbacks.is_asked(ticket.id);
        let within = |ticket: &&Ticket| match stratum {
            Stratum::Running => {
                matches!(ticket.state, TicketState::Registered | TicketState::Handling { .. })
            }
            Stratum::Repeat => {
                matches!(ticket.state, TicketState::Closed { .. })
                    && self.callbacks.repeats.contains(&ticket.id)
                    && !self.callbacks.drawn_repeats.contains(&ticket.id)
            }
        };
        self.tickets.values().filter(within).filter(free).map(|ticket| ticket.id).collect()
    }

    /// The case waits for a sample: this citizen had one of its category closed before.
    pub(super) fn waits_for_sample(&mut self, ticket: TicketId) -> bool {
        let Some(case) = self.tickets.get(&ticket).and_then(case_of) else { return false };
        let first = *self.callbacks.first_cases.entry(case).or_insert(ticket);
        let repeat = first != ticket;
        if repeat {
            self.callbacks.repeats.insert(ticket);
        }
        repeat && self.setup.callbacks.repeats == Repeats::Sampled
    }
}

/// Whose case, and about what.
pub(super) fn case_of(ticket: &Ticket) -> Option<(Pii<String>, String)> {
    let number = number_of(ticket)?;
    let category = ticket.fields.get(&Slot::Category)?;
    let category = category.code.clone().unwrap_or_else(|| category.value.clone());
    Some((super::plain_number(number.reveal()), category))
}
