//! The adaptive jitter buffer: packets in as they come, a frame out every 20 ms.
//!
//! All arithmetic is in samples of the sender's clock. Each packet's *transit* is its arrival less its timestamp; the
//! smallest transit of the last ten seconds is the network's best, and a packet that takes longer has that much
//! *variation*. The target delay is the 96th percentile of variation and a little more, 20 to 200 ms. The delay moves
//! towards the target by small steps hidden in quiet frames, or in voiced ones by whole periods, which also follows
//! the drift of two clocks.
//! When nothing is there to play, the buffer waits for up to 60 ms of concealment instead of skipping: a stalled network
//! costs delay, not words, and the delay is bounded. A gap with sound behind it is bridged from both sides. A peer that
//! says it is silent (RFC 3389) is heard as noise of its description; that is no loss, and there the delay moves freely.

mod store;
mod stretch;
mod transit;

use std::collections::BTreeMap;

use store::Store;
use stretch::{LAG_MAX, LAG_QUIET, period, squeezed, stretched};
use transit::Transit;

use super::comfort::{ComfortNoise, Noise};
use super::conceal::Concealer;
use super::rtp::{AudioPacket, Content};
use super::{FRAME_SAMPLES, Frame, SAMPLES_PER_MS, SILENCE};
use crate::kernel::{Moment, limits};

const FRAME: i64 = FRAME_SAMPLES as i64;
const MS: i64 = SAMPLES_PER_MS as i64;
/// Above this delay whatever is too old is thrown away.
pub const DELAY_MS_MAX: i64 = 260;
/// A packet whose variation is beyond this belongs to another clock.
const FAR: i64 = 1_000 * MS;
/// So many of them in a row from the past are no stragglers: the sender's clock was set back.
const OUTCASTS: u32 = 5;
/// The same, where a talk spurt begins and nothing is lost by measuring anew.
const FAR_AT_REST: i64 = 250 * MS;
/// Waiting for a packet ends after this much concealment.
const STALL_MAX: i64 = 60 * MS;
/// Room either side of the target in which the delay is left alone.
const SLACK_ABOVE: i64 = 20 * MS;
const SLACK_BELOW: i64 = 10 * MS;
/// Beyond this difference voiced frames are stretched or squeezed too, one in five.
const URGENT: i64 = 40 * MS;
const URGENT_EVERY: u32 = 5;
/// A gap of up to this is bridged from both sides, when so much sound stands behind it already.
const BRIDGE_MAX: i64 = 60 * MS;
const BRIDGE_BEHIND: usize = 10 * MS as usize;
/// As much of what is behind it is looked at.
const BRIDGE_LOOK: usize = 40 * MS as usize;

/// What a frame is made of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FrameKind {
    /// The peer sent all of it.
    Heard,
    /// Some of it was lost and invented.
    Concealed,
    /// The peer has said that it is silent: noise as it described it.
    Comfort,
    /// Nothing came: before the first packet, or longer than concealment lasts.
    Silence,
}

/// What the buffer has done.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct JitterStats {
    /// Frames by [`FrameKind`]. One lost packet may lie across two frames.
    pub heard: u64,
    pub concealed: u64,
    pub comfort: u64,
    pub silent: u64,
    /// Packets that came after their time.
    pub late: u64,
    pub duplicate: u64,
    /// Packets thrown away to keep the delay or the memory bounded.
    pub discarded: u64,
    /// Frames in which time was added.
    pub stretched: u64,
    /// Frames in which time was removed.
    pub squeezed: u64,
}

/// Puts one leg's packets in order and in time.
#[derive(Debug)]
pub struct JitterBuffer {
    store: Store,
    /// When the peer falls silent, by timestamp; the newest speech is behind none of them.
    noises: BTreeMap<i64, Noise>,
    comfort: ComfortNoise,
    /// The peer is silent where we play.
    silent: bool,
    /// Timestamp of the newest speech.
    newest: i64,
    state: State,
    transit: Transit,
    stream: Option<u32>,
    /// Where the next packet of a clock that was set back would be, and how many there were.
    outcasts: (i64, u32),
    concealer: Concealer,
    /// The softest level of late, as RMS.
    floor: f32,
    since_urgent: u32,
    stats: JitterStats,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// Nothing is played; what ends at or before `after` comes too late.
    Resting { after: i64 },
    /// `position` is the timestamp of the next sample; `stalled` samples were invented without moving it.
    Playing { position: i64, stalled: i64 },
}

