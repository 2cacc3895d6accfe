//! The calendar behind an expression of time: pieces of it, and the code they make together.
//!
//! Codes follow ISO 8601 and, for parts of the day, ISO-TimeML's letters (DA before dawn is ours):
//! `2026-11-21T22:00`, `2026-11-21TNI`, `2026-11-21`, `2026-W46`, `2026-10`, `2025`, `T22:00`, `TNI`;
//! repeated `R/22:00`, `R/NI`, `R/P1D`, `R/W5T22:00`; since then `2026-11-13/..`; lately `../2026-11-22`;
//! for three months now `P3M/2026-11-22`; from ten to two `…T22:00/…T02:00`.

use crate::kernel::Civil;

/// A part of the day.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Part {
    /// Before dawn: hours as they are said.
    Dawn,
    Morning,
    Noon,
    Afternoon,
    Dusk,
    Night,
}

impl Part {
    pub(super) fn of_key(key: &str) -> Option<Part> {
        Some(match key {
            "DA" => Part::Dawn,
            "MO" => Part::Morning,
            "MI" => Part::Noon,
            "AF" => Part::Afternoon,
            "EV" => Part::Dusk,
            "NI" => Part::Night,
            _ => return None,
        })
    }

    const fn key(self) -> &'static str {
        match self {
            Part::Dawn => "DA",
            Part::Morning => "MO",
            Part::Noon => "MI",
            Part::Afternoon => "AF",
            Part::Dusk => "EV",
            Part::Night => "NI",
        }
    }

    /// The hour of 24 for a spoken hour, and whether it lies after midnight.
    const fn hour(self, said: u32) -> (u32, bool) {
        match (self, said) {
            (_, 13..) => (said, false),
            (Part::Dawn, 12) => (0, false),
            (Part::Night, 12) => (0, true),
            (Part::Night, 0..=4) => (said, true),
            (Part::Night | Part::Dusk, 5..=11) | (Part::Afternoon, 1..=11) => (said + 12, false),
            (Part::Noon, 1..=3) => (said + 12, false),
            _ => (said, false),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Each {
    Day,
    Week,
    Month,
    Year,
    Weekend,
    /// 经常: often.
    Often,
}

impl Each {
    pub(super) fn of_key(key: &str) -> Option<Each> {
        Some(match key {
            "D" => Each::Day,
            "W" => Each::Week,
            "M" => Each::Month,
            "Y" => Each::Year,
            "E" => Each::Weekend,
            "?" => Each::Often,
            _ => return None,
        })
    }
}

/// How much of the calendar is said.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Date {
    Day(Civil),
    /// The Monday of the week.
    Week(Civil),
    Month(i32, u32),
    Year(i32),
}

/// One piece of an expression.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Piece {
    Date(Date),
    /// 1 is Monday; with a week before it a day of that week, else the last such day.
    Weekday(u32),
    Part(Part),
    /// Hour as said and minute.
    Clock(u32, u32),
    Each(Each),
    /// 三个月了: an ISO 8601 duration up to now.
    Lasting(String),
    /// 两个小时前: a minute of a day.
    At(Civil),
    Open,
    Now,
    Since,
}

/// What stands behind 到.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
struct Until {
    part: Option<Part>,
    clock: Option<(u32, u32)>,
}

/// The pieces that stand together.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct When {
    date: Option<Date>,
    weekday: Option<u32>,
    part: Option<Part>,
    clock: Option<(u32, u32)>,
    until: Option<Until>,
    each: Option<Each>,
    lasting: Option<String>,
    at: Option<Civil>,
    open: bool,
    now: bool,
    since: bool,
}

impl When {
    /// Takes a piece in; false when its place is taken, so that another expression begins. `to`: 到 stands before it.
    pub(super) fn add(&mut self, piece: &Piece, to: bool) -> bool {
        let timed = self.clock.is_some() || self.part.is_some();
        if to && timed && matches!(piece, Piece::Part(_) | Piece::Clock(..)) || self.until.is_some()
        {
            return self.add_until(piece);
        }
        let free = match piece {
            Piece::Date(date) => self.at.is_none() && self.narrowed(*date).is_some(),
            Piece::Weekday(_) => self.weekday.is_none() && !matches!(self.date, Some(Date::Day(_))),
            Piece::Part(part) => self.part.is_none_or(|old| old == *part || old == Part::Night),
            Piece::Clock(..) => self.clock.is_none(),
            Piece::Each(_) => self.each.is_none_or(|each| each == Each::Often),
            Piece::At(_) => self.at.is_none() && self.date.is_none(),
            _ => true,
        };
        if !free {
            return false;
        }
        match piece {
            Piece::Date(date) => self.date = self.narrowed(*date),
            Piece::Weekday(day) => self.weekday = Some(*day),
            Piece::Part(part) => self.part = Some(*part),
            Piece::Clock(hour, minute) => self.clock = Some((*hour, *minute)),
            Piece::Each(each) => self.each = Some(*each),
            Piece::Lasting(length) => self.lasting = Some(length.clone()),
            Piece::At(at) => self.at = Some(*at),
            Piece::Open => self.open = true,
            Piece::Now => self.now = true,
            Piece::Since => self.since = true,
        }
        true
    }

