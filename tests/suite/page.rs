//! The pages in a real browser, while their scripts run. Skips where there is no Chromium.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;

use crate::console::browser::{Browser, chromium, picture};
use crate::console::house::{House, NUMBER, TICKET, aftermath, build, complaint, house, turn};
use huiyin::hotline::Command;
use huiyin::kernel::{AgentId, TicketId};
use huiyin::speech::Speaker;

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
    for shown in ["金华市婺城区白龙桥镇", "330702103", NUMBER, "（空白）", "实时", "<script>alert('x')"] {
        assert!(text.contains(shown), "the ticket page shows no {shown}: {text}");
    }
    assert_eq!(browser.value("document.querySelectorAll('main img, main script').length").await, 0);
    browser.open(&house.url("/agents/1")).await;
    browser.until(ONLINE).await;
    let text = browser.text().await;
    for shown in ["振铃", NUMBER, "夜间施工噪声", "请问是在什么地方？", "A1 李晓"] {
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
        Command::CloseTicket { ticket, result, .. } if result == "再来" => {
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
    let (ticket, by) = (TicketId(TICKET), "A1 李晓".to_owned());
    let commands = house.commands.lock().unwrap().clone();
    assert_eq!(commands[0], Command::AgentReady { agent: AgentId(1) });
    assert_eq!(commands[2], Command::CloseTicket { ticket, result: "已责令停工".into(), by });
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
    let playing = "document.querySelector('#field-place .play').getAttribute('aria-pressed') === 'true'
        && document.querySelector('#player').currentTime >= 2.1";
    browser.until(playing).await;
    browser.until("document.querySelector('#player').paused").await;
    let stopped = browser.value("document.querySelector('#player').currentTime").await;
    let stopped = stopped.as_f64().unwrap();
    assert!((2.6..3.4).contains(&stopped), "stopped at {stopped} s, not soon after 2.7 s");
    browser.close().await;
}

/// Takes pictures of every page, light and dark, where `HUIYIN_SCREENSHOTS` names a folder.
#[tokio::test]
async fn pictures_of_the_pages() {
    let (Ok(folder), Some(program)) = (std::env::var("HUIYIN_SCREENSHOTS"), chromium()) else { return };
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
}
