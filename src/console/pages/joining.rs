//! On an agent's page: who is on the call, whom to bring in or pass the caller to, and what supervisors have written.

use maud::{Markup, html};

use super::parts::clock;
use crate::access::Grant;
use crate::bridge::Part;
use crate::console::App;
use crate::console::access::Person;
use crate::console::api::AgentNow;
use crate::console::error::ApiError;
use crate::kernel::AgentId;
use crate::store::{AgentMessageRow, PartyRow};

/// Messages on the page: those not seen, and the newest that were.
const MESSAGES: i64 = 20;

/// A button that is its own form.
pub(super) struct Button<'a> {
    pub post: String,
    pub name: &'a str,
    pub keys: &'a str,
    pub key: &'a str,
    /// Fields that it sends.
    pub sends: &'a [(&'a str, String)],
}

impl Button<'_> {
    pub fn markup(&self) -> Markup {
        html! {
            form method="post" data-post=(self.post) {
                @for (name, value) in self.sends { input type="hidden" name=(name) value=(value); }
                button type="submit" data-key=(self.key) aria-keyshortcuts=(self.keys) {
                    (self.name) " " kbd { (self.keys) }
                }
                output role="status" {}
            }
        }
    }
}

/// What somebody is called.
pub(super) fn name_of(app: &App, party: &PartyRow) -> String {
    let Some(id) = party.agent else { return party.name.clone() };
    let agent = AgentId(id.max(0) as u64);
    let known = app.agents.iter().find(|known| known.id == agent);
    known.map_or_else(|| agent.to_string(), |known| format!("{agent} {}", known.name))
}

/// Nothing for one who has no caller.
pub(super) async fn joining(
    app: &App,
    who: &Person,
    now: &AgentNow,
    others: &[AgentNow],
) -> Result<Markup, ApiError> {
    let Some(call) = now.call_id.filter(|_| now.state == "talking" || now.state == "hold") else {
        return Ok(html! { section #joining hidden {} });
    };
    let mut parties = app.store.parties().await?;
    // Who is whispered to hears it; who is listened to does not know.
    parties.retain(|party| party.call_id == call);
    let own = |party: &PartyRow| party.agent == Some(now.id);
    let serves = parties.iter().any(|party| own(party) && party.part == Part::Serves.key());
    let hidden = |party: &PartyRow| {
        party.part == Part::Listens.key() && !own(party) && !who.may(Grant::WatchCalls)
    };
    parties.retain(|party| !hidden(party));
    Ok(html! {
        section #joining .card aria-label=(app.texts.joining.title) {
            (there(app, &parties))
            @if serves {
                (acts(app, now, &parties))
                (choice(app, now, others))
            }
        }
    })
}

fn there(app: &App, parties: &[PartyRow]) -> Markup {
    html! {
        ul #parties .plain.row {
            @for party in parties {
                li id={ "party-" (party.leg) } {
                    b { (name_of(app, party)) } " " (app.texts.name("part", &party.part))
                    @if party.up_at.is_none() { " · " (app.texts.joining.rings) }
                }
            }
        }
    }
}

fn acts(app: &App, now: &AgentNow, parties: &[PartyRow]) -> Markup {
    let texts = &app.texts.joining;
    let post = |act: &str| format!("/api/agents/{}/talk/{act}", now.id);
    let button =
        |act, name, keys, key| Button { post: post(act), name, keys, key, sends: &[] }.markup();
    let asked = parties.iter().any(|party| party.part == Part::Asked.key());
    let joined = parties.iter().any(|party| party.part == Part::Joined.key());
    let by_page =
        app.agents.iter().any(|agent| agent.id.0 as i64 == now.id && agent.uri.starts_with("sip:"));
    html! {
        div #acts .row {
            // The telephone in the browser has its own.
            @if by_page && !asked {
                @if now.state == "hold" {
                    (button("resume", texts.resume.as_str(), texts.resume_key.as_str(), "h"))
                } @else {
                    (button("hold", texts.hold.as_str(), texts.hold_key.as_str(), "h"))
                }
            }
            @if asked { (button("join", texts.join.as_str(), texts.join_key.as_str(), "3")) }
            @if asked || joined {
                (button("pass", texts.pass.as_str(), texts.pass_key.as_str(), "x"))
                (button("call-off", texts.call_off.as_str(), texts.call_off_key.as_str(), "z"))
            }
        }
    }
}

fn choice(app: &App, now: &AgentNow, others: &[AgentNow]) -> Markup {
    let texts = &app.texts.joining;
    html! {
        form #pass-on .row method="post" data-post={ "/api/agents/" (now.id) "/talk/ask" } {
            label for="to" { (texts.to) }
            select #to name="to" aria-describedby="to-help" {
                @if !app.outside.is_empty() {
                    optgroup label=(texts.outside) {
                        @for outside in &app.outside {
                            option value={ "outside:" (outside.code) } { (outside.name) }
                        }
                    }
                }
                optgroup label=(texts.agents) {
                    @for other in others.iter().filter(|other| other.id != now.id) {
                        option value={ "agent:" (other.id) } {
                            (AgentId(other.id.max(0) as u64)) " " (other.name) " · " (app.texts.name("agent_state", &other.state))
                        }
                    }
                }
                optgroup label=(texts.groups) {
                    @for group in &app.plan.groups {
                        option value={ "group:" (group.code) } { (group.name) }
                    }
                }
            }
            button type="submit" data-key="q" aria-keyshortcuts=(texts.ask_key) {
                (texts.ask) " " kbd { (texts.ask_key) }
            }
            button type="submit" data-key="t" aria-keyshortcuts=(texts.transfer_key)
                data-post={ "/api/agents/" (now.id) "/talk/transfer" } {
                (texts.transfer) " " kbd { (texts.transfer_key) }
            }
            output role="status" {}
            p #to-help .hint { (texts.help) }
        }
    }
}

/// What supervisors have written, the newest first.
pub(super) async fn messages(app: &App, agent: i64) -> Result<Markup, ApiError> {
    let rows = app.store.agent_messages(AgentId(agent.max(0) as u64), MESSAGES).await?;
    let unseen: Vec<&AgentMessageRow> = rows.iter().filter(|row| row.seen_at.is_none()).collect();
    let texts = &app.texts.joining;
    let post = format!("/api/agents/{agent}/messages/seen");
    let seen = Button { post, name: &texts.seen, keys: &texts.seen_key, key: "g", sends: &[] };
    Ok(html! {
        section #written .card hidden[unseen.is_empty()] aria-label=(texts.messages) {
            div #written-list role="alert" {
                @for row in &unseen {
                    p id={ "written-" (row.id) } .large {
                        (row.text) " " span .hint { (row.author) " " (clock(row.at)) }
                    }
                }
            }
            @if !unseen.is_empty() { (seen.markup()) }
        }
    })
}
