//! Symmetric RTP (RFC 4961): whose packets are the call's, and where to send ours.
//!
//! The SDP names an address, yet behind a NAT the packets come from another port, sometimes another host. So the first
//! source that fits is latched, and afterwards nobody else is believed: not a stranger who guesses the port (RTP bleed),
//! not a second gateway on the same host until the latched source is gone.

use std::net::{IpAddr, SocketAddr};

use crate::kernel::Moment;

/// Packets in a row from another port of the same host, with none from the latched one between, before it is
/// believed: half a second at 20 ms.
pub const REBIND_AFTER: u32 = 25;
/// How long after the answer a source at an unexpected host may be latched, where the leg allows it.
pub const NAT_WINDOW_MS: u64 = 1_000;

/// Decides which source is heard.
#[derive(Clone, Debug)]
pub struct Latch {
    negotiated: SocketAddr,
    source: Option<SocketAddr>,
    /// A source at another host may still be latched before this moment.
    nat_until: Option<Moment>,
    rival: Option<Rival>,
    strangers: u64,
    rebinds: u64,
}

#[derive(Clone, Copy, Debug)]
struct Rival {
    from: SocketAddr,
    ssrc: u32,
    packets: u32,
}

impl Latch {
    /// `negotiated` is the address in the peer's SDP. `nat` permits a source at another host in the first second.
    pub fn new(now: Moment, negotiated: SocketAddr, nat: bool) -> Self {
        Latch {
            negotiated,
            source: None,
            nat_until: nat.then(|| now + NAT_WINDOW_MS),
            rival: None,
            strangers: 0,
            rebinds: 0,
        }
    }

    /// A new SDP was agreed: forget the source where the address has changed.
    pub fn renegotiate(&mut self, now: Moment, negotiated: SocketAddr, nat: bool) {
        if self.negotiated != negotiated {
            self.negotiated = negotiated;
            self.source = None;
            self.rival = None;
            self.nat_until = nat.then(|| now + NAT_WINDOW_MS);
        }
    }

    /// Where to send: to the latched source, before that to the negotiated address.
    pub fn remote(&self) -> SocketAddr {
        self.source.unwrap_or(self.negotiated)
    }

    pub fn latched(&self) -> Option<SocketAddr> {
        self.source
    }

    pub fn strangers(&self) -> u64 {
        self.strangers
    }

    pub fn rebinds(&self) -> u64 {
        self.rebinds
    }

    /// Whether a host may be heard at all: cheap, asked before a packet is parsed. Counts the stranger.
    pub fn host_allowed(&mut self, now: Moment, from: SocketAddr) -> bool {
        let allowed = self.known_host(from.ip())
            || (self.source.is_none() && self.nat_until.is_some_and(|until| now < until));
        if !allowed {
            self.strangers += 1;
        }
        allowed
    }

    /// Whether a valid packet of an allowed host is heard. May latch or rebind.
    pub fn admit(&mut self, from: SocketAddr, ssrc: u32) -> bool {
        match self.source {
            None => {
                self.source = Some(from);
                true
            }
            Some(source) if source == from => {
                self.rival = None;
                true
            }
            // The very address that the SDP names: what was latched before may be a late packet of another call.
            Some(_) if from == self.negotiated => {
                self.source = Some(from);
                self.rival = None;
                self.rebinds += 1;
                true
            }
            Some(_) => self.challenge(from, ssrc),
        }
    }

    fn challenge(&mut self, from: SocketAddr, ssrc: u32) -> bool {
        let packets = match self.rival {
            Some(rival) if rival.from == from && rival.ssrc == ssrc => rival.packets + 1,
            _ => 1,
        };
        if packets >= REBIND_AFTER {
            self.source = Some(from);
            self.rival = None;
            self.rebinds += 1;
            return true;
        }
        self.rival = Some(Rival { from, ssrc, packets });
        self.strangers += 1;
        false
    }

    fn known_host(&self, ip: IpAddr) -> bool {
        let same = |other: SocketAddr| other.ip().to_canonical() == ip.to_canonical();
        same(self.negotiated) || self.source.is_some_and(same)
    }
}
