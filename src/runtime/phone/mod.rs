//! A telephone with a script: the other end of the demo, of the tests and of a city's first trial. Places or takes calls over
//! real SIP and RTP, plays sound, hears with the same ears as the service, and measures from the sound it got.

pub mod caller;
pub mod interview;
pub mod measure;
pub mod script;
pub mod turns;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::Serialize;
use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;

use super::clock::SystemClock;
use super::engines::SpeechEngines;
use super::listener::{Heard, Listener};
use super::rtp_socket::{PortRange, RtpSession};
use crate::call::sdp::{self, LocalMedia};
use crate::call::{Dial, EndReason, LegIds, SignalEvent, Signalling};
use crate::kernel::{LegId, Pii};
use crate::media::player::Player;
use crate::media::{FRAME_MS, wav};
use crate::speech::Listening;
use measure::Latency;
use script::{Pace, Persona, Script, Step};

/// Their sentences are heard one by one, so that long answers stay within what the recogniser takes at once; when their
/// turn is over, the script's gap decides.
const THEIR_TURN: Listening = Listening { endpoint_ms: 256, ..Listening::OVERHEARD };
/// What they were saying when the call ended is decoded within this.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// Words of a call as this telephone knows them. Positions are milliseconds from the call's answer.
#[derive(Clone, Debug, Serialize)]
pub struct Turn {
    /// `me` or `them`.
    pub who: &'static str,
    /// What I said by script, or what I heard of them; empty when it could not be understood.
    pub text: String,
    pub start_ms: u64,
    pub end_ms: u64,
    /// On theirs: from the end of my last speech to the first sound of this, measured in the audio I received.
    pub latency_ms: Option<u64>,
}

/// A call as this telephone saw it.
#[derive(Clone, Debug, Serialize)]
pub struct CallReport {
    /// Why it ended: `hung_up_by_peer`, `hung_up_by_us`, `busy`, `no_answer`, …
    pub ended: String,
    pub answered: bool,
    pub duration_ms: u64,
    pub turns: Vec<Turn>,
}

impl CallReport {
    pub fn latencies_ms(&self) -> Vec<u64> {
        self.turns.iter().filter_map(|turn| turn.latency_ms).collect()
    }
}

/// A telephone on the line.
pub struct Phone {
    pub line: Arc<dyn Signalling>,
    pub signals: mpsc::Receiver<SignalEvent>,
    pub engines: Arc<SpeechEngines>,
    pub ports: PortRange,
    pub ip: std::net::IpAddr,
    pub clock: SystemClock,
    pub pace: Pace,
    /// A copy of what is heard (left: me, right: them).
    pub record: Option<std::path::PathBuf>,
}

static NEXT_LEG: AtomicU64 = AtomicU64::new(1);

/// Ids for legs of a telephone, both ways.
pub fn leg_ids() -> LegIds {
    Arc::new(|| LegId(NEXT_LEG.fetch_add(1, Ordering::Relaxed)))
}

impl Phone {
    /// Calls `to` and plays the persona until either side hangs up.
    pub async fn call(
        &mut self,
        to: &str,
        from: &str,
        persona: Persona,
        live: impl Fn(&Turn) + Send,
    ) -> anyhow::Result<CallReport> {
        let leg = LegId(NEXT_LEG.fetch_add(1, Ordering::Relaxed));
        let (mut rtp, local) = self.sound().await?;
        let dial = Dial {
            to: Pii::new(to.to_owned()),
            from: Pii::new(from.to_owned()),
            display: None,
            sdp: sdp::offer(&local),
            ring_timeout: Duration::from_secs(60),
            credentials: None,
        };
        self.line.dial(leg, dial).await?;
        loop {
            match self.signals.recv().await {
                Some(SignalEvent::Answered { leg: at, sdp }) if at == leg => {
                    rtp.agree(&sdp::accept(&sdp, &local)?);
                    return self.talk(leg, rtp, local, persona, live).await;
                }
                Some(SignalEvent::Ended { leg: at, reason }) if at == leg => {
                    return Ok(CallReport {
                        ended: reason.key().into(),
                        answered: false,
                        duration_ms: 0,
                        turns: Vec::new(),
                    });
                }
                Some(_) => {}
                None => anyhow::bail!("the line closed before the call was answered"),
            }
        }
    }

    /// Waits for a call, lets it ring for `ring`, answers, and plays the persona.
    pub async fn answer(
        &mut self,
        ring: Duration,
        persona: Persona,
        live: impl Fn(&Turn) + Send,
    ) -> anyhow::Result<CallReport> {
        loop {
            match self.signals.recv().await {
                Some(SignalEvent::Invite { leg, sdp: Some(offer), .. }) => {
                    self.line.ring(leg, None).await?;
                    if !self.rings(leg, ring).await? {
                        continue;
                    }
                    let (mut rtp, local) = self.sound().await?;
                    let (answer, negotiated) = sdp::answer(&offer, &local)?;
                    rtp.agree(&negotiated);
                    self.line.answer(leg, answer).await?;
                    return self.talk(leg, rtp, local, persona, live).await;
                }
                Some(SignalEvent::Invite { leg, sdp: None, .. }) => {
                    self.line.reject(leg, 488).await?;
                }
                Some(_) => {}
                None => anyhow::bail!("the line closed"),
            }
        }
    }

