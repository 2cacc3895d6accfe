//! `huiyin eval asr`: recognition alone, by a manifest of recordings and what is said in them.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use huiyin::engine::eval::{AsrReport, Measured, measure};
use huiyin::engine::models::ModelDir;
use huiyin::engine::whisper::WhisperModel;

use super::line::Line;

pub fn run(
    manifest: &Path,
    limit: Option<usize>,
    line: &Line,
    json: bool,
) -> anyhow::Result<ExitCode> {
    let mut rows = super::read_rows(manifest)?;
    rows.truncate(limit.unwrap_or(usize::MAX));
    line.carry(rows.iter_mut().map(|(_, sample)| sample))?;
    let models = ModelDir::locate(None)?;
    let whisper = WhisperModel::load(&models.path_of("whisper-base")?)?;
    let mut asr = whisper.recogniser()?;
    let mut sets: BTreeMap<&str, Vec<Measured>> = BTreeMap::new();
    for (set, sample) in &rows {
        sets.entry(set).or_default().push(measure(&mut asr, sample)?);
    }
    let all = AsrReport::of(sets.values().flatten());
    let parts = sets.iter().map(|(set, measured)| (*set, AsrReport::of(measured)));
    if json {
        let mut object = object(&all);
        let parts: serde_json::Map<_, _> =
            parts.map(|(set, report)| (set.to_owned(), self::object(&report))).collect();
        object["sets"] = parts.into();
        println!("{object}");
        return Ok(ExitCode::SUCCESS);
    }
    if sets.len() > 1 {
        parts.for_each(|(set, report)| println!("{set}: {}", sentence(&report)));
    }
    println!("{}", sentence(&all));
    Ok(ExitCode::SUCCESS)
}

fn object(report: &AsrReport) -> serde_json::Value {
    serde_json::json!({
        "cer": report.character_error_rate,
        "n": report.utterances,
        "unclear": report.unclear,
        "p50_ms": report.p50.as_millis() as u64,
        "p95_ms": report.p95.as_millis() as u64,
        "rtf": report.real_time_factor,
    })
}

fn sentence(report: &AsrReport) -> String {
    format!(
        "{} utterances: CER {:.3}, {} unclear, {} ms median, {} ms P95, {:.3} s of time a second of sound",
        report.utterances,
        report.character_error_rate,
        report.unclear,
        report.p50.as_millis(),
        report.p95.as_millis(),
        report.real_time_factor
    )
}
