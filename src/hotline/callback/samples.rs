//! Samples: announced with their seed, drawn when their time has come, kept, and only then dialled.

use super::super::{Ack, Effect, Fact, Hotline};
use super::number_of;
use super::verification::refused;
use crate::desk::{DeskError, Ticket};
use crate::kernel::{CampaignId, Moment, Pii, Slot, TicketId};
use crate::survey::campaign::{Origin, Plan, Repeats, draw};

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
        let left = &self.callbacks;
        let asked = |campaign: &CampaignId| left.sampled.contains(campaign);
        let waiting = left.announced.iter().filter(|(campaign, _)| !asked(campaign));
        let draws = waiting.map(|(_, plan)| self.moment_of(plan.draw_at));
        let planned = (left.unplanned.is_empty() || left.fetching) && left.wanted.is_empty();
        draws.chain((!planned).then_some(self.now)).min()
    }

    /// Asks for the populations of samples that are due, and plans what a restart found drawn.
    pub(super) fn draw_due_samples(&mut self) {
        for (survey, ticket) in std::mem::take(&mut self.callbacks.wanted) {
            self.plan_numbered(survey, ticket, Origin::ByHand, self.wall);
        }
        self.fetch_drawn();
        let at = self.wall;
        let due = self.callbacks.announced.iter().filter(|(_, plan)| plan.draw_at <= at);
        let due: Vec<_> = due.map(|(campaign, plan)| (*campaign, plan.stratum)).collect();
        for (campaign, stratum) in due {
            if self.callbacks.sampled.insert(campaign) {
                self.effect(Effect::Sample { campaign, stratum });
            }
        }
    }

    /// Draws. Whoever is drawn is planned once the draw is kept.
    pub(in crate::hotline) fn draw_sample(&mut self, campaign: CampaignId, tickets: Vec<TicketId>) {
        let at = self.wall;
        self.callbacks.sampled.remove(&campaign);
        let Some(plan) = self.callbacks.announced.remove(&campaign) else { return };
        let draw = draw(&plan.seed, plan.rate, tickets);
        self.callbacks.drawn.insert(campaign, draw.chosen.clone());
        let fact = Fact::CampaignDrawn { campaign, draw, at };
        self.effect(Effect::Keep { fact, ack: Some(Ack::Draw { campaign }) });
    }

    /// The draw is on record: from now on its citizens are due.
    pub(in crate::hotline) fn draw_stored(&mut self, campaign: CampaignId) {
        let chosen = self.callbacks.drawn.remove(&campaign).unwrap_or_default();
        self.callbacks.unplanned.extend(chosen.into_iter().map(|ticket| (campaign, ticket)));
        self.fetch_drawn();
    }

    /// Their tickets are needed at hand to be called about.
    fn fetch_drawn(&mut self) {
        if self.callbacks.unplanned.is_empty() || self.callbacks.fetching {
            return;
        }
        self.callbacks.fetching = true;
        let tickets = self.callbacks.unplanned.iter().map(|(_, ticket)| *ticket).collect();
        self.effect(Effect::Fetch { tickets });
    }

    pub(in crate::hotline) fn fetched(&mut self, tickets: Vec<Ticket>) {
        self.loaded(tickets);
        self.callbacks.fetching = false;
        for (campaign, ticket) in std::mem::take(&mut self.callbacks.unplanned) {
            self.plan_drawn(campaign, ticket);
        }
    }

    fn plan_drawn(&mut self, campaign: CampaignId, ticket: TicketId) {
        let origin = Origin::Campaign(campaign);
        self.plan_survey(ticket, origin, self.wall);
    }

    /// The case waits for a sample: this citizen had one of its category closed before, or told the one that it was
    /// merged into.
    pub(super) fn waits_for_sample(&mut self, ticket: TicketId) -> bool {
        let sampled = self.setup.callbacks.repeats == Repeats::Sampled;
        if self.is_linked_repeat(ticket) {
            return sampled;
        }
        let Some(case) = self.tickets.get(&ticket).and_then(case_of) else { return false };
        let first = *self.callbacks.first_cases.entry(case).or_insert(ticket);
        first != ticket && sampled
    }

    /// Staff found that it is the same citizen's same matter; another citizen's own first case is none of them.
    fn is_linked_repeat(&self, ticket: TicketId) -> bool {
        let number = |ticket: &Ticket| number_of(ticket).map(|n| super::plain_number(n.reveal()));
        let Some(part) = self.tickets.get(&ticket) else { return false };
        let main = part.part_of.and_then(|main| self.tickets.get(&main));
        main.and_then(number).is_some_and(|main| number(part) == Some(main))
    }
}

/// Whose case, and about what.
pub(super) fn case_of(ticket: &Ticket) -> Option<(Pii<String>, String)> {
    let number = number_of(ticket)?;
    let category = ticket.fields.get(&Slot::Category)?;
    let category = category.code.clone().unwrap_or_else(|| category.value.clone());
    Some((super::plain_number(number.reveal()), category))
}
