//! One's own account: password and second factor.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::json;

use super::App;
use super::access::{Known, Via, random};
use super::actions::{Done, Nothing};
use super::error::ApiError;
use super::figures::now;
use super::login::{Refusal, prove};
use super::read::Body;
use crate::access::{AccountId, SECRET_BYTES, Secret, checked_password};
use crate::kernel::Pii;

/// The account of whoever is logged in; programs and this machine itself have none.
fn own(who: &Known) -> Result<(AccountId, String), ApiError> {
    match &who.via {
        Via::Session { digest, account } => Ok((*account, digest.clone())),
        _ => Err(ApiError::forbidden()),
    }
}

fn refused(refusal: Refusal) -> ApiError {
    match refusal {
        Refusal::Wrong => {
            let error = "this is not the password of the account";
            ApiError::field(
                "wrong_password",
                "old",
                error,
                "type the password that you log in with",
            )
        }
        Refusal::Wait(seconds) => {
            let error = format!("too many wrong passwords; wait {seconds} s");
            let remedy = "wait, then try again";
            ApiError::new(StatusCode::TOO_MANY_REQUESTS, "wait", error, remedy)
        }
        Refusal::Busy => ApiError::busy(),
        Refusal::Broken(error) => error,
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Change {
    old: String,
    new: String,
    again: String,
}

pub(super) async fn password(State(app): State<Arc<App>>, who: Known, body: Body<Change>) -> Done {
    let (id, digest) = own(&who)?;
    let Change { old, new, again } = body.0;
    if new != again {
        let error = "the two new passwords differ";
        return Err(ApiError::field("differ", "again", error, "type the new password twice"));
    }
    checked_password(&who.name, &new)?;
    prove(&app, &who.name, &old, None, who.address).await.map_err(refused)?;
    if new == old {
        return Err(ApiError::field("same", "new", "it is the old password", "choose another"));
    }
    let kept = app.hash(Pii::new(new)).await?;
    app.store.set_password(id, &kept, false, &digest, now()).await?;
    app.note(&who, "password_changed", &format!("account {}", who.name), "").await?;
    Ok(Json(json!({ "done": true, "page": "/account" })))
}

/// Hands out a secret; it counts when a code of it was given.
pub(super) async fn begin_second(
    State(app): State<Arc<App>>,
    who: Known,
    _: Body<Nothing>,
) -> Done {
    let (id, _) = own(&who)?;
    let keys = app.store.account(id).await?.ok_or_else(ApiError::no_login)?;
    if keys.second.is_some() {
        let remedy = "switch it off first, or have the admin reset it";
        let error = "there is a second factor already";
        return Err(ApiError::new(StatusCode::CONFLICT, "not_now", error, remedy));
    }
    let mut bytes = [0u8; SECRET_BYTES];
    random(&mut bytes)?;
    app.store.offer_second(id, &Secret::new(bytes)).await?;
    Ok(Json(json!({ "done": true, "page": "/account" })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Confirmed {
    code: String,
}

pub(super) async fn confirm_second(
    State(app): State<Arc<App>>,
    who: Known,
    body: Body<Confirmed>,
) -> Done {
    let (id, digest) = own(&who)?;
    let keys = app.store.account(id).await?.ok_or_else(ApiError::no_login)?;
    let step = keys.pending.as_ref().and_then(|secret| secret.accepts(&body.0.code, now(), 0));
    let step = step.ok_or_else(|| {
        let remedy = "type the six digits that the app shows now, and look whether the telephone's clock is right";
        ApiError::field("wrong_code", "code", "this is no code of the secret", remedy)
    })?;
    app.store.confirm_second(id, step, &digest, now()).await?;
    app.note(&who, "second_enrolled", &format!("account {}", who.name), "").await?;
    Ok(Json(json!({ "done": true, "page": "/account" })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Off {
    old: String,
}

pub(super) async fn end_second(State(app): State<Arc<App>>, who: Known, body: Body<Off>) -> Done {
    let (id, digest) = own(&who)?;
    if who.role.is_some_and(|role| app.access.doors().second_factor.contains(&role)) {
        return Err(ApiError::forbidden());
    }
    prove(&app, &who.name, &body.0.old, None, who.address).await.map_err(refused)?;
    app.store.forget_second(id, &digest, now()).await?;
    app.note(&who, "second_ended", &format!("account {}", who.name), "").await?;
    Ok(Json(json!({ "done": true, "page": "/account" })))
}
