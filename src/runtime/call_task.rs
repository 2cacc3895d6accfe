//! One call's sound: every 20 ms a frame from the caller and a frame to them, and to each of the people on it, so many as there are. Finds
//! turns, asks the recogniser, speaks what the hotline says, records. Nothing slow happens here; what takes time is
//! asked of threads and comes back as a message.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use super::clock::{self, SystemClock};
use super::engines::SpeechEngines;
use super::listener::{Heard, Listener};
use super::rtp_socket::RtpSession;
use super::shell::Message;
use super::shell::browser::Happening;
use super::speaking::{Ended, Speaking};
use super::people::People;
use crate::bridge::Hearing;
use crate::call::EndReason;
use crate::call::sdp::Negotiated;
use crate::dialogue::{Expect, Say};
use crate::hotline::{Input, SaidHow};
use crate::kernel::limits::CALL_INBOX;
use crate::kernel::{CallId, LegId, Moment, Pii};
use crate::media::cadence::Signal;
use crate::media::music::Music;
use crate::media::player::{Background, Player};
use crate::media::record::Tape;
use crate::media::{FRAME_MS, Frame, SILENCE};
use crate::speech::turn::is_back_channel;
use crate::speech::{Listening, Saying, Speaker, Turn};
use crate::survey::OnLine;

/// A caller of whom nothing has come for so long is gone, though no BYE has said so.
const MEDIA_LOST_MS: u64 = 30_000;
/// Nor does anybody hold a call for longer than 10 minutes.
const HELD_FRAMES_MAX: u64 = 600_000 / FRAME_MS;
/// What was being said when the call ended is decoded within this.
const LAST_WORDS: Duration = Duration::from_secs(5);
/// A caller who has heard nothing for so long after their last word is told that we are at it.
const FILL_AFTER_MS: u64 = 1_000;

/// What the shell asks of a call's sound.
pub enum MediaCommand {
    Say(Say),
    Hush,
    Music(bool),
    /// Somebody's leg is up: its sound comes in.
    Join(LegId, Box<RtpSession>),
    /// And out again.
    Leave(LegId),
    /// Who hears whom from now on.
    Hears(Hearing),
    /// Whoever was rung has picked up: what comes from now on is theirs.
    PickedUp,
    /// A leg's session was agreed anew.
    Agree(LegId, Negotiated),
    /// A key that came by signalling.
    Key(char),
    Close,
}

/// The shell's end of a call's task.
pub struct CallHandle {
    commands: mpsc::Sender<MediaCommand>,
}

impl CallHandle {
    pub fn send(&self, command: MediaCommand) {
        if self.commands.try_send(command).is_err() {
            tracing::error!("a call's task is gone or does not keep up; a command was dropped");
        }
    }
}

pub struct Setup {
    pub call: CallId,
    pub leg: LegId,
    pub rtp: RtpSession,
    pub engines: Arc<SpeechEngines>,
    pub recorder: Option<Tape>,
    pub clock: SystemClock,
    pub hotline: mpsc::Sender<Message>,
    /// What is said when the answer takes its time.
    pub moment: Arc<str>,
    pub ringing: Ringing,
}

/// Whether anybody is there yet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ringing {
    /// They called us.
    Inbound,
    /// We called, and it still rings: the network speaks, or a ringing tune plays.
    There,
    /// We called, and somebody or something has picked up.
    PickedUp,
}

pub fn start(setup: Setup) -> CallHandle {
    let (commands, inbox) = mpsc::channel(CALL_INBOX);
    let seed = setup.call.0;
    let listening = match setup.ringing {
        Ringing::There => Listening::OVERHEARD,
        Ringing::Inbound | Ringing::PickedUp => Listening::OPEN,
    };
    let mut caller = Listener::new(&setup.engines, listening);
    caller.expected = setup.engines.hearing.of(Expect::Open);
    let task = CallTask {
        player: Player::new(seed),
        speaking: Speaking::default(),
        caller,
        people: People::default(),
        frames: 0,
        last_sound_ms: 0,
        held_frames: 0,
        lost_told: false,
        ours: None,
        music: false,
        owed_since_ms: None,
        filled_ms: None,
        on_line: None,
        setup,
    };
    tokio::spawn(task.run(inbox));
    CallHandle { commands }
}

struct CallTask {
    setup: Setup,
    player: Player,
    speaking: Speaking,
    caller: Listener,
    people: People,
    /// Frames since the recording began.
    frames: u64,
    last_sound_ms: u64,
    /// Frames in which nothing came because we are held.
    held_frames: u64,
    lost_told: bool,
    /// What the turn machine was told of our sound.
    ours: Option<Saying>,
    music: bool,
    /// The end of the caller's last words, while nothing was said to them.
    owed_since_ms: Option<u64>,
    /// The end of the words after which time was last filled.
    filled_ms: Option<u64>,
    /// What the hotline was told last of the sound that is no voice.
    on_line: Option<OnLine>,
}

