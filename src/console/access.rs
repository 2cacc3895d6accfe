//! Who is asking: this machine itself, a program with the token, or somebody who is logged in.
//!
//! - Before there are accounts and without a token, whoever is on this machine may do everything: the peer's address and the
//!   Host header are both loopback, so that no foreign page can reach us through a name that it lets point at 127.0.0.1 (DNS
//!   rebinding). The first account ends that.
//! - A program sends the token as `Authorization: Bearer`: a machine's account with the role of the configuration.
//! - People log in with name, password and, where they have one, a code; the cookie's secret is only in their browser, we
//!   keep its SHA-256. Forms and changes carry a second text that follows from the secret and that no foreign page knows.

use std::net::IpAddr;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::FromRequestParts;
use axum::http::header::{AUTHORIZATION, COOKIE, HOST};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, Uri};
use sha2::{Digest, Sha256};

use super::error::ApiError;
use super::figures::now;
use super::listener::Peer;
use super::{Doors, Machine};
use crate::access::{Account, AccountId, Grant, Grants, Role, Scope, State};
use crate::desk::ticket::Role as Part;
use crate::store::{Deed, Store};

const SESSION: &str = "huiyin_session";
/// Carries the form token of the login page, before there is a session.
const DOOR: &str = "huiyin_door";
const DOOR_S: i64 = 3600;
/// A browser takes a cookie of this name only with Secure, for this host alone and for all its paths (RFC 6265bis, 4.1.3.2).
const HOST_PREFIX: &str = "__Host-";

type Digested = [u8; 32];

fn digest(text: &str) -> Digested {
    Sha256::digest(text.as_bytes()).into()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Takes the same time wherever they differ.
fn same(a: &Digested, b: &Digested) -> bool {
    a.iter().zip(b).fold(0u8, |differ, (x, y)| differ | (x ^ y)) == 0
}

/// As it is kept.
pub(super) fn kept(secret: &str) -> String {
    hex(&digest(secret))
}

/// What forms carry, out of what the cookie carries.
pub(super) fn form_token(secret: &str) -> String {
    kept(&format!("form {secret}"))
}

pub(super) fn is_form_token(given: &str, secret: &str) -> bool {
    same(&digest(given), &digest(&form_token(secret)))
}

/// 32 bytes of the operating system's randomness, in hex.
pub(super) fn secret() -> Result<String, ApiError> {
    let mut bytes = [0u8; 32];
    random(&mut bytes)?;
    Ok(hex(&bytes))
}

pub(super) fn random(bytes: &mut [u8]) -> Result<(), ApiError> {
    getrandom::fill(bytes).map_err(|error| {
        tracing::error!(%error, "the operating system gives no randomness");
        let wait = "wait a moment and try again";
        ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "busy", "no secret can be made", wait)
    })
}

/// How somebody is known.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Via {
    /// On this machine, before there are accounts.
    Local,
    Token,
    /// Logged in: the digest of the session, and whose it is.
    Session {
        digest: String,
        account: AccountId,
    },
}

/// What they must do before anything else.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Must {
    /// Set a password of their own.
    Password,
    /// Enrol the second factor that their role asks for.
    Second,
}

/// Somebody who asks.
#[derive(Debug)]
pub(super) struct Person {
    pub via: Via,
    /// Of the account; `local` and `token` are no accounts.
    pub name: String,
    /// As they sign.
    pub display: String,
    pub role: Option<Role>,
    pub scope: Scope,
    pub address: IpAddr,
    pub form_token: String,
    pub must: Option<Must>,
    grants: Grants,
}

/// The one who asks, for handlers.
#[derive(Clone, Debug)]
pub(super) struct Known(Arc<Person>);

impl Deref for Known {
    type Target = Person;

    fn deref(&self) -> &Person {
        &self.0
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Known {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        parts.extensions.get::<Known>().cloned().ok_or_else(ApiError::no_login)
    }
}

impl Person {
    pub const fn may(&self, grant: Grant) -> bool {
        self.must.is_none() && self.grants.has(grant)
    }

    /// # Errors
    /// Their role does not have it.
    pub fn demand(&self, grant: Grant) -> Result<(), ApiError> {
        if self.may(grant) { Ok(()) } else { Err(ApiError::forbidden()) }
    }

    /// Whoever is logged in signs with their own name and no other.
    pub fn signs(&self) -> Option<&str> {
        matches!(self.via, Via::Session { .. }).then_some(self.display.as_str())
    }

    /// Key of the role, for the audit.
    pub fn role_key(&self) -> &'static str {
        self.role.map_or("", Role::key)
    }

