//! `huiyin taxonomy`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;
use huiyin::runtime::categories;

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

const FORMATS: &str = r#"A taxonomy has up to three levels. Its forms, by the end of the file's name:
  .jsonl  {"l1": "城乡建设", "l2": "城乡规划", "l3": "违章建筑"} with maybe "code", "words", "hints", "like" of the deepest; or
          {"code": "0203", "name": "违法建设", "parent": "02"}
  .csv    the same fields as columns, named in the first line
  .toml   [[group]] code, name; [[group.topic]] code, name, words, hints, like; [[group.topic.item]] the same
words are what callers say, parted by spaces; hints lean towards a category but do not make one; like are whole sentences
(in CSV parted by |). Without words a category is told by its name."#;

#[derive(Debug, Subcommand)]
enum Verb {
    /// Check a taxonomy: double codes, circles, unknown parents, empty names, each with its line and the way out.
    #[command(after_long_help = FORMATS)]
    Check { file: PathBuf },
}

pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    let Verb::Check { file } = args.verb;
    let taxonomy = categories::taxonomy(&file)?;
    let many =
        |level: usize| taxonomy.entries().iter().filter(|entry| entry.level == level).count();
    let levels: Vec<String> =
        (1..=taxonomy.depth()).map(|level| format!("{} of level {level}", many(level))).collect();
    println!("{}: good; {}", file.display(), levels.join(", "));
    Ok(ExitCode::SUCCESS)
}
