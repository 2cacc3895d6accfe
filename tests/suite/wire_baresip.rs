//! The telephone line against baresip, a telephone as people have it, steered over its control port. Skipped with
//! a message when baresip is not installed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use huiyin::call::{
    Dial, Direction, EndReason, LocalMedia, ReinviteAnswer, SignalEvent, SipConfig, SipStack, sdp,
};
use huiyin::kernel::{LegId, Pii};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::sync::mpsc::Receiver;
use tokio::time::timeout;

use super::wire_sip::ids;
use super::wire_tls::Certificates;

const PATIENCE: Duration = Duration::from_secs(20);
const MODULES: &str = "/usr/lib/baresip/modules";

/// A running baresip.
pub struct Telephone {
    _child: Child,
    control: TcpStream,
    pub sip: SocketAddr,
    heard: String,
    _folder: tempfile::TempDir,
}

fn free() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], crate::wire_sip::free_port()))
}

fn configure(folder: &Path, sip: SocketAddr, control: SocketAddr, account: &str, more: &str) {
    let modules = "module g711.so\nmodule g722.so\nmodule srtp.so\nmodule aubridge.so\n\
        module_app account.so\nmodule_app menu.so\nmodule_app ctrl_tcp.so\n";
    let text = format!(
        "sip_listen {sip}\nctrl_tcp_listen {control}\naudio_player aubridge,nobody\n\
         audio_source aubridge,nobody\naudio_alert aubridge,nobody\nrtp_ports 42000-43000\n\
         module_path {MODULES}\n{modules}{more}"
    );
    std::fs::write(folder.join("config"), text).unwrap();
    std::fs::write(folder.join("accounts"), format!("{account}\n")).unwrap();
    std::fs::write(folder.join("contacts"), "").unwrap();
}

impl Telephone {
    /// `None`, with a message, when there is no baresip.
    pub async fn start(parameters: &str) -> Option<Telephone> {
        Telephone::start_with(parameters, "").await
    }

