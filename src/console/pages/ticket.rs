//! 工单: the list, and one ticket with the words that each of its fields rests on.

use std::sync::Arc;

use axum::extract::State;
use maud::{Markup, html};

use super::frame::{Place, frame, turn_over};
use super::parts::{
    Live, area, badge, call_link, clock, field, hears, live, percent, play, position, signature,
    subject, ticket_link,
};
use super::{beside, life};
use crate::access::Grant;
use crate::console::App;
use crate::console::access::{Known, Person};
use crate::console::error::ApiError;
use crate::console::masking;
use crate::console::orders::may_order;
use crate::console::read::{Ids, Page};
use crate::kernel::{AgentId, CallId, Slot, TicketId};
use crate::store::{EventRow, EvidenceRow, FieldRow, TicketRow, TurnRow};

pub(in crate::console) async fn tickets(
    State(app): State<Arc<App>>,
    who: Known,
    page: Page,
) -> Result<Markup, ApiError> {
    let mut rows = app.store.tickets_of(who.unit(), page.before, page.limit).await?;
    rows.iter_mut().for_each(masking::ticket);
    let next = page.next(rows.iter().map(|row| row.id));
    let texts = &app.texts.ticket;
    let value =
        |row: &TicketRow, slot| field(row, slot).map(|f| f.value.clone()).unwrap_or_default();
    let body = html! {
        h1 { (app.texts.page.tickets) }
        @if rows.is_empty() { p .empty { (texts.none_yet) } }
        @else {
            div .scroll { table {
                thead { tr {
                    th scope="col" { (app.texts.page.ticket) }
                    th scope="col" { (texts.state) }
                    th scope="col" { (texts.subject) }
                    th scope="col" { (app.texts.name("slot", "place")) }
                    th scope="col" { (app.texts.name("slot", "number")) }
                    th scope="col" { (texts.agent) }
                    th scope="col" { (texts.opened) }
                } }
                tbody {
                    @for row in &rows {
                        tr id={ "ticket-" (row.id) } {
                            td { (ticket_link(row.id)) }
                            td { (badge(&app, "ticket_state", &row.state)) }
                            td { (subject(row)) }
                            td { (value(row, "place")) }
                            td .number { (value(row, "number")) }
                            td { (row.agent.map(|id| agent_name(&app, id)).unwrap_or_default()) }
                            td { (clock(row.opened_at)) }
                        }
                    }
                }
            } }
        }
        (turn_over(&app, "/tickets", next, page))
    };
    let what = Live { kinds: "ticket", ..Live::default() };
    Ok(frame(&app, &who, Place::Tickets, &app.texts.page.tickets, live(what, &body)))
}

pub(super) fn agent_name(app: &App, id: i64) -> String {
    let agent = AgentId(id.max(0) as u64);
    let name = app.agents.iter().find(|a| a.id == agent).map_or("", |a| a.name.as_str());
    format!("{agent} {name}")
}

