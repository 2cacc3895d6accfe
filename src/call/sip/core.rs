//! What all legs share, and the door for requests that belong to no leg yet.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rsipstack::dialog::authenticate::Credential;
use rsipstack::dialog::dialog_layer::DialogLayer;
use rsipstack::dialog::invitation::InviteOption;
use rsipstack::sip::{Header, HeadersExt, Method, Param, StatusCode, Transport, Uri};
use rsipstack::transaction::transaction::Transaction;
use rsipstack::transport::{SipAddr, SipConnection};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::call::error::CallError;
use crate::call::leg::{Input, Leg};
use crate::call::signalling::{Credentials, Dial, LegIds, SignalEvent};
use crate::kernel::limits::{LEG_INBOX, SIP_CONNECTIONS, SIP_INBOX};
use crate::kernel::{LegId, Moment, Pii};

use super::gate::{self, Gate};
use super::line::{Command, Line};
use super::text;
use super::trunk::Trunks;

/// How long a name look-up or a TCP connection may take.
const CONNECT_WAIT: Duration = Duration::from_secs(4);
/// How long a leg may take to accept a command; longer than connecting may take.
const COMMAND_WAIT: Duration = Duration::from_secs(6);
/// Seconds after which a refused caller may try again.
const RETRY_AFTER_S: u32 = 5;

pub struct Core {
    pub dialogs: Arc<DialogLayer>,
    pub events: mpsc::Sender<SignalEvent>,
    pub gate: Arc<Gate>,
    pub ids: LegIds,
    pub trunks: Trunks,
    pub listening: SocketAddr,
    /// What peers are told.
    pub advertised: SocketAddr,
    pub user: String,
    pub legs_max: usize,
    pub longest_ms: u64,
    pub draining: AtomicBool,
    /// Registrations that do not hold at the moment.
    pub unregistered: AtomicUsize,
    pub stop: CancellationToken,
    /// Requests being handled at once.
    pub handlers: Arc<Semaphore>,
    legs: Mutex<Legs>,
    dialled: Mutex<HashMap<SocketAddr, SipConnection>>,
}

#[derive(Default)]
struct Legs {
    inboxes: HashMap<LegId, mpsc::Sender<Command>>,
    /// [`text::origin`] of inbound legs: to know a request that came twice on two ways.
    origins: HashMap<String, LegId>,
}

/// What a [`Core`] is made of, besides what it makes itself.
pub struct Parts {
    pub dialogs: Arc<DialogLayer>,
    pub events: mpsc::Sender<SignalEvent>,
    pub gate: Arc<Gate>,
    pub ids: LegIds,
    pub trunks: Trunks,
    pub listening: SocketAddr,
    pub advertised: SocketAddr,
    pub user: String,
    pub legs_max: usize,
    pub longest_ms: u64,
    pub stop: CancellationToken,
}

impl Core {
    pub fn new(parts: Parts) -> Arc<Self> {
        Arc::new(Core {
            dialogs: parts.dialogs,
            events: parts.events,
            gate: parts.gate,
            ids: parts.ids,
            trunks: parts.trunks,
            listening: parts.listening,
            advertised: parts.advertised,
            user: parts.user,
            legs_max: parts.legs_max,
            longest_ms: parts.longest_ms,
            draining: AtomicBool::new(false),
            unregistered: AtomicUsize::new(0),
            stop: parts.stop,
            handlers: Arc::new(Semaphore::new(SIP_INBOX)),
            legs: Mutex::default(),
            dialled: Mutex::default(),
        })
    }

    pub fn now(&self) -> Moment {
        self.gate.now()
    }

    fn legs(&self) -> MutexGuard<'_, Legs> {
        self.legs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn leg_count(&self) -> usize {
        self.legs().inboxes.len()
    }

    pub fn leg_ids(&self) -> Vec<LegId> {
        self.legs().inboxes.keys().copied().collect()
    }

    /// Enters a leg; `None` when all lines are in use.
    fn enter(&self, leg: LegId, origin: Option<String>) -> Option<mpsc::Receiver<Command>> {
        let mut legs = self.legs();
        if legs.inboxes.len() >= self.legs_max {
            return None;
        }
        let (tx, rx) = mpsc::channel(LEG_INBOX);
        legs.inboxes.insert(leg, tx);
        if let Some(origin) = origin {
            legs.origins.insert(origin, leg);
        }
        Some(rx)
    }

