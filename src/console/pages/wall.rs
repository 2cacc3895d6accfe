//! 一屏统揽: the hall at a glance, for a screen on the wall: who talks, who waits, how the day goes, what agents do.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use maud::{Markup, html};
use serde::{Deserialize, Serialize};

use super::frame::{Place, frame};
use super::parts::badge;
use crate::console::App;
use crate::console::access::Known;
use crate::console::api::{AgentNow, agent_rows};
use crate::console::error::ApiError;
use crate::console::figures::{midnight, now};
use crate::kernel::AgentId;
use crate::store::{Hall, RobotDay};

/// What changes the page, and how often it is looked at by time alone, in seconds.
const KINDS: &str = "queue agent_state call_started call_state call_ended party";
const LOOKS_EVERY_S: u32 = 10;
/// The order of states on the page.
const STATES: [&str; 6] = ["talking", "hold", "ringing", "wrap_up", "idle", "away"];

/// Shares are of 1; none where nobody is counted yet. Times are Unix milliseconds.
#[derive(Clone, Debug, Serialize)]
pub(in crate::console) struct Wall {
    at: i64,
    calls_with_robot: i64,
    calls_with_people: i64,
    hall: Hall,
    robot: RobotDay,
    robot_in_time: Option<f64>,
    people_in_time: Option<f64>,
    agents: Vec<AgentNow>,
}

async fn look(app: &App) -> Result<Wall, ApiError> {
    let (now, agents) = (now(), agent_rows(app).await?);
    let midnight = midnight(now);
    let hall = app.store.hall(midnight, now).await?;
    let robot = app.store.robot_day(midnight, now).await?;
    let talks = agents.iter().filter(|a| a.state == "talking" || a.state == "hold").count() as i64;
    let live = app.store.live_calls().await?.len() as i64;
    let share = |part: i64, of: i64| (of > 0).then(|| part as f64 / of as f64);
    Ok(Wall {
        at: now.unix_ms,
        calls_with_robot: (live - hall.waiting - talks).max(0),
        calls_with_people: talks,
        robot_in_time: share(robot.in_time, robot.asked),
        people_in_time: share(hall.in_time, hall.asked),
        hall,
        robot,
        agents,
    })
}

pub(in crate::console) async fn wall_json(
    State(app): State<Arc<App>>,
) -> Result<Json<Wall>, ApiError> {
    Ok(Json(look(&app).await?))
}

/// The work number of the supervisor's own telephone.
#[derive(Debug, Deserialize)]
pub(in crate::console) struct Mine {
    at: Option<i64>,
}

pub(in crate::console) async fn wall(
    State(app): State<Arc<App>>,
    who: Known,
    mine: Result<Query<Mine>, QueryRejection>,
) -> Result<Markup, ApiError> {
    let mine = mine?.0;
    let wall = look(&app).await?;
    let watching = super::watching::watching(&app, &who, mine.at, &wall.agents).await?;
    let texts = &app.texts.wall;
    let body = html! {
        h1 .sr { (texts.title) }
        section #hall .wall-now aria-label=(texts.now) {
            (figure(&texts.calls, &html! { (wall.calls_with_robot + wall.calls_with_people) }, Some(&html! {
                (texts.robot) " " b .figure { (wall.calls_with_robot) } " · "
                (texts.people) " " b .figure { (wall.calls_with_people) }
            }), false))
            (figure(&texts.waiting, &html! { (wall.hall.waiting) }, Some(&html! {
                (texts.promised) " " b .figure { (wall.hall.promised) }
            }), wall.hall.waiting > 0))
            (figure(&texts.longest, &longest(&wall), None, is_late(&wall)))
            (figure(&texts.free, &html! { (count(&wall, "idle")) }, Some(&html! {
                (texts.on_duty) " " b .figure { (wall.agents.len() - count(&wall, "away")) }
            }), false))
        }
        section #day .wall-day aria-label=(texts.today) { (day(&app, &wall)) }
        (watching)
        section #staff aria-label=(app.texts.page.agents) { (staff(&app, &wall)) }
    };
    let page = html! {
        div #page .wall data-live=(KINDS) data-every=(LOOKS_EVERY_S) { (body) }
    };
    Ok(frame(&app, &who, Place::Wall, &texts.title, page))
}

