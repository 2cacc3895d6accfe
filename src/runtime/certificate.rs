//! A certificate of our own, for where TLS is switched on and none is given: made at the first start, kept in the data
//! folder with its key, for nobody else to read, and renewed before it ends. No authority vouches for it, so that whoever
//! connects is told its fingerprint on another way.

use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, Write};
use std::net::IpAddr;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair, date_time_ymd,
};
use sha2::{Digest, Sha256};
use tokio_rustls::rustls::RootCertStore;
use tokio_rustls::rustls::client::WebPkiServerVerifier;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};

use crate::kernel::{Pii, Wall};

/// The file of certificate and key: one file, so that they are always of each other.
const FILE: &str = "tls.pem";
/// The certificate alone, to be handed out.
const PUBLIC_FILE: &str = "tls-certificate.pem";
/// How long one holds.
const DAYS: i64 = 730;
/// It is renewed so long before its end, so that there is time to hand the new one out.
const RENEWED_BEFORE_DAYS: i64 = 30;
/// Clocks of others may be behind ours.
const BACKDATED_DAYS: i64 = 1;
/// For its owner alone.
const MODE: u32 = 0o600;

/// Why there is none.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    #[error("{path} cannot be {what}: {source}; the data folder must be ours to write")]
    File { path: PathBuf, what: &'static str, source: io::Error },
    #[error(
        "a certificate of our own cannot be made: {0}; give one with sip.tls_certificate and sip.tls_key"
    )]
    Made(#[from] rcgen::Error),
    #[error("a certificate of our own cannot be made: the computer's clock says {0}; set it right")]
    Date(i32),
}

/// A certificate with its key, both PEM.
#[derive(Clone, Debug)]
pub struct Own {
    pub certificate: Vec<u8>,
    pub key: Pii<Vec<u8>>,
    /// SHA-256 of the certificate, as `openssl x509 -fingerprint -sha256` prints it.
    pub fingerprint: String,
    /// It was made just now.
    pub fresh: bool,
}

/// Our certificate for these hosts (names or addresses): the one in the folder, or a new one where there is none, where it
/// is for other hosts, where it cannot be read, or where it ends within a month.
pub fn own(folder: &Path, hosts: &[String], now: Wall) -> Result<Own, CertificateError> {
    let path = folder.join(FILE);
    if let Some(kept) = kept(&path)?
        && holds(&kept.0, hosts, now)
    {
        return Ok(told(kept.0, kept.1, false));
    }
    let (certificate, key) = made(hosts, now)?;
    let both = [certificate.as_bytes(), key.as_bytes()].concat();
    write(&path, &both, MODE)?;
    write(&folder.join(PUBLIC_FILE), certificate.as_bytes(), 0o644)?;
    Ok(told(certificate.into_bytes(), key.into_bytes(), true))
}

/// The hosts that a certificate for these addresses is for.
pub fn hosts(addresses: impl IntoIterator<Item = IpAddr>) -> Vec<String> {
    let mut hosts: Vec<String> = Vec::new();
    for address in addresses.into_iter().filter(|address| !address.is_unspecified()) {
        let host = address.to_canonical().to_string();
        if !hosts.contains(&host) {
            hosts.push(host);
        }
    }
    hosts
}

/// Looks every hour whether a new one is due, and hands it on. Never ends by itself.
pub async fn renew(
    folder: PathBuf,
    hosts: Vec<String>,
    now: impl Fn() -> Wall + Send,
    renewed: impl Fn(&Own) + Send,
) {
    const HOUR: Duration = Duration::from_secs(3600);
    loop {
        tokio::time::sleep(HOUR).await;
        match own(&folder, &hosts, now()) {
            Ok(own) if own.fresh => renewed(&own),
            Ok(_) => {}
            Err(error) => tracing::error!(%error, "our certificate is not renewed"),
        }
    }
}

fn told(certificate: Vec<u8>, key: Vec<u8>, fresh: bool) -> Own {
    let fingerprint = fingerprint(&certificate).unwrap_or_default();
    Own { certificate, key: Pii::new(key), fingerprint, fresh }
}

