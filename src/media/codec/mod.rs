//! How speech is coded on the wire. Whatever the codec, samples are the house's: 8 kHz, 16 bit.

pub mod g711;
mod g722;
mod opus;

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
    /// Browsers and applications: heard and spoken at 8 kHz.
    Opus,
}

impl Codec {
    /// What we know, the house's own order: what needs no change of rate first.
    pub const ALL: [Codec; 4] = [Codec::Pcma, Codec::Pcmu, Codec::G722, Codec::Opus];

    /// The RTP payload type: the static one (RFC 3551, table 4), or the one that our own offer gives to it.
    pub const fn payload_type(self) -> u8 {
        match self {
            Codec::Pcma => 8,
            Codec::Pcmu => 0,
            Codec::G722 => 9,
            Codec::Opus => 111,
        }
    }

    /// What a static payload type stands for.
    pub fn from_payload_type(payload_type: u8) -> Option<Codec> {
        let fixed = Codec::ALL.into_iter().filter(|codec| *codec != Codec::Opus);
        fixed.into_iter().find(|codec| codec.payload_type() == payload_type)
    }

    /// Ticks of the RTP clock in a second: 8000 (G.722's too: RFC 3551, 4.5.2), or Opus's 48,000 (RFC 7587, 4.1).
    pub const fn clock_rate(self) -> u32 {
        match self {
            Codec::Opus => 48_000,
            _ => 8_000,
        }
    }

    /// Ticks of the RTP clock in a sample of ours.
    pub const fn ticks(self) -> u32 {
        self.clock_rate() / 8_000
    }

    /// The longest packet of up to `ms`, whole tens from 10 to 60, that the codec can make.
    pub const fn packet_ms(self, ms: u32) -> u32 {
        match (self, ms) {
            (Codec::Opus, 30) => 20,
            (Codec::Opus, 50) => 40,
            _ => ms,
        }
    }

    /// The encoding name of SDP's `a=rtpmap`.
    pub const fn name(self) -> &'static str {
        match self {
            Codec::Pcma => "PCMA",
            Codec::Pcmu => "PCMU",
            Codec::G722 => "G722",
            Codec::Opus => "opus",
        }
    }

    /// From an encoding name, which SDP compares without case (RFC 8866, 6.6).
    pub fn from_name(name: &str) -> Option<Codec> {
        Codec::ALL.into_iter().find(|codec| codec.name().eq_ignore_ascii_case(name))
    }

    /// How many samples at 8 kHz a payload holds; nothing when it is not 10, 20, … 60 ms long (2.5 to 120 ms of Opus).
    pub fn samples(self, payload: &[u8]) -> Option<usize> {
        if self == Codec::Opus {
            return opus::samples(payload);
        }
        // All the others take one byte for each 125 µs.
        let step = 10 * SAMPLES_PER_MS;
        let fits = payload.len().is_multiple_of(step)
            && (step..=PACKET_MS_MAX * SAMPLES_PER_MS).contains(&payload.len());
        fits.then_some(payload.len())
    }

    const fn law(self) -> Option<Law> {
        match self {
            Codec::Pcma => Some(Law::A),
            Codec::Pcmu => Some(Law::Mu),
            Codec::G722 | Codec::Opus => None,
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
    opus: opus::Encoder,
}

impl Encoder {
    pub fn encode(&mut self, codec: Codec, samples: &[i16]) -> Bytes {
        match (codec.law(), codec) {
            (Some(law), _) => law.encode(samples),
            (None, Codec::Opus) => self.opus.encode(samples),
            (None, _) => self.g722.get_or_insert_default().encode(samples),
        }
        .into()
    }
}

/// Decodes one stream, whose packets are handed in in their order.
#[derive(Debug, Default)]
pub struct Decoder {
    g722: Option<LowerBandDecoder>,
    opus: opus::Decoder,
}

impl Decoder {
    /// Appends the samples of a payload.
    pub fn decode(&mut self, codec: Codec, payload: &[u8], out: &mut Vec<i16>) {
        match (codec.law(), codec) {
            (Some(law), _) => law.decode(payload, out),
            (None, Codec::Opus) => self.opus.decode(payload, out),
            (None, _) => self.g722.get_or_insert_default().decode(payload, out),
        }
    }
}
