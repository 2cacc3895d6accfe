//! A ticket's life by the rulebook: units, packs and limits are looked up; the next deadline follows the events; whatever
//! happens, the fold of the events is the ticket and the store's row.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::sync::Arc;

use huiyin::desk::clock::{Duty, Pack};
use huiyin::desk::ticket::{
    Actor, DeskError, Entry, Forum, Mark, Role, Ticket, TicketEvent, TicketState,
};
use huiyin::desk::{Order, Rulebook};
use huiyin::hotline::{Direction, Fact};
use huiyin::kernel::evidence::Source;
use huiyin::kernel::{
    Calendar, CallId, Civil, Filled, Rng, Slot, SurveyId, TicketId, VerificationId, Wall,
};
use huiyin::store::Store;
use proptest::prelude::*;

use crate::console::house::dispatch;
use crate::ticket::{ID, events, filled, ticket, whoever};

/// The shipped rules with their packs, and the days by law.
pub fn rulebook() -> Rulebook {
    by_calendar(Calendar::default())
}

fn by_calendar(calendar: Calendar) -> Rulebook {
    let rules = dispatch();
    let mut packs: Vec<(String, Pack)> = Vec::new();
    for told in rules.packs() {
        if !packs.iter().any(|(name, _)| *name == told.clock) {
            packs.push((told.clock.clone(), Pack::shipped(&told.clock).unwrap().unwrap()));
        }
    }
    Rulebook::new(Arc::new(rules), packs, calendar).unwrap()
}

/// Monday, 23 November 2026, and the days after it: no holiday is near.
fn at(day: u32, hour: u32, minute: u32) -> Wall {
    Civil { year: 2026, month: 11, day, hour, minute, second: 0 }.wall()
}

/// Its midnight.
fn december(day: u32) -> Wall {
    Civil { year: 2026, month: 12, day, hour: 0, minute: 0, second: 0 }.wall()
}

struct Desk {
    book: Rulebook,
    ticket: Ticket,
    entries: Vec<Entry>,
    now: Wall,
}

impl Desk {
    /// A complaint about a building site at a place, told on Monday at ten and registered.
    fn new(place: &str) -> Desk {
        let now = at(23, 10, 0);
        let mut desk = Desk {
            book: rulebook(),
            ticket: Ticket::open(ID, CallId(1), now),
            entries: Vec::new(),
            now,
        };
        let coded = |value: &str, code: &str| Filled {
            code: Some(code.into()),
            ..filled(value, Source::Spoken)
        };
        let fields = [
            (Slot::Category, coded("施工噪声", "0101")),
            (Slot::Place, coded("婺城区", place)),
            (Slot::Narrative, filled("工地打桩", Source::Spoken)),
        ];
        let drafted = desk.does(TicketEvent::Drafted { fields: fields.into() });
        let registered = desk.does(TicketEvent::Registered);
        desk.entries = vec![drafted, registered];
        desk
    }

    fn order(&mut self, order: Order, by: Actor) -> Result<Entry, DeskError> {
        let event = self.book.event(&self.ticket, order, self.now)?;
        let entry = self.ticket.apply(event, by, self.now)?;
        self.book.time(&mut self.ticket).unwrap();
        Ok(entry)
    }

    fn does(&mut self, event: TicketEvent) -> Entry {
        let by = whoever(&event);
        let key = event.key();
        self.order(Order::Event(event), by).unwrap_or_else(|error| panic!("{key}: {error}"))
    }

    fn dispatch(&mut self, unit: &str, pack: Option<&str>) -> Result<Entry, DeskError> {
        let (unit, pack) = (unit.to_owned(), pack.map(str::to_owned));
        let order = Order::Dispatch { unit, with: Vec::new(), pack, member: None };
        self.order(order, Actor::desk("派单员"))
    }

    /// The limit that is due next, and when.
    fn due(&self) -> (&str, Option<Wall>) {
        let due = self.ticket.due.as_ref().expect("something is due");
        (due.limit.as_str(), due.at)
    }
}

