//! Tables that leave the house: tickets and answers as CSV and as a workbook. Numbers are masked as on lists, sealed tickets
//! show nothing of whom and what they are about, and no cell is a formula. CSV is written while it is read; a workbook is
//! bounded, because it is whole in memory.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use tokio::sync::OwnedSemaphorePermit;

use super::App;
use super::access::Known;
use super::asked::Asked;
use super::error::ApiError;
use super::masking::{field as masked, mask_numbers};
use super::names;
use super::read::Ids;
use crate::insight::{csv_head, csv_rows, stamp, xlsx};
use crate::kernel::Wall;
use crate::kernel::limits::{EXPORT_PAGE, EXPORT_ROWS_MAX, EXPORT_SHEET_ROWS_MAX};
use crate::kernel::redact::mask;
use crate::store::{AnswerOut, BoardRow, Opened, StoreError, Wanted};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Table {
    Tickets,
    Answers,
}

/// Fields of a ticket that stand in its row, in this order.
const FIELDS: [&str; 10] = [
    "matter_type",
    "category",
    "place",
    "time",
    "against",
    "summary",
    "narrative",
    "demand",
    "caller",
    "number",
];

const CSV: &str = "text/csv; charset=utf-8";
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// `tickets.csv`, `tickets.xlsx`, `answers.csv`, `answers.xlsx`.
pub(super) async fn export(
    State(app): State<Arc<App>>,
    who: Known,
    ids: Ids,
    asked: Asked,
) -> Result<Response, ApiError> {
    let name = ids.text("name");
    let (table, workbook) = match name {
        "tickets.csv" => (Table::Tickets, false),
        "tickets.xlsx" => (Table::Tickets, true),
        "answers.csv" => (Table::Answers, false),
        "answers.xlsx" => (Table::Answers, true),
        _ => return Err(ApiError::no_page()),
    };
    let permit = app.exports.clone().try_acquire_owned().map_err(|_| {
        let error = "too many tables are being written";
        let remedy = "wait until one of them is done and try again";
        ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "busy", error, remedy)
    })?;
    let wanted = asked.wanted();
    let rows = match table {
        Table::Tickets => app.store.count_tickets_out(&wanted).await?,
        Table::Answers => app.store.count_answers_out(&wanted).await?,
    };
    let bound = if workbook { EXPORT_SHEET_ROWS_MAX } else { EXPORT_ROWS_MAX };
    if rows > bound {
        let error = format!("the table would have {rows} rows; {name} holds {bound}");
        let remedy = "ask for less time, for one unit, or for .csv instead of .xlsx";
        return Err(ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "too_many", error, remedy));
    }
    let span = format!("{} to {}, {rows} rows", asked.from, asked.to);
    app.note(&who, "exported", name, &span).await?;
    let reader = Reader { app, table, wanted, after: After::default(), left: rows, permit };
    let (kind, body) = if workbook {
        (XLSX, Body::from(reader.workbook().await?))
    } else {
        (CSV, reader.stream()?)
    };
    let file = format!("huiyin-{}-{}-{name}", asked.from, asked.to);
    let disposition = format!("attachment; filename=\"{file}\"");
    Ok(([(CONTENT_TYPE, kind.to_owned()), (CONTENT_DISPOSITION, disposition)], body)
        .into_response())
}

/// The row after which the table goes on.
#[derive(Clone, Copy)]
struct After {
    ticket: Opened,
    answer: (i64, i64, i64),
}

impl Default for After {
    fn default() -> Self {
        After { ticket: (i64::MIN, 0), answer: (i64::MIN, 0, 0) }
    }
}

/// Reads a table a page at a time. What comes in while it is read beyond the rows that were counted is not in it.
struct Reader {
    app: Arc<App>,
    table: Table,
    wanted: Wanted,
    after: After,
    left: i64,
    permit: OwnedSemaphorePermit,
}

impl Reader {
    fn columns(&self) -> Vec<&str> {
        let texts = &self.app.texts;
        match self.table {
            Table::Tickets => {
                let export = &texts.export;
                let mut columns = vec![
                    export.ticket.as_str(),
                    &export.state,
                    &export.opened,
                    &export.changed,
                    &export.unit,
                    &export.pack,
                    &export.duty,
                    &export.due,
                    &export.supervised,
                    &export.place_code,
                    &export.category_code,
                ];
                columns.extend(FIELDS.map(|slot| texts.name("slot", slot)));
                columns.push(&export.result);
                columns
            }
            Table::Answers => {
                let export = &texts.export;
                vec![
                    &export.survey,
                    &export.ticket,
                    &export.call,
                    &export.at,
                    &export.question,
                    &export.answer,
                    &export.words,
                    &export.pressed,
                    &export.start,
                    &export.end,
                    &export.confidence,
                    &export.confirmed,
                    &export.unit,
                    &export.place_code,
                    &export.category_code,
                ]
            }
        }
    }

