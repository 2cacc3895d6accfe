//! The desk's people: they close what is registered, sometimes open it again, verify, go for a break and come back.

use super::world::{Event, World};
use crate::desk::{Ticket, TicketEvent};
use crate::hotline::{Command, Fact, Input};
use crate::kernel::{AgentId, Slot};
use crate::survey::verify::Outcome;

const MINUTE_MS: u64 = 60_000;

impl World {
    pub(super) fn command_after(&mut self, ms: u64, command: Command) {
        self.tokens += 1;
        let token = self.tokens;
        self.plan_input(ms, Input::Command { token, command });
    }

    fn minutes(&mut self, least: u64, more: u64) -> u64 {
        least * MINUTE_MS + self.rng.below(more * MINUTE_MS)
    }

    /// What the desk does about a fact.
    pub(super) fn desk(&mut self, fact: &Fact) {
        match fact {
            Fact::Ticket { ticket, entry } => self.desk_ticket(ticket, &entry.event),
            Fact::AgentState { agent, state: "away", .. } => {
                let back = self.minutes(2, 8);
                self.command_after(back, Command::AgentReady { agent: *agent });
            }
            Fact::VerificationOpened { verification, .. } => {
                self.verifications += 1;
                let at = self.minutes(10, 50);
                let command = Command::CloseVerification {
                    verification: *verification,
                    outcome: Outcome::Confirmed,
                    result: "已核实".into(),
                    by: "班长".into(),
                };
                self.command_after(at, command);
            }
            Fact::SurveyStarted { .. } => self.surveys += 1,
            _ => {}
        }
    }

    fn desk_ticket(&mut self, kept: &Ticket, event: &TicketEvent) {
        let ticket = kept.id;
        match event {
            TicketEvent::Taken { .. } if self.rng.chance(0.3) => {
                let command = Command::EditField {
                    ticket,
                    slot: Slot::Demand,
                    value: "尽快处理".into(),
                    by: "话务员".into(),
                };
                let at = self.minutes(0, 2);
                self.command_after(at, command);
            }
            TicketEvent::Closed { .. } if self.rng.chance(0.05) => {
                let why = "还要处理".to_owned();
                let at = self.minutes(0, 90);
                self.command_after(at, Command::Reopen { ticket, why, by: "班长".into() });
            }
            _ => {}
        }
        let new = self.tickets.insert(ticket, kept.clone()).is_none();
        if new || matches!(event, TicketEvent::Reopened { .. }) {
            let result = "已办结".to_owned();
            let at = self.minutes(2, 60);
            self.command_after(at, Command::CloseTicket { ticket, result, by: "承办单位".into() });
        }
    }

    /// An agent goes away; coming back follows from having gone.
    pub(super) fn breaks(&mut self, agent: AgentId) {
        if self.arrived < self.scenario.calls {
            self.command_after(0, Command::AgentAway { agent, reason: "rest".into() });
            let next = self.minutes(20, 40);
            self.plan(next, Event::Break(agent));
        }
    }
}
