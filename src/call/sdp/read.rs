//! Reading a description.

use std::net::IpAddr;

use super::crypto::Crypto;
use super::{BYTES_MAX, Direction, MEDIA_MAX, SdpError};
use crate::media::Codec;

/// One `m=` line with what belongs to it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Media {
    /// The line's own words, to be refused in the same words.
    pub(super) kind: String,
    pub(super) port: u16,
    pub(super) proto: String,
    pub(super) formats: Vec<String>,
    pub(super) address: Option<IpAddr>,
    /// (payload type, encoding name, clock rate)
    pub(super) maps: Vec<(u8, String, u32)>,
    pub(super) ptime: Option<u32>,
    pub(super) maxptime: Option<u32>,
    /// Port of `a=rtcp`.
    pub(super) rtcp: Option<u16>,
    pub(super) crypto: Vec<Result<Crypto, &'static str>>,
    pub(super) direction: Option<Direction>,
    pub(super) web: Web,
}

/// What only browsers write: how they are reached and who they are.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Web {
    /// `a=ice-ufrag`.
    pub(super) fragment: Option<String>,
    /// `a=fingerprint` by SHA-256.
    pub(super) fingerprint: Option<[u8; 32]>,
    /// `a=setup`.
    pub(super) setup: Option<String>,
    /// `a=mid`.
    pub(super) mid: Option<String>,
    /// `a=rtcp-mux`.
    pub(super) mux: bool,
}

impl Web {
    /// Whether the attribute is one of these.
    fn take(&mut self, name: &str, value: &str) -> bool {
        let value = value.trim();
        match name {
            "ice-ufrag" => self.fragment = Some(value.to_owned()),
            "fingerprint" => self.fingerprint = read_fingerprint(value).or(self.fingerprint),
            "setup" => self.setup = Some(value.to_owned()),
            "mid" => self.mid = Some(value.to_owned()),
            "rtcp-mux" => self.mux = true,
            _ => return false,
        }
        true
    }

    /// What stands above the first `m=` line holds for all that do not say otherwise.
    pub(super) fn or(&self, above: &Web) -> Web {
        Web {
            fragment: self.fragment.clone().or_else(|| above.fragment.clone()),
            fingerprint: self.fingerprint.or(above.fingerprint),
            setup: self.setup.clone().or_else(|| above.setup.clone()),
            mid: self.mid.clone(),
            mux: self.mux,
        }
    }
}

/// `sha-256 12:AB:…` (RFC 8122, 5); others are passed over, as a browser sends this one at least.
fn read_fingerprint(value: &str) -> Option<[u8; 32]> {
    let (name, octets) = value.split_once(' ')?;
    if !name.eq_ignore_ascii_case("sha-256") {
        return None;
    }
    let octets = octets.trim().split(':').map(|octet| u8::from_str_radix(octet, 16));
    let octets: Vec<u8> = octets.collect::<Result<_, _>>().ok()?;
    octets.try_into().ok()
}

/// A description as read.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Description {
    pub(super) address: Option<IpAddr>,
    pub(super) direction: Option<Direction>,
    pub(super) media: Vec<Media>,
    /// What is said of all of them.
    pub(super) web: Web,
}

/// Reads a description: an offer or an answer.
pub fn parse(text: &str) -> Result<Description, SdpError> {
    if text.trim().is_empty() {
        return Err(SdpError::Empty);
    }
    if text.len() > BYTES_MAX {
        return Err(SdpError::TooLong);
    }
    let mut description = Description::default();
    for (index, raw) in text.lines().enumerate() {
        let line = raw.trim_end();
        if line.is_empty() {
            continue;
        }
        let number = index + 1;
        let Some((kind, value)) = line.split_once('=').filter(|(kind, _)| kind.len() == 1) else {
            return Err(SdpError::Line { line: number, problem: "is not of the form x=value" });
        };
        let fault = |problem| SdpError::Line { line: number, problem };
        match kind {
            "v" if value.trim() != "0" => return Err(fault("v= must be 0")),
            "c" => {
                let address = read_connection(value).map_err(fault)?;
                match description.media.last_mut() {
                    Some(media) => media.address = Some(address),
                    None => description.address = Some(address),
                }
            }
            "m" if description.media.len() == MEDIA_MAX => return Err(SdpError::TooLong),
            "m" => description.media.push(read_media(value).map_err(fault)?),
            "a" => description.attribute(value).map_err(fault)?,
            _ => {}
        }
    }
    Ok(description)
}

