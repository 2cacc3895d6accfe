//! Small pieces of SIP text: bodies, header values, numbers.

use rsipstack::sip::{Header, Headers, HeadersExt, Request, Response};

use crate::call::guard::EXTENSIONS;
use crate::call::leg::{EndReason, Failure};
use crate::call::session::{Agreed, MIN_S, Said, Session};

/// The methods we know, for Allow.
pub const METHODS: &str = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, PRACK, REFER, NOTIFY";

const SDP: &str = "application/sdp";

pub fn allow() -> Header {
    Header::Allow(METHODS.into())
}

/// What OPTIONS is answered with (RFC 3261 11.2).
pub fn capabilities() -> Vec<Header> {
    vec![allow(), Header::Accept(SDP.into()), supported()]
}

fn supported() -> Header {
    Header::Supported(EXTENSIONS.join(", ").into())
}

/// What a request or a response says of its session's timer.
pub fn said(headers: &Headers) -> Said {
    let (mut expires, mut min, mut supported) = (None, None, Vec::new());
    for header in headers.iter() {
        match header {
            Header::SessionExpires(value) => expires = Some(value.value()),
            Header::MinSE(value) => min = Some(value.value()),
            Header::Supported(value) => supported.push(value.value()),
            _ => {}
        }
    }
    Said::read(expires, min, supported)
}

/// Whether the sender of this takes UPDATE (RFC 3311 4).
pub fn allows_update(headers: &Headers) -> bool {
    headers.iter().any(|header| match header {
        Header::Allow(value) => value.value().split(',').any(|method| method.trim() == "UPDATE"),
        _ => false,
    })
}

/// What an INVITE of ours says besides its offer.
pub fn asking_invite(session: &Session) -> Vec<Header> {
    let mut headers = asking(session);
    headers.retain(|header| !matches!(header, Header::Supported(_)));
    headers.extend([allow(), supported()]);
    headers
}

/// The timer's headers of a re-INVITE or UPDATE of ours (RFC 4028 7.1).
pub fn asking(session: &Session) -> Vec<Header> {
    let asking = session.asking();
    let refresher = asking.refresher.map(|role| format!(";refresher={}", role.name()));
    let expires = format!("{}{}", asking.interval_s, refresher.unwrap_or_default());
    let mut headers =
        vec![Header::SessionExpires(expires.into()), Header::Supported("timer".into())];
    if asking.min_s != MIN_S {
        headers.push(Header::MinSE(asking.min_s.to_string().into()));
    }
    headers
}

/// The timer's headers of a 2xx of ours (RFC 4028 9).
pub fn granted(agreed: Option<Agreed>) -> Vec<Header> {
    let mut headers = vec![allow(), supported()];
    if let Some(Agreed { interval_s, refresher, required }) = agreed {
        let expires = format!("{interval_s};refresher={}", refresher.name());
        headers.push(Header::SessionExpires(expires.into()));
        if required {
            headers.push(Header::Require("timer".into()));
        }
    }
    headers
}

pub fn with_sdp(sdp: Option<String>) -> (Option<Vec<Header>>, Option<Vec<u8>>) {
    match sdp {
        Some(sdp) => (Some(vec![Header::ContentType(SDP.into())]), Some(sdp.into_bytes())),
        None => (None, None),
    }
}

/// The media type of a body, in lower case and without parameters.
pub fn content_type(headers: &Headers) -> Option<String> {
    headers.iter().find_map(|header| match header {
        Header::ContentType(value) => {
            let value = value.value().split(';').next().unwrap_or_default();
            Some(value.trim().to_ascii_lowercase())
        }
        _ => None,
    })
}

pub fn sdp_of(request: &Request) -> Option<String> {
    sdp(&request.headers, &request.body)
}

pub fn sdp_of_response(response: &Response) -> Option<String> {
    sdp(&response.headers, &response.body)
}

fn sdp(headers: &Headers, body: &[u8]) -> Option<String> {
    if body.is_empty() {
        return None;
    }
    match content_type(headers).as_deref() {
        Some(SDP) | None => Some(String::from_utf8_lossy(body).into_owned()),
        Some(_) => None,
    }
}

/// What an INFO request brought.
pub enum InfoBody {
    Digit(char),
    /// No body: a question whether we live.
    Empty,
    /// The right type, but no key in it.
    Unreadable,
    Unknown,
}

