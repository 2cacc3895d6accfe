//! The console over TLS with a certificate of our own, and the accounts of the command line.

use std::io::Write;
use std::process::Stdio;
use std::sync::Arc;

use huiyin::access::Role;
use huiyin::console::{Doors, Tls};
use huiyin::kernel::Wall;
use huiyin::runtime::certificate;
use huiyin::store::Store;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::staff::{PASSWORD, account, enter, posting};
use crate::console::house::{CHEAP, House, build, noon, with_doors};
use crate::service::process::{huiyin, run};

async fn over_tls(house: &House, certificate: &[u8], request: &str) -> String {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(certificate).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = tokio::net::TcpStream::connect(house.at).await.unwrap();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let mut stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn cookies_go_through_tls_alone() {
    let folder = tempfile::tempdir().unwrap();
    let hosts = ["127.0.0.1".to_owned()];
    let own = certificate::own(folder.path(), &hosts, noon()).unwrap();
    let tls = Tls::new(&own.certificate, &own.key).unwrap();
    let doors = Doors { secure: true, cost: CHEAP, ..Doors::default() };
    let house = with_doors(None, Arc::new(|_| Some(Ok(()))), doors, Some(tls.clone())).await;
    account(&house, "desk", &posting(Role::Desk)).await;
    let get = "GET /login HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n";
    let answer = over_tls(&house, &own.certificate, get).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let set = answer.lines().find(|line| line.starts_with("set-cookie")).unwrap();
    assert!(set.contains("__Host-huiyin_door=") && set.contains("Secure"), "{set}");
    // Who speaks no TLS holds nobody up.
    let mut plain = tokio::net::TcpStream::connect(house.at).await.unwrap();
    plain.write_all(get.as_bytes()).await.unwrap();
    let silent = tokio::net::TcpStream::connect(house.at).await.unwrap();
    assert!(over_tls(&house, &own.certificate, get).await.starts_with("HTTP/1.1 200"));
    let mut refused = Vec::new();
    let _ = plain.read_to_end(&mut refused).await;
    assert!(!refused.starts_with(b"HTTP/1.1 200"));
    drop(silent);
    // A renewed certificate is shown to whoever connects then.
    let later = tempfile::tempdir().unwrap();
    let fresh = certificate::own(later.path(), &hosts, noon()).unwrap();
    assert_ne!(fresh.fingerprint, own.fingerprint);
    tls.renew(&fresh.certificate, &fresh.key).unwrap();
    assert!(over_tls(&house, &fresh.certificate, get).await.starts_with("HTTP/1.1 200"));
    assert!(Tls::new(b"no certificate", &own.key).is_err());
    assert!(Tls::new(&own.certificate, &fresh.key).is_err(), "a key of another certificate");
}

#[tokio::test]
async fn the_first_account_ends_the_open_door() {
    let house = build(None, Arc::new(|_| Some(Ok(())))).await;
    assert_eq!(house.get("/").await.status(), 200);
    assert_eq!(house.get("/login").await.headers()["location"], "/");
    account(&house, "root", &posting(Role::Admin)).await;
    assert_eq!(house.get("/").await.status(), 303);
    assert_eq!(house.get("/api/calls").await.status(), 401);
    let admin = enter(&house, "root", PASSWORD).await;
    assert_eq!(admin.get("/").await.headers()["location"], "/accounts");
    assert_eq!(admin.status("/accounts").await, 200);
}

async fn with_password(args: &[&str], password: &str) -> std::process::Output {
    let mut command = huiyin(args);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("password");
    let mut file = std::fs::File::create(&path).unwrap();
    writeln!(file, "{password}").unwrap();
    command.stdin(Stdio::from(std::fs::File::open(&path).unwrap()));
    run(command).await
}

#[tokio::test]
async fn accounts_are_made_and_kept_on_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap().to_owned();
    let add = ["account", "add", "root", "--role", "admin", "--data", &data];
    let weak = with_password(&add, "root-12345678").await;
    assert!(!weak.status.success());
    assert!(String::from_utf8_lossy(&weak.stderr).contains("easily guessed"));
    let added = with_password(&add, PASSWORD).await;
    assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
    let twice = with_password(&add, PASSWORD).await;
    assert!(String::from_utf8_lossy(&twice.stderr).contains("already"));
    let one = |verb: &'static str| ["account", verb, "root", "--data"].map(str::to_owned);
    for (verb, active) in [("disable", "disabled"), ("enable", "active"), ("totp-reset", "active")]
    {
        let args = one(verb);
        let mut args: Vec<&str> = args.iter().map(String::as_str).collect();
        args.push(&data);
        assert!(run(huiyin(&args)).await.status.success(), "{verb}");
        let list = run(huiyin(&["account", "list", "--data", &data])).await;
        let list = String::from_utf8(list.stdout).unwrap();
        assert_eq!(list, format!("root\tadmin\t-\t{active}\t-\troot\n"));
    }
    let passwd = ["account", "passwd", "root", "--data", &data];
    assert!(with_password(&passwd, super::staff::OTHER).await.status.success());
    let store = Store::open(&folder.path().join("huiyin.db")).await.unwrap();
    let keys = store.account_named("root").await.unwrap().unwrap();
    assert!(keys.password.reveal().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
    assert!(keys.account.must_change && !keys.account.disabled);
    let (head, broken) = store.audit_deeds(None).await.unwrap();
    assert_eq!((head.count, broken), (5, None));
    assert!(Wall::from_ms(0) < noon());
}
