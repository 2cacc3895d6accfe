//! The telephone line by itself: its port, its logs, and what garbage does to it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;

use huiyin::call::{Dial, EndReason, LOG_SILENCE, SignalEvent, SipConfig, SipStack};
use huiyin::kernel::{LegId, Pii};
use tokio::time::timeout;

use super::wire_sip::{LOOPBACK, Line, PATIENCE, dial, ids};

#[tokio::test]
async fn a_taken_port_is_named_with_its_setting() {
    let line = Line::open().await;
    let config = SipConfig { listen: line.line.listening(), ..SipConfig::default() };
    let error = SipStack::start(config, ids()).await.err().expect("the port is taken");
    let text = error.to_string();
    let port = line.line.listening().port().to_string();
    assert!(text.contains(&port) && text.contains("sip.listen"), "{text}");
    line.close().await;
}

/// What a whole call writes to the log under a filter.
async fn log_of_a_call(filter: &str) -> String {
    #[derive(Clone, Default)]
    struct Page(Arc<std::sync::Mutex<Vec<u8>>>);
    impl std::io::Write for Page {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let page = Page::default();
    let writer = page.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::new(filter))
        .with_writer(move || writer.clone())
        .finish();
    let guard = tracing::subscriber::set_default(subscriber);
    let (mut caller, mut callee) = (Line::open().await, Line::open().await);
    let to = format!("sip:12345@{}", callee.line.listening());
    let call = Dial { from: Pii::new("13800001234".to_owned()), ..dial(to) };
    caller.line.dial(LegId(50), call).await.unwrap();
    let (leg, offer) = callee.invited().await;
    callee.answer(leg, &offer).await;
    assert!(matches!(caller.next().await, SignalEvent::Answered { .. }));
    caller.line.send_digit(LegId(50), '7').await.unwrap();
    loop {
        let event = callee.next().await;
        tracing::info!(?event, "the line reports");
        if matches!(event, SignalEvent::Digit { .. }) {
            break;
        }
    }
    caller.line.hang_up(LegId(50), EndReason::HungUpByUs).await.unwrap();
    assert_eq!(callee.ended().await, EndReason::HungUpByPeer);
    caller.close().await;
    callee.close().await;
    drop(guard);
    let bytes = page.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn no_number_gets_into_a_log() {
    let silent = log_of_a_call(&format!("trace,{LOG_SILENCE}")).await;
    assert!(silent.contains("the line reports"), "the log is on: {silent}");
    for secret in ["13800001234", "Signal=7", "'7'"] {
        assert!(!silent.contains(secret), "{secret} is in\n{silent}");
    }
    // The stack beneath does write numbers: the directive is needed and does its work.
    assert!(log_of_a_call("trace").await.contains("13800001234"));
}

/// Garbage, then a real call: the line is as it was.
#[tokio::test]
async fn garbage_does_no_harm() {
    let mut line = Line::open().await;
    let to = line.line.listening();
    let socket = tokio::net::UdpSocket::bind(LOOPBACK).await.unwrap();
    let mut rng = huiyin::kernel::Rng::new(7);
    for size in [0, 1, 4, 60, 500, 1_400, 9_000, 60_000] {
        let noise: Vec<u8> = (0..size).map(|_| rng.below(256) as u8).collect();
        socket.send_to(&noise, to).await.unwrap();
        let mut stream = tokio::net::TcpStream::connect(to).await.unwrap();
        tokio::io::AsyncWriteExt::write_all(&mut stream, &noise).await.ok();
    }
    for message in super::guard::torture_messages() {
        socket.send_to(&message, to).await.unwrap();
    }
    let port = socket.local_addr().unwrap().port();
    let request = format!(
        "DANCE sip:12345@{to} SIP/7.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bKx\r\n\
         From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: x\r\nCSeq: 1 DANCE\r\n\
         Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
    );
    socket.send_to(request.as_bytes(), to).await.unwrap();
    // The noise has had answers too; ours is the one to the DANCE.
    let mut answer = [0; 4_000];
    loop {
        let len = timeout(PATIENCE, socket.recv(&mut answer)).await.expect("an answer").unwrap();
        let text = String::from_utf8_lossy(&answer[..len]);
        if text.contains("1 DANCE") {
            assert!(text.starts_with("SIP/2.0 505 "), "{text}");
            break;
        }
    }
    // Torture calls that are valid SIP rang here: nobody takes them up.
    let mut caller = Line::open().await;
    let call = Dial { from: Pii::new("13800001234".to_owned()), ..dial(format!("sip:12345@{to}")) };
    caller.line.dial(LegId(50), call).await.unwrap();
    loop {
        match line.next().await {
            SignalEvent::Invite { leg, from, .. } => {
                line.line.reject(leg, 486).await.unwrap();
                if from.reveal() == "13800001234" {
                    break;
                }
            }
            SignalEvent::Ended { reason, .. } => assert_eq!(reason, EndReason::Rejected(486)),
            other => panic!("unexpected: {other:?}"),
        }
    }
    assert_eq!(caller.ended().await, EndReason::Busy);
    caller.close().await;
    line.close().await;
}
