//! The record of callbacks in a store: what is altered, removed, inserted or exchanged there is found, and a restart takes up
//! what there is.

use std::collections::BTreeMap;
use std::path::Path;

use huiyin::desk::{Actor, Ticket, TicketEvent};
use huiyin::hotline::{Direction, Fact};
use huiyin::kernel::evidence::Source;
use huiyin::kernel::{CallId, CampaignId, Filled, Pii, Slot, SurveyId, TicketId, VerificationId};
use huiyin::store::{Audit, Store};
use huiyin::survey::campaign::{Origin, Plan, Rate, Stratum, draw};
use huiyin::survey::chain::Head;
use huiyin::survey::verify::{Outcome, Stage};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};

use crate::console::house::{NUMBER, TICKET, aftermath, complaint, noon};

pub struct Kept {
    pub store: Store,
    pub folder: tempfile::TempDir,
}

impl Kept {
    fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("huiyin.db")
    }

    /// What somebody with the file and a tool does.
    pub async fn tamper(&self, sql: &'static str) {
        for statement in sql.split(";;") {
            raw(&self.path(), statement).await;
        }
    }

    async fn audit(&self, published: Option<Head>) -> Audit {
        self.store.audit_surveys(published).await.unwrap()
    }
}

async fn raw(path: &Path, sql: &'static str) {
    let options = SqliteConnectOptions::new().filename(path).foreign_keys(false);
    let pool = SqlitePool::connect_with(options).await.unwrap();
    let done = sqlx::query(sql).execute(&pool).await.unwrap();
    assert!(done.rows_affected() > 0, "{sql} changes nothing");
    pool.close().await;
}

/// A complaint with its unhappy callback, a sample, somebody who is not called, a verification that is closed.
pub async fn kept() -> Kept {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("huiyin.db")).await.unwrap();
    store.keep(&complaint()).await.unwrap();
    store.keep(&aftermath()).await.unwrap();
    let at = noon().plus_ms(120_000);
    let campaign = huiyin::kernel::CampaignId(1);
    let rate = Rate::new(5_000).unwrap();
    let plan = Plan {
        name: "十一月在办件".into(),
        stratum: Stratum::Running,
        rate,
        seed: "2026134".into(),
        draw_at: at.plus_ms(1_000),
        by: "陈主任".into(),
    };
    let closed = Fact::VerificationClosed {
        verification: VerificationId(1),
        outcome: Outcome::Overturned,
        result: "现场测量未超标".into(),
        by: "赵".into(),
        at,
    };
    let facts = [
        Fact::CampaignAnnounced { campaign, plan, at },
        Fact::CampaignDrawn { campaign, draw: draw("2026134", rate, [TicketId(TICKET)]), at },
        Fact::DoNotCall {
            number: Pii::new(NUMBER.into()),
            on: true,
            survey: Some(SurveyId(1)),
            why: "别再打".into(),
            by: "citizen".into(),
            at,
        },
        closed,
    ];
    store.keep(&facts).await.unwrap();
    Kept { store, folder }
}

#[tokio::test]
async fn what_was_kept_is_whole() {
    let kept = kept().await;
    let audit = kept.audit(None).await;
    assert_eq!(audit.findings, []);
    let kinds: Vec<(&str, u64)> = audit.records.iter().map(|(k, n)| (k.as_str(), *n)).collect();
    let wanted = [
        ("answer", 2),
        ("attempt", 1),
        ("campaign", 1),
        ("dial", 1),
        ("do_not_call", 1),
        ("draw", 1),
        ("end", 1),
        ("step", 2),
        ("verification", 1),
    ];
    assert_eq!(kinds, wanted);
    assert_eq!(audit.head.count, 11);
    assert_eq!(audit.head, kept.store.survey_head().await.unwrap());
    assert_eq!(kept.audit(Some(audit.head)).await.findings, []);
    // Opened again, to write and to read alone, it is the same.
    let again = Store::open(&kept.path()).await.unwrap();
    assert_eq!(again.survey_head().await.unwrap(), audit.head);
    let reader = Store::look(&kept.path()).await.unwrap();
    assert_eq!(reader.audit_surveys(None).await.unwrap(), audit);
    let missing = Store::look(&kept.folder.path().join("none.db")).await;
    assert!(missing.is_err(), "a reader makes no file");
}

