//! Writing offers and answers.

use std::fmt::Write as _;

use super::agree::{Agreed, Role};
use super::crypto::Crypto;
use super::{Direction, LocalMedia, PTIME_MS, PTIME_MS_MAX, SdpError, Security, parse};
use crate::media::comfort;
use crate::media::srtp::Suite;

/// The payload type of our own offer's telephone-event.
const DTMF_PAYLOAD_TYPE: u8 = 101;
/// The tag of our own offer's key.
pub(super) const TAG: u32 = 1;
pub(super) const OFFERED_SUITE: Suite = Suite::AesCm128HmacSha1Tag80;

/// Our offer: our codecs, comfort noise, telephone-event 0-16, 20 ms; with our key where sound may be protected.
pub fn offer(local: &LocalMedia) -> String {
    let mut text = head(local);
    let (port, terms) = (local.addr.port(), &local.terms);
    let key = terms.key.filter(|_| terms.security != Security::Off);
    let proto = match terms.security {
        Security::Required => "RTP/SAVP",
        Security::Off | Security::Allowed => "RTP/AVP",
    };
    let _ = write!(text, "m=audio {port} {proto}");
    for codec in terms.codecs.iter() {
        let _ = write!(text, " {}", codec.payload_type());
    }
    let _ = write!(text, " {} {DTMF_PAYLOAD_TYPE}\r\n", comfort::PAYLOAD_TYPE);
    for codec in terms.codecs.iter() {
        let _ = write!(text, "a=rtpmap:{} {}/8000\r\n", codec.payload_type(), codec.name());
    }
    let crypto = key.map(|key| Crypto { tag: TAG, suite: OFFERED_SUITE, key });
    tail(&mut text, Some(comfort::PAYLOAD_TYPE), Some(DTMF_PAYLOAD_TYPE), crypto, local.direction);
    text
}

/// Answers an offer: the answer's text and what both ends now agree on.
pub fn answer(offer: &str, local: &LocalMedia) -> Result<(String, super::Negotiated), SdpError> {
    let description = parse(offer)?;
    let (chosen, agreed) = description.agree(local, Role::Answerer)?;
    let mut text = head(local);
    for (index, media) in description.media.iter().enumerate() {
        if index == chosen {
            line(&mut text, &media.proto, local, &agreed);
            continue;
        }
        // Every m= line is answered, the unwanted ones with port 0 (RFC 3264 6).
        let formats = media.formats.join(" ");
        let _ = write!(text, "m={} 0 {} {formats}\r\n", media.kind, media.proto);
    }
    Ok((text, agreed.negotiated))
}

fn line(text: &mut String, proto: &str, local: &LocalMedia, agreed: &Agreed) {
    let sound = &agreed.negotiated;
    let _ = write!(text, "m=audio {} {proto} {}", local.addr.port(), sound.payload_type);
    for format in sound.comfort.iter().chain(&sound.dtmf) {
        let _ = write!(text, " {format}");
    }
    let _ = write!(text, "\r\na=rtpmap:{} {}/8000\r\n", sound.payload_type, sound.codec.name());
    tail(text, sound.comfort, sound.dtmf, agreed.crypto, sound.direction);
}

fn head(local: &LocalMedia) -> String {
    let ip = local.addr.ip();
    let family = if ip.is_ipv4() { "IP4" } else { "IP6" };
    let (session, version) = (local.session, local.version);
    format!(
        "v=0\r\no=- {session} {version} IN {family} {ip}\r\ns=-\r\nc=IN {family} {ip}\r\nt=0 0\r\n"
    )
}

fn tail(
    text: &mut String,
    comfort: Option<u8>,
    dtmf: Option<u8>,
    crypto: Option<Crypto>,
    direction: Direction,
) {
    if let Some(comfort) = comfort {
        let _ = write!(text, "a=rtpmap:{comfort} CN/8000\r\n");
    }
    if let Some(dtmf) = dtmf {
        let _ = write!(text, "a=rtpmap:{dtmf} telephone-event/8000\r\na=fmtp:{dtmf} 0-16\r\n");
    }
    if let Some(crypto) = crypto {
        let _ = write!(text, "a=crypto:{}\r\n", crypto.written());
    }
    let _ = write!(
        text,
        "a=ptime:{PTIME_MS}\r\na=maxptime:{PTIME_MS_MAX}\r\na={}\r\n",
        direction.attribute()
    );
}
