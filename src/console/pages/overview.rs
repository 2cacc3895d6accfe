//! 总览: who talks now, who waits, what came before.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};

use super::frame::{Place, frame};
use super::parts::{Live, badge, call_link, clock, lasting, live, ticket_link};
use crate::access::Grant;
use crate::console::App;
use crate::console::access::{Known, Person};
use crate::console::api::{AgentNow, agent_rows};
use crate::console::error::ApiError;
use crate::console::figures::{Today, today};
use crate::console::masking::{self, mask_numbers};
use crate::console::read::Page;
use crate::store::{CallRow, TurnRow};

const KINDS: &str = "call_started call_state call_ended turn ticket agent_state";

pub(in crate::console) async fn overview(
    State(app): State<Arc<App>>,
    who: Known,
    page: Page,
) -> Result<Response, ApiError> {
    if !who.may(Grant::SeeCalls) {
        return Ok(Redirect::to(who.home()).into_response());
    }
    let mut live_calls = app.store.live_calls().await?;
    let mut recent = app.store.calls(page.before, page.limit).await?;
    let next = page.next(recent.iter().map(|row| row.id));
    recent.retain(|call| call.ended_at.is_some());
    live_calls.iter_mut().chain(&mut recent).for_each(masking::call);
    let words = app.store.last_words().await?;
    let agents = agent_rows(&app).await?;
    let today = today(&app).await?;
    let texts = &app.texts.overview;
    let body = html! {
        h1 .sr { (app.texts.page.overview) }
        (strip(&app, &today))
        (people(&app, &who, &live_calls, &agents))
        section aria-labelledby="live-calls" {
            h2 #live-calls { (texts.live_calls) " " span .count { (live_calls.len()) } }
            @if live_calls.is_empty() { p .empty { (texts.no_live_calls) } }
            ul .cards {
                @for call in &live_calls { (live_card(&app, call, &words)) }
            }
        }
        section aria-labelledby="recent-calls" {
            h2 #recent-calls { (texts.recent_calls) }
            @if recent.is_empty() { p .empty { (texts.no_calls) } } @else { (table(&app, &recent)) }
            (super::frame::turn_over(&app, "/", next, page))
        }
    };
    let what = Live { kinds: KINDS, ..Live::default() };
    let title = &app.texts.page.overview;
    Ok(frame(&app, &who, Place::Overview, title, live(what, &body)).into_response())
}

/// The day in figures.
pub(super) fn strip(app: &App, today: &Today) -> Markup {
    let texts = &app.texts.figures;
    let counts = [
        (&texts.calls, today.calls),
        (&texts.live, today.live),
        (&texts.answered, today.answered),
        (&texts.handed_over, today.handed_over),
        (&texts.registered, today.registered),
        (&texts.abandoned, today.abandoned),
        (&texts.broken, today.broken),
        (&texts.callbacks, today.callbacks),
    ];
    let latency = |ms: Option<i64>| match ms {
        Some(ms) => html! { b .figure { (ms) } " ms" },
        None => html! { span .hint { (texts.not_measured) } },
    };
    html! {
        section #today .strip aria-label=(texts.title) {
            dl {
                @for (name, count) in counts {
                    div { dt { (name) } dd { b .figure { (count) } } }
                }
                div { dt { (texts.latency) " · " (texts.p50) } dd { (latency(today.latency_p50_ms)) } }
                div title={ (today.replies) " " (texts.replies) } {
                    dt { (texts.latency) " · " (texts.p95) } dd { (latency(today.latency_p95_ms)) }
                }
            }
        }
    }
}

fn people(app: &App, who: &Person, live_calls: &[CallRow], agents: &[AgentNow]) -> Markup {
    let texts = &app.texts.overview;
    let waiting = live_calls.iter().filter(|call| call.state == "waiting").count();
    html! {
        section #people .people {
            span #waiting {
                b { (texts.waiting) } " "
                @if waiting == 0 { span .hint { (texts.nobody_waiting) } } @else { span .count { (waiting) } }
            }
            span #on-duty {
                b { (texts.on_duty) } " "
                @for agent in agents {
                    @let theirs = who.may_work_at(agent.id);
                    a .person href=[theirs.then(|| format!("/agents/{}", agent.id))] {
                        (agent.name) " " (badge(app, "agent_state", &agent.state))
                    } " "
                }
                @if agents.is_empty() { span .hint { (app.texts.page.none) } }
            }
        }
    }
}

fn live_card(app: &App, call: &CallRow, words: &[TurnRow]) -> Markup {
    let texts = &app.texts.overview;
    let own: Vec<&TurnRow> = words.iter().filter(|turn| turn.call_id == call.id).collect();
    html! {
        li .card id={ "live-" (call.id) } {
            div .card-head {
                (call_link(call.id))
                b .number { (call.number.as_deref().unwrap_or(&app.texts.page.none)) }
                (badge(app, "direction", &call.direction))
                (badge(app, "call_state", &call.state))
                span .push { (lasting(call)) }
                @if let Some(ticket) = call.ticket_id {
                    span { (texts.ticket) " " (ticket_link(ticket)) }
                }
            }
            @if own.is_empty() { p .empty { (texts.no_words) } }
            @for turn in own {
                p class={ "line by-" (turn.speaker) } {
                    b { (app.texts.name("speaker", &turn.speaker)) } " " (mask_numbers(&turn.text))
                }
            }
        }
    }
}

fn table(app: &App, calls: &[CallRow]) -> Markup {
    let texts = &app.texts.overview;
    html! {
        div .scroll {
            table {
                thead { tr {
                    th scope="col" { (app.texts.page.call) }
                    th scope="col" { (texts.started) }
                    th scope="col" { (texts.direction) }
                    th scope="col" { (texts.number) }
                    th scope="col" { (texts.outcome) }
                    th scope="col" { (texts.duration) }
                    th scope="col" { (texts.ticket) }
                } }
                tbody {
                    @for call in calls {
                        tr id={ "call-" (call.id) } {
                            td { (call_link(call.id)) }
                            td { (clock(call.started_at)) }
                            td { (app.texts.name("direction", &call.direction)) }
                            td .number { (call.number.as_deref().unwrap_or(&app.texts.page.none)) }
                            td { (badge(app, "call_outcome", call.outcome.as_deref().unwrap_or("ended"))) }
                            td { (lasting(call)) }
                            td { @if let Some(ticket) = call.ticket_id { (ticket_link(ticket)) } }
                        }
                    }
                }
            }
        }
    }
}
