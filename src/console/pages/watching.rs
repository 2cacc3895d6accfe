//! On the wall, for supervisors: listen, whisper, barge in, take over; write to agents.

use maud::{Markup, html};

use super::joining::{Button, name_of};
use crate::access::Grant;
use crate::bridge::Part;
use crate::console::App;
use crate::console::access::Person;
use crate::console::api::AgentNow;
use crate::console::error::ApiError;
use crate::kernel::AgentId;
use crate::store::PartyRow;

/// Nothing for those who may not. `at`: the supervisor's own telephone, by work number.
pub(super) async fn watching(
    app: &App,
    who: &Person,
    at: Option<i64>,
    agents: &[AgentNow],
) -> Result<Markup, ApiError> {
    if !who.may(Grant::WatchCalls) {
        return Ok(html! {});
    }
    let at = at.filter(|at| agents.iter().any(|agent| agent.id == *at));
    let parties = app.store.parties().await?;
    let mine = parties.iter().find(|party| {
        party.agent == at && at.is_some() && Part::from_key(&party.part).is_some_and(Part::watches)
    });
    Ok(html! {
        section #watching .card aria-label=(app.texts.watching.title) {
            h2 { (app.texts.watching.title) }
            (telephone(app, at, agents))
            @if let Some(at) = at {
                @match mine {
                    Some(mine) => { (on_call(app, at, mine, &parties)) }
                    None => { (calls(app, at, &parties)) }
                }
            }
            (write(app, agents))
        }
        @if let Some(at) = at { (super::phone::phone(app, at)) }
    })
}

fn telephone(app: &App, at: Option<i64>, agents: &[AgentNow]) -> Markup {
    let texts = &app.texts.watching;
    html! {
        form .row method="get" action="/wall" {
            label for="at" { (texts.at) }
            select #at name="at" {
                @for agent in agents {
                    option value=(agent.id) selected[at == Some(agent.id)] {
                        (AgentId(agent.id.max(0) as u64)) " " (agent.name)
                    }
                }
            }
            button type="submit" { (texts.choose) }
        }
    }
}

/// What the telephone does on this call.
fn does(at: i64, call: i64, part: Part) -> (String, [(&'static str, String); 2]) {
    (format!("/api/calls/{call}/watch"), [("at", at.to_string()), ("part", part.key().to_owned())])
}

fn on_call(app: &App, at: i64, mine: &PartyRow, parties: &[PartyRow]) -> Markup {
    let texts = &app.texts.watching;
    let with: Vec<String> = parties
        .iter()
        .filter(|party| party.call_id == mine.call_id && party.part == Part::Serves.key())
        .map(|party| name_of(app, party))
        .collect();
    let turns = [
        (Part::Listens, &texts.listen, &texts.listen_key, "1"),
        (Part::Whispers, &texts.whisper, &texts.whisper_key, "2"),
        (Part::Barges, &texts.barge, &texts.barge_key, "3"),
    ];
    let own = |what: &str| format!("/api/agents/{at}/{what}");
    html! {
        div #watched .row {
            p .large role="status" {
                @if mine.up_at.is_some() { (texts.on) (app.texts.name("part", &mine.part)) } @else { (texts.rings) }
                " · " (with.join("、"))
            }
            @for (part, name, keys, key) in turns {
                @if part.key() != mine.part {
                    @let (post, sends) = does(at, mine.call_id, part);
                    (Button { post, name, keys, key, sends: &sends }.markup())
                }
            }
            @if mine.up_at.is_some() {
                (Button { post: own("take-over"), name: &texts.take_over, keys: &texts.take_over_key, key: "4", sends: &[] }.markup())
            }
            (Button { post: own("unwatch"), name: &texts.leave, keys: &texts.leave_key, key: "0", sends: &[] }.markup())
        }
    }
}

fn calls(app: &App, at: i64, parties: &[PartyRow]) -> Markup {
    let texts = &app.texts.watching;
    let serves = |party: &&PartyRow| {
        party.part == Part::Serves.key() && party.up_at.is_some() && party.agent != Some(at)
    };
    let served: Vec<&PartyRow> = parties.iter().filter(serves).collect();
    let parts = [
        (Part::Listens, &texts.listen),
        (Part::Whispers, &texts.whisper),
        (Part::Barges, &texts.barge),
    ];
    html! {
        @if served.is_empty() { p .empty { (texts.nobody) } }
        ul #to-watch .plain {
            @for party in served {
                li id={ "watch-" (party.call_id) } .row {
                    b { (name_of(app, party)) }
                    @for (part, name) in parts {
                        @let (post, sends) = does(at, party.call_id, part);
                        form method="post" data-post=(post) {
                            @for (name, value) in &sends { input type="hidden" name=(name) value=(value); }
                            button type="submit" { (name) }
                            output role="status" {}
                        }
                    }
                }
            }
        }
    }
}

fn write(app: &App, agents: &[AgentNow]) -> Markup {
    let texts = &app.texts.watching;
    html! {
        form #write .row method="post" data-post="/api/agent-messages" {
            label for="write-to" { (texts.write) }
            select #write-to name="to" {
                option value="" { (texts.to_all) }
                @for agent in agents {
                    option value=(agent.id) { (AgentId(agent.id.max(0) as u64)) " " (agent.name) }
                }
            }
            label .sr for="write-text" { (texts.text) }
            input #write-text name="text" maxlength=(crate::hotline::MESSAGE_CHARS) required;
            button type="submit" { (texts.send) }
            output role="status" {}
        }
    }
}
