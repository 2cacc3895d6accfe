//! 工单 and what staff do with them.

use std::collections::{BTreeMap, BTreeSet};

use super::{Ack, Act, Effect, Fact, Hotline, Photo};
use crate::acd;
use crate::bridge::Part;
use crate::desk::{Actor, DeskError, Order, Ticket, TicketEvent, TicketState, rulebook};
use crate::intake::Draft;
use crate::kernel::evidence::Source;
use crate::kernel::{AgentId, CallId, Filled, Pii, Slot, TicketId, VerificationId, Wall};
use crate::survey::campaign::Plan;
use crate::survey::verify::Outcome;

/// What staff may want.
#[derive(Clone, PartialEq, Debug)]
pub enum Command {
    /// 签入: ready for calls.
    AgentReady {
        agent: AgentId,
    },
    /// 离席, for a reason of the queue's plan: at once, or after the talk and its wrap-up.
    AgentAway {
        agent: AgentId,
        reason: String,
    },
    /// 话后小结: a code of the queue's plan, during the talk or after it.
    WrapUpCode {
        agent: AgentId,
        code: String,
    },
    /// What an agent does with the caller they have.
    Talk {
        agent: AgentId,
        act: Act,
    },
    /// 监听, 耳语, 插话: a supervisor's telephone `at` is rung for this, or does it from now on.
    Watch {
        call: CallId,
        at: AgentId,
        part: Part,
    },
    /// They leave the call.
    Unwatch {
        at: AgentId,
    },
    /// 接管: the caller is theirs.
    TakeOver {
        at: AgentId,
    },
    /// To one agent, or to all.
    Message {
        to: Option<AgentId>,
        text: String,
        by: String,
    },
    MessagesSeen {
        agent: AgentId,
    },
    /// Whatever the life of a ticket knows. `seen`: how many events of it the one who orders has seen; when there are more,
    /// the order is refused and told what changed. `None`: whatever has happened.
    Order {
        ticket: TicketId,
        seen: Option<u32>,
        by: Actor,
        order: Box<Order>,
    },
    /// 采纳: what was understood of the caller goes into a field that is still blank.
    Accept {
        ticket: TicketId,
        slot: Slot,
        filled: Filled,
        by: Actor,
    },
    /// The citizen's own word on an answer, and their photo: kept with the call, which may have ended.
    Thumb {
        call: CallId,
        utterance: u32,
        up: bool,
    },
    Photo {
        call: CallId,
        photo: Photo,
    },
    EditField {
        ticket: TicketId,
        slot: Slot,
        value: String,
        by: String,
    },
    /// 办结: the citizen is called back.
    CloseTicket {
        ticket: TicketId,
        result: String,
        by: String,
    },
    Reopen {
        ticket: TicketId,
        why: String,
        by: String,
    },
    /// 核实: by a unit or desk that did not handle the case.
    AssignVerification {
        verification: VerificationId,
        unit: String,
        by: String,
    },
    /// 核实结果.
    CloseVerification {
        verification: VerificationId,
        outcome: Outcome,
        result: String,
        by: String,
    },
    /// 单件回访: call this citizen, in the next window.
    CallBack {
        ticket: TicketId,
        why: String,
        by: String,
    },
    /// 抽样回访: announce a sample and its seed; it is drawn when its time has come.
    AnnounceCampaign {
        plan: Plan,
    },
    /// 别再打: `on`, or the citizen took it back.
    DoNotCall {
        number: Pii<String>,
        on: bool,
        why: String,
        by: String,
    },
}

/// What a command needs of the store.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Wanted {
    pub tickets: Vec<TicketId>,
}

impl Wanted {
    pub fn is_nothing(&self) -> bool {
        self.tickets.is_empty()
    }
}

/// `YYMMDD` and four digits: 2611220001. A day with more than 9,999 tickets borrows numbers of the next.
fn ticket_number(last: u64, wall: Wall) -> u64 {
    let today = wall.civil();
    let day = u64::from(today.year.rem_euclid(100) as u32) * 10_000
        + u64::from(today.month * 100 + today.day);
    (last + 1).max(day * 10_000 + 1)
}

impl Hotline {
    /// Stores what the robot knows so far; the first time makes the ticket.
    pub(super) fn save_draft(&mut self, id: CallId, draft: &Draft) {
        let wall = self.wall;
        let mut fields: BTreeMap<Slot, Filled> =
            draft.fields().map(|(slot, filled)| (slot, filled.clone())).collect();
        let Some(call) = self.calls.get_mut(&id) else { return };
        let number = match call.ticket {
            Some(number) => number,
            None => {
                self.last_ticket = ticket_number(self.last_ticket, wall);
                let number = TicketId(self.last_ticket);
                call.ticket = Some(number);
                self.tickets.insert(number, Ticket::open(number, id, wall));
                number
            }
        };
        // Evidence counts the utterances of the ticket's own call: what is said on another, a promised callback, is in that call's
        // transcript, and changes no field that was told before.
        if let Some(ticket) = self.tickets.get(&number).filter(|ticket| ticket.call != id) {
            fields = ticket.fields.clone();
        }
        let ack = Some(Ack::Ticket { call: id, ticket: number });
        let drafted = TicketEvent::Drafted { fields };
        self.ticket_event(number, drafted, Actor::robot(), ack).unwrap_or_else(|error| {
            tracing::warn!(%error, "a draft came too late");
        });
    }

