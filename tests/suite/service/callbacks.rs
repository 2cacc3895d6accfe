//! Citizens are really called back: one service dials the telephones of `tests/data/callbacks-dialled.tsv` over a trunk,
//! several lines at a time, another one those of baresip; the store's outcome of each is judged.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};

use huiyin::desk::{Actor, Ticket, TicketEvent};
use huiyin::hotline::{Direction, Fact};
use huiyin::kernel::evidence::Source;
use huiyin::kernel::{CallId, Filled, Pii, Slot, SurveyId, TicketId, Wall};
use huiyin::media::wav;
use huiyin::store::Store;
use huiyin::survey::campaign::Origin;
use serde_json::Value;

use super::baresip::{self, Telephone};
use super::callee::{Callee, Voices, spoken};
use super::process::{LOOK_AGAIN, Service, alone, say};
use super::trunk::Trunk;
use super::wire::ready;

const TABLE: &str = include_str!("../../data/callbacks-dialled.tsv");
/// Each of them talks for ten seconds or so, the silent ones for a minute.
const DONE_S: u64 = 420;
const LINES: usize = 10;

struct Case {
    name: &'static str,
    steps: &'static str,
    outcome: &'static str,
    answers: &'static str,
}

fn cases() -> Vec<Case> {
    let rows = TABLE.lines().filter(|row| !row.starts_with('#') && !row.trim().is_empty());
    rows.map(|row| {
        let cells: Vec<&'static str> = row.split('\t').collect();
        let [name, steps, outcome, answers] = cells[..] else { panic!("four fields: {row}") };
        Case { name, steps, outcome, answers: answers.trim() }
    })
    .collect()
}

/// The mobile number of the citizen of the ticket after so many.
pub fn number(index: usize) -> String {
    format!("139{index:08}")
}

/// A closed ticket for each number, whose citizen is due a call.
async fn due(folder: &Path, numbers: usize) {
    kept(folder, numbers, true).await;
}

/// A ticket for each number, which waits for the desk; from 1 on.
pub async fn registered(folder: &Path, numbers: usize) {
    kept(folder, numbers, false).await;
}

async fn kept(folder: &Path, numbers: usize, closed: bool) {
    let data = folder.join("data");
    std::fs::create_dir_all(&data).unwrap();
    let store = Store::open(&data.join("huiyin.db")).await.unwrap();
    let at = Wall::from_ms(1_700_000_000_000);
    for index in 0..numbers {
        let id = index as u64 + 1;
        let filled =
            |value: String, source| Filled { value, code: None, evidence: Vec::new(), source };
        let fields = BTreeMap::from([
            (Slot::Number, filled(number(index), Source::Signalling)),
            (Slot::Category, filled("噪声问题".into(), Source::Staff)),
        ]);
        let (call, ticket) = (CallId(id), TicketId(id));
        let mut kept = Ticket::open(ticket, call, at);
        let direction = Direction::Inbound;
        let number = Some(Pii::new(number(index)));
        let mut facts = vec![Fact::CallStarted { call, direction, number, at }];
        let events = [
            (TicketEvent::Drafted { fields }, Actor::robot()),
            (TicketEvent::Registered, Actor::robot()),
            (TicketEvent::Closed { result: "已办结".into() }, Actor::desk("staff")),
        ];
        for (event, by) in events.into_iter().take(if closed { 3 } else { 2 }) {
            let entry = kept.apply(event, by, at).unwrap();
            facts.push(Fact::Ticket { ticket: kept.clone(), entry });
        }
        facts.push(Fact::CallEnded { call, outcome: "registered".into(), at });
        if closed {
            let (survey, origin) = (SurveyId(id), Origin::Closed);
            facts.push(Fact::SurveyDue { survey, ticket, origin, attempt: 1, due: at, at });
        }
        store.keep(&facts).await.unwrap();
    }
    store.close().await;
}

/// Every word that a telephone says, in the program's own voice.
async fn voices(cases: &[Case], folder: &Path) -> Voices {
    let mut voices = Voices::new();
    for words in cases.iter().flat_map(|case| spoken(case.steps)) {
        if !voices.contains_key(words) {
            let file = say(words, folder, "said.wav").await;
            voices.insert(words.to_owned(), Arc::new(wav::read(&file).unwrap()));
        }
    }
    voices
}

fn free() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], crate::wire_sip::free_port()))
}

fn settings(trunk: SocketAddr) -> String {
    format!(
        "[outbound]\nroute = \"sip:{{number}}@{trunk}\"\nring_s = 12\n\
         [callbacks]\nfrom = \"00:00\"\nto = \"24:00\"\nlines = {LINES}\nper_minute = 600\ndays = \"all\"\n"
    )
}

/// The last answer to each question, as the table writes it; words are not compared.
fn counted(survey: &Value) -> String {
    let mut last: BTreeMap<usize, String> = BTreeMap::new();
    for answer in survey["answers"].as_array().unwrap() {
        let question = answer["question"].as_str().unwrap();
        let order = ["solved", "satisfied", "reason", "reopen"].iter().position(|q| *q == question);
        last.insert(order.unwrap(), format!("{question}={}", answer["value"].as_str().unwrap()));
    }
    last.into_values().collect::<Vec<_>>().join(" ")
}

