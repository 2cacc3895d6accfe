//! In and out. A wrong name, password or code is answered alike; guesses are refused before anything is hashed, and written
//! down ever more seldom, so that nobody fills the disk with them.

use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use axum::extract::rejection::FormRejection;
use axum::extract::{ConnectInfo, Form, State};
use axum::http::header::{RETRY_AFTER, SET_COOKIE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use serde::Deserialize;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::access::{self, Known, Via, form_token, is_form_token, kept, secret};
use super::error::ApiError;
use super::figures::now;
use super::listener::{Peer, asker};
use super::{App, pages};
use crate::access::{Cost, Lock, Lockout, SALT_BYTES, checked_name, hashed, is_password};
use crate::kernel::limits::{CONSOLE_LOGINS, CONSOLE_LOGINS_WAITING};
use crate::kernel::{Moment, Pii};
use crate::store::{Deed, Keys, StoreError};

/// More is no password of ours.
const PASSWORD_BYTES_MAX: usize = 256;

#[derive(Deserialize)]
pub(super) struct LoginForm {
    form_token: String,
    name: String,
    password: String,
    #[serde(default)]
    code: String,
}

#[derive(Deserialize)]
pub(super) struct LogoutForm {
    form_token: String,
}

/// Why somebody is not let in.
#[derive(Debug)]
pub(super) enum Refusal {
    Wrong,
    /// So many seconds.
    Wait(u64),
    Busy,
    Broken(ApiError),
}

impl From<ApiError> for Refusal {
    fn from(error: ApiError) -> Self {
        Refusal::Broken(error)
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Refusal::Broken(error.into())
    }
}

/// Those who try, and what is hashed for names that there are not.
pub(super) struct Logins {
    lockout: Mutex<Lockout>,
    began: Instant,
    places: Semaphore,
    waiting: Semaphore,
    cost: Cost,
    nobodys: String,
}

impl Logins {
    pub fn new(cost: Cost) -> Result<Self, ApiError> {
        let logins = Logins {
            lockout: Mutex::new(Lockout::default()),
            began: Instant::now(),
            places: Semaphore::new(CONSOLE_LOGINS),
            waiting: Semaphore::new(CONSOLE_LOGINS_WAITING),
            cost,
            nobodys: String::new(),
        };
        let nobodys = logins.hash(&Pii::new(secret()?))?;
        Ok(Logins { nobodys, ..logins })
    }

    fn now(&self) -> Moment {
        Moment::from_ms(self.began.elapsed().as_millis() as u64)
    }

    /// As it is kept.
    pub fn hash(&self, password: &Pii<String>) -> Result<String, ApiError> {
        let mut salt = [0u8; SALT_BYTES];
        access::random(&mut salt)?;
        hashed(password, &salt, self.cost).map_err(|error| {
            tracing::error!(%error, "a password cannot be hashed");
            let remedy = "look at the settings console.argon2_*";
            ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "busy", error.to_string(), remedy)
        })
    }

    fn ask(&self, name: &str, address: IpAddr) -> Result<(), Lock> {
        match self.lockout.lock() {
            Ok(mut lockout) => lockout.ask(self.now(), name, address),
            Err(_) => Err(Lock { wait_ms: 60_000, refused: 1 }),
        }
    }

    fn right(&self, name: &str, address: IpAddr) {
        if let Ok(mut lockout) = self.lockout.lock() {
            lockout.right(name, address);
        }
    }

    async fn is_theirs(&self, password: &str, kept: Option<&Pii<String>>) -> Result<bool, Refusal> {
        if password.len() > PASSWORD_BYTES_MAX {
            return Ok(false);
        }
        let _place = self.places.acquire().await.map_err(|_| Refusal::Busy)?;
        let given = Pii::new(password.to_owned());
        let known = kept.is_some();
        let kept = kept.map_or(&self.nobodys, |kept| kept.reveal()).clone();
        let judged = tokio::task::spawn_blocking(move || is_password(&given, &kept)).await;
        Ok(judged.unwrap_or(false) && known)
    }
}

