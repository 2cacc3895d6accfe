//! `[[sip.peers]]`: with whom sound is protected otherwise than with the rest.

use serde::Deserialize;

use super::ConfigError;
use crate::call::sdp::Security;
use crate::call::sdp::policy::Who;

pub(super) const SECURITY: &str = "say off, offered or required";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Raw {
    peer: String,
    srtp: String,
}

/// Entries are counted from one in what is said of them.
pub(super) fn check(raw: Vec<Raw>) -> Result<Vec<(Who, Security)>, ConfigError> {
    let mut rules: Vec<(Who, Security)> = Vec::with_capacity(raw.len());
    for (Raw { peer, srtp }, entry) in raw.into_iter().zip(1..) {
        let fault = |field, value: &str, remedy| {
            Err(ConfigError::Peer { entry, field, value: value.to_owned(), remedy })
        };
        let Some(who) = Who::parse(&peer) else {
            let remedy = "give an address, a block like 198.51.100.0/24, or a host like sbc.example.cn or *.example.cn";
            return fault("peer", &peer, remedy);
        };
        let Some(security) = Security::from_key(&srtp) else {
            return fault("srtp", &srtp, SECURITY);
        };
        if rules.iter().any(|(known, _)| *known == who) {
            return fault("peer", &peer, "an entry above is for the same peer; keep one of them");
        }
        rules.push((who, security));
    }
    Ok(rules)
}
