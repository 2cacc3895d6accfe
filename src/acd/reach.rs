//! Which agents a caller may be given to now, and when that will change.

use super::agent::Skills;
use super::contract::Priority;
use super::entry::Entry;
use super::machine::{Acd, Seat};
use super::plan::bit;
use crate::kernel::{AgentId, Moment};

/// Whom a caller may be given to.
#[derive(Clone, Copy, Debug)]
pub(super) enum Reach {
    /// Who had their matter, for a while.
    Owner(AgentId),
    /// Agents of these groups, who can do what is needed with so many levels less; `None`: anybody.
    Groups { mask: u64, must: Option<u8>, wish: bool },
}

impl Acd {
    /// Groups with somebody on duty who fits.
    fn staffed(&self, fits: impl Fn(&Seat) -> bool) -> u64 {
        let seats = self.seats.values().filter(|seat| seat.is_on_duty() && fits(seat));
        seats.fold(0, |mask, seat| mask | seat.groups)
    }

    pub(super) fn reach(&self, entry: &Entry) -> Reach {
        if let Some(owner) = self.waits_for_owner(entry) {
            return Reach::Owner(owner);
        }
        if entry.need.is_any() {
            let mask = self.groups_for(entry, self.staffed_all);
            return Reach::Groups { mask, must: None, wish: false };
        }
        let less = entry.waited(self.now) / self.plan.rules.relax_every_ms.max(1);
        let less = u8::try_from(less).unwrap_or(u8::MAX);
        let (mut mask, mut must) = (0, None);
        // Level by level: who has waited longer may go wherever who came later may.
        for step in 0..Skills::LEVEL_MAX {
            let staffed = self.staffed(|seat| has_must(seat, entry, step));
            if staffed != 0 {
                (mask, must) = (mask | self.groups_for(entry, staffed), Some(step));
            }
            if must.is_some() && step >= less {
                break;
            }
        }
        // A skill that nobody on duty has is not waited for.
        if must.is_none() {
            mask = self.groups_for(entry, self.staffed_all);
        }
        let able = |seat: &Seat| must.is_none_or(|less| has_must(seat, entry, less));
        let wish = !self.is_impatient(entry, self.plan.rules.wish_ms)
            && self.staffed(|seat| seat.groups & mask != 0 && able(seat) && has_wish(seat, entry))
                != 0;
        Reach::Groups { mask, must, wish }
    }

    pub(super) fn is_eligible(&self, entry: &Entry, reach: Reach, seat: &Seat) -> bool {
        match reach {
            Reach::Owner(owner) => seat.agent.id == owner,
            Reach::Groups { mask, must, wish } => {
                seat.groups & mask != 0
                    && must.is_none_or(|less| has_must(seat, entry, less))
                    && (!wish || has_wish(seat, entry))
            }
        }
    }

    /// Agents on duty who may take them, busy or not.
    pub(super) fn served_by(&self, entry: &Entry) -> u32 {
        let on_duty = self.seats.values().filter(|seat| seat.is_on_duty());
        match self.reach(entry) {
            Reach::Owner(_) => 1,
            reach => on_duty.filter(|seat| self.is_eligible(entry, reach, seat)).count() as u32,
        }
    }

    fn waits_for_owner(&self, entry: &Entry) -> Option<AgentId> {
        let owner = entry.owner?;
        let here = self.seats.get(&owner).is_some_and(Seat::is_on_duty);
        let waits = here && !self.is_impatient(entry, self.plan.rules.owner_wait_ms);
        waits.then_some(owner)
    }

    /// Has waited so long, or must not wait.
    fn is_impatient(&self, entry: &Entry, ms: u64) -> bool {
        entry.priority <= Priority::Long || entry.waited(self.now) >= ms
    }

    /// Their own group, and where it overflows to; where nobody is there, any open group; else anybody at all.
    fn groups_for(&self, entry: &Entry, staffed: u64) -> u64 {
        let there = self.open & staffed;
        let home = bit(entry.home);
        let at_once = home & there == 0 || entry.priority <= Priority::Long;
        let waited = entry.waited(self.now);
        let overflow = self.plan.groups.get(entry.home).map_or(&[][..], |g| &g.overflow);
        let others = overflow.iter().filter(|over| at_once || over.after_ms <= waited);
        let mask = others.fold(home, |mask, over| mask | bit(over.group)) & there;
        [mask, there, staffed].into_iter().find(|mask| *mask != 0).unwrap_or(0)
    }

    /// When something else holds for a waiting caller than now, if nothing happens.
    pub(super) fn next_change(&self, entry: &Entry) -> Option<Moment> {
        let rules = &self.plan.rules;
        let waited = entry.waited(self.now);
        let overflow = self.plan.groups.get(entry.home).map_or(&[][..], |g| &g.overflow);
        let overflow = overflow.iter().map(|over| over.after_ms);
        let owner = entry.owner.map(|_| rules.owner_wait_ms);
        let wish = entry.need.wish.as_ref().map(|_| rules.wish_ms);
        let rises = entry.priority > Priority::Long && entry.promise.is_none();
        let long = rises.then_some(rules.long_ms);
        let every = rules.relax_every_ms.max(1);
        let most = entry.need.must.iter().map(|(_, level)| u64::from(*level)).max().unwrap_or(0);
        let steps = waited / every + 1;
        let relax = (steps < most).then(|| steps * every);
        let promise = entry.promise.map(|promise| {
            let due = promise.not_before > self.now;
            if due { promise.not_before } else { promise.until }
        });
        let times = overflow.chain(owner).chain(wish).chain(long).chain(relax);
        let times = times.filter(|ms| *ms > waited).map(|ms| self.now + (ms - waited));
        times.chain(promise).min()
    }
}

fn has_must(seat: &Seat, entry: &Entry, less: u8) -> bool {
    let wanted = |level: u8| level.saturating_sub(less).max(1);
    entry.need.must.iter().all(|(skill, level)| seat.agent.skills.level(skill) >= wanted(*level))
}

fn has_wish(seat: &Seat, entry: &Entry) -> bool {
    let wish = entry.need.wish.as_ref();
    wish.is_none_or(|(skill, level)| seat.agent.skills.level(skill) >= *level)
}
