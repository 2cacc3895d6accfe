//! SIP over TLS (RFC 3261 26.3.2, RFC 5630): our certificate for those who connect, and the check of theirs where we do. The
//! crypto is rustls with *ring*, named here and not installed for the process: whoever else uses rustls is not disturbed.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio_rustls::{TlsAcceptor, TlsConnector, client, server};

use crate::call::error::CallError;
use crate::kernel::Pii;

use super::TlsListen;

/// How long a peer may take for its handshake.
const HANDSHAKE_WAIT: Duration = Duration::from_secs(4);

/// Both sides of TLS.
pub struct Tls {
    acceptor: Option<RwLock<TlsAcceptor>>,
    connector: TlsConnector,
}

impl Tls {
    /// `ca`: certificates in PEM form that those we connect to are checked against; without it, the system's.
    pub fn new(listen: Option<&TlsListen>, ca: Option<&[u8]>) -> Result<Tls, CallError> {
        let provider = Arc::new(ring::default_provider());
        let acceptor = listen
            .map(|listen| acceptor(&listen.certificate, &listen.key, provider.clone()))
            .transpose()?;
        Ok(Tls { acceptor: acceptor.map(RwLock::new), connector: connector(ca, provider)? })
    }

    /// Shows another certificate from now on.
    pub fn certify(&self, certificate: &[u8], key: &Pii<Vec<u8>>) -> Result<(), CallError> {
        let Some(current) = &self.acceptor else {
            return Err(fault(super::TLS_SETTING, "TLS is not listened on".to_owned()));
        };
        let next = acceptor(certificate, key, Arc::new(ring::default_provider()))?;
        *current.write().unwrap_or_else(PoisonError::into_inner) = next;
        Ok(())
    }

    /// The handshake with whoever has connected to us.
    pub async fn accept(&self, stream: TcpStream) -> std::io::Result<server::TlsStream<TcpStream>> {
        let acceptor = self.acceptor.as_ref().ok_or(std::io::ErrorKind::Unsupported)?;
        let acceptor = acceptor.read().unwrap_or_else(PoisonError::into_inner).clone();
        tokio::time::timeout(HANDSHAKE_WAIT, acceptor.accept(stream)).await?
    }

    /// The handshake with a peer whose certificate must be for `name`, a host or an address.
    pub async fn connect(
        &self,
        stream: TcpStream,
        name: &str,
    ) -> std::io::Result<client::TlsStream<TcpStream>> {
        let name = ServerName::try_from(name.trim_matches(['[', ']']).to_owned())
            .map_err(|error| std::io::Error::new(std::io::ErrorKind::InvalidInput, error))?;
        tokio::time::timeout(HANDSHAKE_WAIT, self.connector.connect(name, stream)).await?
    }
}

fn acceptor(
    certificate: &[u8],
    key: &Pii<Vec<u8>>,
    provider: Arc<CryptoProvider>,
) -> Result<TlsAcceptor, CallError> {
    let certificates = certificates("sip.tls_certificate", certificate)?;
    let key = PrivateKeyDer::from_pem_slice(key.reveal()).map_err(|_| {
        fault("sip.tls_key", "holds no private key in PEM form (BEGIN PRIVATE KEY)".to_owned())
    })?;
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| CallError::Stack(error.to_string()))?
        .with_no_client_auth()
        .with_single_cert(certificates, key)
        .map_err(|error| {
            fault("sip.tls_key", format!("does not go with sip.tls_certificate: {error}"))
        })?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn connector(ca: Option<&[u8]>, provider: Arc<CryptoProvider>) -> Result<TlsConnector, CallError> {
    let mut roots = RootCertStore::empty();
    match ca {
        Some(pem) => {
            for certificate in certificates("sip.tls_ca", pem)? {
                roots.add(certificate).map_err(|error| {
                    fault("sip.tls_ca", format!("holds a certificate that cannot be used: {error}"))
                })?;
            }
        }
        // A machine without any trusts nobody, and says so when it connects.
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| CallError::Stack(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

fn certificates(
    field: &'static str,
    pem: &[u8],
) -> Result<Vec<CertificateDer<'static>>, CallError> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match read {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        _ => Err(fault(field, "holds no certificate in PEM form (BEGIN CERTIFICATE)".to_owned())),
    }
}

const fn fault(field: &'static str, problem: String) -> CallError {
    CallError::Setting { field, problem }
}
