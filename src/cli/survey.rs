//! `huiyin survey`: what anybody must be able to check about callbacks.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use huiyin::config::Config;
use huiyin::kernel::{CampaignId, TicketId};
use huiyin::store::{Drawn, Store};
use huiyin::survey::campaign::{ALGORITHM, Draw, Rate, draw};
use huiyin::survey::chain::Head;
use serde::Deserialize;
use serde_json::json;

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Follow the chain of survey records from its beginning; print the first broken record, and fail.
    Audit(Audit),
    /// Print where the chain ends, COUNT:HASH: what is published, so that no record can be cut off later.
    Head(Place),
    /// Draw a sample again from its seed, rate and population, and print the chosen tickets in their order.
    Draw(Redraw),
    /// Print a drawn sample as JSON: all that `survey draw --export` needs.
    Export(Export),
}

/// Where the store lies.
#[derive(Debug, clap::Args)]
struct Place {
    /// Settings (TOML) whose data folder is used.
    #[arg(long, short)]
    config: Option<PathBuf>,
    /// The data folder; goes before the configuration's.
    #[arg(long)]
    data: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
struct Audit {
    #[command(flatten)]
    place: Place,
    /// A head that was published earlier, COUNT:HASH: the chain must still pass it.
    #[arg(long)]
    head: Option<Head>,
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
struct Redraw {
    #[command(flatten)]
    place: Place,
    /// A sample of the store, by its number.
    #[arg(long, conflicts_with_all = ["export", "seed"])]
    campaign: Option<CampaignId>,
    /// A file that `survey export` or GET /api/campaigns/N has written.
    #[arg(long, conflicts_with = "seed")]
    export: Option<PathBuf>,
    #[arg(long, requires_all = ["rate", "population"])]
    seed: Option<String>,
    /// Like 10% or 2.5%.
    #[arg(long)]
    rate: Option<Rate>,
    /// Ticket numbers, one a line, in any order.
    #[arg(long)]
    population: Option<PathBuf>,
    /// Also compare with what was drawn then, and fail where it differs.
    #[arg(long)]
    check: bool,
}

#[derive(Debug, clap::Args)]
struct Export {
    #[command(flatten)]
    place: Place,
    #[arg(long)]
    campaign: CampaignId,
}

pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    match args.verb {
        Verb::Audit(args) => audit(args).await,
        Verb::Head(place) => {
            let store = open(&place).await?;
            println!("{}", store.survey_head().await?);
            Ok(ExitCode::SUCCESS)
        }
        Verb::Draw(args) => redraw(args).await,
        Verb::Export(args) => export(args).await,
    }
}

async fn open(place: &Place) -> anyhow::Result<Store> {
    let data = match &place.data {
        Some(data) => data.clone(),
        None => Config::load(place.config.as_deref())?.data_dir,
    };
    Ok(Store::look(&data.join("huiyin.db")).await?)
}

async fn audit(args: Audit) -> anyhow::Result<ExitCode> {
    let store = open(&args.place).await?;
    let audit = store.audit_surveys(args.head).await?;
    let whole = audit.findings.is_empty();
    let findings: Vec<String> = audit.findings.iter().map(ToString::to_string).collect();
    if args.json {
        let head = audit.head.to_string();
        println!(
            "{}",
            json!({ "whole": whole, "head": head, "records": audit.records, "findings": findings })
        );
    } else {
        let kinds: Vec<String> =
            audit.records.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
        println!("records: {}", if kinds.is_empty() { "none".into() } else { kinds.join(", ") });
        for finding in &findings {
            println!("{finding}");
        }
        println!("head {}{}", audit.head, if whole { "" } else { ", where the chain is whole to" });
        println!("{}", if whole { "whole" } else { "NOT whole" });
    }
    Ok(if whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn redraw(args: Redraw) -> anyhow::Result<ExitCode> {
    let (again, then) = match (args.campaign, &args.export, args.seed, args.rate, &args.population)
    {
        (Some(campaign), ..) => of_drawn(stored(&args.place, campaign).await?),
        (None, Some(file), ..) => of_drawn(exported(file)?),
        (None, None, Some(seed), Some(rate), Some(file)) => {
            (draw(&seed, rate, numbers(file)?), None)
        }
        _ => bail!(
            "say what to draw: --campaign N, --export FILE, or --seed, --rate and --population"
        ),
    };
    let Draw { seed, rate, population, digest, chosen } = &again;
    println!("algorithm {ALGORITHM}");
    println!("seed {seed}");
    println!("rate {rate}");
    println!("population {} sha256 {digest}", population.len());
    println!("chosen {}", chosen.len());
    for ticket in chosen {
        println!("{}", ticket.0);
    }
    if !args.check {
        return Ok(ExitCode::SUCCESS);
    }
    let Some(then) = then else {
        bail!("--check compares with a draw: give it by --campaign or --export");
    };
    let same = then.digest == digest.to_string() && then.chosen == *chosen;
    println!("{}", if same { "the same as was drawn" } else { "NOT what was drawn" });
    Ok(if same { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn of_drawn(then: Drawn) -> (Draw, Option<Drawn>) {
    (draw(&then.seed, then.rate, then.population.iter().copied()), Some(then))
}

async fn stored(place: &Place, campaign: CampaignId) -> anyhow::Result<Drawn> {
    let drawn = open(place).await?.drawn(campaign).await?;
    drawn.with_context(|| format!("there is no sample {campaign}, or it is not drawn yet"))
}

async fn export(args: Export) -> anyhow::Result<ExitCode> {
    let store = open(&args.place).await?;
    let row = store.campaign(args.campaign).await?;
    let row = row.with_context(|| format!("there is no sample {}", args.campaign))?;
    let members = store.campaign_members(args.campaign).await?;
    println!("{}", json!({ "campaign": row, "members": members }));
    Ok(ExitCode::SUCCESS)
}

/// What a draw needs of the export; the rest is for people.
#[derive(Debug, Deserialize)]
struct Exported {
    campaign: ExportedCampaign,
    members: Vec<ExportedMember>,
}

#[derive(Debug, Deserialize)]
struct ExportedCampaign {
    name: String,
    seed: String,
    rate: u32,
    digest: Option<String>,
}

#[derive(Debug, Deserialize)]
struct ExportedMember {
    ticket_id: u64,
    place: Option<u64>,
}

fn exported(file: &Path) -> anyhow::Result<Drawn> {
    let shown = file.display();
    let text = std::fs::read_to_string(file).with_context(|| format!("{shown} cannot be read"))?;
    let mut read: Exported =
        serde_json::from_str(&text).with_context(|| format!("{shown} is no exported sample"))?;
    read.members.sort_by_key(|member| member.place.unwrap_or(u64::MAX));
    let ticket = |member: &ExportedMember| TicketId(member.ticket_id);
    Ok(Drawn {
        name: read.campaign.name,
        seed: read.campaign.seed,
        rate: Rate::new(read.campaign.rate)?,
        digest: read.campaign.digest.with_context(|| format!("{shown}: not drawn yet"))?,
        population: read.members.iter().map(ticket).collect(),
        chosen: read.members.iter().filter(|member| member.place.is_some()).map(ticket).collect(),
    })
}

fn numbers(file: &Path) -> anyhow::Result<Vec<TicketId>> {
    let shown = file.display();
    let text = std::fs::read_to_string(file).with_context(|| format!("{shown} cannot be read"))?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let read = lines.map(|(n, line)| {
        let number = line.trim().parse::<TicketId>();
        number.map_err(|error| anyhow::anyhow!("{shown}:{}: {error}", n + 1))
    });
    read.collect()
}
