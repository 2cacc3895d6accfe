//! `huiyin rules explain --ticket`: every limit that a ticket's clock has started, with each step of the arithmetic.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, bail};
use huiyin::desk::Rulebook;
use huiyin::desk::dispatch::Rules;
use huiyin::desk::clock::{Outcome, explain as steps, headline, moment};
use huiyin::desk::rulebook::Timed;
use huiyin::desk::ticket::{End, Ticket};
use huiyin::engine::models::ModelDir;
use huiyin::kernel::{TicketId, Wall};
use huiyin::runtime::clock::SystemClock;
use huiyin::runtime::deadlines;
use huiyin::store::Store;

use super::rules_packs::told_calendar;

pub fn explain(
    id: TicketId,
    store: &Path,
    calendars: &[PathBuf],
    rules: Rules,
) -> anyhow::Result<ExitCode> {
    let calendar = deadlines::calendar(&ModelDir::locate(None)?, calendars)?;
    let book = deadlines::rulebook(Arc::new(rules), calendar)?;
    let mut ticket = load(store, id)?;
    book.time(&mut ticket)?;
    tell(&book, &ticket, SystemClock::start().wall())?;
    Ok(ExitCode::SUCCESS)
}

fn load(path: &Path, id: TicketId) -> anyhow::Result<Ticket> {
    if !path.exists() {
        bail!("there is no store {}; name the service's with --store", path.display());
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let store = Store::look(path).await?;
        let loaded = store.load_tickets(&[id]).await;
        store.close().await;
        let found = loaded?.into_iter().find(|ticket| ticket.id == id);
        found.with_context(|| format!("no ticket {} in {}", id.0, path.display()))
    })
}

fn tell(book: &Rulebook, ticket: &Ticket, now: Wall) -> anyhow::Result<()> {
    println!("工单 {}  {}  立单 {}", ticket.id.0, ticket.state.key(), moment(ticket.opened));
    if let Some(to) = ticket.assignment() {
        println!("承办：{}  [{}]", to.told(), to.owner.code);
    }
    let Some(clock) = &ticket.clock else {
        println!("派单规则没有给出时限规则包，不计时限");
        return Ok(());
    };
    let name = book.pack(&clock.pack).map_or("", |pack| pack.name.as_str());
    println!("规则包：{name}  [{}]，程序 {}", clock.pack, clock.procedure);
    println!("{}", told_calendar(book.calendar()));
    for one in book.timed(ticket)? {
        println!("\n{}  [{}]", headline(one.limit), one.limit.code);
        for line in steps(one.pack, one.limit, &one.deadline) {
            println!("  {line}");
        }
        println!("  {}", ended(&one, now));
    }
    if let Some(due) = &ticket.due {
        let at = due.at.map_or_else(|| "暂停计时".to_owned(), moment);
        println!("\n最近到期：{} {at}  [{}]", due.duty.chinese(), due.limit);
    }
    Ok(())
}

fn ended(one: &Timed<'_>, now: Wall) -> String {
    match one.run.end {
        None => format!("进行中：{}", one.deadline.light(now).chinese()),
        Some(End::Void(at)) => format!("终止：{}，不再计时", moment(at)),
        Some(End::Met(event, at)) => {
            let late = match one.deadline.outcome(at) {
                Outcome::InTime => "按时".to_owned(),
                Outcome::Late { ms } => format!("逾期 {}", lasting(ms)),
            };
            format!("完成：{} {}，{late}", moment(at), event.chinese())
        }
    }
}

/// 1 天 2 小时 5 分.
fn lasting(ms: i64) -> String {
    let minutes = ms / 60_000;
    let parts = [(minutes / 1440, "天"), (minutes / 60 % 24, "小时"), (minutes % 60, "分")];
    let told: Vec<String> =
        parts.iter().filter(|(n, _)| *n > 0).map(|(n, unit)| format!("{n} {unit}")).collect();
    if told.is_empty() { "不到 1 分".to_owned() } else { told.join(" ") }
}
