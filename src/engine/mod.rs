//! The real engines behind the traits: recogniser, voice, activity detector, encoder; and the models they need.

pub mod closed;
pub mod denoise;
pub mod encoder;
pub mod eval;
pub mod models;
pub mod remote;
pub mod resample;
pub mod silero;
pub mod voice;
pub mod whisper;
pub mod whisper_guard;
pub mod whisper_set;
pub mod zhtts;