    /// The parts that they can act in on a ticket, their own first; `None`: any.
    pub const fn parts(&self) -> Option<&'static [Part]> {
        match (&self.via, self.role) {
            (Via::Local, _) | (_, None) => None,
            (_, Some(Role::Agent)) => Some(&[Part::Agent]),
            (_, Some(Role::Unit)) => Some(&[Part::Unit]),
            (_, Some(Role::Supervisor)) => Some(&[Part::Supervisor, Part::Desk, Part::Unit]),
            (_, Some(_)) => Some(&[Part::Desk, Part::Unit]),
        }
    }

    /// Whether the page of this work number is theirs to open.
    pub fn may_work_at(&self, agent: i64) -> bool {
        let own = match self.scope {
            Scope::All => true,
            Scope::Agent(own) => own.0 as i64 == agent,
            Scope::Unit(_) => false,
        };
        own && self.may(Grant::WorkPhone)
    }

    /// The unit whose tickets alone they see.
    pub fn unit(&self) -> Option<&str> {
        match &self.scope {
            Scope::Unit(unit) => Some(unit),
            _ => None,
        }
    }

    /// Where they begin.
    pub const fn home(&self) -> &'static str {
        if self.may(Grant::SeeCalls) {
            "/"
        } else if self.may(Grant::SeeTickets) {
            "/tickets"
        } else if self.may(Grant::ReadAudit) {
            "/audit"
        } else if self.may(Grant::ManageAccounts) {
            "/accounts"
        } else {
            "/account"
        }
    }
}

/// What the guard knows.
pub(super) struct Access {
    store: Store,
    token: Option<(Digested, Machine)>,
    doors: Doors,
    /// Of this run, for this machine itself.
    own: String,
    /// Once seen, there are accounts for ever.
    accounts: AtomicBool,
}

impl Access {
    pub fn new(store: Store, machine: Option<Machine>, doors: Doors) -> Result<Self, ApiError> {
        let token = machine.map(|machine| (digest(machine.token.reveal()), machine));
        Ok(Access { store, token, doors, own: secret()?, accounts: AtomicBool::new(false) })
    }

    pub const fn doors(&self) -> &Doors {
        &self.doors
    }

    async fn has_accounts(&self) -> Result<bool, ApiError> {
        if self.accounts.load(Ordering::Relaxed) {
            return Ok(true);
        }
        let any = self.store.has_accounts().await?;
        self.accounts.fetch_or(any, Ordering::Relaxed);
        Ok(any)
    }

    /// Whether this machine itself is served without a login.
    pub async fn is_open(&self) -> Result<bool, ApiError> {
        Ok(self.token.is_none() && !self.has_accounts().await?)
    }

    /// Who asks; nobody that we know is `None`. `acts`: a person made the request.
    ///
    /// # Errors
    /// There is no login yet, and it is not this machine that asks.
    pub async fn who(
        &self,
        peer: Peer,
        headers: &HeaderMap,
        uri: &Uri,
        acts: bool,
    ) -> Result<Option<Known>, ApiError> {
        let address = super::listener::asker(peer, headers, &self.doors.proxies);
        if let Some(machine) = self.by_token(headers, address) {
            return Ok(Some(machine));
        }
        if self.is_open().await? {
            is_this_machine(peer, headers, uri)?;
            return Ok(Some(self.local(address)));
        }
        let Some(secret) = self.cookie(headers, SESSION) else { return Ok(None) };
        self.logged_in(&secret, address, acts).await
    }

    fn local(&self, address: IpAddr) -> Known {
        Known(Arc::new(Person {
            via: Via::Local,
            name: "local".into(),
            display: String::new(),
            role: None,
            scope: Scope::All,
            address,
            form_token: form_token(&self.own),
            must: None,
            grants: Grants::all(),
        }))
    }

