//! Callers passed on by REFER: at the wish of an agent's telephone, and by the trunk at ours.

use std::time::Duration;

use super::Shell;
use crate::call::{EndReason, Failure, ReferAnswer};
use crate::hotline::{Input, Outside, Party, Referral};
use crate::kernel::{CallId, LegId, Pii};

/// The trunk has reached somebody by then, or has not.
const REFER_DEADLINE: Duration = Duration::from_secs(45);
/// A leg takes in what it is told within this.
const TAKEN_IN: Duration = Duration::from_millis(200);

impl Shell {
    /// In its place among what the leg is told: a BYE that follows must not overtake it. The leg only has to take it in.
    pub(super) async fn answer_refer(&mut self, leg: LegId, answer: Referral) {
        let answer = match answer {
            Referral::Accepted => ReferAnswer::Accepted,
            Referral::Declined => ReferAnswer::Declined,
            Referral::Reached => ReferAnswer::Reached,
            Referral::Missed => ReferAnswer::Missed,
        };
        let told = self.parts.line.answer_refer(leg, answer);
        match tokio::time::timeout(TAKEN_IN, told).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(%leg, %error, "a REFER was not answered"),
            Err(_) => tracing::warn!(%leg, "a leg does not take in what it is told"),
        }
    }

    /// Counts as a call on `leg`. A browser is no trunk: then we call ourselves.
    pub(super) async fn refer(&mut self, call: CallId, leg: LegId, caller: LegId, to: Outside) {
        if self.parts.browsers.has(caller) {
            return self.dial(call, leg, Party::Outside(to)).await;
        }
        let (line, inbox) = (self.parts.line.clone(), self.parts.inbox.clone());
        self.tasks.spawn(async move {
            let refer = line.refer(caller, Pii::new(to.uri));
            let reached = tokio::time::timeout(REFER_DEADLINE, refer).await;
            let inputs = match reached {
                Ok(Ok(true)) => {
                    let reason = EndReason::HungUpByPeer;
                    vec![Input::LegUp { leg }, Input::LegEnded { leg, reason }]
                }
                _ => {
                    let reason = EndReason::Failed(Failure::NoReply);
                    vec![Input::LegEnded { leg, reason }]
                }
            };
            for input in inputs {
                let _ = inbox.send(super::Message::Input(input)).await;
            }
        });
    }
}
