//! `huiyin sim --shift`: the queue alone, and what Erlang C says of it.

use std::process::ExitCode;
use std::time::Instant;

use huiyin::sim::shift::{Shift, ShiftReport, run as play};

use super::Args;

/// Callers of a shift that is compared with Erlang C: fewer leave too much to chance.
const COMPARED: u32 = 300_000;
const COMPARED_AGENTS: u32 = 20;

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let standard = match args.erlang {
        true => Shift::plain(
            args.calls.unwrap_or(COMPARED),
            args.agents.unwrap_or(COMPARED_AGENTS),
            args.seed,
        ),
        false => Shift::default(),
    };
    let shift = Shift {
        callers: args.calls.unwrap_or(standard.callers),
        agents: args.agents.unwrap_or(standard.agents),
        seed: args.seed,
        every_ms: args.every_ms.unwrap_or(standard.every_ms),
        ..standard
    };
    let began = Instant::now();
    let report = play(&shift);
    if args.json {
        println!("{}", json(&shift, &report));
    } else {
        prose(&shift, &report, began.elapsed().as_secs_f64());
    }
    let fine = report.violations.is_empty();
    Ok(if fine { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What was seen and what Erlang C says: share that waits, share in 15 s, mean wait in seconds.
fn compared(shift: &Shift, report: &ShiftReport) -> [(&'static str, f64, f64); 3] {
    let load = shift.load();
    let agents = shift.agents;
    [
        ("waited_share", report.waited_share, load.waits(agents)),
        ("in_15_s_share", report.in_time_share, load.answered_within(agents, 15.0)),
        ("speed_of_answer_s", report.speed_of_answer_s, load.speed_of_answer_s(agents)),
    ]
}

fn json(shift: &Shift, report: &ShiftReport) -> serde_json::Value {
    let violations: Vec<&str> = report.violations.iter().map(|v| v.0.as_str()).collect();
    let mut object = serde_json::json!({
        "callers": shift.callers,
        "agents": shift.agents,
        "seed": shift.seed,
        "hash": format!("{:016x}", report.hash),
        "inputs": report.inputs,
        "answered": report.answered,
        "left": report.left,
        "turned_away": report.turned_away,
        "promised": report.promised,
        "called_back": report.called_back,
        "given_up": report.given_up,
        "broken": report.broken,
        "missed": report.missed,
        "virtual_ms": report.virtual_ms,
        "waited_share": report.waited_share,
        "in_15_s_share": report.in_time_share,
        "speed_of_answer_s": report.speed_of_answer_s,
        "violations": violations,
    });
    if shift.manner.alike
        && let Some(object) = object.as_object_mut()
    {
        let said = compared(shift, report).map(|(name, _, said)| (name.to_owned(), said.into()));
        object.insert("erlang_c".into(), serde_json::Map::from_iter(said).into());
    }
    object
}

fn prose(shift: &Shift, report: &ShiftReport, seconds: f64) {
    let hours = report.virtual_ms as f64 / 3_600_000.0;
    println!("hash {:016x}", report.hash);
    println!(
        "{} callers, {} agents, {hours:.1} hours in {seconds:.1} s, {} inputs",
        shift.callers, shift.agents, report.inputs
    );
    println!(
        "{} answered, {} left, {} turned away, {} lines broke, {} telephones not answered",
        report.answered, report.left, report.turned_away, report.broken, report.missed
    );
    println!(
        "{} chose a callback, {} were reached, {} given up",
        report.promised, report.called_back, report.given_up
    );
    for (name, seen, said) in compared(shift, report) {
        match shift.manner.alike {
            true => {
                let apart = (seen - said) / said * 100.0;
                println!("{name:>18} {seen:8.4}, by Erlang C {said:8.4} ({apart:+.1} %)");
            }
            false => println!("{name:>18} {seen:8.4}"),
        }
    }
    for violation in &report.violations {
        println!("violation: {}", violation.0);
    }
}
