//! Packets of one leg, read: whose they are, in which order, and what is in them.

use std::borrow::Cow;
use std::net::SocketAddr;

use bytes::Bytes;
use rtp::header::Header;
use rtp::packet::Packet;

use super::packet::{AudioPacket, Content, Received, Refusal, parse};
use super::sequence::{Sequence, Sequenced, are_near};
use crate::kernel::Moment;
use crate::media::codec::Decoder;
use crate::media::comfort::{self, Noise};
use crate::media::latch::{Claim, Latch};
use crate::media::rtcp::Heard;
use crate::media::srtp::Inbound;
use crate::media::{Codec, SAMPLES_PER_MS};

/// How long after a change of SSRC the network may still bring packets of the former one.
const STRAGGLERS_MS: u64 = 200;

/// What the two SDPs agreed on about what we receive.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Agreed {
    /// Payload types of speech, all of one clock.
    pub audio: Vec<(u8, Codec)>,
    /// Payload type of telephone-event (RFC 4733).
    pub events: Option<u8>,
    /// Payload type of comfort noise, where it is not the static one.
    pub comfort: Option<u8>,
    /// The address in the peer's SDP.
    pub remote: SocketAddr,
    /// A source at another host may be latched in the first second, and followed when it moves.
    pub nat: bool,
}

impl Agreed {
    /// Ticks of the stream's clock in a sample of ours.
    fn ticks(&self) -> i64 {
        self.audio.first().map_or(1, |(_, codec)| i64::from(codec.ticks()))
    }
}

/// What one leg's receiver has seen. How many came too late is the jitter buffer's to know.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct RtpStats {
    pub received: u64,
    /// Expected less received, not below 0 (RFC 3550, A.3).
    pub lost: u64,
    pub duplicate: u64,
    pub reordered: u64,
    /// Interarrival jitter (RFC 3550, A.8).
    pub jitter_ms: f64,
    pub strangers: u64,
    pub malformed: u64,
    /// Payload types or sizes that were not agreed.
    pub unexpected: u64,
    /// Packets that the agreed key does not fit, or that were here before.
    pub unauthentic: u64,
    /// Changes of SSRC and jumps of the sequence.
    pub restarts: u64,
    /// Changes of the peer's port or host.
    pub rebinds: u64,
}

/// What the payload type of a packet says it is.
enum Kind {
    Speech(Codec),
    Comfort,
    Event,
}

/// Reads one leg's packets.
#[derive(Debug)]
pub struct Receiver {
    agreed: Agreed,
    /// Where SRTP was agreed; nothing else is believed then.
    protection: Option<Inbound>,
    latch: Latch,
    source: Option<Source>,
    /// SSRC and sequence number of what may be a new stream.
    probation: Option<(u32, u16)>,
    /// SSRC that was heard before and until when its packets are stragglers, not a new stream.
    former: Option<(u32, Moment)>,
    stream: u32,
    stats: RtpStats,
    /// Loss of streams that are over.
    lost_before: u64,
}

/// State of one SSRC.
#[derive(Clone, Debug)]
struct Source {
    ssrc: u32,
    sequence: Sequence,
    /// In ticks of its clock.
    timestamp: i64,
    transit: Option<i64>,
    /// In samples.
    jitter: f64,
}

impl Receiver {
    pub fn new(now: Moment, agreed: Agreed) -> Self {
        Receiver {
            latch: Latch::new(now, agreed.remote, agreed.nat),
            agreed,
            protection: None,
            source: None,
            probation: None,
            former: None,
            stream: 0,
            stats: RtpStats::default(),
            lost_before: 0,
        }
    }

    /// A new SDP was agreed.
    pub fn renegotiate(&mut self, now: Moment, agreed: Agreed) {
        self.latch.renegotiate(now, agreed.remote, agreed.nat);
        self.agreed = agreed;
    }

    /// From here on only what is protected is believed, or what is not.
    pub fn protect(&mut self, protection: Option<Inbound>) {
        self.protection = protection;
    }

    /// Where to send (symmetric RTP).
    pub fn remote(&self) -> SocketAddr {
        self.latch.remote()
    }

