//! 我的账号: the own password, the second factor.

use std::sync::Arc;

use axum::extract::State;
use maud::{Markup, html};

use super::frame::{Place, frame};
use crate::access::Account;
use crate::console::App;
use crate::console::access::{Known, Must, Person, Via};
use crate::console::error::ApiError;
use crate::store::Keys;

pub(in crate::console) async fn account(
    State(app): State<Arc<App>>,
    who: Known,
) -> Result<Markup, ApiError> {
    let texts = &app.texts.account;
    let keys = match &who.via {
        Via::Session { account, .. } => app.store.account(*account).await?,
        Via::Local | Via::Token => None,
    };
    let body = html! {
        h1 { (texts.title) }
        @match &keys {
            None => { p .empty { (texts.none) } }
            Some(keys) => {
                @match who.must {
                    Some(Must::Password) => p .bad role="alert" { (texts.must_password) },
                    Some(Must::Second) => p .bad role="alert" { (texts.must_second) },
                    None => {},
                }
                (facts(&app, &keys.account))
                div .columns {
                    section aria-labelledby="password-title" {
                        h2 #password-title { (texts.password) }
                        (password(&app))
                    }
                    section aria-labelledby="second-title" {
                        h2 #second-title { (texts.second) }
                        (second(&app, &who, keys))
                    }
                }
            }
        }
    };
    let page = html! { div #page data-live="" data-quiet { (body) } };
    Ok(frame(&app, &who, Place::Account, &texts.title, page))
}

fn facts(app: &App, account: &Account) -> Markup {
    let texts = &app.texts.accounts;
    let posting = &account.posting;
    html! {
        dl .facts .card {
            div { dt { (texts.name) } dd { (account.name) } }
            div { dt { (texts.display) } dd { (account.display) } }
            div { dt { (texts.role) } dd { (app.texts.name("account_role", posting.role().key())) } }
            @if let Some(unit) = posting.unit() {
                div { dt { (texts.unit) } dd { (crate::console::names::unit(app, unit)) } }
            }
            @if let Some(agent) = posting.agent() {
                div { dt { (texts.agent) } dd { a href={ "/agents/" (agent.0) } { (agent) } } }
            }
        }
    }
}

fn field(id: &str, name: &str, label: &str, complete: &str) -> Markup {
    html! {
        label for=(id) { (label) }
        input id=(id) name=(name) type="password" required autocomplete=(complete) maxlength="256";
    }
}

fn password(app: &App) -> Markup {
    let texts = &app.texts.account;
    html! {
        form .card method="post" data-post="/api/account/password" {
            (field("old", "old", &texts.old, "current-password"))
            (field("new", "new", &texts.new, "new-password"))
            p .hint { (texts.new_help) }
            (field("again", "again", &texts.again, "new-password"))
            div .row { button .main type="submit" { (texts.change) } output role="status" {} }
        }
    }
}

fn second(app: &App, who: &Person, keys: &Keys) -> Markup {
    let texts = &app.texts.account;
    let wanted = who.role.is_some_and(|role| app.access.doors().second_factor.contains(&role));
    html! {
        @if keys.second.is_some() {
            div .card {
                p { (texts.second_on) }
                @if wanted { p .hint { (texts.second_wanted) } } @else {
                    form method="post" data-post="/api/account/second/off" {
                        (field("off-old", "old", &texts.old, "current-password"))
                        div .row { button type="submit" { (texts.second_off) } output role="status" {} }
                    }
                }
            }
        } @else {
            form .card method="post" data-post="/api/account/second/begin" {
                p { (texts.second_none) }
                div .row { button type="submit" { (texts.second_begin) } output role="status" {} }
            }
            @if let Some(secret) = &keys.pending {
                form .card method="post" data-post="/api/account/second/confirm" {
                    p { (texts.second_how) }
                    p { (texts.second_secret) " " code .secret { (grouped(&secret.base32())) } }
                    p { a href=(secret.uri(&keys.account.name)) { (texts.second_open) } }
                    p .hint { code { (secret.uri(&keys.account.name)) } }
                    label for="code" { (texts.second_code) }
                    input #code name="code" inputmode="numeric" required autocomplete="one-time-code" maxlength="7";
                    div .row { button .main type="submit" { (texts.second_confirm) } output role="status" {} }
                }
            }
        }
    }
}

/// In groups of four, as it is typed.
fn grouped(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let groups: Vec<String> = chars.chunks(4).map(|group| group.iter().collect()).collect();
    groups.join(" ")
}
