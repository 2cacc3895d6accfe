//! The process is killed at random points while tickets, messages and callbacks are under way: nothing that was kept is
//! lost, and nothing happens twice.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use huiyin::desk::dispatch::Level;
use huiyin::desk::ticket::{Assignment, UnitRef};
use huiyin::desk::{Actor, Role, Ticket, TicketEvent};
use huiyin::hotline::{Direction, Fact};
use huiyin::kernel::evidence::Source;
use huiyin::kernel::{CallId, Civil, Filled, Pii, Rng, Slot, SurveyId, TicketId, Wall};
use huiyin::notice::{Hours, Messages, Retry};
use huiyin::runtime::outbox::{FileCarrier, Post};
use huiyin::store::Store;
use huiyin::survey::campaign::Origin;
use tokio_util::sync::CancellationToken;

const FOLDER: &str = "HUIYIN_KILLED_FOLDER";
const CHILD: &str = "killed::works_until_it_is_killed";
const KILLS: usize = 100;
const FIRST: u64 = 2_611_230_001;
/// Entries of a ticket that has come to its end.
const WHOLE: u32 = 8;
const TOLD: [(u32, &str); 5] =
    [(2, "registered"), (3, "dispatched"), (4, "signed"), (5, "answered"), (6, "closed")];

fn noon() -> Wall {
    Civil { year: 2026, month: 11, day: 23, hour: 12, minute: 0, second: 0 }.wall()
}

async fn open(folder: &Path) -> Store {
    let store = Store::open(&folder.join("huiyin.db")).await.unwrap();
    store.telling(Messages::builtin().unwrap().kinds())
}

fn post(store: &Store, folder: &Path) -> Post {
    Post {
        store: store.clone(),
        carrier: Arc::new(FileCarrier::open(&folder.join("messages.jsonl")).unwrap()),
        messages: Messages::builtin().unwrap(),
        hours: Hours::default(),
        retry: Retry::default(),
        hotline: "12345".into(),
        page: String::new(),
        deadline: Duration::from_secs(5),
    }
}

fn unit() -> Actor {
    Actor::new(Role::Unit, "婺城区综合行政执法局")
}

fn assignment() -> Assignment {
    let owner = UnitRef {
        code: "enforcement-330702".into(),
        name: "婺城区综合行政执法局".into(),
        level: Level::County,
    };
    Assignment {
        owner,
        with: Vec::new(),
        copied: Vec::new(),
        member: None,
        clock: None,
        rule: String::new(),
    }
}

/// The next thing that happens to a ticket, with the facts that are kept with it; none when it is archived.
fn step(ticket: &mut Ticket) -> Option<Vec<Fact>> {
    let (at, n) = (noon(), ticket.id.0 - FIRST);
    let survey = SurveyId(n + 1);
    let callback = CallId(2 * n + 2);
    let number = Filled {
        value: "13900008899".into(),
        code: None,
        evidence: Vec::new(),
        source: Source::Staff,
    };
    let started = |call, direction| Fact::CallStarted {
        call,
        direction,
        number: Some(Pii::new("13900008899".into())),
        at,
    };
    let (event, by, before, after) = match ticket.version {
        0 => {
            let fields = BTreeMap::from([(Slot::Number, number)]);
            let call = started(ticket.call, Direction::Inbound);
            (TicketEvent::Drafted { fields }, Actor::robot(), vec![call], Vec::new())
        }
        1 => (TicketEvent::Registered, Actor::robot(), Vec::new(), Vec::new()),
        2 => {
            let event = TicketEvent::Dispatched { to: assignment() };
            (event, Actor::desk("李晓"), Vec::new(), Vec::new())
        }
        3 => (TicketEvent::Signed { member: None }, unit(), Vec::new(), Vec::new()),
        4 => (TicketEvent::Answered { words: "已办理".into() }, unit(), Vec::new(), Vec::new()),
        5 => {
            let (id, origin) = (ticket.id, Origin::Closed);
            let due = Fact::SurveyDue { survey, ticket: id, origin, attempt: 1, due: at, at };
            (TicketEvent::Closed { result: "已修好".into() }, unit(), Vec::new(), vec![due])
        }
        6 => {
            let (id, origin) = (ticket.id, Origin::Closed);
            let begins = vec![
                started(callback, Direction::Callback),
                Fact::SurveyDialled { survey, ticket: id, call: callback, attempt: 1, at },
                Fact::SurveyStarted { survey, call: callback, at },
            ];
            let outcome = "completed".to_owned();
            let ended = Fact::SurveyEnded {
                survey,
                ticket: id,
                origin,
                outcome,
                attempt: 1,
                last: true,
                at,
            };
            (TicketEvent::CalledBack { survey }, Actor::system(), begins, vec![ended])
        }
        7 => {
            let event = TicketEvent::Archived { why: String::new() };
            (event, Actor::system(), Vec::new(), Vec::new())
        }
        _ => return None,
    };
    let entry = ticket.apply(event, by, at).unwrap();
    let changed = Fact::Ticket { ticket: ticket.clone(), entry };
    Some(before.into_iter().chain([changed]).chain(after).collect())
}

