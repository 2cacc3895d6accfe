//! Sound on its way: RTP packets in, 20 ms frames in the middle, RTP packets out.
//!
//! Everything here is 8 kHz, mono, 16-bit, in frames of 20 ms. Machines without IO: bytes and time in, bytes and frames
//! out. The exceptions are [`record`], whose job is writing a file and which says on which thread, and [`wav::read`].

pub mod cadence;
pub mod codec;
pub mod comfort;
pub mod conceal;
pub mod condition;
pub mod degrade;
pub mod dtmf;
mod error;
pub mod floor;
pub mod front;
pub mod jitter;
pub mod latch;
pub mod level;
pub mod mixer;
pub mod music;
pub mod network;
pub mod player;
pub mod progress;
pub mod record;
pub mod resample;
pub mod rtcp;
pub mod rtp;
pub mod spectrum;
pub mod srtp;
pub mod tones;
pub mod wav;

pub use cadence::Signal;
pub use codec::Codec;
pub use dtmf::{Key, KeyEvent};
pub use error::MediaError;
pub use front::Front;
pub use jitter::{FrameKind, JitterBuffer};
pub use mixer::{Mixer, blend};
pub use player::{Background, Player, PlayerEvent};
pub use progress::Progress;

/// Samples a second.
pub const RATE: u32 = 8_000;
/// Length of a frame.
pub const FRAME_MS: u64 = 20;
/// Samples of a frame.
pub const FRAME_SAMPLES: usize = 160;
/// Samples of a millisecond.
pub const SAMPLES_PER_MS: usize = 8;

/// 20 ms of sound.
pub type Frame = [i16; FRAME_SAMPLES];

/// 20 ms of nothing at all.
pub const SILENCE: Frame = [0; FRAME_SAMPLES];