/// SHA-256 of the first certificate of a PEM text; `None` where there is none.
pub fn fingerprint(pem: &[u8]) -> Option<String> {
    let der = CertificateDer::from_pem_slice(pem).ok()?;
    let octets = Sha256::digest(&der);
    let octets: Vec<String> = octets.iter().map(|octet| format!("{octet:02X}")).collect();
    Some(octets.join(":"))
}

/// Certificate and key of the file; `None` where it is not there or holds something else.
fn kept(path: &Path) -> Result<Option<(Vec<u8>, Vec<u8>)>, CertificateError> {
    let fault = |what| {
        let path = path.to_path_buf();
        move |source| CertificateError::File { path, what, source }
    };
    let both = match fs::read(path) {
        Ok(both) => both,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(fault("read")(error)),
    };
    let mode = fs::metadata(path).map_err(fault("read"))?.permissions().mode();
    if mode & 0o077 != 0 {
        tracing::warn!(path = %path.display(), "others could read our key: a new one is made");
        return Ok(None);
    }
    let usable = CertificateDer::from_pem_slice(&both).is_ok()
        && PrivateKeyDer::from_pem_slice(&both).is_ok();
    if !usable {
        tracing::warn!(path = %path.display(), "this is no certificate with its key: a new one is made");
        return Ok(None);
    }
    // The certificate stands first; what follows is the key.
    const END: &[u8] = b"-----END CERTIFICATE-----";
    let end = both.windows(END.len()).position(|window| window == END);
    let (certificate, key) = both.split_at(end.map_or(0, |at| at + END.len()));
    Ok(Some(([certificate, b"\n"].concat(), key.trim_ascii_start().to_vec())))
}

/// Whether a peer that trusts this certificate would take it for all these hosts in a month still. What is asked is what a
/// peer asks: the checker of the TLS library.
fn holds(certificate: &[u8], hosts: &[String], now: Wall) -> bool {
    let Ok(der) = CertificateDer::from_pem_slice(certificate) else { return false };
    let mut roots = RootCertStore::empty();
    if roots.add(der.clone()).is_err() {
        return false;
    }
    let provider = Arc::new(ring::default_provider());
    let checker = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build();
    let Ok(checker) = checker else { return false };
    let at = |days: i64| {
        let seconds = now.plus_ms(days * 86_400_000).unix_ms / 1000;
        UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)))
    };
    hosts.iter().all(|host| {
        use tokio_rustls::rustls::client::danger::ServerCertVerifier;
        let Ok(name) = ServerName::try_from(host.as_str()) else { return false };
        let valid = |at| checker.verify_server_cert(&der, &[], &name, &[], at).is_ok();
        valid(at(0)) && valid(at(RENEWED_BEFORE_DAYS))
    })
}

fn made(hosts: &[String], now: Wall) -> Result<(String, String), CertificateError> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(hosts)?;
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, hosts.first().map_or("huiyin", String::as_str));
    params.distinguished_name = name;
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let date = |days: i64| {
        let day = now.civil().plus_days(days);
        let (month, date) = (u8::try_from(day.month), u8::try_from(day.day));
        match (month, date) {
            (Ok(month), Ok(date)) if (1950..9999).contains(&day.year) => {
                Ok(date_time_ymd(day.year, month, date))
            }
            _ => Err(CertificateError::Date(day.year)),
        }
    };
    params.not_before = date(-BACKDATED_DAYS)?;
    params.not_after = date(DAYS)?;
    let certificate = params.self_signed(&key)?;
    Ok((certificate.pem(), key.serialize_pem()))
}

/// Writes a file whole or not at all.
fn write(path: &Path, bytes: &[u8], mode: u32) -> Result<(), CertificateError> {
    let half = path.with_extension("half");
    let fault = |source| CertificateError::File { path: path.into(), what: "written", source };
    // What a broken start left may have another mode.
    match fs::remove_file(&half) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(fault(error)),
        _ => {}
    }
    let written = || {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&half)?;
        // The mask of the process may take from the mode; what is public must be readable.
        file.set_permissions(Permissions::from_mode(mode))?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&half, path)
    };
    written().map_err(fault)
}
