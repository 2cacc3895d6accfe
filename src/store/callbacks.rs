//! What pages, commands and a restart need to know of callbacks.

use std::collections::BTreeMap;

use serde::Serialize;
use sqlx::FromRow;

use super::records::KINDS;
use super::{AnswerRow, AttemptRow, Store, StoreError};
use crate::hotline::{CallbacksLeft, PendingSurvey};
use crate::kernel::{CampaignId, Pii, SurveyId, TicketId, VerificationId, Wall};
use crate::survey::VerifyReason;
use crate::survey::campaign::{Origin, Plan, Rate, Stratum};
use crate::survey::chain::{Digest, Record};
use crate::survey::verify::{Stage, Verification};

/// A sample, and what has come of it. Times are Unix milliseconds.
#[derive(Clone, Debug, FromRow, Serialize)]
pub struct CampaignRow {
    pub id: i64,
    pub name: String,
    /// `running` or `repeat`.
    pub stratum: String,
    /// In hundredths of a percent.
    pub rate: i64,
    pub seed: String,
    pub draw_at: i64,
    pub actor: String,
    pub at: i64,
    /// The rule of the draw; none before it.
    pub algorithm: Option<String>,
    pub population: Option<i64>,
    /// SHA-256 of the population's numbers, ascending, one a line.
    pub digest: Option<String>,
    pub chosen: Option<i64>,
    pub drawn_at: Option<i64>,
    /// Callbacks of the sample that are over.
    pub ended: i64,
    /// Of these, those that gave a grade, and those that were satisfied by it.
    pub graded: i64,
    pub satisfied: i64,
    /// Those that said whether it is solved, and those that said it is.
    pub answered: i64,
    pub solved: i64,
    /// How those ended that were over: outcome and how many.
    #[sqlx(skip)]
    pub outcomes: BTreeMap<String, i64>,
}

/// One of a sample's population.
#[derive(Clone, Debug, FromRow, Serialize)]
pub struct MemberRow {
    pub ticket_id: i64,
    /// Of a chosen one, from 1.
    pub place: Option<i64>,
    pub survey_id: Option<i64>,
    pub state: Option<String>,
    pub outcome: Option<String>,
}

/// What a draw is made again from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Drawn {
    pub name: String,
    pub seed: String,
    pub rate: Rate,
    pub digest: String,
    pub population: Vec<TicketId>,
    /// In the order of their places.
    pub chosen: Vec<TicketId>,
}

/// A callback as it is reviewed.
#[derive(Clone, Debug, FromRow, Serialize)]
pub struct ReviewRow {
    pub id: i64,
    pub ticket_id: i64,
    pub state: String,
    pub outcome: Option<String>,
    pub due_at: i64,
    pub changed_at: i64,
    /// `closed`, `campaign` or `hand`.
    pub origin: String,
    pub campaign_id: Option<i64>,
    pub call_id: Option<i64>,
    /// The code of the unit that handled the case.
    pub unit: Option<String>,
    /// The grade that counts.
    pub grade: Option<String>,
    pub verification_id: Option<i64>,
    pub verification_reason: Option<String>,
    pub verification_unit: Option<String>,
    pub verification_due_at: Option<i64>,
    pub verification_outcome: Option<String>,
    pub verification_result: Option<String>,
    pub verification_actor: Option<String>,
    pub verification_closed_at: Option<i64>,
    #[sqlx(skip)]
    pub answers: Vec<AnswerRow>,
    #[sqlx(skip)]
    pub attempts: Vec<AttemptRow>,
    /// Records of it on the chain, and whether rows and records agree.
    #[sqlx(skip)]
    pub records: i64,
    #[sqlx(skip)]
    pub whole: bool,
}

/// Which callbacks are shown; everything is optional.
#[derive(Clone, Debug, Default)]
pub struct Which {
    pub outcome: Option<String>,
    pub grade: Option<String>,
    pub origin: Option<String>,
    /// `none`, `open` or `closed`.
    pub verification: Option<String>,
    pub ticket: Option<i64>,
    pub campaign: Option<i64>,
    /// The newest before this id.
    pub before: i64,
    pub limit: i64,
}

