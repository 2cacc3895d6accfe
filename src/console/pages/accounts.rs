//! 账号: who may log in, and as what.

use std::sync::Arc;

use axum::extract::State;
use maud::{Markup, html};

use super::frame::{Place, frame};
use crate::access::{Account, Posting, Role};
use crate::console::access::{Known, Via};
use crate::console::error::ApiError;
use crate::console::{App, names};

pub(in crate::console) async fn accounts(
    State(app): State<Arc<App>>,
    who: Known,
) -> Result<Markup, ApiError> {
    let texts = &app.texts.accounts;
    let rows = app.store.accounts().await?;
    let own = match &who.via {
        Via::Session { account, .. } => Some(*account),
        Via::Local | Via::Token => None,
    };
    let body = html! {
        div .title { h1 { (texts.title) } span .count { (rows.len()) } }
        @if rows.is_empty() { p .empty { (texts.none) } }
        details .card #new-account open[rows.is_empty()] {
            summary { (texts.add) }
            form method="post" data-post="/api/accounts" {
                label for="name" { (texts.name) }
                input #name name="name" required maxlength="32" autocomplete="off" autocapitalize="none"
                    spellcheck="false" aria-describedby="name-help";
                p #name-help .hint { (texts.name_help) }
                (post_fields(&app, "new", "", None))
                (password_field(&app, "new"))
                div .row { button .main type="submit" { (texts.add) } output role="status" {} }
            }
        }
        ul .cards {
            @for row in &rows {
                li .card id={ "account-" (row.id.0) } {
                    (head(&app, row))
                    @if own == Some(row.id) { p .hint { (texts.own) } } @else { (forms(&app, row)) }
                }
            }
        }
        datalist #units { @for unit in app.dispatch.units() { option value=(unit.name) {} } }
        datalist #agents {
            @for agent in &app.agents { option value=(agent.id.0) { (agent.name) } }
        }
    };
    let page = html! { div #page data-live="" data-quiet { (body) } };
    Ok(frame(&app, &who, Place::Accounts, &texts.title, page))
}

fn head(app: &App, row: &Account) -> Markup {
    let texts = &app.texts.accounts;
    let posting = &row.posting;
    html! {
        div .card-head {
            b { (row.name) } span { (row.display) }
            span .badge { (app.texts.name("account_role", posting.role().key())) }
            @if let Some(unit) = posting.unit() { span { (names::unit(app, unit)) } }
            @if let Some(agent) = posting.agent() { span { (agent) } }
            @if row.disabled { span .badge.is-failed { (texts.disabled) } }
            @if row.must_change { span .hint { (texts.must_change) } }
            span .push.hint { @if row.has_second_factor { (texts.second) } @else { (texts.no_second) } }
        }
    }
}

fn forms(app: &App, row: &Account) -> Markup {
    let texts = &app.texts.accounts;
    let (id, n) = (row.id.0, row.id.0.to_string());
    let one = |what: &str, label: &str| {
        html! {
            form .quick method="post" data-post={ "/api/accounts/" (id) "/" (what) } {
                button type="submit" { (label) } output role="status" {}
            }
        }
    };
    html! {
        div .row {
            @if row.disabled { (one("enable", &texts.enable)) } @else { (one("disable", &texts.disable)) }
            @if row.has_second_factor { (one("second/reset", &texts.reset_second)) }
        }
        details id={ "post-" (id) } {
            summary { (texts.post) }
            form method="post" data-post={ "/api/accounts/" (id) "/post" } {
                (post_fields(app, &n, &row.display, Some(&row.posting)))
                div .row { button type="submit" { (texts.post) } output role="status" {} }
            }
        }
        details id={ "password-" (id) } {
            summary { (texts.set_password) }
            form method="post" data-post={ "/api/accounts/" (id) "/password" } {
                (password_field(app, &n))
                div .row { button type="submit" { (texts.set_password) } output role="status" {} }
            }
        }
    }
}

fn post_fields(app: &App, n: &str, display: &str, posting: Option<&Posting>) -> Markup {
    let texts = &app.texts.accounts;
    let id = |what: &str| format!("{what}-of-{n}");
    let role = posting.map_or(Role::Agent, Posting::role);
    let unit = posting.and_then(Posting::unit).map(|unit| names::unit(app, unit));
    let agent = posting.and_then(Posting::agent).map(|agent| agent.0.to_string());
    html! {
        label for=(id("display")) { (texts.display) }
        input id=(id("display")) name="display" required maxlength="20" value=(display) autocomplete="off";
        label for=(id("role")) { (texts.role) }
        select id=(id("role")) name="role" {
            @for one in Role::ALL {
                option value=(one.key()) selected[one == role] { (app.texts.name("account_role", one.key())) }
            }
        }
        label for=(id("unit")) { (texts.unit_help) }
        input id=(id("unit")) name="unit" list="units" value=(unit.unwrap_or_default()) autocomplete="off";
        label for=(id("agent")) { (texts.agent_help) }
        input id=(id("agent")) name="agent" list="agents" value=(agent.unwrap_or_default()) autocomplete="off";
    }
}

fn password_field(app: &App, n: &str) -> Markup {
    let texts = &app.texts.accounts;
    html! {
        label for={ "first-" (n) } { (texts.first_password) }
        input id={ "first-" (n) } name="password" type="password" required maxlength="256"
            autocomplete="new-password";
        p .hint { (texts.first_help) }
    }
}
