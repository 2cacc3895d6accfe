//! Telephones: who rings, who picks up, who hangs up, and when the line breaks.

use super::people::Person;
use super::voice::Voice;
use super::world::{Event, SimError, World};
use crate::call::{EndReason, Failure};
use crate::hotline::{Input, Party};
use crate::kernel::{AgentId, CallId, LegId, Pii};

const ANSWER_MS: u64 = 50;
const HANG_UP_MS: u64 = 30;
const NO_ANSWER_MS: u64 = 30_000;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Who {
    Caller,
    Agent(AgentId),
    Citizen,
    /// Brought in by an agent.
    Outside,
}

/// A leg that is not down.
#[derive(Clone, Copy, Debug)]
pub(super) struct Leg {
    pub call: Option<CallId>,
    pub who: Who,
    pub up: bool,
    hanging_up: bool,
}

impl Leg {
    const fn new(call: Option<CallId>, who: Who) -> Leg {
        Leg { call, who, up: false, hanging_up: false }
    }
}

impl World {
    /// A citizen calls, and the next one is planned.
    pub(super) fn arrive(&mut self) -> Result<(), SimError> {
        self.arrived += 1;
        if self.arrived < self.scenario.calls {
            let unit = 1.0 - self.rng.unit();
            let gap = -unit.ln() * self.scenario.every_ms as f64;
            self.plan(gap as u64, Event::Arrive);
        }
        let leg = LegId(u64::from(self.arrived) * 2);
        self.legs.insert(leg, Leg::new(None, Who::Caller));
        if self.rng.chance(0.1) {
            let (at, reason) = match self.rng.below(10) {
                0 => (self.rng.below(60), EndReason::Cancelled),
                1 => (self.rng.below(90_000), EndReason::MediaTimeout),
                2 => (self.rng.below(90_000), EndReason::Failed(Failure::Network)),
                _ => (self.rng.below(120_000), EndReason::HungUpByPeer),
            };
            self.plan(at, Event::Down(leg, reason));
        }
        let number = format!("139{:08}", self.rng.below(100_000_000));
        let number = (!self.rng.chance(0.1)).then(|| Pii::new(number));
        self.input(Input::Invited { leg, number })
    }

    pub(super) fn answered(&mut self, call: CallId, leg: LegId) {
        let Some(line) = self.legs.get_mut(&leg) else { return };
        line.call = Some(call);
        self.voice_begins(call, leg);
        self.plan(ANSWER_MS, Event::Up(leg));
        if self.rng.chance(0.005) {
            let at = self.rng.below(60_000);
            self.plan(at, Event::MediaBreaks(call));
        }
    }

    fn voice_begins(&mut self, call: CallId, leg: LegId) {
        let person = Person::new(self.rng.next_u64());
        self.voices.insert(call, Voice::new(leg, self.now, person));
    }

    pub(super) fn refused(&mut self, leg: LegId) {
        self.refused += 1;
        self.legs.remove(&leg);
    }

    pub(super) fn dial(&mut self, call: CallId, leg: LegId, party: &Party) {
        let chance = self.rng.below(100);
        let who = if matches!(party, Party::Outside(_)) { Who::Outside } else { Who::Citizen };
        let (who, ring, reason) = match (party, chance) {
            // Some pick up in the moment in which the queue gives them up.
            (Party::Agent { agent, .. }, 0..80) => {
                let ring = 1_000 + self.rng.below(14_100);
                (Who::Agent(*agent), ring, None)
            }
            (Party::Agent { agent, .. }, 80..88) => {
                (Who::Agent(*agent), 100, Some(EndReason::Busy))
            }
            (Party::Agent { agent, .. }, _) => {
                (Who::Agent(*agent), 180_000, Some(EndReason::NoAnswer))
            }
            (Party::Citizen { .. } | Party::Outside(_), 0..65) => (who, 3_000 + self.rng.below(12_000), None),
            (Party::Citizen { .. } | Party::Outside(_), 65..80) => (who, 900, Some(EndReason::Busy)),
            (Party::Citizen { .. } | Party::Outside(_), _) => (who, NO_ANSWER_MS, Some(EndReason::NoAnswer)),
        };
        self.legs.insert(leg, Leg::new(Some(call), who));
        let event = match reason {
            Some(reason) => Event::Down(leg, reason),
            None => Event::Up(leg),
        };
        self.plan(ring, event);
    }

    /// The other side picks up. It may do so while our hanging up is on its way.
    pub(super) fn up(&mut self, leg: LegId) -> Result<(), SimError> {
        let Some(line) = self.legs.get_mut(&leg) else { return Ok(()) };
        line.up = true;
        let line = *line;
        if let (Who::Citizen, Some(call)) = (line.who, line.call) {
            self.voice_begins(call, leg);
        }
        self.input(Input::LegUp { leg })
    }

    pub(super) fn hang_up(&mut self, leg: LegId) {
        if let Some(line) = self.legs.get_mut(&leg)
            && !std::mem::replace(&mut line.hanging_up, true)
        {
            self.plan(HANG_UP_MS, Event::Down(leg, EndReason::HungUpByUs));
        }
    }

    pub(super) fn down(&mut self, leg: LegId, reason: EndReason) -> Result<(), SimError> {
        let Some(line) = self.legs.remove(&leg) else { return Ok(()) };
        match (line.who, line.call) {
            (Who::Agent(_), _) => self.checker.leg_down(leg),
            (Who::Outside, _) => {}
            (_, Some(call)) => self.checker.citizen_gone(call),
            (_, None) => {}
        }
        self.input(Input::LegEnded { leg, reason })
    }
}
