//! 回访: who was called back, and what they answered.

use std::sync::Arc;

use axum::extract::State;
use maud::{Markup, html};

use super::frame::{Place, frame, turn_over};
use super::parts::{Live, badge, call_link, clock, live, percent, play, ticket_link};
use crate::console::App;
use crate::console::error::ApiError;
use crate::console::masking::mask_numbers;
use crate::console::read::Page;
use crate::store::{AnswerRow, SurveyRow};

pub(in crate::console) async fn surveys(
    State(app): State<Arc<App>>,
    page: Page,
) -> Result<Markup, ApiError> {
    let rows = app.store.surveys(page.before, page.limit).await?;
    let next = page.next(rows.iter().map(|row| row.id));
    let texts = &app.texts.survey;
    let body = html! {
        h1 { (texts.title) }
        @if rows.is_empty() { p .empty { (texts.none) } }
        ul .cards { @for row in &rows { (card(&app, row)) } }
        (turn_over(&app, "/surveys", next, page))
    };
    let kinds = "survey_due survey_started survey_answer survey_ended";
    let what = Live { kinds, ..Live::default() };
    Ok(frame(&app, Place::Surveys, &texts.title, live(what, &body)))
}

fn card(app: &App, row: &SurveyRow) -> Markup {
    let texts = &app.texts.survey;
    html! {
        li .card id={ "survey-" (row.id) } {
            div .card-head {
                b { "S" (row.id) }
                (badge(app, "survey_state", &row.state))
                @if let Some(outcome) = &row.outcome { (badge(app, "survey_outcome", outcome)) }
                span { (texts.ticket) " " (ticket_link(row.ticket_id)) }
                @if let Some(call) = row.call_id { span { (texts.call) " " (call_link(call)) } }
                @if row.state == "due" { span .push { (texts.due) " " (clock(row.due_at)) } }
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
        }
    }
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
