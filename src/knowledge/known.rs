//! An encoder that knows what it encoded before: on disk, text by text, so that one new item costs its own wordings and
//! not the whole base again.

use std::collections::HashMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sha2::{Digest, Sha256};

use super::base::Base;
use super::encoder::Encoder;
use super::error::KnowledgeError;
use super::search::Index;

const KEY_BYTES: usize = 16;
const SUM_BYTES: usize = 8;
/// The file is written anew when more than this part of it is of no use any more.
const STALE_PART: usize = 2;

type Key = [u8; KEY_BYTES];

#[derive(Default)]
struct Memory {
    points: HashMap<Key, Vec<f32>>,
    /// Records on disk that are read, and whether something after them is torn.
    stored: usize,
    torn: bool,
    /// What was asked for.
    used: HashMap<Key, ()>,
    fresh: Vec<Key>,
}

/// For one building of an index; [`Known::keep`] writes down what is new.
pub(super) struct Known<'e> {
    inner: &'e dyn Encoder,
    file: PathBuf,
    memory: Mutex<Memory>,
}

impl<'e> Known<'e> {
    /// What the folder knows of this encoder. A file that cannot be read, and records that are torn, cost only the time
    /// to encode again.
    pub fn open(inner: &'e dyn Encoder, folder: &Path) -> Self {
        let file = file_of(inner, folder);
        let mut memory = Memory::default();
        let (records, torn) = read(&file, inner.dimensions());
        memory.torn = torn;
        memory.stored = records.len();
        memory.points.extend(records);
        Known { inner, file, memory: Mutex::new(memory) }
    }

    fn lock(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes down what was encoded; forgets, from time to time, what nobody asked for.
    pub fn keep(self) {
        let memory = self.memory.into_inner().unwrap_or_else(PoisonError::into_inner);
        let stale = memory.torn || memory.stored > memory.used.len().saturating_mul(STALE_PART);
        let written = if stale {
            let all: Vec<&Key> = memory.used.keys().collect();
            rewrite(&self.file, &all, &memory.points)
        } else {
            append(&self.file, &memory.fresh, &memory.points)
        };
        if let Err(error) = written {
            tracing::warn!(file = %self.file.display(), %error, "encoded wordings could not be kept");
        }
    }
}

impl Encoder for Known<'_> {
    fn encode(&self, text: &str) -> Result<Vec<f32>, KnowledgeError> {
        let key = key(text);
        let mut memory = self.lock();
        memory.used.insert(key, ());
        if let Some(point) = memory.points.get(&key) {
            return Ok(point.clone());
        }
        drop(memory);
        let point = self.inner.encode(text)?;
        let mut memory = self.lock();
        memory.fresh.push(key);
        memory.points.insert(key, point.clone());
        Ok(point)
    }

    fn dimensions(&self) -> usize {
        self.inner.dimensions()
    }

    fn name(&self) -> &str {
        self.inner.name()
    }
}

/// An encoder whose models came with wordings that are encoded already. What it encodes besides is not kept.
pub struct Prepared<E> {
    inner: E,
    points: HashMap<Key, Vec<f32>>,
}

impl<E: Encoder> Prepared<E> {
    pub fn open(inner: E, folder: &Path) -> Self {
        let (records, _) = read(&file_of(&inner, folder), inner.dimensions());
        Prepared { points: records.into_iter().collect(), inner }
    }

    /// Encodes all of a base, and other texts, into the folder, for [`Prepared::open`]; what is there already is not encoded again.
    /// Blocks.
    ///
    /// # Errors
    /// The encoder's.
    pub fn prepare(
        base: Base,
        also: &[&str],
        encoder: &E,
        folder: &Path,
    ) -> Result<(), KnowledgeError> {
        let known = Known::open(encoder, folder);
        Index::build(Arc::new(base), &known)?;
        for text in also {
            known.encode(text)?;
        }
        known.keep();
        Ok(())
    }
}

impl<E: Encoder> Encoder for Prepared<E> {
    fn encode(&self, text: &str) -> Result<Vec<f32>, KnowledgeError> {
        match self.points.get(&key(text)) {
            Some(point) => Ok(point.clone()),
            None => self.inner.encode(text),
        }
    }

    fn dimensions(&self) -> usize {
        self.inner.dimensions()
    }

    fn name(&self) -> &str {
        self.inner.name()
    }
}

fn file_of(encoder: &dyn Encoder, folder: &Path) -> PathBuf {
    let name: String = Sha256::digest(format!("{} {}", encoder.name(), encoder.dimensions()))
        .iter()
        .take(6)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    folder.join(format!("wordings-{name}.points"))
}

fn key(text: &str) -> Key {
    let mut key = [0; KEY_BYTES];
    key.iter_mut().zip(Sha256::digest(text)).for_each(|(own, byte)| *own = byte);
    key
}

/// A record: the key, the numbers, and the first bytes of the SHA-256 of both.
fn record(key: &Key, point: &[f32]) -> Vec<u8> {
    let mut bytes: Vec<u8> =
        key.iter().copied().chain(point.iter().flat_map(|x| x.to_le_bytes())).collect();
    let sum = Sha256::digest(&bytes);
    bytes.extend(sum.iter().take(SUM_BYTES));
    bytes
}

type Records = Vec<(Key, Vec<f32>)>;

/// The records up to the first that is torn, and whether there is one.
fn read(file: &Path, dimensions: usize) -> (Records, bool) {
    let Ok(bytes) = std::fs::read(file) else { return (Vec::new(), false) };
    let body = KEY_BYTES + 4 * dimensions;
    let mut chunks = bytes.chunks_exact(body + SUM_BYTES);
    let mut records = Vec::new();
    for chunk in chunks.by_ref() {
        let (data, sum) = chunk.split_at(body);
        if Sha256::digest(data).iter().take(SUM_BYTES).ne(sum) {
            return (records, true);
        }
        let (own, numbers) = data.split_at(KEY_BYTES);
        let mut key = [0; KEY_BYTES];
        key.copy_from_slice(own);
        let point = numbers.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]));
        records.push((key, point.collect()));
    }
    (records, !chunks.remainder().is_empty())
}

fn append(file: &Path, keys: &[Key], points: &HashMap<Key, Vec<f32>>) -> std::io::Result<()> {
    if keys.is_empty() {
        return Ok(());
    }
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut out = std::fs::OpenOptions::new().create(true).append(true).open(file)?;
    for (key, point) in keys.iter().filter_map(|key| Some((key, points.get(key)?))) {
        out.write_all(&record(key, point))?;
    }
    out.sync_all()
}

fn rewrite(file: &Path, keys: &[&Key], points: &HashMap<Key, Vec<f32>>) -> std::io::Result<()> {
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let beside = file.with_extension("tmp");
    let mut out = std::fs::File::create(&beside)?;
    for (key, point) in keys.iter().filter_map(|key| Some((*key, points.get(*key)?))) {
        out.write_all(&record(key, point))?;
    }
    out.sync_all()?;
    std::fs::rename(&beside, file)
}
