//! Open311 GeoReport v2: what there is to be asked for, and the tickets as service requests. Reading alone: tickets are made
//! by calls. Nothing of a caller is in them; what is secret or a report is not there at all.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::error::ApiError;
use super::figures::now;
use super::read::Ids;
use super::{App, names};
use crate::insight::{
    REQUESTS_MAX, SPAN_DAYS_MAX, Service, ServiceRequest, requests_json, requests_xml,
    services_json, services_xml, when,
};
use crate::kernel::{TicketId, Wall};
use crate::store::{BoardRow, Wanted};

const DAY_MS: i64 = 86_400_000;
/// Ids or codes in one question.
const LIST_MAX: usize = 50;
const XML: &str = "text/xml; charset=utf-8";

/// The arguments of `GET Service Requests`; lists are separated by commas.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    service_request_id: Option<String>,
    service_code: Option<String>,
    start_date: Option<String>,
    end_date: Option<String>,
    status: Option<String>,
}

fn refused(field: &'static str, error: String, remedy: &str) -> ApiError {
    let refused = ApiError::new(StatusCode::BAD_REQUEST, "bad_query", error, remedy);
    ApiError { field: Some(field), ..refused }
}

/// `services.json`, `services.xml`, `requests.json`, `requests.xml`.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    ids: Ids,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, ApiError> {
    match ids.text("name") {
        "services.json" => Ok(Json(services_json(&services(&app))).into_response()),
        "services.xml" => Ok(xml(services_xml(&services(&app)))),
        "requests.json" => {
            Ok(Json(requests_json(&requests(&app, asked?.0).await?)).into_response())
        }
        "requests.xml" => Ok(xml(requests_xml(&requests(&app, asked?.0).await?))),
        _ => Err(ApiError::no_page()),
    }
}

/// `{id}.json`, `{id}.xml`: one request, in a list of one.
pub(super) async fn one(State(app): State<Arc<App>>, ids: Ids) -> Result<Response, ApiError> {
    let name = ids.text("name");
    let (id, form) = name.split_once('.').unwrap_or((name, ""));
    let missing = || ApiError::missing("request", id);
    let id = id.parse::<u64>().ok().filter(|id| i64::try_from(*id).is_ok()).ok_or_else(missing)?;
    let row = app.store.public_ticket(TicketId(id)).await?.ok_or_else(missing)?;
    let requests = [request(&app, &row)];
    match form {
        "json" => Ok(Json(requests_json(&requests)).into_response()),
        "xml" => Ok(xml(requests_xml(&requests))),
        _ => Err(ApiError::no_page()),
    }
}

fn xml(text: String) -> Response {
    ([(CONTENT_TYPE, XML)], text).into_response()
}

fn services(app: &App) -> Vec<Service> {
    let name = |code: &str| app.dispatch.category_name(code).unwrap_or_default().to_owned();
    let categories = app.dispatch.categories().iter();
    categories
        .map(|category| Service {
            code: category.code.clone(),
            name: category.name.clone(),
            group: category
                .code
                .get(..2)
                .filter(|group| *group != category.code)
                .map(name)
                .unwrap_or_default(),
        })
        .collect()
}

async fn requests(app: &App, asked: Asked) -> Result<Vec<ServiceRequest>, ApiError> {
    if let Some(ids) = &asked.service_request_id {
        return by_id(app, &listed("service_request_id", ids)?).await;
    }
    let (from, until) = span(&asked)?;
    let closed = match asked.status.as_deref().map(str::trim) {
        None | Some("" | "open,closed" | "closed,open") => None,
        Some("open") => Some(false),
        Some("closed") => Some(true),
        Some(other) => {
            let error = format!("`status` is {other:?}");
            return Err(refused("status", error, "use open, closed or both: open,closed"));
        }
    };
    let codes = match &asked.service_code {
        Some(codes) => listed("service_code", codes)?,
        None => vec![String::new()],
    };
    let mut rows = Vec::new();
    for code in codes {
        let category = super::asked::code("service_code", Some(code))?;
        let wanted = Wanted { from, until, unit: String::new(), region: String::new(), category };
        rows.extend(app.store.public_tickets(&wanted, closed, REQUESTS_MAX).await?);
    }
    rows.sort_by_key(|row| (-row.opened_at, -row.id));
    rows.dedup_by_key(|row| row.id);
    rows.truncate(REQUESTS_MAX as usize);
    Ok(rows.iter().map(|row| request(app, row)).collect())
}

