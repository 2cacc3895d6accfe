//! The browsers that are telephones: whose leg is whose, and their way to the hotline's owner and back. Sound does not pass here.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::rtp_socket::Identity;
use super::shell::{Message, browser::Happening};
use crate::call::{EndReason, LegIds};
use crate::config::Webrtc;
use crate::console::telephones::{Followed, Placed, Refused, Ring, Telephones};
use crate::hotline::{Fact, Input};
use crate::kernel::limits::{BROWSER_CALLS_PER_ADDRESS, PHONE_EVENTS};
use crate::kernel::{AgentId, CallId, LegId};

/// The hotline has answered an offer by then.
const ANSWER_DEADLINE: Duration = Duration::from_secs(8);
/// Octets of the key of a call.
const KEY: usize = 18;

type Reply = oneshot::Sender<Result<String, Refused>>;

enum Whose {
    Citizen { key: String, from: IpAddr },
    Agent(AgentId),
}

struct Leg {
    whose: Whose,
    call: Option<CallId>,
    /// An offer that is not answered yet, and where the answer goes.
    offer: Option<String>,
    reply: Option<Reply>,
    /// An agent has answered it.
    taken: bool,
    over: CancellationToken,
}

impl Leg {
    fn new(whose: Whose) -> Self {
        let over = CancellationToken::new();
        Leg { whose, call: None, offer: None, reply: None, taken: false, over }
    }
}

#[derive(Default)]
struct Table {
    legs: HashMap<LegId, Leg>,
    phones: HashMap<AgentId, mpsc::Sender<Ring>>,
}

struct Inner {
    table: Mutex<Table>,
    settings: Webrtc,
    identity: Identity,
    ids: LegIds,
    inbox: mpsc::Sender<Message>,
    feed: broadcast::Sender<Fact>,
}

/// The table of browsers; clones share it.
#[derive(Clone)]
pub struct Browsers(Arc<Inner>);

impl Browsers {
    /// `ids` also counts the legs of the telephone line.
    pub fn new(
        settings: Webrtc,
        ids: LegIds,
        inbox: mpsc::Sender<Message>,
        feed: broadcast::Sender<Fact>,
    ) -> anyhow::Result<Browsers> {
        let identity = Identity::new()?;
        let table = Mutex::new(Table::default());
        Ok(Browsers(Arc::new(Inner { table, settings, identity, ids, inbox, feed })))
    }

    pub fn settings(&self) -> &Webrtc {
        &self.0.settings
    }

    pub fn identity(&self) -> Identity {
        self.0.identity.clone()
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the leg is a browser's.
    pub fn has(&self, leg: LegId) -> bool {
        self.table().legs.contains_key(&leg)
    }

    /// The offer that waits to be answered.
    pub fn offer(&self, leg: LegId) -> Option<String> {
        self.table().legs.get_mut(&leg)?.offer.take()
    }

    pub fn is_agents(&self, leg: LegId) -> bool {
        let table = self.table();
        table.legs.get(&leg).is_some_and(|leg| matches!(leg.whose, Whose::Agent(_)))
    }

    pub fn call_of(&self, leg: LegId) -> Option<CallId> {
        self.table().legs.get(&leg)?.call
    }

    /// What the offer came to. False: whoever asked has gone.
    pub fn answer(&self, leg: LegId, call: CallId, answer: Result<String, Refused>) -> bool {
        let reply = self.table().legs.get_mut(&leg).and_then(|leg| {
            leg.call = Some(call);
            leg.reply.take()
        });
        reply.is_some_and(|reply| reply.send(answer).is_ok())
    }

    /// The leg is over. True for the one who says so first; none but a browser's leg is ever.
    pub fn remove(&self, leg: LegId, refused: Refused) -> bool {
        let mut table = self.table();
        let Some(gone) = table.legs.remove(&leg) else { return false };
        gone.over.cancel();
        if let Some(reply) = gone.reply {
            let _ = reply.send(Err(refused));
        }
        if let Whose::Agent(agent) = gone.whose
            && let Some(phone) = table.phones.get(&agent)
        {
            let _ = phone.try_send(Ring::Over { leg });
        }
        true
    }

    /// Rings an agent's browser. False: they have none open, and `elsewhere` there is another telephone. Without one it rings as soon
    /// as they open it: a page that is loaded anew in mid-call is away for a moment only.
    pub fn ring(&self, agent: AgentId, elsewhere: bool, leg: LegId, call: CallId) -> bool {
        let mut table = self.table();
        let rung = table.phones.get(&agent).is_some_and(|phone| {
            let rings = Ring::Rings { leg, call };
            phone.try_send(rings).is_ok()
        });
        if !rung {
            table.phones.remove(&agent);
            if elsewhere {
                return false;
            }
        }
        let leg_of = Leg { call: Some(call), ..Leg::new(Whose::Agent(agent)) };
        table.legs.insert(leg, leg_of);
        true
    }

    async fn tell(&self, happening: Happening) {
        if self.0.inbox.send(Message::Browser(happening)).await.is_err() {
            tracing::error!("the hotline is gone");
        }
    }

    /// A place for one more call from there.
    fn place(&self, offer: String, from: IpAddr) -> Result<(LegId, String, Answer), Refused> {
        let mut key = [0; KEY];
        getrandom::fill(&mut key).map_err(|_| Refused::Full)?;
        let key = URL_SAFE_NO_PAD.encode(key);
        let mut table = self.table();
        let sources = table.legs.values().filter_map(|leg| match &leg.whose {
            Whose::Citizen { from, .. } => Some(*from),
            Whose::Agent(_) => None,
        });
        let (all, theirs) = sources
            .fold((0, 0), |(all, theirs), source| (all + 1, theirs + usize::from(source == from)));
        if all >= self.0.settings.calls_max || theirs >= BROWSER_CALLS_PER_ADDRESS {
            return Err(Refused::Full);
        }
        let leg = (self.0.ids)();
        let (reply, answer) = oneshot::channel();
        let whose = Whose::Citizen { key: key.clone(), from };
        let asked = Leg { offer: Some(offer), reply: Some(reply), ..Leg::new(whose) };
        table.legs.insert(leg, asked);
        Ok((leg, key, answer))
    }

    async fn answered(&self, leg: LegId, answer: Answer) -> Result<String, Refused> {
        match tokio::time::timeout(ANSWER_DEADLINE, answer).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(Refused::Over),
            Err(_) => {
                self.tell(Happening::HungUp { leg, reason: EndReason::Cancelled }).await;
                Err(Refused::Late)
            }
        }
    }

