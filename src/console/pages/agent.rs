//! 坐席: who is on duty, and the page that an agent works with.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use maud::{Markup, html};

use super::beside::{self, Beneath};
use super::frame::{Place, frame};
use super::parts::{
    Live, badge, call_link, clock, is_recorded, lasting, live, subject, ticket_link, transcript,
};
use super::ticket::{Fields, Seen, field_list, forms, is_closed, may_dispatch};
use super::wall::why;
use crate::access::{Grant, Scope};
use crate::acd::OFF_DUTY;
use crate::console::App;
use crate::console::access::{Known, Via};
use crate::console::api::{AgentNow, agent_rows};
use crate::console::error::ApiError;
use crate::console::masking;
use crate::console::read::Ids;
use crate::kernel::{AgentId, CallId, TicketId};
use crate::store::{CallRow, TicketRow, TurnRow};

pub(in crate::console) async fn agents(
    State(app): State<Arc<App>>,
    who: Known,
) -> Result<Markup, ApiError> {
    let rows = agent_rows(&app).await?;
    let texts = &app.texts.agent;
    let body = html! {
        h1 { (texts.list) }
        @if rows.is_empty() { p .empty { (texts.none_configured) } }
        ul .cards {
            @for row in &rows {
                li .card id={ "agent-" (row.id) } {
                    div .card-head {
                        a .large href=[who.may_work_at(row.id).then(|| format!("/agents/{}", row.id))] { (AgentId(row.id.max(0) as u64)) " " (row.name) }
                        (badge(&app, "agent_state", &row.state)) (why(&app, row))
                        @if let Some(since) = row.since { span .hint { (clock(since)) " " (texts.since) } }
                        @if let Some(call) = row.call_id { span .push { (call_link(call)) } }
                    }
                }
            }
        }
    };
    let what = Live { kinds: "agent_state", ..Live::default() };
    Ok(frame(&app, &who, Place::Agents, &texts.list, live(what, &body)))
}

/// What the agent has on the telephone.
struct Work {
    call: CallRow,
    turns: Vec<TurnRow>,
    ticket: Option<TicketRow>,
    beneath: Option<Beneath>,
    recorded: bool,
}

/// `whole`: who looks is the one who has the caller, and needs their number.
async fn work(app: &App, now: &AgentNow, whole: bool) -> Result<Option<Work>, ApiError> {
    let Some(id) = now.call_id.map(|id| CallId(id.max(0) as u64)) else { return Ok(None) };
    let Some(mut call) = app.store.call(id).await? else { return Ok(None) };
    let mut turns = app.store.turns(id).await?;
    let mut ticket = match call.ticket_id {
        Some(ticket) => app.store.ticket(TicketId(ticket.max(0) as u64)).await?,
        None => None,
    };
    let beneath = match &ticket {
        Some(ticket) => Some(beside::beneath(app, ticket).await?),
        None => None,
    };
    let secret = ticket.as_ref().is_some_and(|ticket| ticket.secret);
    if secret || !whole {
        ticket.iter_mut().for_each(masking::ticket);
        masking::call(&mut call);
        turns.iter_mut().for_each(masking::turn);
    }
    let recorded = is_recorded(app, call.id).await;
    Ok(Some(Work { call, turns, ticket, beneath, recorded }))
}

pub(in crate::console) async fn agent(
    State(app): State<Arc<App>>,
    who: Known,
    ids: Ids,
) -> Result<Markup, ApiError> {
    let id = ids.id()?;
    let rows = agent_rows(&app).await?;
    let now = rows.iter().find(|row| row.id as u64 == id).cloned().ok_or_else(|| {
        let error = format!("no agent {id}");
        let remedy = "agents are listed in the configuration under [[agents]]";
        ApiError::new(StatusCode::NOT_FOUND, "not_found", error, remedy)
    })?;
    let whole = who.via == Via::Local || who.scope == Scope::Agent(AgentId(id));
    let work = work(&app, &now, whole).await?;
    let joining = super::joining::joining(&app, &who, &now, &rows).await?;
    let messages = super::joining::messages(&app, now.id).await?;
    let own = app.store.tickets_handled_by(AgentId(id), 20).await?;
    let shown = work.as_ref().and_then(|work| work.ticket.as_ref()).map(|ticket| ticket.id);
    let body = html! {
        (banner(&app, &now, work.as_ref()))
        (messages)
        (super::phone::phone(&app, now.id))
        (joining)
        @match &work {
            Some(work) => { (desk(&app, &now, work, Fields { seen: if whole { Seen::Whole } else { Seen::Read }, unmask: who.may(Grant::Unmask) })) }
            None => { p .large.quiet-hours { (app.texts.agent.no_call) } }
        }
        (unfinished(&app, own.iter().filter(|ticket| Some(ticket.id) != shown)))
    };
    let what = Live {
        kinds: "agent_state turn ticket call_state call_ended party agent_message",
        call: now.call_id,
        agent: Some(now.id),
        ..Live::default()
    };
    let title = format!("{} {}", app.texts.page.agent, now.name);
    Ok(frame(&app, &who, Place::Agents, &title, live(what, &body)))
}

