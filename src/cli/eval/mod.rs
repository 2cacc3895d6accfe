//! `huiyin eval` and `huiyin transcribe`: measure the ear and what is made of its words.

mod answers;
mod asr;
mod clock;
mod heard;
mod intake;
mod knowledge;
mod line;
mod sets;
mod turns;

pub use intake::safety_rows;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::Subcommand;
use huiyin::engine::eval::Sample;
use huiyin::engine::models::ModelDir;
use huiyin::engine::silero::SileroModel;
use huiyin::engine::whisper::WhisperModel;
use huiyin::media::wav;
use huiyin::runtime::engines::load_voice;
use huiyin::speech::turn::Effect;
use huiyin::speech::{Asr, Expected, Listening, Tts, Turn, VAD_STEP, Vad};

#[derive(Debug, clap::Args)]
pub struct EvalArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Recognition alone: character error rate and time. Rows of the manifest: {"wav": "relative/path", "text": "…"} (or "file").
    Asr {
        manifest: PathBuf,
        /// Only the first so many rows.
        #[arg(long)]
        limit: Option<usize>,
        #[command(flatten)]
        line: line::Line,
        #[arg(long)]
        json: bool,
    },
    /// What the knowledge base makes of callers' words, or of their sound: found, answered, asked back, refused.
    Knowledge(knowledge::Args),
    /// What the intake makes of callers' words, or of their sound: type, category, place, time, dangers, commands.
    Intake(intake::Args),
    /// Short answers inside the sets that questions expect: accepted, to be confirmed, wrong, asked again.
    Sets(sets::Args),
    /// The conversation, measured in the caller's audio: a service of its own on this machine, real calls, every utterance
    /// said once. Reply latency, cut-offs, missed and stale replies, barge-in, CPU.
    Turns(turns::Args),
}

#[derive(Debug, clap::Args)]
pub struct TranscribeArgs {
    /// A WAV; of two channels each is heard by itself.
    wav: PathBuf,
    /// Words that the recogniser is told beforehand.
    #[arg(long)]
    prompt: Option<String>,
}

#[derive(Debug, clap::Args)]
pub struct SayArgs {
    text: String,
    /// The file to write: a WAV as the telephone sounds, 8 kHz.
    wav: PathBuf,
}

/// Renders a text with our own voice.
pub fn say(args: SayArgs) -> anyhow::Result<ExitCode> {
    let mut voice = load_voice(&ModelDir::locate(None)?)?;
    let mut sound = Vec::new();
    voice.speak(&args.text, &mut |piece| {
        sound.extend_from_slice(piece);
        ControlFlow::Continue(())
    })?;
    wav::write(&args.wav, &sound)?;
    Ok(ExitCode::SUCCESS)
}

pub fn eval(args: EvalArgs) -> anyhow::Result<ExitCode> {
    match args.what {
        What::Asr { manifest, limit, line, json } => asr::run(&manifest, limit, &line, json),
        What::Knowledge(args) => knowledge::run(args),
        What::Intake(args) => intake::run(args),
        What::Sets(args) => sets::run(args),
        What::Turns(args) => super::block_on(turns::run(args)),
    }
}

fn read_manifest(path: &Path) -> anyhow::Result<Vec<Sample>> {
    Ok(read_rows(path)?.into_iter().map(|(_, sample)| sample).collect())
}

/// The rows with the set that each counts under: its own "set", else the folder of its sound.
fn read_rows(path: &Path) -> anyhow::Result<Vec<(String, Sample)>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("{}", path.display()))?;
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut samples = Vec::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let at = || format!("{} line {}", path.display(), number + 1);
        let row: serde_json::Value = serde_json::from_str(line).with_context(at)?;
        let wav = row["wav"].as_str().or(row["file"].as_str());
        let wav = wav.with_context(|| format!("{}: the field \"wav\" is missing", at()))?;
        let text = row["text"].as_str();
        let text = text.with_context(|| format!("{}: the field \"text\" is missing", at()))?;
        let beside = Path::new(wav).parent().map(|parent| parent.display().to_string());
        let set = row["set"].as_str().map(str::to_owned).or(beside).unwrap_or_default();
        let pcm = wav::read(&folder.join(wav)).with_context(at)?;
        let sample = Sample { text: text.into(), pcm };
        samples.push((set, sample));
    }
    anyhow::ensure!(!samples.is_empty(), "{}: no rows", path.display());
    Ok(samples)
}

/// Finds the turns of a recording and prints their words, as the service would hear them.
pub fn transcribe(args: TranscribeArgs) -> anyhow::Result<ExitCode> {
    let models = ModelDir::locate(None)?;
    let whisper = WhisperModel::load(&models.path_of("whisper-base")?)?;
    let vad = SileroModel::load(&models.path_of("silero")?)?;
    let channels = wav::channels(&args.wav)?;
    let many = channels.len() > 1;
    let hint = args.prompt.as_deref().unwrap_or_default();
    let expected = Expected { hint: hint.into(), form: None };
    let mut lines = Vec::new();
    for (index, pcm) in channels.into_iter().enumerate() {
        let side = if many { ["左", "右"].get(index).copied().unwrap_or("") } else { "" };
        let mut recogniser = whisper.recogniser()?;
        let mut stream = vad.stream();
        let mut turn = Turn::new(0, Listening::OVERHEARD);
        for step in pcm.as_chunks::<VAD_STEP>().0 {
            turn.step(step, stream.step(step));
            follow(&mut turn, &mut recogniser, &expected, side, &mut lines)?;
        }
        turn.finish();
        follow(&mut turn, &mut recogniser, &expected, side, &mut lines)?;
    }
    lines.sort();
    for (start_ms, end_ms, side, text) in lines {
        println!("{:>8.2} – {:>8.2}  {side}  {text}", start_ms as f64 / 1e3, end_ms as f64 / 1e3);
    }
    Ok(ExitCode::SUCCESS)
}

type Line<'a> = (u64, u64, &'a str, String);

fn follow<'a>(
    turn: &mut Turn,
    recogniser: &mut impl Asr,
    expected: &Expected,
    side: &'a str,
    lines: &mut Vec<Line<'a>>,
) -> anyhow::Result<()> {
    loop {
        let effects: Vec<Effect> = turn.drain().collect();
        if effects.is_empty() {
            return Ok(());
        }
        for effect in effects {
            match effect {
                Effect::Decode { job, pcm, .. } => {
                    turn.decoded(job, recogniser.recognise(&pcm, expected, true)?);
                }
                Effect::Words { text, start_ms, end_ms, .. } => {
                    lines.push((start_ms, end_ms, side, text));
                }
                Effect::Unclear { start_ms, end_ms } => {
                    lines.push((start_ms, end_ms, side, "（听不清）".into()));
                }
                Effect::Started { .. }
                | Effect::HoldOurSound
                | Effect::ReleaseOurSound
                | Effect::StopOurSound
                | Effect::Hurry { .. }
                | Effect::Silent => {}
            }
        }
    }
}
