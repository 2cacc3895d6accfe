//! Every page in a real browser, at two sizes, light and dark: pictures of all of them, and what axe-core says of them.
//!
//! The pictures lie in `screenshots/` below Cargo's folder for tests (`target/tmp`). axe-core is fetched by its name through npm,
//! once, into the same folder; without npm or a network its part is passed over.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};
use std::process::Command;

use huiyin::access::Role;
use huiyin::console::ROUTES;
use huiyin::hotline::Fact;
use huiyin::kernel::{AgentId, CallId};
use reqwest::Method;
use serde_json::Value;

use crate::console::browser::{Browser, chromium};
use crate::console::house::{House, TICKET, aftermath, complaint, noon, with_line};
use crate::console_access::staff::{account, open, posting};
use crate::console_aid::{earlier, talk};
use crate::public_call::line;
use crate::public_page::{Page, page_with};

const CACHE: &str = env!("CARGO_TARGET_TMPDIR");
/// A supervisor's window and a telephone.
const SIZES: [(&str, (u32, u32)); 2] = [("1366", (1366, 768)), ("390", (390, 844))];
const AXE: &str = "axe-core@4.14.1";

/// axe-core's own script; a message where it cannot be had.
fn axe() -> Option<String> {
    let folder = PathBuf::from(CACHE).join("axe-core");
    let script = folder.join("package/axe.min.js");
    if !script.exists() {
        std::fs::create_dir_all(&folder).unwrap();
        let packed = Command::new("npm")
            .args(["pack", "--silent", AXE, "--pack-destination"])
            .arg(&folder)
            .output();
        let name = packed.ok().filter(|packed| packed.status.success());
        let name = name.map(|packed| String::from_utf8_lossy(&packed.stdout).trim().to_owned());
        let unpacked = name.and_then(|name| {
            Command::new("tar")
                .arg("xzf")
                .arg(folder.join(name))
                .arg("-C")
                .arg(&folder)
                .status()
                .ok()
        });
        if !unpacked.is_some_and(|status| status.success()) {
            eprintln!("skipped: npm does not bring {AXE}; with npm and a network this test runs");
            return None;
        }
    }
    Some(std::fs::read_to_string(script).unwrap())
}

/// Staff's pages that can be read, from the table of routes: each with its name and path.
fn pages() -> Vec<(String, String)> {
    let is_page = |path: &str| {
        !["/api/", "/assets/", "/open311/", "/login"].iter().any(|part| path.starts_with(part))
    };
    let pages = ROUTES.iter().filter(|route| route.method == Method::GET && is_page(route.path));
    pages
        .map(|route| {
            let path = match route.path {
                "/tickets/{id}" => format!("/tickets/{TICKET}"),
                "/knowledge/{id}" => "/knowledge/id-card".to_owned(),
                path => path.replace("{id}", "1").replace("{code}", "police-330703"),
            };
            let name = route.path.trim_matches('/').replace(['/', '{', '}'], "-");
            (if name.is_empty() { "overview".to_owned() } else { name }, path)
        })
        .collect()
}

/// What is wrong for people who do not see, or see little: serious and critical findings.
async fn findings(browser: &mut Browser, axe: &str, name: &str) -> Vec<String> {
    browser.value(&format!("{axe}; true")).await;
    let run = "axe.run(document, { resultTypes: ['violations'] }).then((found) => found.violations
        .filter((one) => ['serious', 'critical'].includes(one.impact))
        .map((one) => one.id + ': ' + one.nodes.slice(0, 3).map((node) => node.html.slice(0, 160) + ' '
            + (node.any[0]?.message ?? '')).join(' | ')))";
    let found: Value = browser.value(run).await;
    let found = found.as_array().unwrap().iter();
    found.map(|one| format!("{name}: {}", one.as_str().unwrap())).collect()
}

struct Look {
    browser: Browser,
    axe: Option<String>,
    folder: PathBuf,
    found: Vec<String>,
}

impl Look {
    async fn begin() -> Option<Look> {
        let program = chromium()?;
        let folder = Path::new(CACHE).join("screenshots");
        std::fs::create_dir_all(&folder).unwrap();
        let browser = Browser::start(&program).await;
        Some(Look { browser, axe: axe(), folder, found: Vec::new() })
    }

    /// The page that is open: at both sizes, light and dark.
    async fn here(&mut self, name: &str) {
        for dark in [false, true] {
            let scheme = if dark { "-dark" } else { "" };
            for (size, shape) in SIZES {
                self.browser.shape(shape, dark).await;
                let file = self.folder.join(format!("{name}-{size}{scheme}.png"));
                self.browser.shot(&file).await;
                // A telephone makes its window wider where the page does not fit.
                let wide = format!("document.documentElement.scrollWidth <= {}", shape.0);
                if self.browser.value(&wide).await != true {
                    let what = "[...document.querySelectorAll('main *')].filter((one) =>
                        one.getBoundingClientRect().right > WIDTH && !one.closest('.scroll, table, nav'))
                        .slice(0, 2).map((one) => one.outerHTML.slice(0, 90)).join(' | ')";
                    let what = self.browser.value(&what.replace("WIDTH", &shape.0.to_string())).await;
                    self.found.push(format!("{name}-{size}: wider than the window: {what}"));
                }
                if let Some(axe) = &self.axe {
                    let name = format!("{name}-{size}{scheme}");
                    self.found.extend(findings(&mut self.browser, axe, &name).await);
                }
            }
        }
    }

    async fn at(&mut self, name: &str, url: &str) {
        self.browser.open(url).await;
        self.here(name).await;
    }

    async fn end(mut self) {
        assert!(self.found.is_empty(), "{} findings:\n{}", self.found.len(), self.found.join("\n"));
        self.browser.value("1").await;
        self.browser.close().await;
    }
}

