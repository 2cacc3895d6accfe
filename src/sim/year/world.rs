//! The agenda of a year, and what must hold at every step.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::fmt::Write as _;
use std::sync::Arc;

use super::disk::{Disk, Kept, Waiting};
use super::oracle::{self, Due, WorkDays};
use super::{YearError, YearReport, YearScenario, people};
use crate::desk::clock::{Pack, SHIPPED};
use crate::desk::dispatch::{BUILTIN, Category, Rules};
use crate::desk::ticket::Entry;
use crate::desk::{Actor, DeskError, Order, Rulebook, Ticket, TicketEvent, TicketState, rulebook};
use crate::kernel::evidence::Source;
use crate::kernel::{
    Calendar, CallId, Day, Filled, Rng, Slot, TicketId, Wall,
};
use crate::notice::{Hours, MessageKey, Retry};
use crate::sim::Violation;
use crate::survey::schedule::Window;

const DAY_MS: i64 = 24 * 3_600_000;
const VIOLATIONS_MAX: usize = 20;
/// The steps that are told by message, by the kinds of events.
const TOLD: [&str; 6] =
    ["registered", "dispatched", "extension_granted", "answered", "closed", "reopened"];
/// A message takes so long to be handed over; a stop within it leaves open whether it was.
pub(super) const HANDOVER_MS: i64 = 2_000;

/// A unit on the highest level.
const PROVINCE: &str = "[[unit]]
code = \"centre-33\"
name = \"浙江省社会治理中心\"
kind = \"centre\"
places = [\"33\"]

";

/// Something that is going to happen.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Coming {
    /// A citizen tells something new.
    Opens,
    /// Somebody looks at a ticket.
    Looks(TicketId),
    /// A message is due.
    Sends(MessageKey),
    /// The service is stopped, and comes back.
    Stops,
}

pub(super) struct World {
    pub(super) book: Rulebook,
    pub(super) packs: Vec<String>,
    pub(super) categories: Vec<String>,
    pub(super) places: Vec<String>,
    pub(super) days: WorkDays,
    pub(super) window: Window,
    pub(super) hours: Hours,
    pub(super) retry: Retry,
    pub(super) rng: Rng,
    pub(super) agenda: BinaryHeap<Reverse<(Wall, u64, Coming)>>,
    pub(super) order: u64,
    pub(super) now: Wall,
    pub(super) disk: Disk,
    /// What the service holds; a stop takes it.
    pub(super) held: BTreeMap<TicketId, Ticket>,
    /// The last open ticket about a subject at a place: who answers the telephone would find it.
    pub(super) recent: BTreeMap<(String, String), TicketId>,
    pub(super) to_open: u32,
    pub(super) opened: u32,
    pub(super) last_number: u64,
    /// What the gateway has taken, by its key.
    pub(super) gateway: BTreeMap<MessageKey, u32>,
    pub(super) report: YearReport,
}

/// Plays the year. The same scenario and calendar give the same report.
///
/// # Errors
/// When the shipped rules or packs cannot be read.
pub fn run(scenario: &YearScenario, calendar: &Calendar) -> Result<YearReport, YearError> {
    let mut world = World::new(scenario, calendar)?;
    while let Some(Reverse((at, _, coming))) = world.agenda.pop() {
        world.now = at;
        world.happens(coming)?;
    }
    world.ends();
    Ok(world.report)
}

/// The shipped rules of dispatch with every procedure of every shipped pack to choose from.
fn every_pack(categories: &[Category]) -> Result<(Rules, Vec<(String, Pack)>), YearError> {
    let mut told = String::new();
    let mut packs = Vec::new();
    for (file, text) in SHIPPED {
        let pack = Pack::parse(file, text)?;
        for procedure in &pack.procedures {
            let (code, name, source) = (&pack.code, &procedure.name, &pack.name);
            let procedure = &procedure.code;
            let _ = writeln!(
                told,
                "[[pack]]\ncode = \"{code}/{procedure}\"\nname = {name:?}\nsource = {source:?}\nclock = \"{code}\"\nprocedure = \"{procedure}\"\n"
            );
        }
        packs.push((pack.code.clone(), pack));
    }
    // The file's own units stand on three levels.
    told.push_str(PROVINCE);
    let (file, text) = BUILTIN;
    // Tables of one kind stand together: before the first of the file's own.
    let text = text.replacen("\n[[pack]]", &format!("\n{told}[[pack]]"), 1);
    Ok((Rules::parse(file, &text, categories)?, packs))
}

