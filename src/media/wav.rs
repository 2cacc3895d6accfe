//! Reads WAV files of people and tools into 8 kHz mono.

use std::io::{Cursor, ErrorKind};
use std::path::Path;

use hound::{SampleFormat, WavReader, WavSpec, WavWriter};

use super::resample::resample;
use super::{MediaError, RATE};
use crate::kernel::limits;

const RATE_MIN: u32 = 8_000;
const RATE_MAX: u32 = 48_000;

/// Reads a file: 8, 16, 24 or 32 bits or float, mono or stereo (mixed down), 8 to 48 kHz. Blocks while it reads.
pub fn read(path: &Path) -> Result<Vec<i16>, MediaError> {
    parse(&path.display().to_string(), &bytes_of(path)?)
}

/// Writes 8 kHz mono sound.
pub fn write(path: &Path, samples: &[i16]) -> Result<(), MediaError> {
    let spec = WavSpec {
        channels: 1,
        sample_rate: RATE,
        bits_per_sample: 16,
        sample_format: SampleFormat::Int,
    };
    let failed = |error: hound::Error| match error {
        hound::Error::IoError(source) => MediaError::Io { path: path.to_path_buf(), source },
        other => MediaError::Broken { name: path.display().to_string(), what: other.to_string() },
    };
    let mut writer = WavWriter::create(path, spec).map_err(failed)?;
    for sample in samples {
        writer.write_sample(*sample).map_err(failed)?;
    }
    writer.finalize().map_err(failed)
}

/// As [`read`], each channel by itself: of our own recordings the caller, then what they heard.
pub fn channels(path: &Path) -> Result<Vec<Vec<i16>>, MediaError> {
    let (channels, rate, samples) = decode(&path.display().to_string(), &bytes_of(path)?)?;
    let one = |channel| {
        let samples = samples.iter().skip(channel).step_by(channels).copied().collect::<Vec<_>>();
        telephone(&samples, rate)
    };
    Ok((0..channels).map(one).collect())
}

fn bytes_of(path: &Path) -> Result<Vec<u8>, MediaError> {
    let io = |source: std::io::Error| {
        let path = path.to_path_buf();
        match source.kind() {
            ErrorKind::NotFound => MediaError::Missing { path },
            _ => MediaError::Io { path, source },
        }
    };
    let name = path.display().to_string();
    let bytes = std::fs::metadata(path).map_err(io)?.len();
    if bytes > limits::WAV_BYTES_MAX {
        return Err(MediaError::TooLong { name, bytes, max: limits::WAV_BYTES_MAX });
    }
    std::fs::read(path).map_err(io)
}

/// Reads a file's content; `name` is for the error.
pub fn parse(name: &str, bytes: &[u8]) -> Result<Vec<i16>, MediaError> {
    let (channels, rate, samples) = decode(name, bytes)?;
    let mono: Vec<f32> = samples
        .chunks_exact(channels)
        .map(|frame| frame.iter().sum::<f32>() / channels as f32)
        .collect();
    Ok(telephone(&mono, rate))
}

fn telephone(samples: &[f32], rate: u32) -> Vec<i16> {
    let sound = resample(samples, rate, RATE);
    sound.into_iter().map(|sample| (sample * 32_768.0).round() as i16).collect()
}

/// Channels, rate, and the interleaved samples.
fn decode(name: &str, bytes: &[u8]) -> Result<(usize, u32, Vec<f32>), MediaError> {
    let name = || name.to_owned();
    if bytes.is_empty() {
        return Err(MediaError::Empty { name: name() });
    }
    if !bytes.starts_with(b"RIFF") || bytes.get(8..12) != Some(b"WAVE".as_slice()) {
        return Err(MediaError::NotWav { name: name() });
    }
    let broken = |error: hound::Error| match error {
        hound::Error::Unsupported => MediaError::Unsupported {
            name: name(),
            what: "coding other than PCM or float".to_owned(),
        },
        hound::Error::IoError(_) => {
            MediaError::Broken { name: name(), what: "it ends before its header says".to_owned() }
        }
        other => MediaError::Broken { name: name(), what: other.to_string() },
    };
    let reader = WavReader::new(Cursor::new(bytes)).map_err(broken)?;
    let spec = reader.spec();
    check(&name(), &spec)?;
    let samples: Vec<f32> = match spec.sample_format {
        SampleFormat::Float => reader
            .into_samples::<f32>()
            .map(|sample| sample.map(|value| if value.is_finite() { value } else { 0.0 }))
            .collect::<Result<_, _>>(),
        SampleFormat::Int => {
            let scale = 1.0 / (1u64 << (spec.bits_per_sample - 1)) as f32;
            reader.into_samples::<i32>().map(|sample| Ok(sample? as f32 * scale)).collect()
        }
    }
    .map_err(broken)?;
    if samples.is_empty() {
        return Err(MediaError::NoSound { name: name() });
    }
    Ok((usize::from(spec.channels), spec.sample_rate, samples))
}

fn check(name: &str, spec: &hound::WavSpec) -> Result<(), MediaError> {
    let unsupported = |what: String| Err(MediaError::Unsupported { name: name.to_owned(), what });
    if !(1..=2).contains(&spec.channels) {
        return unsupported(format!("file of {} channels", spec.channels));
    }
    if !(RATE_MIN..=RATE_MAX).contains(&spec.sample_rate) {
        return unsupported(format!("sample rate of {} Hz", spec.sample_rate));
    }
    if !matches!(spec.bits_per_sample, 8 | 16 | 24 | 32) {
        return unsupported(format!("sample of {} bits", spec.bits_per_sample));
    }
    Ok(())
}
