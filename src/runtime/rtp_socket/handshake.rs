//! DTLS with a browser (RFC 5764) over the leg's own socket: the handshake that gives the keys, and after it the word that the
//! browser has closed.

use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use dtls::config::{Config, ExtendedMasterSecretType};
use dtls::conn::DTLSConn;
use dtls::crypto::Certificate;
use dtls::extension::extension_use_srtp::SrtpProtectionProfile;
use sha2::{Digest, Sha256};
use tokio::sync::{Mutex, mpsc};
use tokio_util::sync::{CancellationToken, DropGuard};
use webrtc_util::{Conn, KeyingMaterialExporter};

use super::BrowserError;
use crate::kernel::limits::DTLS_DATAGRAMS;
use crate::media::srtp::{Keys, MasterKey, Suite};

/// RFC 5764, 4.2.
const LABEL: &str = "EXTRACTOR-dtls_srtp";
const KEY: usize = 16;
const SALT: usize = 14;
/// A flight that is not answered is sent again after this.
const AGAIN: Duration = Duration::from_millis(400);
/// The word that we close is out by then, or it is not sent.
const CLOSING: Duration = Duration::from_secs(1);

/// Who we are to browsers: a certificate of our own, made at the start. Its fingerprint stands in every answer of ours, and that,
/// not an authority, is why a browser believes it.
#[derive(Clone)]
pub struct Identity {
    certificate: Certificate,
    fingerprint: [u8; 32],
}

impl Identity {
    /// # Errors
    /// The certificate cannot be made.
    pub fn new() -> Result<Self, BrowserError> {
        let certificate = Certificate::generate_self_signed(vec!["huiyin".to_owned()])
            .map_err(|error| BrowserError::Handshake(error.to_string()))?;
        let own = certificate.certificate.first().map(|der| Sha256::digest(der.as_ref()).into());
        let fingerprint =
            own.ok_or_else(|| BrowserError::Handshake("there is no certificate".into()))?;
        Ok(Identity { certificate, fingerprint })
    }

    /// SHA-256 of the certificate, for `a=fingerprint`.
    pub fn fingerprint(&self) -> [u8; 32] {
        self.fingerprint
    }
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Identity(***)")
    }
}

/// The datagrams of DTLS among all that come to the socket.
struct Pipe {
    socket: Arc<UdpSocket>,
    to: SocketAddr,
    from: Mutex<mpsc::Receiver<Bytes>>,
}

type Outcome<T> = Result<T, webrtc_util::Error>;

#[async_trait]
impl Conn for Pipe {
    async fn connect(&self, _: SocketAddr) -> Outcome<()> {
        Ok(())
    }

    async fn recv(&self, buffer: &mut [u8]) -> Outcome<usize> {
        let datagram = self.from.lock().await.recv().await;
        // The leg is gone, and this task is about to be told so; an error would be asked for again and again until then.
        let Some(datagram) = datagram else { return std::future::pending().await };
        let room = buffer.get_mut(..datagram.len()).ok_or(webrtc_util::Error::ErrBufferShort)?;
        room.copy_from_slice(&datagram);
        Ok(datagram.len())
    }

    async fn recv_from(&self, buffer: &mut [u8]) -> Outcome<(usize, SocketAddr)> {
        Ok((self.recv(buffer).await?, self.to))
    }

    async fn send(&self, datagram: &[u8]) -> Outcome<usize> {
        match self.socket.send_to(datagram, self.to) {
            Ok(length) => Ok(length),
            // A full buffer: lost, as on any network.
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(datagram.len()),
            Err(error) => Err(error.into()),
        }
    }

    async fn send_to(&self, datagram: &[u8], _: SocketAddr) -> Outcome<usize> {
        self.send(datagram).await
    }

    fn local_addr(&self) -> Outcome<SocketAddr> {
        Ok(self.socket.local_addr()?)
    }

    fn remote_addr(&self) -> Option<SocketAddr> {
        Some(self.to)
    }

    async fn close(&self) -> Outcome<()> {
        Ok(())
    }

    fn as_any(&self) -> &(dyn std::any::Any + Send + Sync) {
        self
    }
}