impl World {
    fn new(scenario: &YearScenario, calendar: &Calendar) -> Result<World, YearError> {
        let wrong = || YearError::Begin(scenario.year);
        let first = Day::new(scenario.year, 1, 1).ok_or_else(wrong)?.start();
        let days = WorkDays::new(calendar, scenario.year, scenario.year + 3).ok_or_else(wrong)?;
        let topics = crate::intake::taxonomy()?;
        let categories: Vec<Category> =
            topics.into_iter().map(|(code, name)| Category { code, name }).collect();
        let (rules, packs) = every_pack(&categories)?;
        let names = rules.packs().iter().map(|pack| pack.code.clone()).collect();
        let places: Vec<String> = rules.units().iter().flat_map(|u| u.places.clone()).collect();
        let mut world = World {
            book: Rulebook::new(Arc::new(rules), packs, calendar.clone())?,
            packs: names,
            categories: categories.into_iter().map(|category| category.code).collect(),
            places,
            days,
            window: Window::default(),
            hours: Hours::default(),
            retry: Retry::default(),
            rng: Rng::new(scenario.seed),
            agenda: BinaryHeap::new(),
            order: 0,
            now: first,
            disk: Disk::default(),
            held: BTreeMap::new(),
            recent: BTreeMap::new(),
            to_open: scenario.tickets,
            opened: 0,
            last_number: 0,
            gateway: BTreeMap::new(),
            report: YearReport { hash: 0xcbf2_9ce4_8422_2325, ..YearReport::default() },
        };
        let year_ms = 365 * DAY_MS;
        for _ in 0..scenario.tickets {
            let at = first.plus_ms(world.rng.below(year_ms as u64) as i64);
            world.plan(at, Coming::Opens);
        }
        for _ in 0..scenario.stops {
            let at = first.plus_ms(world.rng.below(year_ms as u64) as i64);
            world.plan(at, Coming::Stops);
        }
        Ok(world)
    }

    pub(super) fn plan(&mut self, at: Wall, coming: Coming) {
        self.order += 1;
        self.agenda.push(Reverse((at.max(self.now), self.order, coming)));
    }

    pub(super) fn violated(&mut self, what: impl FnOnce() -> String) {
        if self.report.violations.len() < VIOLATIONS_MAX {
            self.report.violations.push(Violation(what()));
        }
    }

    fn happens(&mut self, coming: Coming) -> Result<(), YearError> {
        match coming {
            Coming::Opens => self.opens()?,
            Coming::Looks(id) => self.looks(id)?,
            Coming::Sends(key) => self.hands_over(key),
            Coming::Stops => self.stops()?,
        }
        Ok(())
    }

    fn opens(&mut self) -> Result<(), YearError> {
        let local = self.now.civil();
        let day = u64::from(local.year.rem_euclid(100) as u32) * 10_000
            + u64::from(local.month * 100 + local.day);
        self.last_number = (self.last_number + 1).max(day * 10_000 + 1);
        let id = TicketId(self.last_number);
        self.opened += 1;
        let call = CallId(u64::from(self.opened));
        let kept =
            Kept { call, entries: Vec::new(), dialled: Vec::new(), no_calls: self.rng.chance(0.01) };
        self.disk.tickets.insert(id, kept);
        self.held.insert(id, Ticket::open(id, call, self.now));
        let fields = self.matter();
        self.change(id, Order::Event(TicketEvent::Drafted { fields }), Actor::robot())?;
        self.look_again(id);
        Ok(())
    }

    fn matter(&mut self) -> BTreeMap<Slot, Filled> {
        let kinds = ["投诉", "求助", "咨询", "建议", "举报"];
        let kind = self.rng.pick(&kinds).copied().unwrap_or("求助");
        let category = self.rng.pick(&self.categories).cloned().unwrap_or_default();
        let place = self.rng.pick(&self.places).cloned().unwrap_or_default();
        let filled = |value: &str, code: Option<String>| Filled {
            value: value.to_owned(),
            code,
            evidence: Vec::new(),
            source: Source::Staff,
        };
        BTreeMap::from([
            (Slot::MatterType, filled(kind, None)),
            (Slot::Category, filled(&category, Some(category.clone()))),
            (Slot::Place, filled(&place, Some(place.clone()))),
            (Slot::Narrative, filled("反映的情况", None)),
        ])
    }

    pub(super) fn look_again(&mut self, id: TicketId) {
        let Some(ticket) = self.held.get(&id) else { return };
        let wait = people::wait_ms(ticket, &mut self.rng);
        self.plan(self.now.plus_ms(wait), Coming::Looks(id));
    }

