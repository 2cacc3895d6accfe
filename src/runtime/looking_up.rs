//! How a ticket stands, asked of the store for a caller who waits: a store that is late or fails is an answer too.

use std::time::Duration;

use tokio::sync::mpsc;

use super::shell::Message;
use crate::desk::standing::{Found, Query};
use crate::hotline::Input;
use crate::kernel::CallId;
use crate::store::Store;

const DEADLINE: Duration = Duration::from_secs(3);

/// Looks it up and tells the hotline.
pub async fn look_up(store: Store, inbox: mpsc::Sender<Message>, call: CallId, query: Query) {
    let found = match tokio::time::timeout(DEADLINE, store.look_up(&query)).await {
        Ok(Ok(found)) => found,
        Ok(Err(error)) => {
            tracing::error!(%error, "a ticket could not be looked up");
            Found::Failed
        }
        Err(_) => {
            tracing::error!("a ticket could not be looked up in time");
            Found::Failed
        }
    };
    let _ = inbox.send(Message::Input(Input::LookedUp(call, found))).await;
}
