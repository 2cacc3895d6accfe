//! Opus (RFC 6716) as telephones and browsers send it over RTP (RFC 7587), spoken and heard at 8 kHz: libopus changes the
//! rate itself. Only its transport's clock runs at 48 kHz.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use opusic_c::{Application, Bandwidth, Bitrate, Channels, InbandFec, SampleRate, Signal};

/// Good speech at 8 kHz, with what repairs a lost packet.
const BITRATE: u32 = 20_000;
/// The loss that the encoder prepares for, per cent.
const LOSS: u8 = 10;
/// The longest packet: 120 ms.
const SAMPLES_MAX: usize = 960;
/// Bytes of the longest packet that is written.
const BYTES_MAX: usize = 1_275;

/// How many samples at 8 kHz a packet holds, by its first two bytes (RFC 6716, 3.1 and 3.2).
pub(super) fn samples(payload: &[u8]) -> Option<usize> {
    let first = *payload.first()?;
    let frame = match (first >> 3, usize::from(first >> 3 & 3)) {
        (0..12, size) => [80, 160, 320, 480][size],
        (12..16, size) => [80, 160][size & 1],
        (_, size) => [20, 40, 80, 160][size],
    };
    let frames = match first & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => usize::from(*payload.get(1)? & 0x3f),
    };
    Some(frame * frames).filter(|total| (1..=SAMPLES_MAX).contains(total))
}

/// One stream's decoder; begun with its first packet. The lock is never taken: it is what makes it shareable by reference.
#[derive(Default)]
pub(super) struct Decoder(Mutex<Option<opusic_c::Decoder>>);

impl Decoder {
    /// Appends the samples of a packet; one that cannot be decoded is silence of its length.
    pub(super) fn decode(&mut self, payload: &[u8], out: &mut Vec<i16>) {
        let length = samples(payload).unwrap_or(0);
        let decoder = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        if decoder.is_none() {
            *decoder = opusic_c::Decoder::new(Channels::Mono, SampleRate::Hz8000).ok();
        }
        let mut heard = [0u16; SAMPLES_MAX];
        let decoded =
            decoder.as_mut().map(|d| d.decode_to_slice(payload, &mut heard[..length], false));
        if !matches!(decoded, Some(Ok(count)) if count == length) {
            heard.fill(0);
        }
        // The crate hands samples over as their bits.
        out.extend(heard[..length].iter().map(|&bits| bits.cast_signed()));
    }
}

/// One stream's encoder; begun with its first samples.
#[derive(Default)]
pub(super) struct Encoder(Mutex<Option<opusic_c::Encoder>>);

impl Encoder {
    /// A packet of 10, 20, 40 or 60 ms; empty, which the peer takes for a loss, where it cannot be made.
    pub(super) fn encode(&mut self, samples: &[i16]) -> Vec<u8> {
        let encoder = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        if encoder.is_none() {
            *encoder = begun().ok();
        }
        let bits: Vec<u16> = samples.iter().map(|sample| sample.cast_unsigned()).collect();
        let mut packet = vec![0; BYTES_MAX];
        let encoded = encoder.as_mut().map(|e| e.encode_to_slice(&bits, &mut packet));
        packet.truncate(encoded.and_then(Result::ok).unwrap_or(0));
        packet
    }
}

fn begun() -> Result<opusic_c::Encoder, opusic_c::ErrorCode> {
    let mut encoder =
        opusic_c::Encoder::new(Channels::Mono, SampleRate::Hz8000, Application::Voip)?;
    encoder.set_bitrate(Bitrate::Value(BITRATE))?;
    encoder.set_max_bandwidth(Bandwidth::Narrow)?;
    encoder.set_signal(Signal::Voice)?;
    encoder.set_inband_fec(InbandFec::Mode1)?;
    encoder.set_packet_loss(LOSS)?;
    Ok(encoder)
}

impl fmt::Debug for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("opus::Decoder")
    }
}

impl fmt::Debug for Encoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("opus::Encoder")
    }
}
