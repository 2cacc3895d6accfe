//! The pages in a real browser, while their scripts run. Skips where there is no Chromium.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;

use crate::console::browser::{Browser, chromium, picture};
use crate::console::house::{House, NUMBER, TICKET, aftermath, build, complaint, house, turn};
use huiyin::desk::{Actor, Order, TicketEvent};
use huiyin::hotline::Command;
use huiyin::kernel::{AgentId, TicketId};
use huiyin::speech::Speaker;

fn closing(result: &str) -> Order {
    Order::Event(TicketEvent::Closed { result: result.into() })
}

const ONLINE: &str = "document.querySelector('#feed.is-online') !== null";

async fn happen(house: &House, facts: Vec<huiyin::hotline::Fact>) {
    house.store.keep(&facts).await.unwrap();
    for fact in facts {
        let _ = house.feed.send(fact);
    }
}

#[tokio::test]
async fn ticket_and_agent_page_show_their_texts_and_no_markup_of_callers() {
    let Some(program) = chromium() else { return };
    let house = house().await;
    house.store.keep(&complaint()).await.unwrap();
    house.record();
    let mut browser = Browser::start(&program).await;
    browser.open(&house.url(&format!("/tickets/{TICKET}"))).await;
    browser.until(ONLINE).await;
    let text = browser.text().await;
    for shown in
        ["金华市婺城区白龙桥镇", "330702103", "138****8000", "（空白）", "实时", "<script>alert('x')"]
    {
        assert!(text.contains(shown), "the ticket page shows no {shown}: {text}");
    }
    assert_eq!(browser.value("document.querySelectorAll('main img, main script').length").await, 0);
    browser.open(&house.url("/agents/1")).await;
    browser.until(ONLINE).await;
    let text = browser.text().await;
    for shown in ["振铃", NUMBER, "夜间施工噪声", "请问是在什么地方？", "A1 李晓"]
    {
        assert!(text.contains(shown), "the agent's page shows no {shown}: {text}");
    }
    browser.close().await;
}

#[tokio::test]
async fn an_open_page_takes_in_what_becomes_true_and_leaves_what_is_being_typed() {
    let Some(program) = chromium() else { return };
    let mut house = house().await;
    let begun = complaint();
    house.store.keep(&begun[..5]).await.unwrap();
    let mut browser = Browser::start(&program).await;
    browser.open(&house.url("/agents/1")).await;
    browser.until(ONLINE).await;
    happen(&house, begun[5..].to_vec()).await;
    browser.until("document.querySelector('.banner.is-ringing') !== null").await;
    browser.until("document.querySelector('#close-result') !== null").await;
    browser
        .value("const field = document.querySelector('#close-result'); field.focus(); field.value = '正在写'")
        .await;
    happen(&house, vec![turn(1, 4, Speaker::Agent, "您好，我是坐席李晓", None)]).await;
    browser.until("document.querySelector('#turn-4') !== null").await;
    let typed = "document.activeElement.id + document.activeElement.value";
    assert_eq!(browser.value(typed).await, "close-result正在写");
    let others = vec![turn(1, 5, Speaker::Caller, "还在打桩", None)];
    happen(&house, others).await;
    browser.until("document.querySelectorAll('.turn').length === 6").await;
    happen(&house, aftermath()).await;
    browser.until("document.querySelector('.banner.is-idle') !== null").await;
    assert!(browser.text().await.contains("没有来电"));
    house.stop().await;
    browser.until("document.querySelector('#feed.is-offline') !== null").await;
    browser.close().await;
}

#[tokio::test]
async fn an_agent_works_with_keys_and_forms() {
    let Some(program) = chromium() else { return };
    let refuse = |command: &Command| match command {
        Command::Order { ticket, order, .. } if **order == closing("再来") => {
            let (state, wanted) = ("closed", "closed again");
            Some(Err(huiyin::desk::DeskError::NotNow { ticket: *ticket, state, wanted }))
        }
        _ => Some(Ok(())),
    };
    let house = build(None, Arc::new(refuse)).await;
    house.store.keep(&complaint()).await.unwrap();
    let mut browser = Browser::start(&program).await;
    browser.open(&house.url("/agents/1")).await;
    browser.until(ONLINE).await;
    let press = "document.dispatchEvent(new KeyboardEvent('keydown', { key: 'r', altKey: true }))";
    browser.value(press).await;
    let fill = |text: &str| {
        format!(
            "document.querySelector('#close-result').value = '{text}';
             document.querySelector('#close-{TICKET} button').click()"
        )
    };
    browser.until("document.querySelector('#banner output').textContent.includes('已完成')").await;
    browser.value(&fill("再来")).await;
    let answer = format!("document.querySelector('#close-{TICKET} output').textContent");
    browser.until(&format!("{answer}.includes('当前状态不能这样做')")).await;
    browser.value(&fill("已责令停工")).await;
    browser.until(&format!("{answer}.includes('已完成')")).await;
    let (ticket, by) = (TicketId(TICKET), Actor::desk("A1 李晓"));
    let commands = house.commands.lock().unwrap().clone();
    assert_eq!(commands[0], Command::AgentReady { agent: AgentId(1) });
    let order = Box::new(closing("已责令停工"));
    assert_eq!(commands[2], Command::Order { ticket, seen: Some(2), by, order });
    browser.close().await;
}