    /// False when the caller gave up while it rang.
    async fn rings(&mut self, leg: LegId, ring: Duration) -> anyhow::Result<bool> {
        let until = tokio::time::Instant::now() + ring;
        loop {
            match tokio::time::timeout_at(until, self.signals.recv()).await {
                Err(_) => return Ok(true),
                Ok(Some(SignalEvent::Ended { leg: at, .. })) if at == leg => return Ok(false),
                Ok(Some(_)) => {}
                Ok(None) => anyhow::bail!("the line closed"),
            }
        }
    }

    async fn sound(&self) -> anyhow::Result<(RtpSession, LocalMedia)> {
        let rtp = self.ports.session(self.ip)?;
        let local = rtp.local(self.ip, 1);
        Ok((rtp, local))
    }

    async fn talk(
        &mut self,
        leg: LegId,
        rtp: RtpSession,
        local: LocalMedia,
        persona: Persona,
        live: impl Fn(&Turn) + Send,
    ) -> anyhow::Result<CallReport> {
        let tape = match &self.record {
            Some(path) => {
                let (tape, recorder) = crate::media::record::open(path)?;
                std::thread::spawn(move || recorder.run());
                Some(tape)
            }
            None => None,
        };
        let mut talk = Talk {
            rtp,
            tape,
            listener: Listener::new(&self.engines, THEIR_TURN),
            script: Script::new(persona, self.pace),
            player: Player::new(leg.0),
            saying: None,
            latency: Latency::default(),
            engines: self.engines.clone(),
            turns: Vec::new(),
            frames: 0,
            hang_up: false,
        };
        let mut tick = tokio::time::interval(Duration::from_millis(FRAME_MS));
        tick.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let mut reason = None;
        let mut local = local;
        while reason.is_none() {
            let before = talk.turns.len();
            tokio::select! {
                biased;
                _ = tick.tick() => talk.frame(&self.clock),
                heard = talk.listener.decoded() => talk.heard(heard),
                signal = self.signals.recv() => {
                    reason = self.signal(leg, signal, &mut talk.rtp, &mut local).await?;
                }
            }
            talk.turns.iter().skip(before).for_each(&live);
            if talk.hang_up {
                talk.hang_up = false;
                self.line.hang_up(leg, EndReason::HungUpByUs).await?;
            }
        }
        let before = talk.turns.len();
        if let Some(heard) = talk.listener.finish(&self.engines, LAST_WORDS).await {
            talk.heard(heard);
        }
        talk.turns.iter().skip(before).for_each(&live);
        talk.turns.sort_by_key(|turn| turn.start_ms);
        Ok(CallReport {
            ended: reason.map(EndReason::key).unwrap_or_default().into(),
            answered: true,
            duration_ms: talk.now_ms(),
            turns: talk.turns,
        })
    }

    async fn signal(
        &self,
        leg: LegId,
        signal: Option<SignalEvent>,
        rtp: &mut RtpSession,
        local: &mut LocalMedia,
    ) -> anyhow::Result<Option<EndReason>> {
        match signal {
            Some(SignalEvent::Ended { leg: at, reason }) if at == leg => Ok(Some(reason)),
            Some(SignalEvent::Reinvite { leg: at, sdp: Some(offer) }) if at == leg => {
                local.version += 1;
                let (sdp, negotiated) = sdp::answer(&offer, local)?;
                rtp.agree(&negotiated);
                let answer = crate::call::ReinviteAnswer::Accept { sdp };
                self.line.answer_reinvite(leg, answer).await?;
                Ok(None)
            }
            Some(SignalEvent::Refer { leg, .. }) => {
                self.line.answer_refer(leg, crate::call::ReferAnswer::Declined).await?;
                Ok(None)
            }
            Some(SignalEvent::Invite { leg, .. }) => {
                // One call at a time, as a telephone.
                self.line.reject(leg, 486).await?;
                Ok(None)
            }
            Some(_) => Ok(None),
            None => anyhow::bail!("the line closed during the call"),
        }
    }
}

/// What is being said by us: its text, where it began, and the voice it comes from.
struct Saying {
    text: String,
    start_ms: u64,
    parts: std::collections::VecDeque<String>,
    sound: Option<mpsc::Receiver<Vec<i16>>>,
}

