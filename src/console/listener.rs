//! The door: a bounded number of connections, TLS where a certificate is given, and nobody who holds a place by silence or
//! by sending a byte now and then: the time runs until we answer something.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, RwLock};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::http::HeaderMap;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{Instant, Sleep, sleep};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::server::TlsStream;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use super::ConsoleError;
use crate::kernel::Pii;

/// A connection on which we wrote nothing for so long is closed. The live feed writes every 15 seconds, and a request is
/// answered within less.
const IDLE: Duration = Duration::from_secs(60);
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Where every place is taken, whoever has been answered nothing for so long gives theirs up to the next one.
const GRACE_MS: u64 = 1_000;
/// How soon that is looked after.
const ROOM_EVERY: Duration = Duration::from_millis(20);

/// A connection as the door sees it.
struct Held {
    began: Instant,
    /// Milliseconds from there to when we last wrote something.
    wrote_ms: AtomicU64,
    leave: CancellationToken,
}

impl Held {
    fn quiet_ms(&self) -> u64 {
        let whole = self.began.elapsed().as_millis() as u64;
        whole.saturating_sub(self.wrote_ms.load(Ordering::Relaxed))
    }
}

/// What TLS shows; it can be renewed while it is in use.
#[derive(Clone, Debug)]
pub struct Tls(Arc<RwLock<Arc<ServerConfig>>>);

impl Tls {
    /// Certificate chain and key, both PEM.
    ///
    /// # Errors
    /// They cannot be read, or are not of each other.
    pub fn new(certificate: &[u8], key: &Pii<Vec<u8>>) -> Result<Tls, ConsoleError> {
        Ok(Tls(Arc::new(RwLock::new(configured(certificate, key)?))))
    }

    /// Shows this one to whoever connects from now on.
    pub fn renew(&self, certificate: &[u8], key: &Pii<Vec<u8>>) -> Result<(), ConsoleError> {
        let fresh = configured(certificate, key)?;
        if let Ok(mut shown) = self.0.write() {
            *shown = fresh;
        }
        Ok(())
    }

    fn acceptor(&self) -> Option<TlsAcceptor> {
        Some(TlsAcceptor::from(self.0.read().ok()?.clone()))
    }
}

fn configured(certificate: &[u8], key: &Pii<Vec<u8>>) -> Result<Arc<ServerConfig>, ConsoleError> {
    let fault = |what: &str| ConsoleError::Tls(what.to_owned());
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(certificate).collect();
    let chain =
        chain.map_err(|_| fault("console.tls_certificate holds no certificate in PEM form"))?;
    if chain.is_empty() {
        return Err(fault("console.tls_certificate holds no certificate in PEM form"));
    }
    let key = PrivateKeyDer::from_pem_slice(key.reveal())
        .map_err(|_| fault("console.tls_key holds no private key in PEM form"))?;
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| fault(&error.to_string()))?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|error| {
            fault(&format!("console.tls_key does not go with console.tls_certificate: {error}"))
        })?;
    Ok(Arc::new(config))
}

pub(super) struct Door {
    listener: TcpListener,
    places: Arc<Semaphore>,
    held: Vec<Arc<Held>>,
    tls: Option<Tls>,
    /// Greetings under way; each holds a place.
    greeted: JoinSet<Option<(Connection, SocketAddr)>>,
}

impl Door {
    /// `places`: connections at once.
    pub fn new(listener: TcpListener, places: usize, tls: Option<Tls>) -> Self {
        let places = Arc::new(Semaphore::new(places));
        Door { listener, places, held: Vec::new(), tls, greeted: JoinSet::new() }
    }
}

impl Door {
    fn hold(&mut self) -> Arc<Held> {
        // Who is gone holds theirs no more.
        self.held.retain(|held| Arc::strong_count(held) > 1);
        let held = Arc::new(Held {
            began: Instant::now(),
            wrote_ms: AtomicU64::new(0),
            leave: CancellationToken::new(),
        });
        self.held.push(held.clone());
        held
    }

    /// The quietest one leaves: slow heads and bodies, greetings that do not end, connections kept for nothing.
    fn make_room(&mut self) {
        self.held.retain(|held| Arc::strong_count(held) > 1 && !held.leave.is_cancelled());
        let quietest = self.held.iter().max_by_key(|held| held.quiet_ms());
        if let Some(quietest) = quietest.filter(|held| held.quiet_ms() >= GRACE_MS) {
            tracing::debug!("a quiet connection gives its place to the next");
            quietest.leave.cancel();
        }
    }
}

