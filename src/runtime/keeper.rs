//! The store's writer: facts in, in their order, in batches; what waits for one is told when it is on disk; the pages
//! see it then and not earlier.

use std::time::Duration;

use tokio::sync::{broadcast, mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::hotline::{Ack, Fact};
use crate::kernel::limits::STORE_QUEUE;
use crate::store::Store;

/// Facts written in one transaction.
const BATCH: usize = 128;
/// A failed batch is tried again after this, for ever: facts are not dropped while the process lives.
const RETRY: Duration = Duration::from_millis(500);

/// What the keeper is handed, in this order.
pub enum Kept {
    Fact {
        fact: Box<Fact>,
        ack: Option<Ack>,
    },
    /// Told when all facts before it are on disk.
    Barrier(oneshot::Sender<()>),
}

pub struct Keeper {
    pub facts: mpsc::Sender<Kept>,
    task: JoinHandle<()>,
}

impl Keeper {
    /// `acked` is handed every ack whose fact is on disk.
    pub fn start(
        store: Store,
        feed: broadcast::Sender<Fact>,
        acked: impl Fn(Ack) + Send + 'static,
    ) -> Keeper {
        let (facts, mut inbox) = mpsc::channel::<Kept>(STORE_QUEUE);
        let task = tokio::spawn(async move {
            let mut batch = Vec::with_capacity(BATCH);
            while inbox.recv_many(&mut batch, BATCH).await > 0 {
                let mut written = Vec::with_capacity(batch.len());
                let mut acks = Vec::new();
                let mut barriers = Vec::new();
                for kept in batch.drain(..) {
                    match kept {
                        Kept::Fact { fact, ack } => {
                            written.push(*fact);
                            acks.extend(ack);
                        }
                        Kept::Barrier(done) => barriers.push(done),
                    }
                }
                while let Err(error) = store.keep(&written).await {
                    tracing::error!(%error, facts = written.len(), "the store cannot write; trying again");
                    tokio::time::sleep(RETRY).await;
                }
                acks.into_iter().for_each(&acked);
                for done in barriers {
                    // Who waited may have given up.
                    let _ = done.send(());
                }
                for fact in written {
                    // Nobody looking is no error.
                    let _ = feed.send(fact);
                }
            }
        });
        Keeper { facts, task }
    }

    /// Writes what is left, for at most `deadline`.
    pub async fn finish(self, deadline: Duration) {
        drop(self.facts);
        if tokio::time::timeout(deadline, self.task).await.is_err() {
            tracing::error!("the store did not take its last facts in time");
        }
    }
}
