//! `[messages]`: text messages to citizens at each step of their ticket.

use std::path::PathBuf;

use serde::Deserialize;

use super::{ConfigError, in_range, secret, setting};
use crate::engine::remote::settings::{Endpoint, EndpointError, Protocol};
use crate::kernel::Pii;
use crate::notice::{Hours, Retry};

/// How messages are sent.
#[derive(Debug)]
pub struct Messages {
    pub carrier: Carrier,
    pub hours: Hours,
    pub retry: Retry,
    pub deadline_ms: u64,
    /// The address of the page for citizens, as messages name it; may be empty.
    pub page: String,
}

/// Who takes messages to telephones.
#[derive(Debug)]
pub enum Carrier {
    /// None are written.
    Off,
    File(PathBuf),
    Webhook {
        endpoint: Endpoint,
        secret: Option<Pii<String>>,
        ca: Option<PathBuf>,
    },
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Raw {
    kind: String,
    file: Option<PathBuf>,
    url: Option<String>,
    secret_env: Option<String>,
    secret_file: Option<PathBuf>,
    ca_file: Option<PathBuf>,
    allow_plain: bool,
    deadline_ms: u64,
    attempts: u32,
    keep_h: i64,
    from: String,
    to: String,
    page: Option<String>,
}

impl Default for Raw {
    fn default() -> Self {
        Raw {
            kind: "off".into(),
            file: None,
            url: None,
            secret_env: None,
            secret_file: None,
            ca_file: None,
            allow_plain: false,
            deadline_ms: 5000,
            attempts: 8,
            keep_h: 72,
            from: "08:00".into(),
            to: "21:00".into(),
            page: None,
        }
    }
}

impl Raw {
    pub(super) fn check(self) -> Result<Messages, ConfigError> {
        let hours = Hours::new(&self.from, &self.to)
            .map_err(|error| ConfigError::Messages(error.to_string()))?;
        let retry = Retry {
            attempts: in_range("messages.attempts", self.attempts, 1..=100)?,
            keep_ms: in_range("messages.keep_h", self.keep_h, 1..=720)? * 3_600_000,
        };
        let deadline_ms = in_range("messages.deadline_ms", self.deadline_ms, 100..=60_000)?;
        let page = self.page.clone().unwrap_or_default();
        if !page.is_empty() && !page.starts_with("https://") && !page.starts_with("http://") {
            let remedy =
                "give the whole address as citizens open it, like https://12345.example.cn/";
            return Err(setting("messages.page", page, remedy));
        }
        Ok(Messages { carrier: self.carrier()?, hours, retry, deadline_ms, page })
    }

    fn carrier(self) -> Result<Carrier, ConfigError> {
        let needless = |name, value: Option<String>, kind: &str| match value {
            Some(value) => Err(setting(
                name,
                value,
                if kind == "file" {
                    "goes with messages.kind = \"webhook\" alone; take one of them out"
                } else {
                    "goes with messages.kind = \"file\" alone; take one of them out"
                },
            )),
            None => Ok(()),
        };
        let file = self.file.as_ref().map(|path| path.display().to_string());
        match self.kind.as_str() {
            "off" => Ok(Carrier::Off),
            "file" => {
                needless("messages.url", self.url, "file")?;
                let remedy =
                    "name the file that messages are appended to, like data/messages.jsonl";
                let path = self.file.ok_or_else(|| setting("messages.file", "", remedy))?;
                Ok(Carrier::File(path))
            }
            "webhook" => {
                needless("messages.file", file, "webhook")?;
                self.webhook()
            }
            _ => Err(setting("messages.kind", self.kind, "say off, file or webhook")),
        }
    }

    fn webhook(self) -> Result<Carrier, ConfigError> {
        let url = self.url.unwrap_or_default();
        let endpoint = Endpoint::parse(Protocol::OpenAi, &url, self.allow_plain).map_err(|error| {
            let (shown, remedy) = match error {
                EndpointError::Url => (url.as_str(), "give the gateway's whole URL, http:// or https:// and a host"),
                EndpointError::Login => (
                    "…",
                    "a name or password in it would get into logs; give a secret in messages.secret_env or messages.secret_file",
                ),
                EndpointError::Query => ("…", "give it without the question mark and what follows"),
                EndpointError::Plain => (
                    url.as_str(),
                    "citizens' numbers would cross the network in the clear; use https://, or say messages.allow_plain = true where the way is safe",
                ),
            };
            setting("messages.url", shown, remedy)
        })?;
        let secret =
            secret("messages.secret_env", self.secret_env.as_deref(), self.secret_file.as_deref())?;
        if let Some(path) = self.ca_file.as_ref().filter(|path| !path.is_file()) {
            return Err(setting("messages.ca_file", path.display(), "this file cannot be read"));
        }
        Ok(Carrier::Webhook { endpoint, secret, ca: self.ca_file })
    }
}
