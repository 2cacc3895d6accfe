//! What the two ends agree about the sound: SDP (RFC 8866) in offer and answer (RFC 3264), audio only.
//!
//! The reader takes what real telephones send: `s=` or `t=` missing, lines in a strange order, attributes it does
//! not know, bare line feeds. What it cannot use is an error with the status code that refuses the call.

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::media::Codec;

/// The payload type of our own offer's telephone-event.
const DTMF_PAYLOAD_TYPE: u8 = 101;
/// What we send and offer.
const PTIME_MS: u32 = 20;
/// Longest description read.
const BYTES_MAX: usize = 16_384;
/// Most `m=` lines read.
const MEDIA_MAX: usize = 16;

/// Why a session description cannot be used.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SdpError {
    #[error("empty where one is required")]
    Empty,
    #[error("longer than {BYTES_MAX} bytes or with more than {MEDIA_MAX} m= lines")]
    TooLong,
    #[error("line {line}: {problem}")]
    Line { line: usize, problem: &'static str },
    #[error("no usable audio: {0}")]
    NoAudio(&'static str),
    #[error("no codec in common: only PCMA and PCMU are spoken here")]
    NoCodec,
}

impl SdpError {
    /// The SIP status that refuses such a description: 400 for what cannot be read, 488 for what cannot be agreed.
    pub const fn status(&self) -> u16 {
        match self {
            SdpError::Empty | SdpError::TooLong | SdpError::Line { .. } => 400,
            SdpError::NoAudio(_) | SdpError::NoCodec => 488,
        }
    }
}

/// Who may send, seen from our end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    SendRecv,
    /// We send, the peer only listens.
    SendOnly,
    /// The peer sends, we only listen: also what a peer that holds us makes of us.
    RecvOnly,
    Inactive,
}

impl Direction {
    pub const fn we_send(self) -> bool {
        matches!(self, Direction::SendRecv | Direction::SendOnly)
    }

    pub const fn we_receive(self) -> bool {
        matches!(self, Direction::SendRecv | Direction::RecvOnly)
    }

    const fn from_flags(send: bool, receive: bool) -> Direction {
        match (send, receive) {
            (true, true) => Direction::SendRecv,
            (true, false) => Direction::SendOnly,
            (false, true) => Direction::RecvOnly,
            (false, false) => Direction::Inactive,
        }
    }

    /// The same agreement seen from the other end.
    pub const fn mirrored(self) -> Direction {
        Direction::from_flags(self.we_receive(), self.we_send())
    }

    /// What both allow.
    pub const fn and(self, other: Direction) -> Direction {
        Direction::from_flags(
            self.we_send() && other.we_send(),
            self.we_receive() && other.we_receive(),
        )
    }

    const fn attribute(self) -> &'static str {
        match self {
            Direction::SendRecv => "sendrecv",
            Direction::SendOnly => "sendonly",
            Direction::RecvOnly => "recvonly",
            Direction::Inactive => "inactive",
        }
    }

    fn from_attribute(name: &str) -> Option<Direction> {
        [Direction::SendRecv, Direction::SendOnly, Direction::RecvOnly, Direction::Inactive]
            .into_iter()
            .find(|direction| direction.attribute() == name)
    }
}

/// Our end of a session.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LocalMedia {
    /// Where our RTP socket is, as the peer reaches it.
    pub addr: SocketAddr,
    /// `o=`: one number for the life of the leg.
    pub session: u64,
    /// `o=`: raised by one whenever a leg's description changes.
    pub version: u64,
    /// What we want; the agreement may be less.
    pub direction: Direction,
}

/// What was agreed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Negotiated {
    /// Where to send. `0.0.0.0` when the peer holds us the old way (RFC 2543); then `direction` forbids sending.
    pub remote: SocketAddr,
    pub codec: Codec,
    /// The codec's RTP payload type, the same both ways.
    pub payload_type: u8,
    /// telephone-event's payload type (RFC 4733), when both have it.
    pub dtmf: Option<u8>,
    /// From our end.
    pub direction: Direction,
    /// What the peer would like to receive, 10 to 60; 20 when it did not say.
    pub ptime_ms: u32,
}

