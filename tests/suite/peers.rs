//! With whom sound is protected how: rules of the configuration, and what a peer gets of them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use huiyin::call::block::Block;
use huiyin::call::sdp::Security::{self, Off, Offered, Required};
use huiyin::call::sdp::policy::{Policy, Who};
use huiyin::config::{Config, ConfigError};
use proptest::prelude::*;

fn load(text: &str) -> Result<Config, ConfigError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("huiyin.toml");
    std::fs::write(&path, text).unwrap();
    Config::load(Some(&path))
}

fn entry(peer: &str, srtp: &str) -> String {
    format!("[[sip.peers]]\npeer = {peer:?}\nsrtp = {srtp:?}\n")
}

const RULES: [(&str, &str); 7] = [
    ("198.51.100.0/24", "required"),
    ("198.51.100.7", "off"),
    ("2001:db8::/32", "offered"),
    ("sbc.example.cn", "required"),
    ("*.example.cn", "off"),
    ("*.jinhua.example.cn", "required"),
    ("10.0.0.0/8", "off"),
];

fn policy() -> Policy {
    let entries: String = RULES.iter().map(|(peer, srtp)| entry(peer, srtp)).collect();
    load(&format!("[sip]\nsrtp = \"offered\"\n{entries}")).unwrap().sip.protection
}

#[test]
fn a_call_in_gets_the_rule_of_the_longest_block_that_holds_its_source() {
    let policy = policy();
    for (source, expected) in [
        ("198.51.100.9", Required),
        ("198.51.100.7", Off),
        ("::ffff:198.51.100.9", Required),
        ("::ffff:198.51.100.7", Off),
        ("2001:db8:7::1", Offered),
        ("10.1.2.3", Off),
        // Strangers, and this machine.
        ("203.0.113.1", Offered),
        ("2001:db9::1", Offered),
        ("127.0.0.1", Offered),
    ] {
        assert_eq!(policy.from(source.parse().unwrap()), expected, "{source}");
    }
}

#[test]
fn a_call_out_gets_the_rule_of_the_host_that_is_called() {
    let policy = policy();
    for (uri, expected) in [
        ("sip:13800001234@198.51.100.9", Required),
        ("sip:13800001234@198.51.100.7:5061;transport=tls", Off),
        ("sip:801@[2001:db8::9]:5070", Offered),
        ("sip:801@sbc.example.cn", Required),
        ("SIP:801@SBC.Example.CN.:5060;user=phone", Required),
        ("sip:801@other.example.cn", Off),
        ("sip:801@a.jinhua.example.cn?subject=x", Required),
        ("sip:sbc.example.cn", Required),
        // A user part may look like a host.
        ("sip:a;b=sbc.example.cn@203.0.113.5", Offered),
        ("sip:801@example.cn", Offered),
        ("sip:801@sbc.example.cn.evil.test", Offered),
        ("sip:801@notsbc-example.cn", Offered),
        ("", Offered),
    ] {
        assert_eq!(policy.to(uri), expected, "{uri}");
    }
}

#[test]
fn without_rules_one_setting_is_for_all() {
    for (text, expected) in [
        ("", Off),
        ("[sip]\nsrtp = \"offered\"\n", Offered),
        ("[sip]\nsrtp = \"required\"\n", Required),
    ] {
        let sip = load(text).unwrap().sip;
        assert_eq!(sip.protection, Policy::new(Vec::new(), expected));
        assert_eq!(sip.protection.from("203.0.113.1".parse().unwrap()), expected);
    }
}

#[test]
fn what_is_wrong_is_named_with_its_entry_and_field() {
    let good = entry("198.51.100.0/24", "required");
    for (text, names) in [
        ("[sip]\nsrtp = \"allowed\"\n".to_owned(), vec!["sip.srtp", "allowed", "offered"]),
        (
            entry("198.51.100.0/24", "on"),
            vec!["sip.peers", "entry 1", "srtp", "\"on\"", "required"],
        ),
        (
            good.clone() + &entry("198.51.100.0/33", "off"),
            vec!["entry 2", "peer", "/33", "*.example.cn"],
        ),
        (good.clone() + &entry("198.51.100", "off"), vec!["entry 2", "peer"]),
        (entry("", "off"), vec!["entry 1", "peer"]),
        (entry("a b", "off"), vec!["entry 1", "peer"]),
        (entry("*.", "off"), vec!["entry 1", "peer"]),
        (entry("sip:801@example.cn", "off"), vec!["entry 1", "peer"]),
        (good.clone() + &good, vec!["entry 2", "peer", "same peer"]),
        // The same block by another of its addresses.
        (good.clone() + &entry("198.51.100.77/24", "off"), vec!["entry 2", "same peer"]),
        (
            entry("A.example.cn", "off") + &entry("a.EXAMPLE.cn", "off"),
            vec!["entry 2", "same peer"],
        ),
        ("[[sip.peers]]\npeer = \"192.0.2.1\"\n".to_owned(), vec!["srtp"]),
        (good.clone() + "strp = \"off\"\n", vec!["strp"]),
    ] {
        let error = load(&text).expect_err(&text).to_string();
        for name in names {
            assert!(error.contains(name), "{name} is not in {error:?} of {text:?}");
        }
    }
}

proptest! {
    /// Whatever an URI holds, a rule is found and nothing breaks.
    #[test]
    fn any_text_may_be_called(uri in ".{0,60}") {
        let found = policy().to(&uri);
        prop_assert!(Security::ALL.contains(&found));
    }

    /// An address as a rule is for itself and for nobody else.
    #[test]
    fn a_rule_for_an_address_is_for_it_alone(one: u32, other: u32, six: u128) {
        let ip = std::net::IpAddr::from(one.to_be_bytes());
        let policy = Policy::new(vec![(Who::parse(&ip.to_string()).unwrap(), Required)], Off);
        prop_assert_eq!(policy.from(ip), Required);
        prop_assert_eq!(policy.to(&format!("sip:1@{ip}:5060")), Required);
        let elsewhere = std::net::IpAddr::from(other.to_be_bytes());
        prop_assert_eq!(policy.from(elsewhere), if elsewhere == ip { Required } else { Off });
        let six = std::net::IpAddr::from(six.to_be_bytes());
        let block = Block::parse(&six.to_string()).unwrap();
        prop_assert!(block.holds(six) && block.holds(six.to_canonical()));
    }
}
