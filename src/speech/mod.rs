//! Words from sound and sound from words: what the engines must do, and whose turn it is.

pub mod engine;
pub mod event;
pub mod expected;
pub mod gated;
pub mod turn;

pub use engine::{Asr, Heard, SAMPLE_RATE, SpeechError, Tts, VAD_STEP, Vad};
pub use event::{Speaker, Utterance};
pub use expected::{Class, Expected, Form, Shape};
pub use gated::Gated;
pub use turn::{Listening, Saying, Turn};
