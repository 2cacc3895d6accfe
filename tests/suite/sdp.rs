//! Offer and answer: real telephones' descriptions, holds, and what is refused.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::net::SocketAddr;

use huiyin::call::sdp::{self, Codecs, SdpError, Security, Terms};
use huiyin::call::{Direction, LocalMedia};
use huiyin::kernel::Rng;
use huiyin::media::Codec;
use huiyin::media::srtp::{MasterKey, Suite};

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
    assert!(ours.contains("m=audio 40000 RTP/AVP 8 0 9 111 13 101 110\r\n"), "{ours}");
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
fn wideband_telephones_and_gateways_that_fall_silent() {
    let (answer, agreed) = sdp::answer(
        &offer("m=audio 5004 RTP/AVP 9 13 101\r\na=rtpmap:101 telephone-event/8000\r\n"),
        &local(),
    )
    .unwrap();
    assert_eq!((agreed.codec, agreed.comfort), (Codec::G722, Some(13)));
    assert!(answer.contains("m=audio 40000 RTP/AVP 9 13 101\r\n"), "{answer}");
    assert!(answer.contains("a=rtpmap:9 G722/8000\r\n"), "{answer}");
    let (answer, agreed) = sdp::answer(&offer("m=audio 5004 RTP/AVP 8\r\n"), &local()).unwrap();
    assert_eq!(agreed.comfort, None);
    assert!(!answer.contains("CN/8000"), "{answer}");
    let mapped = "m=audio 5004 RTP/AVP 8 98\r\na=rtpmap:98 CN/8000\r\n";
    assert_eq!(sdp::answer(&offer(mapped), &local()).unwrap().1.comfort, Some(98));
}

#[test]
fn who_speaks_nothing_but_opus_is_understood() {
    for (events, number, mapped) in [
        ("a=rtpmap:101 telephone-event/8000\r\n", Some(101), "telephone-event/8000"),
        ("a=rtpmap:101 telephone-event/48000\r\n", Some(101), "telephone-event/48000"),
        ("", None, "opus/48000/2"),
    ] {
        let media = "m=audio 5004 RTP/AVP 96 101\r\na=rtpmap:96 opus/48000/2\r\na=ptime:30\r\n";
        let (answer, agreed) = sdp::answer(&offer(&format!("{media}{events}")), &local()).unwrap();
        assert_eq!((agreed.codec, agreed.payload_type, agreed.dtmf), (Codec::Opus, 96, number));
        assert_eq!((agreed.ptime_ms, agreed.comfort), (20, None), "{answer}");
        assert!(answer.contains("a=rtpmap:96 opus/48000/2\r\n"), "{answer}");
        assert!(answer.contains(mapped), "{answer}");
    }
    // G.711 goes before it, and a clock that is not Opus's is none of ours.
    let both = offer("m=audio 5004 RTP/AVP 111 8\r\na=rtpmap:111 opus/48000/2\r\n");
    assert_eq!(sdp::answer(&both, &local()).unwrap().1.codec, Codec::Pcma);
    let slow = offer("m=audio 5004 RTP/AVP 111\r\na=rtpmap:111 opus/8000/2\r\n");
    assert_eq!(sdp::answer(&slow, &local()).unwrap_err().status(), 488);
    let ours = sdp::offer(&local());
    assert!(ours.contains("a=rtpmap:111 opus/48000/2\r\n"), "{ours}");
    let answer = offer(
        "m=audio 5004 RTP/AVP 111 110\r\na=rtpmap:111 opus/48000/2\r\na=rtpmap:110 telephone-event/48000\r\n",
    );
    let agreed = sdp::accept(&answer, &local()).unwrap();
    assert_eq!((agreed.codec, agreed.payload_type, agreed.dtmf), (Codec::Opus, 111, Some(110)));
}

#[test]
fn our_order_of_codecs_is_a_setting() {
    let only = |order: &[Codec]| {
        let codecs = Codecs::new(order.iter().copied());
        LocalMedia { terms: Terms { codecs, ..Terms::default() }, ..local() }
    };
    let all = offer("m=audio 5004 RTP/AVP 0 8 9\r\n");
    for order in [vec![Codec::G722, Codec::Pcma], vec![Codec::Pcmu], vec![Codec::Pcma, Codec::Pcma]]
    {
        let local = only(&order);
        assert_eq!(sdp::answer(&all, &local).unwrap().1.codec, order[0], "{order:?}");
        let first = format!("RTP/AVP {} ", order[0].payload_type());
        assert!(sdp::offer(&local).contains(&first), "{order:?}");
    }
    let error =
        sdp::answer(&offer("m=audio 5004 RTP/AVP 8\r\n"), &only(&[Codec::Pcmu])).unwrap_err();
    assert!(error.to_string().contains("PCMU") && error.status() == 488, "{error}");
}

#[test]
fn packets_are_as_long_as_the_peer_wants_and_bears() {
    for (lines, ms) in [
        ("", 20),
        ("a=ptime:10\r\n", 10),
        ("a=ptime:30\r\na=maxptime:150\r\n", 30),
        ("a=ptime:40\r\na=maxptime:20\r\n", 20),
        ("a=maxptime:10\r\n", 10),
        ("a=ptime:25\r\n", 20),
        ("a=ptime:200\r\n", 20),
        ("a=maxptime:zero\r\n", 20),
    ] {
        let text = offer(&format!("m=audio 5004 RTP/AVP 8\r\n{lines}"));
        let (answer, agreed) = sdp::answer(&text, &local()).unwrap();
        assert_eq!(agreed.ptime_ms, ms, "{lines}");
        assert!(answer.contains("a=maxptime:60\r\n"), "{answer}");
    }
    let reports = offer("m=audio 5004 RTP/AVP 8\r\na=rtcp:53020 IN IP4 192.0.2.1\r\n");
    assert_eq!(sdp::answer(&reports, &local()).unwrap().1.rtcp_port, 53_020);
}

