//! Calls out: the address, the way there, and the INVITE.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

use rsipstack::dialog::authenticate::Credential;
use rsipstack::dialog::invitation::InviteOption;
use rsipstack::sip::{Param, Transport, Uri};
use rsipstack::transport::{SipAddr, SipConnection};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use crate::call::error::CallError;
use crate::call::leg::{EndReason, Failure, Leg};
use crate::call::session::Session;
use crate::call::signalling::{Credentials, Dial, SignalEvent};
use crate::kernel::LegId;
use crate::kernel::limits::SIP_CONNECTIONS;

use super::core::Core;
use super::gate;
use super::line::{Command, Line};
use super::text;

/// How long a name look-up, a TCP connection and a TLS handshake may take together.
const CONNECT_WAIT: Duration = Duration::from_secs(4);
/// The ports that stand for themselves (RFC 3261 19.1.2).
const PORT: u16 = 5060;
const TLS_PORT: u16 = 5061;

impl Core {
    pub async fn dial(self: &Arc<Self>, leg: LegId, dial: Dial) -> Result<(), CallError> {
        if self.parts.stop.is_cancelled() {
            return Err(CallError::ShutDown);
        }
        let callee = parse_target(dial.to.reveal())?;
        let transport = transport_of(&callee);
        let caller = self.caller(&dial)?;
        let inbox = self.enter(leg, None).ok_or(CallError::Full { max: self.parts.legs_max })?;
        let option = InviteOption {
            caller_display_name: dial.display.clone(),
            caller,
            contact: self.contact(transport),
            callee,
            content_type: Some("application/sdp".to_owned()),
            offer: Some(dial.sdp.into_bytes()),
            credential: dial.credentials.map(credential),
            headers: Some(text::asking_invite(&Session::new(self.parts.session))),
            ..InviteOption::default()
        };
        let core = self.clone();
        let ring_ms = u64::try_from(dial.ring_timeout.as_millis()).unwrap_or(u64::MAX);
        tokio::spawn(async move { core.call(leg, option, transport, ring_ms, inbox).await });
        Ok(())
    }

    async fn call(
        self: Arc<Self>,
        leg: LegId,
        mut option: InviteOption,
        transport: Transport,
        ring_ms: u64,
        inbox: mpsc::Receiver<Command>,
    ) {
        let machine = Leg::outbound(self.now(), ring_ms, self.parts.longest_ms);
        let reached = tokio::time::timeout(CONNECT_WAIT, self.reach(&option.callee, transport));
        let started = match reached.await {
            Ok(Some(destination)) => {
                option.destination = Some(destination);
                let (sender, states) = self.parts.dialogs.new_dialog_state_channel();
                let begun = self.parts.dialogs.do_invite_async(option.clone(), sender);
                begun.ok().map(|begun| (begun, states))
            }
            Ok(None) | Err(_) => None,
        };
        let Some(((dialog, invite), states)) = started else {
            self.forget(leg);
            let reason = EndReason::Failed(Failure::Network);
            self.parts.events.send(SignalEvent::Ended { leg, reason }).await.ok();
            return;
        };
        let session = Session::new(self.parts.session);
        let mut line = Line::new(self, leg, machine, dialog, states, inbox, session);
        line.invite = Some(invite);
        line.sent = option.offer.as_deref().map(|sdp| String::from_utf8_lossy(sdp).into_owned());
        line.again = Some(Box::new(option));
        line.run().await;
    }

    /// Resolves the host and, for TCP and TLS, has a guarded connection ready where the stack will look for one.
    pub async fn reach(&self, callee: &Uri, transport: Transport) -> Option<SipAddr> {
        let target = SipAddr { r#type: Some(transport), addr: callee.host_with_port.clone() };
        let layer = &self.parts.dialogs.endpoint.transport_layer;
        let mut resolved = match target.addr.host {
            rsipstack::sip::Host::Domain(_) => {
                layer.inner.domain_resolver.resolve(&target).await.ok()?
            }
            rsipstack::sip::Host::IpAddr(_) => target,
        };
        resolved.r#type = Some(transport);
        let usual = if transport == Transport::Tls { TLS_PORT } else { PORT };
        let port = u16::from(*resolved.addr.port.get_or_insert(usual.into()));
        if transport != Transport::Udp {
            let ip = IpAddr::try_from(resolved.addr.host.clone()).ok()?;
            let name = callee.host_with_port.host.to_string();
            self.connect(SocketAddr::new(ip, port), transport, &name).await?;
        }
        Some(resolved)
    }

    /// One connection to each peer, for as long as it holds. `name`: what its certificate must be for.
    async fn connect(&self, peer: SocketAddr, transport: Transport, name: &str) -> Option<()> {
        let alive = |connection: &SipConnection| {
            !connection.cancel_token().is_none_or(|token| token.is_cancelled())
        };
        let key = (peer, transport == Transport::Tls);
        {
            let mut dialled = self.dialled();
            dialled.retain(|_, connection| alive(connection));
            if dialled.contains_key(&key) {
                return Some(());
            }
            if dialled.len() >= SIP_CONNECTIONS {
                return None;
            }
        }
        let stream = TcpStream::connect(peer).await.ok()?;
        stream.set_nodelay(true).ok();
        let stop = self.parts.stop.child_token();
        let gate = self.parts.gate.clone();
        let endpoint = self.parts.dialogs.endpoint.clone();
        let joined = match transport {
            Transport::Tls => match self.parts.tls.connect(stream, name).await {
                Ok(stream) => gate::join(stream, (peer, transport), gate, endpoint, stop).await,
                Err(error) => {
                    // Names a certificate's fault, no number.
                    tracing::warn!(%peer, %error, "the other side's TLS is refused");
                    return None;
                }
            },
            _ => gate::join(stream, (peer, transport), gate, endpoint, stop).await,
        };
        self.dialled().insert(key, joined.ok()?);
        Some(())
    }

    fn dialled(&self) -> MutexGuard<'_, HashMap<(SocketAddr, bool), SipConnection>> {
        self.dialled.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn caller(&self, dial: &Dial) -> Result<Uri, CallError> {
        let from = dial.from.reveal();
        if from.starts_with("sip:") {
            return parse_target(from);
        }
        Ok(Uri {
            scheme: Some(rsipstack::sip::Scheme::Sip),
            auth: Some(rsipstack::sip::Auth { user: from.clone(), password: None }),
            host_with_port: self.parts.advertised.ip().into(),
            ..Default::default()
        })
    }
}

/// Reads a URI to dial.
fn parse_target(text: &str) -> Result<Uri, CallError> {
    let fault = CallError::Address;
    if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(fault("it holds white space"));
    }
    if !text.get(..4).is_some_and(|scheme| scheme.eq_ignore_ascii_case("sip:")) {
        return Err(fault("it does not begin with sip:"));
    }
    let mut uri = Uri::try_from(text).map_err(|_| fault("host or port cannot be read"))?;
    if let Some(auth) = &mut uri.auth {
        // The stack escapes what it writes: given `%`, it would escape that again.
        auth.user = text::percent_decoded(&auth.user);
    }
    Ok(uri)
}

pub fn transport_of(uri: &Uri) -> Transport {
    uri.params
        .iter()
        .find_map(|param| match param {
            Param::Transport(transport) => Some(*transport),
            _ => None,
        })
        .unwrap_or(Transport::Udp)
}

pub fn credential(credentials: Credentials) -> Credential {
    Credential {
        username: credentials.user,
        password: credentials.password.into_inner(),
        realm: credentials.realm,
        auth_username: None,
    }
}
