//! Sound before the answer.

use super::super::call_task::{MediaCommand, Ringing};
use super::Shell;
use crate::call::{EndReason, sdp};
use crate::hotline::Input;
use crate::kernel::LegId;

impl Shell {
    /// Sound comes though nobody has picked up: of a citizen's line the network's announcements are heard.
    pub(super) fn early(&mut self, leg: LegId, answer: &str) {
        if !self.citizens.contains(&leg) {
            return;
        }
        let Some((call, mut arranged)) = self.arranged.remove(&leg) else {
            return self.agree(leg, answer);
        };
        match sdp::accept(answer, &arranged.local) {
            Ok(negotiated) => {
                arranged.rtp.agree(&negotiated);
                self.start_call(call, leg, arranged, Ringing::There);
            }
            Err(error) => {
                // It may still be answered in words that we know.
                tracing::warn!(%leg, %error, "sound before the answer is not heard");
                self.arranged.insert(leg, (call, arranged));
            }
        }
    }

    /// Whoever was rung has picked up; the sound has flowed before.
    pub(super) async fn answered_after_sound(&mut self, leg: LegId, answer: &str) {
        if self.locals.contains_key(&leg) {
            self.agree(leg, answer);
            self.to_media(leg, MediaCommand::PickedUp);
            self.input(Input::LegUp { leg }).await;
        }
    }

    /// The session of a leg whose sound flows already is told once more.
    pub(super) fn agree(&mut self, leg: LegId, answer: &str) {
        let Some((_, local)) = self.locals.get(&leg) else { return };
        match sdp::accept(answer, local) {
            Ok(negotiated) => self.to_media(leg, MediaCommand::Agree(leg, negotiated)),
            Err(error) => {
                tracing::warn!(%leg, %error, "an answer to our offer was refused");
                self.hang_up(leg, EndReason::HungUpByUs);
            }
        }
    }
}
