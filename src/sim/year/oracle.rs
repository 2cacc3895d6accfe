//! Deadlines counted slowly and plainly: minute by minute where time runs around the clock, else day by day, each day
//! asked whether it counts. Shares nothing with [`crate::desk::clock`] but the words of the packs.

use crate::desk::clock::{Duty, Event, Limit, Pack, Pause, Span, Unit};
use crate::desk::ticket::{Entry, Mark, TicketEvent};
use crate::kernel::{Calendar, Day, Wall};

const MINUTE_MS: i64 = 60_000;

/// Which days are worked, by their number.
#[derive(Clone, Debug)]
pub struct WorkDays {
    first: i64,
    worked: Vec<bool>,
}

impl WorkDays {
    /// The days of the years `from` to `to`, both included.
    pub fn new(calendar: &Calendar, from: i32, to: i32) -> Option<WorkDays> {
        let (first, last) = (Day::new(from, 1, 1)?, Day::new(to, 12, 31)?);
        let days = (first.days()..=last.days()).map(Day::from_days);
        let worked: Option<Vec<bool>> = days.map(|day| Some(calendar.is_working(day?))).collect();
        Some(WorkDays { first: first.days(), worked: worked? })
    }

    fn is_worked(&self, day: Day) -> bool {
        let at = usize::try_from(day.days() - self.first).ok();
        at.and_then(|at| self.worked.get(at)).copied().unwrap_or(false)
    }
}

/// The first moment that is too late: `spans` one after the other from `start`; times are whole minutes, but for limits in
/// seconds. `None` while a pause lasts. `pauses` are those that the limit heeds.
pub fn count(
    pack: &Pack,
    spans: &[Span],
    start: Wall,
    days: &WorkDays,
    pauses: &[Pause],
) -> Option<Wall> {
    let walk = Walk { pack, days, pauses };
    let (mut now, mut day, mut daily) = (start, start.civil().day(), false);
    for span in spans {
        if let Some(ms) = span.unit.ms() {
            now = walk.around_the_clock(now, ms * i64::from(span.amount))?;
            (day, daily) = (now.civil().day(), false);
        } else {
            day = walk.by_days(now, day, *span)?;
            (now, daily) = (walk.end(day), true);
        }
    }
    let in_days = spans.last().is_some_and(|span| span.unit == Unit::Day);
    while daily && in_days && pack.off_day_moves && (walk.lost(day) || !days.is_worked(day)) {
        if walk.lasts(day) {
            return None;
        }
        day = day.plus(1)?;
        now = walk.end(day);
    }
    Some(now)
}

struct Walk<'a> {
    pack: &'a Pack,
    days: &'a WorkDays,
    pauses: &'a [Pause],
}

impl Walk<'_> {
    fn end(&self, day: Day) -> Wall {
        day.start().plus_ms(i64::from(self.pack.day_ends) * MINUTE_MS)
    }

    /// A pause takes the day.
    fn lost(&self, day: Day) -> bool {
        self.pauses.iter().any(|pause| {
            pause.from < self.end(day)
                && pause.from.civil().day() <= day
                && pause.to.is_none_or(|to| to.civil().day() > day && to > pause.from)
        })
    }

    fn lasts(&self, day: Day) -> bool {
        self.lost(day)
            && self.pauses.iter().any(|pause| pause.to.is_none() && pause.from < self.end(day))
    }

    fn around_the_clock(&self, from: Wall, ms: i64) -> Option<Wall> {
        let (mut now, mut left) = (from, ms);
        while left > 0 {
            let mut next = now.plus_ms(left.min(MINUTE_MS));
            let held = self
                .pauses
                .iter()
                .filter(|pause| pause.from <= now && pause.to.is_none_or(|to| to > now));
            let mut stands = false;
            for pause in held {
                // To the end of the pause at once: what is between counts for nothing.
                next = pause.to?;
                stands = true;
            }
            if !stands {
                // Not into a pause that begins within the step.
                let begins = self.pauses.iter().map(|pause| pause.from).filter(|at| *at > now);
                next = begins.fold(next, Wall::min);
                left -= next.unix_ms - now.unix_ms;
            }
            now = next;
        }
        Some(now)
    }

    fn by_days(&self, now: Wall, from: Day, span: Span) -> Option<Day> {
        let mut day = from;
        if span.unit == Unit::SameDay {
            while now >= self.end(day) || self.lost(day) {
                if self.lasts(day) {
                    return None;
                }
                day = day.plus(1)?;
            }
            return Some(day);
        }
        let mut left = span.amount;
        while left > 0 {
            day = day.plus(1)?;
            if self.lasts(day) {
                return None;
            }
            let off = span.unit == Unit::WorkingDay && !self.days.is_worked(day);
            left -= u32::from(!off && !self.lost(day));
        }
        Some(day)
    }
}

