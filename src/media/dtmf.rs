//! Telephone keys as RTP events (RFC 4733): received once each whatever is lost, sent so that they survive loss.

use std::collections::VecDeque;
use std::fmt;

use super::{FRAME_SAMPLES, MediaError, SAMPLES_PER_MS};
use crate::kernel::{Moment, limits};

/// The least length of a key that we send, and of the pause after it (ETSI ES 201 235-2: 65 ms each, or more).
pub const KEY_MS: u64 = 100;
pub const GAP_MS: u64 = 80;
/// -10 dBm0, the level of most senders.
const VOLUME: u8 = 10;
/// How often the last packet of an event is sent (RFC 4733, 2.5.1.4).
const ENDS: u8 = 3;
/// An event that is silent for this long is over: its last packets were lost.
const RELEASE_AFTER_MS: u64 = 120;
/// A duration that is full goes on as a new segment (RFC 4733, 2.5.1.3).
const SEGMENT: i64 = 0xffff;

/// One key: 0 to 9, *, #, A to D. What a caller types may be secret, so it prints masked; [`Key::as_char`] shows it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(u8);

const KEYS: [char; 16] =
    ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '#', 'A', 'B', 'C', 'D'];

impl Key {
    /// From the event code of RFC 4733, table 3.
    pub fn from_code(code: u8) -> Option<Key> {
        (usize::from(code) < KEYS.len()).then_some(Key(code))
    }

    pub const fn code(self) -> u8 {
        self.0
    }

    pub fn as_char(self) -> char {
        KEYS[usize::from(self.0) % KEYS.len()]
    }

    /// All keys of a text like `12#`.
    pub fn parse_all(text: &str) -> Result<Vec<Key>, MediaError> {
        text.chars().map(Key::try_from).collect()
    }
}

impl TryFrom<char> for Key {
    type Error = MediaError;

    fn try_from(character: char) -> Result<Key, MediaError> {
        KEYS.iter()
            .position(|key| key.eq_ignore_ascii_case(&character))
            .map(|code| Key(code as u8))
            .ok_or(MediaError::NotAKey { character })
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(?)")
    }
}

/// What the caller's keys did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KeyEvent {
    /// With the first packet that arrives of it. `gap_ms` is the time from the end of the key before.
    Pressed { key: Key, gap_ms: Option<u64> },
    /// With the end of it, or when its packets cease.
    Released { key: Key, duration_ms: u64 },
}

/// Reads the events of one leg. A key is known by the timestamp that all its packets share.
#[derive(Clone, Debug, Default)]
pub struct KeyReceiver {
    current: Option<Press>,
    events: VecDeque<KeyEvent>,
}

#[derive(Clone, Copy, Debug)]
struct Press {
    key: Key,
    /// Of its first segment.
    began: i64,
    /// Of the segment in progress.
    segment: i64,
    /// In samples from `began`.
    duration: i64,
    heard: Moment,
    released: bool,
}

impl KeyReceiver {
    pub fn new() -> Self {
        Self::default()
    }

    /// One event packet; a payload that is too short or names no key is ignored.
    pub fn receive(&mut self, now: Moment, timestamp: i64, marker: bool, payload: &[u8]) {
        let Some(&[code, flags, high, low]) = payload.get(..4) else { return };
        let Some(key) = Key::from_code(code) else { return };
        let ended = flags & 0x80 != 0;
        let duration = i64::from(u16::from_be_bytes([high, low]));
        match self.current {
            Some(press) if press.belongs(key, timestamp, marker, duration) => {
                self.go_on(now, timestamp, duration, ended);
            }
            // A packet of an event that is over, overtaken by a newer one.
            Some(press) if timestamp <= press.segment => {}
            _ => self.begin(now, key, timestamp, duration, ended),
        }
    }

    /// To be called every frame: ends a key whose packets have ceased.
    pub fn tick(&mut self, now: Moment) {
        if self.current.is_some_and(|press| now.since(press.heard) >= RELEASE_AFTER_MS) {
            self.release();
        }
    }

    /// The next thing that happened.
    pub fn poll(&mut self) -> Option<KeyEvent> {
        self.events.pop_front()
    }

    fn begin(&mut self, now: Moment, key: Key, timestamp: i64, duration: i64, ended: bool) {
        self.release();
        let gap_ms = self.current.map(|before| {
            let gap = timestamp - (before.began + before.duration);
            gap.max(0) as u64 / SAMPLES_PER_MS as u64
        });
        self.tell(KeyEvent::Pressed { key, gap_ms });
        self.current = Some(Press {
            key,
            began: timestamp,
            segment: timestamp,
            duration,
            heard: now,
            released: false,
        });
        if ended {
            self.release();
        }
    }

