//! Text messages: written with their event, sent once, whatever fails or dies between.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use futures::FutureExt;
use huiyin::desk::{Actor, Ticket, TicketEvent};
use huiyin::engine::remote::{Endpoint, Protocol};
use huiyin::hotline::Fact;
use huiyin::kernel::evidence::Source;
use huiyin::kernel::{
    AgentId, CallId, Civil, Filled, Pii, Rng, Slot, SurveyId, TicketId, VerificationId, Wall,
};
use huiyin::notice::{Failed, Hours, Message, Messages, Retry};
use huiyin::runtime::outbox::{Carrier, FileCarrier, Post, Webhook, signature};
use huiyin::store::{MessageRow, Store};
use tokio_util::sync::CancellationToken;

use crate::remote::server::{Reply, Server};

const NUMBER: &str = "13900008899";
const SECRET: &str = "a-secret-of-the-gateway";

fn noon() -> Wall {
    Civil { year: 2026, month: 11, day: 23, hour: 12, minute: 0, second: 0 }.wall()
}

fn later(seconds: i64) -> Wall {
    noon().plus_ms(seconds * 1000)
}

async fn open(folder: &std::path::Path) -> Store {
    let store = Store::open(&folder.join("huiyin.db")).await.unwrap();
    store.telling(Messages::builtin().unwrap().kinds())
}

fn filled(value: &str, code: Option<&str>) -> Filled {
    let code = code.map(str::to_owned);
    Filled { value: value.into(), code, evidence: Vec::new(), source: Source::Staff }
}

/// A ticket that is drafted, registered and closed, as facts; `fields` beside its number.
fn life(n: u64, number: &str, fields: &[(Slot, Filled)]) -> Vec<Fact> {
    let id = TicketId(2_611_230_000 + n);
    let mut ticket = Ticket::open(id, CallId(n), noon());
    let mut told: BTreeMap<Slot, Filled> = fields.iter().cloned().collect();
    told.insert(Slot::Number, filled(number, None));
    let events = [
        TicketEvent::Drafted { fields: told },
        TicketEvent::Registered,
        TicketEvent::Taken { agent: AgentId(1) },
        TicketEvent::Closed { result: "已修好".into() },
    ];
    let by = [Actor::robot(), Actor::robot(), Actor::agent(AgentId(1)), Actor::desk("李晓")];
    let kept = events.into_iter().zip(by).map(|(event, by)| {
        let entry = ticket.apply(event, by, noon()).unwrap();
        Fact::Ticket { ticket: ticket.clone(), entry }
    });
    let call = Fact::CallStarted {
        call: CallId(n),
        direction: huiyin::hotline::Direction::Inbound,
        number: Some(Pii::new(number.into())),
        at: noon(),
    };
    std::iter::once(call).chain(kept).collect()
}

fn post(store: &Store, carrier: impl Carrier + 'static) -> Post {
    Post {
        store: store.clone(),
        carrier: Arc::new(carrier),
        messages: Messages::builtin().unwrap(),
        hours: Hours::default(),
        retry: Retry { attempts: 4, ..Retry::default() },
        hotline: "12345".into(),
        page: String::new(),
        deadline: Duration::from_millis(300),
    }
}

async fn pass(post: &Post, now: Wall) {
    post.pass(now, &CancellationToken::new()).await.unwrap();
}

/// Kind, state and attempts of what the store holds of a ticket.
async fn rows(store: &Store, n: u64) -> Vec<(String, String, i64)> {
    let rows = store.messages_of(TicketId(2_611_230_000 + n)).await.unwrap();
    rows.into_iter().map(|row| (row.kind, row.state, row.attempts)).collect()
}

fn row(kind: &str, state: &str, attempts: i64) -> (String, String, i64) {
    (kind.into(), state.into(), attempts)
}

/// Takes everything, and counts.
#[derive(Clone, Default)]
struct Taker(Arc<Mutex<Vec<(String, String, String)>>>);

impl Taker {
    fn taken(&self) -> Vec<(String, String, String)> {
        self.0.lock().unwrap().clone()
    }
}

#[async_trait]
impl Carrier for Taker {
    async fn send(&self, message: &Message, _now: Wall) -> Result<(), Failed> {
        let (to, text) = (message.to.reveal().clone(), message.text.reveal().clone());
        self.0.lock().unwrap().push((message.key.to_string(), to, text));
        Ok(())
    }
}

