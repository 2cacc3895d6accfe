//! Errors as callers of the API see them: what is wrong, where, and the way out.

use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::access::AccessError;
use crate::desk::DeskError;
use crate::store::StoreError;

/// Every error of the API, as JSON; on pages the same, as a page.
#[derive(Clone, Debug, Serialize)]
pub(super) struct ApiError {
    #[serde(skip)]
    pub status: StatusCode,
    /// For programs: stays the same between versions.
    pub code: &'static str,
    pub error: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<&'static str>,
    pub remedy: String,
}

impl ApiError {
    pub fn new(
        status: StatusCode,
        code: &'static str,
        error: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        ApiError { status, code, error: error.into(), field: None, remedy: remedy.into() }
    }

    pub fn field(
        code: &'static str,
        field: &'static str,
        error: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        let new = ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, code, error, remedy);
        ApiError { field: Some(field), ..new }
    }

    pub fn missing(what: &'static str, id: impl std::fmt::Display) -> Self {
        let remedy = format!("list them with GET /api/{what}s");
        ApiError::new(StatusCode::NOT_FOUND, "not_found", format!("no {what} {id}"), remedy)
    }

    pub fn no_page() -> Self {
        let remedy = "start at / for pages; paths of the API are listed in the README";
        ApiError::new(StatusCode::NOT_FOUND, "not_found", "nothing is at this path", remedy)
    }

    /// Nobody that we know asks.
    pub fn no_login() -> Self {
        let remedy = "log in at /login, or send the token as Authorization: Bearer";
        ApiError::new(StatusCode::UNAUTHORIZED, "no_login", "the console needs a login", remedy)
    }

    pub fn forbidden() -> Self {
        let remedy = "ask the admin for an account whose role has it";
        let error = "your role does not have this right";
        ApiError::new(StatusCode::FORBIDDEN, "forbidden", error, remedy)
    }

    /// A password of one's own, or a second factor, comes first.
    pub fn must_first() -> Self {
        let remedy = "open /account, set a password of your own and enrol the second factor there";
        let error = "the account is not set up yet";
        ApiError::new(StatusCode::FORBIDDEN, "must_first", error, remedy)
    }

    /// The hotline did not answer a command in time.
    pub fn busy() -> Self {
        let remedy = "look whether the change was made, then try again";
        let error = "the hotline did not answer in time";
        ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "busy", error, remedy)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(&self)).into_response();
        // The guard makes a page of it where a page was asked for.
        response.extensions_mut().insert(self);
        response
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "the console cannot read the store");
        let remedy = "look at the service's log and the disk that holds its data folder";
        let error = "the store cannot be read";
        ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "store", error, remedy)
    }
}

impl From<AccessError> for ApiError {
    fn from(error: AccessError) -> Self {
        use AccessError as E;
        let text = error.to_string();
        let (code, field) = match error {
            E::Name(_) => ("bad_name", "name"),
            E::Short(_) | E::Long => ("short_password", "password"),
            E::Weak => ("weak_password", "password"),
            E::Role(_) => ("bad_choice", "role"),
            E::NoUnit | E::StrayUnit => ("unit_of_role", "unit"),
            E::NoAgent | E::StrayAgent => ("agent_of_role", "agent"),
            E::Cost(_) | E::Hash(_) | E::Secret => ("bad_value", "password"),
        };
        ApiError::field(code, field, text, "do what the error says")
    }
}

impl From<DeskError> for ApiError {
    fn from(error: DeskError) -> Self {
        use DeskError as E;
        let text = error.to_string();
        let conflict =
            |code, remedy: &str| ApiError::new(StatusCode::CONFLICT, code, &text, remedy);
        let missing =
            |remedy: &str| ApiError::new(StatusCode::NOT_FOUND, "not_found", &text, remedy);
        match error {
            E::NotNow { .. } => {
                conflict("not_now", "load the ticket again; a closed one can be reopened")
            }
            E::Changed { .. } => {
                conflict("changed", "load the ticket again, look at what changed, then decide anew")
            }
            E::Unfit { .. } | E::NothingToExtend(_) | E::OutOfOrder { .. } => {
                conflict("unfit", "load the ticket again and see how it stands")
            }
            E::ObjectionLate { .. } => {
                conflict("late", "deal with it, or ask the desk to take it back")
            }
            E::Clock(_) => conflict("clock", "`huiyin rules explain --ticket` shows its deadlines"),
            E::NotTheirs { .. } => {
                let remedy = "let one act whose part it is";
                ApiError::new(StatusCode::FORBIDDEN, "not_theirs", &text, remedy)
            }
            E::Refused { code, .. } => {
                let status = match code {
                    "not_found" => StatusCode::NOT_FOUND,
                    "not_now" | "not_blank" | "no_verifier" | "verifies_itself" | "draw_past" => {
                        StatusCode::CONFLICT
                    }
                    _ => StatusCode::UNPROCESSABLE_ENTITY,
                };
                ApiError::new(status, code, &text, "do what the error says, or load the page again")
            }
            E::NoResult => {
                ApiError::field("empty", "result", &text, "say what was done for the citizen")
            }
            E::NoWords { field, .. } => ApiError::field("empty", field, &text, "fill it in"),
            E::NoUnit { .. } => {
                let remedy = "give a unit's code or whole name; `huiyin rules explain` shows them";
                ApiError::field("no_unit", "unit", &text, remedy)
            }
            E::NoMember { .. } => {
                ApiError::field("no_member", "member", &text, "name one of the unit's members")
            }
            E::NoPack { .. } | E::NoProcedure { .. } => {
                ApiError::field("no_pack", "pack", &text, "name one that the rules have")
            }
            E::NoPause { .. } => {
                ApiError::field("no_pause", "kind", &text, "name one that the rule pack has")
            }
            E::NoTicket(_) => missing("list tickets with GET /api/tickets"),
            E::NoAgent(_) => missing("list agents with GET /api/agents"),
        }
    }
}

impl From<JsonRejection> for ApiError {
    fn from(rejection: JsonRejection) -> Self {
        let remedy = "send one JSON object with content-type application/json";
        ApiError::new(rejection.status(), "bad_body", rejection.body_text(), remedy)
    }
}

impl From<QueryRejection> for ApiError {
    fn from(rejection: QueryRejection) -> Self {
        let remedy = "`before` and `limit` are plain numbers";
        ApiError::new(rejection.status(), "bad_query", rejection.body_text(), remedy)
    }
}

impl From<PathRejection> for ApiError {
    fn from(rejection: PathRejection) -> Self {
        let remedy = "ids in paths are plain numbers";
        ApiError::new(rejection.status(), "bad_path", rejection.body_text(), remedy)
    }
}
