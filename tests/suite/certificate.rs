//! The certificate that is made where none is given: when it is made, when it is kept, and that peers can use it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use huiyin::call::leg::Failure;
use huiyin::call::{CallError, Dial, EndReason, SignalEvent, SipConfig, TlsListen};
use huiyin::config::Config;
use huiyin::kernel::{LegId, Pii, Wall};
use huiyin::runtime::certificate::{self, Own, fingerprint, hosts, own};

use super::wire_sip::{LOOPBACK, Line, dial, installed};

const DAY_MS: i64 = 86_400_000;
/// 2026-11-22, noon in China.
const NOW: Wall = Wall::from_ms(1_795_320_000_000);

fn names(list: &[&str]) -> Vec<String> {
    list.iter().map(|name| (*name).to_owned()).collect()
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn it_is_made_once_and_renewed_a_month_before_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let hosts = names(&["192.0.2.7", "sip.example.cn"]);
    let at = |days: i64| own(folder.path(), &hosts, NOW.plus_ms(days * DAY_MS)).unwrap();
    let first = at(0);
    assert!(first.fresh);
    for (days, same) in [(0, true), (1, true), (698, true), (701, false)] {
        let again = at(days);
        assert_eq!(again.fresh, !same, "after {days} days");
        assert_eq!(again.fingerprint == first.fingerprint, same, "after {days} days");
        assert_eq!(again.certificate == first.certificate, same, "after {days} days");
    }
    // The clock was wrong when it was made.
    assert!(at(600).fresh, "a certificate of the future is none");
    assert!(!at(600).fresh);
}

#[test]
fn what_is_in_the_folder_is_used_only_where_it_does() {
    type Spoil = fn(&Path);
    let spoilt: [(&str, Spoil); 4] = [
        ("gone", |path| std::fs::remove_file(path).unwrap()),
        ("no PEM", |path| std::fs::write(path, "half a file").unwrap()),
        ("without its key", |path| {
            let text = std::fs::read_to_string(path).unwrap();
            let end = text.find("-----BEGIN PRIVATE KEY").unwrap();
            std::fs::write(path, &text[..end]).unwrap();
        }),
        ("for all to read", |path| {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o640)).unwrap();
        }),
    ];
    for (what, spoil) in spoilt {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tls.pem");
        let first = own(folder.path(), &names(&["192.0.2.7"]), NOW).unwrap();
        assert_eq!(mode(&path), 0o600);
        let public = std::fs::read(folder.path().join("tls-certificate.pem")).unwrap();
        assert_eq!(fingerprint(&public), Some(first.fingerprint.clone()));
        assert!(!String::from_utf8(public).unwrap().contains("PRIVATE"));
        spoil(&path);
        let second = own(folder.path(), &names(&["192.0.2.7"]), NOW).unwrap();
        assert!(second.fresh && second.fingerprint != first.fingerprint, "{what}");
        assert_eq!(mode(&path), 0o600, "{what}");
        let kept = own(folder.path(), &names(&["192.0.2.7"]), NOW).unwrap();
        assert!(!kept.fresh && kept.certificate == second.certificate, "{what}");
        assert_eq!(kept.key.reveal(), second.key.reveal(), "{what}");
    }
    let folder = tempfile::tempdir().unwrap();
    for (asked, fresh) in [
        (vec!["192.0.2.7", "::1"], true),
        (vec!["::1"], false),
        (vec!["192.0.2.7"], false),
        (vec!["192.0.2.8"], true),
        (vec!["192.0.2.7"], true),
    ] {
        assert_eq!(own(folder.path(), &names(&asked), NOW).unwrap().fresh, fresh, "{asked:?}");
    }
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let none = folder.path().join("none");
    let error = own(&none, &names(&["192.0.2.7"]), NOW).unwrap_err().to_string();
    assert!(error.contains("tls.pem") && error.contains("data folder"), "{error}");
}

#[test]
fn hosts_are_addresses_that_others_can_call() {
    let list = |texts: &[&str]| hosts(texts.iter().map(|text| text.parse().unwrap()));
    assert_eq!(list(&["192.0.2.7", "0.0.0.0"]), ["192.0.2.7"]);
    assert_eq!(list(&["192.0.2.7", "::ffff:192.0.2.7", "::"]), ["192.0.2.7"]);
    assert_eq!(list(&["2001:db8::1", "127.0.0.1"]), ["2001:db8::1", "127.0.0.1"]);
}

