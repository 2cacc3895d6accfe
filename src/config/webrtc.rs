//! `[webrtc]`: where browsers send their sound.

use std::net::IpAddr;

use serde::Deserialize;

use super::{ConfigError, Sip, in_range, setting};
use crate::kernel::limits::CALLS_MAX;

/// The address of an agent who has no other telephone than their browser.
pub const BROWSER: &str = "browser";

/// Browsers as telephones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webrtc {
    /// The address of this machine on which their sound comes in, on the ports of `sip.rtp_ports`.
    pub bind: IpAddr,
    /// As browsers reach it.
    pub advertise: IpAddr,
    /// Citizens who call from a browser at once; 0: none may.
    pub calls_max: usize,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Raw {
    bind: Option<String>,
    advertise: Option<String>,
    calls: usize,
}

impl Default for Raw {
    fn default() -> Self {
        Raw { bind: None, advertise: None, calls: 64 }
    }
}

impl Raw {
    /// What is not said is as telephones have it.
    pub(super) fn check(self, sip: &Sip) -> Result<Webrtc, ConfigError> {
        let address = |name, text: Option<String>| {
            let read = text.map(|text| {
                let wrong = |_| setting(name, &text, "give an IP address like 192.0.2.7");
                text.parse::<IpAddr>().map_err(wrong)
            });
            read.transpose()
        };
        let bind = address("webrtc.bind", self.bind)?;
        let advertise = match (address("webrtc.advertise", self.advertise)?, bind) {
            (Some(advertise), _) => advertise,
            (None, Some(bind)) if bind.is_unspecified() => {
                let remedy = "with a bind to every address say in webrtc.advertise which one browsers send to";
                return Err(setting("webrtc.bind", bind, remedy));
            }
            (None, Some(bind)) => bind,
            (None, None) => sip.advertise,
        };
        if advertise.is_unspecified() {
            let remedy = "give the one address that browsers reach this machine at";
            return Err(setting("webrtc.advertise", advertise, remedy));
        }
        Ok(Webrtc {
            bind: bind.unwrap_or(sip.bind.ip()),
            advertise,
            calls_max: in_range("webrtc.calls", self.calls, 0..=CALLS_MAX)?,
        })
    }
}
