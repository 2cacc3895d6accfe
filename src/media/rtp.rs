//! RTP (RFC 3550) with the audio profile (RFC 3551): packets of one leg, written and read.

use std::net::SocketAddr;

use bytes::{Bytes, BytesMut};
use rtp::header::Header;
use rtp::packet::Packet;
use webrtc_util::marshal::{Marshal, Unmarshal};

use super::dtmf::EventPacket;
use super::latch::Latch;
use super::sequence::{Sequence, Sequenced};
use super::{Codec, FRAME_SAMPLES, Frame, MediaError, SAMPLES_PER_MS};
use crate::kernel::{Moment, Rng};

const VERSION: u8 = 2;
const FIXED_HEADER: usize = 12;
/// Accepted sizes of a G.711 payload: 10, 20, 30 and 40 ms.
const PAYLOADS: [usize; 4] = [80, 160, 240, 320];

/// Writes one leg's packets: one every 20 ms.
#[derive(Clone, Debug)]
pub struct Sender {
    codec: Codec,
    payload_type: u8,
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
    /// The next packet begins a talk spurt (RFC 3551, 4.1).
    marker: bool,
}

impl Sender {
    /// SSRC, first sequence number and first timestamp come from the seed (RFC 3550, 5.1: they should be random).
    pub fn new(seed: u64, codec: Codec, payload_type: u8) -> Self {
        let mut rng = Rng::new(seed);
        Sender {
            codec,
            payload_type,
            ssrc: rng.next_u64() as u32,
            sequence: rng.next_u64() as u16,
            timestamp: rng.next_u64() as u32,
            marker: true,
        }
    }

    pub fn ssrc(&self) -> u32 {
        self.ssrc
    }

    /// Of the next packet, in samples.
    pub fn timestamp(&self) -> u32 {
        self.timestamp
    }

    /// Another codec was agreed: the stream goes on (RFC 3551 lets the payload type change at any packet).
    pub fn switch(&mut self, codec: Codec, payload_type: u8) {
        self.codec = codec;
        self.payload_type = payload_type;
    }

    /// The packet of one frame.
    pub fn audio(&mut self, frame: &Frame) -> Result<Bytes, MediaError> {
        let payload = Bytes::copy_from_slice(&self.codec.encode(frame));
        let (marker, timestamp) = (self.marker, self.timestamp);
        self.marker = false;
        self.timestamp = self.timestamp.wrapping_add(FRAME_SAMPLES as u32);
        self.packet(self.payload_type, marker, timestamp, payload)
    }

    /// The packet of a key, in place of a frame.
    pub fn event(&mut self, payload_type: u8, event: &EventPacket) -> Result<Bytes, MediaError> {
        self.timestamp = self.timestamp.wrapping_add(FRAME_SAMPLES as u32);
        self.marker = true;
        let payload = Bytes::copy_from_slice(&event.payload);
        self.packet(payload_type, event.marker, event.timestamp, payload)
    }

    /// 20 ms pass in which nothing is sent.
    pub fn pause(&mut self) {
        self.timestamp = self.timestamp.wrapping_add(FRAME_SAMPLES as u32);
        self.marker = true;
    }

    fn packet(
        &mut self,
        payload_type: u8,
        marker: bool,
        timestamp: u32,
        payload: Bytes,
    ) -> Result<Bytes, MediaError> {
        let header = Header {
            version: VERSION,
            marker,
            payload_type,
            sequence_number: self.sequence,
            timestamp,
            ssrc: self.ssrc,
            ..Header::default()
        };
        self.sequence = self.sequence.wrapping_add(1);
        Packet { header, payload }
            .marshal()
            .map_err(|error| MediaError::Packet { what: error.to_string() })
    }
}

/// What the two SDPs agreed on about what we receive.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Agreed {
    /// Payload types of speech.
    pub audio: Vec<(u8, Codec)>,
    /// Payload type of telephone-event (RFC 4733).
    pub events: Option<u8>,
    /// The address in the peer's SDP.
    pub remote: SocketAddr,
    /// A source at another host may be latched in the first second.
    pub nat: bool,
}

/// The samples of one packet, for the jitter buffer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AudioPacket {
    /// Counts the streams of the leg: a new one has new clocks.
    pub stream: u32,
    /// Extended: never wraps.
    pub sequence: u64,
    /// In samples, extended: never wraps.
    pub timestamp: i64,
    pub marker: bool,
    pub samples: Vec<i16>,
}

/// What came of one datagram.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Received {
    Audio(AudioPacket),
    /// For [`super::dtmf::KeyReceiver`].
    Event {
        timestamp: i64,
        marker: bool,
        payload: Bytes,
    },
    Refused(Refusal),
}

