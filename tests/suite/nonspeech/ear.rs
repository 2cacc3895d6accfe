//! The whole ear on a recorded sound, as a call has it: front, detector, turns, recogniser. Recognition takes no time here.

use huiyin::media::front::Front;
use huiyin::media::{FRAME_SAMPLES, FrameKind, SILENCE};
use huiyin::speech::turn::Effect;
use huiyin::speech::{Asr, Expected, Heard, Listening, Turn, Vad};

#[derive(Clone, Debug, Default)]
pub struct Heeded {
    /// What would go to the talk.
    pub words: Vec<String>,
    /// How often the caller would be asked to say it again.
    pub unclear: usize,
    /// Turns that the detector began, and stretches that were dropped as tones or music.
    pub started: usize,
    pub dropped: usize,
    /// Whether the newest stretch was no voice.
    no_voice: bool,
}

/// Two seconds of silence after the sound, for the endpoint.
const AFTER: usize = 100;

pub fn listen(
    pcm: &[i16],
    vad: &mut dyn Vad,
    asr: &mut dyn Asr,
    expected: &Expected,
    listening: Listening,
) -> Heeded {
    let mut front = Front::new();
    let mut turn = Turn::new(0, listening);
    let mut out = Heeded::default();
    let frames = pcm.as_chunks::<FRAME_SAMPLES>().0.iter().copied();
    for frame in frames.chain(std::iter::repeat_n(SILENCE, AFTER)) {
        let Some(step) = front.hear(&frame, FrameKind::Heard) else { continue };
        let probability = vad.step(&step.pcm);
        turn.step(&step.pcm, if step.may_be_voice { probability } else { 0.0 });
        follow(&mut turn, &front, asr, expected, &mut out);
    }
    out
}

fn follow(
    turn: &mut Turn,
    front: &Front,
    asr: &mut dyn Asr,
    expected: &Expected,
    out: &mut Heeded,
) {
    loop {
        let effects: Vec<Effect> = turn.drain().collect();
        if effects.is_empty() {
            return;
        }
        for effect in effects {
            match effect {
                Effect::Started { .. } => out.started += 1,
                Effect::Decode { job, pcm, .. } => {
                    out.no_voice = front.was_no_voice(pcm.len() as u64 / 8);
                    let heard = if out.no_voice {
                        Heard::Unclear
                    } else {
                        asr.recognise(&pcm, expected, true).unwrap()
                    };
                    turn.decoded(job, heard);
                }
                Effect::Words { text, .. } => out.words.push(text),
                Effect::Unclear { .. } if out.no_voice => out.dropped += 1,
                Effect::Unclear { .. } => out.unclear += 1,
                _ => {}
            }
        }
    }
}
