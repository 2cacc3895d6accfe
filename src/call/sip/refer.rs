//! REFER and NOTIFY on a leg's dialog: the machine of [`crate::call::refer`] over the SIP stack.

use std::time::Duration;

use rsipstack::dialog::dialog::TransactionHandle;
use rsipstack::sip::{Header, Request, StatusCode};
use tokio::sync::oneshot;

use crate::call::refer::{Effect, Input};
use crate::call::signalling::SignalEvent;
use crate::kernel::Pii;

use super::line::{Inner, Line};
use super::text;

/// A BYE waits so long for the NOTIFY before it.
pub const NOTIFY_WAIT: Duration = Duration::from_secs(1);

/// How often, and after how long each time, a dialog whose REFER was just answered is looked at.
const SETTLING_LOOKS: u32 = 100;
const SETTLING_LOOK: Duration = Duration::from_millis(5);

impl Line {
    /// A command of the program's; `outcome`: where it goes whether the peer has reached somebody.
    pub async fn refer(&mut self, input: Input, outcome: Option<oneshot::Sender<bool>>) {
        if outcome.is_some() {
            if !self.refer.is_idle() {
                outcome.map(|outcome| outcome.send(false));
                return;
            }
            self.refer_outcome = outcome;
        }
        self.refer.handle(input);
        self.perform_refer().await;
    }

    /// The peer's REFER.
    pub async fn referred(&mut self, request: &Request, handle: TransactionHandle) {
        if !self.refer.is_idle() {
            handle.reply(StatusCode::from(491)).await.ok();
            return;
        }
        let targets = request.headers.iter().filter_map(|header| match header {
            Header::ReferTo(to) => Some(to.value().to_owned()),
            _ => None,
        });
        let targets = targets.collect();
        self.refer_handle = Some(handle);
        self.refer(Input::Peer { targets }, None).await;
    }

    /// True: the NOTIFY was about a REFER of ours.
    pub async fn notified(&mut self, request: &Request) -> bool {
        if !self.refer.listens() {
            return false;
        }
        let body = String::from_utf8_lossy(&request.body).into_owned();
        self.refer(Input::Notified { body }, None).await;
        true
    }

    async fn perform_refer(&mut self) {
        for effect in self.refer.drain() {
            match effect {
                Effect::Reply { code } => {
                    if let Some(handle) = self.refer_handle.take() {
                        handle.reply(StatusCode::from(code)).await.ok();
                    }
                }
                Effect::Notify { code, last } => self.notify(code, last),
                Effect::Report { to } => {
                    let event = SignalEvent::Refer { leg: self.leg, to: Pii::new(to) };
                    self.core.parts.events.send(event).await.ok();
                }
                Effect::Send { to } => self.send_refer(to),
                Effect::Done { reached } => {
                    if let Some(outcome) = self.refer_outcome.take() {
                        outcome.send(reached).ok();
                    }
                }
            }
        }
    }

    /// One after the other: the last one must not overtake the first.
    fn notify(&mut self, code: u16, last: bool) {
        let (dialog, before) = (self.dialog.clone(), self.notifying.take());
        self.notifying = Some(tokio::spawn(async move {
            if let Some(before) = before {
                before.await.ok();
            }
            // Until the stack has done with the REFER the dialog sends nothing, and says nothing of it.
            for _ in 0..SETTLING_LOOKS {
                if dialog.state().is_confirmed() {
                    break;
                }
                tokio::time::sleep(SETTLING_LOOK).await;
            }
            let (headers, body) = text::sipfrag(code, last);
            dialog.notify(Some(headers), Some(body)).await.ok();
        }));
    }

    fn send_refer(&self, to: String) {
        let (dialog, done) = (self.dialog.clone(), self.inner.0.clone());
        tokio::spawn(async move {
            let answer = dialog.refer(format!("<{to}>"), None, None).await;
            let code = answer.ok().flatten().map(|response| response.status_code.code());
            done.send(Inner::Referred(code)).await.ok();
        });
    }
}
