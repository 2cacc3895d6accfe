//! Summaries in other words: a small service of our own that answers well, badly, late and not at all; and what is refused of it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::thread;

use huiyin::config::Config;
use huiyin::engine::remote::{Clock, Endpoint, Protocol, Rewriter, Settings};
use huiyin::intake::{SUMMARY_CHARS_MAX, Unfaithful, faithful};
use huiyin::kernel::{Moment, Pii};
use huiyin::runtime::rewriting::Rewriting;

const SUMMARY: &str = "婺城区白龙桥镇清江路，小区对面那个工地上周三开始天天晚上打桩，昨天晚上十点还在打；晚上十点以后必须停工。";
const GOOD: &str = "市民反映婺城区白龙桥镇清江路小区对面工地上周三开始天天晚上打桩，昨天晚上十点还在打，要求晚上十点以后必须停工。";
const PATIENT_MS: u64 = 60_000;
const SHORT_MS: u64 = 150;

/// Answers each request with the next of these; `None` for silence.
fn service(replies: Vec<Option<(u16, String)>>) -> (SocketAddr, Arc<Mutex<Vec<(String, String)>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, seen) = (listener.local_addr().unwrap(), Arc::new(Mutex::new(Vec::new())));
    let kept = seen.clone();
    thread::spawn(move || {
        let mut silent = Vec::new();
        for (stream, reply) in listener.incoming().zip(replies) {
            let mut reader = BufReader::new(stream.unwrap());
            let (mut head, mut length) = (String::new(), 0);
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                if let Some(n) = line.to_lowercase().strip_prefix("content-length:") {
                    length = n.trim().parse().unwrap();
                }
                if line.trim().is_empty() {
                    break;
                }
                head.push_str(&line);
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            kept.lock().unwrap().push((head, String::from_utf8(body).unwrap()));
            let Some((status, text)) = reply else {
                silent.push(reader);
                continue;
            };
            let answer =
                format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n{text}", text.len());
            let _ = reader.get_mut().write_all(answer.as_bytes());
        }
    });
    (address, seen)
}

fn says(words: &str) -> Option<(u16, String)> {
    let body = serde_json::json!({ "choices": [{ "message": { "role": "assistant", "content": words } }] });
    Some((200, body.to_string()))
}

fn rewriting(address: SocketAddr, deadline_ms: u64) -> Rewriting {
    let settings = Settings {
        protocol: Protocol::OpenAi,
        endpoint: Endpoint::parse(Protocol::OpenAi, &format!("http://{address}/v1"), false)
            .unwrap(),
        model: "a-model".into(),
        key: Some(Pii::new("sk-very-secret-key".into())),
        ca: None,
        deadline_ms,
    };
    let clock: Clock = Arc::new(|| Moment { ms: 0 });
    Rewriting::with(Rewriter::new(settings, clock).unwrap())
}

fn rewritten(rewriting: &Rewriting) -> Option<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(rewriting.rewritten(SUMMARY))
}

#[test]
fn a_faithful_rewriting_is_taken_and_the_service_sees_the_summary_alone() {
    let (address, seen) = service(vec![says(GOOD)]);
    assert_eq!(rewritten(&rewriting(address, PATIENT_MS)).as_deref(), Some(GOOD));
    let (head, body) = seen.lock().unwrap().remove(0);
    assert!(head.starts_with("POST /v1/chat/completions HTTP/1.1\r\n"), "{head}");
    assert!(head.contains("Bearer sk-very-secret-key"), "{head}");
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(
        (body["model"].as_str(), body["messages"][1]["content"].as_str()),
        (Some("a-model"), Some(SUMMARY))
    );
}

