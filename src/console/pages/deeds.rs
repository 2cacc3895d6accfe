//! 审计: who did what, the newest first.

use std::sync::Arc;

use axum::extract::State;
use maud::{Markup, html};

use super::frame::{Place, frame};
use super::parts::clock;
use crate::console::App;
use crate::console::access::Known;
use crate::console::deeds::Asked;
use crate::console::error::ApiError;
use crate::console::read::Page;
use crate::store::DeedRow;

pub(in crate::console) async fn deeds(
    State(app): State<Arc<App>>,
    who: Known,
    page: Page,
    asked: Asked,
) -> Result<Markup, ApiError> {
    let texts = &app.texts.audit;
    let rows = app.store.deeds(&asked.which(page)).await?;
    let next = page.next(rows.iter().map(|row| row.seq));
    let chain = match asked.whole.as_str() {
        "" => None,
        _ => Some(app.store.audit_deeds(None).await?),
    };
    let body = html! {
        h1 { (texts.title) }
        p .hint { (texts.help) }
        (filter(&app, &asked))
        @if let Some((head, broken)) = &chain {
            section .card #chain role="status" {
                @match broken {
                    None => p .large { (texts.is_whole) },
                    Some(broken) => p .large.bad { (texts.is_broken) "：" (broken) },
                }
                p { (texts.head) " " code { (head) } }
            }
        }
        @if rows.is_empty() { p .empty { (texts.none) } } @else { (table(&app, &rows)) }
        p .turn-over {
            @if page.before != i64::MAX { a href="/audit" { (app.texts.page.back_to_top) } }
            @if let Some(next) = next {
                a href={ "/audit?action=" (plain(&asked.action)) "&actor=" (plain(&asked.actor)) "&before=" (next)
                    "&limit=" (page.limit) } { (app.texts.page.more) }
            }
        }
    };
    let page = html! { div #page data-live="" data-quiet { (body) } };
    Ok(frame(&app, &who, Place::Audit, &texts.title, page))
}

/// What was asked for again, in an address; what is no plain word was none of ours.
fn plain(text: &str) -> &str {
    let is_plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b));
    if is_plain { text } else { "" }
}

fn filter(app: &App, asked: &Asked) -> Markup {
    let texts = &app.texts.audit;
    let actions = app.texts.names.get("audit_action");
    html! {
        form .card .inline method="get" action="/audit" role="search" {
            label for="action" { (texts.action) }
            select #action name="action" {
                option value="" { (texts.any) }
                @for (key, name) in actions.into_iter().flatten() {
                    option value=(key) selected[*key == asked.action] { (name) }
                }
            }
            label for="actor" { (texts.actor) }
            input #actor name="actor" value=(asked.actor) maxlength="32" autocomplete="off";
            label { input type="checkbox" name="whole" value="1" checked[!asked.whole.is_empty()]; " " (texts.whole) }
            button .main type="submit" { (texts.look) }
        }
    }
}

fn table(app: &App, rows: &[DeedRow]) -> Markup {
    let texts = &app.texts.audit;
    html! {
        div .scroll { table {
            thead { tr {
                th scope="col" .figure { (texts.seq) }
                th scope="col" { (texts.at) }
                th scope="col" { (texts.actor) }
                th scope="col" { (texts.role) }
                th scope="col" { (texts.action) }
                th scope="col" { (texts.object) }
                th scope="col" { (texts.detail) }
                th scope="col" { (texts.address) }
            } }
            tbody { @for row in rows {
                tr id={ "deed-" (row.seq) } {
                    td .figure { (row.seq) }
                    td .tight { (clock(row.at)) }
                    td { (app.texts.name("audit_actor", &row.actor)) }
                    td { (app.texts.name("account_role", &row.role)) }
                    td { (app.texts.name("audit_action", &row.action)) }
                    td { (row.object) }
                    td { (row.detail) }
                    td { (row.address) }
                }
            } }
        } }
    }
}
