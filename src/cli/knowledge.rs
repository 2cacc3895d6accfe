//! `huiyin kb`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Subcommand;
use huiyin::engine::models::ModelDir;
use huiyin::knowledge::exchange::{self, Imported, Mapping, Notes};
use huiyin::knowledge::{Base, Context, Index, Item, Origin, check_all, check_with};
use huiyin::runtime::engines::{knowledge_base, load_encoder};
use serde_json::{Value, json};

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
    Search(Search),
    /// Read items from JSON, CSV or XLSX into a base. Exit code 1: something was left out, or nothing was written.
    Import(Import),
    /// Write a base as JSON, CSV or XLSX, by the extension.
    Export {
        /// A folder, a file, or `builtin`.
        base: PathBuf,
        file: PathBuf,
    },
}

#[derive(Debug, clap::Args)]
struct Search {
    words: String,
    /// Other bases than the one that ships; several are searched as one.
    #[arg(long)]
    base: Vec<PathBuf>,
    /// Division code of the caller's place, like 330702.
    #[arg(long, default_value = "")]
    region: String,
    /// How many items.
    #[arg(long, default_value_t = 5)]
    top: usize,
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
struct Import {
    /// `.json`, `.jsonl`, `.csv` or `.xlsx`.
    file: PathBuf,
    /// The folder of the base; made where there is none.
    #[arg(long)]
    to: PathBuf,
    /// How somebody else's columns become ours; see knowledge/mappings. Rows that make no good item are left out.
    #[arg(long)]
    map: Option<PathBuf>,
    /// The name of the base, like 省级; else what the file says.
    #[arg(long)]
    base: Option<String>,
    /// Division code of items that name none.
    #[arg(long, default_value = "")]
    region: String,
    /// Replace what an earlier import of a file of this name has written.
    #[arg(long)]
    replace: bool,
    /// Tell everything of every row as JSON.
    #[arg(long)]
    json: bool,
}

pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    match args.verb {
        Verb::Check { bases } => {
            let origins: Vec<Origin> = bases.iter().map(|base| Origin::named(base)).collect();
            let report = check_all(&origins);
            println!("{report}");
            Ok(if report.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        Verb::Search(search) => run_search(&search),
        Verb::Import(args) => import(&args),
        Verb::Export { base, file } => export(&base, &file),
    }
}

fn run_search(args: &Search) -> anyhow::Result<ExitCode> {
    let models = ModelDir::locate(None)?;
    let encoder = load_encoder(&models)?;
    let base = knowledge_base(&args.base)?;
    let index = Index::build(std::sync::Arc::new(base), &encoder)?;
    let context = Context { region: &args.region, today: Some(super::today()) };
    let hits = index.search_in(&args.words, context, &encoder, args.top)?;
    if args.json {
        let hits: Vec<Value> = hits
            .iter()
            .map(|hit| {
                let Item { id, title, region, base, department, source, .. } = &*hit.item;
                json!({ "id": id, "title": title, "region": region, "base": base, "department": department,
                    "source": { "name": source.name, "article": source.article, "date": source.date },
                    "confidence": hit.confidence, "score": hit.score })
            })
            .collect();
        println!("{:#}", json!(hits));
        return Ok(ExitCode::SUCCESS);
    }
    for hit in hits {
        let Item { id, title, region, source, .. } = &*hit.item;
        let place = if region.is_empty() { "-" } else { region };
        println!(
            "{:.2}  {id}  {title}  [{place}]  {} {}",
            hit.confidence, source.name, source.date
        );
    }
    Ok(ExitCode::SUCCESS)
}

fn export(base: &Path, file: &Path) -> anyhow::Result<ExitCode> {
    let base = Base::of(&[Origin::named(base)])?;
    let bytes = exchange::export(&base, file)?;
    std::fs::write(file, bytes).with_context(|| format!("{} cannot be written", file.display()))?;
    println!("{}: {} items", file.display(), base.items().len());
    let holds_outside = file.extension().is_none_or(|extension| extension != "csv");
    if !holds_outside && !base.outside().is_empty() {
        println!(
            "not in it: {} examples of what no item answers; .json and .xlsx hold them",
            base.outside().len()
        );
    }
    Ok(ExitCode::SUCCESS)
}

fn import(args: &Import) -> anyhow::Result<ExitCode> {
    let read = |path: &Path| {
        std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))
    };
    let mapping = match &args.map {
        None => None,
        Some(path) => {
            let text = String::from_utf8(read(path)?)
                .with_context(|| format!("{} is not UTF-8 text", path.display()))?;
            Some(Mapping::read(path, &text)?)
        }
    };
    let mut imported =
        exchange::import(&args.file, &read(&args.file)?, mapping.as_ref(), &args.region)?;
    if let Some(name) = &args.base {
        imported.items.iter_mut().for_each(|item| item.base.clone_from(name));
        imported.notes.count(&imported.items);
    }
    let texts = files(&args.file, &imported);
    for (name, _) in &texts {
        let path = args.to.join(name);
        anyhow::ensure!(
            args.replace || !path.exists(),
            "{} is already there; say --replace to put the new items in its place, or move it away",
            path.display()
        );
    }
    let report = check_with(&args.to, &texts);
    let notes = &imported.notes;
    if args.json {
        println!("{:#}", told(notes));
    } else {
        print!("{notes}");
    }
    if !report.is_good() {
        eprintln!("{report}");
        anyhow::bail!("nothing was written: the base would not be good");
    }
    std::fs::create_dir_all(&args.to)
        .with_context(|| format!("{} cannot be made", args.to.display()))?;
    for (name, text) in &texts {
        let path = args.to.join(name);
        // Written beside and renamed, so that a service that starts reads no half.
        let beside = path.with_extension("tmp");
        std::fs::write(&beside, text)
            .and_then(|()| std::fs::rename(&beside, &path))
            .with_context(|| format!("{} cannot be written", path.display()))?;
        if !args.json {
            println!("wrote {}", path.display());
        }
    }
    Ok(if notes.left_out.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The TOML files that the items make, one a base: name and text.
fn files(source: &Path, imported: &Imported) -> Vec<(String, String)> {
    let stem = source.file_stem().and_then(|stem| stem.to_str()).unwrap_or("items");
    let mut bases: BTreeMap<&str, Vec<&Item>> = BTreeMap::new();
    for item in &imported.items {
        bases.entry(&item.base).or_default().push(item);
    }
    let each = bases.iter().enumerate().map(|(n, (base, items))| {
        let name = if n == 0 { format!("{stem}.toml") } else { format!("{stem}-{}.toml", n + 1) };
        let outside = if n == 0 { imported.outside.as_slice() } else { &[] };
        (name, exchange::toml(items, outside, base))
    });
    each.collect()
}

fn told(notes: &Notes) -> Value {
    let left_out: Vec<Value> = notes
        .left_out
        .iter()
        .map(|row| json!({ "row": row.row, "id": row.id, "title": row.title, "reasons": row.reasons }))
        .collect();
    let cut: Vec<Value> = notes
        .cut
        .iter()
        .map(|((field, what), rows)| json!({ "field": field, "what": what, "rows": rows }))
        .collect();
    let same: Vec<Value> = notes
        .same_titles
        .iter()
        .map(|((region, title), items)| json!({ "region": region, "title": title, "items": items }))
        .collect();
    json!({ "rows": notes.rows, "items": notes.rows - notes.left_out.len(), "left_out": left_out, "cut": cut,
        "same_titles": same, "unused": notes.unused, "filled": notes.filled })
}
