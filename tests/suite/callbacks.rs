//! Whom the hotline calls back, when, and what follows: samples, hours, those who are not called, verifications, restarts.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use huiyin::call::EndReason;
use huiyin::desk::clock::Pack;
use huiyin::desk::{Actor, DeskError, Ticket, TicketEvent, TicketState};
use huiyin::dialogue::{Manner, Prompts};
use huiyin::hotline::admission::Rules;
use huiyin::hotline::{
    Ack, CallbackRules, Command, Effect, Fact, Hotline, Input, Party, Restored, SaidHow, Setup,
    window_of,
};
use huiyin::kernel::evidence::Source;
use huiyin::kernel::{
    Calendar, CallId, CampaignId, Civil, Filled, LegId, Moment, Pii, Slot, SurveyId, TicketId,
    VerificationId, Wall,
};
use huiyin::survey::campaign::{Plan, Rate, Repeats, Stratum, draw};
use huiyin::survey::verify::Outcome;

#[path = "callbacks/whatever.rs"]
mod whatever;

const BEGINS: Civil = Civil { year: 2026, month: 11, day: 23, hour: 10, minute: 0, second: 0 };
const HOUR: u64 = 3_600_000;
const DAY: u64 = 24 * HOUR;

/// A citizen is dialled.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Dialled {
    at: Wall,
    call: CallId,
    leg: LegId,
    ticket: TicketId,
}

/// A hotline, its clock, and a world that answers every effect at once.
struct World {
    hotline: Hotline,
    now: Moment,
    facts: Vec<Fact>,
    dialled: Vec<Dialled>,
    replies: Vec<Result<(), DeskError>>,
    /// Every ticket as it was kept last.
    shelf: BTreeMap<TicketId, Ticket>,
    /// Callbacks that a restart found.
    asked: BTreeMap<SurveyId, TicketId>,
    /// Nothing is kept: whatever waits for it waits.
    stuck: Vec<Ack>,
    keeps: bool,
}

impl World {
    fn new(rules: CallbackRules, restored: Restored) -> World {
        let setup = Setup {
            prompts: Arc::new(Prompts::builtin().unwrap()),
            manner: Manner::default(),
            queue: Default::default(),
            agents: Vec::new(),
            outside: Vec::new(),
            callbacks: rules,
            admission: Rules { guess: 8, most: 8, recognisers: 1 },
        };
        World {
            shelf: restored.tickets.iter().map(|ticket| (ticket.id, ticket.clone())).collect(),
            asked: restored.surveys.iter().map(|survey| (survey.survey, survey.ticket)).collect(),
            hotline: Hotline::new(setup, restored),
            now: Moment::ZERO,
            facts: Vec::new(),
            dialled: Vec::new(),
            replies: Vec::new(),
            stuck: Vec::new(),
            keeps: true,
        }
    }

    fn wall(&self) -> Wall {
        BEGINS.wall().plus_ms(self.now.ms as i64)
    }

