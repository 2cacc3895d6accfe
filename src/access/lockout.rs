//! Slows down those who guess passwords: after so many wrong ones in a row, for an account and from an address, each further
//! one makes the pause twice as long, up to a bound. Asked before anything is hashed, so that guesses are cheap for us. A
//! plain machine: time is handed in, and the tables are bounded.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};

use crate::kernel::Moment;
use crate::kernel::limits::{LOGIN_ACCOUNTS, LOGIN_ADDRESSES};

/// How much is let pass.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Patience {
    /// Wrong ones without a pause.
    pub free: u32,
    pub first_ms: u64,
    pub longest_ms: u64,
    /// After so long without a wrong one everything is forgotten.
    pub forgets_ms: u64,
}

/// Whoever knows a name can keep its owner out, so the pause of an account stays short enough to wait for.
pub const PER_ACCOUNT: Patience =
    Patience { free: 5, first_ms: 30_000, longest_ms: 15 * 60_000, forgets_ms: 24 * 3_600_000 };
/// An office behind one address may err.
pub const PER_ADDRESS: Patience =
    Patience { free: 20, first_ms: 30_000, longest_ms: 3_600_000, forgets_ms: 24 * 3_600_000 };

impl Patience {
    /// The pause after `wrong` wrong ones.
    fn pause_ms(self, wrong: u32) -> u64 {
        match wrong.checked_sub(self.free) {
            None => 0,
            Some(over) => self
                .first_ms
                .saturating_mul(1u64.checked_shl(over).unwrap_or(u64::MAX))
                .min(self.longest_ms),
        }
    }
}

/// Nothing is tried for so long.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Lock {
    pub wait_ms: u64,
    /// Tries that were refused since the last that was made, this one too.
    pub refused: u64,
}

/// Who has erred, for whom and from where.
#[derive(Debug, Default)]
pub struct Lockout {
    accounts: Table<String, LOGIN_ACCOUNTS>,
    addresses: Table<IpAddr, LOGIN_ADDRESSES>,
}

impl Lockout {
    /// Somebody tries. It counts as wrong until [`Lockout::right`], so that many at once are counted too. `name` need not be
    /// that of an account: whether it is must not be told.
    ///
    /// # Errors
    /// The name or the address must wait; then nothing but the refusal is counted.
    pub fn ask(&mut self, now: Moment, name: &str, address: IpAddr) -> Result<(), Lock> {
        let (name, address) = (name.to_owned(), network(address));
        let account = self.accounts.wait_ms(now, &name, PER_ACCOUNT);
        let place = self.addresses.wait_ms(now, &address, PER_ADDRESS);
        if let Some(wait_ms) = account.max(place) {
            let refused = match account {
                Some(_) => self.accounts.refuse(&name),
                None => self.addresses.refuse(&address),
            };
            return Err(Lock { wait_ms, refused });
        }
        self.accounts.count(now, name, PER_ACCOUNT);
        self.addresses.count(now, address, PER_ADDRESS);
        Ok(())
    }

    /// What was asked last with this name from this address was right. The name's errors are forgotten; the address keeps its
    /// others: an account of one's own is no leave to guess at those of others.
    pub fn right(&mut self, name: &str, address: IpAddr) {
        self.accounts.0.remove(name);
        self.addresses.take_back(&network(address));
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
    last: Moment,
    refused: u64,
}

#[derive(Debug)]
struct Table<K, const MAX: usize>(HashMap<K, Wrong>);

impl<K, const MAX: usize> Default for Table<K, MAX> {
    fn default() -> Self {
        Table(HashMap::new())
    }
}

impl<K: Hash + Eq + Clone, const MAX: usize> Table<K, MAX> {
    fn wait_ms(&self, now: Moment, key: &K, patience: Patience) -> Option<u64> {
        let wrong = self.0.get(key)?;
        let left = patience.pause_ms(wrong.count).saturating_sub(now.since(wrong.last));
        (left > 0).then_some(left)
    }

    fn refuse(&mut self, key: &K) -> u64 {
        let Some(wrong) = self.0.get_mut(key) else { return 0 };
        wrong.refused += 1;
        wrong.refused
    }

    fn count(&mut self, now: Moment, key: K, patience: Patience) {
        if !self.0.contains_key(&key) && self.0.len() >= MAX {
            self.forget_one();
        }
        let wrong = self.0.entry(key).or_insert(Wrong { count: 0, last: now, refused: 0 });
        if now.since(wrong.last) >= patience.forgets_ms {
            wrong.count = 0;
        }
        *wrong = Wrong { count: wrong.count.saturating_add(1), last: now, refused: 0 };
    }

    /// The one that has erred least, and of these the one that did so longest ago: who floods the table with names does not
    /// wash out those that are guessed at.
    fn forget_one(&mut self) {
        let least = self.0.iter().min_by_key(|(_, wrong)| (wrong.count, wrong.last));
        if let Some(key) = least.map(|(key, _)| key.clone()) {
            self.0.remove(&key);
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
