//! What lies between a line and the detector of voices: conditioning, and the question whether this can be a voice at all.
//!
//! A machine without IO: frames of 20 ms in, steps of 32 ms out. The sound that is recorded or passed on to a person does
//! not go through here.

use super::cadence::Signal;
use super::condition::HighPass;
use super::floor::NoiseFloor;
use super::jitter::FrameKind;
use super::level::dbov;
use super::progress::{Progress, ProgressDetector, STEP};
use super::{FRAME_SAMPLES, Frame};

/// So many invented frames in a row, 60 ms, are no voice: concealment has repeated itself by then.
const CONCEALED_MAX: u32 = 3;

/// Steps that stand so far out of the noise may be a voice. Even at 10 dB over the noise a syllable has steps that do.
const AUDIBLE_OVER_FLOOR_DB: f32 = 4.5;
/// The floor is not known in a call's first 1.5 s.
const FLOOR_STEPS: u32 = 48;

/// 32 ms of conditioned sound.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    pub pcm: [i16; STEP],
    /// False for tones, music, and sound that was lost and invented.
    pub may_be_voice: bool,
    /// How many dB the sound stands out of the line's noise; 0 to about 60.
    pub over_floor_db: f32,
    /// False where nothing stands out of a quiet line's noise, so that nobody can be speaking.
    pub audible: bool,
}

/// One leg's way to the ear.
#[derive(Clone, Debug)]
pub struct Front {
    high_pass: HighPass,
    progress: ProgressDetector,
    floor: NoiseFloor,
    waiting: [i16; STEP + FRAME_SAMPLES],
    count: usize,
    concealed: u32,
    steps: u32,
}

impl Default for Front {
    fn default() -> Self {
        Self::new()
    }
}

impl Front {
    pub fn new() -> Self {
        Front {
            high_pass: HighPass::new(),
            progress: ProgressDetector::new(),
            floor: NoiseFloor::new(),
            waiting: [0; STEP + FRAME_SAMPLES],
            count: 0,
            concealed: 0,
            steps: 0,
        }
    }

    /// 20 ms from the line, and how much of them the peer sent. Gives a step when enough has come together.
    pub fn hear(&mut self, frame: &Frame, kind: FrameKind) -> Option<Step> {
        self.concealed = if kind == FrameKind::Concealed { self.concealed + 1 } else { 0 };
        let progress = self.progress.hear(frame);
        let conditioned = self.high_pass.process(frame);
        self.waiting[self.count..self.count + FRAME_SAMPLES].copy_from_slice(&conditioned);
        self.count += FRAME_SAMPLES;
        let pcm = *self.waiting.first_chunk::<STEP>()?;
        if self.count < STEP {
            return None;
        }
        self.waiting.copy_within(STEP.., 0);
        self.count -= STEP;
        let over_floor_db = self.floor.step(dbov(&pcm));
        let may_be_voice = progress.may_be_voice() && self.concealed <= CONCEALED_MAX;
        self.steps = self.steps.saturating_add(1);
        let audible = over_floor_db >= AUDIBLE_OVER_FLOOR_DB || self.steps < FLOOR_STEPS;
        Some(Step { pcm, may_be_voice, over_floor_db, audible })
    }

    /// What is on the line just now.
    pub fn progress(&self) -> Progress {
        self.progress.now()
    }

    /// The network's signal: ringing, busy, a fax. It holds through the silences of its rhythm.
    pub fn signal(&self) -> Option<Signal> {
        self.progress.signal()
    }

    /// A tone such as follows the greeting of a recording machine.
    pub fn beeps(&self) -> bool {
        self.progress.beeps()
    }

    /// Whether the last `ms` of sound, which the detector took for an utterance, were tones or music, or came from far
    /// away.
    pub fn was_no_voice(&self, ms: u64) -> bool {
        self.progress.was_no_voice(ms)
    }

    /// The line's noise in dBov.
    pub fn floor_dbov(&self) -> f32 {
        self.floor.dbov()
    }
}