pub(in crate::console) async fn ticket(
    State(app): State<Arc<App>>,
    who: Known,
    ids: Ids,
) -> Result<Markup, ApiError> {
    let id = TicketId(ids.id()?);
    let missing = || ApiError::missing("ticket", id.0);
    let mut row = app.store.ticket(id).await?.ok_or_else(missing)?;
    // The page is the fold of the ticket's events; the row beside them is for lists.
    let folded = app.store.load_tickets(&[id]).await?;
    let ticket = folded.into_iter().find(|ticket| ticket.id == id).ok_or_else(missing)?;
    let events = app.store.ticket_events(id).await?;
    let mut turns = app.store.turns(CallId(row.call_id.max(0) as u64)).await?;
    let recorded = hears(&app, &who, row.call_id).await?;
    // A unit sees its own tickets, not what may be about the same.
    let beneath = match who.unit() {
        Some(_) => None,
        None => Some(beside::beneath(&app, &row).await?),
    };
    let call = CallId(row.call_id.max(0) as u64);
    let mut proposed = app.store.proposals(call).await?;
    let photos = app.store.photos(call).await?;
    proposed.iter_mut().for_each(masking::field);
    masking::ticket(&mut row);
    turns.iter_mut().for_each(masking::turn);
    let seen =
        if who.may(Grant::HandleTickets) && !is_closed(&row) { Seen::Edit } else { Seen::Read };
    let seen = Fields { seen, by: "", unmask: who.may(Grant::Unmask) };
    let texts = &app.texts.ticket;
    let body = html! {
        div .title {
            h1 { (app.texts.page.ticket) " " (row.id) }
            (badge(&app, "ticket_state", &row.state))
            @if row.secret { span .badge { (texts.confidential) } }
            span .large { (subject(&row)) }
        }
        (facts(&app, &who, &row, life::standing(&app, &row, &ticket)))
        @if may_order(&who, "identity") { (life::identity(&app, &row, &ticket, "")) }
        div .columns {
            section aria-labelledby="fields" {
                h2 #fields { (texts.fields) }
                (field_list(&app, &row, &turns, &proposed, recorded, seen))
                (super::assist::photos(&app, &row, &photos))
            }
            div {
                @if let Some(beneath) = &beneath {
                    (beside::suggestions(&app, &row, beneath, "", may_dispatch(&row) && who.may(Grant::Dispatch)))
                    (beside::related_list(&app, beneath))
                }
                @if who.may(Grant::HandleTickets) { (forms(&app, &row, "")) }
                (life::orders(&app, &who, &row, &ticket, ""))
                section aria-labelledby="history" { h2 #history { (texts.history) } (history(&app, &events)) }
            }
        }
    };
    let what = Live {
        kinds: "ticket survey_ended turn assist photo",
        call: Some(row.call_id),
        ticket: Some(row.id),
        agent: None,
    };
    let title = format!("{} {}", app.texts.page.ticket, row.id);
    Ok(frame(&app, &who, Place::Tickets, &title, live(what, &body)))
}

pub(super) fn is_closed(row: &TicketRow) -> bool {
    ["closed", "called_back", "archived", "told", "merged"].contains(&row.state.as_str())
}

/// A dispatched ticket is closed after its citizen was answered.
fn may_close(row: &TicketRow) -> bool {
    !is_closed(row)
        && !["dispatched", "signed", "working", "objected"].contains(&row.state.as_str())
}

pub(super) fn may_dispatch(row: &TicketRow) -> bool {
    ["interrupted", "registered", "handling"].contains(&row.state.as_str())
}

fn facts(app: &App, who: &Person, row: &TicketRow, standing: Markup) -> Markup {
    let texts = &app.texts.ticket;
    html! {
        dl .facts {
            @if who.may(Grant::SeeCalls) { div { dt { (texts.call) } dd { (call_link(row.call_id)) } } }
            div { dt { (texts.opened) } dd { (clock(row.opened_at)) } }
            div { dt { (texts.changed) } dd { (clock(row.changed_at)) } }
            @if let Some(agent) = row.agent {
                div { dt { (texts.agent) } dd { (agent_name(app, agent)) } }
            }
            (standing)
            @if let Some(result) = &row.result {
                div { dt { (texts.result) } dd { (result) } }
            }
            @if let Some(survey) = row.survey_id {
                div { dt { (texts.survey) } dd {
                    @if who.may(Grant::SeeCallbacks) { a href={ "/surveys#survey-" (survey) } { "S" (survey) } }
                    @else { "S" (survey) }
                } }
            }
        }
    }
}

/// What may be done with the fields of a ticket.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen {
    Read,
    Edit,
    /// As they are, numbers and names too, to be edited.
    Whole,
}

#[derive(Clone, Copy)]
pub(super) struct Fields<'a> {
    pub seen: Seen,
    /// Who signs, where that is known.
    pub by: &'a str,
    /// What is masked can be asked for.
    pub unmask: bool,
}

