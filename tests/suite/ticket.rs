//! The life of a ticket: every event in every state as a table, what stands beside the state, who may do what, time that does
//! not go back, the fold.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeMap;

use huiyin::desk::clock::{Span, Unit};
use huiyin::desk::dispatch::Level;
use huiyin::desk::ticket::{
    Actor, Assignment, ClockRef, DeskError, Entry, Forum, Ground, Mark, Role, Ticket, TicketEvent,
    TicketState, UnitRef,
};
use huiyin::kernel::evidence::Source;
use huiyin::kernel::{
    AgentId, CallId, Evidence, Filled, Slot, SurveyId, TicketId, VerificationId, Wall,
};

pub const ID: TicketId = TicketId(2_611_220_001);

pub fn filled(value: &str, source: Source) -> Filled {
    let evidence = match source {
        Source::Spoken => {
            vec![Evidence { utterance: 1, start_ms: 10, end_ms: 90, confidence: 0.87 }]
        }
        _ => Vec::new(),
    };
    Filled { value: value.into(), code: None, evidence, source }
}

pub fn unit(code: &str, level: Level) -> UnitRef {
    UnitRef { code: code.into(), name: format!("单位{code}"), level }
}

pub fn assignment() -> Assignment {
    Assignment {
        owner: unit("government-330702103", Level::Township),
        with: vec![unit("ecology-330702", Level::County)],
        copied: vec![unit("centre-330702", Level::County)],
        member: None,
        clock: Some(ClockRef { pack: "zhejiang-2017".into(), procedure: "simple".into() }),
        rule: "renovation-noise".into(),
    }
}

fn why() -> String {
    "理由".to_owned()
}

/// One of each kind, in the order of a life; deciding events both ways.
pub fn events() -> Vec<TicketEvent> {
    use TicketEvent as E;
    let v = VerificationId(1);
    let fields = BTreeMap::from([(Slot::Place, filled("白龙桥镇", Source::Spoken))]);
    vec![
        E::Drafted { fields: fields.clone() },
        E::Carried {
            state: Box::new(TicketState::Handling { agent: AgentId(3) }),
            fields,
            opened: Wall::from_ms(5),
        },
        E::Registered,
        E::Interrupted,
        E::Taken { agent: AgentId(1) },
        E::Edited { slot: Slot::Demand, filled: filled("停工", Source::Staff) },
        E::Told { ground: Ground::Statutory, words: "请向法院起诉".into() },
        E::Dispatched { to: assignment() },
        E::Signed { member: Some("张三".into()) },
        E::Assigned { member: "李四".into() },
        E::Transferred { to: unit("housing-330702", Level::County), why: why() },
        E::Worked { note: "已到现场".into() },
        E::Marked { mark: Mark::Accepted, words: String::new() },
        E::Marked { mark: Mark::ReviewAsked, words: why() },
        E::Paused { kind: "hearing".into(), why: why() },
        E::Resumed { kind: "hearing".into() },
        E::Urged { call: CallId(9) },
        E::Objected { why: why() },
        E::ObjectionDecided { upheld: true, why: why() },
        E::ObjectionDecided { upheld: false, why: why() },
        E::ExtensionAsked {
            limit: "simple-close".into(),
            by: Span { amount: 3, unit: Unit::WorkingDay },
            why: why(),
            told: Some("已电话说明".into()),
        },
        E::ExtensionDecided { granted: true, why: why() },
        E::ExtensionDecided { granted: false, why: why() },
        E::Convened {
            forum: Forum::Joint,
            units: vec![unit("police-330702", Level::County)],
            why: why(),
        },
        E::Adjourned { forum: Forum::Joint, result: "分工明确".into() },
        E::Supervised { why: why() },
        E::SupervisionAnswered { words: "三日内完成".into() },
        E::SupervisionLifted { why: why() },
        E::Answered { words: "已停工整改".into() },
        E::Closed { result: "办结".into() },
        E::CalledBack { survey: SurveyId(1) },
        E::Disputed { verification: v, reason: "unhappy".into() },
        E::Verified { verification: v, outcome: "confirmed".into() },
        E::Reopened { why: why() },
        E::Merged { into: TicketId(9), why: why() },
        E::Joined { ticket: TicketId(8) },
        E::Archived { why: String::new() },
        E::Sealed { secret: true, why: why() },
        E::Sealed { secret: false, why: why() },
        E::IdentityOpened { why: why() },
    ]
}

