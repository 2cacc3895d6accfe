//! The telephone line over real SIP: rsipstack 0.7 behind our trait and our guard. Answers calls, makes calls,
//! registers with a trunk. The same stack is the service's line and the telephone of `huiyin call`.

mod core;
mod dial;
mod gate;
mod line;
mod refer;
mod refresh;
mod register;
mod text;
mod tls;
mod trunk;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_trait::async_trait;
use rsipstack::EndpointBuilder;
use rsipstack::dialog::dialog_layer::DialogLayer;
use rsipstack::sip::{Method, Transport};
use rsipstack::transaction::endpoint::{Endpoint, EndpointOption};
use rsipstack::transaction::{CallIdFormat, TransactionReceiver};
use rsipstack::transport::TransportLayer;
use rsipstack::transport::udp::UdpConnection;
use tokio::net::{TcpListener, UdpSocket};
use tokio::sync::{Mutex as AsyncMutex, Semaphore, mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::kernel::limits::{CALLS_MAX, SIP_CONNECTIONS, SIP_EVENTS};
use crate::kernel::{LegId, Pii};

use super::error::CallError;
use super::leg::{EndReason, Input};
use super::session::Wishes;
use super::refer::Input as ReferInput;
use super::signalling::{
    Credentials, Dial, LegIds, ReferAnswer, ReinviteAnswer, SignalEvent, Signalling,
};

use self::core::{Core, Parts};
use self::gate::{Gate, GuardedUdp};
use self::tls::Tls;
use self::trunk::Trunks;

/// The tracing directive that keeps callers' numbers out of the logs: the stack beneath logs whole messages.
/// Append it to every filter, last.
pub const LOG_SILENCE: &str = "rsipstack=off";

/// The setting that a taken port is reported under.
const LISTEN_SETTING: &str = "sip.listen";
const TLS_SETTING: &str = "sip.tls_bind";
/// How often free UDP ports are tried until TCP has the same one.
const PORT_TRIES: usize = 16;

/// Where and how to telephone.
#[derive(Clone, Debug)]
pub struct SipConfig {
    /// UDP, and TCP on the same port. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// Also listen on TCP.
    pub tcp: bool,
    /// Also listen on TLS.
    pub tls: Option<TlsListen>,
    /// Certificates in PEM form that peers which we call over TLS are checked against; the system's when `None`.
    pub tls_ca: Option<Vec<u8>>,
    /// The address that peers are told (Contact, Via) when it is not the one listened on: behind NAT, or when
    /// listening on 0.0.0.0.
    pub advertise: Option<IpAddr>,
    /// The user part of our Contact: 12345.
    pub user: String,
    /// User-Agent header.
    pub agent: String,
    /// Addresses or CIDR blocks (`10.0.0.0/8`) that may call us, besides loopback.
    pub trunks: Vec<String>,
    /// Where to register.
    pub registrations: Vec<Registration>,
    /// Legs at once; beyond it callers get 503.
    pub legs_max: usize,
    /// The longest call.
    pub longest_call: Duration,
    /// SIP messages a second that one source may send, on average; twice as many at once.
    pub rate_per_source: u32,
    /// The time that a message takes there and back (RFC 3261's T1): half a second, more for a satellite.
    pub t1: Duration,
    /// Session timers (RFC 4028).
    pub session: Wishes,
}

/// Where and with what TLS is listened on.
#[derive(Clone, Debug)]
pub struct TlsListen {
    /// Port 0 takes a free one.
    pub listen: SocketAddr,
    /// Our certificate and those above it, in PEM form.
    pub certificate: Vec<u8>,
    /// Its private key, in PEM form.
    pub key: Pii<Vec<u8>>,
}

/// A registration with a trunk's registrar (RFC 3261 10), kept fresh until shutdown.
#[derive(Clone, Debug)]
pub struct Registration {
    /// `sip:sbc.example.cn:5060`
    pub registrar: String,
    pub credentials: Credentials,
    /// Asked for; the registrar may give less.
    pub expires: Duration,
}

impl Default for SipConfig {
    fn default() -> Self {
        SipConfig {
            listen: SocketAddr::from(([127, 0, 0, 1], 5060)),
            tcp: true,
            tls: None,
            tls_ca: None,
            advertise: None,
            user: "12345".to_owned(),
            agent: concat!("huiyin/", env!("CARGO_PKG_VERSION")).to_owned(),
            trunks: Vec::new(),
            registrations: Vec::new(),
            legs_max: CALLS_MAX * 2,
            longest_call: Duration::from_secs(3600),
            rate_per_source: 2_000,
            t1: Duration::from_millis(500),
            session: Wishes::default(),
        }
    }
}

/// The telephone line over real sockets.
pub struct SipStack {
    core: Arc<Core>,
    endpoint: Endpoint,
    tls_listening: Option<SocketAddr>,
    /// Ends the registrations: their last word is an unregistration.
    leaving: CancellationToken,
    registrations: AsyncMutex<Vec<JoinHandle<()>>>,
}

impl SipStack {
    /// Binds the sockets and begins; must be called within a tokio runtime. Inbound legs get their ids from `ids`.
    /// The receiver is bounded; when it is full, new calls are refused with 503. A port that is taken is an error
    /// that names it and the setting `sip.listen`.
    pub async fn start(
        config: SipConfig,
        ids: LegIds,
    ) -> Result<(Arc<dyn Signalling>, mpsc::Receiver<SignalEvent>), CallError> {
        let trunks = Trunks::parse(&config.trunks)?;
        let registrars = register::check(&config.registrations)?;
        let tls = Tls::new(config.tls.as_ref(), config.tls_ca.as_deref())?;
        let (udp, tcp) = bind(config.listen, config.tcp).await?;
        let secure = match &config.tls {
            Some(tls) => Some(bind_tls(tls.listen).await?),
            None => None,
        };
        let listening = local_addr(udp.local_addr(), "UDP", config.listen)?;
        let tls_listening = secure.as_ref().and_then(|listener| listener.local_addr().ok());
        let advertised = advertised(listening, config.advertise)?;
        let stop = CancellationToken::new();
        let gate = Gate::new(config.rate_per_source, seed());
        let socket = Arc::new(GuardedUdp::new(udp, gate.clone()));
        let udp = UdpConnection::from_socket(socket, Some(advertised), Some(stop.child_token()))
            .await
            .map_err(|error| CallError::Stack(error.to_string()))?;
        let layer = TransportLayer::new(stop.clone());
        layer.add_transport(udp.into());
        let endpoint = endpoint(layer, &config, stop.clone(), &gate);
        let incoming = endpoint
            .incoming_transactions()
            .map_err(|error| CallError::Stack(error.to_string()))?;
        let (events, receiver) = mpsc::channel(SIP_EVENTS);
        let core = Core::new(Parts {
            dialogs: Arc::new(DialogLayer::new(endpoint.inner.clone())),
            events,
            gate,
            ids,
            trunks,
            listening,
            advertised,
            tls,
            tls_port: tls_listening.map_or(advertised.port(), |addr| addr.port()),
            user: config.user,
            legs_max: config.legs_max,
            longest_ms: millis(config.longest_call),
            t1_ms: millis(config.t1),
            session: config.session,
            stop,
        });
        serve(&endpoint, incoming, &core);
        let room = Arc::new(Semaphore::new(SIP_CONNECTIONS));
        if let Some(tcp) = tcp {
            tokio::spawn(accept(tcp, Transport::Tcp, room.clone(), core.clone()));
        }
        if let Some(secure) = secure {
            tokio::spawn(accept(secure, Transport::Tls, room, core.clone()));
        }
        let leaving = CancellationToken::new();
        let registrations = AsyncMutex::new(register::begin(registrars, &core, &leaving));
        let stack = SipStack { core, endpoint, tls_listening, leaving, registrations };
        Ok((Arc::new(stack), receiver))
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// UDP and TCP on one port.
async fn bind(
    listen: SocketAddr,
    tcp: bool,
) -> Result<(UdpSocket, Option<TcpListener>), CallError> {
    let fault = |transport, addr| {
        move |source| CallError::Listen { transport, addr, setting: LISTEN_SETTING, source }
    };
    let mut tries = if listen.port() == 0 { PORT_TRIES } else { 1 };
    loop {
        let udp = UdpSocket::bind(listen).await.map_err(fault("UDP", listen))?;
        if !tcp {
            return Ok((udp, None));
        }
        let addr = local_addr(udp.local_addr(), "UDP", listen)?;
        match TcpListener::bind(addr).await {
            Ok(listener) => return Ok((udp, Some(listener))),
            Err(source) if tries <= 1 => return Err(fault("TCP", addr)(source)),
            Err(_) => tries -= 1,
        }
    }
}

async fn bind_tls(listen: SocketAddr) -> Result<TcpListener, CallError> {
    TcpListener::bind(listen).await.map_err(|source| CallError::Listen {
        transport: "TLS",
        addr: listen,
        setting: TLS_SETTING,
        source,
    })
}

fn local_addr(
    addr: std::io::Result<SocketAddr>,
    transport: &'static str,
    asked: SocketAddr,
) -> Result<SocketAddr, CallError> {
    addr.map_err(|source| CallError::Listen {
        transport,
        addr: asked,
        setting: LISTEN_SETTING,
        source,
    })
}

/// The address of Contact and Via.
fn advertised(listening: SocketAddr, advertise: Option<IpAddr>) -> Result<SocketAddr, CallError> {
    match advertise {
        Some(ip) => Ok(SocketAddr::new(ip, listening.port())),
        None if listening.ip().is_unspecified() => Err(CallError::Setting {
            field: "sip.advertise",
            problem: "is needed when `sip.listen` is 0.0.0.0 or ::: the address that telephones \
                      reach this machine at"
                .to_owned(),
        }),
        None => Ok(listening),
    }
}

fn endpoint(
    layer: TransportLayer,
    config: &SipConfig,
    stop: CancellationToken,
    gate: &Gate,
) -> Endpoint {
    let methods = [
        Method::Invite,
        Method::Ack,
        Method::Cancel,
        Method::Bye,
        Method::Options,
        Method::Info,
        Method::Update,
        Method::PRack,
        Method::Refer,
        Method::Notify,
    ];
    EndpointBuilder::new()
        .with_user_agent(&config.agent)
        .with_transport_layer(layer)
        .with_cancel_token(stop)
        .with_allows(methods.to_vec())
        .with_transport_inspector(gate.inspector())
        .with_option(EndpointOption {
            // The default suffix names the stack's vendor.
            callid_format: CallIdFormat::Uuid,
            t1: config.t1,
            t1x64: config.t1 * 64,
            t2: config.t1 * 8,
            t4: config.t1 * 10,
            ..EndpointOption::default()
        })
        .build()
}

fn serve(endpoint: &Endpoint, mut incoming: TransactionReceiver, core: &Arc<Core>) {
    let inner = endpoint.inner.clone();
    tokio::spawn(async move { inner.serve().await.ok() });
    let core = core.clone();
    tokio::spawn(async move {
        while let Some(tx) = incoming.recv().await {
            core.clone().take(tx).await;
        }
    });
}

async fn accept(listener: TcpListener, wire: Transport, room: Arc<Semaphore>, core: Arc<Core>) {
    loop {
        let (stream, peer) = tokio::select! {
            () = core.parts.stop.cancelled() => return,
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                // Out of descriptors, or the peer was gone already.
                Err(_) => {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
        };
        let Ok(permit) = room.clone().try_acquire_owned() else { continue };
        let core = core.clone();
        tokio::spawn(async move {
            stream.set_nodelay(true).ok();
            let stop = core.parts.stop.child_token();
            let gate = core.parts.gate.clone();
            let endpoint = core.parts.dialogs.endpoint.clone();
            let joined = match wire {
                Transport::Tls => match core.parts.tls.accept(stream).await {
                    Ok(stream) => {
                        gate::join(stream, (peer, wire), gate, endpoint, stop.clone()).await
                    }
                    Err(error) => {
                        tracing::debug!(%peer, %error, "a TLS handshake failed");
                        return;
                    }
                },
                _ => gate::join(stream, (peer, wire), gate, endpoint, stop.clone()).await,
            };
            if joined.is_ok() {
                stop.cancelled().await;
            }
            drop(permit);
        });
    }
}

/// For To tags of the guard's answers: differs from start to start, so that tags do.
fn seed() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(0)
}

#[async_trait]
impl Signalling for SipStack {
    async fn ring(&self, leg: LegId, early: Option<String>) -> Result<(), CallError> {
        self.core.command(leg, Input::Ring { early }).await
    }

    async fn answer(&self, leg: LegId, sdp: String) -> Result<(), CallError> {
        self.core.command(leg, Input::Answer { sdp }).await
    }

    async fn reject(&self, leg: LegId, code: u16) -> Result<(), CallError> {
        self.core.command(leg, Input::Reject { code: refusal(code)? }).await
    }

    async fn dial(&self, leg: LegId, dial: Dial) -> Result<(), CallError> {
        self.core.dial(leg, dial).await
    }

    async fn hang_up(&self, leg: LegId, reason: EndReason) -> Result<(), CallError> {
        match self.core.command(leg, Input::HangUp { reason }).await {
            // The other side was quicker.
            Err(CallError::NoSuchLeg(_)) => Ok(()),
            result => result,
        }
    }

    async fn answer_reinvite(&self, leg: LegId, answer: ReinviteAnswer) -> Result<(), CallError> {
        let input = match answer {
            ReinviteAnswer::Accept { sdp } => Input::AnswerReinvite { sdp },
            ReinviteAnswer::Refuse { code } => Input::RefuseReinvite { code: refusal(code)? },
        };
        self.core.command(leg, input).await
    }

    async fn reinvite(&self, leg: LegId, sdp: String) -> Result<String, CallError> {
        let (agreed, answer) = oneshot::channel();
        self.core.send(leg, Input::Reinvite { sdp }, Some(agreed)).await?;
        answer.await.map_err(|_| CallError::NoSuchLeg(leg))?
    }

    async fn answer_refer(&self, leg: LegId, answer: ReferAnswer) -> Result<(), CallError> {
        let input = match answer {
            ReferAnswer::Accepted => ReferInput::Accept,
            ReferAnswer::Declined => ReferInput::Decline,
            ReferAnswer::Reached => ReferInput::Reached,
            ReferAnswer::Missed => ReferInput::Missed,
        };
        self.core.refer(leg, input, None).await
    }

    async fn refer(&self, leg: LegId, to: Pii<String>) -> Result<bool, CallError> {
        let (outcome, reached) = oneshot::channel();
        self.core.refer(leg, ReferInput::Send { to: to.into_inner() }, Some(outcome)).await?;
        reached.await.map_err(|_| CallError::NoSuchLeg(leg))
    }

    async fn send_digit(&self, leg: LegId, digit: char) -> Result<(), CallError> {
        match digit.to_ascii_uppercase() {
            digit @ ('0'..='9' | '*' | '#' | 'A'..='D') => {
                self.core.command(leg, Input::SendDigit { digit }).await
            }
            _ => Err(CallError::Setting {
                field: "digit",
                problem: "is not one of 0-9, *, #, A-D".to_owned(),
            }),
        }
    }

    fn drain(&self, on: bool) {
        self.core.draining.store(on, Ordering::Relaxed);
    }

    fn full(&self, on: bool) {
        self.core.full.store(on, Ordering::Relaxed);
    }

    fn registered(&self) -> bool {
        self.core.unregistered.load(Ordering::Relaxed) == 0
    }

    fn legs(&self) -> usize {
        // The stack's dialogs are counted too: one that outlived its leg would be a leak.
        self.core.leg_count().max(self.core.parts.dialogs.len())
    }

    fn listening(&self) -> SocketAddr {
        self.core.parts.listening
    }

    fn tls_listening(&self) -> Option<SocketAddr> {
        self.tls_listening
    }

    fn certify(&self, certificate: &[u8], key: &Pii<Vec<u8>>) -> Result<(), CallError> {
        self.core.parts.tls.certify(certificate, key)
    }

    fn held(&self) -> usize {
        let stack = self.core.parts.dialogs.endpoint.get_stats();
        stack.running_transactions
            + stack.finished_transactions
            + stack.waiting_ack
            + self.core.parts.dialogs.len()
            + self.core.leg_count()
    }

    async fn shutdown(&self, deadline: Duration) {
        self.drain(true);
        self.leaving.cancel();
        let end = async {
            let reason = EndReason::ServerStopped;
            for leg in self.core.leg_ids() {
                self.core.command(leg, Input::HangUp { reason }).await.ok();
            }
            while self.core.leg_count() > 0 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            for registration in self.registrations.lock().await.drain(..) {
                registration.await.ok();
            }
        };
        if tokio::time::timeout(deadline, end).await.is_err() {
            tracing::warn!(legs = self.core.leg_count(), "calls were cut off at the deadline");
        }
        self.endpoint.shutdown();
        self.core.parts.stop.cancel();
    }
}

impl Drop for SipStack {
    fn drop(&mut self) {
        self.core.parts.stop.cancel();
    }
}

fn refusal(code: u16) -> Result<u16, CallError> {
    if (400..700).contains(&code) {
        return Ok(code);
    }
    Err(CallError::Setting {
        field: "code",
        problem: format!("{code} is no refusal: it must be from 400 to 699"),
    })
}