// ---- keys

fn secured(security: Security, byte: u8) -> LocalMedia {
    let terms = Terms { security, key: Some(MasterKey::new([byte; 30])), ..Terms::default() };
    LocalMedia { terms, ..local() }
}

#[test]
fn two_ends_protect_as_their_settings_let_them() {
    use Security::{Off, Offered, Required};
    for (one, other, secure) in [
        (Off, Off, Some(false)),
        (Off, Offered, Some(false)),
        (Off, Required, None),
        (Offered, Off, Some(false)),
        (Offered, Offered, Some(true)),
        (Offered, Required, Some(true)),
        (Required, Off, None),
        (Required, Offered, Some(true)),
        (Required, Required, Some(true)),
    ] {
        let (ours, theirs) = (secured(one, 1), secured(other, 2));
        let text = sdp::offer(&ours);
        let answered = sdp::answer(&text, &theirs);
        let Some(secure) = secure else {
            assert_eq!(answered.unwrap_err().status(), 488, "{one:?} {other:?}");
            continue;
        };
        let (answer, theirs) = answered.unwrap();
        let ours = sdp::accept(&answer, &ours).unwrap();
        assert_eq!(
            (ours.keys.is_some(), theirs.keys.is_some()),
            (secure, secure),
            "{one:?} {other:?}"
        );
        if let (Some(ours), Some(theirs)) = (ours.keys, theirs.keys) {
            assert_eq!((ours.ours, ours.theirs), (theirs.theirs, theirs.ours));
            assert_ne!(ours.ours, ours.theirs);
        }
        assert_eq!(answer.contains("RTP/SAVP"), one == Required, "{answer}");
    }
}

#[test]
fn keys_as_telephones_write_them() {
    const KEY: &str = "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz";
    let line = |rest: &str| format!("m=audio 5004 RTP/SAVP 8\r\na=crypto:{rest}\r\n");
    // RFC 4568, 9.1, and what else is in use.
    for (crypto, suite) in [
        (format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}|2^20"), Suite::AesCm128HmacSha1Tag80),
        (format!("2 AES_CM_128_HMAC_SHA1_32 inline:{KEY} WSH=128"), Suite::AesCm128HmacSha1Tag32),
        (
            format!(
                "1 AEAD_AES_256_GCM inline:x\r\na=crypto:7 AES_CM_128_HMAC_SHA1_80 inline:{KEY}"
            ),
            Suite::AesCm128HmacSha1Tag80,
        ),
    ] {
        let local = secured(Security::Offered, 9);
        let (answer, agreed) = sdp::answer(&offer(&line(&crypto)), &local).unwrap();
        let keys = agreed.keys.unwrap();
        assert_eq!((keys.suite, keys.theirs.to_base64().as_str()), (suite, KEY));
        let tag = if crypto.contains("GCM") { "7" } else { &crypto[..1] };
        assert!(answer.contains(&format!("a=crypto:{tag} {} inline:", suite.name())), "{answer}");
        assert!(answer.contains("m=audio 40000 RTP/SAVP 8\r\n"), "{answer}");
    }
    for (crypto, problem) in [
        (String::new(), "needs a tag"),
        ("1 AES_CM_128_HMAC_SHA1_80 inline:AAAA".to_owned(), "30 octets"),
        (format!("1 AES_CM_128_HMAC_SHA1_80 {KEY}"), "inline:"),
        (format!("1 F8_128_HMAC_SHA1_80 inline:{KEY}"), "AES_CM_128_HMAC_SHA1_80"),
        (format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}|1:4"), "MKI"),
        (format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY} UNENCRYPTED_SRTP"), "less protection"),
        (format!("x AES_CM_128_HMAC_SHA1_80 inline:{KEY}"), "tag"),
    ] {
        let error =
            sdp::answer(&offer(&line(&crypto)), &secured(Security::Offered, 9)).unwrap_err();
        assert!(error.to_string().contains(problem) && error.status() == 488, "{crypto}: {error}");
        assert!(!error.to_string().contains(KEY));
    }
    let error =
        sdp::answer(&offer(&line(&format!("1 {} inline:{KEY}", Suite::ALL[0].name()))), &local());
    assert!(error.unwrap_err().to_string().contains("sip.srtp"));
}

#[test]
fn an_answer_to_another_key_is_refused() {
    let ours = secured(Security::Required, 1);
    let (answer, _) = sdp::answer(&sdp::offer(&ours), &secured(Security::Offered, 2)).unwrap();
    for (from, to) in [("a=crypto:1", "a=crypto:2"), ("SHA1_80", "SHA1_32"), ("a=crypto:", "a=x:")]
    {
        let error = sdp::accept(&answer.replace(from, to), &ours).unwrap_err();
        assert!(matches!(error, SdpError::NoKeys(_)), "{error}");
    }
    let plain = answer.replace("SAVP", "AVP").replace("a=crypto:", "a=x:");
    assert!(matches!(sdp::accept(&plain, &ours), Err(SdpError::NoKeys(_))));
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