/// What is done, and what of it the audit says.
const CHANGES: &[(&str, &str)] = &[
    ("UPDATE survey_answers SET value = 'satisfied' WHERE question = 'satisfied'", "altered: answer 1/2: value"),
    ("UPDATE survey_answers SET confirmed = 1 WHERE seq = 1", "altered: answer 1/1: confirmed"),
    ("UPDATE survey_answers SET end_ms = 700000 WHERE seq = 2", "altered: answer 1/2: end_ms"),
    ("DELETE FROM survey_answers WHERE seq = 2", "its row is gone: answer 1/2"),
    (
        "INSERT INTO survey_answers SELECT survey_id, 3, call_id, question, 'satisfied', words, pressed,
         utterance, start_ms, end_ms, confidence, confirmed, at FROM survey_answers WHERE seq = 2",
        "answer 1/3: there is no record of this row",
    ),
    (
        "UPDATE survey_answers SET seq = 9 WHERE seq = 1;;UPDATE survey_answers SET seq = 1 WHERE seq = 2;;
         UPDATE survey_answers SET seq = 2 WHERE seq = 9",
        "altered: answer 1/1",
    ),
    ("UPDATE survey_attempts SET outcome = 'busy'", "altered: attempt 1/1: outcome"),
    ("DELETE FROM survey_attempts", "its row is gone: attempt 1/1"),
    ("DELETE FROM survey_dials", "its row is gone: dial 1/1"),
    ("UPDATE survey_dials SET at = at - 1", "altered: dial 1/1: at"),
    ("UPDATE survey_ends SET outcome = 'declined'", "altered: end 1: outcome"),
    ("UPDATE surveys SET outcome = 'declined'", "callback 1: it does not stand as it ended"),
    ("UPDATE verifications SET reason = 'unsolved'", "altered: verification 1: reason"),
    ("UPDATE verifications SET outcome = 'confirmed'", "verification 1: it does not stand as its steps"),
    ("UPDATE verifications SET unit = '督查科'", "verification 1: it does not stand with"),
    ("UPDATE verification_steps SET result = 'x' WHERE step = 'close'", "altered: step 1/2: result"),
    ("DELETE FROM verification_steps WHERE step = 'close'", "its row is gone: step 1/2"),
    ("DELETE FROM do_not_call", "its row is gone: do_not_call 1"),
    ("UPDATE do_not_call SET active = 0", "altered: do_not_call 1: active"),
    ("UPDATE campaigns SET seed = '2026135'", "altered: campaign 1: seed"),
    ("UPDATE campaign_draws SET population = 7", "altered: draw 1: population"),
    ("UPDATE campaign_members SET place = NULL", "campaign 1: its seed does not give those who stand"),
    ("DELETE FROM campaign_members", "campaign 1: its population is not the one"),
    ("UPDATE turns SET text = '很满意' WHERE call_id = 2", "answer 1/2: nobody said these words there"),
    ("DELETE FROM pressed_keys", "answer 1/1: nobody pressed this key there"),
    ("UPDATE survey_records SET body = body || 'x' WHERE seq = 4", "record 4 was altered"),
    ("UPDATE survey_records SET hash = prev WHERE seq = 4", "record 4 was altered"),
    ("UPDATE survey_records SET prev = hash WHERE seq = 4", "record 4 does not continue"),
    ("UPDATE survey_records SET hash = 'x' WHERE seq = 4", "\"x\" is no SHA-256"),
    ("UPDATE survey_records SET survey_id = 2 WHERE seq = 1", "altered: dial 1/1: its callback"),
    ("DELETE FROM survey_records WHERE seq = 4", "record 4 is expected and record 5 follows"),
    (
        "DELETE FROM survey_records WHERE seq = 4;;UPDATE survey_records SET seq = seq - 1 WHERE seq = 5",
        "record 4 does not continue",
    ),
    (
        "UPDATE survey_records SET seq = 100 WHERE seq = 3;;UPDATE survey_records SET seq = 3 WHERE seq = 4;;
         UPDATE survey_records SET seq = 4 WHERE seq = 100",
        "record 3 does not continue",
    ),
    (
        "INSERT INTO survey_records SELECT 12, kind, '1/3', survey_id, body, prev, hash FROM survey_records
         WHERE seq = 11",
        "record 12 does not continue",
    ),
];

