//! Photos that citizens have sent, for those who may see the ticket. Each look is written down.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

use super::App;
use super::access::Known;
use super::error::ApiError;
use super::read::Ids;
use crate::kernel::{CallId, TicketId};
use crate::store::photo_path;

pub(super) async fn photo(
    State(app): State<Arc<App>>,
    who: Known,
    ids: Ids,
) -> Result<Response, ApiError> {
    let id = TicketId(ids.id()?);
    let missing = || ApiError::missing("photo", ids.text("n"));
    let row = app.store.ticket(id).await?.ok_or_else(|| ApiError::missing("ticket", id.0))?;
    let n: i64 = ids.text("n").parse().map_err(|_| missing())?;
    let call = CallId(row.call_id.max(0) as u64);
    let known = app.store.photos(call).await?.into_iter().find(|photo| photo.n == n);
    let known = known.ok_or_else(missing)?;
    let path = photo_path(&app.recordings, call, known.n.max(0) as u32);
    let bytes = tokio::fs::read(path).await.map_err(|error| {
        tracing::error!(call = %call, %error, "a photo cannot be read");
        let remedy = "look at the disk that holds the recordings";
        let text = "the photo cannot be read";
        ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "photo", text, remedy)
    })?;
    app.note(&who, "photo_seen", &format!("ticket {} photo {n}", id.0), "").await?;
    Ok(([(CONTENT_TYPE, "image/jpeg")], bytes).into_response())
}
