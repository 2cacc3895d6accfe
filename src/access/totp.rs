//! The second factor: TOTP (RFC 6238) with HMAC-SHA-1, six digits and thirty seconds, which is what every authenticator app
//! takes. A code counts once: who has seen it typed cannot use it again.

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

use super::AccessError;
use crate::kernel::{Pii, Wall};

pub const DIGITS: usize = 6;
pub const STEP_S: i64 = 30;
/// RFC 4226, 4 asks for 128 bits and recommends 160.
pub const SECRET_BYTES: usize = 20;
/// Clocks of telephones may be a step off, either way (RFC 6238, 5.2).
const DRIFT_STEPS: i64 = 1;
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// What app and service share.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Secret(Pii<[u8; SECRET_BYTES]>);

impl Secret {
    pub const fn new(bytes: [u8; SECRET_BYTES]) -> Secret {
        Secret(Pii::new(bytes))
    }

    /// Base32 (RFC 4648, 6), as it is kept and typed into an app: spaces and small letters are let pass.
    pub fn parse(text: &str) -> Result<Secret, AccessError> {
        let (mut bytes, mut at) = ([0u8; SECRET_BYTES], 0usize);
        let (mut bits, mut held) = (0u32, 0u32);
        for c in text.bytes().filter(|c| !c.is_ascii_whitespace()) {
            let upper = c.to_ascii_uppercase();
            let value =
                ALPHABET.iter().position(|known| *known == upper).ok_or(AccessError::Secret)?;
            bits = (bits << 5) | value as u32;
            held += 5;
            if held >= 8 {
                held -= 8;
                *bytes.get_mut(at).ok_or(AccessError::Secret)? = (bits >> held) as u8;
                bits &= (1 << held) - 1;
                at += 1;
            }
        }
        if at == SECRET_BYTES && held == 0 {
            Ok(Secret::new(bytes))
        } else {
            Err(AccessError::Secret)
        }
    }

    /// 32 characters of base32: for the store and for whoever enrols, never for a log.
    pub fn base32(&self) -> String {
        let mut text = String::with_capacity(SECRET_BYTES * 8 / 5);
        for five in self.0.reveal().chunks(5) {
            let word = five.iter().fold(0u64, |word, byte| (word << 8) | u64::from(*byte));
            for n in (0..8).rev() {
                let index = ((word >> (5 * n)) & 31) as usize;
                text.push(char::from(ALPHABET.get(index).copied().unwrap_or(b'A')));
            }
        }
        text
    }

    /// What an app reads from a picture or a link. `account` is a checked name, which needs no escape.
    pub fn uri(&self, account: &str) -> String {
        let secret = self.base32();
        format!(
            "otpauth://totp/Huiyin:{account}?secret={secret}&issuer=Huiyin&algorithm=SHA1&digits={DIGITS}&period={STEP_S}"
        )
    }

    /// The step whose code was given, where it is later than `used`, the last one that counted.
    pub fn accepts(&self, given: &str, now: Wall, used: i64) -> Option<i64> {
        let digits: String = given.chars().filter(|c| !c.is_whitespace()).collect();
        let step = step_of(now);
        let near = (step - DRIFT_STEPS)..=(step + DRIFT_STEPS);
        // All are compared, whichever it is.
        near.filter(|step| *step > used).fold(None, |found, step| {
            if same(&code_at(self, step), &digits) { Some(step) } else { found }
        })
    }
}

/// Takes the same time wherever they differ.
fn same(a: &str, b: &str) -> bool {
    let differ = a.bytes().zip(b.bytes()).fold(0u8, |differ, (x, y)| differ | (x ^ y));
    a.len() == b.len() && differ == 0
}

/// Steps since 1970.
pub const fn step_of(now: Wall) -> i64 {
    now.unix_ms.div_euclid(STEP_S * 1000)
}

/// The code of a step (RFC 4226, 5.3).
pub fn code_at(secret: &Secret, step: i64) -> String {
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(secret.0.reveal()) else { return String::new() };
    mac.update(&step.to_be_bytes());
    let sum = mac.finalize().into_bytes();
    let offset = usize::from(sum.last().copied().unwrap_or(0) & 15);
    let four = sum.iter().skip(offset).take(4);
    let number = four.fold(0u32, |number, byte| (number << 8) | u32::from(*byte)) & 0x7fff_ffff;
    format!("{:0width$}", number % 10u32.pow(DIGITS as u32), width = DIGITS)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B: the last six of the eight digits there.
    #[test]
    fn codes_are_those_of_the_rfc() {
        let secret = Secret::new(*b"12345678901234567890");
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            let now = Wall::from_ms(seconds * 1000);
            assert_eq!(code_at(&secret, step_of(now)), code, "{seconds}");
            assert_eq!(secret.accepts(code, now, 0), Some(seconds / 30));
        }
        assert_eq!(secret.base32(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    }

    #[test]
    fn a_code_counts_once_and_a_step_around_its_time() {
        let secret = Secret::new([9; SECRET_BYTES]);
        let now = Wall::from_ms(1_795_363_200_000);
        let step = step_of(now);
        for (off, accepted) in [(-2, false), (-1, true), (0, true), (1, true), (2, false)] {
            let code = code_at(&secret, step + off);
            assert_eq!(secret.accepts(&code, now, 0), accepted.then_some(step + off), "{off}");
        }
        let code = code_at(&secret, step);
        assert_eq!(secret.accepts(&code, now, step - 1), Some(step));
        assert_eq!(secret.accepts(&code, now, step), None, "it was used");
        for wrong in ["", "1", &code[..5], "abcdef", &format!("{code}0")] {
            assert_eq!(secret.accepts(wrong, now, 0), None, "{wrong}");
        }
    }

    #[test]
    fn a_secret_is_read_as_it_is_written() {
        for byte in [0u8, 1, 0x5a, 0xff] {
            let secret = Secret::new([byte; SECRET_BYTES]);
            let text = secret.base32();
            assert_eq!(text.len(), 32);
            assert_eq!(Secret::parse(&text), Ok(secret.clone()));
            assert_eq!(Secret::parse(&text.to_lowercase()), Ok(secret.clone()));
            assert!(!format!("{secret:?}").contains(&text));
            for broken in [&text[..31], &format!("{text}A"), "", "1", "GEZD!"] {
                assert_eq!(Secret::parse(broken), Err(AccessError::Secret), "{broken}");
            }
        }
    }
}
