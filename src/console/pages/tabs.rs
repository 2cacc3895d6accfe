//! The pages of supervision, side by side.

use maud::{Markup, html};

use crate::console::App;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Tab {
    Lights,
    Supervision,
    Verification,
    Rates,
}

pub(super) fn tabs(app: &App, own: Tab) -> Markup {
    let texts = &app.texts.board;
    let links = [
        (Tab::Lights, "/board", &texts.lights),
        (Tab::Supervision, "/board/supervision", &texts.supervision),
        (Tab::Verification, "/supervisor", &texts.verification),
        (Tab::Rates, "/rates", &texts.rates),
    ];
    html! {
        nav .tabs aria-label=(app.texts.page.supervisor) {
            @for (tab, href, name) in links {
                a href=(href) aria-current=[(tab == own).then_some("page")] { (name) }
            }
        }
    }
}