impl Default for JitterBuffer {
    fn default() -> Self {
        JitterBuffer {
            store: Store::default(),
            noises: BTreeMap::new(),
            comfort: ComfortNoise::new(0x3389),
            silent: false,
            newest: i64::MIN,
            state: State::Resting { after: i64::MIN },
            transit: Transit::default(),
            stream: None,
            outcasts: (0, 0),
            concealer: Concealer::new(),
            floor: 100.0,
            since_urgent: 0,
            stats: JitterStats::default(),
        }
    }
}

impl JitterBuffer {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn stats(&self) -> JitterStats {
        self.stats
    }

    /// The delay that is aimed at.
    pub fn target_ms(&self) -> u64 {
        (self.transit.target() / MS) as u64
    }

    /// How long the next sample would have waited if its packet met no delay on the way and it were pulled now;
    /// nothing while nothing is played. Just after a pull it is 20 ms less than at the next.
    pub fn delay_ms(&self, now: Moment) -> Option<i64> {
        match self.state {
            State::Resting { .. } => None,
            State::Playing { position, .. } => Some(self.delay(now, position) / MS),
        }
    }

    pub fn insert(&mut self, now: Moment, packet: AudioPacket) {
        let length = packet.length();
        let noise = match packet.content {
            Content::Noise(noise) => Some(noise),
            _ if length == 0 => return,
            _ => None,
        };
        let transit = samples(now) - packet.timestamp;
        let far = self.transit.variation(transit).map_or(0, i64::abs);
        let mut start = self.start();
        if self.stream != Some(packet.stream) {
            start = i64::MIN;
            self.restart(packet.stream, start);
        }
        let late = packet.timestamp + length <= start;
        if late && far > FAR && self.was_set_back(&packet, length) {
            self.restart(packet.stream, i64::MIN);
        } else if !late && far > FAR {
            self.restart(packet.stream, start);
        } else if late {
            self.note_late(packet.timestamp, start, transit, noise, far <= FAR);
            return;
        } else if far > FAR_AT_REST && self.is_at_rest() {
            self.transit = Transit::default();
        }
        self.transit.push(transit);
        match noise {
            Some(noise) => self.note_noise(packet.timestamp, noise),
            None => self.hold(packet, length),
        }
    }

    fn hold(&mut self, packet: AudioPacket, length: i64) {
        self.newest = self.newest.max(packet.timestamp);
        if !self.store.insert(packet.timestamp, length, packet.content) {
            self.stats.duplicate += 1;
            return;
        }
        if self.store.len() > limits::JITTER_PACKETS {
            self.store.pop_first();
            self.stats.discarded += 1;
        }
    }

    fn note_noise(&mut self, timestamp: i64, noise: Noise) {
        if timestamp < self.newest {
            return;
        }
        self.noises.insert(timestamp, noise);
        if self.noises.len() > limits::JITTER_PACKETS {
            self.noises.pop_first();
        }
    }

    /// Speech that comes too late is lost; word of silence still holds, unless there was speech since.
    fn note_late(&mut self, at: i64, start: i64, transit: i64, noise: Option<Noise>, near: bool) {
        if near {
            self.transit.push(transit);
        }
        match noise {
            Some(noise) if near && at >= self.newest => self.note_noise(start, noise),
            _ => self.stats.late += 1,
        }
    }

    /// Counts packets from the past that follow each other without a gap, as stragglers do not.
    fn was_set_back(&mut self, packet: &AudioPacket, length: i64) -> bool {
        let (expected, count) = self.outcasts;
        let count = if packet.timestamp == expected { count + 1 } else { 1 };
        self.outcasts = (packet.timestamp + length, count);
        count >= OUTCASTS
    }

    fn is_at_rest(&self) -> bool {
        let nothing = self.silent || matches!(self.state, State::Resting { .. });
        nothing && self.store.is_empty()
    }

    /// The first thing that waits to be played.
    fn first(&self) -> Option<i64> {
        let noise = self.noises.keys().next().copied();
        self.store.first().into_iter().chain(noise).min()
    }

    /// What ends at or before this comes too late.
    fn start(&self) -> i64 {
        match self.state {
            State::Resting { after } => after,
            State::Playing { position, .. } => position,
        }
    }

    /// The next 20 ms. To be called every 20 ms.
    pub fn pull(&mut self, now: Moment) -> (Frame, FrameKind) {
        let mut frame = SILENCE;
        let kind = self.fill(now, &mut frame);
        match kind {
            FrameKind::Heard => self.stats.heard += 1,
            FrameKind::Concealed => self.stats.concealed += 1,
            FrameKind::Comfort => self.stats.comfort += 1,
            FrameKind::Silence => self.stats.silent += 1,
        }
        (frame, kind)
    }