fn banner(app: &App, now: &AgentNow, work: Option<&Work>) -> Markup {
    let texts = &app.texts.agent;
    let call = work.map(|work| &work.call);
    let number = call.and_then(|call| call.number.as_deref());
    html! {
        section #banner class={ "banner is-" (now.state) } {
            div {
                h1 { (AgentId(now.id.max(0) as u64)) " " (now.name) }
                p .state aria-live="assertive" { (app.texts.name("agent_state", &now.state)) (why(app, now)) }
                @if now.state == "wrap_up" {
                    p .hint { (texts.limit) " " (limit_s(app)) " " (texts.seconds) }
                }
            }
            @if let Some(call) = call {
                div {
                    p .number.large { (number.unwrap_or(&app.texts.page.none)) }
                    p { (call_link(call.id)) " · " (lasting(call)) }
                }
            }
            div .row.push {
                (switch(now.id, "ready", &texts.ready, &texts.ready_key, "r", "main"))
                (leave(app, now.id))
            }
            (codes(app, now))
        }
    }
}

fn limit_s(app: &App) -> u64 {
    app.plan.rules.wrap_up_ms / 1000
}

/// Away, for a reason of the plan.
fn leave(app: &App, agent: i64) -> Markup {
    let texts = &app.texts.agent;
    html! {
        form method="post" data-post={ "/api/agents/" (agent) "/away" } {
            button type="submit" data-key="a" aria-keyshortcuts=(texts.away_key) {
                (texts.away) " " kbd { (texts.away_key) }
            }
            select name="reason" aria-label=(texts.leave) {
                @for reason in &app.plan.reasons { option value=(reason.code) { (reason.name) } }
                option value=(OFF_DUTY) { (app.texts.name("away_reason", OFF_DUTY)) }
            }
            output role="status" {}
        }
    }
}

/// What the talk came to, while there is one or it is written up.
fn codes(app: &App, now: &AgentNow) -> Markup {
    let texts = &app.texts.agent;
    if !["talking", "hold", "wrap_up"].contains(&now.state.as_str()) {
        return html! {};
    }
    html! {
        form #wrap-up .row method="post" data-post={ "/api/agents/" (now.id) "/wrap-up" } {
            label for="code" { (texts.code) }
            select #code name="code" aria-describedby="code-help" {
                @for code in &app.plan.codes { option value=(code.code) { (code.name) } }
            }
            button type="submit" { (app.texts.ticket.save) }
            output role="status" {}
            p #code-help .hint { (texts.code_help) }
        }
    }
}

fn switch(agent: i64, what: &str, name: &str, keys: &str, key: &str, class: &str) -> Markup {
    html! {
        form method="post" data-post={ "/api/agents/" (agent) "/" (what) } {
            button class=(class) type="submit" data-key=(key) aria-keyshortcuts=(keys) {
                (name) " " kbd { (keys) }
            }
            output role="status" {}
        }
    }
}

fn desk(app: &App, now: &AgentNow, work: &Work, fields: Fields) -> Markup {
    let texts = &app.texts.agent;
    let by = format!("{} {}", AgentId(now.id.max(0) as u64), now.name);
    html! {
        div .columns.desk id={ "desk-" (work.call.id) } {
            section #ticket-now aria-label=(app.texts.page.ticket) {
                @match &work.ticket {
                    Some(ticket) => {
                        div .title {
                            h2 { (app.texts.page.ticket) " " (ticket_link(ticket.id)) }
                            (badge(app, "ticket_state", &ticket.state))
                            span .large { (subject(ticket)) }
                        }
                        @let seen = if is_closed(ticket) && fields.seen == Seen::Whole { Seen::Read } else { fields.seen };
                        (field_list(app, ticket, &work.turns, work.recorded, Fields { seen, ..fields }))
                    }
                    None => { p .empty { (texts.no_ticket) } }
                }
            }
            div {
                section #talk-now aria-label=(texts.transcript) {
                    h2 { (texts.transcript) }
                    (transcript(app, &work.turns, work.recorded, false))
                }
                @if let (Some(ticket), Some(beneath)) = (&work.ticket, &work.beneath) {
                    (beside::suggestions(app, ticket, beneath, &by, may_dispatch(ticket)))
                    (beside::related_list(app, beneath))
                }
                @if let Some(ticket) = &work.ticket {
                    @if is_closed(ticket) { p .card { (texts.closed) } }
                    @else { (forms(app, ticket, &by)) }
                }
            }
        }
    }
}

fn unfinished<'a>(app: &App, tickets: impl Iterator<Item = &'a TicketRow>) -> Markup {
    let texts = &app.texts.agent;
    let tickets: Vec<&TicketRow> = tickets.collect();
    html! {
        section #unfinished {
            h2 { (texts.unfinished) }
            @if tickets.is_empty() { p .empty { (texts.no_unfinished) } }
            ul .plain {
                @for ticket in tickets {
                    li id={ "open-" (ticket.id) } {
                        (ticket_link(ticket.id)) " " (subject(ticket)) " "
                        span .hint { (clock(ticket.opened_at)) }
                    }
                }
            }
        }
    }
}