    /// The caller has told what there is; from here the ticket waits for a person.
    pub(super) fn register_ticket(&mut self, id: CallId) {
        if let Some(ticket) = self.draft_of(id) {
            self.change_ticket(ticket, TicketEvent::Registered, Actor::robot());
        }
    }

    pub(super) fn interrupt_ticket(&mut self, id: CallId) {
        if let Some(ticket) = self.draft_of(id) {
            self.change_ticket(ticket, TicketEvent::Interrupted, Actor::system());
        }
    }

    fn draft_of(&self, id: CallId) -> Option<TicketId> {
        let ticket = self.calls.get(&id)?.ticket?;
        (self.tickets.get(&ticket)?.state == TicketState::Draft).then_some(ticket)
    }

    pub(super) fn ticket_stored(&mut self, id: CallId, ticket: TicketId) {
        self.tell_dialogue(id, crate::dialogue::Input::Stored { ticket });
    }

    pub(super) fn change_ticket(&mut self, ticket: TicketId, event: TicketEvent, by: Actor) {
        if let Err(error) = self.ticket_event(ticket, event, by, None) {
            tracing::warn!(%error, "a change of a ticket was refused");
        }
    }

    pub(super) fn ticket_event(
        &mut self,
        id: TicketId,
        event: TicketEvent,
        by: Actor,
        ack: Option<Ack>,
    ) -> Result<(), DeskError> {
        let at = self.wall;
        let ticket = self.tickets.get_mut(&id).ok_or(DeskError::NoTicket(id))?;
        let entry = ticket.apply(event, by, at)?;
        if let Err(error) = self.rulebook.time(ticket) {
            tracing::error!(%error, ticket = id.0, "the deadline of a ticket cannot be counted");
        }
        let ticket = ticket.clone();
        self.effect(Effect::Keep { fact: Fact::Ticket { ticket, entry }, ack });
        Ok(())
    }

    pub(super) fn command(&mut self, command: Command) -> Result<(), DeskError> {
        let (ticket, seen, by, order) = match command {
            Command::AgentReady { agent } => return self.try_queue(acd::Input::Ready { agent }),
            Command::AgentAway { agent, reason } => {
                return self.try_queue(acd::Input::Away { agent, reason });
            }
            Command::WrapUpCode { agent, code } => {
                return self.try_queue(acd::Input::Code { agent, code });
            }
            Command::Talk { .. }
            | Command::Watch { .. }
            | Command::Unwatch { .. }
            | Command::TakeOver { .. }
            | Command::Message { .. }
            | Command::MessagesSeen { .. } => return self.people_command(command),
            Command::AssignVerification { .. }
            | Command::CloseVerification { .. }
            | Command::CallBack { .. }
            | Command::AnnounceCampaign { .. }
            | Command::DoNotCall { .. } => return self.callback_command(command),
            Command::Accept { .. } | Command::Thumb { .. } | Command::Photo { .. } => {
                return self.aside(command);
            }
            Command::Order { ticket, seen, by, order } => (ticket, seen, by, *order),
            Command::EditField { ticket, slot, value, by } => {
                let filled =
                    Filled { value, code: None, evidence: Vec::new(), source: Source::Staff };
                let event = TicketEvent::Edited { slot, filled };
                (ticket, None, Actor::desk(by), Order::Event(event))
            }
            Command::CloseTicket { ticket, result, by } => {
                let event = TicketEvent::Closed { result };
                (ticket, None, Actor::desk(by), Order::Event(event))
            }
            Command::Reopen { ticket, why, by } => {
                let event = TicketEvent::Reopened { why };
                (ticket, None, Actor::desk(by), Order::Event(event))
            }
        };
        self.order(ticket, seen, by, order)
    }

    fn callback_command(&mut self, command: Command) -> Result<(), DeskError> {
        match command {
            Command::AssignVerification { verification, unit, by } => {
                self.assign_verification(verification, unit, by)
            }
            Command::CloseVerification { verification, outcome, result, by } => {
                self.close_verification(verification, outcome, result, by)
            }
            Command::CallBack { ticket, why, by } => self.callback_by_hand(ticket, why, by),
            Command::AnnounceCampaign { plan } => self.announce_campaign(plan),
            Command::DoNotCall { number, on: false, why, by } => self.call_again(&number, by, why),
            Command::DoNotCall { number, on: true, why, by } => {
                self.stop_calling(number, None, by, why);
                Ok(())
            }
            // The rest is carried out by `command`.
            _ => Ok(()),
        }
    }

