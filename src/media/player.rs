//! What one leg hears: speech as the voice renders it, over comfort noise or waiting music.
//!
//! Speech comes as items (a sentence, an announcement), each with a tag and in chunks. An item whose next chunk is not
//! there in time is faded out and waits in silence. [`Player::hold`] is the first half of barge-in: silence within 8 ms,
//! and [`Player::release`] goes on from a little before, where it was a false alarm. [`Player::stop`] is the other half:
//! the item ends, and how much of it was played is known to the sample, so that the dialogue knows what was heard.

use std::collections::VecDeque;

use super::level::LineNoise;
use super::music::Music;
use super::{FRAME_SAMPLES, Frame, MediaError, SAMPLES_PER_MS, SILENCE};
use crate::kernel::limits;

/// Length of every fade: 8 ms.
const FADE: usize = 8 * SAMPLES_PER_MS;
/// What was held begins again this much earlier, 100 ms: about half a syllable, so that none is lost in the gap.
pub const BACK_UP: usize = 100 * SAMPLES_PER_MS;
/// What a leg hears of a line on which nobody speaks. Total silence sounds like a dead line.
pub const COMFORT_DBOV: f32 = -66.0;
/// Music's share while somebody speaks over it.
const DUCKED: f32 = 0.25;
/// Change of the music's gain a sample: from full to ducked in 100 ms.
const DUCK_STEP: f32 = 0.75 / 800.0;

/// What the player tells.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PlayerEvent {
    /// The first sample of the item went out.
    ItemStarted { tag: u64 },
    /// The last one did: `whole` unless it was stopped.
    ItemEnded { tag: u64, played_ms: u64, whole: bool },
    /// The item's next chunk was not there in time; told once until more comes.
    Starved { tag: u64, played_ms: u64 },
}

/// What a stop cut off.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Stopped {
    /// The item that was playing, and how much of it was heard (the fade included).
    pub playing: Option<(u64, u64)>,
    /// Items of which nothing was heard, in order.
    pub unheard: Vec<u64>,
}

/// What is heard beneath speech.
#[derive(Clone, Debug)]
pub enum Background {
    Comfort,
    Music(Box<Music>),
}

/// One leg's queue of speech.
#[derive(Clone, Debug)]
pub struct Player {
    items: VecDeque<Item>,
    chunks: usize,
    held: bool,
    /// The last samples of something stopped, faded.
    tail: VecDeque<i16>,
    background: Background,
    noise: LineNoise,
    music_gain: f32,
    events: VecDeque<PlayerEvent>,
}

#[derive(Clone, Debug)]
struct Item {
    tag: u64,
    chunks: VecDeque<Vec<i16>>,
    /// Place in the first chunk.
    at: usize,
    /// The last samples that went out, at most [`BACK_UP`].
    past: VecDeque<i16>,
    /// No more chunks will come.
    finished: bool,
    /// Samples that went out.
    played: u64,
    started: bool,
    starved: bool,
    /// Falls towards the end of what is there of an unfinished item, and rises again when more comes.
    gain: f32,
}

impl Player {
    /// The seed is of the comfort noise.
    pub fn new(seed: u64) -> Self {
        Player {
            items: VecDeque::new(),
            chunks: 0,
            held: false,
            tail: VecDeque::new(),
            background: Background::Comfort,
            noise: LineNoise::new(seed, COMFORT_DBOV),
            music_gain: 0.0,
            events: VecDeque::new(),
        }
    }

    /// More sound of the item `tag`: of the last one in the queue if it has this tag and is not finished, else of a
    /// new one behind it, and whatever was before it is taken as finished.
    pub fn append(&mut self, tag: u64, samples: Vec<i16>) -> Result<(), MediaError> {
        if self.chunks >= limits::SPEECH_CHUNKS {
            return Err(MediaError::SpeechQueueFull { max: limits::SPEECH_CHUNKS });
        }
        if !self.items.back().is_some_and(|item| item.tag == tag && !item.finished) {
            if let Some(before) = self.items.back_mut() {
                before.finished = true;
            }
            self.items.push_back(Item::new(tag));
        }
        let Some(item) = self.items.back_mut() else { return Ok(()) };
        if !samples.is_empty() {
            item.starved = false;
            item.chunks.push_back(samples);
            self.chunks += 1;
        }
        Ok(())
    }

