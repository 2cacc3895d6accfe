//! Tickets in the hotline: loaded when they are wanted, changed by one at a time, merged without losing a citizen.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::sync::Arc;

use huiyin::desk::{Actor, DeskError, Order, Role, Ticket, TicketEvent, TicketState};
use huiyin::dialogue::{Manner, Prompts};
use huiyin::hotline::admission::Rules;
use huiyin::hotline::{CallbackRules, Command, Effect, Fact, Hotline, Input, Restored, Setup};
use huiyin::kernel::evidence::Source;
use huiyin::kernel::limits::TICKETS_LATELY;
use huiyin::kernel::{CallId, Civil, Filled, Moment, Slot, SurveyId, TicketId, Wall};
use huiyin::survey::campaign::Repeats;

use crate::ticket::{filled, whoever};
use crate::ticket_life::rulebook;

fn now() -> Wall {
    Civil { year: 2026, month: 11, day: 23, hour: 10, minute: 0, second: 0 }.wall()
}

struct Desk(Hotline);

impl Desk {
    fn new(tickets: Vec<Ticket>) -> Desk {
        Desk::calling(tickets, Repeats::Called)
    }

    fn calling(tickets: Vec<Ticket>, repeats: Repeats) -> Desk {
        let callbacks =
            CallbackRules { delay_ms: 60_000, lines: 2, repeats, ..CallbackRules::default() };
        let setup = Setup {
            prompts: Arc::new(Prompts::builtin().unwrap()),
            manner: Manner::default(),
            queue: Default::default(),
            agents: Vec::new(),
            outside: Vec::new(),
            callbacks,
            admission: Rules { guess: 3, most: 3, recognisers: 1 },
        };
        let restored = Restored { next_call: 1, next_survey: 1, ..Restored::default() };
        let hotline = Hotline::new(setup, restored).ruled_by(Arc::new(rulebook()));
        let mut desk = Desk(hotline);
        desk.give(Input::Loaded { tickets });
        desk
    }

    fn give(&mut self, input: Input) -> (Vec<Fact>, Option<Result<(), DeskError>>) {
        self.0.handle(Moment::ZERO, now(), input);
        let (mut facts, mut answer) = (Vec::new(), None);
        for effect in self.0.drain() {
            match effect {
                Effect::Keep { fact, .. } => facts.push(fact),
                Effect::Reply { result, .. } => answer = Some(result),
                _ => {}
            }
        }
        (facts, answer)
    }

    fn order(&mut self, ticket: u64, seen: Option<u32>, event: TicketEvent) -> Done {
        let by = whoever(&event);
        let by = if by.role == Role::System { Actor::desk("李晓") } else { by };
        let (ticket, order) = (TicketId(ticket), Box::new(Order::Event(event)));
        let command = Command::Order { ticket, seen, by, order };
        let missing = self.0.missing(&command).tickets;
        let (facts, answer) = self.give(Input::Command { token: 1, command });
        Done { missing, facts, answer: answer.unwrap() }
    }
}

struct Done {
    missing: Vec<TicketId>,
    facts: Vec<Fact>,
    answer: Result<(), DeskError>,
}

impl Done {
    fn events(&self) -> Vec<(u64, &'static str)> {
        let events = self.facts.iter().filter_map(|fact| match fact {
            Fact::Ticket { ticket, entry } => Some((ticket.id.0, entry.event.key())),
            _ => None,
        });
        events.collect()
    }

    /// Whose citizens are to be called back.
    fn called(&self) -> Vec<u64> {
        let due = self.facts.iter().filter_map(|fact| match fact {
            Fact::SurveyDue { ticket, .. } => Some(ticket.0),
            _ => None,
        });
        due.collect()
    }
}

/// A registered ticket whose citizen can be called.
fn registered(id: u64) -> Ticket {
    told_by(id, "13900000000")
}

fn told_by(id: u64, number: &str) -> Ticket {
    let mut ticket = Ticket::open(TicketId(id), CallId(id), now());
    let number = Filled { ..filled(number, Source::Signalling) };
    let fields = [(Slot::Number, number), (Slot::Place, filled("白龙桥镇", Source::Spoken))];
    for event in [TicketEvent::Drafted { fields: fields.into() }, TicketEvent::Registered] {
        let by = whoever(&event);
        ticket.apply(event, by, now()).unwrap();
    }
    ticket
}

fn why() -> String {
    "理由".to_owned()
}

#[test]
fn a_ticket_that_is_not_at_hand_is_asked_for_and_then_served() {
    let mut called_back = registered(7);
    for event in [
        TicketEvent::Closed { result: "办结".into() },
        TicketEvent::CalledBack { survey: SurveyId(3) },
    ] {
        called_back.apply(event, Actor::system(), now()).unwrap();
    }
    let mut desk = Desk::new(Vec::new());
    let reopen = || TicketEvent::Reopened { why: why() };
    let without = desk.order(7, None, reopen());
    assert_eq!(without.missing, [TicketId(7)]);
    assert_eq!(without.answer, Err(DeskError::NoTicket(TicketId(7))));
    desk.give(Input::Loaded { tickets: vec![called_back.clone()] });
    let done = desk.order(7, Some(4), reopen());
    assert_eq!((done.missing.len(), done.answer.clone()), (0, Ok(())));
    assert_eq!(done.events(), [(7, "reopened")]);
    // A copy that was read before that does not undo it.
    desk.give(Input::Loaded { tickets: vec![called_back] });
    let again = desk.order(7, None, reopen()).answer;
    assert!(matches!(again, Err(DeskError::NotNow { state: "registered", .. })), "{again:?}");
}

