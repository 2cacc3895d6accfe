//! What an installed artifact's folder says about itself. It is written last, so a folder without one is not installed.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::manifest::Artifact;
use super::unpack::sha256_of;
use super::{ModelsError, State};

const FILE: &str = "receipt.json";

#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Receipt {
    fingerprint: String,
    /// Names of the packages it came from.
    packages: Vec<String>,
    licence: String,
    files: Vec<Installed>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
struct Installed {
    file: String,
    bytes: u64,
    sha256: String,
}

impl Receipt {
    /// Describes the files in `folder`.
    pub fn of(
        artifact: &Artifact,
        packages: Vec<String>,
        files: &[&str],
        folder: &Path,
    ) -> Result<Receipt, ModelsError> {
        let installed = files.iter().map(|file| {
            let path = folder.join(file);
            let meta = fs::metadata(&path).map_err(|e| ModelsError::io("read", &path, e))?;
            Ok(Installed {
                file: (*file).to_string(),
                bytes: meta.len(),
                sha256: sha256_of(&path)?,
            })
        });
        Ok(Receipt {
            fingerprint: artifact.fingerprint()?,
            packages,
            licence: artifact.licence.clone(),
            files: installed.collect::<Result<_, ModelsError>>()?,
        })
    }

    pub fn write(&self, folder: &Path) -> Result<(), ModelsError> {
        let path = folder.join(FILE);
        let text = serde_json::to_string_pretty(self).map_err(|e| ModelsError::Manifest {
            field: "a receipt".to_string(),
            detail: e.to_string(),
        })?;
        fs::write(&path, text)
            .and_then(|()| fs::File::open(&path)?.sync_all())
            .map_err(|e| ModelsError::io("write", &path, e))
    }
}

/// Looks at an artifact's folder; `deep` reads every byte again, otherwise only the sizes count.
pub(super) fn inspect(
    artifact: &Artifact,
    folder: &Path,
    deep: bool,
) -> Result<State, ModelsError> {
    let Ok(text) = fs::read_to_string(folder.join(FILE)) else {
        return Ok(State::Missing);
    };
    let receipt: Receipt = match serde_json::from_str(&text) {
        Ok(r) => r,
        Err(e) => return Ok(State::Damaged(format!("{FILE} cannot be read: {e}"))),
    };
    if receipt.fingerprint != artifact.fingerprint()? {
        return Ok(State::Outdated);
    }
    for it in &receipt.files {
        let path = folder.join(&it.file);
        match fs::metadata(&path) {
            Err(_) => return Ok(State::Damaged(format!("{} is not there", it.file))),
            Ok(m) if m.len() != it.bytes => {
                let detail = format!("{} has {} bytes, not {}", it.file, m.len(), it.bytes);
                return Ok(State::Damaged(detail));
            }
            Ok(_) if deep && sha256_of(&path)? != it.sha256 => {
                return Ok(State::Damaged(format!("{} has changed", it.file)));
            }
            Ok(_) => {}
        }
    }
    Ok(State::Ready)
}
