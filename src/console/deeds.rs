//! The audit as its readers see it.

use std::sync::Arc;

use axum::Json;
use axum::extract::{FromRequestParts, Query, State};
use axum::http::request::Parts;
use serde::Deserialize;
use serde_json::json;

use super::App;
use super::access::{Known, Person};
use super::actions::Done;
use super::error::ApiError;
use super::figures::now;
use super::read::Page;
use crate::store::{Deed, WhichDeeds};

/// `?action=…&actor=…&whole=1`; empty ones ask for nothing.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    pub action: String,
    #[serde(default)]
    pub actor: String,
    /// Follow the chain too.
    #[serde(default)]
    pub whole: String,
}

impl<S: Send + Sync> FromRequestParts<S> for Asked {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        Ok(Query::<Asked>::from_request_parts(parts, state).await?.0)
    }
}

impl Asked {
    pub fn which(&self, page: Page) -> WhichDeeds<'_> {
        let (before, limit) = (page.before, page.limit);
        WhichDeeds { action: self.action.trim(), actor: self.actor.trim(), before, limit }
    }
}

impl App {
    /// Writes down what somebody does.
    ///
    /// # Errors
    /// It cannot be written; then it must not be done.
    pub(super) async fn note(
        &self,
        who: &Person,
        action: &str,
        object: &str,
        detail: &str,
    ) -> Result<(), ApiError> {
        let address = who.address.to_string();
        let (actor, role) = (who.name.as_str(), who.role_key());
        let deed = Deed { at: now(), actor, role, address: &address, action, object, detail };
        Ok(self.store.write_down(&deed).await?)
    }
}

pub(super) async fn list(State(app): State<Arc<App>>, page: Page, asked: Asked) -> Done {
    let rows = app.store.deeds(&asked.which(page)).await?;
    let next_before = page.next(rows.iter().map(|row| row.seq));
    Ok(Json(json!({ "audit": rows, "next_before": next_before })))
}

/// Follows the whole chain; that somebody did is part of it.
pub(super) async fn chain(State(app): State<Arc<App>>, who: Known) -> Done {
    let (head, broken) = app.store.audit_deeds(None).await?;
    app.note(&who, "audit_checked", "", broken.as_deref().unwrap_or("whole")).await?;
    Ok(Json(json!({ "whole": broken.is_none(), "head": head.to_string(), "broken": broken })))
}