#[test]
fn openssl_reads_it_as_we_do() {
    if !installed("openssl") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let own = own(folder.path(), &names(&["192.0.2.7", "sip.example.cn"]), NOW).unwrap();
    let read = |arguments: &[&str]| {
        let output = std::process::Command::new("openssl")
            .args(["x509", "-noout", "-in"])
            .arg(folder.path().join("tls-certificate.pem"))
            .args(arguments)
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(read(&["-fingerprint", "-sha256"]).contains(&own.fingerprint));
    let names = read(&["-ext", "subjectAltName"]);
    assert!(
        names.contains("IP Address:192.0.2.7") && names.contains("DNS:sip.example.cn"),
        "{names}"
    );
    let dates = read(&["-dates"]);
    assert!(
        dates.contains("Nov 21 00:00:00 2026") && dates.contains("Nov 21 00:00:00 2028"),
        "{dates}"
    );
}

fn config(own: &Own, trusted: &[u8]) -> SipConfig {
    let tls =
        TlsListen { listen: LOOPBACK, certificate: own.certificate.clone(), key: own.key.clone() };
    SipConfig {
        listen: LOOPBACK,
        tls: Some(tls),
        tls_ca: Some(trusted.to_vec()),
        ..SipConfig::default()
    }
}

/// Whether somebody who trusts this certificate gets through.
async fn reached(callee: &mut Line, own: &Own, trusted: &[u8]) -> bool {
    let mut caller = Line::open_with(config(own, trusted)).await;
    let secure = callee.line.tls_listening().unwrap();
    let call = dial(format!("sip:12345@{secure};transport=tls"));
    let call = Dial { from: Pii::new("13800001234".to_owned()), ..call };
    caller.line.dial(LegId(50), call).await.unwrap();
    let reached = tokio::select! {
        (leg, _) = callee.invited() => {
            callee.line.hang_up(leg, EndReason::HungUpByUs).await.unwrap();
            true
        }
        event = caller.next() => {
            let failed = EndReason::Failed(Failure::Network);
            assert!(matches!(event, SignalEvent::Ended { reason, .. } if reason == failed), "{event:?}");
            false
        }
    };
    if reached {
        callee.ended().await;
        caller.ended().await;
    }
    caller.close().await;
    reached
}

#[tokio::test]
async fn peers_speak_tls_with_it_and_see_its_successor() {
    let folder = tempfile::tempdir().unwrap();
    let now = huiyin::runtime::clock::SystemClock::start().wall();
    let hosts = hosts([LOOPBACK.ip()]);
    let first = own(folder.path(), &hosts, now).unwrap();
    let mut callee = Line::open_with(config(&first, &first.certificate)).await;
    assert!(reached(&mut callee, &first, &first.certificate).await);
    std::fs::remove_file(folder.path().join("tls.pem")).unwrap();
    let second = own(folder.path(), &hosts, now).unwrap();
    assert!(!reached(&mut callee, &first, &second.certificate).await);
    let wrong = Pii::new(first.key.reveal().clone());
    let refused = callee.line.certify(&second.certificate, &wrong).unwrap_err();
    assert!(matches!(refused, CallError::Setting { field: "sip.tls_key", .. }), "{refused}");
    assert!(reached(&mut callee, &first, &first.certificate).await, "all stays as it was");
    callee.line.certify(&second.certificate, &second.key).unwrap();
    assert!(reached(&mut callee, &first, &second.certificate).await);
    assert!(!reached(&mut callee, &first, &first.certificate).await);
    callee.close().await;
}

#[test]
fn a_given_certificate_wins_and_half_of_one_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let own = certificate::own(folder.path(), &names(&["127.0.0.1"]), NOW).unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path.display().to_string()
    };
    let certificate = format!("tls_certificate = {:?}\n", file("given.pem", &own.certificate));
    let key = format!("tls_key = {:?}\n", file("given.key", own.key.reveal()));
    let load = |lines: &str| {
        let path = file("huiyin.toml", format!("[sip]\n{lines}").as_bytes());
        Config::load(Some(Path::new(&path))).map(|config| config.sip.tls)
    };
    let bind = "tls_bind = \"127.0.0.1:5061\"\n";
    assert!(load("").unwrap().is_none());
    assert!(load(bind).unwrap().unwrap().given.is_none());
    let given = load(&format!("{bind}{certificate}{key}")).unwrap().unwrap().given.unwrap();
    assert_eq!(given.certificate, own.certificate);
    for (lines, names) in [
        (format!("{bind}{certificate}"), ["sip.tls_certificate", "sip.tls_key"]),
        (format!("{bind}{key}"), ["sip.tls_key", "sip.tls_certificate"]),
        (format!("{certificate}{key}"), ["sip.tls_bind", "0.0.0.0:5061"]),
        (format!("{bind}{certificate}tls_key = \"/none\"\n"), ["sip.tls_key", "/none"]),
    ] {
        let error = load(&lines).err().expect(&lines).to_string();
        assert!(names.iter().all(|name| error.contains(name)), "{error}");
    }
}