    fn fill(&mut self, now: Moment, frame: &mut Frame) -> FrameKind {
        let Some(position) = self.playing(now) else { return self.conceal(frame) };
        let position = self.bounded(now, position);
        let position = match self.first() {
            Some(first) => self.skip_stalled(position, first),
            None if self.silent => position,
            None => return self.stall(position, frame),
        };
        let position = self.retime(now, position);
        self.store.decode(position + FRAME + LAG_MAX as i64);
        if let Some(kind) = self.adjust(now, position, frame) {
            return kind;
        }
        let kind = self.gather(position, frame);
        if kind == FrameKind::Heard {
            self.note_level(frame);
        }
        kind
    }

    /// The position to play from; starts when the first packet has waited for the target delay.
    fn playing(&mut self, now: Moment) -> Option<i64> {
        match self.state {
            State::Playing { position, .. } => Some(position),
            State::Resting { after } => {
                let first = self.first()?.max(after);
                (self.delay(now, first) >= self.transit.target()).then_some(first)
            }
        }
    }

    /// Jumps to the target where the delay is beyond all bounds, and forgets what is behind the position.
    fn bounded(&mut self, now: Moment, mut position: i64) -> i64 {
        let delay = self.delay(now, position);
        let jump = delay > DELAY_MS_MAX * MS;
        if jump {
            position += delay - self.transit.target();
        }
        let forgotten = self.store.forget(position);
        self.stats.discarded += if jump { forgotten } else { 0 };
        position
    }

    /// While the peer is silent the delay goes to its target at once: nobody hears noise that is left out or repeated.
    fn retime(&self, now: Moment, position: i64) -> i64 {
        let room = self.store.first().map_or(i64::MAX, |first| first.saturating_sub(position));
        if !self.silent || room < FRAME {
            return position;
        }
        let excess = self.delay(now, position) - self.transit.target();
        if excess > SLACK_ABOVE {
            position + excess.min(room - FRAME)
        } else if excess < -SLACK_BELOW {
            position - (-excess).min(FRAME)
        } else {
            position
        }
    }

    /// Invents 20 ms without moving on, for a while.
    fn stall(&mut self, position: i64, frame: &mut Frame) -> FrameKind {
        let before = match self.state {
            State::Playing { stalled, .. } => stalled,
            State::Resting { .. } => 0,
        };
        let stalled = before + FRAME;
        self.state = if stalled >= STALL_MAX {
            State::Resting { after: position }
        } else {
            State::Playing { position, stalled }
        };
        self.conceal(frame)
    }

    /// What was invented while waiting stands for what turns out to be lost.
    fn skip_stalled(&mut self, position: i64, first: i64) -> i64 {
        match self.state {
            State::Playing { stalled, .. } if first > position => {
                position + stalled.min(first - position)
            }
            _ => position,
        }
    }

    fn conceal(&mut self, frame: &mut Frame) -> FrameKind {
        let silent = self.concealer.faded();
        self.concealer.conceal(frame);
        if silent { FrameKind::Silence } else { FrameKind::Concealed }
    }

    /// Copies what is there and invents what is not. What is missing with nothing behind it may yet come: the position
    /// stays before it.
    fn gather(&mut self, position: i64, frame: &mut Frame) -> FrameKind {
        let end = position + FRAME;
        let (mut at, mut invented, mut quiet) = (position, false, true);
        while at < end {
            let rest = &mut frame[(at - position) as usize..];
            if let Some((count, real)) = self.store.read(at, rest) {
                self.speech(at);
                if real {
                    self.concealer.heard(&mut rest[..count]);
                } else {
                    self.concealer.bridged(&rest[..count]);
                }
                (invented, quiet) = (invented || !real, false);
                at += count as i64;
                continue;
            }
            self.fall_silent(at);
            let sound = self.store.next(at);
            let noise = self.noises.range(at + 1..).next().map(|(&at, _)| at);
            let next = sound.into_iter().chain(noise).min();
            let count = (next.unwrap_or(end).min(end) - at) as usize;
            if self.silent {
                self.comfort.fill(&mut rest[..count]);
                self.concealer.heard(&mut rest[..count]);
                at += count as i64;
            } else if next.is_none() {
                self.concealer.conceal(rest);
                (invented, quiet) = (true, false);
                break;
            } else if next != sound || !self.bridge(at, next.unwrap_or(end)) {
                self.concealer.conceal(&mut rest[..count]);
                (invented, quiet) = (true, false);
                at += count as i64;
            }
        }
        self.state = State::Playing { position: at, stalled: end - at };
        match (invented, quiet) {
            (true, _) => FrameKind::Concealed,
            (false, true) => FrameKind::Comfort,
            (false, false) => FrameKind::Heard,
        }
    }

