//! 未答问题: what callers asked without an answer, put together by meaning; a draft is one click away.

use std::sync::Arc;

use axum::extract::State;
use maud::{Markup, html};

use super::frame::{Place, frame};
use super::parts::{Live, call_link, clock, is_recorded, live, percent, play, position, signature};
use crate::console::App;
use crate::console::access::Known;
use crate::console::error::ApiError;
use crate::console::knowledge::{Asked, asked};
use crate::console::masking::mask_numbers;
use crate::console::told::told;
use crate::knowledge::editing::id_of_words;
use crate::store::UnansweredRow;

/// Clusters on the page, and questions that are shown of one.
const CLUSTERS: usize = 50;
const EXAMPLES: usize = 5;
/// Answers that were of no use, and days over which citizens' words are counted.
const THUMBS: i64 = 30;
const THUMB_DAYS: i64 = 30;

pub(in crate::console) async fn questions(
    State(app): State<Arc<App>>,
    who: Known,
) -> Result<Markup, ApiError> {
    let all = asked(&app).await?;
    let count: usize = all.iter().map(|asked| asked.rows.len()).sum();
    let thumbs = thumbs(&app).await?;
    let texts = &app.texts.questions;
    let mut cards = Vec::new();
    for asked in all.iter().take(CLUSTERS) {
        cards.push(card(&app, asked).await);
    }
    let body = html! {
        div .title {
            h1 { (texts.title) }
            span .hint { (count) " " (texts.questions) " · " (all.len()) " " (texts.clusters) }
            a .push href="/knowledge" { (app.texts.knowledge.title) }
        }
        @if all.is_empty() { p .empty { (texts.none) } }
        ul .cards { @for card in &cards { (card) } }
        (thumbs)
    };
    let what = Live { kinds: "unanswered thumb", ..Live::default() };
    Ok(frame(&app, &who, Place::Knowledge, &texts.title, live(what, &body)))
}

/// What citizens said of the robot's answers: how many of each, and the answers that were of no use.
async fn thumbs(app: &App) -> Result<Markup, ApiError> {
    let since = crate::console::figures::now().plus_ms(-THUMB_DAYS * 86_400_000);
    let (rows, ups, downs) = app.store.thumbs_down(since, THUMBS).await?;
    let base = app.knowledge.library.base();
    let texts = &app.texts.questions;
    Ok(html! {
        section #thumbs aria-labelledby="thumbs-title" {
            div .title {
                h2 #thumbs-title { (texts.thumbs) }
                span .badge.is-good { (texts.ups) " " (ups) } span .badge.is-bad { (texts.downs) " " (downs) }
            }
            p .hint { (texts.thumbs_help) }
            @if rows.is_empty() { p .empty { (texts.no_thumbs) } }
            ul .plain {
                @for row in &rows {
                    li .evidence id={ "thumb-" (row.call_id) "-" (row.utterance) } {
                        q { (mask_numbers(&row.text)) } " "
                        @if let Some(item) = told(&base, &row.text, false) {
                            a href={ "/knowledge/" (item.id) } { (item.title) } " "
                        }
                        (call_link(row.call_id)) " " (clock(row.at))
                    }
                }
            }
        }
    })
}

async fn card(app: &App, asked: &Asked) -> Markup {
    let texts = &app.texts.questions;
    let centre = asked.rows.get(asked.centre);
    let id = centre.map(|row| id_of_words(row.call_id, row.utterance)).unwrap_or_default();
    let mut examples = Vec::new();
    for row in asked.rows.iter().take(EXAMPLES) {
        examples.push(example(app, row).await);
    }
    html! {
        li .card id={ "cluster-" (id) } {
            div .card-head {
                span .count { (asked.rows.len()) }
                b .large { (asked.words()) }
            }
            ul .plain { @for example in &examples { (example) } }
            @if asked.rows.len() > EXAMPLES { p .hint { (texts.more) " " (asked.rows.len() - EXAMPLES) } }
            @if !asked.nearest.is_empty() {
                p .hint { (texts.nearest) }
                ul .plain {
                    @for hit in &asked.nearest {
                        li { a href={ "/knowledge/" (hit.item.id) } { (hit.item.title) } " "
                            span .figure { (percent(f64::from(hit.confidence))) } }
                    }
                }
            }
            (forms(app, asked, &id))
        }
    }
}

async fn example(app: &App, row: &UnansweredRow) -> Markup {
    let recorded = is_recorded(app, row.call_id).await;
    html! {
        li .evidence id={ "asked-" (row.call_id) "-" (row.utterance) } {
            q { (mask_numbers(&row.text)) } " "
            span .badge { (app.texts.name("unanswered", &row.why)) } " "
            (call_link(row.call_id)) " " (clock(row.at)) " "
            @if recorded { (play(app, row.call_id, row.start_ms, row.end_ms)) }
            @else { span .hint { (position(row.start_ms)) } }
        }
    }
}

fn forms(app: &App, asked: &Asked, id: &str) -> Markup {
    let texts = &app.texts.questions;
    let members = asked.members();
    html! {
        div .row {
            form .inline id={ "draft-" (id) } data-post="/api/questions/draft" {
                input type="hidden" name="members" value=(members);
                label for={ "id-" (id) } { (app.texts.name("knowledge_field", "id")) }
                input id={ "id-" (id) } name="id" value=(id) required maxlength="80" pattern="[a-z0-9\\-]+";
                label for={ "title-" (id) } { (app.texts.name("knowledge_field", "title")) }
                input id={ "title-" (id) } name="title" value=(asked.words()) required maxlength="200";
                (signature(app, &format!("by-{id}"), &app.texts.knowledge.by, ""))
                button .main type="submit" { (texts.make_draft) }
                output role="status" {}
            }
            form .inline id={ "dismiss-" (id) } data-post="/api/questions/dismiss" {
                input type="hidden" name="members" value=(members);
                button type="submit" { (texts.dismiss) }
                output role="status" {}
            }
        }
    }
}
