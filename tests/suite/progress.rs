//! How an earlier ticket stands: who may be told what, by the store, and over the hotline.

use std::collections::BTreeMap;
use std::sync::Arc;

use huiyin::desk::dispatch::Level;
use huiyin::desk::standing::{Found, Known, Query, answer, plain_number};
use huiyin::desk::ticket::{Assignment, UnitRef};
use huiyin::desk::{Actor, Standing, Step, Ticket, TicketEvent};
use huiyin::dialogue::{Manner, Prompts, Understood};
use huiyin::hotline::admission::Rules;
use huiyin::hotline::{CallbackRules, Direction, Effect, Fact, Hotline, Input, Restored, Setup};
use huiyin::intake::{Command, Reading};
use huiyin::kernel::evidence::Source;
use huiyin::kernel::{CallId, Civil, Filled, LegId, Moment, Pii, Slot, TicketId, Wall};
use huiyin::notice::Messages;
use huiyin::speech::{Speaker, Utterance};
use huiyin::store::Store;

const OWN: &str = "13900008899";
const OTHER: &str = "13800138000";

fn noon() -> Wall {
    Civil { year: 2026, month: 11, day: 20, hour: 12, minute: 0, second: 0 }.wall()
}

fn query(number: &str, ticket: u64, four: &str) -> Query {
    let some = |text: &str| (!text.is_empty()).then(|| Pii::new(text.to_owned()));
    let ticket = (ticket > 0).then_some(TicketId(ticket));
    Query { number: some(number), ticket, last_four: some(four) }
}

/// Number, state, contact number, and whether it is a report.
const TICKETS: [(u64, &str, &str, bool); 6] = [
    (1, "closed", OWN, false),
    (2, "taken", OWN, false),
    (3, "registered", OWN, false),
    (4, "closed", OWN, false),
    (5, "registered", OWN, true),
    (6, "registered", OTHER, false),
];

fn known() -> Vec<Known> {
    let known = TICKETS.map(|(id, state, number, secret)| {
        let standing = Standing::new(TicketId(id), noon(), [(state, noon())]);
        let subject = Some("路灯".to_owned());
        let standing = Standing { secret, subject, ..standing };
        Known { standing, number: Some(Pii::new(number.to_owned())) }
    });
    known.to_vec()
}

#[test]
fn who_may_be_told_what() {
    // Who calls, for which ticket, with which digits; which ticket is told (0: none, -1: locked), how many others.
    for (number, ticket, four, told, more) in [
        (OWN, 0, "", 3, 1),
        ("+8613900008899", 0, "", 3, 1),
        ("013900008899", 0, "", 3, 1),
        ("057982311234", 0, "", 0, 0),
        ("", 0, "", 0, 0),
        (OTHER, 0, "", 6, 0),
        (OWN, 1, "", 1, 0),
        (OWN, 5, "", -1, 0),
        (OWN, 5, "8899", 5, 0),
        (OWN, 6, "", -1, 0),
        (OWN, 6, "8899", -1, 0),
        (OWN, 6, "8000", 6, 0),
        ("", 6, "8000", 6, 0),
        ("", 6, "800", -1, 0),
        ("", 6, "138000", -1, 0),
        ("", 6, "", -1, 0),
        (OWN, 7, "8899", 0, 0),
    ] {
        let found = answer(&query(number, ticket, four), known());
        let got = match &found {
            Found::Ticket { standing, others } => (standing.ticket.0 as i64, *others),
            Found::Locked => (-1, 0),
            Found::Nothing => (0, 0),
            Found::Failed => panic!("{found:?}"),
        };
        assert_eq!(got, (told, more), "{number} asks for {ticket} with {four}");
        if let Found::Ticket { standing, .. } = found {
            let own = four.is_empty();
            assert_eq!(
                standing.subject.is_some(),
                own,
                "what it is about is told to its own alone"
            );
        }
    }
    let mut closed = known();
    closed.retain(|known| !known.standing.is_open());
    let Found::Ticket { standing, others } = answer(&query(OWN, 0, ""), closed) else { panic!() };
    assert_eq!((standing.ticket.0, others), (4, 0), "none open: the newest");
    assert_eq!(plain_number("0579-8231 1234"), "057982311234");
}

fn filled(value: &str, code: Option<&str>) -> Filled {
    let code = code.map(str::to_owned);
    Filled { value: value.into(), code, evidence: Vec::new(), source: Source::Signalling }
}

