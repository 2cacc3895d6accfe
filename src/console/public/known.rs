//! Whose calls are whose, for as long as their page may still say something of them. A plain machine: time is handed in, and the
//! table is bounded.

use std::collections::HashMap;

use crate::kernel::limits::{PHOTOS_PER_CALL, PUBLIC_CALLS_KNOWN, THUMBS_PER_CALL};
use crate::kernel::{CallId, Moment};

/// So long after it began a call's page is listened to.
pub const KNOWN_MS: u64 = 2 * 3_600_000;

#[derive(Clone, Copy, Debug)]
struct One {
    call: CallId,
    since: Moment,
    thumbs: u32,
    photos: u32,
    /// Photos under way.
    coming: u32,
}

/// Calls by their keys.
#[derive(Debug, Default)]
pub struct KnownCalls(HashMap<String, One>);

impl KnownCalls {
    /// A call has begun. The oldest is forgotten where there is no room.
    pub fn remember(&mut self, now: Moment, key: String, call: CallId) {
        self.0.retain(|_, one| now.since(one.since) < KNOWN_MS);
        if self.0.len() >= PUBLIC_CALLS_KNOWN {
            let oldest = self.0.iter().min_by_key(|(_, one)| one.since).map(|(key, _)| key.clone());
            oldest.map(|key| self.0.remove(&key));
        }
        self.0.insert(key, One { call, since: now, thumbs: 0, photos: 0, coming: 0 });
    }

    fn of(&mut self, now: Moment, key: &str) -> Option<&mut One> {
        self.0.get_mut(key).filter(|one| now.since(one.since) < KNOWN_MS)
    }

    /// The call of this key. `None`: nobody's, or long ago.
    pub fn call(&mut self, now: Moment, key: &str) -> Option<CallId> {
        self.of(now, key).map(|one| one.call)
    }

    /// Room for one more thumb.
    pub fn thumb(&mut self, now: Moment, key: &str) -> bool {
        let Some(one) = self.of(now, key).filter(|one| one.thumbs < THUMBS_PER_CALL) else {
            return false;
        };
        one.thumbs += 1;
        true
    }

    /// Room for one more photo, one at a time; it is to be [`KnownCalls::come`].
    pub fn photo(&mut self, now: Moment, key: &str) -> bool {
        let free = |one: &&mut One| one.coming == 0 && one.photos < PHOTOS_PER_CALL;
        let Some(one) = self.of(now, key).filter(free) else { return false };
        one.coming = 1;
        true
    }

    /// The photo has come, or came to nothing: the number that it gets.
    pub fn come(&mut self, key: &str, good: bool) -> u32 {
        let Some(one) = self.0.get_mut(key) else { return 0 };
        one.coming = 0;
        one.photos += u32::from(good);
        one.photos
    }
}