/// Every field of a ticket, blank ones too, with the words behind it.
pub(super) fn field_list(
    app: &App,
    row: &TicketRow,
    turns: &[TurnRow],
    proposed: &[FieldRow],
    recorded: bool,
    fields: Fields<'_>,
) -> Markup {
    let sealed = |slot: &str| row.secret && masking::tells_who(slot);
    let blank = |one: &&FieldRow| field(row, &one.slot).is_none() && !sealed(&one.slot);
    let open = proposed.iter().filter(blank).filter(|_| fields.seen != Seen::Read);
    html! {
        // Before all that stands already: it waits for a press.
        @for (n, one) in open.enumerate() { (proposal(app, row, one, (turns, recorded), fields.by, n == 0)) }
        dl .fields {
            @for slot in Slot::ALL {
                @let filled = field(row, slot.key());
                @let sealed = row.secret && masking::tells_who(slot.key());
                @let masked = fields.seen != Seen::Whole && filled.is_some_and(is_masked);
                div id={ "field-" (slot.key()) } .blank[filled.is_none()] {
                    dt { (app.texts.name("slot", slot.key())) }
                    dd {
                        @match filled {
                            Some(filled) => { (content(app, slot, filled)) }
                            None => { span .hint { (app.texts.page.blank) } }
                        }
                        @if masked && !sealed && fields.unmask { (unmask(app, row, slot)) }
                        @if fields.seen != Seen::Read && !sealed {
                            (edit(app, row, slot, filled.filter(|_| !masked)))
                        }
                        @for evidence in filled.iter().flat_map(|filled| &filled.evidence) {
                            (words(app, row.call_id, evidence, turns, recorded))
                        }
                    }
                }
            }
        }
    }
}

/// What the talk would put into a blank field: taken with one press; the first of them by key.
fn proposal(
    app: &App,
    row: &TicketRow,
    one: &FieldRow,
    (turns, recorded): (&[TurnRow], bool),
    by: &str,
    by_key: bool,
) -> Markup {
    let texts = &app.texts.ticket;
    let heard = one.evidence.first().map_or(0, |evidence| evidence.utterance);
    html! {
        div .proposal id={ "proposal-" (one.slot) } {
            p { span .badge { (texts.proposed) } " " (app.texts.name("slot", &one.slot)) "：" b .value { (one.value) } }
            @for evidence in &one.evidence { (words(app, row.call_id, evidence, turns, recorded)) }
            form method="post" data-post={ "/api/tickets/" (row.id) "/proposals/" (one.slot) } {
                input type="hidden" name="heard" value=(heard);
                input type="hidden" name="by" value=(by) data-remember="by";
                @if by_key {
                    button .main type="submit" data-key="y" aria-keyshortcuts=(texts.accept_key) {
                        (texts.accept) " " kbd { (texts.accept_key) }
                    }
                } @else { button type="submit" { (texts.accept) span .sr { (app.texts.name("slot", &one.slot)) } } }
                output role="status" {}
            }
        }
    }
}

fn is_masked(field: &FieldRow) -> bool {
    masking::tells_who(&field.slot) || field.value.contains("****")
}

/// Shows the field once, and has it written down who asked.
fn unmask(app: &App, row: &TicketRow, slot: Slot) -> Markup {
    html! {
        form .quick id={ "reveal-" (slot.key()) } method="post"
            data-post={ "/api/tickets/" (row.id) "/reveal/" (slot.key()) } {
            button type="submit" title=(app.texts.ticket.unmask_help) {
                (app.texts.ticket.unmask) span .sr { (app.texts.name("slot", slot.key())) }
            }
            output role="status" {}
        }
    }
}

fn content(app: &App, slot: Slot, filled: &FieldRow) -> Markup {
    let texts = &app.texts.ticket;
    // The other codes only say the same to programs.
    let telling = matches!(slot, Slot::Place | Slot::Time);
    let code = filled.code.as_deref().filter(|_| telling);
    html! {
        p .value { (filled.value) @if let Some(code) = code { " " code title=(texts.code) { (code) } } }
        @if filled.evidence.is_empty() {
            span .hint { (texts.source) "：" (app.texts.name("source", &filled.source)) }
        }
    }
}

