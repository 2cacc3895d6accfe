//! 一屏统揽 and the agents' states: what the queue did, as it is kept and shown.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use crate::console::house::{House, complaint, house, noon, turn};
use huiyin::acd::{Gone, Priority, Record};
use huiyin::hotline::{Command, Direction, Fact};
use huiyin::kernel::{AgentId, CallId, Pii, Wall};
use huiyin::speech::Speaker;
use serde_json::{Value, json};

const A1: AgentId = AgentId(1);
const A2: AgentId = AgentId(2);

fn entered(call: u64) -> Record {
    Record::Entered { call: CallId(call), group: "main".into(), priority: Priority::Ordinary }
}

fn answered(call: u64, agent: AgentId, waited_ms: u64) -> Record {
    Record::Answered { call: CallId(call), agent, waited_ms }
}

fn left(call: u64, why: Gone) -> Record {
    Record::Left { call: CallId(call), why, waited_ms: 30_000 }
}

fn begins(call: u64, at: Wall) -> Fact {
    let number = Some(Pii::new(format!("1390000000{call}")));
    Fact::CallStarted { call: CallId(call), direction: Direction::Inbound, number, at }
}

/// Seconds after the moment at which all this begins; never after now.
async fn queue(house: &House, records: Vec<(i64, Record)>) {
    let begins = start();
    let facts: Vec<Fact> = records
        .into_iter()
        .map(|(s, record)| Fact::Queue { record, at: begins.plus_ms(s * 1_000) })
        .collect();
    house.store.keep(&facts).await.unwrap();
}

/// Just after midnight in China, so that it is today whenever the test runs.
fn start() -> Wall {
    noon().plus_ms(-12 * 3_600_000)
}

async fn day(house: &House) {
    let at = start();
    let mut facts: Vec<Fact> = (1..=6).map(|call| begins(call, at)).collect();
    facts.push(turn(1, 0, Speaker::Robot, "您好", Some(0)));
    facts.push(turn(2, 0, Speaker::Robot, "您好", Some(0)));
    facts.push(Fact::CallEnded { call: CallId(1), outcome: "abandoned".into(), at });
    house.store.keep(&facts).await.unwrap();
    let ms = 10_000;
    queue(
        house,
        vec![
            (0, entered(2)),
            (1, answered(2, A1, 9_000)),
            (2, Record::Ended { call: CallId(2), agent: A1, talk_ms: 120_000 }),
            (3, entered(2)),
            (
                4,
                Record::WrappedUp {
                    call: CallId(2),
                    agent: A1,
                    code: Some("answered".into()),
                    wrap_up_ms: ms,
                },
            ),
            (5, answered(2, A2, 21_000)),
            (6, entered(3)),
            (7, left(3, Gone::Left)),
            (8, entered(4)),
            (8, left(4, Gone::Nobody)),
            (9, entered(5)),
            (10, Record::Promised { call: CallId(5) }),
            (11, entered(6)),
        ],
    )
    .await;
}

#[tokio::test]
async fn the_wall_counts_what_the_queue_did_robot_and_people_apart() {
    let house = house().await;
    let empty = house.json("/api/wall").await;
    assert_eq!((&empty["people_in_time"], &empty["hall"]["waiting"]), (&Value::Null, &json!(0)));
    day(&house).await;
    let wall = house.json("/api/wall").await;
    let hall = &wall["hall"];
    assert_eq!(hall["waiting"], 1, "C6; C5 will be called back");
    assert_eq!(hall["oldest_at"], start().plus_ms(11_000).unix_ms);
    assert_eq!(hall["promised"], 1);
    // C2 twice, C3, C4, and C6 who waits too long already, unless the day has just begun.
    let young = wall["at"].as_i64().unwrap() - start().unix_ms < 30_000;
    assert!(young || hall["asked"] == 5, "{hall}");
    assert_eq!((&hall["in_time"], &hall["abandoned"]), (&json!(1), &json!(1)));
    assert_eq!(hall["turned_away"], 1);
    let robot = &wall["robot"];
    assert_eq!(
        (&robot["calls"], &robot["in_time"], &robot["abandoned"]),
        (&json!(6), &json!(2), &json!(1))
    );
    let page = house.page("/wall").await;
    for shown in ["一屏统揽", "最长等候", "15 秒接通率", "待回电", "李晓", "未签入"]
    {
        assert!(page.contains(shown), "{shown}");
    }
    assert!(page.contains("data-live=\"queue agent_state"), "it follows the feed");
    assert!(!page.contains("139000000"), "no number of a citizen stands on a wall");
}

#[tokio::test]
async fn talks_and_who_had_them_are_there_for_planning_and_after_a_restart() {
    let house = house().await;
    day(&house).await;
    let happened = house.store.happened(start(), start().plus_ms(86_400_000)).await.unwrap();
    let handled: Vec<Option<u64>> = happened.iter().map(|one| one.handled_ms).collect();
    assert_eq!(handled, [Some(130_000), None, None, None, None, None]);
    let owners = house.store.restore().await.unwrap().owners;
    let owners: Vec<(&str, AgentId)> =
        owners.iter().map(|owner| (owner.caller.reveal().as_str(), owner.agent)).collect();
    assert_eq!(owners, [("13900000002", A2), ("13900000002", A1)], "newest first");
    house.store.mark_interrupted(start().plus_ms(20_000)).await.unwrap();
    let hall = house.json("/api/wall").await["hall"].clone();
    assert_eq!((&hall["waiting"], &hall["promised"]), (&json!(0), &json!(0)));
}

#[tokio::test]
async fn agents_go_away_for_a_reason_and_say_what_a_talk_came_to() {
    let house = house().await;
    house.store.keep(&complaint()).await.unwrap();
    let page = house.page("/agents/1").await;
    for shown in ["小休", "用餐", "未签入", "data-post=\"/api/agents/1/away\""] {
        assert!(page.contains(shown), "{shown}");
    }
    assert!(!page.contains("id=\"wrap-up\""), "it only rings");
    let at = noon();
    let state = |state, reason: Option<&str>| Fact::AgentState {
        agent: A1,
        state,
        call: (state == "wrap_up").then_some(CallId(1)),
        reason: reason.map(str::to_owned),
        at,
    };
    house.store.keep(&[state("wrap_up", None)]).await.unwrap();
    let page = house.page("/agents/1").await;
    for shown in ["id=\"wrap-up\"", "当场答复", "话后处理时限 30 秒"] {
        assert!(page.contains(shown), "{shown}");
    }
    house.store.keep(&[state("away", Some("meal"))]).await.unwrap();
    assert!(house.page("/agents").await.contains("用餐"));
    assert_eq!(house.json("/api/agents").await["agents"][0]["reason"], "meal");
    assert_eq!(house.post("/api/agents/1/away", json!({ "reason": "meal" })).await.status(), 200);
    assert_eq!(
        house.post("/api/agents/1/wrap-up", json!({ "code": "answered" })).await.status(),
        200
    );
    let refused = house.post("/api/agents/1/wrap-up", json!({ "code": " " })).await;
    assert_eq!(refused.status(), 422);
    let wanted = [
        Command::AgentAway { agent: A1, reason: "meal".into() },
        Command::WrapUpCode { agent: A1, code: "answered".into() },
    ];
    assert_eq!(house.commands.lock().unwrap().as_slice(), wanted);
}
