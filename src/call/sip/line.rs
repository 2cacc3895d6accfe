//! Drives one leg: the machine of [`crate::call::leg`] on one side, one dialog of the SIP stack on the other.

use std::sync::Arc;
use std::time::Duration;

use rsipstack::dialog::DialogId;
use rsipstack::dialog::dialog::{
    DialogState, DialogStateReceiver, TerminatedReason, TransactionHandle,
};
use rsipstack::dialog::invitation::InviteOption;
use rsipstack::dialog::invite_dialog::InviteDialog;
use rsipstack::sip::{Header, Method, Request, Response, StatusCode};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::call::error::CallError;
use crate::call::leg::{Effect, EndReason, Failure, Input, Leg, Refused, Report, State};
use crate::call::refer::Refer;
use crate::call::reliable::{Rack, Reliable};
use crate::call::session::{self, Agreed, Session};
use crate::call::signalling::SignalEvent;
use crate::kernel::limits::LEG_INBOX;
use crate::kernel::{LegId, Pii};

use super::core::Core;
use super::text;

/// How long the stack may take to file a dialog away after its INVITE is answered.
const FILING_WAIT: Duration = Duration::from_secs(1);

/// What reaches a leg from this side of the line.
pub enum Command {
    Order(Order),
    /// What was decided of the peer's REFER, or one of ours, and where its outcome goes.
    Refer {
        input: crate::call::refer::Input,
        outcome: Option<oneshot::Sender<bool>>,
    },
    /// A PRACK of the peer's, and where the code of its answer goes.
    Prack {
        rack: Rack,
        sdp: Option<String>,
        done: oneshot::Sender<u16>,
    },
}

/// A command of the program's, with where its outcome goes.
pub struct Order {
    pub input: Input,
    pub done: oneshot::Sender<Result<(), CallError>>,
    /// For [`Input::Reinvite`]: the peer's answer.
    pub agreed: Option<Asker>,
}

/// Who waits for the peer's answer to a re-INVITE.
pub type Asker = oneshot::Sender<Result<String, CallError>>;

/// What tasks of a leg report back.
pub enum Inner {
    Leg(Input),
    /// A re-INVITE of ours has been answered. Boxed, as the other: a queue's room is taken ahead for its largest item.
    Reinvited(Box<rsipstack::Result<Option<Response>>>),
    /// A REFER of ours has been answered, with this code.
    Referred(Option<u16>),
    /// An UPDATE of ours has been answered.
    Updated(Box<rsipstack::Result<Option<Response>>>),
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
    /// Outbound: the stack's task of the INVITE, and what to send should it have to be sent again.
    pub invite: Option<JoinHandle<Outcome>>,
    pub again: Option<Box<InviteOption>>,
    /// The peer's re-INVITE or UPDATE that is not yet answered, and what its 2xx will say of the session's timer.
    pub change: Option<(TransactionHandle, Option<Agreed>)>,
    pub cancelled: bool,
    pub session: Session,
    /// Inbound: where a refusal with 503 goes, which says when to come again.
    pub for_now: Option<oneshot::Sender<()>>,
    /// Inbound: what our 200 will say of the session's timer.
    pub timer: Option<Agreed>,
    /// Inbound: the INVITE has an offer.
    pub offered: bool,
    /// Inbound: the INVITE requires that provisional responses arrive.
    pub reliable: Option<Reliable>,
    /// An answer that waits for a PRACK.
    pub held: Option<String>,
    /// The peer's answer to our offer in a provisional response, or in the PRACK of one.
    pub pracked: Option<String>,
    /// The last description that we have sent.
    pub sent: Option<String>,
    /// The peer takes UPDATE.
    pub updates: bool,
    /// The re-INVITE of ours under way only refreshes the session.
    pub refreshing: bool,
    pub asker: Option<Asker>,
    pub refer: Refer,
    /// The peer's REFER that is not yet answered.
    pub refer_handle: Option<TransactionHandle>,
    pub refer_outcome: Option<oneshot::Sender<bool>>,
    /// The NOTIFY under way.
    pub notifying: Option<JoinHandle<()>>,
    pub inner: (mpsc::Sender<Inner>, mpsc::Receiver<Inner>),
}

impl Line {
    pub fn new(
        core: Arc<Core>,
        leg: LegId,
        machine: Leg,
        dialog: InviteDialog,
        states: DialogStateReceiver,
        inbox: mpsc::Receiver<Command>,
        session: Session,
    ) -> Line {
        Line {
            core,
            leg,
            machine,
            dialog,
            inbound: false,
            states,
            inbox,
            invite: None,
            again: None,
            change: None,
            cancelled: false,
            session,
            for_now: None,
            timer: None,
            offered: false,
            reliable: None,
            held: None,
            pracked: None,
            sent: None,
            updates: false,
            refreshing: false,
            asker: None,
            refer: Refer::default(),
            refer_handle: None,
            refer_outcome: None,
            notifying: None,
            inner: mpsc::channel(LEG_INBOX),
        }
    }

