//! How well and how fast a recogniser hears, measured on sound whose words are known.

use std::time::{Duration, Instant};

use crate::language::character_error_rate;
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

/// Recognises every sample as a finished turn.
pub fn asr(asr: &mut dyn Asr, samples: &[Sample]) -> Result<AsrReport, SpeechError> {
    let mut report = AsrReport {
        utterances: samples.len(),
        ..AsrReport::default()
    };
    let (mut wrong, mut said, mut heard_seconds) = (0.0, 0.0, 0.0);
    let mut times = Vec::with_capacity(samples.len());
    for sample in samples {
        let start = Instant::now();
        let heard = asr.recognise(&sample.pcm, &Expected::anything(), true)?;
        times.push(start.elapsed());
        heard_seconds += sample.pcm.len() as f32 / SAMPLE_RATE as f32;
        let text = match heard {
            Heard::Words { text, .. } => text,
            Heard::Unclear => {
                report.unclear += 1;
                String::new()
            }
        };
        let length = sample.text.chars().count() as f32;
        wrong += character_error_rate(&sample.text, &text) * length;
        said += length;
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
    if heard_seconds > 0.0 {
        report.real_time_factor = taken.as_secs_f32() / heard_seconds;
    }
    Ok(report)
}
