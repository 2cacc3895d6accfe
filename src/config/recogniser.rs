//! `[recogniser]`: who writes down what callers say, here or on another machine.

use std::path::PathBuf;

use serde::Deserialize;

use super::{ConfigError, in_range, secret, setting};
use crate::engine::remote::settings::{Endpoint, EndpointError, Protocol, Settings};

/// The local recogniser, and the one on another machine where there is one.
#[derive(Clone, Debug, Default)]
pub struct Recogniser {
    /// With one the local recogniser hears closed questions, and what the remote one fails at.
    pub remote: Option<Settings>,
    /// Another model of Whisper for the local one, in ggml form.
    pub model_file: Option<PathBuf>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Raw {
    kind: String,
    url: Option<String>,
    model: Option<String>,
    key_env: Option<String>,
    key_file: Option<PathBuf>,
    ca_file: Option<PathBuf>,
    allow_plain: bool,
    deadline_ms: u64,
    model_file: Option<PathBuf>,
}

impl Default for Raw {
    fn default() -> Self {
        Raw {
            kind: "whisper".into(),
            url: None,
            model: None,
            key_env: None,
            key_file: None,
            ca_file: None,
            allow_plain: false,
            deadline_ms: 1500,
            model_file: None,
        }
    }
}

impl Raw {
    pub(super) fn check(self) -> Result<Recogniser, ConfigError> {
        if let Some(path) = self.model_file.as_ref().filter(|path| !path.is_file()) {
            let remedy = "no such file; give a ggml file of Whisper, or leave it out for the model that is fetched";
            return Err(setting("recogniser.model_file", path.display(), remedy));
        }
        let model_file = self.model_file.clone();
        Ok(Recogniser { remote: self.remote()?, model_file })
    }

    fn remote(self) -> Result<Option<Settings>, ConfigError> {
        let protocol = match self.kind.as_str() {
            "whisper" if self.url.is_some() => {
                let remedy = "goes with a url only as openai or funasr; take out one of them";
                return Err(setting("recogniser.kind", self.kind, remedy));
            }
            "whisper" => return Ok(None),
            "openai" => Protocol::OpenAi,
            "funasr" => Protocol::FunAsr,
            _ => {
                return Err(setting("recogniser.kind", self.kind, "say whisper, openai or funasr"));
            }
        };
        let url = self.url.unwrap_or_default();
        let endpoint = Endpoint::parse(protocol, &url, self.allow_plain).map_err(|error| {
            // What stands in such a URL may be a secret.
            let secret = matches!(error, EndpointError::Login | EndpointError::Query);
            let shown = if secret { "…" } else { &url };
            setting("recogniser.url", shown, error.remedy())
        })?;
        let model = match (protocol, self.model) {
            (Protocol::OpenAi, None) => {
                let remedy = "name the service's model, such as whisper-large-v3";
                return Err(setting("recogniser.model", "", remedy));
            }
            (_, model) => model.unwrap_or_default(),
        };
        Ok(Some(Settings {
            protocol,
            endpoint,
            model,
            key: secret("recogniser.key_env", self.key_env.as_deref(), self.key_file.as_deref())?,
            ca: self.ca_file,
            deadline_ms: in_range("recogniser.deadline_ms", self.deadline_ms, 100..=10_000)?,
        }))
    }
}
