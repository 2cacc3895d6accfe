//! The arithmetic: from what has happened to the moment that is too late.

use std::collections::BTreeSet;

use super::error::ClockError;
use super::span::{Span, Unit};
use super::step::{Skip, Step};
use super::tell;
use super::{ExtensionRule, Limit, Pack};
use crate::kernel::calendar::{Calendar, DayKind, Doubt};
use crate::kernel::{Day, Wall};

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;

/// The clock of a matter stood still.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pause {
    /// Code of one of the pack's pauses. A limit that does not name it runs on.
    pub kind: String,
    pub from: Wall,
    /// Absent while it lasts.
    pub to: Option<Wall>,
}

/// An extension that was asked for and granted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Extension {
    /// In the unit of the rule's `most`.
    pub by: Span,
    pub asked: Wall,
    /// When the citizen was told the reason.
    pub told: Option<Wall>,
}

/// When a limit is over, and how that was counted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Deadline {
    /// The first moment that is too late; absent while a pause lasts.
    pub at: Option<Wall>,
    /// Of a limit in days: the day with whose end it is over. `at` is that end, which may be midnight of the day after.
    pub last_day: Option<Day>,
    /// The yellow light is on from here; absent while a pause lasts, and where the limit has no yellow light.
    pub yellow: Option<Wall>,
    /// Unpublished years that were counted in. The deadline is provisional unless this is empty.
    pub doubts: Vec<Doubt>,
    pub steps: Vec<Step>,
}

impl Deadline {
    pub fn is_provisional(&self) -> bool {
        !self.doubts.is_empty()
    }
}

/// The deadline of one run of `limit`, which began at `start`. `pauses` are all those of the matter; `extensions` those
/// granted to this limit, the first asked for first. Extensions are checked against the pack's rule, so that this is
/// also the question whether one more may be granted.
///
/// The same arguments give the same deadline, at any time and after any restart.
pub fn deadline(
    pack: &Pack,
    limit: &Limit,
    start: Wall,
    calendar: &Calendar,
    pauses: &[Pause],
    extensions: &[Extension],
) -> Result<Deadline, ClockError> {
    let mut heeded: Vec<&Pause> =
        pauses.iter().filter(|pause| limit.pauses.contains(&pause.kind)).collect();
    heeded.sort_by_key(|pause| (pause.from, pause.to.is_none(), pause.to));
    for pause in &heeded {
        if let Some(to) = pause.to.filter(|to| *to < pause.from) {
            let (from, to) = (tell::moment(pause.from), tell::moment(to));
            return Err(ClockError::PauseBackward { kind: pause.kind.clone(), from, to });
        }
    }
    let mut count =
        Count { pack, limit, calendar, pauses: heeded, steps: Vec::new(), years: BTreeSet::new() };
    count.steps.push(Step::Starts { at: start, event: limit.starts });
    let place = count.segment(Place::Instant(start), limit.within)?;
    let (place, last_unit) = count.extend(place, extensions)?;
    count.finish(start, place, last_unit)
}

/// Where the counting has come to.
#[derive(Clone, Copy)]
enum Place {
    Instant(Wall),
    EndOf(Day),
    /// In a pause that lasts.
    Standing {
        since: Wall,
        pause: usize,
    },
}

struct Count<'a> {
    pack: &'a Pack,
    limit: &'a Limit,
    calendar: &'a Calendar,
    /// Those that the limit heeds, by their beginning.
    pauses: Vec<&'a Pause>,
    steps: Vec<Step>,
    /// Whose calendar was asked.
    years: BTreeSet<i32>,
}

