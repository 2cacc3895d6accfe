//! JSON becomes events again. Whatever this version does not know is an error that names it: a ticket is never rebuilt
//! from half of its events.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::VERSION;
use crate::desk::clock::{Span, Unit};
use crate::desk::dispatch::Level;
use crate::desk::ticket::{
    Assignment, ClockRef, Forum, Ground, Mark, TicketEvent, TicketState, UnitRef,
};
use crate::kernel::evidence::Source;
use crate::kernel::{AgentId, Evidence, Filled, Slot, SurveyId, TicketId, VerificationId, Wall};

/// What is wrong, by its field.
type Read<T> = Result<T, String>;

/// The event of a payload, and by how much the clock had been set back.
pub(in crate::store) fn read(text: &str) -> Read<(TicketEvent, u64)> {
    let value: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let object = Object::of(&value, "the payload")?;
    match object.number("v")? {
        VERSION => {}
        other => return Err(format!("v = {other}")),
    }
    let kind = object.text("kind")?;
    let event = match of_desk(kind, &object)? {
        Some(event) => event,
        None => of_unit(kind, &object)?.ok_or_else(|| format!("kind = {kind:?}"))?,
    };
    let set_back_ms = object.0.get("set_back_ms").and_then(Value::as_u64).unwrap_or(0);
    Ok((event, set_back_ms))
}

fn of_desk(kind: &str, o: &Object<'_>) -> Read<Option<TicketEvent>> {
    use TicketEvent as E;
    Ok(Some(match kind {
        "drafted" => E::Drafted { fields: fields(o)? },
        "carried" => E::Carried {
            state: Box::new(state(&o.object("state")?)?),
            fields: fields(o)?,
            opened: Wall::from_ms(o.signed("opened")?),
        },
        "registered" => E::Registered,
        "interrupted" => E::Interrupted,
        "taken" => E::Taken { agent: AgentId(o.number("agent")?) },
        "edited" => E::Edited {
            slot: o.key("slot", Slot::from_key)?,
            filled: filled(&o.object("filled")?)?,
        },
        "told" => E::Told { ground: o.key("ground", Ground::from_key)?, words: o.string("words")? },
        "dispatched" => E::Dispatched { to: assignment(&o.object("to")?)? },
        "objection_upheld" => E::ObjectionDecided { upheld: true, why: o.string("why")? },
        "objection_overruled" => E::ObjectionDecided { upheld: false, why: o.string("why")? },
        "extension_granted" => E::ExtensionDecided { granted: true, why: o.string("why")? },
        "extension_refused" => E::ExtensionDecided { granted: false, why: o.string("why")? },
        "supervised" => E::Supervised { why: o.string("why")? },
        "supervision_lifted" => E::SupervisionLifted { why: o.string("why")? },
        "called_back" => E::CalledBack { survey: SurveyId(o.number("survey")?) },
        "disputed" => E::Disputed {
            verification: VerificationId(o.number("verification")?),
            reason: o.string("reason")?,
        },
        "verified" => E::Verified {
            verification: VerificationId(o.number("verification")?),
            outcome: o.string("outcome")?,
        },
        "reopened" => E::Reopened { why: o.string("why")? },
        "merged" => E::Merged { into: TicketId(o.number("into")?), why: o.string("why")? },
        "joined" => E::Joined { ticket: TicketId(o.number("ticket")?) },
        "archived" => E::Archived { why: o.string("why")? },
        "sealed" => E::Sealed { secret: true, why: o.string("why")? },
        "unsealed" => E::Sealed { secret: false, why: o.string("why")? },
        "identity_opened" => E::IdentityOpened { why: o.string("why")? },
        _ => return Ok(None),
    }))
}

fn of_unit(kind: &str, o: &Object<'_>) -> Read<Option<TicketEvent>> {
    use TicketEvent as E;
    Ok(Some(match kind {
        "signed" => E::Signed { member: o.maybe("member")? },
        "assigned" => E::Assigned { member: o.string("member")? },
        "transferred" => E::Transferred { to: unit(&o.object("to")?)?, why: o.string("why")? },
        "worked" => E::Worked { note: o.string("note")? },
        "marked" => E::Marked { mark: o.key("mark", Mark::from_key)?, words: o.string("words")? },
        "paused" => E::Paused { kind: o.string("pause")?, why: o.string("why")? },
        "resumed" => E::Resumed { kind: o.string("pause")? },
        "objected" => E::Objected { why: o.string("why")? },
        "extension_asked" => E::ExtensionAsked {
            limit: o.string("limit")?,
            by: Span {
                amount: o.small("amount")?,
                unit: o.key("unit", |key| Unit::ALL.into_iter().find(|unit| unit.key() == key))?,
            },
            why: o.string("why")?,
            told: o.maybe("told")?,
        },
        "convened" => E::Convened {
            forum: o.key("forum", Forum::from_key)?,
            units: units(o, "units")?,
            why: o.string("why")?,
        },
        "adjourned" => {
            E::Adjourned { forum: o.key("forum", Forum::from_key)?, result: o.string("result")? }
        }
        "supervision_answered" => E::SupervisionAnswered { words: o.string("words")? },
        "answered" => E::Answered { words: o.string("words")? },
        "closed" => E::Closed { result: o.string("result")? },
        _ => return Ok(None),
    }))
}

