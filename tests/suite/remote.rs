//! Recognisers on other machines, against small services that speak their protocols; the circuit breaker as a table.

use std::net::TcpListener;
use std::process::Command;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use huiyin::config::Config;
use huiyin::engine::remote::breaker::{Change, Permit};
use huiyin::engine::remote::settings::EndpointError;
use huiyin::engine::remote::{
    Breaker, Clock, Endpoint, LOGPROB_ASSUMED, Protocol, RemoteAsr, Rules, Service, Settings,
    WithFallback,
};
use huiyin::engine::whisper_guard::confidence;
use huiyin::kernel::{Moment, Pii};
use huiyin::media::wav;
use huiyin::speech::expected::Form;
use huiyin::speech::{Asr, Expected, Heard, SpeechError};
use proptest::prelude::*;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

#[path = "remote/server.rs"]
pub mod server;

use server::{Reply, Server};

const KEY: &str = "sk-very-secret-key";
const HINT: &str = "转人工。施工噪音，物业。这是一句很长的话不是一个词";
/// Answers come when they come: only the tests of a late one have a short deadline.
const PATIENT_MS: u64 = 60_000;
const SHORT_MS: u64 = 150;

fn sound() -> Vec<i16> {
    (0..16_000).map(|i| ((f64::from(i) * 0.3).sin() * 8000.0) as i16).collect()
}

fn settings(protocol: Protocol, url: &str, deadline_ms: u64) -> Settings {
    Settings {
        protocol,
        endpoint: Endpoint::parse(protocol, url, false).unwrap(),
        model: "whisper-large-v3".into(),
        key: Some(Pii::new(KEY.to_owned())),
        ca: None,
        deadline_ms,
    }
}

fn asr(settings: Settings) -> RemoteAsr {
    RemoteAsr::new(Arc::new(Service::new(settings).unwrap())).unwrap()
}

fn openai(server: &Server, deadline_ms: u64) -> RemoteAsr {
    asr(settings(Protocol::OpenAi, &format!("http://{}/v1/", server.address), deadline_ms))
}

fn funasr(server: &Server, deadline_ms: u64) -> RemoteAsr {
    asr(settings(Protocol::FunAsr, &format!("ws://{}", server.address), deadline_ms))
}

fn hinted() -> Expected {
    Expected { hint: HINT.into(), form: None }
}

fn hear(asr: &mut dyn Asr) -> Result<Heard, SpeechError> {
    asr.recognise(&sound(), &hinted(), true)
}

fn words(text: &str, confidence: f32) -> Heard {
    Heard::Words { text: text.into(), confidence, complete: false }
}

fn text(body: &str) -> Reply {
    Reply::Text(200, body.into())
}

/// The field of a form.
fn field<'a>(body: &'a str, name: &str) -> Option<&'a str> {
    let (_, after) = body.split_once(&format!("name=\"{name}\"\r\n\r\n"))?;
    after.split_once("\r\n--").map(|(value, _)| value)
}

