//! 抽样回访: samples as they were announced and drawn, how far they are, and who did not answer and why.

use std::sync::Arc;

use axum::extract::State;
use maud::{Markup, html};

use super::frame::{Place, frame};
use super::parts::{Live, badge, clock, live, signature, ticket_link};
use super::rates::told;
use crate::console::App;
use crate::console::access::Known;
use crate::console::error::ApiError;
use crate::console::read::Ids;
use crate::insight::{self, Measure};
use crate::kernel::CampaignId;
use crate::kernel::limits::CONSOLE_ROWS;
use crate::store::{CampaignRow, MemberRow};
use crate::survey::campaign::{Rate, Stratum};

const KINDS: &str = "campaign_announced campaign_drawn survey_due survey_dialled survey_ended";

pub(in crate::console) async fn campaigns(
    State(app): State<Arc<App>>,
    who: Known,
) -> Result<Markup, ApiError> {
    let rows = app.store.campaigns(CONSOLE_ROWS).await?;
    let texts = &app.texts.campaign;
    let body = html! {
        div .title { h1 { (texts.title) } a href="/surveys" { (app.texts.survey.title) } }
        @if rows.is_empty() { p .empty { (texts.none) } }
        ul .cards { @for row in &rows { li .card id={ "campaign-" (row.id) } { (head(&app, row)) (progress(&app, row)) } } }
        (announcement(&app))
        (call_stop(&app))
    };
    let what = Live { kinds: KINDS, ..Live::default() };
    Ok(frame(&app, &who, Place::Surveys, &texts.title, live(what, &body)))
}

fn share(row: &CampaignRow) -> String {
    let rate = u32::try_from(row.rate).ok().and_then(|rate| Rate::new(rate).ok());
    rate.map(|rate| rate.to_string()).unwrap_or_default()
}

fn head(app: &App, row: &CampaignRow) -> Markup {
    let texts = &app.texts.campaign;
    html! {
        div .card-head {
            b { a href={ "/campaigns/" (row.id) } { "K" (row.id) " " (row.name) } }
            (badge(app, "stratum", &row.stratum))
            span { (texts.rate) " " (share(row)) }
            span .push .hint { (texts.announced) " " (clock(row.at)) " " (row.actor) }
        }
        p .hint {
            (texts.seed) " " code { (row.seed) } " · "
            @match row.drawn_at {
                Some(at) => { (texts.drawn) " " (clock(at)) },
                None => { (texts.draw_at) " " (clock(row.draw_at)) },
            }
        }
    }
}

fn progress(app: &App, row: &CampaignRow) -> Markup {
    let texts = &app.texts.campaign;
    let (Some(population), Some(chosen)) = (row.population, row.chosen) else { return html! {} };
    html! {
        p {
            (texts.population) " " (population) " · " (texts.chosen) " " (chosen) " · "
            (texts.ended) " " (row.ended) " · " (texts.graded) " " (row.graded) " · "
            b { (texts.unanswered) " " (row.ended - row.graded) }
        }
        (shares(app, row))
        progress max=(chosen.max(1)) value=(row.ended) aria-label=(texts.ended) {}
        @if !row.outcomes.is_empty() {
            p .row { @for (outcome, count) in &row.outcomes {
                span { (badge(app, "survey_outcome", outcome)) " " (count) }
            } }
        }
    }
}

/// What those who were reached said, each with its interval and with those who did not.
fn shares(app: &App, row: &CampaignRow) -> Markup {
    let rate = |hits: i64, answered: i64| {
        let whole = |count: i64| count.max(0) as u64;
        insight::Rate::new(whole(hits), whole(answered), whole(row.ended))
    };
    let measures = [
        (Measure::Solution, rate(row.solved, row.answered)),
        (Measure::Satisfaction, rate(row.satisfied, row.graded)),
    ];
    html! {
        @if row.ended > 0 { dl .facts { @for (measure, rate) in measures {
            div { dt { (app.texts.name("measure", measure.key())) } dd { (told(app, rate)) } }
        } } }
    }
}

