//! When a callback may dial: within the window of the local day, so often a day, so often in all, and not at once
//! again. A pure function of the attempts made, so that a restart or a clock set back changes nothing.

use super::error::SurveyError;
use crate::kernel::{Civil, Wall};

const DAY_MINUTES: u32 = 24 * 60;

/// The hours of calling and how often. The default is 09:00 to 20:00, twice a day and three times in all, two
/// hours apart: no public rule was found for surveys by telephone, so these are ours (never at night).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Window {
    opens_minute: u32,
    /// The first minute in which no call may begin; 1440 for the day's end.
    closes_minute: u32,
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
            per_day: 2,
            in_all: 3,
            spacing_ms: 2 * 3_600_000,
        }
    }
}

impl Window {
    /// The hours, each `HH:MM` in local time; `24:00` may close. The rest is as in the default.
    pub fn new(opens: &str, closes: &str) -> Result<Window, SurveyError> {
        let (opens_minute, closes_minute) = (minute_of_day(opens)?, minute_of_day(closes)?);
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

    /// A call may begin at this moment.
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
    /// Not before then; [`Window::is_open`] holds at that moment.
    At(Wall),
    GiveUp(GiveUp),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum GiveUp {
    /// As often as allowed.
    AttemptsUsed,
}

impl GiveUp {
    pub const fn key(self) -> &'static str {
        match self {
            GiveUp::AttemptsUsed => "attempts_used",
        }
    }
}

/// The next moment, from `not_before` on, at which the citizen may be dialled. `attempts` are the moments at which
/// it was done, in any order.
pub fn next_attempt(not_before: Wall, attempts: &[Wall], window: &Window) -> Next {
    if attempts.len() >= window.in_all {
        return Next::GiveUp(GiveUp::AttemptsUsed);
    }
    let last = attempts.iter().max().map(|last| last.plus_ms(window.spacing_ms));
    let mut at = last.map_or(not_before, |spaced| spaced.max(not_before));
    // Every turn of the loop leaves a day behind; only a day with an attempt can be full.
    loop {
        let day = at.civil();
        let made = attempts.iter().filter(|made| made.civil().days() == day.days()).count();
        let start = at.max(window.opening(day));
        if made < window.per_day && window.is_open(start) {
            return Next::At(start);
        }
        at = window.opening(day.plus_days(1));
    }
}

fn minute_of_day(text: &str) -> Result<u32, SurveyError> {
    let wrong = || SurveyError::TimeOfDay(text.to_owned());
    let (hour, minute) = text.split_once(':').ok_or_else(wrong)?;
    let number = |part: &str| {
        let figures = part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
        figures.then(|| part.parse::<u32>().ok()).flatten().ok_or_else(wrong)
    };
    let (hour, minute) = (number(hour)?, number(minute)?);
    let total = hour * 60 + minute;
    if minute > 59 || total > DAY_MINUTES { Err(wrong()) } else { Ok(total) }
}
