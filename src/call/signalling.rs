//! What the program may ask of the telephone line and what the line reports. An implementation is
//! [`super::sip::SipStack`]; a simulation may be another.
//!
//! Every leg reports [`SignalEvent::Ended`] exactly once and nothing after it, whoever ended it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::kernel::{LegId, Pii};

use super::error::CallError;
use super::leg::EndReason;

/// Gives the next inbound leg its id. Outbound legs get theirs from the caller of [`Signalling::dial`]; both must
/// draw from one source.
pub type LegIds = Arc<dyn Fn() -> LegId + Send + Sync>;

/// Name and password for a digest challenge (RFC 8760, RFC 7616).
#[derive(Clone, Debug)]
pub struct Credentials {
    pub user: String,
    /// Never printed.
    pub password: Pii<String>,
    /// Answers any realm when `None`.
    pub realm: Option<String>,
}

/// An outbound call.
#[derive(Clone, Debug)]
pub struct Dial {
    /// A SIP URI: `sip:1001@192.0.2.7:5060`, with `;transport=tcp` for TCP.
    pub to: Pii<String>,
    /// The user part that the other side sees as caller: `12345`. A whole URI is taken as it is.
    pub from: Pii<String>,
    /// Shown beside it: 政务服务热线.
    pub display: Option<String>,
    /// The offer.
    pub sdp: String,
    /// How long it may ring before it ends with [`EndReason::NoAnswer`].
    pub ring_timeout: Duration,
    /// For 401 and 407.
    pub credentials: Option<Credentials>,
}

/// What a re-INVITE or UPDATE is answered with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ReinviteAnswer {
    /// 200 with this answer.
    Accept { sdp: String },
    /// The session stays as it was: 488, or another 4xx to 6xx.
    Refuse { code: u16 },
}

/// What a peer is told of its REFER (RFC 3515).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReferAnswer {
    /// 202, and NOTIFY with 100; one of the last two follows.
    Accepted,
    /// 603.
    Declined,
    /// The last NOTIFY, with 200.
    Reached,
    /// The last NOTIFY, with 480.
    Missed,
}

/// What the line reports.
#[derive(Clone, Debug)]
pub enum SignalEvent {
    /// Somebody calls. 100 Trying is sent; answer it with `ring`, `answer` or `reject`.
    Invite {
        leg: LegId,
        /// The true calling number: of P-Asserted-Identity when a trusted trunk sent it, else of From; the user
        /// part, or the host when there is none.
        from: Pii<String>,
        /// The user part of the request URI: what was dialled.
        to: String,
        /// The offer; `None` when the caller wants our offer in the answer and sends its own in the ACK.
        sdp: Option<String>,
        source: SocketAddr,
    },
    /// Outbound: it rings at the other side.
    Ringing { leg: LegId },
    /// Outbound: sound before the answer (183 with SDP).
    Early { leg: LegId, sdp: String },
    /// Outbound: the other side has answered.
    Answered { leg: LegId, sdp: String },
    /// Inbound: our answer has been acknowledged. `sdp` is the caller's answer when the offer was ours.
    Confirmed { leg: LegId, sdp: Option<String> },
    /// A key in an INFO request (application/dtmf-relay or application/dtmf): 0-9, `*`, `#`, A-D. Keys in RTP
    /// (RFC 4733) are the media's.
    Digit { leg: LegId, digit: Pii<char> },
    /// The other side wants to change the session (hold, codec, address). Must be answered with
    /// [`Signalling::answer_reinvite`] within 10 s, else it is refused with 488. `None`: it wants our offer.
    Reinvite { leg: LegId, sdp: Option<String> },
    /// The other side wants us passed on to this URI (REFER). Must be answered with [`Signalling::answer_refer`] within some
    /// seconds, else it asks again.
    Refer { leg: LegId, to: Pii<String> },
    /// The leg is over. Nothing comes after it.
    Ended { leg: LegId, reason: EndReason },
}

