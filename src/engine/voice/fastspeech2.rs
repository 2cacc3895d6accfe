//! FastSpeech 2: symbols to mel frames (Ren et al., 2020), without the dropout that the stored graph leaves running.

use super::layers::{Conv, Matrix, Norm, Walk, exp, matmul, mish, tanh};
use super::tflite::{Graph, OpCode};
use super::window::{Edge, Window};
use super::{FRAMES_MAX, MEL_BANDS, SYMBOLS, VoiceError};

const WIDTH: usize = 256;
const INNER: usize = 1024;
const HEADS: usize = 2;
const HEAD_WIDTH: usize = 16;
const POSITIONS: usize = FRAMES_MAX + 1;
/// Rows of the attention matrix held at once.
const QUERY_ROWS: usize = 64;

pub struct FastSpeech2 {
    symbols: Vec<f32>,
    /// Row 0 is the padding's; the first symbol and the first frame take row 1.
    positions: Vec<f32>,
    encoder: Vec<Block>,
    duration: Predictor,
    energy: Predictor,
    energy_in: Conv,
    pitch: Predictor,
    pitch_in: Conv,
    decoder: Vec<Block>,
    mel: Conv,
    post: Vec<Conv>,
}

/// A transformer block, normalised after each half.
struct Block {
    key: Conv,
    query: Conv,
    value: Conv,
    output: Conv,
    attention_norm: Norm,
    widen: Conv,
    narrow: Conv,
    norm: Norm,
}

struct Predictor {
    layers: Vec<(Conv, Norm)>,
    output: Conv,
}

/// What the frames look like before the last refinement, and how many each symbol takes.
pub struct Draft {
    /// `[frames, 80]`
    pub mel: Vec<f32>,
    pub durations: Vec<u32>,
}

impl FastSpeech2 {
    /// # Errors
    /// [`VoiceError::Broken`] when the graph is not this network.
    pub fn read(graph: &Graph) -> Result<FastSpeech2, VoiceError> {
        let mut walk = Walk::new(graph);
        let symbols = walk.table(OpCode::Gather, SYMBOLS, WIDTH)?;
        let positions = walk.table(OpCode::Dequantize, POSITIONS, WIDTH)?;
        let encoder = (0..3).map(|_| Block::read(&mut walk)).collect::<Result<_, _>>()?;
        let duration = Predictor::read(&mut walk)?;
        let energy = Predictor::read(&mut walk)?;
        let energy_in = walk.conv(1, 9, WIDTH)?;
        let pitch = Predictor::read(&mut walk)?;
        let pitch_in = walk.conv(1, 9, WIDTH)?;
        let decoder = (0..3).map(|_| Block::read(&mut walk)).collect::<Result<_, _>>()?;
        let mel = walk.dense(WIDTH, MEL_BANDS)?;
        let post = [(MEL_BANDS, 512), (512, 512), (512, 512), (512, 512), (512, MEL_BANDS)]
            .iter()
            .map(|&(inputs, outputs)| walk.conv_scaled(inputs, 5, outputs))
            .collect::<Result<_, _>>()?;
        Ok(FastSpeech2 {
            symbols,
            positions,
            encoder,
            duration,
            energy,
            energy_in,
            pitch,
            pitch_in,
            decoder,
            mel,
            post,
        })
    }

    /// Symbols to frames. `stretch` multiplies every duration.
    ///
    /// # Errors
    /// [`VoiceError::Symbol`] for a number that is none, [`VoiceError::TooLong`] beyond 2048 symbols or frames.
    pub fn draft(&self, symbols: &[i32], stretch: f32) -> Result<Draft, VoiceError> {
        if symbols.len() > FRAMES_MAX {
            return Err(VoiceError::TooLong { frames: symbols.len() });
        }
        let mut x = Vec::with_capacity(symbols.len() * WIDTH);
        for &symbol in symbols {
            let row = usize::try_from(symbol).ok().filter(|&row| row < SYMBOLS);
            let row = row.ok_or(VoiceError::Symbol(symbol))? * WIDTH;
            x.extend_from_slice(&self.symbols[row..row + WIDTH]);
        }
        self.add_positions(&mut x);
        for block in &self.encoder {
            block.run(&mut x)?;
        }
        let durations = self.durations(&x, stretch)?;
        let frames: usize = durations.iter().map(|&frames| frames as usize).sum();
        if frames > FRAMES_MAX {
            return Err(VoiceError::TooLong { frames });
        }
        self.add_prosody(&mut x)?;
        let mut long = Vec::with_capacity(frames * WIDTH);
        for (row, &times) in x.chunks_exact(WIDTH).zip(&durations) {
            (0..times).for_each(|_| long.extend_from_slice(row));
        }
        self.add_positions(&mut long);
        for block in &self.decoder {
            block.run(&mut long)?;
        }
        let mut mel = Vec::new();
        self.mel.run(&long, frames, &mut mel)?;
        Ok(Draft { mel, durations })
    }

