//! Rule packs in `huiyin rules`: their check, and the arithmetic of their limits.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use huiyin::desk::clock::{
    Deadline, Limit, Pack, SHIPPED, check, deadline, due, explain, headline,
};
use huiyin::engine::models::ModelDir;
use huiyin::kernel::calendar::Doubt;
use huiyin::kernel::{Calendar, Civil, Day, Faults, Wall};
use huiyin::runtime::clock::SystemClock;
use huiyin::runtime::deadlines;
use serde_json::{Value, json};

#[derive(Debug, clap::Args)]
pub struct Deadlines {
    /// Code of a pack that ships, like zhejiang-2017, or a file.
    pack: PathBuf,
    /// When each limit starts, in China: '2026-09-29 16:30', or a day for its midnight; now where it is left out.
    #[arg(long)]
    start: Option<String>,
    /// Only this limit, by its code.
    #[arg(long)]
    limit: Option<String>,
    /// Only the limits of this procedure, by its code.
    #[arg(long)]
    procedure: Option<String>,
    /// A calendar of one's own over the installed one; several lie over each other.
    #[arg(long)]
    calendar: Vec<PathBuf>,
    /// Also the light at this moment.
    #[arg(long)]
    at: Option<String>,
    #[arg(long)]
    json: bool,
}

/// Codes of the packs that ship.
pub fn shipped() -> impl Iterator<Item = PathBuf> {
    SHIPPED.iter().filter_map(|(file, _)| file.strip_suffix(".toml")).map(PathBuf::from)
}

/// The name is that of a pack: one that ships, or a file with limits in it.
pub fn is_pack(name: &Path) -> bool {
    let has_limits =
        |text: String| text.lines().any(|line| line.trim_start().starts_with("[[limit]]"));
    shipped().any(|code| code == name) || std::fs::read_to_string(name).is_ok_and(has_limits)
}

/// Tells what is wrong with a pack, and how many errors that are.
pub fn check_pack(name: &Path) -> anyhow::Result<usize> {
    let (told, faults) = match deadlines::pack(name)? {
        Err(faults) => (String::new(), faults),
        Ok(pack) => {
            let (limits, procedures) = (pack.limits.len(), pack.procedures.len());
            (format!("{}: {limits} limits, {procedures} procedures; ", pack.name), check(&pack))
        }
    };
    Ok(tell_faults(&told, &faults))
}

/// The faults, then `told` with their number; gives back that of the errors.
pub fn tell_faults(told: &str, faults: &Faults) -> usize {
    if !faults.0.is_empty() {
        println!("{faults}");
    }
    let errors = faults.errors();
    println!("{told}{errors} errors, {} warnings", faults.0.len() - errors);
    errors
}

