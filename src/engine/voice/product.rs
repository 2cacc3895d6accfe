//! The product of rows with fixed weights, where the voice spends nine tenths of its time. The weights are laid out once, as the
//! processor's widest vectors read them; a general product would do that again with every call (Goto and van de Geijn, "Anatomy of
//! High-Performance Matrix Multiplication", 2008).

use pulp::{Arch, Simd, WithSimd};

use super::VoiceError;

/// Values in the widest vector there is.
const LANES_MAX: usize = 16;
/// Rows of weights taken at a time: with a panel's width 32 KiB at most.
const DEPTH: usize = 256;
/// Of these so many in one go.
const STEP: usize = 8;

/// Weights `[inputs, outputs]`, packed.
pub struct Weights {
    pub inputs: usize,
    pub outputs: usize,
    /// Panels side by side, each two vectors wide but for the last, which may be one wide; within a panel its rows one after
    /// another, missing columns zero.
    packed: Vec<f32>,
    /// Values in a vector.
    lanes: usize,
}

/// Rows inside a slice, `stride` apart, as long as the weights are high. With a stride smaller than that the rows overlap, which turns
/// a convolution into one product.
#[derive(Clone, Copy)]
pub struct Rows<'a> {
    pub data: &'a [f32],
    pub count: usize,
    pub stride: usize,
}

impl Weights {
    /// # Errors
    /// [`VoiceError::Shape`] when `values` is not `inputs * outputs` long.
    pub fn pack(values: &[f32], inputs: usize, outputs: usize) -> Result<Weights, VoiceError> {
        if values.len() != inputs * outputs || outputs == 0 {
            return Err(VoiceError::Shape("weight matrix"));
        }
        let lanes = Arch::new().dispatch(Lanes);
        let mut packed = Vec::with_capacity(inputs * outputs.next_multiple_of(lanes));
        for (first, width) in panels(outputs, lanes) {
            for row in values.chunks_exact(outputs) {
                let columns = &row[first..outputs.min(first + width)];
                packed.extend_from_slice(columns);
                packed.resize(packed.len() + width - columns.len(), 0.0);
            }
        }
        Ok(Weights { inputs, outputs, packed, lanes })
    }

    /// Adds the product to `out`, whose rows are `out_stride` apart.
    ///
    /// # Errors
    /// [`VoiceError::Shape`] when a slice is too short: a defect of this module, not of its input.
    pub fn add_product(
        &self,
        rows: Rows<'_>,
        out: &mut [f32],
        out_stride: usize,
    ) -> Result<(), VoiceError> {
        let Some(last) = rows.count.checked_sub(1) else {
            return Ok(());
        };
        let enough = last * rows.stride + self.inputs <= rows.data.len()
            && last * out_stride + self.outputs <= out.len()
            && out_stride >= self.outputs;
        if !enough {
            return Err(VoiceError::Shape("matrix product"));
        }
        Arch::new().dispatch(Product { weights: self, rows, out, out_stride });
        Ok(())
    }

    /// Adds the product with one row to `out`. Quicker than [`Weights::add_product`] of one, and not to the bit the same.
    ///
    /// # Errors
    /// [`VoiceError::Shape`] when a slice has another length than the weights.
    pub fn add_vector(&self, row: &[f32], out: &mut [f32]) -> Result<(), VoiceError> {
        if row.len() != self.inputs || out.len() != self.outputs {
            return Err(VoiceError::Shape("vector product"));
        }
        Arch::new().dispatch(Single { weights: self, row, out });
        Ok(())
    }
}

/// As [`Weights::add_product`] of one row, in several sums at a time, as one sum waits for itself. The rounding is another.
struct Single<'a> {
    weights: &'a Weights,
    row: &'a [f32],
    out: &'a mut [f32],
}