    /// Somebody looks at a ticket and does what is next.
    fn looks(&mut self, id: TicketId) -> Result<(), YearError> {
        let Some(ticket) = self.held.get(&id) else { return Ok(()) };
        match &ticket.state {
            TicketState::Closed { .. } if ticket.disputes.is_empty() => return self.calls_back(id),
            TicketState::Merged { into } => {
                let into = *into;
                return self.follows(id, into);
            }
            _ => {}
        }
        let red = ticket.due.as_ref().and_then(|due| due.at).is_some_and(|at| self.now >= at);
        let unwatched = ticket.supervision.is_none() && ticket.state.is_open();
        if red && unwatched && ticket.state != TicketState::Draft {
            self.report.overdue += 1;
            let event = TicketEvent::Supervised { why: "超过时限".into() };
            self.change(id, Order::Event(event), Actor::system())?;
        } else if !self.merges(id)? {
            let Some(ticket) = self.held.get(&id) else { return Ok(()) };
            let (order, by) = people::next(ticket, &self.book, &self.packs, &mut self.rng);
            self.at_once(id)?;
            self.change(id, order, by)?;
        }
        self.settles(id);
        Ok(())
    }

    /// A ticket that has come to its end is not held any more; any other is looked at again.
    pub(super) fn settles(&mut self, id: TicketId) {
        let ended = self.held.get(&id).is_some_and(|t| t.state == TicketState::Archived);
        if ended {
            self.held.remove(&id);
        } else {
            self.look_again(id);
        }
    }

    /// Now and then somebody else changes the ticket while one is at it: the second hears of it.
    fn at_once(&mut self, id: TicketId) -> Result<(), YearError> {
        if !self.rng.chance(0.01) {
            return Ok(());
        }
        let Some(ticket) = self.held.get(&id) else { return Ok(()) };
        let seen = ticket.version;
        let filled = Filled {
            value: "补充".into(),
            code: None,
            evidence: Vec::new(),
            source: Source::Staff,
        };
        let order = Order::Event(TicketEvent::Edited { slot: Slot::Demand, filled });
        if self.change(id, order, Actor::desk("派单台二"))? {
            let told = self.held.get(&id).map(|ticket| ticket.unchanged_since(seen));
            if !matches!(told, Some(Err(DeskError::Changed { .. }))) {
                self.violated(|| format!("{id}: a change between two looks was not told"));
            }
        }
        Ok(())
    }

    /// A repeat of an open matter at the same place is merged into it, now and then.
    fn merges(&mut self, id: TicketId) -> Result<bool, YearError> {
        let Some(ticket) = self.held.get(&id) else { return Ok(false) };
        if ticket.state != TicketState::Registered || !ticket.merged.is_empty() {
            return Ok(false);
        }
        let value = |slot| ticket.fields.get(&slot).map(|f| f.value.clone()).unwrap_or_default();
        let about = (value(Slot::Category), value(Slot::Place));
        let other = self.recent.insert(about, id).filter(|other| *other != id);
        let Some(main) = other.and_then(|other| self.held.get(&other)) else { return Ok(false) };
        if rulebook::may_join(main, id).is_err() {
            return Ok(false);
        }
        let (main, why) = (main.id, "同一事项".to_owned());
        let event = TicketEvent::Merged { into: main, why };
        let merged = self.change(id, Order::Event(event), Actor::desk("派单台"))?;
        if merged {
            let event = TicketEvent::Joined { ticket: id };
            self.change(main, Order::Event(event), Actor::system())?;
        }
        Ok(merged)
    }

    /// The citizen of a merged ticket hears what became of the other.
    fn follows(&mut self, id: TicketId, main: TicketId) -> Result<(), YearError> {
        let result = self.disk.tickets.get(&main).and_then(|kept| {
            let closed = kept.entries.iter().rev().find_map(|entry| match &entry.event {
                TicketEvent::Closed { result } => Some(result.clone()),
                TicketEvent::Told { words, .. } => Some(words.clone()),
                TicketEvent::Merged { .. } => Some("并入另一工单办理".to_owned()),
                _ => None,
            });
            let open = self.held.get(&main).is_some_and(|ticket| ticket.state.is_open());
            closed.filter(|_| !open)
        });
        if let Some(result) = result {
            self.change(id, Order::Event(TicketEvent::Closed { result }), Actor::system())?;
        }
        self.look_again(id);
        Ok(())
    }