    async fn page(&mut self) -> Result<Vec<Vec<String>>, StoreError> {
        let limit = self.left.min(EXPORT_PAGE);
        if limit <= 0 {
            return Ok(Vec::new());
        }
        let store = &self.app.store;
        let rows: Vec<Vec<String>> = match self.table {
            Table::Tickets => {
                let rows = store.tickets_out(&self.wanted, self.after.ticket, limit).await?;
                if let Some(last) = rows.last() {
                    self.after.ticket = (last.opened_at, last.id);
                }
                rows.into_iter().map(|row| ticket(&self.app, row)).collect()
            }
            Table::Answers => {
                let rows = store.answers_out(&self.wanted, self.after.answer, limit).await?;
                if let Some(last) = rows.last() {
                    self.after.answer = (last.at, last.survey_id, last.seq);
                }
                rows.into_iter().map(|row| answer(&self.app, row)).collect()
            }
        };
        // A table that has become shorter since it was counted ends where it ends.
        self.left = if rows.is_empty() { 0 } else { self.left - rows.len() as i64 };
        Ok(rows)
    }

    /// A fault on the way breaks the answer off: half a table must not look like a whole one.
    fn stream(self) -> Result<Body, ApiError> {
        let head = csv_head(&self.columns()).map_err(unwritten)?;
        let first = futures::stream::once(async { Ok(Bytes::from(head)) });
        let rest = futures::stream::try_unfold(self, async |mut reader| {
            let rows = reader.page().await.map_err(std::io::Error::other)?;
            if rows.is_empty() {
                return Ok::<_, std::io::Error>(None);
            }
            let bytes = csv_rows(&rows).map_err(std::io::Error::other)?;
            Ok(Some((Bytes::from(bytes), reader)))
        });
        Ok(Body::from_stream(futures::StreamExt::chain(first, rest)))
    }

    async fn workbook(mut self) -> Result<Vec<u8>, ApiError> {
        let mut rows = Vec::new();
        loop {
            let page = self.page().await?;
            if page.is_empty() {
                break;
            }
            rows.extend(page);
        }
        let columns: Vec<String> = self.columns().into_iter().map(str::to_owned).collect();
        let sheet = match self.table {
            Table::Tickets => self.app.texts.page.tickets.clone(),
            Table::Answers => self.app.texts.page.surveys.clone(),
        };
        let permit = self.permit;
        let written = tokio::task::spawn_blocking(move || {
            let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
            let book = xlsx(&sheet, &columns, &rows);
            drop(permit);
            book
        });
        let broken = |why: String| {
            tracing::error!(%why, "a workbook cannot be written");
            let remedy = "ask for the table as .csv";
            ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "export", why, remedy)
        };
        match written.await {
            Ok(book) => book.map_err(unwritten),
            Err(error) => Err(broken(error.to_string())),
        }
    }
}

fn unwritten(error: crate::insight::InsightError) -> ApiError {
    tracing::error!(%error, "a table cannot be written");
    let remedy = "ask for less time, or for the other kind of file";
    ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "export", error.to_string(), remedy)
}

fn moment(unix_ms: i64) -> String {
    stamp(Wall::from_ms(unix_ms))
}

fn yes(app: &App, yes: bool) -> String {
    if yes { app.texts.export.yes.clone() } else { String::new() }
}

fn ticket(app: &App, mut row: BoardRow) -> Vec<String> {
    row.fields.iter_mut().for_each(masked);
    let texts = &app.texts;
    let sealed = row.is_sealed();
    let value = |slot: &str| -> String {
        match row.field(slot) {
            _ if sealed && slot != "matter_type" => texts.export.sealed.clone(),
            None => String::new(),
            Some(field) if slot == "caller" => mask(&field.value),
            Some(field) => field.value.clone(),
        }
    };
    let place = if sealed { None } else { row.place.clone() };
    let mut cells = vec![
        row.id.to_string(),
        texts.name("ticket_state", &row.state).to_owned(),
        moment(row.opened_at),
        moment(row.changed_at),
        row.unit.as_deref().map(|unit| names::unit(app, unit)).unwrap_or_default(),
        row.pack.clone().unwrap_or_default(),
        row.duty.as_deref().map(|duty| names::duty(duty).to_owned()).unwrap_or_default(),
        row.due_at.map(moment).unwrap_or_default(),
        yes(app, row.supervised),
        place.unwrap_or_default(),
        row.category.clone().unwrap_or_default(),
    ];
    cells.extend(FIELDS.map(value));
    let result = row.result.as_deref().filter(|_| !sealed).map(mask_numbers);
    cells.push(result.unwrap_or_default());
    cells
}

fn answer(app: &App, row: AnswerOut) -> Vec<String> {
    let texts = &app.texts;
    let words = row.words.as_deref().map(|words| match row.secret {
        true => texts.export.sealed.clone(),
        false => mask_numbers(words),
    });
    let place = row.place.filter(|_| !row.secret);
    vec![
        row.survey_id.to_string(),
        row.ticket_id.to_string(),
        row.call_id.to_string(),
        moment(row.at),
        texts.name("question", &row.question).to_owned(),
        texts.name("answer", &row.value).to_owned(),
        words.unwrap_or_default(),
        row.pressed.unwrap_or_default(),
        row.start_ms.to_string(),
        row.end_ms.to_string(),
        row.confidence.map(|figure| format!("{figure:.2}")).unwrap_or_default(),
        yes(app, row.confirmed),
        row.unit.as_deref().map(|unit| names::unit(app, unit)).unwrap_or_default(),
        place.unwrap_or_default(),
        row.category.unwrap_or_default(),
    ]
}
