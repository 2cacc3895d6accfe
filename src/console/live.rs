//! The live feed: facts as they become true, as server-sent events. A reader that falls behind is told to reload.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use futures::Stream;
use serde_json::{Value, json};
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::Interval;
use tokio_util::sync::CancellationToken;

use super::App;
use super::access::{Known, Person};
use super::error::ApiError;
use crate::access::Grant;
use crate::bridge::Who;
use super::masking::{SEALED, mask_numbers, tells_who, words};
use crate::desk::Ticket;
use crate::hotline::Fact;
use crate::kernel::Slot;
use crate::kernel::redact::mask;
use crate::store::is_units;
use crate::survey::{Answer, Given};

/// How often a quiet feed shows that it lives.
const BEAT: Duration = Duration::from_secs(15);

struct Reader {
    facts: Receiver<Fact>,
    stop: CancellationToken,
    app: Arc<App>,
    who: Known,
    beat: Interval,
    _place: OwnedSemaphorePermit,
}

/// Events `fact` with a JSON object whose `kind` says which, and `reload` when some were missed.
pub(super) async fn live(
    State(app): State<Arc<App>>,
    who: Known,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, ApiError> {
    let place = app.feeds.clone().try_acquire_owned().map_err(|_| {
        let error = "too many live feeds are open";
        let remedy = "close pages that nobody looks at";
        ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "busy", error, remedy)
    })?;
    let (facts, stop) = (app.feed.subscribe(), app.stop.clone());
    let beat = tokio::time::interval(BEAT);
    let reader = Reader { facts, stop, app, who, beat, _place: place };
    let events = futures::stream::unfold(reader, async |mut reader| {
        let next = loop {
            tokio::select! {
                () = reader.stop.cancelled() => return None,
                // Whose login has ended hears no more.
                _ = reader.beat.tick() => {
                    if !reader.app.access.still(&reader.who).await {
                        return None;
                    }
                }
                next = reader.facts.recv() => match next {
                    Ok(fact) if !may_know(&reader.who, &fact) => {}
                    next => break next,
                },
            }
        };
        let event = match next {
            Ok(fact) => Event::default().event("fact").data(fact_json(&fact).to_string()),
            Err(RecvError::Lagged(missed)) => {
                Event::default().event("reload").data(json!({ "missed": missed }).to_string())
            }
            Err(RecvError::Closed) => return None,
        };
        Some((Ok(event), reader))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(BEAT)))
}

/// A unit hears of its own tickets, and of nothing else; who listens to a call only those who may do it themselves.
fn may_know(who: &Person, fact: &Fact) -> bool {
    match (who.unit(), fact) {
        (None, Fact::Party { party, .. }) if party.part.watches() => who.may(Grant::WatchCalls),
        (None, _) => true,
        (Some(unit), Fact::Ticket { ticket, .. }) => is_units(ticket, unit),
        (Some(_), _) => false,
    }
}