pub fn state(key: &str) -> TicketState {
    use TicketState as S;
    let to = assignment();
    match key {
        "draft" => S::Draft,
        "interrupted" => S::Interrupted,
        "registered" => S::Registered,
        "handling" => S::Handling { agent: AgentId(1) },
        "dispatched" => S::Dispatched { to },
        "signed" => S::Signed { to, overruled: false },
        "working" => S::Working { to, overruled: false },
        "objected" => S::Objected { to, why: why() },
        "answered" => S::Answered { to, words: "答复".into() },
        "closed" => S::Closed { result: "办结".into() },
        "called_back" => S::CalledBack { survey: SurveyId(1) },
        "archived" => S::Archived,
        "told" => S::Told { ground: Ground::NotOurs },
        "merged" => S::Merged { into: TicketId(9) },
        other => panic!("no state {other}"),
    }
}

pub fn ticket(key: &str) -> Ticket {
    let mut ticket = Ticket::open(ID, CallId(1), Wall::default());
    ticket.state = state(key);
    ticket
}

/// Somebody who may do it.
pub fn whoever(event: &TicketEvent) -> Actor {
    Actor::new(event.roles()[0], "某人")
}

fn apply(ticket: &mut Ticket, event: TicketEvent) -> Result<Entry, DeskError> {
    let by = whoever(&event);
    ticket.apply(event, by, Wall::from_ms(1))
}

/// Where each event leads from each state, in the order of [`TicketState::KEYS`]: `=` stays, `-` refused, else the letter of the
/// state: r registered, h handling, d dispatched, s signed, w working, o objected, a answered, c closed, b called back,
/// v archived, t told, m merged, i interrupted. Beside the state nothing is open, but what the event itself ends.
#[rustfmt::skip]
const TABLE: [(&str, &str); 39] = [
    //                     D i r h d s w o a c b v t m
    ("drafted",           "= = = = = = = = = - - - - -"),
    ("carried",           "h - - - - - - - - - - - - -"),
    ("registered",        "r r = - - - - - - - - - - -"),
    ("interrupted",       "i - - - - - - - - - - - - -"),
    ("taken",             "h h h = - - - - - - - - - -"),
    ("edited",            "= = = = = = = = = - - - - -"),
    ("told",              "t t t t - - - - - - - - - -"),
    ("dispatched",        "- d d d - - - - - - - - - -"),
    ("signed",            "- - - - s - - - - - - - - -"),
    ("assigned",          "- - - - - = = - - - - - - -"),
    ("transferred",       "- - - - - w = - - - - - - -"),
    ("worked",            "- - - - - w = - - - - - - -"),
    ("accepted",          "= = = = = = = = = - - - - -"),
    ("review_asked",      "- - - - - - - - = = = = = ="),
    ("paused",            "= = = = = = = = = = - - - -"),
    ("resumed",           "= = = = = = = = = = = = = ="),
    ("urged",             "- = = = = = = = = - - - - -"),
    ("objected",          "- - - - o o o - - - - - - -"),
    ("objection_upheld",  "- - - - - - - r - - - - - -"),
    ("objection_overruled", "- - - - - - - s - - - - - -"),
    ("extension_asked",   "- - - - = = = - = - - - - -"),
    ("extension_granted", "= = = = = = = = = = = = = ="),
    ("extension_refused", "= = = = = = = = = = = = = ="),
    ("convened",          "- - - - = = = = = - - - - -"),
    ("adjourned",         "= = = = = = = = = = = = = ="),
    ("supervised",        "- = = = = = = = = - - - - -"),
    ("supervision_answered", "= = = = = = = = = = = = = ="),
    ("supervision_lifted", "= = = = = = = = = = = = = ="),
    ("answered",          "- - - - - a a - - - - - - -"),
    ("closed",            "c c c c - - - - c - - - - c"),
    ("called_back",       "- - - - - - - - - b - - - -"),
    ("disputed",          "- - - - - - - - - = = - - -"),
    ("verified",          "= = = = = = = = = = = = = ="),
    ("reopened",          "- - - - - - - - - r r r r r"),
    ("merged",            "- m m m m m m m m - - - - -"),
    ("joined",            "- = = = = = = = = - - - - -"),
    ("archived",          "- - - - - - - - - v v - v -"),
    ("sealed",            "= = = = = = = = = = = = = ="),
    ("identity_opened",   "= = = = = = = = = = = = = ="),
];

