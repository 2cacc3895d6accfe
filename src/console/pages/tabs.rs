//! The pages of supervision, side by side.

use maud::{Markup, html};

use crate::access::Grant;
use crate::console::App;
use crate::console::access::Person;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Tab {
    Lights,
    Supervision,
    Verification,
    Rates,
}

/// Those that whoever looks may see.
pub(super) fn tabs(app: &App, who: &Person, own: Tab) -> Markup {
    let texts = &app.texts.board;
    let links = [
        (Tab::Lights, "/board", &texts.lights, Grant::SeeFigures),
        (Tab::Supervision, "/board/supervision", &texts.supervision, Grant::SeeFigures),
        (Tab::Verification, "/supervisor", &texts.verification, Grant::SeeCallbacks),
        (Tab::Rates, "/rates", &texts.rates, Grant::SeeFigures),
    ];
    html! {
        nav .tabs aria-label=(app.texts.page.supervisor) {
            @for (tab, href, name, grant) in links {
                @if who.may(grant) {
                    a href=(href) aria-current=[(tab == own).then_some("page")] { (name) }
                }
            }
        }
    }
}