    /// Until the leg has ended and said so: the last thing it does, when nothing of it is left.
    pub async fn run(mut self) {
        let reason = loop {
            self.perform().await;
            if let State::Ended { reason } = *self.machine.state() {
                break reason;
            }
            let wait = self.deadline().map(|at| at.since(self.core.now()));
            tokio::select! {
                command = self.inbox.recv() => match command {
                    Some(Command::Order(order)) => self.order(order).await,
                    Some(Command::Refer { input, outcome }) => self.refer(input, outcome).await,
                    Some(Command::Prack { rack, sdp, done }) => self.prack(rack, sdp, done),
                    None => self.feed(Input::HangUp { reason: EndReason::ServerStopped }),
                },
                Some(state) = self.states.recv() => self.hear(state).await,
                Some(inner) = self.inner.1.recv() => self.report_back(inner).await,
                outcome = finished(&mut self.invite) => self.invited(outcome),
                () = sleep_ms(wait) => self.tick(),
            }
        };
        self.clear().await;
        self.core.parts.events.send(SignalEvent::Ended { leg: self.leg, reason }).await.ok();
    }

    async fn report_back(&mut self, inner: Inner) {
        match inner {
            Inner::Leg(input) => self.feed(input),
            Inner::Reinvited(result) => self.reinvited(&result),
            Inner::Referred(code) => {
                self.refer(crate::call::refer::Input::Answered { code }, None).await;
            }
            Inner::Updated(result) => self.refreshed(&result),
        }
    }

    /// The peer's doings and the clock: never refused.
    pub fn feed(&mut self, input: Input) {
        let now = self.core.now();
        if let Err(Refused { command, state }) = self.machine.handle(now, input) {
            tracing::debug!(leg = %self.leg, command, state, "ignored");
        }
    }

    async fn order(&mut self, order: Order) {
        let Order { input, done, agreed } = order;
        // A description that is not acknowledged yet keeps the answer back (RFC 3262 3).
        let input = match input {
            Input::Answer { sdp } if self.reliable.as_ref().is_some_and(Reliable::holds_answer) => {
                self.held = Some(sdp);
                done.send(Ok(())).ok();
                return;
            }
            input => input,
        };
        let result = self.machine.handle(self.core.now(), input).map_err(|refused| {
            CallError::WrongState { leg: self.leg, command: refused.command, state: refused.state }
        });
        match (agreed, &result) {
            (Some(agreed), Err(error)) => {
                agreed.send(Err(CallError::Stack(error.to_string()))).ok();
            }
            (Some(agreed), Ok(())) => self.asker = Some(agreed),
            (None, _) => {}
        }
        self.perform().await;
        done.send(result).ok();
    }