fn letter(letter: &str) -> &'static str {
    match letter {
        "r" => "registered",
        "h" => "handling",
        "d" => "dispatched",
        "s" => "signed",
        "w" => "working",
        "o" => "objected",
        "a" => "answered",
        "c" => "closed",
        "b" => "called_back",
        "v" => "archived",
        "t" => "told",
        "m" => "merged",
        "i" => "interrupted",
        other => panic!("no letter {other}"),
    }
}

fn named(event: &TicketEvent) -> &'static str {
    match event {
        TicketEvent::Marked { mark, .. } => mark.key(),
        other => other.key(),
    }
}

/// A ticket in which what the event ends is open.
fn prepared(key: &str, event: &TicketEvent) -> Ticket {
    use TicketEvent as E;
    let mut working = ticket("working");
    let all = events();
    let begin = |wanted: &str| all.iter().find(|e| e.key() == wanted).unwrap().clone();
    let begins = match event {
        E::Resumed { .. } => Some("paused"),
        E::ExtensionDecided { .. } => Some("extension_asked"),
        E::Adjourned { .. } => Some("convened"),
        E::SupervisionAnswered { .. } | E::SupervisionLifted { .. } => Some("supervised"),
        E::IdentityOpened { .. } | E::Sealed { secret: false, .. } => Some("sealed"),
        _ => None,
    };
    if let Some(begins) = begins {
        apply(&mut working, begin(begins)).unwrap();
    }
    if let E::Verified { .. } = event {
        working.state = state("closed");
        apply(&mut working, begin("disputed")).unwrap();
    }
    working.state = state(key);
    if begins.is_none() && !matches!(event, E::Verified { .. }) { ticket(key) } else { working }
}

#[test]
fn every_event_in_every_state() {
    let mut seen = 0;
    for event in events() {
        // Which way secrecy goes makes no difference to where it leads.
        let name = if event.key() == "unsealed" { "sealed" } else { named(&event) };
        let (_, row) = TABLE.iter().find(|(n, _)| *n == name).unwrap_or_else(|| panic!("{name}"));
        let row: Vec<&str> = row.split(' ').collect();
        assert_eq!(row.len(), TicketState::KEYS.len(), "{name}");
        for (from, to) in TicketState::KEYS.into_iter().zip(row) {
            let mut ticket = prepared(from, &event);
            let before = ticket.clone();
            let result = apply(&mut ticket, event.clone());
            seen += 1;
            if to == "-" {
                assert!(
                    matches!(result, Err(DeskError::NotNow { .. })),
                    "{from} {name}: {result:?}"
                );
                assert_eq!(ticket, before, "{from} {name}: a refused event changes nothing");
                continue;
            }
            result.unwrap_or_else(|error| panic!("{from} {name}: {error}"));
            let wanted = if to == "=" { from } else { letter(to) };
            assert_eq!(ticket.state.key(), wanted, "{from} {name}");
            assert_eq!(ticket.version, before.version + 1, "{from} {name}");
        }
    }
    assert_eq!(seen, events().len() * TicketState::KEYS.len());
}

