//! Facts of callbacks become rows, each with its record on the chain.

use sqlx::SqliteConnection;

use super::StoreError;
use super::records::{self, record};
use crate::hotline::Fact;
use crate::kernel::{CallId, SurveyId, Wall};
use crate::survey::campaign::{ALGORITHM, Draw, Plan, population_digest};
use crate::survey::{Answer, Given};

pub(super) async fn survey_fact(db: &mut SqliteConnection, fact: &Fact) -> Result<(), StoreError> {
    match fact {
        Fact::SurveyDue { survey, ticket, origin, attempt, due, at } => {
            sqlx::query(
                "INSERT INTO surveys
                 (id, ticket_id, state, attempt, due_at, changed_at, origin, campaign_id)
                 VALUES ($1, $2, 'due', $3, $4, $5, $6, $7)
                 ON CONFLICT (id) DO UPDATE
                 SET state = 'due', attempt = $3, due_at = $4, changed_at = $5",
            )
            .bind(survey.0 as i64)
            .bind(ticket.0 as i64)
            .bind(i64::from(*attempt))
            .bind(due.unix_ms)
            .bind(at.unix_ms)
            .bind(origin.key())
            .bind(origin.campaign().map(|campaign| campaign.0 as i64))
            .execute(db)
            .await?;
            Ok(())
        }
        Fact::SurveyDialled { survey, ticket: _, call, attempt, at } => {
            let (survey, attempt) = (survey.0 as i64, i64::from(*attempt));
            sqlx::query(
                "INSERT INTO survey_dials (survey_id, attempt, call_id, at) VALUES ($1, $2, $3, $4)",
            )
            .bind(survey)
            .bind(attempt)
            .bind(call.0 as i64)
            .bind(at.unix_ms)
            .execute(&mut *db)
            .await?;
            record(db, &records::DIAL, &[survey, attempt]).await
        }
        Fact::SurveyStarted { survey, call, at } => {
            sqlx::query(
                "UPDATE surveys SET state = 'calling', call_id = $2, changed_at = $3 WHERE id = $1",
            )
            .bind(survey.0 as i64)
            .bind(call.0 as i64)
            .bind(at.unix_ms)
            .execute(db)
            .await?;
            Ok(())
        }
        Fact::SurveyAnswer { survey, call, answer, at } => {
            survey_answer(db, *survey, *call, answer, *at).await
        }
        Fact::SurveyEnded { .. } => survey_ended(db, fact).await,
        Fact::CallbackAsked { survey, ticket, why, by, at } => {
            sqlx::query(
                "INSERT INTO survey_asks (survey_id, ticket_id, why, actor, at) VALUES ($1, $2, $3, $4, $5)",
            )
            .bind(survey.0 as i64)
            .bind(ticket.0 as i64)
            .bind(why.as_str())
            .bind(by.as_str())
            .bind(at.unix_ms)
            .execute(&mut *db)
            .await?;
            record(db, &records::ASKED, &[survey.0 as i64]).await
        }
        Fact::CampaignAnnounced { campaign, plan, at } => {
            announced(db, campaign.0 as i64, plan, *at).await
        }
        Fact::CampaignDrawn { campaign, draw, at } => drawn(db, campaign.0 as i64, draw, *at).await,
        Fact::DoNotCall { .. } => do_not_call(db, fact).await,
        other => verification_fact(db, other).await,
    }
}

async fn survey_ended(db: &mut SqliteConnection, fact: &Fact) -> Result<(), StoreError> {
    let Fact::SurveyEnded { survey, ticket, origin, outcome, attempt, last, at } = fact else {
        return Ok(());
    };
    let survey = survey.0 as i64;
    let (origin, campaign) = (origin.key(), origin.campaign());
    let state = if *last { "ended" } else { "due" };
    sqlx::query(
        "INSERT INTO surveys
         (id, ticket_id, state, outcome, attempt, due_at, changed_at, origin, campaign_id)
         VALUES ($1, $2, $3, $4, 0, $5, $5, $6, $7)
         ON CONFLICT (id) DO UPDATE SET state = $3, outcome = $4, changed_at = $5",
    )
    .bind(survey)
    .bind(ticket.0 as i64)
    .bind(state)
    .bind(outcome.as_str())
    .bind(at.unix_ms)
    .bind(origin)
    .bind(campaign.map(|campaign| campaign.0 as i64))
    .execute(&mut *db)
    .await?;
    if *attempt > 0 {
        let attempt = i64::from(*attempt);
        attempt_over(&mut *db, survey, attempt, outcome, *at).await?;
    }
    if *last {
        sqlx::query(
            "INSERT INTO survey_ends (survey_id, ticket_id, outcome, at) VALUES ($1, $2, $3, $4)",
        )
        .bind(survey)
        .bind(ticket.0 as i64)
        .bind(outcome.as_str())
        .bind(at.unix_ms)
        .execute(&mut *db)
        .await?;
        record(db, &records::END, &[survey]).await?;
    }
    Ok(())
}

