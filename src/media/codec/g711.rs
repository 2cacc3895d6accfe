//! G.711, the codec of the telephone network: A-law (PCMA) and µ-law (PCMU), one byte a sample at 8 kHz.
//!
//! Source: ITU-T Recommendation G.711 (11/88), tables 1a to 2b. The arithmetic is written here instead of taken from
//! a crate because it is forty lines and because it must be exact: a code that is decoded and encoded again must be
//! the same code, or every bridge adds noise. (The crate `audio-codec` 0.4.13 codes A-law's negative samples half a step
//! off: 0x55 comes back as 0xd5, and 858 of the 65,536 samples get a code farther away than need be.)

/// Which of the two laws.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Law {
    A,
    Mu,
}

impl Law {
    /// The byte that decodes to (almost) nothing.
    pub const fn silence(self) -> u8 {
        match self {
            Law::A => 0xd5,
            Law::Mu => 0xff,
        }
    }

    pub fn encode(self, samples: &[i16]) -> Vec<u8> {
        samples.iter().map(|&sample| self.compress(sample)).collect()
    }

    /// Appends the samples of a payload of any length.
    pub fn decode(self, payload: &[u8], out: &mut Vec<i16>) {
        out.extend(payload.iter().map(|&code| self.expand(code)));
    }

    pub const fn compress(self, sample: i16) -> u8 {
        match self {
            Law::A => alaw_compress(sample),
            Law::Mu => ulaw_compress(sample),
        }
    }

    pub const fn expand(self, code: u8) -> i16 {
        match self {
            Law::A => ALAW_EXPAND[code as usize],
            Law::Mu => ULAW_EXPAND[code as usize],
        }
    }
}

/// Both laws are symmetric about minus one half of a step, which one's complement of a negative sample gives.
const fn magnitude(sample: i16) -> u16 {
    if sample < 0 { !sample as u16 } else { sample as u16 }
}

// A-law: 12 bits of magnitude; eight segments of sixteen steps, the first two of the same step; even bits inverted.
const fn alaw_compress(sample: i16) -> u8 {
    let magnitude = magnitude(sample) >> 4;
    let code = if magnitude < 32 {
        magnitude as u8
    } else {
        let exponent = 11 - magnitude.leading_zeros() as u8;
        ((exponent + 1) << 4) | ((magnitude >> exponent) as u8 & 0x0f)
    };
    let sign = if sample < 0 { 0 } else { 0x80 };
    (code | sign) ^ 0x55
}

const fn alaw_expand(code: u8) -> i16 {
    let code = code ^ 0x55;
    let segment = (code >> 4) & 0x07;
    let step = (code & 0x0f) as i16;
    // The middle of the step, in units of half a step of the first segment: at most 4032 * 8 = 32,256.
    let magnitude = match segment {
        0 => (step << 4) + 8,
        _ => ((step << 4) + 0x108) << (segment - 1),
    };
    if code & 0x80 != 0 { magnitude } else { -magnitude }
}

// µ-law: 13 bits of magnitude with a bias of 33, so that each segment begins at a power of two; all bits inverted.
const ULAW_BIAS: u16 = 33;

const fn ulaw_compress(sample: i16) -> u8 {
    let mut magnitude = (magnitude(sample) >> 2) + ULAW_BIAS;
    if magnitude > 0x1fff {
        magnitude = 0x1fff;
    }
    let exponent = 10 - magnitude.leading_zeros() as u8;
    let code = (exponent << 4) | ((magnitude >> (exponent + 1)) as u8 & 0x0f);
    let sign = if sample < 0 { 0x80 } else { 0 };
    !(code | sign)
}

const fn ulaw_expand(code: u8) -> i16 {
    let code = !code;
    let segment = (code >> 4) & 0x07;
    let step = (code & 0x0f) as i16;
    let magnitude = (((step << 3) + 0x84) << segment) - 4 * ULAW_BIAS as i16;
    if code & 0x80 != 0 { -magnitude } else { magnitude }
}

const ALAW_EXPAND: [i16; 256] = table(true);
const ULAW_EXPAND: [i16; 256] = table(false);

const fn table(alaw: bool) -> [i16; 256] {
    let mut out = [0; 256];
    let mut code = 0;
    while code < 256 {
        out[code] = if alaw { alaw_expand(code as u8) } else { ulaw_expand(code as u8) };
        code += 1;
    }
    out
}
