//! The audit of survey records: the chain from its beginning, every row against its record, every answer against the words
//! or the key that gave it, and every sample drawn again.

use std::collections::BTreeMap;
use std::fmt;

use sqlx::SqliteConnection;

use super::records::{KINDS, Kind};
use super::{Store, StoreError};
use crate::kernel::TicketId;
use crate::survey::campaign::{ALGORITHM, Rate, draw, population_digest};
use crate::survey::chain::{Check, Digest, Head, Record};

/// Records read at once.
const PAGE: i64 = 10_000;

/// Something that is not as it was written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// The record concerned, where there is one.
    pub record: Option<u64>,
    pub problem: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.record {
            Some(seq) => write!(f, "record {seq}: {}", self.problem),
            None => f.write_str(&self.problem),
        }
    }
}

/// What an audit found.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Audit {
    /// The end of the chain as far as it is whole.
    pub head: Head,
    /// Records of each kind.
    pub records: BTreeMap<String, u64>,
    /// The first broken record comes first.
    pub findings: Vec<Finding>,
}

impl Audit {
    fn find(&mut self, record: Option<u64>, problem: impl Into<String>) {
        self.findings.push(Finding { record, problem: problem.into() });
    }
}

/// A record as its table holds it.
struct Held {
    seq: u64,
    survey: Option<i64>,
    body: String,
}

type Ledger = BTreeMap<(String, String), Held>;

impl Store {
    /// Audits all survey records. `published`: a head that was given out earlier.
    pub async fn audit_surveys(&self, published: Option<Head>) -> Result<Audit, StoreError> {
        let mut audit = Audit::default();
        // One state of the store, however long the audit takes.
        let mut db = self.readers.begin().await?;
        let ledger = chain(&mut db, published, &mut audit).await?;
        let mut held = ledger;
        for kind in KINDS {
            rows(&mut db, kind, &mut held, &mut audit).await?;
        }
        for ((kind, subject), held) in held {
            audit.find(Some(held.seq), format!("its row is gone: {kind} {subject}"));
        }
        for (sql, problem) in IMPOSSIBLE {
            let found: Vec<String> = sqlx::query_scalar(*sql).fetch_all(&mut *db).await?;
            for which in found {
                audit.find(None, format!("{which}: {problem}"));
            }
        }
        draws(&mut db, &mut audit).await?;
        db.rollback().await?;
        // The chain's own break stands first; then records in their order.
        audit.findings.sort_by_key(|finding| finding.record.unwrap_or(u64::MAX));
        Ok(audit)
    }
}

/// Follows the chain; gives back every record by its row.
async fn chain(
    db: &mut SqliteConnection,
    published: Option<Head>,
    audit: &mut Audit,
) -> Result<Ledger, StoreError> {
    let mut check = Some(Check::new(published));
    let mut ledger = Ledger::new();
    let mut after = i64::MIN;
    loop {
        let page: Vec<(i64, String, String, Option<i64>, String, String, String)> = sqlx::query_as(
            "SELECT seq, kind, subject, survey_id, body, prev, hash FROM survey_records
             WHERE seq > $1 ORDER BY seq LIMIT $2",
        )
        .bind(after)
        .bind(PAGE)
        .fetch_all(&mut *db)
        .await?;
        let Some((last, ..)) = page.last() else { break };
        after = *last;
        for (seq, kind, subject, survey, body, prev, hash) in page {
            let seq = seq.max(0) as u64;
            let hashes =
                prev.parse::<Digest>().and_then(|prev| Ok((prev, hash.parse::<Digest>()?)));
            let broken = match (&mut check, hashes) {
                (None, _) => None,
                (Some(_), Err(error)) => Some(error.to_string()),
                (Some(check), Ok((prev, hash))) => {
                    let (kind, subject, body) = (kind.clone(), subject.clone(), body.clone());
                    let record = Record { seq, kind, subject, body, prev, hash };
                    let passed = check.next(&record);
                    audit.head = if passed.is_ok() { record.head() } else { audit.head };
                    passed.err().map(|broken| broken.to_string())
                }
            };
            if let Some(problem) = broken {
                let first = audit.head.count + 1;
                audit.find(Some(first), format!("the chain is broken: {problem}"));
                check = None;
            }
            *audit.records.entry(kind.clone()).or_insert(0) += 1;
            let twice = ledger.insert((kind, subject), Held { seq, survey, body });
            if let Some(before) = twice {
                audit.find(Some(seq), format!("tells the row of record {} again", before.seq));
            }
        }
    }
    if let Some(Err(broken)) = check.map(Check::finish) {
        audit.find(Some(broken.seq()), format!("the chain is broken: {broken}"));
    }
    Ok(ledger)
}

