//! How a ticket stands and what can be done with it now: its unit, its next deadline, what waits beside, and a form for
//! every order that its life allows.

use maud::{Markup, html};

use super::parts::{clock, ticket_link};
use crate::console::App;
use crate::console::access::Person;
use crate::console::orders::may_order;
use crate::desk::clock::{Span, Unit};
use crate::desk::dispatch::Level;
use crate::desk::ticket::{Assignment, Forum, Ground, Mark, Role, Ticket, TicketEvent, UnitRef};
use crate::kernel::{TicketId, Wall};
use crate::store::TicketRow;

/// One input of a form.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Input {
    Unit,
    With,
    Units,
    Member,
    Ground,
    Mark,
    Pause,
    Forum,
    Amount,
    Told,
    Into,
    /// The text that every order but few has.
    Why,
    /// The same, where it may be left out.
    MaybeWhy,
}

struct Form {
    order: &'static str,
    role: Role,
    inputs: &'static [Input],
}

use Input::{
    Amount, Forum as InForum, Ground as InGround, Into as InInto, Mark as InMark, MaybeWhy, Member,
    Pause, Told, Unit as InUnit, Units, Why, With,
};

const fn form(order: &'static str, role: Role, inputs: &'static [Input]) -> Form {
    Form { order, role, inputs }
}

/// In the order of a ticket's life. Closing, reopening and editing have forms of their own.
const FORMS: &[Form] = &[
    form("register", Role::Desk, &[]),
    form("dispatch", Role::Desk, &[InUnit, With, Member]),
    form("tell", Role::Desk, &[InGround, Why]),
    form("uphold", Role::Desk, &[Why]),
    form("overrule", Role::Desk, &[Why]),
    form("grant", Role::Desk, &[Why]),
    form("refuse", Role::Desk, &[Why]),
    form("merge", Role::Desk, &[InInto, Why]),
    form("convene", Role::Desk, &[InForum, Units, Why]),
    form("adjourn", Role::Desk, &[InForum, Why]),
    form("seal", Role::Desk, &[Why]),
    form("unseal", Role::Desk, &[Why]),
    form("archive", Role::Desk, &[MaybeWhy]),
    form("sign", Role::Unit, &[Member]),
    form("assign", Role::Unit, &[Member]),
    form("work", Role::Unit, &[Why]),
    form("mark", Role::Unit, &[InMark, MaybeWhy]),
    form("object", Role::Unit, &[Why]),
    form("transfer", Role::Unit, &[InUnit, Why]),
    form("extend", Role::Unit, &[Amount, Why, Told]),
    form("pause", Role::Unit, &[Pause, Why]),
    form("resume", Role::Unit, &[Pause]),
    form("report", Role::Unit, &[Why]),
    form("answer", Role::Unit, &[Why]),
    form("supervise", Role::Supervisor, &[Why]),
    form("lift", Role::Supervisor, &[Why]),
];

/// Something that the order would come to, to ask whether it may.
fn sample(order: &str, ticket: &Ticket) -> Option<TicketEvent> {
    use TicketEvent as E;
    let why = || "…".to_owned();
    let unit = || UnitRef { code: String::new(), name: String::new(), level: Level::City };
    let forum = ticket.forums.keys().next().copied();
    Some(match order {
        "register" => E::Registered,
        "dispatch" => E::Dispatched {
            to: Assignment {
                owner: unit(),
                with: Vec::new(),
                copied: Vec::new(),
                member: None,
                clock: None,
                rule: String::new(),
            },
        },
        "tell" => E::Told { ground: Ground::NotOurs, words: why() },
        "uphold" => E::ObjectionDecided { upheld: true, why: why() },
        "overrule" => E::ObjectionDecided { upheld: false, why: why() },
        "grant" => E::ExtensionDecided { granted: true, why: why() },
        "refuse" => E::ExtensionDecided { granted: false, why: why() },
        "merge" => E::Merged { into: TicketId(0), why: why() },
        "convene" => {
            let free = Forum::ALL.iter().find(|forum| !ticket.forums.contains_key(forum))?;
            E::Convened { forum: *free, units: vec![unit()], why: why() }
        }
        "adjourn" => E::Adjourned { forum: forum?, result: why() },
        "seal" => E::Sealed { secret: true, why: why() },
        "unseal" => E::Sealed { secret: false, why: why() },
        "identity" => E::IdentityOpened { why: why() },
        "archive" => E::Archived { why: why() },
        "sign" => E::Signed { member: None },
        "assign" => E::Assigned { member: why() },
        "work" => E::Worked { note: why() },
        "mark" => E::Marked { mark: Mark::Informed, words: why() },
        "object" => E::Objected { why: why() },
        "transfer" => E::Transferred { to: unit(), why: why() },
        "extend" => E::ExtensionAsked {
            limit: String::new(),
            by: Span { amount: 1, unit: Unit::Day },
            why: why(),
            told: None,
        },
        "pause" => E::Paused { kind: String::new(), why: why() },
        "resume" => {
            E::Resumed { kind: ticket.pauses.iter().find(|pause| pause.to.is_none())?.kind.clone() }
        }
        "supervise" => E::Supervised { why: why() },
        "report" => E::SupervisionAnswered { words: why() },
        "lift" => E::SupervisionLifted { why: why() },
        "answer" => E::Answered { words: why() },
        _ => return None,
    })
}

