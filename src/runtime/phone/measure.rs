//! Reply latency from the sound itself: from the last audible frame we sent to the first audible frame we got after it.
//! Nothing is taken from anybody's clock or log.

use crate::media::level::dbov;
use crate::media::{FRAME_MS, Frame};

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
        let at = self.replies.iter().position(|(began, _)| {
            *began + 350 >= start_ms && *began <= end_ms
        })?;
        let (_, latency) = self.replies.remove(at);
        Some(latency)
    }
}
