//! Why legs end, and how that is said in SIP.

/// Why a leg is over.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum EndReason {
    HungUpByPeer,
    HungUpByUs,
    /// Inbound: the caller gave up before we answered (CANCEL).
    Cancelled,
    /// 486 or 600.
    Busy,
    /// It rang until our patience ended, or the peer said so (480, or 408 after ringing).
    NoAnswer,
    /// Another refusal, with its status code.
    Rejected(u16),
    Failed(Failure),
    /// No RTP for too long.
    MediaTimeout,
    /// The longest allowed call.
    TooLong,
    ServerStopped,
}

/// What failed when a leg ended with [`EndReason::Failed`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Failure {
    /// Our 200 was never acknowledged.
    NoAck,
    /// Nothing at all came back.
    NoReply,
    /// The socket or the name look-up failed.
    Network,
    /// The peer's session description cannot be used.
    BadSdp,
    /// The peer broke the protocol.
    Protocol,
    /// The peer did not refresh the session, or our refresh, in time (RFC 4028).
    SessionExpired,
}

impl EndReason {
    /// The name in the store and in JSON.
    pub const fn key(self) -> &'static str {
        match self {
            EndReason::HungUpByPeer => "hung_up_by_peer",
            EndReason::HungUpByUs => "hung_up_by_us",
            EndReason::Cancelled => "cancelled",
            EndReason::Busy => "busy",
            EndReason::NoAnswer => "no_answer",
            EndReason::Rejected(_) => "rejected",
            EndReason::Failed(Failure::NoAck) => "failed_no_ack",
            EndReason::Failed(Failure::NoReply) => "failed_no_reply",
            EndReason::Failed(Failure::Network) => "failed_network",
            EndReason::Failed(Failure::BadSdp) => "failed_bad_sdp",
            EndReason::Failed(Failure::Protocol) => "failed_protocol",
            EndReason::Failed(Failure::SessionExpired) => "failed_session_expired",
            EndReason::MediaTimeout => "media_timeout",
            EndReason::TooLong => "too_long",
            EndReason::ServerStopped => "server_stopped",
        }
    }

    /// What an unanswered caller is refused with when we end the leg for this reason.
    pub const fn refusal(self) -> u16 {
        match self {
            EndReason::Busy => 486,
            EndReason::NoAnswer => 480,
            EndReason::Rejected(code) => code,
            EndReason::ServerStopped => 503,
            EndReason::Failed(Failure::BadSdp) => 488,
            EndReason::Failed(_) | EndReason::MediaTimeout => 500,
            EndReason::HungUpByPeer
            | EndReason::HungUpByUs
            | EndReason::Cancelled
            | EndReason::TooLong => 603,
        }
    }

    /// What a refusal by the peer means; `rang`: it had rung before.
    pub const fn of_refusal(code: u16, rang: bool) -> EndReason {
        match code {
            486 | 600 => EndReason::Busy,
            480 => EndReason::NoAnswer,
            408 if rang => EndReason::NoAnswer,
            408 => EndReason::Failed(Failure::NoReply),
            _ => EndReason::Rejected(code),
        }
    }
}
