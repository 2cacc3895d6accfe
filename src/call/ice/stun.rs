//! Checks of ICE as STUN writes them (RFC 8489): a request read, its three answers written.

use std::net::{IpAddr, SocketAddr};

use flate2::Crc;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

const COOKIE: [u8; 4] = 0x2112_A442_u32.to_be_bytes();
const HEADER: usize = 20;
const TRANSACTION: usize = 12;
/// Digest of MESSAGE-INTEGRITY, and the attribute with its own header.
const DIGEST: usize = 20;
const INTEGRITY: usize = 4 + DIGEST;
const FINGERPRINT: usize = 8;
const FINGERPRINT_MASK: u32 = 0x5354_554e;
/// A check has fewer than 200 octets; whoever sends more sends something else.
const BYTES_MAX: usize = 1_024;
/// Names no browser is without, and more than they use.
const UNKNOWN_MAX: usize = 16;

const BINDING_REQUEST: u16 = 0x0001;
const BINDING_SUCCESS: u16 = 0x0101;
const BINDING_ERROR: u16 = 0x0111;

mod attribute {
    pub const USERNAME: u16 = 0x0006;
    pub const MESSAGE_INTEGRITY: u16 = 0x0008;
    pub const ERROR_CODE: u16 = 0x0009;
    pub const UNKNOWN_ATTRIBUTES: u16 = 0x000a;
    pub const XOR_MAPPED_ADDRESS: u16 = 0x0020;
    pub const PRIORITY: u16 = 0x0024;
    pub const USE_CANDIDATE: u16 = 0x0025;
    pub const FINGERPRINT: u16 = 0x8028;
    pub const ICE_CONTROLLED: u16 = 0x8029;
    /// From here on what is not understood may be passed over.
    pub const OPTIONAL: u16 = 0x8000;
}

/// Why a datagram is no check of ours.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum StunError {
    #[error("not a STUN message")]
    NotStun,
    #[error("not a Binding request")]
    NotRequest,
    #[error("an attribute is longer than the message")]
    Cut,
    #[error("not signed")]
    Unsigned,
    #[error("not signed with our password")]
    Unauthentic,
    #[error("the fingerprint does not fit")]
    Fingerprint,
}

/// Whether a datagram on a port for sound is a STUN message (RFC 7983, 7).
pub fn is_stun(datagram: &[u8]) -> bool {
    datagram.first().is_some_and(|first| *first < 4)
        && datagram.len() >= HEADER
        && datagram.get(4..8) == Some(&COOKIE)
}

/// A check that carries the right signature.
#[derive(Debug)]
pub struct Request<'a> {
    transaction: [u8; TRANSACTION],
    key: &'a [u8],
    pub username: &'a [u8],
    pub use_candidate: bool,
    /// The sender takes itself for the one who does not decide.
    pub controlled: bool,
    /// What must be understood and is not.
    pub unknown: Vec<u16>,
}

impl<'a> Request<'a> {
    /// `key`: the password that checks are signed with.
    pub fn read(datagram: &'a [u8], key: &'a [u8]) -> Result<Self, StunError> {
        if !is_stun(datagram) || datagram.len() > BYTES_MAX {
            return Err(StunError::NotStun);
        }
        let word = |at: usize| -> Option<u16> {
            Some(u16::from_be_bytes([*datagram.get(at)?, *datagram.get(at + 1)?]))
        };
        if word(2).map(usize::from) != Some(datagram.len() - HEADER)
            || !datagram.len().is_multiple_of(4)
        {
            return Err(StunError::NotStun);
        }
        if word(0) != Some(BINDING_REQUEST) {
            return Err(StunError::NotRequest);
        }
        let transaction = datagram.get(8..HEADER).and_then(|id| id.try_into().ok());
        let mut request = Request {
            transaction: transaction.ok_or(StunError::NotStun)?,
            key,
            username: &[],
            use_candidate: false,
            controlled: false,
            unknown: Vec::new(),
        };
        let mut at = HEADER;
        while at < datagram.len() {
            let (Some(kind), Some(length)) = (word(at), word(at + 2).map(usize::from)) else {
                return Err(StunError::Cut);
            };
            let value = datagram.get(at + 4..at + 4 + length).ok_or(StunError::Cut)?;
            if kind == attribute::MESSAGE_INTEGRITY {
                check(datagram, at, value, key)?;
                // What follows is not signed, and but for the fingerprint not read (RFC 8489, 14.5).
                fingerprint(datagram, at + INTEGRITY)?;
                return Ok(request);
            }
            request.take(kind, value);
            at += 4 + length.next_multiple_of(4);
        }
        Err(StunError::Unsigned)
    }

    fn take(&mut self, kind: u16, value: &'a [u8]) {
        match kind {
            attribute::USERNAME => self.username = value,
            attribute::USE_CANDIDATE => self.use_candidate = true,
            attribute::ICE_CONTROLLED => self.controlled = true,
            attribute::PRIORITY => {}
            kind if kind < attribute::OPTIONAL && self.unknown.len() < UNKNOWN_MAX => {
                self.unknown.push(kind);
            }
            _ => {}
        }
    }

