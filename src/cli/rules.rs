//! `huiyin rules`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::Subcommand;
use huiyin::desk::dispatch::{self, Case, Decision, Miss, Occurred, Rules, Suggestion, Unit};
use huiyin::kernel::{Civil, TicketId};
use huiyin::runtime::clock::SystemClock;
use huiyin::config::IntakeFiles;
use huiyin::runtime::dispatching;

use super::rules_packs::{self, Deadlines, check_pack, is_pack, tell_faults};
use super::rules_ticket;

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Check rules. Of dispatch: what they name, conflicts, gaps, rules that can never fire. Of a rule pack: limits that
    /// cannot be kept, duties without one.
    Check {
        /// Files of dispatch rules, rule packs, codes of packs that ship; all that ships where none is named.
        files: Vec<PathBuf>,
        /// The taxonomy whose categories the rules of dispatch name, instead of the one that ships.
        #[arg(long)]
        taxonomy: Option<PathBuf>,
    },
    /// When the limits of a rule pack end, with every step of the arithmetic.
    Deadlines(Deadlines),
    /// Who would get a case, and what every rule says to it; or, of a ticket, when its limits end and how that was counted.
    Explain {
        /// What the caller tells.
        #[arg(required_unless_present = "ticket")]
        words: Option<String>,
        /// The arithmetic of this ticket's deadlines: start, days skipped, pauses, extensions, article.
        #[arg(long, conflicts_with_all = ["words", "category", "place", "address", "time", "on", "all"])]
        ticket: Option<TicketId>,
        /// The store that the ticket is in.
        #[arg(long, requires = "ticket", default_value = "data/huiyin.db")]
        store: PathBuf,
        /// A calendar of one's own over the installed one; several lie over each other.
        #[arg(long, requires = "ticket")]
        calendar: Vec<PathBuf>,
        /// Code of the category: 0101.
        #[arg(long, default_value = "")]
        category: String,
        /// Division code of the place: 330702103.
        #[arg(long, default_value = "")]
        place: String,
        /// The place in words.
        #[arg(long, default_value = "")]
        address: String,
        /// When it happened, as a ticket writes it: 2026-11-21T22:00, R/22:00/02:00, 2026-11-21TNI.
        #[arg(long, default_value = "")]
        time: String,
        /// The day of the call, for rules with seasons; today where it is left out.
        #[arg(long)]
        on: Option<String>,
        /// Another file than the one that ships.
        #[arg(long)]
        file: Option<PathBuf>,
        /// The taxonomy whose categories they name, instead of the one that ships.
        #[arg(long)]
        taxonomy: Option<PathBuf>,
        /// Also the rules of other categories.
        #[arg(long)]
        all: bool,
    },
}

pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    match args.verb {
        Verb::Check { files, taxonomy } => check_all(&files, &named(taxonomy)),
        Verb::Deadlines(args) => rules_packs::tell(&args),
        Verb::Explain { ticket: Some(ticket), store, calendar, file, taxonomy, .. } => {
            let rules = rules(file.as_deref(), &named(taxonomy))?;
            rules_ticket::explain(ticket, &store, &calendar, rules)
        }
        Verb::Explain { words, category, place, address, time, on, file, taxonomy, all, .. } => {
            let words = words.unwrap_or_default();
            let rules = rules(file.as_deref(), &named(taxonomy))?;
            let registered = match &on {
                Some(day) => day_of(day)?,
                None => SystemClock::start().wall().civil(),
            };
            let occurred = Occurred::of_code(&time);
            let case = Case {
                category: &category,
                place: &place,
                address: &address,
                words: &words,
                occurred,
                registered,
            };
            explain(&rules, &case, all);
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn named(taxonomy: Option<PathBuf>) -> IntakeFiles {
    IntakeFiles { taxonomy, ..IntakeFiles::default() }
}

fn rules(file: Option<&Path>, intake: &IntakeFiles) -> anyhow::Result<Rules> {
    Ok(dispatching::read(file, &dispatching::categories(intake)?)??)
}

fn day_of(day: &str) -> anyhow::Result<Civil> {
    Occurred::of_code(day)
        .day
        .with_context(|| format!("--on {day:?} is no day; write it like 2026-11-22"))
}

fn check_all(files: &[PathBuf], intake: &IntakeFiles) -> anyhow::Result<ExitCode> {
    let mut errors = 0;
    if files.is_empty() {
        errors += check(None, intake)?;
        for code in rules_packs::shipped() {
            errors += check_pack(&code)?;
        }
    }
    for file in files {
        errors += if is_pack(file) { check_pack(file)? } else { check(Some(file), intake)? };
    }
    Ok(if errors == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// How many errors the rules of dispatch have.
fn check(file: Option<&Path>, intake: &IntakeFiles) -> anyhow::Result<usize> {
    let categories = dispatching::categories(intake)?;
    let (faults, told) = match dispatching::read(file, &categories)? {
        Err(faults) => (faults, String::new()),
        Ok(rules) => {
            let faults = dispatch::check(&rules, &categories);
            let told = format!(
                "{}: {} rules, {} units, {} categories; ",
                rules.name,
                rules.rules().len(),
                rules.units().len(),
                categories.len()
            );
            (faults, told)
        }
    };
    Ok(tell_faults(&told, &faults))
}

fn explain(rules: &Rules, case: &Case<'_>, all: bool) {
    match rules.decide(case) {
        Decision::Clear(one) => tell(&one),
        Decision::Tied(several) => {
            println!("Rules of the same strength name different owners; staff decide:");
            several.iter().for_each(tell);
        }
        Decision::Open { near } => {
            println!("No rule gives it an owner; staff decide.");
            for verdict in near {
                if let Some(miss) = verdict.miss {
                    println!("  {} (line {}): {}", verdict.rule, verdict.line, missing(&miss));
                }
            }
        }
    }
    println!();
    for verdict in rules.explain(case) {
        match verdict.miss {
            None => println!("fires    {} (line {})", verdict.rule, verdict.line),
            Some(Miss::Category) if !all => {}
            Some(miss) => {
                println!("not      {} (line {}): {}", verdict.rule, verdict.line, missing(&miss))
            }
        }
    }
}

fn tell(one: &Suggestion) {
    let names =
        |units: &[Unit]| units.iter().map(|unit| unit.name.as_str()).collect::<Vec<_>>().join("、");
    println!("{}  [{}]", one.owner.name, one.owner.code);
    if !one.with.is_empty() {
        println!("  with      {}", names(&one.with));
    }
    if !one.copied.is_empty() {
        println!("  copied    {}", names(&one.copied));
    }
    if let Some(pack) = &one.pack {
        println!("  rule pack {} ({}; {})", pack.name, pack.code, pack.source);
    }
    let mut why = Vec::new();
    if !one.why.category.is_empty() {
        why.push(format!("category {}", one.why.category));
    }
    if !one.why.place.is_empty() {
        why.push(format!("place {}", one.why.place));
    }
    if !one.why.words.is_empty() {
        why.push(format!("said {}", one.why.words.join("、")));
    }
    if !one.why.times.is_empty() {
        why.push(format!("time {}", one.why.times));
    }
    if one.why.priority != 0 {
        why.push(format!("priority {}", one.why.priority));
    }
    println!("  because   rule {} (line {}): {}", one.rule, one.line, why.join(", "));
}

fn missing(miss: &Miss) -> String {
    match miss {
        Miss::Category => "another category".to_owned(),
        Miss::Place => "another place".to_owned(),
        Miss::PlaceUnknown(level) => format!("the place must be known down to the {}", level.key()),
        Miss::Roads => "none of its roads is in the place".to_owned(),
        Miss::Words => "none of its words is said".to_owned(),
        Miss::Unless(word) => format!("\"{word}\" rules it out"),
        Miss::Hours => "another time of day".to_owned(),
        Miss::HoursUnknown => "the time of day is not known".to_owned(),
        Miss::Weekday => "another day of the week".to_owned(),
        Miss::Season => "another season".to_owned(),
        Miss::NoUnit(target) => format!("no unit {target} serves the place"),
    }
}
