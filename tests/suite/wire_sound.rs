//! Sound against baresip, a telephone as people have it: what it hears it sends back, so a tone that comes back went both
//! ways, coded and protected as the two ends agreed. Skipped with a message when baresip is not installed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use huiyin::call::sdp::{Codecs, Security, Terms};
use huiyin::call::{
    Dial, EndReason, LocalMedia, Negotiated, SignalEvent, SipConfig, SipStack, sdp,
};
use huiyin::kernel::{LegId, Moment, Pii};
use huiyin::media::{Codec, FRAME_SAMPLES, Frame};
use huiyin::runtime::rtp_socket::{LegStats, PortRange, RtpSession};
use tokio::sync::mpsc::Receiver;
use tokio::time::{interval, timeout};

use super::wire_baresip::Telephone;
use super::wire_sip::ids;

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const PATIENCE: Duration = Duration::from_secs(20);
/// Frames that must bring the tone back.
const FRAMES: usize = 50;
const HERTZ: f32 = 500.0;

/// What the telephone is set to, what we are, and what must come of it.
struct Case {
    telephone: &'static str,
    terms: Terms,
    codec: Codec,
    protected: bool,
    ptime_ms: u32,
}

fn case(telephone: &'static str, codec: Codec, security: Security, protected: bool) -> Case {
    let terms =
        Terms { codecs: Codecs::new([Codec::Pcma, Codec::Pcmu, Codec::G722]), security, key: None };
    Case { telephone, terms, codec, protected, ptime_ms: 20 }
}

fn cases() -> [Case; 6] {
    use Security::{Off, Offered, Required};
    [
        case(";mediaenc=srtp-mand;audio_codecs=PCMA", Codec::Pcma, Required, true),
        // Where its keys are a must baresip takes only RTP/SAVP, and whoever leaves the choice offers RTP/AVP (RFC 8643).
        case(";mediaenc=srtp;audio_codecs=PCMU", Codec::Pcmu, Offered, true),
        case(";mediaenc=srtp;audio_codecs=G722/16000/1", Codec::G722, Offered, true),
        case(";audio_codecs=G722/16000/1", Codec::G722, Off, false),
        Case { ptime_ms: 10, ..case(";audio_codecs=PCMA;ptime=10", Codec::Pcma, Off, false) },
        Case { ptime_ms: 30, ..case(";audio_codecs=PCMA;ptime=30", Codec::Pcma, Offered, false) },
    ]
}

fn tone(tick: usize) -> Frame {
    std::array::from_fn(|index| {
        let at = (tick * FRAME_SAMPLES + index) as f32 / 8_000.0;
        ((std::f32::consts::TAU * HERTZ * at).sin() * 8_000.0) as i16
    })
}

/// Most of the frame's power is the tone's.
fn has_tone(frame: &Frame) -> bool {
    let (mut sine, mut cosine, mut power) = (0.0f32, 0.0f32, 0.0f32);
    for (index, &sample) in frame.iter().enumerate() {
        let phase = std::f32::consts::TAU * HERTZ * index as f32 / 8_000.0;
        let sample = f32::from(sample);
        sine += sample * phase.sin();
        cosine += sample * phase.cos();
        power += sample * sample;
    }
    let found = (sine * sine + cosine * cosine) * 2.0 / FRAME_SAMPLES as f32;
    power > 1e6 * FRAME_SAMPLES as f32 && found > 0.9 * power
}

/// Sends a tone until enough of it has come back.
async fn echo(mut rtp: RtpSession, what: &str) -> LegStats {
    let mut tick = interval(Duration::from_millis(20));
    let (mut number, mut heard) = (0, 0);
    let talk = async {
        while heard < FRAMES {
            let now = Moment::from_ms(1_000 + number as u64 * 20);
            tick.tick().await;
            rtp.send(now, &tone(number));
            heard += usize::from(has_tone(&rtp.heard(now)));
            number += 1;
        }
    };
    let ended = timeout(PATIENCE, talk).await;
    let stats = rtp.stats();
    assert!(ended.is_ok(), "{what}: {heard} frames of the tone came back; {stats:?}");
    stats
}