struct Talk {
    rtp: RtpSession,
    tape: Option<crate::media::record::Tape>,
    listener: Listener,
    script: Script,
    player: Player,
    saying: Option<Saying>,
    latency: Latency,
    engines: Arc<SpeechEngines>,
    turns: Vec<Turn>,
    frames: u64,
    hang_up: bool,
}

impl Talk {
    fn now_ms(&self) -> u64 {
        self.frames * FRAME_MS
    }

    fn frame(&mut self, clock: &SystemClock) {
        let now = clock.now();
        self.speak();
        let (ours, _) = self.player.pull();
        let theirs = self.rtp.heard(now);
        self.rtp.send(now, &ours);
        if let Some(tape) = &mut self.tape {
            tape.put(&ours, &theirs);
        }
        self.frames += 1;
        self.latency.frame(&ours, &theirs);
        let heard = self.listener.hear(&theirs, self.rtp.kind(), &self.engines);
        heard.into_iter().for_each(|heard| self.heard(heard));
        if self.saying.is_none()
            && self.rtp.keys_sent()
            && let Some(step) = self.script.poll(self.now_ms())
        {
            self.take(step);
        }
    }

    fn heard(&mut self, heard: Heard) {
        match heard {
            Heard::Started { .. } => self.script.they_started(),
            Heard::Words { text, start_ms, end_ms, .. } => {
                self.script.they_said(Some(&text), end_ms);
                let latency_ms = self.latency.take(start_ms, end_ms);
                self.turns.push(Turn { who: "them", text, start_ms, end_ms, latency_ms });
            }
            Heard::Unclear { start_ms, end_ms } => {
                self.script.they_said(None, end_ms);
                let latency_ms = self.latency.take(start_ms, end_ms);
                let text = String::new();
                self.turns.push(Turn { who: "them", text, start_ms, end_ms, latency_ms });
            }
            Heard::Overloaded => self.script.they_said(None, self.now_ms()),
            Heard::HoldOurSound
            | Heard::ReleaseOurSound
            | Heard::StopOurSound
            | Heard::SoFar { .. }
            | Heard::Silent => {}
        }
    }

    fn take(&mut self, step: Step) {
        let start_ms = self.now_ms();
        match step {
            Step::Say(text) => {
                let parts = super::voice::sentences(&text);
                let parts = parts.into_iter().map(str::to_owned).collect();
                self.saying = Some(Saying { text, start_ms, parts, sound: None });
            }
            Step::Wav(path) => match wav::read(&path) {
                Ok(samples) => {
                    let text = format!("〔{}〕", path.display());
                    for chunk in samples.chunks(8000) {
                        // Sixty-four seconds fit; a longer file is cut there and the log says so.
                        if let Err(error) = self.player.append(1, chunk.to_vec()) {
                            tracing::warn!(%error, "the file is played in part");
                            break;
                        }
                    }
                    self.player.finish(1);
                    let parts = Default::default();
                    self.saying = Some(Saying { text, start_ms, parts, sound: None });
                }
                Err(error) => {
                    tracing::error!(%error, "a file cannot be played");
                    self.hang_up = true;
                }
            },
            Step::Keys(keys) => {
                for key in keys.chars() {
                    if let Err(error) = self.rtp.press(key) {
                        tracing::error!(%error, "a key cannot be pressed");
                    }
                }
                let text = format!("〔按键 {keys}〕");
                self.turns.push(Turn {
                    who: "me",
                    text,
                    start_ms,
                    end_ms: start_ms,
                    latency_ms: None,
                });
                self.latency.we_ended(start_ms);
                self.script.we_finished(start_ms);
            }
            Step::HangUp => self.hang_up = true,
        }
    }

    /// Moves what the voice has rendered to the player; ends the turn when all of it went out.
    fn speak(&mut self) {
        let Some(saying) = &mut self.saying else { return };
        loop {
            if let Some(sound) = &mut saying.sound {
                match sound.try_recv() {
                    Ok(piece) => {
                        if let Err(error) = self.player.append(1, piece) {
                            tracing::warn!(%error, "speech was dropped");
                        }
                    }
                    Err(mpsc::error::TryRecvError::Empty) => return,
                    Err(mpsc::error::TryRecvError::Disconnected) => saying.sound = None,
                }
                continue;
            }
            let Some(part) = saying.parts.front() else { break };
            match self.engines.voice.speak(part) {
                Ok(sound) => {
                    saying.parts.pop_front();
                    saying.sound = Some(sound);
                }
                Err(_) => return,
            }
        }
        self.player.finish(1);
        if self.player.is_speaking() {
            return;
        }
        while self.player.poll().is_some() {}
        let end_ms = self.now_ms();
        if let Some(Saying { text, start_ms, .. }) = self.saying.take() {
            self.turns.push(Turn { who: "me", text, start_ms, end_ms, latency_ms: None });
            self.script.we_finished(end_ms);
        }
    }
}
