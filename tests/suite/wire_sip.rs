//! The telephone line against real peers on loopback: sipp over UDP and TCP, and baresip. A peer that is not
//! installed is a message and no failure.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::net::{SocketAddr, UdpSocket};
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use huiyin::call::leg::Failure;
use huiyin::call::{
    Credentials, Dial, Direction, EndReason, LegIds, LocalMedia, Registration, ReinviteAnswer,
    SignalEvent, Signalling, SipConfig, SipStack, sdp,
};
use huiyin::kernel::{LegId, Pii};
use tokio::process::{Child, Command};
use tokio::sync::mpsc::Receiver;
use tokio::time::timeout;

pub const PATIENCE: Duration = Duration::from_secs(20);
pub const LOOPBACK: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

pub fn ids() -> LegIds {
    let next = AtomicU64::new(1);
    Arc::new(move || LegId(next.fetch_add(1, Ordering::Relaxed)))
}

/// A telephone line with what it reports.
pub struct Line {
    pub line: Arc<dyn Signalling>,
    events: Receiver<SignalEvent>,
}

impl Line {
    pub async fn open() -> Line {
        Line::open_with(SipConfig { listen: LOOPBACK, ..SipConfig::default() }).await
    }

    pub async fn open_with(config: SipConfig) -> Line {
        let (line, events) = SipStack::start(config, ids()).await.unwrap();
        Line { line, events }
    }

    pub async fn next(&mut self) -> SignalEvent {
        timeout(PATIENCE, self.events.recv()).await.expect("an event in time").unwrap()
    }

    pub async fn ended(&mut self) -> EndReason {
        loop {
            if let SignalEvent::Ended { reason, .. } = self.next().await {
                return reason;
            }
        }
    }

    /// Waits for a call and gives its leg and offer.
    pub async fn invited(&mut self) -> (LegId, String) {
        match self.next().await {
            SignalEvent::Invite { leg, sdp, from, to, .. } => {
                assert_eq!(from.reveal(), "13800001234");
                assert_eq!(to, "12345");
                (leg, sdp.expect("an offer"))
            }
            other => panic!("an Invite was expected, not {other:?}"),
        }
    }

    pub async fn answer(&self, leg: LegId, offer: &str) {
        let (text, agreed) = sdp::answer(offer, &local(0)).unwrap();
        assert_eq!(agreed.codec.payload_type(), agreed.payload_type);
        self.line.answer(leg, text).await.unwrap();
    }

    pub async fn close(self) {
        self.line.shutdown(Duration::from_secs(5)).await;
    }
}

pub fn local(version: u64) -> LocalMedia {
    LocalMedia {
        addr: SocketAddr::from(([127, 0, 0, 1], 40_000)),
        session: 7,
        version,
        direction: Direction::SendRecv,
        terms: Default::default(),
    }
}

pub fn dial(to: String) -> Dial {
    Dial {
        to: Pii::new(to),
        from: Pii::new("12345".to_owned()),
        display: Some("热线".to_owned()),
        sdp: sdp::offer(&local(0)),
        ring_timeout: Duration::from_secs(10),
        credentials: None,
    }
}

pub fn installed(tool: &str) -> bool {
    let found = std::process::Command::new("which")
        .arg(tool)
        .stdout(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !found {
        eprintln!("skipped: {tool} is not installed");
    }
    found
}

/// A port for a peer, UDP and TCP. From below those that the system hands out by itself, and no two tests get the same:
/// between our look and the peer's bind nobody else takes it.
pub fn free_port() -> u16 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    loop {
        let turn = NEXT.fetch_add(1, Ordering::Relaxed) + u64::from(std::process::id()) * 61;
        // Every second one: baresip takes the port after its own for TLS.
        let port = 26_000 + (turn % 3_000) as u16 * 2;
        let addr = SocketAddr::from(([127, 0, 0, 1], port));
        if UdpSocket::bind(addr).is_ok() && std::net::TcpListener::bind(addr).is_ok() {
            return port;
        }
    }
}

/// A running sipp with a scenario of ours; `[code]` in it stands for `code`.
pub struct Sipp {
    child: Child,
    port: u16,
    _folder: tempfile::TempDir,
}

