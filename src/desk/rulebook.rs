//! What the desk decides by: the rules of dispatch with their units, the rule packs that they name, the calendar. Pure: the
//! same ticket gets the same deadline at any time and after any restart, and nothing is armed.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::clock::{ClockError, Deadline, Duty, Extension, Limit, Pack, Span, deadline, moment};
use super::dispatch::{Case, Decision, Occurred, Rules, Unit};
use super::ticket::{
    Assignment, ClockRef, DeskError, Due, Forum, Granted, Run, Ticket, TicketEvent, UnitRef,
    is_a_right, is_the_citizens, runs,
};
use crate::kernel::{Calendar, Fault, Faults, Filled, Gravity, Slot, TicketId, Wall};

/// What staff want of a ticket, before units and limits are looked up.
#[derive(Clone, PartialEq, Debug)]
pub enum Order {
    /// Units by code or name; the pack by its code in the rules of dispatch, that of the rules where it is left out.
    Dispatch {
        unit: String,
        with: Vec<String>,
        pack: Option<String>,
        member: Option<String>,
    },
    Transfer {
        unit: String,
        why: String,
    },
    /// In the unit of the limit's rule. The limit by its code; the one that may be extended where it is left out.
    AskExtension {
        limit: Option<String>,
        amount: u32,
        why: String,
        /// What the citizen was told.
        told: Option<String>,
    },
    Convene {
        forum: Forum,
        units: Vec<String>,
        why: String,
    },
    /// Whatever needs no more than itself.
    Event(TicketEvent),
}

#[derive(Debug)]
pub struct Rulebook {
    rules: Arc<Rules>,
    packs: BTreeMap<String, Pack>,
    /// What the rules of dispatch call a pack, and the pack's own code.
    named: BTreeMap<String, String>,
    calendar: Calendar,
}

/// A limit that a ticket's clock has started, and how it stands.
#[derive(Clone, PartialEq, Debug)]
pub struct Timed<'a> {
    pub pack: &'a Pack,
    pub limit: &'a Limit,
    pub run: Run,
    pub deadline: Deadline,
}

/// Units told where one is not known.
const NEAR_MAX: usize = 8;

impl Rulebook {
    /// `packs`: each under the name that the rules of dispatch give it.
    ///
    /// # Errors
    /// Every `[[pack]]` whose clock or procedure is not there, with its line.
    pub fn new(
        rules: Arc<Rules>,
        packs: Vec<(String, Pack)>,
        calendar: Calendar,
    ) -> Result<Rulebook, Faults> {
        let named = packs.iter().map(|(name, pack)| (name.clone(), pack.code.clone())).collect();
        let packs = packs.into_iter().map(|(_, pack)| (pack.code.clone(), pack)).collect();
        let book = Rulebook { rules, packs, named, calendar };
        let faults: Vec<Fault> = book.faults();
        if faults.is_empty() { Ok(book) } else { Err(Faults(faults)) }
    }

    /// Without rules, units, packs: nothing is dispatched and nothing is due.
    pub fn empty() -> Rulebook {
        Rulebook {
            rules: Arc::new(Rules::none()),
            packs: BTreeMap::new(),
            named: BTreeMap::new(),
            calendar: Calendar::default(),
        }
    }

    fn faults(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        for told in self.rules.packs().iter().filter(|pack| !pack.clock.is_empty()) {
            let (field, problem, mend) = match self.named(&told.clock) {
                None => (
                    "pack.clock",
                    format!("`{}` is no rule pack", told.clock),
                    "name a pack that ships, or a file".to_owned(),
                ),
                Some(pack) if pack.procedures.iter().any(|p| p.code == told.procedure) => continue,
                Some(pack) => (
                    "pack.procedure",
                    format!("{} has no procedure `{}`", pack.code, told.procedure),
                    format!("its procedures are {}", procedures(pack)),
                ),
            };
            faults.push(Fault {
                gravity: Gravity::Error,
                file: self.rules.file().to_owned(),
                line: told.line,
                field: field.to_owned(),
                problem,
                mend,
            });
        }
        faults
    }

    fn named(&self, name: &str) -> Option<&Pack> {
        self.packs.get(self.named.get(name)?)
    }

    pub fn rules(&self) -> &Arc<Rules> {
        &self.rules
    }

    pub fn calendar(&self) -> &Calendar {
        &self.calendar
    }

    pub fn packs(&self) -> impl Iterator<Item = &Pack> {
        self.packs.values()
    }

    pub fn pack(&self, code: &str) -> Option<&Pack> {
        self.packs.get(code)
    }

