//! `huiyin safety`: the net behind the rules for dangers and the wish for a person.

use std::collections::HashSet;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Subcommand;
use huiyin::intake::matter_examples;
use huiyin::intake::safety::{self, Bars, Heard, Judged, Net, Row};
use huiyin::knowledge::Base;
use huiyin::language::comparable;

use super::eval::safety_rows;

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Learn from rows of `huiyin eval intake`: {"text", "emergency"} or {"text", "command"}; a row with neither is an ordinary
    /// matter, and so is every wording of the shipped knowledge base and every sentence that teaches the types of matters. Of
    /// equal texts the first counts. The shipped net is made from tests/data: safety-dev, emergencies, person, progress,
    /// undispatched, intake-dev, knowledge-dev (.jsonl).
    Train {
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Where the net is written: src/intake/safety/net.bin for the shipped one.
        #[arg(long)]
        out: Option<PathBuf>,
        /// Deal the rows into so many parts, judge each by what the others teach, and print what each bar would do.
        #[arg(long, value_parser = clap::value_parser!(u8).range(2..=20))]
        folds: Option<u8>,
        /// With --folds: print the rows that come out wrong at the bars in use.
        #[arg(long)]
        verbose: bool,
    },
    /// What the shipped net makes of words: its margins.
    Try { words: String },
}

pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    match args.verb {
        Verb::Try { words } => {
            let margins = Net::shipped()?.margins(&words);
            let (danger, person) = (margins.danger, margins.person);
            println!("danger {danger:.2} ({}), person {person:.2}", margins.kind.key());
        }
        Verb::Train { files, out, folds, verbose } => {
            let mut rows = Vec::new();
            for file in &files {
                rows.extend(safety_rows(file)?);
            }
            rows.extend(asks()?);
            let told = matter_examples()?
                .into_iter()
                .map(|text| Row { text: text.to_owned(), heard: Heard::Other });
            rows.extend(told);
            let mut known = HashSet::new();
            rows.retain(|row| known.insert(comparable(&row.text)));
            if let Some(folds) = folds {
                fold(&rows, usize::from(folds), verbose);
            }
            if let Some(out) = out {
                let net = safety::train(&rows);
                let bytes = net.bytes();
                std::fs::write(&out, &bytes).with_context(|| format!("{}", out.display()))?;
                println!(
                    "{}: {} features from {} rows, {} bytes",
                    out.display(),
                    net.features(),
                    rows.len(),
                    bytes.len()
                );
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// What callers ask of the shipped knowledge base. What to do in a fire is asked by people who have one, too: that topic is left out.
fn asks() -> anyhow::Result<Vec<Row>> {
    const DANGERS: &str = "消防、防灾和安全";
    let base = Base::builtin()?;
    let items = base.items().iter().filter(|item| item.topic != DANGERS);
    let asks = items.flat_map(|item| item.asks.iter().cloned());
    Ok(asks.map(|text| Row { text, heard: Heard::Other }).collect())
}

fn fold(rows: &[Row], folds: usize, verbose: bool) {
    let judged = safety::judged(rows, folds);
    let danger = |row: &Row| matches!(row.heard, Heard::Danger(_));
    let person = |row: &Row| row.heard == Heard::Person;
    curve("danger", &judged, safety::DANGER, &danger, &|j| j.margins.danger);
    curve("person", &judged, safety::PERSON, &person, &|j| j.margins.person);
    if verbose {
        for j in &judged {
            let wrong = |is: bool, margin: f32, bars: Bars| {
                (is && margin < bars.doubt) || (!is && margin >= bars.doubt)
            };
            if wrong(danger(&j.row), j.margins.danger, safety::DANGER)
                || wrong(person(&j.row), j.margins.person, safety::PERSON)
            {
                let Judged { row, margins } = j;
                eprintln!(
                    "{:?} danger {:.2} person {:.2} | {}",
                    row.heard, margins.danger, margins.person, row.text
                );
            }
        }
    }
}

/// For each bar how many of the true rows lie below it, and how many of the others reach it.
fn curve(
    name: &str,
    judged: &[Judged],
    bars: Bars,
    is: &dyn Fn(&Row) -> bool,
    margin: &dyn Fn(&Judged) -> f32,
) {
    let (own, others): (Vec<&Judged>, Vec<&Judged>) = judged.iter().partition(|j| is(&j.row));
    let tried =
        (-10..=10).map(|tenth| tenth as f32 / 10.0).chain([bars.sure, bars.agreed, bars.doubt]);
    for bar in tried {
        let below = own.iter().filter(|j| margin(j) < bar).count();
        let reach = others.iter().filter(|j| margin(j) >= bar).count();
        println!(
            "{name} {bar:>5.2}: {below} of {} below, {reach} of {} others reach it",
            own.len(),
            others.len()
        );
    }
}
