//! A reader of TensorFlow Lite models: what is stored and in which order it is used, no interpreter.
//!
//! The file is a FlatBuffer ("TFL3", schema version 3). Only what a hand-written inference needs is read: the tensors with their shapes and
//! constant data, and the operators in order with the tensors they read. Constants come out as `f32`; 8-bit ones are multiplied by their
//! scale (per-tensor symmetric quantisation, the only kind accepted).
//!
//! Every offset is checked, so a broken file gives an error and never a panic or an endless loop.

use super::VoiceError;

/// Operators that carry weights (numbers from the schema's `BuiltinOperator`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OpCode {
    Add,
    Conv2d,
    Dequantize,
    FullyConnected,
    Mul,
    Gather,
    Sub,
    TransposeConv,
    Rsqrt,
    Other(i32),
}

impl OpCode {
    fn new(number: i32) -> OpCode {
        match number {
            0 => OpCode::Add,
            3 => OpCode::Conv2d,
            6 => OpCode::Dequantize,
            9 => OpCode::FullyConnected,
            18 => OpCode::Mul,
            36 => OpCode::Gather,
            41 => OpCode::Sub,
            67 => OpCode::TransposeConv,
            76 => OpCode::Rsqrt,
            other => OpCode::Other(other),
        }
    }
}

#[derive(Debug)]
struct Tensor {
    shape: Vec<usize>,
    kind: u8,
    /// Where its constant data lies in the file; empty for a tensor that is computed.
    data: (usize, usize),
    scale: Option<f32>,
}

/// One operator: what it is and which tensors it reads.
#[derive(Debug)]
pub struct Op {
    pub code: OpCode,
    inputs: Vec<Option<usize>>,
}

/// The first graph of a model file.
#[derive(Debug)]
pub struct Graph {
    bytes: Vec<u8>,
    tensors: Vec<Tensor>,
    ops: Vec<Op>,
}

/// A constant with its shape.
#[derive(Debug, Clone, PartialEq)]
pub struct Constant {
    pub shape: Vec<usize>,
    pub values: Vec<f32>,
}

/// Most sides of a shape or inputs of an operator: keeps a broken file from asking for more memory than it has bytes.
const LIST_MAX: usize = 64;
const KIND_FLOAT32: u8 = 0;
const KIND_INT8: u8 = 9;

impl Graph {
    /// Reads the structure of a model.
    ///
    /// # Errors
    /// [`VoiceError::Broken`] with what does not fit: no "TFL3" mark, an offset outside the file, no graph, data of the wrong length.
    pub fn parse(bytes: Vec<u8>) -> Result<Graph, VoiceError> {
        let (tensors, ops) = {
            let file = Bytes(&bytes);
            if file.slice(4, 4)? != b"TFL3" {
                return Err(broken(
                    "it does not begin like a TensorFlow Lite model (no TFL3 mark)",
                ));
            }
            let model = file.follow(0).and_then(|at| file.table(at))?;
            let codes = read_codes(&model)?;
            let buffers = read_buffers(&model)?;
            let graphs = model.tables(2)?;
            let graph = graphs.first().ok_or_else(|| broken("it holds no graph"))?;
            let tensors = graph
                .tables(0)?
                .iter()
                .map(|table| read_tensor(table, &buffers))
                .collect::<Result<Vec<_>, _>>()?;
            let ops = graph
                .tables(3)?
                .iter()
                .map(|table| read_op(table, &codes, tensors.len()))
                .collect::<Result<Vec<_>, _>>()?;
            (tensors, ops)
        };
        Ok(Graph { bytes, tensors, ops })
    }

    pub fn ops(&self) -> &[Op] {
        &self.ops
    }

    /// The shape of the `nth` input of an operator when that input is a constant.
    pub fn constant_shape(&self, op: &Op, nth: usize) -> Option<&[usize]> {
        let tensor = self.tensors.get((*op.inputs.get(nth)?)?)?;
        (tensor.data.1 > 0).then_some(tensor.shape.as_slice())
    }

