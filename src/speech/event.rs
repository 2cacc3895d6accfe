//! What the conversation sees of sound: utterances.

use crate::kernel::{CallId, Evidence};

/// Whose words they are.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Speaker {
    Caller,
    Robot,
    Agent,
}

impl Speaker {
    pub const fn key(self) -> &'static str {
        match self {
            Speaker::Caller => "caller",
            Speaker::Robot => "robot",
            Speaker::Agent => "agent",
        }
    }
}

/// One person's words between two silences.
#[derive(Clone, PartialEq, Debug)]
pub struct Utterance {
    pub call: CallId,
    /// Counts the utterances of this call, all speakers together, from 0.
    pub index: u32,
    pub speaker: Speaker,
    /// Simplified Chinese, as recognised or as spoken.
    pub text: String,
    /// From the start of the call's recording.
    pub start_ms: u64,
    pub end_ms: u64,
    /// 0 to 1.
    pub confidence: f32,
}

impl Utterance {
    pub fn evidence(&self) -> Evidence {
        Evidence {
            utterance: self.index,
            start_ms: self.start_ms,
            end_ms: self.end_ms,
            confidence: self.confidence,
        }
    }
}
