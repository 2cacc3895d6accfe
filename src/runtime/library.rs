//! Makes what editors publish searchable while calls run: the index is made anew on a blocking thread, and what the voice
//! will now say is rendered ahead again.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::knowledge::Library;
use crate::knowledge::editing::Entry;
use crate::store::{Store, StoreError};

/// After a failure it is tried again this much later.
const RETRY: Duration = Duration::from_secs(5);

/// The task that serves what is published. Wishes that come while it works are met together, by what is true then.
pub struct Publisher {
    wake: Arc<Notify>,
    task: JoinHandle<()>,
}

impl Publisher {
    /// `renewed` is called on the blocking thread after each new index.
    pub fn start(
        store: Store,
        library: Arc<Library>,
        renewed: impl Fn(&Library) + Send + Sync + 'static,
    ) -> Publisher {
        let wake = Arc::new(Notify::new());
        let (woken, renewed) = (wake.clone(), Arc::new(renewed));
        let task = tokio::spawn(async move {
            loop {
                woken.notified().await;
                while let Err(error) = renew(&store, &library, &renewed).await {
                    tracing::error!(%error, "what was published cannot be searched yet; trying again");
                    tokio::time::sleep(RETRY).await;
                }
            }
        });
        Publisher { wake, task }
    }

    /// What the console calls when something was published or withdrawn.
    pub fn waker(&self) -> Arc<dyn Fn() + Send + Sync> {
        let wake = self.wake.clone();
        Arc::new(move || wake.notify_one())
    }

    /// Stops. An index that is being made is dropped.
    pub fn stop(self) {
        self.task.abort();
    }
}

async fn renew<F: Fn(&Library) + Send + Sync + 'static>(
    store: &Store,
    library: &Arc<Library>,
    renewed: &Arc<F>,
) -> anyhow::Result<()> {
    let entries = entries(store).await?;
    let (library, renewed) = (library.clone(), renewed.clone());
    tokio::task::spawn_blocking(move || {
        library.renew(&entries)?;
        renewed(&library);
        tracing::info!(
            items = library.base().items().len(),
            "the knowledge base is served as published"
        );
        Ok(())
    })
    .await?
}

/// What editors have done so far.
pub async fn entries(store: &Store) -> Result<Vec<Entry>, StoreError> {
    Ok(store.knowledge().await?.into_iter().map(|row| row.entry).collect())
}
