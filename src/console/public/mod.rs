//! The page for citizens: ticket number and the last four digits of the contact number, and how the matter stands. On an
//! address of its own, so that a city can show it to the world and nothing else: its router knows the lines of
//! [`PUBLIC_ROUTES`] alone, and staff's pages are not among them. And the page from which they call (`call.rs`).

mod call;
mod known;
mod lockout;
mod page;
pub mod photo;
mod texts;
mod told;

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::rejection::FormRejection;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Form, Request, State};
use axum::http::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, delete, get, post};
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::Instant;

pub use known::{KNOWN_MS, KnownCalls};
pub use lockout::{Bound, CALLS, Callers, Locked, Lockout, PER_ADDRESS, PER_TICKET};

use super::listener::{Door, Peer, asker};
use super::telephones::Line;
use super::{ConsoleError, Rule};
use crate::desk::Standing;
use crate::kernel::limits::{
    OFFER_BYTES_MAX, PHOTO_BYTES_MAX, PHOTOS_AT_ONCE, PUBLIC_BODY_BYTES_MAX, PUBLIC_CONNECTIONS, PUBLIC_FEEDS,
};
use crate::kernel::{Moment, TicketId};
use crate::knowledge::Library;
use crate::store::Store;
use page::At;

/// What is asked and not found is answered as late as what is found: the time tells nothing.
const ANSWERED_AFTER: Duration = Duration::from_millis(400);
/// Longest time to an answer.
const ANSWER_DEADLINE: Duration = Duration::from_secs(10);
/// The same where a photo comes over a telephone's network.
const PHOTO_DEADLINE: Duration = Duration::from_secs(50);
const TICKET_DIGITS: usize = 10;
const LAST_DIGITS: usize = 4;

/// What the page is served with.
pub struct Public {
    pub store: Store,
    /// The number to call.
    pub hotline: String,
    /// Whose `X-Forwarded-For` is believed.
    pub proxies: Vec<IpAddr>,
    /// The line for calls from the browser, where there is one.
    pub calls: Line,
    /// The way to the hotline, for what citizens say of their calls.
    pub commands: super::Commands,
    /// What answers come from.
    pub library: Arc<Library>,
    /// The folder of recordings, where photos lie too.
    pub photos: std::path::PathBuf,
}

struct Desk {
    public: Public,
    texts: texts::Texts,
    lockout: Mutex<Lockout>,
    callers: Mutex<Callers>,
    known: Mutex<KnownCalls>,
    photos: Arc<Semaphore>,
    feeds: Arc<Semaphore>,
    began: Instant,
    refused: AtomicU64,
}

/// One line of the table.
pub struct PublicRoute {
    pub method: Method,
    pub path: &'static str,
    pub rule: Rule,
    handler: fn() -> MethodRouter<Arc<Desk>>,
}

/// Every route there is on this address.
pub static PUBLIC_ROUTES: &[PublicRoute] = &[
    PublicRoute { method: Method::GET, path: "/", rule: Rule::Anyone, handler: || get(form) },
    PublicRoute { method: Method::POST, path: "/", rule: Rule::Anyone, handler: || post(look_up) },
    PublicRoute {
        method: Method::GET,
        path: "/style.css",
        rule: Rule::Anyone,
        handler: || get(style),
    },
    PublicRoute {
        method: Method::GET,
        path: "/call",
        rule: Rule::Anyone,
        handler: || get(call::call_page),
    },
    PublicRoute {
        method: Method::GET,
        path: "/call.js",
        rule: Rule::Anyone,
        handler: || get(call::script),
    },
    PublicRoute {
        method: Method::POST,
        path: "/calls",
        rule: Rule::Anyone,
        handler: || post(call::call).layer(DefaultBodyLimit::max(OFFER_BYTES_MAX)),
    },
    PublicRoute {
        method: Method::DELETE,
        path: "/calls/{key}",
        rule: Rule::Anyone,
        handler: || delete(call::hang_up),
    },
    PublicRoute {
        method: Method::GET,
        path: "/calls/{key}/words",
        rule: Rule::Anyone,
        handler: || get(call::words),
    },
    PublicRoute {
        method: Method::POST,
        path: "/calls/{key}/thumb",
        rule: Rule::Anyone,
        handler: || post(told::thumb),
    },
    PublicRoute {
        method: Method::POST,
        path: "/calls/{key}/photo",
        rule: Rule::Anyone,
        handler: || post(told::photo).layer(DefaultBodyLimit::max(PHOTO_BYTES_MAX)),
    },
];

