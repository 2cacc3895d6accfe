//! The whole service is killed again and again while staff order, messages go out and citizens are called back: whatever
//! was told to be done is done after it, and nothing is done twice.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::http::HeaderMap;
use huiyin::kernel::{Rng, TicketId};
use huiyin::store::Store;
use serde_json::{Value, json};

use super::callbacks::{number, registered};
use super::callee::{Callee, Voices};
use super::process::{LOOK_AGAIN, Service, alone, errors, verb};
use super::trunk::Trunk;
use super::wire::ready;

const KILLS: usize = 20;
const TICKETS: usize = 24;
const SEED: u64 = 5;
/// What is ordered of each ticket, one after the other, and the state that each leads to.
const ORDERS: [(&str, &str); 4] =
    [("dispatch", "dispatched"), ("sign", "signed"), ("answer", "answered"), ("close", "closed")];
const LIFE: [&str; 7] =
    ["drafted", "registered", "dispatched", "signed", "answered", "closed", "called_back"];
const TOLD: [&str; 4] = ["dispatched", "signed", "answered", "closed"];

/// Every key that a gateway of messages was sent, in their order.
type Taken = Arc<Mutex<Vec<String>>>;

async fn gateway() -> (SocketAddr, Taken) {
    let taken: Taken = Arc::default();
    let kept = taken.clone();
    let app = axum::Router::new().fallback(move |headers: HeaderMap| {
        kept.lock().unwrap().push(headers["idempotency-key"].to_str().unwrap().to_owned());
        async { "taken" }
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    (at, taken)
}

/// Citizens who pick up and press that it is solved, and a grade; and how often each was rung.
async fn citizens() -> (Trunk, Arc<Mutex<BTreeMap<String, usize>>>) {
    let rung: Arc<Mutex<BTreeMap<String, usize>>> = Arc::default();
    let (counted, mut ringing) = (rung.clone(), BTreeMap::new());
    let trunk = Trunk::start(Box::new(move |dialled: &str| {
        *counted.lock().unwrap().entry(dialled.to_owned()).or_default() += 1;
        let at = SocketAddr::from(([127, 0, 0, 1], crate::wire_sip::free_port()));
        let steps = "rings answers waits:400 key:1 waits:400 key:2";
        ringing.insert(dialled.to_owned(), Callee::start(steps, at, &Voices::new()));
        Some(at)
    }))
    .await;
    (trunk, rung)
}

fn settings(trunk: SocketAddr, gateway: SocketAddr) -> String {
    format!(
        "[outbound]\nroute = \"sip:{{number}}@{trunk}\"\nring_s = 12\n\
         [callbacks]\nfrom = \"00:00\"\nto = \"24:00\"\nlines = 4\nper_minute = 600\ndays = \"all\"\n\
         delay_s = 0\nspacing_s = 0\nper_day = 100\nin_all = 100\n\
         [messages]\nkind = \"webhook\"\nurl = \"http://{gateway}/\"\nfrom = \"00:00\"\nto = \"24:00\"\n"
    )
}

/// Those who order, and what they were told to be done: how many of [`ORDERS`] for each ticket.
#[derive(Default)]
struct Staff {
    done: BTreeMap<u64, usize>,
}

impl Staff {
    /// The next order of all, for the ticket that is furthest behind those before it.
    fn next(&self) -> Option<(u64, usize)> {
        let done = |id: u64| self.done.get(&id).copied().unwrap_or_default();
        (1..=TICKETS as u64).map(|id| (id, done(id))).find(|(_, done)| *done < ORDERS.len())
    }

    /// What was told to be done has been; what was done and not told may be known now.
    async fn look(&mut self, service: &Service) {
        for id in 1..=TICKETS as u64 {
            let state = service.get(&format!("tickets/{id}")).await["state"].clone();
            let stands = ORDERS.iter().position(|(_, to)| state == *to).map_or(0, |at| at + 1);
            let stands = if state == "called_back" { ORDERS.len() } else { stands };
            let told = self.done.entry(id).or_default();
            assert!(*told <= stands, "T{id} is {state}, though {} of its orders were done", *told);
            *told = stands;
        }
    }

    fn told(&mut self, (id, _): (u64, usize), done: bool) {
        *self.done.entry(id).or_default() += usize::from(done);
    }
}

/// Whether it was told to be done; a service that dies tells nothing.
async fn order(console: SocketAddr, (id, step): (u64, usize)) -> bool {
    let order = ORDERS[step].0;
    let body = match order {
        "dispatch" => json!({ "unit": "enforcement-330702", "by": "李晓" }),
        "sign" => json!({ "by": "张三" }),
        _ => json!({ "why": "已停工", "by": "张三" }),
    };
    let url = format!("http://{console}/api/tickets/{id}/orders/{order}");
    let reply = reqwest::Client::new().post(url).json(&body).send().await;
    reply.is_ok_and(|reply| reply.status().is_success())
}

/// Works until it is killed: after some orders, with one more under way, and every other time in the midst of a callback.
async fn round(service: &mut Service, staff: &mut Staff, rng: &mut Rng) {
    staff.look(service).await;
    for _ in 0..rng.below(8) {
        let Some(next) = staff.next() else { break };
        staff.told(next, order(service.console, next).await);
    }
    let closed = staff.done.values().any(|done| *done == ORDERS.len());
    if closed && rng.chance(0.5) {
        let busy = |all: &Value| {
            let rows = all["surveys"].as_array().unwrap();
            rows.iter().any(|row| row["state"] == "calling")
                || rows.iter().all(|row| row["state"] == "ended")
        };
        service.until("surveys?limit=200", 60, busy).await;
    }
    let next = staff.next();
    let under_way = next.map(|next| tokio::spawn(order(service.console, next)));
    if rng.chance(0.5) {
        tokio::task::yield_now().await;
    }
    service.kill();
    if let (Some(next), Some(under_way)) = (next, under_way) {
        staff.told(next, under_way.await.unwrap());
    }
}

fn all_over(surveys: &Value) -> bool {
    let rows = surveys["surveys"].as_array().unwrap();
    rows.len() >= TICKETS && rows.iter().all(|row| row["state"] == "ended")
}

/// Every ticket has lived its life once, and every citizen has given one grade to one callback.
async fn once(store: &Store, surveys: &Value) -> BTreeSet<String> {
    let mut told = BTreeSet::new();
    for id in 1..=TICKETS as u64 {
        let entries = store.entries(TicketId(id)).await.unwrap();
        let lived: Vec<&str> = entries.iter().map(|entry| entry.event.key()).collect();
        // They were told years ago: as soon as the service looks at red lights they are supervised, once for each limit.
        let life: Vec<&str> = lived.iter().copied().filter(|key| *key != "supervised").collect();
        assert_eq!(life, LIFE, "T{id}");
        assert!(lived.len() - life.len() <= ORDERS.len(), "T{id}: {lived:?}");
        let messages = entries.iter().filter(|entry| TOLD.contains(&entry.event.key()));
        told.extend(messages.map(|entry| format!("{id}-{}-{}", entry.seq, entry.event.key())));
    }
    let rows = surveys["surveys"].as_array().unwrap();
    let tickets: BTreeSet<i64> =
        rows.iter().map(|row| row["ticket_id"].as_i64().unwrap()).collect();
    assert_eq!((tickets.len(), rows.len()), (TICKETS, TICKETS), "one callback a ticket");
    for row in rows {
        let answers = row["answers"].as_array().unwrap();
        let grades = answers.iter().filter(|answer| answer["question"] == "satisfied").count();
        assert_eq!((&row["outcome"], grades), (&json!("complete"), 1), "{row}");
        let attempts = row["attempts"].as_array().unwrap();
        let whole = attempts.iter().filter(|attempt| attempt["outcome"] != "interrupted").count();
        assert!(whole <= 1, "somebody who has answered is not called again: {row}");
    }
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_is_killed_again_and_again_and_nothing_is_lost_or_doubled() {
    let _alone = alone().await;
    if !ready() {
        return;
    }
    let (gateway, taken) = gateway().await;
    let (trunk, rung) = citizens().await;
    let settings = settings(trunk.at, gateway);
    let folder = Arc::new(tempfile::tempdir().unwrap());
    registered(folder.path(), TICKETS).await;
    let (mut staff, mut rng) = (Staff::default(), Rng::new(SEED));
    for _ in 0..KILLS {
        let mut service = Service::start_in(folder.clone(), &settings).await;
        round(&mut service, &mut staff, &mut rng).await;
        service.calm();
    }
    let mut service = Service::start_in(folder.clone(), &settings).await;
    staff.look(&service).await;
    while let Some(next) = staff.next() {
        assert!(order(service.console, next).await, "{next:?}");
        staff.told(next, true);
    }
    let surveys = service.until("surveys?limit=200", 120, all_over).await;
    let data = folder.path().join("data");
    let store = Store::look(&data.join("huiyin.db")).await.unwrap();
    let wanted = once(&store, &surveys).await;
    let sent = || taken.lock().unwrap().iter().cloned().collect::<BTreeSet<String>>();
    while sent().len() < wanted.len() {
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    assert_eq!(sent(), wanted, "seed {SEED}");
    // A message whose taking was not noted before the kill comes again under its key: the gateway knows it.
    let again = taken.lock().unwrap().len() - wanted.len();
    assert!(again <= KILLS, "{again} messages came again");
    for row in surveys["surveys"].as_array().unwrap() {
        let index = row["ticket_id"].as_i64().unwrap() as usize - 1;
        let rung = rung.lock().unwrap().get(&number(index)).copied().unwrap_or_default();
        let kept = row["attempts"].as_array().unwrap().len();
        assert!(
            (1..=kept).contains(&rung),
            "rung {rung} times, and {kept} attempts are kept: {row}"
        );
    }
    service.kill();
    service.calm();
    let audit = verb(&["survey", "audit", "--data", data.to_str().unwrap()]).await;
    assert!(audit.status.success(), "{}{}", String::from_utf8_lossy(&audit.stdout), errors(&audit));
}