impl SignalEvent {
    pub const fn leg(&self) -> LegId {
        match *self {
            SignalEvent::Invite { leg, .. }
            | SignalEvent::Ringing { leg }
            | SignalEvent::Early { leg, .. }
            | SignalEvent::Answered { leg, .. }
            | SignalEvent::Confirmed { leg, .. }
            | SignalEvent::Digit { leg, .. }
            | SignalEvent::Reinvite { leg, .. }
            | SignalEvent::Refer { leg, .. }
            | SignalEvent::Ended { leg, .. } => leg,
        }
    }
}

/// The telephone line. Commands return when they are accepted, not when the other side has agreed; what became
/// of them comes as a [`SignalEvent`].
#[async_trait]
pub trait Signalling: Send + Sync {
    /// 180 Ringing; with `early`, 183 with that answer, so that the caller hears us before the call is answered.
    async fn ring(&self, leg: LegId, early: Option<String>) -> Result<(), CallError>;

    /// 200 with the answer (or with our offer when [`SignalEvent::Invite`] had none).
    async fn answer(&self, leg: LegId, sdp: String) -> Result<(), CallError>;

    /// Refuses an unanswered inbound call with a code from 400 to 699.
    async fn reject(&self, leg: LegId, code: u16) -> Result<(), CallError>;

    /// Calls somebody. The events bear `leg`.
    async fn dial(&self, leg: LegId, dial: Dial) -> Result<(), CallError>;

    /// Ends a leg in whatever state it is: BYE, CANCEL or a refusal. `reason` is what [`SignalEvent::Ended`] will
    /// say. Ending a leg that is already ending is not an error.
    async fn hang_up(&self, leg: LegId, reason: EndReason) -> Result<(), CallError>;

    /// Answers a [`SignalEvent::Reinvite`].
    async fn answer_reinvite(&self, leg: LegId, answer: ReinviteAnswer) -> Result<(), CallError>;

    /// Changes the session ourselves (an address, a hold). The other side's answer is returned.
    async fn reinvite(&self, leg: LegId, sdp: String) -> Result<String, CallError>;

    /// Answers a [`SignalEvent::Refer`], and says what became of it.
    async fn answer_refer(&self, leg: LegId, answer: ReferAnswer) -> Result<(), CallError>;

    /// Asks the other side to call this URI in our place (REFER). Returns whether it has reached somebody, when it has said so.
    async fn refer(&self, leg: LegId, to: Pii<String>) -> Result<bool, CallError>;

    /// One key in an INFO request (application/dtmf-relay), for a peer without telephone-event.
    async fn send_digit(&self, leg: LegId, digit: char) -> Result<(), CallError>;

    /// While on, new calls and OPTIONS are answered with 503; running calls go on.
    fn drain(&self, on: bool);

    /// While on, the house takes nobody more: new calls and OPTIONS are answered with 503, running calls go on.
    fn full(&self, on: bool);

    /// Whether every configured registration holds (true when there is none).
    fn registered(&self) -> bool;

    /// Legs that have not ended.
    fn legs(&self) -> usize;

    /// Where UDP (and TCP) listens; the true port when 0 was asked for.
    fn listening(&self) -> SocketAddr;

    /// Where TLS listens, if it does.
    fn tls_listening(&self) -> Option<SocketAddr>;

    /// Shows this certificate (PEM, with those above it) and has this key from now on; connections that stand keep theirs.
    /// An error where TLS is not listened on, or where they do not go together: then all stays as it was.
    fn certify(&self, certificate: &[u8], key: &Pii<Vec<u8>>) -> Result<(), CallError>;

    /// What the line still remembers: legs, dialogs, and transactions, whose last messages are kept for 64*T1. None of it
    /// is left that long after the last call.
    fn held(&self) -> usize;

    /// Ends every leg with [`EndReason::ServerStopped`], unregisters, closes the sockets. Returns after `deadline`
    /// at the latest.
    async fn shutdown(&self, deadline: Duration);
}
