//! Processes of this program: the service with its API and its log, and the verbs that run and end.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

/// Loading the models takes seconds, on a busy machine many.
const READY: Duration = Duration::from_secs(90);
/// A verb that runs and ends is over by then.
const VERB: Duration = Duration::from_secs(150);
pub const LOOK_AGAIN: Duration = Duration::from_millis(100);

static ONE_AT_A_TIME: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// Held by a test that runs the models.
pub async fn alone() -> tokio::sync::MutexGuard<'static, ()> {
    ONE_AT_A_TIME.lock().await
}

/// The program under test: of this build, or what HUIYIN_TEST_BIN names.
pub fn program() -> PathBuf {
    std::env::var_os("HUIYIN_TEST_BIN")
        .map_or_else(|| PathBuf::from(env!("CARGO_BIN_EXE_huiyin")), PathBuf::from)
}

pub fn huiyin(args: &[&str]) -> Command {
    let mut command = Command::new(program());
    command.args(args).stdin(Stdio::null()).env_remove("HUIYIN_LOG");
    command
}

/// False, with a message, where the models are not installed.
pub fn models() -> bool {
    let checked = huiyin(&["kb", "search", "社保"]).output().unwrap();
    if !checked.status.success() {
        eprintln!("skipped: {}", String::from_utf8_lossy(&checked.stderr));
    }
    checked.status.success()
}

pub fn installed(tool: &str) -> bool {
    let found = Command::new("which").arg(tool).stdout(Stdio::null()).status();
    let found = found.is_ok_and(|status| status.success());
    if !found {
        eprintln!("skipped: {tool} is not installed");
    }
    found
}

/// Runs a verb to its end.
pub async fn verb(args: &[&str]) -> Output {
    run(huiyin(args)).await
}

pub async fn run(command: Command) -> Output {
    let mut command = tokio::process::Command::from(command);
    let output = command.kill_on_drop(true).output();
    tokio::time::timeout(VERB, output).await.expect("the verb ends").unwrap()
}

pub fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Renders a text with our own voice into a WAV.
pub async fn say(text: &str, folder: &Path, name: &str) -> PathBuf {
    let path = folder.join(name);
    let said = verb(&["say", text, path.to_str().unwrap()]).await;
    assert!(said.status.success(), "{}", errors(&said));
    path
}

/// What a recogniser hears in a WAV.
pub async fn transcribe(path: &Path) -> String {
    let heard = verb(&["transcribe", path.to_str().unwrap()]).await;
    assert!(heard.status.success(), "{}", errors(&heard));
    String::from_utf8(heard.stdout).unwrap()
}

/// Places a call with `huiyin call` and returns its report.
pub async fn call(service: &Service, args: &[&str]) -> Value {
    let to = format!("sip:12345@{}", service.sip);
    let fixed = ["call", "--to", &to, "--json", "--rtp-ports", "24000-24399"];
    let output = verb(&[&fixed[..], args].concat()).await;
    let text = String::from_utf8_lossy(&output.stdout);
    let report = text.lines().last().and_then(|line| serde_json::from_str(line).ok());
    report.unwrap_or_else(|| panic!("no report: {text} {}", errors(&output)))
}

/// Words of somebody in a list of turns, one after the other.
pub fn words(turns: &Value, key: &str, who: &str) -> String {
    let turns = turns["turns"].as_array().unwrap();
    turns.iter().filter(|t| t[key] == who).filter_map(|t| t["text"].as_str()).collect()
}

/// A running service. Dropping it kills it.
pub struct Service {
    child: Child,
    pub sip: SocketAddr,
    pub console: SocketAddr,
    /// The page for citizens, where the configuration has one.
    pub public: Option<SocketAddr>,
    pub folder: Arc<tempfile::TempDir>,
    log: Arc<Mutex<String>>,
}

