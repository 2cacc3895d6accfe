//! What the life of a ticket knows, as the API takes it: `POST /api/tickets/{id}/orders/{order}`. Who orders says who they
//! are (`by`), in what role (`role`, where the order has more than one), and, so that two people do not undo each other,
//! how many events of the ticket they have seen (`seen`).

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::json;

use super::App;
use super::access::{Known, Person};
use super::actions::{Done, NAME_CHARS, RESULT_CHARS, carry_out, part};
use super::error::ApiError;
use super::read::{Body, Ids, text};
use crate::access::Grant;
use crate::desk::ticket::{Forum, Ground, Mark, Role, TicketEvent};
use crate::desk::{Actor, Order};
use crate::hotline::Command;
use crate::kernel::{CallId, TicketId};

/// A whole number; forms send it as text.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Number {
    Number(u32),
    Text(String),
}

impl Number {
    pub fn read(&self, field: &'static str) -> Result<u32, ApiError> {
        let read = match self {
            Number::Number(number) => Some(*number),
            Number::Text(text) => text.trim().parse().ok(),
        };
        read.ok_or_else(|| {
            let error = format!("`{field}` is no whole number");
            ApiError::field("bad_number", field, error, "write digits only")
        })
    }
}

/// Names, each on its own or with 、 or a comma between them.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Names {
    List(Vec<String>),
    Text(String),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Told {
    by: String,
    role: Option<String>,
    seen: Option<Number>,
    /// Of a unit: its code or whole name.
    unit: Option<String>,
    with: Option<Names>,
    units: Option<Names>,
    pack: Option<String>,
    member: Option<String>,
    /// Why, what was said or done: every order has one text of its own.
    why: Option<String>,
    ground: Option<String>,
    mark: Option<String>,
    kind: Option<String>,
    forum: Option<String>,
    limit: Option<String>,
    amount: Option<Number>,
    told: Option<String>,
    into: Option<Number64>,
}

/// A ticket's number has ten digits.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Number64 {
    Number(u64),
    Text(String),
}

/// Every order there is, in the order of a ticket's life, and what must be granted for it.
pub(super) const ORDERS: [(&str, Grant); 29] = [
    ("tell", Grant::Dispatch),
    ("dispatch", Grant::Dispatch),
    ("sign", Grant::WorkForUnit),
    ("assign", Grant::WorkForUnit),
    ("transfer", Grant::WorkForUnit),
    ("work", Grant::WorkForUnit),
    ("mark", Grant::WorkForUnit),
    ("pause", Grant::WorkForUnit),
    ("resume", Grant::WorkForUnit),
    ("object", Grant::WorkForUnit),
    ("uphold", Grant::Decide),
    ("overrule", Grant::Decide),
    ("extend", Grant::WorkForUnit),
    ("grant", Grant::Decide),
    ("refuse", Grant::Decide),
    ("convene", Grant::Decide),
    ("adjourn", Grant::Decide),
    ("supervise", Grant::Supervise),
    ("report", Grant::WorkForUnit),
    ("lift", Grant::Supervise),
    ("answer", Grant::WorkForUnit),
    ("close", Grant::HandleTickets),
    ("reopen", Grant::HandleTickets),
    ("merge", Grant::Dispatch),
    ("archive", Grant::Dispatch),
    ("seal", Grant::Dispatch),
    ("unseal", Grant::Decide),
    ("register", Grant::Dispatch),
    ("identity", Grant::OpenIdentity),
];

/// Whether somebody may give this order.
pub(super) fn may_order(who: &Person, name: &str) -> bool {
    ORDERS.iter().any(|(order, grant)| *order == name && who.may(*grant))
}

pub(super) async fn order(
    State(app): State<Arc<App>>,
    who: Known,
    ids: Ids,
    body: Body<Told>,
) -> Done {
    let (ticket, name) = (TicketId(ids.id()?), ids.text("order"));
    let order = body.0.order(name)?;
    if !may_order(&who, name) {
        return Err(ApiError::forbidden());
    }
    let by = body.0.actor(&who, &order)?;
    let seen = body.0.seen.as_ref().map(|seen| seen.read("seen")).transpose()?;
    let opens = name == "identity";
    let done = carry_out(&app, Command::Order { ticket, seen, by, order: Box::new(order) }).await?;
    if !opens {
        return Ok(done);
    }
    app.note(&who, "identity_opened", &format!("ticket {}", ticket.0), "").await?;
    identity(&app, ticket).await
}