/// One `m=` line with what belongs to it.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Media {
    /// The line's own words, to be refused in the same words.
    kind: String,
    port: u16,
    proto: String,
    formats: Vec<String>,
    address: Option<IpAddr>,
    /// (payload type, encoding name, clock rate)
    maps: Vec<(u8, String, u32)>,
    ptime: Option<u32>,
    direction: Option<Direction>,
}

/// A description as read.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Description {
    address: Option<IpAddr>,
    direction: Option<Direction>,
    media: Vec<Media>,
}

/// Our offer: PCMA, PCMU, telephone-event 0-16, 20 ms.
pub fn offer(local: &LocalMedia) -> String {
    let mut text = head(local);
    let port = local.addr.port();
    let _ = write!(text, "m=audio {port} RTP/AVP");
    for codec in Codec::ALL {
        let _ = write!(text, " {}", codec.payload_type());
    }
    let _ = write!(text, " {DTMF_PAYLOAD_TYPE}\r\n");
    for codec in Codec::ALL {
        let _ = write!(text, "a=rtpmap:{} {}/8000\r\n", codec.payload_type(), codec.name());
    }
    tail(&mut text, Some(DTMF_PAYLOAD_TYPE), local.direction);
    text
}

/// Answers an offer: the answer's text and what both ends now agree on.
pub fn answer(offer: &str, local: &LocalMedia) -> Result<(String, Negotiated), SdpError> {
    let description = parse(offer)?;
    let (chosen, agreed) = description.agree(local, true)?;
    let mut text = head(local);
    for (index, media) in description.media.iter().enumerate() {
        if index != chosen {
            // Every m= line is answered, the unwanted ones with port 0 (RFC 3264 6).
            let formats = media.formats.join(" ");
            let _ = write!(text, "m={} 0 {} {formats}\r\n", media.kind, media.proto);
            continue;
        }
        let port = local.addr.port();
        let _ = write!(text, "m=audio {port} {} {}", media.proto, agreed.payload_type);
        if let Some(dtmf) = agreed.dtmf {
            let _ = write!(text, " {dtmf}");
        }
        let name = agreed.codec.name();
        let _ = write!(text, "\r\na=rtpmap:{} {name}/8000\r\n", agreed.payload_type);
        tail(&mut text, agreed.dtmf, agreed.direction);
    }
    Ok((text, agreed))
}

/// Reads the answer to our offer.
pub fn accept(answer: &str, local: &LocalMedia) -> Result<Negotiated, SdpError> {
    parse(answer)?.agree(local, false).map(|(_, agreed)| agreed)
}

fn head(local: &LocalMedia) -> String {
    let ip = local.addr.ip();
    let family = if ip.is_ipv4() { "IP4" } else { "IP6" };
    let (session, version) = (local.session, local.version);
    format!(
        "v=0\r\no=- {session} {version} IN {family} {ip}\r\ns=-\r\nc=IN {family} {ip}\r\nt=0 0\r\n"
    )
}

fn tail(text: &mut String, dtmf: Option<u8>, direction: Direction) {
    if let Some(dtmf) = dtmf {
        let _ = write!(text, "a=rtpmap:{dtmf} telephone-event/8000\r\na=fmtp:{dtmf} 0-16\r\n");
    }
    let _ = write!(text, "a=ptime:{PTIME_MS}\r\na={}\r\n", direction.attribute());
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
        direction: None,
    })
}

