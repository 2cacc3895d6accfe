//! `[desk]`: what happens to tickets without anybody's order.

use serde::Deserialize;

use super::{ConfigError, in_range};

const DAY_MS: i64 = 86_400_000;

/// What the service does by itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Desk {
    /// 督办 of red lights.
    pub supervise: bool,
    /// 归档 of what is closed and will not be asked about any more.
    pub archive: bool,
    /// For so long a closed ticket may still be drawn by a sample.
    pub unasked_ms: i64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Raw {
    supervise: bool,
    archive: bool,
    unasked_days: i64,
}

impl Default for Raw {
    fn default() -> Self {
        Raw { supervise: true, archive: true, unasked_days: 30 }
    }
}

impl Raw {
    pub(super) fn check(self) -> Result<Desk, ConfigError> {
        let days = in_range("desk.unasked_days", self.unasked_days, 1..=3650)?;
        Ok(Desk { supervise: self.supervise, archive: self.archive, unasked_ms: days * DAY_MS })
    }
}
