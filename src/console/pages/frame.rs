//! What stands around every page.

use maud::{DOCTYPE, Markup, html};

use crate::access::Grant;
use crate::console::App;
use crate::console::access::{Known, Person};
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
    Accounts,
    Audit,
    Account,
    Elsewhere,
}

/// A whole page, with links to what whoever looks at it may see.
pub(super) fn frame(app: &App, who: &Person, place: Place, title: &str, body: Markup) -> Markup {
    let page = &app.texts.page;
    let board = if who.may(Grant::SeeFigures) { "/board" } else { "/supervisor" };
    let links = [
        (Place::Overview, "/", &page.overview, Grant::SeeCalls),
        (Place::Wall, "/wall", &app.texts.wall.title, Grant::SeeCalls),
        (Place::Tickets, "/tickets", &page.tickets, Grant::SeeTickets),
        (Place::Agents, "/agents", &page.agents, Grant::SeeCalls),
        (Place::Surveys, "/surveys", &page.surveys, Grant::SeeCallbacks),
        (Place::Supervisor, board, &page.supervisor, Grant::SeeCallbacks),
        (Place::Knowledge, "/knowledge", &page.knowledge, Grant::SeeKnowledge),
        (Place::Messages, "/messages", &app.texts.outbox.title, Grant::SeeMessages),
        (Place::Accounts, "/accounts", &app.texts.accounts.title, Grant::ManageAccounts),
        (Place::Audit, "/audit", &app.texts.audit.title, Grant::ReadAudit),
    ];
    let own_lights = who.unit().filter(|_| who.may(Grant::SeeUnits));
    let logged_in = who.signs();
    let header = html! {
        header .top {
            a .brand href=(who.home()) { (page.site) }
            nav aria-label=(page.navigation) {
                @for (own, href, name, grant) in links {
                    @if who.may(grant) {
                        a href=(href) aria-current=[(own == place).then_some("page")] { (name) }
                    }
                }
                @if let Some(unit) = own_lights {
                    a href={ "/board/units/" (unit) } aria-current=[(place == Place::Supervisor).then_some("page")] {
                        (app.texts.board.lights)
                    }
                }
            }
            @if who.may(Grant::FollowLive) {
                span #feed .feed role="status" data-online=(page.online) data-offline=(page.offline) {}
            } @else { span .push {} }
            @if let Some(name) = logged_in {
                a .quiet href="/account" aria-current=[(place == Place::Account).then_some("page")] { (name) }
                form method="post" action="/logout" {
                    input type="hidden" name="form_token" value=(who.form_token);
                    button .quiet type="submit" { (page.logout) }
                }
            }
        }
    };
    document(app, Some(who), title, header, body)
}

pub(super) fn document(
    app: &App,
    who: Option<&Person>,
    title: &str,
    header: Markup,
    body: Markup,
) -> Markup {
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
                data-saving=(messages.saving) data-form-token=[who.map(|who| &who.form_token)]
                data-signs=[who.and_then(Person::signs)] {
                a .skip href="#main" { (page.skip) }
                (header)
                main #main tabindex="-1" { (body) }
                audio #player preload="none" {}
            }
        }
    }
}

/// What is wrong, in words for people, and where to go on.
pub(in crate::console) fn error_page(app: &App, who: Option<&Known>, error: &ApiError) -> Markup {
    let texts = &app.texts;
    let text = texts.errors.get(error.code).map_or(error.error.as_str(), String::as_str);
    let body = html! {
        h1 { (error.status.as_u16()) }
        p .large { (text) }
        p { a href="/" { (texts.page.home) } }
    };
    match who {
        Some(who) => frame(app, who, Place::Elsewhere, &texts.page.site, body),
        None => {
            let header = html! { header .top { span .brand { (texts.page.site) } } };
            document(app, None, &texts.page.site, header, body)
        }
    }
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
