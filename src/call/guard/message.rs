//! Reads as much of a message as a judgement needs, and writes it again in its plainest form.

use std::borrow::Cow;
use std::net::SocketAddr;

use super::stream::find;

/// Something is not as the grammar wants it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fault;

/// The first line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Start<'a> {
    Request {
        method: &'a str,
        uri: &'a str,
        version: &'a str,
    },
    /// 0 when the status line cannot be read.
    Response {
        code: u16,
    },
    /// A request by its first word, but not of the form `METHOD URI VERSION` with single spaces.
    Unreadable {
        method: &'a str,
    },
    NotSip,
}

/// A message as it came: its head as text, and its body.
pub struct Text<'a> {
    head: Cow<'a, str>,
    body: &'a [u8],
}

impl<'a> Text<'a> {
    pub fn of(bytes: &'a [u8]) -> Text<'a> {
        let blank = bytes.iter().take_while(|byte| b"\r\n".contains(byte)).count();
        let bytes = bytes.get(blank..).unwrap_or_default();
        let (head, body) = match (find(bytes, b"\r\n\r\n"), find(bytes, b"\n\n")) {
            (Some(at), other) if other.is_none_or(|other| at < other) => split(bytes, at, 4),
            (_, Some(at)) => split(bytes, at, 2),
            _ => (bytes, [].as_slice()),
        };
        Text { head: String::from_utf8_lossy(head), body }
    }
}

/// A message in pieces, most of them those of its text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Message<'a> {
    pub start: Start<'a>,
    line: &'a str,
    /// Long names, unfolded values.
    headers: Vec<(&'a str, Cow<'a, str>)>,
    /// A header line could not be read.
    malformed: bool,
    body: &'a [u8],
}

/// Compact forms (RFC 3261 7.3.3 and the IANA registry).
const COMPACT: [(&str, &str); 12] = [
    ("v", "Via"),
    ("f", "From"),
    ("t", "To"),
    ("i", "Call-ID"),
    ("m", "Contact"),
    ("l", "Content-Length"),
    ("c", "Content-Type"),
    ("e", "Content-Encoding"),
    ("k", "Supported"),
    ("s", "Subject"),
    ("x", "Session-Expires"),
    ("r", "Refer-To"),
];
/// Names that are compared here, spelt as here whatever the peer writes.
const KNOWN: [&str; 15] = [
    "Via",
    "From",
    "To",
    "Call-ID",
    "CSeq",
    "Max-Forwards",
    "Contact",
    "Content-Length",
    "Content-Type",
    "Require",
    "Accept",
    "Expires",
    "Route",
    "Record-Route",
    "P-Asserted-Identity",
];
/// Headers whose white space means nothing.
const STRUCTURED: [&str; 7] = ["Via", "From", "To", "Contact", "CSeq", "Route", "Record-Route"];

