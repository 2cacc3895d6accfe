//! What stands open to citizens beside the telephone: text messages, and the page on which they look up their tickets.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::sync::{broadcast, oneshot};
use tokio::task::JoinHandle;

use super::clock::SystemClock;
use super::outbox::{self, Outbox, Post};
use crate::config::{Carrier, Config};
use crate::console::Commands;
use crate::console::public::{self, Public};
use crate::console::telephones::Telephones;
use crate::hotline::Fact;
use crate::knowledge::Library;
use crate::notice::Messages;
use crate::store::Store;

/// The store, with what is told by text message written down from the first event on.
pub async fn open(config: &Config, texts: &Messages) -> anyhow::Result<Store> {
    let store = Store::open(&config.data_dir.join("huiyin.db")).await?;
    Ok(match config.messages.carrier {
        Carrier::Off => store,
        Carrier::File(_) | Carrier::Webhook { .. } => store.telling(texts.kinds()),
    })
}

/// What the page reaches of the house.
pub struct Inside {
    pub calls: Arc<dyn Telephones>,
    pub commands: Commands,
    pub library: Arc<Library>,
    pub photos: PathBuf,
}

/// Ready to begin.
pub struct Openness {
    post: Option<Post>,
    page: Option<(TcpListener, Public)>,
    /// Where the page is, where there is one.
    pub at: Option<SocketAddr>,
}

/// Under way.
pub struct Running {
    outbox: Option<Outbox>,
    page: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
}

impl Openness {
    pub async fn prepare(
        config: &Config,
        texts: Messages,
        store: &Store,
        inside: Inside,
    ) -> anyhow::Result<Openness> {
        let post = outbox::post(config, texts, store)?;
        let Some(settings) = &config.public else {
            return Ok(Openness { post, page: None, at: None });
        };
        let listener = TcpListener::bind(settings.bind).await.with_context(|| {
            format!("public.bind = {}: nothing can listen there; choose a free port", settings.bind)
        })?;
        let at = Some(listener.local_addr()?);
        let page = Public {
            store: store.clone(),
            hotline: config.sip.number.clone(),
            proxies: settings.proxies.clone(),
            calls: (config.webrtc.calls_max > 0).then_some(inside.calls),
            commands: inside.commands,
            library: inside.library,
            photos: inside.photos,
        };
        Ok(Openness { post, page: Some((listener, page)), at })
    }

    /// `feed` tells of kept facts.
    pub fn begin(self, clock: &SystemClock, feed: &broadcast::Sender<Fact>) -> Running {
        let outbox = self.post.map(|post| Outbox::start(post, clock.clone(), feed.subscribe()));
        let page = self.page.map(|(listener, page)| {
            let (stop, stopped) = oneshot::channel::<()>();
            let task = tokio::spawn(async move {
                let stopped = async move {
                    let _ = stopped.await;
                };
                if let Err(error) = public::serve(listener, page, stopped).await {
                    tracing::error!(%error, "the page for citizens is gone");
                }
            });
            (stop, task)
        });
        Running { outbox, page }
    }
}

impl Running {
    /// Lets what is under way come to its end, within a bound.
    pub async fn finish(self) {
        if let Some((stop, task)) = self.page {
            let _ = stop.send(());
            let _ = tokio::time::timeout(std::time::Duration::from_secs(1), task).await;
        }
        if let Some(outbox) = self.outbox {
            outbox.finish().await;
        }
    }
}
