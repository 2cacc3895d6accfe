//! What editors do on the knowledge base: draft, review by another, publish, withdraw; and what becomes of questions that
//! had no answer.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{FromRequestParts, Query, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::Deserialize;
use serde_json::{Value, json};

use super::App;
use super::error::ApiError;
use super::figures::now;
use super::masking::mask_numbers;
use super::read::{Body, Ids, text};
use crate::kernel::limits::QUESTIONS_MAX;
use crate::knowledge::editing::{self, Change, Entry, Refused, Step, overlaid};
use crate::knowledge::{Base, Cluster, Column, Fault, Hit, Item, SPOKEN_CHARS_MAX};
use crate::store::{KnowledgeRow, Taken, UnansweredRow};

type Done = Result<Json<Value>, ApiError>;

const NAME_CHARS: usize = 40;
const WHY_CHARS: usize = 500;
const FIELD_CHARS: usize = 20_000;
const TITLE_CHARS: usize = 200;
/// Wordings that a draft takes from callers' questions.
const ASKS_TAKEN: usize = 12;
/// Nearest items that are shown beside a cluster, and clusters that they are sought for.
const NEAREST: usize = 3;
const CLUSTERS_SHOWN: usize = 50;

/// All that an editor sees: the files, what editors have touched, and what callers get.
pub(super) struct Shelf {
    pub files: Arc<Base>,
    pub rows: Vec<KnowledgeRow>,
    pub served: Base,
}

pub(super) async fn shelf(app: &App) -> Result<Shelf, ApiError> {
    let rows = app.store.knowledge().await?;
    let files = app.knowledge.library.files().clone();
    let entries: Vec<Entry> = rows.iter().map(|row| row.entry.clone()).collect();
    let served = overlaid(&files, &entries);
    Ok(Shelf { files, rows, served })
}

impl Shelf {
    /// The files' items in their order, then those that only editors have.
    pub fn ids(&self) -> Vec<&str> {
        let filed = self.files.items().iter().map(|item| item.id.as_str());
        let own = self.rows.iter().filter(|row| !row.entry.is_empty(&self.files));
        let own = own.map(|row| row.entry.id.as_str()).filter(|id| self.files.get(id).is_none());
        filed.chain(own).collect()
    }

    /// The entry of an item, touched or not; `None` for an id that nobody knows.
    pub fn entry(&self, id: &str) -> Option<KnowledgeRow> {
        if let Some(row) = self.rows.iter().find(|row| row.entry.id == id) {
            return Some(row.clone()).filter(|row| !row.entry.is_empty(&self.files));
        }
        self.files.get(id)?;
        Some(KnowledgeRow { entry: Entry::filed(id), version: 0, changed_at: 0 })
    }
}

/// `?version=N`: what the sender has seen.
#[derive(Deserialize)]
pub(super) struct Seen {
    version: i64,
}

impl<S: Send + Sync> FromRequestParts<S> for Seen {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        Ok(Query::from_request_parts(parts, state).await?.0)
    }
}

fn missing(id: &str) -> ApiError {
    let remedy = "list items with GET /api/knowledge";
    ApiError::new(StatusCode::NOT_FOUND, "not_found", format!("no item {id}"), remedy)
}

fn stale() -> ApiError {
    let error = "somebody else has changed this item";
    ApiError::new(
        StatusCode::CONFLICT,
        "stale",
        error,
        "load the page again and look at what changed",
    )
}

fn refusal(refused: Refused) -> ApiError {
    let conflict =
        |code, error: &str, remedy: &str| ApiError::new(StatusCode::CONFLICT, code, error, remedy);
    match refused {
        Refused::NotNow => conflict(
            "not_now",
            "this step cannot be taken from where the item stands",
            "load the item again",
        ),
        Refused::OwnDraft => conflict(
            "own_draft",
            "who wrote a draft does not review it",
            "ask a colleague to review it",
        ),
        Refused::Same => conflict("same", "nothing would change", "change a field first"),
        Refused::Faults(faults) => {
            let first = faults.first();
            let told: Vec<String> =
                faults.iter().map(|f| format!("{}: {}; {}", f.field, f.problem, f.mend)).collect();
            let error = ApiError::field(
                "faults",
                "draft",
                told.join("\n"),
                "mend these fields, then try again",
            );
            ApiError { field: first.map(|fault| fault.field), ..error }
        }
    }
}

