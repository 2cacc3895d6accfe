//! What staff see and do: pages and a JSON API over the store, live by server-sent events, commands to the hotline.
//!
//! Every request passes the guard (`access.rs`), which knows the route table (`routes.rs`) and refuses what it does not
//! allow. Pages are whole when they arrive; a script patches what changes while they are open. Their text stands in
//! `texts.toml`.

mod access;
mod actions;
mod api;
mod asked;
mod assets;
mod audio;
mod callbacks;
mod error;
mod export;
mod figures;
mod knowledge;
mod listener;
mod live;
mod login;
mod masking;
mod names;
mod open311;
mod orders;
mod pages;
mod phone;
pub mod public;
mod read;
mod routes;
pub mod telephones;
mod texts;

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::{Semaphore, broadcast};
use tokio_util::sync::CancellationToken;

pub use routes::{ROUTES, Route, Who};

use crate::desk::dispatch::Rules;
use crate::desk::{Agent, DeskError};
use crate::hotline::{Command, Fact};
use crate::kernel::Pii;
use crate::kernel::limits::{CONSOLE_CONNECTIONS, CONSOLE_EXPORTS, CONSOLE_FEEDS};
use crate::knowledge::Library;
use crate::store::Store;

/// Sends a command to the hotline; `None` when it does not answer in time.
pub type Commands = Arc<
    dyn Fn(Command) -> Pin<Box<dyn Future<Output = Option<Result<(), DeskError>>> + Send>>
        + Send
        + Sync,
>;

#[derive(Debug, thiserror::Error)]
pub enum ConsoleError {
    #[error("the console cannot listen on {bind}: {source}; set console.bind to a free port")]
    Bind { bind: SocketAddr, source: std::io::Error },
    #[error("the console failed: {0}")]
    Io(#[from] std::io::Error),
    #[error("the console's texts are broken: {0}; build from an unchanged src/console/texts.toml")]
    Texts(#[from] toml::de::Error),
}

/// The knowledge that is served, and whom to tell when an editor has changed what is to be.
#[derive(Clone)]
pub struct Knowledge {
    pub library: Arc<Library>,
    pub published: Arc<dyn Fn() + Send + Sync>,
}

/// What the console shows and through what it acts.
pub struct Console {
    pub store: Store,
    pub feed: broadcast::Sender<Fact>,
    pub commands: Commands,
    /// The folder of recordings.
    pub recordings: std::path::PathBuf,
    pub agents: Vec<Agent>,
    /// Who gets which tickets; only suggested.
    pub dispatch: Arc<Rules>,
    /// Who has it may see and do everything. Without one, only this machine itself is served.
    pub token: Option<Pii<String>>,
    pub knowledge: Knowledge,
    /// The line for agents' browsers, where there is one.
    pub telephones: telephones::Line,
}

/// What every handler has at hand.
struct App {
    store: Store,
    feed: broadcast::Sender<Fact>,
    commands: Commands,
    recordings: std::path::PathBuf,
    agents: Vec<Agent>,
    dispatch: Arc<Rules>,
    knowledge: Knowledge,
    telephones: telephones::Line,
    access: access::Access,
    texts: texts::Texts,
    feeds: Arc<Semaphore>,
    exports: Arc<Semaphore>,
    stop: CancellationToken,
}

pub async fn listen(bind: SocketAddr) -> Result<TcpListener, ConsoleError> {
    TcpListener::bind(bind).await.map_err(|source| ConsoleError::Bind { bind, source })
}

/// Serves until `stop` resolves; live feeds end then, and requests under way are answered.
pub async fn serve(
    listener: TcpListener,
    console: Console,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ConsoleError> {
    let stopped = CancellationToken::new();
    let app = App {
        store: console.store,
        feed: console.feed,
        commands: console.commands,
        recordings: console.recordings,
        agents: console.agents,
        dispatch: console.dispatch,
        knowledge: console.knowledge,
        telephones: console.telephones,
        access: access::Access::new(console.token)?,
        texts: texts::Texts::load()?,
        feeds: Arc::new(Semaphore::new(CONSOLE_FEEDS)),
        exports: Arc::new(Semaphore::new(CONSOLE_EXPORTS)),
        stop: stopped.clone(),
    };
    let service =
        routes::router(Arc::new(app)).into_make_service_with_connect_info::<listener::Peer>();
    let stop = async move {
        stop.await;
        stopped.cancel();
    };
    Ok(axum::serve(listener::Door::new(listener, CONSOLE_CONNECTIONS), service).with_graceful_shutdown(stop).await?)
}
