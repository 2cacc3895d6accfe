//! How much each source may send: a token bucket an address.

use std::collections::HashMap;
use std::net::IpAddr;

use crate::kernel::Moment;
use crate::kernel::limits::SIP_SOURCES;

/// A burst is worth so many seconds of the average rate.
const BURST_S: u64 = 2;
/// Tokens are counted in thousandths, so that a rate a second refills by the millisecond.
const TOKEN: u64 = 1_000;

#[derive(Clone, Debug)]
pub struct Sources {
    rate: u64,
    buckets: HashMap<IpAddr, Bucket>,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    milli_tokens: u64,
    at: Moment,
}

impl Sources {
    pub fn new(rate_per_s: u32) -> Self {
        Sources { rate: u64::from(rate_per_s.max(1)), buckets: HashMap::new() }
    }

    /// Takes one token; false when there is none.
    pub fn admit(&mut self, now: Moment, source: IpAddr) -> bool {
        let full = self.rate * BURST_S * TOKEN;
        if !self.buckets.contains_key(&source) && self.buckets.len() >= SIP_SOURCES {
            self.forget_idlest();
        }
        let bucket = self.buckets.entry(source).or_insert(Bucket { milli_tokens: full, at: now });
        let earned = now.since(bucket.at).saturating_mul(self.rate);
        bucket.milli_tokens = bucket.milli_tokens.saturating_add(earned).min(full);
        bucket.at = now;
        match bucket.milli_tokens.checked_sub(TOKEN) {
            Some(left) => {
                bucket.milli_tokens = left;
                true
            }
            None => false,
        }
    }

    fn forget_idlest(&mut self) {
        let idlest = self.buckets.iter().min_by_key(|(_, bucket)| bucket.at).map(|(&ip, _)| ip);
        if let Some(ip) = idlest {
            self.buckets.remove(&ip);
        }
    }
}
