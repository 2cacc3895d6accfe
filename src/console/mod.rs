//! What staff see and do: pages and a JSON API over the store, live by server-sent events, commands to the hotline.
//!
//! Every request passes the guard (`guard.rs`), which knows who asks (`access.rs`) and the route table (`routes.rs`), and
//! refuses what the table does not allow. Pages are whole when they arrive; a script patches what changes while they are open. Their text stands in
//! `texts.toml`.

mod access;
mod accounts;
mod actions;
mod api;
mod asked;
mod assets;
mod audio;
mod callbacks;
mod deeds;
mod error;
mod export;
mod figures;
mod guard;
mod joining;
mod knowledge;
mod listener;
mod live;
mod login;
mod masking;
mod names;
mod open311;
mod orders;
mod own;
mod pages;
mod phone;
mod photos;
pub mod public;
mod read;
mod routes;
pub mod telephones;
mod texts;
mod told;

use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::{Semaphore, broadcast};
use tokio_util::sync::CancellationToken;

pub use listener::Tls;
pub use routes::{On, ROUTES, Route, Rule};

use crate::access::{Cost, Lifetime, Role};
use crate::desk::dispatch::Rules;
use crate::acd::{Agent, Plan};
use crate::desk::DeskError;
use crate::hotline::{Command, Fact, Outside};
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
    #[error("the console's TLS cannot be used: {0}")]
    Tls(String),
    #[error("the console cannot begin: {0}")]
    Begin(String),
}

/// The knowledge that is served, and whom to tell when an editor has changed what is to be.
#[derive(Clone)]
pub struct Knowledge {
    pub library: Arc<Library>,
    pub published: Arc<dyn Fn() + Send + Sync>,
}

/// A program's account: who sends the token is let in with this role.
#[derive(Clone, Debug)]
pub struct Machine {
    pub token: Pii<String>,
    pub role: Role,
}

/// How people are let in.
#[derive(Clone, Debug, Default)]
pub struct Doors {
    pub lifetime: Lifetime,
    pub cost: Cost,
    /// Roles whose accounts need a second factor.
    pub second_factor: Vec<Role>,
    /// Browsers reach us through TLS, ours or a proxy's: cookies go through nothing else.
    pub secure: bool,
    /// Whose `X-Forwarded-For` is believed.
    pub proxies: Vec<IpAddr>,
}

/// What the console shows and through what it acts.
pub struct Console {
    pub store: Store,
    pub feed: broadcast::Sender<Fact>,
    pub commands: Commands,
    /// The folder of recordings.
    pub recordings: std::path::PathBuf,
    pub agents: Vec<Agent>,
    /// Whom they may bring in or pass callers to, besides each other.
    pub outside: Vec<Outside>,
    /// How callers are shared out among them.
    pub plan: Arc<Plan>,
    /// Who gets which tickets; only suggested.
    pub dispatch: Arc<Rules>,
    /// What programs send.
    pub machine: Option<Machine>,
    pub doors: Doors,
    /// `None`: plain HTTP.
    pub tls: Option<Tls>,
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
    outside: Vec<Outside>,
    plan: Arc<Plan>,
    dispatch: Arc<Rules>,
    knowledge: Knowledge,
    telephones: telephones::Line,
    access: access::Access,
    logins: login::Logins,
    listenings: audio::Listenings,
    texts: texts::Texts,
    feeds: Arc<Semaphore>,
    exports: Arc<Semaphore>,
    stop: CancellationToken,
}

impl App {
    /// A password as it is kept, hashed on a thread of its own.
    async fn hash(self: &Arc<Self>, password: Pii<String>) -> Result<String, error::ApiError> {
        let app = self.clone();
        let hashed = tokio::task::spawn_blocking(move || app.logins.hash(&password)).await;
        hashed.map_err(|_| error::ApiError::busy())?
    }
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
    let begin = |error: error::ApiError| ConsoleError::Begin(error.error);
    let door = listener::Door::new(listener, CONSOLE_CONNECTIONS, console.tls);
    let app = App {
        feed: console.feed,
        commands: console.commands,
        recordings: console.recordings,
        agents: console.agents,
        outside: console.outside,
        plan: console.plan,
        dispatch: console.dispatch,
        knowledge: console.knowledge,
        telephones: console.telephones,
        logins: login::Logins::new(console.doors.cost).map_err(begin)?,
        listenings: audio::Listenings::default(),
        access: access::Access::new(console.store.clone(), console.machine, console.doors)
            .map_err(begin)?,
        store: console.store,
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
    Ok(axum::serve(door, service).with_graceful_shutdown(stop).await?)
}
