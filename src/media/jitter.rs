//! The adaptive jitter buffer: packets in as they come, a frame out every 20 ms.
//!
//! All arithmetic is in samples of the sender's clock. Each packet's *transit* is its arrival less its timestamp; the
//! smallest transit of the last ten seconds is the network's best, and a packet that takes longer has that much
//! *variation*. The target delay is the 96th percentile of variation and a little more, 20 to 200 ms. The delay moves
//! towards the target by small steps hidden in quiet frames, or in voiced ones by whole periods, which also follows
//! the drift of two clocks.
//! When nothing is there to play, the buffer waits for up to 60 ms of concealment instead of skipping: a stalled network
//! costs delay, not words, and the delay is bounded.

use std::collections::BTreeMap;

use super::conceal::{Concealer, best_lag, round};
use super::rtp::AudioPacket;
use super::transit::Transit;
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
/// Most samples that one step adds or removes: 15 ms.
const LAG_MAX: usize = 120;
const LAG_QUIET: usize = 80;

/// What a frame is made of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FrameKind {
    /// The peer sent all of it.
    Heard,
    /// Some of it was lost and invented.
    Concealed,
    /// Nothing came: before the first packet, or longer than concealment lasts.
    Silence,
}

/// What the buffer has done.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct JitterStats {
    /// Frames by [`FrameKind`]. One lost packet may lie across two frames.
    pub heard: u64,
    pub concealed: u64,
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
#[derive(Clone, Debug)]
pub struct JitterBuffer {
    /// By the timestamp of the first sample.
    packets: BTreeMap<i64, Vec<i16>>,
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
            packets: BTreeMap::new(),
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
        if packet.samples.is_empty() {
            return;
        }
        let transit = samples(now) - packet.timestamp;
        let far = self.transit.variation(transit).map_or(0, i64::abs);
        let mut start = self.start();
        if self.stream != Some(packet.stream) {
            start = i64::MIN;
            self.restart(packet.stream, start);
        }
        let late = packet.timestamp + packet.samples.len() as i64 <= start;
        if late && far > FAR && self.was_set_back(&packet) {
            self.restart(packet.stream, i64::MIN);
        } else if !late && far > FAR {
            self.restart(packet.stream, start);
        } else if late {
            self.stats.late += 1;
            if far <= FAR {
                self.transit.push(transit);
            }
            return;
        } else if far > FAR_AT_REST && self.is_at_rest() {
            self.transit = Transit::default();
        }
        self.transit.push(transit);
        if self.packets.contains_key(&packet.timestamp) {
            self.stats.duplicate += 1;
            return;
        }
        self.packets.insert(packet.timestamp, packet.samples);
        if self.packets.len() > limits::JITTER_PACKETS {
            self.packets.pop_first();
            self.stats.discarded += 1;
        }
    }

    /// Counts packets from the past that follow each other without a gap, as stragglers do not.
    fn was_set_back(&mut self, packet: &AudioPacket) -> bool {
        let (expected, count) = self.outcasts;
        let count = if packet.timestamp == expected { count + 1 } else { 1 };
        self.outcasts = (packet.timestamp + packet.samples.len() as i64, count);
        count >= OUTCASTS
    }

    fn is_at_rest(&self) -> bool {
        matches!(self.state, State::Resting { .. }) && self.packets.is_empty()
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
            FrameKind::Silence => self.stats.silent += 1,
        }
        (frame, kind)
    }

    fn fill(&mut self, now: Moment, frame: &mut Frame) -> FrameKind {
        let Some(position) = self.playing(now) else { return self.conceal(frame) };
        let position = self.bounded(now, position);
        let Some(first) = self.packets.keys().next().copied() else {
            return self.stall(position, frame);
        };
        let position = self.skip_stalled(position, first);
        if let Some(kind) = self.adjust(now, position, frame) {
            return kind;
        }
        if self.gather(position, frame) {
            self.note_level(frame);
            FrameKind::Heard
        } else {
            FrameKind::Concealed
        }
    }

    /// The position to play from; starts when the first packet has waited for the target delay.
    fn playing(&mut self, now: Moment) -> Option<i64> {
        match self.state {
            State::Playing { position, .. } => Some(position),
            State::Resting { after } => {
                let first = self.packets.keys().next().copied()?.max(after);
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
        while let Some(first) = self.packets.first_entry() {
            if first.key() + first.get().len() as i64 > position {
                break;
            }
            first.remove();
            self.stats.discarded += u64::from(jump);
        }
        position
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

    /// Copies what is there and invents what is not; true when all was there. What is missing with nothing behind it
    /// may yet come: the position stays before it.
    fn gather(&mut self, position: i64, frame: &mut Frame) -> bool {
        let end = position + FRAME;
        let mut at = position;
        let mut whole = true;
        while at < end {
            let offset = (at - position) as usize;
            let rest = &mut frame[offset..];
            let packet = self
                .packets
                .range(..=at)
                .next_back()
                .filter(|(start, samples)| *start + samples.len() as i64 > at);
            if let Some((start, samples)) = packet {
                let available = &samples[(at - start) as usize..];
                let count = available.len().min(rest.len());
                rest[..count].copy_from_slice(&available[..count]);
                self.concealer.heard(&mut rest[..count]);
                at += count as i64;
            } else {
                whole = false;
                let Some((&next, _)) = self.packets.range(at..).next() else {
                    self.concealer.conceal(rest);
                    break;
                };
                let count = (next.min(end) - at) as usize;
                self.concealer.conceal(&mut rest[..count]);
                at += count as i64;
            }
        }
        self.state = State::Playing { position: at, stalled: end - at };
        whole
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
        let ahead = self.peek(position, needed)?;
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
        let Some((&start, samples)) = self.packets.range(..=position).next_back() else {
            return position;
        };
        let length = samples.len() as i64;
        start + (position + FRAME - 1 - start) / length * length
    }

    /// The next samples, if all of them are there.
    fn peek(&self, position: i64, count: usize) -> Option<Vec<f32>> {
        let mut out = Vec::with_capacity(count);
        while out.len() < count {
            let at = position + out.len() as i64;
            let (start, samples) = self.packets.range(..=at).next_back()?;
            let available = samples.get((at - start) as usize..)?;
            if available.is_empty() {
                return None;
            }
            let take = available.len().min(count - out.len());
            out.extend(available[..take].iter().map(|&sample| f32::from(sample)));
        }
        Some(out)
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
        self.stats.discarded += self.packets.len() as u64;
        self.packets.clear();
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

/// A lag at which the samples repeat themselves well enough to be joined.
fn period(samples: &[f32], squeeze: bool) -> Option<usize> {
    let (lag, alike) = best_lag(40..=LAG_MAX, |lag| {
        let span = if squeeze { 80 } else { FRAME_SAMPLES - lag };
        let from = if squeeze { 40 } else { 0 };
        (&samples[from..from + span], &samples[from + lag..from + lag + span])
    });
    (alike > 0.5).then_some(lag)
}

/// `lag` samples left out: from the beginning into what is `lag` later, faded over 10 ms.
fn squeezed(samples: &[f32], lag: usize, frame: &mut Frame) {
    for (index, out) in frame.iter_mut().enumerate() {
        let weight = ((index as f32 - 39.0) / 81.0).clamp(0.0, 1.0);
        *out = round(samples[index] * (1.0 - weight) + samples[index + lag] * weight);
    }
}

/// `lag` samples heard once more: what comes next fades into what was `lag` before.
fn stretched(samples: &[f32], lag: usize, frame: &mut Frame) {
    let span = (FRAME_SAMPLES - lag) as f32;
    for (index, out) in frame.iter_mut().enumerate() {
        let value = samples[index];
        *out = round(if index < lag {
            value
        } else {
            let weight = (index - lag + 1) as f32 / (span + 1.0);
            value * (1.0 - weight) + samples[index - lag] * weight
        });
    }
}