    /// The stack's news as inputs.
    async fn hear(&mut self, state: DialogState) {
        match state {
            DialogState::Early(_, response) if !self.inbound => {
                let early = text::sdp_of_response(&response);
                if early.is_some() {
                    self.pracked.clone_from(&early);
                }
                self.feed(early.map_or(Input::PeerRinging, |sdp| Input::PeerEarly { sdp }));
            }
            DialogState::Confirmed(_, response) => self.confirmed(&response),
            DialogState::Updated(_, request, handle) => self.updated(&request, handle).await,
            DialogState::Info(_, request, handle) => self.informed(&request, &handle).await,
            DialogState::Options(_, _, handle) => {
                let headers = Some(text::capabilities());
                handle.respond(StatusCode::OK, headers, None).await.ok();
            }
            DialogState::Refer(_, request, handle) => self.referred(&request, handle).await,
            DialogState::Notify(_, request, handle) => {
                let ours = self.notified(&request).await;
                let code = if ours { 200 } else { 481 };
                handle.reply(StatusCode::from(code)).await.ok();
            }
            DialogState::Message(_, _, handle)
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

    /// The stack says this of an INVITE's end, and again after requests in the dialog: only the first is news.
    fn confirmed(&mut self, response: &Response) {
        match (self.inbound, self.machine.state()) {
            (true, State::Answered { .. }) => {
                let answer = self.dialog.last_remote_ack().and_then(|ack| text::sdp_of(&ack));
                let sdp = answer.or_else(|| self.pracked.take());
                self.feed(Input::PeerAcked { sdp });
            }
            (
                false,
                State::Dialling { .. } | State::RingingThere { .. } | State::Cancelling { .. },
            ) => {
                self.updates = text::allows_update(&response.headers);
                let granted = session::Input::Granted(text::said(&response.headers));
                self.session.handle(self.core.now(), granted);
                // An answer that came early need not come again.
                let sdp = text::sdp_of_response(response).or_else(|| self.pracked.take());
                self.feed(Input::PeerAnswered { sdp });
            }
            _ => {}
        }
    }

    fn terminated(&self, reason: &TerminatedReason) -> Option<Input> {
        Some(match reason {
            // It may go out again with a longer timer: `invited` sees to it.
            TerminatedReason::UasOther(code) if self.again.is_some() && code.code() == 422 => {
                return None;
            }
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
        let again = self.again.take();
        match outcome {
            Some(Ok((_, Some(response)))) if response.status_code.code() == 422 => {
                self.ask_longer(&response, again);
            }
            Some(Ok((_, Some(_)))) => {}
            Some(Ok((_, None))) => self.feed(Input::Broken { failure: Failure::NoReply }),
            Some(Err(_)) | None => self.feed(Input::Broken { failure: Failure::Network }),
        }
    }

    /// re-INVITE or UPDATE.
    async fn updated(&mut self, request: &Request, handle: TransactionHandle) {
        let sdp = text::sdp_of(request);
        let agreed = match self.session.judge(&text::said(&request.headers)) {
            Ok(agreed) => agreed,
            Err(min) => {
                let min = Some(vec![Header::MinSE(min.to_string().into())]);
                handle.respond(StatusCode::from(422), min, None).await.ok();
                return;
            }
        };
        if request.method == Method::Update && sdp.is_none() {
            handle.respond(StatusCode::OK, Some(text::granted(agreed)), None).await.ok();
            self.session.handle(self.core.now(), session::Input::Accepted(agreed));
            return;
        }
        if self.change.is_some() {
            // RFC 3261 14.2: a second one before the first is answered.
            let retry = Some(vec![Header::RetryAfter("3".into())]);
            handle.respond(StatusCode::ServerInternalError, retry, None).await.ok();
            return;
        }
        self.change = Some((handle, agreed));
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

    async fn perform(&mut self) {
        for effect in self.machine.drain() {
            match effect {
                Effect::SendRinging { early } => self.ring(early),
                Effect::SendAnswer { sdp } => self.accept(sdp),
                Effect::SendRefusal { code } => self.refuse(code),
                Effect::SendCancel => self.cancel(),
                Effect::Abandon => self.abandon(),
                Effect::SendBye { reason } => self.bye(reason),
                Effect::SendReinvite { sdp } => self.reinvite(sdp),
                Effect::ReinviteLost => self.reinvite_lost(),
                Effect::SendReinviteAnswer { sdp } => self.accept_change(sdp).await,
                Effect::SendReinviteRefusal { code } => {
                    if let Some((handle, _)) = self.change.take() {
                        handle.reply(StatusCode::from(code)).await.ok();
                    }
                }
                Effect::SendDigit { digit } => self.send_digit(digit),
                Effect::Report(report) => self.report(report).await,
            }
        }
    }

    fn refuse(&mut self, code: u16) {
        match self.for_now.take().filter(|_| code == 503) {
            Some(for_now) => drop(for_now.send(())),
            None => drop(self.dialog.reject(Some(StatusCode::from(code)), None)),
        }
    }

    fn accept(&mut self, sdp: String) {
        self.sent = Some(sdp.clone());
        let (headers, body) = text::with_sdp(Some(sdp));
        let mut headers = headers.unwrap_or_default();
        headers.extend(text::granted(self.timer));
        let now = self.core.now();
        self.session.handle(now, session::Input::Accepted(self.timer));
        if let Some(reliable) = &mut self.reliable {
            reliable.handle(now, crate::call::reliable::Input::Over);
        }
        if self.dialog.accept(Some(headers), body).is_err() {
            let broken = Input::Broken { failure: Failure::Protocol };
            self.inner.0.try_send(Inner::Leg(broken)).ok();
        }
    }

    async fn accept_change(&mut self, sdp: String) {
        let Some((handle, agreed)) = self.change.take() else { return };
        self.sent = Some(sdp.clone());
        let (headers, body) = text::with_sdp(Some(sdp));
        let mut headers = headers.unwrap_or_default();
        headers.extend(text::granted(agreed));
        handle.respond(StatusCode::OK, Some(headers), body).await.ok();
        self.session.handle(self.core.now(), session::Input::Accepted(agreed));
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

    fn bye(&mut self, reason: EndReason) {
        self.session.handle(self.core.now(), session::Input::Over);
        let dialog = self.dialog.clone();
        let done = self.inner.0.clone();
        let header = text::reason_header(reason);
        let notifying = self.notifying.take();
        tokio::spawn(async move {
            if let Some(notifying) = notifying {
                tokio::time::timeout(super::refer::NOTIFY_WAIT, notifying).await.ok();
            }
            dialog.bye_with_headers(Some(vec![header])).await.ok();
            done.send(Inner::Leg(Input::ByeDone)).await.ok();
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
        self.core.parts.events.send(event).await.ok();
    }

    /// The stack never forgets a dialog by itself.
    async fn clear(&mut self) {
        if let Some((handle, _)) = self.change.take() {
            handle.reply(StatusCode::RequestTerminated).await.ok();
        }
        if let Some(invite) = self.invite.take() {
            // The stack files an answered dialog under its full id just after it reported the answer.
            tokio::time::timeout(FILING_WAIT, invite).await.ok();
        }
        self.core.parts.dialogs.remove_dialog(&self.dialog.id());
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