impl Count<'_> {
    fn segment(&mut self, from: Place, span: Span) -> Result<Place, ClockError> {
        match (span.unit, from) {
            (_, Place::Standing { .. }) => Ok(from),
            (Unit::SameDay, _) => self.same_day(from),
            (Unit::Day | Unit::WorkingDay, _) => self.days(from, span),
            (unit, _) => {
                let ms = unit.ms().unwrap_or(0) * i64::from(span.amount);
                Ok(self.clock(self.wall(from), ms))
            }
        }
    }

    /// Around the clock.
    fn clock(&mut self, from: Wall, ms: i64) -> Place {
        let (mut now, mut left) = (from, ms);
        for n in 0..self.pauses.len() {
            let Some(pause) = self.pauses.get(n).copied() else { break };
            if pause.to.is_some_and(|to| to <= now) {
                continue;
            }
            let begins = pause.from.max(now);
            if begins.unix_ms - now.unix_ms >= left {
                break;
            }
            if begins > now {
                self.steps.push(Step::Runs { from: now, to: begins });
            }
            left -= begins.unix_ms - now.unix_ms;
            self.steps.push(Step::Held { from: begins, to: pause.to, kind: pause.kind.clone() });
            match pause.to {
                Some(to) => now = to,
                None => return Place::Standing { since: begins, pause: n },
            }
        }
        let end = now.plus_ms(left);
        self.steps.push(Step::Runs { from: now, to: end });
        Place::Instant(end)
    }

    fn same_day(&mut self, from: Place) -> Result<Place, ClockError> {
        let start = self.wall(from);
        let mut day = start.civil().day();
        if start >= self.end_of(day) {
            day = self.next(day)?;
            self.steps.push(Step::AfterHours { day });
        }
        while let Some((n, pause)) = self.paused(day) {
            let Some(_) = pause.to else {
                return Ok(Place::Standing { since: pause.from, pause: n });
            };
            let kind = pause.kind.clone();
            self.skip(day, Skip::Paused(kind));
            day = self.next(day)?;
        }
        Ok(Place::EndOf(day))
    }

    fn days(&mut self, from: Place, span: Span) -> Result<Place, ClockError> {
        let mut day = match from {
            Place::EndOf(day) => day,
            other => {
                let day = self.wall(other).civil().day();
                self.steps.push(Step::DayAfter { day });
                day
            }
        };
        let working = span.unit == Unit::WorkingDay;
        let mut counted = 0;
        while counted < span.amount {
            day = self.next(day)?;
            if let Some((n, pause)) = self.paused(day) {
                let Some(_) = pause.to else {
                    return Ok(Place::Standing { since: pause.from, pause: n });
                };
                let kind = pause.kind.clone();
                self.skip(day, Skip::Paused(kind));
                continue;
            }
            match if working { self.kind(day) } else { DayKind::Working } {
                DayKind::Weekend => self.skip(day, Skip::Weekend),
                DayKind::Holiday { name } => self.skip(day, Skip::Holiday(name.to_string())),
                DayKind::MakeUp { of } => {
                    counted += 1;
                    self.steps.push(Step::MakeUp { day, nth: counted, of: of.to_string() });
                }
                DayKind::Working => {
                    counted += 1;
                    self.counted(day, counted, working);
                }
            }
        }
        Ok(Place::EndOf(day))
    }

    fn counted(&mut self, day: Day, nth: u32, working: bool) {
        if let Some(Step::Counts { to, last, .. }) = self.steps.last_mut()
            && nth > 1
            && to.days() + 1 == day.days()
        {
            (*to, *last) = (day, nth);
            return;
        }
        self.steps.push(Step::Counts { from: day, to: day, first: nth, last: nth, working });
    }

    fn skip(&mut self, day: Day, why: Skip) {
        if let Some(Step::Skips { to, why: before, .. }) = self.steps.last_mut()
            && *before == why
            && to.days() + 1 == day.days()
        {
            *to = day;
            return;
        }
        self.steps.push(Step::Skips { from: day, to: day, why });
    }

    /// The place after all extensions, and the unit that was counted last.
    fn extend(
        &mut self,
        from: Place,
        extensions: &[Extension],
    ) -> Result<(Place, Unit), ClockError> {
        let (mut place, mut unit) = (from, self.limit.within.unit);
        let Some(first) = extensions.first() else { return Ok((place, unit)) };
        let limit = || self.limit.code.clone();
        let Some(rule) = &self.limit.extension else {
            return Err(ClockError::NoExtension { limit: limit() });
        };
        let times = extensions.len();
        if times > rule.times as usize {
            return Err(ClockError::ExtensionTimes { limit: limit(), times, most: rule.times });
        }
        let amount: u64 = extensions.iter().map(|extension| u64::from(extension.by.amount)).sum();
        if let Some(odd) = extensions.iter().find(|extension| extension.by.unit != rule.most.unit) {
            let want = rule.most.unit.key();
            return Err(ClockError::ExtensionUnit { limit: limit(), span: odd.by, want });
        }
        if amount > u64::from(rule.most.amount) {
            let unit = first.by.unit.key();
            return Err(ClockError::ExtensionLong {
                limit: limit(),
                amount,
                unit,
                most: rule.most,
            });
        }
        for extension in extensions {
            self.in_time(place, unit, extension, rule)?;
            self.steps.push(Step::Extended { by: extension.by, asked: extension.asked });
            place = self.segment(place, extension.by)?;
            unit = extension.by.unit;
        }
        Ok((place, unit))
    }

    fn in_time(
        &mut self,
        place: Place,
        unit: Unit,
        extension: &Extension,
        rule: &ExtensionRule,
    ) -> Result<(), ClockError> {
        let limit = self.limit.code.clone();
        if rule.told && extension.told.is_none() {
            return Err(ClockError::ExtensionUntold { limit });
        }
        // While the clock stands the limit cannot pass.
        if matches!(place, Place::Standing { .. }) {
            return Ok(());
        }
        let due = self.moved(place, unit)?;
        let last = match rule.ahead {
            None => self.wall(due),
            Some(ahead) => self.before(due, ahead)?,
        };
        if extension.asked < last {
            return Ok(());
        }
        let (asked, last) = (tell::moment(extension.asked), tell::moment(last));
        Err(ClockError::ExtensionLate { limit, asked, last })
    }

    fn finish(mut self, start: Wall, place: Place, unit: Unit) -> Result<Deadline, ClockError> {
        let due = self.moved(place, unit)?;
        if let (Place::EndOf(from), Place::EndOf(to)) = (place, due)
            && from != to
        {
            self.steps.push(Step::Moves { from, to });
        }
        let last_day = match due {
            Place::EndOf(day) => Some(day),
            _ => None,
        };
        let (at, yellow) = match due {
            Place::Standing { .. } => (None, None),
            _ => {
                let yellow = self.limit.yellow.map(|span| self.before(due, span)).transpose()?;
                (Some(self.wall(due)), yellow.map(|yellow| yellow.max(start)))
            }
        };
        let doubts: Vec<Doubt> =
            self.years.iter().filter_map(|year| self.calendar.doubt(*year)).collect();
        self.steps.extend(doubts.iter().map(|doubt| Step::Doubtful(*doubt)));
        self.steps.push(match due {
            Place::Standing { since, pause } => {
                let kind =
                    self.pauses.get(pause).map(|pause| pause.kind.clone()).unwrap_or_default();
                Step::Waits { since, kind }
            }
            _ => Step::Due { at: self.wall(due), last_day },
        });
        Ok(Deadline { at, last_day, yellow, doubts, steps: self.steps })
    }

    /// Where a limit in days that ends on a day off, or in a pause, really ends.
    fn moved(&mut self, place: Place, unit: Unit) -> Result<Place, ClockError> {
        let Place::EndOf(mut day) = place else { return Ok(place) };
        if unit != Unit::Day || !self.pack.off_day_moves {
            return Ok(place);
        }
        loop {
            if let Some((n, pause)) = self.paused(day) {
                if pause.to.is_none() {
                    return Ok(Place::Standing { since: pause.from, pause: n });
                }
            } else if self.kind(day).is_working() {
                return Ok(Place::EndOf(day));
            }
            day = self.next(day)?;
        }
    }

    /// So long before the deadline. Pauses are not counted back: the clock has run since the last.
    fn before(&self, due: Place, span: Span) -> Result<Wall, ClockError> {
        let at = self.wall(due);
        let amount = i64::from(span.amount);
        let day = match due {
            Place::EndOf(day) => day,
            _ => at.civil().day(),
        };
        let days = match span.unit {
            Unit::SameDay => return Ok(day.start()),
            Unit::Day => amount,
            Unit::WorkingDay => {
                let before = self.calendar.working_before(day, span.amount);
                day.days() - before.ok_or_else(|| self.beyond())?.days()
            }
            unit => return Ok(at.plus_ms(-unit.ms().unwrap_or(0) * amount)),
        };
        Ok(at.plus_ms(-days * DAY_MS))
    }

    /// The pause that takes the day out of the count: it began before the day's end and lasts to another day.
    fn paused(&self, day: Day) -> Option<(usize, &Pause)> {
        let end = self.end_of(day);
        self.pauses
            .iter()
            .enumerate()
            .find(|(_, pause)| {
                pause.from < end
                    && pause.to.is_none_or(|to| to > pause.from && to.civil().day() > day)
                    && pause.from.civil().day() <= day
            })
            .map(|(n, pause)| (n, *pause))
    }

    fn kind(&mut self, day: Day) -> DayKind {
        self.years.insert(day.year());
        self.calendar.kind(day)
    }

    fn wall(&self, place: Place) -> Wall {
        match place {
            Place::Instant(at) | Place::Standing { since: at, .. } => at,
            Place::EndOf(day) => self.end_of(day),
        }
    }

    fn end_of(&self, day: Day) -> Wall {
        day.start().plus_ms(i64::from(self.pack.day_ends) * MINUTE_MS)
    }

    fn next(&self, day: Day) -> Result<Day, ClockError> {
        day.plus(1).ok_or_else(|| self.beyond())
    }

    fn beyond(&self) -> ClockError {
        ClockError::BeyondCalendar { limit: self.limit.code.clone() }
    }
}
