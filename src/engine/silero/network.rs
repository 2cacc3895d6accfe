//! The network for 8 kHz, written out: spectrum, four convolutions, a long short-term memory, one probability. A step is a third of
//! a million products; a general runtime spends several times that on finding its way through the graph.
//!
//! Rows are moments, columns are channels. Where a convolution's edge falls outside the sound its weights are left out.

use pulp::Arch;

use super::file::Tensors;
use crate::engine::voice::layers::{exp, tanh};
use crate::engine::voice::product::{Rows, Weights};

/// Why a file is not this network.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("not Silero VAD 6 ({0})")]
pub struct Broken(pub &'static str);

/// Samples that a step takes: the last 32 of the step before, and 256 new ones.
pub const INPUT: usize = 288;
/// The sound is mirrored at its end by so many samples.
const MIRRORED: usize = 32;
/// One spectrum is of so many samples, the next begins so many later.
const WINDOW: usize = 128;
const HOP: usize = 64;
const BINS: usize = WINDOW / 2 + 1;
const MOMENTS: usize = (INPUT + MIRRORED - WINDOW) / HOP + 1;
/// Channels of the convolutions, each three moments wide; the second and third halve the moments.
const WIDE: usize = 128;
const NARROW: usize = 64;
const TAPS: usize = 3;
/// Cells of the memory.
pub const CELLS: usize = 128;
const GATES: usize = 4 * CELLS;

/// What a stream remembers from step to step.
#[derive(Clone, Debug)]
pub struct State {
    /// The memory's output.
    told: [f32; CELLS],
    cells: [f32; CELLS],
}

impl State {
    pub const NEW: State = State { told: [0.0; CELLS], cells: [0.0; CELLS] };
}

pub struct Network {
    spectrum: Weights,
    first: Layer,
    second: Layer,
    third: Layer,
    fourth: Layer,
    memory: Layer,
    probability: Layer,
}

struct Layer {
    weights: Weights,
    bias: Vec<f32>,
}

impl Layer {
    /// `values` are `[outputs, inputs, taps]`, of which the taps of `kept` count.
    fn pack(
        values: &[f32],
        inputs: usize,
        kept: std::ops::Range<usize>,
        taps: usize,
        bias: Vec<f32>,
    ) -> Result<Layer, Broken> {
        let outputs = bias.len();
        let mut rows = Vec::with_capacity(kept.len() * inputs * outputs);
        for tap in kept.clone() {
            for input in 0..inputs {
                rows.extend(
                    (0..outputs).map(|output| values[(output * inputs + input) * taps + tap]),
                );
            }
        }
        Ok(Layer { weights: packed(&rows, kept.len() * inputs, outputs)?, bias })
    }

    /// Rows of `input`, each a product and the bias, into rows of `out` that follow one another.
    fn run(&self, input: Rows<'_>, out: &mut [f32]) -> Result<(), Broken> {
        let width = self.bias.len();
        for row in out.chunks_exact_mut(width).take(input.count) {
            row.copy_from_slice(&self.bias);
        }
        multiply(&self.weights, input, out, width)
    }
}

fn packed(rows: &[f32], inputs: usize, outputs: usize) -> Result<Weights, Broken> {
    Weights::pack(rows, inputs, outputs).map_err(|_| Broken("shapes"))
}

fn multiply(
    weights: &Weights,
    rows: Rows<'_>,
    out: &mut [f32],
    width: usize,
) -> Result<(), Broken> {
    let done = match rows.count {
        1 => weights.add_vector(rows.data, out),
        _ => weights.add_product(rows, out, width),
    };
    done.map_err(|_| Broken("shapes"))
}

impl Network {
    /// From the bytes of `silero_vad.onnx`.
    pub fn read(file: &[u8]) -> Result<Network, Broken> {
        const BASIS: (&str, [u64; 3]) =
            ("stft.forward_basis_buffer", [2 * BINS as u64, 1, WINDOW as u64]);
        let tensors = Tensors::find(file, BASIS.0, &BASIS.1)?;
        let basis = tensors.get(BASIS.0, &BASIS.1)?;
        let spectrum = Layer::pack(&basis, WINDOW, 0..1, 1, vec![0.0; 2 * BINS])?.weights;
        let layer = |place: usize, inputs: usize, outputs: usize, kept| {
            let name = |part| format!("encoder.{place}.reparam_conv.{part}");
            let dims = [outputs as u64, inputs as u64, TAPS as u64];
            let weights = tensors.get(&name("weight"), &dims)?;
            let bias = tensors.get(&name("bias"), &dims[..1])?;
            Layer::pack(&weights, inputs, kept, TAPS, bias)
        };
        let cells = CELLS as u64;
        let gates = [GATES as u64, cells];
        let heard = tensors.get("decoder.rnn.weight_ih", &gates)?;
        let told = tensors.get("decoder.rnn.weight_hh", &gates)?;
        let both: Vec<f32> = heard
            .chunks_exact(CELLS)
            .zip(told.chunks_exact(CELLS))
            .flat_map(|(heard, told)| heard.iter().chain(told))
            .copied()
            .collect();
        let mut bias = tensors.get("decoder.rnn.bias_ih", &gates[..1])?;
        let more = tensors.get("decoder.rnn.bias_hh", &gates[..1])?;
        bias.iter_mut().zip(more).for_each(|(bias, more)| *bias += more);
        let last = tensors.get("decoder.decoder.2.weight", &[1, cells, 1])?;
        let last_bias = tensors.get("decoder.decoder.2.bias", &[1])?;
        Ok(Network {
            spectrum,
            first: layer(0, BINS, WIDE, 0..TAPS)?,
            second: layer(1, WIDE, NARROW, 0..TAPS)?,
            // One moment is left, of two: the tap before them lies outside.
            third: layer(2, NARROW, NARROW, 1..TAPS)?,
            // And here of one.
            fourth: layer(3, NARROW, WIDE, 1..2)?,
            memory: Layer::pack(&both, 2 * CELLS, 0..1, 1, bias)?,
            probability: Layer::pack(&last, CELLS, 0..1, 1, last_bias)?,
        })
    }

    /// The probability that the newest 256 samples are speech. Samples are from −1 to 1.
    pub fn step(&self, input: &[f32; INPUT], state: &mut State) -> Result<f32, Broken> {
        let heard = self.heard(input)?;
        let mut both = [0.0; 2 * CELLS];
        both[..CELLS].copy_from_slice(&heard);
        both[CELLS..].copy_from_slice(&state.told);
        let mut gates = [0.0; GATES];
        self.memory.run(one(&both), &mut gates)?;
        Arch::new().dispatch(|| remember(&gates, state));
        let positive: [f32; CELLS] = std::array::from_fn(|cell| state.told[cell].max(0.0));
        let mut sum = [0.0];
        self.probability.run(one(&positive), &mut sum)?;
        Ok(sigmoid(sum[0]))
    }

    /// The sound as the memory takes it.
    fn heard(&self, input: &[f32; INPUT]) -> Result<[f32; WIDE], Broken> {
        let mut sound = [0.0; INPUT + MIRRORED];
        sound[..INPUT].copy_from_slice(input);
        for (to, from) in sound[INPUT..].iter_mut().zip(input[..INPUT - 1].iter().rev()) {
            *to = *from;
        }
        let mut waves = [0.0; MOMENTS * 2 * BINS];
        let windows = Rows { data: &sound, count: MOMENTS, stride: HOP };
        multiply(&self.spectrum, windows, &mut waves, 2 * BINS)?;
        // A silent row before and after.
        let mut spectrum = [0.0; (MOMENTS + 2) * BINS];
        Arch::new().dispatch(|| magnitudes(&waves, &mut spectrum[BINS..]));

        // Another row before.
        let mut first = [0.0; (MOMENTS + 1) * WIDE];
        let rows = Rows { data: &spectrum, count: MOMENTS, stride: BINS };
        self.first.run(rows, &mut first[WIDE..])?;
        positive(&mut first[WIDE..]);

        let mut second = [0.0; MOMENTS / 2 * NARROW];
        let rows = Rows { data: &first, count: MOMENTS / 2, stride: 2 * WIDE };
        self.second.run(rows, &mut second)?;
        positive(&mut second);

        let mut third = [0.0; NARROW];
        self.third.run(one(&second), &mut third)?;
        positive(&mut third);

        let mut fourth = [0.0; WIDE];
        self.fourth.run(one(&third), &mut fourth)?;
        positive(&mut fourth);
        Ok(fourth)
    }
}

const fn one(data: &[f32]) -> Rows<'_> {
    Rows { data, count: 1, stride: data.len() }
}

