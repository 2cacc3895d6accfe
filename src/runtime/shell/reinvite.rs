//! Changes of sessions that stand.

use super::super::call_task::MediaCommand;
use super::Shell;
use crate::call::{ReinviteAnswer, sdp};
use crate::hotline::Input;
use crate::kernel::LegId;

impl Shell {
    /// A peer changes its session: the sound follows, the call goes on.
    pub(super) fn reinvited(&mut self, leg: LegId, offer: Option<String>) {
        let line = self.parts.line.clone();
        let Some((_, local)) = self.locals.get_mut(&leg) else { return };
        local.version += 1;
        let local = *local;
        let answer = match offer {
            None => ReinviteAnswer::Accept { sdp: sdp::offer(&local) },
            Some(offer) => match sdp::answer(&offer, &local) {
                Ok((sdp, negotiated)) => {
                    self.to_media(leg, MediaCommand::Agree(leg, negotiated));
                    self.tell_hold(leg, !negotiated.direction.we_send());
                    ReinviteAnswer::Accept { sdp }
                }
                Err(error) => ReinviteAnswer::Refuse { code: error.status() },
            },
        };
        self.on_line(leg, "re-INVITE", async move { line.answer_reinvite(leg, answer).await });
    }

    /// On a telephone of ours the other side was put on hold, or taken off it: the caller's music is our own.
    fn tell_hold(&mut self, leg: LegId, on: bool) {
        let changed = if on { self.holding.insert(leg) } else { self.holding.remove(&leg) };
        if changed && !self.citizens.contains(&leg) {
            self.later(Input::Held { leg, on });
        }
    }
}
