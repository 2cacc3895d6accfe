//! `huiyin sim`: a working day in seconds.

use std::process::ExitCode;
use std::time::Instant;

use huiyin::sim::{Report, Scenario, run as play};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Citizens who call.
    #[arg(long, default_value_t = 1_000)]
    calls: u32,
    /// The same seed gives the same run, to the last effect.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Agents on duty.
    #[arg(long, default_value_t = Scenario::default().agents)]
    agents: u32,
    /// Mean time between two calls, in milliseconds.
    #[arg(long, default_value_t = Scenario::default().every_ms, value_parser = clap::value_parser!(u64).range(1..))]
    every_ms: u64,
    /// One JSON object instead of prose.
    #[arg(long)]
    json: bool,
}

/// Plays the scenario. The exit code says whether all held that must hold.
pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    let Args { calls, seed, agents, every_ms, json } = args;
    let scenario = Scenario { calls, seed, agents, every_ms, ..Scenario::default() };
    let began = Instant::now();
    let report = play(&scenario)?;
    if json {
        print_json(&scenario, &report);
    } else {
        print_prose(&report, began.elapsed().as_secs_f64());
    }
    let fine = report.violations.is_empty();
    Ok(if fine { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn print_json(scenario: &Scenario, report: &Report) {
    let violations: Vec<&str> = report.violations.iter().map(|v| v.0.as_str()).collect();
    let object = serde_json::json!({
        "calls": scenario.calls,
        "seed": scenario.seed,
        "hash": format!("{:016x}", report.hash),
        "outcomes": report.outcomes,
        "refused": report.refused,
        "inputs": report.inputs,
        "effects": report.effects,
        "tickets": report.tickets,
        "surveys": report.surveys,
        "verifications": report.verifications,
        "virtual_ms": report.virtual_ms,
        "violations": violations,
    });
    println!("{object}");
}

fn print_prose(report: &Report, seconds: f64) {
    let hours = report.virtual_ms as f64 / 3_600_000.0;
    println!("hash {:016x}", report.hash);
    println!(
        "{hours:.1} hours in {seconds:.1} s: {} inputs, {} effects",
        report.inputs, report.effects
    );
    println!(
        "{} tickets, {} callbacks answered, {} verifications, {} callers refused",
        report.tickets, report.surveys, report.verifications, report.refused
    );
    for (outcome, count) in &report.outcomes {
        println!("{count:>6}  {outcome}");
    }
    for violation in &report.violations {
        println!("violation: {}", violation.0);
    }
}
