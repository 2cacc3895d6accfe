//! What an admin does: accounts, their posts, and helping those who have lost a password or a telephone.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::App;
use super::access::{Known, Via};
use super::actions::{Done, Nothing};
use super::error::ApiError;
use super::figures::now;
use super::read::{Body, Ids, text};
use crate::access::{
    Account, AccountId, DISPLAY_CHARS_MAX, Posting, Role, checked_name, checked_password,
};
use crate::kernel::{AgentId, Pii};
use crate::store::NewAccount;

const CODE_CHARS: usize = 64;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct New {
    name: String,
    display: String,
    role: String,
    unit: Option<String>,
    agent: Option<String>,
    password: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Post {
    display: String,
    role: String,
    unit: Option<String>,
    agent: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Password {
    password: String,
}

/// The post that is meant, of a unit and a work number that there are.
fn posting(
    app: &App,
    role: &str,
    unit: &Option<String>,
    agent: &Option<String>,
) -> Result<Posting, ApiError> {
    let given = |text: &Option<String>| {
        text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let role: Role = role.parse()?;
    let unit = given(unit).map(|unit| {
        let found = app.dispatch.units().iter().find(|one| one.code == unit || one.name == unit);
        found.map(|one| one.code.clone()).ok_or_else(|| {
            let remedy = "give a unit's code or whole name; `huiyin rules explain` shows them";
            let shown: String = unit.chars().take(CODE_CHARS).collect();
            ApiError::field("no_unit", "unit", format!("there is no unit {shown:?}"), remedy)
        })
    });
    let agent = given(agent).map(|agent| {
        let id = agent.trim_start_matches(['A', 'a']).parse().ok().map(AgentId);
        id.filter(|id| app.agents.iter().any(|one| one.id == *id)).ok_or_else(|| {
            let remedy = "give a work number of [[agents]] in the configuration";
            ApiError::field("no_agent", "agent", "there is no such work number", remedy)
        })
    });
    Ok(Posting::new(role, unit.transpose()?, agent.transpose()?)?)
}

/// What is put on a page and into the audit.
fn told(posting: &Posting) -> String {
    let unit = posting.unit().map(|unit| format!(" {unit}")).unwrap_or_default();
    let agent = posting.agent().map(|agent| format!(" {agent}")).unwrap_or_default();
    format!("{}{unit}{agent}", posting.role())
}

pub(super) async fn list(State(app): State<Arc<App>>) -> Done {
    let accounts = app.store.accounts().await?;
    let accounts: Vec<Value> = accounts
        .iter()
        .map(|account| {
            json!({ "id": account.id.0, "name": account.name, "display": account.display,
                "role": account.posting.role().key(), "unit": account.posting.unit(),
                "agent": account.posting.agent().map(|agent| agent.0), "disabled": account.disabled,
                "must_change": account.must_change, "second_factor": account.has_second_factor })
        })
        .collect();
    Ok(Json(json!({ "accounts": accounts })))
}

pub(super) async fn add(State(app): State<Arc<App>>, who: Known, body: Body<New>) -> Done {
    let given = body.0;
    let name = checked_name(&given.name)?;
    let display = text("display", &given.display, DISPLAY_CHARS_MAX)?;
    let posting = posting(&app, &given.role, &given.unit, &given.agent)?;
    checked_password(&name, &given.password)?;
    let password = app.hash(Pii::new(given.password)).await?;
    let new = NewAccount {
        name: &name,
        display: &display,
        posting: &posting,
        password: &password,
        must_change: true,
    };
    if app.store.add_account(&new, now()).await?.is_none() {
        let error = format!("there is an account {name} already");
        return Err(ApiError::field("name_taken", "name", error, "choose another name"));
    }
    app.note(&who, "account_added", &format!("account {name}"), &told(&posting)).await?;
    Ok(Json(json!({ "done": true, "page": "/accounts" })))
}

/// Another's account: nobody takes their own rights, so that an admin remains.
async fn others(app: &App, who: &Known, ids: &Ids) -> Result<Account, ApiError> {
    let id = AccountId(ids.id()?);
    let keys = app.store.account(id).await?.ok_or_else(|| ApiError::missing("account", id.0))?;
    if matches!(&who.via, Via::Session { account, .. } if *account == id) {
        let remedy = "ask another admin, or use `huiyin account` on the machine itself";
        let error = "this is your own account";
        return Err(ApiError::new(StatusCode::CONFLICT, "own_account", error, remedy));
    }
    Ok(keys.account)
}

async fn noted(app: &App, who: &Known, action: &str, of: &Account, detail: &str) -> Done {
    app.note(who, action, &format!("account {}", of.name), detail).await?;
    Ok(Json(json!({ "done": true })))
}

pub(super) async fn post(
    State(app): State<Arc<App>>,
    who: Known,
    ids: Ids,
    body: Body<Post>,
) -> Done {
    let of = others(&app, &who, &ids).await?;
    let display = text("display", &body.0.display, DISPLAY_CHARS_MAX)?;
    let posting = posting(&app, &body.0.role, &body.0.unit, &body.0.agent)?;
    app.store.post_account(of.id, &display, &posting, now()).await?;
    noted(&app, &who, "account_posted", &of, &told(&posting)).await
}

pub(super) async fn disable(
    State(app): State<Arc<App>>,
    who: Known,
    ids: Ids,
    _: Body<Nothing>,
) -> Done {
    let of = others(&app, &who, &ids).await?;
    app.store.disable_account(of.id, true, now()).await?;
    noted(&app, &who, "account_disabled", &of, "").await
}

pub(super) async fn enable(
    State(app): State<Arc<App>>,
    who: Known,
    ids: Ids,
    _: Body<Nothing>,
) -> Done {
    let of = others(&app, &who, &ids).await?;
    app.store.disable_account(of.id, false, now()).await?;
    noted(&app, &who, "account_enabled", &of, "").await
}

/// A password for somebody who has lost theirs: they set one of their own at the next login.
pub(super) async fn password(
    State(app): State<Arc<App>>,
    who: Known,
    ids: Ids,
    body: Body<Password>,
) -> Done {
    let of = others(&app, &who, &ids).await?;
    checked_password(&of.name, &body.0.password)?;
    let kept = app.hash(Pii::new(body.0.password)).await?;
    app.store.set_password(of.id, &kept, true, "", now()).await?;
    noted(&app, &who, "password_set", &of, "").await
}

pub(super) async fn reset_second(
    State(app): State<Arc<App>>,
    who: Known,
    ids: Ids,
    _: Body<Nothing>,
) -> Done {
    let of = others(&app, &who, &ids).await?;
    app.store.forget_second(of.id, "", now()).await?;
    noted(&app, &who, "second_reset", &of, "").await
}
