//! The console over a real socket: who may do what, the API, the recording, the live feed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "console/browser.rs"]
pub mod browser;
#[path = "console/house.rs"]
pub mod house;

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use house::{HOSTILE, NUMBER, TICKET, aftermath, build, complaint, house, turn};
use huiyin::console::{ROUTES, Rule};
use huiyin::desk::DeskError;
use huiyin::hotline::Command;
use huiyin::kernel::{AgentId, Slot, TicketId};
use huiyin::speech::Speaker;
use serde_json::{Value, json};

const TOKEN: &str = "a-token-of-the-test";

fn path_of(route: &str) -> String {
    route.replace("{id}", "1").replace("{slot}", "place").replace("{order}", "sign").replace("{name}", "style.css")
}

#[tokio::test]
async fn every_route_is_refused_without_a_login_unless_its_rule_says_otherwise() {
    let house = build(Some(TOKEN), Arc::new(|_| Some(Ok(())))).await;
    let open = ["/login", "/assets/{name}", "/api/health"];
    for route in ROUTES {
        let request = house.http.request(route.method.clone(), house.url(&path_of(route.path)));
        let status = request.json(&json!({})).send().await.unwrap().status().as_u16();
        let anyone = route.rule == Rule::Anyone;
        assert_eq!(anyone, open.contains(&route.path), "{} is open", route.path);
        if !anyone {
            let led_to_login = status == 303 && !route.path.starts_with("/api/");
            assert!(status == 401 || led_to_login, "{} {}: {status}", route.method, route.path);
        }
    }
    assert!(house.commands.lock().unwrap().is_empty());
    for path in ["/nowhere", "/api/nowhere", "/assets", "/api/calls/1/audio/x", "/../etc/passwd"] {
        assert!(matches!(house.get(path).await.status().as_u16(), 401 | 303), "{path}");
    }
}

#[tokio::test]
async fn what_no_rule_names_is_refused() {
    let house = house().await;
    let missing = house.get("/api/nowhere").await;
    assert_eq!(missing.status(), 404);
    let error: Value = missing.json().await.unwrap();
    assert_eq!(error["code"], "not_found");
    assert!(error["remedy"].is_string());
    for (method, path) in [
        (reqwest::Method::DELETE, "/api/tickets/1"),
        (reqwest::Method::PUT, "/api/tickets/1/close"),
        (reqwest::Method::POST, "/api/calls"),
        (reqwest::Method::OPTIONS, "/api/calls"),
        (reqwest::Method::TRACE, "/"),
    ] {
        let request = house.http.request(method.clone(), house.url(path)).json(&json!({}));
        assert_eq!(request.send().await.unwrap().status(), 405, "{method} {path}");
    }
}

#[tokio::test]
async fn without_a_token_only_this_machine_under_its_own_name_is_served() {
    let house = house().await;
    let port = house.at.port();
    for (host, status) in [
        (format!("127.0.0.1:{port}"), 200),
        ("localhost".into(), 200),
        (format!("LOCALHOST:{port}"), 200),
        (format!("[::1]:{port}"), 200),
        ("rebound.example".into(), 403),
        (format!("rebound.example:{port}"), 403),
        ("127.0.0.1.rebound.example".into(), 403),
        ("localhost.rebound.example".into(), 403),
        ("127.0.0.1:80:80".into(), 403),
        ("[::1]x".into(), 403),
        ("".into(), 403),
    ] {
        let request = house.http.get(house.url("/api/calls")).header("host", &host);
        assert_eq!(request.send().await.unwrap().status(), status, "{host}");
    }
}

