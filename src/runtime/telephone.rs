//! The line of the service: opened as the configuration says, with the certificate that is given or one of our own.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::runtime::{Builder, Handle};
use tokio::sync::{mpsc, oneshot};
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
    /// Dropping it ends the line.
    pub thread: LineThread,
}

/// The line's thread, with a runtime of one thread: waking another thread for every message costs a quarter of a call's signalling,
/// and no message waits behind sound (`cargo bench --bench signalling`).
pub struct LineThread {
    handle: Handle,
    _runs: oneshot::Sender<()>,
}

impl LineThread {
    fn start() -> std::io::Result<LineThread> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (runs, ended) = oneshot::channel::<()>();
        let run = move || runtime.block_on(ended).unwrap_or_default();
        std::thread::Builder::new().name("sip".into()).spawn(run)?;
        Ok(LineThread { handle, _runs: runs })
    }
}

impl Telephone {
    pub async fn open(
        config: &Config,
        clock: &SystemClock,
        ids: LegIds,
    ) -> anyhow::Result<Telephone> {
        let (tls, own) = tls(config, clock.wall())?;
        let thread = LineThread::start()?;
        let (line, signals) = thread.handle.spawn(line(sip(config, tls), ids)).await??;
        let mut renewal = JoinSet::new();
        if own.is_some() {
            renewal.spawn(self::renewal(config, clock, &line));
        }
        Ok(Telephone { line, signals, own, renewal, thread })
    }
}

fn sip(config: &Config, tls: Option<TlsListen>) -> SipConfig {
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
    SipConfig {
        listen: config.sip.bind,
        advertise: (config.sip.advertise != config.sip.bind.ip()).then_some(config.sip.advertise),
        user: config.sip.number.clone(),
        trunks: config.sip.trunks.clone(),
        registrations,
        tls,
        tls_ca: config.sip.tls_ca.clone(),
        session: Wishes { interval_s: config.sip.session_s, ..Wishes::default() },
        ..SipConfig::default()
    }
}

async fn line(
    sip: SipConfig,
    ids: LegIds,
) -> Result<(Arc<dyn Signalling>, mpsc::Receiver<SignalEvent>), CallError> {
    // The line calls the address `sip.listen`; ours is set with `sip.bind`.
    let (line, signals) = SipStack::start(sip, ids).await.map_err(|error| match error {
        CallError::Listen { transport, addr, source, setting: "sip.listen" } => {
            CallError::Listen { transport, addr, setting: "sip.bind", source }
        }
        other => other,
    })?;
    Ok((line, signals))
}