impl<'a> Message<'a> {
    pub fn read(text: &'a Text<'_>) -> Message<'a> {
        let mut lines = text.head.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line));
        let line = lines.next().unwrap_or_default();
        let mut message = Message {
            start: read_start(line),
            line,
            headers: Vec::with_capacity(16),
            malformed: false,
            body: text.body,
        };
        for line in lines {
            message.read_line(line);
        }
        for (name, value) in &mut message.headers {
            if STRUCTURED.contains(name) && !is_tidy(value) {
                *value = Cow::Owned(tidy(value));
            }
        }
        message
    }

    fn read_line(&mut self, line: &'a str) {
        if line.trim().is_empty() {
            return;
        }
        if line.starts_with([' ', '\t']) {
            match self.headers.last_mut() {
                Some((_, value)) => {
                    let value = value.to_mut();
                    if !value.is_empty() {
                        value.push(' ');
                    }
                    value.push_str(line.trim());
                }
                None => self.malformed = true,
            }
            return;
        }
        match line.split_once(':') {
            Some((name, value)) if is_token(name.trim_end()) => {
                self.headers.push((long_name(name.trim_end()), Cow::Borrowed(value.trim())));
            }
            _ => self.malformed = true,
        }
    }

    pub fn well_formed(&self) -> Result<(), Fault> {
        if self.malformed { Err(Fault) } else { Ok(()) }
    }

    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.headers.iter().map(|(name, value)| (*name, value.as_ref()))
    }

    pub fn values<'m>(&'m self, name: &'m str) -> impl Iterator<Item = &'m str> {
        self.headers().filter(move |(found, _)| *found == name).map(|(_, value)| value)
    }

    pub fn value<'m>(&'m self, name: &'m str) -> Option<&'m str> {
        self.values(name).next()
    }

    pub fn count(&self, name: &str) -> usize {
        self.values(name).count()
    }

    /// The number (below 2^31, RFC 3261 8.1.1.5) and the method.
    pub fn cseq(&self) -> Result<(u32, &str), Fault> {
        let (number, method) =
            self.value("CSeq").and_then(|value| value.split_once(' ')).ok_or(Fault)?;
        let number = digits(number).filter(|&number| number < 1 << 31).ok_or(Fault)?;
        if !is_token(method) {
            return Err(Fault);
        }
        Ok((u32::try_from(number).map_err(|_| Fault)?, method))
    }

    /// 0 to 255 (RFC 3261 20.22).
    pub fn max_forwards(&self) -> Result<u64, Fault> {
        self.value("Max-Forwards").and_then(digits).filter(|&hops| hops < 256).ok_or(Fault)
    }

    /// How long the body is: all there is when nothing is said, a fault when more is said than there is.
    pub fn content_length(&self) -> Result<usize, Fault> {
        match self.value("Content-Length") {
            None => Ok(self.body.len()),
            Some(value) => {
                let length = digits(value).and_then(|n| usize::try_from(n).ok()).ok_or(Fault)?;
                if length > self.body.len() { Err(Fault) } else { Ok(length) }
            }
        }
    }

    /// What a stream must still read after this head; `None` when it cannot be known.
    pub fn body_length(&self) -> Option<usize> {
        match self.count("Content-Length") {
            1 => {
                self.value("Content-Length").and_then(digits).and_then(|n| usize::try_from(n).ok())
            }
            _ => None,
        }
    }

    /// The same message: single spaces, no folds, one Content-Length, the body as long as that says.
    pub fn plain(&self) -> Vec<u8> {
        let length = self.content_length().unwrap_or_default();
        let head: usize = self.headers().map(|(name, value)| name.len() + value.len() + 4).sum();
        let mut text = String::with_capacity(self.line.len() + head + length + 32);
        text.push_str(self.line);
        for (name, value) in self.headers().filter(|(name, _)| *name != "Content-Length") {
            for piece in ["\r\n", name, ": ", value] {
                text.push_str(piece);
            }
        }
        text.push_str("\r\nContent-Length: ");
        text.push_str(&length.to_string());
        text.push_str("\r\n\r\n");
        let mut bytes = text.into_bytes();
        bytes.extend_from_slice(self.body.get(..length).unwrap_or_default());
        bytes
    }
}

fn split(bytes: &[u8], at: usize, gap: usize) -> (&[u8], &[u8]) {
    (bytes.get(..at).unwrap_or_default(), bytes.get(at + gap..).unwrap_or_default())
}

fn read_start(line: &str) -> Start<'_> {
    if line.get(..4).is_some_and(|word| word.eq_ignore_ascii_case("SIP/")) {
        let code = line
            .strip_prefix("SIP/2.0 ")
            .map(|rest| rest.split(' ').next().unwrap_or_default())
            .filter(|code| code.len() == 3)
            .and_then(digits)
            .and_then(|code| u16::try_from(code).ok());
        return Start::Response { code: code.unwrap_or(0) };
    }
    let method = line.split([' ', '\t']).next().unwrap_or_default();
    if !is_token(method) {
        return Start::NotSip;
    }
    let mut words = line.split([' ', '\t']).skip(1);
    match (words.next(), words.next(), words.next()) {
        (Some(uri), Some(version), None) if !uri.is_empty() && !version.is_empty() => {
            Start::Request { method, uri, version }
        }
        _ => Start::Unreadable { method },
    }
}