#[test]
fn whatever_goes_wrong_leaves_the_summary_as_it_is_and_a_service_that_fails_is_left_alone() {
    let broken = || Some((200, "{}".to_owned()));
    let replies = vec![
        says("市民反映施工扰民，已罚款五千元。"),
        Some((500, String::new())),
        None,
        broken(),
        says(GOOD),
    ];
    let (address, seen) = service(replies);
    let (patient, short) = (rewriting(address, PATIENT_MS), rewriting(address, SHORT_MS));
    assert_eq!(rewritten(&patient), None, "a made-up fact");
    assert_eq!(rewritten(&patient), None, "a failure of the service");
    assert_eq!(rewritten(&short), None, "silence");
    assert_eq!(rewritten(&patient), None, "no choice in it");
    let (nobody, _) = service(Vec::new());
    let dead = rewriting(nobody, SHORT_MS);
    for _ in 0..5 {
        assert_eq!(rewritten(&dead), None);
    }
    assert_eq!(seen.lock().unwrap().len(), 4);
    assert_eq!(
        rewritten(&patient).as_deref(),
        Some(GOOD),
        "two failures are not enough to give it up"
    );

    let (address, seen) = service((0..9).map(|_| Some((500, String::new()))).collect());
    let patient = rewriting(address, PATIENT_MS);
    for _ in 0..9 {
        assert_eq!(rewritten(&patient), None);
    }
    assert_eq!(seen.lock().unwrap().len(), 3, "after three failures in a row it is left alone");
}

#[test]
fn a_rewriting_holds_no_fact_that_was_not_told() {
    let long = "施".repeat(SUMMARY_CHARS_MAX + 1);
    let cases = [
        (GOOD, Ok(())),
        (SUMMARY, Ok(())),
        ("", Err(Unfaithful::Length)),
        (long.as_str(), Err(Unfaithful::Length)),
        ("市民反映\n施工", Err(Unfaithful::Form)),
        (
            "市民反映清江路小区对面工地晚上打桩，昨天晚上十一点还在打，要求十点以后停工。",
            Err(Unfaithful::Number),
        ),
        ("市民反映婺城区白龙桥镇清江路小区对面工地天天晚上打桩，要求停工。", Err(Unfaithful::Lost)),
        (
            "市民反映金东区白龙桥镇清江路小区对面工地上周三开始天天晚上打桩，昨天晚上十点还在打。",
            Err(Unfaithful::Name),
        ),
        (
            "市民反映白龙桥镇白龙路小区对面工地上周三开始天天晚上打桩，昨天晚上十点还在打。",
            Err(Unfaithful::Name),
        ),
        (
            "市民王建国反映白龙桥镇清江路小区对面工地上周三开始天天晚上打桩，昨天晚上十点还在打。",
            Err(Unfaithful::Words),
        ),
        ("市民反映晚上十点打桩问题。", Err(Unfaithful::Thin)),
    ];
    for (rewriting, meant) in cases {
        assert_eq!(faithful(rewriting, SUMMARY), meant, "{rewriting}");
    }
}

#[test]
fn the_setting_is_off_until_a_service_is_named_and_faults_name_their_way_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("huiyin.toml");
    let of = |text: &str| {
        std::fs::write(&path, text).unwrap();
        Config::load(Some(&path))
    };
    assert!(of("").unwrap().summary.is_none());
    let named = of("[summary]\nurl = \"http://127.0.0.1:8000/v1\"\nmodel = \"m\"\n").unwrap();
    assert_eq!(named.summary.unwrap().deadline_ms, 8000);
    let faults = [
        ("[summary]\nmodel = \"m\"\n", "summary.url"),
        ("[summary]\nurl = \"http://127.0.0.1:8000\"\n", "summary.model"),
        ("[summary]\nurl = \"http://far.example/v1\"\nmodel = \"m\"\n", "summary.allow_plain"),
        ("[summary]\nurl = \"https://u:p@far.example/v1\"\nmodel = \"m\"\n", "summary.key_env"),
        (
            "[summary]\nurl = \"https://far.example\"\nmodel = \"m\"\ndeadline_ms = 5\n",
            "summary.deadline_ms",
        ),
    ];
    for (text, way_out) in faults {
        let error = of(text).unwrap_err().to_string();
        assert!(error.contains(way_out), "{error}");
        assert!(!error.contains("u:p@"), "{error}");
    }
}
