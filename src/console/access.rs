//! Who may do what. Deny by default: every request passes [`guard`], and what no line of the route table allows is refused.
//!
//! - Without a token only this machine itself is served: the peer's address and the Host header are both loopback, so
//!   that no foreign page can reach us through a name that it lets point at 127.0.0.1 (DNS rebinding).
//! - With a token: the login page sets a session cookie; programs send `Authorization: Bearer`.
//! - What changes something must come from our own page or from a program: Origin and Sec-Fetch-Site say so, and the body
//!   is JSON, which no foreign form can send, or carries the page's form token (CSRF).

use std::collections::VecDeque;
use std::io::Read;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, HOST, ORIGIN};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

use super::App;
use super::error::ApiError;
use super::listener::Peer;
use super::routes::{Who, who_may};
use crate::kernel::Pii;
use crate::kernel::limits::{CONSOLE_LOGINS, CONSOLE_SESSIONS};

const COOKIE_NAME: &str = "huiyin_session";
/// A working day and its overtime.
const SESSION: Duration = Duration::from_secs(12 * 3600);
/// Longest time to the head of an answer.
const ANSWER_DEADLINE: Duration = Duration::from_secs(15);
/// A wrong token is answered this late, so that guessing is slow.
const WRONG_TOKEN_DELAY: Duration = Duration::from_secs(1);

type Digested = [u8; 32];

/// What the guard knows.
pub(super) struct Access {
    token: Option<Digested>,
    /// Newest last, by digest; the secrets themselves are only in browsers.
    sessions: Mutex<VecDeque<(Digested, Instant)>>,
    form_token: String,
    logins: Semaphore,
}

fn digest(text: &str) -> Digested {
    Sha256::digest(text.as_bytes()).into()
}

/// Takes the same time wherever they differ.
fn same(a: &Digested, b: &Digested) -> bool {
    a.iter().zip(b).fold(0u8, |differ, (x, y)| differ | (x ^ y)) == 0
}

/// 32 bytes of the operating system's randomness, in hex.
fn secret() -> std::io::Result<String> {
    let mut bytes = [0u8; 32];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

impl Access {
    pub fn new(token: Option<Pii<String>>) -> std::io::Result<Self> {
        Ok(Access {
            token: token.map(|token| digest(token.reveal())),
            sessions: Mutex::new(VecDeque::new()),
            form_token: secret()?,
            logins: Semaphore::new(CONSOLE_LOGINS),
        })
    }

    pub fn needs_login(&self) -> bool {
        self.token.is_some()
    }

    /// What a form of ours carries and no foreign page knows.
    pub fn form_token(&self) -> &str {
        &self.form_token
    }

    pub fn is_form_token(&self, given: &str) -> bool {
        same(&digest(given), &digest(&self.form_token))
    }

    fn is_token(&self, given: &str) -> bool {
        self.token.as_ref().is_some_and(|token| same(token, &digest(given)))
    }

    /// Exchanges the token for a session; the answer is the value of `Set-Cookie`.
    pub async fn log_in(&self, token: &str) -> Result<String, ApiError> {
        let wait = "wait a moment and try again";
        let Ok(_place) = self.logins.try_acquire() else {
            let error = "too many logins at once";
            return Err(ApiError::new(StatusCode::TOO_MANY_REQUESTS, "busy", error, wait));
        };
        if !self.is_token(token) {
            tokio::time::sleep(WRONG_TOKEN_DELAY).await;
            let remedy = "use the token that the service was started with";
            let error = "this is not the token";
            return Err(ApiError::new(StatusCode::UNAUTHORIZED, "wrong_token", error, remedy));
        }
        let secret = secret().map_err(|error| {
            tracing::error!(%error, "the operating system gives no randomness");
            ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "busy", "no session can be made", wait)
        })?;
        if let Ok(mut sessions) = self.sessions.lock() {
            if sessions.len() >= CONSOLE_SESSIONS {
                sessions.pop_front();
            }
            sessions.push_back((digest(&secret), Instant::now()));
        }
        let age = SESSION.as_secs();
        Ok(format!("{COOKIE_NAME}={secret}; Path=/; HttpOnly; SameSite=Strict; Max-Age={age}"))
    }

    /// Forgets the session of this request; the answer is the value of `Set-Cookie`.
    pub fn log_out(&self, headers: &HeaderMap) -> String {
        if let Some(given) = cookie(headers).map(digest)
            && let Ok(mut sessions) = self.sessions.lock()
        {
            sessions.retain(|(session, _)| !same(session, &given));
        }
        format!("{COOKIE_NAME}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0")
    }

    fn has_session(&self, headers: &HeaderMap) -> bool {
        let Some(given) = cookie(headers).map(digest) else { return false };
        let Ok(mut sessions) = self.sessions.lock() else { return false };
        sessions.retain(|(_, since)| since.elapsed() < SESSION);
        sessions.iter().any(|(session, _)| same(session, &given))
    }

    fn has_bearer(&self, headers: &HeaderMap) -> bool {
        let given = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        given
            .and_then(|value| value.strip_prefix("Bearer "))
            .is_some_and(|t| self.is_token(t.trim()))
    }

    /// Without a token: this machine, under its own name.
    fn admits(&self, peer: Peer, headers: &HeaderMap, uri: &Uri) -> Result<(), ApiError> {
        if self.token.is_some() {
            return Ok(());
        }
        let names: Vec<&str> =
            headers.get_all(HOST).iter().map(|v| v.to_str().unwrap_or("")).collect();
        let authority = uri.authority().map(|authority| authority.as_str());
        let local = peer.0.ip().to_canonical().is_loopback()
            && matches!(names.as_slice(), [host] if is_local_name(host))
            && authority.is_none_or(is_local_name);
        if local {
            return Ok(());
        }
        let remedy = "open it on this machine as http://127.0.0.1:<port>/, or set console.token_file and log in";
        let error = "without a token the console serves this machine only";
        Err(ApiError::new(StatusCode::FORBIDDEN, "not_local", error, remedy))
    }

    fn knows(&self, headers: &HeaderMap) -> bool {
        self.token.is_none() || self.has_session(headers) || self.has_bearer(headers)
    }
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(name, value)| (name == COOKIE_NAME).then_some(value))
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