    /// `more`: further lines of its configuration.
    async fn start_with(parameters: &str, more: &str) -> Option<Telephone> {
        if !Path::new(MODULES).is_dir() {
            eprintln!("skipped: baresip is not installed");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let (sip, control) = (free(), free());
        let account = format!("<sip:13800001234@127.0.0.1>;regint=0{parameters}");
        configure(folder.path(), sip, control, &account, more);
        let mut command = Command::new("baresip");
        command.arg("-4").arg("-f").arg(folder.path()).stdin(Stdio::null());
        command.stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
        let child = command.spawn().unwrap();
        let connecting = async {
            loop {
                match TcpStream::connect(control).await {
                    Ok(stream) => break stream,
                    Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
                }
            }
        };
        let control = timeout(PATIENCE, connecting).await.expect("baresip's control port");
        Some(Telephone { _child: child, control, sip, heard: String::new(), _folder: folder })
    }

    /// One command, as a netstring of JSON.
    pub async fn say(&mut self, command: &str, params: &str) {
        let json = format!("{{\"command\":\"{command}\",\"params\":\"{params}\"}}");
        let netstring = format!("{}:{json},", json.len());
        self.control.write_all(netstring.as_bytes()).await.unwrap();
    }

    /// Until baresip reports an event of that name.
    pub async fn hear(&mut self, event: &str) {
        let listening = async {
            let mut chunk = [0; 4096];
            while !self.heard.contains(event) {
                let len = self.control.read(&mut chunk).await.unwrap();
                assert!(len > 0, "baresip has gone");
                self.heard.push_str(&String::from_utf8_lossy(&chunk[..len]));
            }
        };
        let result = timeout(PATIENCE, listening).await;
        assert!(result.is_ok(), "baresip did not report {event}: {}", self.heard);
        self.heard.clear();
    }
}

fn local(version: u64) -> LocalMedia {
    LocalMedia {
        addr: SocketAddr::from(([127, 0, 0, 1], 40_010)),
        session: 9,
        version,
        direction: Direction::SendRecv,
        terms: Default::default(),
    }
}

fn config() -> SipConfig {
    SipConfig { listen: SocketAddr::from(([127, 0, 0, 1], 0)), ..SipConfig::default() }
}

async fn next(events: &mut Receiver<SignalEvent>) -> SignalEvent {
    timeout(PATIENCE, events.recv()).await.expect("an event in time").unwrap()
}

#[tokio::test]
async fn baresip_calls_holds_and_hangs_up() {
    for transport in ["", ";transport=tcp"] {
        let Some(mut telephone) = Telephone::start("").await else { return };
        let (line, mut events) = SipStack::start(config(), ids()).await.unwrap();
        telephone.say("dial", &format!("sip:12345@{}{transport}", line.listening())).await;
        let SignalEvent::Invite { leg, from, to, sdp: offer, .. } = next(&mut events).await else {
            panic!("an Invite was expected")
        };
        assert_eq!((from.reveal().as_str(), to.as_str()), ("13800001234", "12345"));
        line.ring(leg, None).await.unwrap();
        telephone.hear("CALL_RINGING").await;
        let (answer, agreed) = sdp::answer(&offer.unwrap(), &local(0)).unwrap();
        assert!(agreed.dtmf.is_some() && agreed.direction == Direction::SendRecv);
        line.answer(leg, answer).await.unwrap();
        telephone.hear("CALL_ESTABLISHED").await;
        assert!(matches!(next(&mut events).await, SignalEvent::Confirmed { .. }));
        telephone.say("hold", "").await;
        let SignalEvent::Reinvite { sdp: Some(offer), .. } = next(&mut events).await else {
            panic!("a re-INVITE was expected")
        };
        let (sdp, agreed) = sdp::answer(&offer, &local(1)).unwrap();
        assert!(!agreed.direction.we_send(), "held");
        line.answer_reinvite(leg, ReinviteAnswer::Accept { sdp }).await.unwrap();
        telephone.say("hangup", "").await;
        loop {
            if let SignalEvent::Ended { reason, .. } = next(&mut events).await {
                assert_eq!(reason, EndReason::HungUpByPeer);
                break;
            }
        }
        line.shutdown(Duration::from_secs(5)).await;
    }
}

#[tokio::test]
async fn baresip_is_called_and_answers() {
    for transport in ["", ";transport=tcp"] {
        let Some(mut telephone) = Telephone::start(";answermode=auto").await else { return };
        let (line, mut events) = SipStack::start(config(), ids()).await.unwrap();
        let call = Dial {
            to: Pii::new(format!("sip:13800001234@{}{transport}", telephone.sip)),
            from: Pii::new("12345".to_owned()),
            display: Some("政务服务热线".to_owned()),
            sdp: sdp::offer(&local(0)),
            ring_timeout: Duration::from_secs(10),
            credentials: None,
        };
        line.dial(LegId(3), call).await.unwrap();
        telephone.hear("CALL_ESTABLISHED").await;
        let answer = loop {
            match next(&mut events).await {
                SignalEvent::Answered { sdp, .. } => break sdp,
                SignalEvent::Ended { reason, .. } => panic!("not answered: {reason:?}"),
                _ => {}
            }
        };
        assert!(sdp::accept(&answer, &local(0)).unwrap().direction.we_send());
        line.hang_up(LegId(3), EndReason::HungUpByUs).await.unwrap();
        telephone.hear("CALL_CLOSED").await;
        line.shutdown(Duration::from_secs(5)).await;
    }
}

/// Both ways over TLS, each side checking the other's certificate.
#[tokio::test]
async fn baresip_speaks_tls() {
    let Some(certificates) = Certificates::make() else { return };
    let path = |name: &str| certificates.path(name).display().to_string();
    let (both, ca) = (path("both.pem"), path("ca.pem"));
    let more = format!("sip_certificate {both}\nsip_cafile {ca}\nsip_verify_server yes\n");
    let Some(mut telephone) = Telephone::start_with(";answermode=auto", &more).await else {
        return;
    };
    let (line, mut events) = SipStack::start(certificates.config(), ids()).await.unwrap();
    let secure = line.tls_listening().unwrap();
    telephone.say("dial", &format!("sip:12345@{secure};transport=tls")).await;
    let SignalEvent::Invite { leg, sdp: offer, .. } = next(&mut events).await else {
        panic!("an Invite was expected")
    };
    let (answer, _) = sdp::answer(&offer.unwrap(), &local(0)).unwrap();
    line.answer(leg, answer).await.unwrap();
    telephone.hear("CALL_ESTABLISHED").await;
    line.hang_up(leg, EndReason::HungUpByUs).await.unwrap();
    telephone.hear("CALL_CLOSED").await;
    let port = telephone.sip.port() + 1;
    let call = Dial {
        to: Pii::new(format!("sip:13800001234@127.0.0.1:{port};transport=tls")),
        ..super::wire_sip::dial(String::new())
    };
    line.dial(LegId(3), call).await.unwrap();
    telephone.hear("CALL_ESTABLISHED").await;
    loop {
        match next(&mut events).await {
            SignalEvent::Answered { .. } => break,
            SignalEvent::Ended { leg: LegId(3), reason } => panic!("not answered: {reason:?}"),
            _ => {}
        }
    }
    line.hang_up(LegId(3), EndReason::HungUpByUs).await.unwrap();
    telephone.hear("CALL_CLOSED").await;
    line.shutdown(Duration::from_secs(5)).await;
}