    pub fn forget(&self, leg: LegId) {
        let mut legs = self.legs();
        legs.inboxes.remove(&leg);
        legs.origins.retain(|_, entered| *entered != leg);
    }

    /// Hands a command to its leg and waits until the leg has taken it.
    pub async fn command(&self, leg: LegId, input: Input) -> Result<(), CallError> {
        self.send(leg, input, None).await
    }

    pub async fn send(
        &self,
        leg: LegId,
        input: Input,
        agreed: Option<oneshot::Sender<Result<String, CallError>>>,
    ) -> Result<(), CallError> {
        let gone = || CallError::NoSuchLeg(leg);
        let inbox = self.legs().inboxes.get(&leg).cloned().ok_or_else(gone)?;
        let (done, outcome) = oneshot::channel();
        let command = Command { input, done, agreed };
        let taken = async {
            inbox.send(command).await.map_err(|_| gone())?;
            outcome.await.map_err(|_| gone())?
        };
        match tokio::time::timeout(COMMAND_WAIT, taken).await {
            Ok(result) => result,
            Err(_) => Err(CallError::Busy(leg)),
        }
    }

    fn contact(&self, transport: Transport) -> Uri {
        let mut uri = Uri {
            scheme: Some(rsipstack::sip::Scheme::Sip),
            auth: Some(rsipstack::sip::Auth { user: self.user.clone(), password: None }),
            host_with_port: self.advertised.into(),
            ..Default::default()
        };
        if transport != Transport::Udp {
            uri.params.push(Param::Transport(transport));
        }
        uri
    }
}

/// Requests from outside.
impl Core {
    /// Takes one request that opened a transaction.
    pub async fn take(self: Arc<Self>, mut tx: Transaction) {
        let Ok(permit) = self.handlers.clone().try_acquire_owned() else {
            let retry = vec![Header::RetryAfter(RETRY_AFTER_S.to_string().into())];
            tx.reply_with(StatusCode::ServiceUnavailable, retry, None).await.ok();
            return;
        };
        let core = self.clone();
        tokio::spawn(async move {
            let in_dialog =
                tx.original.to_header().is_ok_and(|to| to.tag().ok().flatten().is_some());
            match tx.original.method {
                _ if in_dialog => core.within(&mut tx).await,
                Method::Invite => core.invited(tx, permit).await,
                Method::Options => core.options(&mut tx).await,
                Method::Ack => {}
                // In a dialog these would have had a To tag.
                Method::Bye | Method::Info | Method::Update | Method::PRack => {
                    tx.reply(StatusCode::CallTransactionDoesNotExist).await.ok();
                }
                _ => {
                    let headers = vec![text::allow()];
                    tx.reply_with(StatusCode::MethodNotAllowed, headers, None).await.ok();
                }
            }
        });
    }

    async fn within(&self, tx: &mut Transaction) {
        match self.dialogs.match_dialog(tx) {
            Some(rsipstack::dialog::dialog::Dialog::Invite(mut dialog)) => {
                dialog.handle(tx).await.ok();
            }
            Some(_) | None => {
                tx.reply(StatusCode::CallTransactionDoesNotExist).await.ok();
            }
        }
    }

    async fn options(&self, tx: &mut Transaction) {
        if self.draining.load(Ordering::Relaxed) || self.leg_count() >= self.legs_max {
            refuse_for_now(tx).await;
            return;
        }
        tx.reply_with(StatusCode::OK, text::capabilities(), None).await.ok();
    }

    /// A new call.
    async fn invited(
        self: Arc<Self>,
        mut tx: Transaction,
        permit: tokio::sync::OwnedSemaphorePermit,
    ) {
        let Some((line, event)) = self.clone().admit(&mut tx).await else { return };
        // The line is told of before anything can end it.
        if self.events.try_send(event).is_err() {
            self.dialogs.remove_dialog(&line.dialog.id());
            self.forget(line.leg);
            refuse_for_now(&mut tx).await;
            return;
        }
        let mut dialog = line.dialog.clone();
        drop(permit);
        tokio::spawn(line.run());
        dialog.handle(&mut tx).await.ok();
    }