    /// Speech is played: word of silence from before it is over.
    fn speech(&mut self, at: i64) {
        self.silent = false;
        while self.noises.first_key_value().is_some_and(|(&noise, _)| noise <= at) {
            self.noises.pop_first();
        }
    }

    /// There is no speech at this place; perhaps the peer has said why.
    fn fall_silent(&mut self, at: i64) {
        while let Some(first) = self.noises.first_entry().filter(|first| *first.key() <= at) {
            self.comfort.describe(first.remove());
            self.silent = true;
        }
    }

    /// Fills a gap from both its sides; false where that cannot be done.
    fn bridge(&mut self, at: i64, next: i64) -> bool {
        let gap = next - at;
        if gap > BRIDGE_MAX || !self.concealer.is_whole() {
            return false;
        }
        self.store.decode(next + BRIDGE_LOOK as i64);
        let behind = self.store.run(next, BRIDGE_LOOK);
        if behind.len() < BRIDGE_BEHIND {
            return false;
        }
        self.store.invent(at, self.concealer.bridge(gap as usize, &behind));
        true
    }

    /// A frame that is a little longer or shorter than the time it covers, when the delay is off its target.
    fn adjust(&mut self, now: Moment, position: i64, frame: &mut Frame) -> Option<FrameKind> {
        self.since_urgent = self.since_urgent.saturating_add(1);
        let excess = self.delay(now, self.needed(position)) - self.transit.target();
        if (-SLACK_BELOW..=SLACK_ABOVE).contains(&excess) {
            return None;
        }
        let squeeze = excess > 0;
        let needed = if squeeze { FRAME_SAMPLES + LAG_MAX } else { FRAME_SAMPLES };
        let ahead = self.store.run(position, needed);
        if ahead.len() < needed {
            return None;
        }
        let quiet = self.is_quiet(&ahead);
        if !quiet && (excess.abs() < URGENT || self.since_urgent < URGENT_EVERY) {
            return None;
        }
        let lag = if quiet { LAG_QUIET } else { period(&ahead, squeeze)? };
        if !quiet {
            self.since_urgent = 0;
        }
        let moved = if squeeze {
            self.stats.squeezed += 1;
            squeezed(&ahead, lag, frame);
            FRAME + lag as i64
        } else {
            self.stats.stretched += 1;
            stretched(&ahead, lag, frame);
            FRAME - lag as i64
        };
        self.concealer.heard(frame);
        self.note_level(frame);
        self.state = State::Playing { position: position + moved, stalled: 0 };
        Some(FrameKind::Heard)
    }

    /// The timestamp of the last packet that a frame from here takes something of: it must be there in time.
    fn needed(&self, position: i64) -> i64 {
        let Some((start, length)) = self.store.around(position) else { return position };
        start + (position + FRAME - 1 - start) / length * length
    }

    fn is_quiet(&self, samples: &[f32]) -> bool {
        // -50 dBov, or little above the line's own noise.
        rms(samples) < (self.floor * 1.6).max(100.0)
    }

    /// The floor falls at once and rises by a tenth a second.
    fn note_level(&mut self, frame: &Frame) {
        let level = rms(&frame.map(f32::from));
        self.floor = level.min(self.floor * 1.002 + 0.02).clamp(1.0, 600.0);
    }

    fn delay(&self, now: Moment, position: i64) -> i64 {
        self.transit.variation(samples(now) - position).unwrap_or(0)
    }

    /// Begins with new clocks; what was heard stays in the concealer's memory.
    fn restart(&mut self, stream: u32, after: i64) {
        self.stream = Some(stream);
        self.outcasts = (0, 0);
        self.stats.discarded += self.store.len() as u64;
        self.store.clear();
        self.noises.clear();
        (self.silent, self.newest) = (false, i64::MIN);
        self.transit = Transit::default();
        self.state = State::Resting { after };
    }
}

fn samples(now: Moment) -> i64 {
    (now.ms as i64).saturating_mul(MS)
}

fn rms(samples: &[f32]) -> f32 {
    let energy: f32 = samples.iter().map(|sample| sample * sample).sum();
    (energy / samples.len().max(1) as f32).sqrt()
}
