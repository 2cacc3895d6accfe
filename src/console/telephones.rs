//! Browsers as telephones: what the pages ask of the line. Whoever runs the line answers.

use std::net::IpAddr;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::{broadcast, mpsc};
use tokio_util::sync::CancellationToken;

use crate::hotline::Fact;
use crate::kernel::{AgentId, CallId, LegId};

/// A call that was taken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Placed {
    /// Nobody guesses it: who has it may follow the call and end it.
    pub key: String,
    /// Our description.
    pub answer: String,
}

/// A call as its browser follows it.
#[derive(Debug)]
pub struct Followed {
    pub call: CallId,
    /// What happens in the house from now on.
    pub facts: broadcast::Receiver<Fact>,
    /// The line is down; last words may still be heard out.
    pub over: CancellationToken,
}

/// Why there is no sound.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refused {
    /// All lines are taken, or all of this address.
    Full,
    /// The browser's description cannot be agreed on.
    Offer,
    /// There is no such call, or it is over.
    Over,
    /// Nothing came of it in time.
    Late,
}

/// What an agent's browser is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ring {
    /// It rings with this call.
    Rings { leg: LegId, call: CallId },
    /// It rings no more, or the talk is over.
    Over { leg: LegId },
}

/// The line, as browsers have it.
#[async_trait]
pub trait Telephones: Send + Sync {
    /// A citizen calls from a browser at this address.
    async fn call(&self, offer: String, from: IpAddr) -> Result<Placed, Refused>;

    /// The call that this is the key of.
    fn follow(&self, key: &str) -> Option<Followed>;

    /// The citizen hangs up.
    async fn hang_up(&self, key: &str);

    /// An agent's browser is their telephone from now on, for as long as the receiver is held; an earlier one no longer is.
    fn sign_in(&self, agent: AgentId) -> mpsc::Receiver<Ring>;

    /// The agent answers: our description.
    async fn pick_up(&self, agent: AgentId, leg: LegId, offer: String) -> Result<String, Refused>;

    /// The agent hangs up, or does not take the call.
    async fn put_down(&self, agent: AgentId, leg: LegId);

    /// The caller hears music and the agent nothing, or no longer so.
    async fn hold(&self, agent: AgentId, leg: LegId, on: bool);
}

/// Where there is a line for browsers.
pub type Line = Option<Arc<dyn Telephones>>;