/// A fact for everybody who may look: numbers are masked.
pub(super) fn fact_json(fact: &Fact) -> Value {
    match fact {
        Fact::CallStarted { call, direction, number, at } => json!({
            "kind": "call_started", "call": call.0, "direction": direction.key(),
            "number": number.as_ref().map(|n| n.masked()), "at": at.unix_ms,
        }),
        Fact::CallState { call, state, at } => {
            json!({ "kind": "call_state", "call": call.0, "state": state, "at": at.unix_ms })
        }
        Fact::CallEnded { call, outcome, at } => {
            json!({ "kind": "call_ended", "call": call.0, "outcome": outcome, "at": at.unix_ms })
        }
        Fact::Turn { utterance, latency_ms, cut_short, at } => json!({
            "kind": "turn", "call": utterance.call.0, "idx": utterance.index,
            "speaker": utterance.speaker.key(), "text": words(&utterance.text),
            "start_ms": utterance.start_ms, "end_ms": utterance.end_ms,
            "confidence": utterance.confidence, "latency_ms": latency_ms,
            "cut_short": cut_short, "at": at.unix_ms,
        }),
        // Keys may spell an identity number: that one was pressed is enough.
        Fact::Key { call, key: _, at_ms, at } => {
            json!({ "kind": "key", "call": call.0, "at_ms": at_ms, "at": at.unix_ms })
        }
        Fact::Ticket { ticket, entry } => json!({
            "kind": "ticket", "call": ticket.call.0, "ticket": ticket_json(ticket),
            "event": {
                "seq": entry.seq, "kind": entry.event.key(), "role": entry.by.role.key(),
                "actor": entry.by.name, "why": words(&entry.event.why()),
            },
            "at": entry.at.unix_ms,
        }),
        Fact::AgentState { agent, state, call, reason, at } => json!({
            "kind": "agent_state", "agent": agent.0, "state": state, "call": call.map(|c| c.0),
            "reason": reason, "at": at.unix_ms,
        }),
        Fact::Party { call, party, name, stage, at } => json!({
            "kind": "party", "call": call.0, "agent": party.who.agent().map(|agent| agent.0),
            "code": match &party.who { Who::Agent(_) => None, Who::Outside(code) => Some(code) },
            "name": name, "part": party.part.key(), "stage": stage.key(), "at": at.unix_ms,
        }),
        Fact::AgentMessage { agent, text, by, at } => json!({
            "kind": "agent_message", "agent": agent.0, "text": words(text), "by": by, "at": at.unix_ms,
        }),
        Fact::AgentMessagesSeen { agent, at } => {
            json!({ "kind": "agent_message", "agent": agent.0, "seen": true, "at": at.unix_ms })
        }
        // What became of it is on the pages: they only ask whether something did.
        Fact::Queue { record: _, at } => json!({ "kind": "queue", "at": at.unix_ms }),
        Fact::SoFar { call, speaker, text, at } => json!({
            "kind": "so_far", "call": call.0, "speaker": speaker.key(), "text": words(text),
            "at": at.unix_ms,
        }),
        // What it is stands on the pages: they only ask whether there is something.
        Fact::Assist { call, utterance, at, .. } => {
            json!({ "kind": "assist", "call": call.0, "idx": utterance, "at": at.unix_ms })
        }
        Fact::Thumb { call, utterance, up, at } => json!({
            "kind": "thumb", "call": call.0, "idx": utterance, "up": up, "at": at.unix_ms,
        }),
        Fact::Photo { call, photo, at } => {
            json!({ "kind": "photo", "call": call.0, "n": photo.n, "at": at.unix_ms })
        }
        Fact::Unanswered { call, utterance, why, at } => json!({
            "kind": "unanswered", "call": call.0, "idx": utterance, "why": why.key(), "at": at.unix_ms,
        }),
        other => survey_json(other),
    }
}

fn survey_json(fact: &Fact) -> Value {
    match fact {
        Fact::SurveyDue { survey, ticket, origin: _, attempt, due, at } => json!({
            "kind": "survey_due", "survey": survey.0, "ticket": ticket.0, "attempt": attempt,
            "due_at": due.unix_ms, "at": at.unix_ms,
        }),
        Fact::SurveyStarted { survey, call, at } => {
            json!({ "kind": "survey_started", "survey": survey.0, "call": call.0, "at": at.unix_ms })
        }
        Fact::SurveyAnswer { survey, call, answer, at } => json!({
            "kind": "survey_answer", "survey": survey.0, "call": call.0,
            "answer": answer_json(answer), "at": at.unix_ms,
        }),
        Fact::SurveyEnded { survey, ticket, outcome, last, at, .. } => json!({
            "kind": "survey_ended", "survey": survey.0, "ticket": ticket.0, "outcome": outcome,
            "last": last, "at": at.unix_ms,
        }),
        Fact::VerificationOpened { verification, survey, ticket, reason, at, .. } => json!({
            "kind": "verification_opened", "verification": verification.0, "survey": survey.0,
            "ticket": ticket.0, "reason": reason, "at": at.unix_ms,
        }),
        Fact::VerificationAssigned { verification, unit, by, at } => json!({
            "kind": "verification_assigned", "verification": verification.0, "unit": unit,
            "by": by, "at": at.unix_ms,
        }),
        Fact::VerificationClosed { verification, outcome, result, by, at } => json!({
            "kind": "verification_closed", "verification": verification.0, "outcome": outcome.key(),
            "result": words(result), "by": by, "at": at.unix_ms,
        }),
        other => callback_json(other),
    }
}

