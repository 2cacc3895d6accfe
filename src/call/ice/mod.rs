//! The lite end of ICE (RFC 8445, 2.5): browsers find the way to us, we answer their checks and send where they say.
//!
//! We have one address that others reach; so nothing is gathered, no check is sent, and what a browser names as its own
//! addresses, hidden behind mDNS or not, need not be read. A check counts when it carries our user name and is signed with our
//! password, which travelled in our description; what does not is dropped without a word, since nobody has proved the address it
//! says it comes from.

pub mod stun;

use std::net::SocketAddr;

pub use stun::{StunError, is_stun};

use crate::kernel::Moment;
use stun::Request;

/// Letters of our user fragment and password; RFC 8445, 5.3 asks for 4 and 22 at least.
pub const FRAGMENT: usize = 8;
pub const PASSWORD: usize = 24;
/// A browser checks every 2.5 seconds; who has not for so long is gone. Consent (RFC 7675) would last for 30.
pub const GONE_MS: u64 = 12_000;

/// What is asked of those who check; drawn anew for every leg.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Credentials {
    fragment: [u8; FRAGMENT],
    password: [u8; PASSWORD],
}

impl Credentials {
    /// Out of the operating system's randomness.
    pub fn new(chance: [u8; FRAGMENT + PASSWORD]) -> Self {
        // RFC 8445, 5.3: letters, digits, + and /: 64 of them, so that every octet gives one.
        const LETTERS: &[u8; 64] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let letter = |at: usize| LETTERS[usize::from(chance[at] & 63)];
        Credentials {
            fragment: std::array::from_fn(letter),
            password: std::array::from_fn(|at| letter(FRAGMENT + at)),
        }
    }

    /// `a=ice-ufrag`.
    pub fn fragment(&self) -> &str {
        std::str::from_utf8(&self.fragment).unwrap_or_default()
    }

    /// `a=ice-pwd`: for our description, which travels to the browser and nowhere else.
    pub fn password(&self) -> &str {
        std::str::from_utf8(&self.password).unwrap_or_default()
    }
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credentials(***)")
    }
}

/// One leg's end.
#[derive(Debug)]
pub struct Lite {
    ours: Credentials,
    /// `OURS:THEIRS`, as every check must say (RFC 8445, 7.2.2).
    name: String,
    selected: Option<SocketAddr>,
    /// When a check last proved itself.
    checked: Moment,
}

impl Lite {
    /// `theirs`: the user fragment in the browser's description.
    pub fn new(now: Moment, ours: Credentials, theirs: &str) -> Self {
        let name = format!("{}:{theirs}", ours.fragment());
        Lite { ours, name, selected: None, checked: now }
    }

    /// Takes in a datagram for which [`is_stun`] holds, and gives the reply to where it came from, if there is one.
    pub fn handle(&mut self, now: Moment, from: SocketAddr, datagram: &[u8]) -> Option<Vec<u8>> {
        let request = Request::read(datagram, self.ours.password().as_bytes()).ok()?;
        if request.username != self.name.as_bytes() {
            return None;
        }
        if !request.unknown.is_empty() {
            return Some(request.unknown_attributes());
        }
        // Who has no lite end decides (RFC 8445, 6.1.1).
        if request.controlled {
            return Some(request.role_conflict());
        }
        self.checked = now;
        if request.use_candidate {
            self.selected = Some(from);
        }
        Some(request.success(from))
    }

    /// Where the browser wants us to send, once it has said so.
    pub fn selected(&self) -> Option<SocketAddr> {
        self.selected
    }

    /// Whether the browser has not been heard of for [`GONE_MS`].
    pub fn gone(&self, now: Moment) -> bool {
        now.since(self.checked) >= GONE_MS
    }
}
