//! When a callback may dial: within the window of the local day, so often a day, so often in all, and not at once
//! again. A pure function of the attempts made and of the calendar, so that a restart or a clock set back changes nothing.

use super::error::SurveyError;
use crate::kernel::calendar::DayKind;
use crate::kernel::{Calendar, Civil, Wall, minute_of_day};
/// So far ahead a day of calling is looked for.
const DAYS_AHEAD: usize = 2 * 366;

/// Which days are called on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Days {
    #[default]
    All,
    /// Weekends too, but no day that is off for a holiday.
    NoHolidays,
    Working,
}

impl Days {
    pub fn from_key(key: &str) -> Result<Days, SurveyError> {
        match key {
            "all" => Ok(Days::All),
            "no_holidays" => Ok(Days::NoHolidays),
            "working" => Ok(Days::Working),
            _ => Err(SurveyError::Days(key.to_owned())),
        }
    }
}

/// The hours of calling and how often. The default is 09:00 to 20:00, twice a day and three times in all, two
/// hours apart: no public rule was found for surveys by telephone, so these are ours (never at night).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Window {
    opens_minute: u32,
    /// The first minute in which no call may begin; 1440 for the day's end.
    closes_minute: u32,
    days: Days,
    per_day: usize,
    in_all: usize,
    spacing_ms: i64,
}

impl Default for Window {
    fn default() -> Self {
        let hour = 60;
        Window {
            opens_minute: 9 * hour,
            closes_minute: 20 * hour,
            days: Days::All,
            per_day: 2,
            in_all: 3,
            spacing_ms: 2 * 3_600_000,
        }
    }
}

impl Window {
    /// The hours, each `HH:MM` in local time; `24:00` may close. The rest is as in the default.
    pub fn new(opens: &str, closes: &str) -> Result<Window, SurveyError> {
        let (opens_minute, closes_minute) = (time_of_day(opens)?, time_of_day(closes)?);
        if closes_minute <= opens_minute {
            return Err(SurveyError::Closed { opens: opens.to_owned(), closes: closes.to_owned() });
        }
        Ok(Window { opens_minute, closes_minute, ..Window::default() })
    }

    /// The same hours with other limits; `spacing_ms` is from one attempt's beginning to the next one's.
    pub fn attempts(
        self,
        per_day: usize,
        in_all: usize,
        spacing_ms: i64,
    ) -> Result<Window, SurveyError> {
        for (name, count) in [("attempts a day", per_day), ("attempts in all", in_all)] {
            if count == 0 {
                return Err(SurveyError::Attempts(name));
            }
        }
        if spacing_ms < 0 {
            return Err(SurveyError::Spacing(spacing_ms));
        }
        Ok(Window { per_day, in_all, spacing_ms, ..self })
    }

    /// The same hours on these days alone.
    #[must_use]
    pub fn on(self, days: Days) -> Window {
        Window { days, ..self }
    }

    /// A call may begin at this moment: the hour is right, and the day.
    pub fn allows(&self, at: Wall, calendar: &Calendar) -> bool {
        self.is_open(at) && self.day_is_open(at.civil(), calendar)
    }

    fn day_is_open(&self, day: Civil, calendar: &Calendar) -> bool {
        match self.days {
            Days::All => true,
            Days::NoHolidays => !matches!(calendar.kind(day.day()), DayKind::Holiday { .. }),
            Days::Working => calendar.is_working(day.day()),
        }
    }

    /// The hour is one of calling, whatever the day.
    pub fn is_open(&self, at: Wall) -> bool {
        let local = at.civil();
        let minute = local.hour * 60 + local.minute;
        (self.opens_minute..self.closes_minute).contains(&minute)
    }

    fn opening(&self, day: Civil) -> Wall {
        let (hour, minute) = (self.opens_minute / 60, self.opens_minute % 60);
        Civil { hour, minute, second: 0, ..day }.wall()
    }
}

/// What to do about a citizen who has not been reached.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Next {
    /// Not before then; [`Window::allows`] holds at that moment.
    At(Wall),
    GiveUp(GiveUp),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum GiveUp {
    /// As often as allowed.
    AttemptsUsed,
    /// No day within two years is one of calling: the calendar is wrong.
    NoDay,
}

impl GiveUp {
    pub const fn key(self) -> &'static str {
        match self {
            GiveUp::AttemptsUsed => "attempts_used",
            GiveUp::NoDay => "no_day",
        }
    }
}

/// Calls that were made, in any order.
#[derive(Clone, Copy, Debug, Default)]
pub struct Made<'a> {
    /// About this matter.
    pub own: &'a [Wall],
    /// To the same number about other matters: they count for the day alone.
    pub others: &'a [Wall],
}

impl Made<'_> {
    fn on(&self, day: Civil) -> usize {
        let made = self.own.iter().chain(self.others);
        made.filter(|made| made.civil().days() == day.days()).count()
    }
}

/// The next moment, from `not_before` on, at which the citizen may be dialled.
pub fn next_attempt(
    not_before: Wall,
    made: Made<'_>,
    window: &Window,
    calendar: &Calendar,
) -> Next {
    if made.own.len() >= window.in_all {
        return Next::GiveUp(GiveUp::AttemptsUsed);
    }
    let last = made.own.iter().max().map(|last| last.plus_ms(window.spacing_ms));
    let mut at = last.map_or(not_before, |spaced| spaced.max(not_before));
    // Every turn of the loop leaves a day behind.
    for _ in 0..DAYS_AHEAD {
        let day = at.civil();
        let start = at.max(window.opening(day));
        if made.on(day) < window.per_day && window.allows(start, calendar) {
            return Next::At(start);
        }
        at = window.opening(day.plus_days(1));
    }
    Next::GiveUp(GiveUp::NoDay)
}

fn time_of_day(text: &str) -> Result<u32, SurveyError> {
    minute_of_day(text).ok_or_else(|| SurveyError::TimeOfDay(text.to_owned()))
}
