//! 工单: from the caller's first words to the last echo.
//!
//! ```text
//! 草稿 → 登记 → 派单 → 签收 → 办理 → 答复 → 办结 → 回访 → 归档
//!         ↑      └─异议─┘ upheld: back to 登记; overruled: 签收
//!         └──────────────── 重办 ────────────┘
//! ```
//!
//! A ticket is the fold of its events ([`Ticket::fold`]); there is one transition function (`next.rs`), and what it refuses
//! did not happen. Extension, supervision, joint handling, pauses and secrecy stand beside the state. Every entry says who
//! in what role, when, and why. Its time is never before that of the entry before: a clock that was set back is told in the
//! entry ([`Entry::set_back_ms`]), and the ticket's time stands still until the clock has caught up.

mod error;
mod event;
mod next;
mod state;
mod trail;

use std::collections::{BTreeMap, BTreeSet};

pub use error::DeskError;
pub use event::{Actor, Entry, Forum, Ground, Mark, Role, TicketEvent};
pub use state::{Assignment, ClockRef, TicketState, UnitRef};
pub use trail::{End, Run, Seen, Sign, runs};
pub(crate) use trail::{is_a_right, is_the_citizens};

use crate::desk::clock::{Duty, Event, Extension, Pause, Span};
use crate::kernel::evidence::Source;
use crate::kernel::{AgentId, CallId, Filled, Slot, SurveyId, TicketId, VerificationId, Wall};

/// 督办 under way.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Supervision {
    pub since: Wall,
    pub why: String,
    /// What the unit said last; empty before.
    pub answer: String,
}

/// 会商 or 专项 under way.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Meeting {
    pub since: Wall,
    pub units: Vec<UnitRef>,
    pub why: String,
}

/// 延期 that was asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Asked {
    /// Code of the limit, and of the pack whose limit it is: another pack may have one of that code.
    pub limit: String,
    pub pack: String,
    pub by: Span,
    pub at: Wall,
    pub why: String,
    /// What the citizen was told.
    pub told: Option<String>,
    /// How much its clock had seen: tells the run of the limit that is meant.
    pub seen: usize,
}

/// 延期 that was granted to a limit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Granted {
    /// See [`Asked`].
    pub limit: String,
    pub pack: String,
    pub extension: Extension,
    /// See [`Asked::seen`].
    pub seen: usize,
}

/// The next open deadline.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Due {
    /// Code of the limit in its pack.
    pub limit: String,
    pub duty: Duty,
    /// Absent while a pause holds the clock.
    pub at: Option<Wall>,
    /// From here on the light is yellow.
    pub yellow: Option<Wall>,
}

/// An entry of the history as far as somebody who has missed it must know.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Head {
    key: &'static str,
    by: String,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Ticket {
    pub id: TicketId,
    pub call: CallId,
    pub opened: Wall,
    pub changed: Wall,
    pub state: TicketState,
    pub fields: BTreeMap<Slot, Filled>,
    /// How many events there were.
    pub version: u32,
    /// Whom it was dispatched to last, also when that is over.
    pub last: Option<Assignment>,
    /// The agent who took it last.
    pub agent: Option<AgentId>,
    /// Of the last closing.
    pub result: Option<String>,
    /// The last callback that was made.
    pub survey: Option<SurveyId>,
    pub supervision: Option<Supervision>,
    pub forums: BTreeMap<Forum, Meeting>,
    /// Waits for a decision.
    pub extension: Option<Asked>,
    pub granted: Vec<Granted>,
    pub pauses: Vec<Pause>,
    /// Verifications that are open.
    pub disputes: BTreeSet<VerificationId>,
    /// 保密: who reported is sealed.
    pub secret: bool,
    /// Tickets that were merged into this one.
    pub merged: BTreeSet<TicketId>,
    /// The one that it was merged into, also when it was closed with that; none once it is handled anew.
    pub part_of: Option<TicketId>,
    /// What its clock has seen.
    pub trail: Vec<Seen>,
    /// By the rulebook in use; not part of the fold. See [`crate::desk::Rulebook::time`].
    pub due: Option<Due>,
    /// The clock that `due` was read from.
    pub clock: Option<ClockRef>,
    heads: Vec<Head>,
}

impl Ticket {
    pub fn open(id: TicketId, call: CallId, at: Wall) -> Self {
        Ticket {
            id,
            call,
            opened: at,
            changed: at,
            state: TicketState::Draft,
            fields: BTreeMap::new(),
            version: 0,
            last: None,
            agent: None,
            result: None,
            survey: None,
            supervision: None,
            forums: BTreeMap::new(),
            extension: None,
            granted: Vec::new(),
            pauses: Vec::new(),
            disputes: BTreeSet::new(),
            secret: false,
            merged: BTreeSet::new(),
            part_of: None,
            trail: vec![Seen { sign: Sign::Event(Event::Received), at }],
            due: None,
            clock: None,
            heads: Vec::new(),
        }
    }

