//! 知识: the items with search and filter; one item with its form, its steps and its history.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Query, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use maud::{Markup, html};
use serde::Deserialize;

use super::frame::{Place, frame};
use super::parts::{Live, badge, clock, live, signature};
use crate::console::App;
use crate::console::access::Known;
use crate::console::error::ApiError;
use crate::console::figures::now;
use crate::console::knowledge::{SPOKEN_MAX, Shelf, faults, shelf};
use crate::console::read::Ids;
use crate::kernel::Day;
use crate::knowledge::editing::{Served, Stage};
use crate::knowledge::{Column, Fault, Item};
use crate::store::{KnowledgeEvent, KnowledgeRow};

const ROWS: usize = 50;

/// `?q=…&stage=…&region=…&from=N`.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(in crate::console) struct Filter {
    q: String,
    stage: String,
    region: String,
    from: usize,
}

impl<S: Send + Sync> FromRequestParts<S> for Filter {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        Ok(Query::from_request_parts(parts, state).await?.0)
    }
}

impl Filter {
    fn takes(&self, row: &KnowledgeRow, item: &Item) -> bool {
        let words = self.q.trim().to_lowercase();
        let holds = |text: &str| text.to_lowercase().contains(&words);
        let said = words.is_empty()
            || [&item.id, &item.title, &item.department, &item.topic, &item.base]
                .into_iter()
                .any(|t| holds(t))
            || item.asks.iter().any(|ask| holds(ask));
        said && (self.stage.is_empty() || row.entry.stage.key() == self.stage)
            && item.region.starts_with(self.region.trim())
    }

    fn link(&self, from: usize) -> String {
        let mut query =
            form_urlencoded(&[("q", &self.q), ("stage", &self.stage), ("region", &self.region)]);
        query.push_str(&format!("from={from}"));
        format!("/knowledge?{query}")
    }
}

/// `a=b&`, each value percent-encoded (RFC 3986, 2.1).
fn form_urlencoded(pairs: &[(&str, &str)]) -> String {
    let mut out = String::new();
    for (name, value) in pairs.iter().filter(|(_, value)| !value.is_empty()) {
        out.push_str(name);
        out.push('=');
        for byte in value.bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => {
                    out.push(char::from(byte))
                }
                _ => out.push_str(&format!("%{byte:02X}")),
            }
        }
        out.push('&');
    }
    out
}

pub(in crate::console) async fn knowledge(
    State(app): State<Arc<App>>,
    who: Known,
    filter: Filter,
) -> Result<Markup, ApiError> {
    let shelf = shelf(&app).await?;
    let found: Vec<(KnowledgeRow, Item)> = shelf
        .ids()
        .into_iter()
        .filter_map(|id| {
            let row = shelf.entry(id)?;
            let item = row.entry.shown(&shelf.files)?.clone();
            filter.takes(&row, &item).then_some((row, item))
        })
        .collect();
    let texts = &app.texts.knowledge;
    let body = html! {
        div .title {
            h1 { (texts.title) }
            span .hint { (found.len()) " " (texts.items) }
            a .push href="/questions" { (texts.questions) }
        }
        (search(&app, &filter))
        details .card #new-item {
            summary { (texts.new_item) }
            (new_item(&app))
        }
        @if found.is_empty() { p .empty { (texts.none_found) } }
        @else { (table(&app, found.iter().skip(filter.from).take(ROWS))) }
        p .turn-over {
            @if filter.from > 0 { a href=(filter.link(filter.from.saturating_sub(ROWS))) { (texts.previous) } }
            @if found.len() > filter.from.saturating_add(ROWS) {
                a href=(filter.link(filter.from.saturating_add(ROWS))) { (texts.next) }
            }
        }
    };
    Ok(frame(&app, &who, Place::Knowledge, &texts.title, live(Live::default(), &body)))
}

fn search(app: &App, filter: &Filter) -> Markup {
    let texts = &app.texts.knowledge;
    html! {
        form .card .inline method="get" action="/knowledge" role="search" {
            label for="q" { (texts.search) }
            input #q type="search" name="q" maxlength="80" value=(filter.q) placeholder=(texts.search_help);
            label for="stage" { (texts.stage) }
            select #stage name="stage" {
                option value="" { (texts.any) }
                @for stage in Stage::ALL {
                    option value=(stage.key()) selected[filter.stage == stage.key()] {
                        (app.texts.name("knowledge_stage", stage.key()))
                    }
                }
            }
            label for="region" { (app.texts.name("knowledge_field", "region")) }
            input #region name="region" maxlength="9" inputmode="numeric" value=(filter.region);
            button .main type="submit" { (texts.find) }
        }
    }
}