#[test]
fn the_next_deadline_follows_the_life_of_a_ticket() {
    let mut desk = Desk::new("330702103");
    // The rule of the matter names the simple procedure: dispatched the same day.
    assert_eq!(desk.due(), ("dispatch", Some(at(24, 0, 0))));
    assert_eq!(desk.ticket.due.as_ref().unwrap().yellow, Some(at(23, 20, 0)));
    desk.now = at(23, 11, 0);
    desk.dispatch("enforcement-330702", None).unwrap();
    assert_eq!(desk.due(), ("sign", Some(at(23, 13, 0))));
    desk.now = at(23, 12, 0);
    desk.does(TicketEvent::Signed { member: None });
    assert_eq!(
        desk.due(),
        ("simple-transfer", Some(at(27, 0, 0))),
        "the right to object is no duty"
    );
    desk.does(TicketEvent::Worked { note: "到现场".into() });
    desk.does(TicketEvent::Answered { words: "已停工".into() });
    assert_eq!(desk.due(), ("simple-close", Some(december(3))));
    desk.now = at(25, 9, 0);
    desk.does(TicketEvent::Closed { result: "已停工".into() });
    assert_eq!(desk.due(), ("callback", Some(december(1))));
    desk.does(TicketEvent::Disputed { verification: VerificationId(1), reason: "unhappy".into() });
    desk.does(TicketEvent::CalledBack { survey: SurveyId(1) });
    assert_eq!(desk.ticket.due.as_ref().unwrap().duty, Duty::Verification);
    desk.does(TicketEvent::Verified { verification: VerificationId(1), outcome: "重办".into() });
    assert_eq!(desk.ticket.due, None);
    desk.now = at(26, 9, 0);
    desk.does(TicketEvent::Reopened { why: "没停".into() });
    assert_eq!(desk.due(), ("dispatch", Some(at(27, 0, 0))), "received anew");
}

#[test]
fn an_upheld_objection_takes_the_dispatch_back_and_its_time_with_it() {
    let mut desk = Desk::new("330702103");
    desk.now = at(23, 11, 0);
    desk.dispatch("enforcement-330702", None).unwrap();
    desk.now = at(23, 11, 30);
    desk.does(TicketEvent::Objected { why: "不属本单位".into() });
    assert_eq!(desk.due(), ("objection-decision", Some(at(25, 0, 0))));
    desk.now = at(24, 9, 0);
    desk.does(TicketEvent::ObjectionDecided { upheld: true, why: "属实".into() });
    assert_eq!(desk.due(), ("dispatch", Some(at(25, 0, 0))), "the same day from the decision on");
    desk.dispatch("housing-330702", None).unwrap();
    assert_eq!(desk.due(), ("sign", Some(at(24, 11, 0))), "the next unit has its own two hours");
    desk.now = at(24, 10, 0);
    desk.does(TicketEvent::Signed { member: None });
    desk.now = at(26, 9, 0);
    let late = Order::Event(TicketEvent::Objected { why: "晚了".into() });
    let error = desk.order(late, Actor::new(Role::Unit, "住建局")).unwrap_err();
    assert!(matches!(error, DeskError::ObjectionLate { .. }), "{error}");
}

#[test]
fn a_streets_ticket_is_copied_to_its_district_and_members_are_named() {
    let mut desk = Desk::new("330702103");
    desk.dispatch("government-330702103", Some("plain")).unwrap();
    let to = desk.ticket.assignment().unwrap().clone();
    assert_eq!(to.copied.iter().map(|u| u.code.as_str()).collect::<Vec<_>>(), ["centre-330702"]);
    assert_eq!(to.clock.as_ref().unwrap().procedure, "ordinary");
    assert_eq!(to.rule, "", "no rule names it: staff chose");
    desk.does(TicketEvent::Signed { member: Some("网格员 王五".into()) });
    assert_eq!(desk.ticket.assignment().unwrap().member.as_deref(), Some("网格员 王五"));
    // By its whole name too, and that of the rule.
    let mut other = Desk::new("330702103");
    other.dispatch("婺城区综合行政执法局", None).unwrap();
    let to = other.ticket.assignment().unwrap();
    assert_eq!(
        (to.owner.code.as_str(), to.rule.as_str()),
        ("enforcement-330702", "construction-noise")
    );
    assert!(to.copied.is_empty(), "a district's own ticket is copied to nobody");
}

