//! Packets of one leg, written.

use bytes::Bytes;
use rtp::header::Header;
use rtp::packet::Packet;
use webrtc_util::marshal::Marshal;

use crate::kernel::Rng;
use crate::media::codec::Encoder;
use crate::media::dtmf::EventPacket;
use crate::media::{Codec, FRAME_SAMPLES, Frame, MediaError, SAMPLES_PER_MS};

const VERSION: u8 = 2;

/// Writes one leg's packets.
#[derive(Debug)]
pub struct Sender {
    codec: Codec,
    payload_type: u8,
    encoder: Encoder,
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
    /// The next packet begins a talk spurt (RFC 3551, 4.1).
    marker: bool,
    packets: u32,
    octets: u32,
}

impl Sender {
    /// SSRC, first sequence number and first timestamp come from the seed (RFC 3550, 5.1: they should be random).
    pub fn new(seed: u64, codec: Codec, payload_type: u8) -> Self {
        let mut rng = Rng::new(seed);
        Sender {
            codec,
            payload_type,
            encoder: Encoder::default(),
            ssrc: rng.next_u64() as u32,
            sequence: rng.next_u64() as u16,
            timestamp: rng.next_u64() as u32,
            marker: true,
            packets: 0,
            octets: 0,
        }
    }

    pub fn ssrc(&self) -> u32 {
        self.ssrc
    }

    /// Of the next packet, in ticks of the codec's clock.
    pub fn timestamp(&self) -> u32 {
        self.timestamp
    }

    /// Packets and octets of payload so far, as a sender report counts them (RFC 3550, 6.4.1).
    pub fn sent(&self) -> (u32, u32) {
        (self.packets, self.octets)
    }

    /// Another codec was agreed: the stream goes on (RFC 3551 lets the payload type change at any packet).
    pub fn switch(&mut self, codec: Codec, payload_type: u8) {
        self.codec = codec;
        self.payload_type = payload_type;
    }

    /// One packet of these samples: a frame, or 10 to 60 ms.
    pub fn audio(&mut self, samples: &[i16]) -> Result<Bytes, MediaError> {
        let payload = self.encoder.encode(self.codec, samples);
        let (marker, timestamp) = (self.marker, self.timestamp);
        self.marker = false;
        self.timestamp = self.timestamp.wrapping_add(samples.len() as u32 * self.codec.ticks());
        self.packet(self.payload_type, marker, timestamp, payload)
    }

    /// The packet of a key, in place of a frame.
    pub fn event(&mut self, payload_type: u8, event: &EventPacket) -> Result<Bytes, MediaError> {
        self.timestamp = self.timestamp.wrapping_add(FRAME_SAMPLES as u32 * self.codec.ticks());
        self.marker = true;
        let [code, flags, high, low] = event.payload;
        // Its length is counted in the clock of the stream that it stands in (RFC 4733, 2.3.5).
        let duration = u16::from_be_bytes([high, low]).saturating_mul(self.codec.ticks() as u16);
        let [high, low] = duration.to_be_bytes();
        let payload = Bytes::copy_from_slice(&[code, flags, high, low]);
        self.packet(payload_type, event.marker, event.timestamp, payload)
    }

    /// 20 ms pass in which nothing is sent.
    pub fn pause(&mut self) {
        self.skip(FRAME_SAMPLES);
    }

    fn skip(&mut self, samples: usize) {
        self.timestamp = self.timestamp.wrapping_add(samples as u32 * self.codec.ticks());
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
        self.packets = self.packets.wrapping_add(1);
        self.octets = self.octets.wrapping_add(payload.len() as u32);
        Packet { header, payload }
            .marshal()
            .map_err(|error| MediaError::Packet { what: error.to_string() })
    }
}

/// Cuts frames of 20 ms into packets of the length that the peer wants.
#[derive(Clone, Debug)]
pub struct Packets {
    samples: Vec<i16>,
    length: usize,
}

impl Packets {
    /// `ms`: of one packet, rounded down to 10, 20, … 60.
    pub fn of(ms: u32) -> Self {
        let length = (ms as usize / 10).clamp(1, 6) * 10 * SAMPLES_PER_MS;
        Packets { samples: Vec::with_capacity(length + FRAME_SAMPLES), length }
    }

    pub fn push(&mut self, frame: &Frame) {
        self.samples.extend_from_slice(frame);
    }

    /// The next packet that is full.
    pub fn next(&mut self, sender: &mut Sender) -> Option<Result<Bytes, MediaError>> {
        if self.samples.len() < self.length {
            return None;
        }
        let packet = sender.audio(&self.samples[..self.length]);
        self.samples.drain(..self.length);
        Some(packet)
    }

    /// Something else is sent from here on: what no packet was filled with is dropped.
    pub fn clear(&mut self, sender: &mut Sender) {
        if !self.samples.is_empty() {
            sender.skip(self.samples.len());
            self.samples.clear();
        }
    }
}
