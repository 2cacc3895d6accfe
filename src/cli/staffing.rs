//! `huiyin staffing`: how many agents the next week needs, from what happened.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use huiyin::acd::erlang::Goal;
use huiyin::acd::staffing::{Need, week};
use huiyin::config::Config;
use huiyin::kernel::Day;
use huiyin::store::Store;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The configuration, for the data folder.
    #[arg(long)]
    config: Option<PathBuf>,
    /// The data folder, instead of the configuration's.
    #[arg(long)]
    data: Option<PathBuf>,
    /// How many weeks before are looked at.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=52))]
    weeks: u32,
    /// The first day that is planned, YYYY-MM-DD; the next Monday where it is left out.
    #[arg(long, value_parser = day)]
    first: Option<Day>,
    /// So many in a hundred are to be answered in time.
    #[arg(long, default_value_t = 80.0)]
    share: f64,
    /// In time: within so many seconds.
    #[arg(long, default_value_t = 15.0)]
    within_s: f64,
    /// Of their time agents are at work at most so much, in hundredths.
    #[arg(long, default_value_t = 90.0)]
    occupancy: f64,
    /// Never fewer agents than this.
    #[arg(long, default_value_t = 1)]
    least: u32,
}

fn day(text: &str) -> Result<Day, String> {
    Day::parse(text).ok_or_else(|| "give a day like 2026-11-30".into())
}

/// Prints CSV, a line each half-hour.
pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let goal = goal(&args)?;
    let dir = match args.data {
        Some(dir) => dir,
        None => Config::load(args.config.as_deref())?.data_dir,
    };
    let store = Store::look(&dir.join("huiyin.db")).await?;
    let today = super::today();
    let first = match args.first {
        Some(first) => first,
        None => today.plus(8 - i64::from(today.weekday())).context("no next Monday")?,
    };
    // Whole days only: today is not over.
    let until = today.min(first);
    let since = until.plus(-7 * i64::from(args.weeks)).context("too many weeks")?;
    let happened = store.happened(since.start(), until.start()).await?;
    if happened.is_empty() {
        anyhow::bail!(
            "nobody asked for a person from {since} until before {until}, so there is nothing to plan by; give more \
             --weeks, or the folder of a service that took calls with --data"
        );
    }
    let needs = week(&happened, (since, until), first, goal, args.least)?;
    store.close().await;
    print(&needs)?;
    let (calls, hours) = needs.iter().fold((0.0, 0.0), |(calls, hours), need| {
        (calls + need.calls, hours + f64::from(need.agents) / 2.0)
    });
    eprintln!(
        "{} callers from {since} until before {until}; {calls:.0} are expected, {hours:.1} hours of work are needed",
        happened.len()
    );
    Ok(ExitCode::SUCCESS)
}

fn goal(args: &Args) -> anyhow::Result<Goal> {
    let in_hundredths = |name: &str, value: f64| {
        if value > 0.0 && value < 100.0 {
            Ok(value / 100.0)
        } else {
            anyhow::bail!("--{name} {value}: give a number above 0 and below 100")
        }
    };
    if !(0.0..=3600.0).contains(&args.within_s) {
        anyhow::bail!("--within-s {}: give 0 to 3600 seconds", args.within_s);
    }
    Ok(Goal {
        share: in_hundredths("share", args.share)?,
        within_s: args.within_s,
        occupancy_max: in_hundredths("occupancy", args.occupancy)?,
    })
}

fn print(needs: &[Need]) -> anyhow::Result<()> {
    let mut out = csv::Writer::from_writer(std::io::stdout().lock());
    out.write_record([
        "day",
        "from",
        "callers",
        "handling_s",
        "agents",
        "answered_in_time",
        "speed_of_answer_s",
        "occupancy",
    ])?;
    for need in needs {
        out.write_record([
            need.day.to_string(),
            format!("{:02}:{:02}", need.half_hour / 2, need.half_hour % 2 * 30),
            format!("{:.2}", need.calls),
            format!("{:.0}", need.handling_s),
            need.agents.to_string(),
            format!("{:.3}", need.answered_in_time),
            format!("{:.1}", need.speed_of_answer_s),
            format!("{:.3}", need.occupancy),
        ])?;
    }
    out.flush()?;
    Ok(())
}
