//! Carries out what the hotline wants over the real line, and tells it what happened. The hotline has one owner: this
//! task. Nothing here waits for a peer: commands to the line run as tasks with a deadline, and what became of them comes
//! back as an input.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::call_task::{self, CallHandle, MediaCommand, Ringing};
use super::clock::SystemClock;
use super::engines::SpeechEngines;
use super::keeper::Kept;
use super::meaning::Meaning;
use super::rtp_socket::{PortRange, RtpSession};
use crate::call::sdp::{self, LocalMedia};
use crate::call::{CallError, Dial, EndReason, ReinviteAnswer, SignalEvent, Signalling};
use crate::config::{Outbound, Sip};
use crate::desk::DeskError;
use crate::dialogue::Understood;
use crate::hotline::{Command, Effect, Hotline, Input, Party};
use crate::intake::Reading;
use crate::kernel::limits::CALLS_MAX;
use crate::kernel::{CallId, LegId, Pii};

/// Every command to the line is over by then.
const LINE_DEADLINE: Duration = Duration::from_secs(10);

/// What reaches the owner of the hotline.
pub enum Message {
    Input(Input),
    /// Sound of a leg has been missing for too long.
    MediaLost {
        leg: LegId,
    },
    Command {
        command: Command,
        reply: oneshot::Sender<Result<(), DeskError>>,
    },
    /// Stop taking calls, end the running ones, then say so.
    Stop {
        done: oneshot::Sender<()>,
    },
}

/// What the shell works with.
pub struct Parts {
    pub hotline: Hotline,
    pub clock: SystemClock,
    pub line: Arc<dyn Signalling>,
    pub engines: Arc<SpeechEngines>,
    pub meaning: Meaning,
    pub ports: PortRange,
    pub sip: Sip,
    pub outbound: Outbound,
    pub recordings: super::recordings::Recordings,
    pub facts: mpsc::Sender<Kept>,
    pub inbox: mpsc::Sender<Message>,
    /// What a caller hears when the answer takes its time.
    pub moment: Arc<str>,
}

/// A leg whose sound is arranged but not yet in a call's task.
struct Arranged {
    rtp: RtpSession,
    local: LocalMedia,
}

pub struct Shell {
    parts: Parts,
    /// Offers of calls that are not answered yet; `None`: the peer wants ours.
    offers: HashMap<LegId, Option<String>>,
    /// Our offers that are not answered yet.
    arranged: HashMap<LegId, (CallId, Arranged)>,
    /// What we told each running leg of our sound, for re-INVITEs.
    locals: HashMap<LegId, (CallId, LocalMedia)>,
    calls: HashMap<CallId, CallHandle>,
    citizens: HashSet<LegId>,
    replies: HashMap<u64, oneshot::Sender<Result<(), DeskError>>>,
    next_token: u64,
    next_session: u64,
    stopping: Option<oneshot::Sender<()>>,
    tasks: JoinSet<()>,
}

impl Shell {
    pub fn new(parts: Parts) -> Self {
        Shell {
            parts,
            offers: HashMap::new(),
            arranged: HashMap::new(),
            locals: HashMap::new(),
            calls: HashMap::new(),
            citizens: HashSet::new(),
            replies: HashMap::new(),
            next_token: 1,
            next_session: 1,
            stopping: None,
            tasks: JoinSet::new(),
        }
    }

    /// Runs until the line closes or a stop is done.
    pub async fn run(
        mut self,
        mut messages: mpsc::Receiver<Message>,
        mut signals: mpsc::Receiver<SignalEvent>,
    ) {
        self.input(Input::Tick).await;
        loop {
            let now = self.parts.clock.now();
            let wait = self.parts.hotline.deadline().map_or(60_000, |at| at.since(now));
            let tick = tokio::time::sleep_until(Instant::now() + Duration::from_millis(wait));
            tokio::select! {
                Some(message) = messages.recv() => self.message(message).await,
                signal = signals.recv() => match signal {
                    Some(signal) => self.signal(signal).await,
                    None => return,
                },
                () = tick => self.input(Input::Tick).await,
                Some(finished) = self.tasks.join_next() => {
                    if let Err(error) = finished {
                        tracing::error!(%error, "a task of the line failed");
                    }
                }
            }
            if self.parts.hotline.calls() == 0
                && let Some(done) = self.stopping.take()
            {
                let _ = done.send(());
                return;
            }
        }
    }

