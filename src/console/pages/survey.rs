//! 回访: who was called back and what they answered, each answer with its sound, who looked into it, and whether its record is
//! whole.

use std::sync::Arc;

use axum::extract::State;
use maud::{Markup, html};

use super::frame::{Place, frame};
use super::parts::{
    Live, area, badge, call_link, clock, live, percent, play, signature, ticket_link,
};
use crate::console::App;
use crate::console::access::Known;
use crate::console::callbacks::Filters;
use crate::console::error::ApiError;
use crate::console::masking::mask_numbers;
use crate::console::names;
use crate::console::read::Page;
use crate::store::{AnswerRow, ReviewRow};
use crate::survey::verify::Outcome;

const KINDS: &str = "survey_due survey_dialled survey_started survey_answer survey_ended \
                     verification_opened verification_assigned verification_closed";

/// The filters and what each can be: its name in the query, the table of names, keys.
const CHOICES: [(&str, &str, &[&str]); 4] = [
    (
        "outcome",
        "survey_outcome",
        &[
            "complete",
            "declined",
            "wrong_person",
            "to_person",
            "attempts_used",
            "do_not_call",
            "no_number",
            "reopened",
            "superseded",
        ],
    ),
    (
        "grade",
        "answer",
        &["very_satisfied", "satisfied", "basic", "dissatisfied", "very_dissatisfied"],
    ),
    ("origin", "survey_origin", &["closed", "campaign", "hand"]),
    ("verification", "verification_stage", &["none", "open", "closed"]),
];

pub(in crate::console) async fn surveys(
    State(app): State<Arc<App>>,
    who: Known,
    page: Page,
    filters: Filters,
) -> Result<Markup, ApiError> {
    let rows = app.store.review(&filters.which(page)?).await?;
    let head = app.store.survey_head().await?;
    let next = page.next(rows.iter().map(|row| row.id));
    let texts = &app.texts.survey;
    let body = html! {
        div .title {
            h1 { (texts.title) }
            a href="/campaigns" { (app.texts.campaign.title) }
            span .push .hint {
                (texts.chain) " " (head.count) " · " code { (head.hash.to_string().chars().take(16).collect::<String>()) } " "
                a href="/surveys/audit" { (texts.audit) }
            }
        }
        (filter(&app, &filters))
        p .hint { (texts.keys_help) }
        @if rows.is_empty() { p .empty { (texts.none) } }
        ul .cards data-review="" { @for row in &rows { (card(&app, row)) } }
        p .turn-over {
            @if page.before != i64::MAX { a href={ "/surveys?" (query(&filters)) } { (app.texts.page.back_to_top) } }
            @if let Some(next) = next {
                a href={ "/surveys?" (query(&filters)) "before=" (next) "&limit=" (page.limit) } { (app.texts.page.more) }
            }
        }
    };
    let what = Live { kinds: KINDS, ..Live::default() };
    Ok(frame(&app, &who, Place::Surveys, &texts.title, live(what, &body)))
}

fn chosen<'a>(filters: &'a Filters, name: &str) -> &'a str {
    let value = match name {
        "outcome" => &filters.outcome,
        "grade" => &filters.grade,
        "origin" => &filters.origin,
        "verification" => &filters.verification,
        "ticket" => &filters.ticket,
        _ => &filters.campaign,
    };
    value.as_deref().unwrap_or_default()
}

/// The filters again, for the next page; what is no plain word was none of ours.
fn query(filters: &Filters) -> String {
    ["outcome", "grade", "origin", "verification", "ticket", "campaign"]
        .into_iter()
        .map(|name| (name, chosen(filters, name)))
        .filter(|(_, value)| {
            !value.is_empty() && value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        })
        .map(|(name, value)| format!("{name}={value}&"))
        .collect()
}

fn filter(app: &App, filters: &Filters) -> Markup {
    let texts = &app.texts.survey;
    let labels = [&texts.outcome, &texts.grade, &texts.origin, &texts.verification];
    html! {
        form .row method="get" action="/surveys" role="search" aria-label=(texts.filter) {
            @for ((name, table, keys), label) in CHOICES.into_iter().zip(labels) {
                label { (label) " "
                    select name=(name) {
                        option value="" { (texts.any) }
                        @for key in keys {
                            option value=(key) selected[chosen(filters, name) == *key] { (app.texts.name(table, key)) }
                        }
                    }
                }
            }
            label { (texts.ticket) " "
                input name="ticket" inputmode="numeric" size="11" value=(chosen(filters, "ticket"));
            }
            label { (app.texts.campaign.number) " "
                input name="campaign" inputmode="numeric" size="4" value=(chosen(filters, "campaign"));
            }
            button type="submit" { (texts.filter) }
        }
    }
}