fn callback_json(fact: &Fact) -> Value {
    match fact {
        Fact::SurveyDialled { survey, ticket, call, attempt, at } => json!({
            "kind": "survey_dialled", "survey": survey.0, "ticket": ticket.0, "call": call.0,
            "attempt": attempt, "at": at.unix_ms,
        }),
        Fact::CallbackAsked { survey, ticket, why, by, at } => json!({
            "kind": "callback_asked", "survey": survey.0, "ticket": ticket.0, "why": words(why),
            "by": by, "at": at.unix_ms,
        }),
        Fact::CampaignAnnounced { campaign, plan, at } => json!({
            "kind": "campaign_announced", "campaign": campaign.0, "name": plan.name,
            "seed": plan.seed, "draw_at": plan.draw_at.unix_ms, "at": at.unix_ms,
        }),
        Fact::CampaignDrawn { campaign, draw, at } => json!({
            "kind": "campaign_drawn", "campaign": campaign.0, "population": draw.population.len(),
            "chosen": draw.chosen.len(), "at": at.unix_ms,
        }),
        Fact::DoNotCall { number, on, at, .. } => json!({
            "kind": "do_not_call", "number": number.masked(), "on": on, "at": at.unix_ms,
        }),
        // The rest is written by `fact_json`.
        _ => Value::Null,
    }
}

fn ticket_json(ticket: &Ticket) -> Value {
    let fields: Vec<Value> = ticket
        .fields
        .iter()
        .map(|(slot, filled)| {
            let number = *slot == Slot::Number;
            let sealed = ticket.secret && tells_who(slot.key());
            let hide = |text: &str| match (sealed, number) {
                (true, _) => SEALED.to_owned(),
                (false, true) => mask(text),
                (false, false) => mask_numbers(text),
            };
            let code = filled.code.as_deref().filter(|_| !sealed);
            let code = code.map(|code| if number { mask(code) } else { code.to_owned() });
            let evidence: Vec<Value> = filled
                .evidence
                .iter()
                .map(|e| {
                    json!({
                        "utterance": e.utterance, "start_ms": e.start_ms, "end_ms": e.end_ms,
                        "confidence": e.confidence,
                    })
                })
                .collect();
            json!({
                "slot": slot.key(), "value": hide(&filled.value),
                "code": code,
                "source": filled.source.key(), "evidence": evidence,
            })
        })
        .collect();
    let unit = ticket.assignment().map(|to| (to.owner.code.clone(), to.owner.name.clone()));
    let (unit, unit_name) = unit.unzip();
    json!({
        "id": ticket.id.0, "call_id": ticket.call.0, "state": ticket.state.key(),
        "agent": ticket.agent.map(|agent| agent.0),
        "result": ticket.result.as_deref().map(mask_numbers),
        "survey_id": ticket.survey.map(|survey| survey.0), "opened_at": ticket.opened.unix_ms,
        "changed_at": ticket.changed.unix_ms, "version": ticket.version,
        "unit": unit, "unit_name": unit_name, "secret": ticket.secret,
        "supervised": ticket.supervision.is_some(),
        "due_at": ticket.due.as_ref().and_then(|due| due.at).map(|at| at.unix_ms),
        "duty": ticket.due.as_ref().map(|due| due.duty.key()),
        "fields": fields,
    })
}

fn answer_json(answer: &Answer) -> Value {
    let value = answer.value().key();
    let (start_ms, end_ms) = answer.heard_at_ms();
    let (said, pressed) = match answer.given() {
        Given::Spoken { words: said, .. } => (Some(words(said.reveal())), None),
        Given::Key { key, .. } => (None, Some(key.to_string())),
    };
    json!({
        "question": answer.question().key(), "value": value, "words": said, "pressed": pressed,
        "start_ms": start_ms, "end_ms": end_ms, "confirmed": answer.is_confirmed(),
    })
}
