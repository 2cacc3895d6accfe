//! SIP over TLS: two lines of ours, and `openssl s_client` as a stranger's eye. Certificates are made on the spot.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use huiyin::call::leg::Failure;
use huiyin::call::{Dial, EndReason, SignalEvent, SipConfig, SipStack, TlsListen};
use huiyin::kernel::{LegId, Pii};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use super::wire_sip::{LOOPBACK, Line, PATIENCE, dial, ids, installed};

/// An authority, and a certificate of it for 127.0.0.1.
pub struct Certificates {
    folder: tempfile::TempDir,
}

impl Certificates {
    /// `None`, with a message, when openssl is not installed.
    pub fn make() -> Option<Certificates> {
        if !installed("openssl") {
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
        std::fs::write(folder.path().join("ext"), "subjectAltName=IP:127.0.0.1,DNS:localhost\n")
            .unwrap();
        for command in [
            format!("req -x509 {key} -days 2 -subj /CN=authority -keyout ca.key -out ca.pem"),
            format!("req {key} -subj /CN=127.0.0.1 -keyout key.pem -out request"),
            "x509 -req -in request -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile ext -out cert.pem"
                .to_owned(),
        ] {
            let made = std::process::Command::new("openssl")
                .args(command.split(' '))
                .current_dir(folder.path())
                .stderr(Stdio::null())
                .status();
            assert!(made.unwrap().success(), "openssl {command}");
        }
        let both =
            [read(folder.path().join("cert.pem")), read(folder.path().join("key.pem"))].concat();
        std::fs::write(folder.path().join("both.pem"), both).unwrap();
        Some(Certificates { folder })
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A line that has this certificate and trusts this authority.
    pub fn config(&self) -> SipConfig {
        let tls = TlsListen {
            listen: LOOPBACK,
            certificate: read(self.path("cert.pem")),
            key: Pii::new(read(self.path("key.pem"))),
        };
        let tls_ca = Some(read(self.path("ca.pem")));
        SipConfig { listen: LOOPBACK, tls: Some(tls), tls_ca, ..SipConfig::default() }
    }
}

fn read(path: impl AsRef<Path>) -> Vec<u8> {
    std::fs::read(path).unwrap()
}

fn to(line: &Line) -> Dial {
    let secure = line.line.tls_listening().expect("TLS listens");
    let uri = format!("sip:12345@{secure};transport=tls");
    Dial { from: Pii::new("13800001234".to_owned()), ..dial(uri) }
}

#[tokio::test]
async fn two_lines_talk_over_tls() {
    let Some(certificates) = Certificates::make() else { return };
    let mut callee = Line::open_with(certificates.config()).await;
    let mut caller = Line::open_with(certificates.config()).await;
    caller.line.dial(LegId(50), to(&callee)).await.unwrap();
    let (leg, offer) = callee.invited().await;
    callee.answer(leg, &offer).await;
    assert!(matches!(caller.next().await, SignalEvent::Answered { .. }));
    assert!(matches!(callee.next().await, SignalEvent::Confirmed { .. }));
    caller.line.send_digit(LegId(50), '7').await.unwrap();
    assert!(matches!(callee.next().await, SignalEvent::Digit { .. }));
    callee.line.hang_up(leg, EndReason::HungUpByUs).await.unwrap();
    assert_eq!(caller.ended().await, EndReason::HungUpByPeer);
    assert_eq!(callee.ended().await, EndReason::HungUpByUs);
    caller.close().await;
    callee.close().await;
}

/// No way around the check: who is not vouched for is not called.
#[tokio::test]
async fn a_certificate_of_nobody_we_trust_ends_the_call() {
    let (Some(theirs), Some(ours)) = (Certificates::make(), Certificates::make()) else { return };
    let callee = Line::open_with(theirs.config()).await;
    for config in [ours.config(), SipConfig { listen: LOOPBACK, ..SipConfig::default() }] {
        let mut caller = Line::open_with(config).await;
        caller.line.dial(LegId(50), to(&callee)).await.unwrap();
        assert_eq!(caller.ended().await, EndReason::Failed(Failure::Network));
        caller.close().await;
    }
    // Vouched for, but under another name.
    let mut caller = Line::open_with(theirs.config()).await;
    let port = callee.line.tls_listening().unwrap().port();
    let elsewhere = dial(format!("sip:1@127.0.0.2:{port};transport=tls"));
    caller.line.dial(LegId(51), elsewhere).await.unwrap();
    assert_eq!(caller.ended().await, EndReason::Failed(Failure::Network));
    caller.close().await;
    callee.close().await;
}

#[tokio::test]
async fn a_stranger_sees_a_proper_certificate_and_is_answered() {
    let Some(certificates) = Certificates::make() else { return };
    let line = Line::open_with(certificates.config()).await;
    let addr = line.line.tls_listening().unwrap();
    let mut client = tokio::process::Command::new("openssl")
        .args(["s_client", "-quiet", "-verify_return_error", "-verify_ip", "127.0.0.1", "-CAfile"])
        .arg(certificates.path("ca.pem"))
        .args(["-connect", &addr.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let ask = format!(
        "OPTIONS sip:12345@{addr} SIP/2.0\r\nVia: SIP/2.0/TLS 127.0.0.1:9;branch=z9hG4bKs\r\n\
         From: <sip:s@127.0.0.1>;tag=s\r\nTo: <sip:12345@{addr}>\r\nCall-ID: s\r\nCSeq: 1 OPTIONS\r\n\
         Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
    );
    let mut input = client.stdin.take().unwrap();
    input.write_all(ask.as_bytes()).await.unwrap();
    input.flush().await.unwrap();
    let mut heard = String::new();
    let mut output = client.stdout.take().unwrap();
    let listening = async {
        while !heard.contains("\r\n\r\n") {
            let mut chunk = [0; 4_096];
            let len = output.read(&mut chunk).await.unwrap();
            assert!(len > 0, "closed: {heard}");
            heard.push_str(&String::from_utf8_lossy(&chunk[..len]));
        }
    };
    timeout(PATIENCE, listening).await.expect("an answer");
    assert!(heard.starts_with("SIP/2.0 200 OK"), "{heard}");
    assert!(heard.contains("Supported: 100rel, timer"), "{heard}");
    line.close().await;
}

#[tokio::test]
async fn what_is_no_certificate_is_said_by_name() {
    let (Some(one), Some(other)) = (Certificates::make(), Certificates::make()) else { return };
    let with = |certificate: &str, key: Vec<u8>, ca: &str| {
        let tls = TlsListen {
            listen: LOOPBACK,
            certificate: read(one.path(certificate)),
            key: Pii::new(key),
        };
        let tls_ca = Some(read(one.path(ca)));
        SipConfig { listen: LOOPBACK, tls: Some(tls), tls_ca, ..SipConfig::default() }
    };
    let key = || read(one.path("key.pem"));
    for (config, named) in [
        (with("key.pem", key(), "ca.pem"), "sip.tls_certificate"),
        (with("cert.pem", b"none".to_vec(), "ca.pem"), "sip.tls_key"),
        (with("cert.pem", read(other.path("key.pem")), "ca.pem"), "sip.tls_key"),
        (with("cert.pem", key(), "request"), "sip.tls_ca"),
    ] {
        let error = SipStack::start(config, ids()).await.err().expect("refused").to_string();
        assert!(error.starts_with(named), "{error}");
    }
    let line = Line::open_with(one.config()).await;
    let mut taken = one.config();
    taken.tls.as_mut().unwrap().listen = line.line.tls_listening().unwrap();
    let error = SipStack::start(taken, ids()).await.err().expect("taken").to_string();
    assert!(error.contains("TLS") && error.contains("sip.tls_bind"), "{error}");
    line.line.shutdown(Duration::from_secs(1)).await;
}
