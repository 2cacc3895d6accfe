//! An agent passes a caller on from their page, by keys alone, with a browser for a telephone; a supervisor helps from the wall.

use super::baresip::installed;
use super::browser::{agent_talks, agents_page, answer, ready};
use super::joining::{
    ASKED, BOSS, CALLER, LOUD, WHILE_S, goes_on, heard, loudest, part, state, tone,
};
use super::process::{Service, alone};
use crate::console::browser::Browser;

async fn key(browser: &mut Browser, key: &str) {
    let press = format!(
        "document.dispatchEvent(new KeyboardEvent('keydown', {{ key: '{key}', altKey: true }}))"
    );
    browser.value(&press).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "passes by itself; in one whole run it did not, and why is not known yet: run it with --ignored"]
async fn pages_pass_a_caller_on_by_keys_and_a_supervisor_helps_from_the_wall() {
    let _alone = alone().await;
    let Some(program) = ready().filter(|_| installed()) else { return };
    let (asked, boss) = (tone("802", ASKED).await, tone("809", BOSS).await);
    let config = format!(
        "[[agents]]\nid = 801\nname = \"张敏\"\nuri = \"browser\"\n\
         [[agents]]\nid = 802\nname = \"李强\"\nuri = \"sip:802@{}\"\n\
         [[agents]]\nid = 809\nname = \"班长\"\nuri = \"sip:809@{}\"\non_duty = false\n",
        asked.sip, boss.sip
    );
    let service = Service::start(&config).await;
    let mut agent = agents_page(&service, &program).await;
    let mut caller = tone("13900001830", CALLER).await;
    caller.order("dial", &format!("sip:12345@{}", service.sip)).await;
    service.asked(1).await;
    caller.order("sndcode", "0").await;
    answer(&service, &mut agent).await;
    agent_talks(&service, 20).await;
    let mut wall = Browser::start(&program).await;
    wall.open(&format!("http://{}/wall?at=809", service.console)).await;
    wall.until("document.querySelector('#watch-1') !== null").await;
    // A word to the agent, which stands on their page until they have read it.
    wall.value("document.querySelector('#write-text').value = '请先安抚情绪'").await;
    wall.value("document.querySelector('#write').requestSubmit()").await;
    agent.until("document.querySelector('#written').innerText.includes('请先安抚情绪')").await;
    key(&mut agent, "g").await;
    agent.until("document.querySelector('#written').hidden").await;
    wall.value("document.querySelector('#watch-1 button').click()").await;
    part(&service, 809, "listens").await;
    agent.until("document.querySelector('#parties').innerText.includes('801')").await;
    assert!(!agent.text().await.contains("监听"), "who is listened to does not see it");
    wall.until("document.querySelector('#watched') !== null").await;
    key(&mut wall, "2").await;
    part(&service, 809, "whispers").await;
    goes_on(&service, WHILE_S).await;
    agent.until("document.querySelector('#to') !== null").await;
    agent.value("document.querySelector('#to').value = 'agent:802'").await;
    key(&mut agent, "q").await;
    part(&service, 802, "asked").await;
    agent.until("document.querySelector('[data-key=\"3\"]') !== null").await;
    key(&mut agent, "3").await;
    part(&service, 802, "joined").await;
    agent.until("document.querySelector('[data-key=\"x\"]') !== null").await;
    key(&mut agent, "x").await;
    part(&service, 802, "serves").await;
    state(&service, 0, "wrap_up").await;
    goes_on(&service, WHILE_S).await;
    key(&mut wall, "0").await;
    state(&service, 2, "away").await;
    caller.order("hangup", "").await;
    service.ended(1, 30).await;
    let folder = service.folder.path();
    let (by_caller, samples) = heard(caller, folder).await;
    assert!(by_caller.contains(&vec![ASKED]), "{by_caller:?}");
    assert!(loudest(&samples, BOSS) < LOUD * 0.03, "the caller heard the supervisor");
    let (by_asked, _) = heard(asked, folder).await;
    // The whisper is for whoever serves.
    assert!(by_asked.contains(&vec![CALLER, BOSS]), "{by_asked:?}");
    let (by_boss, _) = heard(boss, folder).await;
    assert!(by_boss.iter().any(|heard| heard.contains(&CALLER)), "{by_boss:?}");
    agent.close().await;
    wall.close().await;
    service.calm();
}