/// A change is wanted by our own page, or by a program that is no browser.
fn own_wish(headers: &HeaderMap) -> bool {
    let text = |name: &HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let site = text(&HeaderName::from_static("sec-fetch-site"));
    let by_site = site.is_none_or(|site| site == "same-origin" || site == "none");
    let by_origin = match (text(&ORIGIN), text(&HOST)) {
        (None, _) => true,
        (Some(origin), Some(host)) => origin
            .strip_prefix("http://")
            .or_else(|| origin.strip_prefix("https://"))
            .is_some_and(|authority| authority.eq_ignore_ascii_case(host)),
        (Some(_), None) => false,
    };
    by_site && by_origin
}

fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    value.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

/// Every request goes through here.
pub(super) async fn guard(
    State(app): State<Arc<App>>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    request: Request,
    next: Next,
) -> Response {
    let path = request.uri().path().to_owned();
    let response = match allowed(&app, peer, &request) {
        Err(refusal) => refusal.into_response(),
        Ok(()) => match tokio::time::timeout(ANSWER_DEADLINE, next.run(request)).await {
            Ok(response) => response,
            Err(_) => ApiError::busy().into_response(),
        },
    };
    with_headers(&path, as_page(&app, &path, response))
}

fn allowed(app: &App, peer: Peer, request: &Request) -> Result<(), ApiError> {
    let headers = request.headers();
    let access = &app.access;
    access.admits(peer, headers, request.uri())?;
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let rule = route.as_deref().and_then(|path| who_may(request.method(), path));
    let open = rule.is_some_and(|rule| rule == Who::Anyone || rule == Who::AnyoneByForm);
    if !open && !access.knows(headers) {
        let remedy = "log in at /login, or send the token as Authorization: Bearer";
        let error = "the console needs its token";
        return Err(ApiError::new(StatusCode::UNAUTHORIZED, "no_login", error, remedy));
    }
    let Some(rule) = rule else {
        return Err(match route {
            None => ApiError::no_page(),
            Some(path) => {
                let error = format!("{} cannot be done at {path}", request.method());
                let remedy = "use GET to read and POST to change";
                ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "bad_method", error, remedy)
            }
        });
    };
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        return Ok(());
    }
    if !own_wish(headers) {
        let remedy =
            "send it from the console's own page, or from a program without an Origin header";
        let error = "a page of another site asked for this change";
        return Err(ApiError::new(StatusCode::FORBIDDEN, "foreign", error, remedy));
    }
    // The handlers of forms look at the form token themselves.
    let by_form = matches!(rule, Who::AnyoneByForm | Who::StaffByForm);
    if !by_form && !is_json(headers) {
        let remedy = "send one JSON object with content-type application/json";
        let error = "the body is not JSON";
        return Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "bad_body", error, remedy));
    }
    Ok(())
}

fn is_for_programs(path: &str) -> bool {
    ["/api/", "/assets/", "/open311/"].iter().any(|place| path.starts_with(place)) || path == "/api"
}

/// An error on the way to a page is a page; who is not logged in is led to the login.
fn as_page(app: &App, path: &str, mut response: Response) -> Response {
    let Some(error) = response.extensions_mut().remove::<ApiError>() else { return response };
    if is_for_programs(path) {
        return response;
    }
    if error.code == "no_login" {
        return Redirect::to("/login").into_response();
    }
    (error.status, super::pages::error_page(app, &error)).into_response()
}

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
    media-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

fn with_headers(path: &str, mut response: Response) -> Response {
    let headers = response.headers_mut();
    let mut set = |name: &'static str, value: &'static str| {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    };
    set("content-security-policy", POLICY);
    set("x-content-type-options", "nosniff");
    set("x-frame-options", "DENY");
    set("referrer-policy", "no-referrer");
    set("cross-origin-opener-policy", "same-origin");
    set("cross-origin-resource-policy", "same-origin");
    set("cache-control", if path.starts_with("/assets/") { "no-cache" } else { "no-store" });
    response
}
