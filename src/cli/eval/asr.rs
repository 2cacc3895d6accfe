//! `huiyin eval asr`: recognition alone, by a manifest of recordings and what is said in them.

use std::path::Path;
use std::process::ExitCode;

use huiyin::engine::eval::asr;
use huiyin::engine::models::ModelDir;
use huiyin::engine::whisper::WhisperModel;

pub fn run(manifest: &Path, limit: Option<usize>, json: bool) -> anyhow::Result<ExitCode> {
    let mut samples = super::read_manifest(manifest)?;
    samples.truncate(limit.unwrap_or(usize::MAX));
    let models = ModelDir::locate(None)?;
    let whisper = WhisperModel::load(&models.path_of("whisper-base")?)?;
    let report = asr(&mut whisper.recogniser()?, &samples)?;
    let (p50, p95) = (report.p50.as_millis() as u64, report.p95.as_millis() as u64);
    if json {
        let object = serde_json::json!({
            "cer": report.character_error_rate,
            "n": report.utterances,
            "unclear": report.unclear,
            "p50_ms": p50,
            "p95_ms": p95,
            "rtf": report.real_time_factor,
        });
        println!("{object}");
    } else {
        println!(
            "{} utterances: CER {:.3}, {} unclear, {p50} ms median, {p95} ms P95, {:.3} s of time a second of sound",
            report.utterances, report.character_error_rate, report.unclear, report.real_time_factor
        );
    }
    Ok(ExitCode::SUCCESS)
}