    fn add_positions(&self, rows: &mut [f32]) {
        rows.iter_mut().zip(&self.positions[WIDTH..]).for_each(|(value, place)| *value += place);
    }

    fn durations(&self, x: &[f32], stretch: f32) -> Result<Vec<u32>, VoiceError> {
        let logs = self.duration.run(x)?;
        Ok(logs
            .iter()
            .map(|&log| ((log.exp() - 1.0).max(0.0) * stretch).round_ties_even() as u32)
            .collect())
    }

    /// Adds what the predicted energy and pitch contribute.
    fn add_prosody(&self, x: &mut [f32]) -> Result<(), VoiceError> {
        let energy = self.energy.run(x)?;
        let pitch = self.pitch.run(x)?;
        let mut added = Vec::new();
        for (values, conv) in [(energy, &self.energy_in), (pitch, &self.pitch_in)] {
            conv.run_same(&values, &mut added)?;
            // Both are predicted from the encoder's output, so the sum may be made in place.
            x.iter_mut().zip(&added).for_each(|(value, more)| *value += more);
        }
        Ok(())
    }

    /// The last refinement of the frames, as a stream.
    pub fn refine(&self) -> Refiner<'_> {
        Refiner {
            layers: &self.post,
            windows: self.post.iter().map(|c| Window::new(c.inputs, 2, 2, Edge::Zero)).collect(),
            behind: Vec::new(),
            now: Vec::new(),
            next: Vec::new(),
        }
    }
}

/// Five convolutions whose output is added to the frames; ten frames behind.
pub struct Refiner<'n> {
    layers: &'n [Conv],
    windows: Vec<Window>,
    /// Frames whose correction is not there yet.
    behind: Vec<f32>,
    now: Vec<f32>,
    next: Vec<f32>,
}

impl Refiner<'_> {
    /// Takes whole frames and replaces `out` by those that are finished.
    pub fn push(
        &mut self,
        frames: &[f32],
        last: bool,
        out: &mut Vec<f32>,
    ) -> Result<(), VoiceError> {
        self.behind.extend_from_slice(frames);
        self.now.clear();
        self.now.extend_from_slice(frames);
        let final_layer = self.layers.len().saturating_sub(1);
        for (index, (conv, window)) in self.layers.iter().zip(&mut self.windows).enumerate() {
            let ready = window.push(&self.now, last);
            conv.run(window.rows(), ready, &mut self.next)?;
            window.consume(ready);
            std::mem::swap(&mut self.now, &mut self.next);
            if index < final_layer {
                self.now.iter_mut().for_each(|value| *value = tanh(*value));
            }
        }
        out.clear();
        out.extend(self.now.iter().zip(&self.behind).map(|(more, value)| value + more));
        self.behind.drain(..out.len());
        Ok(())
    }
}

impl Block {
    fn read(walk: &mut Walk<'_>) -> Result<Block, VoiceError> {
        let inner = HEADS * HEAD_WIDTH;
        Ok(Block {
            // In the graph's order, which is by when the attention needs them.
            key: walk.dense(WIDTH, inner)?,
            query: walk.dense(WIDTH, inner)?,
            value: walk.dense(WIDTH, inner)?,
            output: walk.dense(inner, WIDTH)?,
            attention_norm: walk.norm(WIDTH)?,
            widen: walk.conv(WIDTH, 3, INNER)?,
            narrow: walk.conv(INNER, 3, WIDTH)?,
            norm: walk.norm(WIDTH)?,
        })
    }