#[test]
fn what_is_not_there_is_named_with_what_is() {
    let mut desk = Desk::new("330702103");
    let error = desk.dispatch("enforcement-999999", None).unwrap_err().to_string();
    assert!(error.contains("enforcement-999999") && error.contains("enforcement-3307"), "{error}");
    let error = desk.dispatch("enforcement-330702", Some("sofort")).unwrap_err().to_string();
    assert!(error.contains("plain, simple, quick, petition"), "{error}");
    desk.dispatch("enforcement-330702", None).unwrap();
    let pause = TicketEvent::Paused { kind: "hearing".into(), why: "听证".into() };
    let error = desk.order(Order::Event(pause), Actor::desk("x")).unwrap_err();
    assert!(matches!(error, DeskError::NoPause { .. }), "{error}");
}

#[test]
fn extensions_are_asked_for_in_time_told_to_the_citizen_and_within_the_packs_most() {
    let mut desk = Desk::new("330702103");
    let unit = || Actor::new(Role::Unit, "信访局");
    let ask = |amount: u32, told: &str| Order::AskExtension {
        limit: None,
        amount,
        why: "情况复杂".into(),
        told: Some(told.to_owned()).filter(|t| !t.is_empty()),
    };
    desk.dispatch("enforcement-330702", None).unwrap();
    let none = desk.order(ask(3, "已说明"), unit()).unwrap_err();
    assert_eq!(none, DeskError::NothingToExtend(ID), "the pack gives no extension");
    let mut desk = Desk::new("330702103");
    desk.dispatch("enforcement-330702", Some("petition")).unwrap();
    desk.does(TicketEvent::Signed { member: None });
    desk.does(TicketEvent::Marked { mark: Mark::Accepted, words: String::new() });
    let close = desk.due().1;
    for (order, told) in
        [(ask(31, "已说明"), "extended by 31"), (ask(30, ""), "has been told the reason")]
    {
        let error = desk.order(order, unit()).unwrap_err().to_string();
        assert!(error.contains(told), "{error}");
    }
    desk.order(ask(30, "已电话说明"), unit()).unwrap();
    assert_eq!(desk.due().1, close, "asking moves nothing");
    desk.does(TicketEvent::ExtensionDecided { granted: true, why: "同意".into() });
    assert!(desk.due().1 > close);
    let error = desk.order(ask(1, "再次说明"), unit()).unwrap_err().to_string();
    assert!(error.contains("extended 2 times") || error.contains("extended by 31"), "{error}");
    // Another ticket whose sixty days are over.
    let mut late = Desk::new("330702103");
    late.dispatch("enforcement-330702", Some("petition")).unwrap();
    late.does(TicketEvent::Signed { member: None });
    late.does(TicketEvent::Marked { mark: Mark::Accepted, words: String::new() });
    late.now = late.due().1.unwrap();
    let error = late.order(ask(10, "已说明"), unit()).unwrap_err().to_string();
    assert!(error.contains("asked for too late"), "{error}");
}

#[test]
fn a_dispatch_file_whose_clock_is_not_there_is_refused_with_its_line() {
    let faults = Rulebook::new(Arc::new(dispatch()), Vec::new(), Calendar::default()).unwrap_err();
    assert_eq!(faults.errors(), 4, "{faults}");
    let told = faults.to_string();
    assert!(told.contains("dispatch.toml") && told.contains("pack.clock"), "{told}");
}

