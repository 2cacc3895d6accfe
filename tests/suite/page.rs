//! The pages in a real browser, after their scripts have run. Skips where there is no Chromium.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use crate::console::house::{House, NUMBER, TICKET, aftermath, complaint, house};

fn chromium() -> Option<PathBuf> {
    let names = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
    let found = names.into_iter().map(PathBuf::from).find(|path| path.exists());
    if found.is_none() {
        eprintln!("skipped: no Chromium; apt-get install chromium runs these tests");
    }
    found
}

/// Runs Chromium on this machine alone and returns what it prints.
async fn browse(browser: &Path, arguments: &[String]) -> String {
    let profile = tempfile::tempdir().unwrap();
    let mut command = tokio::process::Command::new(browser);
    command
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .args(["--disable-dev-shm-usage", "--no-proxy-server", "--hide-scrollbars"])
        .args(["--window-size=1366,768", "--timeout=6000"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .args(arguments)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    let output = tokio::time::timeout(Duration::from_secs(60), command.output());
    let output = output.await.expect("Chromium does not end").unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

async fn rendered(house: &House, browser: &Path, path: &str) -> String {
    browse(browser, &["--dump-dom".into(), house.url(path)]).await
}

#[tokio::test]
async fn ticket_and_agent_page_stand_in_a_browser_with_the_live_feed_on() {
    let Some(browser) = chromium() else { return };
    let house = house().await;
    house.store.keep(&complaint()).await.unwrap();
    house.record();
    let ticket = rendered(&house, &browser, &format!("/tickets/{TICKET}")).await;
    for shown in ["金华市婺城区白龙桥镇", "330702103", NUMBER, "（空白）", "is-online", "实时"] {
        assert!(ticket.contains(shown), "the ticket page shows no {shown}");
    }
    assert!(!ticket.contains("<img"), "a caller's words became markup");
    let agent = rendered(&house, &browser, "/agents/1").await;
    for shown in ["振铃", NUMBER, "夜间施工噪声", "请问是在什么地方？", "is-online"] {
        assert!(agent.contains(shown), "the agent's page shows no {shown}");
    }
}

#[tokio::test]
async fn an_open_page_takes_in_what_becomes_true() {
    let Some(browser) = chromium() else { return };
    let house = house().await;
    let begun = complaint();
    house.store.keep(&begun).await.unwrap();
    let (store, feed) = (house.store.clone(), house.feed.clone());
    let later = tokio::spawn(async move {
        // When the page listens, the rest happens.
        while feed.receiver_count() == 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let facts = aftermath();
        store.keep(&facts).await.unwrap();
        for fact in facts {
            let _ = feed.send(fact);
        }
    });
    let page = rendered(&house, &browser, &format!("/tickets/{TICKET}")).await;
    later.abort();
    assert!(page.contains("已责令停工整改"), "the closing did not reach the open page");
}

/// Takes pictures of every page, light and dark, where `HUIYIN_SCREENSHOTS` names a folder.
#[tokio::test]
async fn pictures_of_the_pages() {
    let (Some(browser), Ok(folder)) = (chromium(), std::env::var("HUIYIN_SCREENSHOTS")) else { return };
    let house = house().await;
    house.store.keep(&complaint()).await.unwrap();
    house.record();
    let take = async |name: &str, path: &str, dark: bool| {
        let file = format!("{folder}/{name}{}.png", if dark { "-dark" } else { "" });
        let mut arguments = vec![format!("--screenshot={file}"), house.url(path)];
        if dark {
            arguments.insert(0, "--blink-settings=preferredColorScheme=0".into());
        }
        browse(&browser, &arguments).await;
        assert!(Path::new(&file).exists(), "{file}");
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
