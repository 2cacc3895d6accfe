//! What the two ends agree about the sound: SDP (RFC 8866) in offer and answer (RFC 3264), audio only.
//!
//! The reader takes what real telephones send: `s=` or `t=` missing, lines in a strange order, attributes it does
//! not know, bare line feeds. What it cannot use is an error with the status code that refuses the call.

mod agree;
pub mod browser;
mod crypto;
pub mod policy;
mod read;
mod write;

use std::net::SocketAddr;

pub use read::{Description, parse};
pub use write::{answer, offer};

use crate::media::Codec;
use crate::media::srtp::{Keys, MasterKey};

/// What we send where the peer wants nothing else.
const PTIME_MS: u32 = 20;
/// The longest packet that is read.
const PTIME_MS_MAX: u32 = 60;
/// Longest description read.
const BYTES_MAX: usize = 16_384;
/// Most `m=` lines read, and `a=crypto` lines of one of them.
const MEDIA_MAX: usize = 16;

/// Why a session description cannot be used.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SdpError {
    #[error("empty where one is required")]
    Empty,
    #[error("longer than {BYTES_MAX} bytes or with more than {MEDIA_MAX} m= lines")]
    TooLong,
    #[error("line {line}: {problem}")]
    Line { line: usize, problem: &'static str },
    #[error("no usable audio: {0}")]
    NoAudio(&'static str),
    #[error("no codec in common: the peer has none of ours ({ours})")]
    NoCodec { ours: String },
    #[error("no agreement on SRTP: {0}")]
    NoKeys(&'static str),
}

impl SdpError {
    /// The SIP status that refuses such a description: 400 for what cannot be read, 488 for what cannot be agreed.
    pub const fn status(&self) -> u16 {
        match self {
            SdpError::Empty | SdpError::TooLong | SdpError::Line { .. } => 400,
            SdpError::NoAudio(_) | SdpError::NoCodec { .. } | SdpError::NoKeys(_) => 488,
        }
    }
}

/// Who may send, seen from our end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    SendRecv,
    /// We send, the peer only listens.
    SendOnly,
    /// The peer sends, we only listen: also what a peer that holds us makes of us.
    RecvOnly,
    Inactive,
}

impl Direction {
    pub const fn we_send(self) -> bool {
        matches!(self, Direction::SendRecv | Direction::SendOnly)
    }

    pub const fn we_receive(self) -> bool {
        matches!(self, Direction::SendRecv | Direction::RecvOnly)
    }

    const fn from_flags(send: bool, receive: bool) -> Direction {
        match (send, receive) {
            (true, true) => Direction::SendRecv,
            (true, false) => Direction::SendOnly,
            (false, true) => Direction::RecvOnly,
            (false, false) => Direction::Inactive,
        }
    }

    /// The same agreement seen from the other end.
    pub const fn mirrored(self) -> Direction {
        Direction::from_flags(self.we_receive(), self.we_send())
    }

    /// What both allow.
    pub const fn and(self, other: Direction) -> Direction {
        Direction::from_flags(
            self.we_send() && other.we_send(),
            self.we_receive() && other.we_receive(),
        )
    }

    pub(super) const fn attribute(self) -> &'static str {
        match self {
            Direction::SendRecv => "sendrecv",
            Direction::SendOnly => "sendonly",
            Direction::RecvOnly => "recvonly",
            Direction::Inactive => "inactive",
        }
    }

    pub(super) fn from_attribute(name: &str) -> Option<Direction> {
        [Direction::SendRecv, Direction::SendOnly, Direction::RecvOnly, Direction::Inactive]
            .into_iter()
            .find(|direction| direction.attribute() == name)
    }
}

/// The codecs that are spoken, best first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Codecs([Option<Codec>; Codec::ALL.len()]);

impl Codecs {
    /// Each once, in this order.
    pub fn new(order: impl IntoIterator<Item = Codec>) -> Self {
        let mut codecs = Codecs([None; Codec::ALL.len()]);
        for codec in order {
            if codecs.contains(codec) {
                continue;
            }
            if let Some(slot) = codecs.0.iter_mut().find(|slot| slot.is_none()) {
                *slot = Some(codec);
            }
        }
        codecs
    }

    pub fn iter(&self) -> impl Iterator<Item = Codec> + '_ {
        self.0.iter().flatten().copied()
    }

    pub fn contains(&self, codec: Codec) -> bool {
        self.0.contains(&Some(codec))
    }
}

impl Default for Codecs {
    fn default() -> Self {
        Codecs::new(Codec::ALL)
    }
}

/// Whether sound is protected (SRTP with keys in the description, RFC 4568). The keys are as safe as the signalling
/// that carries them: with SIP over UDP or TCP anybody on the way can read them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Security {
    /// Plain RTP; what offers nothing else is refused.
    #[default]
    Off,
    /// Protected where the peer can, plain where it cannot (RFC 8643).
    Offered,
    /// Plain sound is refused.
    Required,
}

impl Security {
    pub const ALL: [Security; 3] = [Security::Off, Security::Offered, Security::Required];

    /// As the configuration says it.
    pub const fn key(self) -> &'static str {
        match self {
            Security::Off => "off",
            Security::Offered => "offered",
            Security::Required => "required",
        }
    }

    pub fn from_key(key: &str) -> Option<Security> {
        Security::ALL.into_iter().find(|security| security.key() == key)
    }
}

/// What a leg may agree on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Terms {
    pub codecs: Codecs,
    pub security: Security,
    /// Our key for this leg; without one nothing is protected.
    pub key: Option<MasterKey>,
}

/// Our end of a session.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LocalMedia {
    /// Where our RTP socket is, as the peer reaches it.
    pub addr: SocketAddr,
    /// `o=`: one number for the life of the leg.
    pub session: u64,
    /// `o=`: raised by one whenever a leg's description changes.
    pub version: u64,
    /// What we want; the agreement may be less.
    pub direction: Direction,
    pub terms: Terms,
}

/// What was agreed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Negotiated {
    /// Where to send. `0.0.0.0` when the peer holds us the old way (RFC 2543); then `direction` forbids sending.
    pub remote: SocketAddr,
    /// Where reports go: the port above, or that of `a=rtcp` (RFC 3605).
    pub rtcp_port: u16,
    pub codec: Codec,
    /// The codec's RTP payload type, the same both ways.
    pub payload_type: u8,
    /// telephone-event's payload type (RFC 4733), when both have it.
    pub dtmf: Option<u8>,
    /// Comfort noise's payload type (RFC 3389), when the peer may send it.
    pub comfort: Option<u8>,
    /// From our end.
    pub direction: Direction,
    /// How long the packets are that the peer would like to receive: 10, 20, … 60 ms.
    pub ptime_ms: u32,
    /// Present where the sound is protected.
    pub keys: Option<Keys>,
}

/// Reads the answer to our offer.
pub fn accept(answer: &str, local: &LocalMedia) -> Result<Negotiated, SdpError> {
    parse(answer)?.agree(local, agree::Role::Offerer).map(|(_, agreed)| agreed.negotiated)
}
