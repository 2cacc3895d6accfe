//! What the sound itself tells: where somebody speaks, and how long a reply takes. Latency is from the last audible frame we sent to the first audible frame we got after it.
//! Nothing is taken from anybody's clock or log.

use crate::media::level::dbov;
use crate::media::{FRAME_MS, Frame, SAMPLES_PER_MS};

/// A frame louder than this is sound: comfort noise lies at −66, speech at −35 to −15.
const AUDIBLE_DBOV: f32 = -45.0;

/// Sound of theirs that follows ours closer than this had begun under it: no reply.
const OVERLAP_MS: u64 = 60;

#[derive(Clone, Debug, Default)]
pub struct Latency {
    at_ms: u64,
    /// End of our last audible frame, until an answer to it has begun.
    ours_end_ms: Option<u64>,
    /// Replies: when they began and how long after us.
    replies: Vec<(u64, u64)>,
}

impl Latency {
    /// A frame each way.
    pub fn frame(&mut self, ours: &Frame, theirs: &Frame) {
        let start_ms = self.at_ms;
        self.at_ms += FRAME_MS;
        if dbov(ours) > AUDIBLE_DBOV {
            self.ours_end_ms = Some(self.at_ms);
        } else if dbov(theirs) > AUDIBLE_DBOV
            && let Some(end) = self.ours_end_ms.take()
        {
            let latency_ms = start_ms.saturating_sub(end);
            if latency_ms >= OVERLAP_MS {
                self.replies.push((start_ms, latency_ms));
            }
        }
    }

    /// Our turn has ended without sound: a key.
    pub fn we_ended(&mut self, at_ms: u64) {
        self.ours_end_ms = Some(at_ms);
    }

    /// The latency of the reply that lies within these words, if they were a reply. The words' start is the
    /// detector's, up to a third of a second beside the sound's.
    pub fn take(&mut self, start_ms: u64, end_ms: u64) -> Option<u64> {
        let at = self
            .replies
            .iter()
            .position(|(began, _)| *began + 350 >= start_ms && *began <= end_ms)?;
        let (_, latency) = self.replies.remove(at);
        Some(latency)
    }
}

/// Where somebody speaks in a recording. Its silent padding before and behind is not theirs.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Span {
    /// From the recording's first sample.
    pub start_ms: u64,
    pub end_ms: u64,
    /// How loud they speak: what one block of 10 ms in twenty reaches.
    pub dbov: f32,
}

const BLOCK_MS: u64 = 10;
const BLOCK: usize = BLOCK_MS as usize * SAMPLES_PER_MS;
/// Nothing in the recording is louder than this: nobody speaks in it.
const SILENT_DBOV: f32 = -50.0;
/// The softest syllable's end, below the loud ones.
const SPEECH_RANGE_DB: f32 = 30.0;
/// Speech stands out of the recording's own noise by this, but never needs to be louder than [`LOUD_DB`] below its peaks.
const OVER_NOISE_DB: f32 = 10.0;
const LOUD_DB: f32 = 12.0;
/// Shorter sounds are clicks.
const SOUND_BLOCKS: usize = 6;

/// Finds by level alone where the speech of a recording begins and ends, to 10 ms. `None` where nobody speaks.
pub fn speech_span(pcm: &[i16]) -> Option<Span> {
    let levels: Vec<f32> = pcm.chunks(BLOCK).map(dbov).collect();
    let mut sorted = levels.clone();
    sorted.sort_by(f32::total_cmp);
    let at = |percent: usize| sorted.get(sorted.len() * percent / 100).copied();
    let (noise, loud) = (at(10)?, at(95)?);
    if loud < SILENT_DBOV {
        return None;
    }
    let over_noise = (noise + OVER_NOISE_DB).min(loud - LOUD_DB);
    let threshold = over_noise.max(loud - SPEECH_RANGE_DB);
    let is_sound = |blocks: &[f32]| blocks.iter().all(|level| *level > threshold);
    let first = levels.windows(SOUND_BLOCKS).position(is_sound)?;
    let last = levels.windows(SOUND_BLOCKS).rposition(is_sound)? + SOUND_BLOCKS;
    Some(Span { start_ms: first as u64 * BLOCK_MS, end_ms: last as u64 * BLOCK_MS, dbov: loud })
}

/// Of so many frames in a row ...
const ONSET_WINDOW: usize = 5;
/// ... so many are sound where somebody has begun to speak; fewer are a click.
const ONSET_FRAMES: usize = 3;
/// Quiet after which what was being said has stopped; between two sentences of the voice there is up to 0.6 s.
const STOPPED_MS: u64 = 900;

/// What one side sent, frame by frame, from the beginning of the call.
#[derive(Clone, Debug, Default)]
pub struct Track {
    audible: Vec<bool>,
    quiet_ms: u64,
}

impl Track {
    /// 20 ms more.
    pub fn put(&mut self, frame: &Frame) {
        let audible = dbov(frame) > AUDIBLE_DBOV;
        self.audible.push(audible);
        self.quiet_ms = if audible { 0 } else { self.quiet_ms + FRAME_MS };
    }

    /// Quiet since the last sound.
    pub fn quiet_ms(&self) -> u64 {
        self.quiet_ms
    }

    /// Whether somebody speaks just now.
    pub fn is_sounding(&self) -> bool {
        let recent = self.audible.iter().rev().take(ONSET_WINDOW);
        recent.filter(|audible| **audible).count() >= ONSET_FRAMES
    }

    /// When sound first begins at or after `from_ms` and before `to_ms`: silence is before it. What sounds already at
    /// `from_ms` has not begun there.
    pub fn onset(&self, from_ms: u64, to_ms: u64) -> Option<u64> {
        let (from, to) = (frame_at(from_ms), frame_at(to_ms).min(self.audible.len()));
        (from..to).find(|at| self.begins(*at)).map(|at| at as u64 * FRAME_MS)
    }

    /// When what sounds at `from_ms` has stopped: the end of its last sound before 0.9 s of quiet. `from_ms`
    /// itself where it is quiet there; `None` where it sounds to the end of the call.
    pub fn stop(&self, from_ms: u64) -> Option<u64> {
        let quiet = (STOPPED_MS / FRAME_MS) as usize;
        let from = frame_at(from_ms);
        let rest = self.audible.get(from..)?;
        let at = rest.windows(quiet).position(|frames| frames.iter().all(|audible| !audible))?;
        Some(((from + at) as u64 * FRAME_MS).max(from_ms))
    }

    fn begins(&self, at: usize) -> bool {
        let sounds = |frame: usize| self.audible.get(frame).copied().unwrap_or(false);
        let after = (at..at + ONSET_WINDOW).filter(|frame| sounds(*frame)).count();
        let before = (at.saturating_sub(ONSET_FRAMES)..at).any(sounds);
        sounds(at) && !before && after >= ONSET_FRAMES
    }
}

fn frame_at(ms: u64) -> usize {
    ms.div_ceil(FRAME_MS) as usize
}