/// Every row of a kind against its record, which is taken out of the ledger.
async fn rows(
    db: &mut SqliteConnection,
    kind: &Kind,
    held: &mut Ledger,
    audit: &mut Audit,
) -> Result<(), StoreError> {
    for told in kind.all(db).await? {
        let name = format!("{} {}", kind.key, told.subject);
        match held.remove(&(kind.key.to_owned(), told.subject)) {
            None => {
                audit.find(None, format!("{name}: there is no record of this row; it was inserted"))
            }
            Some(record) if record.body != told.body || record.survey != told.survey => {
                audit.find(
                    Some(record.seq),
                    format!(
                        "its row was altered: {name}: {}",
                        difference(&record.body, &told.body)
                    ),
                );
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// Names the fields that differ, and no words of citizens.
fn difference(was: &str, is: &str) -> String {
    let fields = |body: &str| -> BTreeMap<String, String> {
        let pairs = body.lines().filter_map(|line| line.split_once('='));
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    };
    let (was, is) = (fields(was), fields(is));
    let mut names: Vec<&str> = was.keys().chain(is.keys()).map(String::as_str).collect();
    names.sort_unstable();
    names.dedup();
    names.retain(|name| was.get(*name) != is.get(*name));
    if names.is_empty() { "its callback".to_owned() } else { names.join(", ") }
}

/// Queries that give what cannot be, and what is wrong with it.
const IMPOSSIBLE: &[(&str, &str)] = &[
    (
        "SELECT 'answer ' || survey_id || '/' || seq FROM survey_answers
         WHERE (words IS NULL) = (pressed IS NULL) ORDER BY survey_id, seq",
        "an answer is given by words or by a key, and by one of them",
    ),
    (
        "SELECT 'answer ' || a.survey_id || '/' || a.seq FROM survey_answers a
         LEFT JOIN turns t ON t.call_id = a.call_id AND t.idx = a.utterance AND t.speaker = 'caller'
         WHERE a.words IS NOT NULL AND (t.text IS NULL OR t.text <> a.words
           OR a.start_ms < t.start_ms OR a.end_ms > t.end_ms)
         ORDER BY a.survey_id, a.seq",
        "nobody said these words there",
    ),
    (
        "SELECT 'answer ' || a.survey_id || '/' || a.seq FROM survey_answers a
         WHERE a.pressed IS NOT NULL AND NOT EXISTS (SELECT 1 FROM pressed_keys k
           WHERE k.call_id = a.call_id AND k.at_ms = a.start_ms AND k.pressed = a.pressed)
         ORDER BY a.survey_id, a.seq",
        "nobody pressed this key there",
    ),
    (
        "SELECT 'answer ' || a.survey_id || '/' || a.seq FROM survey_answers a
         JOIN calls c ON c.id = a.call_id
         WHERE a.start_ms < 0 OR a.end_ms < a.start_ms OR c.direction <> 'callback'
           OR (c.ended_at IS NOT NULL AND a.end_ms > c.ended_at - c.started_at)
         ORDER BY a.survey_id, a.seq",
        "its position is not within its call",
    ),
    (
        "SELECT 'answer ' || a.survey_id || '/' || a.seq FROM survey_answers a
         WHERE NOT EXISTS (SELECT 1 FROM survey_dials d
           WHERE d.survey_id = a.survey_id AND (d.call_id = a.call_id OR d.call_id IS NULL))
         ORDER BY a.survey_id, a.seq",
        "no attempt of its callback made that call",
    ),
    (
        "SELECT 'verification ' || v.id FROM verifications v
         LEFT JOIN verification_steps s ON s.verification_id = v.id AND s.step = 'close'
         WHERE v.closed_at IS DISTINCT FROM s.at OR v.outcome IS DISTINCT FROM s.outcome
           OR v.result IS DISTINCT FROM s.result OR v.actor IS DISTINCT FROM s.actor
         ORDER BY v.id",
        "it does not stand as its steps left it",
    ),
    (
        "SELECT 'verification ' || v.id FROM verifications v
         WHERE v.unit IS DISTINCT FROM (SELECT s.unit FROM verification_steps s
           WHERE s.verification_id = v.id AND s.step = 'assign' ORDER BY s.seq DESC LIMIT 1)
         ORDER BY v.id",
        "it does not stand with the one that it was assigned to",
    ),
    (
        "SELECT 'callback ' || survey_id FROM verifications
         GROUP BY survey_id HAVING COUNT(*) > 1 ORDER BY survey_id",
        "one callback has one verification at most",
    ),
    (
        "SELECT 'callback ' || s.id FROM surveys s LEFT JOIN survey_ends e ON e.survey_id = s.id
         WHERE (s.state = 'ended') <> (e.survey_id IS NOT NULL)
           OR (s.state = 'ended' AND s.outcome IS DISTINCT FROM e.outcome)
         ORDER BY s.id",
        "it does not stand as it ended",
    ),
];

/// Draws every sample again.
async fn draws(db: &mut SqliteConnection, audit: &mut Audit) -> Result<(), StoreError> {
    let drawn: Vec<(i64, String, i64, String, i64, String, String)> = sqlx::query_as(
        "SELECT d.campaign_id, c.seed, c.rate, d.digest, d.chosen, d.chosen_digest, d.algorithm
         FROM campaign_draws d JOIN campaigns c ON c.id = d.campaign_id ORDER BY d.campaign_id",
    )
    .fetch_all(&mut *db)
    .await?;
    for (campaign, seed, rate, digest, chosen, chosen_digest, algorithm) in drawn {
        let members: Vec<(i64, Option<i64>)> = sqlx::query_as(
            "SELECT ticket_id, place FROM campaign_members WHERE campaign_id = $1
             ORDER BY place IS NULL, place, ticket_id",
        )
        .bind(campaign)
        .fetch_all(&mut *db)
        .await?;
        let ticket = |id: i64| TicketId(id.max(0) as u64);
        let kept: Vec<TicketId> = members
            .iter()
            .filter(|(_, place)| place.is_some())
            .map(|(id, _)| ticket(*id))
            .collect();
        let rate = u32::try_from(rate).ok().and_then(|rate| Rate::new(rate).ok());
        let again = rate.map(|rate| draw(&seed, rate, members.iter().map(|(id, _)| ticket(*id))));
        let problem = match again {
            _ if algorithm != ALGORITHM => "it was drawn by a rule that this version does not know",
            None => "its rate is none",
            Some(again) if again.digest.to_string() != digest => {
                "its population is not the one it was drawn from"
            }
            Some(again) if again.chosen != kept => {
                "its seed does not give those who stand as chosen"
            }
            Some(again)
                if again.chosen.len() as i64 != chosen
                    || population_digest(&again.chosen).to_string() != chosen_digest =>
            {
                "its seed does not give those who were chosen"
            }
            Some(_) => continue,
        };
        audit.find(None, format!("campaign {campaign}: {problem}"));
    }
    Ok(())
}
