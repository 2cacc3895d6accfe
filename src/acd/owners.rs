//! 首接负责: who had a caller's matter. Callers are known by their number, for a bounded time and in bounded number.

use std::collections::{BTreeMap, BTreeSet};

use crate::kernel::limits::ACD_OWNERS;
use crate::kernel::{AgentId, Pii, Wall};

/// Who talked with whom, and when.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Owner {
    pub caller: Pii<String>,
    pub agent: AgentId,
    pub at: Wall,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Owners {
    by_caller: BTreeMap<Pii<String>, (AgentId, i64)>,
    by_time: BTreeSet<(i64, Pii<String>)>,
}

impl Owners {
    /// The later talk counts; the oldest is forgotten first.
    pub fn put(&mut self, caller: Pii<String>, agent: AgentId, at: Wall) {
        let at = at.unix_ms;
        if self.by_caller.get(&caller).is_some_and(|(_, before)| *before > at) {
            return;
        }
        if let Some((_, before)) = self.by_caller.insert(caller.clone(), (agent, at)) {
            self.by_time.remove(&(before, caller.clone()));
        }
        self.by_time.insert((at, caller));
        while self.by_caller.len() > ACD_OWNERS {
            let Some((_, oldest)) = self.by_time.pop_first() else { return };
            self.by_caller.remove(&oldest);
        }
    }

    /// Who had the matter of this caller, if that was not too long ago.
    pub fn of(&self, caller: &Pii<String>, now: Wall, for_ms: u64) -> Option<AgentId> {
        let (agent, at) = self.by_caller.get(caller)?;
        (now.unix_ms.saturating_sub(*at) <= i64::try_from(for_ms).unwrap_or(i64::MAX))
            .then_some(*agent)
    }

    pub fn all(&self) -> impl Iterator<Item = Owner> + '_ {
        self.by_caller.iter().map(|(caller, (agent, at))| Owner {
            caller: caller.clone(),
            agent: *agent,
            at: Wall::from_ms(*at),
        })
    }
}
