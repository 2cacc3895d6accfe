//! Chromium, driven through its debugging pipe: one page, asked and told in JavaScript.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::unix::pipe::{OpenOptions, Receiver, Sender};
use tokio::process::{Child, Command};

/// Keeps Chromium to this machine and to the page.
const ARGUMENTS: [&str; 14] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--no-proxy-server",
    "--hide-scrollbars",
    "--mute-audio",
    "--autoplay-policy=no-user-gesture-required",
    "--window-size=1366,768",
];
const PATIENCE: Duration = Duration::from_secs(20);

/// Where Chromium is; a message where it is not.
pub fn chromium() -> Option<PathBuf> {
    let names = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
    let found = names.into_iter().map(PathBuf::from).find(|path| path.exists());
    if found.is_none() {
        eprintln!("skipped: no Chromium; `apt-get install chromium` lets this test run");
    }
    found
}

pub struct Browser {
    child: Child,
    to: Sender,
    from: BufReader<Receiver>,
    session: Option<String>,
    asked: u64,
    _folder: tempfile::TempDir,
}

impl Browser {
    pub async fn start(program: &Path) -> Browser {
        Browser::start_with(program, &[]).await
    }

    /// With more arguments.
    pub async fn start_with(program: &Path, more: &[String]) -> Browser {
        let folder = tempfile::tempdir().unwrap();
        let (into, out) = (folder.path().join("in"), folder.path().join("out"));
        assert!(
            std::process::Command::new("mkfifo").args([&into, &out]).status().unwrap().success()
        );
        // Open at both ends from our side, so that neither we nor Chromium wait for the other.
        let to = OpenOptions::new().read_write(true).open_sender(&into).unwrap();
        let from = OpenOptions::new().read_write(true).open_receiver(&out).unwrap();
        let child = Command::new("sh")
            .args(["-c", "exec \"$@\" 3<\"$IN\" 4>\"$OUT\"", "sh"])
            .arg(program)
            .args(ARGUMENTS)
            .args(more)
            .arg("--remote-debugging-pipe")
            .arg(format!("--user-data-dir={}", folder.path().join("profile").display()))
            .envs([("IN", &into), ("OUT", &out)])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let from = BufReader::new(from);
        let mut browser = Browser { child, to, from, session: None, asked: 0, _folder: folder };
        let target = browser.ask("Target.createTarget", json!({ "url": "about:blank" })).await;
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let attached = browser.ask("Target.attachToTarget", attach).await;
        browser.session = attached["sessionId"].as_str().map(str::to_owned);
        browser
    }

    /// One question of the DevTools protocol and its answer.
    async fn ask(&mut self, method: &str, params: Value) -> Value {
        self.asks(method, params).await.unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    async fn asks(&mut self, method: &str, params: Value) -> Result<Value, Value> {
        self.asked += 1;
        let mut message = json!({ "id": self.asked, "method": method, "params": params });
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        self.to.write_all(&bytes).await.unwrap();
        loop {
            let mut answer = Vec::new();
            let read = self.from.read_until(0, &mut answer);
            tokio::time::timeout(PATIENCE, read).await.expect("Chromium is silent").unwrap();
            answer.pop();
            let answer: Value = serde_json::from_slice(&answer).unwrap();
            if answer["id"] == self.asked {
                return match answer["error"].is_null() {
                    true => Ok(answer["result"].clone()),
                    false => Err(answer["error"].clone()),
                };
            }
        }
    }

    /// Begins to open a page.
    pub async fn go(&mut self, url: &str) {
        self.ask("Page.navigate", json!({ "url": url })).await;
    }

    pub async fn open(&mut self, url: &str) {
        self.go(url).await;
        self.until(&format!(
            "location.href === {} && document.readyState === 'complete'",
            json!(url)
        ))
        .await;
    }

    /// The value of an expression on the page.
    pub async fn value(&mut self, expression: &str) -> Value {
        let params =
            json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let result = self.ask("Runtime.evaluate", params).await;
        assert!(result["exceptionDetails"].is_null(), "{expression}: {result}");
        result["result"]["value"].clone()
    }

    /// Waits until the expression is true. While one page follows another there is none to ask.
    pub async fn until(&mut self, expression: &str) {
        let since = Instant::now();
        let params =
            json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        loop {
            // While one page gives way to another there is nobody to ask, and nothing on it.
            match self.asks("Runtime.evaluate", params.clone()).await {
                Ok(told) if told["result"]["value"] == true => return,
                Ok(_) => {}
                Err(error) => assert!(error.to_string().contains("navigated"), "{error}"),
            }
            assert!(since.elapsed() < PATIENCE, "never true: {expression}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    pub async fn text(&mut self) -> String {
        self.value("document.body.innerText").await.as_str().unwrap().to_owned()
    }

    /// Shows the page in a window of this size, light or dark.
    pub async fn shape(&mut self, (width, height): (u32, u32), dark: bool) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600 });
        self.ask("Emulation.setDeviceMetricsOverride", size).await;
        let scheme = if dark { "dark" } else { "light" };
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.ask("Emulation.setEmulatedMedia", features).await;
    }

    /// A picture of the window as PNG.
    pub async fn shot(&mut self, file: &Path) {
        let taken = self.ask("Page.captureScreenshot", json!({})).await;
        let engine = &base64::engine::general_purpose::STANDARD;
        let bytes = base64::Engine::decode(engine, taken["data"].as_str().unwrap());
        std::fs::write(file, bytes.unwrap()).unwrap();
    }

    /// Takes a picture of what is shown, where `HUIYIN_SCREENSHOTS` names a folder.
    pub async fn picture(&mut self, name: &str) {
        let Ok(folder) = std::env::var("HUIYIN_SCREENSHOTS") else { return };
        let taken = self.ask("Page.captureScreenshot", json!({})).await;
        let bytes = base64::Engine::decode(
            &base64::engine::general_purpose::STANDARD,
            taken["data"].as_str().unwrap(),
        );
        std::fs::write(format!("{folder}/{name}.png"), bytes.unwrap()).unwrap();
    }

    pub async fn close(mut self) {
        let _ = self.child.kill().await;
    }
}

/// Takes a picture of a page with a Chromium of its own.
pub async fn picture(program: &Path, url: &str, file: &str, dark: bool) {
    picture_at(program, url, file, dark, (1366, 768)).await;
}

/// The same in a window of another size.
pub async fn picture_at(program: &Path, url: &str, file: &str, dark: bool, size: (u32, u32)) {
    let profile = tempfile::tempdir().unwrap();
    let mut command = Command::new(program);
    command
        .args(ARGUMENTS)
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(format!("--screenshot={file}"))
        .arg(format!("--window-size={},{}", size.0, size.1))
        .args(dark.then_some("--blink-settings=preferredColorScheme=0"))
        .arg(url)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    tokio::time::timeout(PATIENCE, command.status()).await.expect("Chromium does not end").unwrap();
    assert!(Path::new(file).exists(), "{file}");
}
