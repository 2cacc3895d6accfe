//! Whose turn it is: when the caller begins to speak, when they have finished, when they say nothing at all.
//!
//! A machine without IO. It is fed every 32 ms step of the caller's sound with the detector's probability, and what the
//! recogniser made of the stretches it asked for; its time is the position in that sound, so a recorded call gives the
//! same turns as a live one.
//!
//! Recognition starts at the first short pause, on what has been said so far ([`Effect::Decode`]). If the caller stays
//! silent until the endpoint the result is already there or soon will be; if they go on it is dropped and the next pause
//! asks again. How long an endpoint takes depends on what was asked ([`Listening`]) and on how the caller has paused
//! within this turn.

use std::collections::VecDeque;

use super::engine::{Heard, SAMPLE_RATE, VAD_STEP};
use crate::kernel::limits::UTTERANCE_MS_MAX;

/// One step of sound in milliseconds.
pub const STEP_MS: u64 = (VAD_STEP as u64 * 1000) / SAMPLE_RATE as u64;

/// How to listen to what comes next. Times are milliseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Listening {
    /// Silence that ends a turn.
    pub endpoint_ms: u64,
    /// Silence after our own sound until [`Effect::Silent`]; `None` when no answer is expected.
    pub patience_ms: Option<u64>,
    /// Whether the caller's speech stops our sound.
    pub barge_in: bool,
    /// Whether to decode ahead of the endpoint: where somebody waits for the answer.
    pub look_ahead: bool,
}

impl Listening {
    /// A whole request in the caller's own words.
    pub const OPEN: Listening =
        Listening { endpoint_ms: 640, patience_ms: Some(6000), barge_in: true, look_ahead: true };
    /// A word or two.
    pub const SHORT: Listening =
        Listening { endpoint_ms: 480, patience_ms: Some(6000), barge_in: true, look_ahead: true };
    /// A number, an address, a date: said in groups.
    pub const DICTATED: Listening =
        Listening { endpoint_ms: 960, patience_ms: Some(8000), barge_in: true, look_ahead: true };
    /// Two people talking; we only write down.
    pub const OVERHEARD: Listening =
        Listening { endpoint_ms: 640, patience_ms: None, barge_in: false, look_ahead: false };
}

/// Steps at or above this are speech; below [`QUIET`] they are not; between, they are what the step before was.
const VOICED: f32 = 0.5;
const QUIET: f32 = 0.35;
/// Voiced steps among the last [`ONSET_WINDOW`] that begin a turn: shorter sounds are clicks and breath.
const ONSET_STEPS: usize = 3;
const ONSET_WINDOW: usize = 5;
/// Sound kept from before the onset, for the soft beginnings of syllables.
const PREROLL_STEPS: usize = 10;
/// Silence after which what was said so far is decoded ahead of the endpoint.
const LOOK_AHEAD_MS: u64 = 192;
/// Silence kept behind the last voiced step in what is decoded.
const TAIL_MS: u64 = 192;
/// Voiced sound within a turn before it stops ours.
const BARGE_IN_MS: u64 = 256;
/// A turn with less voiced sound than this is a click, not a word.
const WORD_MS: u64 = 96;
/// An endpoint is never longer than this, however slowly the caller speaks.
const ENDPOINT_MS_MAX: u64 = 1400;

/// One request to the recogniser.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct JobId(pub u64);

#[derive(Clone, PartialEq, Debug)]
pub enum Effect {
    /// The caller has begun to speak at this position.
    Started { at_ms: u64 },
    /// Our sound must stop now.
    StopOurSound,
    /// Decode this stretch. Of several jobs only the newest matters.
    Decode { job: JobId, pcm: Vec<i16> },
    /// The turn is over and these are its words.
    Words { text: String, confidence: f32, start_ms: u64, end_ms: u64 },
    /// The turn is over and cannot be believed.
    Unclear { start_ms: u64, end_ms: u64 },
    /// Nobody spoke for the whole patience.
    Silent,
}

/// A decode that was asked for and what came of it.
#[derive(Clone, PartialEq, Debug)]
struct Look {
    job: JobId,
    heard: Option<Heard>,
}

#[derive(Clone, PartialEq, Debug)]
enum State {
    /// Nobody speaks.
    Quiet,
    /// The caller speaks, or pauses for less than the endpoint.
    Speaking(Speech),
    /// The endpoint has passed; the words are still to come.
    Deciding(Speech),
}