/// `IN IP4 192.0.2.1`, perhaps with a TTL after a slash.
fn read_connection(value: &str) -> Result<IpAddr, &'static str> {
    let mut words = value.split_whitespace();
    let (Some("IN"), Some(family), Some(address)) = (words.next(), words.next(), words.next())
    else {
        return Err("c= is not like `IN IP4 192.0.2.1`");
    };
    let address = address.split('/').next().unwrap_or(address);
    let address: IpAddr =
        address.parse().map_err(|_| "c= holds no IP address (names are not looked up)")?;
    match (family, address) {
        ("IP4", IpAddr::V4(_)) | ("IP6", IpAddr::V6(_)) => Ok(address),
        _ => Err("c= names one family of addresses and holds another"),
    }
}

/// `audio 49170 RTP/AVP 8 0 101`; the port may have a count after a slash.
fn read_media(value: &str) -> Result<Media, &'static str> {
    let mut words = value.split_whitespace();
    let (Some(kind), Some(port), Some(proto)) = (words.next(), words.next(), words.next()) else {
        return Err("m= needs a kind, a port, a protocol and formats");
    };
    let port = port.split('/').next().unwrap_or(port);
    let port = port.parse().map_err(|_| "m= has no port from 0 to 65535")?;
    let formats: Vec<String> = words.map(str::to_owned).collect();
    if formats.is_empty() {
        return Err("m= has no format");
    }
    Ok(Media {
        kind: kind.to_owned(),
        port,
        proto: proto.to_owned(),
        formats,
        address: None,
        maps: Vec::new(),
        ptime: None,
        maxptime: None,
        rtcp: None,
        crypto: Vec::new(),
        direction: None,
        web: Web::default(),
    })
}

/// `8 PCMA/8000` or `8 PCMA/8000/1`; Opus is always `opus/48000/2` (RFC 7587, 4.1), whatever is sent.
fn read_map(value: &str) -> Option<(u8, String, u32)> {
    let (payload_type, encoding) = value.trim().split_once(' ')?;
    let mut parts = encoding.trim().split('/');
    let name = parts.next()?.to_owned();
    let rate = parts.next()?.trim().parse().ok()?;
    let channels = if name.eq_ignore_ascii_case(Codec::Opus.name()) { "2" } else { "1" };
    match parts.next() {
        None => Some((payload_type.parse().ok()?, name, rate)),
        Some(given) if given == channels => Some((payload_type.parse().ok()?, name, rate)),
        Some(_) => None,
    }
}

impl Description {
    fn attribute(&mut self, value: &str) -> Result<(), &'static str> {
        let (name, argument) = value.split_once(':').unwrap_or((value, ""));
        if let Some(direction) = Direction::from_attribute(name.trim()) {
            match self.media.last_mut() {
                Some(media) => media.direction = Some(direction),
                None => self.direction = Some(direction),
            }
            return Ok(());
        }
        let web = self.media.last_mut().map_or(&mut self.web, |media| &mut media.web);
        if web.take(name, argument) {
            return Ok(());
        }
        let Some(media) = self.media.last_mut() else { return Ok(()) };
        match name {
            // A map that cannot be read belongs to a format that we do not know: not chosen, no fault.
            "rtpmap" => media.maps.extend(read_map(argument)),
            "ptime" => {
                let ptime: f32 = argument.trim().parse().map_err(|_| "a=ptime is not a number")?;
                media.ptime = Some(ptime as u32);
            }
            "maxptime" => {
                media.maxptime = argument.trim().parse().ok().map(|most: f32| most as u32);
            }
            "rtcp" => {
                media.rtcp = argument.split_whitespace().next().and_then(|port| port.parse().ok());
            }
            "crypto" if media.crypto.len() < MEDIA_MAX => {
                media.crypto.push(Crypto::read(argument));
            }
            _ => {}
        }
        Ok(())
    }
}