#[test]
fn an_openai_service_gets_the_sound_the_hint_and_the_key() {
    let server = Server::openai(&[text(r#"{"text":"我要投訴施工噪音"}"#)]);
    let heard = hear(&mut openai(&server, PATIENT_MS)).unwrap();
    assert_eq!(heard, words("我要投诉施工噪音", confidence(LOGPROB_ASSUMED)));

    let seen = server.seen().remove(0);
    assert!(seen.head.starts_with("POST /v1/audio/transcriptions HTTP/1.1\r\n"), "{}", seen.head);
    assert!(seen.head.contains(&format!("Bearer {KEY}")), "{}", seen.head);
    let body = String::from_utf8_lossy(&seen.body);
    let sent = [("model", "whisper-large-v3"), ("language", "zh"), ("response_format", "json")];
    for (name, value) in sent.into_iter().chain([("prompt", HINT)]) {
        assert_eq!(field(&body, name), Some(value), "{name}");
    }
    let at = seen.body.windows(4).position(|bytes| bytes == b"RIFF").unwrap();
    let length = u32::from_le_bytes(seen.body[at + 4..at + 8].try_into().unwrap()) as usize + 8;
    let file = &seen.body[at..at + length];
    assert_eq!(u32::from_le_bytes(file[24..28].try_into().unwrap()), 16_000);
    // Down again to the telephone's rate it is the sound that was given.
    let back = wav::parse("sent", file).unwrap();
    assert_eq!(back.len(), sound().len());
    let apart = back.iter().zip(sound()).skip(200).take(15_600).map(|(a, b)| (a - b).abs()).max();
    assert!(apart.unwrap() < 100, "{apart:?}");
}

#[test]
fn a_connection_is_kept_and_a_closed_one_is_opened_again() {
    let said = r#"{"text":"物业不管"}"#;
    let last = Reply::TextAndClose(200, said.into());
    let server = Server::openai(&[text(said), text(said), last, text(said)]);
    let mut asr = openai(&server, PATIENT_MS);
    for _ in 0..4 {
        assert_eq!(hear(&mut asr).unwrap(), words("物业不管", confidence(LOGPROB_ASSUMED)));
    }
    let connections: Vec<usize> = server.seen().iter().map(|seen| seen.connection).collect();
    assert_eq!(connections, [0, 0, 0, 1]);
}

#[test]
fn what_a_service_invents_is_not_believed() {
    let table = [
        (r#"{"text":""}"#, None),
        (r#"{"text":" 。"}"#, None),
        (r#"{"text":"请不吝点赞 订阅 转发 打赏支持明镜与点点栏目"}"#, None),
        (r#"{"text":"好的吧好的吧好的吧好的吧好的吧"}"#, None),
        // Two seconds of sound hold no thirty characters.
        (r#"{"text":"一二三四五六七八九十甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉戌亥"}"#, None),
        (
            r#"{"text":"物业不管","segments":[{"avg_logprob":-0.2},{"avg_logprob":-0.3}]}"#,
            Some(-0.25),
        ),
        (r#"{"text":"物业不管","segments":[{"avg_logprob":-1.9}]}"#, None),
        // Nothing but what it was told, and unsure of it.
        (r#"{"text":"转人工","segments":[{"avg_logprob":-0.8}]}"#, None),
        (r#"{"text":"转人工","segments":[{"avg_logprob":-0.1}]}"#, Some(-0.1)),
        (r#"{"text":"转人工","segments":null,"usage":{"type":"duration"}}"#, Some(LOGPROB_ASSUMED)),
    ];
    let server = Server::openai(&table.map(|(body, _)| text(body)));
    let mut asr = openai(&server, PATIENT_MS);
    for (body, logprob) in table {
        let heard = hear(&mut asr).unwrap();
        match (&heard, logprob) {
            (Heard::Unclear, None) => {}
            (Heard::Words { confidence: sure, .. }, Some(logprob)) => {
                assert!((sure - confidence(logprob)).abs() < 1e-3, "{body}: {heard:?}");
            }
            _ => panic!("{body}: {heard:?}"),
        }
    }
    // Too short for a word: not sent at all.
    let short = asr.recognise(&[900; 800], &hinted(), true).unwrap();
    assert_eq!((short, server.seen().len()), (Heard::Unclear, table.len()));
}

/// An error that says what happened, and neither the key nor what the service wrote.
fn fails(asr: &mut RemoteAsr, what: &str) {
    let error = hear(asr).unwrap_err();
    let told = format!("{error} {error:?}");
    assert!(told.contains(what), "{told:?} does not say {what:?}");
    assert!(!told.contains(KEY) && !told.contains("机密"), "{told}");
}

#[test]
fn a_service_that_fails_is_named_by_what_it_did() {
    let long = format!("{{\"text\":\"{}\"}}", "长".repeat(200_000));
    let table = [
        (Reply::Text(500, "机密".into()), "status 500"),
        (Reply::Text(401, format!("wrong key {KEY}")), "status 401"),
        (Reply::Half, "ended early"),
        (Reply::Text(200, "{\"text\":机密".into()), "no JSON object with a text"),
        (Reply::Text(200, "{\"text\":{\"机密\":1}}".into()), "no JSON object with a text"),
        (Reply::Text(200, long), "too long"),
        (Reply::Close, "closed the connection"),
    ];
    for (reply, what) in table {
        fails(&mut openai(&Server::openai(&[reply]), PATIENT_MS), what);
    }
    let table = [
        (Reply::Text(403, String::new()), "status 403"),
        (Reply::Close, "before its answer was whole"),
        (
            Reply::TextAndClose(200, r#"{"mode":"2pass-offline","text":"机密"}"#.into()),
            "before its answer",
        ),
        (text("机密"), "no JSON object as FunASR"),
        (text(r#"{"mode":"offline","text":["机密"]}"#), "no JSON object as FunASR"),
    ];
    for (reply, what) in table {
        fails(&mut funasr(&Server::funasr(&[reply]), PATIENT_MS), what);
    }
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for (protocol, url) in [
        (Protocol::OpenAi, format!("http://{nobody}")),
        (Protocol::FunAsr, format!("ws://{nobody}")),
    ] {
        fails(&mut asr(settings(protocol, &url, PATIENT_MS)), "no connection: connection refused");
    }
}

#[test]
fn a_funasr_service_gets_the_sound_and_the_words_and_answers_once() {
    let answer =
        r#"{"is_final":false,"mode":"offline","text":"我要投訴物業","wav_name":"utterance"}"#;
    let server = Server::funasr(&[text(answer)]);
    let heard = hear(&mut funasr(&server, PATIENT_MS)).unwrap();
    assert_eq!(heard, words("我要投诉物业", confidence(LOGPROB_ASSUMED)));

    let seen = server.seen().remove(0);
    assert!(seen.head.contains(&format!("Bearer {KEY}")), "{}", seen.head);
    assert_eq!(seen.body.len(), 2 * 2 * sound().len());
    let [first, last] = &seen.texts[..] else { panic!("{:?}", seen.texts) };
    let first: serde_json::Value = serde_json::from_str(first).unwrap();
    assert_eq!(first["mode"], "offline");
    assert_eq!(first["wav_format"], "pcm");
    assert_eq!(first["audio_fs"], 16_000);
    assert_eq!(first["is_speaking"], true);
    let hotwords: serde_json::Value =
        serde_json::from_str(first["hotwords"].as_str().unwrap()).unwrap();
    assert_eq!(hotwords, serde_json::json!({ "转人工": 20, "施工噪音": 20, "物业": 20 }));
    assert_eq!(last, r#"{"is_speaking":false}"#);
}

#[test]
fn a_real_time_funasr_service_answers_in_pieces() {
    let pieces = r#"{"mode":"2pass-online","text":"无业"}
{"mode":"2pass-offline","text":"物业不管，","is_final":false}
{"mode":"2pass-online","text":"我要"}
{"mode":"2pass-offline","text":"我要投诉","is_final":true}"#;
    // The end without words, and without a mode.
    let ended = "{\"mode\":\"2pass-offline\",\"text\":\"喂\"}\n{\"text\":\"\",\"is_final\":true}";
    let server = Server::funasr(&[text(pieces), text(ended)]);
    let mut asr = funasr(&server, PATIENT_MS);
    let sure = confidence(LOGPROB_ASSUMED);
    assert_eq!(hear(&mut asr).unwrap(), words("物业不管，我要投诉", sure));
    assert_eq!(hear(&mut asr).unwrap(), words("喂", sure));
}

/// A service of our own with a certificate made on the spot.
#[test]
fn a_service_is_checked_by_its_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=asr \
                     -addext subjectAltName=IP:127.0.0.1 -addext basicConstraints=critical,CA:FALSE \
                     -keyout key.pem -out certificate.pem";
    let made =
        Command::new("openssl").args(arguments.split_whitespace()).current_dir(&folder).output();
    let Ok(made) = made else {
        eprintln!("skipped: openssl is not installed");
        return;
    };
    assert!(made.status.success(), "{made:?}");
    let (ca, key) = (folder.path().join("certificate.pem"), folder.path().join("key.pem"));
    let tls = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![CertificateDer::from_pem_file(&ca).unwrap()],
            PrivateKeyDer::from_pem_file(&key).unwrap(),
        );
    let answer = text(r#"{"mode":"offline","text":"物业不管"}"#);
    let server = Server::funasr_tls(&[answer], Arc::new(tls.unwrap()));
    let url = format!("wss://{}", server.address);
    let stranger = settings(Protocol::FunAsr, &url, PATIENT_MS);
    fails(&mut asr(stranger.clone()), "TLS failed");
    let heard = hear(&mut asr(Settings { ca: Some(ca), ..stranger.clone() })).unwrap();
    assert_eq!(heard, words("物业不管", confidence(LOGPROB_ASSUMED)));
    let error = Service::new(Settings { ca: Some(key), ..stranger }).err().unwrap().to_string();
    assert!(
        error.contains("recogniser.ca_file") && error.contains("holds no certificate"),
        "{error}"
    );
}

/// Writes down the same, whatever it hears, and counts.
struct Local(Arc<AtomicUsize>);

impl Asr for Local {
    fn recognise(&mut self, pcm: &[i16], _: &Expected, _: bool) -> Result<Heard, SpeechError> {
        assert_eq!(pcm, sound());
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(words("这里听的", 0.9))
    }
}

struct Both {
    asr: WithFallback,
    now_ms: Arc<AtomicU64>,
    local: Arc<AtomicUsize>,
}

impl Both {
    fn new(remote: RemoteAsr, with_local: bool) -> Both {
        let (now_ms, local): (Arc<AtomicU64>, Arc<AtomicUsize>) = Default::default();
        let time = now_ms.clone();
        let clock: Clock = Arc::new(move || Moment::from_ms(time.load(Ordering::Relaxed)));
        let breaker = Arc::new(Mutex::new(Breaker::new(Rules::default())));
        let fallback = with_local.then(|| Box::new(Local(local.clone())) as Box<dyn Asr>);
        Both { asr: WithFallback::new(Box::new(remote), fallback, breaker, clock), now_ms, local }
    }

    fn hears_locally(&mut self) {
        let before = self.local.load(Ordering::Relaxed);
        assert_eq!(hear(&mut self.asr).unwrap(), words("这里听的", 0.9));
        assert_eq!(self.local.load(Ordering::Relaxed), before + 1);
    }
}

#[test]
fn a_late_answer_is_not_waited_for() {
    let server = Server::openai(&[Reply::Never]);
    Both::new(openai(&server, SHORT_MS), true).hears_locally();
    let server = Server::funasr(&[Reply::Never]);
    Both::new(funasr(&server, SHORT_MS), true).hears_locally();
    let server = Server::openai(&[Reply::Never]);
    fails(&mut openai(&server, SHORT_MS), "no whole answer within 150 ms");
}

#[test]
fn a_service_that_fails_again_and_again_is_left_alone_and_taken_back() {
    let down = || Reply::Text(500, String::new());
    let server = Server::openai(&[down(), down(), down()]);
    let mut both = Both::new(openai(&server, PATIENT_MS), true);
    (0..5).for_each(|_| both.hears_locally());
    assert_eq!(server.seen().len(), 3);

    both.now_ms.store(5_000, Ordering::Relaxed);
    server.then(down());
    (0..2).for_each(|_| both.hears_locally());
    assert_eq!(server.seen().len(), 4);

    both.now_ms.store(5_000 + 9_999, Ordering::Relaxed);
    both.hears_locally();
    assert_eq!(server.seen().len(), 4);
    both.now_ms.store(5_000 + 10_000, Ordering::Relaxed);
    for count in 5..8 {
        server.then(text(r#"{"text":"那里听的"}"#));
        let heard = hear(&mut both.asr).unwrap();
        assert_eq!(heard, words("那里听的", confidence(LOGPROB_ASSUMED)));
        assert_eq!(server.seen().len(), count);
    }
}

#[test]
fn a_closed_set_is_heard_here_where_there_is_somebody_to_hear_it() {
    let closed = Expected { hint: HINT.into(), form: Some(Arc::new(Form::default())) };
    let server = Server::openai(&[text(r#"{"text":"对的"}"#), Reply::Text(500, String::new())]);
    let mut both = Both::new(openai(&server, PATIENT_MS), true);
    assert_eq!(both.asr.recognise(&sound(), &closed, true).unwrap(), words("这里听的", 0.9));
    assert_eq!(server.seen().len(), 0);

    let mut alone = Both::new(openai(&server, PATIENT_MS), false);
    let heard = alone.asr.recognise(&sound(), &closed, true).unwrap();
    assert_eq!(heard, words("对的", confidence(LOGPROB_ASSUMED)));
    let error = hear(&mut alone.asr).unwrap_err().to_string();
    assert!(error.contains("status 500"), "{error}");
}

/// One step of a table: at a time, ask, or tell how permit number `n` ended.
enum Step {
    Ask(bool),
    Ended(usize, bool, Option<Change>),
}

#[test]
fn the_breaker_opens_waits_tries_once_and_closes() {
    use Step::{Ask, Ended};
    let rules = Rules { in_a_row: 2, of_the_last: 4, pause_ms: 100, pause_max_ms: 300 };
    let opened = |pause_ms| Some(Change::Opened { pause_ms });
    let table = [
        (0, Ask(true)),
        (0, Ask(true)),
        (0, Ask(true)),
        (10, Ended(0, true, None)),
        (20, Ended(1, true, opened(100))),
        // Permit 2 is of the time before: its success closes nothing.
        (30, Ended(2, false, None)),
        (119, Ask(false)),
        (120, Ask(true)),
        (121, Ask(false)),
        (130, Ended(3, true, opened(200))),
        (329, Ask(false)),
        (330, Ask(true)),
        (340, Ended(4, true, opened(300))),
        (640, Ask(true)),
        (650, Ended(5, true, opened(300))),
        (950, Ask(true)),
        // A trial that never reports is given up after a pause.
        (1249, Ask(false)),
        (1250, Ask(true)),
        (1260, Ended(6, false, None)),
        (1270, Ended(7, false, Some(Change::Closed))),
        (1270, Ask(true)),
        (1280, Ended(8, true, None)),
        (1280, Ask(true)),
        // The pause is the first one's again.
        (1290, Ended(9, true, opened(100))),
    ];
    let mut breaker = Breaker::new(rules);
    let mut permits: Vec<Permit> = Vec::new();
    for (row, (ms, step)) in table.into_iter().enumerate() {
        let now = Moment::from_ms(ms);
        match step {
            Ask(leave) => {
                let permit = breaker.ask(now);
                assert_eq!(permit.is_some(), leave, "row {row}");
                permits.extend(permit);
            }
            Ended(permit, failed, change) => {
                assert_eq!(breaker.ended(now, permits[permit], failed), change, "row {row}");
            }
        }
    }
}

#[test]
fn every_other_request_failing_opens_the_breaker_too() {
    let mut breaker = Breaker::new(Rules::default());
    let changes = (0..20).map(|i| {
        let permit = breaker.ask(Moment::ZERO)?;
        breaker.ended(Moment::ZERO, permit, i % 2 == 0)
    });
    let opened: Vec<usize> = changes.enumerate().filter_map(|(i, c)| c.map(|_| i)).collect();
    assert_eq!(opened, [18]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever happens: after an opening nobody goes before the pause is over, then one at a time; and it always ends.
    #[test]
    fn the_breaker_keeps_its_pauses(steps in prop::collection::vec((0_u64..4_000, any::<bool>(), 0_usize..4), 1..200)) {
        let rules = Rules::default();
        let mut breaker = Breaker::new(rules);
        let (mut now, mut quiet_until) = (Moment::ZERO, Moment::ZERO);
        let mut permits = Vec::new();
        for (wait, failed, which) in steps {
            now = now + wait;
            let permit = breaker.ask(now);
            prop_assert!(permit.is_none() || now >= quiet_until);
            permits.extend(permit);
            if which < permits.len() {
                let permit = permits.swap_remove(which);
                if let Some(Change::Opened { pause_ms }) = breaker.ended(now, permit, failed) {
                    prop_assert!(failed && pause_ms <= rules.pause_max_ms);
                    prop_assert!(breaker.ask(now).is_none());
                    quiet_until = now + pause_ms;
                }
            }
        }
        prop_assert!(breaker.ask(now + rules.pause_max_ms).is_some());
    }
}

#[test]
fn voices_leave_the_machine_only_under_tls() {
    use EndpointError::{Login, Plain, Query, Url};
    use Protocol::{FunAsr, OpenAi};
    let good = [
        (OpenAi, "http://127.0.0.1:8000/v1", "127.0.0.1:8000", "/v1"),
        (OpenAi, "http://localhost", "localhost:80", ""),
        (OpenAi, "http://[::1]:9", "[::1]:9", ""),
        (OpenAi, "https://asr.example.cn/whisper/", "asr.example.cn:443", "/whisper"),
        (FunAsr, "ws://127.0.0.2:10095", "127.0.0.2:10095", ""),
        (FunAsr, "wss://192.0.2.7:10095/", "192.0.2.7:10095", ""),
    ];
    for (protocol, url, authority, path) in good {
        let endpoint = Endpoint::parse(protocol, url, false).unwrap();
        assert_eq!((endpoint.authority().as_str(), endpoint.path.as_str()), (authority, path));
        assert_eq!(endpoint.tls, url.starts_with("https") || url.starts_with("wss"));
    }
    let bad = [
        (OpenAi, "http://192.0.2.7:8000", Plain),
        (OpenAi, "http://localhost.example.cn", Plain),
        (FunAsr, "ws://asr.example.cn", Plain),
        (OpenAi, "ws://127.0.0.1", Url),
        (FunAsr, "https://127.0.0.1", Url),
        (OpenAi, "asr.example.cn", Url),
        (OpenAi, "", Url),
        (OpenAi, "https://user:secret@asr.example.cn", Login),
        (OpenAi, "https://asr.example.cn/?key=secret", Query),
    ];
    for (protocol, url, error) in bad {
        assert_eq!(Endpoint::parse(protocol, url, false), Err(error), "{url}");
    }
    assert!(Endpoint::parse(OpenAi, "http://192.0.2.7:8000", true).is_ok());
}

#[test]
fn the_section_recogniser_says_what_is_wrong_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("huiyin.toml");
    let key = folder.path().join("key");
    std::fs::write(&key, KEY).unwrap();
    let load = |section: &str| {
        std::fs::write(&path, format!("[recogniser]\n{section}")).unwrap();
        Config::load(Some(&path)).map(|config| config.recogniser)
    };
    let bad = [
        ("kind = \"wisper\"", "say whisper, openai or funasr"),
        ("url = \"https://asr.example.cn\"", "recogniser.kind"),
        ("kind = \"openai\"", "recogniser.url"),
        ("kind = \"openai\"\nurl = \"https://asr.example.cn\"", "recogniser.model"),
        ("kind = \"funasr\"\nurl = \"ws://asr.example.cn\"", "allow_plain = true"),
        ("kind = \"funasr\"\nurl = \"wss://me:geheim@asr.example.cn\"", "key_file"),
        ("kind = \"funasr\"\nurl = \"wss://asr.example.cn\"\ndeadline_ms = 20", "deadline_ms"),
        (
            "kind = \"funasr\"\nurl = \"wss://asr.example.cn\"\nkey_env = \"HUIYIN_NOT_SET\"",
            "not set",
        ),
        ("model_file = \"none.bin\"", "no such file"),
        ("keyfile = \"x\"", "keyfile"),
    ];
    for (section, what) in bad {
        let error = load(section).unwrap_err().to_string();
        assert!(error.contains(what) && !error.contains("geheim"), "{error:?}: {what:?}");
    }
    let local = load("kind = \"whisper\"").unwrap();
    assert!(local.remote.is_none() && local.model_file.is_none());
    let funasr = load(&format!(
        "kind = \"funasr\"\nurl = \"ws://192.0.2.7:10095\"\nallow_plain = true\nkey_file = {key:?}"
    ));
    let remote = funasr.unwrap().remote.unwrap();
    assert_eq!((remote.protocol, remote.deadline_ms), (Protocol::FunAsr, 1500));
    assert_eq!(remote.key.as_ref().map(|key| key.reveal().as_str()), Some(KEY));
    assert!(!format!("{remote:?}").contains(KEY));
}
