//! Multi-band MelGAN: mel frames to sound, 300 samples a frame (Yang et al., "Multi-band MelGAN", 2020).
//!
//! One deliberate difference from the stored graph: it rounds the four sub-bands to 8 bits before joining them, which only adds noise
//! (about 50 dB down). Here they stay `f32`.

use super::layers::{Conv, Walk, leaky, tanh};
use super::product::{Rows, Weights};
use super::tflite::Graph;
use super::window::{Edge, Window};
use super::{MEL_BANDS, VoiceError};

const DILATIONS: [usize; 4] = [1, 3, 9, 27];
/// Upsampling factor, input channels, output channels.
const STAGES: [(usize, usize, usize); 3] = [(3, 384, 192), (5, 192, 96), (5, 96, 48)];
const BANDS: usize = 4;
const PROTOTYPE_TAPS: usize = 63;
/// Sub-band samples before and after that the join of the bands looks at.
const JOIN_BEFORE: usize = 7;
const JOIN_AFTER: usize = 8;
/// The shortest mel the mirrored edges are defined for: the first stage mirrors 27 rows, and a frame is 3.
pub const FRAMES_MIN: usize = 10;

/// The weights; shared by all streams.
pub struct MelGan {
    head: Conv,
    stages: Vec<Stage>,
    tail: Conv,
    /// `[(before + 1 + after) * bands, bands]`: from sub-band samples to as many consecutive samples of sound.
    join: Weights,
}

struct Stage {
    up: Up,
    stacks: Vec<Stack>,
}

/// A transposed convolution whose kernel is twice its stride.
struct Up {
    stride: usize,
    inputs: usize,
    outputs: usize,
    /// `[inputs, 2 * stride * outputs]`
    weights: Weights,
    bias: Vec<f32>,
}

/// x → skip(x) + second(leaky(first(leaky(x)))). `second` and `skip` are one product over `[x, hidden]`.
struct Stack {
    dilation: usize,
    channels: usize,
    first: Conv,
    both: Conv,
}

impl MelGan {
    /// # Errors
    /// [`VoiceError::Broken`] when the graph is not this network.
    pub fn read(graph: &Graph) -> Result<MelGan, VoiceError> {
        let mut walk = Walk::new(graph);
        let head = walk.conv(MEL_BANDS, 7, STAGES[0].1)?;
        let stages = STAGES
            .iter()
            .map(|&(stride, inputs, outputs)| {
                let up = Up::read(&mut walk, stride, inputs, outputs)?;
                let stacks = DILATIONS
                    .iter()
                    .map(|&dilation| Stack::read(&mut walk, dilation, outputs))
                    .collect::<Result<Vec<_>, _>>()?;
                Ok(Stage { up, stacks })
            })
            .collect::<Result<Vec<_>, VoiceError>>()?;
        let tail = walk.conv(STAGES[2].2, 7, BANDS)?;
        let join = read_join(&mut walk)?;
        Ok(MelGan { head, stages, tail, join })
    }

    /// A new stream of sound.
    pub fn stream(&self) -> Vocoder<'_> {
        let stages = self
            .stages
            .iter()
            .map(|stage| StageState {
                carry: vec![0.0; stage.up.stride * stage.up.outputs],
                skip: (stage.up.stride / 2) * stage.up.outputs,
                windows: stage
                    .stacks
                    .iter()
                    .map(|s| Window::new(s.channels, s.dilation, s.dilation, Edge::Mirror))
                    .collect(),
            })
            .collect();
        Vocoder {
            net: self,
            head: Window::new(MEL_BANDS, 3, 3, Edge::Mirror),
            stages,
            tail: Window::new(STAGES[2].2, 3, 3, Edge::Mirror),
            join: Window::new(BANDS, JOIN_BEFORE, JOIN_AFTER, Edge::Zero),
            scratch: Scratch::default(),
        }
    }
}

/// The filter bank's synthesis: zeros put between sub-band samples (times a gain), then one long filter. Only every fourth tap meets a
/// sample that is not zero, so it is folded into one small matrix.
fn read_join(walk: &mut Walk<'_>) -> Result<Weights, VoiceError> {
    let spread = walk.transposed_kernel([BANDS, 1, BANDS, BANDS])?;
    let gain = spread.values[0];
    let filter = walk.kernel_bare(BANDS, PROTOTYPE_TAPS, 1)?;
    let half = (PROTOTYPE_TAPS - 1) / 2;
    let mut join = vec![0.0; (JOIN_BEFORE + 1 + JOIN_AFTER) * BANDS * BANDS];
    for phase in 0..BANDS {
        for tap in 0..PROTOTYPE_TAPS {
            // Sample 4q + phase meets sub-band sample q + (phase + tap - half) / 4.
            let Some(position) = (phase + tap + JOIN_BEFORE * BANDS).checked_sub(half) else {
                continue;
            };
            if !position.is_multiple_of(BANDS) {
                continue;
            }
            let row = position / BANDS;
            for band in 0..BANDS {
                join[(row * BANDS + band) * BANDS + phase] =
                    gain * filter.weights[tap * BANDS + band];
            }
        }
    }
    Weights::pack(&join, (JOIN_BEFORE + 1 + JOIN_AFTER) * BANDS, BANDS)
}

impl Up {
    fn read(
        walk: &mut Walk<'_>,
        stride: usize,
        inputs: usize,
        outputs: usize,
    ) -> Result<Up, VoiceError> {
        let kernel = walk.transposed_kernel([outputs, 2 * stride, 1, inputs])?;
        let columns = 2 * stride * outputs;
        let mut weights = vec![0.0; inputs * columns];
        for (index, value) in kernel.values.iter().enumerate() {
            let input = index % inputs;
            let tap = index / inputs % (2 * stride);
            let output = index / inputs / (2 * stride);
            weights[input * columns + tap * outputs + output] = *value;
        }
        let bias = walk.bias(outputs)?;
        Ok(Up { stride, inputs, outputs, weights: Weights::pack(&weights, inputs, columns)?, bias })
    }

