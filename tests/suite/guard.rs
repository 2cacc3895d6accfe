//! The ingress guard: the 49 torture messages of RFC 4475, single faults one by one, rate, framing, and noise.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::net::SocketAddr;
use std::path::PathBuf;

use huiyin::call::guard::{DropReason, Framer, Guard, Transport, Verdict};
use huiyin::kernel::{Moment, Rng};

const RATE: u32 = 1_000;

fn peer() -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 1], 7_000))
}

fn judge(bytes: &[u8]) -> Verdict {
    Guard::new(RATE, 1).check(Moment::ZERO, peer(), Transport::Udp, bytes)
}

/// 0: passed. A status: answered with it. `None`: dropped.
fn outcome(verdict: &Verdict) -> Option<u16> {
    match verdict {
        Verdict::Pass(_) => Some(0),
        Verdict::Answer(answer) => Some(answer.status),
        Verdict::Drop(_) => None,
    }
}

/// RFC 4475's messages by file name. "Passed" leaves the rest to the dialog layer: 404, 415, 481, silence.
const TORTURE: [(&str, Option<u16>); 49] = [
    // 3.1.1 valid messages
    ("wsinv", Some(0)),
    ("intmeth", Some(501)),
    ("esc01", Some(0)),
    ("escnull", Some(405)),
    ("esc02", Some(501)),
    ("lwsdisp", Some(0)),
    ("longreq", Some(0)),
    ("dblreq", Some(405)),
    ("semiuri", Some(0)),
    ("transports", Some(0)),
    ("mpart01", Some(405)),
    ("unreason", Some(0)),
    ("noreason", Some(0)),
    // 3.1.2 invalid messages
    ("badinv01", Some(400)),
    ("clerr", Some(400)),
    ("ncl", Some(400)),
    ("scalar02", Some(400)),
    ("scalarlg", None),
    ("quotbal", Some(400)),
    ("ltgtruri", Some(400)),
    ("lwsruri", Some(400)),
    ("lwsstart", Some(400)),
    ("trws", Some(400)),
    ("escruri", Some(400)),
    // A Date in another zone than GMT harms nobody.
    ("baddate", Some(0)),
    ("regbadct", Some(400)),
    ("badaspec", Some(400)),
    ("baddn", Some(400)),
    ("badvers", Some(505)),
    ("mismatch01", Some(400)),
    ("mismatch02", Some(400)),
    ("bigcode", None),
    // 3.2 transaction layer
    ("badbranch", Some(0)),
    // 3.3 application layer
    ("insuf", Some(400)),
    ("unkscm", Some(416)),
    ("novelsc", Some(416)),
    ("unksm2", Some(405)),
    ("bext01", Some(420)),
    ("invut", Some(0)),
    ("regaut01", Some(405)),
    ("multi01", Some(400)),
    ("mcl01", Some(400)),
    ("bcast", Some(0)),
    ("zeromf", Some(0)),
    ("cparam01", Some(405)),
    ("cparam02", Some(405)),
    ("regescrt", Some(405)),
    ("sdp01", Some(406)),
    // 3.4 backward compatibility: no From tag, no Contact, so no dialog can be made of it
    ("inv2543", Some(400)),
];

pub fn torture_folder() -> Option<PathBuf> {
    let base = std::env::var_os("HUIYIN_TEST_DATA").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data"),
        PathBuf::from,
    );
    let folder = base.join("rfc4475");
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("skipped: the messages of RFC 4475 are not in {}", folder.display());
    None
}

/// All messages, for a live line; none, with a message, when they are not there.
pub fn torture_messages() -> Vec<Vec<u8>> {
    let Some(folder) = torture_folder() else { return Vec::new() };
    TORTURE
        .iter()
        .map(|(name, _)| std::fs::read(folder.join(format!("{name}.dat"))).unwrap())
        .collect()
}