/// Keeps what a step made of an entry, and tells who serves it where that changed.
async fn keep(
    app: &App,
    before: &KnowledgeRow,
    (entry, changes): (Entry, Vec<Change>),
    (step, by, why): (&str, &str, &str),
) -> Result<(), ApiError> {
    let taken = Taken { step, actor: by, why, changes: &changes, at: now() };
    if !app.store.keep_knowledge(&entry, before.version, taken).await? {
        return Err(stale());
    }
    if entry.served != before.entry.served {
        (app.knowledge.published)();
    }
    Ok(())
}

/// Items as they are listed: those of the files and those that only editors have.
pub(super) async fn items(State(app): State<Arc<App>>) -> Done {
    let shelf = shelf(&app).await?;
    let items: Vec<Value> = shelf
        .ids()
        .iter()
        .filter_map(|id| {
            let row = shelf.entry(id)?;
            let item = row.entry.shown(&shelf.files)?;
            Some(json!({ "id": id, "title": item.title, "region": item.region, "base": item.base,
                "department": item.department, "stage": row.entry.stage.key(), "version": row.version }))
        })
        .collect();
    Ok(Json(json!({ "items": items })))
}

/// One item with every field, what is wrong with its draft, and its history.
pub(super) async fn item(State(app): State<Arc<App>>, ids: Ids) -> Done {
    let shelf = shelf(&app).await?;
    let id = ids.text("id");
    let row = shelf.entry(id).ok_or_else(|| missing(id))?;
    let item = row.entry.shown(&shelf.files).cloned().unwrap_or_default();
    let fields: BTreeMap<&str, String> =
        Column::ALL.into_iter().map(|column| (column.key(), column.text(&item))).collect();
    let faults: Vec<Value> = faults(&shelf, &row)
        .iter()
        .map(|f| json!({ "field": f.field, "rule": f.rule.key(), "problem": f.problem, "remedy": f.mend }))
        .collect();
    let history: Vec<Value> = app
        .store
        .knowledge_history(id)
        .await?
        .iter()
        .map(|e| json!({ "seq": e.seq, "step": e.step, "by": e.actor, "why": e.why, "changes": e.changes(), "at": e.at }))
        .collect();
    Ok(Json(
        json!({ "id": id, "stage": row.entry.stage.key(), "version": row.version, "fields": fields,
        "faults": faults, "history": history, "is_draft": row.entry.draft.is_some() }),
    ))
}

fn own_id(id: &str) -> Result<String, ApiError> {
    let id = text("id", id, TITLE_CHARS)?;
    if id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-') {
        return Ok(id);
    }
    let remedy = "use a-z, 0-9 and hyphens, such as id-card-replace";
    Err(ApiError::field("bad_id", "id", format!("{id:?} is not an id"), remedy))
}

