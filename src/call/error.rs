//! What can go wrong on the line. No message holds a caller's number.

use std::net::SocketAddr;

use crate::kernel::LegId;

use super::sdp::SdpError;

/// Errors of the room `call`.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The port is taken (or may not be used).
    #[error(
        "cannot listen for SIP on {transport} {addr}: {source}; stop the program that holds the port, or choose another with `{setting}`"
    )]
    Listen {
        transport: &'static str,
        addr: SocketAddr,
        /// The name of the setting that holds the address.
        setting: &'static str,
        source: std::io::Error,
    },
    /// A setting that cannot be: names the field and what it should be.
    #[error("{field}: {problem}")]
    Setting { field: &'static str, problem: String },
    /// An address to dial that is no SIP URI. The text itself is not repeated: it is a citizen's number.
    #[error("the address to dial is not a SIP URI like sip:12345@127.0.0.1:5060 ({0})")]
    Address(&'static str),
    /// The leg has ended or never was.
    #[error("leg {0} is not there: it has ended or never began")]
    NoSuchLeg(LegId),
    /// The leg is there, but not in a state for this command.
    #[error("leg {leg} cannot {command} while {state}")]
    WrongState { leg: LegId, command: &'static str, state: &'static str },
    /// The leg did not take a command in time: its events are not being received.
    #[error("leg {0} does not take commands: its events are not received")]
    Busy(LegId),
    /// As many legs as allowed are open.
    #[error("all {max} lines are in use")]
    Full { max: usize },
    /// The stack is being shut down.
    #[error("the telephone line is shut down")]
    ShutDown,
    #[error("session description: {0}")]
    Sdp(#[from] SdpError),
    /// The SIP stack beneath said no.
    #[error("SIP: {0}")]
    Stack(String),
}