/// Anything that anybody may try, most of it allowed at some time.
fn anything(rng: &mut Rng) -> Order {
    let units =
        ["enforcement-330702", "government-330702103", "housing-330702", "nobody", "police-330723"];
    let packs = ["plain", "simple", "quick", "petition", "none"];
    let mut pick = |all: &[&str]| all[rng.below(all.len() as u64) as usize].to_owned();
    let (unit, pack, other) = (pick(&units), pick(&packs), pick(&units));
    match rng.below(10) {
        0 | 1 => Order::Dispatch {
            unit,
            with: vec![other],
            pack: rng.chance(0.5).then_some(pack),
            member: None,
        },
        2 => Order::Transfer { unit, why: "转办".into() },
        3 => Order::AskExtension {
            limit: None,
            amount: rng.below(40) as u32,
            why: "复杂".into(),
            told: rng.chance(0.8).then(|| "已说明".to_owned()),
        },
        4 => {
            Order::Convene {
                forum: Forum::TaskForce, units: vec![unit, other], why: "跨县".into()
            }
        }
        _ => {
            let all = events();
            Order::Event(all[rng.below(all.len() as u64) as usize].clone())
        }
    }
}

/// So many tries from a seed: the ticket, its entries, and the facts as the hotline would keep them.
fn life(book: &Rulebook, seed: u64, tries: usize) -> (Ticket, Vec<Entry>, Vec<Fact>) {
    let mut rng = Rng::new(seed);
    let mut now = at(23, 10, 0);
    let mut ticket = Ticket::open(ID, CallId(1), now);
    let (mut entries, mut facts) = (Vec::<Entry>::new(), Vec::new());
    while entries.len() < tries {
        let order =
            if entries.is_empty() { Order::Event(events()[0].clone()) } else { anything(&mut rng) };
        let step = rng.below(40 * 3_600_000) as i64;
        now = now.plus_ms(if rng.chance(0.1) { -step } else { step });
        let before = ticket.clone();
        let Ok(event) = book.event(&ticket, order, now) else { continue };
        let by = if rng.chance(0.9) { whoever(&event) } else { Actor::system() };
        match ticket.apply(event, by, now) {
            Err(_) => assert_eq!(ticket, before, "seed {seed}: a refused event did not happen"),
            Ok(entry) => {
                assert!(entry.at >= before.changed, "seed {seed}");
                assert_eq!((entry.seq, ticket.version), (before.version + 1, before.version + 1));
                book.time(&mut ticket).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
                facts.push(Fact::Ticket { ticket: ticket.clone(), entry: entry.clone() });
                entries.push(entry);
            }
        }
    }
    (ticket, entries, facts)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn whatever_happens_the_fold_of_the_events_is_the_ticket(seed in any::<u64>()) {
        let book = rulebook();
        let (ticket, entries, _) = life(&book, seed, 40);
        let mut folded = Ticket::fold(ID, CallId(1), &entries).unwrap();
        book.time(&mut folded).unwrap();
        prop_assert_eq!(&folded, &ticket);
        let owned = matches!(ticket.state.key(), "dispatched" | "signed" | "working" | "objected" | "answered");
        prop_assert_eq!(ticket.state.assignment().is_some(), owned);
        // Nobody waits without a clock: an open ticket has something that is due, unless its pack gives what stays no limit.
        if matches!(ticket.state, TicketState::Registered | TicketState::Dispatched { .. })
            && ticket.clock.as_ref().is_some_and(|clock| clock.pack == "zhejiang-2017")
        {
            prop_assert!(ticket.due.is_some());
        }
    }
}

