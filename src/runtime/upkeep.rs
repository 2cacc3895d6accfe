//! What happens to tickets without anybody's order. Nothing is armed: the store is asked every minute, so that a restart
//! forgets none of it.
//!
//! - 督办: whose limit has passed without what was to be done is supervised, once for each limit.
//! - 归档: whose callback is over, with nothing left to be verified, is archived.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

use super::clock::SystemClock;
use crate::console::Commands;
use crate::desk::clock::{Duty, moment};
use crate::desk::{Actor, Order, TicketEvent};
use crate::hotline::Command;
use crate::kernel::{TicketId, Wall};
use crate::store::{Key, OverRow, OverdueRow, Store, StoreError};
use crate::survey::SurveyOutcome;

const EVERY: Duration = Duration::from_secs(60);
/// Of each kind in one pass: what comes after a long standstill is dealt with over several.
const ROWS: i64 = 200;
/// For so long it stays as it is, for whoever looks at how the callback went.
const ARCHIVE_AFTER_MS: i64 = 10 * 60_000;

/// What a pass has done.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Passed {
    pub supervised: usize,
    pub archived: usize,
}

/// Looks every minute until the task is aborted.
pub fn start(store: Store, commands: Commands, clock: SystemClock) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut look = tokio::time::interval(EVERY);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            look.tick().await;
            match pass(&store, &commands, clock.wall()).await {
                Ok(Passed { supervised: 0, archived: 0 }) => {}
                Ok(Passed { supervised, archived }) => {
                    tracing::info!(supervised, archived, "tickets were supervised and archived");
                }
                Err(error) => {
                    tracing::error!(%error, "red lights and callbacks were not looked at")
                }
            }
        }
    })
}

/// Looks once. An order that is refused, because somebody was faster, or that is not answered, waits for the next pass.
///
/// # Errors
/// When the store cannot be read.
pub async fn pass(store: &Store, commands: &Commands, now: Wall) -> Result<Passed, StoreError> {
    let mut passed = Passed::default();
    for row in store.overdue(now, Key::FIRST, ROWS).await? {
        let (ticket, event) = supervised(&row);
        passed.supervised += usize::from(order(commands, ticket, row.version, event).await);
    }
    for row in store.over(now.plus_ms(-ARCHIVE_AFTER_MS), TicketId(0), ROWS).await? {
        let (ticket, event) = archived(&row);
        passed.archived += usize::from(order(commands, ticket, row.version, event).await);
    }
    Ok(passed)
}

async fn order(commands: &Commands, ticket: TicketId, seen: i64, event: TicketEvent) -> bool {
    let (seen, by) = (u32::try_from(seen).ok(), Actor::system());
    let order = Box::new(Order::Event(event));
    match commands(Command::Order { ticket, seen, by, order }).await {
        Some(Ok(())) => true,
        Some(Err(error)) => {
            tracing::debug!(%error, "somebody was faster");
            false
        }
        None => false,
    }
}

fn supervised(row: &OverdueRow) -> (TicketId, TicketEvent) {
    let duty = Duty::of(&row.duty).map_or("办理", Duty::chinese);
    let why = format!("{duty}超过时限：应于{}前完成", moment(Wall::from_ms(row.due_at)));
    (TicketId(row.id.max(0) as u64), TicketEvent::Supervised { why })
}

fn archived(row: &OverRow) -> (TicketId, TicketEvent) {
    let reached = row.outcome == SurveyOutcome::Complete.key();
    let why = if reached { "回访完成" } else { "未能回访" }.to_owned();
    (TicketId(row.id.max(0) as u64), TicketEvent::Archived { why })
}
