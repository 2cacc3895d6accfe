//! Summaries in plainer words, by a language model that the operator names; off where none is named. It runs beside the calls,
//! after a ticket is registered, and whatever goes wrong leaves our own summary as it is.

use std::sync::Arc;

use tokio::sync::{Semaphore, mpsc, oneshot};

use super::clock::SystemClock;
use super::shell::Message;
use crate::desk::{Actor, Order, TicketEvent};
use crate::engine::remote::{Clock, Rewriter, Settings};
use crate::hotline::Command;
use crate::intake::faithful;
use crate::kernel::limits::REWRITINGS_MAX;
use crate::kernel::{Filled, Slot, TicketId};

/// What the model is told. It sees the summary alone: no number, no caller's name, no sound.
const TASK: &str = include_str!("../../prompts/zh-CN/rewriting.txt");

/// One for the service; a copy is cheap.
#[derive(Clone)]
pub struct Rewriting {
    rewriter: Arc<Rewriter>,
    /// Requests at a time. A ticket beyond keeps its own summary.
    room: Arc<Semaphore>,
}

impl Rewriting {
    /// # Errors
    /// A key or a certificate that cannot be used.
    pub fn of(settings: Option<&Settings>, clock: &SystemClock) -> anyhow::Result<Option<Self>> {
        let Some(settings) = settings else { return Ok(None) };
        let clock = clock.clone();
        let clock: Clock = Arc::new(move || clock.now());
        Ok(Some(Rewriting::with(Rewriter::new(settings.clone(), clock)?)))
    }

    pub fn with(rewriter: Rewriter) -> Rewriting {
        Rewriting { rewriter: Arc::new(rewriter), room: Arc::new(Semaphore::new(REWRITINGS_MAX)) }
    }

    /// The summary in other words; `None` where it stays as it is.
    pub async fn rewritten(&self, summary: &str) -> Option<String> {
        let Ok(_room) = self.room.try_acquire() else {
            tracing::warn!("too many summaries are being rewritten; one stays as it is");
            return None;
        };
        let rewriting = self.rewriter.rewrite(TASK.trim(), summary).await;
        let rewriting = rewriting
            .inspect_err(|error| tracing::warn!(%error, "a summary was not rewritten"))
            .ok()?;
        let rewriting = rewriting.trim();
        if let Err(why) = faithful(rewriting, summary) {
            tracing::warn!(%why, "a rewriting of a summary was refused");
            return None;
        }
        (rewriting != summary).then(|| rewriting.to_owned())
    }
}

/// Writes the reworded summary on the ticket, unless it has changed since it was `seen`.
pub async fn reword(
    rewriting: Rewriting,
    inbox: mpsc::Sender<Message>,
    (ticket, seen): (TicketId, u32),
    summary: Filled,
) {
    let Some(value) = rewriting.rewritten(&summary.value).await else { return };
    let filled = Filled { value, ..summary };
    let order = Box::new(Order::Event(TicketEvent::Edited { slot: Slot::Summary, filled }));
    let command = Command::Order { ticket, seen: Some(seen), by: Actor::system(), order };
    let (reply, done) = oneshot::channel();
    if inbox.send(Message::Command { command, reply }).await.is_ok()
        && let Ok(Err(why)) = done.await
    {
        tracing::info!(%why, "a rewriting came too late");
    }
}
