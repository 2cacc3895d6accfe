//! `[public]`: the page on which citizens look up their tickets.

use std::net::{IpAddr, SocketAddr};

use serde::Deserialize;

use super::{ConfigError, address, setting};

/// Where the page is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Public {
    pub bind: SocketAddr,
    /// Whose `X-Forwarded-For` is believed.
    pub proxies: Vec<IpAddr>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Raw {
    bind: Option<String>,
    proxies: Vec<String>,
}

impl Raw {
    /// `None`: there is no such page. `console`: where staff are served.
    pub(super) fn check(self, console: SocketAddr) -> Result<Option<Public>, ConfigError> {
        let proxies = self.proxies.iter().map(|proxy| {
            proxy.parse().map_err(|_| {
                setting("public.proxies", proxy, "give addresses of proxies, like [\"127.0.0.1\"]")
            })
        });
        let proxies: Vec<IpAddr> = proxies.collect::<Result<_, _>>()?;
        let Some(bind) = self.bind else {
            return match self.proxies.first() {
                Some(proxy) => Err(setting(
                    "public.proxies",
                    proxy,
                    "is given without public.bind; say where the page is served, or take it out",
                )),
                None => Ok(None),
            };
        };
        let bind = address("public.bind", &bind)?;
        if bind == console && bind.port() != 0 {
            let remedy = "is the console's address; citizens need another one, which staff's pages are not on";
            return Err(setting("public.bind", bind, remedy));
        }
        Ok(Some(Public { bind, proxies }))
    }
}
