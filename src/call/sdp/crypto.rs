//! Keys in a description: `a=crypto` (RFC 4568).

use crate::media::srtp::{MasterKey, Suite};

/// One line that can be used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Crypto {
    pub(super) tag: u32,
    pub(super) suite: Suite,
    pub(super) key: MasterKey,
}

impl Crypto {
    /// `1 AES_CM_128_HMAC_SHA1_80 inline:KEY|2^20 WSH=64`; or why it cannot be used. A line that cannot be used is passed
    /// over, as another may do.
    pub(super) fn read(value: &str) -> Result<Self, &'static str> {
        let mut words = value.split_whitespace();
        let (Some(tag), Some(suite), Some(keys)) = (words.next(), words.next(), words.next())
        else {
            return Err("a=crypto needs a tag, a suite and a key");
        };
        let tag = tag.parse().map_err(|_| "the tag of a=crypto is not a number")?;
        let suite = Suite::from_name(suite)
            .ok_or("only AES_CM_128_HMAC_SHA1_80 and _32 are spoken here")?;
        // More than one key is for changing keys by MKI.
        let inline = keys.strip_prefix("inline:").filter(|key| !key.contains(';'));
        let inline = inline.ok_or("a=crypto needs one key after inline:")?;
        let mut parts = inline.split('|');
        let key = parts.next().and_then(MasterKey::from_base64);
        let key = key.ok_or("the key of a=crypto is not 30 octets in base64")?;
        if parts.any(|part| part.contains(':')) {
            return Err("a key with an MKI is not spoken here");
        }
        if words.any(changes_protection) {
            return Err("a=crypto asks for less protection, or for key derivation by a rate");
        }
        Ok(Crypto { tag, suite, key })
    }

    pub(super) fn written(&self) -> String {
        format!("{} {} inline:{}", self.tag, self.suite.name(), self.key.to_base64())
    }
}

/// Parameters without which packets could not be read; the size of a window is the peer's own affair.
fn changes_protection(parameter: &str) -> bool {
    !parameter.starts_with("WSH=") && !parameter.starts_with('-') && parameter != "KDR=0"
}
