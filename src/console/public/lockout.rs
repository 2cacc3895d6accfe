//! Slows down those who guess: so many wrong questions from one address, and for one ticket from wherever, then a pause. A
//! plain machine: time is handed in, and the tables are bounded.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};

use crate::kernel::Moment;
use crate::kernel::limits::{PUBLIC_ADDRESSES, PUBLIC_CALLERS, PUBLIC_TICKETS};

/// So many within so long; then nothing until that time, counted from the first of them, is over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bound {
    pub wrong: u32,
    pub within_ms: u64,
}

/// From one address: a family or an office behind it may err.
pub const PER_ADDRESS: Bound = Bound { wrong: 10, within_ms: 15 * 60_000 };
/// For one ticket: four digits are guessed with even chance after 5,000 attempts, at this rate after eight months.
pub const PER_TICKET: Bound = Bound { wrong: 5, within_ms: 6 * 3_600_000 };

/// Calls from the browser from one address: who is cut off may call again, and more than one may call from an office.
pub const CALLS: Bound = Bound { wrong: 20, within_ms: 10 * 60_000 };

/// Nothing is answered for so long.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Locked {
    pub wait_ms: u64,
}

/// Who has asked wrongly, and for what.
#[derive(Debug, Default)]
pub struct Lockout {
    addresses: Table<IpAddr, PUBLIC_ADDRESSES>,
    tickets: Table<u64, PUBLIC_TICKETS>,
}

impl Lockout {
    /// Somebody asks. It counts as wrong until [`Lockout::right`], so that many at once are counted too.
    ///
    /// # Errors
    /// The address or the ticket is locked; then nothing is counted.
    pub fn ask(&mut self, now: Moment, address: IpAddr, ticket: u64) -> Result<(), Locked> {
        let address = network(address);
        let waits = [
            self.addresses.wait_ms(now, &address, PER_ADDRESS),
            self.tickets.wait_ms(now, &ticket, PER_TICKET),
        ];
        if let Some(wait_ms) = waits.into_iter().flatten().max() {
            return Err(Locked { wait_ms });
        }
        self.addresses.count(now, address, PER_ADDRESS);
        self.tickets.count(now, ticket, PER_TICKET);
        Ok(())
    }

    /// What was asked with the last [`Lockout::ask`] of this address and ticket was right. The address keeps its other wrong
    /// ones: one ticket that somebody knows is no leave to guess at others.
    pub fn right(&mut self, address: IpAddr, ticket: u64) {
        self.addresses.take_back(&network(address));
        self.tickets.take_back(&ticket);
    }
}

/// Who has called from the browser lately.
#[derive(Debug, Default)]
pub struct Callers(Table<IpAddr, PUBLIC_CALLERS>);

impl Callers {
    /// Somebody calls.
    ///
    /// # Errors
    /// The address has called too often; then nothing is counted.
    pub fn ask(&mut self, now: Moment, address: IpAddr) -> Result<(), Locked> {
        let address = network(address);
        match self.0.wait_ms(now, &address, CALLS) {
            Some(wait_ms) => Err(Locked { wait_ms }),
            None => {
                self.0.count(now, address, CALLS);
                Ok(())
            }
        }
    }
}

/// Who has an IPv6 address has 2^64 of them.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 => v4,
    }
}

#[derive(Clone, Copy, Debug)]
struct Wrong {
    count: u32,
    since: Moment,
    last: Moment,
}

#[derive(Debug)]
struct Table<K, const MAX: usize>(HashMap<K, Wrong>);

impl<K, const MAX: usize> Default for Table<K, MAX> {
    fn default() -> Self {
        Table(HashMap::new())
    }
}

impl<K: Hash + Eq + Clone, const MAX: usize> Table<K, MAX> {
    fn wait_ms(&self, now: Moment, key: &K, bound: Bound) -> Option<u64> {
        let wrong = self.0.get(key).filter(|wrong| wrong.count >= bound.wrong)?;
        let left = bound.within_ms.saturating_sub(now.since(wrong.since));
        (left > 0).then_some(left)
    }

    fn count(&mut self, now: Moment, key: K, bound: Bound) {
        if !self.0.contains_key(&key) && self.0.len() >= MAX {
            self.forget_one();
        }
        let wrong = self.0.entry(key).or_insert(Wrong { count: 0, since: now, last: now });
        if now.since(wrong.since) >= bound.within_ms {
            *wrong = Wrong { count: 0, since: now, last: now };
        }
        wrong.count += 1;
        wrong.last = now;
    }

    /// Who asked longest ago.
    fn forget_one(&mut self) {
        let oldest = self.0.iter().min_by_key(|(_, wrong)| wrong.last).map(|(key, _)| key.clone());
        if let Some(oldest) = oldest {
            self.0.remove(&oldest);
        }
    }

    fn take_back(&mut self, key: &K) {
        if let Some(wrong) = self.0.get_mut(key) {
            wrong.count = wrong.count.saturating_sub(1);
            if wrong.count == 0 {
                self.0.remove(key);
            }
        }
    }
}
