//! `huiyin eval knowledge`: what the knowledge base makes of callers' words, or of their sound.

mod fit;
mod logistic;
mod report;
mod rows;

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use huiyin::engine::models::ModelDir;
use huiyin::kernel::{Day, Rng};
use huiyin::knowledge::{Bars, Context, Decision, Encoder, Hit, Index, decide};
use huiyin::language::misheard;
use huiyin::runtime::engines::{knowledge_base, load_encoder};

use super::clock::Clock;
use super::heard::Ear;
use report::{Report, Verdict};
use rows::Row;

#[derive(Debug, clap::Args)]
#[command(after_long_help = rows::FORMAT)]
pub struct Args {
    /// JSONL: one question a row, as words or as a recording. See below.
    file: PathBuf,
    /// A folder of knowledge instead of the base that ships; given several times they are searched together, `builtin` is what ships.
    #[arg(long, default_value = "builtin")]
    base: Vec<PathBuf>,
    /// Errors a spoken character, 0 to 1, that the words get before they are searched: a recogniser's, mostly of the same sound.
    #[arg(long, default_value_t = 0.0, value_parser = share)]
    noise: f64,
    /// The same seed makes the same errors.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Let our own voice say the rows' words over a telephone line, and search what the ear makes of them.
    #[arg(long, conflicts_with = "noise")]
    telephone: bool,
    /// White noise on that line, so far under the voice.
    #[arg(long, value_name = "DB", requires = "telephone")]
    noise_db: Option<f64>,
    /// Write the rows here with what was heard as their words: to measure what comes after the ear again without it.
    #[arg(long, value_name = "FILE")]
    keep_heard: Option<PathBuf>,
    /// Division code of callers whose row names none.
    #[arg(long, default_value = "")]
    region: String,
    /// The day on which it is asked, YYYY-MM-DD; today where it is not given.
    #[arg(long, value_parser = day)]
    today: Option<Day>,
    /// Only the first so many rows.
    #[arg(long)]
    limit: Option<usize>,
    /// Print the rows that did not come out right.
    #[arg(long)]
    verbose: bool,
    #[arg(long)]
    json: bool,
    /// Fit the search to these rows instead and print the constants of src/knowledge/fitted.rs.
    #[arg(long, hide = true)]
    fit: bool,
    /// Rows to fit to as well: what was heard.
    #[arg(long, hide = true, requires = "fit")]
    also: Option<PathBuf>,
}

pub(super) fn share(text: &str) -> Result<f64, String> {
    let share = text.parse().ok().filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| "give a share from 0 to 1, like 0.17".into())
}

fn day(text: &str) -> Result<Day, String> {
    Day::parse(text).ok_or_else(|| "give a day as YYYY-MM-DD".into())
}

impl Args {
    fn today(&self) -> Day {
        self.today.unwrap_or_else(crate::cli::today)
    }
}

/// How many hits are looked at: what the service looks at.
const HITS: usize = 3;

pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    let models = ModelDir::locate(None)?;
    let base = Arc::new(knowledge_base(&args.base)?);
    let mut rows = rows::read(&args.file, &base)?;
    rows.truncate(args.limit.unwrap_or(usize::MAX));
    let encoder = load_encoder(&models)?;
    if args.fit {
        if let Some(also) = &args.also {
            rows.extend(rows::read(also, &base)?);
        }
        fit::run(&rows, &base, &encoder, args.seed)?;
        return Ok(ExitCode::SUCCESS);
    }
    let index = Index::build(base, &encoder)?;
    let sounding = args.telephone || rows.iter().any(|row| row.wav.is_some());
    let mut ear = if sounding { Some(Ear::load(&models)?) } else { None };
    let mut rng = Rng::new(args.seed);
    let mut report = Report::default();
    let mut kept = match &args.keep_heard {
        Some(file) => Some(File::create(file).with_context(|| file.display().to_string())?),
        None => None,
    };
    for row in &rows {
        let words = words(row, &args, ear.as_mut(), &mut rng)?;
        if let Some(kept) = &mut kept {
            writeln!(kept, "{}", row.heard(&words))?;
        }
        let (verdict, took) = ask(row, &words, &args, &index, &encoder)?;
        if args.verbose && !verdict.is_good() {
            eprintln!("{}", verdict.line(row, &words));
        }
        report.add(row, &words, &verdict, took);
    }
    if args.json {
        println!("{}", report.json());
    } else {
        println!("{report}");
    }
    Ok(ExitCode::SUCCESS)
}

/// What is searched: the row's words, with errors or as heard.
fn words(row: &Row, args: &Args, ear: Option<&mut Ear>, rng: &mut Rng) -> anyhow::Result<String> {
    match (ear, &row.wav, &row.text) {
        (Some(ear), Some(wav), _) => ear.file(wav),
        (Some(ear), None, Some(text)) if args.telephone => ear.telephoned(text, args.noise_db, rng),
        (_, _, Some(text)) if args.noise > 0.0 => Ok(misheard(text, args.noise, rng)),
        (_, _, text) => Ok(text.clone().unwrap_or_default()),
    }
}

fn ask(
    row: &Row,
    words: &str,
    args: &Args,
    index: &Index,
    encoder: &dyn Encoder,
) -> anyhow::Result<(Verdict, Duration)> {
    let region = row.region.as_deref().unwrap_or(&args.region);
    let context = Context { region, today: Some(args.today()) };
    let clock = Clock::start();
    let hits = index.search_in(words, context, encoder, HITS)?;
    let took = clock.took();
    Ok((Judged(hits).verdict(row, &Bars::default()), took))
}

/// What was found for one row.
struct Judged(Vec<Hit>);

/// For a caller of whom nothing is known.
fn judge(row: &Row, words: &str, index: &Index, encoder: &dyn Encoder) -> anyhow::Result<Judged> {
    let region = row.region.as_deref().unwrap_or_default();
    Ok(Judged(index.search_in(words, Context { region, today: None }, encoder, HITS)?))
}

impl Judged {
    fn verdict(&self, row: &Row, bars: &Bars) -> Verdict {
        let answers = |hit: &Hit| row.is_answered_by(&hit.item.id);
        let decision = decide(&self.0, bars);
        let said = match &decision {
            Decision::Answer(_) => report::Said::Answer,
            Decision::Confirm(_) => report::Said::Confirm,
            Decision::Offer(_) => report::Said::Offer,
            Decision::Person => report::Said::Person,
        };
        Verdict {
            in_scope: row.item.is_some(),
            found: self.0.iter().map(|hit| hit.item.id.clone()).collect(),
            at: self.0.iter().position(answers),
            said,
            told: decision.hits().iter().any(answers),
            confidence: self.0.first().map_or(0.0, |hit| hit.confidence),
        }
    }
}