    /// Whether a packet has been believed.
    pub fn heard_from(&self) -> bool {
        self.source.is_some()
    }

    /// For our reports: the stream that is heard now.
    pub fn heard(&self) -> Option<Heard> {
        self.source.as_ref().map(|source| Heard {
            ssrc: source.ssrc,
            lost: source.sequence.lost(),
            expected: source.sequence.expected(),
            highest: source.sequence.highest() as u32,
            jitter: source.jitter as u32 * self.agreed.ticks() as u32,
        })
    }

    /// A datagram from the RTCP port as it was before it was protected; nothing when it is not the peer's.
    pub fn report<'a>(&mut self, from: SocketAddr, datagram: &'a [u8]) -> Option<Cow<'a, [u8]>> {
        if from.ip().to_canonical() != self.remote().ip().to_canonical() {
            return None;
        }
        match self.protection.as_mut().map(|protection| protection.rtcp(datagram)) {
            None => Some(Cow::Borrowed(datagram)),
            Some(Ok(plain)) => Some(Cow::Owned(plain.to_vec())),
            Some(Err(refusal)) => {
                self.count(refusal);
                None
            }
        }
    }

    pub fn stats(&self) -> RtpStats {
        let current = self.source.as_ref();
        RtpStats {
            lost: self.lost_before + current.map_or(0, |source| source.sequence.lost()),
            jitter_ms: current.map_or(0.0, |source| source.jitter / SAMPLES_PER_MS as f64),
            strangers: self.latch.strangers(),
            rebinds: self.latch.rebinds(),
            ..self.stats
        }
    }

    pub fn receive(&mut self, now: Moment, from: SocketAddr, datagram: &[u8]) -> Received {
        match self.accept(now, from, datagram) {
            Ok(received) => received,
            Err(refusal) => {
                self.count(refusal);
                Received::Refused(refusal)
            }
        }
    }

    fn accept(
        &mut self,
        now: Moment,
        from: SocketAddr,
        datagram: &[u8],
    ) -> Result<Received, Refusal> {
        if !self.latch.host_allowed(now, from) {
            return Err(Refusal::Stranger);
        }
        let datagram = match &mut self.protection {
            Some(protection) => Cow::Owned(protection.rtp(datagram)?.to_vec()),
            None => Cow::Borrowed(datagram),
        };
        let packet = parse(&datagram)?;
        let kind = self.kind(&packet)?;
        let claim = Claim {
            ssrc: packet.header.ssrc,
            goes_on: self.goes_on(&packet.header),
            authentic: self.protection.is_some(),
        };
        if !self.latch.admit(now, from, claim) {
            return Err(Refusal::Stranger);
        }
        let (sequence, ticked) = self.place(now, &packet.header)?;
        let timestamp = ticked.div_euclid(self.agreed.ticks());
        let marker = packet.header.marker;
        let content = match kind {
            Kind::Event => {
                let payload = self.event(packet.payload);
                return Ok(Received::Event { timestamp, marker, payload });
            }
            Kind::Speech(codec) if codec.has_memory() => Content::Coded(codec, packet.payload),
            Kind::Speech(codec) => {
                let mut samples = Vec::with_capacity(packet.payload.len());
                Decoder::default().decode(codec, &packet.payload, &mut samples);
                Content::Samples(samples)
            }
            Kind::Comfort => Content::Noise(Noise::read(&packet.payload).ok_or(Refusal::Size(0))?),
        };
        self.measure(now, timestamp);
        let stream = self.stream;
        Ok(Received::Audio(AudioPacket { stream, sequence, timestamp, marker, content }))
    }

    /// An event whose length is counted in samples.
    fn event(&self, payload: Bytes) -> Bytes {
        let ticks = self.agreed.ticks() as u16;
        match payload.as_ref() {
            &[code, flags, high, low, ..] if ticks > 1 => {
                let [high, low] = (u16::from_be_bytes([high, low]) / ticks).to_be_bytes();
                Bytes::copy_from_slice(&[code, flags, high, low])
            }
            _ => payload,
        }
    }

    fn kind(&self, packet: &Packet) -> Result<Kind, Refusal> {
        let payload_type = packet.header.payload_type;
        if self.agreed.events == Some(payload_type) {
            return Ok(Kind::Event);
        }
        // Gateways send the static type unasked.
        if payload_type == comfort::PAYLOAD_TYPE || self.agreed.comfort == Some(payload_type) {
            return Ok(Kind::Comfort);
        }
        let agreed = self.agreed.audio.iter().find(|(agreed, _)| *agreed == payload_type);
        let (_, codec) = agreed.ok_or(Refusal::PayloadType(payload_type))?;
        match codec.samples(&packet.payload) {
            Some(_) => Ok(Kind::Speech(*codec)),
            None => Err(Refusal::Size(packet.payload.len())),
        }
    }

    /// Whether a packet could be the next of the stream that was heard, or one soon after.
    fn goes_on(&self, header: &Header) -> bool {
        self.source.as_ref().is_some_and(|source| {
            source.ssrc == header.ssrc && source.sequence.is_soon(header.sequence_number)
        })
    }

    /// Extended sequence number and timestamp; begins a new stream where the packet shows one.
    fn place(&mut self, now: Moment, header: &Header) -> Result<(u64, i64), Refusal> {
        let number = header.sequence_number;
        let Some(source) = self.source.as_mut() else {
            return Ok(self.begin(header));
        };
        if source.ssrc != header.ssrc {
            if self.former.is_some_and(|(ssrc, until)| ssrc == header.ssrc && now < until) {
                return Err(Refusal::Probation);
            }
            // Not the very next: a bad network changes their order.
            let confirmed = self
                .probation
                .is_some_and(|(ssrc, other)| ssrc == header.ssrc && are_near(number, other));
            if confirmed {
                self.stats.restarts += 1;
                self.former = Some((source.ssrc, now + STRAGGLERS_MS));
                return Ok(self.begin(header));
            }
            self.probation = Some((header.ssrc, number));
            return Err(Refusal::Probation);
        }
        let step = header.timestamp.wrapping_sub(source.timestamp as u32) as i32;
        let timestamp = source.timestamp + i64::from(step);
        let sequence = match source.sequence.accept(number) {
            Sequenced::Next(extended) => {
                source.timestamp = timestamp;
                extended
            }
            Sequenced::Earlier(extended) => {
                self.stats.reordered += 1;
                extended
            }
            Sequenced::Again => return Err(Refusal::Duplicate),
            Sequenced::Jumped => return Err(Refusal::Probation),
            Sequenced::Restarted => {
                self.stats.restarts += 1;
                return Ok(self.begin(header));
            }
        };
        self.stats.received += 1;
        Ok((sequence, timestamp))
    }

    fn begin(&mut self, header: &Header) -> (u64, i64) {
        if let Some(old) = &self.source {
            self.lost_before += old.sequence.lost();
            self.stream += 1;
        }
        self.probation = None;
        self.stats.received += 1;
        let sequence = Sequence::new(header.sequence_number);
        let extended = sequence.highest();
        let timestamp = i64::from(header.timestamp);
        self.source =
            Some(Source { ssrc: header.ssrc, sequence, timestamp, transit: None, jitter: 0.0 });
        (extended, timestamp)
    }

    /// RFC 3550, A.8.
    fn measure(&mut self, now: Moment, timestamp: i64) {
        let Some(source) = self.source.as_mut() else { return };
        let transit = (now.ms * SAMPLES_PER_MS as u64) as i64 - timestamp;
        if let Some(before) = source.transit.replace(transit) {
            let difference = (transit - before).unsigned_abs() as f64;
            source.jitter += (difference - source.jitter) / 16.0;
        }
    }

    fn count(&mut self, refusal: Refusal) {
        match refusal {
            // The latch counts strangers itself; a packet on probation is neither good nor bad.
            Refusal::Stranger | Refusal::Probation => {}
            Refusal::Short | Refusal::Version | Refusal::Padding => self.stats.malformed += 1,
            Refusal::PayloadType(_) | Refusal::Size(_) => self.stats.unexpected += 1,
            Refusal::Duplicate => self.stats.duplicate += 1,
            Refusal::Unauthentic => self.stats.unauthentic += 1,
        }
    }
}
