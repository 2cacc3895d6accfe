//! 坐席: who is on duty, and the page that an agent works with.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use maud::{Markup, html};

use super::assist::{self, Aid};
use super::beside::{self, Beneath};
use super::frame::{Place, frame};
use super::parts::{
    Live, badge, call_link, clock, field, is_recorded, lasting, live, subject, ticket_link, transcript,
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
use crate::kernel::{AgentId, CallId, Slot, TicketId};
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
    /// When an answer would be due.
    foretold: Option<Markup>,
    aid: Aid,
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
    let foretold = match (&ticket, &beneath) {
        (Some(ticket), Some(beneath)) => assist::foretold(app, ticket, beneath).await?,
        _ => None,
    };
    let mut aid = Aid::of(app, id, ticket.as_ref(), call.number.as_deref()).await?;
    let secret = ticket.as_ref().is_some_and(|ticket| ticket.secret);
    if secret || !whole {
        ticket.iter_mut().for_each(masking::ticket);
        masking::call(&mut call);
        aid.proposed.iter_mut().for_each(masking::field);
        turns.iter_mut().for_each(masking::turn);
    }
    // Other tickets are subjects on a list, as everywhere.
    aid.theirs.iter_mut().for_each(masking::ticket);
    let recorded = is_recorded(app, call.id).await;
    Ok(Some(Work { call, turns, ticket, beneath, foretold, aid, recorded }))
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
            Some(work) => {
                @if now.state == "wrap_up" { (finish(&app, &now, work, whole)) }
                (desk(&app, &now, work, whole, who.may(Grant::Unmask)))
            }
            None => { p .large.quiet-hours { (app.texts.agent.no_call) } }
        }
        (unfinished(&app, own.iter().filter(|ticket| Some(ticket.id) != shown)))
    };
    let what = Live {
        kinds: "agent_state turn ticket call_state call_ended assist photo party agent_message",
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

/// Keys for codes, after the talk: Alt and a digit. During it digits join and part.
const KEYED: usize = 9;

/// What the talk came to, while there is one or it is written up: one press each.
fn codes(app: &App, now: &AgentNow) -> Markup {
    let texts = &app.texts.agent;
    if !["talking", "hold", "wrap_up"].contains(&now.state.as_str()) {
        return html! {};
    }
    html! {
        div #wrap-up .row role="group" aria-label=(texts.code) {
            span .hint { (texts.code) }
            @for (n, code) in app.plan.codes.iter().enumerate() {
                form method="post" data-post={ "/api/agents/" (now.id) "/wrap-up" } {
                    input type="hidden" name="code" value=(code.code);
                    @if n < KEYED && now.state == "wrap_up" {
                        @let keys = format!("Alt+{}", n + 1);
                        button type="submit" data-key=(n + 1) aria-keyshortcuts=(keys) { (code.name) " " kbd { (keys) } }
                    } @else { button type="submit" { (code.name) } }
                    output role="status" {}
                }
            }
            p .hint { (texts.code_help) }
        }
    }
}

/// 话后处理: the summary under the cursor, and what its keys are.
fn finish(app: &App, now: &AgentNow, work: &Work, whole: bool) -> Markup {
    let texts = &app.texts.agent;
    let Some(ticket) = work.ticket.as_ref().filter(|ticket| whole && !is_closed(ticket)) else {
        return html! {};
    };
    let summary = field(ticket, Slot::Summary.key()).or_else(|| field(ticket, Slot::Narrative.key()));
    html! {
        section #finish .card aria-labelledby="finish-title" {
            h2 #finish-title { (texts.finish) }
            form method="post" data-post={ "/api/tickets/" (ticket.id) "/fields/summary" } {
                (super::life::seen(ticket))
                input type="hidden" name="by" value=(by(now)) data-remember="by";
                label for="finish-summary" { (app.texts.name("slot", "summary")) }
                textarea #finish-summary name="value" rows="3" maxlength="2000" required data-arrive {
                    (summary.map_or("", |field| field.value.as_str()))
                }
                div .row {
                    button .main type="submit" data-key="s" aria-keyshortcuts=(texts.save_key) {
                        (app.texts.ticket.save) " " kbd { (texts.save_key) }
                    }
                    output role="status" {}
                    span .hint { (texts.finish_help) }
                }
            }
        }
    }
}

fn by(now: &AgentNow) -> String {
    format!("{} {}", AgentId(now.id.max(0) as u64), now.name)
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

fn desk(app: &App, now: &AgentNow, work: &Work, whole: bool, unmask: bool) -> Markup {
    let texts = &app.texts.agent;
    let by = by(now);
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
                        @let seen = if whole && !is_closed(ticket) { Seen::Whole } else { Seen::Read };
                        (field_list(app, ticket, &work.turns, &work.aid.proposed, work.recorded, Fields { seen, by: &by, unmask }))
                        (assist::photos(app, ticket, &work.aid.photos))
                    }
                    None => { p .empty { (texts.no_ticket) } }
                }
                (assist::theirs(app, &work.aid))
            }
            div {
                section #talk-now aria-label=(texts.transcript) {
                    h2 { (texts.transcript) }
                    (transcript(app, &work.turns, &[], work.recorded, false))
                }
                (assist::hits(app, &work.aid))
                @if let (Some(ticket), Some(beneath)) = (&work.ticket, &work.beneath) {
                    (beside::suggestions(app, ticket, beneath, &by, may_dispatch(ticket)))
                    @if let Some(foretold) = &work.foretold { div .card { (foretold) } }
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
