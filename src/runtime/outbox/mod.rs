//! Sends the text messages that the store holds: by day, in the order of a ticket's steps, again where that failed, and not for
//! ever. A message's text and its next attempt are on disk before it is handed to a carrier, and each attempt carries the same
//! key: what a crash leaves undecided is sent once more, and the receiver can tell that it has it already.

mod file;
mod setup;
mod webhook;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::future::join_all;
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub use file::FileCarrier;
pub use setup::{post, texts};
pub use webhook::{Webhook, signature};

use super::clock::SystemClock;
use crate::hotline::Fact;
use crate::kernel::limits::MESSAGES_AT_ONCE;
use crate::kernel::{Pii, Wall};
use crate::notice::{Failed, GiveUp, Hours, Message, Messages, Retry, Then, Values};
use crate::store::{DueMessage, Store, StoreError};

/// Looked at anew at least so often, whatever was missed.
const LOOK: Duration = Duration::from_secs(60);
/// After the store has failed.
const STORE_RETRY: Duration = Duration::from_secs(5);

/// Takes messages to telephones.
#[async_trait]
pub trait Carrier: Send + Sync {
    /// Hands one over, at `now`. The same key may come again.
    async fn send(&self, message: &Message, now: Wall) -> Result<(), Failed>;
}

/// Everything that sending takes.
pub struct Post {
    pub store: Store,
    pub carrier: Arc<dyn Carrier>,
    pub messages: Messages,
    pub hours: Hours,
    pub retry: Retry,
    /// The number to call.
    pub hotline: String,
    /// The address of the page for citizens; may be empty.
    pub page: String,
    /// For one attempt.
    pub deadline: Duration,
}

/// The task that sends.
#[derive(Debug)]
pub struct Outbox {
    stop: CancellationToken,
    task: JoinHandle<()>,
    deadline: Duration,
}

impl Outbox {
    /// Sends until [`Outbox::finish`]. `feed` tells of kept facts.
    pub fn start(post: Post, clock: SystemClock, feed: broadcast::Receiver<Fact>) -> Outbox {
        let stop = CancellationToken::new();
        let deadline = post.deadline;
        let task = tokio::spawn(run(post, clock, feed, stop.clone()));
        Outbox { stop, task, deadline }
    }

    /// Lets what is under way come to its end.
    pub async fn finish(self) {
        self.stop.cancel();
        if tokio::time::timeout(self.deadline + Duration::from_secs(1), self.task).await.is_err() {
            tracing::error!("text messages did not end in time; they are sent again");
        }
    }
}