fn unit(o: &Object<'_>) -> Read<UnitRef> {
    let (code, name) = (o.string("code")?, o.string("name")?);
    Ok(UnitRef { code, name, level: o.key("level", Level::from_key)? })
}

fn units(o: &Object<'_>, name: &str) -> Read<Vec<UnitRef>> {
    o.list(name)?.iter().map(|value| unit(&Object::of(value, name)?)).collect()
}

fn assignment(o: &Object<'_>) -> Read<Assignment> {
    let clock = match (o.maybe("pack")?, o.maybe("procedure")?) {
        (Some(pack), Some(procedure)) => Some(ClockRef { pack, procedure }),
        _ => None,
    };
    Ok(Assignment {
        owner: unit(&o.object("owner")?)?,
        with: units(o, "with")?,
        copied: units(o, "copied")?,
        member: o.maybe("member")?,
        clock,
        rule: o.string("rule")?,
    })
}

fn fields(o: &Object<'_>) -> Read<BTreeMap<Slot, Filled>> {
    let mut fields = BTreeMap::new();
    for (key, value) in o.object("fields")?.0 {
        let slot = Slot::from_key(key).ok_or_else(|| format!("slot = {key:?}"))?;
        fields.insert(slot, filled(&Object::of(value, key)?)?);
    }
    Ok(fields)
}

fn filled(o: &Object<'_>) -> Read<Filled> {
    let mut evidence = Vec::new();
    for value in o.list("evidence")? {
        let parts = value.as_array().map(Vec::as_slice).unwrap_or_default();
        let [utterance, start, end, confidence] = parts else {
            return Err(format!("evidence = {value}"));
        };
        let whole = |part: &Value| part.as_u64().ok_or_else(|| format!("evidence = {value}"));
        evidence.push(Evidence {
            utterance: u32::try_from(whole(utterance)?).map_err(|error| error.to_string())?,
            start_ms: whole(start)?,
            end_ms: whole(end)?,
            confidence: confidence.as_f64().ok_or_else(|| format!("evidence = {value}"))? as f32,
        });
    }
    let source = o.key("source", Source::from_key)?;
    Ok(Filled { value: o.string("value")?, code: o.maybe("code")?, evidence, source })
}

fn state(o: &Object<'_>) -> Read<TicketState> {
    Ok(match o.text("key")? {
        "draft" => TicketState::Draft,
        "interrupted" => TicketState::Interrupted,
        "registered" => TicketState::Registered,
        "handling" => TicketState::Handling { agent: AgentId(o.number("agent")?) },
        "closed" => TicketState::Closed { result: o.string("result")? },
        "called_back" => TicketState::CalledBack { survey: SurveyId(o.number("survey")?) },
        other => return Err(format!("state = {other:?}")),
    })
}

/// A JSON object whose fields must be there and of their kind.
struct Object<'a>(&'a Map<String, Value>);

impl<'a> Object<'a> {
    fn of(value: &'a Value, name: &str) -> Read<Object<'a>> {
        value.as_object().map(Object).ok_or_else(|| format!("{name} is no object"))
    }

    fn get(&self, name: &str) -> Read<&'a Value> {
        self.0.get(name).ok_or_else(|| format!("{name} is missing"))
    }

    fn object(&self, name: &str) -> Read<Object<'a>> {
        Object::of(self.get(name)?, name)
    }

    fn list(&self, name: &str) -> Read<&'a [Value]> {
        let value = self.get(name)?;
        value.as_array().map(Vec::as_slice).ok_or_else(|| format!("{name} is no list"))
    }

    fn text(&self, name: &str) -> Read<&'a str> {
        self.get(name)?.as_str().ok_or_else(|| format!("{name} is no text"))
    }

    fn string(&self, name: &str) -> Read<String> {
        self.text(name).map(str::to_owned)
    }

    fn maybe(&self, name: &str) -> Read<Option<String>> {
        match self.get(name)? {
            Value::Null => Ok(None),
            Value::String(text) => Ok(Some(text.clone())),
            other => Err(format!("{name} = {other}")),
        }
    }

    fn number(&self, name: &str) -> Read<u64> {
        self.get(name)?.as_u64().ok_or_else(|| format!("{name} is no whole number"))
    }

    fn small(&self, name: &str) -> Read<u32> {
        u32::try_from(self.number(name)?).map_err(|error| format!("{name}: {error}"))
    }

    fn signed(&self, name: &str) -> Read<i64> {
        self.get(name)?.as_i64().ok_or_else(|| format!("{name} is no whole number"))
    }

    fn key<T>(&self, name: &str, of: impl Fn(&str) -> Option<T>) -> Read<T> {
        let key = self.text(name)?;
        of(key).ok_or_else(|| format!("{name} = {key:?}"))
    }
}