    /// Who should get the ticket, by the rules of dispatch.
    pub fn decide(&self, ticket: &Ticket) -> Decision {
        let value = |slot| ticket.fields.get(&slot).map_or("", |f: &Filled| f.value.as_str());
        let words = [Slot::Narrative, Slot::Against, Slot::Demand].map(value).join("，");
        let time = ticket.fields.get(&Slot::Time).and_then(|f| f.code.as_deref());
        self.rules.decide(&Case {
            category: self.category(ticket).unwrap_or_default(),
            place: self.place(ticket).unwrap_or_default(),
            address: value(Slot::Place),
            words: &words,
            occurred: Occurred::of_code(time.unwrap_or_default()),
            registered: ticket.opened.civil(),
        })
    }

    /// Code of the ticket's category. What staff typed has none of its own.
    pub fn category<'a>(&'a self, ticket: &'a Ticket) -> Option<&'a str> {
        let field = ticket.fields.get(&Slot::Category)?;
        field.code.as_deref().or_else(|| self.rules.category_of(&field.value))
    }

    /// Division code of the ticket's place.
    pub fn place<'a>(&'a self, ticket: &'a Ticket) -> Option<&'a str> {
        let field = ticket.fields.get(&Slot::Place)?;
        field.code.as_deref().or_else(|| self.rules.place_of(&field.value))
    }

    /// The clock that a ticket runs on: that of its dispatch; before it is dispatched that of the rule that fires, else the
    /// default.
    pub fn clock(&self, ticket: &Ticket) -> Option<ClockRef> {
        if let Some(to) = ticket.assignment() {
            return to.clock.clone();
        }
        let told = match self.decide(ticket) {
            Decision::Clear(one) => one.pack.and_then(|pack| self.clock_of(&pack.code)),
            Decision::Tied(_) | Decision::Open { .. } => None,
        };
        told.or_else(|| self.clock_of(&self.rules.default_pack()?.code))
    }

    fn clock_of(&self, dispatch_pack: &str) -> Option<ClockRef> {
        let told = self.rules.pack(dispatch_pack)?;
        let pack = self.named(&told.clock)?;
        Some(ClockRef { pack: pack.code.clone(), procedure: told.procedure.clone() })
    }

