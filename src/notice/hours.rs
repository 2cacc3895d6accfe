//! 免打扰: messages are sent by day only. What happens at night is told in the morning.

use super::error::NoticeError;
use crate::kernel::{Civil, Wall, minute_of_day};

/// The hours of the local day in which messages are sent. No public rule was found for service messages; the default,
/// 08:00 to 21:00, is ours.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Hours {
    opens_minute: u32,
    /// The first minute in which none is sent; 1440 for the day's end.
    closes_minute: u32,
}

impl Default for Hours {
    fn default() -> Self {
        Hours { opens_minute: 8 * 60, closes_minute: 21 * 60 }
    }
}

impl Hours {
    /// Each `HH:MM` in local time; `24:00` may close.
    ///
    /// # Errors
    /// When one is no time of day, or the hours do not lie within one day.
    pub fn new(from: &str, to: &str) -> Result<Hours, NoticeError> {
        let (opens_minute, closes_minute) = (time_of_day(from)?, time_of_day(to)?);
        if closes_minute <= opens_minute {
            return Err(NoticeError::Closed { from: from.to_owned(), to: to.to_owned() });
        }
        Ok(Hours { opens_minute, closes_minute })
    }

    /// A message may be sent at this moment.
    pub fn is_open(&self, at: Wall) -> bool {
        (self.opens_minute..self.closes_minute).contains(&minute(at.civil()))
    }

    /// The first moment, from `at` on, at which one may be sent.
    pub fn from(&self, at: Wall) -> Wall {
        let local = at.civil();
        if self.is_open(at) {
            return at;
        }
        let day = if minute(local) < self.opens_minute { local } else { local.plus_days(1) };
        let (hour, minute) = (self.opens_minute / 60, self.opens_minute % 60);
        Civil { hour, minute, second: 0, ..day }.wall()
    }
}

fn minute(local: Civil) -> u32 {
    local.hour * 60 + local.minute
}

fn time_of_day(text: &str) -> Result<u32, NoticeError> {
    minute_of_day(text).ok_or_else(|| NoticeError::TimeOfDay(text.to_owned()))
}