    /// The ticket that these entries make, from the first on.
    ///
    /// # Errors
    /// An entry that does not follow the one before, or that could not have happened.
    pub fn fold(id: TicketId, call: CallId, entries: &[Entry]) -> Result<Ticket, DeskError> {
        let at = entries.first().map(|entry| entry.at).unwrap_or_default();
        let mut ticket = Ticket::open(id, call, at);
        if let Some(Entry { seq, event: TicketEvent::Carried { .. }, .. }) = entries.first() {
            ticket.version = seq.saturating_sub(1);
        }
        for entry in entries {
            if entry.seq != ticket.version + 1 || entry.at < ticket.changed {
                let (seq, version) = (entry.seq, ticket.version);
                return Err(DeskError::OutOfOrder { ticket: id, seq, version });
            }
            let next = ticket.next(&entry.event)?;
            ticket.take(entry, next);
        }
        Ok(ticket)
    }

    /// What the caller's matter is in a few words: category, else type, else the first words of the narrative.
    pub fn subject(&self) -> String {
        let field = |slot| self.fields.get(&slot).map(|f: &Filled| f.value.clone());
        field(Slot::Category)
            .or_else(|| field(Slot::MatterType))
            .or_else(|| field(Slot::Narrative).map(|n| n.chars().take(20).collect()))
            .unwrap_or_default()
    }

    /// Who is responsible, or was last.
    pub fn assignment(&self) -> Option<&Assignment> {
        self.state.assignment().or(self.last.as_ref())
    }

    /// Code of the pack that it was dispatched by; empty where there is none.
    fn pack(&self) -> String {
        let clock = self.assignment().and_then(|to| to.clock.as_ref());
        clock.map(|clock| clock.pack.clone()).unwrap_or_default()
    }

    pub fn is_paused(&self, kind: &str) -> bool {
        self.pauses.iter().any(|pause| pause.kind == kind && pause.to.is_none())
    }

    /// Carries out `event`, or refuses it and stays as it was.
    pub fn apply(&mut self, event: TicketEvent, by: Actor, at: Wall) -> Result<Entry, DeskError> {
        let roles = event.roles();
        if !roles.contains(&by.role) {
            let may: Vec<&str> = roles.iter().map(|role| role.key()).collect();
            let (role, wanted) = (by.role, event.wanted());
            return Err(DeskError::NotTheirs { role, wanted, may: may.join(", ") });
        }
        let closes = matches!(event, TicketEvent::Closed { .. });
        if closes && by.role == Role::Unit && !matches!(self.state, TicketState::Answered { .. }) {
            let what = "a unit closes what it has answered; answer it first, or have the desk close it";
            return Err(DeskError::Unfit { ticket: self.id, what });
        }
        let next = self.next(&event)?;
        let set_back_ms = self.changed.unix_ms.saturating_sub(at.unix_ms).max(0) as u64;
        let at = at.max(self.changed);
        let entry = Entry { seq: self.version + 1, at, by, event, set_back_ms };
        self.take(&entry, next);
        Ok(entry)
    }

    /// The event could happen now, whoever did it.
    pub fn may(&self, event: &TicketEvent) -> bool {
        self.next(event).is_ok()
    }

    /// Somebody who has seen `seen` events wants to change it: nothing may have happened since, but for what the robot took
    /// down meanwhile, which leaves alone what staff wrote.
    pub fn unchanged_since(&self, seen: u32) -> Result<(), DeskError> {
        // Events from before they were kept whole have no heads.
        let without = (self.version as usize).saturating_sub(self.heads.len());
        let missed = self.heads.iter().skip((seen as usize).saturating_sub(without));
        let changes: Vec<String> = missed
            .filter(|head| head.key != "drafted")
            .map(|head| format!("{} by {}", head.key, head.by))
            .collect();
        let known = seen <= self.version && seen as usize >= without;
        if known && changes.is_empty() {
            return Ok(());
        }
        let changes = if changes.is_empty() {
            format!("it has {} events", self.version)
        } else {
            changes.join(", ")
        };
        Err(DeskError::Changed { ticket: self.id, seen, now: self.version, changes })
    }

    fn take(&mut self, entry: &Entry, next: TicketState) {
        let at = entry.at;
        if self.heads.is_empty() {
            self.opened = at;
            self.trail = vec![Seen { sign: Sign::Event(Event::Received), at }];
        }
        let left = std::mem::replace(&mut self.state, next);
        if let Some(to) = self.state.assignment().or(left.assignment()) {
            self.last = Some(to.clone());
        }
        // Who takes it up or dispatches it registers it, where nobody has.
        let begins =
            matches!(entry.event, TicketEvent::Taken { .. } | TicketEvent::Dispatched { .. });
        if begins && !trail::is_registered(&self.trail) {
            self.trail.push(Seen { sign: Sign::Event(Event::Registered), at });
        }
        self.trail.extend(trail::signs(&entry.event).into_iter().map(|sign| Seen { sign, at }));
        self.keep_beside(entry);
        if !self.state.is_open() {
            self.extension = None;
            self.forums.clear();
        }
        self.version = entry.seq;
        self.changed = at;
        self.heads.push(Head { key: entry.event.key(), by: entry.by.name.clone() });
    }

