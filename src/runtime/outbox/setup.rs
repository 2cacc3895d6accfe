//! What the configuration says about text messages, made ready.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;

use super::{Carrier, FileCarrier, Post, Webhook};
use crate::config::{Carrier as Kind, Config};
use crate::notice::Messages;
use crate::store::Store;

/// Sends what `store` holds; `None` where no messages are wanted. The store is to be opened for them with
/// [`Store::telling`] before it keeps anything.
pub fn post(config: &Config, texts: Messages, store: &Store) -> anyhow::Result<Option<Post>> {
    let carrier: Arc<dyn Carrier> = match &config.messages.carrier {
        Kind::Off => return Ok(None),
        Kind::File(path) => Arc::new(FileCarrier::open(path).with_context(|| {
            format!(
                "messages.file = {:?} cannot be opened; name a file in a folder that is there and writable",
                path.display().to_string()
            )
        })?),
        Kind::Webhook { endpoint, secret, ca } => {
            let webhook = Webhook::new(endpoint.clone(), secret.clone(), ca.as_deref());
            Arc::new(webhook.map_err(|what| anyhow::anyhow!("messages.ca_file: {what}"))?)
        }
    };
    Ok(Some(Post {
        store: store.clone(),
        carrier,
        messages: texts,
        hours: config.messages.hours,
        retry: config.messages.retry,
        hotline: config.sip.number.clone(),
        page: config.messages.page.clone(),
        deadline: Duration::from_millis(config.messages.deadline_ms),
    }))
}

/// The texts of the configuration, or those that ship.
pub fn texts(config: &Config) -> anyhow::Result<Messages> {
    Ok(match &config.prompts {
        Some(dir) if !matches!(config.messages.carrier, Kind::Off) => Messages::load(dir)?,
        _ => Messages::builtin()?,
    })
}