fn long_name(name: &str) -> &str {
    let compact = COMPACT.iter().find(|(short, _)| short.eq_ignore_ascii_case(name));
    if let Some((_, long)) = compact {
        return long;
    }
    KNOWN.iter().find(|known| known.eq_ignore_ascii_case(name)).map_or(name, |known| known)
}

fn digits(text: &str) -> Option<u64> {
    let all = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    all.then(|| text.parse().ok()).flatten()
}

/// RFC 3261 25.1.
fn is_token(text: &str) -> bool {
    let token = |c: char| c.is_ascii_alphanumeric() || "-.!%*_+`'~".contains(c);
    !text.is_empty() && text.chars().all(token)
}

/// Whether [`tidy`] would change nothing; it says so of less than it is true of.
fn is_tidy(value: &str) -> bool {
    let bytes = value.as_bytes();
    let beside = |byte: Option<&u8>| byte.is_none_or(|byte| b" ;=,/".contains(byte));
    value.is_ascii()
        && bytes.iter().enumerate().filter(|(_, byte)| byte.is_ascii_whitespace()).all(
            |(at, &byte)| {
                byte == b' '
                    && !beside(bytes.get(at + 1))
                    && !beside(at.checked_sub(1).and_then(|at| bytes.get(at)))
            },
        )
}

/// Single spaces, and none beside `;`, `=`, `,` and `/`, but what is quoted stays as it is.
fn tidy(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut quotes = Quotes::default();
    for c in value.chars() {
        if quotes.inside(c) {
            out.push(c);
        } else if c.is_whitespace() {
            if !out.is_empty() && !out.ends_with([' ', ';', '=', ',', '/']) {
                out.push(' ');
            }
        } else {
            if ";=,/".contains(c) && out.ends_with(' ') {
                out.pop();
            }
            out.push(c);
        }
    }
    out.trim_end().to_owned()
}

/// Follows quoted strings, with their escapes.
#[derive(Default)]
struct Quotes {
    open: bool,
    escaped: bool,
}

impl Quotes {
    /// Whether this character, quotation marks included, belongs to a quoted string.
    fn inside(&mut self, c: char) -> bool {
        match (self.open, self.escaped, c) {
            (true, true, _) => self.escaped = false,
            (true, false, '\\') => self.escaped = true,
            (true, false, '"') => self.open = false,
            (true, false, _) => {}
            (false, _, '"') => self.open = true,
            (false, _, _) => return false,
        }
        true
    }
}

/// Splits at `at` outside quotes and angle brackets. A fault: a quote or bracket that does not close.
fn split_outside(value: &str, at: char) -> Result<Vec<&str>, Fault> {
    let mut pieces = Vec::new();
    let mut quotes = Quotes::default();
    let mut angle = false;
    let mut begin = 0;
    for (index, c) in value.char_indices() {
        if quotes.inside(c) {
            continue;
        }
        match c {
            '<' if angle => return Err(Fault),
            '<' => angle = true,
            '>' if !angle => return Err(Fault),
            '>' => angle = false,
            c if c == at && !angle => {
                pieces.push(value.get(begin..index).unwrap_or_default());
                begin = index + c.len_utf8();
            }
            _ => {}
        }
    }
    if quotes.open || angle {
        return Err(Fault);
    }
    pieces.push(value.get(begin..).unwrap_or_default());
    Ok(pieces)
}

/// From or To: one name-addr or addr-spec with parameters.
pub fn check_address(value: &str, tag: bool) -> Result<(), Fault> {
    if split_outside(value, ',')?.len() != 1 {
        return Err(Fault);
    }
    check_name_addr(value)?;
    if tag && !has_tag(value) { Err(Fault) } else { Ok(()) }
}

/// Contact: `*`, or a list.
pub fn check_contact(value: &str) -> Result<(), Fault> {
    if value == "*" {
        return Ok(());
    }
    split_outside(value, ',')?.into_iter().try_for_each(check_name_addr)
}