/// Who reported: told once, to the one who has opened it.
async fn identity(app: &App, id: TicketId) -> Done {
    let row = app.store.ticket(id).await?.ok_or_else(|| ApiError::missing("ticket", id.0))?;
    let call = app.store.call(CallId(row.call_id.max(0) as u64)).await?;
    let field = |slot: &str| {
        row.fields.iter().find(|field| field.slot == slot).map(|field| field.value.clone())
    };
    let (caller, number) = (field("caller"), field("number"));
    let calling = call.and_then(|call| call.number);
    let names = &app.texts.ticket;
    let parts = [
        (app.texts.name("slot", "caller"), &caller),
        (app.texts.name("slot", "number"), &number),
        (names.calling_number.as_str(), &calling),
    ];
    let told: Vec<String> = parts
        .iter()
        .map(|(name, value)| {
            format!("{name}：{}", value.as_deref().unwrap_or(&app.texts.page.blank))
        })
        .collect();
    Ok(Json(json!({
        "done": true, "told": told.join("；"),
        "identity": { "caller": caller, "number": number, "calling_number": calling },
    })))
}

impl Told {
    /// As they say; what they leave out is the first role that the order has for people.
    fn actor(&self, who: &Known, order: &Order) -> Result<Actor, ApiError> {
        let name = text("by", &self.by, NAME_CHARS)?;
        let may: &[Role] = match order {
            Order::Dispatch { .. } => &[Role::Desk, Role::Agent],
            Order::Transfer { .. } | Order::AskExtension { .. } => &[Role::Unit],
            Order::Convene { .. } => &[Role::Desk, Role::Supervisor, Role::Unit],
            Order::Event(event) => event.roles(),
        };
        let people = |role: &&Role| !matches!(role, Role::Robot | Role::System);
        let role = match self.role.as_deref().filter(|role| !role.is_empty()) {
            None => {
                let desk = may.iter().find(|role| **role == Role::Desk);
                *desk.or_else(|| may.iter().find(people)).unwrap_or(&Role::Desk)
            }
            Some(key) => Role::from_key(key).filter(|role| people(&role)).ok_or_else(|| {
                let error = format!("{key:?} is no role of people");
                ApiError::field("bad_choice", "role", error, "use agent, desk, unit or supervisor")
            })?,
        };
        Ok(Actor::new(part(who, may, Some(role)).unwrap_or(role), name))
    }

    fn order(&self, name: &str) -> Result<Order, ApiError> {
        let order = match name {
            "dispatch" => Order::Dispatch {
                unit: self.text("unit", &self.unit)?,
                with: names(&self.with),
                pack: self.maybe(&self.pack),
                member: self.maybe(&self.member),
            },
            "transfer" => {
                Order::Transfer { unit: self.text("unit", &self.unit)?, why: self.why()? }
            }
            "extend" => {
                let missing = || {
                    let remedy = "write how many days, in the unit of the limit's rule";
                    ApiError::field("empty", "amount", "`amount` is missing", remedy)
                };
                Order::AskExtension {
                    limit: self.maybe(&self.limit),
                    amount: self.amount.as_ref().ok_or_else(missing)?.read("amount")?,
                    why: self.why()?,
                    told: self.maybe(&self.told),
                }
            }
            "convene" => Order::Convene {
                forum: choice("forum", &self.forum, Forum::ALL, Forum::from_key, |f| f.key())?,
                units: names(&self.units),
                why: self.why()?,
            },
            other => Order::Event(self.event(other)?),
        };
        Ok(order)
    }

