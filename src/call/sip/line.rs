//! Drives one leg: the machine of [`crate::call::leg`] on one side, one dialog of the SIP stack on the other.

use std::sync::Arc;
use std::time::Duration;

use rsipstack::dialog::DialogId;
use rsipstack::dialog::dialog::{
    DialogState, DialogStateReceiver, TerminatedReason, TransactionHandle,
};
use rsipstack::dialog::invite_dialog::InviteDialog;
use rsipstack::sip::{Header, Method, Request, Response, StatusCode};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::call::error::CallError;
use crate::call::leg::{Effect, EndReason, Failure, Input, Leg, Refused, Report, State};
use crate::call::signalling::SignalEvent;
use crate::kernel::{LegId, Pii};

use super::core::Core;
use super::text;

/// How long the stack may take to file a dialog away after its INVITE is answered.
const FILING_WAIT: Duration = Duration::from_secs(1);

/// A command for a leg, with where its outcome goes.
pub struct Command {
    pub input: Input,
    pub done: oneshot::Sender<Result<(), CallError>>,
    /// For [`Input::Reinvite`]: the peer's answer.
    pub agreed: Option<oneshot::Sender<Result<String, CallError>>>,
}

/// What the INVITE of an outbound leg came to.
pub type Outcome = rsipstack::Result<(DialogId, Option<Response>)>;

/// One leg's dialog and what hangs on it.
pub struct Line {
    pub core: Arc<Core>,
    pub leg: LegId,
    pub machine: Leg,
    pub dialog: InviteDialog,
    pub inbound: bool,
    pub states: DialogStateReceiver,
    pub inbox: mpsc::Receiver<Command>,
    /// Outbound: the stack's task of the INVITE.
    pub invite: Option<JoinHandle<Outcome>>,
    /// The peer's re-INVITE that is not yet answered.
    pub change: Option<TransactionHandle>,
    pub cancelled: bool,
    /// What tasks of this leg report back.
    pub inner: (mpsc::Sender<Input>, mpsc::Receiver<Input>),
}

impl Line {
    /// Until the leg has ended and said so: the last thing it does, when nothing of it is left.
    pub async fn run(mut self) {
        let reason = loop {
            self.perform(None).await;
            if let State::Ended { reason } = *self.machine.state() {
                break reason;
            }
            let wait = self.machine.deadline().map(|at| at.since(self.core.now()));
            tokio::select! {
                command = self.inbox.recv() => match command {
                    Some(command) => self.command(command).await,
                    None => self.feed(Input::HangUp { reason: EndReason::ServerStopped }),
                },
                Some(state) = self.states.recv() => self.hear(state).await,
                Some(input) = self.inner.1.recv() => self.feed(input),
                outcome = finished(&mut self.invite) => self.invited(outcome),
                () = sleep_ms(wait) => self.feed(Input::Tick),
            }
        };
        self.clear().await;
        self.core.events.send(SignalEvent::Ended { leg: self.leg, reason }).await.ok();
    }

    /// The peer's doings and the clock: never refused.
    fn feed(&mut self, input: Input) {
        let now = self.core.now();
        if let Err(Refused { command, state }) = self.machine.handle(now, input) {
            tracing::debug!(leg = %self.leg, command, state, "ignored");
        }
    }

    async fn command(&mut self, command: Command) {
        let Command { input, done, agreed } = command;
        let result = self.machine.handle(self.core.now(), input).map_err(|refused| {
            CallError::WrongState { leg: self.leg, command: refused.command, state: refused.state }
        });
        let accepted = result.is_ok();
        if accepted {
            self.perform(agreed).await;
        } else if let (Some(agreed), Err(error)) = (agreed, &result) {
            agreed.send(Err(CallError::Stack(error.to_string()))).ok();
        }
        done.send(result).ok();
    }

    /// The stack's news as inputs.
    async fn hear(&mut self, state: DialogState) {
        match state {
            DialogState::Early(_, response) if !self.inbound => {
                self.feed(match text::sdp_of_response(&response) {
                    Some(sdp) => Input::PeerEarly { sdp },
                    None => Input::PeerRinging,
                });
            }
            DialogState::Confirmed(_, response) => self.feed(if self.inbound {
                let sdp = self.dialog.last_remote_ack().and_then(|ack| text::sdp_of(&ack));
                Input::PeerAcked { sdp }
            } else {
                Input::PeerAnswered { sdp: text::sdp_of_response(&response) }
            }),
            DialogState::Updated(_, request, handle) => self.updated(&request, handle).await,
            DialogState::Info(_, request, handle) => self.informed(&request, &handle).await,
            DialogState::Options(_, _, handle) => {
                let headers = Some(text::capabilities());
                handle.respond(StatusCode::OK, headers, None).await.ok();
            }
            DialogState::Refer(_, _, handle) => {
                handle.reply(StatusCode::Decline).await.ok();
            }
            DialogState::Notify(_, _, handle)
            | DialogState::Message(_, _, handle)
            | DialogState::Publish(_, _, handle) => {
                let headers = Some(vec![text::allow()]);
                handle.respond(StatusCode::MethodNotAllowed, headers, None).await.ok();
            }
            DialogState::Terminated(_, reason) => {
                if let Some(input) = self.terminated(&reason) {
                    self.feed(input);
                }
            }
            DialogState::Calling(_)
            | DialogState::Trying(_)
            | DialogState::Early(..)
            | DialogState::WaitAck(..) => {}
        }
    }

