//! Tickets as service requests of Open311 GeoReport v2 (wiki.open311.org/GeoReport_v2).
//!
//! Nothing in them is a caller's: no number, no name, no words, no address below the township. What a request is about is
//! told by its category, where by its division; secret tickets and reports are not given here at all, which the caller of
//! this file sees to.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::kernel::{Civil, Day, Wall};

/// Requests in one answer ("GET Service Requests" of the specification).
pub const REQUESTS_MAX: i64 = 1000;
/// Longest span of one question, in days (the same place).
pub const SPAN_DAYS_MAX: i64 = 90;

/// A kind of matter that may be asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Service {
    /// 0101.
    pub code: String,
    pub name: String,
    /// The group that it belongs to; empty for none.
    pub group: String,
}

/// One ticket. Texts are names of codes, never words of a caller; empty ones are not known.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ServiceRequest {
    pub id: u64,
    pub open: bool,
    /// 办理中.
    pub status_notes: String,
    pub service_code: String,
    pub service_name: String,
    /// 投诉：夜间施工噪声.
    pub description: String,
    /// The unit's name.
    pub agency_responsible: String,
    pub requested: Wall,
    pub updated: Wall,
    /// When its limit passes.
    pub expected: Option<Wall>,
    /// The division's name.
    pub address: String,
    /// The division's code.
    pub address_id: String,
}

/// A moment as the specification writes it (W3C date and time, ISO 8601), in China's time: `2026-11-22T09:30:00+08:00`.
pub fn stamp(at: Wall) -> String {
    format!("{}+08:00", at.civil()).replace(' ', "T")
}

/// The moment of `2026-11-22T09:30:00+08:00`, `2026-11-22T01:30:00Z` or `2026-11-22`; a moment that names no zone is
/// China's.
pub fn when(text: &str) -> Option<Wall> {
    let text = text.trim();
    // A `+` in an address that was not escaped arrives as a blank.
    let (date, rest) = text.split_at_checked(10)?;
    let day = Day::parse(date)?;
    if rest.is_empty() {
        return Some(day.start());
    }
    let rest = rest.strip_prefix('T')?;
    let (time, zone) = rest.split_at_checked(8)?;
    let mut parts = time.split(':').map(two);
    let (hour, minute, second) = (parts.next()??, parts.next()??, parts.next()??);
    if hour > 23 || minute > 59 || second > 59 || parts.next().is_some() {
        return None;
    }
    let local =
        Civil { year: day.year(), month: day.month(), day: day.day(), hour, minute, second };
    // `wall` takes it for China's time; another zone's is so many minutes off.
    let china = local.wall();
    let minutes = match zone {
        "" => return Some(china),
        "Z" => 0,
        zone => {
            let (sign, zone) = zone.split_at_checked(1)?;
            let (hours, minutes) = zone.split_once(':')?;
            let offset = i64::from(two(hours)?) * 60 + i64::from(two(minutes)?);
            match sign {
                "+" | " " => offset,
                "-" => -offset,
                _ => return None,
            }
        }
    };
    Some(china.plus_ms((crate::kernel::time::CHINA_OFFSET_MINUTES - minutes) * 60_000))
}

/// Two digits, and nothing else.
fn two(text: &str) -> Option<u32> {
    let plain = text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|_| plain)
}

/// The fields of a request, in the order of the specification; `None` where there is nothing.
fn fields(request: &ServiceRequest) -> [(&'static str, Option<String>); 16] {
    let known = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    [
        ("service_request_id", Some(request.id.to_string())),
        ("status", Some(if request.open { "open" } else { "closed" }.to_owned())),
        ("status_notes", known(&request.status_notes)),
        ("service_name", known(&request.service_name)),
        ("service_code", known(&request.service_code)),
        ("description", known(&request.description)),
        ("agency_responsible", known(&request.agency_responsible)),
        ("service_notice", None),
        ("requested_datetime", Some(stamp(request.requested))),
        ("updated_datetime", Some(stamp(request.updated))),
        ("expected_datetime", request.expected.map(stamp)),
        ("address", known(&request.address)),
        ("address_id", known(&request.address_id)),
        ("zipcode", None),
        ("lat", None),
        ("long", None),
    ]
}

/// `GET requests.json`: an array of objects.
pub fn requests_json(requests: &[ServiceRequest]) -> Value {
    let object = |request: &ServiceRequest| -> Value {
        fields(request).into_iter().map(|(name, value)| (name.to_owned(), json!(value))).collect()
    };
    requests.iter().map(object).collect()
}

/// `GET requests.xml`.
pub fn requests_xml(requests: &[ServiceRequest]) -> String {
    let rows = requests.iter().map(|request| fields(request).to_vec());
    xml("service_requests", "request", rows)
}

fn service_fields(service: &Service) -> [(&'static str, Option<String>); 7] {
    let name = || Some(service.name.clone());
    [
        ("service_code", Some(service.code.clone())),
        ("service_name", name()),
        ("description", name()),
        // No service asks for fields of its own.
        ("metadata", Some("false".into())),
        ("type", Some("realtime".into())),
        ("keywords", None),
        ("group", (!service.group.is_empty()).then(|| service.group.clone())),
    ]
}

/// `GET services.json`.
pub fn services_json(services: &[Service]) -> Value {
    let object = |service: &Service| -> Value {
        let fields = service_fields(service).into_iter();
        let fields = fields.map(|(name, value)| match name {
            "metadata" => (name.to_owned(), json!(false)),
            _ => (name.to_owned(), json!(value)),
        });
        fields.collect()
    };
    services.iter().map(object).collect()
}

/// `GET services.xml`.
pub fn services_xml(services: &[Service]) -> String {
    let rows = services.iter().map(|service| service_fields(service).to_vec());
    xml("services", "service", rows)
}

fn xml(
    whole: &str,
    one: &str,
    rows: impl Iterator<Item = Vec<(&'static str, Option<String>)>>,
) -> String {
    let mut out = format!("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<{whole}>\n");
    for row in rows {
        let _ = writeln!(out, "  <{one}>");
        for (name, value) in row {
            let _ = match value {
                Some(value) => writeln!(out, "    <{name}>{}</{name}>", escaped(&value)),
                None => writeln!(out, "    <{name}/>"),
            };
        }
        let _ = writeln!(out, "  </{one}>");
    }
    let _ = writeln!(out, "</{whole}>");
    out
}

/// As the text of an element or of an attribute; what XML 1.0 cannot hold is left out.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' | '\r' => out.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
            c => out.push(c),
        }
    }
    out
}