fn announcement(app: &App) -> Markup {
    let texts = &app.texts.campaign;
    html! {
        details .card {
            summary { (texts.announce) }
            p .hint { (texts.announce_help) }
            form method="post" data-post="/api/campaigns" {
                label for="name" { (texts.name) }
                input #name name="name" maxlength="40" required;
                label for="stratum" { (texts.stratum) }
                select #stratum name="stratum" {
                    @for stratum in Stratum::ALL {
                        option value=(stratum.key()) { (app.texts.name("stratum", stratum.key())) }
                    }
                }
                label for="rate" { (texts.rate) }
                input #rate name="rate" value="10%" required size="8";
                label for="seed" { (texts.seed) }
                input #seed name="seed" maxlength="120" required aria-describedby="seed-help";
                p #seed-help .hint { (texts.seed_help) }
                label for="draw_at" { (texts.draw_at) }
                input #draw_at type="datetime-local" name="draw_at" required;
                (signature(app, "by", &texts.by, ""))
                div .row { button .main type="submit" { (texts.announce) } output role="status" {} }
            }
        }
    }
}

fn call_stop(app: &App) -> Markup {
    let texts = &app.texts.campaign;
    html! {
        details .card {
            summary { (texts.do_not_call) }
            p .hint { (texts.do_not_call_help) }
            form method="post" data-post="/api/do-not-call" {
                label for="number" { (texts.telephone) }
                input #number name="number" inputmode="tel" maxlength="20" required;
                label for="list" { (texts.list) }
                select #list name="list" {
                    option value="on" { (texts.list_on) }
                    option value="off" { (texts.list_off) }
                }
                label for="why" { (texts.why) }
                input #why name="why" maxlength="200" required;
                (signature(app, "quiet-by", &texts.by, ""))
                div .row { button type="submit" { (app.texts.ticket.save) } output role="status" {} }
            }
        }
    }
}

pub(in crate::console) async fn campaign(
    State(app): State<Arc<App>>,
    who: Known,
    ids: Ids,
) -> Result<Markup, ApiError> {
    let id = CampaignId(ids.id()?);
    let row = app.store.campaign(id).await?;
    let row = row.ok_or_else(|| ApiError::missing("campaign", id.0))?;
    let members = app.store.campaign_members(id).await?;
    let texts = &app.texts.campaign;
    let body = html! {
        h1 { "K" (row.id) " " (row.name) }
        section .card { (head(&app, &row)) (progress(&app, &row)) }
        @if let (Some(algorithm), Some(digest)) = (&row.algorithm, &row.digest) {
            section .card aria-labelledby="draw" {
                h2 #draw { (texts.record) }
                p { (texts.algorithm) " " code { (algorithm) } }
                p { (texts.digest) " " code { (digest) } }
                p .hint { (texts.again_help) }
                pre { code { "huiyin survey draw --check --campaign " (row.id) } }
                p { a href={ "/api/campaigns/" (row.id) } { (texts.export) } " · "
                    a href={ "/surveys?campaign=" (row.id) } { (app.texts.survey.title) } }
            }
            (drawn(&app, &members))
        }
    };
    let what = Live { kinds: KINDS, ..Live::default() };
    Ok(frame(&app, &who, Place::Surveys, &row.name, live(what, &body)))
}

fn drawn(app: &App, members: &[MemberRow]) -> Markup {
    let texts = &app.texts.campaign;
    let chosen = || members.iter().filter(|member| member.place.is_some());
    html! {
        div .scroll { table {
            thead { tr {
                th scope="col" { (texts.place) }
                th scope="col" { (app.texts.survey.ticket) }
                th scope="col" { (app.texts.survey.title) }
                th scope="col" { (app.texts.survey.outcome) }
            } }
            tbody { @for member in chosen() {
                tr {
                    td .figure { @if let Some(place) = member.place { (place) } }
                    td { (ticket_link(member.ticket_id)) }
                    td {
                        @if let Some(survey) = member.survey_id { "S" (survey) " " }
                        @if let Some(state) = &member.state { (badge(app, "survey_state", state)) }
                    }
                    td { @if let Some(outcome) = &member.outcome { (badge(app, "survey_outcome", outcome)) } }
                }
            } }
        } }
    }
}
