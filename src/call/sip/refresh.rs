//! What a line does for its session's timer, its re-INVITEs and its reliable responses: the machines' effects as messages,
//! and the peer's answers as their inputs.

use rsipstack::dialog::invitation::InviteOption;
use rsipstack::sip::{Header, Response, StatusCode};
use tokio::sync::oneshot;

use crate::call::error::CallError;
use crate::call::leg::{EndReason, Failure, Input, State};
use crate::call::reliable::{self, Rack};
use crate::call::session;
use crate::kernel::Moment;

use super::line::{Inner, Line};
use super::text;

impl Line {
    /// When any of the line's machines wants a tick.
    pub fn deadline(&self) -> Option<Moment> {
        let talking = matches!(self.machine.state(), State::Confirmed { .. });
        let session = self.session.deadline().filter(|_| talking);
        let reliable = self.reliable.as_ref().and_then(reliable::Reliable::deadline);
        [self.machine.deadline(), session, reliable].into_iter().flatten().min()
    }

    pub fn tick(&mut self) {
        let now = self.core.now();
        self.feed(Input::Tick);
        if matches!(self.machine.state(), State::Confirmed { .. }) {
            self.session.handle(now, session::Input::Tick);
            self.keep_alive();
        }
        if let Some(reliable) = &mut self.reliable {
            reliable.handle(now, reliable::Input::Tick);
            self.send_reliably();
        }
    }

    /// Carries out what the session's timer wants.
    fn keep_alive(&mut self) {
        for effect in self.session.drain() {
            match effect {
                session::Effect::Refresh => self.refresh(),
                session::Effect::Expire => {
                    let reason = EndReason::Failed(Failure::SessionExpired);
                    self.feed(Input::HangUp { reason });
                }
            }
        }
    }

    /// By UPDATE where the peer takes it, which leaves the descriptions alone; else by a re-INVITE with the last one.
    fn refresh(&mut self) {
        if self.updates {
            let dialog = self.dialog.clone();
            let done = self.inner.0.clone();
            let headers = Some(text::asking(&self.session));
            tokio::spawn(async move {
                let result = dialog.update(headers, None).await;
                done.send(Inner::Updated(Box::new(result))).await.ok();
            });
            return;
        }
        let sdp = self.sent.clone().unwrap_or_default();
        if self.machine.handle(self.core.now(), Input::Reinvite { sdp }).is_ok() {
            self.refreshing = true;
        } else {
            // Another change is under way.
            let refused = session::Input::Refused { code: Some(491), min_s: None };
            self.session.handle(self.core.now(), refused);
        }
    }

    /// What a refresh of ours came to.
    pub fn refreshed(&mut self, result: &rsipstack::Result<Option<Response>>) {
        let input = match result {
            Ok(Some(response)) if response.status_code.code() < 300 => {
                session::Input::Granted(text::said(&response.headers))
            }
            Ok(Some(response)) => {
                let code = response.status_code.code();
                // It does not take UPDATE after all.
                self.updates &= !matches!(code, 405 | 501);
                let min_s = text::said(&response.headers).min_s;
                session::Input::Refused { code: Some(code), min_s }
            }
            Ok(None) | Err(_) => session::Input::Refused { code: None, min_s: None },
        };
        self.session.handle(self.core.now(), input);
        self.keep_alive();
    }

    pub fn reinvite(&mut self, sdp: String) {
        self.sent = Some(sdp.clone());
        let dialog = self.dialog.clone();
        let done = self.inner.0.clone();
        let (headers, body) = text::with_sdp(Some(sdp));
        let mut headers = headers.unwrap_or_default();
        headers.extend(text::asking(&self.session));
        tokio::spawn(async move {
            let result = dialog.reinvite(Some(headers), body).await;
            done.send(Inner::Reinvited(Box::new(result))).await.ok();
        });
    }

