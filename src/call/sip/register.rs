//! Registration with a trunk's registrar (RFC 3261 10): on start, before it runs out, and undone at the end.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rsipstack::dialog::registration::{RefreshOutcome, Registration as Register};
use rsipstack::sip::Uri;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::call::error::CallError;

use super::Registration;
use super::core::{Core, credential};

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
    let mut register = Register::new(core.dialogs.endpoint.clone(), Some(credentials));
    let name = registration.registrar;
    let mut registered = false;
    let told = |outcome: RefreshOutcome<'_>| {
        let holds = matches!(outcome, RefreshOutcome::Registered(_));
        match outcome {
            RefreshOutcome::Registered(_) => tracing::info!(registrar = %name, "registered"),
            RefreshOutcome::Rejected(response) => {
                let code = response.status_code.code();
                tracing::warn!(registrar = %name, code, "the registrar refuses us");
            }
            RefreshOutcome::Failed(_) => {
                tracing::warn!(registrar = %name, "the registrar cannot be reached");
            }
        }
        match (registered, holds) {
            (false, true) => core.unregistered.fetch_sub(1, Ordering::Relaxed),
            (true, false) => core.unregistered.fetch_add(1, Ordering::Relaxed),
            (true, true) | (false, false) => 0,
        };
        registered = holds;
    };
    let server_again = server.clone();
    register.keep_alive(server, expires_s, leaving, told).await;
    if registered {
        let gone = register.register(server_again, Some(0));
        tokio::time::timeout(UNREGISTER_WAIT, gone).await.ok();
    }
}
