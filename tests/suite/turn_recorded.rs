//! Turns in recorded speech: the detector and the turn machine over whole utterances with line noise around them. The
//! recogniser is played: it answers after a while, with words that tell nothing of the end.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use huiyin::engine::silero::{SileroModel, SileroVad};
use huiyin::kernel::Rng;
use huiyin::media::level::LineNoise;
use huiyin::media::{FRAME_SAMPLES, FrameKind, Front};
use huiyin::speech::turn::{Effect, STEP_MS};
use huiyin::speech::{Gated, Heard, Listening, Saying, Turn, VAD_STEP, Vad};

use super::recognise::{sentences, silero};

const NOISE_DBOV: f32 = -60.0;
/// Steps a recognition takes.
const DECODE_STEPS: u64 = 10;

/// The utterance between two stretches of line noise, at any phase of the detector's steps.
fn on_a_line(pcm: &[i16], seed: u64) -> (Vec<i16>, u64) {
    let lead = 8_000 + Rng::new(seed).below(VAD_STEP as u64) as usize;
    let mut sound = vec![0; lead];
    sound.extend_from_slice(pcm);
    sound.extend(vec![0; 16_000]);
    LineNoise::new(seed, NOISE_DBOV).add(&mut sound);
    (sound, lead as u64 / 8)
}

/// What the turn machine wants, each with the position it wants it at.
fn play(vad: &mut dyn Vad, pcm: &[i16], ours: Option<Saying>) -> Vec<(u64, Effect)> {
    let mut turn = Turn::new(0, Listening::OPEN);
    turn.ours(ours);
    let mut told = Vec::new();
    let mut asked = None;
    for (index, step) in pcm.as_chunks::<VAD_STEP>().0.iter().enumerate() {
        let now = index as u64;
        if let Some((job, at)) = asked
            && now >= at
        {
            asked = None;
            let heard =
                Heard::Words { text: "小区停水".into(), confidence: 0.8, complete: false };
            turn.decoded(job, heard);
        }
        turn.step(step, vad.step(step));
        for effect in turn.drain().collect::<Vec<_>>() {
            if let Effect::Decode { job, .. } = effect {
                asked = Some((job, now + DECODE_STEPS));
            }
            told.push(((now + 1) * STEP_MS, effect));
        }
    }
    told
}

#[test]
fn utterances_are_heard_whole() {
    let Some(silero) = silero() else { return };
    let samples = sentences(40);
    let mut cut = 0;
    for (seed, sample) in samples.iter().enumerate() {
        let (sound, _) = on_a_line(&sample.pcm, seed as u64);
        let told = play(&mut silero.stream(), &sound, None);
        let turns = told.iter().filter(|(_, e)| matches!(e, Effect::Words { .. })).count();
        assert!(turns > 0, "nothing was heard of {}", sample.text);
        cut += usize::from(turns > 1);
    }
    assert!(cut * 10 <= samples.len(), "{cut} of {} are cut in two", samples.len());
}

#[test]
fn a_real_voice_holds_and_stops_our_sound() {
    let Some(silero) = silero() else { return };
    let samples = sentences(40);
    let mut late = 0;
    for (seed, sample) in samples.iter().enumerate() {
        let (sound, begins_ms) = on_a_line(&sample.pcm, seed as u64);
        let told = play(&mut silero.stream(), &sound, Some(Saying::Statement));
        let first = |wanted: Effect| told.iter().find(|(_, e)| *e == wanted).map(|(at, _)| *at);
        let (held, stopped) = (first(Effect::HoldOurSound), first(Effect::StopOurSound));
        let started = told.iter().find_map(|(_, e)| match e {
            Effect::Started { at_ms } => Some(*at_ms),
            _ => None,
        });
        assert!(held < stopped && held > Some(begins_ms), "{held:?} {stopped:?}: {}", sample.text);
        // The turn itself begins when the detector is sure, at the end of the fourth step from there.
        late += usize::from(held >= started.map(|at| at + 4 * STEP_MS));
    }
    assert!(late * 2 <= samples.len(), "{late} of {} are held no sooner", samples.len());
}

/// Voiced steps of a recording, those of them that the gated detector also gives, and the share of all steps it ran on.
fn gated(vad: &SileroModel, sound: &[i16]) -> (usize, usize, f64) {
    let mut front = Front::new();
    let mut open = vad.stream();
    let steps: Arc<AtomicU32> = Arc::default();
    let mut gated = Gated::new(Counted { vad: vad.stream(), steps: Arc::clone(&steps) });
    let (mut voiced, mut kept, mut all) = (0, 0, 0);
    let mut speaking = 0;
    for frame in sound.as_chunks::<FRAME_SAMPLES>().0 {
        let Some(step) = front.hear(frame, FrameKind::Heard) else { continue };
        all += 1;
        let whole = open.step(&step.pcm) >= 0.5;
        let heard = gated.step(&step.pcm, step.audible || speaking > 0) >= 0.5;
        // As long as a turn is open after its last voiced step.
        speaking = if heard { 13 } else { speaking - 1_i32 }.max(0);
        voiced += usize::from(whole);
        kept += usize::from(whole && heard);
    }
    (voiced, kept, f64::from(steps.load(Ordering::Relaxed)) / f64::from(all))
}

/// How often a detector was run.
struct Counted {
    vad: SileroVad,
    steps: Arc<AtomicU32>,
}

impl Vad for Counted {
    fn step(&mut self, pcm: &[i16; VAD_STEP]) -> f32 {
        self.steps.fetch_add(1, Ordering::Relaxed);
        self.vad.step(pcm)
    }

    fn reset(&mut self) {
        self.vad.reset();
    }
}

#[test]
fn a_detector_that_sleeps_through_silence_misses_nothing() {
    let Some(silero) = silero() else { return };
    for noise in [-60.0, -45.0, -35.0] {
        let (mut voiced, mut kept, mut ran) = (0, 0, 0.0);
        let samples = sentences(60);
        for (seed, sample) in (1..).zip(&samples) {
            let mut sound = vec![0; 16_000];
            sound.extend_from_slice(&sample.pcm);
            sound.extend(vec![0; 40_000]);
            LineNoise::new(seed, noise).add(&mut sound);
            let (open, both, share) = gated(&silero, &sound);
            (voiced, kept, ran) = (voiced + open, kept + both, ran + share);
        }
        println!(
            "{noise} dBov: {kept} of {voiced} voiced steps, on {:.2} of all",
            ran / samples.len() as f64
        );
        assert!(
            kept * 1_000 >= voiced * 995,
            "at {noise} dBov {kept} of {voiced} voiced steps are left"
        );
    }
}