    /// What of a command's tickets is not at hand: it is to be loaded from the store and given in as [`super::Input::Loaded`]
    /// before the command, behind all facts that wait to be kept.
    pub fn missing(&self, command: &Command) -> Wanted {
        let mut wanted = Wanted::default();
        let mut want = |id: TicketId| match self.tickets.get(&id) {
            None => wanted.tickets.push(id),
            Some(ticket) => {
                let parts = ticket.merged.iter().filter(|part| self.tickets.get(part).is_none());
                wanted.tickets.extend(parts);
            }
        };
        match command {
            Command::AgentReady { .. } | Command::AgentAway { .. } | Command::WrapUpCode { .. } => {
            }
            Command::Thumb { .. } | Command::Photo { .. } => {}
            Command::Accept { ticket, .. }
            | Command::EditField { ticket, .. }
            | Command::CloseTicket { ticket, .. }
            | Command::Reopen { ticket, .. } => want(*ticket),
            Command::Order { ticket, order, .. } => {
                want(*ticket);
                if let Order::Event(TicketEvent::Merged { into, .. }) = &**order {
                    want(*into);
                }
            }
            Command::CallBack { ticket, .. } => want(*ticket),
            // A running call's ticket is at hand, and so are those of open verifications.
            Command::Talk { .. }
            | Command::Watch { .. }
            | Command::Unwatch { .. }
            | Command::TakeOver { .. }
            | Command::Message { .. }
            | Command::MessagesSeen { .. }
            | Command::AssignVerification { .. }
            | Command::CloseVerification { .. }
            | Command::AnnounceCampaign { .. }
            | Command::DoNotCall { .. } => {}
        }
        wanted
    }

    /// What is at hand already is newer.
    pub(super) fn loaded(&mut self, tickets: Vec<Ticket>) {
        for mut ticket in tickets {
            if self.tickets.get(&ticket.id).is_some() {
                continue;
            }
            if let Err(error) = self.rulebook.time(&mut ticket) {
                tracing::error!(%error, ticket = ticket.id.0, "the deadline of a ticket cannot be counted");
            }
            self.tickets.insert(ticket.id, ticket);
        }
    }

    /// Tickets that nobody has touched for long, and no call, callback or verification is about.
    pub(super) fn let_tickets_go(&mut self) {
        if !self.tickets.is_full() {
            return;
        }
        let in_calls = self.calls.values().filter_map(|call| call.ticket);
        let promised = self.promised.values().map(|promised| promised.ticket);
        let needed = in_calls.chain(promised).chain(self.callbacks_about());
        let needed: BTreeSet<TicketId> = needed.collect();
        self.tickets.let_go(|id| needed.contains(&id));
    }

    /// Tickets at hand.
    pub fn tickets_at_hand(&self) -> usize {
        self.tickets.len()
    }

    fn order(
        &mut self,
        id: TicketId,
        seen: Option<u32>,
        by: Actor,
        order: Order,
    ) -> Result<(), DeskError> {
        let ticket = self.tickets.get(&id).ok_or(DeskError::NoTicket(id))?;
        if let Some(seen) = seen {
            ticket.unchanged_since(seen)?;
        }
        let event = self.rulebook.event(ticket, order, self.wall)?;
        if let TicketEvent::Merged { into, .. } = &event {
            let main = self.tickets.get(into).ok_or(DeskError::NoTicket(*into))?;
            rulebook::may_join(main, id)?;
        }
        let kept = event.clone();
        self.ticket_event(id, event, by, None)?;
        match kept {
            TicketEvent::Closed { result } => self.closed(id, &result),
            TicketEvent::Reopened { .. } => self.drop_callbacks(id),
            TicketEvent::Merged { into, .. } => {
                self.change_ticket(into, TicketEvent::Joined { ticket: id }, Actor::system());
            }
            _ => {}
        }
        Ok(())
    }

    /// The citizen is called back, and so are those whose tickets were merged into this one: every matter gets an echo.
    fn closed(&mut self, id: TicketId, result: &str) {
        self.plan_callback(id);
        let merged = self.tickets.get(&id).map(|ticket| ticket.merged.clone()).unwrap_or_default();
        for part in merged {
            let still = self
                .tickets
                .get(&part)
                .is_some_and(|t| t.state == TicketState::Merged { into: id });
            if still {
                let event = TicketEvent::Closed { result: result.to_owned() };
                self.change_ticket(part, event, Actor::system());
                self.plan_callback(part);
            }
        }
    }
}
