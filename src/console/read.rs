//! What requests bring: ids, pages of lists, bodies, each with an error of ours where it is wrong.

use std::collections::HashMap;

use axum::Json;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::access::Known;
use super::error::ApiError;
use crate::kernel::limits::CONSOLE_ROWS;

/// The named parts of the path.
pub(super) struct Ids(HashMap<String, String>);

impl<S: Send + Sync> FromRequestParts<S> for Ids {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        Ok(Ids(Path::from_request_parts(parts, state).await?.0))
    }
}

impl Ids {
    /// The plain number `{id}`.
    pub fn id(&self) -> Result<u64, ApiError> {
        let given = self.text("id");
        let id = given.parse::<u64>().ok().filter(|id| i64::try_from(*id).is_ok());
        id.ok_or_else(|| {
            let error = format!("{given:?} is not an id");
            let remedy = "ids in paths are plain numbers, like 12";
            ApiError::new(StatusCode::NOT_FOUND, "not_found", error, remedy)
        })
    }

    pub fn text(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }
}

/// `?before=ID&limit=N`: the newest N rows before this id.
#[derive(Debug, Deserialize)]
pub(super) struct RawPage {
    before: Option<i64>,
    limit: Option<i64>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Page {
    pub before: i64,
    pub limit: i64,
}

impl<S: Send + Sync> FromRequestParts<S> for Page {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Query(raw) = Query::<RawPage>::from_request_parts(parts, state).await?;
        let limit = raw.limit.unwrap_or(50);
        if !(1..=CONSOLE_ROWS).contains(&limit) {
            let error = format!("`limit` is {limit}");
            let remedy = format!("ask for 1 to {CONSOLE_ROWS} rows, and for more with `before`");
            return Err(ApiError::field("bad_query", "limit", error, remedy));
        }
        Ok(Page { before: raw.before.unwrap_or(i64::MAX), limit })
    }
}

impl Page {
    /// What to ask for next: the last id of a full page.
    pub fn next(&self, ids: impl ExactSizeIterator<Item = i64>) -> Option<i64> {
        let full = ids.len() as i64 >= self.limit;
        ids.last().filter(|_| full)
    }
}

/// One JSON object. Whoever is logged in signs it (`by`) with their own name, whatever it says.
pub(super) struct Body<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let signs =
            request.extensions().get::<Known>().and_then(|who| who.signs().map(str::to_owned));
        let Json(mut value): Json<Value> = Json::from_request(request, state).await?;
        if let (Some(name), Some(by)) = (signs, value.get_mut("by")) {
            *by = Value::String(name);
        }
        let read = serde_json::from_value(value).map_err(|error| {
            let remedy = "send one JSON object with the fields of the form";
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            ApiError::new(status, "bad_body", error.to_string(), remedy)
        });
        Ok(Body(read?))
    }
}

/// A text that staff wrote: not empty, not longer than `max` characters, no control characters but line ends.
pub(super) fn text(field: &'static str, given: &str, max: usize) -> Result<String, ApiError> {
    let text = given.trim();
    let length = text.chars().count();
    if text.is_empty() {
        let error = format!("`{field}` is empty");
        return Err(ApiError::field("empty", field, error, "fill it in"));
    }
    if length > max {
        let error = format!("`{field}` has {length} characters");
        return Err(ApiError::field("too_long", field, error, format!("use at most {max}")));
    }
    if text.chars().any(|c| c.is_control() && c != '\n' && c != '\r' && c != '\t') {
        let error = format!("`{field}` holds control characters");
        return Err(ApiError::field("bad_text", field, error, "type it as plain text"));
    }
    Ok(text.to_owned())
}