pub fn dtmf_of(request: &Request) -> InfoBody {
    let body = String::from_utf8_lossy(&request.body);
    let digit = match content_type(&request.headers).as_deref() {
        Some("application/dtmf-relay") => {
            body.lines().find_map(|line| line.trim().strip_prefix("Signal=")?.trim().chars().next())
        }
        Some("application/dtmf") => body.trim().chars().next(),
        None if body.trim().is_empty() => return InfoBody::Empty,
        _ => return InfoBody::Unknown,
    };
    match digit.map(|digit| digit.to_ascii_uppercase()) {
        Some(digit @ ('0'..='9' | '*' | '#' | 'A'..='D')) => InfoBody::Digit(digit),
        _ => InfoBody::Unreadable,
    }
}

pub fn dtmf_relay(digit: char) -> (Vec<Header>, Vec<u8>) {
    let body = format!("Signal={digit}\r\nDuration=160\r\n");
    (vec![Header::ContentType("application/dtmf-relay".into())], body.into_bytes())
}

/// RFC 3326, with the causes of ITU-T Q.850.
/// A status line as NOTIFY carries it (RFC 3515 2.4.5).
pub fn sipfrag(code: u16, last: bool) -> (Vec<Header>, Vec<u8>) {
    let state = if last { "terminated;reason=noresource" } else { "active;expires=180" };
    let words = match code {
        100 => "Trying",
        200 => "OK",
        _ => "Temporarily Unavailable",
    };
    let headers = vec![
        Header::Event("refer".into()),
        Header::SubscriptionState(state.into()),
        Header::ContentType("message/sipfrag;version=2.0".into()),
    ];
    (headers, format!("SIP/2.0 {code} {words}\r\n").into_bytes())
}

pub fn reason_header(reason: EndReason) -> Header {
    let (cause, text) = match reason {
        EndReason::MediaTimeout => (102, "media timeout"),
        EndReason::TooLong => (102, "longest call reached"),
        EndReason::ServerStopped => (41, "service stopped"),
        EndReason::Failed(Failure::BadSdp) => (88, "incompatible session description"),
        EndReason::Failed(Failure::SessionExpired) => (102, "session not refreshed"),
        EndReason::Failed(_) => (111, "protocol error"),
        EndReason::HungUpByPeer
        | EndReason::HungUpByUs
        | EndReason::Cancelled
        | EndReason::Busy
        | EndReason::NoAnswer
        | EndReason::Rejected(_) => (16, "normal call clearing"),
    };
    Header::Reason(format!("Q.850;cause={cause};text=\"{text}\"").into())
}

/// Who calls: P-Asserted-Identity (RFC 3325) when the source may assert it, else From.
pub fn calling_number(request: &Request, trusted: bool) -> String {
    let asserted = request.p_asserted_identity_header().filter(|_| trusted);
    let value = match asserted {
        Some(header) => header.value().to_owned(),
        None => request.from_header().map(|from| from.value().to_owned()).unwrap_or_default(),
    };
    user_part(&value)
}

/// The user part of a name-addr, addr-spec or tel URI, with `%xx` resolved; the host when there is no user.
pub fn user_part(value: &str) -> String {
    let uri = match (value.find('<'), value.find('>')) {
        (Some(open), Some(close)) if open < close => value.get(open + 1..close).unwrap_or(value),
        _ => value.split(';').next().unwrap_or(value),
    };
    let uri = uri.trim();
    let rest = uri.split_once(':').map_or(uri, |(_, rest)| rest);
    let part = match rest.split_once('@') {
        // user;param@host and user:password@host: the bare user.
        Some((user, _)) => user.split([';', ':']).next().unwrap_or(user),
        None => rest.split([';', ':', '?']).next().unwrap_or(rest),
    };
    percent_decoded(part)
}

/// Resolves `%xx`; what is not a valid escape stays as it is.
pub fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let escape = (byte == b'%')
            .then(|| bytes.get(at + 1..at + 3))
            .flatten()
            .and_then(|hex| std::str::from_utf8(hex).ok())
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match escape {
            Some(decoded) => {
                out.push(decoded);
                at += 3;
            }
            None => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The same call in the same state of its making: Call-ID, From tag, CSeq (RFC 3261 8.2.2.2).
pub fn origin(request: &Request) -> String {
    let call_id = request.call_id_header().map(|id| id.value().to_owned()).unwrap_or_default();
    let tag = request
        .from_header()
        .ok()
        .and_then(|from| from.tag().ok().flatten())
        .map(|tag| tag.value().to_owned())
        .unwrap_or_default();
    let cseq = request.cseq_header().and_then(|cseq| cseq.seq()).unwrap_or_default();
    format!("{call_id}\n{tag}\n{cseq}")
}
