//! The lite end of ICE: which checks are believed, how they are answered, where the sound is sent, and when nobody is there any
//! more. The signatures are those of RFC 5769.
#![allow(clippy::unwrap_used)]

use std::net::SocketAddr;

use huiyin::call::ice::stun::{Request, StunError};
use huiyin::call::ice::{Credentials, FRAGMENT, GONE_MS, Lite, PASSWORD, is_stun};
use huiyin::kernel::Moment;
use proptest::prelude::*;

use crate::browser_peer::{CONTROLLED, CONTROLLING, PRIORITY, USE, check};

/// RFC 5769, 2.1.
const SAMPLE: &str = "000100582112a442b7e7a701bc34d686fa87dfae802200105354554e207465737420636c69656e74\
                      002400046e0001ff80290008932ff9b151263b36000600096576746a3a68367659202020000800149aeaa70cbfd8cb56\
                      781ef2b5b2d3f249c1b571a280280004e57a3bcf";
const SAMPLE_KEY: &[u8] = b"VOkJxbRl1RmTxUk/WvJxBt";

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

#[test]
fn the_sample_request_of_rfc_5769_is_read_and_its_address_written_as_there() {
    let sample = hex(SAMPLE);
    assert!(is_stun(&sample));
    let request = Request::read(&sample, SAMPLE_KEY).unwrap();
    assert_eq!(request.username, b"evtj:h6vY");
    assert!(request.controlled && !request.use_candidate && request.unknown.is_empty());
    let v4 = request.success("192.0.2.1:32853".parse().unwrap());
    assert_eq!(v4[..8], hex("0101 002c 2112a442")[..], "a success, its length, the cookie");
    assert_eq!(v4[20..32], hex("00200008 0001a147 e112a643")[..], "RFC 5769, 2.2");
    let v6 = request.success("[2001:db8:1234:5678:11:2233:4455:6677]:32853".parse().unwrap());
    let mapped = hex("00200014 0002a147 0113a9faa5d3f179bc25f4b5bed2b9d9");
    assert_eq!(v6[20..44], mapped[..], "RFC 5769, 2.3");
    assert_eq!(Request::read(&sample, b"another").unwrap_err(), StunError::Unauthentic);
}

#[test]
fn a_bit_that_is_wrong_anywhere_is_found() {
    let sample = hex(SAMPLE);
    // Of the fingerprint's own header a flipped bit makes another attribute, which is not read.
    let places = (0..sample.len()).filter(|at| !(100..104).contains(at));
    for at in places {
        for bit in 0..8 {
            let mut wrong = sample.clone();
            wrong[at] ^= 1 << bit;
            assert!(Request::read(&wrong, SAMPLE_KEY).is_err(), "octet {at}, bit {bit}");
        }
    }
    for length in 0..sample.len() {
        assert!(Request::read(&sample[..length], SAMPLE_KEY).is_err(), "cut at {length}");
    }
}

fn ours() -> Credentials {
    Credentials::new(std::array::from_fn(|at| at as u8 * 7))
}

/// What a check carries; the class and number of what it is answered with (0: a success; none: with nothing); whether it selects.
const CHECKS: &[(&str, bool, &[(u16, &[u8])], Option<u16>, bool)] = &[
    ("{}:them", true, &[PRIORITY, CONTROLLING], Some(0), false),
    ("{}:them", true, &[PRIORITY, CONTROLLING, USE], Some(0), true),
    // What Chromium and others add may be passed over; what must be understood may not.
    ("{}:them", true, &[PRIORITY, CONTROLLING, USE, (0xc057, &[0, 1, 0, 10])], Some(0), true),
    ("{}:them", true, &[PRIORITY, CONTROLLING, USE, (0x0031, &[0; 4])], Some(420), false),
    ("{}:them", true, &[PRIORITY, CONTROLLED, USE], Some(487), false),
    ("{}:others", true, &[PRIORITY, CONTROLLING, USE], None, false),
    ("them:{}", true, &[PRIORITY, CONTROLLING, USE], None, false),
    ("{}:them", false, &[PRIORITY, CONTROLLING, USE], None, false),
];

#[test]
fn a_check_is_answered_as_the_table_says() {
    let from: SocketAddr = "198.51.100.7:50000".parse().unwrap();
    for (n, (name, signed, attributes, answer, selects)) in CHECKS.iter().enumerate() {
        let mut lite = Lite::new(Moment::ZERO, ours(), "them");
        let name = name.replace("{}", ours().fragment());
        let key = if *signed { ours().password().to_owned() } else { "x".repeat(PASSWORD) };
        let reply = lite.handle(Moment::ZERO, from, &check(&name, &key, attributes));
        let said = reply.map(|reply| match (reply[0], reply[1]) {
            (1, 1) => 0,
            (1, 0x11) => u16::from(reply[26]) * 100 + u16::from(reply[27]),
            other => panic!("row {n}: {other:?}"),
        });
        assert_eq!(said, *answer, "row {n}");
        assert_eq!(lite.selected(), selects.then_some(from), "row {n}");
    }
}

#[test]
fn the_sound_follows_the_browser_and_a_silent_one_is_gone() {
    let mut lite = Lite::new(Moment::ZERO, ours(), "them");
    let name = format!("{}:them", ours().fragment());
    let told = check(&name, ours().password(), &[PRIORITY, CONTROLLING, USE]);
    let only = check(&name, ours().password(), &[PRIORITY, CONTROLLING]);
    let at = |ms: u64| Moment::from_ms(ms);
    let [first, second]: [SocketAddr; 2] =
        ["198.51.100.7:50000", "203.0.113.9:40000"].map(|text| text.parse().unwrap());
    assert!(!lite.gone(at(GONE_MS - 1)) && lite.gone(at(GONE_MS)));
    lite.handle(at(1_000), first, &told).unwrap();
    lite.handle(at(2_000), second, &only).unwrap();
    assert_eq!(lite.selected(), Some(first), "a check alone chooses nothing");
    lite.handle(at(3_000), second, &told).unwrap();
    assert_eq!(lite.selected(), Some(second));
    // Checks that prove nothing keep nobody alive.
    lite.handle(at(10_000), second, &check(&name, "wrong", &[USE]));
    assert!(!lite.gone(at(3_000 + GONE_MS - 1)) && lite.gone(at(3_000 + GONE_MS)));
}

#[test]
fn credentials_are_letters_and_are_not_printed() {
    let all = Credentials::new([0xff; FRAGMENT + PASSWORD]);
    let text = format!("{}{}", all.fragment(), all.password());
    assert_eq!(text, "/".repeat(FRAGMENT + PASSWORD));
    assert_ne!(ours().fragment(), all.fragment());
    assert!(!format!("{all:?}").contains('/'));
}

proptest! {
    #[test]
    fn whatever_comes_is_borne(datagram in proptest::collection::vec(any::<u8>(), 0..300), stun: bool) {
        let mut datagram = datagram;
        if stun && datagram.len() >= 20 {
            let length = (datagram.len() - 20) as u16;
            datagram[..2].copy_from_slice(&[0, 1]);
            datagram[2..4].copy_from_slice(&length.to_be_bytes());
            datagram[4..8].copy_from_slice(&0x2112_a442_u32.to_be_bytes());
        }
        let mut lite = Lite::new(Moment::ZERO, ours(), "them");
        let from = "198.51.100.7:1".parse().unwrap();
        prop_assert!(lite.handle(Moment::ZERO, from, &datagram).is_none());
        prop_assert!(lite.selected().is_none());
    }
}