/// A configuration on free ports with its data in `folder`; `more` is added.
pub fn configure(folder: &Path, more: &str) -> PathBuf {
    let data = folder.join("data");
    let text = format!(
        "{more}\n[data]\ndir = {data:?}\n[sip]\nbind = \"127.0.0.1:0\"\nrtp_ports = \"23000-23999\"\n\
         [console]\nbind = \"127.0.0.1:0\"\n[speech]\nrecognisers = 1\n"
    );
    let path = folder.join("huiyin.toml");
    std::fs::write(&path, text).unwrap();
    path
}

impl Service {
    pub async fn start(more: &str) -> Service {
        Service::start_in(Arc::new(tempfile::tempdir().unwrap()), more).await
    }

    /// Starts on a folder that may hold the data of an earlier one.
    pub async fn start_in(folder: Arc<tempfile::TempDir>, more: &str) -> Service {
        let config = configure(folder.path(), more);
        let mut command = huiyin(&["--log", "debug", "serve", "--config"]);
        command.arg(config).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let kept = log.clone();
        let errors = BufReader::new(child.stderr.take().unwrap());
        std::thread::spawn(move || {
            for line in errors.lines().map_while(Result::ok) {
                let mut kept = kept.lock().unwrap();
                kept.push_str(&line);
                kept.push('\n');
            }
        });
        let output = BufReader::new(child.stdout.take().unwrap());
        let (ready, told) = tokio::sync::oneshot::channel();
        std::thread::spawn(move || {
            let mut lines = output.lines().map_while(Result::ok);
            let _ = ready.send(lines.find(|line| line.starts_with("ready ")));
            lines.for_each(drop);
        });
        let line = tokio::time::timeout(READY, told).await.expect("ready in time").unwrap();
        let line = line.unwrap_or_else(|| panic!("no start: {}", log.lock().unwrap()));
        let find = |key: &str| {
            let value = line.split(' ').find_map(|pair| pair.strip_prefix(key)).unwrap();
            value.parse().unwrap()
        };
        let public = line.split(' ').find_map(|pair| pair.strip_prefix("public="));
        let public = public.map(|at| at.parse().unwrap());
        Service { child, sip: find("sip="), console: find("console="), public, folder, log }
    }

    /// As a crash or the kernel does: no word, no time to write anything.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// The log without the store's statements.
    fn events(&self) -> String {
        let log = self.log();
        log.lines().filter(|line| !line.contains("sqlx")).map(|line| format!("{line}\n")).collect()
    }

    pub async fn get(&self, path: &str) -> Value {
        let reply = reqwest::get(format!("http://{}/api/{path}", self.console)).await.unwrap();
        assert!(reply.status().is_success(), "/api/{path}: {}", reply.status());
        reply.json().await.unwrap()
    }

    /// Asks until what comes back is as wanted.
    pub async fn until(&self, path: &str, seconds: u64, wanted: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + Duration::from_secs(seconds);
        loop {
            let value = self.get(path).await;
            if wanted(&value) {
                return value;
            }
            assert!(
                Instant::now() < deadline,
                "/api/{path} did not become as wanted: {value}\n{}",
                self.events()
            );
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// The call once it has ended.
    pub async fn ended(&self, id: i64, seconds: u64) -> Value {
        self.until(&format!("calls/{id}"), seconds, |call| !call["ended_at"].is_null()).await
    }

    /// Until the robot has greeted the caller and asked what it is about.
    pub async fn asked(&self, id: i64) {
        self.until("calls", 30, |calls| calls["live"] != Value::Array(Vec::new())).await;
        let asked = |call: &Value| words(call, "speaker", "robot").contains("什么事");
        self.until(&format!("calls/{id}"), 30, asked).await;
    }

    pub fn recording(&self, id: i64) -> PathBuf {
        self.folder.path().join(format!("data/recordings/C{id}.wav"))
    }

    /// Nothing in the whole log of a service that met trouble may be a panic.
    pub fn calm(&self) {
        let log = self.log();
        assert!(!log.contains("panicked"), "{log}");
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.kill();
    }
}