    fn give(&mut self, input: Input) {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            self.hotline.handle(self.now, self.wall(), input);
            let effects: Vec<Effect> = self.hotline.drain().collect();
            inputs.extend(effects.into_iter().filter_map(|effect| self.carry_out(effect)));
        }
    }

    fn carry_out(&mut self, effect: Effect) -> Option<Input> {
        match effect {
            Effect::Keep { fact, ack } => {
                if let Fact::Ticket { ticket, .. } = &fact {
                    self.shelf.insert(ticket.id, ticket.clone());
                }
                self.facts.push(fact);
                match ack {
                    Some(ack) if !self.keeps => {
                        self.stuck.push(ack);
                        None
                    }
                    ack => ack.map(Input::Stored),
                }
            }
            Effect::Dial { call, leg, party: Party::Citizen { .. } } => {
                let ticket = self.facts.iter().rev().find_map(|fact| match fact {
                    Fact::SurveyDialled { ticket, call: of, .. } if *of == call => Some(*ticket),
                    _ => None,
                });
                let ticket = ticket.expect("an attempt is kept before it is made");
                self.dialled.push(Dialled { at: self.wall(), call, leg, ticket });
                None
            }
            Effect::Say { call, say } => Some(Input::Said {
                call,
                say: say.id,
                how: SaidHow::Completed,
                said: say.text,
                unsaid: String::new(),
                start_ms: 1,
                end_ms: 2,
            }),
            Effect::Close { call } => Some(Input::MediaClosed { call }),
            Effect::Sample { campaign, stratum } => {
                Some(Input::Population { campaign, tickets: self.population(stratum) })
            }
            Effect::Fetch { tickets } => Some(Input::Fetched { tickets: self.kept(&tickets) }),
            Effect::Reply { result, .. } => {
                self.replies.push(result);
                None
            }
            _ => None,
        }
    }

    /// As the store tells it: see `Store::population`.
    fn population(&self, stratum: Stratum) -> Vec<TicketId> {
        let mut asked = self.asked.clone();
        let (mut strata, mut drawn) = (BTreeMap::new(), BTreeSet::new());
        for fact in &self.facts {
            match fact {
                Fact::SurveyDue { survey, ticket, .. } => {
                    asked.insert(*survey, *ticket);
                }
                Fact::SurveyEnded { survey, last: true, .. } => {
                    asked.remove(survey);
                }
                Fact::CampaignAnnounced { campaign, plan, .. } => {
                    strata.insert(*campaign, plan.stratum);
                }
                Fact::CampaignDrawn { campaign, draw, .. }
                    if strata.get(campaign) == Some(&Stratum::Repeat) =>
                {
                    drawn.extend(draw.population.iter().copied());
                }
                _ => {}
            }
        }
        let of = |ticket: &Ticket, slot| ticket.fields.get(&slot).map(|f: &Filled| f.value.clone());
        let case = |ticket: &Ticket| (of(ticket, Slot::Number), of(ticket, Slot::Category));
        let over = ["closed", "called_back"];
        let within = |ticket: &&Ticket| match (stratum, ticket.state.key()) {
            (Stratum::Running, key) => !over.contains(&key) && key != "draft",
            (Stratum::Repeat, "closed") => {
                let before = self.shelf.range(..ticket.id).any(|(_, earlier)| {
                    over.contains(&earlier.state.key()) && case(earlier) == case(ticket)
                });
                before && !drawn.contains(&ticket.id)
            }
            (Stratum::Repeat, _) => false,
        };
        let free = |ticket: &TicketId| !asked.values().any(|of| of == ticket);
        self.shelf.values().filter(within).map(|ticket| ticket.id).filter(free).collect()
    }

    fn kept(&self, tickets: &[TicketId]) -> Vec<Ticket> {
        tickets.iter().filter_map(|ticket| self.shelf.get(ticket).cloned()).collect()
    }

    fn command(&mut self, command: Command) -> Result<(), DeskError> {
        let missing = self.hotline.missing(&command);
        if !missing.is_nothing() {
            let tickets = self.kept(&missing.tickets);
            self.give(Input::Loaded { tickets });
        }
        self.give(Input::Command { token: 1, command });
        self.replies.pop().unwrap()
    }

    fn close(&mut self, ticket: u64) {
        let ticket = TicketId(ticket);
        self.command(Command::CloseTicket { ticket, result: "已办结".into(), by: "李".into() })
            .unwrap();
    }

    /// Runs to this moment, with a tick whenever the hotline wants one.
    fn run_to(&mut self, to: Moment) {
        let mut at_once = 0;
        while let Some(at) = self.hotline.deadline().filter(|at| *at <= to) {
            at_once = if at > self.now { 0 } else { at_once + 1 };
            assert!(at_once < 50, "the clock stands still at {}", self.wall().civil());
            self.now = self.now.max(at);
            self.give(Input::Tick);
        }
        self.now = to;
    }

    fn later(&mut self, ms: u64) -> usize {
        let before = self.dialled.len();
        self.run_to(self.now + ms);
        self.dialled.len() - before
    }

    fn fails(&mut self, reason: EndReason) {
        let last = *self.dialled.last().unwrap();
        self.give(Input::LegEnded { leg: last.leg, reason });
    }

    /// The citizen who was dialled last picks up and answers with keys.
    fn answers(&mut self, keys: &str) {
        let Dialled { call, leg, .. } = *self.dialled.last().unwrap();
        self.give(Input::LegUp { leg });
        for (n, key) in keys.chars().enumerate() {
            self.give(Input::Key { call, key, at_ms: 1_000 * (n as u64 + 1) });
        }
        self.give(Input::LegEnded { leg, reason: EndReason::HungUpByPeer });
    }

    fn ends(&self) -> Vec<(SurveyId, &str)> {
        let last = self.facts.iter().filter_map(|fact| match fact {
            Fact::SurveyEnded { survey, outcome, last: true, .. } => {
                Some((*survey, outcome.as_str()))
            }
            _ => None,
        });
        last.collect()
    }

    fn verifications(&self) -> usize {
        self.facts.iter().filter(|fact| matches!(fact, Fact::VerificationOpened { .. })).count()
    }
}