fn happened(ticket: &mut Ticket, event: TicketEvent, by: Actor) -> Fact {
    let entry = ticket.apply(event, by, noon()).unwrap();
    Fact::Ticket { ticket: ticket.clone(), entry }
}

/// A ticket in a store, registered.
fn registered(id: u64, number: &str, kind: &str) -> Vec<Fact> {
    let call = CallId(id % 100);
    let mut ticket = Ticket::open(TicketId(id), call, noon());
    let fields = BTreeMap::from([
        (Slot::Number, filled(number, None)),
        (Slot::MatterType, filled("x", Some(kind))),
        (Slot::Category, filled("路灯", Some("0301"))),
    ]);
    let events = vec![TicketEvent::Drafted { fields }, TicketEvent::Registered];
    facts(call, number, &mut ticket, events)
}

/// What is kept of these events of a ticket.
fn facts(call: CallId, number: &str, ticket: &mut Ticket, events: Vec<TicketEvent>) -> Vec<Fact> {
    let started = Fact::CallStarted {
        call,
        direction: Direction::Inbound,
        number: Some(Pii::new(number.into())),
        at: noon(),
    };
    let mut kept = vec![started];
    for event in events {
        kept.push(happened(ticket, event, Actor::robot()));
    }
    kept
}

#[tokio::test]
async fn the_store_answers_and_keeps_who_urges() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("huiyin.db")).await.unwrap();
    let store = store.telling(Messages::builtin().unwrap().kinds());
    store.keep(&registered(2_611_200_001, "+8613900008899", "help")).await.unwrap();
    store.keep(&registered(2_611_200_002, OWN, "report")).await.unwrap();
    store.keep(&registered(2_611_200_003, OTHER, "help")).await.unwrap();
    let mut draft = registered(2_611_200_004, OWN, "help");
    draft.truncate(2);
    store.keep(&draft).await.unwrap();
    let told = async |number, ticket, four| match store.look_up(&query(number, ticket, four)).await
    {
        Ok(Found::Ticket { standing, .. }) => standing.ticket.0,
        Ok(Found::Locked) => 1,
        Ok(_) => 0,
        Err(error) => panic!("{error}"),
    };
    assert_eq!(told("+8613900008899", 0, "").await, 2_611_200_001);
    assert_eq!(told(OTHER, 0, "").await, 2_611_200_003);
    assert_eq!(told(OWN, 2_611_200_002, "").await, 1, "a report, by the number alone");
    assert_eq!(told(OWN, 2_611_200_002, "8899").await, 2_611_200_002);
    assert_eq!(told(OWN, 2_611_200_004, "8899").await, 0, "not registered yet");
    assert_eq!(told(OWN, u64::MAX, "8899").await, 0);
    let id = TicketId(2_611_200_001);
    let mut ticket = store.load_tickets(&[id]).await.unwrap().remove(0);
    let owner =
        UnitRef { code: "x".into(), name: "婺城区综合执法局".into(), level: Level::County };
    let to = Assignment {
        owner,
        with: Vec::new(),
        copied: Vec::new(),
        member: Some("张三".into()),
        clock: None,
        rule: String::new(),
    };
    let urged = TicketEvent::Urged { call: CallId(9) };
    let facts = [
        happened(&mut ticket, TicketEvent::Dispatched { to }, Actor::desk("李晓")),
        happened(&mut ticket, urged.clone(), Actor::robot()),
    ];
    store.keep(&facts).await.unwrap();
    let events = store.ticket_events(id).await.unwrap();
    let last = events.last().unwrap();
    assert_eq!(
        (last.kind.as_str(), last.role.as_str(), last.why.as_str()),
        ("urged", "robot", "C9")
    );
    assert_eq!(store.load_tickets(&[id]).await.unwrap().remove(0).version, ticket.version);
    assert_eq!(store.messages_of(id).await.unwrap().last().unwrap().kind, "urged");
    let known = store.standing(id).await.unwrap().unwrap();
    assert_eq!(known.standing.now().0, Step::Dispatched, "urging is no step");
    assert_eq!(
        known.standing.unit.as_deref(),
        Some("婺城区综合执法局"),
        "the unit, and nobody of it"
    );
}