/// What a ticket's clock stands at, by its kept events alone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Due {
    /// Nothing is to be done within a limit.
    Nothing,
    /// Everything that is waits for the end of a pause.
    Held,
    At(Wall),
}

/// The earliest open deadline of a ticket on this pack and procedure.
pub fn due(pack: &Pack, procedure: &str, entries: &[Entry], days: &WorkDays) -> Due {
    let pauses = pauses(entries);
    let mut due = Due::Nothing;
    let limits = pack.limits.iter().filter(|limit| {
        (limit.procedures.is_empty() || limit.procedures.iter().any(|code| code == procedure))
            && !matches!(
                limit.duty,
                Duty::Objection | Duty::ReviewRequest | Duty::ReReviewRequest
            )
    });
    for limit in limits {
        let Some((start, more)) = open_since(&pack.code, limit, entries) else { continue };
        let heeded: Vec<Pause> =
            pauses.iter().filter(|pause| limit.pauses.contains(&pause.kind)).cloned().collect();
        let mut spans = vec![limit.within];
        spans.extend(more);
        due = match (due, count(pack, &spans, start, days, &heeded)) {
            (Due::At(before), Some(at)) => Due::At(before.min(at)),
            (_, Some(at)) => Due::At(at),
            (Due::Nothing, None) => Due::Held,
            (before, None) => before,
        };
    }
    due
}

fn pauses(entries: &[Entry]) -> Vec<Pause> {
    let mut pauses: Vec<Pause> = Vec::new();
    for entry in entries {
        match &entry.event {
            TicketEvent::Paused { kind, .. } => {
                pauses.push(Pause { kind: kind.clone(), from: entry.at, to: None });
            }
            TicketEvent::Resumed { kind } => {
                let open = |pause: &&mut Pause| pause.kind == *kind && pause.to.is_none();
                if let Some(pause) = pauses.iter_mut().rev().find(open) {
                    pause.to = Some(entry.at);
                }
            }
            _ => {}
        }
    }
    pauses
}

/// Since when the limit runs, and what it was extended by since; `None` where it does not run.
fn open_since(pack: &str, limit: &Limit, entries: &[Entry]) -> Option<(Wall, Vec<Span>)> {
    let mut since: Option<Wall> = None;
    // Two runs may begin at the same moment: they are told apart by their number.
    let mut run = 0_u32;
    let mut more: Vec<Span> = Vec::new();
    let mut asked: Option<(Option<u32>, Span)> = None;
    // By which pack the matter was dispatched last.
    let mut by_pack = String::new();
    let first = entries.first()?;
    if limit.starts == Event::Received {
        since = Some(first.at);
    }
    for entry in entries {
        match &entry.event {
            TicketEvent::ExtensionAsked { limit: code, by, .. } => {
                let meant = *code == limit.code && by_pack == pack;
                asked = Some((since.filter(|_| meant).map(|_| run), *by));
            }
            TicketEvent::ExtensionDecided { granted, .. } => {
                // Only the run in which it was asked for is longer by it.
                let asked = asked.take().filter(|_| *granted);
                if let Some((_, by)) = asked.filter(|(of, _)| since.is_some() && *of == Some(run)) {
                    more.push(by);
                }
            }
            event => {
                if let TicketEvent::Dispatched { to } = event {
                    by_pack = to.clock.as_ref().map(|clock| clock.pack.clone()).unwrap_or_default();
                }
                for told in told(event) {
                    let was = since;
                    since = step(limit, told, since, entry.at);
                    if since != was {
                        run += 1;
                        more.clear();
                    }
                }
                if matches!(event, TicketEvent::ObjectionDecided { upheld: true, .. }) {
                    asked = None;
                }
            }
        }
    }
    since.map(|since| (since, more))
}