#[tokio::test]
async fn a_change_that_a_foreign_page_asks_for_is_refused() {
    let house = house().await;
    let own = format!("http://{}", house.at);
    let cases: [(&[(&str, &str)], u16); 8] = [
        (&[], 200),
        (&[("origin", &own)], 200),
        (&[("origin", &own), ("sec-fetch-site", "same-origin")], 200),
        (&[("origin", "http://foreign.example")], 403),
        (&[("origin", "null")], 403),
        (&[("sec-fetch-site", "cross-site")], 403),
        (&[("origin", &own), ("sec-fetch-site", "same-site")], 403),
        (&[("content-type", "text/plain")], 415),
    ];
    for (headers, status) in cases {
        let mut request = house.http.post(house.url("/api/agents/1/ready"));
        if !headers.iter().any(|(name, _)| *name == "content-type") {
            request = request.header("content-type", "application/json");
        }
        let request = headers.iter().fold(request, |r, (name, value)| r.header(*name, *value));
        let response = request.body("{}").send().await.unwrap();
        assert_eq!(response.status(), status, "{headers:?}");
    }
    assert_eq!(house.commands.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn a_program_is_known_by_its_token_and_by_nothing_near_it() {
    let house = build(Some(TOKEN), Arc::new(|_| Some(Ok(())))).await;
    let calls = async |name: &str, value: &str| {
        let request = house.http.get(house.url("/api/calls")).header(name, value);
        request.send().await.unwrap().status().as_u16()
    };
    for (name, value, status) in [
        ("authorization", format!("Bearer {TOKEN}"), 200),
        ("authorization", "Bearer wrong".into(), 401),
        ("authorization", format!("Bearer {TOKEN}x"), 401),
        ("authorization", format!("Basic {TOKEN}"), 401),
        ("authorization", "Bearer ".into(), 401),
        ("cookie", format!("huiyin_session={TOKEN}"), 401),
        ("cookie", "huiyin_session=00".into(), 401),
    ] {
        assert_eq!(calls(name, &value).await, status, "{name}: {value}");
    }
}

#[tokio::test]
async fn every_answer_forbids_foreign_content() {
    let house = house().await;
    for path in ["/", "/api/calls", "/assets/style.css", "/nowhere"] {
        let response = house.get(path).await;
        let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
        let policy = header("content-security-policy");
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("referrer-policy"), "same-origin");
        let text = response.text().await.unwrap();
        let foreign = text.replace("http://www.w3.org/2000/svg", "");
        assert!(!foreign.contains("http://") && !foreign.contains("https://"), "{path}");
    }
}

#[tokio::test]
async fn the_api_tells_what_the_store_knows() {
    let house = house().await;
    house.store.keep(&complaint()).await.unwrap();
    let calls = house.json("/api/calls").await;
    assert_eq!(calls["live"][0]["number"], "138****8000");
    assert_eq!(calls["live"][0]["ticket_id"], TICKET);
    let call = house.json("/api/calls/1").await;
    assert_eq!(call["state"], "waiting");
    assert_eq!(call["turns"].as_array().unwrap().len(), 4);
    assert_eq!(call["turns"][2]["latency_ms"], 640);
    assert_eq!(call["audio"], Value::Null);
    let ticket = house.json(&format!("/api/tickets/{TICKET}")).await;
    assert_eq!(ticket["state"], "registered");
    assert_eq!(ticket["fields"][0]["value"], "138****8000");
    let told = house.post(&format!("/api/tickets/{TICKET}/reveal/number"), json!({})).await;
    assert_eq!(told.json::<Value>().await.unwrap()["told"], NUMBER);
    let place = &ticket["fields"].as_array().unwrap()[3];
    assert_eq!(place["slot"], "place");
    assert_eq!(place["code"], "330702103");
    assert_eq!(place["evidence"][0]["start_ms"], 2100);
    assert_eq!(ticket["events"][1]["kind"], "registered");
    let queue = house.json("/api/queue").await;
    assert_eq!(queue["waiting"][0]["ringing_agent"], 1);
    assert_eq!(queue["agents_on_duty"], 1);
    let agents = house.json("/api/agents").await;
    assert_eq!(agents["agents"][0]["state"], "ringing");
    assert_eq!(agents["agents"][1]["state"], "away");

    house.store.keep(&aftermath()).await.unwrap();
    let surveys = house.json("/api/surveys").await;
    assert_eq!(surveys["surveys"][0]["answers"][0]["pressed"], "2");
    assert_eq!(surveys["surveys"][0]["answers"][1]["value"], "dissatisfied");
    assert_eq!(surveys["surveys"][0]["answers"][1]["start_ms"], 700);
    let open = house.json("/api/verifications").await;
    assert_eq!(open["verifications"][0]["reason"], "unhappy");
    let figures = house.json("/api/figures").await;
    assert_eq!(figures["calls"], 1);
    assert_eq!(figures["handed_over"], 1);
    assert_eq!(figures["callbacks"], 1);
    assert_eq!((&figures["latency_p50_ms"], &figures["latency_p95_ms"]), (&json!(0), &json!(640)));
    assert_eq!(house.json("/api/health").await, json!({ "status": "ok" }));
    for path in
        ["/api/calls/99", "/api/tickets/0", "/api/calls/x", "/api/calls/99999999999999999999"]
    {
        let missing = house.get(path).await;
        assert_eq!(missing.status(), 404, "{path}");
        assert!(missing.json::<Value>().await.unwrap()["remedy"].is_string());
    }
}

#[tokio::test]
async fn lists_come_in_pages() {
    let house = house().await;
    let at = house::noon();
    let started = |id| huiyin::hotline::Fact::CallStarted {
        call: huiyin::kernel::CallId(id),
        direction: huiyin::hotline::Direction::Inbound,
        number: None,
        at,
    };
    let facts: Vec<_> = (1..=7).map(started).collect();
    house.store.keep(&facts).await.unwrap();
    let mut seen = Vec::new();
    let mut path = "/api/calls?limit=3".to_owned();
    loop {
        let page = house.json(&path).await;
        seen.extend(page["recent"].as_array().unwrap().iter().map(|c| c["id"].as_i64().unwrap()));
        let Some(next) = page["next_before"].as_i64() else { break };
        path = format!("/api/calls?limit=3&before={next}");
    }
    assert_eq!(seen, [7, 6, 5, 4, 3, 2, 1]);
    for query in ["limit=0", "limit=100000", "limit=x", "before=x"] {
        let refused = house.get(&format!("/api/calls?{query}")).await;
        assert!(refused.status().is_client_error(), "{query}");
        assert!(refused.json::<Value>().await.unwrap()["remedy"].is_string());
    }
}

#[tokio::test]
async fn staff_act_through_commands_and_bad_input_is_named() {
    let house = house().await;
    let close = format!("/api/tickets/{TICKET}/close");
    let done = house.post(&close, json!({ "result": " 已办 ", "by": "李晓" })).await;
    assert_eq!(done.status(), 200);
    house.post("/api/agents/2/away", json!({})).await;
    let place = json!({ "value": "白龙桥镇", "by": "李晓" });
    house.post(&format!("/api/tickets/{TICKET}/fields/place"), place).await;
    house
        .post(&format!("/api/tickets/{TICKET}/reopen"), json!({ "why": "仍吵", "by": "李晓" }))
        .await;
    let (ticket, by) = (TicketId(TICKET), "李晓".to_owned());
    let wanted = [
        Command::CloseTicket { ticket, result: "已办".into(), by: by.clone() },
        Command::AgentAway { agent: AgentId(2), reason: "off_duty".into() },
        Command::EditField {
            ticket, slot: Slot::Place, value: "白龙桥镇".into(), by: by.clone()
        },
        Command::Reopen { ticket, why: "仍吵".into(), by },
    ];
    assert_eq!(house.commands.lock().unwrap().as_slice(), wanted);
    for (path, body, field) in [
        (close.clone(), json!({ "result": " ", "by": "李晓" }), json!("result")),
        (close.clone(), json!({ "result": "已办", "by": "" }), json!("by")),
        (close.clone(), json!({ "result": "字".repeat(2001), "by": "李晓" }), json!("result")),
        (close.clone(), json!({ "result": "a\u{0}b", "by": "李晓" }), json!("result")),
        (close.clone(), json!({ "result": "已办" }), Value::Null),
        (close.clone(), json!([]), Value::Null),
        (close, json!({ "result": "x", "by": "y", "more": 1 }), Value::Null),
        (
            "/api/tickets/1/fields/number".into(),
            json!({ "value": "sip:x@y", "by": "y" }),
            json!("value"),
        ),
        ("/api/tickets/1/fields/colour".into(), json!({ "value": "x", "by": "y" }), json!("slot")),
    ] {
        let refused = house.post(&path, body.clone()).await;
        assert_eq!(refused.status(), 422, "{path} {body}");
        let error: Value = refused.json().await.unwrap();
        assert_eq!(error["field"], field, "{body}");
        assert!(error["remedy"].is_string() && error["error"].is_string());
    }
    let huge = json!({ "result": "x".repeat(100_000), "by": "y" });
    assert_eq!(house.post("/api/tickets/1/close", huge).await.status(), 413);
    assert_eq!(house.commands.lock().unwrap().len(), 4);
}

#[tokio::test]
async fn what_the_hotline_refuses_is_told() {
    let refuse = |command: &Command| match command {
        Command::CloseTicket { ticket, .. } => Some(Err(DeskError::NotNow {
            ticket: *ticket,
            state: "closed",
            wanted: "closed again",
        })),
        Command::Reopen { ticket, .. } => Some(Err(DeskError::NoTicket(*ticket))),
        Command::AgentReady { agent } => Some(Err(DeskError::NoAgent(*agent))),
        _ => None,
    };
    let house = build(None, Arc::new(refuse)).await;
    let by = json!({ "result": "x", "why": "x", "by": "y" });
    let with = |keys: &[&str]| keys.iter().map(|k| ((*k).to_owned(), by[*k].clone())).collect();
    for (path, body, status, code) in [
        ("/api/tickets/5/close", Value::Object(with(&["result", "by"])), 409, "not_now"),
        ("/api/tickets/5/reopen", Value::Object(with(&["why", "by"])), 404, "not_found"),
        ("/api/agents/9/ready", json!({}), 404, "not_found"),
        ("/api/agents/1/away", json!({}), 503, "busy"),
        ("/api/verifications/1/close", Value::Object(with(&["result", "by"])), 404, "not_found"),
    ] {
        let refused = house.post(path, body).await;
        assert_eq!(refused.status(), status, "{path}");
        assert_eq!(refused.json::<Value>().await.unwrap()["code"], code, "{path}");
    }
}

#[tokio::test]
async fn a_verification_is_closed_once() {
    let house = house().await;
    house.store.keep(&complaint()).await.unwrap();
    house.store.keep(&aftermath()).await.unwrap();
    let path = "/api/verifications/1/close";
    let body = json!({ "result": "已核实", "by": "陈主任" });
    assert_eq!(house.post(path, body.clone()).await.status(), 200);
    let closed = huiyin::hotline::Fact::VerificationClosed {
        verification: huiyin::kernel::VerificationId(1),
        outcome: huiyin::survey::verify::Outcome::Confirmed,
        result: "已核实".into(),
        by: "陈主任".into(),
        at: house::noon(),
    };
    house.store.keep(&[closed]).await.unwrap();
    assert_eq!(house.post(path, body).await.status(), 409);
}

#[tokio::test]
async fn the_recording_plays_from_any_position() {
    let house = house().await;
    house.store.keep(&complaint()).await.unwrap();
    assert_eq!(house.get("/api/calls/1/audio").await.status(), 404);
    let bytes = house.record();
    let length = bytes.len();
    assert_eq!(house.json("/api/calls/1").await["audio"], "/api/calls/1/audio");
    let whole = house.get("/api/calls/1/audio").await;
    assert_eq!(whole.status(), 200);
    assert_eq!(whole.headers()["content-type"], "audio/wav");
    assert_eq!(whole.headers()["accept-ranges"], "bytes");
    assert_eq!(whole.bytes().await.unwrap(), bytes);
    let part = async |range: &str| {
        let request = house.http.get(house.url("/api/calls/1/audio")).header("range", range);
        request.send().await.unwrap()
    };
    let middle = part("bytes=1000-1999").await;
    assert_eq!(middle.status(), 206);
    assert_eq!(middle.headers()["content-range"], format!("bytes 1000-1999/{length}"));
    assert_eq!(middle.bytes().await.unwrap(), bytes[1000..2000]);
    assert_eq!(part("bytes=-100").await.bytes().await.unwrap(), bytes[length - 100..]);
    let beyond = part(&format!("bytes={length}-")).await;
    assert_eq!(beyond.status(), 416);
    assert_eq!(beyond.headers()["content-range"], format!("bytes */{length}"));
    let path = house.folder.path().join("recordings/C1.wav");
    let mut grown = std::fs::OpenOptions::new().append(true).open(path).unwrap();
    std::io::Write::write_all(&mut grown, &[7; 500]).unwrap();
    let rest = part(&format!("bytes={length}-")).await;
    assert_eq!(rest.status(), 206);
    assert_eq!(rest.bytes().await.unwrap(), vec![7; 500]);
}

#[tokio::test]
async fn the_live_feed_delivers_facts_masked_and_tells_who_falls_behind() {
    let mut house = house().await;
    let response = house.get("/api/live").await;
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut body = response.bytes_stream_of();
    for fact in complaint().into_iter().take(5) {
        house.feed.send(fact).unwrap();
    }
    let text = body.until("幺").await;
    assert!(text.is_none(), "nothing more was sent");
    let text = body.seen.clone();
    let facts: Vec<Value> = text
        .lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .map(|data| serde_json::from_str(data).unwrap())
        .collect();
    assert_eq!(facts[0]["kind"], "call_started");
    assert_eq!(facts[0]["number"], "138****8000");
    assert_eq!(facts[2]["text"], HOSTILE);
    assert!(!text.contains(NUMBER), "{text}");
    let lagging = house.get("/api/live").await;
    let mut lagging = lagging.bytes_stream_of();
    for index in 10..2000 {
        let _ = house.feed.send(turn(1, index, Speaker::Caller, "快", None));
    }
    assert!(lagging.until("event: reload").await.is_some());
    house.stop().await;
}

/// Reads a stream of events as text.
struct Events {
    chunks: futures::stream::BoxStream<'static, Vec<u8>>,
    seen: String,
}

trait IntoEvents {
    fn bytes_stream_of(self) -> Events;
}

impl IntoEvents for reqwest::Response {
    fn bytes_stream_of(self) -> Events {
        let chunks = futures::stream::unfold(self, async |mut response| {
            let chunk = response.chunk().await.ok().flatten()?;
            Some((chunk.to_vec(), response))
        });
        Events { chunks: chunks.boxed(), seen: String::new() }
    }
}

impl Events {
    /// What was read up to and with `wanted`; `None` when nothing came for a second.
    async fn until(&mut self, wanted: &str) -> Option<String> {
        while !self.seen.contains(wanted) {
            let next = tokio::time::timeout(Duration::from_secs(1), self.chunks.next());
            let chunk = next.await.ok().flatten()?;
            self.seen.push_str(&String::from_utf8_lossy(&chunk));
        }
        Some(self.seen.clone())
    }
}