    fn terminated(&self, reason: &TerminatedReason) -> Option<Input> {
        Some(match reason {
            TerminatedReason::UacCancel if self.inbound => Input::PeerCancelled,
            // Ours: the INVITE is over, whatever it was answered with.
            TerminatedReason::UacCancel => Input::PeerRefused { code: 487 },
            TerminatedReason::UacBye if self.inbound => Input::PeerBye,
            TerminatedReason::UasBye if !self.inbound => Input::PeerBye,
            TerminatedReason::UacBye | TerminatedReason::UasBye => Input::ByeDone,
            TerminatedReason::UasDecline => return None,
            TerminatedReason::UasBusy | TerminatedReason::UacBusy => {
                Input::PeerRefused { code: 486 }
            }
            TerminatedReason::ProxyAuthRequired => Input::PeerRefused { code: 401 },
            TerminatedReason::UasOther(code)
            | TerminatedReason::UacOther(code)
            | TerminatedReason::ProxyError(code) => Input::PeerRefused { code: code.code() },
            TerminatedReason::Timeout if self.inbound => Input::Broken { failure: Failure::NoAck },
            TerminatedReason::Timeout => Input::Broken { failure: Failure::NoReply },
        })
    }

    /// The stack's task of our INVITE has ended; its states have said all there is to say, unless it failed.
    fn invited(&mut self, outcome: Option<Outcome>) {
        match outcome {
            Some(Ok((_, Some(_)))) => {}
            Some(Ok((_, None))) => self.feed(Input::Broken { failure: Failure::NoReply }),
            Some(Err(_)) | None => self.feed(Input::Broken { failure: Failure::Network }),
        }
    }

    /// re-INVITE or UPDATE.
    async fn updated(&mut self, request: &Request, handle: TransactionHandle) {
        let sdp = text::sdp_of(request);
        if request.method == Method::Update && sdp.is_none() {
            handle.reply(StatusCode::OK).await.ok();
            return;
        }
        if self.change.is_some() {
            // RFC 3261 14.2: a second one before the first is answered.
            let retry = Some(vec![Header::RetryAfter("3".into())]);
            handle.respond(StatusCode::ServerInternalError, retry, None).await.ok();
            return;
        }
        self.change = Some(handle);
        self.feed(Input::PeerReinvite { sdp });
    }

    async fn informed(&mut self, request: &Request, handle: &TransactionHandle) {
        match text::dtmf_of(request) {
            text::InfoBody::Digit(digit) => {
                handle.reply(StatusCode::OK).await.ok();
                self.feed(Input::PeerDigit { digit });
            }
            text::InfoBody::Empty => {
                handle.reply(StatusCode::OK).await.ok();
            }
            text::InfoBody::Unreadable => {
                handle.reply(StatusCode::BadRequest).await.ok();
            }
            text::InfoBody::Unknown => {
                let accept = Header::Accept("application/dtmf-relay, application/dtmf".into());
                let headers = Some(vec![accept]);
                handle.respond(StatusCode::UnsupportedMediaType, headers, None).await.ok();
            }
        }
    }

    async fn perform(&mut self, mut agreed: Option<oneshot::Sender<Result<String, CallError>>>) {
        for effect in self.machine.drain() {
            match effect {
                Effect::SendRinging { early } => {
                    let (headers, body) = text::with_sdp(early);
                    self.dialog.ringing(headers, body).ok();
                }
                Effect::SendAnswer { sdp } => self.accept(sdp),
                Effect::SendRefusal { code } => {
                    self.dialog.reject(Some(StatusCode::from(code)), None).ok();
                }
                Effect::SendCancel => self.cancel(),
                Effect::Abandon => self.abandon(),
                Effect::SendBye { reason } => self.bye(reason),
                Effect::SendReinvite { sdp } => self.reinvite(sdp, agreed.take()),
                Effect::SendReinviteAnswer { sdp } => {
                    if let Some(handle) = self.change.take() {
                        let (headers, body) = text::with_sdp(Some(sdp));
                        handle.respond(StatusCode::OK, headers, body).await.ok();
                    }
                }
                Effect::SendReinviteRefusal { code } => {
                    if let Some(handle) = self.change.take() {
                        handle.reply(StatusCode::from(code)).await.ok();
                    }
                }
                Effect::SendDigit { digit } => self.send_digit(digit),
                Effect::Report(report) => self.report(report).await,
            }
        }
    }