    /// Our re-INVITE has been answered.
    pub fn reinvited(&mut self, result: &rsipstack::Result<Option<Response>>) {
        let code = result.as_ref().ok().and_then(Option::as_ref).map(|r| r.status_code.code());
        if code == Some(491) {
            // RFC 3261 14.1: who made the Call-ID waits longer, so that the two do not meet again.
            let wait_ms = if self.inbound {
                self.core.chance(2_000)
            } else {
                2_100 + self.core.chance(1_900)
            };
            self.feed(Input::ReinviteGlare { wait_ms });
            return;
        }
        if std::mem::take(&mut self.refreshing) || code.is_some_and(|code| code < 300) {
            self.refreshed(result);
        }
        if let Some(asker) = self.asker.take() {
            let answer = match result {
                Ok(Some(response)) => match text::sdp_of_response(response) {
                    Some(sdp) if response.status_code.code() < 300 => Ok(sdp),
                    _ => Err(format!(
                        "the re-INVITE was answered with {}",
                        response.status_code.code()
                    )),
                },
                Ok(None) => Err("the re-INVITE was not answered".to_owned()),
                Err(error) => Err(error.to_string()),
            };
            asker.send(answer.map_err(CallError::Stack)).ok();
        }
        self.feed(Input::ReinviteDone);
    }

    /// It met the peer's own, and that one stands.
    pub fn reinvite_lost(&mut self) {
        if std::mem::take(&mut self.refreshing) {
            let refused = session::Input::Refused { code: Some(491), min_s: None };
            self.session.handle(self.core.now(), refused);
        }
        if let Some(asker) = self.asker.take() {
            let told = "the other side changed the session at the same time".to_owned();
            asker.send(Err(CallError::Stack(told))).ok();
        }
    }

    /// 422 to our INVITE: once more, with the interval that it asks for (RFC 4028 7.3).
    pub fn ask_longer(&mut self, response: &Response, again: Option<Box<InviteOption>>) {
        let min_s = text::said(&response.headers).min_s;
        let refused = session::Input::Refused { code: Some(422), min_s };
        self.session.handle(self.core.now(), refused);
        let begun = again.zip(min_s).and_then(|(mut option, _)| {
            option.headers = Some(text::asking_invite(&self.session));
            option.call_id = Some(self.dialog.id().call_id);
            let (sender, states) = self.core.parts.dialogs.new_dialog_state_channel();
            let begun = self.core.parts.dialogs.do_invite_async(*option, sender).ok();
            begun.map(|(dialog, invite)| (dialog, invite, states))
        });
        let Some((dialog, invite, states)) = begun else {
            self.feed(Input::PeerRefused { code: 422 });
            return;
        };
        self.core.parts.dialogs.remove_dialog(&self.dialog.id());
        (self.dialog, self.states, self.invite) = (dialog, states, Some(invite));
    }

    /// 180, or 183 with a description; so that it arrives when the caller requires that.
    pub fn ring(&mut self, early: Option<String>) {
        if early.is_some() {
            self.sent.clone_from(&early);
        }
        if let Some(reliable) = &mut self.reliable {
            reliable.handle(self.core.now(), reliable::Input::Send { sdp: early });
            self.send_reliably();
            return;
        }
        let (headers, body) = text::with_sdp(early);
        self.dialog.ringing(headers, body).ok();
    }

    fn send_reliably(&mut self) {
        let Some(reliable) = &mut self.reliable else { return };
        for effect in reliable.drain() {
            match effect {
                reliable::Effect::Send { rseq, sdp } => {
                    let (headers, body) = text::with_sdp(sdp);
                    let mut headers = headers.unwrap_or_default();
                    headers.push(Header::Require("100rel".into()));
                    headers.push(Header::RSeq(rseq.to_string().into()));
                    self.dialog.ringing(Some(headers), body).ok();
                }
                reliable::Effect::GiveUp => {
                    self.held = None;
                    self.dialog.reject(Some(StatusCode::ServerTimeOut), None).ok();
                    let broken = Input::Broken { failure: Failure::NoAck };
                    self.inner.0.try_send(Inner::Leg(broken)).ok();
                }
            }
        }
    }

    pub fn prack(&mut self, rack: Rack, sdp: Option<String>, done: oneshot::Sender<u16>) {
        let now = self.core.now();
        let code = self.reliable.as_mut().map_or(481, |reliable| reliable.prack(now, &rack));
        // An offer of its own in the PRACK is one more than we take; that of the response is acknowledged all the same.
        let offers = sdp.is_some() && self.offered;
        if code == 200 && !self.offered && sdp.is_some() {
            self.pracked = sdp;
        }
        done.send(if code == 200 && offers { 488 } else { code }).ok();
        self.send_reliably();
        let free = !self.reliable.as_ref().is_some_and(reliable::Reliable::holds_answer);
        if let Some(sdp) = self.held.take_if(|_| free) {
            self.feed(Input::Answer { sdp });
        }
    }
}
