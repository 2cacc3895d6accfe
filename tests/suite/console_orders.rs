//! A ticket's life on the console: orders through the API, forms on the page, and who reported sealed from everybody.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;

use crate::console::house::{
    House, NUMBER, TICKET, build, complaint, fields, happens, house, noon, ticket,
};
use crate::ticket_life::rulebook;
use huiyin::desk::ticket::{Forum, Ground, Mark};
use huiyin::desk::{Actor, DeskError, Order, Role, TicketEvent};
use huiyin::hotline::{Command, Direction, Fact};
use huiyin::kernel::evidence::Source;
use huiyin::kernel::{CallId, Filled, Pii, Slot, TicketId};
use serde_json::{Value, json};

fn path(order: &str) -> String {
    format!("/api/tickets/{TICKET}/orders/{order}")
}

type Case = (&'static str, Value, Role, Order);

/// Orders as forms and programs send them, and what they come to.
fn cases() -> Vec<Case> {
    let event = Order::Event;
    let why = || "理由".to_owned();
    let dispatch = Order::Dispatch {
        unit: "enforcement-330702".into(),
        with: vec!["housing-330702".into(), "婺城区公安局".into()],
        pack: Some("simple".into()),
        member: None,
    };
    vec![
        (
            "dispatch",
            json!({ "unit": "enforcement-330702", "with": "housing-330702、婺城区公安局", "pack": "simple", "member": "" }),
            Role::Desk,
            dispatch,
        ),
        ("work", json!({ "why": "理由" }), Role::Unit, event(TicketEvent::Worked { note: why() })),
        (
            "mark",
            json!({ "mark": "arrived", "why": "", "role": "unit" }),
            Role::Unit,
            event(TicketEvent::Marked { mark: Mark::Arrived, words: String::new() }),
        ),
        (
            "extend",
            json!({ "amount": "10", "why": "理由", "told": "已说明" }),
            Role::Unit,
            Order::AskExtension {
                limit: None,
                amount: 10,
                why: why(),
                told: Some("已说明".into()),
            },
        ),
        (
            "uphold",
            json!({ "why": "理由" }),
            Role::Desk,
            event(TicketEvent::ObjectionDecided { upheld: true, why: why() }),
        ),
        (
            "convene",
            json!({ "forum": "task_force", "units": ["a", "b"], "why": "理由" }),
            Role::Desk,
            Order::Convene {
                forum: Forum::TaskForce,
                units: vec!["a".into(), "b".into()],
                why: why(),
            },
        ),
        (
            "supervise",
            json!({ "why": "理由" }),
            Role::Supervisor,
            event(TicketEvent::Supervised { why: why() }),
        ),
        (
            "tell",
            json!({ "ground": "statutory", "why": "理由" }),
            Role::Desk,
            event(TicketEvent::Told { ground: Ground::Statutory, words: why() }),
        ),
        (
            "merge",
            json!({ "into": "2611220009", "why": "理由" }),
            Role::Desk,
            event(TicketEvent::Merged { into: TicketId(2_611_220_009), why: why() }),
        ),
    ]
}

#[tokio::test]
async fn orders_become_commands_with_who_in_what_role_and_what_they_have_seen() {
    let house = house().await;
    for (order, mut body, role, wanted) in cases() {
        body["by"] = json!("李晓");
        body["seen"] = json!("7");
        let done = house.post(&path(order), body.clone()).await;
        assert_eq!(done.status(), 200, "{order} {body}");
        let command = house.commands.lock().unwrap().pop().unwrap();
        let (by, order) = (Actor::new(role, "李晓"), Box::new(wanted));
        assert_eq!(command, Command::Order { ticket: TicketId(TICKET), seen: Some(7), by, order });
    }
}

#[tokio::test]
async fn what_is_wrong_with_an_order_is_named() {
    let refuse = |command: &Command| match command {
        Command::Order { ticket, seen: Some(seen), .. } => Some(Err(DeskError::Changed {
            ticket: *ticket,
            seen: *seen,
            now: 9,
            changes: "dispatched by 王敏".into(),
        })),
        Command::Order { ticket, .. } => {
            let near = "enforcement-330702".to_owned();
            Some(Err(if ticket.0 == 5 {
                DeskError::NoUnit { unit: "x".into(), near }
            } else {
                DeskError::NotTheirs { role: Role::Desk, wanted: "signed for", may: "unit".into() }
            }))
        }
        _ => Some(Ok(())),
    };
    let house = build(None, Arc::new(refuse)).await;
    let by = "李晓";
    for (path, body, status, code, field) in [
        (path("fly"), json!({ "by": by }), 404, "not_found", Value::Null),
        (path("work"), json!({ "by": by, "why": " " }), 422, "empty", json!("why")),
        (path("work"), json!({ "by": "", "why": "x" }), 422, "empty", json!("by")),
        (
            path("work"),
            json!({ "by": by, "why": "x", "seen": "x" }),
            422,
            "bad_number",
            json!("seen"),
        ),
        (
            path("work"),
            json!({ "by": by, "why": "x", "role": "robot" }),
            422,
            "bad_choice",
            json!("role"),
        ),
        (
            path("tell"),
            json!({ "by": by, "why": "x", "ground": "weather" }),
            422,
            "bad_choice",
            json!("ground"),
        ),
        (path("dispatch"), json!({ "by": by }), 422, "empty", json!("unit")),
        (path("extend"), json!({ "by": by, "why": "x" }), 422, "empty", json!("amount")),
        (
            path("merge"),
            json!({ "by": by, "why": "x", "into": "abc" }),
            422,
            "bad_number",
            json!("into"),
        ),
        (path("sign"), json!({ "by": by, "seen": 7 }), 409, "changed", Value::Null),
        (path("sign"), json!({ "by": by }), 403, "not_theirs", Value::Null),
        ("/api/tickets/5/orders/sign".into(), json!({ "by": by }), 422, "no_unit", json!("unit")),
    ] {
        let refused = house.post(&path, body.clone()).await;
        assert_eq!(refused.status(), status, "{path} {body}");
        let error: Value = refused.json().await.unwrap();
        assert_eq!((&error["code"], &error["field"]), (&json!(code), &field), "{path} {body}");
        assert!(error["remedy"].is_string(), "{path} {body}");
    }
}

/// A ticket with these events after its registering, as the hotline keeps it.
async fn life(house: &House, events: Vec<(TicketEvent, Actor)>) {
    house.store.keep(&complaint()).await.unwrap();
    let mut one = ticket();
    happens(&mut one, TicketEvent::Registered, Actor::robot(), noon());
    let book = rulebook();
    for (event, by) in events {
        let Fact::Ticket { entry, .. } = happens(&mut one, event, by, noon()) else { panic!() };
        book.time(&mut one).unwrap();
        house.store.keep(&[Fact::Ticket { ticket: one.clone(), entry }]).await.unwrap();
    }
}

fn dispatched() -> (TicketEvent, Actor) {
    let to = crate::ticket::assignment();
    (TicketEvent::Dispatched { to }, Actor::desk("李晓"))
}

#[tokio::test]
async fn the_page_offers_what_the_life_allows_and_shows_unit_and_deadline() {
    let house = house().await;
    life(&house, Vec::new()).await;
    let page = house.page(&format!("/tickets/{TICKET}")).await;
    for there in [
        "/orders/dispatch",
        "/orders/tell",
        "/orders/merge",
        "name=\"seen\" value=\"2\"",
        "datalist",
    ] {
        assert!(page.contains(there), "{there}");
    }
    for absent in
        ["/orders/sign", "/orders/answer", "/orders/uphold", "/orders/identity", "id=\"due\""]
    {
        assert!(!page.contains(absent), "{absent}");
    }
    let house = self::house().await;
    let by_unit = |event| (event, Actor::new(Role::Unit, "张三"));
    life(&house, vec![dispatched(), by_unit(TicketEvent::Objected { why: "不属本单位".into() })])
        .await;
    let page = house.page(&format!("/tickets/{TICKET}")).await;
    for there in [
        "/orders/uphold",
        "/orders/overrule",
        "异议待裁定",
        "单位government-330702103",
        "单位centre-330702",
        "裁定异议",
        "承办单位 张三",
        "不属本单位",
    ] {
        assert!(page.contains(there), "{there}");
    }
    for absent in ["/orders/sign", "/orders/dispatch", &format!("id=\"close-{TICKET}\"")] {
        assert!(!page.contains(absent), "{absent}");
    }
    let row = house.json(&format!("/api/tickets/{TICKET}")).await;
    assert_eq!((&row["unit"], &row["version"]), (&json!("government-330702103"), &json!(4)));
    assert_eq!(row["duty"], "objection_decision");
    assert_eq!(row["events"][3]["role"], "unit");
}

#[tokio::test]
async fn the_suggested_unit_is_taken_with_one_key() {
    let house = house().await;
    let mut told = fields();
    for (slot, value, code) in
        [(Slot::Category, "施工噪声", "0101"), (Slot::Place, "金华市婺城区白龙桥镇", "330702103")]
    {
        let filled = told.get_mut(&slot).unwrap();
        (filled.value, filled.code) = (value.into(), Some(code.into()));
    }
    life(&house, vec![(TicketEvent::Drafted { fields: told }, Actor::robot())]).await;
    let page = house.page(&format!("/tickets/{TICKET}")).await;
    let form = page.split("id=\"dispatch\"").nth(1).unwrap().split("</form>").next().unwrap();
    for there in [
        "data-key=\"d\"",
        "aria-keyshortcuts=\"Alt+D\"",
        "value=\"enforcement-330702\"",
        "name=\"seen\"",
    ] {
        assert!(form.contains(there), "{there}: {form}");
    }
}

#[tokio::test]
async fn who_reported_is_sealed_everywhere_and_opened_only_by_signing_for_it() {
    let house = house().await;
    let mut told = fields();
    let report = Filled {
        value: "举报".into(),
        code: Some("report".into()),
        evidence: Vec::new(),
        source: Source::Staff,
    };
    let caller = Filled { value: "赵六".into(), ..report.clone() };
    told.insert(Slot::MatterType, report);
    told.insert(Slot::Caller, Filled { code: None, ..caller });
    life(&house, vec![(TicketEvent::Drafted { fields: told }, Actor::robot())]).await;
    for path in [
        format!("/tickets/{TICKET}"),
        "/tickets".into(),
        "/agents/1".into(),
        "/calls/1".into(),
        "/".into(),
        "/api/tickets".into(),
        format!("/api/tickets/{TICKET}"),
        "/api/calls".into(),
        "/api/calls/1".into(),
    ] {
        let text = house.page(&path).await;
        for sealed in [NUMBER, "138****8000", "赵六"] {
            // Words of the call have their numbers masked; what was said is not who said it.
            let shown = text.matches(sealed).count();
            let said = text.matches("我电话是138****8000").count();
            assert!(shown == 0 || shown == said, "{path} shows {sealed}");
        }
        assert!(text.contains("***") || !path.contains(&TICKET.to_string()), "{path}");
    }
    let page = house.page(&format!("/tickets/{TICKET}")).await;
    assert!(page.contains("/orders/identity") && page.contains("保密"));
    let body = json!({ "by": "陈主任", "why": "核实案情", "role": "supervisor" });
    let opened = house.post(&path("identity"), body).await;
    assert_eq!(opened.status(), 200);
    let opened: Value = opened.json().await.unwrap();
    assert_eq!(opened["identity"]["number"], NUMBER);
    assert_eq!(opened["identity"]["caller"], "赵六");
    assert_eq!(opened["identity"]["calling_number"], NUMBER);
    let order = Box::new(Order::Event(TicketEvent::IdentityOpened { why: "核实案情".into() }));
    let by = Actor::new(Role::Supervisor, "陈主任");
    let command = Command::Order { ticket: TicketId(TICKET), seen: None, by, order };
    assert_eq!(house.commands.lock().unwrap().as_slice(), [command]);
    let unsigned = house.post(&path("identity"), json!({ "by": "陈主任" })).await;
    assert_eq!(unsigned.status(), 422, "nobody looks without a reason");
}

#[tokio::test]
async fn a_ticket_from_before_events_were_whole_is_carried_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("huiyin.db");
    let store = huiyin::store::Store::open(&path).await.unwrap();
    let call = CallId(1);
    let number = Some(Pii::new(NUMBER.to_owned()));
    let started = Fact::CallStarted { call, direction: Direction::Inbound, number, at: noon() };
    store.keep(&[started]).await.unwrap();
    store.keep(&complaint()[5..6]).await.unwrap();
    store.keep(&complaint()[7..8]).await.unwrap();
    store.close().await;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path);
    let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
    sqlx::query("UPDATE ticket_events SET payload = NULL").execute(&pool).await.unwrap();
    pool.close().await;
    let store = huiyin::store::Store::open(&path).await.unwrap();
    let id = TicketId(TICKET);
    let loaded = store.load_tickets(&[id]).await.unwrap().pop().unwrap();
    assert_eq!((loaded.state.key(), loaded.version), ("registered", 3));
    assert_eq!(loaded.fields, fields());
    let entries = store.entries(id).await.unwrap();
    assert_eq!(
        entries.iter().map(|e| (e.seq, e.event.key())).collect::<Vec<_>>(),
        [(3, "carried")]
    );
    // Once.
    store.close().await;
    let store = huiyin::store::Store::open(&path).await.unwrap();
    assert_eq!(store.entries(id).await.unwrap(), entries);
}
