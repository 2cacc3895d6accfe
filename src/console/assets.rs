//! What pages are drawn with, out of the binary itself.

use axum::extract::Path;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

use super::error::ApiError;

const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";

/// Name, kind, content.
const ASSETS: &[(&str, &str, &str)] = &[
    ("style.css", STYLE, include_str!("assets/style.css")),
    ("main.js", SCRIPT, include_str!("assets/main.js")),
    ("live.js", SCRIPT, include_str!("assets/live.js")),
    ("patch.js", SCRIPT, include_str!("assets/patch.js")),
    ("player.js", SCRIPT, include_str!("assets/player.js")),
    ("forms.js", SCRIPT, include_str!("assets/forms.js")),
    ("phone.js", SCRIPT, include_str!("assets/phone.js")),
    ("review.js", SCRIPT, include_str!("assets/review.js")),
    ("icon.svg", "image/svg+xml", include_str!("assets/icon.svg")),
];

pub(super) async fn asset(Path(name): Path<String>) -> Result<Response, ApiError> {
    let found = ASSETS.iter().find(|(asset, _, _)| *asset == name);
    let (_, kind, content) = found.ok_or_else(ApiError::no_page)?;
    Ok(([(CONTENT_TYPE, *kind)], *content).into_response())
}