    /// The `nth` input of an operator, when it is a constant of 32-bit floats or of scaled 8-bit integers.
    ///
    /// # Errors
    /// [`VoiceError::Broken`] when it is computed, of another type, or its length does not fit its shape.
    pub fn constant(&self, op: &Op, nth: usize) -> Result<Constant, VoiceError> {
        let tensor = op
            .inputs
            .get(nth)
            .copied()
            .flatten()
            .and_then(|index| self.tensors.get(index))
            .ok_or_else(|| broken(&format!("input {nth} of a {:?} is missing", op.code)))?;
        let (start, len) = tensor.data;
        let data = Bytes(&self.bytes).slice(start, len)?;
        let count = tensor
            .shape
            .iter()
            .try_fold(1usize, |product, &side| product.checked_mul(side))
            .ok_or_else(|| broken("a shape overflows"))?;
        let values: Vec<f32> = match (tensor.kind, tensor.scale) {
            (KIND_FLOAT32, _) => data
                .chunks_exact(4)
                .map(|word| f32::from_le_bytes([word[0], word[1], word[2], word[3]]))
                .collect(),
            (KIND_INT8, Some(scale)) => {
                data.iter().map(|&byte| f32::from(byte as i8) * scale).collect()
            }
            (KIND_INT8, None) => return Err(broken("8-bit weights without a single scale")),
            (kind, _) => return Err(broken(&format!("weights of unexpected type {kind}"))),
        };
        if values.len() != count || values.is_empty() {
            return Err(broken(&format!(
                "input {nth} of a {:?} has {} values where its shape {:?} asks for {count}",
                op.code,
                values.len(),
                tensor.shape
            )));
        }
        if values.iter().any(|value| !value.is_finite()) {
            return Err(broken("a weight is not a finite number"));
        }
        Ok(Constant { shape: tensor.shape.clone(), values })
    }
}

fn broken(detail: &str) -> VoiceError {
    VoiceError::Broken(detail.to_owned())
}

fn read_codes(model: &Table<'_>) -> Result<Vec<OpCode>, VoiceError> {
    let codes = model.tables(1)?;
    codes
        .iter()
        .map(|code| {
            // Older files hold the number in the one-byte field 0, newer ones (also) in field 3.
            let old = code.field(0)?.map_or(Ok(0), |at| code.file.u8(at))? as i8;
            let new = code.field(3)?.map_or(Ok(0), |at| code.file.i32(at))?;
            Ok(OpCode::new(new.max(i32::from(old))))
        })
        .collect()
}

fn read_buffers(model: &Table<'_>) -> Result<Vec<(usize, usize)>, VoiceError> {
    let buffers = model.tables(4)?;
    buffers
        .iter()
        .map(|buffer| match buffer.field(0)? {
            None => Ok((0, 0)),
            Some(at) => buffer.file.vector(at, 1),
        })
        .collect()
}

fn read_tensor(table: &Table<'_>, buffers: &[(usize, usize)]) -> Result<Tensor, VoiceError> {
    let shape = table
        .ints(0)?
        .into_iter()
        .map(|side| usize::try_from(side).map_err(|_| broken("a shape has a negative side")))
        .collect::<Result<Vec<_>, _>>()?;
    let kind = table.field(1)?.map_or(Ok(0), |at| table.file.u8(at))?;
    let buffer = table.field(2)?.map_or(Ok(0), |at| table.file.u32(at))? as usize;
    let data = *buffers.get(buffer).ok_or_else(|| {
        broken(&format!("a tensor points at buffer {buffer} of {}", buffers.len()))
    })?;
    let scale = match table.field(4)? {
        None => None,
        Some(at) => {
            let quantization = table.file.follow(at).and_then(|at| table.file.table(at))?;
            let scales = quantization.words(2, 4)?;
            let zeros = quantization.words(3, 8)?;
            let symmetric =
                zeros.1 == 0 || table.file.slice(zeros.0, zeros.1)?.iter().all(|&b| b == 0);
            (scales.1 == 4 && symmetric)
                .then(|| table.file.u32(scales.0))
                .transpose()?
                .map(f32::from_bits)
        }
    };
    Ok(Tensor { shape, kind, data, scale })
}

