//! Carries out what the hotline wants over the real line, and tells it what happened. The hotline has one owner: this
//! task. Nothing here waits for a peer: commands to the line run as tasks with a deadline, and what became of them comes
//! back as an input.

pub(super) mod browser;
mod dial;
mod early;
mod refer;
mod reinvite;
mod replies;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior};

use super::browsers::Browsers;
use super::call_task::{self, CallHandle, MediaCommand, Ringing};
use super::clock::SystemClock;
use super::engines::SpeechEngines;
use super::keeper::Kept;
use super::looking_up::look_up;
use super::meaning::Meaning;
use super::rewriting::{Rewriting, reword};
use super::rtp_socket::{PortRange, RtpSession};
use crate::call::sdp::{self, LocalMedia, Security};
use crate::call::{CallError, EndReason, SignalEvent, Signalling};
use crate::config::{Outbound, Sip};
use crate::console::telephones::Refused;
use crate::desk::{DeskError, Ticket, TicketEvent};
use crate::dialogue::Understood;
use crate::hotline::{Command, Effect, Fact, Hotline, Input, Wanted};
use crate::intake::Reading;
use crate::kernel::{CallId, CampaignId, LegId, Slot, TicketId};
use crate::store::{Store, StoreError};
use crate::survey::campaign::Stratum;

/// How often the hotline is told of the house's load.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Every command to the line is over by then.
const LINE_DEADLINE: Duration = Duration::from_secs(10);
/// A population that could not be read is read again after this.
const SAMPLE_RETRY: Duration = Duration::from_secs(5);

/// Where the answer to a command goes. Dropped without one, the asker is told that the service is busy.
pub type Reply = oneshot::Sender<Result<(), DeskError>>;

/// What reaches the owner of the hotline.
pub enum Message {
    Input(Input),
    /// Sound of a leg has been missing for too long.
    MediaLost {
        leg: LegId,
    },
    Browser(browser::Happening),
    Command {
        command: Command,
        reply: Reply,
    },
    /// Tickets from the store, and the command that wanted them.
    Loaded {
        tickets: Vec<Ticket>,
        command: Command,
        reply: Reply,
    },
    /// Stop taking calls, end the running ones, then say so.
    Stop {
        done: oneshot::Sender<()>,
    },
}

/// A ticket is loaded by then, or the command fails.
const LOAD_DEADLINE: Duration = Duration::from_secs(4);

async fn fetch(
    store: Store,
    facts: mpsc::Sender<Kept>,
    tickets: Vec<TicketId>,
) -> Result<Vec<Ticket>, StoreError> {
    let (done, written) = oneshot::channel();
    if facts.send(Kept::Barrier(done)).await.is_ok() {
        let _ = written.await;
    }
    store.load_tickets(&tickets).await
}