    fn by_key(&self, key: &str) -> Option<LegId> {
        let table = self.table();
        let found = table.legs.iter().find(|(_, leg)| match &leg.whose {
            Whose::Citizen { key: own, .. } => own == key,
            Whose::Agent(_) => false,
        });
        found.map(|(id, _)| *id)
    }

    fn is_of(&self, agent: AgentId, leg: LegId) -> bool {
        let table = self.table();
        table.legs.get(&leg).is_some_and(|leg| matches!(leg.whose, Whose::Agent(a) if a == agent))
    }
}

type Answer = oneshot::Receiver<Result<String, Refused>>;

#[async_trait]
impl Telephones for Browsers {
    async fn call(&self, offer: String, from: IpAddr) -> Result<Placed, Refused> {
        let (leg, key, answer) = self.place(offer, from)?;
        let invited = Message::Input(Input::Invited { leg, number: None });
        if self.0.inbox.send(invited).await.is_err() {
            self.remove(leg, Refused::Over);
            return Err(Refused::Over);
        }
        let answer = self.answered(leg, answer).await?;
        Ok(Placed { key, answer })
    }

    fn follow(&self, key: &str) -> Option<Followed> {
        let leg = self.by_key(key)?;
        let table = self.table();
        let leg = table.legs.get(&leg)?;
        let over = leg.over.child_token();
        Some(Followed { call: leg.call?, facts: self.0.feed.subscribe(), over })
    }

    async fn hang_up(&self, key: &str) {
        if let Some(leg) = self.by_key(key) {
            self.tell(Happening::HungUp { leg, reason: EndReason::HungUpByPeer }).await;
        }
    }

    fn sign_in(&self, agent: AgentId) -> mpsc::Receiver<Ring> {
        let (phone, rings) = mpsc::channel(PHONE_EVENTS);
        let mut table = self.table();
        for (leg, waiting) in &table.legs {
            let theirs = matches!(waiting.whose, Whose::Agent(own) if own == agent);
            if let Some(call) = waiting.call.filter(|_| theirs && !waiting.taken) {
                let _ = phone.try_send(Ring::Rings { leg: *leg, call });
            }
        }
        table.phones.insert(agent, phone);
        rings
    }

    async fn pick_up(&self, agent: AgentId, leg: LegId, offer: String) -> Result<String, Refused> {
        let answer = {
            let mut table = self.table();
            let found = table
                .legs
                .get_mut(&leg)
                .filter(|leg| matches!(leg.whose, Whose::Agent(own) if own == agent) && !leg.taken);
            let leg = found.ok_or(Refused::Over)?;
            let (reply, answer) = oneshot::channel();
            (leg.offer, leg.reply, leg.taken) = (Some(offer), Some(reply), true);
            answer
        };
        self.tell(Happening::PickedUp { leg }).await;
        self.answered(leg, answer).await
    }

    async fn put_down(&self, agent: AgentId, leg: LegId) {
        if self.is_of(agent, leg) {
            self.tell(Happening::HungUp { leg, reason: EndReason::HungUpByPeer }).await;
        }
    }

    async fn hold(&self, agent: AgentId, leg: LegId, on: bool) {
        if self.is_of(agent, leg) {
            self.tell(Happening::Hold { leg, on }).await;
        }
    }
}
