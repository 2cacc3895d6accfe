//! The UDP ports that sound may use.

use std::io::{Error, ErrorKind, Result};
use std::net::{IpAddr, UdpSocket};
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{RtpSession, chance};
use crate::call::sdp::{Security, Terms};
use crate::media::srtp::MasterKey;

/// The UDP ports for sound: an even one for RTP and the odd one above it for RTCP (RFC 3550, 11). Clones share
/// the turn, so that a port that was just given back is the last to be used again: late packets of the call
/// before do not fall into the next.
#[derive(Clone, Debug)]
pub struct PortRange {
    first: u16,
    pairs: usize,
    turn: Arc<AtomicUsize>,
    nat: bool,
    terms: Terms,
}

impl PortRange {
    /// Both ends included; the range must hold an even port and the odd one above it.
    pub fn new(ports: RangeInclusive<u16>) -> Result<Self> {
        let first = ports.start().div_ceil(2).saturating_mul(2);
        let pairs = (usize::from(*ports.end()) + 1).saturating_sub(usize::from(first)) / 2;
        if pairs == 0 || first == 0 {
            let (start, end) = (ports.start(), ports.end());
            let text = format!(
                "the RTP ports {start}-{end} hold no even port with the odd one above it; give a range like 16384-17407"
            );
            return Err(Error::new(ErrorKind::InvalidInput, text));
        }
        let terms = Terms::default();
        Ok(PortRange { first, pairs, turn: Arc::default(), nat: false, terms })
    }

    /// Lets a peer's sound come from another host than its SDP names, if it comes within a second of the agreement, and
    /// follows it when it moves to another host in mid-call: for telephones behind a NAT. In that first second whoever
    /// sends to the port first is heard, unless the sound is protected.
    pub fn permit_nat(mut self, nat: bool) -> Self {
        self.nat = nat;
        self
    }

    /// What every session may agree on; each gets a key of its own where sound may be protected.
    pub fn speak(mut self, terms: Terms) -> Self {
        self.terms = terms;
        self
    }

    /// The same ports, for a peer with whom sound is so protected.
    pub fn secured(&self, security: Security) -> Self {
        let terms = Terms { security, ..self.terms };
        PortRange { terms, ..self.clone() }
    }

    /// How many legs may have sound at once.
    pub fn pairs(&self) -> usize {
        self.pairs
    }

    /// A session on a free pair of ports of an address of this machine.
    pub fn session(&self, ip: IpAddr) -> Result<RtpSession> {
        for _ in 0..self.pairs {
            let turn = self.turn.fetch_add(1, Ordering::Relaxed) % self.pairs;
            let port = self.first + 2 * turn as u16;
            match bind_pair(ip, port) {
                Ok((rtp, rtcp)) => return RtpSession::new(rtp, rtcp, self.nat, self.terms()?),
                Err(error) if error.kind() == ErrorKind::AddrInUse => {}
                Err(error) => {
                    let text = format!(
                        "cannot open UDP port {port} on {ip} for sound: {error}; bind to an address of this machine"
                    );
                    return Err(Error::new(error.kind(), text));
                }
            }
        }
        let last = usize::from(self.first) + 2 * self.pairs - 1;
        let text = format!(
            "all UDP ports {}-{last} on {ip} are in use; widen the range of RTP ports or end calls",
            self.first
        );
        Err(Error::new(ErrorKind::AddrInUse, text))
    }

    fn terms(&self) -> Result<Terms> {
        let key = match self.terms.security {
            Security::Off => None,
            Security::Offered | Security::Required => Some(MasterKey::new(chance()?)),
        };
        Ok(Terms { key, ..self.terms })
    }
}

fn bind_pair(ip: IpAddr, port: u16) -> Result<(UdpSocket, UdpSocket)> {
    Ok((UdpSocket::bind((ip, port))?, UdpSocket::bind((ip, port + 1))?))
}
