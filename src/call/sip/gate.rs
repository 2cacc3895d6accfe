//! The sockets, with the ingress guard before the SIP stack: nothing reaches the stack that the guard did not pass,
//! and no more at once than [`SIP_INBOX`] messages.
//!
//! UDP goes in through the stack's own socket trait, so that Via, `received` and `rport` stay its business. Each TCP
//! connection is read and framed here and handed over as an in-memory connection of the stack, because the stack's
//! own reader would take a message before the guard sees it.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use rsipstack::sip::{SipMessage, Transport as WireTransport};
use rsipstack::transaction::endpoint::{EndpointInnerRef, TransportEventInspector};
use rsipstack::transport::channel::ChannelConnection;
use rsipstack::transport::{SipAddr, SipConnection, TransportEvent};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::net::UdpSocket;
use tokio::sync::{Mutex as AsyncMutex, mpsc};
use tokio_util::sync::CancellationToken;

use crate::call::guard::{Answer, Framer, Guard, Transport, Verdict, refuse};
use crate::kernel::Moment;
use crate::kernel::limits::{SIP_INBOX, SIP_MESSAGE_BYTES_MAX, SIP_OUTBOX};

/// The stack's own receive buffer: a longer datagram cannot be handed over.
const STACK_DATAGRAM_MAX: usize = 8_192;
/// A peer that does not take its bytes for so long is cut off.
const WRITE_WAIT: Duration = Duration::from_secs(5);
/// A connection must bring its first message, and the rest of one that it began, within this time.
const MESSAGE_WAIT: Duration = Duration::from_secs(30);
/// A quiet connection is kept as long as calls may last, and then some.
const QUIET_WAIT: Duration = Duration::from_secs(2 * 3600);

/// What stands before the stack, for all sockets together.
pub struct Gate {
    guard: Mutex<Guard>,
    began: Instant,
    waiting: Arc<AtomicUsize>,
}

impl Gate {
    pub fn new(rate_per_source: u32, seed: u64) -> Arc<Self> {
        Arc::new(Gate {
            guard: Mutex::new(Guard::new(rate_per_source, seed)),
            began: Instant::now(),
            waiting: Arc::new(AtomicUsize::new(0)),
        })
    }

    /// Milliseconds since the gate was opened, for every machine of the room.
    pub fn now(&self) -> Moment {
        Moment::from_ms(u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX))
    }

    /// Counts what the stack has taken from its (unbounded) inbox.
    pub fn inspector(&self) -> Box<dyn TransportEventInspector> {
        Box::new(Counter { waiting: self.waiting.clone() })
    }

    fn check(&self, source: SocketAddr, transport: Transport, bytes: &[u8]) -> Verdict {
        let verdict = match self.guard.lock() {
            Ok(mut guard) => guard.check(self.now(), source, transport, bytes),
            Err(poisoned) => poisoned.into_inner().check(self.now(), source, transport, bytes),
        };
        let Verdict::Pass(message) = verdict else { return verdict };
        // What the stack cannot read it would swallow without a word.
        if !readable(&message) {
            return refuse(&message, source, transport, 400);
        }
        if transport == Transport::Udp && message.len() > STACK_DATAGRAM_MAX {
            return refuse(&message, source, transport, 513);
        }
        if self.waiting.fetch_add(1, Ordering::AcqRel) >= SIP_INBOX {
            self.waiting.fetch_sub(1, Ordering::AcqRel);
            return refuse(&message, source, transport, 503);
        }
        Verdict::Pass(message)
    }
}

fn readable(bytes: &[u8]) -> bool {
    SipMessage::try_from(bytes).is_ok_and(|message| {
        let unspecified = SocketAddr::from(([0, 0, 0, 0], 0));
        SipConnection::update_msg_received(message, unspecified, WireTransport::Udp).is_ok()
    })
}

struct Counter {
    waiting: Arc<AtomicUsize>,
}

#[async_trait]
impl TransportEventInspector for Counter {
    async fn handle(&self, event: TransportEvent) -> Option<TransportEvent> {
        if matches!(event, TransportEvent::Incoming(..)) {
            self.waiting.fetch_sub(1, Ordering::AcqRel);
        }
        Some(event)
    }
}

/// A UDP socket behind the guard.
pub struct GuardedUdp {
    socket: UdpSocket,
    gate: Arc<Gate>,
    buffer: AsyncMutex<Vec<u8>>,
}

impl GuardedUdp {
    pub fn new(socket: UdpSocket, gate: Arc<Gate>) -> Self {
        GuardedUdp { socket, gate, buffer: AsyncMutex::new(vec![0; SIP_MESSAGE_BYTES_MAX]) }
    }
}

#[async_trait]
impl rsipstack::platform::net::UdpSocket for GuardedUdp {
    async fn recv_from(&self, buf: &mut [u8]) -> rsipstack::Result<(usize, SocketAddr)> {
        let mut buffer = self.buffer.lock().await;
        loop {
            // An ICMP error of an earlier send may surface here: not about this datagram.
            let Ok((len, source)) = self.socket.recv_from(&mut buffer).await else {
                tokio::task::yield_now().await;
                continue;
            };
            let datagram = buffer.get(..len).unwrap_or_default();
            match self.gate.check(source, Transport::Udp, datagram) {
                Verdict::Pass(message) => {
                    if let Some(room) = buf.get_mut(..message.len()) {
                        room.copy_from_slice(&message);
                        return Ok((message.len(), source));
                    }
                }
                Verdict::Answer(answer) => {
                    let port = answer.port.unwrap_or(source.port());
                    let to = SocketAddr::new(source.ip(), port);
                    self.socket.send_to(&answer.bytes, to).await.ok();
                }
                Verdict::Drop(reason) => tracing::debug!(?reason, "SIP datagram dropped"),
            }
        }
    }