#[test]
fn who_may_do_what_is_checked_and_told() {
    for event in events() {
        for role in Role::ALL {
            let mut working = prepared("working", &event);
            let result = working.apply(event.clone(), Actor::new(*role, "x"), Wall::from_ms(1));
            let refused = matches!(result, Err(DeskError::NotTheirs { .. }));
            assert_eq!(refused, !event.roles().contains(role), "{} {role:?}", event.key());
        }
    }
    let verified = TicketEvent::Verified { verification: VerificationId(1), outcome: "x".into() };
    assert!(!verified.roles().contains(&Role::Unit), "a unit cannot verify itself");
    assert!(!TicketEvent::IdentityOpened { why: why() }.roles().contains(&Role::Unit));
}

#[test]
fn whom_the_callback_asks_and_what_is_done_is_not_for_the_unit_alone() {
    let by = || Actor::new(Role::Unit, "承办人");
    for (slot, may) in [
        (Slot::Number, false),
        (Slot::Caller, false),
        (Slot::MatterType, false),
        (Slot::Demand, true),
    ] {
        let filled = filled("13900000000", Source::Staff);
        let edited = TicketEvent::Edited { slot, filled };
        let done = ticket("working").apply(edited, by(), Wall::from_ms(1));
        assert_eq!(done.is_ok(), may, "{}", slot.key());
    }
    for (state, may) in
        [("registered", false), ("dispatched", false), ("working", false), ("answered", true)]
    {
        let closed = TicketEvent::Closed { result: "办结".into() };
        let done = ticket(state).apply(closed, by(), Wall::from_ms(1));
        assert_eq!(done.is_ok(), may, "{state}");
    }
}

#[test]
fn words_are_wanted_where_somebody_has_to_answer_for_something() {
    let empty = |event: TicketEvent| {
        let mut ticket = prepared("working", &event);
        apply(&mut ticket, event).unwrap_err()
    };
    let closed = TicketEvent::Closed { result: " ".into() };
    assert_eq!(apply(&mut ticket("registered"), closed), Err(DeskError::NoResult));
    for (event, field) in [
        (TicketEvent::Objected { why: String::new() }, "why"),
        (TicketEvent::Answered { words: " ".into() }, "words"),
        (TicketEvent::Worked { note: String::new() }, "note"),
        (TicketEvent::ExtensionDecided { granted: false, why: String::new() }, "why"),
        (TicketEvent::Supervised { why: String::new() }, "why"),
        (TicketEvent::IdentityOpened { why: String::new() }, "why"),
    ] {
        let key = event.key();
        let error = empty(event);
        assert!(
            matches!(error, DeskError::NoWords { field: f, .. } if f == field),
            "{key}: {error}"
        );
    }
}

#[test]
fn an_overruled_unit_keeps_its_ticket_and_a_new_one_may_object() {
    let mut ticket = ticket("signed");
    let objected = || TicketEvent::Objected { why: why() };
    apply(&mut ticket, objected()).unwrap();
    apply(&mut ticket, TicketEvent::ObjectionDecided { upheld: false, why: why() }).unwrap();
    assert!(matches!(apply(&mut ticket, objected()), Err(DeskError::NotNow { .. })));
    let to = unit("housing-330702", Level::County);
    apply(&mut ticket, TicketEvent::Transferred { to: to.clone(), why: why() }).unwrap();
    assert_eq!(ticket.assignment().unwrap().owner, to);
    apply(&mut ticket, objected()).unwrap();
    apply(&mut ticket, TicketEvent::ObjectionDecided { upheld: true, why: why() }).unwrap();
    assert_eq!(ticket.state, TicketState::Registered);
    assert_eq!(ticket.assignment().unwrap().owner, to, "whom it was with stays readable");
}

