//! One party's ear: the detector, the turn machine and the recogniser's jobs, fed with frames.

use std::time::Duration;

use tokio::sync::mpsc;

use super::engines::SpeechEngines;
use super::recogniser::Wanted;
use crate::engine::silero::SileroVad;
use crate::media::{Frame, FrameKind, Front, SAMPLES_PER_MS};
use crate::speech::turn::{Effect, JobId};
use crate::speech::{self, Expected, Gated, Listening, SpeechError, Turn};

/// What was heard. Positions are milliseconds from where the turn machine was started.
#[derive(Clone, PartialEq, Debug)]
pub enum Heard {
    /// The party has begun to speak.
    Started {
        at_ms: u64,
    },
    /// They may want the word: our sound is held, and released or stopped later.
    HoldOurSound,
    ReleaseOurSound,
    /// They have the word: our sound must stop.
    StopOurSound,
    Words {
        text: String,
        confidence: f32,
        start_ms: u64,
        end_ms: u64,
    },
    /// What was heard of what they are saying: they may go on.
    SoFar {
        text: String,
    },
    Unclear {
        start_ms: u64,
        end_ms: u64,
    },
    /// There was speech, and no room to recognise it.
    Overloaded,
    Silent,
}

type Decoded = (JobId, Result<speech::Heard, SpeechError>);

pub struct Listener {
    pub turn: Turn,
    /// What the question makes likely.
    pub expected: Expected,
    /// What lies between the line and the detector. It also knows the network's signals.
    pub front: Front,
    vad: Gated<SileroVad>,
    /// The newest job, and the one whose words are told in any case; dropping one stops it.
    wanted: Vec<(JobId, Wanted)>,
    results: mpsc::Receiver<Decoded>,
    reply: mpsc::Sender<Decoded>,
    overloaded: bool,
    /// The newest stretch was a tone or music: nothing was said.
    no_voice: bool,
    /// Things heard that wait to be handed out one by one.
    waiting: std::collections::VecDeque<Heard>,
}

impl Listener {
    pub fn new(engines: &SpeechEngines, listening: Listening) -> Self {
        let (reply, results) = mpsc::channel(8);
        Listener {
            turn: Turn::new(0, listening),
            expected: Expected::anything(),
            front: Front::new(),
            vad: Gated::new(engines.vad.stream()),
            wanted: Vec::new(),
            results,
            reply,
            overloaded: false,
            no_voice: false,
            waiting: Default::default(),
        }
    }

    /// 20 ms of the party's sound, and how much of it they sent.
    pub fn hear(&mut self, frame: &Frame, kind: FrameKind, engines: &SpeechEngines) -> Vec<Heard> {
        if let Some(step) = self.front.hear(frame, kind) {
            // The detector hears tones and music too, so that it knows the line when somebody speaks.
            let probability = self.vad.step(&step.pcm, step.audible || self.turn.speaking());
            self.turn.step(&step.pcm, if step.may_be_voice { probability } else { 0.0 });
        }
        self.follow(Some(engines));
        self.waiting.drain(..).collect()
    }

    /// The next thing that a finished job brings. Cancel safe.
    pub async fn decoded(&mut self) -> Heard {
        loop {
            if let Some(heard) = self.waiting.pop_front() {
                return heard;
            }
            match self.results.recv().await {
                Some(result) => self.take(result),
                // `self` holds a sender, so the channel never closes.
                None => std::future::pending().await,
            }
        }
    }

    /// The stream has ended: waits for the words being said, for at most `deadline`.
    pub async fn finish(&mut self, engines: &SpeechEngines, deadline: Duration) -> Option<Heard> {
        let pending = self.turn.finish();
        self.follow(Some(engines));
        if !pending {
            return self.waiting.pop_front();
        }
        let words = async {
            loop {
                match self.decoded().await {
                    Heard::Words { text, confidence, start_ms, end_ms } => {
                        return Some(Heard::Words { text, confidence, start_ms, end_ms });
                    }
                    Heard::Unclear { .. } | Heard::Overloaded => return None,
                    _ => {}
                }
            }
        };
        tokio::time::timeout(deadline, words).await.unwrap_or(None)
    }

    fn take(&mut self, (job, result): Decoded) {
        let heard = result.unwrap_or_else(|error| {
            tracing::error!(%error, "the recogniser failed");
            speech::Heard::Unclear
        });
        let so_far = match &heard {
            speech::Heard::Words { text, .. } if self.turn.awaits(job) => Some(text.clone()),
            _ => None,
        };
        self.turn.decoded(job, heard);
        self.follow(None);
        // A look ahead that decided nothing yet is worth showing; an end of the turn says it all anyway.
        if let Some(text) = so_far.filter(|_| self.waiting.is_empty()) {
            self.waiting.push_back(Heard::SoFar { text });
        }
    }

    /// Carries out what the turn machine wants. Without engines no new job can be asked for, and none is: jobs come of sound.
    fn follow(&mut self, engines: Option<&SpeechEngines>) {
        let effects: Vec<Effect> = self.turn.drain().collect();
        for effect in effects {
            match effect {
                Effect::Started { at_ms } => self.waiting.push_back(Heard::Started { at_ms }),
                Effect::HoldOurSound => self.waiting.push_back(Heard::HoldOurSound),
                Effect::ReleaseOurSound => self.waiting.push_back(Heard::ReleaseOurSound),
                Effect::StopOurSound => self.waiting.push_back(Heard::StopOurSound),
                Effect::Silent => self.waiting.push_back(Heard::Silent),
                Effect::Words { text, confidence, start_ms, end_ms } => {
                    self.waiting.push_back(Heard::Words { text, confidence, start_ms, end_ms });
                }
                Effect::Unclear { .. } if self.no_voice => {}
                Effect::Unclear { start_ms, end_ms } => {
                    let overloaded = std::mem::take(&mut self.overloaded);
                    self.waiting.push_back(match overloaded {
                        true => Heard::Overloaded,
                        false => Heard::Unclear { start_ms, end_ms },
                    });
                }
                Effect::Decode { job, pcm, last } => {
                    if let Some(engines) = engines {
                        self.ask(job, pcm, last, engines);
                    }
                }
                Effect::Hurry { job } => {
                    let wanted = self.wanted.iter().find(|(asked, _)| *asked == job);
                    if let (Some(engines), Some((_, wanted))) = (engines, wanted) {
                        engines.recogniser.hurry(wanted);
                    }
                }
            }
        }
    }

    fn ask(&mut self, job: JobId, pcm: Vec<i16>, last: bool, engines: &SpeechEngines) {
        self.overloaded = false;
        let Listener { wanted, turn, .. } = self;
        wanted.retain(|(asked, _)| turn.awaits(*asked));
        self.no_voice = self.front.was_no_voice((pcm.len() / SAMPLES_PER_MS) as u64);
        if self.no_voice {
            self.turn.decoded(job, speech::Heard::Unclear);
            return;
        }
        let reply = self.reply.clone();
        let expected = self.expected.clone();
        let asked = engines.recogniser.recognise(pcm, expected, last, move |result| {
            // The listener is gone with its call, or has a newer job waiting: nobody wants this.
            let _ = reply.try_send((job, result));
        });
        match asked {
            Ok(wanted) => self.wanted.push((job, wanted)),
            Err(_) if !last => self.turn.skipped(job),
            Err(error) => {
                tracing::warn!(%error, "no room to recognise an utterance");
                self.overloaded = true;
                self.turn.decoded(job, speech::Heard::Unclear);
            }
        }
    }
}