    async fn message(&mut self, message: Message) {
        match message {
            Message::Input(input) => {
                if let Input::MediaClosed { call } = &input {
                    self.calls.remove(call);
                }
                self.input(input).await;
            }
            Message::MediaLost { leg } => self.hang_up(leg, EndReason::MediaTimeout),
            Message::Command { command, reply } => {
                let token = self.next_token;
                self.next_token += 1;
                self.replies.insert(token, reply);
                self.input(Input::Command { token, command }).await;
            }
            Message::Stop { done } => {
                self.stopping = Some(done);
                self.parts.line.drain(true);
                self.input(Input::Stop).await;
            }
        }
    }

    async fn signal(&mut self, signal: SignalEvent) {
        match signal {
            SignalEvent::Invite { leg, from, to: _, sdp, source: _ } => {
                self.offers.insert(leg, sdp);
                let number = Some(from).filter(|n| n.reveal() != "anonymous");
                self.input(Input::Invited { leg, number }).await;
            }
            SignalEvent::Ringing { .. } => {}
            SignalEvent::Early { leg, sdp } => self.early(leg, &sdp),
            SignalEvent::Answered { leg, sdp } => self.answered(leg, &sdp).await,
            SignalEvent::Confirmed { leg, sdp } => self.confirmed(leg, sdp).await,
            SignalEvent::Digit { leg, digit } => {
                if self.citizens.contains(&leg) {
                    self.to_media(leg, MediaCommand::Key(*digit.reveal()));
                }
            }
            SignalEvent::Reinvite { leg, sdp } => self.reinvited(leg, sdp),
            SignalEvent::Ended { leg, reason } => {
                self.offers.remove(&leg);
                self.arranged.remove(&leg);
                self.locals.remove(&leg);
                self.citizens.remove(&leg);
                self.input(Input::LegEnded { leg, reason }).await;
            }
        }
    }

    async fn input(&mut self, input: Input) {
        let (now, wall) = (self.parts.clock.now(), self.parts.clock.wall());
        self.parts.hotline.handle(now, wall, input);
        // Said ahead, so that a trunk that asks goes elsewhere before it sends a call.
        self.parts.line.full(self.parts.hotline.calls() >= CALLS_MAX);
        let effects: Vec<Effect> = self.parts.hotline.drain().collect();
        for effect in effects {
            self.effect(effect).await;
        }
    }

    async fn effect(&mut self, effect: Effect) {
        match effect {
            Effect::Answer { call, leg } => self.answer(call, leg).await,
            Effect::Refuse { leg, code } => {
                self.offers.remove(&leg);
                self.reject(leg, code);
            }
            Effect::Dial { call, leg, party } => self.dial(call, leg, party).await,
            Effect::HangUp { leg } => self.hang_up(leg, EndReason::HungUpByUs),
            Effect::Say { call, say } => self.to_call(call, MediaCommand::Say(say)),
            Effect::Hush { call } => self.to_call(call, MediaCommand::Hush),
            Effect::Music { call, on } => self.to_call(call, MediaCommand::Music(on)),
            Effect::Join { call, leg } => {
                if let Some((_, arranged)) = self.arranged.remove(&leg) {
                    self.locals.insert(leg, (call, arranged.local));
                    self.to_call(call, MediaCommand::Join(leg, Box::new(arranged.rtp)));
                }
            }
            Effect::Part { call } => self.to_call(call, MediaCommand::Part),
            Effect::Understand { utterance, asked } => self.understand(utterance, asked),
            Effect::Keep { fact, ack } => {
                // Waiting here is right: a store that cannot keep up holds the hotline, not its facts.
                if self.parts.facts.send(Kept { fact, ack }).await.is_err() {
                    tracing::error!("the store's writer is gone; a fact was not kept");
                }
            }
            Effect::Reply { token, result } => {
                if let Some(reply) = self.replies.remove(&token) {
                    let _ = reply.send(result);
                }
            }
            Effect::Close { call } => match self.calls.get(&call) {
                Some(handle) => handle.send(MediaCommand::Close),
                None => self.later(Input::MediaClosed { call }),
            },
        }
    }

