//! `[[outside]]`: those whom agents may bring in or pass callers to, besides each other: departments, 110, an interpreter.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::{ConfigError, Outbound, setting};
use crate::hotline::Outside;
use crate::kernel::limits::OUTSIDE_MAX;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Raw {
    code: String,
    name: String,
    /// A telephone number, over the trunk of `outbound.route`.
    number: Option<String>,
    /// Or any SIP URI.
    uri: Option<String>,
    #[serde(default)]
    refer: bool,
}

pub(super) fn check(raw: Vec<Raw>, outbound: &Outbound) -> Result<Vec<Outside>, ConfigError> {
    if raw.len() > OUTSIDE_MAX {
        return Err(setting(
            "outside",
            raw.len(),
            "there are too many; one service has at most 256",
        ));
    }
    let mut seen = BTreeSet::new();
    if let Some(twice) = raw.iter().map(|outside| &outside.code).find(|code| !seen.insert(*code)) {
        return Err(setting("outside.code", twice, "give every one a code of its own"));
    }
    raw.into_iter().map(|outside| outside.check(outbound)).collect()
}

impl Raw {
    fn check(self, outbound: &Outbound) -> Result<Outside, ConfigError> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
        if self.code.is_empty() || self.code.len() > 32 || !self.code.chars().all(plain) {
            let remedy = "a code is 1 to 32 of a to z, 0 to 9, - and _";
            return Err(setting("outside.code", self.code, remedy));
        }
        if self.name.trim().is_empty() {
            return Err(setting("outside.name", self.name, "say who it is, as agents call them"));
        }
        let (uri, trunk) = match (self.number, self.uri) {
            (Some(number), None) => {
                let digits = number.strip_prefix('+').unwrap_or(&number);
                let right = (3..=15).contains(&digits.len());
                if !right || !digits.bytes().all(|b| b.is_ascii_digit()) {
                    let remedy = "give 3 to 15 digits, with + before an international number";
                    return Err(setting("outside.number", number, remedy));
                }
                (outbound.route.replace("{number}", &number), true)
            }
            (None, Some(uri)) => {
                let right = uri.strip_prefix("sip:").is_some_and(|rest| !rest.is_empty());
                if !right || uri.chars().any(|c| c.is_whitespace() || c.is_control()) {
                    let remedy = "give a SIP URI like sip:interpreter@192.0.2.30";
                    return Err(setting("outside.uri", uri, remedy));
                }
                (uri, false)
            }
            _ => {
                let remedy = "say where it is rung: either number or uri";
                return Err(setting("outside.code", self.code, remedy));
            }
        };
        if self.refer && !trunk {
            let remedy = "a caller is handed to the trunk with a number that the trunk can call: give number";
            return Err(setting("outside.refer", true, remedy));
        }
        Ok(Outside { code: self.code, name: self.name, uri, trunk, refer: self.refer })
    }
}