#[derive(Clone, PartialEq, Debug)]
struct Speech {
    start_ms: u64,
    /// End of the last voiced step.
    voice_end_ms: u64,
    voiced_ms: u64,
    /// The longest pause the caller has made within this turn and gone on after.
    longest_pause_ms: u64,
    stopped_ours: bool,
    pcm: Vec<i16>,
    look: Option<Look>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Ours {
    Silent { since_ms: u64 },
    Playing,
}

/// The turn machine of one party's sound.
#[derive(Debug)]
pub struct Turn {
    state: State,
    listening: Listening,
    ours: Ours,
    now_ms: u64,
    voiced: bool,
    recent: VecDeque<bool>,
    preroll: VecDeque<[i16; VAD_STEP]>,
    next_job: u64,
    told_silent: bool,
    effects: VecDeque<Effect>,
}

impl Turn {
    /// `at_ms`: the position of the first step in the call's recording.
    pub fn new(at_ms: u64, listening: Listening) -> Self {
        Turn {
            state: State::Quiet,
            listening,
            ours: Ours::Silent { since_ms: at_ms },
            now_ms: at_ms,
            voiced: false,
            recent: VecDeque::with_capacity(ONSET_WINDOW),
            preroll: VecDeque::with_capacity(PREROLL_STEPS),
            next_job: 0,
            told_silent: false,
            effects: VecDeque::new(),
        }
    }

    pub fn drain(&mut self) -> impl Iterator<Item = Effect> + '_ {
        self.effects.drain(..)
    }

    /// True while the caller is in a turn, pauses within it included.
    pub fn speaking(&self) -> bool {
        !matches!(self.state, State::Quiet)
    }

    /// What is expected from now on. Patience starts anew.
    pub fn listen(&mut self, listening: Listening) {
        self.listening = listening;
        self.told_silent = false;
        if let Ours::Silent { since_ms } = &mut self.ours {
            *since_ms = self.now_ms;
        }
    }

    /// Whether the caller's speech stops what we are saying just now.
    pub fn allow_barge_in(&mut self, allowed: bool) {
        self.listening.barge_in = allowed;
    }

    /// Our own sound has begun or ended.
    pub fn ours(&mut self, playing: bool) {
        self.told_silent = false;
        self.ours = match (self.ours, playing) {
            (_, true) => Ours::Playing,
            (Ours::Playing, false) => Ours::Silent { since_ms: self.now_ms },
            (silent, false) => silent,
        };
    }

    /// The next 32 ms of the caller's sound and the probability that it is speech.
    pub fn step(&mut self, pcm: &[i16; VAD_STEP], probability: f32) {
        let step_start_ms = self.now_ms;
        self.now_ms += STEP_MS;
        self.voiced = probability >= VOICED || (self.voiced && probability >= QUIET);
        if self.recent.len() == ONSET_WINDOW {
            self.recent.pop_front();
        }
        self.recent.push_back(self.voiced);
        self.state = match std::mem::replace(&mut self.state, State::Quiet) {
            State::Quiet => self.quiet(pcm, step_start_ms),
            State::Speaking(speech) => self.speaking_step(speech, pcm),
            State::Deciding(speech) => self.deciding_step(speech, pcm),
        };
        if self.preroll.len() == PREROLL_STEPS {
            self.preroll.pop_front();
        }
        self.preroll.push_back(*pcm);
    }

    /// What the recogniser made of a job. Results of dropped jobs are ignored.
    pub fn decoded(&mut self, job: JobId, heard: Heard) {
        match &mut self.state {
            State::Quiet => {}
            State::Speaking(speech) | State::Deciding(speech) => {
                if let Some(look) = speech.look.as_mut().filter(|look| look.job == job) {
                    look.heard = Some(heard);
                }
            }
        }
        self.state = match std::mem::replace(&mut self.state, State::Quiet) {
            State::Deciding(speech) => self.decide(speech),
            other => other,
        };
    }

    /// The stream ends: what is being said ends here. `true` when a decode is still under way.
    pub fn finish(&mut self) -> bool {
        self.state = match std::mem::replace(&mut self.state, State::Quiet) {
            State::Speaking(speech) => self.end_turn(speech),
            other => other,
        };
        matches!(self.state, State::Deciding(_))
    }

    fn quiet(&mut self, pcm: &[i16; VAD_STEP], step_start_ms: u64) -> State {
        let voiced_steps = self.recent.iter().filter(|v| **v).count();
        if self.voiced && voiced_steps >= ONSET_STEPS {
            let kept = self.preroll.len() as u64 * STEP_MS;
            let mut sound: Vec<i16> = self.preroll.iter().flatten().copied().collect();
            sound.extend_from_slice(pcm);
            let lead = ONSET_STEPS as u64 * STEP_MS;
            let start_ms = step_start_ms.saturating_sub(kept.min(lead));
            self.effects.push_back(Effect::Started { at_ms: start_ms });
            return State::Speaking(Speech {
                start_ms,
                voice_end_ms: self.now_ms,
                voiced_ms: voiced_steps as u64 * STEP_MS,
                longest_pause_ms: 0,
                stopped_ours: false,
                pcm: sound,
                look: None,
            });
        }
        self.watch_patience();
        State::Quiet
    }

