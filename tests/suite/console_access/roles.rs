//! Every route and every role; what is whose; what is written down.

use std::collections::BTreeMap;

use huiyin::access::{Grant, Role};
use huiyin::console::{Doors, On, ROUTES, Route, Rule};
use huiyin::desk::{Actor, Role as Part};
use huiyin::hotline::Command;
use reqwest::Method;
use serde_json::{Value, json};

use super::staff::{
    Browser, CODE, PASSWORD, account, agent, deeds, dispatched, enter, open, posting, staff, unit,
};
use crate::console::house::{NUMBER, TICKET};

fn path_of(route: &Route) -> String {
    let path =
        route.path.replace("{id}", "1").replace("{slot}", "place").replace("{order}", "sign");
    let path = path.replace("{n}", "1");
    let path = path.replace("{act}", "ask");
    let path = path.replace("{step}", "review").replace("{code}", CODE);
    match route.path {
        "/assets/{name}" => path.replace("{name}", "style.css"),
        "/open311/v2/requests/{name}" => path.replace("{name}", "1.json"),
        "/open311/v2/{name}" => path.replace("{name}", "services.json"),
        _ => path.replace("{name}", "tickets.csv"),
    }
}

/// A line says on which thing it is wherever the grant may hold for one's own alone.
#[test]
fn every_route_says_on_what_it_is() {
    for route in ROUTES {
        let wanted = match route.path {
            path if path.contains("/tickets/{id}") => On::Ticket,
            path if path.contains("/audio") => On::Recording,
            path if path.contains("/agents/{id}") => On::Agent,
            path if path.contains("{code}") => On::Unit,
            _ => On::Nothing,
        };
        assert_eq!(route.on, wanted, "{} {}", route.method, route.path);
        let twice =
            ROUTES.iter().filter(|one| one.path == route.path && one.method == route.method);
        assert_eq!(twice.count(), 1, "{} {}", route.method, route.path);
    }
    let open: Vec<&str> =
        ROUTES.iter().filter(|route| route.rule == Rule::Anyone).map(|route| route.path).collect();
    assert_eq!(open, ["/login", "/login", "/assets/{name}", "/api/health"]);
}

#[tokio::test]
async fn every_role_walks_every_route() {
    let house = open(Doors::default()).await;
    // The account that an admin's walk disables.
    account(&house, "nobody", &posting(Role::CallerPublic)).await;
    let mut walked = BTreeMap::new();
    for role in Role::ALL {
        let name = role.key().replace('_', ".");
        let browser = staff(&house, &name, &posting(role)).await;
        for route in ROUTES.iter().filter(|route| !route.by_form) {
            let may = match route.rule {
                Rule::Anyone | Rule::Known => true,
                Rule::May(grant) => role.grants().has(grant),
            };
            let body = (route.method == Method::POST).then(|| json!({}));
            let response = browser.ask(route.method.clone(), &path_of(route), body).await;
            let status = response.status().as_u16();
            assert_ne!(status, 401, "{role} {} {}", route.method, route.path);
            assert_ne!(status, 500, "{role} {} {}", route.method, route.path);
            assert_eq!(status != 403, may, "{role} {} {}: {status}", route.method, route.path);
            *walked.entry(role).or_insert(0) += 1;
        }
    }
    let routes = ROUTES.iter().filter(|route| !route.by_form).count();
    assert!(Role::ALL.iter().all(|role| walked[role] == routes));
    assert!(house.commands.lock().unwrap().iter().all(|command| {
        matches!(
            command,
            Command::AgentReady { .. }
                | Command::AgentAway { .. }
                | Command::MessagesSeen { .. }
                | Command::Unwatch { .. }
                | Command::TakeOver { .. }
        )
    }));
    // Nobody walks any but the open ones.
    for route in ROUTES.iter().filter(|route| route.rule != Rule::Anyone) {
        let request = house.http.request(route.method.clone(), house.url(&path_of(route)));
        let status = request.json(&json!({})).send().await.unwrap().status().as_u16();
        assert!(matches!(status, 401 | 303), "{} {}: {status}", route.method, route.path);
    }
}

async fn everything_of(browser: &Browser<'_>, id: u64) -> Vec<(String, u16)> {
    let mut found = Vec::new();
    let routes = ROUTES.iter().filter(|route| route.on == On::Ticket);
    for route in routes {
        let Rule::May(grant) = route.rule else { panic!("{}", route.path) };
        if !Role::Unit.grants().has(grant) {
            continue;
        }
        let path = path_of(route).replacen("/1", &format!("/{id}"), 1);
        let body = (route.method == Method::POST).then(|| json!({}));
        let status = browser.ask(route.method.clone(), &path, body).await.status().as_u16();
        found.push((path, status));
    }
    found
}

