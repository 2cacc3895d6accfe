//! The few layers both networks are made of, over rows of channels (`[time, channels]`, row after row), and the walk through a model's
//! operators that fills them.

use ndarray::linalg::general_mat_mul;
use ndarray::{ArrayView2, ArrayViewMut2, ShapeBuilder};

use super::VoiceError;
use super::product::{Rows, Weights};
use super::tflite::{Constant, Graph, Op, OpCode};

/// A matrix inside a slice: `rows` × `columns`, `stride` apart.
#[derive(Clone, Copy)]
pub struct Matrix<'a> {
    pub data: &'a [f32],
    pub rows: usize,
    pub columns: usize,
    pub stride: usize,
}

/// `out[i, ..n] = a · b`; `b` is `[a.columns, n]` and made anew each time, rows of `out` are `out_stride` apart.
///
/// # Errors
/// [`VoiceError::Shape`] when a slice is too short for its shape: a defect of this module, not of its input.
pub fn matmul(
    a: Matrix<'_>,
    b: &[f32],
    n: usize,
    out: &mut [f32],
    out_stride: usize,
) -> Result<(), VoiceError> {
    if a.rows == 0 {
        return Ok(());
    }
    let shape = |_| VoiceError::Shape("matrix product");
    let left = ArrayView2::from_shape((a.rows, a.columns).strides((a.stride, 1)), a.data)
        .map_err(shape)?;
    let right = ArrayView2::from_shape((a.columns, n), b).map_err(shape)?;
    let mut to =
        ArrayViewMut2::from_shape((a.rows, n).strides((out_stride, 1)), out).map_err(shape)?;
    general_mat_mul(1.0, &left, &right, 0.0, &mut to);
    Ok(())
}

/// A convolution over time as it is stored: `weights` is `[taps * inputs, outputs]`.
pub struct Kernel {
    pub taps: usize,
    pub inputs: usize,
    pub outputs: usize,
    pub weights: Vec<f32>,
    pub bias: Vec<f32>,
}

/// A convolution over time, ready to run.
pub struct Conv {
    taps: usize,
    pub inputs: usize,
    weights: Weights,
    pub bias: Vec<f32>,
}

impl Kernel {
    /// # Errors
    /// [`VoiceError::Shape`] when the weights have another shape than is said.
    pub fn pack(self) -> Result<Conv, VoiceError> {
        Ok(Conv {
            taps: self.taps,
            inputs: self.inputs,
            weights: Weights::pack(&self.weights, self.taps * self.inputs, self.outputs)?,
            bias: self.bias,
        })
    }
}

impl Conv {
    /// `rows` outputs from `rows + taps - 1` input rows at the head of `input`. `out` is cleared first.
    pub fn run(&self, input: &[f32], rows: usize, out: &mut Vec<f32>) -> Result<(), VoiceError> {
        out.clear();
        for _ in 0..rows {
            out.extend_from_slice(&self.bias);
        }
        self.add(input, rows, self.inputs, out, self.bias.len())
    }

    /// Adds what the convolution makes, its bias apart, of windows `stride` apart to rows `out_stride` apart.
    pub fn add(
        &self,
        input: &[f32],
        rows: usize,
        stride: usize,
        out: &mut [f32],
        out_stride: usize,
    ) -> Result<(), VoiceError> {
        let windows = Rows { data: input, count: rows, stride };
        self.weights.add_product(windows, out, out_stride)
    }

    /// As [`Conv::run`], with as many outputs as inputs: zeros stand before and after.
    pub fn run_same(&self, input: &[f32], out: &mut Vec<f32>) -> Result<(), VoiceError> {
        if self.taps == 1 {
            return self.run(input, input.len() / self.inputs, out);
        }
        let pad = (self.taps - 1) / 2 * self.inputs;
        let mut padded = vec![0.0; input.len() + 2 * pad];
        padded[pad..pad + input.len()].copy_from_slice(input);
        self.run(&padded, input.len() / self.inputs, out)
    }
}

/// Layer normalisation over the channels of each row (epsilon 1e-5, as in the model).
pub struct Norm {
    pub gain: Vec<f32>,
    pub shift: Vec<f32>,
}

