//! A caller who says what is recorded and hears by level alone: a machine without IO, fed with frames. It waits until the
//! other side has finished, thinks, plays the next recording, waits for the reply; or speaks into it. Line noise lies
//! under everything.

use std::collections::VecDeque;
use std::sync::Arc;

use super::measure::{Span, Track, speech_span};
use crate::kernel::Rng;
use crate::media::level::{LineNoise, rms_of};
use crate::media::{FRAME_MS, FRAME_SAMPLES, Frame, SAMPLES_PER_MS};

/// The noise of the caller's own line. Quieter than speech by thirty decibels and more, louder than comfort noise.
const NOISE_DBOV: f32 = -58.0;
/// Who speaks into somebody's words speaks up: at least this loud.
const BARGE_IN_DBOV: f32 = -20.0;
/// From the reply's end to the next utterance, for who has said much already ...
const THINK_MS: u64 = 2_000;
/// ... and for who has not. Between two sentences there is less quiet.
const ANSWER_MS: u64 = 900;
/// The share of a call's time in which its caller speaks: in this the callers are held near to real ones.
const SHARE_PERCENT: u64 = 35;
/// Of the last reply so much is heard at most.
const LAST_MS: u64 = 3_000;
/// No reply by then: none comes.
pub const MISSED_MS: u64 = 6_000;
/// Nobody greets us.
const GREETING_MS: u64 = 15_000;
/// A reply this long is not heard out.
const TIRED_MS: u64 = 20_000;

/// A recording of one utterance.
#[derive(Clone, Debug)]
pub struct Clip {
    /// Its place in what is played, from 0.
    pub number: usize,
    pub pcm: Vec<i16>,
    pub speech: Span,
    /// What is said in it.
    pub text: String,
}

impl Clip {
    /// `None` when nobody speaks in it.
    pub fn new(number: usize, pcm: Vec<i16>, text: String) -> Option<Clip> {
        let speech = speech_span(&pcm)?;
        Some(Clip { number, pcm, speech, text })
    }
}

/// One thing to say.
#[derive(Clone, Debug)]
pub struct Ask {
    pub clip: Arc<Clip>,
    /// Speak into the reply before it, this long after its first sound.
    pub barge_in_ms: Option<u64>,
}

/// An utterance that was said, on the call's clock: its speech, without the recording's padding.
#[derive(Clone, Debug)]
pub struct Asked {
    pub clip: Arc<Clip>,
    pub start_ms: u64,
    pub end_ms: u64,
    pub barge_in: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Greeting,
    /// Our speech ends then.
    Speaking {
        end_ms: u64,
    },
    Awaiting {
        end_ms: u64,
    },
    Hearing {
        since_ms: u64,
    },
    Done,
}

/// What is being played, and where in it.
#[derive(Debug)]
struct Playing {
    clip: Arc<Clip>,
    at: usize,
    gain: f32,
}

/// One call's caller.
#[derive(Debug)]
pub struct Interview {
    asks: VecDeque<Ask>,
    asked: Vec<Asked>,
    theirs: Track,
    noise: LineNoise,
    playing: Option<Playing>,
    state: State,
    frames: u64,
}

impl Interview {
    /// The seed is of the line's noise.
    pub fn new(asks: impl IntoIterator<Item = Ask>, seed: u64) -> Self {
        Interview {
            asks: asks.into_iter().collect(),
            asked: Vec::new(),
            theirs: Track::default(),
            noise: LineNoise::new(seed, NOISE_DBOV),
            playing: None,
            state: State::Greeting,
            frames: 0,
        }
    }

    /// 20 ms of theirs; the answer is 20 ms of ours.
    pub fn frame(&mut self, theirs: &Frame) -> Frame {
        self.theirs.put(theirs);
        self.turn();
        self.frames += 1;
        let mut ours = self.noise.frame();
        if let Some(playing) = &mut self.playing {
            let end = (playing.at + FRAME_SAMPLES).min(playing.clip.pcm.len());
            let sound = playing.clip.pcm.get(playing.at..end).unwrap_or_default();
            for (slot, sample) in ours.iter_mut().zip(sound) {
                *slot = (f32::from(*slot) + f32::from(*sample) * playing.gain).round() as i16;
            }
            playing.at = end;
            if end == playing.clip.pcm.len() {
                self.playing = None;
            }
        }
        ours
    }

