//! Two kinds of time. A [`Moment`] is monotonic and drives machines; a [`Wall`] is what people read.
//! Only `runtime` and `sim` make either; machines are handed them.

use std::fmt;
use std::ops::{Add, Sub};

/// Milliseconds since the process (or the simulation) began.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Moment {
    pub ms: u64,
}

impl Moment {
    pub const ZERO: Moment = Moment { ms: 0 };

    pub const fn from_ms(ms: u64) -> Self {
        Moment { ms }
    }

    /// Milliseconds since `earlier`; 0 when `earlier` is later.
    pub const fn since(self, earlier: Moment) -> u64 {
        self.ms.saturating_sub(earlier.ms)
    }
}

impl Add<u64> for Moment {
    type Output = Moment;
    fn add(self, ms: u64) -> Moment {
        Moment { ms: self.ms.saturating_add(ms) }
    }
}

impl Sub<u64> for Moment {
    type Output = Moment;
    fn sub(self, ms: u64) -> Moment {
        Moment { ms: self.ms.saturating_sub(ms) }
    }
}

impl fmt::Debug for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03}s", self.ms / 1000, self.ms % 1000)
    }
}

/// Unix time in milliseconds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Wall {
    pub unix_ms: i64,
}

/// China has one civil time (UTC+8, no daylight saving since 1991).
pub const CHINA_OFFSET_MINUTES: i64 = 480;

impl Wall {
    pub const fn from_ms(unix_ms: i64) -> Self {
        Wall { unix_ms }
    }

    pub const fn plus_ms(self, ms: i64) -> Self {
        Wall { unix_ms: self.unix_ms.saturating_add(ms) }
    }

    /// The clock on the wall in China.
    pub fn civil(self) -> Civil {
        let local = self.unix_ms.div_euclid(1000) + CHINA_OFFSET_MINUTES * 60;
        let days = local.div_euclid(86_400);
        let second_of_day = local.rem_euclid(86_400) as u32;
        let (year, month, day) = civil_from_days(days);
        Civil {
            year,
            month,
            day,
            hour: second_of_day / 3600,
            minute: second_of_day / 60 % 60,
            second: second_of_day % 60,
        }
    }
}

/// A local date and time: months and days from 1, hours 0 to 23.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Civil {
    pub year: i32,
    pub month: u32,
    pub day: u32,
    pub hour: u32,
    pub minute: u32,
    pub second: u32,
}

impl Civil {
    /// Days since 1970-01-01.
    pub fn days(self) -> i64 {
        days_from_civil(self.year, self.month, self.day)
    }

    /// 1 is Monday, 7 is Sunday (ISO 8601).
    pub fn weekday(self) -> u32 {
        (self.days() + 3).rem_euclid(7) as u32 + 1
    }

    pub fn wall(self) -> Wall {
        let seconds = self.days() * 86_400
            + i64::from(self.hour) * 3600
            + i64::from(self.minute) * 60
            + i64::from(self.second)
            - CHINA_OFFSET_MINUTES * 60;
        Wall::from_ms(seconds * 1000)
    }

    /// The same time of day, `days` later.
    pub fn plus_days(self, days: i64) -> Civil {
        let (year, month, day) = civil_from_days(self.days() + days);
        Civil { year, month, day, ..self }
    }
}

/// A civil day, without a time. Ordered as the calendar is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Day {
    year: i32,
    month: u32,
    day: u32,
}

impl Day {
    /// `None` for a day that the calendar does not have, or a year outside 1900 to 2100.
    pub fn new(year: i32, month: u32, day: u32) -> Option<Day> {
        let real = (1900..=2100).contains(&year)
            && (1..=12).contains(&month)
            && civil_from_days(days_from_civil(year, month, day.clamp(1, 99)))
                == (year, month, day);
        real.then_some(Day { year, month, day })
    }

    /// `YYYY-MM-DD`, and nothing else.
    pub fn parse(text: &str) -> Option<Day> {
        let mut parts = text.split('-');
        let mut number = |digits: usize| {
            let part = parts.next()?;
            let plain = part.len() == digits && part.bytes().all(|b| b.is_ascii_digit());
            part.parse::<u32>().ok().filter(|_| plain)
        };
        let (year, month, day) = (number(4)?, number(2)?, number(2)?);
        if parts.next().is_some() {
            return None;
        }
        Day::new(i32::try_from(year).ok()?, month, day)
    }

    /// The day that begins so many days after 1970-01-01; `None` outside 1900 to 2100.
    pub fn from_days(days: i64) -> Option<Day> {
        // Far beyond the years that count, so that the sum below cannot overflow.
        if days.abs() > 100_000 {
            return None;
        }
        let (year, month, day) = civil_from_days(days);
        Day::new(year, month, day)
    }

    /// Days since 1970-01-01.
    pub fn days(self) -> i64 {
        days_from_civil(self.year, self.month, self.day)
    }

    pub const fn year(self) -> i32 {
        self.year
    }

    /// From 1.
    pub const fn month(self) -> u32 {
        self.month
    }

    /// Of the month, from 1.
    pub const fn day(self) -> u32 {
        self.day
    }

    /// 1 is Monday, 7 is Sunday (ISO 8601).
    pub fn weekday(self) -> u32 {
        (self.days() + 3).rem_euclid(7) as u32 + 1
    }

    /// So many days later, earlier where negative; `None` outside 1900 to 2100.
    pub fn plus(self, days: i64) -> Option<Day> {
        Day::from_days(self.days().checked_add(days)?)
    }

    /// Midnight at its beginning, in China.
    pub fn start(self) -> Wall {
        Wall::from_ms((self.days() * 86_400 - CHINA_OFFSET_MINUTES * 60) * 1000)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl Civil {
    pub fn day(self) -> Day {
        Day { year: self.year, month: self.month, day: self.day }
    }
}

impl fmt::Display for Civil {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:04}-{:02}-{:02} {:02}:{:02}:{:02}",
            self.year, self.month, self.day, self.hour, self.minute, self.second
        )
    }
}

// Both directions follow the era arithmetic of the proleptic Gregorian calendar: 146,097 days in 400 years,
// years counted from 1 March so that the leap day is the last of its year.
fn days_from_civil(year: i32, month: u32, day: u32) -> i64 {
    let y = i64::from(year) - i64::from(month <= 2);
    let era = y.div_euclid(400);
    let year_of_era = y.rem_euclid(400);
    let month_from_march = i64::from((month + 9) % 12);
    let day_of_year = (153 * month_from_march + 2) / 5 + i64::from(day) - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

fn civil_from_days(days: i64) -> (i32, u32, u32) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = (day_of_year - (153 * month_from_march + 2) / 5 + 1) as u32;
    let month = ((month_from_march + 2) % 12 + 1) as u32;
    let year = (year_of_era + era * 400 + i64::from(month <= 2)) as i32;
    (year, month, day)
}

/// The minute of the day that `HH:MM` tells, 0 to 1440: `24:00` is the day's end. `None` for any other text.
pub fn minute_of_day(text: &str) -> Option<u32> {
    let (hour, minute) = text.split_once(':')?;
    let number = |part: &str| {
        let figures = part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
        figures.then(|| part.parse::<u32>().ok()).flatten()
    };
    let (hour, minute) = (number(hour)?, number(minute)?);
    let total = hour * 60 + minute;
    (minute <= 59 && total <= 24 * 60).then_some(total)
}
