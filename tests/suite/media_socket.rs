//! Two legs' RTP over real sockets of this machine; time is told to them, so nobody sleeps.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use huiyin::call::sdp::{Direction, Negotiated};
use huiyin::kernel::Moment;
use huiyin::media::{Codec, FRAME_SAMPLES, FrameKind, SILENCE};
use huiyin::runtime::rtp_socket::{PortRange, RtpSession};

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

fn agreed(port: u16, dtmf: Option<u8>, direction: Direction) -> Negotiated {
    let (codec, remote) = (Codec::Pcma, SocketAddr::new(HERE, port));
    Negotiated {
        remote,
        rtcp_port: port + 1,
        codec,
        payload_type: 8,
        dtmf,
        comfort: Some(13),
        direction,
        ptime_ms: 20,
        keys: None,
    }
}

async fn two_legs(ports: &PortRange, dtmf: Option<u8>) -> (RtpSession, RtpSession) {
    let mut one = ports.session(HERE).await.unwrap();
    let mut two = ports.session(HERE).await.unwrap();
    one.agree(&agreed(two.port(), dtmf, Direction::SendRecv));
    two.agree(&agreed(one.port(), dtmf, Direction::SendRecv));
    (one, two)
}

async fn arrive(leg: &mut RtpSession, now: Moment) {
    let wait = Duration::from_secs(2);
    tokio::time::timeout(wait, leg.receive(now)).await.expect("a packet comes over the loopback");
}

#[tokio::test]
async fn frames_and_keys_go_both_ways() {
    let ports = PortRange::new(21_000..=21_099).unwrap();
    for (dtmf, text) in [(Some(101), "12#"), (None, "470*")] {
        let (mut one, mut two) = two_legs(&ports, dtmf).await;
        text.chars().for_each(|key| one.press(key).unwrap());
        let (mut keys, mut heard) = (String::new(), 0);
        for tick in 0..60u64 {
            let now = Moment::from_ms(1_000 + tick * 20);
            one.send(now, &[1_000; FRAME_SAMPLES]);
            two.send(now, &[2_000; FRAME_SAMPLES]);
            arrive(&mut one, now).await;
            arrive(&mut two, now).await;
            let frame = one.heard(now);
            heard +=
                usize::from(one.kind() == FrameKind::Heard && (1_900..2_100).contains(&frame[80]));
            two.heard(now);
            keys.extend(std::iter::from_fn(|| two.key()));
        }
        assert_eq!(keys, text, "telephone-event {dtmf:?}");
        assert!(heard >= 56, "{heard} of 60 frames");
        assert!(one.keys_sent() && one.fresh() && !one.fresh());
        let stats = one.stats();
        assert_eq!((stats.rtp.received, stats.rtp.lost, stats.sent, stats.unsent), (60, 0, 60, 0));
    }
}

#[tokio::test]
async fn a_held_leg_sends_nothing() {
    let ports = PortRange::new(21_100..=21_199).unwrap();
    let (mut one, mut two) = two_legs(&ports, Some(101)).await;
    let now = Moment::from_ms(5);
    one.agree(&agreed(two.port(), Some(101), Direction::RecvOnly));
    one.send(now, &SILENCE);
    one.agree(&Negotiated {
        remote: SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), two.port()),
        ..agreed(0, None, Direction::SendRecv)
    });
    one.send(now, &SILENCE);
    assert_eq!(one.stats().sent, 0);
    one.agree(&agreed(two.port(), Some(101), Direction::SendRecv));
    one.send(now, &SILENCE);
    arrive(&mut two, now).await;
    assert_eq!((one.stats().sent, two.stats().rtp.received), (1, 1));
}

#[tokio::test]
async fn ports_are_even_bounded_and_told_when_used_up() {
    for bad in [7_000..=7_000, 7_001..=7_002, 0..=1] {
        let error = PortRange::new(bad).unwrap_err();
        assert!(error.to_string().contains("16384-17407"), "{error}");
    }
    let ports = PortRange::new(21_201..=21_206).unwrap();
    assert_eq!(ports.pairs(), 2);
    let first = ports.session(HERE).await.unwrap();
    let second = ports.session(HERE).await.unwrap();
    assert_eq!((first.port(), second.port()), (21_202, 21_204));
    let error = ports.session(HERE).await.err().unwrap();
    assert!(error.to_string().contains("all UDP ports 21202-21205"), "{error}");
    drop(first);
    assert_eq!(ports.session(HERE).await.unwrap().port(), 21_202);
    let elsewhere = ports.session("192.0.2.1".parse().unwrap()).await.err().unwrap();
    assert!(elsewhere.to_string().contains("address of this machine"), "{elsewhere}");
}