/// What is wrong with a callback; nothing if all is as it must be.
fn judge(case: &Case, survey: &Value) -> Option<String> {
    let attempts: Vec<&str> = survey["attempts"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|attempt| attempt["outcome"].as_str())
        .collect();
    let last = ["complete", "declined", "wrong_person", "to_person", "no_such_number"];
    let state = if last.contains(&case.outcome) { "ended" } else { "due" };
    let right = attempts == [case.outcome]
        && survey["outcome"] == case.outcome
        && survey["state"] == state
        && counted(survey) == case.answers;
    (!right).then(|| {
        format!(
            "{}:\n  expected {} {}\n  got {attempts:?} {}",
            case.name,
            case.outcome,
            case.answers,
            counted(survey)
        )
    })
}

fn all_over(surveys: &Value) -> bool {
    let rows = surveys["surveys"].as_array().unwrap();
    rows.iter().all(|row| row["attempts"].as_array().is_some_and(|made| !made.is_empty()))
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "75 telephones in real time, six minutes: both answers in one breath, and 停机 told while it rings, are not right yet"]
async fn every_telephone_that_is_called_back_comes_to_its_outcome() {
    let _alone = alone().await;
    if !ready() {
        return;
    }
    let cases = Arc::new(cases());
    assert!(cases.len() >= 60, "{} cases", cases.len());
    let folder = Arc::new(tempfile::tempdir().unwrap());
    due(folder.path(), cases.len()).await;
    let voices = voices(&cases, folder.path()).await;
    let callees: Arc<Mutex<Vec<Callee>>> = Arc::default();
    let (table, kept) = (cases.clone(), callees.clone());
    let mut known: HashMap<String, SocketAddr> = HashMap::new();
    let trunk = Trunk::start(Box::new(move |dialled: &str| {
        let index: usize = dialled.strip_prefix("139")?.parse().ok()?;
        let case = table.get(index)?;
        let at = *known.entry(dialled.to_owned()).or_insert_with(|| {
            let at = free();
            kept.lock().unwrap().push(Callee::start(case.steps, at, &voices));
            at
        });
        Some(at)
    }))
    .await;
    let service = Service::start_in(folder, &settings(trunk.at)).await;
    let surveys = service.until("surveys?limit=200", DONE_S, all_over).await;
    let rows: HashMap<i64, &Value> = surveys["surveys"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["id"].as_i64().unwrap(), row))
        .collect();
    let wrong: Vec<String> = cases
        .iter()
        .enumerate()
        .filter_map(|(index, case)| judge(case, rows[&(index as i64 + 1)]))
        .collect();
    service.calm();
    assert!(
        wrong.is_empty(),
        "{} of {} are not right:\n{}",
        wrong.len(),
        cases.len(),
        wrong.join("\n")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn baresip_is_called_back_and_answers_with_its_voice_with_keys_and_with_a_refusal() {
    let _alone = alone().await;
    if !baresip::installed() || !ready() {
        return;
    }
    let folder = Arc::new(tempfile::tempdir().unwrap());
    due(folder.path(), 3).await;
    let answering = ";answermode=auto;catchall=yes";
    let speaks = Telephone::of(&number(0), answering, "以后别再打了。").await;
    let mut presses = Telephone::of(&number(1), answering, "").await;
    let mut refuses = Telephone::of(&number(2), ";answermode=manual;catchall=yes", "").await;
    let at = [speaks.sip, presses.sip, refuses.sip];
    let trunk = Trunk::start(Box::new(move |dialled: &str| {
        let index: usize = dialled.strip_prefix("139")?.parse().ok()?;
        at.get(index).copied()
    }))
    .await;
    let service = Service::start_in(folder, &settings(trunk.at)).await;
    let survey = |surveys: &Value, id: i64| {
        let rows = surveys["surveys"].as_array().unwrap();
        rows.iter().find(|row| row["id"] == id).cloned().unwrap()
    };
    let answers = |surveys: &Value| survey(surveys, 2)["answers"].as_array().unwrap().len();
    service.until("surveys", 60, |all| survey(all, 2)["state"] == "calling").await;
    presses.order("sndcode", "1").await;
    service.until("surveys", 60, |all| answers(all) == 1).await;
    presses.order("sndcode", "2").await;
    while survey(&service.get("surveys").await, 3)["attempts"] == Value::Array(Vec::new()) {
        refuses.order("hangup", "").await;
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    let surveys = service.until("surveys", 120, all_over).await;
    let cases = [
        ("baresip speaks", "declined", ""),
        ("baresip presses", "complete", "solved=yes satisfied=satisfied"),
        ("baresip refuses", "line_busy", ""),
    ];
    let wrong = cases.into_iter().zip(1..).filter_map(|((name, outcome, answers), id)| {
        judge(&Case { name, steps: "", outcome, answers }, &survey(&surveys, id))
    });
    let wrong: Vec<String> = wrong.collect();
    service.calm();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