    /// Every limit that the ticket's clock has started, in the order of its pack, the earlier run first.
    pub fn timed(&self, ticket: &Ticket) -> Result<Vec<Timed<'_>>, ClockError> {
        let Some(clock) = self.clock(ticket) else { return Ok(Vec::new()) };
        let Some(pack) = self.packs.get(&clock.pack) else { return Ok(Vec::new()) };
        let mut timed = Vec::new();
        for limit in pack.limits.iter().filter(|limit| limit.holds_for(&clock.procedure)) {
            for run in runs(limit, &ticket.trail) {
                let given = granted(ticket, pack, limit, &run);
                let count = |given: &[Extension]| {
                    deadline(pack, limit, run.start, &self.calendar, &ticket.pauses, given)
                };
                // What was granted by the pack as it was does not stop the clock.
                let deadline = count(&given).or_else(|_| count(&[]))?;
                timed.push(Timed { pack, limit, run, deadline });
            }
        }
        Ok(timed)
    }

    /// Writes the next open deadline, and the clock that it is by, on the ticket.
    pub fn time(&self, ticket: &mut Ticket) -> Result<(), ClockError> {
        ticket.clock = self.clock(ticket);
        ticket.due = None;
        ticket.due = self.due(ticket)?;
        Ok(())
    }

    /// The open deadline that comes first; one that a pause holds comes last. The citizen's own limits do not count, nor the
    /// right to object.
    pub fn due(&self, ticket: &Ticket) -> Result<Option<Due>, ClockError> {
        let timed = self.timed(ticket)?;
        let open = timed.into_iter().filter(|one| {
            let duty = one.limit.duty;
            one.run.end.is_none() && !is_the_citizens(duty) && !is_a_right(duty)
        });
        let first = open.min_by_key(|one| (one.deadline.at.is_none(), one.deadline.at));
        Ok(first.map(|one| Due {
            limit: one.limit.code.clone(),
            duty: one.limit.duty,
            at: one.deadline.at,
            yellow: one.deadline.yellow,
        }))
    }

    /// By when the citizen is promised an answer: the first open limit of answering, else of closing. Nothing while a pause
    /// holds it, nor before its clock has begun.
    pub fn promised(&self, ticket: &Ticket) -> Option<Wall> {
        let timed = self.timed(ticket).ok()?;
        let open = |duty: Duty| {
            let of_duty = timed.iter().filter(move |one| one.limit.duty == duty);
            of_duty.filter(|one| one.run.end.is_none()).filter_map(|one| one.deadline.at).min()
        };
        open(Duty::Answer).or_else(|| open(Duty::Close))
    }

    /// What an order comes to, at the moment `now`; refused where it names what is not there, or comes too late.
    pub fn event(
        &self,
        ticket: &Ticket,
        order: Order,
        now: Wall,
    ) -> Result<TicketEvent, DeskError> {
        // The ticket's time does not go back: see `Ticket::apply`.
        let now = now.max(ticket.changed);
        match order {
            Order::Dispatch { unit, with, pack, member } => {
                self.dispatch(ticket, &unit, &with, pack.as_deref(), member)
            }
            Order::Transfer { unit, why } => {
                let to = UnitRef::from(self.unit(&unit)?);
                if ticket.assignment().is_some_and(|own| own.owner.code == to.code) {
                    let what = "it is passed on to the unit that has it";
                    return Err(DeskError::Unfit { ticket: ticket.id, what });
                }
                Ok(TicketEvent::Transferred { to, why })
            }
            Order::AskExtension { limit, amount, why, told } => {
                self.extension(ticket, limit.as_deref(), amount, why, told, now)
            }
            Order::Convene { forum, units, why } => {
                let units = self.units(&units)?;
                Ok(TicketEvent::Convened { forum, units, why })
            }
            Order::Event(mut event) => {
                self.checked(ticket, &event, now)?;
                if let TicketEvent::Edited { slot, filled } = &mut event {
                    self.code(*slot, filled);
                }
                Ok(event)
            }
        }
    }

    /// What staff typed is told to machines too, where the rules know it by its name.
    fn code(&self, slot: Slot, filled: &mut Filled) {
        let known = match slot {
            Slot::Category => self.rules.category_of(&filled.value),
            Slot::Place => self.rules.place_of(&filled.value),
            _ => None,
        };
        if filled.code.is_none() {
            filled.code = known.map(str::to_owned);
        }
    }

    fn checked(&self, ticket: &Ticket, event: &TicketEvent, now: Wall) -> Result<(), DeskError> {
        match event {
            TicketEvent::Signed { member: Some(member) } | TicketEvent::Assigned { member } => {
                match ticket.assignment().and_then(|to| self.rules.unit(&to.owner.code)) {
                    Some(owner) => is_member(owner, member),
                    None => Ok(()),
                }
            }
            TicketEvent::Objected { .. } => self.objection_in_time(ticket, now),
            TicketEvent::Paused { kind, .. } => self.pause(ticket, kind),
            TicketEvent::ExtensionAsked { limit, by, told, .. } => {
                let timed = self.timed(ticket)?;
                let open = |one: &&Timed<'_>| one.run.end.is_none() && one.limit.code == *limit;
                let one = timed.iter().find(open).ok_or(DeskError::NothingToExtend(ticket.id))?;
                self.may_extend(ticket, one, *by, told.is_some(), now)
            }
            _ => Ok(()),
        }
    }

    fn objection_in_time(&self, ticket: &Ticket, now: Wall) -> Result<(), DeskError> {
        for one in self.timed(ticket)? {
            if is_a_right(one.limit.duty)
                && one.run.end.is_none()
                && let Some(at) = one.deadline.at.filter(|at| now >= *at)
            {
                let until = moment(at);
                return Err(DeskError::ObjectionLate { ticket: ticket.id, until });
            }
        }
        Ok(())
    }

    fn pause(&self, ticket: &Ticket, kind: &str) -> Result<(), DeskError> {
        let clock = self
            .clock(ticket)
            .unwrap_or_else(|| ClockRef { pack: "none".to_owned(), procedure: String::new() });
        let kinds = self.packs.get(&clock.pack).map_or(&[][..], |pack| &pack.pauses);
        if kinds.iter().any(|known| known.code == kind) {
            return Ok(());
        }
        let known: Vec<&str> = kinds.iter().map(|known| known.code.as_str()).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        Err(DeskError::NoPause { pack: clock.pack, pause: kind.to_owned(), known })
    }

    fn dispatch(
        &self,
        ticket: &Ticket,
        unit: &str,
        with: &[String],
        pack: Option<&str>,
        member: Option<String>,
    ) -> Result<TicketEvent, DeskError> {
        let owner = self.unit(unit)?;
        if let Some(member) = &member {
            is_member(owner, member)?;
        }
        let mut with = self.units(with)?;
        with.retain(|other| other.code != owner.code);
        let copied = self.rules.copied_with(owner).map(UnitRef::from);
        let copied =
            copied.into_iter().filter(|copy| !with.iter().any(|w| w.code == copy.code)).collect();
        // Of the rule that names this owner: so it is told which rule was followed.
        let suggested = match self.decide(ticket) {
            Decision::Clear(one) => vec![one],
            Decision::Tied(several) => several,
            Decision::Open { .. } => Vec::new(),
        };
        let suggested = suggested.into_iter().find(|one| one.owner.code == owner.code);
        let clock = match pack {
            Some(code) => {
                if self.rules.pack(code).is_none() {
                    let known: Vec<&str> =
                        self.rules.packs().iter().map(|pack| pack.code.as_str()).collect();
                    let (pack, known) = (code.to_owned(), known.join(", "));
                    return Err(DeskError::NoPack { pack, known });
                }
                self.clock_of(code)
            }
            None => {
                let of_rule = suggested.as_ref().and_then(|one| one.pack.as_ref());
                let code = of_rule.or_else(|| self.rules.default_pack()).map(|pack| &pack.code);
                code.and_then(|code| self.clock_of(code))
            }
        };
        let rule = suggested.map(|one| one.rule).unwrap_or_default();
        let owner = UnitRef::from(owner);
        Ok(TicketEvent::Dispatched { to: Assignment { owner, with, copied, member, clock, rule } })
    }

    fn extension(
        &self,
        ticket: &Ticket,
        limit: Option<&str>,
        amount: u32,
        why: String,
        told: Option<String>,
        now: Wall,
    ) -> Result<TicketEvent, DeskError> {
        let told = told.filter(|words| !words.trim().is_empty());
        let timed = self.timed(ticket)?;
        let wanted = |one: &&Timed<'_>| {
            one.run.end.is_none()
                && match limit {
                    Some(code) => one.limit.code == code,
                    None => one.limit.extension.is_some(),
                }
        };
        let one = timed.iter().find(wanted).ok_or(DeskError::NothingToExtend(ticket.id))?;
        let rule = one.limit.extension.as_ref();
        let by = Span { amount, unit: rule.map_or(one.limit.within.unit, |rule| rule.most.unit) };
        self.may_extend(ticket, one, by, told.is_some(), now)?;
        let limit = one.limit.code.clone();
        Ok(TicketEvent::ExtensionAsked { limit, by, why, told })
    }

    /// In time, not too often, not for too long, and told to the citizen.
    fn may_extend(
        &self,
        ticket: &Ticket,
        one: &Timed<'_>,
        by: Span,
        told: bool,
        now: Wall,
    ) -> Result<(), DeskError> {
        let mut given = granted(ticket, one.pack, one.limit, &one.run);
        given.push(Extension { by, asked: now, told: told.then_some(now) });
        let (start, calendar) = (one.run.start, &self.calendar);
        deadline(one.pack, one.limit, start, calendar, &ticket.pauses, &given)?;
        Ok(())
    }

    fn unit(&self, told: &str) -> Result<&Unit, DeskError> {
        self.rules.unit(told).ok_or_else(|| {
            // The kind or the end of the name may be right.
            let kind = told.split('-').next().unwrap_or_default();
            let like = |unit: &&Unit| unit.kind == kind || unit.name.contains(told);
            let mut near: Vec<&str> =
                self.rules.units().iter().filter(like).map(|unit| unit.code.as_str()).collect();
            if near.is_empty() || told.is_empty() {
                near = self.rules.units().iter().map(|unit| unit.code.as_str()).collect();
            }
            let more = if near.len() > NEAR_MAX { ", …" } else { "" };
            near.truncate(NEAR_MAX);
            DeskError::NoUnit { unit: told.to_owned(), near: near.join(", ") + more }
        })
    }

    fn units(&self, told: &[String]) -> Result<Vec<UnitRef>, DeskError> {
        let mut units: Vec<UnitRef> = Vec::new();
        for name in told {
            let unit = UnitRef::from(self.unit(name)?);
            if !units.iter().any(|known| known.code == unit.code) {
                units.push(unit);
            }
        }
        Ok(units)
    }
}

fn is_member(unit: &Unit, member: &str) -> Result<(), DeskError> {
    if unit.members.is_empty() || unit.members.iter().any(|known| known == member) {
        return Ok(());
    }
    let (unit, known) = (unit.name.clone(), unit.members.join(", "));
    Err(DeskError::NoMember { unit, member: member.to_owned(), known })
}

/// What was granted to this run: by the pack whose limit it is, no other.
fn granted(ticket: &Ticket, pack: &Pack, limit: &Limit, run: &Run) -> Vec<Extension> {
    let of_limit = |one: &&Granted| one.pack == pack.code && one.limit == limit.code;
    let own = ticket.granted.iter().filter(of_limit);
    own.filter(|one| run.holds(one.seen)).map(|one| one.extension).collect()
}

fn procedures(pack: &Pack) -> String {
    let codes: Vec<&str> = pack.procedures.iter().map(|one| one.code.as_str()).collect();
    codes.join(", ")
}

/// The ticket that another is merged into must be able to take it.
pub fn may_join(main: &Ticket, other: TicketId) -> Result<(), DeskError> {
    let mut tried = main.clone();
    let event = TicketEvent::Joined { ticket: other };
    tried.apply(event, super::ticket::Actor::system(), main.changed).map(|_| ())
}
