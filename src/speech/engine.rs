//! What a recogniser, a voice and an activity detector must do. All sound here is 8 kHz mono, 16 bit: the telephone's.

use std::ops::ControlFlow;

use super::expected::Expected;

pub const SAMPLE_RATE: u32 = 8000;
/// One step of a [`Vad`]: 32 ms.
pub const VAD_STEP: usize = 256;

#[derive(Debug, thiserror::Error)]
pub enum SpeechError {
    #[error("{model} is not there ({detail}); `huiyin models fetch` brings it")]
    ModelMissing { model: &'static str, detail: String },
    #[error("{model} cannot be used: {detail}")]
    ModelBroken { model: &'static str, detail: String },
    #[error("inference failed in {engine}: {detail}")]
    Inference { engine: &'static str, detail: String },
    #[error("text cannot be spoken: {0}")]
    Unspeakable(String),
}

/// What a recogniser made of a stretch of sound.
#[derive(Clone, PartialEq, Debug)]
pub enum Heard {
    Words {
        /// Simplified Chinese.
        text: String,
        /// 0 to 1, from the mean log-probability of the text tokens.
        confidence: f32,
        /// They are one of the answers asked for, whole: the closed set accepted them, all digits are there.
        complete: bool,
    },
    /// There was sound, but nothing that can be believed: noise, a loop, a guess below the threshold.
    Unclear,
}

/// A recogniser. One per inference thread.
pub trait Asr: Send {
    /// `expected` is what the question makes likely; an engine that cannot use it ignores it. `last`: the turn is over. When
    /// false the result is only a look ahead and may be cheaper.
    fn recognise(
        &mut self,
        pcm: &[i16],
        expected: &Expected,
        last: bool,
    ) -> Result<Heard, SpeechError>;
}

/// A voice. One per inference thread.
pub trait Tts: Send {
    /// Renders `text` and hands out pieces of sound as they are ready; `Break` stops the rendering.
    fn speak(
        &mut self,
        text: &str,
        sink: &mut dyn FnMut(&[i16]) -> ControlFlow<()>,
    ) -> Result<(), SpeechError>;
    /// Names the voice and its version: part of the key of rendered sound.
    fn name(&self) -> &str;
    /// What the sound of a text is made of, the other part of its key: texts that sound alike have one form, and a text
    /// that is read differently since has another. The text itself, where the voice does not know better.
    fn form(&self, text: &str) -> String {
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

/// Voice activity of one stream of sound. Holds that stream's state; cheap enough for the frame task.
pub trait Vad: Send {
    /// The probability, 0 to 1, that this step is speech.
    fn step(&mut self, pcm: &[i16; VAD_STEP]) -> f32;
    fn reset(&mut self);
}
