//! How speech is coded on the wire. Whatever the codec, samples are the house's: 8 kHz, 16 bit.

pub mod g711;
mod g722;

use bytes::Bytes;

use g711::Law;
use g722::{LowerBandDecoder, LowerBandEncoder};

use super::SAMPLES_PER_MS;

/// Lengths of a packet that are accepted, in ms: multiples of ten.
const PACKET_MS_MAX: usize = 60;

/// What both ends can agree on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Codec {
    /// G.711 A-law: China's and Europe's networks.
    Pcma,
    /// G.711 µ-law: North America's and Japan's.
    Pcmu,
    /// G.722: wideband telephones. The house hears and speaks its lower band.
    G722,
}

impl Codec {
    /// What we know, the house's own order: what needs no change of rate first.
    pub const ALL: [Codec; 3] = [Codec::Pcma, Codec::Pcmu, Codec::G722];

    /// The static RTP payload type (RFC 3551, table 4).
    pub const fn payload_type(self) -> u8 {
        match self {
            Codec::Pcma => 8,
            Codec::Pcmu => 0,
            Codec::G722 => 9,
        }
    }

    pub fn from_payload_type(payload_type: u8) -> Option<Codec> {
        Codec::ALL.into_iter().find(|codec| codec.payload_type() == payload_type)
    }

    /// The encoding name of SDP's `a=rtpmap`, always at clock rate 8000 (G.722's too: RFC 3551, 4.5.2).
    pub const fn name(self) -> &'static str {
        match self {
            Codec::Pcma => "PCMA",
            Codec::Pcmu => "PCMU",
            Codec::G722 => "G722",
        }
    }

    /// From an encoding name, which SDP compares without case (RFC 8866, 6.6).
    pub fn from_name(name: &str) -> Option<Codec> {
        Codec::ALL.into_iter().find(|codec| codec.name().eq_ignore_ascii_case(name))
    }

    /// How many samples at 8 kHz a payload holds; nothing when it is not 10, 20, … 60 ms long.
    pub fn samples(self, payload: &[u8]) -> Option<usize> {
        // All three take one byte for each 125 µs.
        let step = 10 * SAMPLES_PER_MS;
        let fits = payload.len().is_multiple_of(step)
            && (step..=PACKET_MS_MAX * SAMPLES_PER_MS).contains(&payload.len());
        fits.then_some(payload.len())
    }

    const fn law(self) -> Option<Law> {
        match self {
            Codec::Pcma => Some(Law::A),
            Codec::Pcmu => Some(Law::Mu),
            Codec::G722 => None,
        }
    }

    /// Whether a packet can be decoded without those before it.
    pub const fn has_memory(self) -> bool {
        self.law().is_none()
    }
}

/// Codes one stream; what remembers is begun when it is first needed.
#[derive(Debug, Default)]
pub struct Encoder {
    g722: Option<LowerBandEncoder>,
}

impl Encoder {
    pub fn encode(&mut self, codec: Codec, samples: &[i16]) -> Bytes {
        match codec.law() {
            Some(law) => law.encode(samples),
            None => self.g722.get_or_insert_default().encode(samples),
        }
        .into()
    }
}

/// Decodes one stream, whose packets are handed in in their order.
#[derive(Debug, Default)]
pub struct Decoder {
    g722: Option<LowerBandDecoder>,
}

impl Decoder {
    /// Appends the samples of a payload.
    pub fn decode(&mut self, codec: Codec, payload: &[u8], out: &mut Vec<i16>) {
        match codec.law() {
            Some(law) => law.decode(payload, out),
            None => self.g722.get_or_insert_default().decode(payload, out),
        }
    }
}
