//! Whether a ggml file is whole. whisper.cpp believes what it reads and ends the process on a file that was cut, so a file is
//! walked through before it is handed over: headers are read, data is skipped.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use super::ggml::MAGIC;

/// Of a file's kind: the version of its blocks, times this, and the kind itself (`GGML_QNT_VERSION_FACTOR`).
const QUANTISATION_VERSION: u64 = 1000;
/// ggml's types that weights of Whisper come in: the type, values in a block, bytes of a block. Whole numbers and halves, then
/// Q4_0 to Q8_0 and Q2_K to Q6_K.
const BLOCKS: [(u64, u64, u64); 12] = [
    (0, 1, 4),
    (1, 1, 2),
    (2, 32, 18),
    (3, 32, 20),
    (6, 32, 22),
    (7, 32, 24),
    (8, 32, 34),
    (10, 256, 84),
    (11, 256, 110),
    (12, 256, 144),
    (13, 256, 176),
    (14, 256, 210),
];
/// The highest of them; files count their kind otherwise, up to 18.
const KIND_MAX: u64 = 18;

#[derive(Debug, thiserror::Error)]
pub enum GgmlError {
    #[error("it cannot be read: {0}")]
    Read(#[from] io::Error),
    #[error("it is not a ggml file")]
    NotGgml,
    #[error("it is cut off or damaged: {0}")]
    Damaged(String),
}

fn damaged<T>(detail: impl Into<String>) -> Result<T, GgmlError> {
    Err(GgmlError::Damaged(detail.into()))
}

/// Walks through the file.
pub fn inspect_ggml(path: &Path) -> Result<(), GgmlError> {
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    let mut walk = Walk { file: BufReader::new(file), at: 0, length, layers: 0 };
    if walk.int("the first number")? as u32 != MAGIC {
        return Err(GgmlError::NotGgml);
    }
    let audio_layers = walk.header()?;
    let text_layers = walk.layers;
    let (mels, bins) = (walk.size("mel bands", 256)?, walk.size("bins", 4096)?);
    walk.skip(4 * mels * bins, "the mel filters")?;
    for _ in 0..walk.size("the vocabulary", 1 << 20)? {
        let n = walk.size("a token", 4096)?;
        walk.skip(n, "a token")?;
    }
    let mut tensors = 0;
    while walk.at < walk.length {
        walk.tensor()?;
        tensors += 1;
    }
    // Both position tables, four tensors of two convolutions, four of two norms, the embeddings; 15 tensors an audio layer, 24 a text layer.
    let expected = 11 + 15 * audio_layers + 24 * text_layers;
    if tensors != expected {
        return damaged(format!("{tensors} tensors, expected {expected}"));
    }
    Ok(())
}

struct Walk {
    file: BufReader<File>,
    at: u64,
    length: u64,
    layers: u64,
}

impl Walk {
    fn int(&mut self, what: &str) -> Result<i32, GgmlError> {
        let mut bytes = [0; 4];
        if self.at + 4 > self.length {
            return damaged(format!("it ends before {what}"));
        }
        self.file.read_exact(&mut bytes)?;
        self.at += 4;
        Ok(i32::from_le_bytes(bytes))
    }

    fn size(&mut self, what: &str, most: u64) -> Result<u64, GgmlError> {
        let n = self.int(what)?;
        match u64::try_from(n) {
            Ok(n) if n <= most => Ok(n),
            _ => damaged(format!("{n} for {what}")),
        }
    }

    fn skip(&mut self, n: u64, what: &str) -> Result<(), GgmlError> {
        match self.at.checked_add(n) {
            Some(end) if end <= self.length => self.at = end,
            _ => return damaged(format!("it ends inside {what}")),
        }
        let step = i64::try_from(n).map_err(io::Error::other)?;
        // Stays inside the buffer where it can: the vocabulary is fifty thousand small pieces.
        self.file.seek_relative(step)?;
        Ok(())
    }

    /// The eleven numbers of the model's shape; returns the audio layers and keeps the text layers.
    fn header(&mut self) -> Result<u64, GgmlError> {
        let mut n = [0; 11];
        for slot in &mut n {
            *slot = self.size("the model's shape", 1 << 20)?;
        }
        let [_, _, width, heads, audio_layers, _, text_width, text_heads, text_layers, mels, kind] =
            n;
        let sound = width == text_width
            && heads > 0
            && text_heads > 0
            && width % heads == 0
            && width % text_heads == 0
            && audio_layers <= 64
            && text_layers <= 64
            && mels <= 256
            && kind % QUANTISATION_VERSION <= KIND_MAX;
        if !sound {
            return damaged("the model's shape is none of Whisper's");
        }
        self.layers = text_layers;
        Ok(audio_layers)
    }

    fn tensor(&mut self) -> Result<(), GgmlError> {
        let rank = self.size("a tensor's rank", 4)?;
        let name = self.size("a tensor's name", 256)?;
        let kind = self.size("a tensor's type", KIND_MAX)?;
        let Some((_, block, bytes)) = BLOCKS.iter().find(|(of, ..)| *of == kind) else {
            return damaged("a tensor's type is none of ggml's");
        };
        let mut values = 1_u64;
        for _ in 0..rank {
            let n = self.size("a tensor's shape", 1 << 24)?;
            values = values.saturating_mul(n);
        }
        self.skip(name, "a tensor's name")?;
        self.skip((values / block).saturating_mul(*bytes), "a tensor")
    }
}
