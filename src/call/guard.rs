//! The ingress guard: what an unknown peer may send, as a machine without IO. Bytes go in with their source and the
//! time, a verdict comes out: pass them on (rewritten in the plainest form of the same message), answer them, or
//! drop them.
//!
//! It refuses what the SIP stack behind it would take, misread or swallow without an answer: wrong versions (505),
//! unknown methods (501, 405), foreign URI schemes (416), required extensions (420), a CSeq of another method,
//! conflicting or lying Content-Lengths, doubled or missing headers (400). The measure are RFC 3261 and the torture
//! messages of RFC 4475. An ACK or a response is never answered (RFC 3261 17.1.1.3), only dropped.

mod message;
mod source;
mod stream;

use std::net::SocketAddr;

use crate::kernel::Moment;
use crate::kernel::limits::SIP_MESSAGE_BYTES_MAX;

use self::message::{Fault, Message, Start, Text};
use self::source::Sources;

pub use self::stream::Framer;

/// What we understand and do (RFC 3261 8.2.1).
const SPOKEN: [&str; 10] = [
    "INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "INFO", "UPDATE", "PRACK", "REFER", "NOTIFY",
];
/// What we understand and do not do.
const UNDERSTOOD: [&str; 4] = ["REGISTER", "SUBSCRIBE", "MESSAGE", "PUBLISH"];
/// Extensions that a request may require: reliable provisional responses (RFC 3262), session timers (RFC 4028).
pub const EXTENSIONS: [&str; 2] = ["100rel", "timer"];
/// What a request cannot be without (RFC 3261 8.1.1).
const MANDATORY: [&str; 6] = ["Via", "From", "To", "Call-ID", "CSeq", "Max-Forwards"];
/// Of these there is one.
const SINGLE: [&str; 7] =
    ["From", "To", "Call-ID", "CSeq", "Max-Forwards", "Content-Length", "Content-Type"];
/// The ping of RFC 5626 3.5.1 and its pong.
const PING: &[u8] = b"\r\n\r\n";
const PONG: &[u8] = b"\r\n";

/// How the bytes came.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Transport {
    Udp,
    Tcp,
    Tls,
}

/// What to do with them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// A message that may go on: unfolded, long header names, one Content-Length, no surplus bytes.
    Pass(Vec<u8>),
    Answer(Answer),
    Drop(DropReason),
}

/// An answer without a transaction.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer {
    /// The status code; 0 for a pong.
    pub status: u16,
    pub bytes: Vec<u8>,
    /// UDP: the port that the Via asks answers on, at the address the datagram came from (RFC 3261 18.2.2,
    /// RFC 3581 4). `None`: the port it came from.
    pub port: Option<u16>,
}

/// Why nothing is said.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DropReason {
    /// White space alone.
    Empty,
    /// The source sends more than it may.
    TooMany,
    /// No SIP, or too little of it to know whom to answer what.
    NotSip,
    /// An ACK with a fault: nobody waits for an answer.
    BadAck,
    /// A response with a fault.
    BadResponse,
}

/// What a request is refused with, besides the status.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Refusal {
    status: u16,
    header: Option<String>,
}

impl Refusal {
    const fn of(status: u16) -> Self {
        Refusal { status, header: None }
    }
}

/// The guard, for all sockets together.
#[derive(Clone, Debug)]
pub struct Guard {
    sources: Sources,
    seed: u64,
}

impl Guard {
    /// `rate_per_source`: messages a second that one address may send on average; twice as many at once.
    /// `seed`: makes the To tags of answers differ from run to run.
    pub fn new(rate_per_source: u32, seed: u64) -> Self {
        Guard { sources: Sources::new(rate_per_source), seed }
    }