    fn by_token(&self, headers: &HeaderMap, address: IpAddr) -> Option<Known> {
        let given = headers.get(AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")?.trim();
        let (token, machine) = self.token.as_ref()?;
        if !same(token, &digest(given)) {
            return None;
        }
        Some(Known(Arc::new(Person {
            via: Via::Token,
            name: "token".into(),
            display: String::new(),
            role: Some(machine.role),
            scope: Scope::All,
            address,
            form_token: String::new(),
            must: None,
            grants: machine.role.grants(),
        })))
    }

    async fn logged_in(
        &self,
        secret: &str,
        address: IpAddr,
        acts: bool,
    ) -> Result<Option<Known>, ApiError> {
        let digest = kept(secret);
        let Some((session, account)) = self.store.session(&digest).await? else { return Ok(None) };
        match session.state(now(), self.doors.lifetime, acts) {
            State::Live => {}
            State::Due => self.store.note_session(&digest, now()).await?,
            state @ (State::Idle | State::Over) => {
                self.store.end_session(&digest).await?;
                let detail = if state == State::Idle { "idle" } else { "over" };
                self.deed(&account, address, "session_ended", detail).await?;
                return Ok(None);
            }
        }
        let form_token = form_token(secret);
        Ok(Some(Known(Arc::new(self.person(account, digest, address, form_token)))))
    }

    fn person(
        &self,
        account: Account,
        digest: String,
        address: IpAddr,
        form_token: String,
    ) -> Person {
        let role = account.posting.role();
        let wants_second = self.doors.second_factor.contains(&role);
        let must = if account.must_change {
            Some(Must::Password)
        } else if wants_second && !account.has_second_factor {
            Some(Must::Second)
        } else {
            None
        };
        Person {
            via: Via::Session { digest, account: account.id },
            scope: account.posting.scope(),
            grants: account.posting.grants(),
            role: Some(role),
            name: account.name,
            display: account.display,
            address,
            form_token,
            must,
        }
    }

    /// Whether somebody whose page has stood open is still let in.
    pub async fn still(&self, who: &Person) -> bool {
        let Via::Session { digest, .. } = &who.via else {
            return who.via == Via::Token || self.is_open().await.unwrap_or(false);
        };
        match self.store.session(digest).await {
            Ok(Some((session, account))) => {
                matches!(session.state(now(), self.doors.lifetime, false), State::Live)
                    && account.posting.grants() == who.grants
            }
            _ => false,
        }
    }

    /// # Errors
    /// It cannot be written down; then it must not be done.
    pub async fn deed(
        &self,
        account: &Account,
        address: IpAddr,
        action: &str,
        detail: &str,
    ) -> Result<(), ApiError> {
        let deed = Deed {
            at: now(),
            actor: &account.name,
            role: account.posting.role().key(),
            address: &address.to_string(),
            action,
            object: "",
            detail,
        };
        Ok(self.store.write_down(&deed).await?)
    }

    fn named(&self, name: &str) -> String {
        let prefix = if self.doors.secure { HOST_PREFIX } else { "" };
        format!("{prefix}{name}")
    }

    fn cookie(&self, headers: &HeaderMap, name: &str) -> Option<String> {
        let wanted = self.named(name);
        let all = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut pairs = all.flat_map(|value| value.split(';'));
        let found = pairs.find_map(|pair| {
            let (name, value) = pair.trim().split_once('=')?;
            (name == wanted).then(|| value.to_owned())
        });
        found.filter(|value| !value.is_empty())
    }

    pub fn session_secret(&self, headers: &HeaderMap) -> Option<String> {
        self.cookie(headers, SESSION)
    }

    pub fn door_secret(&self, headers: &HeaderMap) -> Option<String> {
        self.cookie(headers, DOOR)
    }

    fn set(&self, name: &str, value: &str, age_s: i64) -> String {
        let secure = if self.doors.secure { "; Secure" } else { "" };
        let name = self.named(name);
        format!("{name}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age={age_s}{secure}")
    }

    /// The value of `Set-Cookie` for a session; nothing ends it.
    pub fn set_session(&self, secret: Option<&str>) -> String {
        let age = secret.map_or(0, |_| self.doors.lifetime.whole_ms / 1000);
        self.set(SESSION, secret.unwrap_or_default(), age)
    }

    /// The same for the login page.
    pub fn set_door(&self, secret: Option<&str>) -> String {
        self.set(DOOR, secret.unwrap_or_default(), secret.map_or(0, |_| DOOR_S))
    }
}

/// Without any login: this machine, under its own name.
fn is_this_machine(peer: Peer, headers: &HeaderMap, uri: &Uri) -> Result<(), ApiError> {
    let names: Vec<&str> = headers.get_all(HOST).iter().map(|v| v.to_str().unwrap_or("")).collect();
    let authority = uri.authority().map(|authority| authority.as_str());
    let local = peer.0.ip().to_canonical().is_loopback()
        && matches!(names.as_slice(), [host] if is_local_name(host))
        && authority.is_none_or(is_local_name);
    if local {
        return Ok(());
    }
    let remedy = "open it on this machine as http://127.0.0.1:<port>/, or make the first account with \
                  `huiyin account add NAME --role admin` and log in";
    let error = "without an account the console serves this machine only";
    Err(ApiError::new(StatusCode::FORBIDDEN, "not_local", error, remedy))
}

/// `localhost`, `127.0.0.1` or `[::1]`, with or without a port.
fn is_local_name(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(_) => host.split_inclusive(']').next().unwrap_or(""),
        None => host.split(':').next().unwrap_or(""),
    };
    let port = host.strip_prefix(name).unwrap_or("");
    let port_is_one = port.is_empty()
        || port.strip_prefix(':').is_some_and(|digits| digits.parse::<u16>().is_ok());
    port_is_one
        && (name.eq_ignore_ascii_case("localhost") || name == "127.0.0.1" || name == "[::1]")
}
