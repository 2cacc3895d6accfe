//! The route table: what can be asked, and who may. A path that is not here does not exist.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::Method;
use axum::middleware;
use axum::routing::{MethodRouter, get, post};

use super::error::ApiError;
use super::{
    App, accounts, actions, api, assets, audio, callbacks, deeds, export, guard, joining, knowledge,
    live, login, open311, orders, own, pages, phone, photos,
};
use crate::access::Grant;
use crate::kernel::limits::CONSOLE_BODY_BYTES_MAX;

/// Who may use a route.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rule {
    /// Needs no login: the login page and what it is drawn with.
    Anyone,
    /// Whoever is known, for their own account.
    Known,
    /// Whoever is granted this.
    May(Grant),
}

/// The thing that the path names: a grant may hold for one's own alone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum On {
    /// None, or one that everybody who is granted it may reach.
    Nothing,
    Ticket,
    /// Of a call.
    Recording,
    /// A work number.
    Agent,
    /// By its code.
    Unit,
}

/// One line of the table.
pub struct Route {
    pub method: Method,
    pub path: &'static str,
    pub rule: Rule,
    pub on: On,
    /// Changed by a form that carries the page's form token; all else that changes something is JSON.
    pub by_form: bool,
    handler: fn() -> MethodRouter<Arc<App>>,
}

type Handler = fn() -> MethodRouter<Arc<App>>;

const fn reads(path: &'static str, rule: Rule, handler: Handler) -> Route {
    reads_on(path, rule, On::Nothing, handler)
}

const fn reads_on(path: &'static str, rule: Rule, on: On, handler: Handler) -> Route {
    Route { method: Method::GET, path, rule, on, by_form: false, handler }
}

const fn changes(path: &'static str, rule: Rule, handler: Handler) -> Route {
    changes_on(path, rule, On::Nothing, handler)
}

const fn changes_on(path: &'static str, rule: Rule, on: On, handler: Handler) -> Route {
    Route { method: Method::POST, path, rule, on, by_form: false, handler }
}

const fn form(path: &'static str, rule: Rule, handler: Handler) -> Route {
    Route { method: Method::POST, path, rule, on: On::Nothing, by_form: true, handler }
}

use Grant as G;
use Rule::{Anyone, Known, May};