/// Callbacks that are over alone; of an answer that was changed the last counts.
fn campaigns_sql() -> String {
    let told = |question: &str, values: &str| {
        format!(
            "(SELECT COUNT(*) FROM surveys s JOIN survey_answers a ON a.survey_id = s.id AND a.question = '{question}'
               AND a.seq = (SELECT MAX(x.seq) FROM survey_answers x
                 WHERE x.survey_id = s.id AND x.question = '{question}')
               WHERE s.campaign_id = c.id AND s.state = 'ended'{values})"
        )
    };
    let satisfied = crate::insight::SATISFIED.map(|grade| format!("'{grade}'")).join(", ");
    format!(
        "SELECT c.id, c.name, c.stratum, c.rate, c.seed, c.draw_at, c.actor, c.at,
         d.algorithm, d.population, d.digest, d.chosen, d.at AS drawn_at,
         (SELECT COUNT(*) FROM surveys s WHERE s.campaign_id = c.id AND s.state = 'ended') AS ended,
         {} AS graded, {} AS satisfied, {} AS answered, {} AS solved
         FROM campaigns c LEFT JOIN campaign_draws d ON d.campaign_id = c.id",
        told("satisfied", ""),
        told("satisfied", &format!(" AND a.value IN ({satisfied})")),
        told("solved", ""),
        told("solved", " AND a.value = 'yes'"),
    )
}

const REVIEW: &str = "SELECT s.id, s.ticket_id, s.state, s.outcome, s.due_at, s.changed_at, s.origin,
     s.campaign_id, s.call_id, t.unit, g.value AS grade, v.id AS verification_id,
     v.reason AS verification_reason, v.unit AS verification_unit, v.due_at AS verification_due_at,
     v.outcome AS verification_outcome, v.result AS verification_result,
     v.actor AS verification_actor, v.closed_at AS verification_closed_at
     FROM surveys s JOIN tickets t ON t.id = s.ticket_id
     LEFT JOIN verifications v ON v.survey_id = s.id
     LEFT JOIN survey_answers g ON g.survey_id = s.id AND g.seq =
       (SELECT MAX(x.seq) FROM survey_answers x WHERE x.survey_id = s.id AND x.question = 'satisfied')";

impl Store {
    /// The newest samples first.
    pub async fn campaigns(&self, limit: i64) -> Result<Vec<CampaignRow>, StoreError> {
        let sql = format!("{} ORDER BY c.id DESC LIMIT $1", campaigns_sql());
        let query = sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(limit);
        let mut rows: Vec<CampaignRow> = query.fetch_all(&self.readers).await?;
        for row in &mut rows {
            row.outcomes = self.campaign_outcomes(row.id).await?;
        }
        Ok(rows)
    }

    pub async fn campaign(&self, id: CampaignId) -> Result<Option<CampaignRow>, StoreError> {
        let sql = format!("{} WHERE c.id = $1", campaigns_sql());
        let query = sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(id.0 as i64);
        let mut row: Option<CampaignRow> = query.fetch_optional(&self.readers).await?;
        if let Some(row) = &mut row {
            row.outcomes = self.campaign_outcomes(row.id).await?;
        }
        Ok(row)
    }

    async fn campaign_outcomes(&self, id: i64) -> Result<BTreeMap<String, i64>, StoreError> {
        let rows: Vec<(String, i64)> = sqlx::query_as(
            "SELECT COALESCE(outcome, 'ended'), COUNT(*) FROM surveys
             WHERE campaign_id = $1 AND state = 'ended' GROUP BY outcome",
        )
        .bind(id)
        .fetch_all(&self.readers)
        .await?;
        Ok(rows.into_iter().collect())
    }

    /// The population of a drawn sample, the chosen ones first, in their places.
    pub async fn campaign_members(&self, id: CampaignId) -> Result<Vec<MemberRow>, StoreError> {
        let query = sqlx::query_as(
            "SELECT m.ticket_id, m.place, s.id AS survey_id, s.state, s.outcome
             FROM campaign_members m
             LEFT JOIN surveys s ON s.campaign_id = m.campaign_id AND s.ticket_id = m.ticket_id
             WHERE m.campaign_id = $1 ORDER BY m.place IS NULL, m.place, m.ticket_id",
        );
        Ok(query.bind(id.0 as i64).fetch_all(&self.readers).await?)
    }

    /// What this sample is drawn again from; `None` where it was not drawn.
    pub async fn drawn(&self, id: CampaignId) -> Result<Option<Drawn>, StoreError> {
        let Some(row) = self.campaign(id).await? else { return Ok(None) };
        let Some(digest) = row.digest else { return Ok(None) };
        let members = self.campaign_members(id).await?;
        let ticket = |row: &MemberRow| TicketId(row.ticket_id.max(0) as u64);
        Ok(Some(Drawn {
            name: row.name,
            seed: row.seed,
            rate: rate_of(row.rate)?,
            digest,
            population: members.iter().map(ticket).collect(),
            chosen: members.iter().filter(|row| row.place.is_some()).map(ticket).collect(),
        }))
    }

