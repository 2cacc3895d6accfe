//! What happens to tickets without anybody's order. Nothing is armed: the store is asked every minute, so that a restart
//! forgets none of it.
//!
//! - 督办: whose limit has passed without what was to be done is supervised, once for each limit.
//! - 归档: whose callback is over, with nothing left to be verified, is archived; so is after a while what is closed and nobody
//!   will be asked about (`callbacks.repeats = "sample"`).

mod reasons;

pub use reasons::{Reasons, ReasonsError};

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

use super::clock::SystemClock;
use crate::config::{Config, Desk};
use crate::console::Commands;
use crate::desk::{Actor, Order, TicketEvent};
use crate::hotline::Command;
use crate::kernel::{TicketId, Wall};
use crate::store::{Key, Store, StoreError};

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

/// What the service does by itself, and what it says of it.
#[derive(Clone, Debug)]
pub struct Manner {
    pub desk: Desk,
    pub reasons: Reasons,
}

impl Manner {
    /// As the configuration wants it.
    ///
    /// # Errors
    /// What is wrong with the texts.
    pub fn of(config: &Config) -> Result<Manner, ReasonsError> {
        let reasons = config.prompts.as_deref().map_or_else(Reasons::builtin, Reasons::load)?;
        Ok(Manner { desk: config.desk, reasons })
    }
}

/// Looks every minute until the task is aborted.
pub fn start(
    store: Store,
    commands: Commands,
    clock: SystemClock,
    manner: Manner,
) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut look = tokio::time::interval(EVERY);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            look.tick().await;
            match pass(&store, &commands, &manner, clock.wall()).await {
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
pub async fn pass(
    store: &Store,
    commands: &Commands,
    manner: &Manner,
    now: Wall,
) -> Result<Passed, StoreError> {
    let Manner { desk, reasons } = manner;
    let mut passed = Passed::default();
    if desk.supervise {
        for row in store.overdue(now, Key::FIRST, ROWS).await? {
            let event = TicketEvent::Supervised { why: reasons.supervised(&row) };
            passed.supervised += usize::from(order(commands, row.id, row.version, event).await);
        }
    }
    if desk.archive {
        let over = store.over(now.plus_ms(-ARCHIVE_AFTER_MS), TicketId(0), ROWS).await?;
        let unasked = store.unasked(now.plus_ms(-desk.unasked_ms), TicketId(0), ROWS).await?;
        for row in over.into_iter().chain(unasked) {
            let event = TicketEvent::Archived { why: reasons.archived(&row).to_owned() };
            passed.archived += usize::from(order(commands, row.id, row.version, event).await);
        }
    }
    Ok(passed)
}

async fn order(commands: &Commands, ticket: i64, seen: i64, event: TicketEvent) -> bool {
    let (seen, by) = (u32::try_from(seen).ok(), Actor::system());
    let ticket = TicketId(ticket.max(0) as u64);
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