    /// The date with `new` in it: 去年 and 十二月, 上个月 and 20号; `None` where both cannot hold.
    fn narrowed(&self, new: Date) -> Option<Date> {
        match (self.date, new) {
            (None, new) => Some(new),
            (Some(Date::Year(year)), Date::Month(_, month)) => Some(Date::Month(year, month)),
            (Some(Date::Year(year)), Date::Day(day)) => {
                day_of(year, day.month, day.day).map(Date::Day)
            }
            (Some(Date::Month(year, month)), Date::Day(day)) => {
                day_of(year, month, day.day).map(Date::Day)
            }
            (Some(Date::Day(old)), Date::Day(day)) if old == day => Some(new),
            _ => None,
        }
    }

    fn add_until(&mut self, piece: &Piece) -> bool {
        let until = self.until.get_or_insert_default();
        match piece {
            Piece::Part(part) if until == &Until::default() => until.part = Some(*part),
            Piece::Clock(hour, minute) if until.clock.is_none() => {
                until.clock = Some((*hour, *minute))
            }
            _ => return false,
        }
        true
    }

    /// Only 一直 or 经常: enough as an answer, too little unasked.
    pub(super) fn is_vague(&self) -> bool {
        self.weight() == 0 && self.each.is_some()
    }

    /// How much it says, to choose among several: 0 says nothing that a ticket needs.
    pub(super) fn weight(&self) -> u32 {
        let often_only = self.each == Some(Each::Often);
        let day = self.weekday.is_some() || self.at.is_some();
        let date = match self.date {
            _ if day => 4,
            Some(Date::Day(_) | Date::Week(_)) => 4,
            // 去年 办的卡, 上个月十号关的门: the finer one is when it happened.
            Some(Date::Month(..)) => 3,
            Some(Date::Year(_)) => 2,
            None => 0,
        };
        date + 4 * u32::from(self.each.is_some() && !often_only)
            + 3 * u32::from(self.clock.is_some())
            + 3 * u32::from(self.lasting.is_some())
            + 2 * u32::from(self.part.is_some())
            + 2 * u32::from(self.open)
            + u32::from(self.now)
    }

    pub(super) fn confidence(&self) -> f32 {
        match self.weight() {
            0..=2 => 0.6,
            3 => 0.7,
            _ => 0.9,
        }
    }

    /// `None` where nothing of it stands in a calendar or on a clock.
    pub(super) fn code(&self, now: Civil) -> Option<String> {
        if let Some(at) = self.at {
            return Some(format!("{}T{:02}:{:02}", day_code(at), at.hour, at.minute));
        }
        if self.each.is_some() {
            return self.repeated(now);
        }
        if let Some(length) = &self.lasting {
            return Some(format!("{length}/{}", day_code(now)));
        }
        let date = self.dated(now);
        let code = match date {
            Some(Date::Day(day)) => self.with_time(day),
            Some(Date::Week(monday)) => week_code(monday),
            Some(Date::Month(year, month)) => format!("{year:04}-{month:02}"),
            Some(Date::Year(year)) => format!("{year:04}"),
            // 就刚才，早上九点一刻.
            None if self.now && self.clock.is_some() => self.with_time(now),
            None if self.open => return Some(format!("../{}", day_code(now))),
            None if self.clock.is_some() || self.part.is_some() => {
                return self.time_code().map(|time| format!("T{time}"));
            }
            None if self.now => {
                return Some(format!("{}T{:02}:{:02}", day_code(now), now.hour, now.minute));
            }
            None => return None,
        };
        Some(if self.since { format!("{code}/..") } else { code })
    }

    /// The date with its weekday worked in: 上周 and 五; 周五 alone is the last one.
    fn dated(&self, now: Civil) -> Option<Date> {
        match (self.date, self.weekday) {
            (Some(Date::Week(monday)), Some(day)) => {
                Some(Date::Day(monday.plus_days(i64::from(day) - 1)))
            }
            (None, Some(day)) => {
                let back = i64::from((now.weekday() + 7 - day) % 7);
                Some(Date::Day(now.plus_days(-back)))
            }
            (date, _) => date,
        }
    }

