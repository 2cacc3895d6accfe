//! What all legs share, and the door for requests that belong to no leg yet.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use rsipstack::dialog::DialogId;
use rsipstack::dialog::dialog::Dialog;
use rsipstack::dialog::dialog_layer::DialogLayer;
use rsipstack::dialog::invite_dialog::InviteDialog;
use rsipstack::sip::{Header, HeadersExt, Method, Param, StatusCode, Transport, Uri};
use rsipstack::transaction::key::TransactionRole;
use rsipstack::transaction::transaction::Transaction;
use rsipstack::transport::SipConnection;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::call::error::CallError;
use crate::call::leg::{Input, Leg};
use crate::call::reliable::{Rack, Reliable};
use crate::call::session::{Agreed, Session, Wishes};
use crate::call::signalling::{LegIds, SignalEvent};
use crate::kernel::limits::{LEG_INBOX, SIP_INBOX};
use crate::kernel::{LegId, Moment, Pii};

use super::gate::Gate;
use super::line::{Command, Line, Order};
use super::text;
use super::tls::Tls;
use super::trunk::Trunks;

/// How long a leg may take to accept a command; longer than connecting may take.
const COMMAND_WAIT: Duration = Duration::from_secs(6);
/// How often, and after how long each time, a dialog that is being confirmed is looked for: 300 ms in all, of the 500 ms
/// after which a peer repeats its request (RFC 3261 17.1.2.2).
const SETTLING_LOOKS: u32 = 60;
const SETTLING_LOOK: Duration = Duration::from_millis(5);
/// Seconds after which a refused caller may try again.
const RETRY_AFTER_S: u32 = 5;

pub struct Core {
    pub parts: Parts,
    /// While on, nobody new is taken.
    pub draining: AtomicBool,
    /// The house says that it can take nobody more.
    pub full: AtomicBool,
    /// Registrations that do not hold at the moment.
    pub unregistered: AtomicUsize,
    /// Requests being handled at once.
    handlers: Arc<Semaphore>,
    legs: Mutex<Legs>,
    /// Connections that we have opened; true: over TLS.
    pub dialled: Mutex<HashMap<(SocketAddr, bool), SipConnection>>,
}

#[derive(Default)]
struct Legs {
    inboxes: HashMap<LegId, mpsc::Sender<Command>>,
    /// [`text::origin`] of inbound legs: to know a request that came twice on two ways.
    origins: HashMap<String, LegId>,
    /// Inbound legs that wait for PRACKs.
    pracks: HashMap<DialogId, LegId>,
}

/// What a [`Core`] is made of, besides what it makes itself.
pub struct Parts {
    pub dialogs: Arc<DialogLayer>,
    pub events: mpsc::Sender<SignalEvent>,
    pub gate: Arc<Gate>,
    pub ids: LegIds,
    pub trunks: Trunks,
    pub listening: SocketAddr,
    /// What peers are told.
    pub advertised: SocketAddr,
    pub tls: Tls,
    /// The port of TLS that peers are told; that of the others when TLS is not listened on.
    pub tls_port: u16,
    pub user: String,
    pub legs_max: usize,
    pub longest_ms: u64,
    pub t1_ms: u64,
    pub session: Wishes,
    pub stop: CancellationToken,
}

impl Core {
    pub fn new(parts: Parts) -> Arc<Self> {
        Arc::new(Core {
            parts,
            draining: AtomicBool::new(false),
            full: AtomicBool::new(false),
            unregistered: AtomicUsize::new(0),
            handlers: Arc::new(Semaphore::new(SIP_INBOX)),
            legs: Mutex::default(),
            dialled: Mutex::default(),
        })
    }

