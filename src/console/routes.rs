//! The route table: what can be asked, and who may. A path that is not here does not exist.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::Method;
use axum::middleware;
use axum::routing::{MethodRouter, get, post};

use super::error::ApiError;
use super::{
    App, access, actions, api, assets, audio, callbacks, export, knowledge, live, login, open311,
    orders, pages, phone,
};
use crate::kernel::limits::CONSOLE_BODY_BYTES_MAX;

/// Who may use a route. Without a token everybody on this machine is staff.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Who {
    /// Needs no login: the login page and what it is drawn with.
    Anyone,
    /// The same, changed by a form that carries the page's form token.
    AnyoneByForm,
    /// Logged in.
    Staff,
    /// Logged in, by a form that carries the page's form token.
    StaffByForm,
}

/// One line of the table.
pub struct Route {
    pub method: Method,
    pub path: &'static str,
    pub who: Who,
    handler: fn() -> MethodRouter<Arc<App>>,
}

const fn reads(path: &'static str, who: Who, handler: fn() -> MethodRouter<Arc<App>>) -> Route {
    Route { method: Method::GET, path, who, handler }
}

const fn changes(path: &'static str, who: Who, handler: fn() -> MethodRouter<Arc<App>>) -> Route {
    Route { method: Method::POST, path, who, handler }
}

/// Every route there is.
pub static ROUTES: &[Route] = &[
    reads("/", Who::Staff, || get(pages::overview)),
    reads("/calls/{id}", Who::Staff, || get(pages::call)),
    reads("/tickets", Who::Staff, || get(pages::tickets)),
    reads("/tickets/{id}", Who::Staff, || get(pages::ticket)),
    reads("/agents", Who::Staff, || get(pages::agents)),
    reads("/agents/{id}", Who::Staff, || get(pages::agent)),
    reads("/surveys", Who::Staff, || get(pages::surveys)),
    reads("/surveys/audit", Who::Staff, || get(pages::audit)),
    reads("/campaigns", Who::Staff, || get(pages::campaigns)),
    reads("/campaigns/{id}", Who::Staff, || get(pages::campaign)),
    reads("/supervisor", Who::Staff, || get(pages::supervisor)),
    reads("/board", Who::Staff, || get(pages::board)),
    reads("/board/units/{code}", Who::Staff, || get(pages::unit)),
    reads("/board/supervision", Who::Staff, || get(pages::supervision)),
    reads("/rates", Who::Staff, || get(pages::rates)),
    reads("/knowledge", Who::Staff, || get(pages::knowledge)),
    reads("/knowledge/{id}", Who::Staff, || get(pages::item)),
    reads("/questions", Who::Staff, || get(pages::questions)),
    reads("/messages", Who::Staff, || get(pages::messages)),
    reads("/login", Who::Anyone, || get(login::page)),
    changes("/login", Who::AnyoneByForm, || post(login::log_in)),
    changes("/logout", Who::StaffByForm, || post(login::log_out)),
    reads("/assets/{name}", Who::Anyone, || get(assets::asset)),
    reads("/api/health", Who::Anyone, || get(api::health)),
    reads("/api/live", Who::Staff, || get(live::live)),
    reads("/api/calls", Who::Staff, || get(api::calls)),
    reads("/api/calls/{id}", Who::Staff, || get(api::call)),
    reads("/api/calls/{id}/audio", Who::Staff, || get(audio::audio)),
    reads("/api/queue", Who::Staff, || get(api::queue)),
    reads("/api/figures", Who::Staff, || get(api::figures)),
    reads("/api/tickets", Who::Staff, || get(api::tickets)),
    reads("/api/tickets/{id}", Who::Staff, || get(api::ticket)),
    changes("/api/tickets/{id}/close", Who::Staff, || post(actions::close)),
    changes("/api/tickets/{id}/reopen", Who::Staff, || post(actions::reopen)),
    changes("/api/tickets/{id}/orders/{order}", Who::Staff, || post(orders::order)),
    changes("/api/tickets/{id}/fields/{slot}", Who::Staff, || post(actions::edit)),
    reads("/api/messages", Who::Staff, || get(pages::messages_json)),
    reads("/api/agents", Who::Staff, || get(api::agents)),
    changes("/api/agents/{id}/ready", Who::Staff, || post(actions::ready)),
    changes("/api/agents/{id}/away", Who::Staff, || post(actions::away)),
    reads("/api/agents/{id}/phone", Who::Staff, || get(phone::rings)),
    changes("/api/agents/{id}/phone/{leg}/answer", Who::Staff, || post(phone::pick_up)),
    changes("/api/agents/{id}/phone/{leg}/hang-up", Who::Staff, || post(phone::put_down)),
    changes("/api/agents/{id}/phone/{leg}/hold", Who::Staff, || post(phone::hold)),
    reads("/api/export/{name}", Who::Staff, || get(export::export)),
    reads("/api/plots/{name}", Who::Staff, || get(pages::plot)),
    reads("/open311/v2/{name}", Who::Staff, || get(open311::list)),
    reads("/open311/v2/requests/{name}", Who::Staff, || get(open311::one)),
    reads("/api/surveys", Who::Staff, || get(api::surveys)),
    reads("/api/verifications", Who::Staff, || get(api::verifications)),
    reads("/api/knowledge", Who::Staff, || get(knowledge::items)),
    changes("/api/knowledge", Who::Staff, || post(knowledge::create)),
    reads("/api/knowledge/{id}", Who::Staff, || get(knowledge::item)),
    changes("/api/knowledge/{id}/draft", Who::Staff, || post(knowledge::write)),
    changes("/api/knowledge/{id}/steps/{step}", Who::Staff, || post(knowledge::step)),
    reads("/api/questions", Who::Staff, || get(knowledge::questions)),
    changes("/api/questions/draft", Who::Staff, || post(knowledge::draft_from_questions)),
    changes("/api/questions/dismiss", Who::Staff, || post(knowledge::dismiss)),
    changes("/api/verifications/{id}/assign", Who::Staff, || post(callbacks::assign)),
    changes("/api/verifications/{id}/close", Who::Staff, || post(callbacks::close)),
    changes("/api/tickets/{id}/callback", Who::Staff, || post(callbacks::call_back)),
    changes("/api/do-not-call", Who::Staff, || post(callbacks::do_not_call)),
    reads("/api/campaigns", Who::Staff, || get(callbacks::campaigns)),
    changes("/api/campaigns", Who::Staff, || post(callbacks::announce)),
    reads("/api/campaigns/{id}", Who::Staff, || get(callbacks::campaign)),
    reads("/api/callbacks", Who::Staff, || get(callbacks::review)),
    reads("/api/callbacks/audit", Who::Staff, || get(callbacks::audit)),
];

/// The rule for a request; HEAD is a GET without a body.
pub(super) fn who_may(method: &Method, path: &str) -> Option<Who> {
    let method = if *method == Method::HEAD { &Method::GET } else { method };
    ROUTES.iter().find(|route| route.method == *method && route.path == path).map(|route| route.who)
}

pub(super) fn router(app: Arc<App>) -> Router {
    let table = ROUTES
        .iter()
        .fold(Router::new(), |router, route| router.route(route.path, (route.handler)()));
    table
        .fallback(async || ApiError::no_page())
        .layer(DefaultBodyLimit::max(CONSOLE_BODY_BYTES_MAX))
        .layer(middleware::from_fn_with_state(app.clone(), access::guard))
        .with_state(app)
}
