//! `huiyin sim`: a working day in seconds.

#[path = "sim_shift.rs"]
mod shift;

use std::process::ExitCode;
use std::time::Instant;

use huiyin::engine::models::ModelDir;
use huiyin::runtime::deadlines;
use huiyin::sim::year::{self, YearReport, YearScenario};
use huiyin::sim::{Report, Scenario, run as play};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Citizens who call: 1,000, in a shift 2,000.
    #[arg(long)]
    calls: Option<u32>,
    /// The same seed gives the same run, to the last effect.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Agents on duty: 5, in a shift 200.
    #[arg(long, value_parser = clap::value_parser!(u32).range(..=2_000))]
    agents: Option<u32>,
    /// Mean time between two calls, in milliseconds: 20,000, in a shift 1,200.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    every_ms: Option<u64>,
    /// Play a year of tickets instead: the desk, units on four levels, every rule pack, callbacks, messages, stops.
    #[arg(long)]
    year: bool,
    /// Tickets of that year.
    #[arg(long, default_value_t = YearScenario::default().tickets, requires = "year")]
    tickets: u32,
    /// How often the service is stopped in that year.
    #[arg(long, default_value_t = YearScenario::default().stops, requires = "year")]
    stops: u32,
    /// Play a shift of the queue alone instead: agents who pick up or not, lines that break, callbacks, restarts.
    #[arg(long, conflicts_with = "year")]
    shift: bool,
    /// A shift as Erlang C assumes one, and what Erlang C says of it.
    #[arg(long, requires = "shift")]
    erlang: bool,
    /// One JSON object instead of prose.
    #[arg(long)]
    json: bool,
}

/// Plays the scenario. The exit code says whether all held that must hold.
pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    if args.year {
        return run_year(&args);
    }
    if args.shift {
        return shift::run(&args);
    }
    let Args { calls, seed, agents, every_ms, json, .. } = args;
    let standard = Scenario::default();
    let scenario = Scenario {
        calls: calls.unwrap_or(standard.calls),
        seed,
        agents: agents.unwrap_or(standard.agents),
        every_ms: every_ms.unwrap_or(standard.every_ms),
        ..standard
    };
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

fn run_year(args: &Args) -> anyhow::Result<ExitCode> {
    let Args { seed, tickets, stops, .. } = *args;
    let scenario = YearScenario { tickets, seed, stops, ..YearScenario::default() };
    let calendar = deadlines::calendar(&ModelDir::locate(None)?, &[])?;
    let began = Instant::now();
    let report = year::run(&scenario, &calendar)?;
    if args.json {
        print_year_json(&scenario, &report);
    } else {
        print_year(&report, began.elapsed().as_secs_f64());
    }
    let fine = report.violations.is_empty();
    Ok(if fine { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn print_year_json(scenario: &YearScenario, report: &YearReport) {
    let violations: Vec<&str> = report.violations.iter().map(|v| v.0.as_str()).collect();
    let object = serde_json::json!({
        "seed": scenario.seed,
        "year": scenario.year,
        "hash": format!("{:016x}", report.hash),
        "tickets": report.tickets,
        "events": report.events,
        "packs": report.packs,
        "levels": report.levels,
        "refused": report.refused,
        "deadlines": report.deadlines,
        "overdue": report.overdue,
        "stops": report.stops,
        "taken": report.taken,
        "refolded": report.refolded,
        "dialled": report.dialled,
        "messages": report.messages,
        "repeated": report.repeated,
        "last_day": report.last_day.map(|day| day.to_string()),
        "violations": violations,
    });
    println!("{object}");
}

fn print_year(report: &YearReport, seconds: f64) {
    let last = report.last_day.map(|day| day.to_string()).unwrap_or_default();
    let events: u64 = report.events.values().sum();
    println!("hash {:016x}", report.hash);
    println!("{} tickets, {events} events to {last} in {seconds:.1} s", report.tickets);
    println!(
        "{} deadlines counted twice, {} red lights, {} orders refused",
        report.deadlines, report.overdue, report.refused
    );
    println!(
        "{} stops: {} tickets put together again, {} unkept changes gone",
        report.stops, report.refolded, report.taken
    );
    println!(
        "{} callbacks dialled, {} messages, {} handed over again",
        report.dialled, report.messages, report.repeated
    );
    let counts = |counts: &std::collections::BTreeMap<String, u64>| {
        counts.iter().map(|(name, n)| format!("{name} {n}")).collect::<Vec<_>>().join(", ")
    };
    println!("by pack: {}", counts(&report.packs));
    println!("by level: {}", counts(&report.levels));
    println!("by event: {}", counts(&report.events));
    for violation in &report.violations {
        println!("violation: {}", violation.0);
    }
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