/// Why a datagram was not used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// Not from the call's source.
    Stranger,
    /// Shorter than its own header says.
    Short,
    /// Not version 2: STUN, garbage.
    Version,
    /// A padding count of zero or beyond the payload.
    Padding,
    /// A payload type that was not agreed (RTCP on the same port shows as 72 to 76).
    PayloadType(u8),
    /// A payload that is not 10, 20, 30 or 40 ms long.
    Size(usize),
    Duplicate,
    /// The first packet of what may be a new stream: believed with the second.
    Probation,
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
    /// Changes of SSRC and jumps of the sequence.
    pub restarts: u64,
    /// Changes of the peer's port.
    pub rebinds: u64,
}

/// Reads one leg's packets.
#[derive(Clone, Debug)]
pub struct Receiver {
    agreed: Agreed,
    latch: Latch,
    source: Option<Source>,
    /// SSRC and the sequence number that would confirm it.
    probation: Option<(u32, u16)>,
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
            source: None,
            probation: None,
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

    /// Where to send (symmetric RTP).
    pub fn remote(&self) -> SocketAddr {
        self.latch.remote()
    }

    /// Whether a packet has been believed.
    pub fn heard_from(&self) -> bool {
        self.source.is_some()
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
        let packet = parse(datagram)?;
        let codec = self.check(&packet)?;
        if !self.latch.admit(from, packet.header.ssrc) {
            return Err(Refusal::Stranger);
        }
        let (sequence, timestamp) = self.place(&packet.header)?;
        let Some(codec) = codec else {
            let marker = packet.header.marker;
            return Ok(Received::Event { timestamp, marker, payload: packet.payload });
        };
        self.measure(now, timestamp);
        let mut samples = Vec::with_capacity(packet.payload.len());
        codec.decode(&packet.payload, &mut samples);
        Ok(Received::Audio(AudioPacket {
            stream: self.stream,
            sequence,
            timestamp,
            marker: packet.header.marker,
            samples,
        }))
    }

    /// The codec of an audio packet, nothing for an event.
    fn check(&self, packet: &Packet) -> Result<Option<Codec>, Refusal> {
        let payload_type = packet.header.payload_type;
        if self.agreed.events == Some(payload_type) {
            return Ok(None);
        }
        let codec = self
            .agreed
            .audio
            .iter()
            .find(|(agreed, _)| *agreed == payload_type)
            .map(|(_, codec)| *codec)
            .ok_or(Refusal::PayloadType(payload_type))?;
        if !PAYLOADS.contains(&packet.payload.len()) {
            return Err(Refusal::Size(packet.payload.len()));
        }
        Ok(Some(codec))
    }

    /// Extended sequence number and timestamp; begins a new stream where the packet shows one.
    fn place(&mut self, header: &Header) -> Result<(u64, i64), Refusal> {
        let number = header.sequence_number;
        let Some(source) = self.source.as_mut() else {
            return Ok(self.begin(header));
        };
        if source.ssrc != header.ssrc {
            if self.probation == Some((header.ssrc, number)) {
                self.stats.restarts += 1;
                return Ok(self.begin(header));
            }
            self.probation = Some((header.ssrc, number.wrapping_add(1)));
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
        }
    }
}

/// Checks what the parser behind it takes on trust: it would read past the end of a header extension whose elements
/// are longer than the extension, and panic. We use no extension, so it is cut out first.
fn parse(datagram: &[u8]) -> Result<Packet, Refusal> {
    if datagram.len() < FIXED_HEADER {
        return Err(Refusal::Short);
    }
    let first = datagram[0];
    if first >> 6 != VERSION {
        return Err(Refusal::Version);
    }
    let fixed_end = FIXED_HEADER + usize::from(first & 0x0f) * 4;
    let mut payload_start = fixed_end;
    if first & 0x10 != 0 {
        match datagram.get(fixed_end + 2..fixed_end + 4) {
            Some(&[high, low]) => {
                payload_start += 4 + usize::from(u16::from_be_bytes([high, low])) * 4;
            }
            _ => return Err(Refusal::Short),
        }
    }
    let payload = datagram.get(payload_start..).ok_or(Refusal::Short)?;
    if first & 0x20 != 0 {
        let padding = payload.last().map_or(0, |&count| usize::from(count));
        if padding == 0 || padding > payload.len() {
            return Err(Refusal::Padding);
        }
    }
    let mut plain = BytesMut::with_capacity(datagram.len());
    plain.extend_from_slice(&[first & !0x10]);
    plain.extend_from_slice(&datagram[1..fixed_end]);
    plain.extend_from_slice(payload);
    Packet::unmarshal(&mut plain.freeze()).map_err(|_| Refusal::Short)
}