fn words(
    app: &App,
    call: i64,
    evidence: &EvidenceRow,
    turns: &[TurnRow],
    recorded: bool,
) -> Markup {
    let texts = &app.texts.ticket;
    let turn = turns.iter().find(|turn| turn.idx == evidence.utterance);
    html! {
        blockquote .evidence title=(texts.evidence) {
            q { (turn.map_or(texts.words_missing.as_str(), |turn| turn.text.as_str())) }
            span .hint {
                (position(evidence.start_ms)) "–" (position(evidence.end_ms)) " · "
                span title=(app.texts.call.confidence) { (percent(evidence.confidence)) }
            }
            @if recorded { (play(app, call, evidence.start_ms, evidence.end_ms)) }
        }
    }
}

fn edit(app: &App, row: &TicketRow, slot: Slot, filled: Option<&FieldRow>) -> Markup {
    let texts = &app.texts.ticket;
    let key = slot.key();
    let name = app.texts.name("slot", key);
    html! {
        details .edit id={ "edit-" (key) } {
            summary aria-label={ (texts.edit) " " (name) } { (texts.edit) }
            form method="post" data-post={ "/api/tickets/" (row.id) "/fields/" (key) } {
                (life::seen(row))
                label for={ "value-" (key) } { (texts.value) }
                textarea id={ "value-" (key) } name="value" rows="2" maxlength="2000" required {
                    (filled.map_or("", |filled| filled.value.as_str()))
                }
                (signature(app, &format!("by-{key}"), &texts.by, ""))
                div .row { button .main type="submit" { (texts.save) } output role="status" {} }
            }
        }
    }
}

/// To close an open ticket, to reopen a closed one. `by`: who signs, where that is known.
pub(super) fn forms(app: &App, row: &TicketRow, by: &str) -> Markup {
    let texts = &app.texts.ticket;
    html! {
        @if is_closed(row) {
            details .card id={ "reopen-" (row.id) } {
                summary { (texts.reopen) }
                form method="post" data-post={ "/api/tickets/" (row.id) "/reopen" } {
                    (life::seen(row))
                    (area("reopen-why", "why", &texts.reopen_why, ""))
                    (signature(app, "reopen-by", &texts.by, by))
                    div .row { button type="submit" { (texts.reopen) } output role="status" {} }
                }
            }
        } @else if may_close(row) {
            form .card id={ "close-" (row.id) } data-post={ "/api/tickets/" (row.id) "/close" } {
                (life::seen(row))
                h2 { (texts.close) }
                (area("close-result", "result", &texts.close_result, &texts.close_help))
                (signature(app, "close-by", &texts.by, by))
                div .row { button .main type="submit" { (texts.close) } output role="status" {} }
            }
        }
    }
}

fn history(app: &App, events: &[EventRow]) -> Markup {
    html! {
        ol .history {
            @for event in events {
                li id={ "event-" (event.seq) } {
                    (clock(event.at)) " "
                    b { (app.texts.name("ticket_event", &event.kind)) } " "
                    span .hint {
                        @if event.role != event.actor { (app.texts.name("role", &event.role)) " " }
                        (app.texts.actor(&event.actor))
                    }
                    @if !event.why.is_empty() {
                        p { (told(app, event)) }
                    }
                }
            }
        }
    }
}

/// Words of the history; keys of fields and steps by their names.
fn told<'a>(app: &'a App, event: &'a EventRow) -> &'a str {
    match event.kind.as_str() {
        "edited" => app.texts.name("slot", &event.why),
        "marked" => app.texts.name("mark", &event.why),
        "disputed" => app.texts.name("verify_reason", &event.why),
        _ => &event.why,
    }
}