/// The ticket as it is kept, or a new one.
async fn taken_up(store: &Store, id: TicketId) -> Ticket {
    let kept = store.load_tickets(&[id]).await.unwrap().pop();
    kept.unwrap_or_else(|| Ticket::open(id, CallId(2 * (id.0 - FIRST) + 1), noon()))
}

/// The process that is killed: it takes up what it finds, and says what is kept as soon as it is.
#[tokio::test]
#[ignore = "the other process of the test below"]
async fn works_until_it_is_killed() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let folder = Path::new(&folder);
    let store = open(folder).await;
    let post = post(&store, folder);
    let last = store.restore().await.unwrap().last_ticket.max(FIRST);
    for number in last.. {
        let mut ticket = taken_up(&store, TicketId(number)).await;
        while let Some(facts) = step(&mut ticket) {
            store.keep(&facts).await.unwrap();
            println!("kept {number} {}", ticket.version);
            if ticket.version.is_multiple_of(3) {
                post.pass(noon(), &CancellationToken::new()).await.unwrap();
            }
        }
    }
}

fn begin(folder: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", CHILD, "--ignored", "--nocapture", "--test-threads", "1"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Reads so many of the child's lines, kills it, and reads what it had said by then.
fn killed_after(mut child: Child, lines: u64, kept: &mut BTreeMap<u64, u32>) -> usize {
    let out = BufReader::new(child.stdout.take().unwrap());
    let mut seen = 0;
    for line in out.lines() {
        let Ok(line) = line else { break };
        let mut words = line.split(' ');
        // The harness speaks too.
        if words.next() != Some("kept") {
            continue;
        }
        let mut number = || words.next().and_then(|word| word.parse::<u64>().ok());
        let (Some(ticket), Some(version)) = (number(), number()) else { break };
        let known = kept.entry(ticket).or_default();
        *known = (*known).max(version as u32);
        seen += 1;
        if seen as u64 == lines {
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    seen
}

#[tokio::test]
async fn nothing_is_lost_or_doubled_when_the_process_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let seed = 20;
    let mut rng = Rng::new(seed);
    let mut kept = BTreeMap::new();
    let mut killed = 0;
    while killed < KILLS {
        let lines = 1 + rng.below(12);
        let seen = killed_after(begin(folder.path()), lines, &mut kept);
        assert!(seen > 0, "seed {seed}: the process said nothing before kill {killed}");
        killed += 1;
    }

    let store = open(folder.path()).await;
    let post = post(&store, folder.path());
    let last = store.restore().await.unwrap().last_ticket;
    let mut wanted = BTreeSet::new();
    for number in FIRST..=last {
        let id = TicketId(number);
        let ticket = store.load_tickets(&[id]).await.unwrap().pop().unwrap();
        let said = kept.get(&number).copied().unwrap_or_default();
        assert!(ticket.version >= said, "seed {seed}: {id} lost what was kept");
        let entries = store.entries(id).await.unwrap();
        let folded = Ticket::fold(id, ticket.call, &entries).unwrap();
        assert_eq!((folded.version, &folded.state), (ticket.version, &ticket.state), "{id}");
        assert_eq!(number == last || ticket.version == WHOLE, true, "{id} was left lying");
        let told = TOLD.iter().filter(|(seq, _)| *seq <= ticket.version);
        wanted.extend(told.map(|(seq, kind)| format!("{number}-{seq}-{kind}")));
    }
    assert!(wanted.len() > KILLS / 2, "too little happened: {}", wanted.len());

    for _ in 0..=wanted.len() {
        post.pass(noon(), &CancellationToken::new()).await.unwrap();
    }
    let text = std::fs::read_to_string(folder.path().join("messages.jsonl")).unwrap();
    let keys: Vec<String> = text
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .map(|line| line["key"].as_str().unwrap().to_owned())
        .collect();
    let sent: BTreeSet<String> = keys.iter().cloned().collect();
    assert_eq!(sent.len(), keys.len(), "seed {seed}: a message was written twice");
    assert_eq!(sent, wanted, "seed {seed}");

    let surveys = store.surveys(i64::MAX, i64::MAX).await.unwrap();
    let finished = (FIRST..=last).filter(|number| kept.get(number).copied() >= Some(7)).count();
    let ended = surveys.iter().filter(|row| row.outcome.is_some()).count();
    assert!(ended >= finished, "seed {seed}: {ended} callbacks of {finished}");
    let tickets: BTreeSet<i64> = surveys.iter().map(|row| row.ticket_id).collect();
    assert_eq!(tickets.len(), surveys.len(), "seed {seed}: a ticket is called back twice");
}
