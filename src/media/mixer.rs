//! The bridge of two or more legs: each hears the sum of the others, never itself.
//!
//! Plain data: the legs' tasks share it behind a lock of theirs, and each calls [`Mixer::exchange`] once every 20 ms
//! of its own clock. Between every two legs lies a short queue, as the two clocks are never quite together.

use std::collections::VecDeque;

use super::{Frame, MediaError, SILENCE};
use crate::kernel::{LegId, limits};

/// The sum of these, each sample within its bounds; one alone is itself, none is silence.
pub fn blend<'a>(frames: impl IntoIterator<Item = &'a Frame>) -> Frame {
    let mut frames = frames.into_iter();
    let Some(first) = frames.next() else { return SILENCE };
    let Some(second) = frames.next() else { return *first };
    let mut sums = first.map(i32::from);
    for frame in std::iter::once(second).chain(frames) {
        for (sum, sample) in sums.iter_mut().zip(frame) {
            *sum += i32::from(*sample);
        }
    }
    sums.map(clamped)
}

fn clamped(sum: i32) -> i16 {
    sum.clamp(i32::from(i16::MIN), i32::from(i16::MAX)) as i16
}

/// A queue that never ran lower than `SPARE` frames in this many exchanges carries delay for nothing: one is dropped.
const REVIEW: u32 = 50;
const SPARE: usize = 2;

/// The legs of one conversation.
#[derive(Clone, Debug, Default)]
pub struct Mixer {
    legs: Vec<Leg>,
    dropped: u64,
}

#[derive(Clone, Debug)]
struct Leg {
    id: LegId,
    /// One queue for each other leg that speaks.
    heard: Vec<Lane>,
}

#[derive(Clone, Debug)]
struct Lane {
    from: LegId,
    frames: VecDeque<Frame>,
    least: usize,
    reviewed: u32,
}

impl Mixer {
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a leg; one that is in already stays.
    pub fn join(&mut self, id: LegId) -> Result<(), MediaError> {
        if self.legs.iter().any(|leg| leg.id == id) {
            return Ok(());
        }
        if self.legs.len() >= limits::BRIDGE_LEGS {
            return Err(MediaError::BridgeFull { max: limits::BRIDGE_LEGS });
        }
        for leg in &mut self.legs {
            leg.heard.push(Lane::new(id));
        }
        let heard = self.legs.iter().map(|leg| Lane::new(leg.id)).collect();
        self.legs.push(Leg { id, heard });
        Ok(())
    }

    pub fn leave(&mut self, id: LegId) {
        self.legs.retain(|leg| leg.id != id);
        for leg in &mut self.legs {
            leg.heard.retain(|lane| lane.from != id);
        }
    }

    pub fn legs(&self) -> impl Iterator<Item = LegId> {
        self.legs.iter().map(|leg| leg.id)
    }

    /// Frames thrown away to keep the bridge's delay short.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// What the leg said goes to the others; what they said comes back. A leg that is not in hears nothing.
    pub fn exchange(&mut self, id: LegId, said: &Frame) -> Frame {
        let Some(own) = self.legs.iter().position(|leg| leg.id == id) else { return SILENCE };
        let mut sums = [0i32; super::FRAME_SAMPLES];
        for (index, leg) in self.legs.iter_mut().enumerate() {
            for lane in &mut leg.heard {
                if index == own {
                    self.dropped += lane.review();
                    let Some(frame) = lane.frames.pop_front() else { continue };
                    for (sum, sample) in sums.iter_mut().zip(frame) {
                        *sum += i32::from(sample);
                    }
                } else if lane.from == id {
                    self.dropped += lane.push(said);
                }
            }
        }
        sums.map(clamped)
    }
}

impl Lane {
    fn new(from: LegId) -> Self {
        Lane { from, frames: VecDeque::new(), least: usize::MAX, reviewed: 0 }
    }

    /// How many frames had to go.
    fn push(&mut self, frame: &Frame) -> u64 {
        self.frames.push_back(*frame);
        if self.frames.len() <= limits::BRIDGE_FRAMES {
            return 0;
        }
        self.frames.pop_front();
        1
    }

    fn review(&mut self) -> u64 {
        self.least = self.least.min(self.frames.len());
        self.reviewed += 1;
        if self.reviewed < REVIEW {
            return 0;
        }
        let spare = self.least > SPARE;
        self.least = usize::MAX;
        self.reviewed = 0;
        if spare {
            self.frames.pop_front();
        }
        u64::from(spare)
    }
}
