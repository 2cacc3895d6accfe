//! `[console]`: the pages and the API of staff, and how people are let in.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use serde::Deserialize;

use super::{Certificate, ConfigError, address, contents, in_range, secret, setting};
use crate::access::{Cost, Lifetime, Role};
use crate::kernel::Pii;

#[derive(Clone, Debug)]
pub struct Console {
    pub bind: SocketAddr,
    /// What programs send, and as what they are let in.
    pub token: Option<(Pii<String>, Role)>,
    pub tls: Option<ConsoleTls>,
    /// Proxies in front of us that speak TLS: their `X-Forwarded-For` is believed.
    pub proxies: Vec<IpAddr>,
    /// Roles whose accounts need a second factor.
    pub second_factor: Vec<Role>,
    pub lifetime: Lifetime,
    pub cost: Cost,
}

/// TLS of the console.
#[derive(Clone, Debug)]
pub struct ConsoleTls {
    /// `None`: one of our own is made and kept in the data folder.
    pub given: Option<Certificate>,
    /// Names that a certificate of our own is for, beside the addresses.
    pub names: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Raw {
    bind: String,
    token_env: Option<String>,
    token_file: Option<PathBuf>,
    token_role: String,
    tls: Option<bool>,
    tls_certificate: Option<PathBuf>,
    tls_key: Option<PathBuf>,
    tls_names: Vec<String>,
    proxies: Vec<String>,
    second_factor: Vec<String>,
    idle_minutes: i64,
    session_hours: i64,
    argon2_mib: u32,
    argon2_passes: u32,
}

impl Default for Raw {
    fn default() -> Self {
        Raw {
            bind: "127.0.0.1:8012".into(),
            token_env: None,
            token_file: None,
            token_role: Role::Supervisor.key().into(),
            tls: None,
            tls_certificate: None,
            tls_key: None,
            tls_names: Vec::new(),
            proxies: Vec::new(),
            second_factor: Vec::new(),
            idle_minutes: 30,
            session_hours: 12,
            argon2_mib: 19,
            argon2_passes: 2,
        }
    }
}

fn role(name: &'static str, text: &str) -> Result<Role, ConfigError> {
    text.parse().map_err(|_| {
        setting(name, text, "use caller_public, agent, desk, unit, supervisor, auditor or admin")
    })
}

impl Raw {
    pub(super) fn check(self) -> Result<Console, ConfigError> {
        let bind = address("console.bind", &self.bind)?;
        let token =
            secret("console.token_env", self.token_env.as_deref(), self.token_file.as_deref())?;
        let as_what = role("console.token_role", &self.token_role)?;
        if matches!(as_what, Role::Unit | Role::Agent) {
            let remedy = "a program is no unit and no agent: use another role";
            return Err(setting("console.token_role", self.token_role, remedy));
        }
        let proxies = self.proxies.iter().map(|proxy| {
            proxy.parse().map_err(|_| {
                setting("console.proxies", proxy, "give addresses of proxies, like [\"127.0.0.1\"]")
            })
        });
        let proxies: Vec<IpAddr> = proxies.collect::<Result<_, _>>()?;
        let second = self.second_factor.iter().map(|text| role("console.second_factor", text));
        let minute = 60_000;
        Ok(Console {
            bind,
            token: token.map(|token| (token, as_what)),
            second_factor: second.collect::<Result<_, _>>()?,
            lifetime: Lifetime {
                idle_ms: in_range("console.idle_minutes", self.idle_minutes, 1..=1440)? * minute,
                whole_ms: in_range("console.session_hours", self.session_hours, 1..=168)?
                    * 60
                    * minute,
                ..Lifetime::default()
            },
            cost: Cost {
                memory_kib: in_range("console.argon2_mib", self.argon2_mib, 1..=1024)? * 1024,
                passes: in_range("console.argon2_passes", self.argon2_passes, 1..=16)?,
            },
            tls: self.tls(bind, &proxies)?,
            proxies,
        })
    }

    /// On wherever others can reach us and no proxy speaks it for us: passwords do not go in clear.
    fn tls(&self, bind: SocketAddr, proxies: &[IpAddr]) -> Result<Option<ConsoleTls>, ConfigError> {
        let given = match (&self.tls_certificate, &self.tls_key) {
            (Some(certificate), Some(key)) => Some(Certificate {
                certificate: contents("console.tls_certificate", certificate)?,
                key: Pii::new(contents("console.tls_key", key)?),
            }),
            (None, None) => None,
            (Some(path), None) => {
                let remedy =
                    "its key is missing: name that file (PEM) in console.tls_key, or take both out";
                return Err(setting("console.tls_certificate", path.display(), remedy));
            }
            (None, Some(path)) => {
                let remedy = "its certificate is missing: name that file (PEM) in console.tls_certificate, or take both out";
                return Err(setting("console.tls_key", path.display(), remedy));
            }
        };
        let open = !bind.ip().is_loopback() && proxies.is_empty();
        match self.tls {
            Some(false) if open => {
                let remedy = "passwords would go in clear: take this out, or name the proxy that speaks TLS in console.proxies";
                Err(setting("console.tls", "false", remedy))
            }
            Some(false) => Ok(None),
            None if !open && given.is_none() => Ok(None),
            Some(true) | None => Ok(Some(ConsoleTls { given, names: self.tls_names.clone() })),
        }
    }
}
