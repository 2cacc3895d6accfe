//! 比率: 响应率, 解决率 and 满意率 with everything that must stand beside them, by group and over time, robot and person
//! apart; the plots of them; and the tables that they can be checked with.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use maud::{Markup, PreEscaped, html};

use super::frame::{Place, frame};
use super::tabs::{Tab, tabs};
use crate::console::asked::Asked;
use crate::console::access::Known;
use crate::console::error::ApiError;
use crate::console::read::Ids;
use crate::console::{App, names};
use crate::insight::{
    Bar, By, Count, Group, Head, Line, Measure, Period, Rate, Who, bars, by_key, by_period, lines,
    total,
};
use crate::store::CallCount;

/// Bars of a plot: the groups with the most answers.
const BARS: usize = 12;
/// Groups of a table.
const GROUPS: usize = 200;

pub(in crate::console) async fn rates(
    State(app): State<Arc<App>>,
    who: Known,
    asked: Asked,
) -> Result<Markup, ApiError> {
    let counts = app.store.counts(asked.counted(asked.by)).await?;
    let (from, until) = asked.moments();
    let calls = app.store.call_counts(from, until).await?;
    let texts = &app.texts.rates;
    let groups = groups(&app, &asked, &counts);
    let body = html! {
        div .title { h1 { (texts.title) } (tabs(&app, &who, Tab::Rates)) }
        (form(&app, &asked))
        (totals(&app, &total(&counts), &calls))
        div .columns.plots {
            figure .card {
                figcaption { (bar_title(&app, &asked)) }
                (PreEscaped(bar_plot(&app, &asked, &groups, false)))
            }
            figure .card {
                figcaption { (line_title(&app, &asked)) }
                (PreEscaped(line_plot(&app, &asked, &counts, false)))
            }
        }
        section aria-labelledby="figures" {
            h2 #figures { (texts.figures) }
            p .hint { (texts.help) }
            @if groups.is_empty() { p .empty { (texts.none) } } @else { (table(&app, &asked, &groups)) }
        }
        (downloads(&app, &asked))
    };
    Ok(frame(&app, &who, Place::Supervisor, &texts.title, html! { div #page data-live="" { (body) } }))
}

/// `bars.svg`, `lines.svg`: the plots of the page as files.
pub(in crate::console) async fn plot(
    State(app): State<Arc<App>>,
    ids: Ids,
    asked: Asked,
) -> Result<Response, ApiError> {
    let name = ids.text("name");
    let counts = app.store.counts(asked.counted(asked.by)).await?;
    let svg = match name {
        "bars.svg" => bar_plot(&app, &asked, &groups(&app, &asked, &counts), true),
        "lines.svg" => line_plot(&app, &asked, &counts, true),
        _ => return Err(ApiError::no_page()),
    };
    let disposition = format!("attachment; filename=\"huiyin-{}-{}-{name}\"", asked.from, asked.to);
    let kind = "image/svg+xml; charset=utf-8".to_owned();
    Ok(([(CONTENT_TYPE, kind), (CONTENT_DISPOSITION, disposition)], svg).into_response())
}

/// A group with the name of its key.
struct Named {
    name: String,
    group: Group,
}

/// Those with the most cases first; periods the newest first.
fn groups(app: &App, asked: &Asked, counts: &[Count]) -> Vec<Named> {
    let by = asked.by;
    let groups = match by {
        By::Time => by_period(counts, asked.period),
        By::Unit | By::Region | By::Category => by_key(counts),
    };
    let name = |key: &str| match by {
        _ if key.is_empty() => app.texts.rates.unknown.clone(),
        By::Unit => names::unit(app, key),
        By::Region => names::place(app, key),
        By::Category => names::category(app, key),
        By::Time => key.to_owned(),
    };
    let mut named: Vec<Named> =
        groups.into_iter().map(|group| Named { name: name(&group.key), group }).collect();
    let cases = |group: &Group| {
        let counts = group.counts(None);
        counts.response.asked() + counts.solution.asked()
    };
    if by == By::Time {
        named.reverse();
    } else {
        named.sort_by(|a, b| {
            cases(&b.group).cmp(&cases(&a.group)).then_with(|| a.name.cmp(&b.name))
        });
    }
    named
}

fn bar_title(app: &App, asked: &Asked) -> String {
    let measure = app.texts.name("measure", asked.measure.key());
    format!("{measure} · {}", app.texts.name("by", asked.by.key()))
}

fn line_title(app: &App, asked: &Asked) -> String {
    format!("{} · {}", app.texts.rates.course, app.texts.name("period", asked.period.key()))
}

fn bar_plot(app: &App, asked: &Asked, groups: &[Named], file: bool) -> String {
    let title = bar_title(app, asked);
    let rate = |named: &Named| named.group.counts(asked.who).of(asked.measure);
    let mut rows: Vec<Bar> = groups
        .iter()
        .map(|named| Bar { name: named.name.clone(), rate: rate(named) })
        .filter(|bar| bar.rate.asked() > 0)
        .collect();
    if asked.by != By::Time {
        rows.sort_by(|a, b| b.rate.answered().cmp(&a.rate.answered()));
    }
    rows.truncate(BARS);
    bars(Head { id: "plot-bars", title: &title, desc: &described(app, asked), file }, &rows)
}

fn line_plot(app: &App, asked: &Asked, counts: &[Count], file: bool) -> String {
    let texts = &app.texts;
    let groups = by_period(counts, asked.period);
    let labels = periods(asked);
    let of = |label: &String, measure: Measure| {
        let group = groups.iter().find(|group| group.key == *label);
        group.map_or_else(Rate::default, |group| group.counts(asked.who).of(measure))
    };
    let series: Vec<Line> = Measure::ALL
        .into_iter()
        .map(|measure| Line {
            name: texts.name("measure", measure.key()).to_owned(),
            points: labels.iter().map(|label| of(label, measure)).collect(),
        })
        .collect();
    let title = line_title(app, asked);
    lines(
        Head { id: "plot-lines", title: &title, desc: &described(app, asked), file },
        &labels,
        &series,
    )
}

/// Every period of the time that is asked for, those without a case too.
fn periods(asked: &Asked) -> Vec<String> {
    let mut labels: Vec<String> = Vec::new();
    for day in asked.from.days()..=asked.to.days() {
        let Some(day) = crate::kernel::Day::from_days(day) else { continue };
        let label = asked.period.name(day);
        if labels.last() != Some(&label) {
            labels.push(label);
        }
    }
    labels
}

fn described(app: &App, asked: &Asked) -> String {
    let texts = &app.texts;
    let who = asked.who.map_or(texts.rates.both.as_str(), |who| texts.name("who", who.key()));
    format!("{}–{}，{who}。{}", asked.from, asked.to, texts.rates.described)
}

fn percent(share: f64) -> String {
    format!("{:.1}%", share * 100.0)
}

/// A rate with what must stand beside it: numerator and denominator, interval, who did not answer.
pub(super) fn told(app: &App, rate: Rate) -> Markup {
    let texts = &app.texts.rates;
    html! {
        @match (rate.share(), rate.interval()) {
            (Some(share), Some(interval)) => {
                b .figure { (percent(share)) } " "
                span .figure { (rate.hits()) "/" (rate.answered()) } " "
                span .hint title=(texts.interval) { (percent(interval.low)) "–" (percent(interval.high)) } " "
            }
            _ => { span .hint { (texts.no_answers) } " " }
        }
        @if rate.asked() > 0 {
            span .hint { (texts.unanswered) " " (rate.unanswered()) }
        }
    }
}

/// How calls ended: what the robot did alone, what people took, out of all.
fn call_rates(calls: &[CallCount]) -> [(Who, Rate); 2] {
    let sum = |outcomes: &[&str]| -> u64 {
        let of = calls.iter().filter(|count| outcomes.contains(&count.outcome.as_str()));
        of.map(|count| count.calls.max(0) as u64).sum()
    };
    let all: u64 = calls.iter().map(|count| count.calls.max(0) as u64).sum();
    [
        (Who::Robot, Rate::new(sum(&["answered", "registered"]), all, all)),
        (Who::Person, Rate::new(sum(&["handed_over"]), all, all)),
    ]
}

fn totals(app: &App, total: &Group, calls: &[CallCount]) -> Markup {
    let texts = &app.texts;
    html! {
        section #totals .strip.rates aria-label=(texts.rates.totals) {
            dl {
                @for measure in Measure::ALL {
                    div title=(texts.name("measure_help", measure.key())) {
                        dt { (texts.name("measure", measure.key())) }
                        @for who in Who::ALL {
                            dd { span .who { (texts.name("who", who.key())) } " " (told(app, total.of(who).of(measure))) }
                        }
                    }
                }
                div title=(texts.rates.calls_help) {
                    dt { (texts.rates.calls) }
                    @for (who, rate) in call_rates(calls) {
                        dd { span .who { (texts.name("who", who.key())) } " " (told(app, rate)) }
                    }
                }
            }
        }
    }
}

fn table(app: &App, asked: &Asked, groups: &[Named]) -> Markup {
    let texts = &app.texts;
    html! {
        div .scroll { table .rates {
            thead { tr {
                th scope="col" { (texts.name("by", asked.by.key())) }
                th scope="col" { (texts.rates.who) }
                @for measure in Measure::ALL {
                    th scope="col" title=(texts.name("measure_help", measure.key())) {
                        (texts.name("measure", measure.key()))
                    }
                }
            } }
            @for Named { name, group } in groups.iter().take(GROUPS) {
                tbody {
                    @for (n, who) in Who::ALL.into_iter().enumerate() {
                        tr {
                            @if n == 0 { th scope="rowgroup" rowspan="2" { (name) } }
                            td { (texts.name("who", who.key())) }
                            @for measure in Measure::ALL { td { (told(app, group.of(who).of(measure))) } }
                        }
                    }
                }
            }
        } }
        @if groups.len() > GROUPS { p .hint { (texts.rates.more) " " (groups.len() - GROUPS) } }
    }
}

/// A list of words to choose from.
fn choice<'a>(
    app: &App,
    name: &str,
    label: &str,
    words: impl IntoIterator<Item = &'a str>,
    own: &str,
    any: bool,
) -> Markup {
    html! {
        span .pair {
            label for=(name) { (label) }
            select id=(name) name=(name) {
                @if any { option value="" { (app.texts.rates.both) } }
                @for key in words {
                    option value=(key) selected[key == own] { (app.texts.name(name, key)) }
                }
            }
        }
    }
}

fn form(app: &App, asked: &Asked) -> Markup {
    let texts = &app.texts.rates;
    let codes = [
        ("unit", &texts.unit, &asked.unit),
        ("region", &texts.region, &asked.region),
        ("category", &texts.category, &asked.category),
    ];
    html! {
        form .card .inline.filters method="get" action="/rates" role="search" {
            span .pair {
                label for="from" { (texts.from) }
                input #from type="date" name="from" value=(asked.from);
            }
            span .pair {
                label for="to" { (texts.to) }
                input #to type="date" name="to" value=(asked.to);
            }
            (choice(app, "by", &texts.by, By::ALL.map(By::key), asked.by.key(), false))
            (choice(app, "period", &texts.period, Period::ALL.map(Period::key), asked.period.key(), false))
            (choice(app, "measure", &texts.measure, Measure::ALL.map(Measure::key), asked.measure.key(), false))
            (choice(app, "who", &texts.who, Who::ALL.map(Who::key), asked.who.map_or("", Who::key), true))
            @for (name, label, value) in codes {
                span .pair {
                    label for=(name) { (label) }
                    input id=(name) name=(name) value=(value) size="9" maxlength="64" placeholder=(texts.code);
                }
            }
            button .main type="submit" { (texts.look) }
        }
    }
}

fn downloads(app: &App, asked: &Asked) -> Markup {
    let texts = &app.texts.rates;
    let (query, span) = (asked.query(), {
        let mut span = format!("from={}&to={}", asked.from, asked.to);
        for (name, code) in
            [("unit", &asked.unit), ("region", &asked.region), ("category", &asked.category)]
        {
            if !code.is_empty() {
                span.push_str(&format!("&{name}={code}"));
            }
        }
        span
    });
    html! {
        p .downloads {
            (texts.export) "："
            @for (name, label) in [
                ("tickets.csv", &texts.tickets_csv),
                ("tickets.xlsx", &texts.tickets_xlsx),
                ("answers.csv", &texts.answers_csv),
                ("answers.xlsx", &texts.answers_xlsx),
            ] {
                a href={ "/api/export/" (name) "?" (span) } download { (label) } " "
            }
            @for (name, label) in [("bars.svg", &texts.bars_svg), ("lines.svg", &texts.lines_svg)] {
                a href={ "/api/plots/" (name) "?" (query) } download { (label) } " "
            }
        }
    }
}
