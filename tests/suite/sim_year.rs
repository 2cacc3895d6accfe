//! A year of tickets in the simulation: on every pack and level, with stops, and the same twice.

use std::sync::Arc;

use huiyin::desk::clock::Pack;
use huiyin::desk::dispatch::{BUILTIN, Category, Rules};
use huiyin::desk::{Actor, Order, Role, Rulebook, Ticket, TicketEvent};
use huiyin::kernel::{Calendar, CallId, Civil, Day, TicketId, Wall};
use huiyin::sim::year::{Due, WorkDays, YearReport, YearScenario, run};

fn calendar() -> Calendar {
    let text = include_str!("../../rules/calendars/2026.toml");
    Calendar::read("2026.toml", text).unwrap()
}

fn played(seed: u64) -> YearReport {
    let scenario = YearScenario { tickets: 1_500, seed, stops: 12, ..YearScenario::default() };
    run(&scenario, &calendar()).unwrap()
}

#[test]
fn a_year_of_tickets_holds() {
    let report = played(7);
    assert_eq!(report.violations, Vec::new(), "seed 7");
    assert_eq!((report.tickets, report.stops), (1_500, 12));
    assert_eq!(report.levels.len(), 4, "{:?}", report.levels);
    assert!(report.packs.len() >= 6, "{:?}", report.packs);
    for kind in [
        "objection_upheld",
        "objection_overruled",
        "extension_granted",
        "extension_refused",
        "supervised",
        "supervision_lifted",
        "merged",
        "reopened",
        "disputed",
        "verified",
        "paused",
        "resumed",
        "convened",
        "told",
        "archived",
    ] {
        assert!(report.events.contains_key(kind), "nothing was {kind}: {:?}", report.events);
    }
    assert!(report.refolded > 0 && report.taken > 0 && report.refused > 0, "{report:?}");
    assert!(report.dialled > 0 && report.messages > 0 && report.deadlines > 0, "{report:?}");
}

#[test]
fn the_same_year_comes_out_twice_and_another_seed_is_another_year() {
    let first = played(3);
    assert_eq!(first, played(3));
    assert_ne!(first.hash, played(4).hash);
}

#[test]
fn the_slow_count_asks_the_calendar() {
    use huiyin::desk::clock::{Span, Unit};
    let pack = Pack::shipped("zhejiang-2017").unwrap().unwrap();
    let spans = [Span { amount: 3, unit: Unit::WorkingDay }];
    let start = Day::new(2026, 9, 30).unwrap().start().plus_ms(10 * 3_600_000);
    let count = |calendar: &Calendar| {
        let days = WorkDays::new(calendar, 2026, 2026).unwrap();
        huiyin::sim::year::count(&pack, &spans, start, &days, &[]).unwrap().civil().day()
    };
    // Without the published arrangement 4 October, a Sunday, and the days by law alone are off.
    assert_ne!(count(&calendar()), count(&Calendar::default()));
}

/// The shipped rules of dispatch, and two packs whose ordinary answers have one code: only the first may be extended.
fn two_packs() -> Rulebook {
    let named = |code: &str| {
        format!(
            "[[pack]]\ncode = \"{code}\"\nname = \"{code}\"\nsource = \"{code}\"\nclock = \"{code}\"\nprocedure = \"ordinary\"\n\n"
        )
    };
    let codes = ["hotan-2021", "beijing-draft"];
    let told: String = codes.iter().map(|code| named(code)).collect();
    let text = BUILTIN.1.replacen("\n[[pack]]", &format!("\n{told}[[pack]]"), 1);
    let topics = huiyin::intake::taxonomy().unwrap();
    let categories: Vec<Category> =
        topics.into_iter().map(|(code, name)| Category { code, name }).collect();
    let rules = Rules::parse(BUILTIN.0, &text, &categories).unwrap();
    let mut clocks: Vec<String> = rules.packs().iter().map(|pack| pack.clock.clone()).collect();
    clocks.sort();
    clocks.dedup();
    let packs =
        clocks.into_iter().map(|code| (code.clone(), Pack::shipped(&code).unwrap().unwrap()));
    Rulebook::new(Arc::new(rules), packs.collect(), calendar()).unwrap()
}

fn hour(day: u32, hour: u32) -> Wall {
    Civil { year: 2026, month: 3, day, hour, minute: 0, second: 0 }.wall()
}

/// Time that one pack gave is not time of another, be the limits of one code; the machine and the slow count agree on it after
/// every event.
#[test]
fn an_extension_counts_for_the_pack_that_gave_it() {
    let dispatch = |pack: &str| Order::Dispatch {
        unit: "enforcement-330702".to_owned(),
        with: Vec::new(),
        pack: Some(pack.to_owned()),
        member: None,
    };
    let why = || "情况复杂".to_owned();
    let ask = Order::AskExtension { limit: None, amount: 5, why: why(), told: Some(why()) };
    let grant = Order::Event(TicketEvent::ExtensionDecided { granted: true, why: why() });
    let object = Order::Event(TicketEvent::Objected { why: why() });
    let uphold = Order::Event(TicketEvent::ObjectionDecided { upheld: true, why: why() });
    let sign = || Order::Event(TicketEvent::Signed { member: None });
    let (desk, unit) = (|| Actor::desk("派单台"), || Actor::new(Role::Unit, "单位"));
    let until = |day| Some(hour(day, 0));
    let answer = "ordinary-answer";
    // Monday, 2 March 2026. Hotan: three working days from the dispatch; Beijing: seven days from the receipt.
    let rows = [
        (dispatch("hotan-2021"), desk(), 9, "sign", None),
        (sign(), unit(), 10, answer, until(6)),
        (ask, unit(), 11, answer, until(6)),
        (grant, desk(), 12, answer, until(11)),
        (object, unit(), 13, "objection-decision", None),
        (uphold, desk(), 14, "dispatch", None),
        (dispatch("beijing-draft"), desk(), 15, "sign", None),
        (sign(), unit(), 16, answer, until(10)),
    ];
    let (book, days) = (two_packs(), WorkDays::new(&calendar(), 2026, 2026).unwrap());
    let mut ticket = Ticket::open(TicketId(1), CallId(1), hour(2, 8));
    let registered = ticket.apply(TicketEvent::Registered, Actor::robot(), hour(2, 8)).unwrap();
    let mut entries = vec![registered];
    for (order, by, at, limit, due_at) in rows {
        let at = hour(2, at);
        let event = book.event(&ticket, order, at).unwrap();
        entries.push(ticket.apply(event, by, at).unwrap());
        book.time(&mut ticket).unwrap();
        let (due, clock) = (ticket.due.clone().unwrap(), ticket.clock.clone().unwrap());
        assert_eq!(due.limit, limit, "{at:?}");
        assert!(due_at.is_none() || due.at == due_at, "{limit} at {at:?}: {:?}", due.at);
        let pack = book.pack(&clock.pack).unwrap();
        let counted = huiyin::sim::year::due(pack, &clock.procedure, &entries, &days);
        assert_eq!(counted, Due::At(due.at.unwrap()), "{limit} at {at:?}");
    }
}