impl WithSimd for Single<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Single { weights, row, out } = self;
        let mut rest = weights.packed.as_slice();
        for (first, width) in panels(weights.outputs, weights.lanes) {
            let (panel, behind) = rest.split_at(weights.inputs * width);
            rest = behind;
            let (panel, _) = S::as_simd_f32s(panel);
            let sums = match width == weights.lanes {
                true => plain(simd, &line::<S, 1>(simd, row, panel)),
                false => plain(simd, &line::<S, 2>(simd, row, panel)),
            };
            let columns = width.min(weights.outputs - first);
            out[first..first + columns].iter_mut().zip(sums).for_each(|(slot, sum)| *slot += sum);
        }
    }
}

/// One row by `VECTORS` vectors of columns.
#[inline(always)]
fn line<S: Simd, const VECTORS: usize>(
    simd: S,
    row: &[f32],
    panel: &[S::f32s],
) -> [S::f32s; VECTORS] {
    /// Sums side by side: as many as a processor begins before the first is done.
    const APART: usize = 4;
    let (weights, _) = panel.as_chunks::<VECTORS>();
    let (steps, rest) = weights.as_chunks::<APART>();
    let (values, last) = row.as_chunks::<APART>();
    let mut sums = [[simd.splat_f32s(0.0); VECTORS]; APART];
    for (values, weights) in values.iter().zip(steps) {
        for ((sums, value), weights) in sums.iter_mut().zip(values).zip(weights) {
            add(simd, sums, *value, weights);
        }
    }
    for ((sums, value), weights) in sums.iter_mut().zip(last).zip(rest) {
        add(simd, sums, *value, weights);
    }
    let [mut all, others @ ..] = sums;
    for sums in others {
        for (sum, other) in all.iter_mut().zip(sums) {
            *sum = simd.add_f32s(*sum, other);
        }
    }
    all
}

/// First column and width of each panel.
fn panels(outputs: usize, lanes: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..outputs).step_by(2 * lanes).map(move |first| {
        let vectors = if outputs - first <= lanes { 1 } else { 2 };
        (first, vectors * lanes)
    })
}

struct Lanes;

impl WithSimd for Lanes {
    type Output = usize;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> usize {
        S::F32_LANES.min(LANES_MAX)
    }
}

struct Product<'a> {
    weights: &'a Weights,
    rows: Rows<'a>,
    out: &'a mut [f32],
    out_stride: usize,
}

impl WithSimd for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        // As many rows as leave two sums each, two weights and a value in registers: 32 of them, or 16. Fewer where there are fewer.
        match (S::F32_LANES, self.rows.count) {
            (..2, _) => self.run_plainly(),
            (_, 1..=2) => self.run::<S, 2>(simd),
            (_, 3..=4) => self.run::<S, 4>(simd),
            (LANES_MAX, _) => self.run::<S, 8>(simd),
            _ => self.run::<S, 6>(simd),
        }
    }
}

impl Product<'_> {
    #[inline(always)]
    fn run<S: Simd, const ROWS: usize>(self, simd: S) {
        let Product { weights, rows, out, out_stride } = self;
        for from in (0..weights.inputs).step_by(DEPTH) {
            let depth = DEPTH.min(weights.inputs - from);
            let mut at = 0;
            for (first, width) in panels(weights.outputs, weights.lanes) {
                let panel = &weights.packed[at + from * width..at + (from + depth) * width];
                at += weights.inputs * width;
                let (panel, _) = S::as_simd_f32s(panel);
                for row in (0..rows.count).step_by(ROWS) {
                    let block = block::<ROWS>(rows, row, from, depth);
                    let count = ROWS.min(rows.count - row);
                    let out = &mut out[row * out_stride + first..];
                    let columns = width.min(weights.outputs - first);
                    let target = Target { out, stride: out_stride, count, columns };
                    if width == weights.lanes {
                        tile::<S, ROWS, 1>(simd, block, depth, panel, target);
                    } else {
                        tile::<S, ROWS, 2>(simd, block, depth, panel, target);
                    }
                }
            }
        }
    }

    /// For a processor without vectors that we know.
    fn run_plainly(self) {
        let mut at = 0;
        for (first, width) in panels(self.weights.outputs, self.weights.lanes) {
            let panel = &self.weights.packed[at..at + self.weights.inputs * width];
            at += panel.len();
            for row in 0..self.rows.count {
                let values = &self.rows.data[row * self.rows.stride..];
                let columns = width.min(self.weights.outputs - first);
                let out = &mut self.out[row * self.out_stride + first..][..columns];
                for (value, weights) in values.iter().zip(panel.chunks_exact(width)) {
                    for (sum, weight) in out.iter_mut().zip(weights) {
                        *sum += value * weight;
                    }
                }
            }
        }
    }
}