/// `8 PCMA/8000` or `8 PCMA/8000/1`.
fn read_map(value: &str) -> Option<(u8, String, u32)> {
    let (payload_type, encoding) = value.trim().split_once(' ')?;
    let mut parts = encoding.trim().split('/');
    let name = parts.next()?.to_owned();
    let rate = parts.next()?.trim().parse().ok()?;
    match parts.next() {
        None | Some("1") => Some((payload_type.parse().ok()?, name, rate)),
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
        let Some(media) = self.media.last_mut() else { return Ok(()) };
        match name {
            // A map that cannot be read belongs to a format that we do not know: not chosen, no fault.
            "rtpmap" => media.maps.extend(read_map(argument)),
            "ptime" => {
                let ptime: f32 = argument.trim().parse().map_err(|_| "a=ptime is not a number")?;
                media.ptime = Some(ptime as u32);
            }
            _ => {}
        }
        Ok(())
    }

    /// The first audio line that can be used, and what it amounts to. `theirs`: the text was an offer, so our order
    /// of codecs counts; else it was the answer to our offer and its own order counts.
    fn agree(&self, local: &LocalMedia, theirs: bool) -> Result<(usize, Negotiated), SdpError> {
        let mut problem = SdpError::NoAudio("there is no m=audio line");
        for (index, media) in self.media.iter().enumerate() {
            match self.agree_on(media, local, theirs) {
                Ok(agreed) => return Ok((index, agreed)),
                Err(error) if media.kind == "audio" => problem = error,
                Err(_) => {}
            }
        }
        Err(problem)
    }

    fn agree_on(
        &self,
        media: &Media,
        local: &LocalMedia,
        theirs: bool,
    ) -> Result<Negotiated, SdpError> {
        if media.kind != "audio" {
            return Err(SdpError::NoAudio("there is no m=audio line"));
        }
        if media.port == 0 {
            return Err(SdpError::NoAudio("the m=audio line is refused (port 0)"));
        }
        if media.proto != "RTP/AVP" && media.proto != "RTP/AVPF" {
            return Err(SdpError::NoAudio("only RTP/AVP is spoken here"));
        }
        let address = media
            .address
            .or(self.address)
            .ok_or(SdpError::NoAudio("there is no c= line for m=audio"))?;
        let (codec, payload_type) = media.codec(theirs).ok_or(SdpError::NoCodec)?;
        let wanted = media.direction.or(self.direction).unwrap_or(Direction::SendRecv);
        let mut direction = wanted.mirrored().and(local.direction);
        if address.is_unspecified() {
            direction = direction.and(Direction::RecvOnly);
        }
        Ok(Negotiated {
            remote: SocketAddr::new(address, media.port),
            codec,
            payload_type,
            dtmf: media.telephone_event(),
            direction,
            ptime_ms: media.ptime.filter(|ms| (10..=60).contains(ms)).unwrap_or(PTIME_MS),
        })
    }

    /// Whether the peer holds us: it will not listen, so it wants no sound from us (or none may flow at all).
    pub fn holds(&self) -> bool {
        let held = LocalMedia {
            addr: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9),
            session: 0,
            version: 0,
            direction: Direction::SendRecv,
        };
        self.agree(&held, true).is_ok_and(|(_, agreed)| !agreed.direction.we_send())
    }
}

impl Media {
    fn codec(&self, ours_first: bool) -> Option<(Codec, u8)> {
        let known = || self.formats.iter().filter_map(|format| self.known(format));
        if ours_first {
            Codec::ALL.into_iter().find_map(|codec| known().find(|&(found, _)| found == codec))
        } else {
            known().next()
        }
    }

    /// A payload type that stands for one of our codecs: by its map, or by the static table when it has none.
    fn known(&self, format: &str) -> Option<(Codec, u8)> {
        let payload_type: u8 = format.parse().ok().filter(|&number| number < 128)?;
        let codec = match self.maps.iter().find(|(number, _, _)| *number == payload_type) {
            Some((_, name, 8000)) => Codec::from_name(name)?,
            Some(_) => return None,
            None => Codec::from_payload_type(payload_type)?,
        };
        Some((codec, payload_type))
    }

    fn telephone_event(&self) -> Option<u8> {
        self.formats.iter().filter_map(|format| format.parse::<u8>().ok()).find(|number| {
            self.maps.iter().any(|(mapped, name, rate)| {
                mapped == number
                    && *rate == 8000
                    && *number < 128
                    && name.eq_ignore_ascii_case("telephone-event")
            })
        })
    }
}
