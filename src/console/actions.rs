//! What staff do: every change is a command to the hotline, which may refuse it.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::App;
use super::access::Known;
use super::error::ApiError;
use super::masking::{mask_numbers, tells_who};
use super::orders::Number;
use super::read::{Body, Ids, text};
use crate::desk::ticket::Role as Part;
use crate::desk::{Actor, Order, TicketEvent};
use crate::acd::OFF_DUTY;
use crate::hotline::Command;
use crate::kernel::evidence::Source;
use crate::kernel::{AgentId, CallId, Evidence, Filled, Slot, TicketId};
use crate::store::FieldRow;

pub(super) const RESULT_CHARS: usize = 2000;
const VALUE_CHARS: usize = 2000;
pub(super) const NAME_CHARS: usize = 40;

pub(super) type Done = Result<Json<Value>, ApiError>;

pub(super) async fn carry_out(app: &App, command: Command) -> Done {
    match (app.commands)(command).await {
        Some(Ok(())) => Ok(Json(json!({ "done": true }))),
        Some(Err(refused)) => Err(refused.into()),
        None => Err(ApiError::busy()),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Resulted {
    result: String,
    by: String,
    /// How many events of the ticket they have seen.
    seen: Option<Number>,
}

/// The same in the ticket's own words, refused when it has changed since, or where their part may not do it.
fn since(
    who: &Known,
    seen: &Option<Number>,
    ticket: TicketId,
    by: String,
    event: TicketEvent,
) -> Result<Option<Command>, ApiError> {
    let part = part(who, event.roles(), None).unwrap_or(Part::Desk);
    if seen.is_none() && part == Part::Desk {
        return Ok(None);
    }
    let seen = seen.as_ref().map(|seen| seen.read("seen")).transpose()?;
    let order = Box::new(Order::Event(event));
    Ok(Some(Command::Order { ticket, seen, by: Actor::new(part, by), order }))
}

/// The part in which somebody who is logged in acts: the one they wish where it is theirs, else the first of theirs that may.
pub(super) fn part(who: &Known, may: &[Part], wished: Option<Part>) -> Option<Part> {
    let theirs = who.parts()?;
    let fits = |part: &Part| theirs.contains(part) && may.contains(part);
    let first = theirs.iter().copied().find(fits).or(theirs.first().copied());
    wished.filter(fits).or(first)
}

pub(super) async fn close(
    State(app): State<Arc<App>>,
    who: Known,
    ids: Ids,
    body: Body<Resulted>,
) -> Done {
    let ticket = TicketId(ids.id()?);
    let result = text("result", &body.0.result, RESULT_CHARS)?;
    let by = text("by", &body.0.by, NAME_CHARS)?;
    let event = TicketEvent::Closed { result: result.clone() };
    let command = since(&who, &body.0.seen, ticket, by.clone(), event)?;
    carry_out(&app, command.unwrap_or(Command::CloseTicket { ticket, result, by })).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Reason {
    why: String,
    by: String,
    seen: Option<Number>,
}

pub(super) async fn reopen(
    State(app): State<Arc<App>>,
    who: Known,
    ids: Ids,
    body: Body<Reason>,
) -> Done {
    let ticket = TicketId(ids.id()?);
    let why = text("why", &body.0.why, RESULT_CHARS)?;
    let by = text("by", &body.0.by, NAME_CHARS)?;
    let event = TicketEvent::Reopened { why: why.clone() };
    let command = since(&who, &body.0.seen, ticket, by.clone(), event)?;
    carry_out(&app, command.unwrap_or(Command::Reopen { ticket, why, by })).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Edit {
    value: String,
    by: String,
    seen: Option<Number>,
}

pub(super) async fn edit(
    State(app): State<Arc<App>>,
    who: Known,
    ids: Ids,
    body: Body<Edit>,
) -> Done {
    let slot = Slot::from_key(ids.text("slot")).ok_or_else(|| {
        let known: Vec<&str> = Slot::ALL.iter().map(|slot| slot.key()).collect();
        let error = format!("a ticket has no field {:?}", ids.text("slot"));
        ApiError::field("bad_slot", "slot", error, format!("use one of {}", known.join(", ")))
    })?;
    let value = text("value", &body.0.value, VALUE_CHARS)?;
    // It is dialled: nothing but a telephone number may stand there.
    if slot == Slot::Number && !is_number(&value) {
        let error = "`value` is not a telephone number";
        let remedy = "give 3 to 15 digits, with + before an international number";
        return Err(ApiError::field("bad_number", "value", error, remedy));
    }
    let by = text("by", &body.0.by, NAME_CHARS)?;
    let ticket = TicketId(ids.id()?);
    let filled =
        Filled { value: value.clone(), code: None, evidence: Vec::new(), source: Source::Staff };
    let event = TicketEvent::Edited { slot, filled };
    let command = since(&who, &body.0.seen, ticket, by.clone(), event)?;
    carry_out(&app, command.unwrap_or(Command::EditField { ticket, slot, value, by })).await
}

pub(super) fn is_number(value: &str) -> bool {
    let digits = value.strip_prefix('+').unwrap_or(value);
    (3..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())
}

/// The body of a command that needs no more words: `{}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Accepted {
    /// The number of the words that were seen beside it.
    heard: Number,
    by: String,
}

/// 采纳: what the talk would put into a blank field goes there, with the words it rests on.
pub(super) async fn accept(
    State(app): State<Arc<App>>,
    who: Known,
    ids: Ids,
    body: Body<Accepted>,
) -> Done {
    let ticket = TicketId(ids.id()?);
    let slot = ids.text("slot");
    let row = app.store.ticket(ticket).await?.ok_or_else(|| ApiError::missing("ticket", ticket.0))?;
    let proposed = app.store.proposals(CallId(row.call_id.max(0) as u64)).await?;
    let heard = i64::from(body.0.heard.read("heard")?);
    let missing = || ApiError::missing("proposal", slot);
    let one = proposed.into_iter().find(|one| one.slot == slot).ok_or_else(missing)?;
    if one.evidence.first().is_none_or(|evidence| evidence.utterance != heard) {
        let error = "something else has been heard since";
        let remedy = "load the page again, look at it, then decide anew";
        return Err(ApiError::new(StatusCode::CONFLICT, "changed", error, remedy));
    }
    let slot = Slot::from_key(slot).ok_or_else(missing)?;
    let by = text("by", &body.0.by, NAME_CHARS)?;
    let filled = filled(one);
    let event = TicketEvent::Edited { slot, filled: filled.clone() };
    let by = Actor::new(part(&who, event.roles(), None).unwrap_or(Part::Desk), by);
    carry_out(&app, Command::Accept { ticket, slot, filled, by }).await
}

fn filled(row: FieldRow) -> Filled {
    let evidence = row.evidence.iter().map(|one| Evidence {
        utterance: one.utterance.max(0) as u32,
        start_ms: one.start_ms.max(0) as u64,
        end_ms: one.end_ms.max(0) as u64,
        confidence: one.confidence as f32,
    });
    Filled {
        evidence: evidence.collect(),
        source: Source::from_key(&row.source).unwrap_or(Source::Spoken),
        value: row.value,
        code: row.code,
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

pub(super) async fn ready(State(app): State<Arc<App>>, ids: Ids, _: Body<Nothing>) -> Done {
    carry_out(&app, Command::AgentReady { agent: AgentId(ids.id()?) }).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Away {
    /// A code of the queue's plan; without one the agent is off duty.
    reason: Option<String>,
}

pub(super) async fn away(State(app): State<Arc<App>>, ids: Ids, body: Body<Away>) -> Done {
    let reason = body.0.reason.unwrap_or_else(|| OFF_DUTY.to_owned());
    carry_out(&app, Command::AgentAway { agent: AgentId(ids.id()?), reason }).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Coded {
    code: String,
}

/// 话后小结.
pub(super) async fn wrap_up(State(app): State<Arc<App>>, ids: Ids, body: Body<Coded>) -> Done {
    let code = text("code", &body.0.code, NAME_CHARS)?;
    carry_out(&app, Command::WrapUpCode { agent: AgentId(ids.id()?), code }).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wish {
    #[serde(default)]
    why: String,
}

/// A field of a ticket as it is, told once to the one who asks; what is sealed is opened by an order of its own.
pub(super) async fn reveal(
    State(app): State<Arc<App>>,
    who: Known,
    ids: Ids,
    body: Body<Wish>,
) -> Done {
    let id = TicketId(ids.id()?);
    let row = app.store.ticket(id).await?.ok_or_else(|| ApiError::missing("ticket", id.0))?;
    let slot = Slot::from_key(ids.text("slot")).ok_or_else(ApiError::no_page)?;
    if row.secret && tells_who(slot.key()) {
        let remedy = "open it with the order `identity`, which asks for a reason";
        let error = "who reported is sealed";
        return Err(ApiError::new(StatusCode::FORBIDDEN, "sealed", error, remedy));
    }
    let value = row.fields.iter().find(|field| field.slot == slot.key());
    let value = value.ok_or_else(|| ApiError::missing("field", slot.key()))?.value.clone();
    let why = match body.0.why.trim() {
        "" => String::new(),
        why => mask_numbers(&text("why", why, NAME_CHARS)?),
    };
    let object = format!("ticket {} {}", id.0, slot.key());
    app.note(&who, "unmasked", &object, &why).await?;
    Ok(Json(json!({ "done": true, "told": value })))
}