    /// Judges one datagram, or one message framed from a stream.
    pub fn check(
        &mut self,
        now: Moment,
        source: SocketAddr,
        transport: Transport,
        bytes: &[u8],
    ) -> Verdict {
        if !self.sources.admit(now, source.ip()) {
            return Verdict::Drop(DropReason::TooMany);
        }
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return if bytes == PING {
                Verdict::Answer(Answer { status: 0, bytes: PONG.to_vec(), port: None })
            } else {
                Verdict::Drop(DropReason::Empty)
            };
        }
        let text = Text::of(bytes);
        let message = Message::read(&text);
        match message.start {
            Start::Response { code } => match check_response(&message, code) {
                Ok(()) => Verdict::Pass(message.plain()),
                Err(_) => Verdict::Drop(DropReason::BadResponse),
            },
            Start::Request { method, .. } if method == "ACK" => {
                match check_request(&message, transport) {
                    Ok(()) => Verdict::Pass(message.plain()),
                    Err(_) => Verdict::Drop(DropReason::BadAck),
                }
            }
            Start::Request { .. } => match check_request(&message, transport) {
                Ok(()) => Verdict::Pass(message.plain()),
                Err(refusal) => answer(&message, source, transport, &refusal, self.seed),
            },
            Start::Unreadable { method } if method == "ACK" => Verdict::Drop(DropReason::BadAck),
            Start::Unreadable { .. } => {
                answer(&message, source, transport, &Refusal::of(400), self.seed)
            }
            Start::NotSip => Verdict::Drop(DropReason::NotSip),
        }
    }
}

/// Refuses a message for a reason that lies with us: 503 when we are full, 513 when it is longer than the stack takes.
pub fn refuse(bytes: &[u8], source: SocketAddr, transport: Transport, status: u16) -> Verdict {
    let text = Text::of(bytes);
    let message = Message::read(&text);
    let mut refusal = Refusal::of(status);
    if status == 503 {
        refusal.header = Some("Retry-After: 5".to_owned());
    }
    match message.start {
        Start::Request { method, .. } if method != "ACK" => {
            answer(&message, source, transport, &refusal, 0)
        }
        Start::Request { .. } | Start::Unreadable { .. } => Verdict::Drop(DropReason::BadAck),
        Start::Response { .. } => Verdict::Drop(DropReason::BadResponse),
        Start::NotSip => Verdict::Drop(DropReason::NotSip),
    }
}

fn check_response(message: &Message, code: u16) -> Result<(), Refusal> {
    if !(100..700).contains(&code) {
        return Err(Refusal::of(400));
    }
    check_headers(message, &["Via", "From", "To", "Call-ID", "CSeq"])?;
    message.cseq().map(|_| ()).map_err(|Fault| Refusal::of(400))
}

fn check_request(message: &Message, transport: Transport) -> Result<(), Refusal> {
    let bad = |Fault| Refusal::of(400);
    let Start::Request { method, uri, version } = message.start else {
        return Err(Refusal::of(400));
    };
    if !version.eq_ignore_ascii_case("SIP/2.0") {
        return Err(Refusal::of(505));
    }
    check_headers(message, &MANDATORY)?;
    let (_, cseq_method) = message.cseq().map_err(bad)?;
    if cseq_method != method {
        return Err(Refusal::of(400));
    }
    if transport != Transport::Udp && message.value("Content-Length").is_none() {
        return Err(Refusal::of(400));
    }
    check_uri(uri)?;
    let allow = || Some(format!("Allow: {}", SPOKEN.join(", ")));
    if UNDERSTOOD.contains(&method) {
        return Err(Refusal { status: 405, header: allow() });
    }
    if !SPOKEN.contains(&method) {
        return Err(Refusal { status: 501, header: allow() });
    }
    // Its form only: counting hops is for proxies, and an endpoint answers what reaches it (RFC 4475 3.3.11).
    message.max_forwards().map_err(bad)?;
    check_extensions(message, method)?;
    if method == "INVITE" {
        check_invite(message)?;
    }
    Ok(())
}

/// Presence, number and form of the headers that everything else rests on.
fn check_headers(message: &Message, mandatory: &[&str]) -> Result<(), Refusal> {
    let bad = |Fault| Refusal::of(400);
    message.well_formed().map_err(bad)?;
    if mandatory.iter().any(|name| message.value(name).is_none_or(str::is_empty))
        || SINGLE.iter().any(|name| message.count(name) > 1)
    {
        return Err(Refusal::of(400));
    }
    message.content_length().map_err(bad)?;
    message::check_via(message.value("Via").unwrap_or_default()).map_err(bad)?;
    for (name, value) in message.headers() {
        match name {
            "From" => message::check_address(value, true).map_err(bad)?,
            "To" => message::check_address(value, false).map_err(bad)?,
            "Contact" => message::check_contact(value).map_err(bad)?,
            "Call-ID" if value.contains(char::is_whitespace) => return Err(Refusal::of(400)),
            "Expires" if value.parse::<u32>().is_err() => return Err(Refusal::of(400)),
            _ => {}
        }
    }
    Ok(())
}