/// `ROWS` stretches of rows, `depth` long each; where there are no more rows, the last again.
#[inline(always)]
fn block<const ROWS: usize>(
    rows: Rows<'_>,
    row: usize,
    from: usize,
    depth: usize,
) -> [&[f32]; ROWS] {
    std::array::from_fn(|place| {
        let start = (row + place).min(rows.count - 1) * rows.stride + from;
        rows.data[start..].split_at(depth).0
    })
}

/// Where a tile's sums go.
struct Target<'a> {
    out: &'a mut [f32],
    stride: usize,
    count: usize,
    columns: usize,
}

/// `ROWS` rows by `VECTORS` vectors of columns, their sums in registers throughout.
#[inline(always)]
fn tile<S: Simd, const ROWS: usize, const VECTORS: usize>(
    simd: S,
    rows: [&[f32]; ROWS],
    depth: usize,
    panel: &[S::f32s],
    target: Target<'_>,
) {
    let mut sums = [[simd.splat_f32s(0.0); VECTORS]; ROWS];
    let (weights, _) = panel.as_chunks::<VECTORS>();
    let (steps, rest) = weights[..depth].as_chunks::<STEP>();
    // Whole steps have a length that the compiler knows, so nothing is checked within them.
    let values = rows.map(|row| row.as_chunks::<STEP>().0);
    for (step, weights) in steps.iter().enumerate() {
        let values = values.map(|row| &row[step]);
        // A copy, so that the compiler sees that nobody looks at the sums before the step is done.
        let mut now = sums;
        for (place, weights) in weights.iter().enumerate() {
            for (sums, row) in now.iter_mut().zip(values) {
                add(simd, sums, row[place], weights);
            }
        }
        sums = now;
    }
    for (place, weights) in rest.iter().enumerate() {
        for (sums, row) in sums.iter_mut().zip(rows) {
            add(simd, sums, row[depth - rest.len() + place], weights);
        }
    }
    let rows = target.out.chunks_mut(target.stride).take(target.count);
    for (row, sums) in rows.zip(&sums) {
        let width = target.columns;
        if width == VECTORS * S::F32_LANES {
            let (vectors, _) = S::as_mut_simd_f32s(&mut row[..width]);
            for (slot, sum) in vectors.iter_mut().zip(sums) {
                *slot = simd.add_f32s(*slot, *sum);
            }
        } else {
            let sums = plain::<S, VECTORS>(simd, sums);
            for (slot, sum) in row[..width].iter_mut().zip(sums) {
                *slot += sum;
            }
        }
    }
}

#[inline(always)]
fn add<S: Simd, const VECTORS: usize>(
    simd: S,
    sums: &mut [S::f32s; VECTORS],
    value: f32,
    weights: &[S::f32s; VECTORS],
) {
    let value = simd.splat_f32s(value);
    for (sum, weight) in sums.iter_mut().zip(weights) {
        *sum = simd.mul_add_f32s(value, *weight, *sum);
    }
}

/// The sums as numbers.
#[inline(always)]
fn plain<S: Simd, const VECTORS: usize>(_: S, sums: &[S::f32s; VECTORS]) -> [f32; 2 * LANES_MAX] {
    let mut plain = [0.0; 2 * LANES_MAX];
    let (vectors, _) = S::as_mut_simd_f32s(&mut plain);
    vectors.iter_mut().zip(sums).for_each(|(slot, sum)| *slot = *sum);
    plain
}