impl Sipp {
    pub fn start(scenario: &str, mode: &str, remote: Option<SocketAddr>, code: u16) -> Sipp {
        let folder = tempfile::tempdir().unwrap();
        let source = data().join("sipp").join(format!("{scenario}.xml"));
        let text = std::fs::read_to_string(source).unwrap();
        let file = folder.path().join("scenario.xml");
        std::fs::write(&file, text.replace("[code]", &code.to_string())).unwrap();
        let port = free_port();
        let mut command = Command::new("sipp");
        command.current_dir(folder.path()).arg("-sf").arg(&file);
        command.args(["-i", "127.0.0.1", "-p", &port.to_string(), "-t", mode, "-m", "1"]);
        command.args(["-nostdin", "-timeout", "20s", "-trace_err"]);
        if let Some(remote) = remote {
            command.arg(remote.to_string());
        }
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Sipp { child: command.kill_on_drop(true).spawn().unwrap(), port, _folder: folder }
    }

    pub fn calls(scenario: &str, mode: &str, line: &Line) -> Sipp {
        Sipp::start(scenario, mode, Some(line.line.listening()), 0)
    }

    /// A callee; returns when its port is taken.
    pub async fn waits(scenario: &str, mode: &str) -> Sipp {
        let sipp = Sipp::start(scenario, mode, None, 0);
        let bound = async {
            let addr = SocketAddr::from(([127, 0, 0, 1], sipp.port));
            while UdpSocket::bind(addr).is_ok() && std::net::TcpListener::bind(addr).is_ok() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(PATIENCE, bound).await.expect("sipp takes its port");
        sipp
    }

    pub fn uri(&self, mode: &str) -> String {
        let transport = if mode == "t1" { ";transport=tcp" } else { "" };
        format!("sip:13900004321@127.0.0.1:{}{transport}", self.port)
    }

    /// Fails unless the scenario went through to its end.
    pub async fn done(mut self) {
        let status = timeout(PATIENCE, self.child.wait()).await.expect("sipp ends").unwrap();
        if status.success() {
            return;
        }
        let mut errors = String::new();
        for entry in std::fs::read_dir(self._folder.path()).unwrap().flatten() {
            if entry.file_name().to_string_lossy().contains("errors") {
                errors = std::fs::read_to_string(entry.path()).unwrap_or_default();
            }
        }
        panic!("sipp ended with {status}: {errors}");
    }
}

async fn caller_talks(mode: &str) {
    let mut line = Line::open().await;
    let sipp = Sipp::calls("caller_talks", mode, &line);
    let (leg, offer) = line.invited().await;
    line.line.ring(leg, None).await.unwrap();
    line.answer(leg, &offer).await;
    assert!(matches!(line.next().await, SignalEvent::Confirmed { sdp: None, .. }));
    match line.next().await {
        SignalEvent::Digit { digit, .. } => assert_eq!(*digit.reveal(), '5'),
        other => panic!("a key was expected, not {other:?}"),
    }
    assert_eq!(line.ended().await, EndReason::HungUpByPeer);
    sipp.done().await;
    assert_eq!(line.line.legs(), 0);
    line.close().await;
}

#[tokio::test]
async fn a_caller_talks_and_hangs_up_over_udp_and_tcp() {
    if installed("sipp") {
        caller_talks("u1").await;
        caller_talks("t1").await;
    }
}

#[tokio::test]
async fn a_caller_gives_up_while_it_rings() {
    if !installed("sipp") {
        return;
    }
    for mode in ["u1", "t1"] {
        let mut line = Line::open().await;
        let sipp = Sipp::calls("caller_cancels", mode, &line);
        let (leg, _) = line.invited().await;
        line.line.ring(leg, None).await.unwrap();
        assert_eq!(line.ended().await, EndReason::Cancelled);
        sipp.done().await;
        line.close().await;
    }
}

#[tokio::test]
async fn a_caller_holds_and_takes_up_again() {
    if !installed("sipp") {
        return;
    }
    let mut line = Line::open().await;
    let sipp = Sipp::calls("caller_holds", "u1", &line);
    let (leg, offer) = line.invited().await;
    line.answer(leg, &offer).await;
    let mut directions = Vec::new();
    loop {
        match line.next().await {
            SignalEvent::Reinvite { leg, sdp } => {
                let version = directions.len() as u64 + 1;
                let (sdp, agreed) = sdp::answer(&sdp.unwrap(), &local(version)).unwrap();
                directions.push(agreed.direction);
                let answer = ReinviteAnswer::Accept { sdp };
                line.line.answer_reinvite(leg, answer).await.unwrap();
            }
            SignalEvent::Ended { reason, .. } => {
                assert_eq!(reason, EndReason::HungUpByPeer);
                break;
            }
            _ => {}
        }
    }
    assert_eq!(directions, [Direction::RecvOnly, Direction::SendRecv]);
    sipp.done().await;
    line.close().await;
}

#[tokio::test]
async fn we_hang_up_and_a_shutdown_hangs_up() {
    if !installed("sipp") {
        return;
    }
    for (mode, by_shutdown) in [("u1", false), ("t1", false), ("u1", true)] {
        let mut line = Line::open().await;
        let sipp = Sipp::calls("caller_waits", mode, &line);
        let (leg, offer) = line.invited().await;
        line.answer(leg, &offer).await;
        assert!(matches!(line.next().await, SignalEvent::Confirmed { .. }));
        if by_shutdown {
            line.line.shutdown(Duration::from_secs(5)).await;
            assert_eq!(line.ended().await, EndReason::ServerStopped);
        } else {
            line.line.hang_up(leg, EndReason::HungUpByUs).await.unwrap();
            assert_eq!(line.ended().await, EndReason::HungUpByUs);
        }
        sipp.done().await;
        line.close().await;
    }
}

#[tokio::test]
async fn a_caller_is_refused() {
    if !installed("sipp") {
        return;
    }
    let mut line = Line::open().await;
    let sipp = Sipp::start("caller_refused", "u1", Some(line.line.listening()), 486);
    let (leg, _) = line.invited().await;
    line.line.reject(leg, 486).await.unwrap();
    assert_eq!(line.ended().await, EndReason::Rejected(486));
    sipp.done().await;
    line.line.drain(true);
    let sipp = Sipp::start("caller_refused", "u1", Some(line.line.listening()), 503);
    sipp.done().await;
    line.close().await;
}

#[tokio::test]
async fn a_full_house_refuses() {
    if !installed("sipp") {
        return;
    }
    let config = SipConfig { listen: LOOPBACK, legs_max: 0, ..SipConfig::default() };
    let line = Line::open_with(config).await;
    Sipp::start("caller_refused", "t1", Some(line.line.listening()), 503).done().await;
    line.close().await;
}

#[tokio::test]
async fn a_caller_without_an_offer_gets_ours() {
    if !installed("sipp") {
        return;
    }
    let mut line = Line::open().await;
    let sipp = Sipp::calls("caller_offers_late", "u1", &line);
    let SignalEvent::Invite { leg, sdp: None, .. } = line.next().await else {
        panic!("an Invite without an offer was expected")
    };
    line.line.answer(leg, sdp::offer(&local(0))).await.unwrap();
    let SignalEvent::Confirmed { sdp: Some(answer), .. } = line.next().await else {
        panic!("an answer in the ACK was expected")
    };
    assert_eq!(sdp::accept(&answer, &local(0)).unwrap().dtmf, Some(101));
    line.line.hang_up(leg, EndReason::HungUpByUs).await.unwrap();
    assert_eq!(line.ended().await, EndReason::HungUpByUs);
    sipp.done().await;
    line.close().await;
}

/// 300 calls, up to 50 at once: each ends in order, and when the transactions have run out nothing of it is left.
#[tokio::test]
async fn many_calls_leave_nothing_behind() {
    const CALLS: usize = 300;
    if !installed("sipp") {
        return;
    }
    let t1 = Duration::from_millis(20);
    let config = SipConfig { listen: LOOPBACK, t1, ..SipConfig::default() };
    let mut line = Line::open_with(config).await;
    let mut sipp = Command::new("sipp");
    sipp.args(["-sn", "uac", "-i", "127.0.0.1", "-p", &free_port().to_string(), "-nostdin"]);
    sipp.args(["-m", &CALLS.to_string(), "-r", "100", "-l", "50", "-timeout", "30s"]);
    sipp.arg(line.line.listening().to_string()).kill_on_drop(true);
    let mut sipp = sipp.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let mut ended = 0;
    while ended < CALLS {
        match line.next().await {
            SignalEvent::Invite { leg, sdp, .. } => line.answer(leg, &sdp.unwrap()).await,
            SignalEvent::Ended { reason, .. } => {
                assert_eq!(reason, EndReason::HungUpByPeer);
                ended += 1;
            }
            _ => {}
        }
    }
    assert!(timeout(PATIENCE, sipp.wait()).await.unwrap().unwrap().success());
    assert_eq!(line.line.legs(), 0);
    let forgotten = async {
        while line.line.held() > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let result = timeout(PATIENCE, forgotten).await;
    assert!(result.is_ok(), "{} things are still remembered", line.line.held());
    line.close().await;
}

#[tokio::test]
async fn options_are_answered() {
    if !installed("sipp") {
        return;
    }
    let line = Line::open().await;
    for mode in ["u1", "t1"] {
        Sipp::calls("asks_options", mode, &line).done().await;
    }
    line.close().await;
}

#[tokio::test]
async fn a_telephone_answers_our_call() {
    if !installed("sipp") {
        return;
    }
    for mode in ["u1", "t1"] {
        let mut line = Line::open().await;
        let sipp = Sipp::waits("callee_answers", mode).await;
        line.line.dial(LegId(9), dial(sipp.uri(mode))).await.unwrap();
        assert!(matches!(line.next().await, SignalEvent::Ringing { leg: LegId(9) }));
        match line.next().await {
            SignalEvent::Answered { sdp, .. } => {
                let agreed = sdp::accept(&sdp, &local(0)).unwrap();
                assert_eq!((agreed.remote.port(), agreed.dtmf), (6002, Some(101)));
            }
            other => panic!("an answer was expected, not {other:?}"),
        }
        line.line.hang_up(LegId(9), EndReason::HungUpByUs).await.unwrap();
        assert_eq!(line.ended().await, EndReason::HungUpByUs);
        sipp.done().await;
        line.close().await;
    }
}

#[tokio::test]
async fn our_calls_end_as_the_other_side_wants() {
    if !installed("sipp") {
        return;
    }
    for (scenario, reason) in
        [("callee_busy", EndReason::Busy), ("callee_hangs_up", EndReason::HungUpByPeer)]
    {
        let mut line = Line::open().await;
        let sipp = Sipp::waits(scenario, "u1").await;
        line.line.dial(LegId(9), dial(sipp.uri("u1"))).await.unwrap();
        assert_eq!(line.ended().await, reason, "{scenario}");
        sipp.done().await;
        line.close().await;
    }
}

#[tokio::test]
async fn nobody_takes_up_our_call() {
    if !installed("sipp") {
        return;
    }
    for by_us in [false, true] {
        let mut line = Line::open().await;
        let sipp = Sipp::waits("callee_rings", "u1").await;
        let ring_timeout = Duration::from_millis(if by_us { 10_000 } else { 400 });
        let call = Dial { ring_timeout, ..dial(sipp.uri("u1")) };
        line.line.dial(LegId(9), call).await.unwrap();
        assert!(matches!(line.next().await, SignalEvent::Ringing { .. }));
        if by_us {
            line.line.hang_up(LegId(9), EndReason::HungUpByUs).await.unwrap();
            assert_eq!(line.ended().await, EndReason::HungUpByUs);
        } else {
            assert_eq!(line.ended().await, EndReason::NoAnswer);
        }
        sipp.done().await;
        line.close().await;
    }
}

#[tokio::test]
async fn nobody_is_there_at_all() {
    let mut line = Line::open().await;
    let call = Dial {
        ring_timeout: Duration::from_millis(300),
        ..dial(format!("sip:1@127.0.0.1:{}", free_port()))
    };
    line.line.dial(LegId(9), call).await.unwrap();
    assert_eq!(line.ended().await, EndReason::Failed(Failure::NoReply));
    let tcp = dial(format!("sip:1@127.0.0.1:{};transport=tcp", free_port()));
    line.line.dial(LegId(10), tcp).await.unwrap();
    assert_eq!(line.ended().await, EndReason::Failed(Failure::Network));
    let error = line.line.dial(LegId(11), dial("12345".to_owned())).await.unwrap_err();
    assert!(!error.to_string().contains("12345 "), "{error}");
    line.close().await;
}

#[tokio::test]
async fn a_trunk_asks_for_a_password() {
    if !installed("sipp") {
        return;
    }
    let mut line = Line::open().await;
    let sipp = Sipp::waits("callee_challenges", "u1").await;
    let call = Dial { credentials: Some(credentials()), ..dial(sipp.uri("u1")) };
    line.line.dial(LegId(9), call).await.unwrap();
    assert!(matches!(line.next().await, SignalEvent::Answered { .. }));
    line.line.hang_up(LegId(9), EndReason::HungUpByUs).await.unwrap();
    assert_eq!(line.ended().await, EndReason::HungUpByUs);
    sipp.done().await;
    line.close().await;
}

fn credentials() -> Credentials {
    Credentials {
        user: "hotline".to_owned(),
        password: Pii::new("open sesame".to_owned()),
        realm: None,
    }
}

#[tokio::test]
async fn it_registers_with_a_password_and_leaves() {
    if !installed("sipp") {
        return;
    }
    let sipp = Sipp::waits("registrar", "u1").await;
    let registration = Registration {
        registrar: format!("sip:127.0.0.1:{}", sipp.port),
        credentials: credentials(),
        expires: Duration::from_secs(60),
    };
    let config =
        SipConfig { listen: LOOPBACK, registrations: vec![registration], ..SipConfig::default() };
    let line = Line::open_with(config).await;
    let registered = async {
        while !line.line.registered() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, registered).await.expect("registered in time");
    line.close().await;
    sipp.done().await;
}

#[tokio::test]
async fn two_lines_of_ours_talk_to_each_other() {
    for transport in ["", ";transport=tcp"] {
        let (mut caller, mut callee) = (Line::open().await, Line::open().await);
        let to = format!("sip:12345@{}{transport}", callee.line.listening());
        let call = Dial { from: Pii::new("13800001234".to_owned()), ..dial(to) };
        caller.line.dial(LegId(50), call).await.unwrap();
        let (leg, offer) = callee.invited().await;
        callee.line.ring(leg, None).await.unwrap();
        callee.answer(leg, &offer).await;
        assert!(matches!(caller.next().await, SignalEvent::Ringing { .. }));
        assert!(matches!(caller.next().await, SignalEvent::Answered { .. }));
        assert!(matches!(callee.next().await, SignalEvent::Confirmed { .. }));
        caller.line.send_digit(LegId(50), '#').await.unwrap();
        assert!(matches!(callee.next().await, SignalEvent::Digit { .. }));
        let answering = async {
            let SignalEvent::Reinvite { leg, sdp } = callee.next().await else {
                panic!("a re-INVITE was expected")
            };
            let (sdp, _) = sdp::answer(&sdp.unwrap(), &local(1)).unwrap();
            callee.line.answer_reinvite(leg, ReinviteAnswer::Accept { sdp }).await.unwrap();
        };
        let held = LocalMedia { direction: Direction::SendOnly, ..local(1) };
        let hold = caller.line.reinvite(LegId(50), sdp::offer(&held));
        let (agreed, ()) = tokio::join!(hold, answering);
        assert!(agreed.unwrap().contains("a=recvonly"));
        callee.line.hang_up(leg, EndReason::HungUpByUs).await.unwrap();
        assert_eq!(caller.ended().await, EndReason::HungUpByPeer);
        assert_eq!(callee.ended().await, EndReason::HungUpByUs);
        caller.close().await;
        callee.close().await;
    }
}

fn data() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data")
}
