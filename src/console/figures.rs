//! The day in figures.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;

use super::App;
use super::error::ApiError;
use crate::kernel::{Civil, Wall};

/// Inbound calls since midnight in China, by how they ended, and how fast the robot replied.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Today {
    pub calls: i64,
    pub live: i64,
    pub answered: i64,
    pub handed_over: i64,
    pub registered: i64,
    pub abandoned: i64,
    /// Failed or interrupted.
    pub broken: i64,
    pub callbacks: i64,
    /// Replies that were measured.
    pub replies: i64,
    pub latency_p50_ms: Option<i64>,
    pub latency_p95_ms: Option<i64>,
}

pub(super) fn now() -> Wall {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Wall::from_ms(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

pub(super) fn midnight(now: Wall) -> Wall {
    Civil { hour: 0, minute: 0, second: 0, ..now.civil() }.wall()
}

pub(super) async fn today(app: &App) -> Result<Today, ApiError> {
    let figures = app.store.figures(midnight(now())).await?;
    let mut today = Today {
        replies: figures.replies,
        latency_p50_ms: figures.latency_p50_ms,
        latency_p95_ms: figures.latency_p95_ms,
        ..Today::default()
    };
    for (direction, outcome, calls) in figures.outcomes {
        if direction != "inbound" {
            today.callbacks += calls;
            continue;
        }
        today.calls += calls;
        *match outcome.as_deref() {
            None => &mut today.live,
            Some("answered") => &mut today.answered,
            Some("handed_over") => &mut today.handed_over,
            Some("registered") => &mut today.registered,
            Some("abandoned") => &mut today.abandoned,
            Some(_) => &mut today.broken,
        } += calls;
    }
    Ok(today)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_midnight_in_china() {
        let evening = Wall::from_ms(1_795_363_200_000); // 2026-11-22 16:00 UTC, the 23rd in China
        assert_eq!(midnight(evening), evening);
        assert_eq!(midnight(evening.plus_ms(86_399_999)), evening);
        assert_eq!(midnight(evening.plus_ms(-1)), evening.plus_ms(-86_400_000));
    }
}