fn check(case: &Case, agreed: &Negotiated) {
    let what = case.telephone;
    assert_eq!((agreed.codec, agreed.keys.is_some()), (case.codec, case.protected), "{what}");
}

async fn next(events: &mut Receiver<SignalEvent>) -> SignalEvent {
    timeout(PATIENCE, events.recv()).await.expect("an event in time").unwrap()
}

async fn session(case: &Case) -> (RtpSession, LocalMedia) {
    // baresip names its network address and sends from the loopback one.
    let ports = PortRange::new(21_700..=21_799).unwrap().permit_nat(true).speak(case.terms);
    let rtp = ports.session(HERE).unwrap();
    let local = rtp.local(HERE, 5);
    (rtp, local)
}

fn line() -> SipConfig {
    SipConfig { listen: SocketAddr::new(HERE, 0), ..SipConfig::default() }
}

#[tokio::test]
async fn baresip_calls_and_hears_itself_protected_wide_and_in_other_packets() {
    for case in cases() {
        let Some(mut telephone) = Telephone::start(case.telephone).await else { return };
        let (line, mut events) = SipStack::start(line(), ids()).await.unwrap();
        telephone.say("dial", &format!("sip:12345@{}", line.listening())).await;
        let SignalEvent::Invite { leg, sdp: Some(offer), .. } = next(&mut events).await else {
            panic!("an Invite with an offer was expected")
        };
        let (mut rtp, local) = session(&case).await;
        let (answer, agreed) = sdp::answer(&offer, &local).unwrap();
        check(&case, &agreed);
        // What baresip wants it says when it offers; its answers leave the length to us.
        assert_eq!(agreed.ptime_ms, case.ptime_ms, "{}", case.telephone);
        rtp.agree(&agreed);
        line.answer(leg, answer).await.unwrap();
        let stats = echo(rtp, case.telephone).await;
        assert_eq!(stats.rtp.unauthentic, 0, "{stats:?}");
        // baresip opens its NAT with one packet without sound.
        assert!(stats.rtp.malformed <= 1, "{stats:?}");
        line.hang_up(leg, EndReason::HungUpByUs).await.unwrap();
        telephone.hear("CALL_CLOSED").await;
        line.shutdown(Duration::from_secs(5)).await;
    }
}

#[tokio::test]
async fn baresip_is_called_with_our_offer() {
    for case in cases() {
        let parameters = format!("{};answermode=auto", case.telephone);
        let Some(mut telephone) = Telephone::start(&parameters).await else { return };
        let (line, mut events) = SipStack::start(line(), ids()).await.unwrap();
        let (mut rtp, local) = session(&case).await;
        let call = Dial {
            to: Pii::new(format!("sip:13800001234@{}", telephone.sip)),
            from: Pii::new("12345".to_owned()),
            display: None,
            sdp: sdp::offer(&local),
            ring_timeout: Duration::from_secs(10),
            credentials: None,
        };
        line.dial(LegId(3), call).await.unwrap();
        let answer = loop {
            match next(&mut events).await {
                SignalEvent::Answered { sdp, .. } => break sdp,
                SignalEvent::Ended { reason, .. } => {
                    panic!("{}: not answered: {reason:?}", case.telephone)
                }
                _ => {}
            }
        };
        let agreed = sdp::accept(&answer, &local).unwrap();
        check(&case, &agreed);
        rtp.agree(&agreed);
        echo(rtp, case.telephone).await;
        line.hang_up(LegId(3), EndReason::HungUpByUs).await.unwrap();
        telephone.hear("CALL_CLOSED").await;
        line.shutdown(Duration::from_secs(5)).await;
    }
}