/// Serves until `stop` resolves; requests under way are answered.
pub async fn serve(
    listener: TcpListener,
    public: Public,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ConsoleError> {
    let desk = Arc::new(Desk {
        public,
        texts: texts::Texts::load()?,
        lockout: Mutex::new(Lockout::default()),
        callers: Mutex::new(Callers::default()),
        known: Mutex::new(KnownCalls::default()),
        photos: Arc::new(Semaphore::new(PHOTOS_AT_ONCE)),
        feeds: Arc::new(Semaphore::new(PUBLIC_FEEDS)),
        began: Instant::now(),
        refused: AtomicU64::new(0),
    });
    let table = PUBLIC_ROUTES
        .iter()
        .filter(|route| route.rule == Rule::Anyone)
        .fold(Router::new(), |router, route| router.route(route.path, (route.handler)()));
    let router = table
        .fallback(no_page)
        .method_not_allowed_fallback(no_page)
        .layer(DefaultBodyLimit::max(PUBLIC_BODY_BYTES_MAX))
        .layer(middleware::from_fn_with_state(desk.clone(), guard))
        .with_state(desk);
    let service = router.into_make_service_with_connect_info::<Peer>();
    let door = Door::new(listener, PUBLIC_CONNECTIONS, None);
    Ok(axum::serve(door, service).with_graceful_shutdown(stop).await?)
}

#[derive(Deserialize)]
struct Question {
    ticket: String,
    digits: String,
}

/// Figures as people type them, full-width ones and spaces between them too. `None`: something else is among them, or they are
/// not so many.
fn figures(text: &str, count: usize) -> Option<String> {
    let mut figures = String::new();
    for c in text.chars() {
        match c {
            '0'..='9' => figures.push(c),
            '０'..='９' => figures.extend(char::from_digit(c as u32 - '０' as u32, 10)),
            ' ' | '\u{3000}' | '-' => {}
            _ => return None,
        }
    }
    (figures.len() == count).then_some(figures)
}

async fn form(State(desk): State<Arc<Desk>>) -> Response {
    desk.form(StatusCode::OK, "", At::Nothing, None)
}

async fn style() -> Response {
    ([(CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("style.css")).into_response()
}

async fn no_page(State(desk): State<Arc<Desk>>) -> Response {
    let text = &desk.texts.no_page;
    let page = page::plain(&desk.texts, &desk.public.hotline, text);
    (StatusCode::NOT_FOUND, page).into_response()
}

async fn look_up(
    State(desk): State<Arc<Desk>>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    headers: HeaderMap,
    question: Result<Form<Question>, FormRejection>,
) -> Response {
    let began = Instant::now();
    let texts = &desk.texts;
    let bad = StatusCode::UNPROCESSABLE_ENTITY;
    let Ok(Form(question)) = question else {
        return desk.form(bad, "", At::Nothing, Some(&texts.bad_form));
    };
    // What was typed is shown again, but never more than a number's length of it.
    let typed: String = question.ticket.chars().take(2 * TICKET_DIGITS).collect();
    let Some(ticket) = figures(&question.ticket, TICKET_DIGITS).and_then(|t| t.parse().ok()) else {
        return desk.form(bad, &typed, At::Ticket, Some(&texts.bad_ticket));
    };
    let Some(digits) = figures(&question.digits, LAST_DIGITS) else {
        return desk.form(bad, &typed, At::Digits, Some(&texts.bad_digits));
    };
    let address = asker(peer, &headers, &desk.public.proxies);
    if let Err(locked) = desk.ask(address, ticket) {
        return desk.locked(locked);
    }
    let found = desk.find(ticket, &digits).await;
    tokio::time::sleep_until(began + ANSWERED_AFTER).await;
    match found {
        Ok(Some(standing)) => {
            desk.right(address, ticket);
            page::standing(texts, &desk.public.hotline, &standing).into_response()
        }
        Ok(None) => desk.form(StatusCode::NOT_FOUND, &typed, At::Nothing, Some(&texts.unknown)),
        Err(error) => {
            desk.right(address, ticket);
            tracing::error!(%error, "the page for citizens cannot read the store");
            desk.form(StatusCode::SERVICE_UNAVAILABLE, &typed, At::Nothing, Some(&texts.broken))
        }
    }
}

impl Desk {
    fn form(&self, status: StatusCode, ticket: &str, at: At, alert: Option<&str>) -> Response {
        let form = page::Form { ticket, at, alert, calls: self.public.calls.is_some() };
        (status, page::form(&self.texts, &self.public.hotline, form)).into_response()
    }

    fn now(&self) -> Moment {
        Moment::from_ms(self.began.elapsed().as_millis() as u64)
    }

    fn ask(&self, address: IpAddr, ticket: u64) -> Result<(), Locked> {
        match self.lockout.lock() {
            Ok(mut lockout) => lockout.ask(self.now(), address, ticket),
            Err(_) => Err(Locked { wait_ms: PER_ADDRESS.within_ms }),
        }
    }

    fn right(&self, address: IpAddr, ticket: u64) {
        if let Ok(mut lockout) = self.lockout.lock() {
            lockout.right(address, ticket);
        }
    }

    /// Written down ever more seldom, so that nobody fills the disk, and never who it was or what they asked.
    fn refuse(&self, what: &'static str) {
        let refused = self.refused.fetch_add(1, Ordering::Relaxed) + 1;
        if refused.is_power_of_two() {
            tracing::warn!(refused, what, "requests to the page for citizens are refused");
        }
    }

    fn locked(&self, locked: Locked) -> Response {
        self.refuse("guesses at tickets");
        let seconds = locked.wait_ms.div_ceil(1000);
        let minutes = seconds.div_ceil(60).to_string();
        let text = self.texts.locked.replace("{minutes}", &minutes);
        let page = page::plain(&self.texts, &self.public.hotline, &text);
        let after = [(RETRY_AFTER, seconds.to_string())];
        (StatusCode::TOO_MANY_REQUESTS, after, page).into_response()
    }

    /// `None` as well for digits that are not its number's as for a ticket that there is not.
    async fn find(
        &self,
        ticket: u64,
        digits: &str,
    ) -> Result<Option<Standing>, crate::store::StoreError> {
        let known = self.public.store.standing(TicketId(ticket)).await?;
        Ok(known.filter(|known| known.ends_with(digits)).map(|known| known.standing))
    }
}

const POLICY: &str = "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
/// The page to call from has a script, which speaks to us alone.
const CALLING: &str = "default-src 'none'; style-src 'self'; img-src data:; script-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Every request goes through here: an answer in time, and what browsers must not do with it.
async fn guard(State(desk): State<Arc<Desk>>, request: Request, next: Next) -> Response {
    let policy = if request.uri().path() == "/call" { CALLING } else { POLICY };
    let deadline = match request.uri().path().ends_with("/photo") {
        true => PHOTO_DEADLINE,
        false => ANSWER_DEADLINE,
    };
    let mut response = match tokio::time::timeout(deadline, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            let text = desk.texts.broken.clone();
            desk.form(StatusCode::SERVICE_UNAVAILABLE, "", At::Nothing, Some(&text))
        }
    };
    let headers = response.headers_mut();
    for (name, value) in [
        ("content-security-policy", policy),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("cache-control", "no-store"),
    ] {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}