    pub fn now(&self) -> Moment {
        self.parts.gate.now()
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
    pub fn enter(&self, leg: LegId, origin: Option<String>) -> Option<mpsc::Receiver<Command>> {
        let mut legs = self.legs();
        if legs.inboxes.len() >= self.parts.legs_max {
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
        legs.pracks.retain(|_, entered| *entered != leg);
    }

    /// Whether a new call would be refused for now.
    fn closed(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
            || self.full.load(Ordering::Relaxed)
            || self.parts.stop.is_cancelled()
            || self.leg_count() >= self.parts.legs_max
    }

    /// A number below `bound` that nobody can foresee.
    pub fn chance(&self, bound: u64) -> u64 {
        use std::hash::{BuildHasher, RandomState};
        RandomState::new().hash_one(bound) % bound.max(1)
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
        let command = Command::Order(Order { input, done, agreed });
        let taken = async {
            inbox.send(command).await.map_err(|_| gone())?;
            outcome.await.map_err(|_| gone())?
        };
        match tokio::time::timeout(COMMAND_WAIT, taken).await {
            Ok(result) => result,
            Err(_) => Err(CallError::Busy(leg)),
        }
    }

    /// Hands a leg what was decided of a REFER.
    pub async fn refer(
        &self,
        leg: LegId,
        input: crate::call::refer::Input,
        outcome: Option<oneshot::Sender<bool>>,
    ) -> Result<(), CallError> {
        let gone = || CallError::NoSuchLeg(leg);
        let inbox = self.legs().inboxes.get(&leg).cloned().ok_or_else(gone)?;
        inbox.send(Command::Refer { input, outcome }).await.map_err(|_| gone())
    }

    pub fn contact(&self, transport: Transport) -> Uri {
        let mut host = self.parts.advertised;
        if transport == Transport::Tls {
            host.set_port(self.parts.tls_port);
        }
        let mut uri = Uri {
            scheme: Some(rsipstack::sip::Scheme::Sip),
            auth: Some(rsipstack::sip::Auth { user: self.parts.user.clone(), password: None }),
            host_with_port: host.into(),
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
        let mut work = Box::pin(self.handle(tx, permit));
        // Most requests are dealt with at once: a task, and a thread woken for it, is for those that wait.
        let at_once = std::future::poll_fn(|context| {
            let poll = AssertUnwindSafe(|| work.as_mut().poll(context));
            Poll::Ready(catch_unwind(poll))
        });
        match at_once.await {
            Ok(Poll::Ready(())) => {}
            Ok(Poll::Pending) => drop(tokio::spawn(work)),
            // As in a task of its own: what one request does wrong ends with it.
            Err(_) => tracing::error!("a SIP request was dropped: its handler panicked"),
        }
    }

    async fn handle(self: Arc<Self>, mut tx: Transaction, permit: OwnedSemaphorePermit) {
        let in_dialog = tx.original.to_header().is_ok_and(|to| to.tag().ok().flatten().is_some());
        match tx.original.method {
            _ if in_dialog => self.within(&mut tx).await,
            Method::Invite => self.invited(tx, permit).await,
            Method::Options => self.options(&mut tx).await,
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
    }

    async fn within(&self, tx: &mut Transaction) {
        let method = tx.original.method;
        if method == Method::PRack {
            // The stack would take any PRACK.
            let code = self.pracked(tx).await;
            tx.reply(StatusCode::from(code)).await.ok();
            return;
        }
        let Some(mut dialog) = self.dialog_of(tx).await else {
            tx.reply(StatusCode::CallTransactionDoesNotExist).await.ok();
            return;
        };
        if method == Method::Update && !dialog.state().is_confirmed() {
            self.updated_early(tx).await;
            return;
        }
        dialog.handle(tx).await.ok();
        // Too old a CSeq (RFC 3261 12.2.2), or too early for its method: the stack says nothing.
        if tx.last_response.is_none() && method != Method::Ack {
            let retry = vec![Header::RetryAfter("1".into())];
            tx.reply_with(StatusCode::ServerInternalError, retry, None).await.ok();
        }
    }

    /// The dialog of a request. What the peer sends right behind our ACK may come before the stack has confirmed the answered
    /// dialog and filed it under its full id: that one is waited for, for less time than the peer waits before it repeats.
    async fn dialog_of(&self, tx: &Transaction) -> Option<InviteDialog> {
        let dialogs = &self.parts.dialogs;
        let filed = || match dialogs.match_dialog(tx) {
            Some(Dialog::Invite(dialog)) => Some(dialog),
            _ => None,
        };
        let settles = |dialog: &InviteDialog| {
            let state = dialog.state();
            dialog.role() == TransactionRole::Client
                && !state.is_confirmed()
                && !state.is_terminated()
        };
        let call = tx.original.call_id_header().ok()?.value().to_string();
        if matches!(tx.original.method, Method::Info | Method::Bye) {
            for _ in 0..SETTLING_LOOKS {
                let waits = match filed() {
                    Some(dialog) => settles(&dialog),
                    None => !dialogs.get_client_dialog_by_call_id(&call).is_empty(),
                };
                if !waits {
                    break;
                }
                tokio::time::sleep(SETTLING_LOOK).await;
            }
        }
        filed()
    }

    /// Finds the leg that a PRACK is for and gives what it is answered with.
    async fn pracked(&self, tx: &Transaction) -> u16 {
        let rack = tx.original.header_value("RAck").and_then(|value| Rack::read(&value));
        let Some(rack) = rack else { return 400 };
        let leg = DialogId::try_from((&tx.original, TransactionRole::Server))
            .ok()
            .and_then(|id| self.legs().pracks.get(&id).copied());
        let inbox = leg.and_then(|leg| self.legs().inboxes.get(&leg).cloned());
        let Some(inbox) = inbox else { return 481 };
        let (done, answer) = oneshot::channel();
        let taken = async {
            let sdp = text::sdp_of(&tx.original);
            inbox.send(Command::Prack { rack, sdp, done }).await.ok()?;
            answer.await.ok()
        };
        tokio::time::timeout(COMMAND_WAIT, taken).await.ok().flatten().unwrap_or(481)
    }

    /// An UPDATE before the call is answered (RFC 3311 5.2): an offer has to wait for the answer that is still due.
    async fn updated_early(&self, tx: &mut Transaction) {
        if tx.original.body.is_empty() {
            let transport = transport_of_peer(tx);
            let contact = rsipstack::sip::typed::Contact::from(self.contact(transport));
            tx.reply_with(StatusCode::OK, vec![contact.into(), text::allow()], None).await.ok();
        } else {
            let retry = vec![Header::RetryAfter("2".into())];
            tx.reply_with(StatusCode::ServerInternalError, retry, None).await.ok();
        }
    }

    async fn options(&self, tx: &mut Transaction) {
        if self.closed() {
            refuse_for_now(tx).await;
            return;
        }
        tx.reply_with(StatusCode::OK, text::capabilities(), None).await.ok();
    }

    /// A new call.
    async fn invited(self: Arc<Self>, mut tx: Transaction, permit: OwnedSemaphorePermit) {
        let Some((mut line, event)) = self.clone().admit(&mut tx).await else { return };
        // The line is told of before anything can end it.
        if self.parts.events.try_send(event).is_err() {
            self.parts.dialogs.remove_dialog(&line.dialog.id());
            self.forget(line.leg);
            refuse_for_now(&mut tx).await;
            return;
        }
        let mut dialog = line.dialog.clone();
        // The dialog's own refusal says nothing of when to come again.
        let (busy, for_now) = oneshot::channel();
        line.for_now = Some(busy);
        drop(permit);
        tokio::spawn(line.run());
        tokio::select! {
            biased;
            Ok(()) = for_now => refuse_for_now(&mut tx).await,
            _ = dialog.handle(&mut tx) => {}
        }
    }

    /// Everything that may refuse a call, then its line.
    async fn admit(self: Arc<Self>, tx: &mut Transaction) -> Option<(Line, SignalEvent)> {
        let source = source_of(tx)?;
        if !self.parts.trunks.allow(source.ip()) {
            tx.reply(StatusCode::Forbidden).await.ok();
            return None;
        }
        if self.closed() {
            refuse_for_now(tx).await;
            return None;
        }
        let sdp = text::sdp_of(&tx.original);
        if sdp.is_none() && !tx.original.body.is_empty() {
            let accept = vec![Header::Accept("application/sdp".into())];
            tx.reply_with(StatusCode::UnsupportedMediaType, accept, None).await.ok();
            return None;
        }
        let session = Session::new(self.parts.session);
        let timer = match session.judge(&text::said(&tx.original.headers)) {
            Ok(timer) => timer,
            Err(min) => {
                let min = vec![Header::MinSE(min.to_string().into())];
                tx.reply_with(StatusCode::from(422), min, None).await.ok();
                return None;
            }
        };
        let origin = text::origin(&tx.original);
        if self.legs().origins.contains_key(&origin) {
            tx.reply(StatusCode::LoopDetected).await.ok();
            return None;
        }
        let trusted = self.parts.trunks.trusted(source.ip());
        let from = Pii::new(text::calling_number(&tx.original, trusted));
        let to = text::user_part(&tx.original.uri.to_string());
        let leg = (self.parts.ids)();
        let Some(inbox) = self.enter(leg, Some(origin)) else {
            refuse_for_now(tx).await;
            return None;
        };
        let line = self.answering(tx, leg, inbox, session, timer).await?;
        Some((line, SignalEvent::Invite { leg, from, to, sdp, source }))
    }

    /// The line of an inbound leg that nothing speaks against.
    async fn answering(
        self: Arc<Self>,
        tx: &mut Transaction,
        leg: LegId,
        inbox: mpsc::Receiver<Command>,
        session: Session,
        timer: Option<Agreed>,
    ) -> Option<Line> {
        let contact = self.contact(transport_of_peer(tx));
        let (sender, states) = self.parts.dialogs.new_dialog_state_channel();
        let dialog =
            self.parts.dialogs.get_or_create_server_invite(tx, sender, None, Some(contact));
        let Ok(dialog) = dialog else {
            self.forget(leg);
            tx.reply(StatusCode::BadRequest).await.ok();
            return None;
        };
        let t1_ms = self.parts.t1_ms;
        // The stack's own wait of 64*T1 ends first, so that there is one BYE.
        let machine = Leg::inbound(self.parts.longest_ms).ack_within(70 * t1_ms);
        let reliable = tx.original.header_contains_token("Require", "100rel").then(|| {
            self.legs().pracks.insert(dialog.id(), leg);
            let cseq = tx.original.cseq_header().and_then(|cseq| cseq.seq()).unwrap_or_default();
            let first = u32::try_from(self.chance(1 << 30)).unwrap_or(0) + 1;
            Reliable::new(cseq, first, t1_ms)
        });
        let mut line = Line::new(self, leg, machine, dialog, states, inbox, session);
        line.inbound = true;
        line.offered = !tx.original.body.is_empty();
        line.timer = timer;
        line.reliable = reliable;
        line.updates = text::allows_update(&tx.original.headers);
        Some(line)
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

fn transport_of_peer(tx: &Transaction) -> Transport {
    tx.connection.as_ref().and_then(|c| c.get_addr().r#type).unwrap_or(Transport::Udp)
}
