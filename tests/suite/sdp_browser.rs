//! What a browser offers and what it is answered.
#![allow(clippy::unwrap_used)]

use huiyin::call::Direction;
use huiyin::call::ice::Credentials;
use huiyin::call::sdp::browser::{Accord, Local, answer};
use huiyin::call::sdp::{Codecs, SdpError};
use huiyin::media::Codec;
use proptest::prelude::*;

/// Chromium 150's, with what it says of header extensions and feedback.
const OFFER: &str = "v=0\r\no=- 1994339359548493941 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n\
a=extmap-allow-mixed\r\na=msid-semantic: WMS\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126\r\n\
c=IN IP4 0.0.0.0\r\na=rtcp:9 IN IP4 0.0.0.0\r\na=ice-ufrag:PErx\r\na=ice-pwd:b98YEWjr97N0kxgqYO8uXLC+\r\n\
a=ice-options:trickle\r\na=fingerprint:sha-256 90:A6:08:27:3D:B4:8E:92:A7:B8:20:6A:81:AF:E2:37:83:06:BB:30:B0:E9:82:46:AA:49:BB:F4:6F:2A:3A:EC\r\n\
a=setup:actpass\r\na=mid:0\r\na=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\na=sendrecv\r\n\
a=msid:- 58673067-afd6-4fa7-b85f-3075ad663f20\r\na=rtcp-mux\r\na=rtcp-rsize\r\na=rtpmap:111 opus/48000/2\r\n\
a=rtcp-fb:111 transport-cc\r\na=fmtp:111 minptime=10;useinbandfec=1\r\na=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111\r\n\
a=rtpmap:9 G722/8000\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:13 CN/8000\r\n\
a=rtpmap:110 telephone-event/48000\r\na=rtpmap:126 telephone-event/8000\r\na=ssrc:2383796286 cname:BQyfRkq34a6MSUfP\r\n";

fn answered(offer: &str, codecs: &Codecs) -> Result<(String, Accord), SdpError> {
    let local = Local {
        addr: "192.0.2.7:16384".parse().unwrap(),
        session: 5,
        codecs,
        ice: &Credentials::new([0; 32]),
        fingerprint: [0xab; 32],
    };
    answer(offer, &local)
}

#[test]
fn chromiums_offer_is_answered_with_one_line_one_address_and_one_codec() {
    let (text, accord) = answered(OFFER, &Codecs::default()).unwrap();
    assert_eq!((accord.codec, accord.payload_type, accord.dtmf), (Codec::Pcma, 8, Some(126)));
    assert_eq!((accord.direction, accord.ptime_ms), (Direction::SendRecv, 20));
    assert_eq!(accord.fragment, "PErx");
    assert_eq!((accord.fingerprint[0], accord.fingerprint[31]), (0x90, 0xec));
    for line in [
        "a=ice-lite",
        "a=group:BUNDLE 0",
        "m=audio 16384 UDP/TLS/RTP/SAVPF 8 126",
        "c=IN IP4 192.0.2.7",
        "a=mid:0",
        "a=rtcp-mux",
        "a=rtpmap:8 PCMA/8000",
        "a=rtpmap:126 telephone-event/8000",
        "a=setup:active",
        "a=sendrecv",
        "a=candidate:1 1 udp 2130706431 192.0.2.7 16384 typ host",
    ] {
        assert!(text.split("\r\n").any(|own| own == line), "no {line}: {text}");
    }
    assert_eq!(text.matches("m=").count(), 1, "{text}");
    // What we do not echo is not used: extensions, feedback, silence that is left out.
    for absent in ["extmap", "rtcp-fb", "rsize", "CN/8000"] {
        assert!(!text.contains(absent), "{absent}: {text}");
    }
    let opus = Codecs::new([Codec::Opus]);
    let (text, accord) = answered(OFFER, &opus).unwrap();
    assert_eq!((accord.codec, accord.payload_type, accord.dtmf), (Codec::Opus, 111, Some(110)));
    assert!(text.contains("a=rtpmap:110 telephone-event/48000"), "{text}");
}

/// What is changed in the offer, and the status that refuses it.
const REFUSED: &[(&str, &str, u16)] = &[
    ("UDP/TLS/RTP/SAVPF", "RTP/AVP", 488),
    ("a=rtcp-mux\r\n", "", 488),
    ("a=setup:actpass", "a=setup:active", 488),
    ("a=ice-ufrag:PErx\r\n", "", 488),
    ("a=ice-ufrag:PErx", "a=ice-ufrag:PEr", 488),
    ("sha-256 90", "sha-1 90", 488),
    ("sha-256 90:", "sha-256 ", 488),
    ("m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 0 8", "m=audio 9 UDP/TLS/RTP/SAVPF 63", 488),
    ("m=audio", "m=video", 488),
    ("v=0", "v=1", 400),
    ("c=IN IP4 0.0.0.0", "c=IN IP4 nowhere", 400),
];

#[test]
fn what_cannot_be_agreed_is_refused() {
    for (n, (from, to, status)) in REFUSED.iter().enumerate() {
        assert!(OFFER.contains(from), "row {n}");
        let error = answered(&OFFER.replacen(from, to, 1), &Codecs::default()).unwrap_err();
        assert_eq!(error.status(), *status, "row {n}: {error}");
    }
    assert_eq!(answered("", &Codecs::default()).unwrap_err(), SdpError::Empty);
}

#[test]
fn other_lines_are_refused_in_their_own_words_and_what_stands_above_holds() {
    let data = "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:1\r\n";
    let (text, _) = answered(&format!("{OFFER}{data}"), &Codecs::default()).unwrap();
    let refused = "m=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:1\r\na=inactive\r\n";
    assert!(text.contains(refused) && text.contains("a=group:BUNDLE 0\r\n"), "{text}");
    // Firefox says who it is once, above the lines.
    let print = OFFER.lines().find(|line| line.starts_with("a=fingerprint")).unwrap();
    let above = OFFER.replace(&format!("{print}\r\n"), "").replacen(
        "t=0 0\r\n",
        &format!("t=0 0\r\n{print}\r\n"),
        1,
    );
    assert_eq!(answered(&above, &Codecs::default()).unwrap().1.fingerprint[0], 0x90);
    let held = OFFER.replace("a=sendrecv", "a=recvonly");
    assert_eq!(answered(&held, &Codecs::default()).unwrap().1.direction, Direction::SendOnly);
}

proptest! {
    #[test]
    fn lines_lost_doubled_or_cut_never_harm(at in 0usize..30, cut in 0usize..60, twice: bool) {
        let lines: Vec<&str> = OFFER.split_inclusive("\r\n").collect();
        let mut offer = String::new();
        for (n, line) in lines.iter().enumerate() {
            match (n == at % lines.len(), twice) {
                (true, true) => offer.extend([*line, *line]),
                (true, false) => offer.push_str(line.get(..cut).unwrap_or("")),
                _ => offer.push_str(line),
            }
        }
        if let Ok((text, accord)) = answered(&offer, &Codecs::default()) {
            prop_assert!(text.contains("a=setup:active"));
            prop_assert!(accord.fragment.len() >= 4);
        }
    }
}
