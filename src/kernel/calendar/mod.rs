//! 工作日: which days are worked, which are off and why. The calendar is data: the arrangement that the State Council's office
//! publishes each year, with its make-up days (调休), as the package `chinese-days` brings it or as a file of one's own
//! ([`Calendar::read`] gives the format). A year without a published arrangement falls back on the days that the law
//! gives every year, and each of its days says that it is provisional.

mod read;
mod statutory;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::fault::Faults;
use super::time::Day;

/// What a day is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum DayKind {
    /// Monday to Friday, and nothing else is known of it.
    Working,
    /// 调休上班: a Saturday or Sunday that is worked for a holiday.
    MakeUp {
        of: Arc<str>,
    },
    Weekend,
    /// Off: a holiday by law, or a day moved beside it.
    Holiday {
        name: Arc<str>,
    },
}

impl DayKind {
    pub const fn is_working(&self) -> bool {
        matches!(self, DayKind::Working | DayKind::MakeUp { .. })
    }
}

/// The days of all years. [`Calendar::default`] has no published year.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Calendar {
    /// What differs from the week.
    days: BTreeMap<Day, DayKind>,
    /// Years that are wholly published.
    published: BTreeSet<i32>,
    /// Names of the files, the first read first.
    sources: Vec<String>,
}

impl Calendar {
    /// Reads `chinese-days.json`, or a calendar of one's own in TOML, told apart by the first sign of the text. `file`
    /// is the name for errors. Every fault has its line, field and way out.
    ///
    /// ```toml
    /// name = "国务院办公厅关于2026年部分节假日安排的通知"
    /// years = [2026]                  # years that this file arranges wholly; left out, it only adds days
    ///
    /// [[holiday]]
    /// name = "元旦"
    /// from = "2026-01-01"
    /// to = "2026-01-03"               # the last day; left out, one day
    /// work = ["2026-01-04"]           # make-up days, each a Saturday or Sunday
    /// ```
    ///
    /// A region's own holidays (古尔邦节) are a file without `years`, laid [over](Calendar::over) the country's.
    pub fn read(file: &str, text: &str) -> Result<Calendar, Faults> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        if text.trim_start().starts_with('{') {
            read::json(file, text)
        } else {
            read::toml(file, text)
        }
    }

    /// This calendar, where it says something, over `below`. A year that it arranges wholly forgets the one below.
    #[must_use]
    pub fn over(mut self, mut below: Calendar) -> Calendar {
        below.days.retain(|day, _| !self.published.contains(&day.year()));
        below.days.append(&mut self.days);
        below.published.append(&mut self.published);
        below.sources.append(&mut self.sources);
        below
    }

    /// The year's arrangement is published: nothing about its days is a guess.
    pub fn is_published(&self, year: i32) -> bool {
        self.published.contains(&year)
    }

    /// Years with an arrangement, ascending.
    pub fn published(&self) -> impl Iterator<Item = i32> + '_ {
        self.published.iter().copied()
    }

    /// What a person must know of a year's days; `None` when they are published.
    pub fn doubt(&self, year: i32) -> Option<Doubt> {
        if self.is_published(year) {
            None
        } else if statutory::knows(year) {
            Some(Doubt::Unpublished { year })
        } else {
            Some(Doubt::FixedOnly { year })
        }
    }

    /// Names of the files that it was read from.
    pub fn sources(&self) -> &[String] {
        &self.sources
    }

    pub fn kind(&self, day: Day) -> DayKind {
        if let Some(kind) = self.days.get(&day) {
            return kind.clone();
        }
        let by_law = if self.is_published(day.year()) { None } else { statutory::holiday(day) };
        match by_law {
            Some(name) => DayKind::Holiday { name: name.into() },
            None if day.weekday() >= 6 => DayKind::Weekend,
            None => DayKind::Working,
        }
    }

    pub fn is_working(&self, day: Day) -> bool {
        self.kind(day).is_working()
    }

    /// The `n`th working day after `day`, which itself is not counted; `day` for 0. `None` beyond the year 2100.
    pub fn working_after(&self, day: Day, n: u32) -> Option<Day> {
        self.working_from(day, n, 1)
    }

    /// The `n`th working day before `day`, which itself is not counted; `day` for 0. `None` before the year 1900.
    pub fn working_before(&self, day: Day, n: u32) -> Option<Day> {
        self.working_from(day, n, -1)
    }

    fn working_from(&self, mut day: Day, n: u32, step: i64) -> Option<Day> {
        let mut left = n;
        while left > 0 {
            day = day.plus(step)?;
            left -= u32::from(self.is_working(day));
        }
        Some(day)
    }
}

/// Why a year's days may still change.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Doubt {
    /// The days off by law are known, the days moved beside them and the make-up days are not.
    Unpublished { year: i32 },
    /// Nor are the festivals that follow the moon: only the fixed dates are.
    FixedOnly { year: i32 },
}

impl Doubt {
    pub const fn year(self) -> i32 {
        match self {
            Doubt::Unpublished { year } | Doubt::FixedOnly { year } => year,
        }
    }
}