#[test]
fn the_second_of_two_who_change_a_ticket_at_once_is_told_what_the_first_did() {
    let mut desk = Desk::new(vec![registered(7)]);
    let close = || TicketEvent::Closed { result: "办结".into() };
    let told = TicketEvent::Told { ground: huiyin::desk::ticket::Ground::NotOurs, words: why() };
    assert_eq!(desk.order(7, Some(2), told).answer, Ok(()));
    let second = desk.order(7, Some(2), close());
    let error = second.answer.clone().unwrap_err();
    assert!(matches!(error, DeskError::Changed { seen: 2, now: 3, .. }), "{error:?}");
    assert!(error.to_string().contains("told by 某人"), "{error}");
    assert!(second.facts.is_empty(), "nothing is lost and nothing is written twice");
}

#[test]
fn the_citizen_of_a_merged_ticket_is_called_back_with_the_other() {
    let mut desk = Desk::new(vec![registered(7), registered(8), registered(9)]);
    let merged = |into| TicketEvent::Merged { into: TicketId(into), why: why() };
    assert_eq!(desk.order(8, None, merged(7)).events(), [(8, "merged"), (7, "joined")]);
    assert_eq!(desk.order(9, None, merged(7)).answer, Ok(()));
    assert!(desk.order(7, None, merged(9)).answer.is_err(), "others are part of it");
    assert_eq!(desk.order(7, None, merged(70)).missing, [TicketId(70)]);
    assert!(matches!(desk.order(7, None, merged(8)).answer, Err(DeskError::NotNow { .. })));
    let done = desk.order(7, None, TicketEvent::Closed { result: "已修好".into() });
    assert_eq!(done.events(), [(7, "closed"), (8, "closed"), (9, "closed")]);
    assert_eq!(done.called(), [7, 8, 9]);
    for fact in &done.facts {
        if let Fact::Ticket { ticket, .. } = fact {
            assert_eq!(ticket.state, TicketState::Closed { result: "已修好".into() });
        }
    }
}

#[test]
fn what_staff_have_linked_is_a_repeat_of_the_same_citizen_and_of_no_other() {
    for (repeats, called) in
        [(Repeats::Called, [7, 8, 9].as_slice()), (Repeats::Sampled, [7, 9].as_slice())]
    {
        // Their categories are not known: nothing but the link makes them one matter.
        let tickets = [(7, "+86 139 0000 0000"), (8, "13900000000"), (9, "13900000001")];
        let tickets = tickets.map(|(id, number)| told_by(id, number)).to_vec();
        let mut desk = Desk::calling(tickets, repeats);
        for id in [8, 9] {
            let merged = TicketEvent::Merged { into: TicketId(7), why: why() };
            assert_eq!(desk.order(id, None, merged).answer, Ok(()));
        }
        let done = desk.order(7, None, TicketEvent::Closed { result: "已修好".into() });
        assert_eq!(done.called(), called, "{repeats:?}");
        // Handled anew it is a case of its own.
        assert_eq!(desk.order(8, None, TicketEvent::Reopened { why: why() }).answer, Ok(()));
        let done = desk.order(8, None, TicketEvent::Closed { result: "又修".into() });
        assert_eq!(done.called(), [8], "{repeats:?}");
    }
}

#[test]
fn no_more_tickets_are_at_hand_than_there_is_room_for() {
    let many = TICKETS_LATELY as u64 + 100;
    let template = registered(1);
    let of = |ids: std::ops::RangeInclusive<u64>| {
        let copies = ids.map(|id| {
            let mut copy = template.clone();
            copy.id = TicketId(id);
            copy
        });
        copies.collect::<Vec<Ticket>>()
    };
    let mut desk = Desk::new(of(1..=many));
    assert_eq!(desk.0.tickets_at_hand(), TICKETS_LATELY);
    // Whoever is to be called stays.
    let last = desk.order(many, None, TicketEvent::Closed { result: "办结".into() });
    assert_eq!(last.called(), [many]);
    desk.give(Input::Loaded { tickets: of(many + 1..=many * 2) });
    assert_eq!(desk.0.tickets_at_hand(), TICKETS_LATELY);
    let reopened = desk.order(many, None, TicketEvent::Reopened { why: why() });
    assert_eq!((reopened.missing.len(), reopened.answer), (0, Ok(())));
}

#[test]
fn what_staff_type_is_told_to_machines_by_the_rules() {
    let mut desk = Desk::new(vec![registered(7)]);
    let typed = filled("金华市婺城区白龙桥镇", Source::Staff);
    let event = TicketEvent::Edited { slot: Slot::Place, filled: typed };
    let done = desk.order(7, Some(2), event);
    assert_eq!(done.answer, Ok(()));
    let Some(Fact::Ticket { ticket, .. }) = done.facts.first() else { panic!("nothing is kept") };
    assert_eq!(ticket.fields[&Slot::Place].code.as_deref(), Some("330702103"));
    assert!(ticket.due.is_some(), "and its clock runs");
}
