//! `[callbacks]`: whom we call back, when, and how often.

use std::path::PathBuf;

use serde::Deserialize;

use super::{ConfigError, in_range, setting};
use crate::hotline::CallbackRules;
use crate::survey::campaign::Repeats;
use crate::survey::schedule::{Days, Window};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Raw {
    delay_s: i64,
    from: String,
    to: String,
    per_day: usize,
    in_all: usize,
    spacing_s: i64,
    days: String,
    lines: usize,
    per_minute: usize,
    repeats: String,
    verifier: String,
    pub(super) pack: Option<PathBuf>,
}

impl Default for Raw {
    fn default() -> Self {
        let rules = CallbackRules::default();
        Raw {
            delay_s: rules.delay_ms / 1000,
            from: "09:00".into(),
            to: "20:00".into(),
            per_day: 2,
            in_all: 3,
            spacing_s: 7200,
            days: "all".into(),
            lines: rules.lines,
            per_minute: rules.per_minute,
            repeats: "call".into(),
            verifier: rules.verifier,
            pack: None,
        }
    }
}

impl Raw {
    pub(super) fn check(self) -> Result<CallbackRules, ConfigError> {
        let days = Days::from_key(&self.days);
        let window = Window::new(&self.from, &self.to)
            .and_then(|window| window.attempts(self.per_day, self.in_all, self.spacing_s * 1000))
            .and_then(|window| Ok(window.on(days?)))
            .map_err(|error| ConfigError::Callbacks(error.to_string()))?;
        let repeats = match self.repeats.as_str() {
            "call" => Repeats::Called,
            "sample" => Repeats::Sampled,
            _ => return Err(setting("callbacks.repeats", self.repeats, "say call or sample")),
        };
        if self.verifier.trim().is_empty() {
            let remedy = "name the desk that looks into unhappy answers";
            return Err(setting("callbacks.verifier", self.verifier, remedy));
        }
        Ok(CallbackRules {
            delay_ms: in_range("callbacks.delay_s", self.delay_s, 0..=30 * 86_400)? * 1000,
            window,
            lines: in_range("callbacks.lines", self.lines, 1..=64)?,
            per_minute: in_range("callbacks.per_minute", self.per_minute, 1..=600)?,
            repeats,
            verifier: self.verifier.trim().to_owned(),
            ..CallbackRules::default()
        })
    }
}
