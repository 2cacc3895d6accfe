//! Where a recogniser on another machine is and how it is spoken to: checked before anything is sent to it.

use std::net::IpAddr;
use std::path::PathBuf;

use hyper::Uri;

use crate::kernel::Pii;

/// How a service is spoken to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Protocol {
    /// `POST /v1/audio/transcriptions` as OpenAI's API has it, and vLLM, speaches, whisper.cpp's and many other servers.
    OpenAi,
    /// The WebSocket protocol of FunASR's runtime servers, `funasr-wss-server` and `funasr-wss-server-2pass`.
    FunAsr,
}

/// A service and its terms.
#[derive(Clone, Debug)]
pub struct Settings {
    pub protocol: Protocol,
    pub endpoint: Endpoint,
    /// The model's name at an OpenAI-compatible service; the others do not ask for it.
    pub model: String,
    /// Sent as a bearer token.
    pub key: Option<Pii<String>>,
    /// A file of PEM certificates that the service's is checked against; without it the system's.
    pub ca: Option<PathBuf>,
    /// From the first byte to the last, the connection included.
    pub deadline_ms: u64,
}

/// A checked address of a service.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Endpoint {
    pub host: String,
    pub port: u16,
    pub tls: bool,
    /// Without a closing slash; empty for the root.
    pub path: String,
}

/// What is wrong with a URL.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{}", self.remedy())]
pub enum EndpointError {
    Url,
    Login,
    Query,
    Plain,
}

impl EndpointError {
    /// The way out.
    pub const fn remedy(self) -> &'static str {
        match self {
            EndpointError::Url => {
                "give a whole URL, http:// or https:// and a host for openai, ws:// or wss:// and a host for funasr"
            }
            EndpointError::Login => {
                "a name or password in it would get into logs; give the key in recogniser.key_env or recogniser.key_file"
            }
            EndpointError::Query => "give it without the question mark and what follows",
            EndpointError::Plain => {
                "callers' voices would cross the network in the clear; use https:// or wss://, or say recogniser.allow_plain = true where the way is safe"
            }
        }
    }
}

impl Endpoint {
    /// `plain`: sound may leave this machine without TLS.
    pub fn parse(protocol: Protocol, url: &str, plain: bool) -> Result<Endpoint, EndpointError> {
        let uri: Uri = url.trim().parse().map_err(|_| EndpointError::Url)?;
        let authority = uri.authority().ok_or(EndpointError::Url)?;
        if authority.as_str().contains('@') {
            return Err(EndpointError::Login);
        }
        if uri.query().is_some() {
            return Err(EndpointError::Query);
        }
        let tls = match (protocol, uri.scheme_str()) {
            (Protocol::OpenAi, Some("http")) | (Protocol::FunAsr, Some("ws")) => false,
            (Protocol::OpenAi, Some("https")) | (Protocol::FunAsr, Some("wss")) => true,
            _ => return Err(EndpointError::Url),
        };
        let host = authority.host().trim_matches(['[', ']']).to_owned();
        if host.is_empty() {
            return Err(EndpointError::Url);
        }
        if !tls && !plain && !is_this_machine(&host) {
            return Err(EndpointError::Plain);
        }
        let port = authority.port_u16().unwrap_or(if tls { 443 } else { 80 });
        let path = uri.path().trim_end_matches('/').to_owned();
        Ok(Endpoint { host, port, tls, path })
    }

    /// Host and port as a `Host` header has them.
    pub fn authority(&self) -> String {
        match self.host.contains(':') {
            true => format!("[{}]:{}", self.host, self.port),
            false => format!("{}:{}", self.host, self.port),
        }
    }
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}