fn new_item(app: &App) -> Markup {
    let texts = &app.texts.knowledge;
    html! {
        form method="post" data-post="/api/knowledge" {
            label for="new-id" { (app.texts.name("knowledge_field", "id")) }
            input #new-id name="id" required maxlength="80" pattern="[a-z0-9\\-]+" aria-describedby="new-id-help";
            p #new-id-help .hint { (texts.id_help) }
            label for="new-title" { (app.texts.name("knowledge_field", "title")) }
            input #new-title name="title" required maxlength="200";
            (signature(app, "new-by", &texts.by, ""))
            div .row { button .main type="submit" { (texts.create) } output role="status" {} }
        }
    }
}

fn table<'a>(app: &App, rows: impl Iterator<Item = &'a (KnowledgeRow, Item)>) -> Markup {
    let name = |key| app.texts.name("knowledge_field", key);
    let today = now().civil().day();
    html! {
        div .scroll { table {
            thead { tr {
                th scope="col" { (name("title")) }
                th scope="col" { (app.texts.knowledge.stage) }
                th scope="col" { (name("region")) }
                th scope="col" { (name("base")) }
                th scope="col" { (name("department")) }
                th scope="col" { (app.texts.knowledge.validity) }
                th scope="col" { (app.texts.knowledge.source) }
            } }
            tbody {
                @for (row, item) in rows {
                    tr id={ "item-" (row.entry.id) } {
                        td { a href={ "/knowledge/" (row.entry.id) } { (shown_title(item)) } }
                        td { (badge(app, "knowledge_stage", row.entry.stage.key())) }
                        td .number { (item.region) }
                        td { (item.base) }
                        td { (item.department) }
                        td { (validity(app, item, today)) }
                        td { (item.source.name) " " (item.source.date) }
                    }
                }
            }
        } }
    }
}

fn shown_title(item: &Item) -> &str {
    if item.title.is_empty() { &item.id } else { &item.title }
}

fn validity(app: &App, item: &Item, today: Day) -> Markup {
    let day = |day: Option<Day>| day.map(|day| day.to_string()).unwrap_or_default();
    html! {
        @if item.valid_from.is_some() || item.valid_until.is_some() {
            (day(item.valid_from)) "～" (day(item.valid_until)) " "
            @if !item.holds_on(today) { span .badge .is-bad { (app.texts.knowledge.not_today) } }
        }
    }
}

