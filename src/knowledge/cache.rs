//! Points of texts, encoded once and kept on disk under the hash of what they were made from.

use std::io::Write;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::encoder::Encoder;
use super::error::KnowledgeError;

/// One after the other.
pub(super) fn encode_all(
    texts: &[String],
    encoder: &dyn Encoder,
) -> Result<Vec<f32>, KnowledgeError> {
    let want = encoder.dimensions();
    let mut points = Vec::with_capacity(texts.len() * want);
    for text in texts {
        let point = encoder.encode(text)?;
        if point.len() != want {
            return Err(KnowledgeError::Dimensions {
                name: encoder.name().into(),
                got: point.len(),
                want,
            });
        }
        points.extend(point);
    }
    Ok(points)
}

pub(super) fn encode_or_read(
    texts: &[String],
    encoder: &dyn Encoder,
    folder: &Path,
) -> Result<Vec<f32>, KnowledgeError> {
    let key = key(texts, encoder);
    let file = folder.join(format!("knowledge-{key}.points"));
    if let Some(points) = read(&file, texts.len(), encoder.dimensions()) {
        return Ok(points);
    }
    let points = encode_all(texts, encoder)?;
    if let Err(e) = write(folder, &file, &points) {
        tracing::warn!(file = %file.display(), error = %e, "the points of the knowledge base could not be kept");
    }
    Ok(points)
}

fn key(texts: &[String], encoder: &dyn Encoder) -> String {
    let mut hash = Sha256::new();
    hash.update(encoder.name());
    hash.update(encoder.dimensions().to_le_bytes());
    for text in texts {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text);
    }
    hash.finalize().iter().take(12).map(|byte| format!("{byte:02x}")).collect()
}

/// The points, then the SHA-256 of them; anything else is no cache.
fn read(file: &Path, count: usize, dimensions: usize) -> Option<Vec<f32>> {
    let bytes = std::fs::read(file).ok()?;
    let (data, sum) = bytes.split_at_checked(count.checked_mul(dimensions)?.checked_mul(4)?)?;
    if dimensions == 0 || Sha256::digest(data).as_slice() != sum {
        return None;
    }
    Some(data.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect())
}

fn write(folder: &Path, file: &PathBuf, points: &[f32]) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let data: Vec<u8> = points.iter().flat_map(|x| x.to_le_bytes()).collect();
    // Written beside and renamed, so that nobody reads half a file; the process id keeps two writers apart.
    let beside = file.with_extension(format!("{}.tmp", std::process::id()));
    let mut out = std::fs::File::create(&beside)?;
    out.write_all(&data)?;
    out.write_all(&Sha256::digest(&data))?;
    out.sync_all()?;
    std::fs::rename(&beside, file)
}