fn filled(value: &str) -> Filled {
    Filled { value: value.into(), code: None, evidence: Vec::new(), source: Source::Staff }
}

/// How a ticket comes to be registered.
fn registration(number: &str, category: &str) -> [TicketEvent; 2] {
    let fields =
        BTreeMap::from([(Slot::Number, filled(number)), (Slot::Category, filled(category))]);
    [TicketEvent::Drafted { fields }, TicketEvent::Registered]
}

/// A ticket that is registered, of the citizen with this number.
fn ticket(id: u64, number: &str, category: &str) -> Ticket {
    let mut ticket = Ticket::open(TicketId(id), CallId(id), BEGINS.wall());
    for entry in registration(number, category) {
        ticket.apply(entry, Actor::robot(), BEGINS.wall()).unwrap();
    }
    ticket
}

/// So many tickets, each of its own citizen.
fn tickets(count: u64) -> Restored {
    let tickets = (1..=count).map(|id| ticket(id, &format!("1380000{id:04}"), "噪声"));
    Restored {
        next_call: 100,
        last_ticket: count,
        tickets: tickets.collect(),
        ..Restored::default()
    }
}

fn world(count: u64) -> World {
    World::new(CallbackRules::default(), tickets(count))
}

fn refused(result: Result<(), DeskError>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn a_closed_case_is_called_once_and_its_attempt_is_kept_before_it_is_made() {
    let mut world = world(1);
    world.keeps = false;
    world.close(1);
    world.later(HOUR);
    let waits = matches!(world.stuck.as_slice(), [Ack::Dial { .. }]);
    assert!(world.dialled.is_empty() && waits, "{:?}", world.stuck);
    world.keeps = true;
    let ack = world.stuck.pop().unwrap();
    world.give(Input::Stored(ack));
    assert_eq!(world.dialled.len(), 1);
    world.answers("11");
    assert_eq!(world.ends(), [(SurveyId(1), "complete")]);
    assert_eq!(world.later(30 * DAY), 0);
}

#[test]
fn whoever_is_not_reached_is_tried_again_within_hours_and_given_up_with_its_reason() {
    let mut world = world(1);
    world.close(1);
    assert_eq!(world.later(HOUR), 1);
    world.fails(EndReason::Busy);
    assert_eq!(world.later(HOUR), 0, "two hours apart");
    assert_eq!(world.later(2 * HOUR), 1);
    world.fails(EndReason::NoAnswer);
    assert_eq!(world.later(10 * HOUR), 0, "twice a day");
    assert_eq!(world.later(DAY), 1);
    assert_eq!(world.dialled[2].at.civil().hour, 9);
    world.fails(EndReason::Rejected(403));
    assert_eq!(world.later(30 * DAY), 0);
    let outcomes: Vec<(String, u32)> = world
        .facts
        .iter()
        .filter_map(|fact| match fact {
            Fact::SurveyEnded { outcome, attempt, .. } => Some((outcome.clone(), *attempt)),
            _ => None,
        })
        .collect();
    let wanted = [("line_busy", 1), ("no_answer", 2), ("refused", 3), ("attempts_used", 0)];
    assert_eq!(outcomes, wanted.map(|(outcome, attempt)| (outcome.to_owned(), attempt)));
}

#[test]
fn who_refuses_the_call_itself_is_not_called_any_more() {
    for (status, quiet) in [(603, true), (607, true), (608, false), (403, false)] {
        let mut world = world(1);
        world.close(1);
        assert_eq!(world.later(HOUR), 1);
        world.fails(EndReason::Rejected(status));
        let kept = world.facts.iter().any(|fact| matches!(fact, Fact::DoNotCall { on: true, .. }));
        assert_eq!((kept, world.later(30 * DAY) == 0), (quiet, quiet), "{status}");
    }
}

/// Lines may be taken until the evening, and the service may stand still over night.
#[test]
fn what_was_due_by_day_is_not_dialled_at_night() {
    let mut world = world(3);
    (1..=3).for_each(|id| world.close(id));
    assert_eq!(world.later(5 * 60_000), 2, "two lines");
    world.now = world.now + 11 * HOUR;
    world.fails(EndReason::Busy);
    assert_eq!(world.later(HOUR), 0);
    world.later(DAY);
    let nights: Vec<&Dialled> =
        world.dialled.iter().filter(|d| !(9..20).contains(&d.at.civil().hour)).collect();
    assert!(nights.is_empty(), "{nights:?}");
    assert!(world.dialled.len() > 2);
}

#[test]
fn one_word_ends_it_for_the_number_for_good() {
    let mut restored = tickets(1);
    restored.tickets.push(ticket(2, "+86 138 0000 0001", "路灯"));
    restored.tickets.push(ticket(3, "13900000003", "路灯"));
    let mut world = World::new(CallbackRules::default(), restored);
    let quiet = |number: &str, on| Command::DoNotCall {
        number: Pii::new(number.to_owned()),
        on,
        why: "市民来电说不要回访".into(),
        by: "李".into(),
    };
    (1..=3).for_each(|id| world.close(id));
    world.command(quiet("008613800000001", true)).unwrap();
    assert_eq!(world.ends(), [(SurveyId(1), "do_not_call"), (SurveyId(2), "do_not_call")]);
    assert_eq!(world.later(HOUR), 1, "the other citizen");
    assert_eq!(world.dialled[0].ticket, TicketId(3));
    world.answers("11");
    world
        .command(Command::Reopen { ticket: TicketId(1), why: "x".into(), by: "x".into() })
        .unwrap();
    world.close(1);
    assert_eq!(world.later(DAY), 0, "not about a later closing either");
    let refusal = refused(world.command(quiet("13711112222", false)));
    assert!(refusal.contains("not on the list"), "{refusal}");
    world.command(quiet("13800000001", false)).unwrap();
    let hand =
        Command::CallBack { ticket: TicketId(2), why: "市民要求".into(), by: "李".into() };
    world.command(hand).unwrap();
    assert_eq!(world.later(DAY), 1);
}

#[test]
fn nobody_is_dialled_who_is_in_a_call_with_us() {
    let mut world = world(1);
    world.close(1);
    let number = Some(Pii::new("+8613800000001".to_owned()));
    world.give(Input::Invited { leg: LegId(2), number });
    world.give(Input::LegUp { leg: LegId(2) });
    assert_eq!(world.later(2 * 60_000), 0);
    world.give(Input::LegEnded { leg: LegId(2), reason: EndReason::HungUpByPeer });
    assert_eq!(world.later(10_000), 1);
}

#[test]
fn the_rate_leaves_room_for_those_who_call() {
    let rules = CallbackRules { lines: 8, per_minute: 3, ..CallbackRules::default() };
    let mut world = World::new(rules, tickets(20));
    (1..=20).for_each(|id| world.close(id));
    for _ in 0..20 {
        world.later(60_000);
        while let Some(call) = world.dialled.iter().find(|d| !over(&world, d.call)).copied() {
            world.give(Input::LegEnded { leg: call.leg, reason: EndReason::Busy });
        }
    }
    assert_eq!(world.dialled.len(), 20);
    let at: Vec<i64> = world.dialled.iter().map(|d| d.at.unix_ms).collect();
    assert!(at.windows(4).all(|four| four[3] - four[0] >= 60_000), "{at:?}");
}

fn over(world: &World, call: CallId) -> bool {
    world.facts.iter().any(|fact| matches!(fact, Fact::CallEnded { call: of, .. } if *of == call))
}

// ---- verifications ----

#[test]
fn an_unhappy_answer_is_verified_once_by_somebody_else_within_its_limit() {
    let mut restored = tickets(1);
    restored.tickets[0].fields.insert(Slot::Unit, filled("婺城区综合行政执法局"));
    restored.tickets.push(ticket(2, "13800000001", "路灯"));
    let mut world = World::new(CallbackRules::default(), restored);
    world.close(1);
    world.later(HOUR);
    world.answers("25");
    assert_eq!(world.verifications(), 1, "没解决 and 非常不满意 are one");
    let due = world.facts.iter().find_map(|fact| match fact {
        Fact::VerificationOpened { due, .. } => *due,
        _ => None,
    });
    assert_eq!(due.unwrap().civil().to_string(), "2026-12-01 00:00:00", "five working days");
    world.close(2);
    assert_eq!(world.later(3 * DAY), 0, "while it is looked into nobody asks this citizen");
    let id = VerificationId(1);
    let assign = |unit: &str| Command::AssignVerification {
        verification: id,
        unit: unit.into(),
        by: "班长".into(),
    };
    let close = |outcome| Command::CloseVerification {
        verification: id,
        outcome,
        result: "噪声仍超标".into(),
        by: "赵".into(),
    };
    let refusal = refused(world.command(assign("婺城区综合行政执法局")));
    assert!(refusal.contains("cannot verify itself"), "{refusal}");
    world.command(assign("区信访局")).unwrap();
    world.command(close(Outcome::Reopened)).unwrap();
    assert!(refused(world.command(close(Outcome::Confirmed))).contains("no verification V1"));
    let state = world.facts.iter().rev().find_map(|fact| match fact {
        Fact::Ticket { ticket, .. } if ticket.id == TicketId(1) => Some(ticket.state.clone()),
        _ => None,
    });
    assert_eq!(state, Some(TicketState::Registered));
    assert_eq!(world.later(DAY), 1, "now the other matter is asked about");
}

#[test]
fn a_pack_gives_hours_and_the_limit_of_a_verification() {
    let pack = Pack::shipped("hotan-2021").unwrap().unwrap();
    let window = window_of(pack.calling.as_ref().unwrap()).unwrap();
    let rules = CallbackRules {
        window,
        pack: Some(Arc::new(pack)),
        calendar: Arc::new(Calendar::default()),
        ..CallbackRules::default()
    };
    let mut world = World::new(rules, tickets(1));
    world.close(1);
    world.later(20 * 60_000);
    assert!(world.dialled.is_empty(), "at 10:20 it is too early there");
    assert_eq!(world.later(HOUR), 1);
    assert_eq!(world.dialled[0].at.civil().to_string(), "2026-11-23 10:30:00");
    world.answers("24");
    let opened = world.facts.iter().find(|fact| matches!(fact, Fact::VerificationOpened { .. }));
    assert!(matches!(opened, Some(Fact::VerificationOpened { due: Some(_), .. })), "{opened:?}");
}

// ---- samples ----

fn plan(stratum: Stratum, percent: u32, after: u64) -> Plan {
    Plan {
        name: "抽样".into(),
        stratum,
        rate: Rate::new(percent * 100).unwrap(),
        seed: "2026134".into(),
        draw_at: BEGINS.wall().plus_ms(after as i64),
        by: "陈主任".into(),
    }
}

fn drawn(world: &World) -> Vec<TicketId> {
    let draws = world.facts.iter().filter_map(|fact| match fact {
        Fact::CampaignDrawn { draw, .. } => Some(draw.chosen.clone()),
        _ => None,
    });
    draws.flatten().collect()
}

#[test]
fn a_sample_of_running_cases_is_drawn_as_announced_and_kept_before_anybody_is_dialled() {
    let mut world = world(40);
    let announced = plan(Stratum::Running, 10, HOUR);
    world.command(Command::AnnounceCampaign { plan: announced.clone() }).unwrap();
    let late =
        refused(world.command(Command::AnnounceCampaign { plan: plan(Stratum::Running, 10, 0) }));
    assert!(late.contains("before it is drawn"), "{late}");
    world.close(1);
    world.later(2 * 60_000);
    world.answers("11");
    world.keeps = false;
    world.later(HOUR);
    assert_eq!(world.stuck, [Ack::Draw { campaign: CampaignId(1) }]);
    assert_eq!(world.dialled.len(), 1, "nobody before the draw is kept");
    world.keeps = true;
    world.give(Input::Stored(Ack::Draw { campaign: CampaignId(1) }));
    let chosen = drawn(&world);
    let again = draw(&announced.seed, announced.rate, (2..=40).map(TicketId));
    assert_eq!(chosen, again.chosen, "of those that ran, by nothing but the seed");
    assert_eq!(chosen.len(), 4);
    for _ in 0..10 {
        if world.later(10 * 60_000) > 0 {
            world.answers("11");
        }
    }
    let mut called: Vec<TicketId> = world.dialled.iter().skip(1).map(|d| d.ticket).collect();
    called.sort_unstable();
    let mut wanted = chosen;
    wanted.sort_unstable();
    assert_eq!(called, wanted);
    let states: Vec<&TicketState> = world
        .facts
        .iter()
        .filter_map(|fact| match fact {
            Fact::Ticket { ticket, entry } => {
                matches!(entry.event, TicketEvent::CalledBack { .. }).then_some(&ticket.state)
            }
            _ => None,
        })
        .collect();
    assert_eq!(states.len(), 1, "a case that runs goes on running");
}

#[test]
fn repeats_wait_for_a_sample_where_that_is_wanted() {
    for (repeats, called) in [(Repeats::Called, 3), (Repeats::Sampled, 1)] {
        let mut restored = tickets(0);
        restored.tickets = (1..=3).map(|id| ticket(id, "13800000001", "噪声")).collect();
        let rules = CallbackRules { repeats, ..CallbackRules::default() };
        let mut world = World::new(rules, restored);
        for id in 1..=3 {
            world.close(id);
            if world.later(DAY) > 0 {
                world.answers("11");
            }
        }
        assert_eq!(world.dialled.len(), called, "{repeats:?}");
        if repeats == Repeats::Sampled {
            let half = plan(Stratum::Repeat, 50, 4 * DAY);
            world.command(Command::AnnounceCampaign { plan: half }).unwrap();
            assert_eq!(world.later(5 * DAY), 1, "one of two");
            world.answers("11");
            let plan = Plan { draw_at: world.wall().plus_ms(1), ..plan(Stratum::Repeat, 100, 0) };
            world.command(Command::AnnounceCampaign { plan }).unwrap();
            assert_eq!(world.later(5 * DAY), 0, "nobody is drawn from twice");
        }
    }
}

#[test]
fn staff_call_single_citizens_and_are_told_why_not() {
    let mut world = world(2);
    let call = |ticket| Command::CallBack {
        ticket: TicketId(ticket),
        why: "领导批示".into(),
        by: "李".into(),
    };
    world.command(call(1)).unwrap();
    let asked = |fact: &Fact| matches!(fact, Fact::CallbackAsked { .. });
    let due = |fact: &Fact| matches!(fact, Fact::SurveyDue { .. });
    let (first, then) =
        (world.facts.iter().position(asked).unwrap(), world.facts.iter().position(due).unwrap());
    assert!(first < then, "who wanted it is on record first");
    assert!(refused(world.command(call(1))).contains("planned already"));
    assert!(refused(world.command(call(9))).contains("no ticket T9"));
    assert_eq!(world.later(60_000), 1);
    world.close(2);
    world.command(call(2)).unwrap_err();
}