pub(in crate::console) async fn item(
    State(app): State<Arc<App>>,
    who: Known,
    ids: Ids,
) -> Result<Markup, ApiError> {
    let shelf = shelf(&app).await?;
    let id = ids.text("id");
    let row = shelf.entry(id).ok_or_else(|| {
        let remedy = "list items at /knowledge";
        ApiError::new(StatusCode::NOT_FOUND, "not_found", format!("no item {id}"), remedy)
    })?;
    let events = app.store.knowledge_history(id).await?;
    let shown = row.entry.shown(&shelf.files).cloned().unwrap_or_default();
    let faults = faults(&shelf, &row);
    let texts = &app.texts.knowledge;
    let body = html! {
        div .title {
            h1 { (shown_title(&shown)) }
            (badge(&app, "knowledge_stage", row.entry.stage.key()))
            code { (row.entry.id) }
            (validity(&app, &shown, now().civil().day()))
        }
        (standing(&app, &shelf, &row))
        div .columns {
            section aria-labelledby="content" {
                h2 #content { @if row.entry.draft.is_some() { (texts.draft) } @else { (texts.content) } }
                @if !faults.is_empty() {
                    p #faults .bad role="alert" { (texts.faults) " " (faults.len()) }
                }
                (form(&app, &row, &shown, &faults))
            }
            div {
                section aria-labelledby="steps" { h2 #steps { (texts.steps) } (steps(&app, &row)) }
                section aria-labelledby="history" { h2 #history { (texts.history) } (history(&app, &events)) }
            }
        }
    };
    let title = format!("{} {}", texts.title, shown_title(&shown));
    Ok(frame(&app, &who, Place::Knowledge, &title, live(Live::default(), &body)))
}

/// What callers get now, who wrote the draft, who reviewed it.
fn standing(app: &App, shelf: &Shelf, row: &KnowledgeRow) -> Markup {
    let texts = &app.texts.knowledge;
    let served = match &row.entry.served {
        Served::Own(_) => &texts.served_own,
        Served::Nothing => &texts.served_nothing,
        Served::Filed if shelf.files.get(&row.entry.id).is_some() => &texts.served_filed,
        Served::Filed => &texts.served_not_yet,
    };
    html! {
        dl .facts {
            div { dt { (texts.served) } dd { (served) } }
            @if !row.entry.authors.is_empty() {
                div { dt { (texts.authors) } dd { (row.entry.authors.join("、")) } }
            }
            @if let Some(reviewer) = &row.entry.reviewer {
                div { dt { (texts.reviewer) } dd { (reviewer) } }
            }
            @if row.changed_at > 0 { div { dt { (texts.changed) } dd { (clock(row.changed_at)) } } }
        }
    }
}

fn form(app: &App, row: &KnowledgeRow, item: &Item, faults: &[Fault]) -> Markup {
    let texts = &app.texts.knowledge;
    html! {
        form #draft .card data-post={ "/api/knowledge/" (row.entry.id) "/draft?version=" (row.version) } {
            @for column in Column::ALL.into_iter().filter(|column| *column != Column::Id) {
                (field(app, column, item, faults))
            }
            (signature(app, "draft-by", &texts.by, ""))
            div .row { button .main type="submit" data-key="s" aria-keyshortcuts="Alt+S" {
                (texts.save) " " kbd { "Alt+S" }
            } output role="status" {} }
        }
    }
}

fn field(app: &App, column: Column, item: &Item, faults: &[Fault]) -> Markup {
    let key = column.key();
    let id = format!("field-{}", key.replace('.', "-"));
    let text = column.text(item);
    let own: Vec<&Fault> = faults.iter().filter(|fault| fault.field == key).collect();
    let help = app.texts.names.get("knowledge_help").and_then(|helps| helps.get(key));
    let described = format!("{id}-help {id}-faults");
    let long = column.is_list() || matches!(column, Column::Spoken | Column::Full);
    let rows = text.lines().count().clamp(3, 14);
    html! {
        div .field {
            label for=(id) {
                (app.texts.name("knowledge_field", key))
                @if column.is_required() { " " span .hint { (app.texts.knowledge.required) } }
            }
            @if long {
                textarea id=(id) name=(key) rows=(rows) maxlength="20000" aria-describedby=(described)
                    aria-invalid=[(!own.is_empty()).then_some("true")] { (text) }
            } @else {
                input id=(id) name=(key) maxlength="2000" value=(text) aria-describedby=(described)
                    type=(if matches!(column, Column::ValidFrom | Column::ValidUntil) { "date" } else { "text" })
                    aria-invalid=[(!own.is_empty()).then_some("true")];
            }
            p .hint id={ (id) "-help" } {
                @if let Some(help) = help { (help) }
                @if column == Column::Spoken { " " (item.spoken.chars().count()) "/" (SPOKEN_MAX) }
            }
            ul .bad id={ (id) "-faults" } {
                @for fault in own {
                    li { (app.texts.name("knowledge_fault", fault.rule.key())) span .hint { " " (fault.problem) } }
                }
            }
        }
    }
}

/// What can be done from here.
fn steps(app: &App, row: &KnowledgeRow) -> Markup {
    let texts = &app.texts.knowledge;
    let open: &[(&str, &str, bool)] = match row.entry.stage {
        Stage::Draft => &[("review", "main", false), ("discard", "", true)],
        Stage::Reviewed => {
            &[("publish", "main", false), ("return", "", true), ("discard", "", true)]
        }
        Stage::Published => &[("withdraw", "", true)],
        Stage::Withdrawn => &[],
    };
    html! {
        @if open.is_empty() { p .hint { (texts.take_up) } }
        @for (step, class, asks_why) in open {
            form .card id={ "step-" (step) }
                data-post={ "/api/knowledge/" (row.entry.id) "/steps/" (step) "?version=" (row.version) } {
                @if *step == "review" { p .hint { (texts.review_help) } }
                @if *asks_why {
                    label for={ "why-" (step) } { (texts.why) }
                    input id={ "why-" (step) } name="why" maxlength="500";
                }
                (signature(app, &format!("by-{step}"), &texts.by, ""))
                div .row {
                    button class=(class) type="submit" { (app.texts.name("knowledge_step", step)) }
                    output role="status" {}
                }
            }
        }
    }
}

fn history(app: &App, events: &[KnowledgeEvent]) -> Markup {
    let texts = &app.texts.knowledge;
    html! {
        @if events.is_empty() { p .empty { (texts.no_history) } }
        ol .history {
            @for event in events.iter().rev() {
                li id={ "event-" (event.seq) } {
                    (clock(event.at)) " "
                    b { (app.texts.name("knowledge_step", &event.step)) } " "
                    span .hint { (event.actor) }
                    @if !event.why.is_empty() { p { (event.why) } }
                    @let changes = event.changes();
                    @if !changes.is_empty() {
                        details {
                            summary { (texts.changes) " " (changes.len()) }
                            @for (field, before, after) in &changes {
                                p { b { (app.texts.name("knowledge_field", field)) } }
                                @if !before.is_empty() { del { (before) } }
                                @if !after.is_empty() { ins { (after) } }
                            }
                        }
                    }
                }
            }
        }
    }
}
