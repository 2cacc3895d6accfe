//! 派单建议 and 相关工单: who should get a ticket and why, and which other tickets may be about the same. Both are
//! candidates that staff take or leave.

use maud::{Markup, html};

use super::parts::{clock, field, percent, ticket_link};
use crate::console::App;
use crate::console::error::ApiError;
use crate::desk::dispatch::{
    self, Case, Decision, Learned, Miss, Occurred, Past, Suggestion, Unit, Verdict,
};
use crate::desk::related::{Near, REPEAT_DAYS, Related, Told, related};
use crate::kernel::Wall;
use crate::language::pairs::sounded_pairs;
use crate::store::{Beside, BesideRow, FieldRow, TicketRow};

/// Past tickets that a suggestion may be learned from.
const PAST_MAX: i64 = 400;
const DAY_MS: i64 = 86_400_000;
/// A learned suggestion that fewer votes are for is none.
const SHARE_MIN: f32 = 0.2;
const LEARNED_MAX: usize = 3;
/// Unknowns told beside an open case.
const NEAR_MAX: usize = 3;

/// What stands beside a ticket.
pub(super) struct Beneath {
    decision: Decision,
    learned: Vec<Learned>,
    related: Vec<Related>,
    /// The tickets that are related, for their words.
    rows: Vec<BesideRow>,
}

/// What of a ticket matters here: its fields, wherever they were read from.
struct Facts<'a> {
    number: &'a str,
    category: String,
    place: String,
    address: &'a str,
    time: &'a str,
    words: String,
    features: Vec<u32>,
    where_features: Vec<u32>,
}

impl<'a> Facts<'a> {
    fn of(app: &App, field: impl Fn(&str) -> Option<&'a FieldRow>) -> Facts<'a> {
        let value = |slot: &str| field(slot).map_or("", |f| f.value.as_str());
        let code = |slot: &str| field(slot).and_then(|f| f.code.as_deref());
        let words = ["narrative", "against", "demand"].map(value).join("，");
        let address = value("place");
        // What staff typed has no code.
        let category = code("category").or_else(|| app.dispatch.category_of(value("category")));
        let place = code("place").or_else(|| app.dispatch.place_of(address));
        let detail = address
            .split_once(' ')
            .map_or(if place.is_none() { address } else { "" }, |(_, detail)| detail);
        Facts {
            number: value("number"),
            category: category.unwrap_or_default().to_owned(),
            place: place.unwrap_or_default().to_owned(),
            address,
            time: code("time").unwrap_or_default(),
            features: sounded_pairs(&words),
            where_features: sounded_pairs(detail),
            words,
        }
    }

    fn told(&self, ticket: i64, opened_at: i64) -> Told<'_> {
        Told {
            ticket: ticket.max(0) as u64,
            number: self.number,
            category: &self.category,
            place: &self.place,
            features: &self.features,
            where_features: &self.where_features,
            opened: Wall::from_ms(opened_at),
        }
    }
}

impl Beneath {
    /// The one suggestion that the rules are clear about.
    pub fn clear(&self) -> Option<&Suggestion> {
        match &self.decision {
            Decision::Clear(one) => Some(one),
            Decision::Tied(_) | Decision::Open { .. } => None,
        }
    }
}

