//! The line of the service: opened as the configuration says, with the certificate that is given or one of our own.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::certificate::{self, Own};
use super::clock::SystemClock;
use crate::call::session::Wishes;
use crate::call::{
    CallError, Credentials, LegIds, Registration, SignalEvent, Signalling, SipConfig, SipStack,
    TlsListen,
};
use crate::config::{Config, Sip};
use crate::kernel::{LegId, Wall};

/// What TLS listens with: the certificate that is given, else one of our own, which is told too.
fn tls(config: &Config, now: Wall) -> anyhow::Result<(Option<TlsListen>, Option<Own>)> {
    let Some(tls) = &config.sip.tls else { return Ok((None, None)) };
    if let Some(given) = &tls.given {
        let (certificate, key) = (given.certificate.clone(), given.key.clone());
        return Ok((Some(TlsListen { listen: tls.bind, certificate, key }), None));
    }
    let own = certificate::own(&config.data_dir, &hosts(&config.sip), now)?;
    let (certificate, key) = (own.certificate.clone(), own.key.clone());
    Ok((Some(TlsListen { listen: tls.bind, certificate, key }), Some(own)))
}

fn hosts(sip: &Sip) -> Vec<String> {
    certificate::hosts([sip.advertise].into_iter().chain(sip.tls.as_ref().map(|tls| tls.bind.ip())))
}

/// Has the line show each new certificate of our own.
fn renewal(
    config: &Config,
    clock: &SystemClock,
    line: &Arc<dyn Signalling>,
) -> impl Future<Output = ()> + 'static {
    let (clock, line) = (clock.clone(), line.clone());
    let renewed = move |own: &Own| match line.certify(&own.certificate, &own.key) {
        Ok(()) => tracing::warn!(fingerprint = own.fingerprint, "TLS has a new certificate"),
        Err(error) => tracing::error!(%error, "a new certificate is not used"),
    };
    let now = move || clock.wall();
    certificate::renew(config.data_dir.clone(), hosts(&config.sip), now, renewed)
}

/// Numbers for legs that come in, whoever brings them. The hotline gives its own legs odd ones.
pub fn leg_ids() -> LegIds {
    let next = AtomicU64::new(2);
    Arc::new(move || LegId(next.fetch_add(2, Ordering::Relaxed)))
}

/// The line, and what keeps its certificate.
pub struct Telephone {
    pub line: Arc<dyn Signalling>,
    pub signals: mpsc::Receiver<SignalEvent>,
    pub own: Option<Own>,
    /// Dropping it ends the task.
    pub renewal: JoinSet<()>,
}

impl Telephone {
    pub async fn open(
        config: &Config,
        clock: &SystemClock,
        ids: LegIds,
    ) -> anyhow::Result<Telephone> {
        let (tls, own) = tls(config, clock.wall())?;
        let (line, signals) = line(config, tls, ids).await?;
        let mut renewal = JoinSet::new();
        if own.is_some() {
            renewal.spawn(self::renewal(config, clock, &line));
        }
        Ok(Telephone { line, signals, own, renewal })
    }
}

async fn line(
    config: &Config,
    tls: Option<TlsListen>,
    ids: LegIds,
) -> anyhow::Result<(Arc<dyn Signalling>, mpsc::Receiver<SignalEvent>)> {
    let registrations = match (&config.outbound.registrar, &config.outbound.user) {
        (Some(registrar), Some(user)) => vec![Registration {
            registrar: registrar.clone(),
            credentials: Credentials {
                user: user.clone(),
                password: config.outbound.password.clone().unwrap_or_default(),
                realm: None,
            },
            expires: Duration::from_secs(600),
        }],
        _ => Vec::new(),
    };
    let sip = SipConfig {
        listen: config.sip.bind,
        advertise: (config.sip.advertise != config.sip.bind.ip()).then_some(config.sip.advertise),
        user: config.sip.number.clone(),
        trunks: config.sip.trunks.clone(),
        registrations,
        tls,
        tls_ca: config.sip.tls_ca.clone(),
        session: Wishes { interval_s: config.sip.session_s, ..Wishes::default() },
        ..SipConfig::default()
    };
    // The line calls the address `sip.listen`; ours is set with `sip.bind`.
    let started = SipStack::start(sip, ids).await.map_err(|error| match error {
        CallError::Listen { transport, addr, source, setting: "sip.listen" } => {
            CallError::Listen { transport, addr, setting: "sip.bind", source }
        }
        other => other,
    });
    Ok(started?)
}