    fn run(&self, x: &mut [f32]) -> Result<(), VoiceError> {
        let mut added = Vec::new();
        self.attend(x, &mut added)?;
        x.iter_mut().zip(&added).for_each(|(value, more)| *value += more);
        self.attention_norm.run(x);
        let mut wide = Vec::new();
        self.widen.run_same(x, &mut wide)?;
        wide.iter_mut().for_each(|value| *value = mish(*value));
        self.narrow.run_same(&wide, &mut added)?;
        x.iter_mut().zip(&added).for_each(|(value, more)| *value += more);
        self.norm.run(x);
        Ok(())
    }

    fn attend(&self, x: &[f32], out: &mut Vec<f32>) -> Result<(), VoiceError> {
        let rows = x.len() / WIDTH;
        let inner = HEADS * HEAD_WIDTH;
        let (mut keys, mut queries, mut values) = (Vec::new(), Vec::new(), Vec::new());
        self.key.run(x, rows, &mut keys)?;
        self.query.run(x, rows, &mut queries)?;
        self.value.run(x, rows, &mut values)?;
        let mut mixed = vec![0.0; rows * inner];
        let mut scores = vec![0.0; QUERY_ROWS.min(rows) * rows];
        for head in 0..HEADS {
            let column = head * HEAD_WIDTH;
            let key = turned(&keys, column, rows);
            let value: Vec<f32> = values
                .chunks_exact(inner)
                .flat_map(|row| row[column..column + HEAD_WIDTH].iter().copied())
                .collect();
            for first in (0..rows).step_by(QUERY_ROWS) {
                let count = QUERY_ROWS.min(rows - first);
                let at = first * inner + column;
                let query = Matrix {
                    data: &queries[at..],
                    rows: count,
                    columns: HEAD_WIDTH,
                    stride: inner,
                };
                matmul(query, &key, rows, &mut scores, rows)?;
                scores[..count * rows].chunks_exact_mut(rows).for_each(softmax);
                let weights = Matrix { data: &scores, rows: count, columns: rows, stride: rows };
                matmul(weights, &value, HEAD_WIDTH, &mut mixed[at..], inner)?;
            }
        }
        self.output.run(&mixed, rows, out)
    }
}

/// One head's keys as `[HEAD_WIDTH, rows]`, with the attention's 1/√16 already in them.
fn turned(keys: &[f32], column: usize, rows: usize) -> Vec<f32> {
    let scale = 1.0 / (HEAD_WIDTH as f32).sqrt();
    let mut key = vec![0.0; HEAD_WIDTH * rows];
    for (index, row) in keys.chunks_exact(HEADS * HEAD_WIDTH).enumerate() {
        for (place, value) in row[column..column + HEAD_WIDTH].iter().enumerate() {
            key[place * rows + index] = value * scale;
        }
    }
    key
}

fn softmax(row: &mut [f32]) {
    let top = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0;
    for value in row.iter_mut() {
        *value = exp(*value - top);
        sum += *value;
    }
    let inverse = 1.0 / sum;
    row.iter_mut().for_each(|value| *value *= inverse);
}

impl Predictor {
    fn read(walk: &mut Walk<'_>) -> Result<Predictor, VoiceError> {
        let layers = (0..2)
            .map(|_| Ok((walk.conv(WIDTH, 3, WIDTH)?, walk.norm(WIDTH)?)))
            .collect::<Result<_, VoiceError>>()?;
        Ok(Predictor { layers, output: walk.dense(WIDTH, 1)? })
    }

    /// One value a row.
    fn run(&self, x: &[f32]) -> Result<Vec<f32>, VoiceError> {
        let mut now = x.to_vec();
        let mut next = Vec::new();
        for (conv, norm) in &self.layers {
            conv.run_same(&now, &mut next)?;
            next.iter_mut().for_each(|value| *value = value.max(0.0));
            norm.run(&mut next);
            std::mem::swap(&mut now, &mut next);
        }
        let rows = now.len() / WIDTH;
        self.output.run(&now, rows, &mut next)?;
        Ok(next)
    }
}
