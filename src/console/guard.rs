//! Deny by default: every request passes [`guard`], and what no line of the route table allows is refused. The table says
//! what must be granted and on which thing; the guard looks at both before any handler is asked.
//!
//! What changes something must come from our own page or from a program: Origin and Sec-Fetch-Site say so, the body is JSON,
//! which no foreign form can send, and whoever is known by a cookie sends the page's form token too (CSRF).

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{ConnectInfo, FromRequestParts, MatchedPath, RawPathParams, Request, State};
use axum::http::header::{CONTENT_TYPE, HOST, ORIGIN};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};

use super::App;
use super::access::{Known, Via};
use super::error::ApiError;
use super::listener::Peer;
use super::routes::{On, Route, Rule, line_of};
use crate::access::Scope;
use crate::kernel::{CallId, TicketId};
use crate::store::Deed;

/// Longest time to the head of an answer.
const ANSWER_DEADLINE: Duration = Duration::from_secs(15);
/// A page that refreshes itself says so: nobody sits before it for that.
const BY_ITSELF: HeaderName = HeaderName::from_static("x-refresh");
const FORM_TOKEN: HeaderName = HeaderName::from_static("x-form-token");

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
    let (who, response) =
        match tokio::time::timeout(ANSWER_DEADLINE, passed(&app, peer, request, next)).await {
            Ok(passed) => passed,
            Err(_) => (None, ApiError::busy().into_response()),
        };
    with_headers(&path, as_page(&app, who.as_ref(), &path, response))
}

async fn passed(app: &App, peer: Peer, request: Request, next: Next) -> (Option<Known>, Response) {
    let (mut parts, body) = request.into_parts();
    let acts = parts.uri.path() != "/api/live" && !parts.headers.contains_key(BY_ITSELF);
    let who = match app.access.who(peer, &parts.headers, &parts.uri, acts).await {
        Ok(who) => who,
        Err(refusal) => return (None, refusal.into_response()),
    };
    let path = MatchedPath::from_request_parts(&mut parts, &()).await;
    let path = path.ok().map(|path| path.as_str().to_owned());
    let line = path.as_deref().and_then(|path| line_of(&parts.method, path));
    let params = RawPathParams::from_request_parts(&mut parts, &()).await;
    let params: HashMap<String, String> =
        params.iter().flatten().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    if let Err(refusal) = allowed(&parts.method, path, line, who.as_ref()) {
        return (who, refusal.into_response());
    }
    if let (Some(line), Some(who)) = (line, &who)
        && let Err(refusal) = reached(app, line, who, &params).await
    {
        return (Some(who.clone()), refusal.into_response());
    }
    if let Err(refusal) = wished(&parts.method, &parts.headers, line, who.as_ref()) {
        return (who, refusal.into_response());
    }
    if let Some(who) = &who {
        parts.extensions.insert(who.clone());
    }
    (who, next.run(Request::from_parts(parts, body)).await)
}

/// Whether the table lets them.
fn allowed(
    method: &Method,
    path: Option<String>,
    line: Option<&Route>,
    who: Option<&Known>,
) -> Result<(), ApiError> {
    let rule = line.map(|line| line.rule);
    if rule == Some(Rule::Anyone) {
        return Ok(());
    }
    let Some(who) = who else { return Err(ApiError::no_login()) };
    match (rule, path) {
        (Some(Rule::Anyone | Rule::Known), _) => Ok(()),
        (Some(Rule::May(_)), _) if who.must.is_some() => Err(ApiError::must_first()),
        (Some(Rule::May(grant)), _) => who.demand(grant),
        (None, None) => Err(ApiError::no_page()),
        (None, Some(path)) => {
            let error = format!("{method} cannot be done at {path}");
            let remedy = "use GET to read and POST to change";
            Err(ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "bad_method", error, remedy))
        }
    }
}