/// Who is at the other end of the connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer(pub SocketAddr);

impl Connected<IncomingStream<'_, Door>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Door>) -> Self {
        Peer(*stream.remote_addr())
    }
}

/// Who asks: the peer, or whom a proxy that we know names last.
pub(super) fn asker(peer: Peer, headers: &HeaderMap, proxies: &[IpAddr]) -> IpAddr {
    let peer = peer.0.ip().to_canonical();
    if !proxies.iter().any(|proxy| proxy.to_canonical() == peer) {
        return peer;
    }
    let named = headers.get_all("x-forwarded-for").iter().next_back();
    let last = named.and_then(|value| value.to_str().ok()?.rsplit(',').next()?.trim().parse().ok());
    last.unwrap_or(peer)
}

impl Listener for Door {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        loop {
            let full = self.places.available_permits() == 0;
            tokio::select! {
                () = sleep(ROOM_EVERY), if full => self.make_room(),
                Some(greeted) = self.greeted.join_next() => {
                    if let Ok(Some(connected)) = greeted {
                        return connected;
                    }
                }
                (stream, peer, place) = admitted(&mut self.listener, &self.places) => {
                    let held = self.hold();
                    let Some(acceptor) = self.tls.as_ref().and_then(Tls::acceptor) else {
                        return (Connection::new(Stream::Plain(stream), held, place), peer);
                    };
                    self.greeted.spawn(async move {
                        let tls = tokio::time::timeout(HANDSHAKE, acceptor.accept(stream));
                        let tls = held.leave.run_until_cancelled(tls).await?;
                        let stream = Stream::Tls(Box::new(tls.ok()?.ok()?));
                        Some((Connection::new(stream, held, place), peer))
                    });
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// Somebody who has connected, with their place.
async fn admitted(
    listener: &mut TcpListener,
    places: &Arc<Semaphore>,
) -> (TcpStream, SocketAddr, Option<OwnedSemaphorePermit>) {
    // The semaphore is never closed; without a permit the connection would merely not be counted.
    let place = places.clone().acquire_owned().await.ok();
    let (stream, peer) = Listener::accept(listener).await;
    (stream, peer, place)
}

enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

pub(super) struct Connection {
    stream: Stream,
    idle: Pin<Box<Sleep>>,
    held: Arc<Held>,
    leaves: Pin<Box<WaitForCancellationFutureOwned>>,
    _place: Option<OwnedSemaphorePermit>,
}

macro_rules! on_stream {
    ($self:expr, |$stream:ident| $poll:expr) => {
        match &mut $self.stream {
            Stream::Plain(stream) => {
                let $stream = Pin::new(stream);
                $poll
            }
            Stream::Tls(stream) => {
                let $stream = Pin::new(&mut **stream);
                $poll
            }
        }
    };
}

impl Connection {
    fn new(stream: Stream, held: Arc<Held>, place: Option<OwnedSemaphorePermit>) -> Self {
        let leaves = Box::pin(held.leave.clone().cancelled_owned());
        Connection { stream, idle: Box::pin(sleep(IDLE)), held, leaves, _place: place }
    }

    /// What a poll came to, unless nothing was written for too long.
    fn unless_idle<T>(
        &mut self,
        context: &mut Context<'_>,
        poll: Poll<io::Result<T>>,
        wrote: bool,
    ) -> Poll<io::Result<T>> {
        if wrote && matches!(poll, Poll::Ready(Ok(_))) {
            self.idle.as_mut().reset(Instant::now() + IDLE);
            let wrote_ms = self.held.began.elapsed().as_millis() as u64;
            self.held.wrote_ms.store(wrote_ms, Ordering::Relaxed);
            return poll;
        }
        let over = self.idle.as_mut().poll(context).is_ready();
        match over || self.leaves.as_mut().poll(context).is_ready() {
            true => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            false => poll,
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let poll = on_stream!(self, |stream| stream.poll_read(context, buffer));
        self.unless_idle(context, poll, false)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let poll = on_stream!(self, |stream| stream.poll_write(context, bytes));
        self.unless_idle(context, poll, true)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let poll = on_stream!(self, |stream| stream.poll_write_vectored(context, buffers));
        self.unless_idle(context, poll, true)
    }

    fn is_write_vectored(&self) -> bool {
        match &self.stream {
            Stream::Plain(stream) => stream.is_write_vectored(),
            Stream::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        on_stream!(self, |stream| stream.poll_flush(context))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        on_stream!(self, |stream| stream.poll_shutdown(context))
    }
}
