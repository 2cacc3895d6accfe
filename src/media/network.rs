//! A bad network, played from a seed: what happens to packets on their way. For tests and for measuring what a bad line
//! costs; time is told to it.

use std::collections::BTreeMap;

use crate::kernel::{Moment, Rng, limits};

/// How packets are lost.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Loss {
    None,
    /// Each by itself.
    Random(f64),
    /// Two states (Gilbert 1960, Elliott 1963): chances to go from good to bad and back, with each packet, and the
    /// share that is lost in the bad state.
    Bursts {
        begins: f64,
        ends: f64,
        lost: f64,
    },
}

/// What the network does.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Conditions {
    pub loss: Loss,
    /// Every packet takes this long, and evenly up to `jitter_ms` more or less: Linux's `netem delay 100ms 60ms`. Packets
    /// overtake each other.
    pub delay_ms: u64,
    pub jitter_ms: u64,
    /// Chance that a packet comes twice.
    pub duplicate: f64,
}

impl Conditions {
    pub const GOOD: Conditions =
        Conditions { loss: Loss::None, delay_ms: 20, jitter_ms: 0, duplicate: 0.0 };
}

/// Packets under way. `T` is whatever a packet is.
#[derive(Clone, Debug)]
pub struct BadNetwork<T> {
    conditions: Conditions,
    rng: Rng,
    /// The bad state of [`Loss::Bursts`].
    bad: bool,
    /// By arrival and then by number.
    under_way: BTreeMap<(Moment, u64), T>,
    next: u64,
    lost: u64,
}

impl<T: Clone> BadNetwork<T> {
    pub fn new(seed: u64, conditions: Conditions) -> Self {
        BadNetwork {
            conditions,
            rng: Rng::new(seed),
            bad: false,
            under_way: BTreeMap::new(),
            next: 0,
            lost: 0,
        }
    }

    pub fn set(&mut self, conditions: Conditions) {
        self.conditions = conditions;
    }

    pub fn lost(&self) -> u64 {
        self.lost
    }

    /// A packet sets out.
    pub fn send(&mut self, now: Moment, packet: T) {
        if self.loses() {
            self.lost += 1;
            return;
        }
        if self.rng.chance(self.conditions.duplicate) {
            self.put(now, packet.clone());
        }
        self.put(now, packet);
    }

    /// The next packet that has arrived by now, and when it did.
    pub fn arrived(&mut self, now: Moment) -> Option<(Moment, T)> {
        let first = self.under_way.first_entry().filter(|first| first.key().0 <= now)?;
        let at = first.key().0;
        Some((at, first.remove()))
    }

    fn put(&mut self, now: Moment, packet: T) {
        let Conditions { delay_ms, jitter_ms, .. } = self.conditions;
        let least = delay_ms.saturating_sub(jitter_ms);
        let at = now + least + self.rng.below(delay_ms + jitter_ms - least + 1);
        if self.under_way.len() >= limits::NETWORK_PACKETS {
            self.lost += 1;
            return;
        }
        self.under_way.insert((at, self.next), packet);
        self.next += 1;
    }

    fn loses(&mut self) -> bool {
        match self.conditions.loss {
            Loss::None => false,
            Loss::Random(share) => self.rng.chance(share),
            Loss::Bursts { begins, ends, lost } => {
                let turns = self.rng.chance(if self.bad { ends } else { begins });
                self.bad ^= turns;
                self.bad && self.rng.chance(lost)
            }
        }
    }
}