    /// `product` is scratch.
    fn run(
        &self,
        input: &[f32],
        last: bool,
        state: &mut StageState,
        product: &mut Vec<f32>,
        out: &mut Vec<f32>,
    ) -> Result<(), VoiceError> {
        let rows = input.len() / self.inputs;
        let columns = 2 * self.stride * self.outputs;
        product.clear();
        product.resize(rows * columns, 0.0);
        let each = Rows { data: input, count: rows, stride: self.inputs };
        self.weights.add_product(each, product, columns)?;
        out.clear();
        for row in product.chunks_exact(columns) {
            // The first half of a row's taps falls on the second half of the row before.
            let (now, later) = row.split_at(columns / 2);
            out.extend(now.iter().zip(&state.carry).map(|(a, b)| a + b));
            state.carry.copy_from_slice(later);
        }
        if rows > 0 {
            out.drain(..std::mem::take(&mut state.skip));
        }
        if last {
            out.extend_from_slice(&state.carry[..self.stride / 2 * self.outputs]);
        }
        for row in out.chunks_exact_mut(self.outputs) {
            row.iter_mut().zip(&self.bias).for_each(|(value, bias)| *value += bias);
        }
        Ok(())
    }
}

impl Stack {
    fn read(walk: &mut Walk<'_>, dilation: usize, channels: usize) -> Result<Stack, VoiceError> {
        let mut both = walk.kernel(channels, 1, channels)?;
        let first = walk.conv(channels, 3, channels)?;
        let second = walk.kernel(channels, 1, channels)?;
        both.inputs = 2 * channels;
        both.weights.extend_from_slice(&second.weights);
        both.bias.iter_mut().zip(&second.bias).for_each(|(own, added)| *own += added);
        Ok(Stack { dilation, channels, first, both: both.pack()? })
    }

    fn run(
        &self,
        input: &[f32],
        last: bool,
        window: &mut Window,
        scratch: &mut Spare,
        out: &mut Vec<f32>,
    ) -> Result<(), VoiceError> {
        let width = self.channels;
        let ready = window.push(input, last);
        let Spare { taps, pairs } = scratch;
        taps.clear();
        pairs.resize(ready * 2 * width, 0.0);
        let rows = window.rows();
        for (index, pair) in pairs.chunks_exact_mut(2 * width).enumerate() {
            for tap in 0..3 {
                let at = (index + tap * self.dilation) * width;
                taps.extend(rows[at..at + width].iter().map(|&value| leaky(value)));
            }
            let at = (index + self.dilation) * width;
            let (raw, hidden) = pair.split_at_mut(width);
            raw.copy_from_slice(&rows[at..at + width]);
            hidden.copy_from_slice(&self.first.bias);
        }
        window.consume(ready);
        if ready > 0 {
            let hidden = &mut pairs[width..];
            self.first.add(taps, ready, 3 * width, hidden, 2 * width)?;
        }
        for pair in pairs.chunks_exact_mut(2 * width) {
            pair[width..].iter_mut().for_each(|value| *value = leaky(*value));
        }
        self.both.run(pairs, ready, out)
    }
}

struct StageState {
    /// What the last input row still adds to the rows to come.
    carry: Vec<f32>,
    /// Values to leave out at the stream's beginning: the transposed convolution's padding.
    skip: usize,
    windows: Vec<Window>,
}

#[derive(Default)]
struct Scratch {
    now: Vec<f32>,
    next: Vec<f32>,
    spare: Spare,
}

#[derive(Default)]
struct Spare {
    taps: Vec<f32>,
    pairs: Vec<f32>,
}

/// One stream: mel frames in, sound out, with what the convolutions remember between pushes.
pub struct Vocoder<'n> {
    net: &'n MelGan,
    head: Window,
    stages: Vec<StageState>,
    tail: Window,
    join: Window,
    scratch: Scratch,
}

impl Vocoder<'_> {
    /// Takes whole mel frames and appends the samples that they complete: 300 a frame in all, about 20 frames behind, the rest with
    /// `last`. A stream must have at least [`FRAMES_MIN`] frames.
    pub fn push(
        &mut self,
        mel: &[f32],
        last: bool,
        sound: &mut Vec<f32>,
    ) -> Result<(), VoiceError> {
        let Scratch { now, next, spare } = &mut self.scratch;
        let ready = self.head.push(mel, last);
        self.net.head.run(self.head.rows(), ready, now)?;
        self.head.consume(ready);
        for (stage, state) in self.net.stages.iter().zip(&mut self.stages) {
            now.iter_mut().for_each(|value| *value = leaky(*value));
            stage.up.run(now, last, state, &mut spare.taps, next)?;
            std::mem::swap(now, next);
            for (stack, window) in stage.stacks.iter().zip(&mut state.windows) {
                stack.run(now, last, window, spare, next)?;
                std::mem::swap(now, next);
            }
        }
        now.iter_mut().for_each(|value| *value = leaky(*value));
        let ready = self.tail.push(now, last);
        self.net.tail.run(self.tail.rows(), ready, next)?;
        self.tail.consume(ready);
        next.iter_mut().for_each(|value| *value = tanh(*value));
        let ready = self.join.push(next, last);
        let from = sound.len();
        sound.resize(from + ready * BANDS, 0.0);
        let windows = Rows { data: self.join.rows(), count: ready, stride: BANDS };
        self.net.join.add_product(windows, &mut sound[from..], BANDS)?;
        self.join.consume(ready);
        Ok(())
    }
}