#[tokio::test]
async fn whatever_is_changed_is_found() {
    for (sql, told) in CHANGES {
        let kept = kept().await;
        kept.tamper(sql).await;
        let audit = kept.audit(None).await;
        let found: Vec<String> = audit.findings.iter().map(ToString::to_string).collect();
        assert!(found.iter().any(|line| line.contains(told)), "{sql}: {found:#?}");
    }
}

#[tokio::test]
async fn an_end_that_was_cut_off_shows_by_the_published_head() {
    let kept = kept().await;
    let head = kept.store.survey_head().await.unwrap();
    kept.tamper("DELETE FROM survey_records WHERE seq > 9;;DELETE FROM do_not_call;;DELETE FROM verification_steps WHERE seq = 2").await;
    kept.tamper(
        "UPDATE verifications SET closed_at = NULL, outcome = NULL, result = NULL, actor = NULL",
    )
    .await;
    assert_eq!(kept.audit(None).await.findings, [], "nothing but the head shows it");
    let audit = kept.audit(Some(head)).await;
    let [first, ..] = audit.findings.as_slice() else { panic!("{audit:?}") };
    assert_eq!(first.record, Some(10));
    assert!(first.problem.contains("cut off"), "{first}");
}

#[tokio::test]
async fn a_store_from_before_the_chain_is_taken_onto_it() {
    let kept = kept().await;
    kept.tamper("DELETE FROM survey_records").await;
    assert!(!kept.audit(None).await.findings.is_empty());
    let again = Store::open(&kept.path()).await.unwrap();
    let audit = again.audit_surveys(None).await.unwrap();
    assert_eq!((audit.findings.as_slice(), audit.head.count), ([].as_slice(), 11));
}

#[tokio::test]
async fn a_restart_knows_whom_not_to_call_and_what_is_open() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("huiyin.db");
    let store = Store::open(&path).await.unwrap();
    store.keep(&complaint()).await.unwrap();
    let mut facts = aftermath();
    // Killed after the grade and the opening of the verification.
    let over = facts.iter().position(|fact| matches!(fact, Fact::SurveyEnded { .. })).unwrap();
    facts.truncate(over);
    store.keep(&facts).await.unwrap();
    let quiet = |on| Fact::DoNotCall {
        number: Pii::new(NUMBER.into()),
        on,
        survey: None,
        why: "x".into(),
        by: "x".into(),
        at: noon(),
    };
    store.keep(&[quiet(true)]).await.unwrap();
    store.mark_interrupted(noon().plus_ms(90_000)).await.unwrap();
    let restored = store.restore().await.unwrap();
    let [pending] = restored.surveys.as_slice() else { panic!("{:?}", restored.surveys) };
    assert!(pending.graded && pending.verified && pending.origin == Origin::Closed);
    assert_eq!(pending.attempts.len(), 1, "the attempt under way counts");
    let left = restored.callbacks;
    assert_eq!(left.do_not_call, [Pii::new(NUMBER.to_owned())]);
    let [open] = left.verifications.as_slice() else { panic!("{left:?}") };
    assert_eq!(open.stage, Stage::Assigned { unit: "回访核实组".into() });
    assert!(open.due.is_some());
    let surveys = store.surveys(i64::MAX, 10).await.unwrap();
    assert_eq!(surveys[0].attempts[0].outcome, "interrupted");
    assert_eq!(store.audit_surveys(None).await.unwrap().findings, []);
    store.keep(&[quiet(false)]).await.unwrap();
    assert_eq!(store.restore().await.unwrap().callbacks.do_not_call, []);
}