    fn understand(
        &mut self,
        utterance: crate::speech::Utterance,
        asked: Option<crate::kernel::Slot>,
    ) {
        let inbox = self.parts.inbox.clone();
        let call = utterance.call;
        let now = self.parts.clock.wall().civil();
        let unread = Understood {
            utterance: utterance.clone(),
            reading: Reading::default(),
            hits: Vec::new(),
        };
        let result = self.parts.meaning.understand(utterance, now, asked, move |understood| {
            let input = Input::Understood { call, understood };
            if inbox.blocking_send(Message::Input(input)).is_err() {
                tracing::error!("the hotline is gone; what was understood is lost");
            }
        });
        if let Err(error) = result {
            // The words are kept; the dialogue takes them as not understood and asks again.
            tracing::warn!(%error, "an utterance was not read");
            self.later(Input::Understood { call, understood: unread });
        }
    }

    /// Hands the hotline an input after those that wait already.
    fn later(&mut self, input: Input) {
        let inbox = self.parts.inbox.clone();
        self.tasks.spawn(async move {
            let _ = inbox.send(Message::Input(input)).await;
        });
    }

    fn to_call(&self, call: CallId, command: MediaCommand) {
        if let Some(handle) = self.calls.get(&call) {
            handle.send(command);
        }
    }

    fn to_media(&self, leg: LegId, command: MediaCommand) {
        if let Some((call, _)) = self.locals.get(&leg) {
            self.to_call(*call, command);
        }
    }

