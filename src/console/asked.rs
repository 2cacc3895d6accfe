//! Which cases somebody asks for: a time, a unit, a region, a category, and how they are put together. Pages, plots and
//! tables understand the same words.

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use serde::Deserialize;

use super::error::ApiError;
use super::figures::now;
use crate::insight::{By, Measure, Period, Who};
use crate::kernel::limits::RATES_DAYS_MAX;
use crate::kernel::{Day, Wall};
use crate::store::{Counted, Wanted};

/// Where nobody says since when: the last 30 days.
const DAYS: i64 = 30;
const CODE_CHARS: usize = 64;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    from: Option<String>,
    to: Option<String>,
    by: Option<String>,
    period: Option<String>,
    measure: Option<String>,
    who: Option<String>,
    unit: Option<String>,
    region: Option<String>,
    category: Option<String>,
}

/// `?from=2026-11-01&to=2026-11-30&unit=…`, checked. Both days count.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub from: Day,
    pub to: Day,
    pub by: By,
    pub period: Period,
    pub measure: Measure,
    /// Of robot or person alone; both together where absent.
    pub who: Option<Who>,
    /// Code; empty for all.
    pub unit: String,
    /// The beginnings of codes.
    pub region: String,
    pub category: String,
}

impl<S: Send + Sync> FromRequestParts<S> for Asked {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Query(raw) = Query::<Raw>::from_request_parts(parts, state).await?;
        let to = day("to", &raw.to)?.unwrap_or_else(today);
        let from = day("from", &raw.from)?.or_else(|| to.plus(1 - DAYS)).unwrap_or(to);
        let days = to.days() - from.days() + 1;
        if !(1..=RATES_DAYS_MAX).contains(&days) {
            let error = format!("from {from} to {to} are {days} days");
            let remedy = format!("ask for 1 to {RATES_DAYS_MAX} days");
            return Err(ApiError::field("bad_query", "from", error, remedy));
        }
        Ok(Asked {
            from,
            to,
            by: word("by", &raw.by, By::of, By::ALL.map(By::key))?.unwrap_or(By::Unit),
            period: word("period", &raw.period, Period::of, Period::ALL.map(Period::key))?
                .unwrap_or(Period::Day),
            measure: word("measure", &raw.measure, Measure::of, Measure::ALL.map(Measure::key))?
                .unwrap_or(Measure::Satisfaction),
            who: word("who", &raw.who, Who::of, Who::ALL.map(Who::key))?,
            unit: code("unit", raw.unit)?,
            region: code("region", raw.region)?,
            category: code("category", raw.category)?,
        })
    }
}

fn today() -> Day {
    now().civil().day()
}

fn given(text: &Option<String>) -> Option<&str> {
    text.as_deref().map(str::trim).filter(|text| !text.is_empty())
}

fn day(field: &'static str, text: &Option<String>) -> Result<Option<Day>, ApiError> {
    let Some(text) = given(text) else { return Ok(None) };
    Day::parse(text).map(Some).ok_or_else(|| {
        let error = format!("`{field}` is {text:?}, which is no day");
        ApiError::field("bad_day", field, error, "write it like 2026-11-22")
    })
}

fn word<T, const N: usize>(
    field: &'static str,
    text: &Option<String>,
    of: impl Fn(&str) -> Option<T>,
    known: [&str; N],
) -> Result<Option<T>, ApiError> {
    let Some(text) = given(text) else { return Ok(None) };
    of(text).map(Some).ok_or_else(|| {
        let error = format!("`{field}` is {text:?}");
        let remedy = format!("use one of {}", known.join(", "));
        ApiError::field("bad_query", field, error, remedy)
    })
}

/// A code of a unit, a division or a category: letters, digits, `-`, `_`, `.`.
pub(super) fn code(field: &'static str, text: Option<String>) -> Result<String, ApiError> {
    let text = text.map(|text| text.trim().to_owned()).unwrap_or_default();
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    if text.chars().count() <= CODE_CHARS && text.chars().all(plain) {
        return Ok(text);
    }
    let error = format!("`{field}` is no code");
    let remedy = format!("a code has at most {CODE_CHARS} letters, digits, hyphens and dots");
    Err(ApiError::field("bad_query", field, error, remedy))
}

impl Asked {
    /// The moments of the first midnight and of the one after the last day.
    pub fn moments(&self) -> (Wall, Wall) {
        let until = self.to.plus(1).unwrap_or(self.to);
        (self.from.start(), until.start())
    }

    pub fn counted(&self, by: By) -> Counted<'_> {
        let (from, until) = self.moments();
        Counted {
            by,
            from,
            until,
            now: now(),
            unit: &self.unit,
            region: &self.region,
            category: &self.category,
        }
    }

    pub fn wanted(&self) -> Wanted {
        let (from, until) = self.moments();
        Wanted {
            from,
            until,
            unit: self.unit.clone(),
            region: self.region.clone(),
            category: self.category.clone(),
        }
    }

    /// The same question as an address asks it. Codes need no escaping.
    pub fn query(&self) -> String {
        let mut query = format!(
            "from={}&to={}&by={}&period={}&measure={}",
            self.from,
            self.to,
            self.by.key(),
            self.period.key(),
            self.measure.key()
        );
        let who = self.who.map_or("", Who::key);
        for (name, value) in [
            ("who", who),
            ("unit", &self.unit),
            ("region", &self.region),
            ("category", &self.category),
        ] {
            if !value.is_empty() {
                query.push_str(&format!("&{name}={value}"));
            }
        }
        query
    }
}