impl CallTask {
    async fn run(mut self, mut inbox: mpsc::Receiver<MediaCommand>) {
        let mut tick = clock::rhythm(Duration::from_millis(FRAME_MS));
        loop {
            tokio::select! {
                biased;
                due = tick.tick() => {
                    let late = due.elapsed() >= Duration::from_millis(FRAME_MS);
                    self.setup.engines.recogniser.gauge().frame(late);
                    self.frame().await;
                }
                heard = self.people.decoded() => self.heard(Speaker::Agent, heard).await,
                command = inbox.recv() => match command {
                    Some(MediaCommand::Close) | None => break,
                    Some(command) => self.command(command).await,
                },
                heard = self.caller.decoded() => self.heard(Speaker::Caller, heard).await,
            }
        }
        self.close().await;
    }

    fn rings(&self) -> bool {
        self.setup.ringing == Ringing::There
    }

    fn now_ms(&self) -> u64 {
        self.frames * FRAME_MS
    }

    async fn tell(&self, input: Input) {
        // A full inbox holds this call's frames for a moment; it never loses a caller's words.
        self.tell_shell(Message::Input(input)).await;
    }

    async fn frame(&mut self) {
        let now = self.setup.clock.now();
        self.frames += 1;
        // The caller is listened to first: this very frame of ours falls silent if they speak.
        let from_caller = self.setup.rtp.heard(now);
        // Whoever holds us sends music, not words, and hears no question either.
        let held = self.setup.rtp.held();
        let words = if held { SILENCE } else { from_caller };
        if held {
            self.caller.turn.be_patient();
        }
        self.listen_to(Speaker::Caller, &words).await;
        self.tell_line().await;
        self.fill_time();
        self.speaking.pump(&self.setup.engines.voice, &mut self.player);
        let (ours, spoke) = self.player.pull();
        let said = self.people.exchange(now, self.setup.leg, &from_caller);
        let to_caller = said.unwrap_or(ours);
        self.setup.rtp.send(now, &to_caller);
        if let Some(tape) = &mut self.setup.recorder {
            tape.put(&from_caller, &to_caller);
        }
        self.follow_player(spoke).await;
        if !self.people.is_empty() {
            self.listen_to(Speaker::Agent, &said.unwrap_or(SILENCE)).await;
        }
        self.keys().await;
        self.watch_line().await;
        self.watch_browsers(now).await;
    }

    /// A browser closes when its page does, or is not there any more. A citizen who closes has hung up; an agent whose page is
    /// gone has lost the call, and the caller goes on waiting.
    async fn watch_browsers(&mut self, now: Moment) {
        let caller = &self.setup.rtp;
        if !self.lost_told && (caller.closed() || caller.gone(now)) {
            self.lost_told = true;
            let leg = self.setup.leg;
            let reason = match caller.closed() {
                true => EndReason::HungUpByPeer,
                false => EndReason::MediaTimeout,
            };
            self.tell_shell(Message::Browser(Happening::HungUp { leg, reason })).await;
        }
        for leg in self.people.lost(now) {
            self.tell_shell(Message::MediaLost { leg }).await;
        }
    }

    async fn tell_shell(&self, message: Message) {
        if self.setup.hotline.send(message).await.is_err() {
            tracing::error!(call = %self.setup.call, "the hotline is gone");
        }
    }

    /// On a line that we dialled, the network's tones and a recording machine's.
    async fn tell_line(&mut self) {
        if self.setup.ringing == Ringing::Inbound {
            return;
        }
        let front = &self.caller.front;
        let heard = match front.signal() {
            Some(Signal::Busy | Signal::Congestion) => Some(OnLine::Busy),
            Some(Signal::FaxCalling | Signal::FaxAnswering) => Some(OnLine::Fax),
            _ => front.beeps().then_some(OnLine::Beep),
        };
        if self.on_line != heard {
            self.on_line = heard.clone();
            if let Some(heard) = heard {
                self.tell(Input::OnLine { call: self.setup.call, heard }).await;
            }
        }
    }

