//! A length of time as a rule gives it: `2 hours`, `same day`, `5 working days`.

use std::fmt;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Unit {
    Second,
    Minute,
    Hour,
    /// 当日: to the end of the day; its amount is 1.
    SameDay,
    /// 日: every day of the calendar.
    Day,
    /// 工作日.
    WorkingDay,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Span {
    pub amount: u32,
    pub unit: Unit,
}

/// Ten years; more is a slip of the pen.
const DAYS_MAX: u32 = 3660;
const MINUTE: i64 = 60_000;
const DAY: i64 = 24 * 60 * MINUTE;

impl Unit {
    pub const ALL: [Unit; 6] =
        [Unit::Second, Unit::Minute, Unit::Hour, Unit::SameDay, Unit::Day, Unit::WorkingDay];

    pub const fn key(self) -> &'static str {
        match self {
            Unit::Second => "seconds",
            Unit::Minute => "minutes",
            Unit::Hour => "hours",
            Unit::SameDay => "same day",
            Unit::Day => "days",
            Unit::WorkingDay => "working days",
        }
    }

    /// Milliseconds of one; `None` where the calendar decides.
    pub const fn ms(self) -> Option<i64> {
        match self {
            Unit::Second => Some(1000),
            Unit::Minute => Some(MINUTE),
            Unit::Hour => Some(60 * MINUTE),
            Unit::SameDay | Unit::Day | Unit::WorkingDay => None,
        }
    }

    /// Counted in days.
    pub const fn is_daily(self) -> bool {
        self.ms().is_none()
    }

    const fn most(self) -> u32 {
        match self {
            Unit::Second => DAYS_MAX * 86_400,
            Unit::Minute => DAYS_MAX * 1440,
            Unit::Hour => DAYS_MAX * 24,
            Unit::SameDay => 1,
            Unit::Day | Unit::WorkingDay => DAYS_MAX,
        }
    }
}

impl Span {
    /// `same day`, or a whole number from 1 on and a unit, in the singular or the plural; up to ten years.
    pub fn parse(text: &str) -> Option<Span> {
        let text = text.trim();
        if text == "same day" {
            return Some(Span { amount: 1, unit: Unit::SameDay });
        }
        let (amount, unit) = text.split_once(' ')?;
        let plain = !amount.is_empty() && amount.bytes().all(|b| b.is_ascii_digit());
        let amount = amount.parse::<u32>().ok().filter(|_| plain)?;
        let unit = Unit::ALL.into_iter().find(|known| {
            *known != Unit::SameDay
                && (known.key() == unit || known.key().strip_suffix('s') == Some(unit))
        })?;
        (1..=unit.most()).contains(&amount).then_some(Span { amount, unit })
    }

    /// The shortest and the longest that it can be, in milliseconds. No two working days are further apart than twelve
    /// days: nine of a holiday with the weekends beside it.
    pub const fn bounds(self) -> (i64, i64) {
        let amount = self.amount as i64;
        match self.unit {
            Unit::SameDay => (0, 2 * DAY),
            Unit::Day => (amount * DAY, (amount + 12) * DAY),
            Unit::WorkingDay => (amount * DAY, (amount * 12 + 1) * DAY),
            Unit::Second => (amount * 1000, amount * 1000),
            Unit::Minute => (amount * MINUTE, amount * MINUTE),
            Unit::Hour => (amount * 60 * MINUTE, amount * 60 * MINUTE),
        }
    }

    /// In Chinese: 2 小时, 当日, 5 个工作日.
    pub fn chinese(self) -> String {
        let unit = match self.unit {
            Unit::SameDay => return "当日".to_owned(),
            Unit::Second => "秒",
            Unit::Minute => "分钟",
            Unit::Hour => "小时",
            Unit::Day => "日",
            Unit::WorkingDay => "个工作日",
        };
        format!("{} {unit}", self.amount)
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.unit {
            Unit::SameDay => f.write_str("same day"),
            unit if self.amount == 1 => write!(f, "1 {}", unit.key().trim_end_matches('s')),
            unit => write!(f, "{} {}", self.amount, unit.key()),
        }
    }
}