/// Every route there is.
pub static ROUTES: &[Route] = &[
    reads("/", Known, || get(pages::overview)),
    reads("/calls/{id}", May(G::SeeCalls), || get(pages::call)),
    reads("/tickets", May(G::SeeTickets), || get(pages::tickets)),
    reads_on("/tickets/{id}", May(G::SeeTickets), On::Ticket, || get(pages::ticket)),
    reads("/agents", May(G::SeeCalls), || get(pages::agents)),
    reads_on("/agents/{id}", May(G::WorkPhone), On::Agent, || get(pages::agent)),
    reads("/wall", May(G::SeeCalls), || get(pages::wall)),
    reads("/surveys", May(G::SeeCallbacks), || get(pages::surveys)),
    reads("/surveys/audit", May(G::AuditCallbacks), || get(pages::audit)),
    reads("/campaigns", May(G::SeeCallbacks), || get(pages::campaigns)),
    reads("/campaigns/{id}", May(G::SeeCallbacks), || get(pages::campaign)),
    reads("/supervisor", May(G::SeeCallbacks), || get(pages::supervisor)),
    reads("/board", May(G::SeeFigures), || get(pages::board)),
    reads_on("/board/units/{code}", May(G::SeeUnits), On::Unit, || get(pages::unit)),
    reads("/board/supervision", May(G::SeeFigures), || get(pages::supervision)),
    reads("/rates", May(G::SeeFigures), || get(pages::rates)),
    reads("/knowledge", May(G::SeeKnowledge), || get(pages::knowledge)),
    reads("/knowledge/{id}", May(G::SeeKnowledge), || get(pages::item)),
    reads("/questions", May(G::EditKnowledge), || get(pages::questions)),
    reads("/messages", May(G::SeeMessages), || get(pages::messages)),
    reads("/login", Anyone, || get(login::page)),
    form("/login", Anyone, || post(login::log_in)),
    form("/logout", Known, || post(login::log_out)),
    reads("/assets/{name}", Anyone, || get(assets::asset)),
    reads("/api/health", Anyone, || get(api::health)),
    reads("/api/live", May(G::FollowLive), || get(live::live)),
    reads("/api/calls", May(G::SeeCalls), || get(api::calls)),
    reads("/api/calls/{id}", May(G::SeeCalls), || get(api::call)),
    reads_on("/api/calls/{id}/audio", May(G::HearCalls), On::Recording, || get(audio::audio)),
    reads("/api/queue", May(G::SeeCalls), || get(api::queue)),
    reads("/api/figures", May(G::SeeCalls), || get(api::figures)),
    reads("/api/tickets", May(G::SeeTickets), || get(api::tickets)),
    reads_on("/api/tickets/{id}", May(G::SeeTickets), On::Ticket, || get(api::ticket)),
    changes_on("/api/tickets/{id}/close", May(G::HandleTickets), On::Ticket, || {
        post(actions::close)
    }),
    changes_on("/api/tickets/{id}/reopen", May(G::HandleTickets), On::Ticket, || {
        post(actions::reopen)
    }),
    changes_on("/api/tickets/{id}/orders/{order}", May(G::HandleTickets), On::Ticket, || {
        post(orders::order)
    }),
    changes_on("/api/tickets/{id}/fields/{slot}", May(G::HandleTickets), On::Ticket, || {
        post(actions::edit)
    }),
    changes_on("/api/tickets/{id}/proposals/{slot}", May(G::HandleTickets), On::Ticket, || {
        post(actions::accept)
    }),
    reads_on("/api/tickets/{id}/photos/{n}", May(G::SeeTickets), On::Ticket, || {
        get(photos::photo)
    }),
    reads("/api/messages", May(G::SeeMessages), || get(pages::messages_json)),
    reads("/api/agents", May(G::SeeCalls), || get(api::agents)),
    changes_on("/api/agents/{id}/ready", May(G::WorkPhone), On::Agent, || post(actions::ready)),
    changes_on("/api/agents/{id}/away", May(G::WorkPhone), On::Agent, || post(actions::away)),
    changes_on("/api/agents/{id}/wrap-up", May(G::WorkPhone), On::Agent, || {
        post(actions::wrap_up)
    }),
    changes_on("/api/agents/{id}/talk/{act}", May(G::WorkPhone), On::Agent, || post(joining::act)),
    changes_on("/api/agents/{id}/messages/seen", May(G::WorkPhone), On::Agent, || {
        post(joining::seen)
    }),
    changes_on("/api/agents/{id}/unwatch", May(G::WatchCalls), On::Agent, || {
        post(joining::unwatch)
    }),
    changes_on("/api/agents/{id}/take-over", May(G::WatchCalls), On::Agent, || {
        post(joining::take_over)
    }),
    changes("/api/calls/{id}/watch", May(G::WatchCalls), || post(joining::watch)),
    changes("/api/agent-messages", May(G::WatchCalls), || post(joining::write)),
    reads("/api/parties", May(G::SeeCalls), || get(joining::parties)),
    reads_on("/api/agents/{id}/phone", May(G::WorkPhone), On::Agent, || get(phone::rings)),
    changes_on("/api/agents/{id}/phone/{leg}/answer", May(G::WorkPhone), On::Agent, || {
        post(phone::pick_up)
    }),
    changes_on("/api/agents/{id}/phone/{leg}/hang-up", May(G::WorkPhone), On::Agent, || {
        post(phone::put_down)
    }),
    changes_on("/api/agents/{id}/phone/{leg}/hold", May(G::WorkPhone), On::Agent, || {
        post(phone::hold)
    }),
    reads("/api/wall", May(G::SeeCalls), || get(pages::wall_json)),
    reads("/api/export/{name}", May(G::Export), || get(export::export)),
    reads("/api/plots/{name}", May(G::SeeFigures), || get(pages::plot)),
    reads("/open311/v2/{name}", May(G::ReadOpenData), || get(open311::list)),
    reads("/open311/v2/requests/{name}", May(G::ReadOpenData), || get(open311::one)),
    reads("/api/surveys", May(G::SeeCallbacks), || get(api::surveys)),
    reads("/api/verifications", May(G::SeeCallbacks), || get(api::verifications)),
    reads("/api/knowledge", May(G::SeeKnowledge), || get(knowledge::items)),
    changes("/api/knowledge", May(G::EditKnowledge), || post(knowledge::create)),
    reads("/api/knowledge/{id}", May(G::SeeKnowledge), || get(knowledge::item)),
    changes("/api/knowledge/{id}/draft", May(G::EditKnowledge), || post(knowledge::write)),
    changes("/api/knowledge/{id}/steps/{step}", May(G::EditKnowledge), || post(knowledge::step)),
    reads("/api/questions", May(G::EditKnowledge), || get(knowledge::questions)),
    changes("/api/questions/draft", May(G::EditKnowledge), || {
        post(knowledge::draft_from_questions)
    }),
    changes("/api/questions/dismiss", May(G::EditKnowledge), || post(knowledge::dismiss)),
    changes("/api/verifications/{id}/assign", May(G::HandleCallbacks), || post(callbacks::assign)),
    changes("/api/verifications/{id}/close", May(G::HandleCallbacks), || post(callbacks::close)),
    changes_on("/api/tickets/{id}/callback", May(G::Dispatch), On::Ticket, || {
        post(callbacks::call_back)
    }),
    changes("/api/do-not-call", May(G::HandleCallbacks), || post(callbacks::do_not_call)),
    reads("/api/campaigns", May(G::SeeCallbacks), || get(callbacks::campaigns)),
    changes("/api/campaigns", May(G::HandleCallbacks), || post(callbacks::announce)),
    reads("/api/campaigns/{id}", May(G::SeeCallbacks), || get(callbacks::campaign)),
    reads("/api/callbacks", May(G::SeeCallbacks), || get(callbacks::review)),
    changes_on("/api/tickets/{id}/reveal/{slot}", May(G::Unmask), On::Ticket, || {
        post(actions::reveal)
    }),
    reads("/account", Known, || get(pages::account)),
    changes("/api/account/password", Known, || post(own::password)),
    changes("/api/account/second/begin", Known, || post(own::begin_second)),
    changes("/api/account/second/confirm", Known, || post(own::confirm_second)),
    changes("/api/account/second/off", Known, || post(own::end_second)),
    reads("/accounts", May(G::ManageAccounts), || get(pages::accounts)),
    reads("/api/accounts", May(G::ManageAccounts), || get(accounts::list)),
    changes("/api/accounts", May(G::ManageAccounts), || post(accounts::add)),
    changes("/api/accounts/{id}/post", May(G::ManageAccounts), || post(accounts::post)),
    changes("/api/accounts/{id}/disable", May(G::ManageAccounts), || post(accounts::disable)),
    changes("/api/accounts/{id}/enable", May(G::ManageAccounts), || post(accounts::enable)),
    changes("/api/accounts/{id}/password", May(G::ManageAccounts), || post(accounts::password)),
    changes("/api/accounts/{id}/second/reset", May(G::ManageAccounts), || {
        post(accounts::reset_second)
    }),
    reads("/audit", May(G::ReadAudit), || get(pages::deeds)),
    reads("/api/audit", May(G::ReadAudit), || get(deeds::list)),
    reads("/api/audit/chain", May(G::ReadAudit), || get(deeds::chain)),
    reads("/api/callbacks/audit", May(G::AuditCallbacks), || get(callbacks::audit)),
];

/// The line for a request; HEAD is a GET without a body.
pub(super) fn line_of(method: &Method, path: &str) -> Option<&'static Route> {
    let method = if *method == Method::HEAD { &Method::GET } else { method };
    ROUTES.iter().find(|route| route.method == *method && route.path == path)
}

pub(super) fn router(app: Arc<App>) -> Router {
    let table = ROUTES
        .iter()
        .fold(Router::new(), |router, route| router.route(route.path, (route.handler)()));
    table
        .fallback(async || ApiError::no_page())
        .layer(DefaultBodyLimit::max(CONSOLE_BODY_BYTES_MAX))
        .layer(middleware::from_fn_with_state(app.clone(), guard::guard))
        .with_state(app)
}