async fn run(
    post: Post,
    clock: SystemClock,
    mut feed: broadcast::Receiver<Fact>,
    stop: CancellationToken,
) {
    loop {
        let wait = match post.pass(clock.wall(), &stop).await {
            Ok(()) => post.wait(clock.wall()).await,
            Err(error) => {
                tracing::error!(%error, "text messages wait for the store");
                STORE_RETRY
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(wait) => {}
            () = ticket_changed(&mut feed) => {}
        }
    }
}

/// Returns when a ticket has changed, or may have.
async fn ticket_changed(feed: &mut broadcast::Receiver<Fact>) {
    loop {
        match feed.recv().await {
            Ok(Fact::Ticket { .. }) | Err(RecvError::Lagged(_)) => return,
            Ok(_) => {}
            // Nobody tells any more: the clock alone counts.
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}

impl Post {
    /// Sends all that is due at `now`, until none is left or `stop` is cancelled.
    ///
    /// # Errors
    /// When the store fails; what was not marked as sent is sent again.
    pub async fn pass(&self, now: Wall, stop: &CancellationToken) -> Result<(), StoreError> {
        while self.hours.is_open(now) && !stop.is_cancelled() {
            let due = self.store.due_messages(now, MESSAGES_AT_ONCE).await?;
            if due.is_empty() {
                break;
            }
            for sent in join_all(due.iter().map(|message| self.send(message, now))).await {
                sent?;
            }
        }
        Ok(())
    }

    async fn wait(&self, now: Wall) -> Duration {
        let next = match self.store.next_message().await {
            Ok(next) => next.map(|due| self.hours.from(due.max(now))),
            Err(_) => return STORE_RETRY,
        };
        next.map_or(LOOK, |due| {
            Duration::from_millis(due.unix_ms.saturating_sub(now.unix_ms).max(0) as u64).min(LOOK)
        })
    }

    /// In the words of now: who is responsible and what is promised may have changed since.
    async fn text(&self, due: &DueMessage) -> Result<Option<String>, StoreError> {
        let standing = self.store.standing(due.key.ticket).await?.map(|known| known.standing);
        let day = |at: Wall| {
            let civil = at.civil();
            format!("{}月{}日", civil.month, civil.day)
        };
        let open = standing.as_ref().filter(|standing| standing.is_open());
        let values = Values {
            ticket: &due.key.ticket.0.to_string(),
            hotline: &self.hotline,
            day: &day(due.born),
            unit: standing.as_ref().and_then(|s| s.unit.as_deref()).unwrap_or_default(),
            due: &open.and_then(|standing| standing.due).map(day).unwrap_or_default(),
            page: &self.page,
        };
        Ok(self.messages.text(&due.key.kind, &values))
    }

    async fn send(&self, due: &DueMessage, now: Wall) -> Result<(), StoreError> {
        let (store, key) = (&self.store, &due.key);
        let text = match &due.text {
            Some(fixed) => Some(fixed.reveal().clone()),
            None => self.text(due).await?,
        };
        let Some(text) = text else {
            return store
                .message_given_up(key, "messages.toml has no text for this step", now)
                .await;
        };
        let over = match due.attempts {
            _ if self.retry.is_old(due.born, now) => Some(GiveUp::Old),
            made if made >= self.retry.attempts => Some(GiveUp::Attempts),
            _ => None,
        };
        if let Some(over) = over {
            tracing::warn!(message = %key, why = over.why(), "a text message is given up");
            return store.message_given_up(key, over.why(), now).await;
        }
        let attempt = due.attempts + 1;
        let next = match self.retry.after(attempt, due.born, now, None) {
            Then::At(next) => next,
            // Should we not come back from this last one.
            Then::GiveUp(_) => now.plus_ms(LOOK.as_millis() as i64),
        };
        if !store.begin_message(due, &text, next, now).await? {
            return Ok(());
        }
        let message = Message {
            key: key.clone(),
            to: due.number.clone(),
            text: Pii::new(text),
            at: due.born,
        };
        let sending = self.carrier.send(&message, now);
        let sent = match tokio::time::timeout(self.deadline, sending).await {
            Ok(sent) => sent,
            Err(_) => Err(Failed::now("no answer in time")),
        };
        self.sent(due, attempt, sent, now).await
    }

    async fn sent(
        &self,
        due: &DueMessage,
        attempt: u32,
        sent: Result<(), Failed>,
        now: Wall,
    ) -> Result<(), StoreError> {
        let (store, key) = (&self.store, &due.key);
        let failed = match sent {
            Ok(()) => return store.message_sent(key, now).await,
            Err(failed) => failed,
        };
        let then = match &failed {
            Failed::Now { after_ms, .. } => self.retry.after(attempt, due.born, now, *after_ms),
            Failed::Ever { .. } => Then::GiveUp(GiveUp::Attempts),
        };
        match then {
            Then::At(next) => {
                tracing::info!(message = %key, %failed, attempt, "a text message was not taken");
                store.message_failed(key, &failed.to_string(), next, now).await
            }
            Then::GiveUp(_) => {
                tracing::warn!(message = %key, %failed, attempt, "a text message is given up");
                store.message_given_up(key, &failed.to_string(), now).await
            }
        }
    }
}