    fn go_on(&mut self, now: Moment, timestamp: i64, duration: i64, ended: bool) {
        let Some(press) = self.current.as_mut() else { return };
        press.heard = now;
        press.segment = press.segment.max(timestamp);
        press.duration = press.duration.max(timestamp - press.began + duration);
        if ended {
            self.release();
        }
    }

    fn release(&mut self) {
        let Some(press) = self.current.as_mut().filter(|press| !press.released) else { return };
        press.released = true;
        let (key, duration_ms) = (press.key, press.duration as u64 / SAMPLES_PER_MS as u64);
        self.tell(KeyEvent::Released { key, duration_ms });
    }

    /// Bounded: with nobody polling, the oldest are forgotten.
    fn tell(&mut self, event: KeyEvent) {
        if self.events.len() >= limits::KEYS_WAITING {
            self.events.pop_front();
        }
        self.events.push_back(event);
    }
}

impl Press {
    fn belongs(&self, key: Key, timestamp: i64, marker: bool, duration: i64) -> bool {
        if key != self.key {
            return false;
        }
        if timestamp == self.segment || timestamp == self.began {
            return true;
        }
        if self.released || marker || timestamp < self.began {
            return false;
        }
        // A further segment of a long key; or a sender that moves the timestamp along with the duration.
        timestamp == self.segment + SEGMENT || timestamp - self.began <= duration
    }
}

/// One packet of an event, to be sent in place of a frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EventPacket {
    pub payload: [u8; 4],
    /// Of the event's beginning.
    pub timestamp: u32,
    pub marker: bool,
}

/// Sends keys: a packet every 20 ms while a key is down, its last one three times, then a pause.
#[derive(Clone, Debug, Default)]
pub struct KeySender {
    waiting: VecDeque<(Key, u64)>,
    current: Option<Sending>,
}

#[derive(Clone, Copy, Debug)]
enum Sending {
    Down { key: Key, began: u32, elapsed: u64, length: u64 },
    Ending { key: Key, began: u32, length: u64, left: u8 },
    Gap { left_ms: u64 },
}

impl KeySender {
    pub fn new() -> Self {
        Self::default()
    }

    /// Queues a key; `ms` is rounded up to frames, 40 ms to 5 s.
    pub fn press(&mut self, key: Key, ms: u64) -> Result<(), MediaError> {
        if self.waiting.len() >= limits::KEYS_WAITING {
            return Err(MediaError::KeyQueueFull { max: limits::KEYS_WAITING });
        }
        self.waiting.push_back((key, ms.clamp(40, 5_000).div_ceil(20) * 20));
        Ok(())
    }

    /// Whether all keys are sent.
    pub fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.current.is_none()
    }

    /// Every 20 ms, with the sender's timestamp: the packet to send in place of the frame, if a key is being sent.
    pub fn tick(&mut self, timestamp: u32) -> Option<EventPacket> {
        if let Some(Sending::Gap { left_ms }) = self.current {
            self.current = (left_ms > 20).then_some(Sending::Gap { left_ms: left_ms - 20 });
            return None;
        }
        if self.current.is_none() {
            let (key, ms) = self.waiting.pop_front()?;
            let length = ms * SAMPLES_PER_MS as u64;
            self.current = Some(Sending::Down { key, began: timestamp, elapsed: 0, length });
        }
        match self.current? {
            Sending::Down { key, began, elapsed, length } => {
                let marker = elapsed == 0;
                let elapsed = elapsed + FRAME_SAMPLES as u64;
                let ended = elapsed >= length;
                self.current = Some(if ended {
                    Sending::Ending { key, began, length, left: ENDS - 1 }
                } else {
                    Sending::Down { key, began, elapsed, length }
                });
                Some(packet(key, began, elapsed.min(length), ended, marker))
            }
            Sending::Ending { key, began, length, left } => {
                self.current = Some(if left > 1 {
                    Sending::Ending { key, began, length, left: left - 1 }
                } else {
                    Sending::Gap { left_ms: GAP_MS }
                });
                Some(packet(key, began, length, true, false))
            }
            Sending::Gap { .. } => None,
        }
    }
}

fn packet(key: Key, timestamp: u32, duration: u64, ended: bool, marker: bool) -> EventPacket {
    let [high, low] = (duration.min(SEGMENT as u64) as u16).to_be_bytes();
    let flags = if ended { 0x80 | VOLUME } else { VOLUME };
    EventPacket { payload: [key.code(), flags, high, low], timestamp, marker }
}
