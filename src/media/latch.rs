//! Symmetric RTP (RFC 4961): whose packets are the call's, and where to send ours.
//!
//! The SDP names an address, yet behind a NAT the packets come from another port, sometimes another host. So the first
//! source that fits is latched, and afterwards nobody else is believed: not a stranger who guesses the port (RTP bleed),
//! not a second gateway on the same host until the latched source is gone. A NAT may forget its binding and give the
//! peer another one in mid-call: that source shows the stream's own SSRC and goes on with its sequence numbers, which
//! nobody knows who has not seen the packets.

use std::net::{IpAddr, SocketAddr};

use crate::kernel::{Moment, limits};

/// Packets in a row from another port of the same host, with none from the latched one between, before it is
/// believed: half a second at 20 ms.
pub const REBIND_AFTER: u32 = 25;
/// The same where the packets go on with the stream that was heard.
pub const MOVED_AFTER: u32 = 3;
/// For which the latched source must have been silent for so long.
pub const MOVED_SILENCE_MS: u64 = 100;
/// How long after the answer a source at an unexpected host may be latched, where the leg allows it.
pub const NAT_WINDOW_MS: u64 = 1_000;

/// What a packet shows of who sent it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Claim {
    pub ssrc: u32,
    /// SSRC and sequence number go on with what was heard last.
    pub goes_on: bool,
    /// SRTP has proved that the sender holds the agreed key.
    pub authentic: bool,
}

/// Decides which source is heard.
#[derive(Clone, Debug)]
pub struct Latch {
    negotiated: SocketAddr,
    source: Option<SocketAddr>,
    /// When the latched source was heard last.
    heard: Moment,
    /// Sources at other hosts may be believed.
    nat: bool,
    /// Until then the first one is.
    nat_until: Moment,
    /// Who would like to be heard, since the latched source was; the newest last.
    rivals: Vec<Rival>,
    strangers: u64,
    rebinds: u64,
}

#[derive(Clone, Copy, Debug)]
struct Rival {
    from: SocketAddr,
    ssrc: u32,
    packets: u32,
    /// Of them in a row that went on with the stream.
    going_on: u32,
}

impl Latch {
    /// `negotiated` is the address in the peer's SDP. `nat` permits a source at another host: the first one in the first
    /// second, later one that goes on with the stream.
    pub fn new(now: Moment, negotiated: SocketAddr, nat: bool) -> Self {
        Latch {
            negotiated,
            source: None,
            heard: now,
            nat,
            nat_until: now + NAT_WINDOW_MS,
            rivals: Vec::new(),
            strangers: 0,
            rebinds: 0,
        }
    }

    /// A new SDP was agreed: forget the source where the address has changed.
    pub fn renegotiate(&mut self, now: Moment, negotiated: SocketAddr, nat: bool) {
        self.nat = nat;
        if self.negotiated != negotiated {
            self.negotiated = negotiated;
            self.source = None;
            self.rivals.clear();
            self.nat_until = now + NAT_WINDOW_MS;
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
        let elsewhere = || match self.source {
            None => now < self.nat_until,
            Some(_) => self.is_silent(now),
        };
        let allowed = self.known_host(from.ip()) || (self.nat && elsewhere());
        if !allowed {
            self.strangers += 1;
        }
        allowed
    }

    /// Whether a valid packet of an allowed host is heard. May latch or rebind.
    pub fn admit(&mut self, now: Moment, from: SocketAddr, claim: Claim) -> bool {
        let admitted = match self.source {
            None => true,
            Some(source) if source == from => true,
            // The very address that the SDP names: what was latched before may be a late packet of another call.
            Some(_) if from == self.negotiated => true,
            Some(_) => self.challenge(now, from, claim),
        };
        if admitted {
            self.rebinds += u64::from(self.source.is_some_and(|source| source != from));
            self.source = Some(from);
            self.heard = now;
            self.rivals.clear();
        } else {
            self.strangers += 1;
        }
        admitted
    }

    fn challenge(&mut self, now: Moment, from: SocketAddr, claim: Claim) -> bool {
        let known = |rival: &Rival| rival.from == from && rival.ssrc == claim.ssrc;
        let (mut packets, mut going_on) = (0, 0);
        if let Some(index) = self.rivals.iter().position(known) {
            let before = self.rivals.remove(index);
            (packets, going_on) = (before.packets, before.going_on);
        }
        packets += 1;
        going_on = if claim.goes_on { going_on + 1 } else { 0 };
        if self.rivals.len() >= limits::RTP_RIVALS {
            self.rivals.remove(0);
        }
        self.rivals.push(Rival { from, ssrc: claim.ssrc, packets, going_on });
        claim.authentic
            || (going_on >= MOVED_AFTER && self.is_silent(now))
            || (packets >= REBIND_AFTER && self.known_host(from.ip()))
    }

    fn is_silent(&self, now: Moment) -> bool {
        now.since(self.heard) >= MOVED_SILENCE_MS
    }

    fn known_host(&self, ip: IpAddr) -> bool {
        let same = |other: SocketAddr| other.ip().to_canonical() == ip.to_canonical();
        same(self.negotiated) || self.source.is_some_and(same)
    }
}
