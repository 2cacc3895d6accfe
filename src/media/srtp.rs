//! SRTP and SRTCP (RFC 3711) with keys from the signalling (SDES, RFC 4568): one leg's packets protected and unprotected.
//!
//! The cipher is the crate's. Around it stand three checks of ours: a header is only read where it is whole, a source is
//! remembered only after its first packet has proved itself, so that forged ones fill no memory, and an SRTCP packet that
//! says of itself that it is not encrypted is refused (the crate would not look at its tag).

use std::fmt;
use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use webrtc_srtp::context::Context;
use webrtc_srtp::option::{srtcp_replay_protection, srtp_replay_protection};
use webrtc_srtp::protection_profile::ProtectionProfile;

use super::MediaError;
use super::rtp::Refusal;
use super::rtp::header;
use crate::kernel::limits;

/// Octets of a master key and its salt (RFC 4568, 6.1).
const KEY: usize = 16;
const KEY_AND_SALT: usize = 30;
/// Packets that may come out of their order without being taken for a replay (RFC 3711, 3.3.2: at least 64).
const REPLAY_WINDOW: usize = 128;
/// SSRC, index and tag: what an SRTCP packet has at least.
const SRTCP_LEAST: usize = 8 + 4 + 10;

/// How packets are protected. Both suites encrypt alike; they differ in the length of the tag on RTP.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Suite {
    AesCm128HmacSha1Tag80,
    AesCm128HmacSha1Tag32,
}

impl Suite {
    /// What we offer, best first.
    pub const ALL: [Suite; 2] = [Suite::AesCm128HmacSha1Tag80, Suite::AesCm128HmacSha1Tag32];

    /// Its name in `a=crypto` (RFC 4568, 6.2).
    pub const fn name(self) -> &'static str {
        match self {
            Suite::AesCm128HmacSha1Tag80 => "AES_CM_128_HMAC_SHA1_80",
            Suite::AesCm128HmacSha1Tag32 => "AES_CM_128_HMAC_SHA1_32",
        }
    }

    pub fn from_name(name: &str) -> Option<Suite> {
        Suite::ALL.into_iter().find(|suite| suite.name() == name)
    }

    const fn profile(self) -> ProtectionProfile {
        match self {
            Suite::AesCm128HmacSha1Tag80 => ProtectionProfile::Aes128CmHmacSha1_80,
            Suite::AesCm128HmacSha1Tag32 => ProtectionProfile::Aes128CmHmacSha1_32,
        }
    }
}

/// A master key with its salt. Never printed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct MasterKey([u8; KEY_AND_SALT]);

impl MasterKey {
    /// The bytes must come of the operating system's randomness.
    pub const fn new(bytes: [u8; KEY_AND_SALT]) -> Self {
        MasterKey(bytes)
    }

    /// As it stands in `a=crypto` after `inline:`, in base64.
    pub fn from_base64(text: &str) -> Option<Self> {
        STANDARD.decode(text).ok()?.try_into().ok().map(MasterKey)
    }

    /// For our own description, which travels to the peer and nowhere else.
    pub fn to_base64(self) -> String {
        STANDARD.encode(self.0)
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// What the two descriptions agreed on: each end protects with its own key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Keys {
    pub suite: Suite,
    pub ours: MasterKey,
    pub theirs: MasterKey,
}

fn context(suite: Suite, key: &MasterKey) -> Result<Context, MediaError> {
    let (key, salt) = key.0.split_at(KEY);
    Context::new(
        key,
        salt,
        suite.profile(),
        Some(srtp_replay_protection(REPLAY_WINDOW)),
        Some(srtcp_replay_protection(REPLAY_WINDOW)),
    )
    .map_err(|error| MediaError::Protection { what: error.to_string() })
}

/// Protects what we send.
///
/// The crate's context may move between threads and not be shared by them; nobody ever waits for the lock around it.
pub struct Outbound(Mutex<Context>);

impl Outbound {
    pub fn new(suite: Suite, ours: &MasterKey) -> Result<Self, MediaError> {
        context(suite, ours).map(|context| Outbound(Mutex::new(context)))
    }

    /// A whole RTP packet of ours.
    pub fn rtp(&mut self, packet: &[u8]) -> Result<Bytes, MediaError> {
        let fault = |what: String| MediaError::Protection { what };
        let (header, _) = header(packet).map_err(|refusal| fault(format!("{refusal:?}")))?;
        let protected = own(&mut self.0).encrypt_rtp_with_header(packet, &header);
        protected.map_err(|error| fault(error.to_string()))
    }

    /// A whole compound RTCP packet of ours.
    pub fn rtcp(&mut self, packet: &[u8]) -> Result<Bytes, MediaError> {
        let protected = own(&mut self.0).encrypt_rtcp(packet);
        protected.map_err(|error| MediaError::Protection { what: error.to_string() })
    }
}

fn own<T>(lock: &mut Mutex<T>) -> &mut T {
    lock.get_mut().unwrap_or_else(PoisonError::into_inner)
}

/// Takes the protection off what the peer sends.
pub struct Inbound {
    suite: Suite,
    theirs: MasterKey,
    /// By SSRC, oldest first: each has proved that it holds the key.
    sources: Mutex<Vec<(u32, Context)>>,
}

impl Inbound {
    pub const fn new(suite: Suite, theirs: MasterKey) -> Self {
        Inbound { suite, theirs, sources: Mutex::new(Vec::new()) }
    }

    /// The plain RTP packet.
    pub fn rtp(&mut self, datagram: &[u8]) -> Result<Bytes, Refusal> {
        let (header, _) = header(datagram)?;
        self.with(header.ssrc, |context| {
            context.decrypt_rtp_with_header(datagram, &header).map_err(|_| Refusal::Unauthentic)
        })
    }

    /// The plain RTCP packet.
    pub fn rtcp(&mut self, datagram: &[u8]) -> Result<Bytes, Refusal> {
        if datagram.len() < SRTCP_LEAST {
            return Err(Refusal::Short);
        }
        // What says that it is not encrypted the crate would pass on unproved.
        if datagram[datagram.len() - SRTCP_LEAST + 8] & 0x80 == 0 {
            return Err(Refusal::Unauthentic);
        }
        let ssrc = u32::from_be_bytes([datagram[4], datagram[5], datagram[6], datagram[7]]);
        self.with(ssrc, |context| context.decrypt_rtcp(datagram).map_err(|_| Refusal::Unauthentic))
    }

    fn with(
        &mut self,
        ssrc: u32,
        decrypt: impl FnOnce(&mut Context) -> Result<Bytes, Refusal>,
    ) -> Result<Bytes, Refusal> {
        let sources = own(&mut self.sources);
        if let Some((_, context)) = sources.iter_mut().find(|(known, _)| *known == ssrc) {
            return decrypt(context);
        }
        let mut fresh = context(self.suite, &self.theirs).map_err(|_| Refusal::Unauthentic)?;
        let plain = decrypt(&mut fresh)?;
        if sources.len() >= limits::SRTP_SOURCES {
            sources.remove(0);
        }
        sources.push((ssrc, fresh));
        Ok(plain)
    }
}

impl fmt::Debug for Outbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Outbound(***)")
    }
}

impl fmt::Debug for Inbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Inbound(***)")
    }
}