fn hotline() -> Hotline {
    let setup = Setup {
        prompts: Arc::new(Prompts::builtin().unwrap()),
        manner: Manner::default(),
        queue: Default::default(),
        agents: Vec::new(),
        outside: Vec::new(),
        callbacks: CallbackRules::default(),
        admission: Rules { guess: 3, most: 3, recognisers: 1 },
    };
    let mut ticket = Ticket::open(TicketId(2_611_200_001), CallId(0), noon());
    ticket.apply(TicketEvent::Registered, Actor::robot(), noon()).unwrap();
    let tickets = vec![ticket];
    Hotline::new(setup, Restored { tickets, ..Restored::default() })
}

/// What is said, asked of the store, and kept as urged.
fn give(hotline: &mut Hotline, input: Input) -> Vec<String> {
    let now = Moment::from_ms(1_000);
    hotline.handle(now, noon(), input);
    let effects: Vec<Effect> = hotline.drain().collect();
    let written = effects.into_iter().filter_map(|effect| match effect {
        Effect::Say { say, .. } => Some(format!("{}:{}", say.id.0, say.text)),
        Effect::LookUp { query, .. } => Some(format!(
            "look up {:?} {:?}",
            query.ticket,
            query.number.map(|n| n.reveal().clone())
        )),
        Effect::Keep { fact: Fact::Ticket { ticket, entry }, .. } => {
            Some(format!("{} {} {}", ticket.id, entry.event.key(), entry.event.why()))
        }
        _ => None,
    });
    written.collect()
}

fn says(hotline: &mut Hotline, text: &str, reading: Reading) -> Vec<String> {
    let call = CallId(1);
    let utterance = Utterance {
        call,
        index: 1,
        speaker: Speaker::Caller,
        text: text.into(),
        start_ms: 0,
        end_ms: 900,
        confidence: 0.9,
    };
    let words = Input::Words {
        call,
        speaker: Speaker::Caller,
        text: text.into(),
        start_ms: 0,
        end_ms: 900,
        confidence: 0.9,
    };
    give(hotline, words);
    let understood = Understood { utterance, reading, hits: Vec::new() };
    give(hotline, Input::Understood { call, understood })
}

#[test]
fn over_the_hotline_a_caller_hears_how_it_stands_and_urges_it() {
    let mut hotline = hotline();
    let number = Some(Pii::new(OWN.to_owned()));
    give(&mut hotline, Input::Invited { leg: LegId(2), number });
    give(&mut hotline, Input::LegUp { leg: LegId(2) });
    let progress = Reading { command: Some(Command::Progress), ..Reading::default() };
    let asked = says(&mut hotline, "我上次反映的事办到哪一步了", progress);
    assert_eq!(asked, [format!("look up None Some({OWN:?})")]);
    let mut standing = Standing::new(
        TicketId(2_611_200_001),
        noon(),
        [("dispatched", noon().plus_ms(86_400_000))],
    );
    standing.unit = Some("婺城区综合执法局".into());
    standing.subject = Some("夜间施工噪声".into());
    standing.due = Some(noon().plus_ms(5 * 86_400_000));
    let found = Found::Ticket { standing: Box::new(standing), others: 1 };
    let told = give(&mut hotline, Input::LookedUp { call: CallId(1), found });
    let told: Vec<&str> = told.iter().filter_map(|said| Some(said.split_once(':')?.1)).collect();
    let wanted = [
        "您十一月二十日反映的夜间施工噪声，已于十一月二十一日派单到婺城区综合执法局。",
        "承诺十一月二十五日前答复您。",
        "您还有一件正在办理，要查别的，请说工单号。",
        "要为您催办吗？请说需要，或者不用了。",
    ];
    assert_eq!(told, wanted);
    let yes = Reading { yes_no: Some(true), ..Reading::default() };
    let urged = says(&mut hotline, "需要", yes);
    assert_eq!(urged[0], "T2611200001 urged C1");
    assert!(urged[1].ends_with("记在工单上了，我们会督促办理。"), "{urged:?}");
    // Who has hung up is told nothing more.
    give(
        &mut hotline,
        Input::LegEnded { leg: LegId(2), reason: huiyin::call::EndReason::HungUpByPeer },
    );
    let late = Input::LookedUp { call: CallId(1), found: Found::Nothing };
    assert_eq!(give(&mut hotline, late), [] as [String; 0]);
}
