//! What stands beside a talk on the agent's page: proposals, items, the caller's other tickets, photos; and the crowd at the door.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;
use std::time::Duration;

use huiyin::desk::{Actor, DeskError, Ticket, TicketEvent};
use huiyin::hotline::{Command, Direction, Fact};
use huiyin::kernel::limits::CONSOLE_CONNECTIONS;
use huiyin::kernel::{AgentId, CallId, Pii, Slot, TicketId, Wall};
use huiyin::speech::Speaker;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::console::browser::{Browser, chromium};
use crate::console::house::{
    House, NUMBER, TICKET, build, complaint, fields, happens, house, noon, spoken, turn,
};

/// Agent 1 talks with the caller of [`complaint`]; what the caller says brings a wish and an item.
pub fn talk() -> Vec<Fact> {
    let (call, at) = (CallId(1), noon());
    let agent = AgentId(1);
    vec![
        Fact::AgentState { agent, state: "talking", call: Some(call), reason: None, at },
        turn(1, 4, Speaker::Agent, "您好，我是坐席李晓，您希望怎么处理？", None),
        turn(1, 5, Speaker::Caller, "让他们晚上停工，还有居住证怎么办？", None),
        Fact::Assist {
            call,
            utterance: 5,
            facts: vec![
                (Slot::Demand, spoken("让他们晚上停工", None, 5)),
                (Slot::Place, spoken("金华市金东区", Some("330703"), 5)),
            ],
            hits: vec![("permit".into(), 0.82), ("gone".into(), 0.5)],
            at,
        },
    ]
}

/// An older ticket of the same number, and a sealed one.
pub fn earlier() -> Vec<Fact> {
    let mut facts = Vec::new();
    for (n, sealed) in [(3u64, false), (4, true)] {
        let (call, at) = (CallId(n), noon().plus_ms(-86_400_000));
        let mut ticket = Ticket::open(TicketId(TICKET - n), call, at);
        let number = Some(Pii::new(NUMBER.to_owned()));
        facts.push(Fact::CallStarted { call, direction: Direction::Inbound, number, at });
        let told = TicketEvent::Drafted { fields: fields() };
        facts.push(happens(&mut ticket, told, Actor::robot(), at));
        facts.push(happens(&mut ticket, TicketEvent::Registered, Actor::robot(), at));
        if sealed {
            let why = "举报".to_owned();
            let event = TicketEvent::Sealed { secret: true, why };
            facts.push(happens(&mut ticket, event, Actor::desk("王敏"), at));
        }
        let outcome = "handed_over".to_owned();
        facts.push(Fact::CallEnded { call, outcome, at });
    }
    facts
}

#[tokio::test]
async fn the_agent_sees_what_the_talk_brings_beside_the_fields() {
    let house = house().await;
    house.store.keep(&earlier()).await.unwrap();
    house.store.keep(&complaint()).await.unwrap();
    house.photograph().await;
    let ringing = house.page("/agents/1").await;
    let older = TICKET - 3;
    assert!(ringing.contains(&format!("id=\"their-{older}\"")), "on ringing already");
    assert!(!ringing.contains(&format!("id=\"their-{}\"", TICKET - 4)), "what is sealed is not");
    assert!(!ringing.contains("proposal-"));
    house.store.keep(&talk()).await.unwrap();
    let page = house.page("/agents/1").await;
    for shown in [
        "id=\"proposal-demand\"",
        "让他们晚上停工",
        "id=\"hit-permit\"",
        "居住证办理，到就近的窗口办。",
        "办事指南 2026",
        "/photos/1",
        "Alt+Y",
    ] {
        assert!(page.contains(shown), "{shown}");
    }
    assert!(!page.contains("proposal-place"), "a field that is filled is left alone");
    assert!(!page.contains("hit-gone"), "what is no item any more is not shown");
    let photo = house.get(&format!("/api/tickets/{TICKET}/photos/1")).await;
    assert_eq!(photo.headers()["content-type"], "image/jpeg");
    assert!(photo.bytes().await.unwrap().starts_with(b"\xff\xd8"));
    for none in ["2", "x", "-1"] {
        let path = format!("/api/tickets/{TICKET}/photos/{none}");
        assert_eq!(house.get(&path).await.status(), 404, "{none}");
    }
    assert_eq!(house.get(&format!("/api/tickets/{older}/photos/1")).await.status(), 404);
}