    /// What the player has told: sayings begin and end, and with them how we listen.
    async fn follow_player(&mut self, spoke: bool) {
        let now_ms = self.now_ms();
        while let Some(event) = self.player.poll() {
            if let Some(ended) = self.speaking.told(event, now_ms) {
                self.said(ended, SaidHow::Completed).await;
            }
        }
        while let Some(ended) = self.speaking.skip_empty(now_ms) {
            self.said(ended, SaidHow::Completed).await;
        }
        let ours = match self.speaking.current() {
            // What is held, or waits for the voice, has begun all the same.
            Some(saying) => (spoke || self.ours.is_some()).then_some(saying),
            None => self.ours.filter(|_| spoke),
        };
        if spoke {
            self.owed_since_ms = None;
        }
        self.we_say(ours);
    }

    fn we_say(&mut self, ours: Option<Saying>) {
        if self.ours != ours {
            self.ours = ours;
            self.caller.turn.ours(ours);
        }
    }

    /// Where an answer is owed and takes its time the caller is told so, once a turn.
    fn fill_time(&mut self) {
        let Some(since_ms) = self.caller.turn.deciding().or(self.owed_since_ms) else { return };
        let long = self.now_ms().saturating_sub(since_ms) >= FILL_AFTER_MS;
        let alone = self.people.is_empty() && !self.music && !self.rings();
        let resumed = self.caller.turn.speaking() && self.caller.turn.deciding().is_none();
        if long && alone && !resumed && self.filled_ms != Some(since_ms) && self.speaking.is_idle()
        {
            self.filled_ms = Some(since_ms);
            self.speaking.fill(&self.setup.moment);
        }
    }

    async fn listen_to(&mut self, speaker: Speaker, frame: &Frame) {
        let (listener, kind) = match (speaker, self.people.ear()) {
            (Speaker::Agent, Some(ear)) => ear,
            _ => (&mut self.caller, self.setup.rtp.kind()),
        };
        let heard = listener.hear(frame, kind, &self.setup.engines);
        for heard in heard {
            self.heard(speaker, heard).await;
        }
    }

    async fn heard(&mut self, speaker: Speaker, heard: Heard) {
        let call = self.setup.call;
        match heard {
            // Nobody is there yet who could want anything.
            _ if self.rings() && !matches!(heard, Heard::Words { .. }) => {}
            Heard::HoldOurSound => self.player.hold(),
            Heard::ReleaseOurSound => self.player.release(),
            Heard::StopOurSound => self.fall_silent(SaidHow::Interrupted).await,
            Heard::Words { .. } => self.tell_words(speaker, Some(heard)).await,
            Heard::Started { .. } => {}
            Heard::SoFar { text } => self.tell(Input::SoFar { call, speaker, text }).await,
            // Between people nobody asks again.
            _ if speaker == Speaker::Agent || !self.people.is_empty() => {}
            Heard::Unclear { .. } => self.tell(Input::Unclear { call }).await,
            Heard::Overloaded => self.tell(Input::Overloaded { call }).await,
            Heard::Silent => self.tell(Input::Silent { call }).await,
        }
    }

    /// Our sound ends, and what was being said is told to have ended so.
    async fn fall_silent(&mut self, how: SaidHow) {
        let now_ms = self.now_ms();
        if let Some(ended) = self.speaking.stop(&mut self.player, now_ms) {
            self.said(ended, how).await;
        }
        self.we_say(None);
    }

    /// Words go to the hotline; whatever else was heard does not.
    async fn tell_words(&mut self, speaker: Speaker, heard: Option<Heard>) {
        let Some(Heard::Words { text, confidence, start_ms, end_ms }) = heard else { return };
        let asks = speaker == Speaker::Caller && self.people.is_empty() && !self.rings();
        if asks && !is_back_channel(&text) {
            self.owed_since_ms = Some(end_ms);
        }
        let call = self.setup.call;
        if self.rings() {
            let heard = OnLine::Words(Pii::new(text));
            return self.tell(Input::OnLine { call, heard }).await;
        }
        self.tell(Input::Words { call, speaker, text, start_ms, end_ms, confidence }).await;
    }

    async fn said(&mut self, ended: Ended, how: SaidHow) {
        let Ended { say, said, unsaid, start_ms, end_ms } = ended;
        let call = self.setup.call;
        self.tell(Input::Said { call, say, how, said, unsaid, start_ms, end_ms }).await;
    }

    async fn keys(&mut self) {
        while let Some(key) = self.setup.rtp.key() {
            if self.rings() {
                continue;
            }
            let (call, at_ms) = (self.setup.call, self.now_ms());
            self.tell(Input::Key { call, key, at_ms }).await;
        }
    }