    /// The cases that a sample is drawn from now: with a number, and nobody is about to be called about them. Running ones
    /// are registered and not closed. Repeats are closed, were not called back, were in no such sample before, and the same
    /// number had another case of the category closed, or told the one that staff merged them into.
    pub async fn population(&self, stratum: Stratum) -> Result<Vec<TicketId>, StoreError> {
        let which = match stratum {
            Stratum::Running => {
                "t.state NOT IN ('draft', 'interrupted', 'closed', 'called_back', 'archived', 'told', 'merged')"
            }
            Stratum::Repeat => {
                "t.state = 'closed' AND NOT EXISTS (SELECT 1 FROM campaign_members m
                   JOIN campaigns c ON c.id = m.campaign_id
                   WHERE m.ticket_id = t.id AND c.stratum = 'repeat')
                 AND (EXISTS (SELECT 1 FROM ticket_fields p
                     WHERE p.ticket_id = t.part_of AND p.slot = 'number' AND p.value = n.value)
                   OR EXISTS (SELECT 1 FROM ticket_fields k
                   JOIN ticket_fields b ON b.slot = 'number' AND b.value = n.value AND b.ticket_id < t.id
                   JOIN ticket_fields l ON l.ticket_id = b.ticket_id AND l.slot = 'category'
                     AND COALESCE(l.code, l.value) = COALESCE(k.code, k.value)
                   JOIN tickets e ON e.id = b.ticket_id AND e.state IN ('closed', 'called_back', 'archived')
                   WHERE k.ticket_id = t.id AND k.slot = 'category'))"
            }
        };
        let sql = format!(
            "SELECT t.id FROM tickets t JOIN ticket_fields n ON n.ticket_id = t.id AND n.slot = 'number'
             WHERE {which} AND NOT EXISTS (SELECT 1 FROM surveys s
               WHERE s.ticket_id = t.id AND s.state <> 'ended') ORDER BY t.id"
        );
        let ids: Vec<i64> =
            sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_all(&self.readers).await?;
        Ok(ids.into_iter().map(|id| TicketId(id.max(0) as u64)).collect())
    }

    /// Callbacks to be reviewed, the newest first.
    pub async fn review(&self, which: &Which) -> Result<Vec<ReviewRow>, StoreError> {
        let sql = format!(
            "{REVIEW} WHERE s.id < $1 AND ($2 IS NULL OR s.outcome = $2) AND ($3 IS NULL OR g.value = $3)
             AND ($4 IS NULL OR s.origin = $4) AND ($5 IS NULL OR s.ticket_id = $5)
             AND ($6 IS NULL OR s.campaign_id = $6)
             AND ($7 IS NULL OR ($7 = 'none' AND v.id IS NULL)
               OR ($7 = 'open' AND v.id IS NOT NULL AND v.closed_at IS NULL)
               OR ($7 = 'closed' AND v.closed_at IS NOT NULL))
             ORDER BY s.id DESC LIMIT $8"
        );
        let mut rows: Vec<ReviewRow> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
            .bind(which.before)
            .bind(which.outcome.as_deref())
            .bind(which.grade.as_deref())
            .bind(which.origin.as_deref())
            .bind(which.ticket)
            .bind(which.campaign)
            .bind(which.verification.as_deref())
            .bind(which.limit)
            .fetch_all(&self.readers)
            .await?;
        for row in &mut rows {
            row.answers = self.survey_answers(row.id).await?;
            row.attempts = self.survey_attempts(row.id).await?;
            (row.records, row.whole) = self.survey_is_whole(row.id).await?;
        }
        Ok(rows)
    }

    /// How many records a callback has on the chain, and whether each gives its own hash and tells its row.
    async fn survey_is_whole(&self, survey: i64) -> Result<(i64, bool), StoreError> {
        let mut db = self.readers.acquire().await?;
        let records: Vec<(i64, String, String, String, String, String)> = sqlx::query_as(
            "SELECT seq, kind, subject, body, prev, hash FROM survey_records
             WHERE survey_id = $1 ORDER BY seq",
        )
        .bind(survey)
        .fetch_all(&mut *db)
        .await?;
        let count = records.len() as i64;
        let mut told = BTreeMap::new();
        let mut whole = true;
        for (seq, kind, subject, body, prev, hash) in records {
            let hashes =
                prev.parse::<Digest>().and_then(|prev| Ok((prev, hash.parse::<Digest>()?)));
            let own = hashes.is_ok_and(|(prev, hash)| {
                let (kind, subject, body) = (kind.clone(), subject.clone(), body.clone());
                let seq = seq.max(0) as u64;
                Record { seq, kind, subject, body, prev, hash }.sum() == hash
            });
            whole &= own && told.insert((kind, subject), body).is_none();
        }
        for kind in KINDS {
            for row in kind.of_survey(&mut db, survey).await? {
                let record = told.remove(&(kind.key.to_owned(), row.subject));
                whole &= record.is_some_and(|body| body == row.body);
            }
        }
        Ok((count, whole && told.is_empty()))
    }

    pub(super) async fn pending_surveys(&self) -> Result<Vec<PendingSurvey>, StoreError> {
        type Row = (i64, i64, i64, String, Option<i64>, Option<String>, Option<String>, bool);
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT s.id, s.ticket_id, s.due_at, s.origin, s.campaign_id,
             (SELECT a.value FROM survey_answers a WHERE a.survey_id = s.id
               AND a.question = 'satisfied' ORDER BY a.seq DESC LIMIT 1),
             (SELECT a.value FROM survey_answers a WHERE a.survey_id = s.id
               AND a.question = 'solved' ORDER BY a.seq DESC LIMIT 1),
             EXISTS (SELECT 1 FROM verifications v WHERE v.survey_id = s.id)
             FROM surveys s WHERE s.state <> 'ended' ORDER BY s.id",
        )
        .fetch_all(&self.readers)
        .await?;
        let mut attempts: BTreeMap<i64, Vec<Wall>> = BTreeMap::new();
        let made: Vec<(i64, i64)> = sqlx::query_as(
            "SELECT d.survey_id, d.at FROM survey_dials d JOIN surveys s ON s.id = d.survey_id
             WHERE s.state <> 'ended' ORDER BY d.survey_id, d.attempt",
        )
        .fetch_all(&self.readers)
        .await?;
        for (survey, at) in made {
            attempts.entry(survey).or_default().push(Wall::from_ms(at));
        }
        let mut pending = Vec::new();
        for (id, ticket, due, origin, campaign, grade, solved, verified) in rows {
            let unhappy = |grade: &str| grade.ends_with("dissatisfied");
            pending.push(PendingSurvey {
                survey: SurveyId(id as u64),
                ticket: TicketId(ticket as u64),
                origin: origin_of(&origin, campaign)?,
                graded: grade.is_some(),
                dispute: match (grade.as_deref(), solved.as_deref()) {
                    (Some(grade), _) if unhappy(grade) => Some(VerifyReason::Unhappy),
                    (_, Some("no")) => Some(VerifyReason::Unsolved),
                    _ => None,
                },
                verified,
                attempts: attempts.remove(&id).unwrap_or_default(),
                due: Wall::from_ms(due),
            });
        }
        Ok(pending)
    }

    /// What callbacks must know after a restart.
    pub(super) async fn callbacks_left(&self) -> Result<CallbacksLeft, StoreError> {
        let next: Option<i64> =
            sqlx::query_scalar("SELECT MAX(id) FROM campaigns").fetch_one(&self.readers).await?;
        let quiet: Vec<String> = sqlx::query_scalar(
            "SELECT d.number FROM do_not_call d WHERE d.active <> 0 AND d.seq =
             (SELECT MAX(x.seq) FROM do_not_call x WHERE x.number = d.number) ORDER BY d.number",
        )
        .fetch_all(&self.readers)
        .await?;
        let dialled: Vec<(String, i64)> = sqlx::query_as(
            "SELECT c.number, c.started_at FROM calls c WHERE c.direction = 'callback' AND c.number IS NOT NULL
             AND c.started_at >= (SELECT MAX(started_at) FROM calls) - 2 * 86400000
             ORDER BY c.id",
        )
        .fetch_all(&self.readers)
        .await?;
        let first_cases: Vec<(String, String, i64)> = sqlx::query_as(
            "SELECT COALESCE(n.code, n.value), COALESCE(c.code, c.value), MIN(t.id) FROM tickets t
             JOIN ticket_fields n ON n.ticket_id = t.id AND n.slot = 'number'
             JOIN ticket_fields c ON c.ticket_id = t.id AND c.slot = 'category'
             WHERE t.state IN ('closed', 'called_back', 'archived')
             AND t.opened_at >= (SELECT MAX(opened_at) FROM tickets) - 90 * 86400000 GROUP BY 1, 2",
        )
        .fetch_all(&self.readers)
        .await?;
        let unplanned: Vec<(i64, i64)> = sqlx::query_as(
            "SELECT m.campaign_id, m.ticket_id FROM campaign_members m
             WHERE m.place IS NOT NULL AND NOT EXISTS (SELECT 1 FROM surveys s
               WHERE s.campaign_id = m.campaign_id AND s.ticket_id = m.ticket_id)
             ORDER BY m.campaign_id, m.place",
        )
        .fetch_all(&self.readers)
        .await?;
        let wanted: Vec<(i64, i64)> = sqlx::query_as(
            "SELECT a.survey_id, a.ticket_id FROM survey_asks a
             WHERE NOT EXISTS (SELECT 1 FROM surveys s WHERE s.id = a.survey_id) ORDER BY a.survey_id",
        )
        .fetch_all(&self.readers)
        .await?;
        let ticket = |id: i64| TicketId(id.max(0) as u64);
        Ok(CallbacksLeft {
            wanted: wanted
                .into_iter()
                .map(|(survey, id)| (SurveyId(survey.max(0) as u64), ticket(id)))
                .collect(),
            next_campaign: next.unwrap_or(0).max(0) as u64 + 1,
            do_not_call: quiet.into_iter().map(Pii::new).collect(),
            verifications: self.open_verifications().await?,
            announced: self.announced().await?,
            unplanned: unplanned
                .into_iter()
                .map(|(campaign, id)| (CampaignId(campaign.max(0) as u64), ticket(id)))
                .collect(),
            dialled: dialled
                .into_iter()
                .map(|(number, at)| (Pii::new(number), Wall::from_ms(at)))
                .collect(),
            first_cases: first_cases
                .into_iter()
                .map(|(number, category, id)| (Pii::new(number), category, ticket(id)))
                .collect(),
        })
    }

    async fn open_verifications(&self) -> Result<Vec<Verification>, StoreError> {
        let rows: Vec<(i64, i64, i64, String, i64, Option<i64>, Option<String>)> = sqlx::query_as(
            "SELECT id, survey_id, ticket_id, reason, opened_at, due_at, unit FROM verifications
             WHERE closed_at IS NULL ORDER BY id",
        )
        .fetch_all(&self.readers)
        .await?;
        let mut open = Vec::new();
        for (id, survey, ticket, reason, opened, due, unit) in rows {
            let known = VerifyReason::from_key(&reason);
            open.push(Verification {
                id: VerificationId(id.max(0) as u64),
                survey: SurveyId(survey.max(0) as u64),
                ticket: TicketId(ticket.max(0) as u64),
                reason: known.ok_or_else(|| unknown("verifications", "reason", &reason))?,
                // The hotline adds who handles the ticket now.
                handled_by: Vec::new(),
                opened: Wall::from_ms(opened),
                due: due.map(Wall::from_ms),
                stage: unit.map_or(Stage::Open, |unit| Stage::Assigned { unit }),
            });
        }
        Ok(open)
    }

    async fn announced(&self) -> Result<Vec<(CampaignId, Plan)>, StoreError> {
        let rows: Vec<(i64, String, String, i64, String, i64, String)> = sqlx::query_as(
            "SELECT c.id, c.name, c.stratum, c.rate, c.seed, c.draw_at, c.actor FROM campaigns c
             WHERE NOT EXISTS (SELECT 1 FROM campaign_draws d WHERE d.campaign_id = c.id) ORDER BY c.id",
        )
        .fetch_all(&self.readers)
        .await?;
        let mut announced = Vec::new();
        for (id, name, stratum, rate, seed, draw_at, by) in rows {
            let known = Stratum::from_key(&stratum);
            let plan = Plan {
                name,
                stratum: known.ok_or_else(|| unknown("campaigns", "stratum", &stratum))?,
                rate: rate_of(rate)?,
                seed,
                draw_at: Wall::from_ms(draw_at),
                by,
            };
            announced.push((CampaignId(id.max(0) as u64), plan));
        }
        Ok(announced)
    }
}

fn unknown(table: &'static str, column: &'static str, value: &str) -> StoreError {
    StoreError::Unknown { table, column, value: value.to_owned() }
}

fn rate_of(hundredths: i64) -> Result<Rate, StoreError> {
    let rate = u32::try_from(hundredths).ok().and_then(|rate| Rate::new(rate).ok());
    rate.ok_or_else(|| unknown("campaigns", "rate", &hundredths.to_string()))
}

fn origin_of(key: &str, campaign: Option<i64>) -> Result<Origin, StoreError> {
    match (key, campaign) {
        ("closed", _) => Ok(Origin::Closed),
        ("hand", _) => Ok(Origin::ByHand),
        ("campaign", Some(id)) => Ok(Origin::Campaign(CampaignId(id.max(0) as u64))),
        _ => Err(unknown("surveys", "origin", key)),
    }
}