#[tokio::test]
async fn the_store_rebuilds_every_ticket_from_its_events() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("huiyin.db");
    let store = Store::open(&path).await.unwrap();
    let book = rulebook();
    let call = CallId(1);
    let started =
        Fact::CallStarted { call, direction: Direction::Inbound, number: None, at: at(23, 10, 0) };
    store.keep(&[started]).await.unwrap();
    let mut kept = Vec::new();
    for seed in 0..60 {
        let id = TicketId(ID.0 + seed);
        let (mut ticket, entries, facts) = life(&book, seed, 30);
        ticket.id = id;
        let facts = facts.into_iter().map(|fact| match fact {
            Fact::Ticket { mut ticket, entry } => {
                ticket.id = id;
                Fact::Ticket { ticket, entry }
            }
            other => other,
        });
        store.keep(&facts.collect::<Vec<Fact>>()).await.unwrap();
        kept.push((ticket, entries));
    }
    store.close().await;
    let store = Store::open(&path).await.unwrap();
    for (ticket, entries) in kept {
        assert_eq!(store.entries(ticket.id).await.unwrap(), entries, "{}", ticket.id);
        let mut loaded = store.load_tickets(&[ticket.id]).await.unwrap().pop().unwrap();
        book.time(&mut loaded).unwrap();
        assert_eq!(loaded, ticket);
        let row = store.ticket(ticket.id).await.unwrap().unwrap();
        let owner = ticket.assignment().map(|to| &to.owner);
        let due = ticket.due.as_ref();
        let ms = |at: Option<Wall>| at.map(|at| at.unix_ms);
        assert_eq!(row.state, ticket.state.key());
        assert_eq!(row.unit, owner.map(|unit| unit.code.clone()));
        assert_eq!(row.level, owner.map(|unit| unit.level.key().to_owned()));
        assert_eq!(row.pack, ticket.clock.as_ref().map(|clock| clock.pack.clone()));
        assert_eq!(row.limit_code, due.map(|due| due.limit.clone()));
        assert_eq!(
            (row.due_at, row.yellow_at),
            (ms(due.and_then(|d| d.at)), ms(due.and_then(|d| d.yellow)))
        );
        assert_eq!((row.supervised, row.secret), (ticket.supervision.is_some(), ticket.secret));
        assert_eq!(
            (row.version, row.opened_at),
            (i64::from(ticket.version), ticket.opened.unix_ms)
        );
        assert_eq!(
            (row.changed_at, row.result.clone()),
            (ticket.changed.unix_ms, ticket.result.clone())
        );
        assert_eq!(row.fields.len(), ticket.fields.len());
        for field in &row.fields {
            let filled = &ticket.fields[&Slot::from_key(&field.slot).unwrap()];
            assert_eq!((&field.value, &field.code), (&filled.value, &filled.code));
        }
    }
}