fn check_uri(uri: &str) -> Result<(), Refusal> {
    let Some((scheme, rest)) = uri.split_once(':') else { return Err(Refusal::of(400)) };
    let named = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    if !named || rest.is_empty() {
        return Err(Refusal::of(400));
    }
    match scheme.to_ascii_lowercase().as_str() {
        "sip" => {
            // Headers have no place in a request URI (RFC 3261 19.1.1, table 1); `?` in the user part is no header.
            let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
            let host = host.split(';').next().unwrap_or(host);
            if uri.contains(['<', '>', '"']) || rest_has_headers(rest) || host.is_empty() {
                return Err(Refusal::of(400));
            }
            Ok(())
        }
        "tel" => Ok(()),
        _ => Err(Refusal::of(416)),
    }
}

fn rest_has_headers(rest: &str) -> bool {
    rest.rsplit_once('@').map_or(rest, |(_, host)| host).contains('?')
}

/// RFC 3261 8.2.2.3: what is required and not had is refused, except in CANCEL and ACK.
fn check_extensions(message: &Message, method: &str) -> Result<(), Refusal> {
    if method == "CANCEL" || method == "ACK" {
        return Ok(());
    }
    let foreign: Vec<&str> = message
        .values("Require")
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .filter(|tag| {
            !tag.is_empty() && !EXTENSIONS.iter().any(|had| had.eq_ignore_ascii_case(tag))
        })
        .collect();
    if foreign.is_empty() {
        return Ok(());
    }
    let header = Some(format!("Unsupported: {}", foreign.join(", ")));
    Err(Refusal { status: 420, header })
}

fn check_invite(message: &Message) -> Result<(), Refusal> {
    // A dialog needs a way back (RFC 3261 8.1.1.8).
    if message.value("Contact").is_none_or(|contact| contact.trim() == "*") {
        return Err(Refusal::of(400));
    }
    // What we answer is SDP: who takes none cannot be answered (RFC 3261 21.4.7).
    let accepts: Vec<String> = message.values("Accept").map(str::to_ascii_lowercase).collect();
    let takes_sdp = accepts.is_empty()
        || accepts.iter().flat_map(|value| value.split(',')).any(|range| {
            let range = range.split(';').next().unwrap_or(range).trim();
            matches!(range, "application/sdp" | "application/*" | "*/*")
        });
    if takes_sdp { Ok(()) } else { Err(Refusal::of(406)) }
}

/// Writes a response from what the request gave (RFC 3261 8.2.6). Without a Via and a CSeq it reaches nobody.
fn answer(
    message: &Message,
    source: SocketAddr,
    transport: Transport,
    refusal: &Refusal,
    seed: u64,
) -> Verdict {
    let (Some(via), Some(_)) = (message.value("Via"), message.value("CSeq")) else {
        return Verdict::Drop(DropReason::NotSip);
    };
    let Refusal { status, header } = refusal;
    let mut text = format!("SIP/2.0 {status} {}\r\n", phrase(*status));
    let (seen, port) = message::answer_via(via, source);
    text.push_str(&format!("Via: {seen}\r\n"));
    for further in message.values("Via").skip(1) {
        text.push_str(&format!("Via: {further}\r\n"));
    }
    for name in ["From", "To", "Call-ID", "CSeq"] {
        let Some(value) = message.value(name) else { continue };
        text.push_str(&format!("{name}: {value}"));
        if name == "To" && !message::has_tag(value) {
            text.push_str(&format!(";tag={:016x}", tag(message, seed)));
        }
        text.push_str("\r\n");
    }
    if let Some(header) = header {
        text.push_str(header);
        text.push_str("\r\n");
    }
    text.push_str("Content-Length: 0\r\n\r\n");
    let port = (transport == Transport::Udp).then_some(port).flatten();
    Verdict::Answer(Answer { status: *status, bytes: text.into_bytes(), port })
}

/// The same request again gets the same tag (RFC 3261 8.2.7): FNV-1a over what identifies it.
fn tag(message: &Message, seed: u64) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64 ^ seed;
    for name in ["Via", "From", "Call-ID", "CSeq"] {
        for byte in message.value(name).unwrap_or_default().bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    hash
}

const fn phrase(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        416 => "Unsupported URI Scheme",
        420 => "Bad Extension",
        501 => "Not Implemented",
        503 => "Service Unavailable",
        505 => "Version Not Supported",
        513 => "Message Too Large",
        _ => "Refused",
    }
}

/// Whether a message of so many bytes is read at all.
const fn too_long(bytes: usize) -> bool {
    bytes > SIP_MESSAGE_BYTES_MAX
}