#[tokio::test]
async fn a_proposal_is_taken_as_it_was_seen_or_not_at_all() {
    let taken = |command: &Command| match command {
        Command::Accept { slot: Slot::Place, .. } => {
            Some(Err(DeskError::Refused { code: "not_blank", problem: "it is filled".into() }))
        }
        _ => Some(Ok(())),
    };
    let house = build(None, Arc::new(taken)).await;
    house.store.keep(&complaint()).await.unwrap();
    house.store.keep(&talk()).await.unwrap();
    let accept = async |slot: &str, heard: u32, by: &str| {
        let path = format!("/api/tickets/{TICKET}/proposals/{slot}");
        let reply = house.post(&path, json!({ "heard": heard, "by": by })).await;
        reply.status().as_u16()
    };
    assert_eq!(accept("demand", 4, "A1").await, 409, "something else was seen");
    assert_eq!(accept("time", 5, "A1").await, 404);
    assert_eq!(accept("demand", 5, " ").await, 422);
    assert!(house.commands.lock().unwrap().is_empty());
    assert_eq!(accept("demand", 5, "A1 李晓").await, 200);
    assert_eq!(accept("place", 5, "A1 李晓").await, 409);
    let filled = spoken("让他们晚上停工", None, 5);
    let (ticket, slot, by) = (TicketId(TICKET), Slot::Demand, Actor::desk("A1 李晓"));
    let first = house.commands.lock().unwrap()[0].clone();
    assert_eq!(first, Command::Accept { ticket, slot, filled, by });
}

async fn happen(house: &House, facts: Vec<Fact>) {
    house.store.keep(&facts).await.unwrap();
    for fact in facts {
        let _ = house.feed.send(fact);
    }
}

const PRESS: &str =
    "document.dispatchEvent(new KeyboardEvent('keydown', { key: 'KEY', altKey: true }))";

#[tokio::test]
async fn with_the_keys_alone_a_proposal_is_taken_a_talk_summed_up_and_coded() {
    let Some(program) = chromium() else { return };
    let house = house().await;
    house.store.keep(&complaint()).await.unwrap();
    let mut browser = Browser::start(&program).await;
    browser.open(&house.url("/agents/1")).await;
    browser.until("document.querySelector('#feed.is-online') !== null").await;
    // What is being said is shown, and goes when its words are there.
    let (call, speaker, at) = (CallId(1), Speaker::Caller, Wall::from_ms(0));
    let said = "让他们晚上".to_owned();
    let _ = house.feed.send(Fact::SoFar { call, speaker, text: said, at });
    browser.until("document.querySelector('#so-far').textContent === '让他们晚上……'").await;
    happen(&house, talk()).await;
    browser.until("document.querySelector('#proposal-demand') !== null").await;
    browser.until("document.querySelector('#so-far').hidden").await;
    browser.value(&PRESS.replace("KEY", "y")).await;
    browser
        .until("document.querySelector('#proposal-demand output').textContent.includes('已完成')")
        .await;
    let reason = None;
    let wrap_up =
        Fact::AgentState { agent: AgentId(1), state: "wrap_up", call: Some(call), reason, at };
    happen(&house, vec![wrap_up]).await;
    browser.until("document.activeElement.id === 'finish-summary'").await;
    // What is typed is still there when the page is loaded anew.
    let type_it = "const field = document.activeElement; field.value = '夜间打桩，要求停工';
        field.dispatchEvent(new Event('input', { bubbles: true })); true";
    browser.value(type_it).await;
    browser.open(&house.url("/agents/1")).await;
    browser
        .until("document.querySelector('#finish-summary')?.value === '夜间打桩，要求停工'")
        .await;
    browser.value(&PRESS.replace("KEY", "s")).await;
    browser.until("document.querySelector('#finish output').textContent.includes('已完成')").await;
    assert_eq!(browser.value("sessionStorage.length").await, 0, "what was sent is forgotten");
    browser.value(&PRESS.replace("KEY", "1")).await;
    browser.until("document.querySelector('#wrap-up output').textContent.includes('已完成')").await;
    let commands = house.commands.lock().unwrap().clone();
    assert!(matches!(commands[0], Command::Accept { slot: Slot::Demand, .. }), "{commands:?}");
    assert!(matches!(&commands[1], Command::Order { .. } | Command::EditField { .. }));
    let (agent, code) = (AgentId(1), "answered".to_owned());
    assert_eq!(commands[2], Command::WrapUpCode { agent, code });
    browser.close().await;
}

#[tokio::test]
async fn whoever_holds_places_without_asking_anything_gives_them_up() {
    let house = house().await;
    let mut slow = Vec::new();
    for n in 0..CONSOLE_CONNECTIONS + 40 {
        let connected = TcpStream::connect(house.at);
        let Ok(Ok(mut stream)) = tokio::time::timeout(Duration::from_secs(5), connected).await
        else {
            break;
        };
        // A head that never ends.
        let head = format!("GET /?{n} HTTP/1.1\r\nhost: 127.0.0.1\r\nx-slow: ");
        let _ = stream.write_all(head.as_bytes()).await;
        slow.push(stream);
    }
    assert!(slow.len() >= CONSOLE_CONNECTIONS, "{} connections", slow.len());
    for _ in 0..3 {
        // A client of its own each time: a connection that is kept would need no place.
        let fresh = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(20)).build();
        let reply = fresh.unwrap().get(house.url("/api/health")).send().await.unwrap();
        assert_eq!(reply.status(), 200);
    }
}