async fn by_id(app: &App, ids: &[String]) -> Result<Vec<ServiceRequest>, ApiError> {
    let mut requests = Vec::new();
    for id in ids {
        let number = id.parse::<u64>().ok().filter(|id| i64::try_from(*id).is_ok());
        let number = number.ok_or_else(|| {
            let error = format!("{id:?} is no id");
            refused("service_request_id", error, "ids are plain numbers")
        })?;
        if let Some(row) = app.store.public_ticket(TicketId(number)).await? {
            requests.push(request(app, &row));
        }
    }
    Ok(requests)
}

fn listed(field: &'static str, text: &str) -> Result<Vec<String>, ApiError> {
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    let parts: Vec<String> = parts.map(str::to_owned).collect();
    if parts.len() > LIST_MAX {
        let error = format!("`{field}` has {} entries", parts.len());
        return Err(refused(field, error, &format!("ask for at most {LIST_MAX} at once")));
    }
    Ok(parts)
}

/// From when to before when: 90 days up to the one end that is given, or up to now.
fn span(asked: &Asked) -> Result<(Wall, Wall), ApiError> {
    let read = |field, text: &Option<String>| match text.as_deref().filter(|t| !t.trim().is_empty())
    {
        None => Ok(None),
        Some(text) => when(text).map(Some).ok_or_else(|| {
            let error = format!("`{field}` is {text:?}");
            refused(field, error, "write it like 2026-11-22T09:30:00+08:00 or 2026-11-22")
        }),
    };
    let most = SPAN_DAYS_MAX * DAY_MS;
    let (from, until) =
        match (read("start_date", &asked.start_date)?, read("end_date", &asked.end_date)?) {
            // The end itself belongs to the span.
            (Some(from), Some(until)) => (from, until.plus_ms(1)),
            (Some(from), None) => (from, from.plus_ms(most)),
            (None, Some(until)) => (until.plus_ms(1 - most), until.plus_ms(1)),
            (None, None) => (now().plus_ms(-most), now().plus_ms(1)),
        };
    let span = until.unix_ms - from.unix_ms;
    if !(1..=most + 1).contains(&span) {
        let error = "`end_date` lies before `start_date`, or more than 90 days after it".to_owned();
        return Err(refused("end_date", error, "ask for at most 90 days at once"));
    }
    Ok((from, until))
}

fn request(app: &App, row: &BoardRow) -> ServiceRequest {
    let code = row.category.clone().unwrap_or_default();
    let service_name = app.dispatch.category_name(&code).unwrap_or_default().to_owned();
    let kind = row.field("matter_type").and_then(|field| field.code.as_deref());
    let kind = kind.map(|kind| app.texts.name("matter_type", kind).to_owned());
    let told = [kind.unwrap_or_default(), service_name.clone()];
    let told: Vec<&str> = told.iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
    let place = row.place.as_deref().unwrap_or_default();
    ServiceRequest {
        id: row.id.max(0) as u64,
        open: !row.is_done(),
        status_notes: app.texts.name("ticket_state", &row.state).to_owned(),
        description: told.join("："),
        service_code: code,
        service_name,
        agency_responsible: row.unit.as_deref().map(|u| names::unit(app, u)).unwrap_or_default(),
        requested: Wall::from_ms(row.opened_at),
        updated: Wall::from_ms(row.changed_at),
        expected: row.due_at.filter(|_| !row.is_done()).map(Wall::from_ms),
        address: app.dispatch.place_name(place).unwrap_or_default().to_owned(),
        address_id: place.to_owned(),
    }
}
