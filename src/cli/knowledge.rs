//! `huiyin kb`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;
use huiyin::engine::models::ModelDir;
use huiyin::knowledge::{Index, Origin, check_all};
use huiyin::runtime::engines::{knowledge_base, load_encoder};

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Check bases, several as one: every error with its file, line, field and how to mend it.
    Check {
        /// Folders, files, or `builtin`.
        #[arg(required = true)]
        bases: Vec<PathBuf>,
    },
    /// What a caller's words would find.
    Search {
        words: String,
        /// Another base than the one that ships.
        #[arg(long)]
        base: Option<PathBuf>,
    },
}

pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    match args.verb {
        Verb::Check { bases } => {
            let origins: Vec<Origin> = bases.iter().map(|base| Origin::named(base)).collect();
            let report = check_all(&origins);
            println!("{report}");
            Ok(if report.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        Verb::Search { words, base } => {
            let models = ModelDir::locate(None)?;
            let encoder = load_encoder(&models)?;
            let base = knowledge_base(&[base.unwrap_or_else(|| "builtin".into())])?;
            let index = Index::build(std::sync::Arc::new(base), &encoder)?;
            for hit in index.search(&words, &encoder, 5)? {
                println!("{:.2}  {}  {}", hit.confidence, hit.item.id, hit.item.title);
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}