async fn attempt_over(
    db: &mut SqliteConnection,
    survey: i64,
    attempt: i64,
    outcome: &str,
    at: Wall,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO survey_attempts (survey_id, attempt, outcome, at) VALUES ($1, $2, $3, $4)",
    )
    .bind(survey)
    .bind(attempt)
    .bind(outcome)
    .bind(at.unix_ms)
    .execute(&mut *db)
    .await?;
    record(db, &records::ATTEMPT, &[survey, attempt]).await
}

/// Attempts that a stopped process left under way are over too.
pub(super) async fn interrupted_attempts(
    db: &mut SqliteConnection,
    at: Wall,
) -> Result<(), StoreError> {
    let open: Vec<(i64, i64)> = sqlx::query_as(
        "SELECT d.survey_id, d.attempt FROM survey_dials d
         LEFT JOIN survey_attempts a ON a.survey_id = d.survey_id AND a.attempt = d.attempt
         WHERE a.survey_id IS NULL ORDER BY d.survey_id, d.attempt",
    )
    .fetch_all(&mut *db)
    .await?;
    for (survey, attempt) in open {
        attempt_over(&mut *db, survey, attempt, "interrupted", at).await?;
    }
    Ok(())
}

async fn announced(
    db: &mut SqliteConnection,
    campaign: i64,
    plan: &Plan,
    at: Wall,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO campaigns (id, name, stratum, rate, seed, draw_at, actor, at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(campaign)
    .bind(plan.name.as_str())
    .bind(plan.stratum.key())
    .bind(i64::from(plan.rate.hundredths()))
    .bind(plan.seed.as_str())
    .bind(plan.draw_at.unix_ms)
    .bind(plan.by.as_str())
    .bind(at.unix_ms)
    .execute(&mut *db)
    .await?;
    record(db, &records::CAMPAIGN, &[campaign]).await
}

async fn drawn(
    db: &mut SqliteConnection,
    campaign: i64,
    draw: &Draw,
    at: Wall,
) -> Result<(), StoreError> {
    for ticket in &draw.population {
        sqlx::query("INSERT INTO campaign_members (campaign_id, ticket_id) VALUES ($1, $2)")
            .bind(campaign)
            .bind(ticket.0 as i64)
            .execute(&mut *db)
            .await?;
    }
    for (n, ticket) in draw.chosen.iter().enumerate() {
        sqlx::query(
            "UPDATE campaign_members SET place = $3 WHERE campaign_id = $1 AND ticket_id = $2",
        )
        .bind(campaign)
        .bind(ticket.0 as i64)
        .bind(n as i64 + 1)
        .execute(&mut *db)
        .await?;
    }
    sqlx::query(
        "INSERT INTO campaign_draws
         (campaign_id, algorithm, population, digest, chosen, chosen_digest, at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(campaign)
    .bind(ALGORITHM)
    .bind(draw.population.len() as i64)
    .bind(draw.digest.to_string())
    .bind(draw.chosen.len() as i64)
    .bind(population_digest(&draw.chosen).to_string())
    .bind(at.unix_ms)
    .execute(&mut *db)
    .await?;
    record(db, &records::DRAW, &[campaign]).await
}

async fn do_not_call(db: &mut SqliteConnection, fact: &Fact) -> Result<(), StoreError> {
    let Fact::DoNotCall { number, on, survey, why, by, at } = fact else { return Ok(()) };
    sqlx::query(
        "INSERT INTO do_not_call (seq, number, active, survey_id, why, actor, at)
         SELECT COALESCE(MAX(seq), 0) + 1, $1, $2, $3, $4, $5, $6 FROM do_not_call",
    )
    .bind(number.reveal().as_str())
    .bind(i64::from(*on))
    .bind(survey.map(|survey| survey.0 as i64))
    .bind(why.as_str())
    .bind(by.as_str())
    .bind(at.unix_ms)
    .execute(&mut *db)
    .await?;
    let n: i64 = sqlx::query_scalar("SELECT MAX(seq) FROM do_not_call").fetch_one(&mut *db).await?;
    record(db, &records::DO_NOT_CALL, &[n]).await
}

async fn verification_fact(db: &mut SqliteConnection, fact: &Fact) -> Result<(), StoreError> {
    match fact {
        Fact::VerificationOpened { verification, survey, ticket, reason, due, at } => {
            sqlx::query(
                "INSERT INTO verifications (id, survey_id, ticket_id, reason, due_at, opened_at)
                 VALUES ($1, $2, $3, $4, $5, $6)",
            )
            .bind(verification.0 as i64)
            .bind(survey.0 as i64)
            .bind(ticket.0 as i64)
            .bind(reason.as_str())
            .bind(due.map(|due| due.unix_ms))
            .bind(at.unix_ms)
            .execute(&mut *db)
            .await?;
            record(db, &records::VERIFICATION, &[verification.0 as i64]).await
        }
        Fact::VerificationAssigned { verification, unit, by, at } => {
            let id = verification.0 as i64;
            sqlx::query("UPDATE verifications SET unit = $2 WHERE id = $1")
                .bind(id)
                .bind(unit.as_str())
                .execute(&mut *db)
                .await?;
            step(db, id, ("assign", Some(unit), None, None), by, *at).await
        }
        Fact::VerificationClosed { verification, outcome, result, by, at } => {
            let id = verification.0 as i64;
            let closed = sqlx::query(
                "UPDATE verifications SET closed_at = $2, outcome = $3, result = $4, actor = $5
                 WHERE id = $1 AND closed_at IS NULL",
            )
            .bind(id)
            .bind(at.unix_ms)
            .bind(outcome.key())
            .bind(result.as_str())
            .bind(by.as_str())
            .execute(&mut *db)
            .await?;
            if closed.rows_affected() == 0 {
                return Ok(());
            }
            step(db, id, ("close", None, Some(outcome.key()), Some(result)), by, *at).await
        }
        // The rest is kept by `keep_one`.
        _ => Ok(()),
    }
}

/// What is done, the unit, the outcome and the result.
type Done<'a> = (&'a str, Option<&'a str>, Option<&'a str>, Option<&'a str>);

async fn step(
    db: &mut SqliteConnection,
    verification: i64,
    (what, unit, outcome, result): Done<'_>,
    by: &str,
    at: Wall,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO verification_steps (verification_id, seq, step, unit, outcome, result, actor, at)
         SELECT $1, COALESCE(MAX(seq), 0) + 1, $2, $3, $4, $5, $6, $7
         FROM verification_steps WHERE verification_id = $1",
    )
    .bind(verification)
    .bind(what)
    .bind(unit)
    .bind(outcome)
    .bind(result)
    .bind(by)
    .bind(at.unix_ms)
    .execute(&mut *db)
    .await?;
    let sql = "SELECT MAX(seq) FROM verification_steps WHERE verification_id = $1";
    let n = last(db, sql, verification.max(0) as u64).await?;
    record(db, &records::STEP, &[verification, n]).await
}

async fn last(db: &mut SqliteConnection, sql: &'static str, id: u64) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar(sql).bind(id as i64).fetch_one(db).await?)
}

async fn survey_answer(
    db: &mut SqliteConnection,
    survey: SurveyId,
    call: CallId,
    answer: &Answer,
    at: Wall,
) -> Result<(), StoreError> {
    let value = answer.value().key();
    let (start_ms, end_ms) = answer.heard_at_ms();
    let (words, key, evidence) = match answer.given() {
        Given::Spoken { words, evidence } => (Some(words.reveal().clone()), None, Some(*evidence)),
        Given::Key { key, .. } => (None, Some(key.to_string()), None),
    };
    sqlx::query(
        "INSERT INTO survey_answers (survey_id, seq, call_id, question, value, words, pressed,
         utterance, start_ms, end_ms, confidence, confirmed, at)
         SELECT $1, COALESCE(MAX(seq), 0) + 1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12
         FROM survey_answers WHERE survey_id = $1",
    )
    .bind(survey.0 as i64)
    .bind(call.0 as i64)
    .bind(answer.question().key())
    .bind(value)
    .bind(words)
    .bind(key)
    .bind(evidence.map(|e| i64::from(e.utterance)))
    .bind(start_ms as i64)
    .bind(end_ms as i64)
    .bind(evidence.map(|e| f64::from(e.confidence)))
    .bind(i64::from(answer.is_confirmed()))
    .bind(at.unix_ms)
    .execute(&mut *db)
    .await?;
    let n = last(db, "SELECT MAX(seq) FROM survey_answers WHERE survey_id = $1", survey.0).await?;
    record(db, &records::ANSWER, &[survey.0 as i64, n]).await
}