#[tokio::test]
async fn every_kind_of_event_is_read_back_as_it_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("huiyin.db")).await.unwrap();
    let call = CallId(1);
    let started =
        Fact::CallStarted { call, direction: Direction::Inbound, number: None, at: at(23, 10, 0) };
    store.keep(&[started]).await.unwrap();
    let mut facts = Vec::new();
    for (seq, event) in (1..).zip(events()) {
        let by = Actor::new(Role::Desk, "李晓");
        let entry =
            Entry { seq, at: at(23, 10, 0), by, event, set_back_ms: u64::from(seq % 2) * 7 };
        facts.push(Fact::Ticket { ticket: ticket("working"), entry });
    }
    store.keep(&facts).await.unwrap();
    let read = store.entries(ID).await.unwrap();
    let written: Vec<Entry> = facts
        .into_iter()
        .map(|fact| match fact {
            Fact::Ticket { entry, .. } => entry,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(read, written);
}

/// A dispatched ticket in a store of its own, as a service leaves it.
async fn kept(folder: &std::path::Path, desk: &Desk, entries: &[Entry]) {
    let store = Store::open(&folder.join("huiyin.db")).await.unwrap();
    let call = CallId(1);
    let started =
        Fact::CallStarted { call, direction: Direction::Inbound, number: None, at: at(23, 10, 0) };
    let mut facts = vec![started];
    for upto in 1..=entries.len() {
        let mut ticket = Ticket::fold(ID, call, &entries[..upto]).unwrap();
        desk.book.time(&mut ticket).unwrap();
        facts.push(Fact::Ticket { ticket, entry: entries[upto - 1].clone() });
    }
    store.keep(&facts).await.unwrap();
    store.close().await;
}

fn petition() -> (Desk, Vec<Entry>) {
    let mut desk = Desk::new("330702103");
    let mut entries = std::mem::take(&mut desk.entries);
    let order = Order::Dispatch {
        unit: "enforcement-330702".into(),
        with: Vec::new(),
        pack: Some("simple".into()),
        member: None,
    };
    desk.now = at(23, 11, 0);
    entries.push(desk.order(order, Actor::desk("李晓")).unwrap());
    desk.now = at(23, 14, 30);
    entries.push(desk.does(TicketEvent::Signed { member: None }));
    (desk, entries)
}

#[tokio::test]
async fn the_arithmetic_of_a_tickets_deadlines_is_explained() {
    let folder = tempfile::tempdir().unwrap();
    let (desk, entries) = petition();
    kept(folder.path(), &desk, &entries).await;
    let program =
        std::env::var_os("HUIYIN_TEST_BIN").unwrap_or(env!("CARGO_BIN_EXE_huiyin").into());
    let run = |ticket: &str| {
        let store = folder.path().join("huiyin.db");
        let mut command = std::process::Command::new(&program);
        command.args(["rules", "explain", "--ticket", ticket, "--store"]).arg(store);
        // Without a package of holidays, whatever is installed here.
        command.env("HUIYIN_MODELS", folder.path());
        let out = command.output().unwrap();
        (
            out.status.success(),
            String::from_utf8_lossy(&out.stdout).into_owned()
                + &String::from_utf8_lossy(&out.stderr),
        )
    };
    let (well, told) = run(&ID.0.to_string());
    assert!(well, "{told}");
    for line in [
        "规则包：浙江省统一政务咨询投诉举报（2017）  [zhejiang-2017]，程序 simple",
        "签收：2 小时，自派单起，至签收或提出异议",
        "完成：2026-11-23（周一）14:30 签收，逾期 1 小时 30 分",
        "跳过：2026-11-28（周六）至2026-11-29（周日） 周末",
        "依据：浙江2017：简易程序七个工作日内办结（据原文）",
        "最近到期：转办 2026-11-27（周五）00:00  [simple-transfer]",
    ] {
        assert!(told.contains(line), "{line}\n{told}");
    }
    let (well, told) = run("2611229999");
    assert!(!well && told.contains("no ticket 2611229999"), "{told}");
}

#[tokio::test]
async fn a_new_calendar_moves_deadlines_that_were_written_before() {
    let folder = tempfile::tempdir().unwrap();
    let (desk, entries) = petition();
    kept(folder.path(), &desk, &entries).await;
    let store = Store::open(&folder.path().join("huiyin.db")).await.unwrap();
    let due = async || store.ticket(ID).await.unwrap().unwrap().due_at.unwrap();
    assert_eq!(huiyin::runtime::deadlines::refresh(&store, &desk.book).await.unwrap(), 0);
    assert_eq!(due().await, at(27, 0, 0).unix_ms);
    let text =
        "name = \"本地\"\n[[holiday]]\nname = \"假\"\nfrom = \"2026-11-25\"\nto = \"2026-11-26\"\n";
    let calendar = Calendar::read("own.toml", text).unwrap();
    let book = by_calendar(calendar);
    assert_eq!(huiyin::runtime::deadlines::refresh(&store, &book).await.unwrap(), 1);
    assert_eq!(due().await, december(1).unix_ms);
    assert_eq!(huiyin::runtime::deadlines::refresh(&store, &book).await.unwrap(), 0);
}