    /// All was said and the last reply has been heard: hang up.
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// What was said so far.
    pub fn asked(&self) -> &[Asked] {
        &self.asked
    }

    /// The call is over: what was said, what was not, and what came.
    pub fn end(self) -> (Vec<Asked>, VecDeque<Ask>, Track) {
        (self.asked, self.asks, self.theirs)
    }

    pub fn now_ms(&self) -> u64 {
        self.frames * FRAME_MS
    }

    fn turn(&mut self) {
        let now_ms = self.now_ms();
        let (sounding, quiet_ms) = (self.theirs.is_sounding(), self.theirs.quiet_ms());
        match self.state {
            State::Greeting => {
                let greeted = quiet_ms < now_ms && quiet_ms >= ANSWER_MS;
                if greeted || now_ms >= GREETING_MS {
                    self.next();
                }
            }
            State::Speaking { end_ms } if now_ms >= end_ms => {
                self.state = State::Awaiting { end_ms };
            }
            State::Awaiting { .. } if sounding => {
                self.state = State::Hearing { since_ms: now_ms };
            }
            State::Awaiting { end_ms } if now_ms >= end_ms + MISSED_MS => self.next(),
            State::Hearing { since_ms } => {
                let heard_ms = now_ms.saturating_sub(since_ms);
                let interrupt = self.asks.front().and_then(|ask| ask.barge_in_ms);
                let tired_ms = if self.asks.is_empty() { LAST_MS } else { TIRED_MS };
                let interrupts = interrupt.is_some_and(|after_ms| heard_ms >= after_ms);
                if interrupts || quiet_ms >= self.pause_ms() || heard_ms >= tired_ms {
                    self.next();
                }
            }
            State::Speaking { .. } | State::Awaiting { .. } | State::Done => {}
        }
    }

    fn pause_ms(&self) -> u64 {
        let spoken_ms: u64 = self.asked.iter().map(|asked| asked.end_ms - asked.start_ms).sum();
        let talkative = spoken_ms * 100 >= self.now_ms() * SHARE_PERCENT;
        if talkative { THINK_MS } else { ANSWER_MS }
    }

    fn next(&mut self) {
        let Some(ask) = self.asks.pop_front() else {
            self.state = State::Done;
            return;
        };
        let (now_ms, speech) = (self.now_ms(), ask.clip.speech);
        // Quiet at our first word: we did not speak into anything after all.
        let barge_in = ask.barge_in_ms.is_some() && self.theirs.quiet_ms() < ANSWER_MS;
        // Who interrupts has no silence before the first word.
        let at = if barge_in { speech.start_ms / FRAME_MS * FRAME_MS } else { 0 };
        let lift_db = if barge_in { (BARGE_IN_DBOV - speech.dbov).max(0.0) } else { 0.0 };
        let end_ms = now_ms + speech.end_ms - at;
        let start_ms = now_ms + speech.start_ms - at;
        self.asked.push(Asked { clip: ask.clip.clone(), start_ms, end_ms, barge_in });
        self.playing = Some(Playing {
            clip: ask.clip,
            at: at as usize * SAMPLES_PER_MS,
            gain: rms_of(lift_db) / rms_of(0.0),
        });
        self.state = State::Speaking { end_ms };
    }
}

/// What each call asks of `clips`: the second utterance of a call is spoken into the reply to the first.
pub fn asks(clips: impl IntoIterator<Item = Arc<Clip>>, rng: &mut Rng) -> Vec<Ask> {
    let each = clips.into_iter().enumerate();
    each.map(|(at, clip)| Ask { clip, barge_in_ms: (at == 1).then(|| 1_500 + rng.below(1_000)) })
        .collect()
}
