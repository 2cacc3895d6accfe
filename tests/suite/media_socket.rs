//! Two legs' RTP over real sockets of this machine; time is told to them, so nobody sleeps.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use huiyin::call::sdp::{self, Codecs, Direction, Negotiated, Security, Terms};
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

fn two_legs(ports: &PortRange, dtmf: Option<u8>) -> (RtpSession, RtpSession) {
    let mut one = ports.session(HERE).unwrap();
    let mut two = ports.session(HERE).unwrap();
    one.agree(&agreed(two.port(), dtmf, Direction::SendRecv));
    two.agree(&agreed(one.port(), dtmf, Direction::SendRecv));
    (one, two)
}

/// What was sent over the loopback is there when sending it returns.
fn arrive(leg: &mut RtpSession, now: Moment) {
    assert!(leg.collect(now) > 0, "a packet comes over the loopback");
}

#[test]
fn frames_and_keys_go_both_ways() {
    let ports = PortRange::new(21_000..=21_099).unwrap();
    for (dtmf, text) in [(Some(101), "12#"), (None, "470*")] {
        let (mut one, mut two) = two_legs(&ports, dtmf);
        text.chars().for_each(|key| one.press(key).unwrap());
        let (mut keys, mut heard) = (String::new(), 0);
        for tick in 0..60u64 {
            let now = Moment::from_ms(1_000 + tick * 20);
            one.send(now, &[1_000; FRAME_SAMPLES]);
            two.send(now, &[2_000; FRAME_SAMPLES]);
            arrive(&mut one, now);
            arrive(&mut two, now);
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

#[test]
fn a_held_leg_sends_nothing() {
    let ports = PortRange::new(21_100..=21_199).unwrap();
    let (mut one, mut two) = two_legs(&ports, Some(101));
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
    arrive(&mut two, now);
    assert_eq!((one.stats().sent, two.stats().rtp.received), (1, 1));
}

#[test]
fn ports_are_even_bounded_and_told_when_used_up() {
    for bad in [7_000..=7_000, 7_001..=7_002, 0..=1] {
        let error = PortRange::new(bad).unwrap_err();
        assert!(error.to_string().contains("16384-17407"), "{error}");
    }
    let ports = PortRange::new(21_201..=21_206).unwrap();
    assert_eq!(ports.pairs(), 2);
    let first = ports.session(HERE).unwrap();
    let second = ports.session(HERE).unwrap();
    assert_eq!((first.port(), second.port()), (21_202, 21_204));
    let error = ports.session(HERE).err().unwrap();
    assert!(error.to_string().contains("all UDP ports 21202-21205"), "{error}");
    drop(first);
    assert_eq!(ports.session(HERE).unwrap().port(), 21_202);
    let elsewhere = ports.session("192.0.2.1".parse().unwrap()).err().unwrap();
    assert!(elsewhere.to_string().contains("address of this machine"), "{elsewhere}");
}

/// Two legs whose descriptions agreed as the settings say.
fn described(ports: &PortRange, terms: Terms) -> (RtpSession, RtpSession) {
    let ports = ports.clone().speak(terms);
    let mut one = ports.session(HERE).unwrap();
    let mut two = ports.session(HERE).unwrap();
    let (ours, theirs) = (one.local(HERE, 1), two.local(HERE, 2));
    let (answer, agreed) = sdp::answer(&sdp::offer(&ours), &theirs).unwrap();
    two.agree(&agreed);
    one.agree(&sdp::accept(&answer, &ours).unwrap());
    (one, two)
}

#[test]
fn protected_sound_keys_and_reports_go_both_ways() {
    let ports = PortRange::new(21_300..=21_399).unwrap();
    for (security, codec) in [
        (Security::Required, Codec::Pcma),
        (Security::Offered, Codec::G722),
        (Security::Off, Codec::G722),
    ] {
        let terms = Terms { codecs: Codecs::new([codec]), security, key: None };
        let (mut one, mut two) = described(&ports, terms);
        one.press('7').unwrap();
        let (mut keys, mut heard) = (String::new(), 0);
        for tick in 0..600u64 {
            let now = Moment::from_ms(1_000 + tick * 20);
            one.send(now, &[1_000; FRAME_SAMPLES]);
            two.send(now, &[2_000; FRAME_SAMPLES]);
            arrive(&mut one, now);
            arrive(&mut two, now);
            let frame = one.heard(now);
            heard +=
                usize::from(one.kind() == FrameKind::Heard && (1_800..2_200).contains(&frame[80]));
            two.heard(now);
            keys.extend(std::iter::from_fn(|| two.key()));
        }
        let stats = one.stats();
        assert!(heard >= 580, "{security:?} {codec:?}: {heard} of 600 frames; {stats:?}");
        assert_eq!((keys.as_str(), stats.rtp.unauthentic), ("7", 0), "{security:?}");
        assert!(stats.rtcp.sent >= 2 && stats.rtcp.received >= 2, "{security:?}: {:?}", stats.rtcp);
        assert!(
            stats.rtcp.round_trip_ms.is_some() && stats.rtcp.malformed == 0,
            "{:?}",
            stats.rtcp
        );
        assert_eq!(stats.rtcp.peer_loss, 0.0);
    }
}

#[test]
fn packets_of_10_and_30_ms_are_sent_where_they_are_wanted() {
    let ports = PortRange::new(21_400..=21_499).unwrap();
    for (ptime_ms, packets) in [(10, 120), (30, 40), (60, 20)] {
        let (mut one, mut two) = two_legs(&ports, None);
        let agreed = agreed(two.port(), None, Direction::SendRecv);
        one.agree(&Negotiated { ptime_ms, ..agreed });
        let mut whole = 0;
        for tick in 0..60u64 {
            let now = Moment::from_ms(1_000 + tick * 20);
            let before = one.stats().sent;
            one.send(now, &[1_000; FRAME_SAMPLES]);
            let sent = (one.stats().sent - before) as usize;
            assert_eq!(two.collect(now), sent, "{ptime_ms} ms");
            two.heard(now);
            whole += usize::from(two.kind() == FrameKind::Heard);
        }
        assert_eq!(
            (one.stats().sent, two.stats().rtp.received),
            (packets, packets),
            "{ptime_ms} ms"
        );
        assert!(whole >= 52, "{ptime_ms} ms: {whole} of 60");
    }
}

#[test]
fn sound_from_before_the_answer_is_not_heard() {
    let ports = PortRange::new(21_500..=21_599).unwrap();
    let mut one = ports.session(HERE).unwrap();
    let mut two = ports.session(HERE).unwrap();
    let now = Moment::from_ms(5);
    two.agree(&agreed(one.port(), None, Direction::SendRecv));
    for _ in 0..50 {
        two.send(now, &[9_000; FRAME_SAMPLES]);
    }
    one.agree(&agreed(two.port(), None, Direction::SendRecv));
    two.send(now, &[1_000; FRAME_SAMPLES]);
    arrive(&mut one, now);
    assert_eq!(one.stats().rtp.received, 1);
}

#[test]
fn who_holds_us_is_known() {
    let ports = PortRange::new(21_600..=21_699).unwrap();
    let (mut one, two) = two_legs(&ports, None);
    let now = Moment::from_ms(5);
    one.heard(now);
    assert!(!one.held());
    one.agree(&agreed(two.port(), None, Direction::RecvOnly));
    one.heard(now);
    assert!(one.held());
}
