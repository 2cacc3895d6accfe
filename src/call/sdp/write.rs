//! Writing offers and answers.

use std::fmt::Write as _;

use super::agree::{Agreed, Role};
use super::crypto::Crypto;
use super::{Direction, LocalMedia, PTIME_MS, PTIME_MS_MAX, SdpError, Security, parse};
use crate::media::srtp::Suite;
use crate::media::{Codec, comfort};

/// The payload type of our own offer's telephone-event.
const DTMF_PAYLOAD_TYPE: u8 = 101;
/// The tag of our own offer's key.
pub(super) const TAG: u32 = 1;
pub(super) const OFFERED_SUITE: Suite = Suite::AesCm128HmacSha1Tag80;

/// The same beside Opus, whose clock is another.
const DTMF_OPUS_PAYLOAD_TYPE: u8 = 110;

/// Our offer: our codecs, comfort noise, telephone-event 0-16, 20 ms; with our key where sound may be protected.
pub fn offer(local: &LocalMedia) -> String {
    let mut text = head(local);
    let (port, terms) = (local.addr.port(), &local.terms);
    let key = terms.key.filter(|_| terms.security != Security::Off);
    let proto = match terms.security {
        Security::Required => "RTP/SAVP",
        Security::Off | Security::Offered => "RTP/AVP",
    };
    let _ = write!(text, "m=audio {port} {proto}");
    for codec in terms.codecs.iter() {
        let _ = write!(text, " {}", codec.payload_type());
    }
    let _ = write!(text, " {} {DTMF_PAYLOAD_TYPE}", comfort::PAYLOAD_TYPE);
    let opus = terms.codecs.contains(Codec::Opus);
    if opus {
        let _ = write!(text, " {DTMF_OPUS_PAYLOAD_TYPE}");
    }
    text.push_str("\r\n");
    for codec in terms.codecs.iter() {
        map(&mut text, codec, codec.payload_type());
    }
    if opus {
        event(&mut text, DTMF_OPUS_PAYLOAD_TYPE, Codec::Opus.clock_rate());
    }
    let crypto = key.map(|key| Crypto { tag: TAG, suite: OFFERED_SUITE, key });
    let dtmf = Some((DTMF_PAYLOAD_TYPE, Codec::Pcma.clock_rate()));
    tail(&mut text, Some(comfort::PAYLOAD_TYPE), dtmf, crypto, local.direction);
    text
}

/// What a payload type of sound stands for.
pub(super) fn map(text: &mut String, codec: Codec, number: u8) {
    let channels = if codec == Codec::Opus { "/2" } else { "" };
    let _ = write!(text, "a=rtpmap:{number} {}/{}{channels}\r\n", codec.name(), codec.clock_rate());
    if codec == Codec::Opus {
        // What we can hear and say is telephone band; lost packets may be repaired.
        let _ = write!(
            text,
            "a=fmtp:{number} maxplaybackrate=8000;sprop-maxcapturerate=8000;useinbandfec=1\r\n"
        );
    }
}

pub(super) fn event(text: &mut String, number: u8, clock_rate: u32) {
    let _ =
        write!(text, "a=rtpmap:{number} telephone-event/{clock_rate}\r\na=fmtp:{number} 0-16\r\n");
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
    text.push_str("\r\n");
    map(text, sound.codec, sound.payload_type);
    let dtmf = sound.dtmf.map(|number| (number, agreed.events_rate));
    tail(text, sound.comfort, dtmf, agreed.crypto, sound.direction);
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
    dtmf: Option<(u8, u32)>,
    crypto: Option<Crypto>,
    direction: Direction,
) {
    if let Some(comfort) = comfort {
        let _ = write!(text, "a=rtpmap:{comfort} CN/8000\r\n");
    }
    if let Some((number, clock_rate)) = dtmf {
        event(text, number, clock_rate);
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
