//! What must hold of every run.

use std::collections::{BTreeMap, BTreeSet};

use crate::hotline::{Effect, Fact, Party};
use crate::kernel::{AgentId, CallId, LegId};

/// Something that must not happen has happened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Violation(pub String);

/// Watches the effects as they come.
#[derive(Debug, Default)]
pub struct Checker {
    begun: BTreeSet<CallId>,
    ended: BTreeMap<CallId, String>,
    /// Agents' legs that are dialled and not down.
    agent_legs: BTreeMap<AgentId, LegId>,
    violations: Vec<Violation>,
}

impl Checker {
    pub fn effect(&mut self, effect: &Effect) {
        match effect {
            Effect::Keep { fact, .. } => self.fact(fact),
            Effect::Say { call, .. } => self.unless(
                self.begun.contains(call) && !self.ended.contains_key(call),
                || format!("{call}: something is said on a call that is not running"),
            ),
            Effect::Dial { leg, party: Party::Agent { agent, .. }, .. } => {
                if let Some(other) = self.agent_legs.insert(*agent, *leg) {
                    self.violate(format!("{agent} is rung on {leg} while {other} is not down"));
                }
            }
            _ => {}
        }
    }

    pub fn leg_down(&mut self, leg: LegId) {
        self.agent_legs.retain(|_, other| *other != leg);
    }

    fn fact(&mut self, fact: &Fact) {
        match fact {
            Fact::CallStarted { call, .. } => {
                let new = self.begun.insert(*call);
                self.unless(new, || format!("{call} begins twice"));
            }
            Fact::CallEnded { call, outcome, .. } => {
                let before = self.ended.insert(*call, outcome.clone());
                self.unless(before.is_none(), || format!("{call} ends twice"));
            }
            Fact::Ticket { ticket, .. } => {
                use crate::kernel::evidence::Source;
                for (slot, filled) in &ticket.fields {
                    let proven = !filled.evidence.is_empty()
                        || matches!(filled.source, Source::Signalling | Source::Staff | Source::Keys);
                    self.unless(proven, || {
                        format!("{}: {} stands without evidence", ticket.id, slot.key())
                    });
                }
            }
            Fact::Turn { utterance, .. } => {
                let call = utterance.call;
                self.unless(!self.ended.contains_key(&call), || {
                    format!("{call}: words after its end")
                });
            }
            _ => {}
        }
    }

    fn unless(&mut self, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            self.violate(what());
        }
    }

    fn violate(&mut self, what: String) {
        self.violations.push(Violation(what));
    }

    /// How the calls ended, and what went wrong, once the world stands still.
    pub fn finish(mut self, running: usize) -> (BTreeMap<String, u64>, Vec<Violation>) {
        self.unless(running == 0, || format!("{running} calls never ended"));
        let lost = self.begun.iter().filter(|call| !self.ended.contains_key(call)).count();
        self.unless(lost == 0, || format!("{lost} calls have no end on record"));
        let mut outcomes = BTreeMap::new();
        for outcome in self.ended.into_values() {
            *outcomes.entry(outcome).or_insert(0) += 1;
        }
        (outcomes, self.violations)
    }
}