    /// The item has all its sound. Its end is told when the last sample went out.
    pub fn finish(&mut self, tag: u64) {
        for item in self.items.iter_mut().filter(|item| item.tag == tag) {
            item.finished = true;
        }
    }

    /// Silence within 8 ms, and nothing of the queue goes out until [`Player::release`] or [`Player::stop`].
    pub fn hold(&mut self) {
        if std::mem::replace(&mut self.held, true) {
            return;
        }
        let Some(item) = self.items.front_mut().filter(|item| item.started) else { return };
        let (fade, emptied) = item.take_fade();
        self.chunks -= emptied;
        self.tail.extend(fade);
    }

    /// Goes on [`BACK_UP`] samples before where it was held, or from the item's beginning if that is nearer.
    pub fn release(&mut self) {
        if !std::mem::replace(&mut self.held, false) {
            return;
        }
        if let Some(item) = self.items.front_mut().filter(|item| item.started) {
            self.chunks += usize::from(item.back_up());
        }
    }

    /// Whether the queue is held.
    pub fn is_held(&self) -> bool {
        self.held
    }

    /// Silence at once, and the queue is empty. Ended and unheard items are in the answer and told as events too.
    pub fn stop(&mut self) -> Stopped {
        let mut stopped = Stopped::default();
        let held = std::mem::replace(&mut self.held, false);
        for mut item in std::mem::take(&mut self.items) {
            if !item.started {
                stopped.unheard.push(item.tag);
                continue;
            }
            if !held {
                self.tail.extend(item.take_fade().0);
            }
            stopped.playing = Some((item.tag, item.played_ms()));
            let (tag, played_ms) = (item.tag, item.played_ms());
            self.tell(PlayerEvent::ItemEnded { tag, played_ms, whole: false });
        }
        self.chunks = 0;
        stopped
    }

    pub fn set_background(&mut self, background: Background) {
        if matches!(background, Background::Music(_)) {
            self.music_gain = 0.0;
        }
        self.background = background;
    }

    /// Whether anything is queued or playing.
    pub fn is_speaking(&self) -> bool {
        !self.items.is_empty()
    }

    /// The item that is playing and how much of it went out.
    pub fn progress(&self) -> Option<(u64, u64)> {
        self.items.front().filter(|item| item.started).map(|item| (item.tag, item.played_ms()))
    }

    /// Sound queued and not yet out.
    pub fn buffered_ms(&self) -> u64 {
        let samples: usize = self.items.iter().map(Item::available).sum();
        (samples / SAMPLES_PER_MS) as u64
    }

    /// What happened, oldest first.
    pub fn poll(&mut self) -> Option<PlayerEvent> {
        self.events.pop_front()
    }

    /// The next 20 ms, and whether there is speech in it.
    pub fn pull(&mut self) -> (Frame, bool) {
        let mut frame = SILENCE;
        let mut filled = 0;
        while filled < FRAME_SAMPLES {
            let Some(sample) = self.tail.pop_front() else { break };
            frame[filled] = sample;
            filled += 1;
        }
        let mut spoke = filled > 0;
        // Speech begins in a frame of its own after a stop, so the two never touch.
        if !spoke && !self.held {
            spoke = self.speak(&mut frame);
        }
        self.underlay(&mut frame, spoke);
        (frame, spoke)
    }

    fn speak(&mut self, frame: &mut Frame) -> bool {
        let mut filled = 0;
        while filled < FRAME_SAMPLES {
            let Some(item) = self.items.front_mut() else { break };
            if item.available() == 0 && !item.finished {
                break;
            }
            if !item.started {
                item.started = true;
                let tag = item.tag;
                self.tell(PlayerEvent::ItemStarted { tag });
                continue;
            }
            let (count, emptied) = item.take(&mut frame[filled..]);
            filled += count;
            self.chunks -= emptied;
            if item.available() == 0 && item.finished {
                let (tag, played_ms) = (item.tag, item.played_ms());
                self.items.pop_front();
                self.tell(PlayerEvent::ItemEnded { tag, played_ms, whole: true });
            }
        }
        if filled < FRAME_SAMPLES {
            self.starve();
        }
        filled > 0
    }

