//! Whether sound is protected, peer by peer: one trunk demands SRTP, another has never heard of it.

use std::net::IpAddr;

use super::Security;
use crate::call::block::Block;

/// Which peers one rule is for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Who {
    /// By address: where their calls come from, and the host of the URI that we call.
    Block(Block),
    /// By name: the host of the URI that we call. Calls from such a peer are matched by address alone, as whoever calls may
    /// write any name.
    Host(String),
    /// By the end of the name: `*.example.cn`, kept as `.example.cn`.
    Under(String),
}

impl Who {
    /// From an address, a CIDR block, a host's name, or `*.` and the end of one. `None` where the text is none of them.
    pub fn parse(text: &str) -> Option<Who> {
        if let Some(block) = Block::parse(text) {
            return Some(Who::Block(block));
        }
        let name = text.strip_prefix("*.").unwrap_or(text);
        let label = |label: &str| {
            let known = |c: char| c.is_ascii_alphanumeric() || c == '-';
            !label.is_empty() && label.len() <= 63 && label.chars().all(known)
        };
        // Nothing that was meant for an address.
        let worded = name.chars().any(|c| c.is_ascii_alphabetic());
        if !worded || name.len() > 253 || !name.split('.').all(label) {
            return None;
        }
        let name = name.to_ascii_lowercase();
        Some(if text.starts_with("*.") { Who::Under(format!(".{name}")) } else { Who::Host(name) })
    }
}

/// The rules, and what holds for everybody else.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Policy {
    rules: Vec<(Who, Security)>,
    others: Security,
}

impl Policy {
    /// Of several rules for one address the longest block counts; of several for one name the longest.
    pub const fn new(rules: Vec<(Who, Security)>, others: Security) -> Self {
        Policy { rules, others }
    }

    /// For a call that comes from this address.
    pub fn from(&self, source: IpAddr) -> Security {
        let blocks = self.rules.iter().filter_map(|(who, security)| match who {
            Who::Block(block) if block.holds(source) => Some((block.length(), *security)),
            _ => None,
        });
        blocks.max_by_key(|(length, _)| *length).map_or(self.others, |(_, security)| security)
    }

    /// For a call to this SIP URI.
    pub fn to(&self, uri: &str) -> Security {
        let host = host(uri);
        if let Ok(ip) = host.trim_matches(['[', ']']).parse() {
            return self.from(ip);
        }
        let names = self.rules.iter().filter_map(|(who, security)| match who {
            Who::Host(name) if *name == host => Some((usize::MAX, *security)),
            Who::Under(end) if host.ends_with(end.as_str()) => Some((end.len(), *security)),
            _ => None,
        });
        names.max_by_key(|(length, _)| *length).map_or(self.others, |(_, security)| security)
    }
}

/// The host of a SIP URI, in small letters: without scheme, user, port and parameters.
fn host(uri: &str) -> String {
    let bare = uri.split_once(':').map_or(uri, |(_, rest)| rest);
    // A user part may hold `;` and `?`, so it goes first (RFC 3261 25.1).
    let bare = bare.rsplit_once('@').map_or(bare, |(_, rest)| rest);
    let bare = bare.split([';', '?']).next().unwrap_or_default();
    let host = match bare.find(']') {
        Some(end) => bare.get(..=end).unwrap_or_default(),
        None => bare.split(':').next().unwrap_or_default(),
    };
    host.trim_end_matches('.').to_ascii_lowercase()
}
