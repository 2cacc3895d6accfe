//! How a ticket stands, asked of the store for a caller who waits: a store that is late or fails is an answer too.

use std::time::Duration;

use tokio::sync::mpsc;

use super::shell::Message;
use crate::desk::Ticket;
use crate::desk::standing::{Found, Query};
use crate::hotline::Input;
use crate::kernel::CallId;
use crate::store::{Store, StoreError};

const DEADLINE: Duration = Duration::from_secs(3);

/// Looks it up and tells the hotline. A ticket that is told comes with it, since the caller may urge it.
pub async fn look_up(store: Store, inbox: mpsc::Sender<Message>, call: CallId, query: Query) {
    let (found, tickets) = match tokio::time::timeout(DEADLINE, find(&store, &query)).await {
        Ok(Ok(found)) => found,
        Ok(Err(error)) => {
            tracing::error!(%error, "a ticket could not be looked up");
            (Found::Failed, Vec::new())
        }
        Err(_) => {
            tracing::error!("a ticket could not be looked up in time");
            (Found::Failed, Vec::new())
        }
    };
    let _ = inbox.send(Message::Input(Input::Loaded { tickets })).await;
    let _ = inbox.send(Message::Input(Input::LookedUp { call, found })).await;
}

async fn find(store: &Store, query: &Query) -> Result<(Found, Vec<Ticket>), StoreError> {
    let found = store.look_up(query).await?;
    let tickets = match &found {
        Found::Ticket { standing, .. } => store.load_tickets(&[standing.ticket]).await?,
        Found::Locked | Found::Nothing | Found::Failed => Vec::new(),
    };
    Ok((found, tickets))
}