#[test]
fn the_torture_messages_of_rfc_4475() {
    let Some(folder) = torture_folder() else { return };
    let wrong: Vec<String> = TORTURE
        .iter()
        .filter_map(|&(name, expected)| {
            let bytes = std::fs::read(folder.join(format!("{name}.dat"))).unwrap();
            let verdict = judge(&bytes);
            (outcome(&verdict) != expected)
                .then(|| format!("{name}: {:?} instead of {expected:?}", outcome(&verdict)))
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_plain_form_keeps_what_was_said() {
    let Some(folder) = torture_folder() else { return };
    let bytes = std::fs::read(folder.join("wsinv.dat")).unwrap();
    let Verdict::Pass(plain) = judge(&bytes) else { panic!("wsinv is valid") };
    let text = String::from_utf8(plain.clone()).unwrap();
    for line in [
        "To: sip:vivekg@chair-dnrc.example.com;tag=1918181833n\r\n",
        "From: \"J Rosenberg \\\\\\\"\" <sip:jdrosen@example.com>;tag=98asjd8\r\n",
        "CSeq: 0009 INVITE\r\n",
        "Via: SIP/2.0/UDP 192.0.2.2;branch=390skdjuw\r\n",
        "Via: SIP/2.0/TCP spindle.example.com;branch=z9hG4bK9ikj8,SIP/2.0/UDP 192.168.255.111;branch=z9hG4bK30239\r\n",
        "Content-Length: 150\r\n\r\nv=0",
    ] {
        assert!(text.contains(line), "{line:?} is not in\n{text}");
    }
    // Plain already: passing it again changes nothing.
    assert_eq!(judge(&plain), Verdict::Pass(plain));
}

const GOOD: &str = "INVITE sip:12345@127.0.0.1 SIP/2.0\r\n\
    Via: SIP/2.0/UDP 192.0.2.1:5062;branch=z9hG4bKabc\r\n\
    Max-Forwards: 70\r\n\
    From: <sip:13800001234@example.cn>;tag=1\r\n\
    To: <sip:12345@example.cn>\r\n\
    Call-ID: abc@192.0.2.1\r\n\
    CSeq: 1 INVITE\r\n\
    Contact: <sip:13800001234@192.0.2.1:5062>\r\n\
    Content-Length: 0\r\n\r\n";

#[test]
fn one_fault_at_a_time() {
    let swap = |from: &str, to: &str| {
        assert!(GOOD.contains(from), "{from}");
        GOOD.replace(from, to)
    };
    let cases = [
        (GOOD.to_owned(), Some(0)),
        (swap("SIP/2.0\r\nVia", "SIP/7.0\r\nVia"), Some(505)),
        (swap("SIP/2.0\r\nVia", "HTTP/1.1\r\nVia"), Some(505)),
        (swap("Max-Forwards: 70\r\n", ""), Some(400)),
        (swap("Max-Forwards: 70", "Max-Forwards: 0"), Some(0)),
        (swap("Max-Forwards: 70", "Max-Forwards: 256"), Some(400)),
        (swap("Max-Forwards: 70", "Max-Forwards: many"), Some(400)),
        (swap("Call-ID: abc@192.0.2.1\r\n", ""), Some(400)),
        (swap(";tag=1", ""), Some(400)),
        (swap("CSeq: 1 INVITE", "CSeq: 1 BYE"), Some(400)),
        (swap("CSeq: 1 INVITE", "CSeq: 2147483648 INVITE"), Some(400)),
        (swap("CSeq: 1 INVITE", "CSeq: 1 INVITE\r\nCSeq: 2 INVITE"), Some(400)),
        (swap("Content-Length: 0", "Content-Length: 9"), Some(400)),
        (swap("Content-Length: 0", "Content-Length: -1"), Some(400)),
        (swap("Content-Length: 0", "Content-Length: 0\r\nl: 0"), Some(400)),
        (swap("Contact: <sip:13800001234@192.0.2.1:5062>\r\n", ""), Some(400)),
        (swap("Contact:", "Require: 100rel\r\nContact:"), Some(0)),
        (swap("Contact:", "Require: timer, 100rel\r\nContact:"), Some(0)),
        (swap("Contact:", "Require: 100rel, precondition\r\nContact:"), Some(420)),
        (swap("Contact:", "Accept: text/plain\r\nContact:"), Some(406)),
        (swap("Contact:", "Accept: application/*;q=0.5\r\nContact:"), Some(0)),
        (swap("Contact:", "no colon here\r\nContact:"), Some(400)),
        (swap("sip:12345@127.0.0.1 SIP", "mailto:12345@127.0.0.1 SIP"), Some(416)),
        (swap("sip:12345@127.0.0.1 SIP", "tel:12345 SIP"), Some(0)),
        (swap("sip:12345@127.0.0.1 SIP", "12345 SIP"), Some(400)),
        // Nobody can be told: the Via is missing, or cannot be.
        (swap("Via: SIP/2.0/UDP 192.0.2.1:5062;branch=z9hG4bKabc\r\n", ""), None),
        ("GET / HTTP/1.1\r\nHost: example.cn\r\n\r\n".to_owned(), None),
        ("\u{1}\u{2}\u{3}".to_owned(), None),
        (" \r\n ".to_owned(), None),
        // An ACK is never answered.
        (GOOD.replace("INVITE", "ACK").replace("Max-Forwards: 70\r\n", ""), None),
        (GOOD.replace("INVITE", "ACK"), Some(0)),
        (GOOD.replace("INVITE", "SUBSCRIBE"), Some(405)),
        (GOOD.replace("INVITE", "DANCE"), Some(501)),
        ("\r\n\r\n".to_owned(), Some(0)),
    ];
    for (text, expected) in cases {
        let verdict = judge(text.as_bytes());
        assert_eq!(outcome(&verdict), expected, "{text}\n{verdict:?}");
    }
}

#[test]
fn an_answer_finds_its_way_back() {
    let answered = |request: String| match judge(request.as_bytes()) {
        Verdict::Answer(answer) => (String::from_utf8(answer.bytes).unwrap(), answer.port),
        other => panic!("an answer was expected, not {other:?}"),
    };
    let refused = GOOD.replace("INVITE", "DANCE");
    let (text, port) = answered(refused.clone());
    assert_eq!(port, Some(5062), "the port of the Via");
    assert!(text.starts_with("SIP/2.0 501 Not Implemented\r\n"), "{text}");
    let via = "Via: SIP/2.0/UDP 192.0.2.1:5062;branch=z9hG4bKabc;received=192.0.2.1\r\n";
    assert!(text.contains(via), "{text}");
    for line in ["Allow: INVITE, ACK,", "CSeq: 1 DANCE\r\n", "Call-ID: abc@192.0.2.1\r\n"] {
        assert!(text.contains(line), "{text}");
    }
    assert!(text.contains("To: <sip:12345@example.cn>;tag="), "{text}");
    assert_eq!(answered(refused.clone()).0, text, "the same request gets the same answer");
    let (text, port) = answered(refused.replace("branch=", "rport;branch="));
    assert_eq!(port, None, "rport: the port that the datagram came from");
    assert!(text.contains(";received=192.0.2.1;rport=7000\r\n"), "{text}");
}

#[test]
fn a_source_has_its_rate() {
    let mut guard = Guard::new(10, 1);
    let mut passed = |ms: u64, source: SocketAddr| {
        let verdict = guard.check(Moment::from_ms(ms), source, Transport::Udp, GOOD.as_bytes());
        verdict != Verdict::Drop(DropReason::TooMany)
    };
    let burst = (0..50).filter(|_| passed(0, peer())).count();
    assert_eq!(burst, 20);
    assert!(passed(0, SocketAddr::from(([192, 0, 2, 2], 5060))), "another source is free");
    let later = (0..50).filter(|_| passed(1_000, peer())).count();
    assert_eq!(later, 10);
}

#[test]
fn a_stream_is_cut_into_messages() {
    let body = GOOD.replace("Content-Length: 0\r\n\r\n", "Content-Length: 4\r\n\r\nv=0\n");
    let stream = [GOOD.as_bytes(), b"\r\n\r\n", body.as_bytes(), b"\r\n", GOOD.as_bytes()].concat();
    for step in [1, 7, 100, 10_000] {
        let mut framer = Framer::new();
        let mut messages = Vec::new();
        for chunk in stream.chunks(step) {
            framer.push(chunk);
            while let Some(message) = framer.next_message() {
                messages.push(message);
            }
        }
        messages.retain(|message| message != b"\r\n\r\n");
        assert_eq!(messages, [GOOD.as_bytes(), body.as_bytes(), GOOD.as_bytes()], "step {step}");
        assert!(framer.is_empty() && framer.broken().is_none());
    }
}

#[test]
fn a_stream_without_lengths_is_broken_and_told_so() {
    let missing = GOOD.replace("Content-Length: 0\r\n", "");
    let huge = GOOD.replace("Content-Length: 0", "Content-Length: 99999999999");
    let endless = "x".repeat(70_000);
    for (text, status) in [(missing, Some(400)), (huge, Some(400)), (endless, None)] {
        let mut framer = Framer::new();
        framer.push(text.as_bytes());
        assert_eq!(framer.next_message(), None);
        let head = framer.broken().expect("broken");
        let verdict = Guard::new(RATE, 1).check(Moment::ZERO, peer(), Transport::Tcp, &head);
        assert_eq!(outcome(&verdict), status);
    }
}

/// Damaged messages: no panic, and what is passed is passed again unchanged.
#[test]
fn noise_does_no_harm() {
    let mut rng = Rng::new(4475);
    for _ in 0..20_000 {
        let mut bytes = GOOD.as_bytes().to_vec();
        for _ in 0..=rng.below(6) {
            let at = rng.below(bytes.len() as u64) as usize;
            match rng.below(4) {
                0 => bytes[at] = rng.below(256) as u8,
                1 => drop(bytes.drain(at..(at + rng.below(20) as usize).min(bytes.len()))),
                2 => bytes.insert(at, *rng.pick(b"\r\n;,<>\"=: ").unwrap()),
                _ => bytes.truncate(at.max(1)),
            }
            if bytes.is_empty() {
                bytes.push(b' ');
            }
        }
        if let Verdict::Pass(plain) = judge(&bytes) {
            assert_eq!(
                judge(&plain),
                Verdict::Pass(plain.clone()),
                "{}",
                String::from_utf8_lossy(&plain)
            );
        }
        let mut framer = Framer::new();
        framer.push(&bytes);
        while framer.next_message().is_some() {}
    }
}