impl Norm {
    pub fn run(&self, rows: &mut [f32]) {
        let width = self.gain.len();
        for row in rows.chunks_exact_mut(width) {
            let mean = row.iter().sum::<f32>() / width as f32;
            let spread = row.iter().map(|v| (v - mean) * (v - mean)).sum::<f32>() / width as f32;
            let inverse = 1.0 / (spread + 1e-5).sqrt();
            for ((value, gain), shift) in row.iter_mut().zip(&self.gain).zip(&self.shift) {
                *value = (*value - mean) * inverse * gain + shift;
            }
        }
    }
}

pub fn leaky(value: f32) -> f32 {
    value.max(0.2 * value)
}

/// e^x within 2e-7 relative, for |x| up to 87 (clamped beyond). Written without calls or branches so that the compiler can do several at once.
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    /// Adding it leaves the nearest integer in the low bits.
    const ROUND: f32 = 12_582_912.0;
    let x = x.clamp(-87.0, 87.0);
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let whole = shifted - ROUND;
    let rest = (x - whole * 0.693_359_4) + whole * 2.121_944_4e-4;
    let poly = 1.0
        + rest
            * (1.0
                + rest
                    * (0.5
                        + rest
                            * (0.166_666_57
                                + rest
                                    * (0.041_666_5
                                        + rest * (0.008_369_15 + rest * 0.001_381_38)))));
    let exponent = shifted.to_bits().wrapping_sub(ROUND.to_bits()).wrapping_add(127);
    poly * f32::from_bits(exponent << 23)
}

#[inline(always)]
pub fn tanh(x: f32) -> f32 {
    1.0 - 2.0 / (exp(2.0 * x) + 1.0)
}

/// x · tanh(ln(1 + e^x)).
#[inline(always)]
pub fn mish(x: f32) -> f32 {
    // tanh(ln(1+e)) = ((1+e)² - 1) / ((1+e)² + 1); above 20 it is 1 and e² would overflow.
    let e = exp(x.min(20.0));
    let numerator = e * (e + 2.0);
    x * (numerator / (numerator + 2.0))
}

/// Reads a model's weights in the order in which its operators use them. Names do not serve: the converter merged equal constants and
/// kept one name for all.
pub struct Walk<'a> {
    graph: &'a Graph,
    at: usize,
}

impl<'a> Walk<'a> {
    pub fn new(graph: &'a Graph) -> Walk<'a> {
        Walk { graph, at: 0 }
    }

    /// The next operator of this kind whose `nth` input is a constant of this shape.
    fn seek(&mut self, code: OpCode, nth: usize, shape: &[usize]) -> Result<&'a Op, VoiceError> {
        for op in self.graph.ops().iter().skip(self.at) {
            self.at += 1;
            if op.code != code {
                continue;
            }
            if self.graph.constant_shape(op, nth) == Some(shape) {
                return Ok(op);
            }
            // An ADD or MUL of computed values is ordinary; a convolution of another shape is another network.
            if matches!(code, OpCode::Conv2d | OpCode::FullyConnected | OpCode::TransposeConv) {
                let found = self.graph.constant_shape(op, nth);
                return Err(VoiceError::Broken(format!(
                    "expected a {code:?} with weights {shape:?}, found {found:?}"
                )));
            }
        }
        Err(VoiceError::Broken(format!("no {code:?} with a constant of shape {shape:?} follows")))
    }

    fn vector(&mut self, code: OpCode, nth: usize, len: usize) -> Result<Vec<f32>, VoiceError> {
        let op = self.seek(code, nth, &[len])?;
        Ok(self.graph.constant(op, nth)?.values)
    }

    /// A lookup table: the first `code` with a `[rows, width]` constant first.
    pub fn table(
        &mut self,
        code: OpCode,
        rows: usize,
        width: usize,
    ) -> Result<Vec<f32>, VoiceError> {
        let op = self.seek(code, 0, &[rows, width])?;
        Ok(self.graph.constant(op, 0)?.values)
    }

    /// A convolution and the bias added after it.
    pub fn conv(&mut self, inputs: usize, taps: usize, outputs: usize) -> Result<Conv, VoiceError> {
        self.kernel(inputs, taps, outputs)?.pack()
    }

