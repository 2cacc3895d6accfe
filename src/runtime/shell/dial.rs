//! Calls out: an agent's telephone, a citizen, somebody whom an agent brings in.

use std::time::Duration;

use super::Shell;
use crate::call::{Credentials, Dial, EndReason, sdp};
use crate::config::{BROWSER, Outbound};
use crate::hotline::{Input, Party};
use crate::kernel::{CallId, LegId, Pii};

impl Shell {
    pub(super) async fn dial(&mut self, call: CallId, leg: LegId, party: Party) {
        if let Party::Agent { agent, uri } = &party
            && self.parts.browsers.ring(*agent, uri != BROWSER, leg, call)
        {
            return;
        }
        let to = match &party {
            Party::Agent { uri, .. } => uri.clone(),
            Party::Outside(outside) => outside.uri.clone(),
            Party::Citizen { number } => {
                self.parts.outbound.route.replace("{number}", number.reveal())
            }
        };
        let arranged = match self.arrange(self.parts.sip.protection.to(&to)) {
            Ok(arranged) => arranged,
            Err(error) => {
                tracing::error!(%error, "no port for the sound of a call");
                let reason = EndReason::Failed(crate::call::leg::Failure::NoReply);
                return self.later(Input::LegEnded { leg, reason });
            }
        };
        if let Party::Citizen { .. } = &party {
            self.citizens.insert(leg);
        }
        let trunk = match &party {
            Party::Agent { .. } => false,
            Party::Citizen { .. } => true,
            Party::Outside(outside) => outside.trunk,
        };
        let credentials = credentials(&self.parts.outbound).filter(|_| trunk);
        // An agent's telephone rings for as long as the queue says; the line only needs an end.
        let ring_timeout = match &party {
            Party::Agent { .. } => Duration::from_secs(180),
            Party::Citizen { .. } | Party::Outside(_) => {
                Duration::from_millis(self.parts.outbound.ring_ms)
            }
        };
        let dial = Dial {
            to: Pii::new(to),
            from: Pii::new(self.parts.sip.number.clone()),
            display: Some(self.parts.sip.display.clone()),
            sdp: sdp::offer(&arranged.local),
            ring_timeout,
            credentials,
        };
        self.arranged.insert(leg, (call, arranged));
        let line = self.parts.line.clone();
        self.on_line(leg, "dial", async move { line.dial(leg, dial).await });
    }
}

/// For calls over the trunk, where it asks for them.
fn credentials(outbound: &Outbound) -> Option<Credentials> {
    let (user, password) = (outbound.user.clone()?, outbound.password.clone()?);
    Some(Credentials { user, password, realm: None })
}