#[test]
fn what_stands_beside_the_state_is_begun_once_and_ended_once() {
    let all = events();
    let event = |key: &str| all.iter().find(|e| e.key() == key).unwrap().clone();
    for (begin, end) in [
        ("paused", "resumed"),
        ("extension_asked", "extension_refused"),
        ("convened", "adjourned"),
        ("supervised", "supervision_lifted"),
        ("sealed", "unsealed"),
    ] {
        let mut ticket = ticket("working");
        let unfit = |result: Result<Entry, DeskError>| {
            assert!(matches!(result, Err(DeskError::Unfit { .. })), "{begin} {end}: {result:?}");
        };
        unfit(apply(&mut ticket, event(end)));
        apply(&mut ticket, event(begin)).unwrap();
        unfit(apply(&mut ticket, event(begin)));
        apply(&mut ticket, event(end)).unwrap();
        unfit(apply(&mut ticket, event(end)));
        apply(&mut ticket, event(begin)).unwrap();
    }
    let own = TicketEvent::Merged { into: ID, why: why() };
    assert!(matches!(apply(&mut ticket("working"), own), Err(DeskError::Unfit { .. })));
}

#[test]
fn time_does_not_go_back_and_the_entry_says_so() {
    let mut ticket = Ticket::open(ID, CallId(1), Wall::from_ms(1_000));
    let mut entries = Vec::new();
    for (at, told, back) in [(1_000, 1_000, 0), (5_000, 5_000, 0), (2_000, 5_000, 3_000)] {
        let event = TicketEvent::Drafted { fields: BTreeMap::new() };
        let entry = ticket.apply(event, Actor::robot(), Wall::from_ms(at)).unwrap();
        assert_eq!((entry.at, entry.set_back_ms), (Wall::from_ms(told), back));
        entries.push(entry);
    }
    assert_eq!(Ticket::fold(ID, CallId(1), &entries).unwrap(), ticket);
    entries.swap(0, 1);
    assert!(matches!(
        Ticket::fold(ID, CallId(1), &entries),
        Err(DeskError::OutOfOrder { seq: 2, version: 0, .. })
    ));
}

#[test]
fn the_second_of_two_is_told_what_the_first_has_changed() {
    let mut ticket = ticket("registered");
    assert_eq!(ticket.unchanged_since(0), Ok(()));
    let to = assignment();
    let by = Actor::desk("李晓");
    ticket.apply(TicketEvent::Dispatched { to }, by, Wall::default()).unwrap();
    let error = ticket.unchanged_since(0).unwrap_err();
    assert!(error.to_string().contains("dispatched by 李晓"), "{error}");
    assert_eq!(ticket.unchanged_since(1), Ok(()));
    apply(&mut ticket, TicketEvent::Drafted { fields: BTreeMap::new() }).unwrap();
    assert_eq!(ticket.unchanged_since(1), Ok(()), "what the robot takes down undoes nobody");
    assert!(ticket.unchanged_since(7).is_err());
}

#[test]
fn what_staff_wrote_stays_and_the_robot_may_take_back_its_own() {
    let mut ticket = ticket("draft");
    let draft = |fields: &[(Slot, &str)]| TicketEvent::Drafted {
        fields: fields.iter().map(|(s, v)| (*s, filled(v, Source::Spoken))).collect(),
    };
    apply(&mut ticket, draft(&[(Slot::Place, "a"), (Slot::Time, "b")])).unwrap();
    let edited = TicketEvent::Edited { slot: Slot::Place, filled: filled("c", Source::Staff) };
    apply(&mut ticket, edited).unwrap();
    apply(&mut ticket, draft(&[(Slot::Place, "d")])).unwrap();
    assert_eq!(ticket.fields[&Slot::Place].value, "c");
    assert!(!ticket.fields.contains_key(&Slot::Time));
}

#[test]
fn a_report_is_secret_until_staff_say_otherwise() {
    let mut ticket = ticket("draft");
    let report = Filled { code: Some("report".into()), ..filled("举报", Source::Spoken) };
    let told = || TicketEvent::Drafted { fields: [(Slot::MatterType, report.clone())].into() };
    apply(&mut ticket, told()).unwrap();
    assert!(ticket.secret);
    apply(&mut ticket, TicketEvent::Sealed { secret: false, why: why() }).unwrap();
    apply(&mut ticket, told()).unwrap();
    assert!(!ticket.secret, "the robot does not undo what staff decided");
}