    /// The check has arrived, from there.
    pub fn success(&self, from: SocketAddr) -> Vec<u8> {
        let mut mapped = vec![0, if from.is_ipv4() { 1 } else { 2 }];
        let [high, low] = from.port().to_be_bytes();
        mapped.extend([high ^ COOKIE[0], low ^ COOKIE[1]]);
        let mask = COOKIE.into_iter().chain(self.transaction);
        match from.ip() {
            IpAddr::V4(ip) => mapped.extend(ip.octets().into_iter().zip(mask).map(|(o, m)| o ^ m)),
            IpAddr::V6(ip) => mapped.extend(ip.octets().into_iter().zip(mask).map(|(o, m)| o ^ m)),
        }
        self.signed(BINDING_SUCCESS, &[(attribute::XOR_MAPPED_ADDRESS, &mapped)])
    }

    /// 420 (RFC 8489, 6.3.1).
    pub fn unknown_attributes(&self) -> Vec<u8> {
        let named: Vec<u8> = self.unknown.iter().flat_map(|kind| kind.to_be_bytes()).collect();
        self.signed(
            BINDING_ERROR,
            &[
                (attribute::ERROR_CODE, b"\0\0\x04\x14Unknown Attribute"),
                (attribute::UNKNOWN_ATTRIBUTES, &named),
            ],
        )
    }

    /// 487 (RFC 8445, 7.3.1.1): the sender shall decide.
    pub fn role_conflict(&self) -> Vec<u8> {
        self.signed(BINDING_ERROR, &[(attribute::ERROR_CODE, b"\0\0\x04\x57Role Conflict")])
    }

    fn signed(&self, kind: u16, attributes: &[(u16, &[u8])]) -> Vec<u8> {
        let mut message = Vec::with_capacity(128);
        message.extend(kind.to_be_bytes());
        message.extend([0, 0]);
        message.extend(COOKIE);
        message.extend(self.transaction);
        for (kind, value) in attributes {
            append(&mut message, *kind, value);
        }
        set_length(&mut message, INTEGRITY);
        let digest = digest(&message, self.key);
        append(&mut message, attribute::MESSAGE_INTEGRITY, &digest);
        set_length(&mut message, FINGERPRINT);
        let sum = sum(&message);
        append(&mut message, attribute::FINGERPRINT, &sum);
        message
    }
}

fn append(message: &mut Vec<u8>, kind: u16, value: &[u8]) {
    message.extend(kind.to_be_bytes());
    message.extend((value.len() as u16).to_be_bytes());
    message.extend(value);
    message.resize(message.len().next_multiple_of(4), 0);
}

/// The length as it will be with `more` octets.
fn set_length(message: &mut [u8], more: usize) {
    let length = (message.len() - HEADER + more) as u16;
    if let Some(field) = message.get_mut(2..4) {
        field.copy_from_slice(&length.to_be_bytes());
    }
}

/// What stands before `at`, with the length that the message would have if it ended at `end`.
fn until(datagram: &[u8], at: usize, end: usize) -> Option<Vec<u8>> {
    let mut head = datagram.get(..at)?.to_vec();
    let length = (end - HEADER) as u16;
    head.get_mut(2..4)?.copy_from_slice(&length.to_be_bytes());
    Some(head)
}

fn check(datagram: &[u8], at: usize, value: &[u8], key: &[u8]) -> Result<(), StunError> {
    let head = until(datagram, at, at + INTEGRITY).ok_or(StunError::Cut)?;
    let mut mac = Hmac::<Sha1>::new_from_slice(key).map_err(|_| StunError::Unauthentic)?;
    mac.update(&head);
    mac.verify_slice(value).map_err(|_| StunError::Unauthentic)
}

/// A fingerprint is optional; one that is there must fit.
fn fingerprint(datagram: &[u8], at: usize) -> Result<(), StunError> {
    let kind = datagram.get(at..at + 2).map(|kind| u16::from_be_bytes([kind[0], kind[1]]));
    if kind != Some(attribute::FINGERPRINT) {
        return Ok(());
    }
    let head = until(datagram, at, at + FINGERPRINT).ok_or(StunError::Cut)?;
    match datagram.get(at + 4..at + FINGERPRINT) {
        Some(given) if given == sum(&head) => Ok(()),
        _ => Err(StunError::Fingerprint),
    }
}

fn digest(message: &[u8], key: &[u8]) -> [u8; DIGEST] {
    // A key of any length will do: it does not fail.
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(key) else { return [0; DIGEST] };
    mac.update(message);
    mac.finalize().into_bytes().into()
}

fn sum(message: &[u8]) -> [u8; 4] {
    let mut crc = Crc::new();
    crc.update(message);
    (crc.sum() ^ FINGERPRINT_MASK).to_be_bytes()
}
