//! What citizens see. Whole without a script, in the order in which it is read out.

use maud::{DOCTYPE, Markup, html};

use super::texts::Texts;
use crate::desk::Standing;
use crate::kernel::Wall;

/// Which field is wrong, or that it is none.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum At {
    Nothing,
    Ticket,
    Digits,
}

/// The form, as it was filled; the digits are typed anew.
#[derive(Clone, Copy, Debug)]
pub(super) struct Form<'a> {
    pub ticket: &'a str,
    pub at: At,
    pub alert: Option<&'a str>,
    /// Calls from the browser are taken.
    pub calls: bool,
}

fn document(texts: &Texts, hotline: &str, title: &str, body: Markup) -> Markup {
    with_script(texts, hotline, title, None, body)
}

fn with_script(
    texts: &Texts,
    hotline: &str,
    title: &str,
    script: Option<&str>,
    body: Markup,
) -> Markup {
    html! {
        (DOCTYPE)
        html lang="zh-CN" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="robots" content="noindex";
                title { (title) " · " (texts.site) }
                link rel="icon" href="data:,";
                link rel="stylesheet" href="/style.css";
                @if let Some(script) = script { script type="module" src=(script) {} }
            }
            body {
                header { (hotline) " " (texts.site) }
                main { (body) }
                footer {
                    p { (texts.call) " " a .number href={ "tel:" (hotline) } { (hotline) } "。" }
                    p { (texts.privacy) }
                }
            }
        }
    }
}

pub(super) fn form(texts: &Texts, hotline: &str, form: Form<'_>) -> Markup {
    let wrong = |at| (form.at == at).then_some("true");
    let described = |at, own: &str| match form.at == at {
        true => format!("alert {own}"),
        false => own.to_owned(),
    };
    let title = match form.alert {
        Some(_) => format!("{}：{}", texts.error, texts.title),
        None => texts.title.clone(),
    };
    let body = html! {
        h1 { (texts.title) }
        p { (texts.lead) }
        @if let Some(alert) = form.alert { p #alert .alert role="alert" { (alert) } }
        form method="post" action="/" autocomplete="off" novalidate {
            label for="ticket" { (texts.ticket) }
            p #ticket-help .hint { (texts.ticket_help) }
            input #ticket name="ticket" type="text" inputmode="numeric" maxlength="20" required value=(form.ticket)
                autofocus[form.at != At::Digits] aria-invalid=[wrong(At::Ticket)]
                aria-describedby=(described(At::Ticket, "ticket-help"));
            label for="digits" { (texts.digits) }
            p #digits-help .hint { (texts.digits_help) }
            input #digits name="digits" type="text" inputmode="numeric" maxlength="8" required
                autofocus[form.at == At::Digits] aria-invalid=[wrong(At::Digits)]
                aria-describedby=(described(At::Digits, "digits-help"));
            button type="submit" { (texts.send) }
        }
        @if form.calls { a .button.plain href="/call" { (texts.calling.link) } }
    };
    document(texts, hotline, &title, body)
}

fn minute(at: Wall) -> String {
    let c = at.civil();
    format!("{}年{}月{}日 {:02}:{:02}", c.year, c.month, c.day, c.hour, c.minute)
}

fn machine(at: Wall) -> String {
    let c = at.civil();
    format!("{:04}-{:02}-{:02}T{:02}:{:02}+08:00", c.year, c.month, c.day, c.hour, c.minute)
}

fn time(at: Wall) -> Markup {
    html! { time datetime=(machine(at)) { (minute(at)) } }
}

pub(super) fn standing(texts: &Texts, hotline: &str, standing: &Standing) -> Markup {
    let (now, since) = standing.now();
    let last = standing.steps.len().saturating_sub(1);
    let due = standing.due.filter(|_| standing.is_open()).map(|due| {
        let day = due.civil();
        texts.due_text.replace("{day}", &format!("{}年{}月{}日", day.year, day.month, day.day))
    });
    let body = html! {
        h1 { (texts.found) }
        p { (texts.ticket) " " b .number { (standing.ticket.0) } }
        h2 { (texts.now) }
        p .now { (texts.step(now)) (time(since)) }
        dl {
            dt { (texts.opened) } dd { (time(standing.opened)) }
            @if let Some(unit) = &standing.unit { dt { (texts.unit) } dd { (unit) } }
            @if let Some(due) = due { dt { (texts.due) } dd { (due) } }
        }
        h2 { (texts.steps) }
        ol {
            @for (n, (step, at)) in standing.steps.iter().enumerate() {
                li aria-current=[(n == last).then_some("step")] { (texts.step(*step)) (time(*at)) }
            }
        }
        a .button href="/" { (texts.again) }
    };
    document(texts, hotline, &texts.found, body)
}

/// One sentence, and the way back.
pub(super) fn plain(texts: &Texts, hotline: &str, text: &str) -> Markup {
    let body = html! {
        h1 { (texts.title) }
        p .alert role="alert" { (text) }
        a .button href="/" { (texts.again) }
    };
    document(texts, hotline, text, body)
}

/// The keys of a telephone, in its order.
const KEYS: [&str; 12] = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"];

/// The page to call from.
pub(super) fn call(texts: &Texts, hotline: &str) -> Markup {
    let calling = &texts.calling;
    let body = html! {
        h1 { (calling.title) }
        p { (calling.lead) }
        section #call aria-label=(calling.title) data-asking=(calling.asking) data-calling=(calling.calling)
            data-talking=(calling.talking) data-unsteady=(calling.unsteady) data-over=(calling.over)
            data-lost=(calling.lost) data-failed=(calling.failed) data-nomicrophone=(calling.no_microphone)
            data-unfit=(calling.unfit) data-robot=(calling.robot) data-agent=(calling.agent)
            data-caller=(calling.caller) data-source=(calling.source) data-useful=(calling.useful)
            data-useless=(calling.useless) data-thanks=(calling.thanks) data-thumbfailed=(calling.thumb_failed)
            data-photosending=(calling.photo_sending) data-photofailed=(calling.photo_failed) {
            button #start type="button" { (calling.start) }
            button #stop .stop type="button" hidden { (calling.stop) }
            p #state role="status" {}
            details #pad hidden {
                summary { (calling.keys) }
                div .pad {
                    @for key in KEYS { button type="button" data-key=(key) { (key) } }
                }
            }
            h2 #words-title { (calling.words) }
            ol #words .words aria-labelledby="words-title" aria-live="polite" tabindex="0" {}
            p #so-far .so-far aria-hidden="true" hidden {}
            p #thumb-state role="status" {}
            p .hint { (calling.recorded) }
            div #photo-box hidden {
                label for="photo" { (calling.photo) }
                p #photo-help .hint { (calling.photo_help) }
                input #photo type="file" accept="image/jpeg,image/png,image/webp" aria-describedby="photo-help";
                p #photo-state role="status" {}
            }
            audio #sound autoplay {}
        }
        noscript { p .alert { (calling.unfit) } }
        a .button.plain href="/" { (texts.title) }
    };
    with_script(texts, hotline, &calling.title, Some("/call.js"), body)
}