    fn with_time(&self, day: Civil) -> String {
        let Some((said, minute)) = self.clock else {
            return match self.part {
                Some(part) => format!("{}T{}", day_code(day), part.key()),
                None => day_code(day),
            };
        };
        let Some((hour, next)) = self.hour(self.part, said) else { return day_code(day) };
        let day = if next { day.plus_days(1) } else { day };
        let start = format!("{}T{hour:02}:{minute:02}", day_code(day));
        match self.until_time() {
            Some((end, until)) => {
                let end_day = if end <= (hour, minute) { day.plus_days(1) } else { day };
                format!("{start}/{}T{until}", day_code(end_day))
            }
            None => start,
        }
    }

    /// Hours from one to six with no part of the day may be either half: they are left open.
    fn hour(&self, part: Option<Part>, said: u32) -> Option<(u32, bool)> {
        match part {
            Some(part) => Some(part.hour(said)),
            None => (said == 0 || said >= 7).then_some((said, false)),
        }
    }

    fn until_time(&self) -> Option<((u32, u32), String)> {
        let Until { part, clock } = self.until?;
        let (said, minute) = clock?;
        // 晚上十点到十一点: the part holds on; 晚上十点到两点 too.
        let (hour, _) = self.hour(part.or(self.part), said)?;
        Some(((hour, minute), format!("{hour:02}:{minute:02}")))
    }

    /// 22:00, 22:00/02:00 or NI.
    fn time_code(&self) -> Option<String> {
        let clock =
            self.clock.and_then(|(said, minute)| Some((self.hour(self.part, said)?.0, minute)));
        let start = match clock {
            Some((hour, minute)) => format!("{hour:02}:{minute:02}"),
            None => self.part?.key().to_owned(),
        };
        Some(match self.until_time() {
            Some((_, until)) => format!("{start}/{until}"),
            None => start,
        })
    }

    fn repeated(&self, now: Civil) -> Option<String> {
        let time = self.time_code();
        let weekly = self.each == Some(Each::Week) && self.date.is_none();
        let since = match self.dated(now) {
            Some(Date::Day(day)) if !weekly => format!("{}/", day_code(day)),
            _ => String::new(),
        };
        let weekday = self.weekday.filter(|_| weekly).map(|day| format!("W{day}"));
        Some(match (self.each?, weekday, time) {
            (_, Some(day), Some(time)) => format!("R/{day}T{time}"),
            (_, Some(day), None) => format!("R/{day}"),
            (Each::Weekend, None, Some(time)) => format!("R/W6T{time}"),
            (Each::Weekend, None, None) => "R/W6".to_owned(),
            (_, None, Some(time)) => format!("R/{since}{time}"),
            (Each::Day, None, None) => format!("R/{since}P1D"),
            (Each::Week, None, None) => "R/P1W".to_owned(),
            (Each::Month, None, None) => "R/P1M".to_owned(),
            (Each::Year, None, None) => "R/P1Y".to_owned(),
            (Each::Often, None, None) => {
                let calm = When { each: None, ..self.clone() };
                return calm.code(now).or_else(|| Some("R".to_owned()));
            }
        })
    }
}

fn day_code(day: Civil) -> String {
    format!("{:04}-{:02}-{:02}", day.year, day.month, day.day)
}

/// ISO 8601: the week's year is that of its Thursday.
fn week_code(monday: Civil) -> String {
    let thursday = monday.plus_days(3);
    let new_year = Civil { month: 1, day: 1, ..thursday };
    let week = (thursday.days() - new_year.days()) / 7 + 1;
    format!("{:04}-W{week:02}", thursday.year)
}

/// The month that is `months` later: year and month.
pub(super) fn plus_months(now: Civil, months: i64) -> (i32, u32) {
    let all = i64::from(now.year) * 12 + i64::from(now.month) - 1 + months;
    let year = i32::try_from(all.div_euclid(12)).unwrap_or(now.year);
    let month = u32::try_from(all.rem_euclid(12) + 1).unwrap_or(1);
    (year, month)
}

/// 1 to 31 and in the calendar.
pub(super) fn day_of(year: i32, month: u32, day: u32) -> Option<Civil> {
    let civil = Civil { year, month, day, hour: 0, minute: 0, second: 0 };
    // A day past the month's end comes back as another day.
    (day >= 1 && (1..=12).contains(&month) && civil.plus_days(0) == civil).then_some(civil)
}
