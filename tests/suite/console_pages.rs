//! The pages as they leave the console: whole without scripts, masked on lists, every key named.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use crate::console::house::{HOSTILE, NUMBER, TICKET, aftermath, complaint, house};
use huiyin::call::leg::{EndReason, Failure};
use huiyin::desk::clock::Duty;
use huiyin::desk::ticket::{Forum, Ground, Mark, Role, TicketState};
use huiyin::acd::{AgentState, NO_ANSWER, OFF_DUTY};
use huiyin::dialogue::Outcome;
use huiyin::intake::Grade;
use huiyin::kernel::{CallId, Moment, Slot};
use huiyin::survey::{Question, SurveyOutcome, VerifyReason};

const LISTS: [&str; 6] = ["/", "/tickets", "/agents", "/surveys", "/supervisor", "/calls/1"];

#[tokio::test]
async fn lists_and_the_call_page_show_no_whole_number() {
    let house = house().await;
    house.store.keep(&complaint()).await.unwrap();
    for path in LISTS {
        assert!(!house.page(path).await.contains(NUMBER), "{path}, during the call");
    }
    assert!(house.page("/").await.contains("138****8000"));
    house.store.keep(&aftermath()).await.unwrap();
    for path in
        LISTS.into_iter().chain(["/calls/2", "/api/calls/1", "/api/tickets", "/api/surveys"])
    {
        assert!(!house.page(path).await.contains(NUMBER), "{path}, afterwards");
    }
    for path in [format!("/tickets/{TICKET}"), format!("/api/tickets/{TICKET}")] {
        let page = house.page(&path).await;
        assert!(!page.contains(NUMBER) && page.contains("138****8000"), "{path}");
    }
}

#[tokio::test]
async fn words_of_callers_are_text_and_never_markup() {
    let house = house().await;
    house.store.keep(&complaint()).await.unwrap();
    let ticket = format!("/tickets/{TICKET}");
    for path in ["/", "/calls/1", "/agents/1", ticket.as_str()] {
        let page = house.page(path).await;
        assert!(!page.contains("<script>") && !page.contains("<img"), "{path}");
        let text = page.contains("&lt;script&gt;alert('x')");
        assert!(text || path == "/", "{path}: the overview alone shows only the last words");
    }
    assert_eq!(house.json("/api/calls/1").await["turns"][1]["text"], HOSTILE);
}

#[tokio::test]
async fn the_ticket_page_shows_every_field_with_its_evidence_and_blank_ones_as_blank() {
    let house = house().await;
    house.store.keep(&complaint()).await.unwrap();
    house.record();
    let page = house.page(&format!("/tickets/{TICKET}")).await;
    for name in [
        "来电号码",
        "来电人",
        "诉求类型",
        "事项分类",
        "发生地点",
        "发生时间",
        "诉求内容",
        "诉求目的",
    ] {
        assert!(page.contains(name), "{name}");
    }
    for shown in ["金华市婺城区白龙桥镇", "330702103", "0:02.1–0:02.7", "91%", "来电显示", "登记"]
    {
        assert!(page.contains(shown), "{shown}");
    }
    assert!(page.contains("data-play=\"1\" data-start=\"2100\" data-end=\"2700\""));
    let demand = page.split("id=\"field-demand\"").nth(1).unwrap();
    assert!(demand.split("</dd>").next().unwrap().contains("（空白）"));
    assert!(page.contains(&format!("data-post=\"/api/tickets/{TICKET}/close\"")));
    house.store.keep(&aftermath()).await.unwrap();
    let page = house.page(&format!("/tickets/{TICKET}")).await;
    assert!(!page.contains(&format!("data-post=\"/api/tickets/{TICKET}/close\"")));
    for shown in ["办结", "已责令停工整改", "重新办理"] {
        assert!(page.contains(shown), "{shown}");
    }
}

#[tokio::test]
async fn a_ringing_agent_sees_the_ticket_before_picking_up() {
    let house = house().await;
    let page = house.page("/agents/1").await;
    assert!(page.contains("没有来电") && page.contains("离席"));
    house.store.keep(&complaint()).await.unwrap();
    let page = house.page("/agents/1").await;
    for shown in ["振铃", NUMBER, "夜间施工噪声", "330702103", "请问是在什么地方？", "A1 李晓"]
    {
        assert!(page.contains(shown), "{shown}");
    }
    assert!(house.page("/agents/2").await.contains("没有来电"));
    for path in ["/agents/9", "/agents/x", "/tickets/1", "/calls/9"] {
        let missing = house.get(path).await;
        assert_eq!(missing.status(), 404);
        assert!(missing.text().await.unwrap().contains("没有找到"), "{path}");
    }
}

#[tokio::test]
async fn the_supervisor_sees_open_verifications_with_the_citizens_words() {
    let house = house().await;
    house.store.keep(&complaint()).await.unwrap();
    house.store.keep(&aftermath()).await.unwrap();
    let page = house.page("/supervisor").await;
    for shown in [
        "待核实",
        "不满意",
        "还是吵",
        "夜间施工噪声",
        "640",
        "data-post=\"/api/verifications/1/close\"",
    ] {
        assert!(page.contains(shown), "{shown}");
    }
    let page = house.page("/surveys").await;
    for shown in ["未解决", "不满意", "还是吵", "<kbd>2</kbd>", "138****8000"] {
        assert!(page.contains(shown), "{shown}");
    }
}

