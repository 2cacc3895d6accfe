//! Offer and answer brought together (RFC 3264).

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::crypto::Crypto;
use super::read::{Description, Media};
use super::write::{OFFERED_SUITE, TAG};
use super::{
    Codecs, Direction, LocalMedia, Negotiated, PTIME_MS, PTIME_MS_MAX, SdpError, Security, Terms,
};
use crate::media::srtp::Keys;
use crate::media::{Codec, comfort};

/// Who made the offer: the answerer's order of codecs counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Role {
    Offerer,
    Answerer,
}

/// What was agreed, and what our answer has to say about the key.
pub(super) struct Agreed {
    pub(super) negotiated: Negotiated,
    pub(super) crypto: Option<Crypto>,
    /// The clock that telephone-event is mapped to.
    pub(super) events_rate: u32,
}

impl Description {
    /// The first audio line that can be used, and what it amounts to.
    pub(super) fn agree(
        &self,
        local: &LocalMedia,
        role: Role,
    ) -> Result<(usize, Agreed), SdpError> {
        let mut problem = SdpError::NoAudio("there is no m=audio line");
        for (index, media) in self.media.iter().enumerate() {
            match self.agree_on(media, local, role) {
                Ok(agreed) => return Ok((index, agreed)),
                Err(error) if media.kind == "audio" => problem = error,
                Err(_) => {}
            }
        }
        Err(problem)
    }

    fn agree_on(&self, media: &Media, local: &LocalMedia, role: Role) -> Result<Agreed, SdpError> {
        if media.kind != "audio" {
            return Err(SdpError::NoAudio("there is no m=audio line"));
        }
        if media.port == 0 {
            return Err(SdpError::NoAudio("the m=audio line is refused (port 0)"));
        }
        let address = media
            .address
            .or(self.address)
            .ok_or(SdpError::NoAudio("there is no c= line for m=audio"))?;
        let (keys, crypto) = media.protection(&local.terms, role)?;
        let codecs = &local.terms.codecs;
        let (codec, payload_type) = media.codec(codecs, role).ok_or_else(|| SdpError::NoCodec {
            ours: codecs.iter().map(Codec::name).collect::<Vec<_>>().join(", "),
        })?;
        let wanted = media.direction.or(self.direction).unwrap_or(Direction::SendRecv);
        let mut direction = wanted.mirrored().and(local.direction);
        if address.is_unspecified() {
            direction = direction.and(Direction::RecvOnly);
        }
        // Some map events to 8000 only, beside Opus too; their clock is the sound's all the same.
        let events = [codec.clock_rate(), Codec::Pcma.clock_rate()]
            .into_iter()
            .find_map(|rate| Some((media.mapped("telephone-event", rate)?, rate)));
        let negotiated = Negotiated {
            remote: SocketAddr::new(address, media.port),
            rtcp_port: media.rtcp.unwrap_or(media.port.saturating_add(1)),
            codec,
            payload_type,
            dtmf: events.map(|(number, _)| number),
            comfort: media.comfort().filter(|_| codec != Codec::Opus),
            direction,
            ptime_ms: codec.packet_ms(media.packet_ms()),
            keys,
        };
        let events_rate = events.map_or(codec.clock_rate(), |(_, rate)| rate);
        Ok(Agreed { negotiated, crypto, events_rate })
    }

    /// Whether the peer holds us: it will not listen, so it wants no sound from us (or none may flow at all).
    pub fn holds(&self) -> bool {
        let held = LocalMedia {
            addr: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9),
            session: 0,
            version: 0,
            direction: Direction::SendRecv,
            terms: Terms::default(),
        };
        let agreed = self.agree(&held, Role::Answerer);
        agreed.is_ok_and(|(_, agreed)| !agreed.negotiated.direction.we_send())
    }
}

impl Media {
    pub(super) fn codec(&self, ours: &Codecs, role: Role) -> Option<(Codec, u8)> {
        let known = || {
            let known = self.formats.iter().filter_map(|format| self.known(format));
            known.filter(|(codec, _)| ours.contains(*codec))
        };
        match role {
            Role::Answerer => {
                ours.iter().find_map(|codec| known().find(|&(found, _)| found == codec))
            }
            Role::Offerer => known().next(),
        }
    }

    /// A payload type that stands for one of our codecs: by its map, or by the static table when it has none.
    fn known(&self, format: &str) -> Option<(Codec, u8)> {
        let payload_type: u8 = format.parse().ok().filter(|&number| number < 128)?;
        let codec = match self.maps.iter().find(|(number, _, _)| *number == payload_type) {
            Some((_, name, rate)) => {
                Codec::from_name(name).filter(|codec| codec.clock_rate() == *rate)?
            }
            None => Codec::from_payload_type(payload_type)?,
        };
        Some((codec, payload_type))
    }

    /// The payload type that is mapped to a name at a clock rate.
    pub(super) fn mapped(&self, wanted: &str, clock_rate: u32) -> Option<u8> {
        self.formats.iter().filter_map(|format| format.parse::<u8>().ok()).find(|number| {
            self.maps.iter().any(|(mapped, name, rate)| {
                mapped == number
                    && *rate == clock_rate
                    && *number < 128
                    && name.eq_ignore_ascii_case(wanted)
            })
        })
    }

    fn comfort(&self) -> Option<u8> {
        let is_static = |format: &String| format.parse() == Ok(comfort::PAYLOAD_TYPE);
        let unmapped = || self.formats.iter().any(is_static).then_some(comfort::PAYLOAD_TYPE);
        self.mapped("CN", Codec::Pcma.clock_rate()).or_else(unmapped)
    }

    /// Whole tens, as the peer wishes and not more than it bears.
    pub(super) fn packet_ms(&self) -> u32 {
        let wish = self.ptime.filter(|ms| (10..=PTIME_MS_MAX).contains(ms)).unwrap_or(PTIME_MS);
        let most = self.maxptime.filter(|ms| *ms >= 10).unwrap_or(PTIME_MS_MAX);
        wish.min(most) / 10 * 10
    }

    fn protection(
        &self,
        terms: &Terms,
        role: Role,
    ) -> Result<(Option<Keys>, Option<Crypto>), SdpError> {
        let secure = match self.proto.as_str() {
            "RTP/AVP" | "RTP/AVPF" => false,
            "RTP/SAVP" | "RTP/SAVPF" => true,
            _ => return Err(SdpError::NoAudio("only RTP is spoken here, plain or with SDES keys")),
        };
        let Some(ours) = terms.key.filter(|_| terms.security != Security::Off) else {
            return match secure {
                true => Err(SdpError::NoKeys("protected sound is off for this peer (srtp of its [[sip.peers]], else sip.srtp)")),
                false => Ok((None, None)),
            };
        };
        let usable = self.crypto.iter().flatten().find(|line| match role {
            Role::Answerer => true,
            Role::Offerer => line.tag == TAG && line.suite == OFFERED_SUITE,
        });
        let Some(&Crypto { tag, suite, key: theirs }) = usable else {
            if !secure && terms.security == Security::Offered {
                return Ok((None, None));
            }
            let problem = self.crypto.iter().find_map(|line| line.err());
            return Err(SdpError::NoKeys(problem.unwrap_or("there is no a=crypto line that fits")));
        };
        let keys = Keys { suite, ours, theirs };
        Ok((Some(keys), Some(Crypto { tag, suite, key: ours })))
    }
}
