//! 督办: the day in figures, and unhappy answers that somebody must look into.

use std::sync::Arc;

use axum::extract::State;
use maud::{Markup, html};

use super::board::lamp;
use super::frame::{Place, frame};
use super::overview::strip;
use super::parts::{Live, badge, clock, live, subject, ticket_link};
use super::survey::{answers, assign_form, close_form};
use super::tabs::{Tab, tabs};
use crate::console::App;
use crate::console::access::Known;
use crate::console::error::ApiError;
use crate::console::figures::{now, today};
use crate::kernel::TicketId;
use crate::kernel::limits::CONSOLE_ROWS;
use crate::store::{AnswerRow, VerificationRow};

/// A verification and what it is about.
struct Case {
    row: VerificationRow,
    subject: String,
    answers: Vec<AnswerRow>,
}

pub(in crate::console) async fn supervisor(
    State(app): State<Arc<App>>,
    who: Known,
) -> Result<Markup, ApiError> {
    let today = today(&app).await?;
    let mut open = Vec::new();
    let mut closed = Vec::new();
    for row in app.store.verifications(CONSOLE_ROWS).await? {
        match row.closed_at {
            None => open.push(case(&app, row).await?),
            Some(_) => closed.push(row),
        }
    }
    // What must be looked into first stands first.
    open.sort_by_key(|case| (case.row.due_at.unwrap_or(i64::MAX), case.row.id));
    let texts = &app.texts.verification;
    let body = html! {
        div .title { h1 { (app.texts.board.verification) } (tabs(&app, &who, Tab::Verification)) }
        (strip(&app, &today))
        section aria-labelledby="open" {
            h2 #open { (texts.open) " " span .count { (open.len()) } }
            @if open.is_empty() { p .empty { (texts.none_open) } }
            ul .cards { @for case in &open { (open_card(&app, case)) } }
        }
        section aria-labelledby="closed" {
            h2 #closed { (texts.closed) }
            @if closed.is_empty() { p .empty { (texts.none_closed) } } @else { (closed_table(&app, &closed)) }
        }
    };
    let kinds = "call_started call_ended verification_opened verification_assigned verification_closed \
                 survey_answer";
    let what = Live { kinds, ..Live::default() };
    Ok(frame(&app, &who, Place::Supervisor, &app.texts.page.supervisor, live(what, &body)))
}

async fn case(app: &App, row: VerificationRow) -> Result<Case, ApiError> {
    let ticket = app.store.ticket(TicketId(row.ticket_id.max(0) as u64)).await?;
    // The newest callback before the next one is this one.
    let surveys = app.store.surveys(row.survey_id.saturating_add(1), 1).await?;
    let own = surveys.into_iter().find(|survey| survey.id == row.survey_id);
    Ok(Case {
        subject: ticket.as_ref().map(subject).unwrap_or_default(),
        answers: own.map(|survey| survey.answers).unwrap_or_default(),
        row,
    })
}

fn open_card(app: &App, case: &Case) -> Markup {
    let texts = &app.texts.verification;
    let row = &case.row;
    html! {
        li .card id={ "verification-" (row.id) } {
            div .card-head {
                b { "V" (row.id) }
                (badge(app, "verify_reason", &row.reason))
                span { (texts.ticket) " " (ticket_link(row.ticket_id)) " " (case.subject) }
                span { (texts.unit) " " (row.unit.as_deref().unwrap_or(&texts.nobody)) }
                @if let Some(due) = row.due_at {
                    span {
                        @if now().unix_ms >= due { (lamp(app, "red")) " " }
                        (texts.due) " " (clock(due))
                    }
                }
                span .push.hint { (texts.opened) " " (clock(row.opened_at)) }
            }
            div .columns {
                div {
                    h3 { (texts.citizen_words) }
                    (answers(app, &case.answers))
                }
                div { (assign_form(app, row.id)) (close_form(app, row.id)) }
            }
        }
    }
}

fn closed_table(app: &App, rows: &[VerificationRow]) -> Markup {
    let texts = &app.texts.verification;
    html! {
        div .scroll { table {
            thead { tr {
                th scope="col" { (texts.ticket) }
                th scope="col" { (texts.reason) }
                th scope="col" { (texts.result) }
                th scope="col" { (texts.by) }
                th scope="col" { (texts.closed_at) }
            } }
            tbody {
                @for row in rows {
                    tr id={ "closed-" (row.id) } {
                        td { (ticket_link(row.ticket_id)) }
                        td { (badge(app, "verify_reason", &row.reason)) }
                        td { (row.result.as_deref().unwrap_or_default()) }
                        td { (row.actor.as_deref().unwrap_or_default()) }
                        td { @if let Some(at) = row.closed_at { (clock(at)) } }
                    }
                }
            }
        } }
    }
}
