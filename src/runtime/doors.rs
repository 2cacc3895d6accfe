//! How staff come in: who is let in with what, and the certificate of the console.

use anyhow::Context;
use tokio::task::JoinSet;

use super::certificate::{self, Own};
use super::clock::SystemClock;
use crate::config::{self, Config};
use crate::console::{Doors, Machine, Tls};
use crate::store::Store;

/// A folder of its own: the line's certificate may be for other hosts.
const FOLDER: &str = "console-tls";

/// What programs send.
pub fn machine(console: &config::Console) -> Option<Machine> {
    console.token.clone().map(|(token, role)| Machine { token, role })
}

pub fn doors(console: &config::Console) -> Doors {
    Doors {
        lifetime: console.lifetime,
        cost: console.cost,
        second_factor: console.second_factor.clone(),
        secure: console.tls.is_some() || !console.proxies.is_empty(),
        proxies: console.proxies.clone(),
    }
}

/// A console that others can reach needs somebody who may log in, or a program's token.
pub async fn reachable(console: &config::Console, store: &Store) -> anyhow::Result<()> {
    let closed = console.bind.ip().is_loopback() || console.token.is_some();
    anyhow::ensure!(
        closed || store.has_accounts().await?,
        "console.bind = {:?}: nobody could log in to a console that others can reach; make the first account with \
         `huiyin account add NAME --role admin`, or set console.token_file for programs",
        console.bind
    );
    Ok(())
}

/// The certificate that is shown, and whether it is one of our own.
pub struct Shown {
    pub tls: Option<Tls>,
    pub own: Option<Own>,
}

pub fn tls(config: &Config, clock: &SystemClock) -> anyhow::Result<Shown> {
    let Some(tls) = &config.console.tls else { return Ok(Shown { tls: None, own: None }) };
    if let Some(given) = &tls.given {
        let tls = Tls::new(&given.certificate, &given.key)?;
        return Ok(Shown { tls: Some(tls), own: None });
    }
    let folder = config.data_dir.join(FOLDER);
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("the folder {} cannot be made", folder.display()))?;
    let own = certificate::own(&folder, &hosts(config), clock.wall())?;
    Ok(Shown { tls: Some(Tls::new(&own.certificate, &own.key)?), own: Some(own) })
}

fn hosts(config: &Config) -> Vec<String> {
    let bind = config.console.bind.ip();
    let mut hosts = certificate::hosts([bind, config.sip.advertise]);
    let names = config.console.tls.iter().flat_map(|tls| tls.names.iter().cloned());
    for name in names.chain(["localhost".to_owned()]) {
        if !hosts.contains(&name) {
            hosts.push(name);
        }
    }
    hosts
}

impl Shown {
    /// Shows each new certificate of our own; dropping it ends the task.
    pub fn renewal(self, config: &Config, clock: &SystemClock) -> JoinSet<()> {
        let mut tasks = JoinSet::new();
        let (Some(tls), Some(_)) = (self.tls, self.own) else { return tasks };
        let renewed = move |own: &Own| match tls.renew(&own.certificate, &own.key) {
            Ok(()) => {
                tracing::warn!(fingerprint = own.fingerprint, "the console has a new certificate")
            }
            Err(error) => tracing::error!(%error, "a new certificate is not used"),
        };
        let (clock, folder) = (clock.clone(), config.data_dir.join(FOLDER));
        let now = move || clock.wall();
        tasks.spawn(certificate::renew(folder, hosts(config), now, renewed));
        tasks
    }
}