    async fn watch_line(&mut self) {
        // A line that rings may be silent for as long as it does.
        if self.setup.rtp.fresh() || self.rings() {
            self.last_sound_ms = self.now_ms();
            self.held_frames = 0;
        } else if self.setup.rtp.held() && self.held_frames < HELD_FRAMES_MAX {
            // A peer that holds may send nothing at all.
            self.last_sound_ms = self.now_ms();
            self.held_frames += 1;
        }
        let lost = self.now_ms().saturating_sub(self.last_sound_ms) >= MEDIA_LOST_MS;
        if lost && !self.lost_told {
            self.lost_told = true;
            self.tell_shell(Message::MediaLost { leg: self.setup.leg }).await;
        }
    }

    async fn command(&mut self, command: MediaCommand) {
        match command {
            MediaCommand::Say(say) => {
                self.caller.turn.listen(listening(&say));
                self.caller.expected = self.setup.engines.hearing.of(say.expect);
                self.speaking.push(say);
            }
            MediaCommand::Hush => {
                let now_ms = self.now_ms();
                if let Some(ended) = self.speaking.hush(&mut self.player, now_ms) {
                    self.said(ended, SaidHow::Hushed).await;
                }
            }
            MediaCommand::Music(true) => {
                self.music = true;
                let music = Box::new(Music::new(self.setup.call.0));
                self.player.set_background(Background::Music(music));
            }
            MediaCommand::Music(false) => {
                self.music = false;
                self.player.set_background(Background::Comfort);
            }
            MediaCommand::Join(leg, rtp) => self.join(leg, *rtp).await,
            MediaCommand::Leave(leg) => self.leave(leg).await,
            MediaCommand::Hears(hearing) => self.people.hear(hearing),
            MediaCommand::PickedUp => self.picked_up(),
            MediaCommand::Agree(leg, negotiated) if leg == self.setup.leg => {
                self.setup.rtp.agree(&negotiated);
            }
            MediaCommand::Agree(leg, negotiated) => self.people.agree(leg, &negotiated),
            MediaCommand::Key(key) => {
                let (call, at_ms) = (self.setup.call, self.now_ms());
                self.tell(Input::Key { call, key, at_ms }).await;
            }
            MediaCommand::Close => {}
        }
    }

    /// Nothing that was on the line while it rang is anybody's answer: the ear begins anew.
    fn picked_up(&mut self) {
        let now_ms = self.now_ms();
        self.setup.ringing = Ringing::PickedUp;
        self.last_sound_ms = now_ms;
        self.on_line = None;
        let mut listener = Listener::new(&self.setup.engines, Listening::OPEN);
        listener.turn = Turn::new(now_ms, Listening::OPEN);
        listener.expected = self.caller.expected.clone();
        self.caller = listener;
    }

    async fn join(&mut self, leg: LegId, rtp: RtpSession) {
        if self.people.is_empty() {
            self.fall_silent(SaidHow::Hushed).await;
            self.owed_since_ms = None;
            self.caller.turn.listen(Listening::OVERHEARD);
            let mut ear = Listener::new(&self.setup.engines, Listening::OVERHEARD);
            ear.turn = Turn::new(self.now_ms(), Listening::OVERHEARD);
            ear.expected = self.setup.engines.hearing.of(Expect::Open);
            self.caller.expected = ear.expected.clone();
            self.people.begin(ear);
        }
        self.people.enter(leg, rtp);
    }

    async fn leave(&mut self, leg: LegId) {
        self.people.leave(leg);
        if self.people.is_empty() {
            self.part().await;
        }
    }

    /// Nobody of them is left.
    async fn part(&mut self) {
        if let Some(mut ear) = self.people.end() {
            let last = ear.finish(&self.setup.engines, LAST_WORDS).await;
            self.tell_words(Speaker::Agent, last).await;
            self.caller.turn.listen(Listening::OPEN);
        }
    }

    /// The legs are down: what was being said is still heard out.
    async fn close(mut self) {
        self.part().await;
        self.fall_silent(SaidHow::Hushed).await;
        let last = self.caller.finish(&self.setup.engines, LAST_WORDS).await;
        self.tell_words(Speaker::Caller, last).await;
        self.tell(Input::MediaClosed { call: self.setup.call }).await;
    }
}

/// How to listen during and after a saying.
fn listening(say: &Say) -> Listening {
    let base = match say.expect {
        Expect::YesNo | Expect::Choice | Expect::Grade => Listening::SHORT,
        Expect::Slot(_) | Expect::Ticket | Expect::LastFour | Expect::Words => Listening::DICTATED,
        Expect::Open | Expect::More | Expect::Nothing => Listening::OPEN,
    };
    Listening { patience_ms: (say.patience_ms > 0).then_some(say.patience_ms), ..base }
}