#[tokio::test]
async fn a_unit_reaches_its_own_tickets_and_no_others() {
    let house = open(Doors::default()).await;
    house.store.keep(&dispatched()).await.unwrap();
    house.photograph().await;
    let own = staff(&house, "own", &unit(CODE)).await;
    let other = staff(&house, "other", &unit("housing-330703")).await;
    let desk = staff(&house, "desk", &posting(Role::Desk)).await;
    for (path, status) in everything_of(&other, TICKET).await {
        assert_eq!(status, 404, "{path}");
    }
    for (path, status) in everything_of(&own, TICKET).await {
        assert!(matches!(status, 200 | 422), "{path}: {status}");
    }
    // Whose it is is not told: it is as if it were not there.
    let theirs = other.get(&format!("/api/tickets/{TICKET}")).await.text().await.unwrap();
    let none = other.get("/api/tickets/2611229999").await.text().await.unwrap();
    assert_eq!(theirs.replace(&TICKET.to_string(), "N"), none.replace("2611229999", "N"));
    for (browser, listed) in [(&own, 1), (&other, 0), (&desk, 1)] {
        let list = browser.json("/api/tickets").await;
        assert_eq!(list["tickets"].as_array().unwrap().len(), listed);
        let page = browser.page("/tickets").await;
        assert_eq!(page.contains(&TICKET.to_string()), listed == 1);
    }
    assert_eq!(own.status(&format!("/board/units/{CODE}")).await, 200);
    assert_eq!(own.status("/board/units/housing-330703").await, 404);
    assert_eq!(own.status("/calls/1").await, 403);
    // Its page has nothing of others, and no sound.
    let page = own.page(&format!("/tickets/{TICKET}")).await;
    assert!(!page.contains("data-play") && !page.contains("id=\"related\""));
    assert!(page.contains("/orders/sign") && !page.contains("/orders/dispatch"), "{page}");
    let dispatch = format!("/api/tickets/{TICKET}/orders/dispatch");
    let refused = own.post(&dispatch, json!({ "by": "x", "unit": "police" })).await;
    assert_eq!(refused.status(), 403);
    assert!(deeds(&house, "not_theirs").await.iter().any(|deed| deed.actor == "other"));
    assert!(house.commands.lock().unwrap().is_empty());
}

#[tokio::test]
async fn recordings_are_heard_by_those_who_had_the_call_and_each_listening_is_written_down() {
    let house = open(Doors::default()).await;
    house.store.keep(&dispatched()).await.unwrap();
    house.record();
    let path = "/api/calls/1/audio";
    for (name, posting, status) in [
        ("had", agent(1), 200),
        ("hadnot", agent(2), 404),
        ("desk", posting(Role::Desk), 200),
        ("unit", unit(CODE), 403),
        ("auditor", posting(Role::Auditor), 403),
        ("admin", posting(Role::Admin), 403),
    ] {
        let browser = staff(&house, name, &posting).await;
        assert_eq!(browser.status(path).await, status, "{name}");
        // The parts of one listening are one.
        for range in ["bytes=0-99", "bytes=100-"] {
            let request = house.http.get(house.url(path)).header("cookie", &browser.cookie);
            let part = request.header("range", range).send().await.unwrap().status().as_u16();
            assert_eq!(part == 206, status == 200, "{name}");
        }
    }
    let heard: Vec<(String, String)> =
        deeds(&house, "listened").await.into_iter().map(|deed| (deed.actor, deed.object)).collect();
    let wanted = [("had", "call 1"), ("desk", "call 1")];
    assert_eq!(heard, wanted.map(|(actor, object)| (actor.to_owned(), object.to_owned())));
}

#[tokio::test]
async fn numbers_are_masked_and_showing_one_is_written_down() {
    let house = open(Doors::default()).await;
    house.store.keep(&dispatched()).await.unwrap();
    let desk = staff(&house, "desk", &posting(Role::Desk)).await;
    let supervisor = staff(&house, "boss", &posting(Role::Supervisor)).await;
    let own = staff(&house, "agent", &agent(1)).await;
    let ticket = format!("/tickets/{TICKET}");
    for browser in [&desk, &supervisor, &own] {
        for path in ["/", "/tickets", &ticket, "/calls/1", "/api/tickets", "/api/calls/1"] {
            assert!(!browser.page(path).await.contains(NUMBER), "{path}");
        }
        assert!(!browser.page(&format!("/api{ticket}")).await.contains(NUMBER));
    }
    assert!(!supervisor.page("/agents/1").await.contains(NUMBER));
    // Who has the caller needs the number.
    assert!(own.page("/agents/1").await.contains(NUMBER));
    assert_eq!(own.status("/agents/2").await, 404);
    assert!(deeds(&house, "unmasked").await.is_empty());
    let told =
        desk.post(&format!("/api{ticket}/reveal/number"), json!({ "why": "回电核实" })).await;
    assert_eq!(told.json::<Value>().await.unwrap()["told"], NUMBER);
    let written = deeds(&house, "unmasked").await;
    let [deed] = written.as_slice() else { panic!("{written:?}") };
    assert_eq!((deed.actor.as_str(), deed.role.as_str()), ("desk", "desk"));
    assert_eq!(deed.object, format!("ticket {TICKET} number"));
    assert!(!format!("{deed:?}").contains(NUMBER));
    assert_eq!(desk.status("/api/export/tickets.csv").await, 403);
    assert_eq!(supervisor.status("/api/export/tickets.csv").await, 200);
    assert_eq!(deeds(&house, "exported").await.len(), 1);
}