    async fn send_to(&self, buf: &[u8], addr: SocketAddr) -> rsipstack::Result<usize> {
        Ok(self.socket.send_to(buf, addr).await?)
    }

    fn local_addr(&self) -> rsipstack::Result<SocketAddr> {
        Ok(self.socket.local_addr()?)
    }
}

/// Makes a TCP or TLS connection, accepted or dialled, one of the stack's. It lives until the peer closes it, breaks the
/// framing, stops taking its bytes, or `stop` is cancelled; then the stack forgets it.
pub async fn join<S>(
    stream: S,
    (peer, wire): (SocketAddr, WireTransport),
    gate: Arc<Gate>,
    endpoint: EndpointInnerRef,
    stop: CancellationToken,
) -> rsipstack::Result<SipConnection>
where
    S: AsyncRead + AsyncWrite + Send + 'static,
{
    let addr = SipAddr { r#type: Some(wire), addr: peer.into() };
    let (to_stack, from_us) = mpsc::unbounded_channel();
    let (to_us, from_stack) = mpsc::unbounded_channel();
    let channel =
        ChannelConnection::create_connection(from_us, to_us, addr.clone(), Some(stop.clone()))
            .await?;
    let connection = SipConnection::Channel(channel);
    endpoint.transport_layer.add_connection(connection.clone());
    let (read, write) = tokio::io::split(stream);
    // Answers of the guard go out beside those of the stack.
    let (answers, answered) = mpsc::channel(SIP_OUTBOX);
    let reader =
        Reader { read, peer, wire, gate, answers, to_stack, connection: connection.clone(), addr };
    let ours = connection.clone();
    tokio::spawn(async move {
        let mut writing = std::pin::pin!(write_out(write, from_stack, answered));
        tokio::select! {
            () = stop.cancelled() => {}
            () = &mut writing => {}
            // What broke the framing is still told so before the connection is closed.
            () = reader.run() => {
                tokio::time::timeout(WRITE_WAIT, writing).await.ok();
            }
        }
        stop.cancel();
        endpoint.transport_layer.remove_connection(&ours);
    });
    Ok(connection)
}

struct Reader<S> {
    read: ReadHalf<S>,
    peer: SocketAddr,
    wire: WireTransport,
    gate: Arc<Gate>,
    answers: mpsc::Sender<Answer>,
    to_stack: mpsc::UnboundedSender<TransportEvent>,
    connection: SipConnection,
    addr: SipAddr,
}

impl<S: AsyncRead> Reader<S> {
    async fn run(mut self) {
        let mut framer = Framer::new();
        let mut chunk = vec![0; 8_192];
        let mut patience = MESSAGE_WAIT;
        loop {
            let Ok(Ok(len)) = tokio::time::timeout(patience, self.read.read(&mut chunk)).await
            else {
                return;
            };
            if len == 0 {
                return;
            }
            framer.push(chunk.get(..len).unwrap_or_default());
            while let Some(message) = framer.next_message() {
                if !self.take(&message) {
                    return;
                }
            }
            if let Some(broken) = framer.broken() {
                self.take(&broken);
                return;
            }
            patience = if framer.is_empty() { QUIET_WAIT } else { MESSAGE_WAIT };
        }
    }

    /// False when the connection is to be closed.
    fn take(&self, message: &[u8]) -> bool {
        let transport = match self.wire {
            WireTransport::Tls => Transport::Tls,
            _ => Transport::Tcp,
        };
        match self.gate.check(self.peer, transport, message) {
            Verdict::Pass(message) => self.hand_over(&message),
            Verdict::Answer(answer) => self.answers.try_send(answer).is_ok(),
            Verdict::Drop(reason) => {
                tracing::debug!(?reason, "SIP message on a stream dropped");
                true
            }
        }
    }

    fn hand_over(&self, message: &[u8]) -> bool {
        let event = SipMessage::try_from(message).ok().and_then(|message| {
            SipConnection::update_msg_received(message, self.peer, self.wire).ok()
        });
        let Some(message) = event else { return false };
        let connection = self.connection.clone();
        self.to_stack.send(TransportEvent::Incoming(message, connection, self.addr.clone())).is_ok()
    }
}

async fn write_out<S: AsyncWrite>(
    mut write: WriteHalf<S>,
    mut from_stack: mpsc::UnboundedReceiver<TransportEvent>,
    mut answered: mpsc::Receiver<Answer>,
) {
    loop {
        let bytes = tokio::select! {
            event = from_stack.recv() => match event {
                Some(TransportEvent::Incoming(message, ..)) => message.to_bytes(),
                Some(_) => continue,
                None => return,
            },
            answer = answered.recv() => match answer {
                Some(answer) => answer.bytes,
                None => return,
            },
        };
        // The stack's side of the channel has no bound: a peer that lets it grow loses the connection.
        if from_stack.len() > SIP_OUTBOX {
            return;
        }
        let sending = async {
            write.write_all(&bytes).await?;
            // TLS keeps what it has encrypted until it is told.
            write.flush().await
        };
        let sent = tokio::time::timeout(WRITE_WAIT, sending).await;
        if !matches!(sent, Ok(Ok(()))) {
            return;
        }
    }
}
