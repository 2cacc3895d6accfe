//! Logging in and keeping accounts in a real browser. Skips where there is no Chromium.

use huiyin::access::{Role, Secret, code_at, step_of};
use huiyin::console::Doors;
use serde_json::json;

use super::logins::now;
use super::staff::{CODE, OTHER, PASSWORD, account, deeds, dispatched, open, posting, unit};
use crate::console::browser::{Browser, chromium};
use crate::console::house::{House, NUMBER, TICKET};

async fn fill(browser: &mut Browser, fields: &[(&str, &str)], button: &str) {
    // Before its modules have run a page sends its forms by itself.
    browser.until("document.readyState === 'complete'").await;
    for (field, text) in fields {
        let field = json!(field);
        let script = format!("document.querySelector({field}).value = {}; true", json!(text));
        browser.value(&script).await;
    }
    browser.value(&format!("document.querySelector({}).click(); true", json!(button))).await;
}

async fn log_in(browser: &mut Browser, house: &House, name: &str, password: &str) {
    browser.open(&house.url("/login")).await;
    fill(browser, &[("#name", name), ("#password", password)], "form.login button").await;
}

async fn log_out(browser: &mut Browser) {
    browser.value("document.querySelector('form[action=\"/logout\"] button').click(); true").await;
    browser.until("location.pathname === '/login' && document.readyState === 'complete'").await;
}

const AT: &str = "document.readyState === 'complete' && location.pathname === ";

#[tokio::test]
async fn an_admin_adds_an_account_and_its_owner_sets_it_up() {
    let Some(program) = chromium() else { return };
    let house = open(Doors { second_factor: vec![Role::Auditor], ..Doors::default() }).await;
    account(&house, "root", &posting(Role::Admin)).await;
    let mut browser = Browser::start(&program).await;
    log_in(&mut browser, &house, "root", OTHER).await;
    browser.until("document.querySelector('[role=alert]') !== null").await;
    browser.picture("login").await;
    log_in(&mut browser, &house, "root", PASSWORD).await;
    browser.until(&format!("{AT}'/accounts'")).await;
    browser.value("document.querySelector('#new-account').open = true").await;
    let fields = [
        ("#new-account [name=name]", "shen.ji"),
        ("#new-account [name=display]", "沈姬"),
        ("#new-account [name=role]", "auditor"),
        ("#new-account [name=password]", PASSWORD),
    ];
    fill(&mut browser, &fields, "#new-account button").await;
    browser.until("document.body.innerText.includes('shen.ji')").await;
    browser.picture("accounts").await;
    log_out(&mut browser).await;
    log_in(&mut browser, &house, "shen.ji", PASSWORD).await;
    browser.until(&format!("{AT}'/account'")).await;
    browser.picture("account-must").await;
    let fields = [("#old", PASSWORD), ("#new", OTHER), ("#again", OTHER)];
    fill(&mut browser, &fields, "form[data-post='/api/account/password'] button").await;
    browser
        .until("document.readyState === 'complete' && document.body.innerText.includes('要求启用动态码')")
        .await;
    browser
        .value("document.querySelector('form[data-post$=\"/begin\"] button').click(); true")
        .await;
    browser.until("document.querySelector('.secret') !== null").await;
    browser.picture("account-second").await;
    let secret = browser.value("document.querySelector('.secret').textContent").await;
    let secret = Secret::parse(secret.as_str().unwrap()).unwrap();
    let code = code_at(&secret, step_of(now()));
    fill(&mut browser, &[("#code", &code)], "form[data-post$='/confirm'] button").await;
    browser.until("document.body.innerText.includes('已经启用')").await;
    browser.picture("account").await;
    browser.open(&house.url("/audit?whole=1")).await;
    assert!(browser.text().await.contains("启用动态码"));
    browser.picture("audit").await;
    browser.close().await;
}

#[tokio::test]
async fn a_unit_shows_a_number_and_that_is_written_down() {
    let Some(program) = chromium() else { return };
    let house = open(Doors::default()).await;
    house.store.keep(&dispatched()).await.unwrap();
    account(&house, "chengguan", &unit(CODE)).await;
    let mut browser = Browser::start(&program).await;
    log_in(&mut browser, &house, "chengguan", PASSWORD).await;
    browser.until(&format!("{AT}'/tickets'")).await;
    browser.picture("unit-tickets").await;
    browser.open(&house.url(&format!("/tickets/{TICKET}"))).await;
    assert!(!browser.text().await.contains(NUMBER));
    browser.value("document.querySelector('#reveal-number button').click(); true").await;
    browser.until(&format!("document.body.innerText.includes('{NUMBER}')")).await;
    browser.picture("unit-ticket").await;
    assert_eq!(deeds(&house, "unmasked").await.len(), 1);
    // What is signed is the account's own name.
    let signed = browser.value("document.querySelector('#orders [name=by]').value").await;
    assert_eq!(signed, "chengguan");
    log_out(&mut browser).await;
    browser.close().await;
}