async fn begin(app: &App, item: Item, by: &str) -> Result<(), ApiError> {
    let shelf = shelf(app).await?;
    if shelf.entry(&item.id).is_some() {
        let error = format!("there is an item {} already", item.id);
        return Err(ApiError::field(
            "exists",
            "id",
            error,
            "give the new item another id, or edit that one",
        ));
    }
    // One that was thrown away leaves its history behind.
    let version =
        shelf.rows.iter().find(|row| row.entry.id == item.id).map_or(0, |row| row.version);
    let before = KnowledgeRow { entry: Entry::filed(&item.id), version, changed_at: 0 };
    let changes = crate::knowledge::differences(&Item::default(), &item);
    let entry = Entry::new(item, by);
    keep(app, &before, (entry, changes), ("write", by, "")).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewItem {
    id: String,
    title: String,
    by: String,
}

fn at_page(id: &str) -> Json<Value> {
    Json(json!({ "done": true, "page": format!("/knowledge/{id}") }))
}

/// A new item as a draft.
pub(super) async fn create(State(app): State<Arc<App>>, body: Body<NewItem>) -> Done {
    let id = own_id(&body.0.id)?;
    let item = Item { title: text("title", &body.0.title, TITLE_CHARS)?, id, ..Item::default() };
    let id = item.id.clone();
    begin(&app, item, &text("by", &body.0.by, NAME_CHARS)?).await?;
    Ok(at_page(&id))
}

/// The fields of a draft, as the form has them. What is not sent stays as it is.
pub(super) async fn write(
    State(app): State<Arc<App>>,
    ids: Ids,
    seen: Seen,
    body: Body<BTreeMap<String, String>>,
) -> Done {
    let shelf = shelf(&app).await?;
    let id = ids.text("id");
    let row = shelf.entry(id).ok_or_else(|| missing(id))?;
    if row.version != seen.version {
        return Err(stale());
    }
    let by = text("by", body.0.get("by").map_or("", String::as_str), NAME_CHARS)?;
    let mut item = row.entry.shown(&shelf.files).cloned().unwrap_or_default();
    for (name, given) in body.0.iter().filter(|(name, _)| *name != "by") {
        let column =
            Column::from_key(name).filter(|column| *column != Column::Id).ok_or_else(|| {
                let error = format!("an item has no field {name:?}");
                ApiError::new(
                    StatusCode::UNPROCESSABLE_ENTITY,
                    "bad_body",
                    error,
                    "send the fields of the form",
                )
            })?;
        if !given.trim().is_empty() {
            text(column.key(), given, FIELD_CHARS)?;
        }
        column
            .set(&mut item, given)
            .map_err(|fault| ApiError::field("bad_day", column.key(), fault.problem, fault.mend))?;
    }
    let step = Step::Write(Box::new(item));
    let taken = row.entry.take(step, &by, &shelf.files, &shelf.served).map_err(refusal)?;
    keep(&app, &row, taken, ("write", &by, "")).await?;
    Ok(Json(json!({ "done": true })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Signed {
    by: String,
    #[serde(default)]
    why: String,
}

/// Review, return, publish, withdraw, discard.
pub(super) async fn step(
    State(app): State<Arc<App>>,
    ids: Ids,
    seen: Seen,
    body: Body<Signed>,
) -> Done {
    let step = Step::from_key(ids.text("step")).ok_or_else(ApiError::no_page)?;
    let shelf = shelf(&app).await?;
    let id = ids.text("id");
    let row = shelf.entry(id).ok_or_else(|| missing(id))?;
    if row.version != seen.version {
        return Err(stale());
    }
    let by = text("by", &body.0.by, NAME_CHARS)?;
    let why = if body.0.why.trim().is_empty() {
        String::new()
    } else {
        text("why", &body.0.why, WHY_CHARS)?
    };
    let key = step.key();
    let taken = row.entry.take(step, &by, &shelf.files, &shelf.served).map_err(refusal)?;
    let gone = taken.0.is_empty(&shelf.files);
    keep(&app, &row, taken, (key, &by, &why)).await?;
    Ok(if gone {
        Json(json!({ "done": true, "page": "/knowledge" }))
    } else {
        Json(json!({ "done": true }))
    })
}

/// Questions that mean the same.
pub(super) struct Asked {
    pub rows: Vec<UnansweredRow>,
    /// The place of the most telling one in `rows`.
    pub centre: usize,
    pub nearest: Vec<Hit>,
}

impl Asked {
    /// Names the questions of this cluster in a form.
    pub fn members(&self) -> String {
        let each = self.rows.iter().map(|row| format!("{}:{}", row.call_id, row.utterance));
        each.collect::<Vec<_>>().join(",")
    }

    pub fn words(&self) -> String {
        self.rows.get(self.centre).map(|row| mask_numbers(&row.text)).unwrap_or_default()
    }
}

/// What could not be answered, put together by meaning, largest first. Numbers in words are masked before anything else.
pub(super) async fn asked(app: &App) -> Result<Vec<Asked>, ApiError> {
    let rows = app.store.unanswered(QUESTIONS_MAX).await?;
    let library = app.knowledge.library.clone();
    let found = tokio::task::spawn_blocking(move || {
        let words: Vec<String> = rows.iter().map(|row| mask_numbers(&row.text)).collect();
        let clusters = library.clusters(&words)?;
        let mut asked = Vec::with_capacity(clusters.len());
        for (n, Cluster { centre, members }) in clusters.into_iter().enumerate() {
            let nearest = match words.get(centre) {
                Some(words) if n < CLUSTERS_SHOWN => library.nearest(words, NEAREST)?,
                _ => Vec::new(),
            };
            let place = members.iter().position(|member| *member == centre).unwrap_or_default();
            let rows = members.iter().filter_map(|member| rows.get(*member).cloned()).collect();
            asked.push(Asked { rows, centre: place, nearest });
        }
        Ok::<_, crate::knowledge::KnowledgeError>(asked)
    });
    let failed = |error: String| {
        tracing::error!(%error, "questions cannot be put together");
        let remedy = "look at the service's log";
        ApiError::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "search",
            "the questions cannot be put together",
            remedy,
        )
    };
    found.await.map_err(|e| failed(e.to_string()))?.map_err(|e| failed(e.to_string()))
}

pub(super) async fn questions(State(app): State<Arc<App>>) -> Done {
    let clusters: Vec<Value> = asked(&app)
        .await?
        .iter()
        .map(|asked| {
            let each = asked.rows.iter().map(|row| {
                json!({ "call": row.call_id, "idx": row.utterance, "why": row.why,
                    "text": mask_numbers(&row.text), "start_ms": row.start_ms, "end_ms": row.end_ms, "at": row.at })
            });
            let nearest = asked.nearest.iter().map(|hit| {
                json!({ "id": hit.item.id, "title": hit.item.title, "confidence": hit.confidence })
            });
            json!({ "count": asked.rows.len(), "words": asked.words(), "questions": each.collect::<Vec<_>>(),
                "nearest": nearest.collect::<Vec<_>>() })
        })
        .collect();
    Ok(Json(json!({ "clusters": clusters })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FromQuestions {
    /// `call:utterance,…`
    members: String,
    by: String,
    id: String,
    title: String,
}

fn members(given: &str) -> Result<Vec<(i64, i64)>, ApiError> {
    let read = |pair: &str| {
        let (call, utterance) = pair.split_once(':')?;
        Some((call.trim().parse().ok()?, utterance.trim().parse().ok()?))
    };
    let all: Option<Vec<(i64, i64)>> = given.split(',').map(read).collect();
    all.filter(|all| all.len() <= QUESTIONS_MAX as usize).ok_or_else(|| {
        let remedy = "send call:utterance pairs with commas between them";
        ApiError::field("bad_body", "members", "these name no questions", remedy)
    })
}

/// A draft whose ways of asking are the callers' own; the questions are settled by it.
pub(super) async fn draft_from_questions(
    State(app): State<Arc<App>>,
    body: Body<FromQuestions>,
) -> Done {
    let FromQuestions { members: given, by, id, title } = body.0;
    let (members, by, id) = (members(&given)?, text("by", &by, NAME_CHARS)?, own_id(&id)?);
    let title = text("title", &title, TITLE_CHARS)?;
    let open = app.store.unanswered(QUESTIONS_MAX).await?;
    let mut asks: Vec<String> = Vec::new();
    for row in open.iter().filter(|row| members.contains(&(row.call_id, row.utterance))) {
        let words = mask_numbers(row.text.trim());
        // A number of a caller's own belongs in no base.
        if !words.is_empty()
            && words == row.text.trim()
            && !asks.contains(&words)
            && asks.len() < ASKS_TAKEN
        {
            asks.push(words);
        }
    }
    let item = Item { id: id.clone(), title: mask_numbers(&title), asks, ..Item::default() };
    begin(&app, item, &by).await?;
    app.store.settle(&members, &id).await?;
    Ok(at_page(&id))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Dismissed {
    members: String,
}

/// These need no item: they go from the list.
pub(super) async fn dismiss(State(app): State<Arc<App>>, body: Body<Dismissed>) -> Done {
    let settled = app.store.settle(&members(&body.0.members)?, "-").await?;
    Ok(Json(json!({ "done": true, "settled": settled })))
}

/// What is wrong with a draft, for its page: beside what is served now.
pub(super) fn faults(shelf: &Shelf, row: &KnowledgeRow) -> Vec<Fault> {
    row.entry
        .draft
        .as_deref()
        .map(|item| editing::faults_among(item, &shelf.served))
        .unwrap_or_default()
}

/// How much room a spoken answer has.
pub(super) const SPOKEN_MAX: usize = SPOKEN_CHARS_MAX;