    fn accept(&self, sdp: String) {
        let (headers, body) = text::with_sdp(Some(sdp));
        let mut headers = headers.unwrap_or_default();
        headers.push(text::allow());
        if self.dialog.accept(Some(headers), body).is_err() {
            self.inner.0.try_send(Input::Broken { failure: Failure::Protocol }).ok();
        }
    }

    fn cancel(&mut self) {
        self.cancelled = true;
        let dialog = self.dialog.clone();
        tokio::spawn(async move { dialog.cancel().await.ok() });
    }

    /// Nothing to wait for any longer. A CANCEL that is already under way keeps its INVITE until its end; else the
    /// stack stops repeating the INVITE and cancels it should anything still come back.
    fn abandon(&mut self) {
        if let Some(invite) = self.invite.take()
            && !self.cancelled
        {
            invite.abort();
        }
    }

    fn bye(&self, reason: EndReason) {
        let dialog = self.dialog.clone();
        let done = self.inner.0.clone();
        let header = text::reason_header(reason);
        tokio::spawn(async move {
            dialog.bye_with_headers(Some(vec![header])).await.ok();
            done.send(Input::ByeDone).await.ok();
        });
    }

    fn reinvite(&self, sdp: String, agreed: Option<oneshot::Sender<Result<String, CallError>>>) {
        let dialog = self.dialog.clone();
        let done = self.inner.0.clone();
        let (headers, body) = text::with_sdp(Some(sdp));
        tokio::spawn(async move {
            let result = match dialog.reinvite(headers, body).await {
                Ok(Some(response)) => match text::sdp_of_response(&response) {
                    Some(sdp) if response.status_code.code() < 300 => Ok(sdp),
                    _ => Err(CallError::Stack(format!(
                        "the re-INVITE was answered with {}",
                        response.status_code.code()
                    ))),
                },
                Ok(None) => Err(CallError::Stack("the re-INVITE was not answered".to_owned())),
                Err(error) => Err(CallError::Stack(error.to_string())),
            };
            if let Some(agreed) = agreed {
                agreed.send(result).ok();
            }
            done.send(Input::ReinviteDone).await.ok();
        });
    }

    fn send_digit(&self, digit: char) {
        let dialog = self.dialog.clone();
        let (headers, body) = text::dtmf_relay(digit);
        tokio::spawn(async move { dialog.info(Some(headers), Some(body)).await.ok() });
    }

    async fn report(&self, report: Report) {
        let leg = self.leg;
        let event = match report {
            Report::Ringing => SignalEvent::Ringing { leg },
            Report::Early { sdp } => SignalEvent::Early { leg, sdp },
            Report::Answered { sdp } => SignalEvent::Answered { leg, sdp },
            Report::Confirmed { sdp } => SignalEvent::Confirmed { leg, sdp },
            Report::Digit { digit } => SignalEvent::Digit { leg, digit: Pii::new(digit) },
            Report::Reinvite { sdp } => SignalEvent::Reinvite { leg, sdp },
            // Said by `run`.
            Report::Ended { .. } => return,
        };
        // A program that has dropped the receiver is going down: the leg still ends in order.
        self.core.events.send(event).await.ok();
    }

    /// The stack never forgets a dialog by itself.
    async fn clear(&mut self) {
        if let Some(handle) = self.change.take() {
            handle.reply(StatusCode::RequestTerminated).await.ok();
        }
        if let Some(invite) = self.invite.take() {
            // The stack files an answered dialog under its full id just after it reported the answer.
            tokio::time::timeout(FILING_WAIT, invite).await.ok();
        }
        self.core.dialogs.remove_dialog(&self.dialog.id());
        self.core.forget(self.leg);
    }
}

/// Ready once, with the outcome of the INVITE; `None`: its task was aborted. Never ready for an inbound leg.
async fn finished(invite: &mut Option<JoinHandle<Outcome>>) -> Option<Outcome> {
    let outcome = match invite {
        Some(handle) => handle.await.ok(),
        None => std::future::pending().await,
    };
    *invite = None;
    outcome
}

async fn sleep_ms(wait: Option<u64>) {
    match wait {
        Some(ms) => tokio::time::sleep(Duration::from_millis(ms)).await,
        None => std::future::pending().await,
    }
}