    fn keep_beside(&mut self, entry: &Entry) {
        use TicketEvent as E;
        let at = entry.at;
        match &entry.event {
            E::Drafted { fields } => self.draft(fields),
            E::Carried { fields, opened, .. } => self.carry(fields, *opened),
            E::Taken { agent } => self.agent = Some(*agent),
            E::Edited { slot, filled } => self.write(*slot, filled.clone()),
            E::Paused { kind, .. } => {
                self.pauses.push(Pause { kind: kind.clone(), from: at, to: None });
            }
            E::Resumed { kind } => {
                let open = |pause: &&mut Pause| pause.kind == *kind && pause.to.is_none();
                if let Some(pause) = self.pauses.iter_mut().find(open) {
                    pause.to = Some(at);
                }
            }
            E::Dispatched { to } => self.write_unit(&to.owner),
            E::Transferred { to, .. } => self.write_unit(to),
            E::ObjectionDecided { upheld: true, .. } => {
                self.extension = None;
                self.fields.remove(&Slot::Unit);
            }
            E::ExtensionAsked { limit, by, why, told } => {
                let (limit, why, told) = (limit.clone(), why.clone(), told.clone());
                let (pack, seen) = (self.pack(), self.trail.len());
                self.extension = Some(Asked { limit, pack, by: *by, at, why, told, seen });
            }
            E::ExtensionDecided { granted, .. } => {
                if let Some(asked) = self.extension.take().filter(|_| *granted) {
                    let told = asked.told.is_some().then_some(asked.at);
                    let extension = Extension { by: asked.by, asked: asked.at, told };
                    let (limit, pack, seen) = (asked.limit, asked.pack, asked.seen);
                    self.granted.push(Granted { limit, pack, extension, seen });
                }
            }
            E::Convened { forum, units, why } => {
                let (units, why) = (units.clone(), why.clone());
                self.forums.insert(*forum, Meeting { since: at, units, why });
            }
            E::Adjourned { forum, .. } => {
                self.forums.remove(forum);
            }
            E::Supervised { why } => {
                let (why, answer) = (why.clone(), String::new());
                self.supervision = Some(Supervision { since: at, why, answer });
            }
            E::SupervisionAnswered { words } => {
                if let Some(supervision) = &mut self.supervision {
                    supervision.answer.clone_from(words);
                }
            }
            E::SupervisionLifted { .. } => self.supervision = None,
            E::Closed { result } => self.result = Some(result.clone()),
            E::CalledBack { survey } => self.survey = Some(*survey),
            E::Disputed { verification, .. } => {
                self.disputes.insert(*verification);
            }
            E::Verified { verification, .. } => {
                self.disputes.remove(verification);
            }
            E::Merged { into, .. } => self.part_of = Some(*into),
            E::Joined { ticket } => {
                self.merged.insert(*ticket);
            }
            E::Reopened { .. } => self.part_of = None,
            E::Sealed { secret, .. } => self.secret = *secret,
            _ => {}
        }
    }

    // What staff wrote stays; the robot's later drafts only touch what the caller said.
    fn draft(&mut self, fields: &BTreeMap<Slot, Filled>) {
        self.fields
            .retain(|slot, filled| filled.source == Source::Staff || fields.contains_key(slot));
        for (slot, filled) in fields {
            let by_staff = self.fields.get(slot).is_some_and(|f| f.source == Source::Staff);
            if !by_staff {
                self.write(*slot, filled.clone());
            }
        }
    }

    /// What is told as a report is secret from then on (信访工作条例 §30); only staff lift it.
    fn write(&mut self, slot: Slot, filled: Filled) {
        let known = self.fields.get(&slot).is_some_and(is_report);
        if slot == Slot::MatterType && is_report(&filled) && !known {
            self.secret = true;
        }
        self.fields.insert(slot, filled);
    }

    fn write_unit(&mut self, unit: &UnitRef) {
        let (value, code) = (unit.name.clone(), Some(unit.code.clone()));
        let filled = Filled { value, code, evidence: Vec::new(), source: Source::Staff };
        self.fields.insert(Slot::Unit, filled);
    }

    fn carry(&mut self, fields: &BTreeMap<Slot, Filled>, opened: Wall) {
        self.opened = opened;
        for (slot, filled) in fields {
            self.write(*slot, filled.clone());
        }
        let event = match &self.state {
            TicketState::Handling { agent } => {
                self.agent = Some(*agent);
                Event::Registered
            }
            TicketState::Closed { result } => {
                self.result = Some(result.clone());
                Event::Closed
            }
            TicketState::CalledBack { survey } => {
                self.survey = Some(*survey);
                Event::CalledBack
            }
            TicketState::Registered => Event::Registered,
            _ => Event::Received,
        };
        self.trail = vec![Seen { sign: Sign::Event(Event::Received), at: opened }];
        if event != Event::Received {
            self.trail.push(Seen { sign: Sign::Event(event), at: self.changed });
        }
        if !self.state.is_open() {
            self.trail.push(Seen { sign: Sign::Over, at: self.changed });
        }
    }
}

/// 举报.
fn is_report(filled: &Filled) -> bool {
    filled.code.as_deref() == Some("report") || filled.value == "举报"
}
