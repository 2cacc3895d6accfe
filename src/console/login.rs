//! In and out.

use std::sync::Arc;

use axum::extract::rejection::FormRejection;
use axum::extract::{Form, State};
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use maud::Markup;
use serde::Deserialize;

use super::error::ApiError;
use super::{App, pages};

#[derive(Deserialize)]
pub(super) struct LoginForm {
    form_token: String,
    token: String,
}

#[derive(Deserialize)]
pub(super) struct LogoutForm {
    form_token: String,
}

fn bad_form(why: impl Into<String>) -> ApiError {
    let remedy = "load the page again and send its form";
    ApiError::new(StatusCode::FORBIDDEN, "bad_form", why, remedy)
}

pub(super) async fn page(State(app): State<Arc<App>>) -> Markup {
    pages::login(&app, false)
}

pub(super) async fn log_in(
    State(app): State<Arc<App>>,
    form: Result<Form<LoginForm>, FormRejection>,
) -> Result<Response, ApiError> {
    let Form(form) = form.map_err(|rejection| bad_form(rejection.body_text()))?;
    if !app.access.is_form_token(&form.form_token) {
        return Err(bad_form("the form is not one of this page"));
    }
    match app.access.log_in(form.token.trim()).await {
        Ok(cookie) => Ok(([(SET_COOKIE, cookie)], Redirect::to("/")).into_response()),
        Err(error) if error.code == "wrong_token" => {
            Ok((error.status, pages::login(&app, true)).into_response())
        }
        Err(error) => Err(error),
    }
}

pub(super) async fn log_out(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    form: Result<Form<LogoutForm>, FormRejection>,
) -> Result<Response, ApiError> {
    let Form(form) = form.map_err(|rejection| bad_form(rejection.body_text()))?;
    if !app.access.is_form_token(&form.form_token) {
        return Err(bad_form("the form is not one of this page"));
    }
    let cookie = app.access.log_out(&headers);
    Ok(([(SET_COOKIE, cookie)], Redirect::to("/login")).into_response())
}
