//! A connection to a service: TCP, with TLS where its URL says so. The crypto is rustls with *ring*, as everywhere here.

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
use super::settings::Settings;

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
        let tls = settings.endpoint.tls.then(|| connector(&settings)).transpose()?;
        Ok(Service { settings, authorization, tls })
    }

    pub async fn connect(&self) -> Result<Box<dyn Wire>, RemoteError> {
        let endpoint = &self.settings.endpoint;
        let stream = TcpStream::connect((endpoint.host.as_str(), endpoint.port))
            .await
            .map_err(|error| RemoteError::Connect(error.kind()))?;
        // The end of a request must not wait for the acknowledgement of its beginning.
        stream.set_nodelay(true).map_err(|error| RemoteError::Connect(error.kind()))?;
        let Some(tls) = &self.tls else { return Ok(Box::new(stream)) };
        let name = ServerName::try_from(endpoint.host.clone())
            .map_err(|_| RemoteError::Broken("its host is no name that a certificate can have"))?;
        let stream = tls.connect(name, stream).await.map_err(|error| match error.get_ref() {
            Some(_) => RemoteError::Broken(
                "TLS failed; is its certificate one that recogniser.ca_file or the system trusts?",
            ),
            None => RemoteError::Connect(error.kind()),
        })?;
        Ok(Box::new(stream))
    }
}

fn connector(settings: &Settings) -> Result<TlsConnector, RemoteError> {
    let fault = |what: String| RemoteError::Setting("recogniser.ca_file", what);
    let mut roots = RootCertStore::empty();
    match &settings.ca {
        Some(path) => {
            let pem = std::fs::read(path)
                .map_err(|error| fault(format!("{} cannot be read: {error}", path.display())))?;
            let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
            let (added, _) = roots.add_parsable_certificates(read.unwrap_or_default());
            if added == 0 {
                let what = "holds no certificate in PEM form (BEGIN CERTIFICATE)";
                return Err(fault(format!("{} {what}", path.display())));
            }
        }
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| fault(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}