/// A ticket of this number and category, with what has happened to it.
fn case(id: u64, number: &str, category: &str, events: &[TicketEvent]) -> Vec<Fact> {
    let (at, call) = (noon(), CallId(id));
    let filled = |value: &str| Filled {
        value: value.into(),
        code: None,
        evidence: Vec::new(),
        source: Source::Signalling,
    };
    let mut fields = BTreeMap::from([(Slot::Category, filled(category))]);
    if !number.is_empty() {
        fields.insert(Slot::Number, filled(number));
    }
    let mut ticket = Ticket::open(TicketId(id), call, at);
    let direction = Direction::Inbound;
    let mut facts = vec![Fact::CallStarted { call, direction, number: None, at }];
    for event in std::iter::once(&TicketEvent::Drafted { fields }).chain(events) {
        let by = match event {
            TicketEvent::Closed { .. } | TicketEvent::Merged { .. } => Actor::desk("李"),
            _ => Actor::robot(),
        };
        let entry = ticket.apply(event.clone(), by, at).unwrap();
        facts.push(Fact::Ticket { ticket: ticket.clone(), entry });
    }
    facts
}

#[tokio::test]
async fn a_population_is_who_may_be_drawn_now() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("huiyin.db")).await.unwrap();
    let registered = [TicketEvent::Registered];
    let closed = [TicketEvent::Registered, TicketEvent::Closed { result: "办结".into() }];
    let linked = [
        TicketEvent::Registered,
        TicketEvent::Merged { into: TicketId(1), why: "同一事项".into() },
        TicketEvent::Closed { result: "办结".into() },
    ];
    let survey = |survey, ticket| Fact::SurveyDue {
        survey: SurveyId(survey),
        ticket: TicketId(ticket),
        origin: Origin::Closed,
        attempt: 1,
        due: noon(),
        at: noon(),
    };
    let mut facts = Vec::new();
    for (id, number, category, events) in [
        (1, "13800000001", "噪声", closed.as_slice()),
        // Another matter, another citizen, the same again.
        (2, "13800000001", "路灯", &closed),
        (3, "13800000002", "噪声", &closed),
        (4, "13800000001", "噪声", &closed),
        // The same again, but somebody is about to be called.
        (5, "13800000001", "噪声", &closed),
        (6, "13800000003", "噪声", &registered),
        (7, "13800000001", "噪声", &registered),
        // Nobody can be called; still being told; about to be called.
        (8, "", "噪声", &registered),
        (9, "13800000004", "噪声", &[]),
        (10, "13800000005", "噪声", &registered),
        // Linked to the first by staff: the same citizen's, and another's.
        (11, "13800000001", "井盖", &linked),
        (12, "13800000006", "井盖", &linked),
    ] {
        facts.extend(case(id, number, category, events));
    }
    facts.extend([survey(1, 5), survey(2, 10)]);
    store.keep(&facts).await.unwrap();
    let numbers = async |stratum| -> Vec<u64> {
        store.population(stratum).await.unwrap().iter().map(|ticket| ticket.0).collect()
    };
    assert_eq!(numbers(Stratum::Running).await, [6, 7]);
    assert_eq!(numbers(Stratum::Repeat).await, [4, 11]);
    let (campaign, rate, at) = (CampaignId(1), Rate::new(10_000).unwrap(), noon());
    let plan = Plan {
        name: "重复件".into(),
        stratum: Stratum::Repeat,
        rate,
        seed: "1".into(),
        draw_at: at,
        by: "x".into(),
    };
    let drawn = draw("1", rate, [TicketId(4), TicketId(11)]);
    let chosen = drawn.chosen.clone();
    let announced = Fact::CampaignAnnounced { campaign, plan, at };
    store.keep(&[announced]).await.unwrap();
    let left = store.restore().await.unwrap().callbacks;
    assert_eq!((left.announced.len(), left.next_campaign), (1, 2));
    store.keep(&[Fact::CampaignDrawn { campaign, draw: drawn, at }]).await.unwrap();
    assert_eq!(numbers(Stratum::Repeat).await, Vec::<u64>::new(), "nobody is drawn from twice");
    // Killed between the draw and the planning.
    let left = store.restore().await.unwrap().callbacks;
    let wanted: Vec<_> = chosen.into_iter().map(|ticket| (campaign, ticket)).collect();
    assert_eq!((left.announced.len(), left.unplanned), (0, wanted));
}