/// What the clock is told by an event.
enum Told {
    Is(Event),
    /// The dispatch is undone.
    Undone,
    /// What was to be done before the end is over.
    Ended,
    /// Nobody is called back any more.
    Filed,
}

fn told(event: &TicketEvent) -> Vec<Told> {
    use TicketEvent as E;
    use Told::{Ended, Filed, Is, Undone};
    match event {
        E::Registered => vec![Is(Event::Registered)],
        E::Dispatched { .. } => vec![Is(Event::Dispatched)],
        E::Signed { .. } => vec![Is(Event::Signed)],
        E::Transferred { .. } => vec![Is(Event::Transferred)],
        E::Marked { mark, .. } => vec![Is(of_mark(*mark))],
        E::Objected { .. } => vec![Is(Event::Objected)],
        E::ObjectionDecided { upheld, .. } => {
            let decided = Is(Event::ObjectionDecided);
            if *upheld { vec![decided, Undone] } else { vec![decided] }
        }
        E::Answered { .. } => vec![Is(Event::Answered)],
        E::Told { .. } => vec![Is(Event::Informed), Is(Event::Answered), Ended],
        E::Archived { .. } => vec![Filed],
        E::Closed { .. } => vec![Is(Event::Closed), Ended],
        E::Merged { .. } => vec![Ended],
        E::CalledBack { .. } => vec![Is(Event::CalledBack)],
        E::Disputed { .. } => vec![Is(Event::Disputed)],
        E::Verified { .. } => vec![Is(Event::Verified)],
        E::Reopened { .. } => {
            vec![Is(Event::Reopened), Ended, Is(Event::Received), Is(Event::Registered)]
        }
        _ => Vec::new(),
    }
}

const fn of_mark(mark: Mark) -> Event {
    match mark {
        Mark::Acknowledged => Event::Acknowledged,
        Mark::Accepted => Event::Accepted,
        Mark::Informed => Event::Informed,
        Mark::Confirmed => Event::Confirmed,
        Mark::Arrived => Event::Arrived,
        Mark::ReviewAsked => Event::ReviewAsked,
        Mark::Reviewed => Event::Reviewed,
        Mark::ReReviewAsked => Event::ReReviewAsked,
        Mark::ReReviewed => Event::ReReviewed,
    }
}

fn step(limit: &Limit, told: Told, since: Option<Wall>, at: Wall) -> Option<Wall> {
    // Duties that outlive the closing of a matter.
    let after = matches!(
        limit.duty,
        Duty::Callback | Duty::Verification | Duty::Review | Duty::ReReview
    );
    match (told, since) {
        (Told::Is(event), Some(_)) if limit.stops.contains(&event) => None,
        (Told::Is(event), None) if limit.starts == event => Some(at),
        (Told::Undone, None) if limit.duty == Duty::Dispatch => Some(at),
        (Told::Undone, Some(_)) if of_dispatch(limit.starts) => None,
        (Told::Ended, Some(_)) if !after => None,
        (Told::Filed, Some(_)) if limit.duty == Duty::Callback => None,
        (_, since) => since,
    }
}

const fn of_dispatch(starts: Event) -> bool {
    matches!(
        starts,
        Event::Dispatched
            | Event::Signed
            | Event::Accepted
            | Event::Transferred
            | Event::Informed
            | Event::Confirmed
            | Event::Arrived
    )
}
