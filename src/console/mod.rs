//! What staff see and do: pages and a JSON API over the store, live by server-sent events, commands to the hotline.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::broadcast;

use crate::desk::{Agent, DeskError};
use crate::hotline::{Command, Fact};
use crate::kernel::Pii;
use crate::store::Store;

/// Sends a command to the hotline; `None` when it does not answer in time.
pub type Commands = Arc<
    dyn Fn(Command) -> Pin<Box<dyn Future<Output = Option<Result<(), DeskError>>> + Send>>
        + Send
        + Sync,
>;
