//! Registration with a trunk's registrar (RFC 3261 10): on start, before it runs out, and undone at the end.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rsipstack::dialog::registration::Registration as Register;
use rsipstack::sip::{Response, StatusCodeKind, Uri};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::call::error::CallError;

use super::Registration;
use super::core::Core;
use super::dial::{credential, transport_of};

/// After a failure it is tried again after the first, then after twice as long, up to the second.
const AGAIN: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(300));
/// How long the registrar may take to let us go.
const UNREGISTER_WAIT: Duration = Duration::from_secs(2);

/// A registration whose settings are right.
pub struct Registrar {
    server: Uri,
    registration: Registration,
    expires_s: u32,
}

pub fn check(registrations: &[Registration]) -> Result<Vec<Registrar>, CallError> {
    let fault = |problem: String| CallError::Setting { field: "sip.registrations", problem };
    registrations
        .iter()
        .map(|registration| {
            let text = &registration.registrar;
            let server = Uri::try_from(text.as_str())
                .ok()
                .filter(|uri| uri.scheme.is_some())
                .ok_or_else(|| fault(format!("{text:?} is no URI like sip:sbc.example.cn:5060")))?;
            let expires_s = u32::try_from(registration.expires.as_secs())
                .ok()
                .filter(|seconds| (30..=86_400).contains(seconds))
                .ok_or_else(|| fault("expires must be from 30 s to 24 h".to_owned()))?;
            Ok(Registrar { server, registration: registration.clone(), expires_s })
        })
        .collect()
}

pub fn begin(
    registrars: Vec<Registrar>,
    core: &Arc<Core>,
    leaving: &CancellationToken,
) -> Vec<JoinHandle<()>> {
    core.unregistered.store(registrars.len(), Ordering::Relaxed);
    registrars
        .into_iter()
        .map(|registrar| tokio::spawn(keep(registrar, core.clone(), leaving.clone())))
        .collect()
}

async fn keep(registrar: Registrar, core: Arc<Core>, leaving: CancellationToken) {
    let Registrar { server, registration, expires_s } = registrar;
    let credentials = credential(registration.credentials);
    let mut register = Register::new(core.parts.dialogs.endpoint.clone(), Some(credentials));
    let name = registration.registrar;
    let mut registered = false;
    let mut again = AGAIN.0;
    loop {
        let holds = told(&name, once(&mut register, &core, &server, expires_s).await);
        match (registered, holds) {
            (false, true) => core.unregistered.fetch_sub(1, Ordering::Relaxed),
            (true, false) => core.unregistered.fetch_add(1, Ordering::Relaxed),
            (true, true) | (false, false) => 0,
        };
        registered = holds;
        let wait = if holds {
            again = AGAIN.0;
            let granted = register.granted_expires.filter(|&s| s > 0).unwrap_or(expires_s);
            Duration::from_secs(u64::from(granted) * 3 / 4).max(Duration::from_secs(1))
        } else {
            let wait = again;
            again = (again * 2).min(AGAIN.1);
            wait
        };
        tokio::select! {
            () = leaving.cancelled() => break,
            () = tokio::time::sleep(wait) => {}
        }
    }
    if registered {
        let gone = register.register(server, Some(0));
        tokio::time::timeout(UNREGISTER_WAIT, gone).await.ok();
    }
}

/// One REGISTER, on a connection of the gate's where it needs one.
async fn once(
    register: &mut Register,
    core: &Arc<Core>,
    server: &Uri,
    expires_s: u32,
) -> Option<Response> {
    core.reach(server, transport_of(server)).await?;
    register.register(server.clone(), Some(expires_s)).await.ok()
}

/// Says what came of it; whether it holds.
fn told(name: &str, response: Option<Response>) -> bool {
    match response {
        Some(response) if response.status_code.kind() == StatusCodeKind::Successful => {
            tracing::info!(registrar = %name, "registered");
            true
        }
        Some(response) => {
            let code = response.status_code.code();
            tracing::warn!(registrar = %name, code, "the registrar refuses us");
            false
        }
        None => {
            tracing::warn!(registrar = %name, "the registrar cannot be reached");
            false
        }
    }
}
