//! A browser's offer and our answer to it (RFC 8829): one audio line, ICE lite on one address, keys by DTLS (RFC 5763), sound and
//! reports on one port (RFC 8834, RFC 5761).
//!
//! We never offer: who wants to call or to answer from a browser sends its offer over HTTP and has the answer in the reply.

use std::fmt::Write as _;
use std::net::SocketAddr;

use super::read::Media;
use super::write::{event, map};
use super::{Codecs, Direction, SdpError, parse};
use crate::call::ice::Credentials;
use crate::media::Codec;

/// RFC 8445, 5.1.2.1: a host candidate, the only one of its component.
const PRIORITY: u32 = (126 << 24) | (65_535 << 8) | 255;

/// Our end.
#[derive(Clone, Copy, Debug)]
pub struct Local<'a> {
    /// As the browser reaches it.
    pub addr: SocketAddr,
    /// `o=`: a number of the leg's own.
    pub session: u64,
    /// Best first.
    pub codecs: &'a Codecs,
    pub ice: &'a Credentials,
    /// SHA-256 of our certificate.
    pub fingerprint: [u8; 32],
}

/// What was agreed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Accord {
    pub codec: Codec,
    pub payload_type: u8,
    /// telephone-event's payload type.
    pub dtmf: Option<u8>,
    pub direction: Direction,
    pub ptime_ms: u32,
    /// The browser's user fragment.
    pub fragment: String,
    /// SHA-256 of the browser's certificate.
    pub fingerprint: [u8; 32],
}

/// Answers a browser's offer. We begin the handshake, so that its last flight is the browser's and nothing waits for us after it.
///
/// # Errors
/// What cannot be read, and what cannot be agreed: no sound, no codec of ours, no ICE, no DTLS, or no room for reports beside the
/// sound.
pub fn answer(offer: &str, local: &Local<'_>) -> Result<(String, Accord), SdpError> {
    let description = parse(offer)?;
    let mut problem = SdpError::NoAudio("there is no m=audio line");
    let mut chosen = None;
    for (index, media) in description.media.iter().enumerate().filter(|(_, m)| m.kind == "audio") {
        let mut media = media.clone();
        media.web = media.web.or(&description.web);
        match agree(&media, local) {
            Ok(accord) => {
                chosen = Some((index, media, accord));
                break;
            }
            Err(error) => problem = error,
        }
    }
    let (index, media, (accord, events_rate)) = chosen.ok_or(problem)?;
    let mut text = head(local, media.web.mid.as_deref());
    for (other, refused) in description.media.iter().enumerate() {
        if other == index {
            line(&mut text, &media, local, &accord, events_rate);
            continue;
        }
        let _ = write!(
            text,
            "m={} 0 {} {}\r\n",
            refused.kind,
            refused.proto,
            refused.formats.join(" ")
        );
        if let Some(mid) = &refused.web.mid {
            let _ = write!(text, "a=mid:{mid}\r\na=inactive\r\n");
        }
    }
    Ok((text, accord))
}

fn agree(media: &Media, local: &Local<'_>) -> Result<(Accord, u32), SdpError> {
    if !matches!(media.proto.as_str(), "UDP/TLS/RTP/SAVPF" | "UDP/TLS/RTP/SAVP") {
        return Err(SdpError::NoAudio(
            "the m=audio line is none of a browser's (UDP/TLS/RTP/SAVPF)",
        ));
    }
    let none = SdpError::NoAudio;
    if !media.web.mux {
        return Err(none("there is no a=rtcp-mux: sound and reports share one port here"));
    }
    if !matches!(media.web.setup.as_deref(), Some("actpass" | "passive")) {
        return Err(none("a=setup must be actpass or passive: we begin the handshake"));
    }
    let fragment = media.web.fragment.clone();
    let fragment = fragment.filter(|text| (4..=256).contains(&text.len()));
    let fragment = fragment.ok_or(none("there is no a=ice-ufrag of 4 to 256 letters"))?;
    let fingerprint = media.web.fingerprint.ok_or(none("there is no a=fingerprint by sha-256"))?;
    let (codec, payload_type) =
        media.codec(local.codecs, super::agree::Role::Answerer).ok_or_else(|| {
            let ours: Vec<&str> = local.codecs.iter().map(Codec::name).collect();
            SdpError::NoCodec { ours: ours.join(", ") }
        })?;
    let events = [codec.clock_rate(), Codec::Pcma.clock_rate()]
        .into_iter()
        .find_map(|rate| Some((media.mapped("telephone-event", rate)?, rate)));
    let direction = media.direction.unwrap_or(Direction::SendRecv).mirrored();
    let accord = Accord {
        codec,
        payload_type,
        dtmf: events.map(|(number, _)| number),
        direction,
        ptime_ms: codec.packet_ms(media.packet_ms()),
        fragment,
        fingerprint,
    };
    Ok((accord, events.map_or(codec.clock_rate(), |(_, rate)| rate)))
}

fn head(local: &Local<'_>, mid: Option<&str>) -> String {
    let ip = local.addr.ip();
    let family = if ip.is_ipv4() { "IP4" } else { "IP6" };
    let mut text = format!(
        "v=0\r\no=- {} 1 IN {family} {ip}\r\ns=-\r\nt=0 0\r\na=ice-lite\r\n",
        local.session
    );
    if let Some(mid) = mid {
        let _ = write!(text, "a=group:BUNDLE {mid}\r\n");
    }
    text
}

fn line(text: &mut String, media: &Media, local: &Local<'_>, accord: &Accord, events_rate: u32) {
    let (ip, port) = (local.addr.ip(), local.addr.port());
    let family = if ip.is_ipv4() { "IP4" } else { "IP6" };
    let _ = write!(text, "m=audio {port} {} {}", media.proto, accord.payload_type);
    if let Some(events) = accord.dtmf {
        let _ = write!(text, " {events}");
    }
    let _ = write!(text, "\r\nc=IN {family} {ip}\r\n");
    if let Some(mid) = &media.web.mid {
        let _ = write!(text, "a=mid:{mid}\r\n");
    }
    map(text, accord.codec, accord.payload_type);
    if let Some(events) = accord.dtmf {
        event(text, events, events_rate);
    }
    let fingerprint: Vec<String> =
        local.fingerprint.iter().map(|octet| format!("{octet:02X}")).collect();
    let _ = write!(
        text,
        "a=rtcp-mux\r\na=ptime:20\r\na={}\r\na=msid:huiyin voice\r\na=ice-ufrag:{}\r\na=ice-pwd:{}\r\n\
         a=fingerprint:sha-256 {}\r\na=setup:active\r\n\
         a=candidate:1 1 udp {PRIORITY} {ip} {port} typ host\r\na=end-of-candidates\r\n",
        accord.direction.attribute(),
        local.ice.fragment(),
        local.ice.password(),
        fingerprint.join(":"),
    );
}
