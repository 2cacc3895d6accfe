//! What staff do about callbacks: samples, single ones, who is not called any more, and what unhappy answers lead to.

use std::sync::Arc;

use axum::Json;
use axum::extract::{FromRequestParts, Query, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::Deserialize;
use serde_json::json;

use super::App;
use super::actions::{Done, NAME_CHARS, RESULT_CHARS, carry_out, is_number};
use super::error::ApiError;
use super::masking::mask_numbers;
use super::read::{Body, Ids, Page, text};
use crate::hotline::Command;
use crate::kernel::limits::CONSOLE_ROWS;
use crate::kernel::{CampaignId, Day, Pii, TicketId, VerificationId, Wall};
use crate::store::Which;
use crate::survey::campaign::{Plan, Rate, Stratum};
use crate::survey::chain::Head;
use crate::survey::verify::Outcome;

const SEED_CHARS: usize = 120;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Assigned {
    unit: String,
    by: String,
}

pub(super) async fn assign(State(app): State<Arc<App>>, ids: Ids, body: Body<Assigned>) -> Done {
    let verification = open_verification(&app, &ids).await?;
    let unit = text("unit", &body.0.unit, NAME_CHARS)?;
    let by = text("by", &body.0.by, NAME_CHARS)?;
    carry_out(&app, Command::AssignVerification { verification, unit, by }).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Found {
    /// Left out: the citizen is right.
    outcome: Option<String>,
    result: String,
    by: String,
}

pub(super) async fn close(State(app): State<Arc<App>>, ids: Ids, body: Body<Found>) -> Done {
    let result = text("result", &body.0.result, RESULT_CHARS)?;
    let by = text("by", &body.0.by, NAME_CHARS)?;
    let outcome = body.0.outcome.as_deref().unwrap_or(Outcome::Confirmed.key());
    let outcome = Outcome::from_key(outcome).ok_or_else(|| {
        let error = format!("a verification does not end with {outcome:?}");
        let known = Outcome::ALL.map(Outcome::key).join(", ");
        ApiError::field("bad_value", "outcome", error, format!("use one of {known}"))
    })?;
    let verification = open_verification(&app, &ids).await?;
    carry_out(&app, Command::CloseVerification { verification, outcome, result, by }).await
}

async fn open_verification(app: &App, ids: &Ids) -> Result<VerificationId, ApiError> {
    let verification = VerificationId(ids.id()?);
    let row = app.store.verification(verification).await?;
    let row = row.ok_or_else(|| ApiError::missing("verification", verification.0))?;
    if row.closed_at.is_some() {
        let error = format!("verification {} is closed already", row.id);
        let remedy = "reopen its ticket when there is more to do";
        return Err(ApiError::new(StatusCode::CONFLICT, "not_now", error, remedy));
    }
    Ok(verification)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Reason {
    why: String,
    by: String,
}

pub(super) async fn call_back(State(app): State<Arc<App>>, ids: Ids, body: Body<Reason>) -> Done {
    let command = Command::CallBack {
        ticket: TicketId(ids.id()?),
        why: text("why", &body.0.why, RESULT_CHARS)?,
        by: text("by", &body.0.by, NAME_CHARS)?,
    };
    carry_out(&app, command).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Quiet {
    number: String,
    /// `on`, or `off` where the citizen wants to be called again.
    list: String,
    why: String,
    by: String,
}

pub(super) async fn do_not_call(State(app): State<Arc<App>>, body: Body<Quiet>) -> Done {
    let number = text("number", &body.0.number, NAME_CHARS)?;
    if !is_number(&number) {
        let remedy = "give 3 to 15 digits, with + before an international number";
        let error = "`number` is not a telephone number";
        return Err(ApiError::field("bad_number", "number", error, remedy));
    }
    let on = match body.0.list.as_str() {
        "on" => true,
        "off" => false,
        other => {
            let error = format!("`list` is {other:?}");
            return Err(ApiError::field("bad_value", "list", error, "say on or off"));
        }
    };
    let why = text("why", &body.0.why, RESULT_CHARS)?;
    let by = text("by", &body.0.by, NAME_CHARS)?;
    carry_out(&app, Command::DoNotCall { number: Pii::new(number), on, why, by }).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Announced {
    name: String,
    stratum: String,
    rate: String,
    seed: String,
    /// `2026-11-30T09:00`, in China.
    draw_at: String,
    by: String,
}

pub(super) async fn announce(State(app): State<Arc<App>>, body: Body<Announced>) -> Done {
    let given = body.0;
    let stratum = Stratum::from_key(&given.stratum).ok_or_else(|| {
        let known = Stratum::ALL.map(Stratum::key).join(", ");
        let error = format!("no stratum {:?}", given.stratum);
        ApiError::field("bad_value", "stratum", error, format!("use one of {known}"))
    })?;
    let rate = given.rate.parse::<Rate>().map_err(|error| {
        ApiError::field("bad_value", "rate", error.to_string(), "write it like 10% or 2.5%")
    })?;
    let draw_at = moment(&given.draw_at).ok_or_else(|| {
        let error = format!("{:?} is no moment", given.draw_at);
        ApiError::field("bad_value", "draw_at", error, "write it like 2026-11-30T09:00")
    })?;
    let plan = Plan {
        name: text("name", &given.name, NAME_CHARS)?,
        stratum,
        rate,
        seed: text("seed", &given.seed, SEED_CHARS)?,
        draw_at,
        by: text("by", &given.by, NAME_CHARS)?,
    };
    carry_out(&app, Command::AnnounceCampaign { plan }).await
}

/// As a field of a form gives it: `2026-11-30T09:00`, in China.
fn moment(text: &str) -> Option<Wall> {
    let (day, time) = text.trim().split_once(['T', ' '])?;
    let (hour, minute) = time.split_once(':')?;
    let number = |text: &str, below: i64| {
        let plain = text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
        text.parse::<i64>().ok().filter(|number| plain && *number < below)
    };
    let minutes = number(hour, 24)? * 60 + number(minute, 60)?;
    Some(Day::parse(day)?.start().plus_ms(minutes * 60_000))
}

pub(super) async fn campaigns(State(app): State<Arc<App>>) -> Done {
    let rows = app.store.campaigns(CONSOLE_ROWS).await?;
    Ok(Json(json!({ "campaigns": rows })))
}

/// With all that the draw is made again from.
pub(super) async fn campaign(State(app): State<Arc<App>>, ids: Ids) -> Done {
    let id = CampaignId(ids.id()?);
    let row = app.store.campaign(id).await?;
    let row = row.ok_or_else(|| ApiError::missing("campaign", id.0))?;
    let members = app.store.campaign_members(id).await?;
    Ok(Json(json!({ "campaign": row, "members": members })))
}

/// The filters of the review, as the query gives them; empty ones are none.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Filters {
    pub outcome: Option<String>,
    pub grade: Option<String>,
    pub origin: Option<String>,
    pub verification: Option<String>,
    pub ticket: Option<String>,
    pub campaign: Option<String>,
}

impl<S: Send + Sync> FromRequestParts<S> for Filters {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        Ok(Query::<Filters>::from_request_parts(parts, state).await?.0)
    }
}

impl Filters {
    pub fn which(&self, page: Page) -> Result<Which, ApiError> {
        let some = |text: &Option<String>| text.clone().filter(|text| !text.trim().is_empty());
        let number = |name: &'static str, text: &Option<String>| {
            let digits = some(text);
            let read = |text: String| {
                text.trim().parse::<i64>().map_err(|_| {
                    let error = format!("`{name}` is no number");
                    ApiError::field("bad_query", name, error, "give plain digits, or nothing")
                })
            };
            digits.map(read).transpose()
        };
        Ok(Which {
            outcome: some(&self.outcome),
            grade: some(&self.grade),
            origin: some(&self.origin),
            verification: some(&self.verification),
            ticket: number("ticket", &self.ticket)?,
            campaign: number("campaign", &self.campaign)?,
            before: page.before,
            limit: page.limit,
        })
    }
}

pub(super) async fn review(State(app): State<Arc<App>>, page: Page, filters: Filters) -> Done {
    let mut rows = app.store.review(&filters.which(page)?).await?;
    for row in &mut rows {
        for answer in &mut row.answers {
            answer.words = answer.words.as_deref().map(mask_numbers);
        }
        row.verification_result = row.verification_result.as_deref().map(mask_numbers);
    }
    let next_before = page.next(rows.iter().map(|row| row.id));
    Ok(Json(json!({ "callbacks": rows, "next_before": next_before })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Published {
    /// `COUNT:HASH`.
    head: Option<String>,
}

impl<S: Send + Sync> FromRequestParts<S> for Published {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        Ok(Query::<Published>::from_request_parts(parts, state).await?.0)
    }
}

/// Follows the whole chain; `head` is one that was given out before.
pub(super) async fn audit(State(app): State<Arc<App>>, published: Published) -> Done {
    let head = published.head.as_deref().filter(|text| !text.is_empty()).map(str::parse::<Head>);
    let head = head.transpose().map_err(|error| {
        ApiError::field("bad_query", "head", error.to_string(), "paste it as it was given out")
    })?;
    let audit = app.store.audit_surveys(head).await?;
    let findings: Vec<String> = audit.findings.iter().map(ToString::to_string).collect();
    Ok(Json(json!({
        "whole": findings.is_empty(), "head": audit.head.to_string(), "records": audit.records,
        "findings": findings,
    })))
}