fn positive(values: &mut [f32]) {
    values.iter_mut().for_each(|value| *value = value.max(0.0));
}

/// Of each moment's real and imaginary parts.
#[inline(always)]
fn magnitudes(waves: &[f32; MOMENTS * 2 * BINS], spectrum: &mut [f32]) {
    for (wave, row) in
        waves.as_chunks::<{ 2 * BINS }>().0.iter().zip(spectrum.chunks_exact_mut(BINS))
    {
        let (real, imaginary) = wave.split_at(BINS);
        for ((to, real), imaginary) in row.iter_mut().zip(real).zip(imaginary) {
            *to = (real * real + imaginary * imaginary).sqrt();
        }
    }
}

#[inline(always)]
fn sigmoid(value: f32) -> f32 {
    1.0 / (1.0 + exp(-value))
}

/// One step of the memory (Hochreiter and Schmidhuber 1997, with the forget gate of Gers 2000); the gates stand in the order of
/// PyTorch: in, forget, candidate, out.
#[inline(always)]
fn remember(gates: &[f32; GATES], state: &mut State) {
    let (input, rest) = gates.split_at(CELLS);
    let (forget, rest) = rest.split_at(CELLS);
    let (candidate, output) = rest.split_at(CELLS);
    for cell in 0..CELLS {
        let kept = sigmoid(forget[cell]) * state.cells[cell];
        let new = kept + sigmoid(input[cell]) * tanh(candidate[cell]);
        state.cells[cell] = new;
        state.told[cell] = sigmoid(output[cell]) * tanh(new);
    }
}
