//! Events become JSON.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::VERSION;
use crate::desk::ticket::{Assignment, Entry, TicketEvent, TicketState, UnitRef};
use crate::kernel::{Filled, Slot};

/// The payload of an entry. Its number, time and actor stand beside it in columns of their own.
pub(in crate::store) fn write(entry: &Entry) -> String {
    let mut object = match content(&entry.event) {
        Value::Object(object) => object,
        _ => Map::new(),
    };
    object.insert("v".into(), VERSION.into());
    object.insert("kind".into(), entry.event.key().into());
    if entry.set_back_ms > 0 {
        object.insert("set_back_ms".into(), entry.set_back_ms.into());
    }
    Value::Object(object).to_string()
}

fn content(event: &TicketEvent) -> Value {
    use TicketEvent as E;
    match event {
        E::Drafted { fields: told } => json!({ "fields": fields(told) }),
        E::Carried { state: stood, fields: told, opened } => {
            json!({ "state": state(stood), "fields": fields(told), "opened": opened.unix_ms })
        }
        E::Registered | E::Interrupted => json!({}),
        E::Taken { agent } => json!({ "agent": agent.0 }),
        E::Edited { slot, filled: told } => json!({ "slot": slot.key(), "filled": filled(told) }),
        E::Told { ground, words } => json!({ "ground": ground.key(), "words": words }),
        E::Dispatched { to } => json!({ "to": assignment(to) }),
        E::Signed { member } => json!({ "member": member }),
        E::Assigned { member } => json!({ "member": member }),
        E::Transferred { to, why } => json!({ "to": unit(to), "why": why }),
        E::Worked { note } => json!({ "note": note }),
        E::Marked { mark, words } => json!({ "mark": mark.key(), "words": words }),
        E::Paused { kind, why } => json!({ "pause": kind, "why": why }),
        E::Resumed { kind } => json!({ "pause": kind }),
        E::ExtensionAsked { limit, by, why, told } => json!({
            "limit": limit, "amount": by.amount, "unit": by.unit.key(), "why": why, "told": told,
        }),
        E::Convened { forum, units: told, why } => {
            json!({ "forum": forum.key(), "units": units(told), "why": why })
        }
        E::Adjourned { forum, result } => json!({ "forum": forum.key(), "result": result }),
        E::SupervisionAnswered { words } | E::Answered { words } => json!({ "words": words }),
        E::Closed { result } => json!({ "result": result }),
        E::CalledBack { survey } => json!({ "survey": survey.0 }),
        E::Disputed { verification, reason } => {
            json!({ "verification": verification.0, "reason": reason })
        }
        E::Verified { verification, outcome } => {
            json!({ "verification": verification.0, "outcome": outcome })
        }
        E::Merged { into, why } => json!({ "into": into.0, "why": why }),
        E::Joined { ticket } => json!({ "ticket": ticket.0 }),
        // Which way it was decided is told by the kind.
        E::Objected { why }
        | E::ObjectionDecided { why, .. }
        | E::ExtensionDecided { why, .. }
        | E::Supervised { why }
        | E::SupervisionLifted { why }
        | E::Reopened { why }
        | E::Archived { why }
        | E::Sealed { why, .. }
        | E::IdentityOpened { why } => json!({ "why": why }),
    }
}

fn unit(unit: &UnitRef) -> Value {
    json!({ "code": unit.code, "name": unit.name, "level": unit.level.key() })
}

fn units(all: &[UnitRef]) -> Vec<Value> {
    all.iter().map(unit).collect()
}

fn assignment(to: &Assignment) -> Value {
    json!({
        "owner": unit(&to.owner),
        "with": units(&to.with),
        "copied": units(&to.copied),
        "member": to.member,
        "pack": to.clock.as_ref().map(|clock| clock.pack.as_str()),
        "procedure": to.clock.as_ref().map(|clock| clock.procedure.as_str()),
        "rule": to.rule,
    })
}

fn fields(told: &BTreeMap<Slot, Filled>) -> Value {
    told.iter()
        .map(|(slot, told)| (slot.key().to_owned(), filled(told)))
        .collect::<Map<_, _>>()
        .into()
}

/// Evidence as `[utterance, start_ms, end_ms, confidence]`.
fn filled(told: &Filled) -> Value {
    let evidence: Vec<Value> = told
        .evidence
        .iter()
        .map(|e| json!([e.utterance, e.start_ms, e.end_ms, e.confidence]))
        .collect();
    json!({
        "value": told.value, "code": told.code, "source": told.source.key(), "evidence": evidence,
    })
}

/// Only the states that were there before events were kept whole are ever carried.
fn state(state: &TicketState) -> Value {
    let key = state.key();
    match state {
        TicketState::Handling { agent } => json!({ "key": key, "agent": agent.0 }),
        TicketState::Closed { result } => json!({ "key": key, "result": result }),
        TicketState::CalledBack { survey } => json!({ "key": key, "survey": survey.0 }),
        _ => json!({ "key": key }),
    }
}