    /// As [`Walk::conv`], for what is still to be done to it.
    pub fn kernel(
        &mut self,
        inputs: usize,
        taps: usize,
        outputs: usize,
    ) -> Result<Kernel, VoiceError> {
        let mut conv = self.kernel_bare(inputs, taps, outputs)?;
        let bias = self.vector(OpCode::Add, 1, outputs)?;
        conv.bias.iter_mut().zip(bias).for_each(|(own, added)| *own += added);
        Ok(conv)
    }

    /// A convolution with only its own bias.
    pub fn kernel_bare(
        &mut self,
        inputs: usize,
        taps: usize,
        outputs: usize,
    ) -> Result<Kernel, VoiceError> {
        let op = self.seek(OpCode::Conv2d, 1, &[outputs, 1, taps, inputs])?;
        let weights = transposed(&self.graph.constant(op, 1)?, outputs);
        let bias = self.graph.constant(op, 2)?.values;
        if bias.len() != outputs {
            return Err(VoiceError::Broken("a convolution's bias has another length".into()));
        }
        Ok(Kernel { taps, inputs, outputs, weights, bias })
    }

    /// A dense layer and the bias added after it.
    pub fn dense(&mut self, inputs: usize, outputs: usize) -> Result<Conv, VoiceError> {
        let op = self.seek(OpCode::FullyConnected, 1, &[outputs, inputs])?;
        let weights = transposed(&self.graph.constant(op, 1)?, outputs);
        let bias = self.vector(OpCode::Add, 1, outputs)?;
        let kernel = Kernel { taps: 1, inputs, outputs, weights, bias };
        kernel.pack()
    }

    /// A layer normalisation: its gain is multiplied after the reciprocal root, its shift is what the mean is taken from.
    pub fn norm(&mut self, width: usize) -> Result<Norm, VoiceError> {
        self.at = self
            .graph
            .ops()
            .iter()
            .skip(self.at)
            .position(|op| op.code == OpCode::Rsqrt)
            .map(|ahead| self.at + ahead + 1)
            .ok_or_else(|| VoiceError::Broken("a layer normalisation is missing".into()))?;
        let gain = self.vector(OpCode::Mul, 1, width)?;
        let shift = self.vector(OpCode::Sub, 0, width)?;
        Ok(Norm { gain, shift })
    }

    /// A convolution with batch normalisation after it, folded into its weights.
    pub fn conv_scaled(
        &mut self,
        inputs: usize,
        taps: usize,
        outputs: usize,
    ) -> Result<Conv, VoiceError> {
        let mut conv = self.kernel(inputs, taps, outputs)?;
        let gain = self.vector(OpCode::Mul, 1, outputs)?;
        let shift = self.vector(OpCode::Add, 1, outputs)?;
        for row in conv.weights.chunks_exact_mut(outputs) {
            row.iter_mut().zip(&gain).for_each(|(weight, gain)| *weight *= gain);
        }
        for ((bias, gain), shift) in conv.bias.iter_mut().zip(&gain).zip(&shift) {
            *bias = *bias * gain + shift;
        }
        conv.pack()
    }

    /// The kernel of a transposed convolution as stored (`[outputs, height, width, inputs]`).
    pub fn transposed_kernel(&mut self, shape: [usize; 4]) -> Result<Constant, VoiceError> {
        let op = self.seek(OpCode::TransposeConv, 1, &shape)?;
        self.graph.constant(op, 1)
    }

    pub fn bias(&mut self, len: usize) -> Result<Vec<f32>, VoiceError> {
        self.vector(OpCode::Add, 1, len)
    }
}

/// `[outputs, rest]` to `[rest, outputs]`.
fn transposed(constant: &Constant, outputs: usize) -> Vec<f32> {
    let rest = constant.values.len() / outputs;
    let mut turned = vec![0.0; constant.values.len()];
    for (output, row) in constant.values.chunks_exact(rest).enumerate() {
        for (column, value) in row.iter().enumerate() {
            turned[column * outputs + output] = *value;
        }
    }
    turned
}
