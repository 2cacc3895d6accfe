//! `[summary]`: a language model that may put summaries into plainer words; none unless it is named.

use std::path::PathBuf;

use serde::Deserialize;

use super::{ConfigError, in_range, secret, setting};
use crate::engine::remote::settings::{Endpoint, EndpointError, Protocol, Settings};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Raw {
    url: Option<String>,
    model: Option<String>,
    key_env: Option<String>,
    key_file: Option<PathBuf>,
    ca_file: Option<PathBuf>,
    allow_plain: bool,
    deadline_ms: u64,
}

impl Default for Raw {
    fn default() -> Self {
        Raw {
            url: None,
            model: None,
            key_env: None,
            key_file: None,
            ca_file: None,
            allow_plain: false,
            deadline_ms: 8000,
        }
    }
}

impl Raw {
    pub(super) fn check(self) -> Result<Option<Settings>, ConfigError> {
        let Some(url) = self.url else {
            let given = self.model.is_some() || self.key_env.is_some() || self.key_file.is_some();
            let remedy =
                "is missing; name the service, or take the other settings of [summary] out";
            return if given { Err(setting("summary.url", "", remedy)) } else { Ok(None) };
        };
        let endpoint =
            Endpoint::parse(Protocol::OpenAi, &url, self.allow_plain).map_err(|error| {
                // What stands in such a URL may be a secret.
                let secret = matches!(error, EndpointError::Login | EndpointError::Query);
                setting("summary.url", if secret { "…" } else { &url }, remedy(error))
            })?;
        let Some(model) = self.model else {
            return Err(setting(
                "summary.model",
                "",
                "name the service's model, such as qwen2.5-7b-instruct",
            ));
        };
        Ok(Some(Settings {
            protocol: Protocol::OpenAi,
            endpoint,
            model,
            key: secret("summary.key_env", self.key_env.as_deref(), self.key_file.as_deref())?,
            ca: self.ca_file,
            deadline_ms: in_range("summary.deadline_ms", self.deadline_ms, 100..=60_000)?,
        }))
    }
}

const fn remedy(error: EndpointError) -> &'static str {
    match error {
        EndpointError::Url => "give a whole URL, http:// or https:// and a host",
        EndpointError::Login => {
            "a name or password in it would get into logs; give the key in summary.key_env or summary.key_file"
        }
        EndpointError::Query => "give it without the question mark and what follows",
        EndpointError::Plain => {
            "callers' matters would cross the network in the clear; use https://, or say summary.allow_plain = true where the way is safe"
        }
    }
}