pub fn tell(args: &Deadlines) -> anyhow::Result<ExitCode> {
    let pack = deadlines::pack(&args.pack)??;
    let calendar = deadlines::calendar(&ModelDir::locate(None)?, &args.calendar)?;
    let start = match &args.start {
        Some(text) => moment(text, "--start")?,
        None => SystemClock::start().wall(),
    };
    let at = args.at.as_deref().map(|text| moment(text, "--at")).transpose()?;
    let limits = chosen(&pack, args)?;
    let mut counted = Vec::new();
    for limit in limits {
        counted.push((limit, deadline(&pack, limit, start, &calendar, &[], &[])?));
    }
    if args.json {
        println!("{}", as_json(&pack, &calendar, start, &counted, at));
        return Ok(ExitCode::SUCCESS);
    }
    println!("{}  [{}]", pack.name, pack.code);
    println!("{}", told_calendar(&calendar));
    for (limit, deadline) in &counted {
        println!("\n{}  [{}]", headline(limit), limit.code);
        for line in explain(&pack, limit, deadline) {
            println!("  {line}");
        }
        if let Some(at) = at {
            println!("  灯：{}", deadline.light(at).chinese());
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn chosen<'a>(pack: &'a Pack, args: &'a Deadlines) -> anyhow::Result<Vec<&'a Limit>> {
    if let Some(code) = &args.limit {
        return Ok(vec![pack.limit(code)?]);
    }
    let Some(procedure) = &args.procedure else { return Ok(pack.limits.iter().collect()) };
    if !pack.procedures.iter().any(|known| known.code == *procedure) {
        let known: Vec<&str> = pack.procedures.iter().map(|known| known.code.as_str()).collect();
        bail!("the pack {} has no procedure {procedure}; it has {}", pack.code, known.join(", "));
    }
    Ok(pack.limits_of(procedure).collect())
}

pub fn told_calendar(calendar: &Calendar) -> String {
    let years: Vec<i32> = calendar.published().collect();
    match (years.first(), years.last()) {
        (Some(first), Some(last)) => {
            let names: Vec<&str> =
                calendar.sources().iter().map(|source| file_name(source)).collect();
            format!("日历：{}（{first}–{last} 年已公布）", names.join("、"))
        }
        _ => "日历：未安装放假安排，仅按法定节假日推算；`huiyin models fetch` 可获取".to_owned(),
    }
}

fn file_name(source: &str) -> &str {
    Path::new(source).file_name().and_then(|name| name.to_str()).unwrap_or(source)
}

fn as_json(
    pack: &Pack,
    calendar: &Calendar,
    start: Wall,
    counted: &[(&Limit, Deadline)],
    at: Option<Wall>,
) -> Value {
    let limits: Vec<Value> = counted
        .iter()
        .map(|(limit, deadline)| {
            json!({
                "code": limit.code,
                "name": limit.name,
                "duty": limit.duty.key(),
                "procedures": limit.procedures,
                "within": limit.within.to_string(),
                "starts": limit.starts.key(),
                "stops": limit.stops.iter().map(|event| event.key()).collect::<Vec<_>>(),
                "due": deadline.at.map(iso),
                "due_told": due(pack, deadline),
                "last_day": deadline.last_day.map(|day| day.to_string()),
                "yellow": deadline.yellow.map(iso),
                "light": at.map(|at| deadline.light(at).key()),
                "provisional": deadline.is_provisional(),
                "unpublished_years": deadline.doubts.iter().copied().map(Doubt::year).collect::<Vec<_>>(),
                "article": limit.article,
                "basis": limit.basis.key(),
                "steps": explain(pack, limit, deadline),
            })
        })
        .collect();
    let years: Vec<i32> = calendar.published().collect();
    json!({
        "pack": pack.code, "name": pack.name, "region": pack.region, "source": pack.source,
        "start": iso(start), "published_years": years, "limits": limits,
    })
}

/// RFC 3339, in China's time.
fn iso(at: Wall) -> String {
    format!("{}+08:00", at.civil().to_string().replace(' ', "T"))
}

/// `2026-09-29`, `2026-09-29 16:30` or `2026-09-29 16:30:15`, in China's time; a T may stand between.
fn moment(text: &str, option: &str) -> anyhow::Result<Wall> {
    let (day, time) = text.split_once([' ', 'T']).unwrap_or((text, "00:00"));
    let read = || {
        let day = Day::parse(day)?;
        let mut parts = time.split(':');
        let mut part = |below: u32| {
            let written = parts.next()?;
            let plain = written.len() == 2 && written.bytes().all(|b| b.is_ascii_digit());
            written.parse::<u32>().ok().filter(|number| plain && *number < below)
        };
        let (hour, minute) = (part(24)?, part(60)?);
        let second = if time.len() > 5 { part(60)? } else { 0 };
        let whole = parts.next().is_none();
        let civil =
            Civil { year: day.year(), month: day.month(), day: day.day(), hour, minute, second };
        whole.then(|| civil.wall())
    };
    read().with_context(|| {
        format!("{option} {text:?} is no moment; write it like '2026-09-29 16:30'")
    })
}