/// Whose name, password and code these are.
pub(super) async fn prove(
    app: &App,
    name: &str,
    password: &str,
    code: Option<&str>,
    address: IpAddr,
) -> Result<Keys, Refusal> {
    let logins = &app.logins;
    let _waits = logins.waiting.try_acquire().map_err(|_| Refusal::Busy)?;
    let name = checked_name(name).unwrap_or_default();
    let told = async |action: &'static str, known: bool, detail: &str| {
        // What is typed as a name may be a password.
        let (actor, address) = (if known { name.as_str() } else { "" }, address.to_string());
        let deed =
            Deed { at: now(), actor, role: "", address: &address, action, object: "", detail };
        app.store.write_down(&deed).await
    };
    if let Err(lock) = logins.ask(&name, address) {
        let seconds = lock.wait_ms.div_ceil(1000);
        if lock.refused.is_power_of_two() {
            let known = app.store.account_named(&name).await?.is_some();
            tracing::warn!(refused = lock.refused, %address, "logins are refused");
            let detail = format!("refused {}, waits {seconds} s", lock.refused);
            told("login_refused", known, &detail).await?;
        }
        return Err(Refusal::Wait(seconds));
    }
    let keys = app.store.account_named(&name).await?;
    let right = logins.is_theirs(password, keys.as_ref().map(|keys| &keys.password)).await?;
    let why = match &keys {
        None => "name",
        Some(_) if !right => "password",
        Some(keys) if keys.account.disabled => "disabled",
        Some(keys) => match (&keys.second, code) {
            (Some(second), Some(code)) => match second.accepts(code, now(), keys.used_step) {
                Some(step) if app.store.use_step(keys.account.id, step).await? => "",
                _ => "code",
            },
            _ => "",
        },
    };
    match keys {
        Some(keys) if why.is_empty() => {
            logins.right(&name, address);
            Ok(keys)
        }
        keys => {
            told("login_failed", keys.is_some(), why).await?;
            Err(Refusal::Wrong)
        }
    }
}

fn bad_form(why: impl Into<String>) -> ApiError {
    let remedy = "load the page again and send its form";
    ApiError::new(StatusCode::FORBIDDEN, "bad_form", why, remedy)
}

pub(super) async fn page(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    if app.access.is_open().await? {
        return Ok(Redirect::to("/").into_response());
    }
    let door = match app.access.door_secret(&headers) {
        Some(door) => door,
        None => secret()?,
    };
    let cookie = app.access.set_door(Some(&door));
    Ok(([(SET_COOKIE, cookie)], pages::login(&app, &form_token(&door), "")).into_response())
}

pub(super) async fn log_in(
    State(app): State<Arc<App>>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    headers: HeaderMap,
    form: Result<Form<LoginForm>, FormRejection>,
) -> Result<Response, ApiError> {
    let Form(form) = form.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            let remedy = "send the three fields of the form";
            ApiError::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "bad_form",
                "the form is too large",
                remedy,
            )
        }
        _ => bad_form(rejection.body_text()),
    })?;
    let door = app.access.door_secret(&headers).unwrap_or_default();
    if door.is_empty() || !is_form_token(&form.form_token, &door) {
        return Err(bad_form("the form is not one of this page"));
    }
    let address = asker(peer, &headers, &app.access.doors().proxies);
    let proved = prove(&app, &form.name, &form.password, Some(&form.code), address).await;
    let again =
        |status, text: &str| (status, pages::login(&app, &form_token(&door), text)).into_response();
    let texts = &app.texts.login;
    let keys = match proved {
        Ok(keys) => keys,
        Err(Refusal::Wrong) => return Ok(again(StatusCode::UNAUTHORIZED, &texts.wrong)),
        Err(Refusal::Busy) => return Ok(again(StatusCode::TOO_MANY_REQUESTS, &texts.busy)),
        Err(Refusal::Wait(seconds)) => {
            let text = texts.wait.replace("{minutes}", &seconds.div_ceil(60).to_string());
            let mut response = again(StatusCode::TOO_MANY_REQUESTS, &text);
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
            return Ok(response);
        }
        Err(Refusal::Broken(error)) => return Err(error),
    };
    // What the browser had before is worth nothing any more, and nobody who planted it is logged in.
    if let Some(old) = app.access.session_secret(&headers) {
        app.store.end_session(&kept(&old)).await?;
    }
    let fresh = secret()?;
    let lifetime = app.access.doors().lifetime;
    let (at, since) = (now(), now().plus_ms(-lifetime.whole_ms));
    app.access.deed(&keys.account, address, "login", "").await?;
    let (digest, address) = (kept(&fresh), address.to_string());
    app.store.begin_session(&digest, keys.account.id, &address, at, since).await?;
    let cookies = AppendHeaders([
        (SET_COOKIE, app.access.set_session(Some(&fresh))),
        (SET_COOKIE, app.access.set_door(None)),
    ]);
    Ok((cookies, Redirect::to("/")).into_response())
}

pub(super) async fn log_out(
    State(app): State<Arc<App>>,
    who: Known,
    form: Result<Form<LogoutForm>, FormRejection>,
) -> Result<Response, ApiError> {
    let Form(form) = form.map_err(|rejection| bad_form(rejection.body_text()))?;
    if form.form_token != who.form_token || who.form_token.is_empty() {
        return Err(bad_form("the form is not one of this page"));
    }
    if let Via::Session { digest, .. } = &who.via {
        app.store.end_session(digest).await?;
        app.note(&who, "logout", "", "").await?;
    }
    let cookie = app.access.set_session(None);
    Ok(([(SET_COOKIE, cookie)], Redirect::to("/login")).into_response())
}