#[tokio::test]
async fn events_that_are_told_have_a_message_and_the_others_none() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let report = [(Slot::MatterType, filled("举报", Some("report")))];
    let code = [(Slot::Number, filled("x", None))];
    store.keep(&life(1, "+8613900008899", &code)).await.unwrap();
    store.keep(&life(2, "057982311234", &[])).await.unwrap();
    store.keep(&life(3, NUMBER, &report)).await.unwrap();
    let waiting = [row("registered", "waiting", 0), row("closed", "waiting", 0)];
    assert_eq!(rows(&store, 1).await, waiting);
    assert_eq!(rows(&store, 2).await, [], "a fixed line gets no text message");
    assert_eq!(rows(&store, 3).await, [], "a report is told to nobody by a carrier");
    let quiet = Store::open(&folder.path().join("quiet.db")).await.unwrap();
    quiet.keep(&life(1, NUMBER, &[])).await.unwrap();
    assert_eq!(rows(&quiet, 1).await, [], "none are wanted");
}

#[tokio::test]
async fn an_event_that_is_not_kept_has_no_message() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let verification = |at| Fact::VerificationOpened {
        verification: VerificationId(1),
        survey: SurveyId(1),
        ticket: TicketId(2_611_230_001),
        reason: "unhappy".into(),
        due: None,
        at,
    };
    let due = Fact::SurveyDue {
        survey: SurveyId(1),
        ticket: TicketId(2_611_230_001),
        origin: huiyin::survey::campaign::Origin::Closed,
        attempt: 1,
        due: noon(),
        at: noon(),
    };
    let facts = life(1, NUMBER, &[]);
    let broken: Vec<Fact> =
        facts.iter().cloned().chain([due, verification(noon()), verification(noon())]).collect();
    assert!(store.keep(&broken).await.is_err(), "the same verification twice");
    assert_eq!(rows(&store, 1).await, []);
    store.keep(&facts).await.unwrap();
    assert_eq!(rows(&store, 1).await.len(), 2, "once when it is kept at last");
}

#[tokio::test]
async fn steps_are_told_in_their_order_by_day_and_once() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let unit = [(Slot::Unit, filled("婺城区综合执法局", None))];
    store.keep(&life(1, NUMBER, &unit)).await.unwrap();
    let taker = Taker::default();
    let post = post(&store, taker.clone());
    let night = Civil { hour: 23, ..noon().civil() }.wall();
    pass(&post, night).await;
    assert_eq!(taker.taken(), [], "not at night");
    pass(&post, night.plus_ms(9 * 3_600_000)).await;
    pass(&post, night.plus_ms(9 * 3_600_000)).await;
    let taken = taker.taken();
    let keys: Vec<&str> = taken.iter().map(|(key, ..)| key.as_str()).collect();
    assert_eq!(keys, ["2611230001-2-registered", "2611230001-4-closed"]);
    assert!(taken.iter().all(|(_, to, text)| to == NUMBER && text.contains("2611230001")));
    assert!(taken[1].2.contains("11月23日办结"), "{}", taken[1].2);
    assert!(!format!("{taken:?}").contains("已修好"), "what staff wrote stays among staff");
    assert_eq!(rows(&store, 1).await, [row("registered", "sent", 1), row("closed", "sent", 1)]);
}

#[tokio::test]
async fn old_news_is_not_sent() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    store.keep(&life(1, NUMBER, &[])).await.unwrap();
    let taker = Taker::default();
    pass(&post(&store, taker.clone()), later(4 * 86_400)).await;
    assert_eq!(taker.taken(), []);
    let shown: Vec<MessageRow> = store.messages(10).await.unwrap();
    assert!(shown.iter().all(|row| row.state == "given_up"));
    assert!(shown[0].error.as_deref().unwrap().contains("messages.keep_h"));
    assert_eq!(store.message_counts().await.unwrap(), [("given_up".to_owned(), 2)]);
}

fn gateway(server: &Server) -> Webhook {
    let url = format!("http://{}/sms/send", server.address);
    let endpoint = Endpoint::parse(Protocol::OpenAi, &url, false).unwrap();
    Webhook::new(endpoint, Some(Pii::new(SECRET.into())), None).unwrap()
}

fn ok() -> Reply {
    Reply::Text(200, "{}".into())
}

/// A header of a request, and its body as JSON.
fn header(head: &str, name: &str) -> String {
    let lines = head.lines().filter_map(|line| line.split_once(": "));
    let mut found = lines.filter(|(key, _)| key.eq_ignore_ascii_case(name));
    found.next().unwrap_or_else(|| panic!("no {name} in {head}")).1.to_owned()
}

