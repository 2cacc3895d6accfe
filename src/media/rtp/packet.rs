//! What one packet is, once it has been believed.

use bytes::{Bytes, BytesMut};
use rtp::header::{Extension, Header};
use rtp::packet::Packet;
use webrtc_util::marshal::Unmarshal;

use crate::media::Codec;
use crate::media::comfort::Noise;

const VERSION: u8 = 2;
const FIXED_HEADER: usize = 12;

/// What one packet brings for the jitter buffer.
#[derive(Clone, PartialEq, Debug)]
pub struct AudioPacket {
    /// Counts the streams of the leg: a new one has new clocks.
    pub stream: u32,
    /// Extended: never wraps.
    pub sequence: u64,
    /// In samples at 8 kHz, extended: never wraps.
    pub timestamp: i64,
    pub marker: bool,
    pub content: Content,
}

/// Sound, or word that there is none.
#[derive(Clone, PartialEq, Debug)]
pub enum Content {
    Samples(Vec<i16>),
    /// Of a codec that remembers: decoded when its turn has come, in order. Only payloads of a length that
    /// [`Codec::samples`] knows.
    Coded(Codec, Bytes),
    /// The peer is silent from here on (RFC 3389).
    Noise(Noise),
}

impl AudioPacket {
    /// Samples at 8 kHz that it covers; comfort noise covers none.
    pub fn length(&self) -> i64 {
        match &self.content {
            Content::Samples(samples) => samples.len() as i64,
            Content::Coded(codec, payload) => codec.samples(payload).unwrap_or(0) as i64,
            Content::Noise(_) => 0,
        }
    }
}

/// What came of one datagram.
#[derive(Clone, PartialEq, Debug)]
pub enum Received {
    Audio(AudioPacket),
    /// For [`crate::media::dtmf::KeyReceiver`].
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
    /// A payload that is not 10, 20, … 60 ms long.
    Size(usize),
    Duplicate,
    /// The first packet of what may be a new stream: believed with the second.
    Probation,
    /// SRTP was agreed, and this is not protected with the agreed key, or was here before (RFC 3711, 3.3).
    Unauthentic,
}

/// The header and where the payload begins. Checks what the parser of the crate takes on trust: that would read past the
/// end of a header extension whose elements are longer than the extension, and panic. We read no extension, so all of
/// it is one opaque element here.
pub(in crate::media) fn header(datagram: &[u8]) -> Result<(Header, usize), Refusal> {
    let &[first, second, s0, s1, t0, t1, t2, t3, c0, c1, c2, c3, ..] = datagram else {
        return Err(Refusal::Short);
    };
    if first >> 6 != VERSION {
        return Err(Refusal::Version);
    }
    let mut header = Header {
        version: VERSION,
        padding: first & 0x20 != 0,
        extension: first & 0x10 != 0,
        marker: second & 0x80 != 0,
        payload_type: second & 0x7f,
        sequence_number: u16::from_be_bytes([s0, s1]),
        timestamp: u32::from_be_bytes([t0, t1, t2, t3]),
        ssrc: u32::from_be_bytes([c0, c1, c2, c3]),
        ..Header::default()
    };
    let mut start = FIXED_HEADER + usize::from(first & 0x0f) * 4;
    let sources = datagram.get(FIXED_HEADER..start).ok_or(Refusal::Short)?;
    header.csrc = sources.as_chunks().0.iter().map(|source| u32::from_be_bytes(*source)).collect();
    if header.extension {
        let Some(&[_, _, high, low]) = datagram.get(start..start + 4) else {
            return Err(Refusal::Short);
        };
        let end = start + 4 + usize::from(u16::from_be_bytes([high, low])) * 4;
        let payload = datagram.get(start + 4..end).ok_or(Refusal::Short)?;
        header.extensions = vec![Extension { id: 0, payload: Bytes::copy_from_slice(payload) }];
        start = end;
    }
    Ok((header, start))
}

/// A whole packet that is not protected.
pub(super) fn parse(datagram: &[u8]) -> Result<Packet, Refusal> {
    let (header, start) = header(datagram)?;
    let payload = datagram.get(start..).ok_or(Refusal::Short)?;
    if header.padding {
        let padding = payload.last().map_or(0, |&count| usize::from(count));
        if padding == 0 || padding > payload.len() {
            return Err(Refusal::Padding);
        }
    }
    let fixed_end = FIXED_HEADER + header.csrc.len() * 4;
    let mut plain = BytesMut::with_capacity(datagram.len());
    plain.extend_from_slice(&[datagram[0] & !0x10]);
    plain.extend_from_slice(&datagram[1..fixed_end]);
    plain.extend_from_slice(payload);
    Packet::unmarshal(&mut plain.freeze()).map_err(|_| Refusal::Short)
}