fn may(order: &str, ticket: &Ticket) -> bool {
    sample(order, ticket).is_some_and(|event| ticket.may(&event))
}

/// Unit, deadline and what waits beside, as lines of the ticket's facts.
pub(super) fn standing(app: &App, row: &TicketRow, ticket: &Ticket) -> Markup {
    let texts = &app.texts.life;
    let names = |units: &[UnitRef]| {
        units.iter().map(|unit| unit.name.as_str()).collect::<Vec<_>>().join("、")
    };
    html! {
        @if let Some(to) = ticket.assignment() {
            div { dt { (texts.owner) } dd #owner { (to.owner.name) " "
                span .badge { (app.texts.name("level", to.owner.level.key())) } } }
            @if !to.with.is_empty() { div { dt { (texts.with) } dd { (names(&to.with)) } } }
            @if !to.copied.is_empty() { div { dt { (texts.copied) } dd #copied { (names(&to.copied)) } } }
            @if let Some(member) = &to.member { div { dt { (texts.member) } dd { (member) } } }
        }
        @if let Some(duty) = &row.duty {
            div { dt { (texts.due) } dd #due {
                (app.texts.name("duty", duty)) " "
                @match row.due_at {
                    Some(at) => { (clock(at)) " " (light(app, row, crate::console::figures::now())) }
                    None => { span .badge.is-held { (app.texts.name("light", "held")) } }
                }
            } }
        }
        @if let Some(supervision) = &ticket.supervision {
            div { dt { (texts.supervision) } dd { (supervision.why)
                @if !supervision.answer.is_empty() { " " span .hint { (supervision.answer) } } } }
        }
        @for (forum, meeting) in &ticket.forums {
            div { dt { (app.texts.name("forum", forum.key())) } dd { (names(&meeting.units)) "：" (meeting.why) } }
        }
        @if let Some(asked) = &ticket.extension {
            div { dt { (texts.extension) } dd { (asked.by.chinese()) "：" (asked.why) } }
        }
        @if let crate::desk::TicketState::Merged { into } = &ticket.state {
            div { dt { (texts.merged_into) } dd { (ticket_link(into.0 as i64)) } }
        }
        @if !ticket.merged.is_empty() {
            div { dt { (texts.merged) } dd { @for part in &ticket.merged { (ticket_link(part.0 as i64)) " " } } }
        }
    }
}

fn light(app: &App, row: &TicketRow, now: Wall) -> Markup {
    let passed = |at: Option<i64>| at.is_some_and(|at| now.unix_ms >= at);
    let light = match (passed(row.due_at), passed(row.yellow_at)) {
        (true, _) => "red",
        (false, true) => "yellow",
        (false, false) => "green",
    };
    html! { span class={ "badge is-" (light) } { (app.texts.name("light", light)) } }
}