    fn event(&self, name: &str) -> Result<TicketEvent, ApiError> {
        use TicketEvent as E;
        Ok(match name {
            "register" => E::Registered,
            "tell" => E::Told {
                ground: choice("ground", &self.ground, Ground::ALL, Ground::from_key, |g| g.key())?,
                words: self.why()?,
            },
            "sign" => E::Signed { member: self.maybe(&self.member) },
            "assign" => E::Assigned { member: self.text("member", &self.member)? },
            "work" => E::Worked { note: self.why()? },
            "mark" => E::Marked {
                mark: choice("mark", &self.mark, Mark::ALL, Mark::from_key, |m| m.key())?,
                words: self.maybe(&self.why).unwrap_or_default(),
            },
            "pause" => E::Paused { kind: self.text("kind", &self.kind)?, why: self.why()? },
            "resume" => E::Resumed { kind: self.text("kind", &self.kind)? },
            "object" => E::Objected { why: self.why()? },
            "uphold" => E::ObjectionDecided { upheld: true, why: self.why()? },
            "overrule" => E::ObjectionDecided { upheld: false, why: self.why()? },
            "grant" => E::ExtensionDecided { granted: true, why: self.why()? },
            "refuse" => E::ExtensionDecided { granted: false, why: self.why()? },
            "adjourn" => E::Adjourned {
                forum: choice("forum", &self.forum, Forum::ALL, Forum::from_key, |f| f.key())?,
                result: self.why()?,
            },
            "supervise" => E::Supervised { why: self.why()? },
            "report" => E::SupervisionAnswered { words: self.why()? },
            "lift" => E::SupervisionLifted { why: self.why()? },
            "answer" => E::Answered { words: self.why()? },
            "close" => E::Closed { result: self.why()? },
            "reopen" => E::Reopened { why: self.why()? },
            "merge" => E::Merged { into: self.into()?, why: self.why()? },
            "archive" => E::Archived { why: self.maybe(&self.why).unwrap_or_default() },
            "seal" => E::Sealed { secret: true, why: self.why()? },
            "unseal" => E::Sealed { secret: false, why: self.why()? },
            "identity" => E::IdentityOpened { why: self.why()? },
            other => {
                let error = format!("there is no order {other:?}");
                let remedy = format!("use one of {}", ORDERS.map(|(order, _)| order).join(", "));
                let status = axum::http::StatusCode::NOT_FOUND;
                return Err(ApiError::new(status, "not_found", error, remedy));
            }
        })
    }

    fn why(&self) -> Result<String, ApiError> {
        text("why", self.why.as_deref().unwrap_or_default(), RESULT_CHARS)
    }

    fn text(&self, field: &'static str, given: &Option<String>) -> Result<String, ApiError> {
        text(field, given.as_deref().unwrap_or_default(), NAME_CHARS)
    }

    /// What a form sends empty was left out.
    fn maybe(&self, given: &Option<String>) -> Option<String> {
        given.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
    }

    fn into(&self) -> Result<TicketId, ApiError> {
        let read = match &self.into {
            Some(Number64::Number(number)) => Some(*number),
            Some(Number64::Text(text)) => text.trim().parse().ok(),
            None => None,
        };
        let read = read.filter(|number| i64::try_from(*number).is_ok());
        read.map(TicketId).ok_or_else(|| {
            let remedy = "give the number of the ticket that goes on";
            ApiError::field("bad_number", "into", "`into` is no ticket's number", remedy)
        })
    }
}

fn names(given: &Option<Names>) -> Vec<String> {
    let parts: Vec<&str> = match given {
        None => Vec::new(),
        Some(Names::List(list)) => list.iter().map(String::as_str).collect(),
        Some(Names::Text(text)) => text.split(['、', ',', '，', '\n']).collect(),
    };
    parts.into_iter().map(str::trim).filter(|n| !n.is_empty()).map(str::to_owned).collect()
}

fn choice<T: Copy>(
    field: &'static str,
    given: &Option<String>,
    all: &[T],
    of: impl Fn(&str) -> Option<T>,
    key: impl Fn(T) -> &'static str,
) -> Result<T, ApiError> {
    let given = given.as_deref().unwrap_or_default();
    of(given).ok_or_else(|| {
        let error = format!("`{field}` is {given:?}");
        let known: Vec<&str> = all.iter().map(|one| key(*one)).collect();
        ApiError::field("bad_choice", field, error, format!("use one of {}", known.join(", ")))
    })
}
