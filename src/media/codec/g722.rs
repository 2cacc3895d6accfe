//! G.722 at 64 kbit/s (ITU-T Recommendation G.722, 09/2012) for a house that speaks at 8 kHz. The codec splits its 16 kHz
//! into two bands of 8 kHz each, and the lower one is the telephone band: so it alone is decoded, without the filters that
//! join the two. What we send is brought to 16 kHz first. (The crate's encoder has a mode without its filters too, but
//! that codes silence whatever it is given.)

use std::f32::consts::PI;
use std::fmt;
use std::sync::LazyLock;

use audio_codec::g722::{Bitrate, G722Decoder, G722Encoder};
use audio_codec::{Decoder, Encoder};

/// Samples either side of the one between two that an interpolated one is made of.
const REACH: usize = 8;

pub(super) struct LowerBandEncoder {
    coder: G722Encoder,
    /// The last samples of what came before.
    past: [f32; 2 * REACH],
}

impl Default for LowerBandEncoder {
    fn default() -> Self {
        LowerBandEncoder { coder: G722Encoder::new(), past: [0.0; 2 * REACH] }
    }
}

impl LowerBandEncoder {
    pub(super) fn encode(&mut self, samples: &[i16]) -> Vec<u8> {
        let doubled = self.doubled(samples);
        let mut out = vec![0; samples.len()];
        let length = self.coder.encode_into(&doubled, &mut out).unwrap_or(0);
        out.truncate(length);
        out
    }

    /// The same sound at 16 kHz, a millisecond later: between every two samples one by a windowed sinc.
    fn doubled(&mut self, samples: &[i16]) -> Vec<i16> {
        let mut out = Vec::with_capacity(2 * samples.len());
        for &sample in samples {
            self.past.copy_within(1.., 0);
            self.past[2 * REACH - 1] = f32::from(sample);
            out.push(self.past[REACH - 1] as i16);
            let pairs = (0..REACH)
                .map(|tap| HALF_BAND[tap] * (self.past[REACH - 1 - tap] + self.past[REACH + tap]));
            out.push(pairs.sum::<f32>().round() as i16);
        }
        out
    }
}

static HALF_BAND: LazyLock<[f32; REACH]> = LazyLock::new(|| {
    std::array::from_fn(|tap| {
        let x = tap as f32 + 0.5;
        let window = 0.5 + 0.5 * (PI * x / (REACH as f32 + 0.5)).cos();
        (PI * x).sin() / (PI * x) * window
    })
});

pub(super) struct LowerBandDecoder(G722Decoder);

impl Default for LowerBandDecoder {
    fn default() -> Self {
        LowerBandDecoder(G722Decoder::with_options(Bitrate::Mode1_64000, false, true))
    }
}

impl LowerBandDecoder {
    pub(super) fn decode(&mut self, payload: &[u8], out: &mut Vec<i16>) {
        let start = out.len();
        out.resize(start + payload.len(), 0);
        let length = self.0.decode_into(payload, &mut out[start..]).unwrap_or(0);
        out.truncate(start + length);
    }
}

impl fmt::Debug for LowerBandEncoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LowerBandEncoder")
    }
}

impl fmt::Debug for LowerBandDecoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LowerBandDecoder")
    }
}