/// As the store, the conversation and the callback name them.
const CALL_STATES: [&str; 33] = [
    "begun",
    "new",
    "request",
    "rephrase",
    "more",
    "go_on",
    "confirm",
    "helped",
    "fill",
    "place_back",
    "callback",
    "leave_word",
    "saving",
    "waiting",
    "talking",
    "closing",
    "ended",
    "interrupted",
    "dialling",
    "solved",
    "solved_back",
    "grade",
    "grade_back",
    "reason",
    "number",
    "number_back",
    "number_keys",
    "ticket_number",
    "ticket_back",
    "last_four",
    "looking_up",
    "urge",
    "progress_person",
];

type Key = (&'static str, &'static str);

/// Every key that the desk may hand to a page, by the table that names it.
fn keys_of_the_desk() -> Vec<Key> {
    let moment = Moment::ZERO;
    let call = CallId(1);
    let states = [
        AgentState::off_duty(),
        AgentState::Idle { since: moment },
        AgentState::Ringing { call, until: moment },
        AgentState::Talking { call },
        AgentState::Hold { call },
        AgentState::WrapUp { call, until: moment },
    ];
    let mut keys: Vec<Key> = Vec::new();
    keys.extend(states.iter().map(|s| ("agent_state", s.key())));
    keys.extend([OFF_DUTY, NO_ANSWER].map(|reason| ("away_reason", reason)));
    keys.extend(TicketState::KEYS.map(|key| ("ticket_state", key)));
    keys.extend(crate::ticket::events().iter().map(|event| ("ticket_event", event.key())));
    keys.extend(Role::ALL.iter().map(|role| ("role", role.key())));
    keys.extend(Ground::ALL.iter().map(|ground| ("ground", ground.key())));
    keys.extend(Forum::ALL.iter().map(|forum| ("forum", forum.key())));
    keys.extend(Mark::ALL.iter().map(|mark| ("mark", mark.key())));
    keys.extend(Duty::ALL.iter().map(|duty| ("duty", duty.key())));
    keys.extend(Slot::ALL.iter().map(|s| ("slot", s.key())));
    keys.extend(["waiting", "sent", "given_up"].map(|state| ("message_state", state)));
    keys
}

/// The same of calls and callbacks.
fn keys_of_calls() -> Vec<Key> {
    let outcomes = [
        Outcome::Answered,
        Outcome::HandedOver,
        Outcome::Registered,
        Outcome::Abandoned,
        Outcome::Failed,
    ];
    let ends = [
        EndReason::HungUpByPeer,
        EndReason::HungUpByUs,
        EndReason::Cancelled,
        EndReason::Busy,
        EndReason::NoAnswer,
        EndReason::Rejected(603),
        EndReason::Failed(Failure::NoAck),
        EndReason::Failed(Failure::NoReply),
        EndReason::Failed(Failure::Network),
        EndReason::Failed(Failure::BadSdp),
        EndReason::Failed(Failure::Protocol),
        EndReason::MediaTimeout,
        EndReason::TooLong,
    ];
    let grades = [
        Grade::VerySatisfied,
        Grade::Satisfied,
        Grade::Basic,
        Grade::Dissatisfied,
        Grade::VeryDissatisfied,
    ];
    let mut keys: Vec<Key> = Vec::new();
    keys.extend(outcomes.iter().map(|o| ("call_outcome", o.key())));
    keys.extend(ends.iter().map(|e| ("call_outcome", e.key())));
    keys.extend(SurveyOutcome::ALL.iter().map(|o| ("call_outcome", o.key())));
    keys.extend(SurveyOutcome::ALL.iter().map(|o| ("survey_outcome", o.key())));
    keys.extend(VerifyReason::ALL.iter().map(|r| ("verify_reason", r.key())));
    keys.extend(Question::ALL.iter().map(|q| ("question", q.key())));
    keys.extend(grades.iter().map(|g| ("answer", g.key())));
    keys.extend(CALL_STATES.iter().map(|state| ("call_state", *state)));
    keys.extend(["due", "calling", "ended"].map(|state| ("survey_state", state)));
    keys.extend(["caller", "robot", "agent"].map(|speaker| ("speaker", speaker)));
    keys.extend(["spoken", "keys", "signalling", "staff"].map(|source| ("source", source)));
    keys.extend(["inbound", "callback", "promised"].map(|direction| ("direction", direction)));
    keys.extend(["reopen", "leave"].map(|value| ("answer", value)));
    keys.extend(["reopen", "adult"].map(|state| ("call_state", state)));
    keys.extend(["not_reached", "no_number", "no_ticket"].map(|end| ("survey_outcome", end)));
    keys.extend([("call_outcome", "interrupted"), ("call_outcome", "ended")]);
    keys.extend([("survey_outcome", "attempts_used"), ("answer", "yes"), ("answer", "no")]);
    keys
}

#[test]
fn every_key_has_a_name_in_chinese() {
    let text = include_str!("../../src/console/texts.toml");
    let texts: toml::Table = toml::from_str(text).unwrap();
    let names = texts["names"].as_table().unwrap();
    for (table, key) in keys_of_the_desk().into_iter().chain(keys_of_calls()) {
        let name = names[table].as_table().unwrap().get(key).and_then(toml::Value::as_str);
        assert!(name.is_some_and(|name| !name.is_ascii()), "[names.{table}] has no {key}");
    }
    for (section, lines) in &texts {
        let lines = lines.as_table().unwrap();
        assert!(!lines.is_empty(), "[{section}]");
        for (key, line) in lines {
            assert!(line.as_str().is_none_or(|text| !text.trim().is_empty()), "{section}.{key}");
        }
    }
}