async fn filled() -> House {
    let house = with_line(line()).await;
    house.store.keep(&earlier()).await.unwrap();
    house.store.keep(&complaint()).await.unwrap();
    house.record();
    house.photograph().await;
    house
}

#[tokio::test]
async fn staffs_pages_can_be_read_by_everybody() {
    let Some(mut look) = Look::begin().await else { return };
    let house = filled().await;
    look.at("agent-ringing", &house.url("/agents/1")).await;
    house.store.keep(&talk()).await.unwrap();
    look.at("agent-talking", &house.url("/agents/1")).await;
    let (call, at, reason) = (Some(CallId(1)), noon(), None);
    let wrap_up = Fact::AgentState { agent: AgentId(1), state: "wrap_up", call, reason, at };
    house.store.keep(&[wrap_up]).await.unwrap();
    look.at("agent-wrap-up", &house.url("/agents/1")).await;
    look.at("agent-idle", &house.url("/agents/2")).await;
    house.store.keep(&aftermath()).await.unwrap();
    let (call, up) = (CallId(1), false);
    let asked = [
        Fact::Unanswered { call, utterance: 3, why: huiyin::hotline::Why::Refused, at },
        Fact::Thumb { call, utterance: 2, up, at },
    ];
    house.store.keep(&asked).await.unwrap();
    for (name, path) in pages() {
        look.at(&name, &house.url(&path)).await;
    }
    look.end().await;
}

#[tokio::test]
async fn the_login_and_pages_of_accounts_can_be_read_by_everybody() {
    let Some(mut look) = Look::begin().await else { return };
    let house = open(huiyin::console::Doors::default()).await;
    account(&house, "root", &posting(Role::Admin)).await;
    look.at("login", &house.url("/login")).await;
    let fill = format!(
        "document.querySelector('#name').value = 'root';
         document.querySelector('#password').value = '{}';
         document.querySelector('form.login button').click(); true",
        crate::console_access::staff::PASSWORD
    );
    look.browser.value(&fill).await;
    look.browser
        .until("location.pathname === '/accounts' && document.readyState === 'complete'")
        .await;
    look.here("accounts-admin").await;
    look.at("account-own", &house.url("/account")).await;
    look.end().await;
}

/// The page of the call as it is in mid-talk, without a microphone: the script's own functions show what a stream would bring.
const TALK: &str = "(() => {
    const words = document.querySelector('#words');
    words.innerHTML = '<li class=\"robot\"><b>热线</b>您好，请问您有什么事？</li>'
        + '<li class=\"caller\"><b>您</b>身份证丢了怎么补？</li>'
        + '<li class=\"robot\"><b>热线</b>身份证补领，到就近的窗口办。<p class=\"hint\">依据：办事指南 2026</p>'
        + '<div class=\"thumbs\" role=\"group\" aria-label=\"身份证补领\"><button type=\"button\" aria-pressed=\"true\">有用</button>'
        + '<button type=\"button\" aria-pressed=\"false\">没用</button></div></li>';
    for (const id of ['stop', 'pad', 'photo-box', 'so-far']) document.querySelector('#' + id).hidden = false;
    document.querySelector('#so-far').textContent = '那要带什么……';
    document.querySelector('#start').hidden = true;
    document.querySelector('#state').textContent = '已接通，请说话。';
    return true;
})()";

#[tokio::test]
async fn citizens_pages_can_be_read_by_everybody() {
    let Some(mut look) = Look::begin().await else { return };
    let page: Page = page_with(&[], line()).await;
    let url = |path: &str| format!("http://{}{path}", page.at);
    look.at("citizen-look-up", &url("/")).await;
    look.at("citizen-call", &url("/call")).await;
    look.browser.value(TALK).await;
    look.here("citizen-call-talking").await;
    look.browser.open(&url("/")).await;
    let fill = format!(
        "document.querySelector('#ticket').value = '{TICKET}';
         document.querySelector('#digits').value = '8000';
         document.querySelector('form').requestSubmit(); true"
    );
    look.browser.value(&fill).await;
    look.browser.until("document.querySelector('li[aria-current=step]') !== null").await;
    look.here("citizen-standing").await;
    look.at("citizen-nothing-here", &url("/nothing")).await;
    look.end().await;
    page.stop().await;
}
