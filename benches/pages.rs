//! `cargo bench --bench pages [-- CALLS]`: how soon a page can be used while so many calls run (200), and how far it is behind the
//! talk. The store, the writer of facts, the live feed and the pages are the service's own; the calls are facts given to the
//! writer at the pace of talks, a turn in four seconds each. Chromium stands on the same machine.
//!
//! Prints for each page the time from the navigation to where it can be used (its scripts have run and the feed is open) and the
//! time from a turn being given to the writer to its words standing on the page, as median and worst of the rounds.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../tests/suite/console/browser.rs"]
mod browser;
#[path = "../tests/suite/console/house.rs"]
mod house;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use huiyin::desk::{Actor, Ticket, TicketEvent};
use huiyin::hotline::{Direction, Fact};
use huiyin::kernel::{AgentId, CallId, Pii, TicketId, Wall};
use huiyin::runtime::keeper::{Keeper, Kept};
use huiyin::speech::{Speaker, Utterance};
use tokio::sync::mpsc;

use browser::{Browser, chromium};

const ROUNDS: usize = 15;
const OPENINGS: usize = 7;
/// Milliseconds between two turns of one call.
const TURN_EVERY: u64 = 4_000;

fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64
}

fn wall() -> Wall {
    Wall::from_ms(now_ms() as i64)
}

fn turn(call: u64, index: u32, speaker: Speaker, text: String) -> Fact {
    let start_ms = u64::from(index) * TURN_EVERY;
    let utterance = Utterance {
        call: CallId(call),
        index,
        speaker,
        text,
        start_ms,
        end_ms: start_ms + 1_500,
        confidence: 0.9,
    };
    Fact::Turn { utterance, latency_ms: None, cut_short: false, at: wall() }
}

/// A call that runs, with a ticket; the first one is agent 1's.
fn begun(call: u64) -> Vec<Fact> {
    let (id, at) = (CallId(call), wall());
    let number = Some(Pii::new(format!("139{call:08}")));
    let mut ticket = Ticket::open(TicketId(house::TICKET + call), id, at);
    let mut facts = vec![
        Fact::CallStarted { call: id, direction: Direction::Inbound, number, at },
        Fact::CallState { call: id, state: "request".into(), at },
    ];
    let told = TicketEvent::Drafted { fields: house::fields() };
    facts.push(house::happens(&mut ticket, told, Actor::robot(), at));
    facts.push(house::happens(&mut ticket, TicketEvent::Registered, Actor::robot(), at));
    if call == 1 {
        let agent = AgentId(1);
        facts.push(Fact::AgentState { agent, state: "talking", call: Some(id), reason: None, at });
    }
    facts
}

struct Hall {
    facts: mpsc::Sender<Kept>,
    /// Numbers of the next words, by call.
    next: Vec<AtomicU32>,
}

impl Hall {
    async fn give(&self, fact: Fact) {
        let _ = self.facts.send(Kept::Fact { fact: Box::new(fact), ack: None }).await;
    }

    async fn say(&self, call: u64, text: String) {
        let index = self.next[call as usize].fetch_add(1, Ordering::Relaxed);
        let speaker = if index % 2 == 0 { Speaker::Robot } else { Speaker::Caller };
        self.give(turn(call, index, speaker, text)).await;
    }
}

/// Everybody talks, evenly spread, until the program ends.
async fn talks(hall: Arc<Hall>, calls: u64) {
    let mut tick = tokio::time::interval(Duration::from_micros(TURN_EVERY * 1000 / calls));
    for n in 0u64.. {
        tick.tick().await;
        hall.say(1 + n % calls, format!("第{n}句话，我们小区楼下晚上施工吵得睡不着。")).await;
    }
}

fn median(figures: &mut [f64]) -> (f64, f64) {
    figures.sort_by(f64::total_cmp);
    (figures[figures.len() / 2], figures[figures.len() - 1])
}

/// Milliseconds from the navigation to a page that can be used.
async fn opened(browser: &mut Browser, url: &str) -> f64 {
    browser.open("about:blank").await;
    let began = now_ms();
    browser.go(url).await;
    let ready =
        "document.readyState === 'complete' && document.querySelector('#feed.is-online') !== null";
    while browser.value(ready).await != true {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    (now_ms() - began) as f64
}

/// Milliseconds from a turn's being given to its words' standing on the page.
async fn behind(browser: &mut Browser, hall: &Hall, call: u64, round: usize) -> f64 {
    let token = format!("记号{round}号");
    let watch = format!(
        "window.seen = new Promise((done) => {{
            const look = () => document.querySelector('main').textContent.includes('{token}') && done(Date.now());
            new MutationObserver(look).observe(document.querySelector('main'),
                {{ childList: true, subtree: true, characterData: true }});
            setTimeout(() => done(0), 10000);
        }}); true"
    );
    browser.value(&watch).await;
    let given = now_ms();
    hall.say(call, token).await;
    let seen = browser.value("window.seen").await.as_f64().unwrap();
    assert!(seen > 0.0, "the words never came");
    seen - given as f64
}

#[tokio::main]
async fn main() {
    let calls = std::env::args().skip(1).find_map(|a| a.parse().ok()).unwrap_or(200u64);
    let Some(program) = chromium() else { return };
    let house = house::with_feed(256).await;
    let keeper = Keeper::start(house.store.clone(), house.feed.clone(), |_| {});
    let next = (0..=calls).map(|_| AtomicU32::new(0)).collect();
    let hall = Arc::new(Hall { facts: keeper.facts.clone(), next });
    for call in 1..=calls {
        for fact in begun(call) {
            hall.give(fact).await;
        }
        for _ in 0..6 {
            hall.say(call, "您好，请问您有什么事？小区楼下晚上施工。".into()).await;
        }
    }
    tokio::spawn(talks(hall.clone(), calls));
    let mut browser = Browser::start(&program).await;
    println!("{calls} calls, {:.0} turns a second", calls as f64 * 1000.0 / TURN_EVERY as f64);
    for (name, path, follows) in [
        ("overview", "/", true),
        ("wall", "/wall", false),
        ("agent", "/agents/1", true),
        ("call", "/calls/2", true),
    ] {
        let url = house.url(path);
        opened(&mut browser, &url).await;
        let mut openings = Vec::new();
        for _ in 0..OPENINGS {
            openings.push(opened(&mut browser, &url).await);
        }
        let (usual, worst) = median(&mut openings);
        let mut line =
            format!("{name}: usable after {usual:.0} ms (worst of {OPENINGS}: {worst:.0} ms)");
        if follows {
            let mut lags = Vec::new();
            for round in 0..ROUNDS {
                let call = if name == "agent" { 1 } else { 2 };
                lags.push(behind(&mut browser, &hall, call, round + ROUNDS * name.len()).await);
                tokio::time::sleep(Duration::from_millis(300)).await;
            }
            let (usual, worst) = median(&mut lags);
            line.push_str(&format!(
                "; {usual:.0} ms behind the talk (worst of {ROUNDS}: {worst:.0} ms)"
            ));
        }
        println!("{line}");
    }
    browser.close().await;
    std::process::exit(0);
}