/// The leg's end of DTLS once its keys are there. Dropping it tells the browser that we close.
#[derive(Debug)]
pub(super) struct Session {
    closed: Arc<AtomicBool>,
    _open: DropGuard,
}

impl Session {
    /// Whether the browser has said that it closes.
    pub(super) fn closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }
}

/// Where the datagrams of DTLS are handed in: what does not fit is lost, as on any network.
pub(super) fn pipe() -> (mpsc::Sender<Bytes>, mpsc::Receiver<Bytes>) {
    mpsc::channel(DTLS_DATAGRAMS)
}

/// Shakes hands with a browser whose certificate has this fingerprint.
pub(super) async fn shake(
    socket: Arc<UdpSocket>,
    to: SocketAddr,
    from: mpsc::Receiver<Bytes>,
    identity: Identity,
    theirs: [u8; 32],
) -> Result<(Keys, Session), BrowserError> {
    let pipe = Pipe { socket, to, from: Mutex::new(from) };
    let known = move |chain: &[Vec<u8>]| {
        chain.first().is_some_and(|own| <[u8; 32]>::from(Sha256::digest(own)) == theirs)
    };
    let config = Config {
        certificates: vec![identity.certificate],
        srtp_protection_profiles: vec![SrtpProtectionProfile::Srtp_Aes128_Cm_Hmac_Sha1_80],
        extended_master_secret: ExtendedMasterSecretType::Require,
        flight_interval: AGAIN,
        // No authority knows a browser's certificate: the fingerprint in its offer does.
        insecure_skip_verify: true,
        verify_peer_certificate: Some(Arc::new(move |chain, _| match known(chain) {
            true => Ok(()),
            false => Err(dtls::Error::Other("the certificate is not the offer's".into())),
        })),
        server_name: "browser".into(),
        ..Config::default()
    };
    let fault = |error: &dyn std::fmt::Display| BrowserError::Handshake(error.to_string());
    let conn = DTLSConn::new(Arc::new(pipe), config, true, None);
    let conn = conn.await.map_err(|error| fault(&error))?;
    if conn.selected_srtpprotection_profile() != SrtpProtectionProfile::Srtp_Aes128_Cm_Hmac_Sha1_80
    {
        return Err(fault(&"the browser protects sound in another way"));
    }
    let state = conn.connection_state().await;
    // Of a client and of a server: keys, then salts.
    let material = state.export_keying_material(LABEL, &[], 2 * (KEY + SALT)).await;
    let keys = keys(&material.map_err(|error| fault(&error))?)
        .ok_or_else(|| fault(&"the keys are too short"))?;
    Ok((keys, watch(conn)))
}

fn keys(material: &[u8]) -> Option<Keys> {
    let master = |key: usize, salt: usize| {
        let mut bytes = [0; KEY + SALT];
        bytes.get_mut(..KEY)?.copy_from_slice(material.get(key..key + KEY)?);
        bytes.get_mut(KEY..)?.copy_from_slice(material.get(salt..salt + SALT)?);
        Some(MasterKey::new(bytes))
    };
    Some(Keys {
        suite: Suite::AesCm128HmacSha1Tag80,
        ours: master(0, 2 * KEY)?,
        theirs: master(KEY, 2 * KEY + SALT)?,
    })
}

/// Waits for the browser to close, or for the leg to end, whichever is first.
fn watch(conn: DTLSConn) -> Session {
    let closed = Arc::new(AtomicBool::new(false));
    let stop = CancellationToken::new();
    let session = Session { closed: closed.clone(), _open: stop.clone().drop_guard() };
    tokio::spawn(async move {
        let mut scrap = [0; 256];
        let ended = async {
            // Nobody sends data here; whatever comes is thrown away, until there is nothing more to come.
            loop {
                match conn.read(&mut scrap, None).await {
                    Ok(_) | Err(dtls::Error::ErrBufferTooSmall) => {}
                    Err(_) => return,
                }
            }
        };
        tokio::select! {
            () = ended => closed.store(true, Ordering::Relaxed),
            () = stop.cancelled() => {
                let _ = tokio::time::timeout(CLOSING, conn.close()).await;
            }
        }
    });
    session
}