#[tokio::test]
async fn whoever_is_logged_in_signs_with_their_own_name_and_in_their_own_part() {
    let house = open(Doors::default()).await;
    house.store.keep(&dispatched()).await.unwrap();
    let path = format!("/api/tickets/{TICKET}/orders");
    let forged = |why: &str| json!({ "by": "别人", "role": "supervisor", "why": why });
    let own = staff(&house, "own", &unit(CODE)).await;
    assert_eq!(own.post(&format!("{path}/work"), forged("已到现场")).await.status(), 200);
    let desk = staff(&house, "desk", &posting(Role::Desk)).await;
    assert_eq!(desk.post(&format!("{path}/seal"), forged("举报")).await.status(), 200);
    assert_eq!(desk.post(&format!("{path}/supervise"), forged("超期")).await.status(), 403);
    let commands = house.commands.lock().unwrap().clone();
    let by: Vec<Actor> = commands
        .into_iter()
        .map(|command| match command {
            Command::Order { by, .. } => by,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(by, [Actor::new(Part::Unit, "own"), Actor::new(Part::Desk, "desk")]);
}

#[tokio::test]
async fn an_admin_keeps_accounts_and_an_auditor_reads_of_it() {
    let house = open(Doors::default()).await;
    let admin = staff(&house, "root", &posting(Role::Admin)).await;
    let auditor = staff(&house, "audit", &posting(Role::Auditor)).await;
    let new = json!({ "name": "Wang.Min", "display": "王敏", "role": "agent", "agent": "2", "password": PASSWORD });
    assert_eq!(admin.post("/api/accounts", new.clone()).await.status(), 200);
    let again = admin.post("/api/accounts", new).await.json::<Value>().await.unwrap();
    assert_eq!(again["code"], "name_taken");
    for (change, code) in [
        (json!({ "name": "王敏" }), "bad_name"),
        (json!({ "password": "short" }), "short_password"),
        (json!({ "role": "root" }), "bad_choice"),
        (json!({ "role": "unit", "agent": "" }), "unit_of_role"),
        (json!({ "role": "desk" }), "agent_of_role"),
        (json!({ "agent": "77" }), "no_agent"),
    ] {
        let mut body = json!({ "name": "x1", "display": "x", "role": "agent", "agent": "2", "password": PASSWORD });
        change.as_object().unwrap().iter().for_each(|(key, value)| body[key] = value.clone());
        let refused = admin.post("/api/accounts", body).await;
        assert_eq!(refused.status(), 422, "{change}");
        assert_eq!(refused.json::<Value>().await.unwrap()["code"], code, "{change}");
    }
    // Another's first password must be changed before anything else.
    let wang = enter(&house, "wang.min", PASSWORD).await;
    assert_eq!(wang.status("/agents/2").await, 303);
    assert_eq!(wang.get("/api/calls").await.json::<Value>().await.unwrap()["code"], "must_first");
    let change =
        json!({ "old": PASSWORD, "new": super::staff::OTHER, "again": super::staff::OTHER });
    assert_eq!(wang.post("/api/account/password", change).await.status(), 200);
    assert_eq!(wang.status("/agents/2").await, 200);
    let id = admin.json("/api/accounts").await["accounts"]
        .as_array()
        .unwrap()
        .iter()
        .find(|account| account["name"] == "wang.min")
        .unwrap()["id"]
        .clone();
    let of = |what: &str| format!("/api/accounts/{id}/{what}");
    assert_eq!(admin.post(&of("disable"), json!({})).await.status(), 200);
    assert_eq!(wang.status("/api/calls").await, 401, "who is disabled is out at once");
    assert_eq!(admin.post("/api/accounts/1/disable", json!({})).await.status(), 409, "their own");
    assert_eq!(admin.status("/audit").await, 403);
    let page = auditor.page("/audit?whole=1").await;
    for shown in ["新增账号", "停用账号", "account wang.min", "整条链完好"] {
        assert!(page.contains(shown), "{shown}");
    }
    assert_eq!(auditor.json("/api/audit/chain").await["whole"], true);
    assert!(Role::Auditor.grants().has(Grant::ReadAudit));
    let list = auditor.json("/api/audit?action=account_added&limit=1").await;
    assert_eq!(list["audit"][0]["detail"], "agent A2");
}