    /// Everything that may refuse a call, then its line.
    async fn admit(self: Arc<Self>, tx: &mut Transaction) -> Option<(Line, SignalEvent)> {
        let source = source_of(tx)?;
        if !self.trunks.allow(source.ip()) {
            tx.reply(StatusCode::Forbidden).await.ok();
            return None;
        }
        if self.draining.load(Ordering::Relaxed) || self.stop.is_cancelled() {
            refuse_for_now(tx).await;
            return None;
        }
        let request = &tx.original;
        let sdp = text::sdp_of(request);
        if sdp.is_none() && !request.body.is_empty() {
            let accept = vec![Header::Accept("application/sdp".into())];
            tx.reply_with(StatusCode::UnsupportedMediaType, accept, None).await.ok();
            return None;
        }
        let origin = text::origin(request);
        if self.legs().origins.contains_key(&origin) {
            tx.reply(StatusCode::LoopDetected).await.ok();
            return None;
        }
        let from = Pii::new(text::calling_number(request, self.trunks.trusted(source.ip())));
        let to = text::user_part(&request.uri.to_string());
        let leg = (self.ids)();
        let Some(inbox) = self.enter(leg, Some(origin)) else {
            refuse_for_now(tx).await;
            return None;
        };
        let transport = tx.connection.as_ref().and_then(|c| c.get_addr().r#type);
        let contact = self.contact(transport.unwrap_or(Transport::Udp));
        let (sender, states) = self.dialogs.new_dialog_state_channel();
        let dialog = self.dialogs.get_or_create_server_invite(tx, sender, None, Some(contact));
        let Ok(dialog) = dialog else {
            self.forget(leg);
            tx.reply(StatusCode::BadRequest).await.ok();
            return None;
        };
        let line = Line {
            core: self.clone(),
            leg,
            machine: Leg::inbound(self.longest_ms),
            dialog,
            inbound: true,
            states,
            inbox,
            invite: None,
            change: None,
            cancelled: false,
            inner: mpsc::channel(LEG_INBOX),
        };
        Some((line, SignalEvent::Invite { leg, from, to, sdp, source }))
    }
}

async fn refuse_for_now(tx: &mut Transaction) {
    let retry = vec![Header::RetryAfter(RETRY_AFTER_S.to_string().into())];
    tx.reply_with(StatusCode::ServiceUnavailable, retry, None).await.ok();
}

/// Where a request truly came from: of the socket, not of what it says about itself.
fn source_of(tx: &Transaction) -> Option<SocketAddr> {
    tx.connection.as_ref()?.get_remote_addr()?.get_socketaddr().ok()
}

/// Calls out.
impl Core {
    pub async fn dial(self: &Arc<Self>, leg: LegId, dial: Dial) -> Result<(), CallError> {
        if self.stop.is_cancelled() {
            return Err(CallError::ShutDown);
        }
        let callee = parse_target(dial.to.reveal())?;
        let transport = transport_of(&callee);
        let caller = self.caller(&dial)?;
        let inbox = self.enter(leg, None).ok_or(CallError::Full { max: self.legs_max })?;
        let option = InviteOption {
            caller_display_name: dial.display.clone(),
            caller,
            contact: self.contact(transport),
            callee,
            content_type: Some("application/sdp".to_owned()),
            offer: Some(dial.sdp.into_bytes()),
            credential: dial.credentials.map(credential),
            headers: Some(vec![text::allow()]),
            ..InviteOption::default()
        };
        let core = self.clone();
        let ring_ms = u64::try_from(dial.ring_timeout.as_millis()).unwrap_or(u64::MAX);
        tokio::spawn(async move { core.call(leg, option, transport, ring_ms, inbox).await });
        Ok(())
    }