fn read_op(table: &Table<'_>, codes: &[OpCode], tensors: usize) -> Result<Op, VoiceError> {
    let index = table.field(0)?.map_or(Ok(0), |at| table.file.u32(at))? as usize;
    let code = *codes
        .get(index)
        .ok_or_else(|| broken(&format!("an operator has code {index} of {}", codes.len())))?;
    let inputs = table
        .ints(1)?
        .into_iter()
        .map(|input| match usize::try_from(input) {
            Err(_) => Ok(None), // -1: an optional input left out
            Ok(input) if input < tensors => Ok(Some(input)),
            Ok(input) => Err(broken(&format!("an operator reads tensor {input} of {tensors}"))),
        })
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Op { code, inputs })
}

/// The file; every read is checked.
#[derive(Clone, Copy)]
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn slice(self, at: usize, len: usize) -> Result<&'a [u8], VoiceError> {
        at.checked_add(len)
            .and_then(|end| self.0.get(at..end))
            .ok_or_else(|| broken(&format!("it ends before byte {}", at.saturating_add(len))))
    }

    fn u8(self, at: usize) -> Result<u8, VoiceError> {
        Ok(self.slice(at, 1)?[0])
    }

    fn u16(self, at: usize) -> Result<u16, VoiceError> {
        let word = self.slice(at, 2)?;
        Ok(u16::from_le_bytes([word[0], word[1]]))
    }

    fn u32(self, at: usize) -> Result<u32, VoiceError> {
        let word = self.slice(at, 4)?;
        Ok(u32::from_le_bytes([word[0], word[1], word[2], word[3]]))
    }

    fn i32(self, at: usize) -> Result<i32, VoiceError> {
        Ok(self.u32(at)? as i32)
    }

    /// Where the offset stored at `at` leads.
    fn follow(self, at: usize) -> Result<usize, VoiceError> {
        at.checked_add(self.u32(at)? as usize).ok_or_else(|| broken("an offset overflows"))
    }

    fn table(self, at: usize) -> Result<Table<'a>, VoiceError> {
        let back = i64::from(self.i32(at)?);
        let vtable = i64::try_from(at)
            .ok()
            .and_then(|at| usize::try_from(at - back).ok())
            .ok_or_else(|| broken("a table's description lies outside the file"))?;
        let fields = (self.u16(vtable)? as usize).saturating_sub(4) / 2;
        Ok(Table { file: self, at, vtable, fields })
    }

    /// Start and length in bytes of the vector that the offset at `at` leads to.
    fn vector(self, at: usize, item: usize) -> Result<(usize, usize), VoiceError> {
        let start = self.follow(at)?;
        let len = (self.u32(start)? as usize)
            .checked_mul(item)
            .ok_or_else(|| broken("a vector's length overflows"))?;
        self.slice(start + 4, len)?;
        Ok((start + 4, len))
    }
}

struct Table<'a> {
    file: Bytes<'a>,
    at: usize,
    vtable: usize,
    fields: usize,
}

impl<'a> Table<'a> {
    /// Where field `index` lies; `None` when it is absent (its default holds).
    fn field(&self, index: usize) -> Result<Option<usize>, VoiceError> {
        if index >= self.fields {
            return Ok(None);
        }
        let offset = self.file.u16(self.vtable + 4 + 2 * index)? as usize;
        Ok((offset != 0).then_some(self.at + offset))
    }

    /// Start and length in bytes of a vector field; an absent one is empty.
    fn words(&self, index: usize, item: usize) -> Result<(usize, usize), VoiceError> {
        self.field(index)?.map_or(Ok((0, 0)), |at| self.file.vector(at, item))
    }

    fn ints(&self, index: usize) -> Result<Vec<i32>, VoiceError> {
        let (start, len) = self.words(index, 4)?;
        if len / 4 > LIST_MAX {
            return Err(broken(&format!("a shape or an operator has {} entries", len / 4)));
        }
        (0..len / 4).map(|i| self.file.i32(start + 4 * i)).collect()
    }

    fn tables(&self, index: usize) -> Result<Vec<Table<'a>>, VoiceError> {
        let (start, len) = self.words(index, 4)?;
        (0..len / 4)
            .map(|i| self.file.follow(start + 4 * i).and_then(|at| self.file.table(at)))
            .collect()
    }
}