#[tokio::test]
async fn a_gateway_that_fails_is_asked_again_with_the_same_key_and_words() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    store.keep(&life(1, NUMBER, &[])[..3]).await.unwrap();
    let server =
        Server::openai(&[Reply::Text(503, "busy".into()), Reply::Never, Reply::Close, ok(), ok()]);
    let post = post(&store, gateway(&server));
    let mut now = noon();
    for (attempt, wait) in [(1, 30), (2, 60), (3, 120)] {
        pass(&post, now).await;
        assert_eq!(rows(&store, 1).await, [row("registered", "waiting", attempt)]);
        pass(&post, now.plus_ms(wait * 1000 - 1)).await;
        assert_eq!(server.seen().len() as i64, attempt, "not before its time");
        now = now.plus_ms(wait * 1000);
    }
    pass(&post, now).await;
    pass(&post, now.plus_ms(86_400_000)).await;
    assert_eq!(rows(&store, 1).await, [row("registered", "sent", 4)]);
    let seen = server.seen();
    assert_eq!(seen.len(), 4);
    for request in &seen {
        assert!(request.head.starts_with("POST /sms/send HTTP/1.1"), "{}", request.head);
        assert_eq!(header(&request.head, "idempotency-key"), "2611230001-2-registered");
        assert_eq!(request.body, seen[0].body, "the same words");
        let given = header(&request.head, "x-huiyin-signature");
        let seconds = given[2..].split(',').next().unwrap().parse().unwrap();
        assert_eq!(given, signature(SECRET, seconds, &request.body));
    }
    let body: serde_json::Value = serde_json::from_slice(&seen[0].body).unwrap();
    assert_eq!((&body["to"], &body["step"]), (&NUMBER.into(), &"registered".into()));
    assert_eq!(body["at_ms"], noon().unix_ms);
}

/// Computed by another implementation, Python's hmac.
#[test]
fn the_signature_is_hmac_sha256_over_time_and_body() {
    let given = signature("key", 1_700_000_000, b"{\"a\":1}");
    let wanted = "t=1700000000,v1=a438e398bfafc57e4396bb7fc2304422f0f768e965d073ca313cb52e22e6ad03";
    assert_eq!(given, wanted);
}

#[tokio::test]
async fn what_the_gateway_says_decides() {
    // Status, state afterwards, attempts.
    for (status, state) in [
        (200, "sent"),
        (202, "sent"),
        (409, "sent"),
        (400, "given_up"),
        (422, "given_up"),
        (301, "waiting"),
        (401, "waiting"),
        (404, "waiting"),
        (429, "waiting"),
        (500, "waiting"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path()).await;
        store.keep(&life(1, NUMBER, &[])[..3]).await.unwrap();
        let server = Server::openai(&[Reply::Text(status, NUMBER.into())]);
        pass(&post(&store, gateway(&server)), noon()).await;
        let shown = store.messages(10).await.unwrap();
        assert_eq!((shown.len(), shown[0].state.as_str()), (1, state), "{status}");
        let error = shown[0].error.clone().unwrap_or_default();
        assert_eq!(error.contains(&status.to_string()), state != "sent", "{status}: {error}");
        assert!(!error.contains(NUMBER), "what it answers may repeat the number: {error}");
    }
}

#[tokio::test]
async fn a_gateway_that_never_takes_it_is_given_up_and_the_next_step_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    store.keep(&life(1, NUMBER, &[])).await.unwrap();
    let busy = || Reply::Text(500, String::new());
    let server = Server::openai(&[busy(), busy(), busy(), busy(), ok()]);
    let post = post(&store, gateway(&server));
    for minutes in 0..30 {
        pass(&post, later(minutes * 60)).await;
    }
    let wanted = [row("registered", "given_up", 4), row("closed", "sent", 1)];
    assert_eq!(rows(&store, 1).await, wanted);
    let shown = store.messages(10).await.unwrap();
    assert_eq!(shown[0].kind, "registered", "what was given up stands first");
    assert!(shown[0].error.as_deref().unwrap().contains("500"));
}

#[tokio::test]
async fn nobody_at_the_gateway_is_a_failure_like_others() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    store.keep(&life(1, NUMBER, &[])[..3]).await.unwrap();
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("http://{nobody}");
    let endpoint = Endpoint::parse(Protocol::OpenAi, &url, false).unwrap();
    pass(&post(&store, Webhook::new(endpoint, None, None).unwrap()), noon()).await;
    let shown = store.messages(10).await.unwrap();
    assert!(shown[0].error.as_deref().unwrap().contains("no connection"), "{:?}", shown[0].error);
}