fn figure(name: &str, value: &Markup, beneath: Option<&Markup>, stands_out: bool) -> Markup {
    html! {
        div .card .stands-out[stands_out] {
            p .wall-name { (name) }
            p .wall-figure .figure { (value) }
            p .hint { @if let Some(beneath) = beneath { (beneath) } @else { "\u{a0}" } }
        }
    }
}

/// Runs on by the script.
fn longest(wall: &Wall) -> Markup {
    let seconds = wall.hall.oldest_at.map_or(0, |since| (wall.at - since).max(0) / 1000);
    html! {
        span data-since=[wall.hall.oldest_at] { (seconds / 60) ":" (format!("{:02}", seconds % 60)) }
    }
}

fn is_late(wall: &Wall) -> bool {
    wall.hall.oldest_at.is_some_and(|since| wall.at - since > crate::store::IN_TIME_MS)
}

fn count(wall: &Wall, state: &str) -> usize {
    wall.agents.iter().filter(|agent| agent.state == state).count()
}

fn day(app: &App, wall: &Wall) -> Markup {
    let texts = &app.texts.wall;
    let share = |share: Option<f64>| match share {
        Some(share) => html! { (format!("{:.1}%", share * 100.0)) },
        None => html! { span .hint { (texts.nobody_yet) } },
    };
    html! {
        div .scroll { table .wall-table {
            thead { tr {
                th scope="col" { (texts.today) }
                th scope="col" { (texts.asked) }
                th scope="col" { (texts.in_time) }
                th scope="col" { (texts.abandoned) }
                th scope="col" { (texts.turned_away) }
            } }
            tbody {
                tr #robot-day {
                    th scope="row" { (texts.robot) }
                    td .figure { (wall.robot.calls) }
                    td .figure title={ (wall.robot.in_time) " / " (wall.robot.asked) } { (share(wall.robot_in_time)) }
                    td .figure { (wall.robot.abandoned) }
                    td { "–" }
                }
                tr #people-day {
                    th scope="row" { (texts.people) }
                    td .figure { (wall.hall.asked) }
                    td .figure title={ (wall.hall.in_time) " / " (wall.hall.asked) } { (share(wall.people_in_time)) }
                    td .figure { (wall.hall.abandoned) }
                    td .figure { (wall.hall.turned_away) }
                }
            }
        } }
    }
}

fn staff(app: &App, wall: &Wall) -> Markup {
    let mut agents: Vec<&AgentNow> = wall.agents.iter().collect();
    let rank = |agent: &AgentNow| STATES.iter().position(|state| *state == agent.state);
    agents.sort_by_key(|agent| (rank(agent), agent.id));
    html! {
        p .wall-states {
            @for state in STATES {
                span { (badge(app, "agent_state", state)) " " b .figure { (count(wall, state)) } }
            }
        }
        @if agents.is_empty() { p .empty { (app.texts.agent.none_configured) } }
        ul .wall-agents {
            @for agent in agents {
                li id={ "agent-" (agent.id) } class={ "card is-" (agent.state) } {
                    a href={ "/agents/" (agent.id) } { b { (AgentId(agent.id.max(0) as u64)) } " " (agent.name) }
                    span { (app.texts.name("agent_state", &agent.state)) (why(app, agent)) }
                    @if let Some(since) = agent.since {
                        span .figure data-since=(since) { (lasted(wall.at - since)) }
                    }
                }
            }
        }
    }
}

fn lasted(ms: i64) -> String {
    let seconds = ms.max(0) / 1000;
    if seconds >= 3600 {
        format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
    } else {
        format!("{}:{:02}", seconds / 60, seconds % 60)
    }
}

/// Why they are away, in words.
pub(super) fn why(app: &App, agent: &AgentNow) -> Markup {
    let Some(reason) = agent.reason.as_deref() else { return html! {} };
    let named = app.plan.reasons.iter().find(|named| named.code == reason);
    let name = named.map_or_else(|| app.texts.name("away_reason", reason), |n| n.name.as_str());
    html! { " · " (name) }
}
