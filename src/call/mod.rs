//! The telephone line: who calls, who is called, when the line opens and why it closes. No sound passes here.
//!
//! - [`leg`]: one leg of a call as a machine without IO.
//! - [`session`]: the timer that ends a session nobody refreshes (RFC 4028), as such a machine.
//! - [`reliable`]: provisional responses that must arrive (RFC 3262), as such a machine.
//! - [`refer`]: one end hands the other on (RFC 3515), as such a machine.
//! - [`reason`]: why it ended.
//! - [`guard`]: what an unknown peer may send, as a machine without IO: bytes in, a verdict out.
//! - [`ice`]: how a browser finds its way to us (RFC 8445, lite), as such a machine.
//! - [`block`]: addresses that are treated alike.
//! - [`sdp`]: what the two ends agree about the sound (RFC 3264).
//! - [`signalling`]: the trait that the rest of the program speaks to, its commands and its events.
//! - [`sip`]: that trait over real sockets.

pub mod block;
pub mod error;
pub mod guard;
pub mod ice;
pub mod leg;
pub mod reason;
pub mod refer;
pub mod reliable;
pub mod sdp;
pub mod session;
pub mod signalling;
pub mod sip;

pub use error::CallError;
pub use reason::{EndReason, Failure};
pub use sdp::{Direction, LocalMedia, Negotiated};
pub use signalling::{
    Credentials, Dial, LegIds, ReferAnswer, ReinviteAnswer, SignalEvent, Signalling,
};
pub use sip::{LOG_SILENCE, Registration, SipConfig, SipStack, TlsListen};