fn lines(path: &std::path::Path) -> Vec<String> {
    let text = std::fs::read_to_string(path).unwrap();
    let key = |line: &str| {
        serde_json::from_str::<serde_json::Value>(line).unwrap()["key"].as_str().unwrap().to_owned()
    };
    text.lines().map(key).collect()
}

#[tokio::test]
async fn the_file_holds_each_message_once_also_when_a_crash_came_before_the_mark() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let file = folder.path().join("messages.jsonl");
    store.keep(&life(1, NUMBER, &[])).await.unwrap();
    store.keep(&life(2, NUMBER, &[])[..3]).await.unwrap();
    // Written, and then the process dies before the store knows; another line is torn.
    let due = store.due_messages(noon(), 8).await.unwrap();
    let text = Messages::builtin().unwrap();
    let text = text.text("registered", &huiyin::notice::Values {
        ticket: "2611230001",
        hotline: "12345",
        ..Default::default()
    });
    let message = Message {
        key: due[0].key.clone(),
        to: due[0].number.clone(),
        text: Pii::new(text.unwrap()),
        at: noon(),
    };
    FileCarrier::open(&file).unwrap().send(&message, noon()).await.unwrap();
    let torn = format!("{}{{\"key\":\"2611230002-2-regi", std::fs::read_to_string(&file).unwrap());
    std::fs::write(&file, torn).unwrap();
    for _ in 0..3 {
        pass(&post(&store, FileCarrier::open(&file).unwrap()), noon()).await;
    }
    let wanted = ["2611230001-2-registered", "2611230002-2-registered", "2611230001-4-closed"];
    let got = lines(&file);
    assert_eq!(got.iter().map(String::as_str).collect::<BTreeSet<_>>(), BTreeSet::from(wanted));
    assert_eq!(got.len(), wanted.len(), "{got:?}");
}

/// A gateway that takes by key, answers what chance says, and remembers what words came under each key.
#[derive(Clone)]
struct Chance {
    rng: Arc<Mutex<Rng>>,
    taken: Arc<Mutex<BTreeMap<String, BTreeSet<String>>>>,
}

#[async_trait]
impl Carrier for Chance {
    async fn send(&self, message: &Message, _now: Wall) -> Result<(), Failed> {
        let (takes, tells) = {
            let mut rng = self.rng.lock().unwrap();
            (rng.chance(0.6), rng.chance(0.7))
        };
        tokio::task::yield_now().await;
        if takes {
            let (key, text) = (message.key.to_string(), message.text.reveal().clone());
            self.taken.lock().unwrap().entry(key).or_default().insert(text);
        }
        tokio::task::yield_now().await;
        if takes && tells { Ok(()) } else { Err(Failed::now("chance")) }
    }
}

#[tokio::test]
async fn killed_at_any_moment_nothing_is_lost_and_no_key_has_two_texts() {
    for seed in 0..12 {
        let folder = tempfile::tempdir().unwrap();
        let rng = Arc::new(Mutex::new(Rng::new(seed)));
        let gateway = Chance { rng: rng.clone(), taken: Arc::default() };
        let mut now = noon();
        for n in 1..=6 {
            let store = open(folder.path()).await;
            store.keep(&life(n, NUMBER, &[])).await.unwrap();
            let mut post = post(&store, gateway.clone());
            post.retry = Retry { attempts: 100, keep_ms: i64::MAX };
            post.hotline = format!("1234{n}");
            let stop = CancellationToken::new();
            let mut pass = Box::pin(post.pass(now, &stop));
            // The process is killed after so many steps of whatever it was doing.
            let steps = rng.lock().unwrap().below(60);
            for _ in 0..steps {
                if pass.as_mut().now_or_never().is_some() {
                    break;
                }
                tokio::time::sleep(Duration::from_micros(200)).await;
            }
            drop(pass);
            store.close().await;
            now = now.plus_ms(90_000);
        }
        let store = open(folder.path()).await;
        let mut post = post(&store, gateway.clone());
        post.retry = Retry { attempts: 100, keep_ms: i64::MAX };
        post.hours = Hours::new("00:00", "24:00").unwrap();
        for _ in 0..80 {
            now = now.plus_ms(3_600_000);
            pass(&post, now).await;
        }
        assert_eq!(store.message_counts().await.unwrap(), [("sent".to_owned(), 12)], "seed {seed}");
        let taken = gateway.taken.lock().unwrap();
        assert_eq!(taken.len(), 12, "seed {seed}: {:?}", taken.keys());
        let texts = taken.iter().find(|(_, texts)| texts.len() != 1);
        assert!(texts.is_none(), "seed {seed}: two texts of one message: {texts:?}");
    }
}