fn card(app: &App, row: &ReviewRow) -> Markup {
    let texts = &app.texts.survey;
    html! {
        li .card id={ "survey-" (row.id) } tabindex="0" data-open={ "/tickets/" (row.ticket_id) } {
            div .card-head {
                b { "S" (row.id) }
                (badge(app, "survey_state", &row.state))
                @if let Some(outcome) = &row.outcome { (badge(app, "survey_outcome", outcome)) }
                @if let Some(grade) = &row.grade { (badge(app, "answer", grade)) }
                span .hint {
                    (app.texts.name("survey_origin", &row.origin))
                    @if let Some(campaign) = row.campaign_id {
                        " " a href={ "/campaigns/" (campaign) } { "K" (campaign) }
                    }
                }
                span { (texts.ticket) " " (ticket_link(row.ticket_id)) }
                @if let Some(call) = row.call_id { span { (texts.call) " " (call_link(call)) } }
                span .push .hint {
                    @if row.state == "due" { (texts.due) " " (clock(row.due_at)) " · " }
                    (texts.records) " " (row.records) " "
                    @if row.whole { (texts.whole) } @else { b .bad { (texts.broken) } }
                }
            }
            @if row.answers.is_empty() { p .empty { (texts.no_answers) } }
            @else { (answers(app, &row.answers)) }
            @if !row.attempts.is_empty() {
                p .hint {
                    (texts.attempts) "："
                    @for (index, attempt) in row.attempts.iter().enumerate() {
                        @if index > 0 { "；" }
                        (texts.attempt) " " (attempt.attempt) " " (texts.times) " " (clock(attempt.at)) " "
                        (app.texts.name("survey_outcome", &attempt.outcome))
                    }
                }
            }
            @if let Some(id) = row.verification_id { (verification(app, row, id)) }
        }
    }
}

fn verification(app: &App, row: &ReviewRow, id: i64) -> Markup {
    let texts = &app.texts.verification;
    let unit = row.verification_unit.as_deref().unwrap_or(&texts.nobody);
    html! {
        div .card-head {
            b { "V" (id) }
            @if let Some(reason) = &row.verification_reason { (badge(app, "verify_reason", reason)) }
            span { (texts.unit) " " (unit) }
            @if let Some(handler) = &row.unit {
                span { (texts.handler) " " (names::unit(app, handler)) }
            }
            @if let Some(due) = row.verification_due_at { span .hint { (texts.due) " " (clock(due)) } }
            @if let Some(outcome) = &row.verification_outcome { (badge(app, "verification_outcome", outcome)) }
            @if let Some(actor) = &row.verification_actor { span { (texts.by) " " (actor) } }
            @if let Some(at) = row.verification_closed_at { span .hint { (clock(at)) } }
        }
        @match &row.verification_result {
            Some(result) => p { (mask_numbers(result)) },
            None => details {
                summary { (texts.work) }
                div .columns { (assign_form(app, id)) (close_form(app, id)) }
            },
        }
    }
}

pub(super) fn assign_form(app: &App, id: i64) -> Markup {
    let texts = &app.texts.verification;
    html! {
        form method="post" data-post={ "/api/verifications/" (id) "/assign" } {
            label for={ "unit-" (id) } { (texts.unit) }
            input id={ "unit-" (id) } name="unit" maxlength="40" required placeholder=(texts.unit_help);
            (signature(app, &format!("assigned-by-{id}"), &texts.by, ""))
            div .row { button type="submit" { (texts.assign) } output role="status" {} }
        }
    }
}

/// What was found, as every page that shows a verification asks for it.
pub(super) fn close_form(app: &App, id: i64) -> Markup {
    let texts = &app.texts.verification;
    html! {
        form method="post" data-post={ "/api/verifications/" (id) "/close" } {
            label for={ "outcome-" (id) } { (texts.outcome) }
            select id={ "outcome-" (id) } name="outcome" {
                @for outcome in Outcome::ALL {
                    option value=(outcome.key()) { (app.texts.name("verification_outcome", outcome.key())) }
                }
            }
            (area(&format!("result-{id}"), "result", &texts.result, &texts.result_help))
            (signature(app, &format!("by-{id}"), &texts.by, ""))
            div .row { button .main type="submit" { (texts.close) } output role="status" {} }
        }
    }
}

/// The whole chain, followed now.
pub(in crate::console) async fn audit(
    State(app): State<Arc<App>>,
    who: Known,
) -> Result<Markup, ApiError> {
    let audit = app.store.audit_surveys(None).await?;
    let texts = &app.texts.survey;
    let body = html! {
        h1 { (texts.audit) }
        p .large {
            @if audit.findings.is_empty() { (texts.whole) } @else { b .bad { (texts.broken) } }
        }
        p { (texts.head) " " code { (audit.head) } }
        p .hint { (texts.head_help) }
        ul { @for finding in &audit.findings { li { (finding) } } }
        table {
            tbody { @for (kind, count) in &audit.records {
                tr { th scope="row" { (app.texts.name("record_kind", kind)) } td .figure { (count) } }
            } }
        }
    };
    let what = Live::default();
    Ok(frame(&app, &who, Place::Surveys, &texts.audit, live(what, &body)))
}

pub(super) fn answers(app: &App, rows: &[AnswerRow]) -> Markup {
    let texts = &app.texts.survey;
    html! {
        div .scroll { table {
            thead { tr {
                th scope="col" { (texts.question) }
                th scope="col" { (texts.answer) }
                th scope="col" { (texts.words) }
                th scope="col" { (texts.pressed) }
                th scope="col" { (texts.position) }
            } }
            tbody {
                @for row in rows {
                    tr {
                        td { (app.texts.name("question", &row.question)) }
                        td {
                            @if !row.value.is_empty() { (badge(app, "answer", &row.value)) }
                            @if row.confirmed { " " span .hint { (texts.confirmed) } }
                        }
                        td {
                            @if let Some(words) = &row.words { q { (mask_numbers(words)) } }
                            @if let Some(confidence) = row.confidence {
                                " " span .hint { (percent(confidence)) }
                            }
                        }
                        td { @if let Some(key) = &row.pressed { kbd { (key) } } }
                        td { (play(app, row.call_id, row.start_ms, row.end_ms.max(row.start_ms + 1500))) }
                    }
                }
            }
        } }
    }
}