    async fn call(
        self: Arc<Self>,
        leg: LegId,
        mut option: InviteOption,
        transport: Transport,
        ring_ms: u64,
        inbox: mpsc::Receiver<Command>,
    ) {
        let machine = Leg::outbound(self.now(), ring_ms, self.longest_ms);
        let reached = tokio::time::timeout(CONNECT_WAIT, self.reach(&option.callee, transport));
        let started = match reached.await {
            Ok(Some(destination)) => {
                option.destination = Some(destination);
                let (sender, states) = self.dialogs.new_dialog_state_channel();
                self.dialogs.do_invite_async(option, sender).ok().map(|begun| (begun, states))
            }
            Ok(None) | Err(_) => None,
        };
        let Some(((dialog, invite), states)) = started else {
            self.forget(leg);
            let reason = crate::call::leg::EndReason::Failed(crate::call::leg::Failure::Network);
            self.events.send(SignalEvent::Ended { leg, reason }).await.ok();
            return;
        };
        let line = Line {
            core: self.clone(),
            leg,
            machine,
            dialog,
            inbound: false,
            states,
            inbox,
            invite: Some(invite),
            change: None,
            cancelled: false,
            inner: mpsc::channel(LEG_INBOX),
        };
        line.run().await;
    }

    /// Resolves the host and, for TCP, has a guarded connection ready where the stack will look for one.
    async fn reach(&self, callee: &Uri, transport: Transport) -> Option<SipAddr> {
        let target = SipAddr { r#type: Some(transport), addr: callee.host_with_port.clone() };
        let layer = &self.dialogs.endpoint.transport_layer;
        let mut resolved = match target.addr.host {
            rsipstack::sip::Host::Domain(_) => {
                layer.inner.domain_resolver.resolve(&target).await.ok()?
            }
            rsipstack::sip::Host::IpAddr(_) => target,
        };
        resolved.r#type = Some(transport);
        let port = resolved.addr.port.get_or_insert(5060.into());
        let port = u16::from(*port);
        if transport == Transport::Tcp {
            let ip = IpAddr::try_from(resolved.addr.host.clone()).ok()?;
            self.connect(SocketAddr::new(ip, port)).await?;
        }
        Some(resolved)
    }

    /// One connection to each peer, for as long as it holds.
    async fn connect(&self, peer: SocketAddr) -> Option<()> {
        let alive = |connection: &SipConnection| {
            !connection.cancel_token().is_none_or(|token| token.is_cancelled())
        };
        {
            let mut dialled = self.dialled();
            dialled.retain(|_, connection| alive(connection));
            if dialled.contains_key(&peer) {
                return Some(());
            }
            if dialled.len() >= SIP_CONNECTIONS {
                return None;
            }
        }
        let stream = TcpStream::connect(peer).await.ok()?;
        let connection =
            gate::join(stream, self.gate.clone(), self.stop.child_token()).await.ok()?;
        self.dialogs.endpoint.transport_layer.add_connection(connection.clone());
        self.dialled().insert(peer, connection);
        Some(())
    }

    fn dialled(&self) -> MutexGuard<'_, HashMap<SocketAddr, SipConnection>> {
        self.dialled.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn caller(&self, dial: &Dial) -> Result<Uri, CallError> {
        let from = dial.from.reveal();
        if from.starts_with("sip:") {
            return parse_target(from);
        }
        Ok(Uri {
            scheme: Some(rsipstack::sip::Scheme::Sip),
            auth: Some(rsipstack::sip::Auth { user: from.clone(), password: None }),
            host_with_port: self.advertised.ip().into(),
            ..Default::default()
        })
    }
}

/// Reads a URI to dial.
fn parse_target(text: &str) -> Result<Uri, CallError> {
    let fault = CallError::Address;
    if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(fault("it holds white space"));
    }
    if !text.get(..4).is_some_and(|scheme| scheme.eq_ignore_ascii_case("sip:")) {
        return Err(fault("it does not begin with sip:"));
    }
    let mut uri = Uri::try_from(text).map_err(|_| fault("host or port cannot be read"))?;
    if let Some(auth) = &mut uri.auth {
        // The stack escapes what it writes: given `%`, it would escape that again.
        auth.user = text::percent_decoded(&auth.user);
    }
    Ok(uri)
}

fn transport_of(uri: &Uri) -> Transport {
    uri.params
        .iter()
        .find_map(|param| match param {
            Param::Transport(transport) => Some(*transport),
            _ => None,
        })
        .unwrap_or(Transport::Udp)
}

pub fn credential(credentials: Credentials) -> Credential {
    Credential {
        username: credentials.user,
        password: credentials.password.into_inner(),
        realm: credentials.realm,
        auth_username: None,
    }
}