    /// Carries out an order, or sees that it was refused and changed nothing. True when it was kept.
    pub(super) fn change(&mut self, id: TicketId, order: Order, by: Actor) -> Result<bool, YearError> {
        // Once in a while the clock is set back.
        let back = if self.rng.chance(0.0005) { self.rng.below(900_000) as i64 } else { 0 };
        let at = self.now.plus_ms(-back);
        let Some(held) = self.held.get(&id) else { return Ok(false) };
        let mut ticket = held.clone();
        let carried = self
            .book
            .event(&ticket, order, at)
            .and_then(|event| ticket.apply(event, by, at));
        let entry = match carried {
            Ok(entry) => entry,
            Err(error) => {
                self.report.refused += 1;
                if self.held.get(&id).is_some_and(|held| *held != ticket) {
                    self.violated(|| format!("{id}: refused ({error}) and changed all the same"));
                }
                return Ok(false);
            }
        };
        self.book.time(&mut ticket)?;
        self.held.insert(id, ticket);
        self.keep(id, entry);
        self.holds(id);
        Ok(true)
    }

    /// The event and the message that tells it go to the disk together.
    fn keep(&mut self, id: TicketId, entry: Entry) {
        self.hash(format_args!("{id} {entry:?}"));
        let kind = entry.event.key();
        *self.report.events.entry(kind.to_owned()).or_default() += 1;
        if let TicketEvent::Dispatched { to } = &entry.event {
            let pack = to.clock.as_ref().map_or("none", |clock| clock.pack.as_str());
            *self.report.packs.entry(pack.to_owned()).or_default() += 1;
            *self.report.levels.entry(to.owner.level.key().to_owned()).or_default() += 1;
        }
        if TOLD.contains(&kind) {
            let key = MessageKey { ticket: id, seq: i64::from(entry.seq), kind: kind.to_owned() };
            let due = self.hours.from(entry.at);
            let waiting = Waiting { born: entry.at, due, attempts: 0 };
            let known = self.disk.sent.contains(&key);
            if known || self.disk.waiting.insert(key.clone(), waiting).is_some() {
                self.violated(|| format!("{id}: event {} is told twice", entry.seq));
            }
            self.plan(due, Coming::Sends(key));
        }
        if let Some(kept) = self.disk.tickets.get_mut(&id) {
            kept.entries.push(entry);
        }
    }

    pub(super) fn hash(&mut self, text: std::fmt::Arguments<'_>) {
        for byte in text.to_string().bytes() {
            self.report.hash = (self.report.hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    /// What must hold of a ticket after each of its events.
    fn holds(&mut self, id: TicketId) {
        let (Some(ticket), Some(kept)) = (self.held.get(&id), self.disk.tickets.get(&id)) else {
            return self.violated(|| format!("{id}: not held, or not kept"));
        };
        let mut wrong = Vec::new();
        let waits_at_desk = matches!(
            ticket.state,
            TicketState::Draft
                | TicketState::Interrupted
                | TicketState::Registered
                | TicketState::Handling { .. }
        );
        if ticket.state.is_open() && !waits_at_desk && ticket.state.assignment().is_none() {
            wrong.push(format!("{id}: {} without an owner", ticket.state.key()));
        }
        if kept.entries.windows(2).any(|pair| matches!(pair, [a, b] if b.at < a.at || b.seq != a.seq + 1)) {
            wrong.push(format!("{id}: its history goes back"));
        }
        let clock = ticket.clock.as_ref();
        if let Some((clock, pack)) = clock.and_then(|c| Some((c, self.book.pack(&c.pack)?))) {
            let counted = oracle::due(pack, &clock.procedure, &kept.entries, &self.days);
            let told = match &ticket.due {
                None => Due::Nothing,
                Some(due) => due.at.map_or(Due::Held, Due::At),
            };
            self.report.deadlines += 1;
            if told != counted {
                let (code, due) = (&pack.code, &ticket.due);
                wrong.push(format!("{id} by {code}: {due:?}, counted {counted:?}"));
            }
        }
        for one in wrong {
            self.violated(|| one);
        }
    }

    /// What must hold when everything has come to its end.
    fn ends(&mut self) {
        self.report.tickets = self.disk.tickets.len() as u64;
        self.report.last_day = Some(self.now.civil().day());
        if self.opened != self.to_open {
            let (opened, told) = (self.opened, self.to_open);
            self.violated(|| format!("{opened} tickets of {told}"));
        }
        let open: Vec<TicketId> = self.held.keys().copied().take(3).collect();
        for id in open {
            self.violated(|| format!("{id}: nobody looks at it any more"));
        }
        let waiting: Vec<MessageKey> = self.disk.waiting.keys().take(3).cloned().collect();
        for key in waiting {
            self.violated(|| format!("{key}: never handed over"));
        }
        let repeated = self.gateway.values().map(|times| u64::from(times - 1)).sum();
        self.report.repeated = repeated;
    }
}