fn check_name_addr(value: &str) -> Result<(), Fault> {
    let pieces = split_outside(value.trim(), ';')?;
    let (address, params) = pieces.split_first().ok_or(Fault)?;
    params.iter().try_for_each(|param| check_param(param))?;
    let address = address.trim();
    let uri = match address.strip_suffix('>') {
        Some(open) => {
            let (name, uri) = open.rsplit_once('<').ok_or(Fault)?;
            check_display(name.trim())?;
            uri
        }
        None if address.contains(['<', '>', '"', '?', ',']) => return Err(Fault),
        None => address,
    };
    let scheme = uri.split_once(':').filter(|(_, rest)| !rest.is_empty()).ok_or(Fault)?.0;
    if uri.contains(char::is_whitespace) || !is_token(scheme) {
        return Err(Fault);
    }
    Ok(())
}

/// A quoted string, or words of tokens. Characters beyond ASCII are let through: real telephones send them.
fn check_display(name: &str) -> Result<(), Fault> {
    let quoted = name.len() >= 2 && name.starts_with('"') && name.ends_with('"');
    let words = || name.split_whitespace().all(|word| word.chars().all(is_word));
    if name.is_empty() || quoted || words() { Ok(()) } else { Err(Fault) }
}

fn is_word(c: char) -> bool {
    !c.is_ascii() || c.is_ascii_alphanumeric() || "-.!%*_+`'~".contains(c)
}

fn check_param(param: &str) -> Result<(), Fault> {
    let (name, value) = match param.split_once('=') {
        Some((name, value)) => (name.trim(), Some(value.trim())),
        None => (param.trim(), None),
    };
    if is_token(name) && value != Some("") { Ok(()) } else { Err(Fault) }
}

pub fn has_tag(value: &str) -> bool {
    split_outside(value, ';').is_ok_and(|pieces| {
        pieces.iter().skip(1).any(|param| {
            let name = param.split('=').next().unwrap_or_default().trim();
            name.eq_ignore_ascii_case("tag")
        })
    })
}

/// `SIP/2.0/UDP host[:port];params`, perhaps several with commas between.
pub fn check_via(value: &str) -> Result<(), Fault> {
    for via in split_outside(value, ',')? {
        let pieces = split_outside(via.trim(), ';')?;
        let (sent, params) = pieces.split_first().ok_or(Fault)?;
        params.iter().try_for_each(|param| check_param(param))?;
        let (protocol, host) = sent.trim().split_once(' ').ok_or(Fault)?;
        let parts: Vec<&str> = protocol.split('/').collect();
        let known = matches!(parts[..], [sip, "2.0", transport]
            if sip.eq_ignore_ascii_case("SIP") && is_token(transport));
        if !known || host.is_empty() || host.contains(char::is_whitespace) {
            return Err(Fault);
        }
    }
    Ok(())
}

/// The Via of an answer (RFC 3261 18.2.1, RFC 3581 4) and the port it asks answers on.
pub fn answer_via(value: &str, source: SocketAddr) -> (String, Option<u16>) {
    let end = split_outside(value, ',').ok().and_then(|vias| vias.first().map(|via| via.len()));
    let (first, rest) = value.split_at(end.unwrap_or(value.len()));
    let mut pieces = first.split(';');
    let sent = pieces.next().unwrap_or_default();
    let mut text = sent.trim().to_owned();
    let mut rport = false;
    for param in pieces {
        let name = param.split('=').next().unwrap_or_default().trim();
        if name.eq_ignore_ascii_case("rport") {
            rport = true;
        } else if !name.eq_ignore_ascii_case("received") {
            text.push(';');
            text.push_str(param.trim());
        }
    }
    text.push_str(&format!(";received={}", source.ip()));
    if rport {
        text.push_str(&format!(";rport={}", source.port()));
    }
    text.push_str(rest);
    let host = sent.rsplit(' ').next().unwrap_or_default();
    // A bare IPv6 reference ends with its bracket and names no port.
    let port = host.rsplit_once(':').and_then(|(_, port)| port.parse().ok());
    (text, if rport { None } else { Some(port.unwrap_or(5060)) })
}
