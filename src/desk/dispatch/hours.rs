//! The times of rules and of cases: hours of a day, days of a week, seasons of a year.

use std::fmt;

use crate::kernel::{Civil, minute_of_day};

const DAY_MINUTES: u16 = 24 * 60;

/// From `from` until before `to`, minutes of a day; over midnight where `to` is the smaller.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Hours {
    from: u16,
    to: u16,
}

/// Both days included; over the new year where `to` is the earlier.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Season {
    from: (u32, u32),
    to: (u32, u32),
}

/// When a rule counts; an empty list is always.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Times {
    pub(super) hours: Vec<Hours>,
    pub(super) seasons: Vec<Season>,
    /// 1 is Monday.
    pub(super) weekdays: Vec<u32>,
}

/// When a matter happened, as far as it was told.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Occurred {
    pub day: Option<Civil>,
    /// 1 is Monday.
    pub weekday: Option<u32>,
    /// Of the day.
    pub minute: Option<u16>,
}

/// How a rule's times meet a case's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fit {
    Yes,
    Hours,
    HoursUnknown,
    Weekday,
    Season,
}

impl Hours {
    /// 22:00-06:00.
    pub(super) fn parse(text: &str) -> Option<Hours> {
        let (from, to) = text.split_once('-')?;
        let (from, to) = (minute_of(from)?, minute_of(to)?);
        (from < DAY_MINUTES).then_some(Hours { from, to })
    }

    pub(super) fn is_empty(self) -> bool {
        self.from == self.to
    }

    fn holds(self, minute: u16) -> bool {
        if self.from < self.to {
            (self.from..self.to).contains(&minute)
        } else {
            !(self.to..self.from).contains(&minute)
        }
    }
}

fn minute_of(text: &str) -> Option<u16> {
    minute_of_day(text.trim()).and_then(|minute| minute.try_into().ok())
}

impl Season {
    /// 06-01..09-30.
    pub(super) fn parse(text: &str) -> Option<Season> {
        let (from, to) = text.split_once("..")?;
        Some(Season { from: day_of_year(from)?, to: day_of_year(to)? })
    }

    fn holds(self, day: (u32, u32)) -> bool {
        if self.from <= self.to {
            (self.from..=self.to).contains(&day)
        } else {
            day >= self.from || day <= self.to
        }
    }
}

fn day_of_year(text: &str) -> Option<(u32, u32)> {
    let (month, day) = text.trim().split_once('-')?;
    let (month, day) = (month.parse().ok()?, day.parse().ok()?);
    // 2024 has a 29 February.
    let civil = Civil { year: 2024, month, day, hour: 0, minute: 0, second: 0 };
    let real = (1..=12).contains(&month) && day >= 1 && civil.plus_days(0) == civil;
    real.then_some((month, day))
}

impl Times {
    pub(super) fn is_always(&self) -> bool {
        self.hours.is_empty() && self.seasons.is_empty() && self.weekdays.is_empty()
    }

    /// How many of the three are asked for.
    pub(super) fn kinds(&self) -> usize {
        [self.hours.is_empty(), self.seasons.is_empty(), self.weekdays.is_empty()]
            .iter()
            .filter(|e| !**e)
            .count()
    }

    fn hour(&self, minute: u16) -> bool {
        self.hours.is_empty() || self.hours.iter().any(|hours| hours.holds(minute))
    }

    fn season(&self, day: (u32, u32)) -> bool {
        self.seasons.is_empty() || self.seasons.iter().any(|season| season.holds(day))
    }

    fn weekday(&self, weekday: u32) -> bool {
        self.weekdays.is_empty() || self.weekdays.contains(&weekday)
    }

    /// A day that was not told is the day of registration; an hour that was not told stays unknown.
    pub(super) fn fit(&self, occurred: Occurred, registered: Civil) -> Fit {
        let day = occurred.day.unwrap_or(registered);
        if !self.season((day.month, day.day)) {
            return Fit::Season;
        }
        if !self.weekday(occurred.weekday.unwrap_or_else(|| day.weekday())) {
            return Fit::Weekday;
        }
        match occurred.minute {
            Some(minute) if !self.hour(minute) => Fit::Hours,
            None if !self.hours.is_empty() => Fit::HoursUnknown,
            _ => Fit::Yes,
        }
    }

    /// Whether some time is in both.
    pub(super) fn meets(&self, other: &Times) -> bool {
        (0..DAY_MINUTES).any(|minute| self.hour(minute) && other.hour(minute))
            && days().any(|day| self.season(day) && other.season(day))
            && (1..=7).any(|day| self.weekday(day) && other.weekday(day))
    }

    /// Whether every time of `other` is in it.
    pub(super) fn covers(&self, other: &Times) -> bool {
        // A rule with hours does not fire where the hour is unknown.
        let hours = self.hours.is_empty() || !other.hours.is_empty();
        hours
            && (0..DAY_MINUTES).all(|minute| self.hour(minute) || !other.hour(minute))
            && days().all(|day| self.season(day) || !other.season(day))
            && (1..=7).all(|day| self.weekday(day) || !other.weekday(day))
    }
}

fn days() -> impl Iterator<Item = (u32, u32)> {
    (1..=12).flat_map(|month| (1..=31).map(move |day| (month, day)))
}

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts: Vec<String> = Vec::new();
        let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
        parts.extend(self.hours.iter().map(|h| format!("{}–{}", clock(h.from), clock(h.to))));
        parts.extend(self.weekdays.iter().map(|day| {
            let name = ["一", "二", "三", "四", "五", "六", "日"].get(*day as usize - 1);
            format!("周{}", name.unwrap_or(&""))
        }));
        let day = |(month, day): (u32, u32)| format!("{month}月{day}日");
        parts.extend(self.seasons.iter().map(|s| format!("{}至{}", day(s.from), day(s.to))));
        f.write_str(&parts.join("、"))
    }
}

/// Where a part of the day is counted: TNI is ten at night.
fn minute_of_part(part: &str) -> Option<u16> {
    Some(
        60 * match part {
            "DA" => 3,
            "MO" => 9,
            "MI" => 12,
            "AF" => 15,
            "EV" => 18,
            "NI" => 22,
            _ => return None,
        },
    )
}

impl Occurred {
    /// From the code of a ticket's time: `2026-11-21T22:00`, `R/22:00/02:00`, `2026-11-21TNI`, `R/W5T22:00` and what
    /// else the intake writes. What says nothing of a day or an hour is left out.
    pub fn of_code(code: &str) -> Occurred {
        let mut told = Occurred::default();
        for part in code.split('/') {
            // Up to now: when it began is not told.
            if part == ".." || part.starts_with('P') {
                break;
            }
            let (date, time) = match part.split_once('T') {
                Some(both) => both,
                None if part.contains(':') || minute_of_part(part).is_some() => ("", part),
                None => (part, ""),
            };
            told.day = told.day.or_else(|| civil_of(date));
            let weekday = date.strip_prefix('W').and_then(|day| day.parse().ok());
            told.weekday = told.weekday.or(weekday.filter(|day| (1..=7).contains(day)));
            let minute = minute_of(time).filter(|minute| *minute < DAY_MINUTES);
            told.minute = told.minute.or(minute).or_else(|| minute_of_part(time));
        }
        told
    }
}

fn civil_of(date: &str) -> Option<Civil> {
    let mut parts = date.split('-');
    let (year, month, day) =
        (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    let civil = Civil { year, month, day, hour: 0, minute: 0, second: 0 };
    ((1..=12).contains(&month) && (1..=31).contains(&day)).then_some(civil)
}