pub(super) async fn beneath(app: &App, row: &TicketRow) -> Result<Beneath, ApiError> {
    let facts = Facts::of(app, |slot| field(row, slot));
    let case = Case {
        category: &facts.category,
        place: &facts.place,
        address: facts.address,
        words: &facts.words,
        occurred: Occurred::of_code(facts.time),
        registered: Wall::from_ms(row.opened_at).civil(),
    };
    let decision = app.dispatch.decide(&case);
    let learned = match decision {
        Decision::Clear(_) => Vec::new(),
        _ => learned(app, row.id, &facts).await?,
    };
    let beside = Beside {
        ticket: row.id,
        number: facts.number,
        category: &facts.category,
        place: &facts.place,
        since: row.opened_at.saturating_sub(REPEAT_DAYS * DAY_MS),
    };
    let mut rows = app.store.tickets_beside(beside).await?;
    let others: Vec<(i64, i64, Facts<'_>)> = rows
        .iter()
        .map(|other| (other.id, other.opened_at, Facts::of(app, |slot| other.field(slot))))
        .collect();
    let told: Vec<Told<'_>> =
        others.iter().map(|(id, opened, facts)| facts.told(*id, *opened)).collect();
    let related = related(&facts.told(row.id, row.opened_at), &told);
    rows.retain(|other| related.iter().any(|one| one.ticket as i64 == other.id));
    Ok(Beneath { decision, learned, related, rows })
}

async fn learned(app: &App, ticket: i64, facts: &Facts<'_>) -> Result<Vec<Learned>, ApiError> {
    let rows = app.store.dispatched_tickets(ticket, PAST_MAX).await?;
    let past: Vec<(&BesideRow, Facts<'_>)> =
        rows.iter().map(|row| (row, Facts::of(app, |slot| row.field(slot)))).collect();
    let past: Vec<Past<'_>> = past
        .iter()
        .filter_map(|(row, facts)| {
            let owner = row.field("unit")?.value.as_str();
            let (category, place) = (facts.category.as_str(), facts.place.as_str());
            Some(Past {
                ticket: row.id.max(0) as u64,
                category,
                place,
                owner,
                features: &facts.features,
            })
        })
        .collect();
    let mut found = dispatch::learned(&facts.category, &facts.place, &facts.features, &past);
    found.retain(|one| one.share >= SHARE_MIN);
    found.truncate(LEARNED_MAX);
    Ok(found)
}

/// `by`: who signs, where it is known; `may_take`: a suggestion may be taken with one press (Alt+D).
pub(super) fn suggestions(
    app: &App,
    row: &TicketRow,
    beneath: &Beneath,
    by: &str,
    may_take: bool,
) -> Markup {
    let texts = &app.texts.dispatch;
    html! {
        section #dispatch aria-labelledby="dispatch-title" {
            h2 #dispatch-title { (texts.title) }
            p .hint { (texts.help) }
            @match &beneath.decision {
                Decision::Clear(one) => { (suggestion(app, row, one, by, may_take, true)) }
                Decision::Tied(several) => {
                    p { (texts.tied) }
                    @for one in several { (suggestion(app, row, one, by, may_take, false)) }
                }
                Decision::Open { near } => {
                    p .empty { (texts.open) }
                    ul .plain { @for verdict in near.iter().take(NEAR_MAX) { (unknown(app, verdict)) } }
                }
            }
            @for one in &beneath.learned {
                div .card {
                    p .value { (one.owner) " " span .badge { (texts.learned) " " (percent(f64::from(one.share))) } }
                    p .hint {
                        (texts.learned_from)
                        @for ticket in &one.tickets { " " (ticket_link(*ticket as i64)) }
                    }
                    @if may_take { (take(app, row, &one.owner, &html! {}, by, false)) }
                }
            }
        }
    }
}

fn suggestion(
    app: &App,
    row: &TicketRow,
    one: &Suggestion,
    by: &str,
    may_take: bool,
    keys: bool,
) -> Markup {
    let texts = &app.texts.dispatch;
    let with = one.with.iter().map(|unit| unit.code.as_str()).collect::<Vec<_>>().join(",");
    let more = html! {
        input type="hidden" name="with" value=(with);
        @if let Some(pack) = &one.pack { input type="hidden" name="pack" value=(pack.code); }
    };
    let names =
        |units: &[Unit]| units.iter().map(|unit| unit.name.as_str()).collect::<Vec<_>>().join("、");
    html! {
        div .card {
            p .value { (one.owner.name) " " span .badge { (app.texts.name("level", one.owner.level.key())) } }
            @if !one.with.is_empty() { p { (texts.with) "：" (names(&one.with)) } }
            @if !one.copied.is_empty() { p { (texts.copied) "：" (names(&one.copied)) } }
            @if let Some(pack) = &one.pack { p { (texts.pack) "：" (pack.name) span .hint { " " (pack.source) } } }
            p .hint { (texts.why) "：" (why(app, one)) }
            @if may_take { (take(app, row, &one.owner.code, &more, by, keys)) }
        }
    }
}

fn why(app: &App, one: &Suggestion) -> String {
    let texts = &app.texts.dispatch;
    let mut parts = vec![format!("{} {}", texts.rule, one.rule)];
    let mut add = |name: &str, value: &str| {
        if !value.is_empty() {
            parts.push(format!("{name} {value}"));
        }
    };
    let category = app.dispatch.category_name(&one.why.category).unwrap_or_default();
    add(&texts.category, format!("{} {category}", one.why.category).trim());
    add(&texts.place, &one.why.place);
    add(&texts.words, &one.why.words.iter().map(|word| format!("“{word}”")).collect::<String>());
    add(&texts.time, &one.why.times);
    parts.join("；")
}

/// What would have to be known.
fn unknown(app: &App, verdict: &Verdict) -> Markup {
    let texts = &app.texts.dispatch;
    let what = match &verdict.miss {
        Some(Miss::PlaceUnknown(level)) => {
            format!("{}{}", texts.need_place, app.texts.name("level", level.key()))
        }
        _ => texts.need_time.clone(),
    };
    html! { li .hint { (texts.rule) " " (verdict.rule) "：" (what) } }
}

/// Dispatches the ticket, signed; with `keys`, by one press.
fn take(app: &App, row: &TicketRow, unit: &str, more: &Markup, by: &str, keys: bool) -> Markup {
    let texts = &app.texts.dispatch;
    html! {
        form method="post" data-post={ "/api/tickets/" (row.id) "/orders/dispatch" } {
            input type="hidden" name="unit" value=(unit);
            (more)
            (super::life::seen(row))
            @if by.is_empty() {
                label { (app.texts.ticket.by) " "
                    input name="by" maxlength="40" required placeholder=(app.texts.ticket.by_help) data-remember="by"; }
            } @else { input type="hidden" name="by" value=(by); }
            @if keys {
                button .main type="submit" data-key="d" aria-keyshortcuts="Alt+D" {
                    (texts.take) " " kbd { (texts.take_key) }
                }
            } @else { button type="submit" { (texts.take) } }
            output role="status" {}
        }
    }
}

pub(super) fn related_list(app: &App, beneath: &Beneath) -> Markup {
    let texts = &app.texts.related;
    html! {
        section #related aria-labelledby="related-title" {
            h2 #related-title { (texts.title) }
            p .hint { (texts.help) }
            @if beneath.related.is_empty() { p .empty { (texts.none) } }
            ul .plain {
                @for one in &beneath.related {
                    @if let Some(row) = beneath.rows.iter().find(|row| row.id == one.ticket as i64) {
                        li id={ "related-" (row.id) } { (candidate(app, one, row)) }
                    }
                }
            }
        }
    }
}

fn candidate(app: &App, one: &Related, row: &BesideRow) -> Markup {
    let texts = &app.texts.related;
    let value = |slot| row.field(slot).map_or("", |f| f.value.as_str());
    let told = if value("summary").is_empty() { value("narrative") } else { value("summary") };
    let told: String = told.chars().take(60).collect();
    html! {
        span .badge { (app.texts.name("link", one.link.key())) } " " (ticket_link(row.id)) " "
        (app.texts.name("ticket_state", &row.state)) " " span .hint { (clock(row.opened_at)) }
        p { (crate::console::masking::mask_numbers(&told)) }
        p .hint {
            (texts.words) " " (percent(f64::from(one.likeness)))
            @if one.near != Near::Unknown { " · " (app.texts.name("near", one.near.key())) }
            @if one.same_category { " · " (texts.same_category) }
            " · " (one.days) " " (texts.days)
        }
    }
}
