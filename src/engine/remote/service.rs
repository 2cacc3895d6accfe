//! A connection to a service: TCP, with TLS where its URL says so. The crypto is rustls with *ring*, as everywhere here.

use std::path::Path;
use std::sync::Arc;

use hyper::header::HeaderValue;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::RemoteError;
use super::settings::{Endpoint, Settings};

/// Bytes both ways.
pub trait Wire: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Wire for T {}

/// A service that is ready to be asked.
pub struct Service {
    pub settings: Settings,
    /// `Bearer …`, marked so that it prints nowhere.
    pub authorization: Option<HeaderValue>,
    tls: Option<TlsConnector>,
}

impl Service {
    pub fn new(settings: Settings) -> Result<Service, RemoteError> {
        let authorization = match &settings.key {
            None => None,
            Some(key) => {
                let mut value = HeaderValue::from_str(&format!("Bearer {}", key.reveal()))
                    .map_err(|_| {
                        RemoteError::Setting(
                            "recogniser.key_env",
                            "the key holds a character that no HTTP header may hold".into(),
                        )
                    })?;
                value.set_sensitive(true);
                Some(value)
            }
        };
        let ca = settings.ca.as_deref();
        let tls = settings.endpoint.tls.then(|| connector(ca)).transpose();
        let tls = tls.map_err(|what| RemoteError::Setting("recogniser.ca_file", what))?;
        Ok(Service { settings, authorization, tls })
    }

    pub async fn connect(&self) -> Result<Box<dyn Wire>, RemoteError> {
        connect(&self.settings.endpoint, self.tls.as_ref()).await.map_err(|error| match error {
            NoWire::Connect(kind) => RemoteError::Connect(kind),
            NoWire::Name => {
                RemoteError::Broken("its host is no name that a certificate can have")
            }
            NoWire::Tls => RemoteError::Broken(
                "TLS failed; is its certificate one that recogniser.ca_file or the system trusts?",
            ),
        })
    }
}

/// Why there is no connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NoWire {
    Connect(std::io::ErrorKind),
    /// The host is no name that a certificate can have.
    Name,
    /// The certificate is not one that is trusted, or the other side speaks no TLS.
    Tls,
}

/// A connection to `endpoint`, over TLS where there is a connector.
pub async fn connect(
    endpoint: &Endpoint,
    tls: Option<&TlsConnector>,
) -> Result<Box<dyn Wire>, NoWire> {
    let stream = TcpStream::connect((endpoint.host.as_str(), endpoint.port))
        .await
        .map_err(|error| NoWire::Connect(error.kind()))?;
    // The end of a request must not wait for the acknowledgement of its beginning.
    stream.set_nodelay(true).map_err(|error| NoWire::Connect(error.kind()))?;
    let Some(tls) = tls else { return Ok(Box::new(stream)) };
    let name = ServerName::try_from(endpoint.host.clone()).map_err(|_| NoWire::Name)?;
    let stream = tls.connect(name, stream).await.map_err(|error| match error.get_ref() {
        Some(_) => NoWire::Tls,
        None => NoWire::Connect(error.kind()),
    })?;
    Ok(Box::new(stream))
}

/// TLS whose certificates are checked against those of the file `ca` (PEM), without it against the system's.
///
/// # Errors
/// What is wrong with the file.
pub fn connector(ca: Option<&Path>) -> Result<TlsConnector, String> {
    let mut roots = RootCertStore::empty();
    match ca {
        Some(path) => {
            let pem = std::fs::read(path)
                .map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
            let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
            let (added, _) = roots.add_parsable_certificates(read.unwrap_or_default());
            if added == 0 {
                let what = "holds no certificate in PEM form (BEGIN CERTIFICATE)";
                return Err(format!("{} {what}", path.display()));
            }
        }
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}
