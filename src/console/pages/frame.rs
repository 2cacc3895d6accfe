//! What stands around every page.

use maud::{DOCTYPE, Markup, html};

use crate::console::App;
use crate::console::error::ApiError;
use crate::console::read::Page;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Overview,
    Wall,
    Tickets,
    Agents,
    Surveys,
    Supervisor,
    Knowledge,
    Messages,
    Elsewhere,
}

/// A whole page. `wide`: an agent's page, which needs the room.
pub(super) fn frame(app: &App, place: Place, title: &str, body: Markup) -> Markup {
    let page = &app.texts.page;
    let links = [
        (Place::Overview, "/", &page.overview),
        (Place::Wall, "/wall", &app.texts.wall.title),
        (Place::Tickets, "/tickets", &page.tickets),
        (Place::Agents, "/agents", &page.agents),
        (Place::Surveys, "/surveys", &page.surveys),
        (Place::Supervisor, "/board", &page.supervisor),
        (Place::Knowledge, "/knowledge", &page.knowledge),
        (Place::Messages, "/messages", &app.texts.outbox.title),
    ];
    let header = html! {
        header .top {
            a .brand href="/" { (page.site) }
            nav aria-label=(page.navigation) {
                @for (own, href, name) in links {
                    a href=(href) aria-current=[(own == place).then_some("page")] { (name) }
                }
            }
            span #feed .feed role="status" data-online=(page.online) data-offline=(page.offline) {}
            @if app.access.needs_login() {
                form method="post" action="/logout" {
                    input type="hidden" name="form_token" value=(app.access.form_token());
                    button .quiet type="submit" { (page.logout) }
                }
            }
        }
    };
    document(app, title, header, body)
}

fn document(app: &App, title: &str, header: Markup, body: Markup) -> Markup {
    let page = &app.texts.page;
    let messages = &app.texts.messages;
    let errors = serde_json::to_string(&app.texts.errors).unwrap_or_default();
    html! {
        (DOCTYPE)
        html lang="zh-CN" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · " (page.site) }
                link rel="icon" type="image/svg+xml" href="/assets/icon.svg";
                link rel="stylesheet" href="/assets/style.css";
                script type="module" src="/assets/main.js" {}
            }
            body data-errors=(errors) data-sent=(messages.sent) data-failed=(messages.failed)
                data-saving=(messages.saving) {
                a .skip href="#main" { (page.skip) }
                (header)
                main #main tabindex="-1" { (body) }
                audio #player preload="none" {}
            }
        }
    }
}

/// What is wrong, in words for people, and where to go on.
pub(in crate::console) fn error_page(app: &App, error: &ApiError) -> Markup {
    let texts = &app.texts;
    let text = texts.errors.get(error.code).map_or(error.error.as_str(), String::as_str);
    let body = html! {
        h1 { (error.status.as_u16()) }
        p .large { (text) }
        p { a href="/" { (texts.page.overview) } }
    };
    frame(app, Place::Elsewhere, &texts.page.site, body)
}

pub(in crate::console) fn login(app: &App, wrong: bool) -> Markup {
    let login = &app.texts.login;
    let body = html! {
        form .card .login method="post" action="/login" {
            h1 { (login.title) }
            input type="hidden" name="form_token" value=(app.access.form_token());
            label for="token" { (login.token) }
            input #token type="password" name="token" required autofocus autocomplete="current-password"
                aria-describedby="token-help";
            p #token-help .hint { (login.help) }
            @if wrong { p .bad role="alert" { (login.wrong) } }
            button .main type="submit" { (login.enter) }
        }
    };
    let header = html! { header .top { span .brand { (app.texts.page.site) } } };
    document(app, &app.texts.page.login, header, body)
}

/// Links below a list: older rows, and back to the newest.
pub(super) fn turn_over(app: &App, path: &str, next: Option<i64>, page: Page) -> Markup {
    html! {
        p .turn-over {
            @if page.before != i64::MAX { a href=(path) { (app.texts.page.back_to_top) } }
            @if let Some(next) = next {
                a href={ (path) "?before=" (next) "&limit=" (page.limit) } { (app.texts.page.more) }
            }
        }
    }
}
