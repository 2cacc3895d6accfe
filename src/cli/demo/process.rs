//! This program's verbs as processes, and the way to a service's API.

use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{ChildStdout, Command};

/// Loading the models takes a few seconds; on a machine that is busy or cold, more.
const READY: Duration = Duration::from_secs(120);
/// The longest call of the demo.
const TALK: Duration = Duration::from_secs(240);
/// A row that is due is there by then.
const KEPT: Duration = Duration::from_secs(30);
const ASK_AGAIN: Duration = Duration::from_millis(200);

/// One verb of this program as a process of its own. Dropping it kills it.
pub struct Child {
    verb: String,
    process: tokio::process::Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Child {
    pub fn start(args: &[&str]) -> anyhow::Result<Child> {
        Child::spawn(args, Command::new(program()?))
    }

    /// Ctrl-C reaches us alone: whoever starts it must stop it.
    pub fn start_apart(args: &[&str]) -> anyhow::Result<Child> {
        let mut command = Command::new(program()?);
        command.process_group(0);
        Child::spawn(args, command)
    }

    fn spawn(args: &[&str], mut command: Command) -> anyhow::Result<Child> {
        let mut process = command
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("a process of this program")?;
        let stdout = process.stdout.take().context("a process without output")?;
        let verb = args.first().map(|verb| (*verb).to_owned()).unwrap_or_default();
        Ok(Child { verb, process, lines: BufReader::new(stdout).lines() })
    }

    /// Waits for the line `ready … key=VALUE` and returns the value.
    pub async fn ready(&mut self, key: &str) -> anyhow::Result<String> {
        let wait = async {
            while let Some(line) = self.lines.next_line().await? {
                let Some(rest) = line.strip_prefix("ready ") else { continue };
                let value = rest.split(' ').find_map(|pair| pair.strip_prefix(key));
                if let Some(value) = value.and_then(|v| v.strip_prefix('=')) {
                    return Ok(value.to_owned());
                }
            }
            anyhow::bail!(
                "`huiyin {}` ended before it was ready; its message stands above",
                self.verb
            )
        };
        tokio::time::timeout(READY, wait).await.context("a process was not ready in time")?
    }

    /// Hands out every turn as it is heard; returns the report at the call's end.
    pub async fn follow(&mut self, turn: impl Fn(&Value)) -> anyhow::Result<Value> {
        let wait = async {
            while let Some(line) = self.lines.next_line().await? {
                let Ok(value) = serde_json::from_str::<Value>(&line) else { continue };
                if value["turns"].is_array() {
                    return Ok(value);
                }
                turn(&value);
            }
            anyhow::bail!("`huiyin {}` ended without a report; its message stands above", self.verb)
        };
        tokio::time::timeout(TALK, wait).await.context("a call did not end in time")?
    }

    pub fn id(&self) -> Option<u32> {
        self.process.id()
    }

    /// Asks it to stop, and waits.
    pub async fn stop(mut self) {
        if let Some(id) = self.process.id() {
            // SIGTERM through the system's own tool: no unsafe code for one signal.
            let asked = Command::new("kill").arg(id.to_string()).status().await;
            if asked.is_ok_and(|status| status.success()) {
                let _ = tokio::time::timeout(Duration::from_secs(15), self.process.wait()).await;
            }
        }
    }
}

fn program() -> anyhow::Result<std::path::PathBuf> {
    std::env::current_exe().context("the program's own path")
}

/// Prints one turn as a caller hears it.
pub fn say(quiet: bool, me: &str, them: &str, turn: &Value) {
    if quiet {
        return;
    }
    let who = if turn["who"] == "me" { me } else { them };
    let seconds = turn["start_ms"].as_f64().unwrap_or_default() / 1000.0;
    let text = turn["text"].as_str().unwrap_or_default();
    let latency = turn["latency_ms"].as_u64().map(|ms| format!("  （应答 {ms} 毫秒）"));
    println!("[{seconds:>6.1} 秒] {who}：{text}{}", latency.unwrap_or_default());
}

/// The service's JSON API.
pub struct Api {
    root: String,
    client: reqwest::Client,
}

impl Api {
    pub fn new(console: SocketAddr) -> Api {
        let client = reqwest::Client::builder().timeout(Duration::from_secs(10)).build();
        Api { root: format!("http://{console}/api/"), client: client.unwrap_or_default() }
    }

    pub async fn get(&self, path: &str) -> anyhow::Result<Value> {
        let reply = self.client.get(format!("{}{path}", self.root)).send().await?;
        Ok(reply.error_for_status()?.json().await?)
    }

    pub async fn post(&self, path: &str, body: &Value) -> anyhow::Result<()> {
        let reply = self.client.post(format!("{}{path}", self.root)).json(body).send().await?;
        let status = reply.status();
        let text = reply.text().await?;
        anyhow::ensure!(status.is_success(), "{path}: {status} {text}");
        Ok(())
    }

    /// Asks until what comes back is as wanted.
    pub async fn until(
        &self,
        path: &str,
        wanted: impl Fn(&Value) -> bool,
    ) -> anyhow::Result<Value> {
        let wait = async {
            loop {
                if let Ok(value) = self.get(path).await
                    && wanted(&value)
                {
                    return value;
                }
                tokio::time::sleep(ASK_AGAIN).await;
            }
        };
        tokio::time::timeout(KEPT, wait)
            .await
            .with_context(|| format!("/api/{path} did not become as expected"))
    }
}
