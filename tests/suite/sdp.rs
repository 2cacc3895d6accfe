//! Offer and answer: real telephones' descriptions, holds, and what is refused.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::net::SocketAddr;

use huiyin::call::sdp::{self, SdpError};
use huiyin::call::{Direction, LocalMedia};
use huiyin::kernel::Rng;
use huiyin::media::Codec;

fn local() -> LocalMedia {
    LocalMedia {
        addr: SocketAddr::from(([127, 0, 0, 1], 40_000)),
        session: 7,
        version: 1,
        direction: Direction::SendRecv,
        terms: Default::default(),
    }
}

fn offer(media: &str) -> String {
    format!("v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n{media}")
}

#[test]
fn our_offer_and_our_answer_agree() {
    let ours = sdp::offer(&local());
    assert!(ours.contains("m=audio 40000 RTP/AVP 8 0 9 13 101\r\n"), "{ours}");
    let other = LocalMedia { addr: SocketAddr::from(([192, 0, 2, 9], 5_004)), ..local() };
    let (answer, theirs) = sdp::answer(&ours, &other).unwrap();
    let agreed = sdp::accept(&answer, &local()).unwrap();
    assert_eq!((agreed.codec, agreed.payload_type, agreed.dtmf), (Codec::Pcma, 8, Some(101)));
    assert_eq!(agreed.remote, other.addr);
    assert_eq!(theirs.remote, local().addr);
    assert_eq!((agreed.direction, theirs.direction), (Direction::SendRecv, Direction::SendRecv));
    assert_eq!(agreed.ptime_ms, 20);
}

#[test]
fn what_telephones_offer() {
    let pcma = (Codec::Pcma, 8, None);
    let cases = [
        ("m=audio 5004 RTP/AVP 0 8\r\n", pcma),
        ("m=audio 5004 RTP/AVP 0\r\n", (Codec::Pcmu, 0, None)),
        ("m=audio 5004/1 RTP/AVP 18 8\r\na=rtpmap:18 G729/8000\r\n", pcma),
        ("m=audio 5004 RTP/AVP 97\r\na=rtpmap:97 pcma/8000/1\r\n", (Codec::Pcma, 97, None)),
        (
            "m=audio 5004 RTP/AVP 96 8 101 110\r\na=rtpmap:96 opus/48000/2\r\n\
             a=rtpmap:110 telephone-event/48000\r\na=rtpmap:101 Telephone-Event/8000\r\n",
            (Codec::Pcma, 8, Some(101)),
        ),
        ("m=audio 5004 RTP/AVPF 8\r\na=rtcp-fb:* nack\r\n", pcma),
        ("m=video 6000 RTP/AVP 34\r\nm=audio 5004 RTP/AVP 8\r\n", pcma),
        ("x=strange\r\nm=audio 5004 RTP/AVP 8\r\ny=stranger\r\na=\r\n", pcma),
    ];
    for (media, (codec, payload_type, dtmf)) in cases {
        let (answer, agreed) = sdp::answer(&offer(media), &local()).expect(media);
        assert_eq!((agreed.codec, agreed.payload_type, agreed.dtmf), (codec, payload_type, dtmf));
        assert_eq!(agreed.remote.to_string(), "192.0.2.1:5004");
        let lines = |text: &str| text.lines().filter(|line| line.starts_with("m=")).count();
        assert_eq!(lines(&answer), lines(media), "every m= line is answered: {answer}");
        assert!(!media.contains("m=video") || answer.contains("m=video 0 RTP/AVP 34"), "{answer}");
    }
    // No s=, no t=, c= in the media, bare line feeds.
    let poor = "v=0\no=- 1 1 IN IP4 192.0.2.1\nm=audio 5004 RTP/AVP 8\nc=IN IP6 2001:db8::1\n";
    let (_, agreed) = sdp::answer(poor, &local()).unwrap();
    assert_eq!(agreed.remote.to_string(), "[2001:db8::1]:5004");
}

#[test]
fn holds_and_their_answers() {
    let cases = [
        ("a=sendonly\r\n", Direction::RecvOnly, "a=recvonly"),
        ("a=recvonly\r\n", Direction::SendOnly, "a=sendonly"),
        ("a=inactive\r\n", Direction::Inactive, "a=inactive"),
        ("a=sendrecv\r\n", Direction::SendRecv, "a=sendrecv"),
        ("c=IN IP4 0.0.0.0\r\n", Direction::RecvOnly, "a=recvonly"),
    ];
    for (line, direction, attribute) in cases {
        let text = offer(&format!("m=audio 5004 RTP/AVP 8\r\n{line}"));
        let (answer, agreed) = sdp::answer(&text, &local()).unwrap();
        assert_eq!(agreed.direction, direction, "{line}");
        assert!(answer.contains(attribute), "{answer}");
        assert_eq!(sdp::parse(&text).unwrap().holds(), !direction.we_send(), "{line}");
    }
    let session_wide = offer("a=sendonly\r\nm=audio 5004 RTP/AVP 8\r\n");
    assert_eq!(sdp::answer(&session_wide, &local()).unwrap().1.direction, Direction::RecvOnly);
}

#[test]
fn what_cannot_be_agreed() {
    let cases = [
        (String::new(), 400),
        ("INVITE is not SDP".to_owned(), 400),
        (offer("m=audio nine RTP/AVP 8\r\n"), 400),
        (offer("c=IN IP4 somewhere.example\r\nm=audio 5004 RTP/AVP 8\r\n"), 400),
        (offer("").replace("v=0", "v=1"), 400),
        (offer(&"m=audio 5004 RTP/AVP 8\r\n".repeat(17)), 400),
        (offer(""), 488),
        (offer("m=video 5004 RTP/AVP 34\r\n"), 488),
        (offer("m=audio 0 RTP/AVP 8\r\n"), 488),
        (offer("m=audio 5004 RTP/SAVP 8\r\n"), 488),
        (offer("m=audio 5004 RTP/AVP 18\r\n"), 488),
        (offer("m=audio 5004 RTP/AVP 8\r\na=rtpmap:8 G722/16000\r\n"), 488),
        ("v=0\r\ns=-\r\nm=audio 5004 RTP/AVP 8\r\n".to_owned(), 488),
    ];
    for (text, status) in cases {
        let error = sdp::answer(&text, &local()).unwrap_err();
        assert_eq!(error.status(), status, "{error}: {text}");
    }
    let refused = offer("m=audio 0 RTP/AVP 8\r\n");
    assert!(matches!(sdp::accept(&refused, &local()), Err(SdpError::NoAudio(_))));
}

#[test]
fn noise_is_an_error_and_no_panic() {
    let mut rng = Rng::new(4566);
    let good = sdp::offer(&local());
    for _ in 0..20_000 {
        let mut bytes = good.clone().into_bytes();
        for _ in 0..=rng.below(8) {
            let at = rng.below(bytes.len() as u64) as usize;
            bytes[at] = rng.below(256) as u8;
        }
        let text = String::from_utf8_lossy(&bytes);
        if let Ok((answer, _)) = sdp::answer(&text, &local()) {
            sdp::accept(&answer, &local()).unwrap();
        }
    }
}