    fn watch_patience(&mut self) {
        let (Ours::Silent { since_ms }, Some(patience_ms)) =
            (self.ours, self.listening.patience_ms)
        else {
            return;
        };
        if !self.told_silent && self.now_ms.saturating_sub(since_ms) >= patience_ms {
            self.told_silent = true;
            self.effects.push_back(Effect::Silent);
        }
    }

    fn speaking_step(&mut self, mut speech: Speech, pcm: &[i16; VAD_STEP]) -> State {
        let pause_ms = self.now_ms.saturating_sub(speech.voice_end_ms);
        speech.pcm.extend_from_slice(pcm);
        if self.voiced {
            let before = pause_ms.saturating_sub(STEP_MS);
            if before >= LOOK_AHEAD_MS {
                speech.longest_pause_ms = speech.longest_pause_ms.max(before);
            }
            speech.voice_end_ms = self.now_ms;
            speech.voiced_ms += STEP_MS;
            speech.look = None;
            self.maybe_stop_ours(&mut speech);
        } else if self.listening.look_ahead
            && pause_ms >= LOOK_AHEAD_MS
            && speech.look.is_none()
            && speech.voiced_ms >= WORD_MS
        {
            self.look(&mut speech);
        }
        let length_ms = self.now_ms.saturating_sub(speech.start_ms);
        if pause_ms >= self.endpoint_ms(&speech) && !self.voiced || length_ms >= UTTERANCE_MS_MAX {
            return self.end_turn(speech);
        }
        State::Speaking(speech)
    }

    // A caller who has paused within this turn and gone on is given that pause again, with something to spare.
    fn endpoint_ms(&self, speech: &Speech) -> u64 {
        let paced = speech.longest_pause_ms * 5 / 4;
        self.listening.endpoint_ms.max(paced).min(ENDPOINT_MS_MAX)
    }

    fn maybe_stop_ours(&mut self, speech: &mut Speech) {
        if self.ours == Ours::Playing
            && self.listening.barge_in
            && !speech.stopped_ours
            && speech.voiced_ms >= BARGE_IN_MS
        {
            speech.stopped_ours = true;
            self.effects.push_back(Effect::StopOurSound);
        }
    }

    fn look(&mut self, speech: &mut Speech) {
        let job = JobId(self.next_job);
        self.next_job += 1;
        let keep_ms = self.now_ms.saturating_sub(speech.voice_end_ms).saturating_sub(TAIL_MS);
        let drop_samples = (keep_ms * u64::from(SAMPLE_RATE) / 1000) as usize;
        let end = speech.pcm.len().saturating_sub(drop_samples);
        speech.look = Some(Look { job, heard: None });
        self.effects.push_back(Effect::Decode { job, pcm: speech.pcm[..end].to_vec() });
    }

    fn end_turn(&mut self, mut speech: Speech) -> State {
        if speech.voiced_ms < WORD_MS {
            return State::Quiet;
        }
        if speech.look.is_none() {
            self.look(&mut speech);
        }
        self.decide(speech)
    }

    fn deciding_step(&mut self, mut speech: Speech, pcm: &[i16; VAD_STEP]) -> State {
        speech.pcm.extend_from_slice(pcm);
        if self.voiced && self.recent.iter().filter(|v| **v).count() >= ONSET_STEPS {
            // The caller went on before we had answered: it is still the same turn.
            let pause_ms = self.now_ms.saturating_sub(speech.voice_end_ms);
            speech.longest_pause_ms = speech.longest_pause_ms.max(pause_ms);
            speech.voice_end_ms = self.now_ms;
            speech.voiced_ms += STEP_MS;
            speech.look = None;
            return State::Speaking(speech);
        }
        State::Deciding(speech)
    }

    fn decide(&mut self, mut speech: Speech) -> State {
        let Some(heard) = speech.look.as_mut().and_then(|look| look.heard.take()) else {
            return State::Deciding(speech);
        };
        let (start_ms, end_ms) = (speech.start_ms, speech.voice_end_ms);
        self.told_silent = false;
        if let Ours::Silent { since_ms } = &mut self.ours {
            *since_ms = self.now_ms;
        }
        self.effects.push_back(match heard {
            Heard::Words { text, confidence, .. } => {
                Effect::Words { text, confidence, start_ms, end_ms }
            }
            Heard::Unclear => Effect::Unclear { start_ms, end_ms },
        });
        State::Quiet
    }
}
