//! `huiyin voice`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;
use huiyin::config::Config;
use huiyin::engine::models::ModelDir;
use huiyin::runtime::engines::{knowledge_base, load_voice};
use huiyin::runtime::serve::{prompts, rendered};
use huiyin::runtime::voice::{plan, render_all};
use huiyin::speech::engine::SAMPLE_RATE;
use indicatif::{ProgressBar, ProgressStyle};

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Render the prompts and the answers of the knowledge base into the data folder, as the service does in the background.
    Prepare {
        /// Settings (TOML); without it the built-in ones.
        #[arg(long, short)]
        config: Option<PathBuf>,
        /// The data folder; goes before the configuration's.
        #[arg(long)]
        data: Option<PathBuf>,
    },
}

pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    let Verb::Prepare { config, data } = args.verb;
    let mut config = Config::load(config.as_deref())?;
    if let Some(data) = data {
        config.data_dir = data;
    }
    let models = ModelDir::locate(config.models_dir.as_deref())?;
    let plan = plan(&prompts(&config)?, &knowledge_base(&config.knowledge)?);
    let mut voice = load_voice(&models)?;
    let store = rendered(&config)?;
    let began = std::time::Instant::now();
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} {eta}")?;
    let bar = ProgressBar::new(plan.clauses.len() as u64).with_style(style);
    let done = render_all(&mut voice, store, &plan, |progress| {
        bar.set_position((progress.found + progress.rendered + progress.failed) as u64);
    });
    bar.finish_and_clear();
    let minutes = done.samples as f64 / f64::from(SAMPLE_RATE) / 60.0;
    println!(
        "{} clauses, {minutes:.1} min of speech: {} were there, {} rendered in {:.1} s, {} cannot be said; {:.1} MiB in {}",
        done.clauses,
        done.found,
        done.rendered,
        began.elapsed().as_secs_f64(),
        done.failed,
        rendered(&config)?.bytes()? as f64 / f64::from(1 << 20),
        config.data_dir.join("voice").display()
    );
    if done.left > 0 {
        println!("{} more do not fit; raise voice.cache_mb", done.left);
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}
