//! What a pack gets wrong as a whole: limits that cannot be kept, duties that nothing limits.

use super::span::Span;
use super::words::{Duty, Event};
use super::{Limit, Pack};
use crate::kernel::fault::{Fault, Faults, Gravity};

/// What every desk has to do in time, and what a supervisor expects a light for.
const EXPECTED: [Duty; 6] = [
    Duty::Dispatch,
    Duty::Sign,
    Duty::Objection,
    Duty::ObjectionDecision,
    Duty::Callback,
    Duty::Verification,
];
/// One of these ends a matter for the citizen.
const ENDS: [Duty; 3] = [Duty::Close, Duty::Answer, Duty::Arrive];

/// All faults, in the order of lines; none when the pack is good.
pub fn check(pack: &Pack) -> Faults {
    let mut check = Check { pack, faults: Vec::new() };
    for limit in &pack.limits {
        check.limit(limit);
    }
    check.procedures();
    check.loose_ends();
    check.faults.sort_by_key(|fault| fault.line);
    Faults(check.faults)
}

struct Check<'a> {
    pack: &'a Pack,
    faults: Vec<Fault>,
}

impl Check<'_> {
    fn add(&mut self, gravity: Gravity, line: usize, field: &str, problem: String, mend: &str) {
        let file = self.pack.file.clone();
        self.faults.push(Fault {
            gravity,
            file,
            line,
            field: field.to_owned(),
            problem,
            mend: mend.to_owned(),
        });
    }

    fn error(&mut self, line: usize, field: &str, problem: String, mend: &str) {
        self.add(Gravity::Error, line, field, problem, mend);
    }

    fn limit(&mut self, limit: &Limit) {
        let (code, line) = (&limit.code, limit.line);
        if limit.stops.contains(&limit.starts) {
            let problem =
                format!("`{code}` is met by the event that starts it, {}", limit.starts.key());
            self.error(line, "limit.stops", problem, "name the event that the duty ends with");
        } else if limit.starts != Event::Reopened
            && limit.stops.iter().all(|stop| *stop < limit.starts)
        {
            let problem = format!(
                "`{code}` starts with {}, and all its stops come before that",
                limit.starts.key()
            );
            self.error(
                line,
                "limit.stops",
                problem,
                "name an event that comes later in a ticket's life",
            );
        }
        match limit.yellow {
            None => {
                let problem = format!("`{code}` has no yellow light: it goes from green to red");
                self.add(
                    Gravity::Warning,
                    line,
                    "limit.yellow",
                    problem,
                    "add `yellow = \"1 working day\"`, or leave it so",
                );
            }
            Some(yellow) if fills(yellow, limit.within) => {
                let problem = format!(
                    "`{code}` would be yellow from its start: {yellow} of {}",
                    limit.within
                );
                self.error(line, "limit.yellow", problem, "write a shorter time than the limit's");
            }
            Some(_) => {}
        }
        if let Some(ahead) = limit.extension.as_ref().and_then(|rule| rule.ahead)
            && fills(ahead, limit.within)
        {
            let problem = format!(
                "`{code}` could never be extended: to be asked for {ahead} before the end of {}",
                limit.within
            );
            self.error(
                line,
                "limit.extension.ahead",
                problem,
                "write a shorter time than the limit's",
            );
        }
    }

    fn procedures(&mut self) {
        let pack = self.pack;
        for procedure in &pack.procedures {
            let limits: Vec<&Limit> = pack.limits_of(&procedure.code).collect();
            let name = &procedure.code;
            if !limits.iter().any(|limit| ENDS.contains(&limit.duty)) {
                let problem = format!(
                    "nothing ends a matter of `{name}`: it has no limit to answer, close or arrive"
                );
                self.error(
                    procedure.line,
                    "procedure",
                    problem,
                    "add a limit with `duty = \"close\"`",
                );
            }
            for duty in EXPECTED {
                if !pack.without.contains(&duty) && !limits.iter().any(|limit| limit.duty == duty) {
                    let problem = format!(
                        "`{name}` has no limit for {}: nothing will ever be late",
                        duty.key()
                    );
                    let mend = format!("add one, or write `without = [\"{}\"]`", duty.key());
                    self.add(Gravity::Warning, procedure.line, "procedure", problem, &mend);
                }
            }
            for (n, one) in limits.iter().enumerate() {
                for other in limits.iter().skip(n + 1) {
                    self.pair(name, one, other);
                }
            }
        }
    }

    fn pair(&mut self, procedure: &str, one: &Limit, other: &Limit) {
        if one.starts != other.starts {
            return;
        }
        if one.duty == other.duty {
            let problem = format!(
                "`{}` and `{}` (line {}) both limit {} from {} on under `{procedure}`",
                other.code,
                one.code,
                one.line,
                one.duty.key(),
                one.starts.key()
            );
            self.error(
                other.line,
                "limit.duty",
                problem,
                "keep one, or give them different `procedures`",
            );
            return;
        }
        let (Some(a), Some(b)) = (rank(one.duty), rank(other.duty)) else { return };
        let (first, then) = if a < b { (one, other) } else { (other, one) };
        if a != b && first.within.bounds().0 > then.within.bounds().1 {
            let problem = format!(
                "`{}` ({}) may take longer than `{}` (line {}, {}), which comes after it",
                first.code, first.within, then.code, then.line, then.within
            );
            self.error(
                first.line,
                "limit.within",
                problem,
                "shorten the first or lengthen the second",
            );
        }
    }

    fn loose_ends(&mut self) {
        let pack = self.pack;
        for pause in &pack.pauses {
            if !pack.limits.iter().any(|limit| limit.pauses.contains(&pause.code)) {
                let problem = format!("no limit heeds the pause `{}`", pause.code);
                self.add(
                    Gravity::Warning,
                    pause.line,
                    "pause",
                    problem,
                    "name it in a limit's `pauses`, or take it out",
                );
            }
        }
        for duty in &pack.without {
            if let Some(limit) = pack.limits.iter().find(|limit| limit.duty == *duty) {
                let problem = format!(
                    "{} is named here and limited by `{}` (line {})",
                    duty.key(),
                    limit.code,
                    limit.line
                );
                self.error(1, "without", problem, "take out one of the two");
            }
        }
    }
}

/// The part is as long as the whole, however the days fall.
fn fills(part: Span, whole: Span) -> bool {
    if part.unit == whole.unit {
        part.amount >= whole.amount
    } else {
        part.bounds().0 >= whole.bounds().1
    }
}

/// The order in which the duties of a matter are done; the others follow no such order.
const fn rank(duty: Duty) -> Option<u32> {
    match duty {
        Duty::Acknowledge => Some(0),
        Duty::Dispatch => Some(1),
        Duty::Sign => Some(2),
        Duty::Transfer | Duty::Confirm => Some(3),
        Duty::Inform | Duty::Arrive => Some(4),
        Duty::Answer => Some(5),
        Duty::Close => Some(6),
        _ => None,
    }
}
