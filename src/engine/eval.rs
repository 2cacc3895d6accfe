//! How well and how fast a recogniser hears, measured on sound whose words are known.

use std::time::{Duration, Instant};

use crate::language::{character_error_rate, comparable};
use crate::speech::{Asr, Expected, Heard, SAMPLE_RATE, SpeechError};

/// Sound at 8 kHz and what is said in it.
#[derive(Clone, Debug)]
pub struct Sample {
    pub pcm: Vec<i16>,
    pub text: String,
}

#[derive(Clone, Debug, Default)]
pub struct AsrReport {
    pub utterances: usize,
    /// Wrong characters for each character said, over all utterances together; an unclear one counts as all wrong.
    pub character_error_rate: f32,
    pub unclear: usize,
    /// Time a result took: the median and the 95th percentile.
    pub p50: Duration,
    pub p95: Duration,
    /// Computing time for each second of sound.
    pub real_time_factor: f32,
}

/// What became of one sample.
#[derive(Clone, Copy, Debug)]
pub struct Measured {
    /// Characters that are wrong, and characters said.
    pub wrong: f32,
    pub said: f32,
    pub unclear: bool,
    pub taken: Duration,
    /// Length of the sound.
    pub seconds: f32,
}

/// Recognises a sample as a finished turn.
pub fn measure(asr: &mut dyn Asr, sample: &Sample) -> Result<Measured, SpeechError> {
    let start = Instant::now();
    let heard = asr.recognise(&sample.pcm, &Expected::anything(), true)?;
    let taken = start.elapsed();
    let (text, unclear) = match heard {
        Heard::Words { text, .. } => (text, false),
        Heard::Unclear => (String::new(), true),
    };
    let said = comparable(&sample.text).chars().count() as f32;
    let wrong = character_error_rate(&sample.text, &text) * said;
    let seconds = sample.pcm.len() as f32 / SAMPLE_RATE as f32;
    Ok(Measured { wrong, said, unclear, taken, seconds })
}

impl AsrReport {
    pub fn of<'a>(measured: impl IntoIterator<Item = &'a Measured>) -> AsrReport {
        let mut report = AsrReport::default();
        let (mut wrong, mut said, mut seconds) = (0.0, 0.0, 0.0);
        let mut times = Vec::new();
        for one in measured {
            report.utterances += 1;
            report.unclear += usize::from(one.unclear);
            wrong += one.wrong;
            said += one.said;
            seconds += one.seconds;
            times.push(one.taken);
        }
        let taken: Duration = times.iter().sum();
        times.sort();
        let at = |percent: usize| {
            let i = (times.len() * percent / 100).min(times.len().saturating_sub(1));
            times.get(i).copied().unwrap_or_default()
        };
        (report.p50, report.p95) = (at(50), at(95));
        if said > 0.0 {
            report.character_error_rate = wrong / said;
        }
        if seconds > 0.0 {
            report.real_time_factor = taken.as_secs_f32() / seconds;
        }
        report
    }
}

/// Recognises every sample as a finished turn.
pub fn asr(asr: &mut dyn Asr, samples: &[Sample]) -> Result<AsrReport, SpeechError> {
    let measured: Result<Vec<_>, _> = samples.iter().map(|sample| measure(asr, sample)).collect();
    Ok(AsrReport::of(&measured?))
}