    /// Runs a command to the line with its deadline; a failure ends the leg.
    fn on_line<F>(&mut self, leg: LegId, what: &'static str, command: F)
    where
        F: Future<Output = Result<(), CallError>> + Send + 'static,
    {
        let inbox = self.parts.inbox.clone();
        self.tasks.spawn(async move {
            let failed = match tokio::time::timeout(LINE_DEADLINE, command).await {
                Ok(Ok(())) => return,
                Ok(Err(error)) => error.to_string(),
                Err(_) => "no reply in time".into(),
            };
            tracing::warn!(%leg, what, failed, "a command to the line failed");
            let reason = EndReason::Failed(crate::call::leg::Failure::NoReply);
            let _ = inbox.send(Message::Input(Input::LegEnded { leg, reason })).await;
        });
    }

    fn reject(&mut self, leg: LegId, code: u16) {
        let line = self.parts.line.clone();
        self.on_line(leg, "reject", async move { line.reject(leg, code).await });
    }

    fn hang_up(&mut self, leg: LegId, reason: EndReason) {
        self.arranged.remove(&leg);
        let line = self.parts.line.clone();
        self.on_line(leg, "hang up", async move { line.hang_up(leg, reason).await });
    }

    async fn arrange(&mut self) -> Result<Arranged, std::io::Error> {
        let rtp = self.parts.ports.session(self.parts.sip.bind.ip()).await?;
        let session = self.next_session;
        self.next_session += 1;
        let local = rtp.local(self.parts.sip.advertise, session);
        Ok(Arranged { rtp, local })
    }

    async fn answer(&mut self, call: CallId, leg: LegId) {
        let offer = self.offers.remove(&leg).flatten();
        let mut arranged = match self.arrange().await {
            Ok(arranged) => arranged,
            Err(error) => {
                tracing::error!(%error, "no port for the sound of a call");
                return self.reject(leg, 503);
            }
        };
        let body = match offer {
            Some(offer) => match sdp::answer(&offer, &arranged.local) {
                Ok((body, negotiated)) => {
                    arranged.rtp.agree(&negotiated);
                    body
                }
                Err(error) => {
                    tracing::warn!(%leg, %error, "an offer was refused");
                    return self.reject(leg, error.status());
                }
            },
            None => sdp::offer(&arranged.local),
        };
        self.start_call(call, leg, arranged, Ringing::Inbound);
        let line = self.parts.line.clone();
        self.on_line(leg, "answer", async move { line.answer(leg, body).await });
    }

    /// The other party's sound flows from here on.
    fn start_call(&mut self, call: CallId, leg: LegId, arranged: Arranged, ringing: Ringing) {
        self.locals.insert(leg, (call, arranged.local));
        self.citizens.insert(leg);
        let recorder = self.parts.recordings.begin(call);
        let handle = call_task::start(call_task::Setup {
            call,
            leg,
            rtp: arranged.rtp,
            engines: self.parts.engines.clone(),
            recorder,
            clock: self.parts.clock.clone(),
            hotline: self.parts.inbox.clone(),
            moment: self.parts.moment.clone(),
            ringing,
        });
        self.calls.insert(call, handle);
    }

    async fn confirmed(&mut self, leg: LegId, answer: Option<String>) {
        if let Some(answer) = answer
            && let Some((_, local)) = self.locals.get(&leg)
        {
            match sdp::accept(&answer, local) {
                Ok(negotiated) => self.to_media(leg, MediaCommand::Agree(leg, negotiated)),
                Err(error) => {
                    tracing::warn!(%leg, %error, "an answer to our offer was refused");
                    return self.hang_up(leg, EndReason::HungUpByUs);
                }
            }
        }
        self.input(Input::LegUp { leg }).await;
    }

    async fn dial(&mut self, call: CallId, leg: LegId, party: Party) {
        let arranged = match self.arrange().await {
            Ok(arranged) => arranged,
            Err(error) => {
                tracing::error!(%error, "no port for the sound of a call");
                let reason = EndReason::Failed(crate::call::leg::Failure::NoReply);
                return self.later(Input::LegEnded { leg, reason });
            }
        };
        let to = match &party {
            Party::Agent { uri, .. } => uri.clone(),
            Party::Citizen { number } => {
                self.citizens.insert(leg);
                self.parts.outbound.route.replace("{number}", number.reveal())
            }
        };
        let credentials = match (&party, &self.parts.outbound) {
            (
                Party::Citizen { .. },
                Outbound { user: Some(user), password: Some(password), .. },
            ) => {
                let (user, password) = (user.clone(), password.clone());
                Some(crate::call::Credentials { user, password, realm: None })
            }
            _ => None,
        };
        // An agent's telephone rings for as long as the queue says; the line only needs an end.
        let ring_timeout = match &party {
            Party::Agent { .. } => Duration::from_secs(180),
            Party::Citizen { .. } => Duration::from_millis(self.parts.outbound.ring_ms),
        };
        let dial = Dial {
            to: Pii::new(to),
            from: Pii::new(self.parts.sip.number.clone()),
            display: Some(self.parts.sip.display.clone()),
            sdp: sdp::offer(&arranged.local),
            ring_timeout,
            credentials,
        };
        self.arranged.insert(leg, (call, arranged));
        let line = self.parts.line.clone();
        self.on_line(leg, "dial", async move { line.dial(leg, dial).await });
    }

    /// Sound comes though nobody has picked up: of a citizen's line the network's announcements are heard.
    fn early(&mut self, leg: LegId, answer: &str) {
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

    /// The session of a leg whose sound flows already is told once more.
    fn agree(&mut self, leg: LegId, answer: &str) {
        let Some((_, local)) = self.locals.get(&leg) else { return };
        match sdp::accept(answer, local) {
            Ok(negotiated) => self.to_media(leg, MediaCommand::Agree(leg, negotiated)),
            Err(error) => {
                tracing::warn!(%leg, %error, "an answer to our offer was refused");
                self.hang_up(leg, EndReason::HungUpByUs);
            }
        }
    }

    /// The other side has picked up.
    async fn answered(&mut self, leg: LegId, answer: &str) {
        let Some((call, arranged)) = self.arranged.get_mut(&leg) else {
            if self.locals.contains_key(&leg) {
                self.agree(leg, answer);
                self.to_media(leg, MediaCommand::PickedUp);
                self.input(Input::LegUp { leg }).await;
            }
            return;
        };
        let call = *call;
        match sdp::accept(answer, &arranged.local) {
            Ok(negotiated) => arranged.rtp.agree(&negotiated),
            Err(error) => {
                tracing::warn!(%leg, %error, "an answer to our offer was refused");
                return self.hang_up(leg, EndReason::HungUpByUs);
            }
        }
        if self.citizens.contains(&leg)
            && let Some((_, arranged)) = self.arranged.remove(&leg)
        {
            self.start_call(call, leg, arranged, Ringing::PickedUp);
        }
        self.input(Input::LegUp { leg }).await;
    }

    /// A peer changes its session: the sound follows, the call goes on.
    fn reinvited(&mut self, leg: LegId, offer: Option<String>) {
        let line = self.parts.line.clone();
        let Some((_, local)) = self.locals.get_mut(&leg) else { return };
        local.version += 1;
        let answer = match offer {
            None => ReinviteAnswer::Accept { sdp: sdp::offer(local) },
            Some(offer) => match sdp::answer(&offer, local) {
                Ok((sdp, negotiated)) => {
                    self.to_media(leg, MediaCommand::Agree(leg, negotiated));
                    ReinviteAnswer::Accept { sdp }
                }
                Err(error) => ReinviteAnswer::Refuse { code: error.status() },
            },
        };
        self.on_line(leg, "re-INVITE", async move { line.answer_reinvite(leg, answer).await });
    }
}