/// What the shell works with.
pub struct Parts {
    pub hotline: Hotline,
    pub clock: SystemClock,
    pub line: Arc<dyn Signalling>,
    pub browsers: Browsers,
    pub engines: Arc<SpeechEngines>,
    pub meaning: Meaning,
    pub ports: PortRange,
    pub sip: Sip,
    pub outbound: Outbound,
    pub recordings: super::recordings::Recordings,
    pub facts: mpsc::Sender<Kept>,
    pub store: Store,
    pub rewriting: Option<Rewriting>,
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
    /// Offers of calls that are not answered yet, `None`: the peer wants ours; and how its sound is to be protected.
    offers: HashMap<LegId, (Option<String>, Security)>,
    /// Our offers that are not answered yet.
    arranged: HashMap<LegId, (CallId, Arranged)>,
    /// What we told each running leg of our sound, for re-INVITEs.
    locals: HashMap<LegId, (CallId, LocalMedia)>,
    calls: HashMap<CallId, CallHandle>,
    citizens: HashSet<LegId>,
    replies: HashMap<u64, Reply>,
    next_token: u64,
    next_session: u64,
    stopping: Option<oneshot::Sender<()>>,
    /// Legs of people that have put us on hold.
    holding: HashSet<LegId>,
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
            holding: HashSet::new(),
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
        let mut look = tokio::time::interval(LOOK_EVERY);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
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
                _ = look.tick() => {
                    let measured = self.parts.engines.recogniser.gauge().take();
                    self.input(Input::Load(measured)).await;
                }
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
            Message::Browser(happening) => self.browser(happening).await,
            Message::Command { command, reply } => {
                let wanted = self.parts.hotline.missing(&command);
                if wanted.is_nothing() {
                    self.command(command, reply).await;
                } else {
                    self.load(wanted, command, reply);
                }
            }
            Message::Loaded { tickets, command, reply } => {
                self.input(Input::Loaded { tickets }).await;
                self.command(command, reply).await;
            }
            Message::Stop { done } => {
                self.stopping = Some(done);
                self.parts.line.drain(true);
                self.input(Input::Stop).await;
            }
        }
    }

    async fn command(&mut self, command: Command, reply: Reply) {
        let token = self.next_token;
        self.next_token += 1;
        self.replies.insert(token, reply);
        self.input(Input::Command { token, command }).await;
    }

    /// Fetches what a command wants from the store, behind all facts that wait to be written.
    fn load(&mut self, wanted: Wanted, command: Command, reply: Reply) {
        let (store, facts) = (self.parts.store.clone(), self.parts.facts.clone());
        let inbox = self.parts.inbox.clone();
        self.tasks.spawn(async move {
            match tokio::time::timeout(LOAD_DEADLINE, fetch(store, facts, wanted.tickets)).await {
                Ok(Ok(tickets)) => {
                    let _ = inbox.send(Message::Loaded { tickets, command, reply }).await;
                }
                Ok(Err(error)) => tracing::error!(%error, "a ticket cannot be loaded"),
                Err(_) => tracing::error!("the store did not give a ticket in time"),
            }
        });
    }

    async fn signal(&mut self, signal: SignalEvent) {
        match signal {
            SignalEvent::Invite { leg, from, to: _, sdp, source } => {
                let security = self.parts.sip.protection.from(source.ip());
                self.offers.insert(leg, (sdp, security));
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
            SignalEvent::Refer { leg, to } => self.input(Input::Referred { leg, to }).await,
            SignalEvent::Ended { leg, reason } => {
                self.offers.remove(&leg);
                self.arranged.remove(&leg);
                self.locals.remove(&leg);
                self.citizens.remove(&leg);
                self.holding.remove(&leg);
                self.input(Input::LegEnded { leg, reason }).await;
            }
        }
    }

    async fn input(&mut self, input: Input) {
        let (now, wall) = (self.parts.clock.now(), self.parts.clock.wall());
        self.parts.hotline.handle(now, wall, input);
        // Said ahead, so that a trunk that asks goes elsewhere before it sends a call.
        self.parts.line.full(!self.parts.hotline.takes_calls());
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
            Effect::Leave { call, leg } => {
                self.locals.remove(&leg);
                self.to_call(call, MediaCommand::Leave(leg));
            }
            Effect::Referred { leg, answer } => self.answer_refer(leg, answer).await,
            Effect::Refer { call, leg, caller, outside } => {
                self.refer(call, leg, caller, outside).await;
            }
            Effect::Hears { call, hearing } => self.to_call(call, MediaCommand::Hears(hearing)),
            Effect::Understand { utterance, asked } => self.understand(utterance, asked),
            Effect::Keep { fact, ack } => {
                if let Fact::Ticket { ticket, entry } = &fact
                    && matches!(entry.event, TicketEvent::Registered)
                {
                    self.rewrite(ticket);
                }
                // Waiting here is right: a store that cannot keep up holds the hotline, not its facts.
                let kept = Kept::Fact { fact: Box::new(fact), ack };
                if self.parts.facts.send(kept).await.is_err() {
                    tracing::error!("the store's writer is gone; a fact was not kept");
                }
            }
            Effect::Sample { campaign, stratum } => self.sample(campaign, stratum),
            Effect::Fetch { tickets } => self.fetch_tickets(tickets),
            Effect::LookUp { call, query } => {
                let (store, inbox) = (self.parts.store.clone(), self.parts.inbox.clone());
                self.tasks.spawn(look_up(store, inbox, call, query));
            }
            Effect::Reply { token, result } => self.reply(token, result).await,
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

    /// Puts the summary into plainer words where somebody is there to do it, unless the ticket has changed by then.
    fn rewrite(&mut self, ticket: &Ticket) {
        let summary = ticket.fields.get(&Slot::Summary).cloned();
        if let (Some(rewriting), Some(summary)) = (self.parts.rewriting.clone(), summary) {
            let inbox = self.parts.inbox.clone();
            self.tasks.spawn(reword(rewriting, inbox, (ticket.id, ticket.version), summary));
        }
    }

    /// Hands the hotline an input after those that wait already.
    fn later(&mut self, input: Input) {
        let inbox = self.parts.inbox.clone();
        self.tasks.spawn(async move {
            let _ = inbox.send(Message::Input(input)).await;
        });
    }

    /// Reads what a sample is drawn from, as often as it takes: it was announced, so it is drawn.
    fn sample(&mut self, campaign: CampaignId, stratum: Stratum) {
        let (inbox, store) = (self.parts.inbox.clone(), self.parts.store.clone());
        self.tasks.spawn(async move {
            let tickets = loop {
                match store.population(stratum).await {
                    Ok(tickets) => break tickets,
                    Err(error) => tracing::error!(%error, "a sample waits for its population"),
                }
                tokio::time::sleep(SAMPLE_RETRY).await;
            };
            let _ = inbox.send(Message::Input(Input::Population { campaign, tickets })).await;
        });
    }

    /// Loads the tickets of those who were drawn, as often as it takes.
    fn fetch_tickets(&mut self, tickets: Vec<TicketId>) {
        let (inbox, store) = (self.parts.inbox.clone(), self.parts.store.clone());
        let facts = self.parts.facts.clone();
        self.tasks.spawn(async move {
            let tickets = loop {
                match fetch(store.clone(), facts.clone(), tickets.clone()).await {
                    Ok(tickets) => break tickets,
                    Err(error) => tracing::error!(%error, "tickets that were drawn cannot be loaded"),
                }
                tokio::time::sleep(SAMPLE_RETRY).await;
            };
            let _ = inbox.send(Message::Input(Input::Fetched { tickets })).await;
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
        if self.end_browser(leg, Refused::Full, EndReason::Rejected(code)) {
            return;
        }
        let line = self.parts.line.clone();
        self.on_line(leg, "reject", async move { line.reject(leg, code).await });
    }

    fn hang_up(&mut self, leg: LegId, reason: EndReason) {
        self.arranged.remove(&leg);
        if self.end_browser(leg, Refused::Over, reason) {
            return;
        }
        let line = self.parts.line.clone();
        self.on_line(leg, "hang up", async move { line.hang_up(leg, reason).await });
    }

    fn arrange(&mut self, security: Security) -> Result<Arranged, std::io::Error> {
        let ports = self.parts.ports.secured(security);
        let rtp = ports.session(self.parts.sip.bind.ip())?;
        let session = self.next_session;
        self.next_session += 1;
        let local = rtp.local(self.parts.sip.advertise, session);
        Ok(Arranged { rtp, local })
    }

    async fn answer(&mut self, call: CallId, leg: LegId) {
        if let Some(offer) = self.parts.browsers.offer(leg) {
            return self.answer_browser(call, leg, &offer);
        }
        // The offer is gone with a leg that has ended.
        let (offer, security) = self.offers.remove(&leg).unwrap_or_default();
        let mut arranged = match self.arrange(security) {
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

    /// The other side has picked up.
    async fn answered(&mut self, leg: LegId, answer: &str) {
        let Some((call, arranged)) = self.arranged.get_mut(&leg) else {
            return self.answered_after_sound(leg, answer).await;
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
}