/// Whether it is one of theirs. What is not is told as if it were not there.
async fn reached(
    app: &App,
    line: &Route,
    who: &Known,
    params: &HashMap<String, String>,
) -> Result<(), ApiError> {
    let text = |name: &str| params.get(name).map_or("", String::as_str);
    let id = || text("id").parse::<u64>().ok().filter(|id| i64::try_from(*id).is_ok());
    let reaches = match (line.on, &who.scope) {
        (On::Nothing, _) | (_, Scope::All) | (On::Ticket | On::Unit, Scope::Agent(_)) => true,
        (On::Ticket, Scope::Unit(unit)) => match id() {
            Some(id) => app.store.is_of_unit(TicketId(id), unit).await?,
            None => false,
        },
        (On::Unit, Scope::Unit(unit)) => text("code") == unit,
        (On::Agent, Scope::Agent(agent)) => id() == Some(agent.0),
        (On::Recording, Scope::Agent(agent)) => match id() {
            Some(id) => app.store.had_call(*agent, CallId(id)).await?,
            None => false,
        },
        (On::Agent | On::Recording, Scope::Unit(_)) => false,
    };
    if reaches {
        return Ok(());
    }
    let (what, key) = match line.on {
        On::Ticket => ("ticket", "id"),
        On::Recording => ("call", "id"),
        On::Agent => ("agent", "id"),
        On::Unit | On::Nothing => ("unit", "code"),
    };
    let (address, object) = (who.address.to_string(), format!("{what} {}", text(key)));
    let deed = Deed {
        at: super::figures::now(),
        actor: &who.name,
        role: who.role_key(),
        address: &address,
        action: "not_theirs",
        object: &object.chars().take(40).collect::<String>(),
        detail: line.path,
    };
    app.store.write_down(&deed).await?;
    Err(ApiError::missing(what, text(key)))
}

/// Whether a change is wished by the one who asks for it, and by no other page.
fn wished(
    method: &Method,
    headers: &HeaderMap,
    line: Option<&Route>,
    who: Option<&Known>,
) -> Result<(), ApiError> {
    if matches!(*method, Method::GET | Method::HEAD) {
        return Ok(());
    }
    let foreign = |error: &str| {
        let remedy =
            "send it from the console's own page, or from a program without an Origin header";
        ApiError::new(StatusCode::FORBIDDEN, "foreign", error, remedy)
    };
    if !own_wish(headers) {
        return Err(foreign("a page of another site asked for this change"));
    }
    // The handlers of forms look at the form token themselves.
    if line.is_some_and(|line| line.by_form) {
        return Ok(());
    }
    if !is_json(headers) {
        let remedy = "send one JSON object with content-type application/json";
        let error = "the body is not JSON";
        return Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "bad_body", error, remedy));
    }
    let by_cookie = who.filter(|who| matches!(who.via, Via::Session { .. }));
    let token = headers.get(FORM_TOKEN).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match by_cookie {
        Some(who) if token != who.form_token => {
            let remedy = "load the page again; its form token goes with the change as X-Form-Token";
            let error = "the form token is missing or another's";
            Err(ApiError::new(StatusCode::FORBIDDEN, "bad_form", error, remedy))
        }
        _ => Ok(()),
    }
}

fn is_for_programs(path: &str) -> bool {
    ["/api/", "/assets/", "/open311/"].iter().any(|place| path.starts_with(place)) || path == "/api"
}

/// An error on the way to a page is a page; who is not logged in is led to the login.
fn as_page(app: &App, who: Option<&Known>, path: &str, mut response: Response) -> Response {
    let Some(error) = response.extensions_mut().remove::<ApiError>() else { return response };
    if is_for_programs(path) {
        return response;
    }
    match error.code {
        "no_login" => Redirect::to("/login").into_response(),
        "must_first" => Redirect::to("/account").into_response(),
        _ => (error.status, super::pages::error_page(app, who, &error)).into_response(),
    }
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
    // With no-referrer a browser would send our own forms with `Origin: null`, as a foreign page's.
    set("referrer-policy", "same-origin");
    set("cross-origin-opener-policy", "same-origin");
    set("cross-origin-resource-policy", "same-origin");
    set("cache-control", if path.starts_with("/assets/") { "no-cache" } else { "no-store" });
    response
}