/// A form for everything that may be done now by whoever looks, by the part that does it.
pub(super) fn orders(
    app: &App,
    who: &Person,
    row: &TicketRow,
    ticket: &Ticket,
    by: &str,
) -> Markup {
    let texts = &app.texts.life;
    let allowed: Vec<&Form> =
        FORMS.iter().filter(|form| may_order(who, form.order) && may(form.order, ticket)).collect();
    html! {
        section #orders aria-labelledby="orders-title" {
            h2 #orders-title { (texts.title) }
            @if allowed.is_empty() { p .empty { (texts.nothing) } }
            @for role in [Role::Desk, Role::Unit, Role::Supervisor] {
                @if allowed.iter().any(|form| form.role == role) {
                    h3 { (app.texts.name("role", role.key())) }
                    @for form in allowed.iter().filter(|form| form.role == role) {
                        (order(app, row, form, ticket, by))
                    }
                }
            }
            datalist #units { @for name in near(app, row) { option value=(name) {} } }
        }
    }
}

/// To look at who reported: only where that is sealed.
pub(super) fn identity(app: &App, row: &TicketRow, ticket: &Ticket, by: &str) -> Markup {
    html! {
        @if may("identity", ticket) {
            (order(app, row, &form("identity", Role::Desk, &[Why]), ticket, by))
        }
    }
}

fn order(app: &App, row: &TicketRow, form: &Form, ticket: &Ticket, by: &str) -> Markup {
    let name = form.order;
    html! {
        details .card.order id={ "order-" (name) "-" (row.id) } {
            summary { (app.texts.name("order", name)) }
            form method="post" data-post={ "/api/tickets/" (row.id) "/orders/" (name) } {
                (seen(row))
                input type="hidden" name="role" value=(form.role.key());
                @for one in form.inputs { (input(app, name, *one, ticket)) }
                (super::parts::signature(app, &format!("{name}-by"), &app.texts.ticket.by, by))
                div .row { button type="submit" { (app.texts.name("order", name)) } output role="status" {} }
            }
        }
    }
}

/// What the page shows: who sends the form has seen so much.
pub(super) fn seen(row: &TicketRow) -> Markup {
    html! { input type="hidden" name="seen" value=(row.version); }
}

fn input(app: &App, order: &str, input: Input, ticket: &Ticket) -> Markup {
    let label = |key: &str| app.texts.name("order_field", key).to_owned();
    let id = |key: &str| format!("{order}-{key}");
    let text = |key: &str, required: bool, list: bool| {
        html! {
            label for=(id(key)) { (label(key)) }
            input id=(id(key)) name=(key) maxlength="400" required[required]
                list=[list.then_some("units")] autocomplete="off";
        }
    };
    let select = |key: &str, table: &str, keys: Vec<&str>| {
        html! {
            label for=(id(key)) { (label(key)) }
            select id=(id(key)) name=(key) {
                @for one in keys { option value=(one) { (app.texts.name(table, one)) } }
            }
        }
    };
    match input {
        InUnit => text("unit", true, true),
        With => text("with", false, false),
        Units => text("units", true, false),
        Member => text("member", order == "assign", false),
        Told => text("told", false, false),
        InGround => select("ground", "ground", Ground::ALL.iter().map(|g| g.key()).collect()),
        InMark => select("mark", "mark", Mark::ALL.iter().map(|m| m.key()).collect()),
        InForum => {
            let open = |forum: &&Forum| ticket.forums.contains_key(forum) == (order == "adjourn");
            select("forum", "forum", Forum::ALL.iter().filter(open).map(|f| f.key()).collect())
        }
        Pause => text("kind", true, false),
        Amount => html! {
            label for=(id("amount")) { (label("amount")) }
            input id=(id("amount")) name="amount" type="number" min="1" max="366" required;
        },
        InInto => html! {
            label for=(id("into")) { (label("into")) }
            input id=(id("into")) name="into" inputmode="numeric" pattern="[0-9]+" required autocomplete="off";
        },
        Why | MaybeWhy => html! {
            label for=(id("why")) { (app.texts.name("order_why", order)) }
            textarea id=(id("why")) name="why" rows="2" maxlength="2000" required[input == Why] {}
        },
    }
}

/// Units that serve the ticket's place, to choose from; another is typed.
fn near(app: &App, row: &TicketRow) -> Vec<String> {
    let place = row.place.as_deref().unwrap_or_default();
    let serves = |places: &[String]| places.iter().any(|code| place.starts_with(code.as_str()));
    let units = app.dispatch.units().iter().filter(|unit| serves(&unit.places));
    units.map(|unit| unit.name.clone()).collect()
}