    fn starve(&mut self) {
        let Some(item) = self.items.front_mut() else { return };
        if item.started && !item.starved {
            item.starved = true;
            let (tag, played_ms) = (item.tag, item.played_ms());
            self.tell(PlayerEvent::Starved { tag, played_ms });
        }
    }

    fn underlay(&mut self, frame: &mut Frame, spoke: bool) {
        let Background::Music(music) = &mut self.background else {
            if !spoke {
                self.noise.add(frame);
            }
            return;
        };
        let goal = if spoke { DUCKED } else { 1.0 };
        for (sample, note) in frame.iter_mut().zip(music.frame()) {
            let step = (goal - self.music_gain).clamp(-DUCK_STEP, DUCK_STEP);
            self.music_gain += step;
            *sample = (f32::from(*sample) + f32::from(note) * self.music_gain).round() as i16;
        }
    }

    /// Bounded: with nobody polling, the oldest are forgotten.
    fn tell(&mut self, event: PlayerEvent) {
        if self.events.len() >= limits::CALL_INBOX {
            self.events.pop_front();
        }
        self.events.push_back(event);
    }
}

impl Item {
    fn new(tag: u64) -> Self {
        Item {
            tag,
            chunks: VecDeque::new(),
            at: 0,
            past: VecDeque::with_capacity(BACK_UP),
            finished: false,
            played: 0,
            started: false,
            starved: false,
            gain: 1.0,
        }
    }

    fn available(&self) -> usize {
        self.chunks.iter().map(Vec::len).sum::<usize>() - self.at
    }

    fn played_ms(&self) -> u64 {
        self.played / SAMPLES_PER_MS as u64
    }

    fn next(&mut self) -> Option<i16> {
        let sample = *self.chunks.front()?.get(self.at)?;
        self.at += 1;
        if self.past.len() == BACK_UP {
            self.past.pop_front();
        }
        self.past.push_back(sample);
        Some(sample)
    }

    /// Copies samples out; how many, and how many chunks are used up. Where an unfinished item runs dry, its last 8 ms
    /// are faded.
    fn take(&mut self, out: &mut [i16]) -> (usize, usize) {
        let available = self.available();
        let count = available.min(out.len());
        let mut emptied = 0;
        for (index, slot) in out.iter_mut().take(count).enumerate() {
            let Some(sample) = self.next() else { break };
            let left = if self.finished { FADE } else { available - index };
            self.gain = (self.gain + 1.0 / FADE as f32).min(left as f32 / FADE as f32).min(1.0);
            *slot = (f32::from(sample) * self.gain).round() as i16;
            if self.chunks.front().is_some_and(|chunk| self.at >= chunk.len()) {
                self.chunks.pop_front();
                self.at = 0;
                emptied += 1;
            }
        }
        self.played += count as u64;
        (count, emptied)
    }

    /// The next 8 ms, fading to nothing, and how many chunks are used up.
    fn take_fade(&mut self) -> (Vec<i16>, usize) {
        let mut out = vec![0; FADE.min(self.available())];
        let length = out.len().max(1) as f32;
        let (_, emptied) = self.take(&mut out);
        for (index, sample) in out.iter_mut().enumerate() {
            *sample = (f32::from(*sample) * (1.0 - index as f32 / length)).round() as i16;
        }
        (out, emptied)
    }

    /// Puts back what went out last, to rise from nothing; whether there was any, which is then a chunk of its own.
    fn back_up(&mut self) -> bool {
        let past: Vec<i16> = self.past.drain(..).collect();
        if past.is_empty() {
            return false;
        }
        if let Some(first) = self.chunks.front_mut() {
            first.drain(..self.at);
        }
        self.at = 0;
        self.gain = 0.0;
        self.starved = false;
        self.played -= past.len() as u64;
        self.chunks.push_front(past);
        true
    }
}