#[tokio::test]
async fn a_moment_of_the_recording_is_played_from_its_start_to_its_end() {
    let Some(program) = chromium() else { return };
    let house = house().await;
    house.store.keep(&complaint()).await.unwrap();
    house.record();
    let mut browser = Browser::start(&program).await;
    browser.open(&house.url(&format!("/tickets/{TICKET}"))).await;
    browser.value("document.querySelector('#field-place .play').click()").await;
    let playing =
        "document.querySelector('#field-place .play').getAttribute('aria-pressed') === 'true'
        && document.querySelector('#player').currentTime >= 2.1";
    browser.until(playing).await;
    browser.until("document.querySelector('#player').paused").await;
    let stopped = browser.value("document.querySelector('#player').currentTime").await;
    let stopped = stopped.as_f64().unwrap();
    assert!((2.6..3.4).contains(&stopped), "stopped at {stopped} s, not soon after 2.7 s");
    browser.close().await;
}

async fn is_there(house: &House, id: &str, stage: &str) {
    let path = format!("/api/knowledge/{id}");
    for _ in 0..400 {
        let reply = house.get(&path).await;
        if reply.status() == 200
            && reply.json::<serde_json::Value>().await.unwrap()["stage"] == stage
        {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    panic!("{id} never becomes {stage}");
}

#[tokio::test]
async fn an_editor_drafts_and_a_colleague_publishes_with_forms_and_keys() {
    let Some(program) = chromium() else { return };
    let house = house().await;
    let mut browser = Browser::start(&program).await;
    let fill = |field: &str, text: &str| {
        format!("document.querySelector('#{field}').value = {}; true", serde_json::json!(text))
    };
    let send = |form: &str| format!("document.querySelector('{form} button[type=submit]').click()");
    browser.open(&house.url("/knowledge")).await;
    browser.until(ONLINE).await;
    browser.value("document.querySelector('#new-item').open = true").await;
    for (field, text) in
        [("new-id", "senior-card"), ("new-title", "老年优待证办理"), ("new-by", "李晓")]
    {
        browser.value(&fill(field, text)).await;
    }
    browser.value(&send("#new-item form")).await;
    is_there(&house, "senior-card", "draft").await;
    browser.until("localStorage.getItem('huiyin.by') === '李晓'").await;
    browser.open(&house.url("/knowledge/senior-card")).await;
    browser.until(ONLINE).await;
    assert_eq!(
        browser.value("document.querySelector('#draft-by').value").await,
        "李晓",
        "the browser remembers"
    );
    assert_eq!(
        browser.value("document.querySelector('#field-spoken').getAttribute('aria-invalid')").await,
        "true"
    );
    for (field, text) in [
        ("field-asks", "老年证怎么办\n办老年证要什么\n老人优待证去哪里领\n满六十岁办什么证"),
        ("field-spoken", "年满六十周岁的，带身份证到社区办理。"),
        ("field-full", "年满六十周岁的，带身份证到社区办理。"),
        ("field-source-name", "老年人权益保障法"),
        ("field-source-date", "2018-12-29"),
        ("field-topic", "养老"),
        ("field-keywords", "老年证"),
    ] {
        browser.value(&fill(field, text)).await;
    }
    browser.value("document.querySelector('#field-keywords').focus()").await;
    browser
        .value("document.dispatchEvent(new KeyboardEvent('keydown', { key: 's', altKey: true }))")
        .await;
    browser.until("document.querySelector('#faults') === null").await;
    let kept = "document.activeElement.id + document.activeElement.value";
    assert_eq!(
        browser.value(kept).await,
        "field-keywords老年证",
        "the focus and what is being typed stay"
    );
    browser.value(&send("#step-review")).await;
    browser
        .until(
            "document.querySelector('#step-review output').textContent.includes('起草人不能审核')",
        )
        .await;
    browser.value(&fill("by-review", "王敏")).await;
    browser.value(&send("#step-review")).await;
    browser.until("document.querySelector('#step-publish') !== null").await;
    browser.value(&send("#step-publish")).await;
    is_there(&house, "senior-card", "published").await;
    browser.until("document.querySelector('.knowledge_stage.is-published') !== null").await;
    browser.close().await;
}

/// Takes pictures of every page, light and dark, where `HUIYIN_SCREENSHOTS` names a folder.
#[tokio::test]
async fn pictures_of_the_pages() {
    let (Ok(folder), Some(program)) = (std::env::var("HUIYIN_SCREENSHOTS"), chromium()) else {
        return;
    };
    let house = house().await;
    house.store.keep(&complaint()).await.unwrap();
    house.record();
    let take = async |name: &str, path: &str, dark: bool| {
        let file = format!("{folder}/{name}{}.png", if dark { "-dark" } else { "" });
        picture(&program, &house.url(path), &file, dark).await;
    };
    let ticket = format!("/tickets/{TICKET}");
    for dark in [false, true] {
        take("overview", "/", dark).await;
        take("agent", "/agents/1", dark).await;
        take("ticket", &ticket, dark).await;
    }
    take("call", "/calls/1", false).await;
    take("idle", "/agents/2", false).await;
    house.store.keep(&aftermath()).await.unwrap();
    take("tickets", "/tickets", false).await;
    take("closed", &ticket, false).await;
    take("surveys", "/surveys", false).await;
    take("supervisor", "/supervisor", true).await;
    let why = huiyin::hotline::Why::Refused;
    let at = crate::console::house::noon();
    let unanswered = huiyin::hotline::Fact::Unanswered {
        call: huiyin::kernel::CallId(1),
        utterance: 3,
        why,
        at,
    };
    house.store.keep(&[unanswered]).await.unwrap();
    let edit = serde_json::json!({ "by": "李晓", "spoken": "带户口簿到派出所补领，可以吗？" });
    assert_eq!(house.post("/api/knowledge/id-card/draft?version=0", edit).await.status(), 200);
    take("knowledge", "/knowledge", false).await;
    take("item", "/knowledge/id-card", false).await;
    take("questions", "/questions", true).await;
}
