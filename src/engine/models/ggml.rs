//! Writes a Whisper model in the one-file format that whisper.cpp loads.
//!
//! Source: whisper.cpp `models/convert-pt-to-ggml.py` and `whisper_model_load`. Matrices stay in half precision; vectors,
//! layer norms and both position tables are written in single precision.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::ops::Range;

use super::ct2::{Ct2Model, DType, Variable};
use super::mel;

pub const MAGIC: u32 = 0x6767_6d6c;
const TYPE_F32: i32 = 0;
const TYPE_F16: i32 = 1;
const MELS: usize = 80;
const END_OF_TEXT: &str = "<|endoftext|>";

#[derive(Debug, thiserror::Error)]
pub enum ConvertError {
    #[error("variable {0} is not there")]
    NoVariable(String),
    #[error("variable {name}: {detail}")]
    Variable { name: String, detail: String },
    #[error("variable {0} has no place in a Whisper model")]
    Unexpected(String),
    #[error("the vocabulary: {0}")]
    Vocabulary(String),
    #[error("it cannot be written: {0}")]
    Write(#[from] io::Error),
}

/// The bytes of the plain text tokens, by id; whisper.cpp makes up the special ones itself.
pub struct Vocabulary(Vec<Vec<u8>>);

impl Vocabulary {
    /// One token a line, in GPT-2's printable alphabet. Only `\n` ends a line: other line separators occur inside tokens.
    pub fn from_lines(text: &str) -> Result<Vocabulary, ConvertError> {
        Vocabulary::from_tokens(text.split('\n'))
    }

    pub fn from_json(text: &str) -> Result<Vocabulary, ConvertError> {
        let tokens: Vec<String> =
            serde_json::from_str(text).map_err(|e| ConvertError::Vocabulary(e.to_string()))?;
        Vocabulary::from_tokens(tokens.iter().map(String::as_str))
    }

    fn from_tokens<'a>(tokens: impl Iterator<Item = &'a str>) -> Result<Vocabulary, ConvertError> {
        let mut plain = Vec::new();
        for token in tokens {
            if token == END_OF_TEXT {
                return Ok(Vocabulary(plain));
            }
            plain.push(bytes_of(token).ok_or_else(|| {
                ConvertError::Vocabulary(format!(
                    "token {} holds a character outside the byte alphabet",
                    plain.len()
                ))
            })?);
        }
        Err(ConvertError::Vocabulary(format!("it has no {END_OF_TEXT}")))
    }
}

/// GPT-2 writes every byte as a printable character: itself where it is one, else from U+0100 on.
fn bytes_of(token: &str) -> Option<Vec<u8>> {
    let itself = |b: u8| matches!(b, b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff);
    token
        .chars()
        .map(|c| {
            let code = u32::from(c);
            match u8::try_from(code) {
                Ok(b) => itself(b).then_some(b),
                Err(_) => {
                    let nth = usize::try_from(code.checked_sub(0x100)?).ok()?;
                    (0..=u8::MAX).filter(|b| !itself(*b)).nth(nth)
                }
            }
        })
        .collect()
}

/// Converts the whole model.
pub fn write_whisper(
    model: &Ct2Model,
    vocabulary: &Vocabulary,
    out: &mut impl Write,
) -> Result<(), ConvertError> {
    let shape = Shape::of(model)?;
    if vocabulary.0.len() >= shape.vocabulary {
        let detail =
            format!("{} plain tokens for a model of {}", vocabulary.0.len(), shape.vocabulary);
        return Err(ConvertError::Vocabulary(detail));
    }
    write_header(&shape, vocabulary, out)?;
    let mut tensors = Tensors { model, out, used: BTreeSet::new() };
    tensors.encoder(&shape)?;
    tensors.decoder(&shape)?;
    tensors.all_used()
}

fn write_header(
    shape: &Shape,
    vocabulary: &Vocabulary,
    out: &mut impl Write,
) -> Result<(), ConvertError> {
    out.write_all(&MAGIC.to_le_bytes())?;
    for n in [
        shape.vocabulary,
        shape.audio_context,
        shape.width,
        shape.audio_heads,
        shape.audio_layers,
        shape.text_context,
        shape.width,
        shape.text_heads,
        shape.text_layers,
        MELS,
        TYPE_F16 as usize,
        MELS,
        mel::BINS,
    ] {
        write_int(out, n)?;
    }
    for weight in mel::filters(MELS) {
        out.write_all(&weight.to_le_bytes())?;
    }
    write_int(out, vocabulary.0.len())?;
    for token in &vocabulary.0 {
        write_int(out, token.len())?;
        out.write_all(token)?;
    }
    Ok(())
}

fn write_int(out: &mut impl Write, n: usize) -> io::Result<()> {
    let n = i32::try_from(n).map_err(|_| io::Error::other("a size is over 2^31"))?;
    out.write_all(&n.to_le_bytes())
}

struct Shape {
    vocabulary: usize,
    width: usize,
    audio_context: usize,
    audio_heads: usize,
    audio_layers: usize,
    text_context: usize,
    text_heads: usize,
    text_layers: usize,
}

impl Shape {
    fn of(model: &Ct2Model) -> Result<Shape, ConvertError> {
        let [vocabulary, width] = dims(model, "decoder/embeddings/weight")?;
        let [audio_context, audio_width] = dims(model, "encoder/position_encodings/encodings")?;
        let [text_context, _] = dims(model, "decoder/position_encodings/encodings")?;
        let [_, mels, _] = dims(model, "encoder/conv1/weight")?;
        if audio_width != width {
            let detail = format!("width {audio_width}, the decoder's is {width}");
            return Err(wrong("encoder/position_encodings/encodings", &detail));
        }
        if mels != MELS {
            let detail = format!("{mels} mel bands, only {MELS} are known");
            return Err(wrong("encoder/conv1/weight", &detail));
        }
        Ok(Shape {
            vocabulary,
            width,
            audio_context,
            audio_heads: scalar(model, "encoder/num_heads")?,
            audio_layers: layers(model, "encoder"),
            text_context,
            text_heads: scalar(model, "decoder/num_heads")?,
            text_layers: layers(model, "decoder"),
        })
    }
}

fn wrong(name: &str, detail: &str) -> ConvertError {
    ConvertError::Variable { name: name.to_string(), detail: detail.to_string() }
}

fn variable<'m, 'a>(model: &'m Ct2Model<'a>, name: &str) -> Result<&'m Variable<'a>, ConvertError> {
    model.variables.get(name).ok_or_else(|| ConvertError::NoVariable(name.to_string()))
}

fn dims<const N: usize>(model: &Ct2Model, name: &str) -> Result<[usize; N], ConvertError> {
    let dims = &variable(model, name)?.dims;
    dims.as_slice()
        .try_into()
        .map_err(|_| wrong(name, &format!("its shape {dims:?} has not {N} dimensions")))
}

fn scalar(model: &Ct2Model, name: &str) -> Result<usize, ConvertError> {
    let v = variable(model, name)?;
    match (v.dtype, v.data) {
        (DType::I8, [b]) => Ok(usize::from(*b)),
        (DType::I16, [a, b]) => Ok(usize::from(u16::from_le_bytes([*a, *b]))),
        _ => Err(wrong(name, "it is not one small number")),
    }
}

fn layers(model: &Ct2Model, side: &str) -> usize {
    (0..)
        .take_while(|i| {
            let norm = format!("{side}/layer_{i}/ffn/layer_norm/gamma");
            model.variables.contains_key(norm.as_str())
        })
        .count()
}

/// Half precision (IEEE 754 binary16) widened exactly.
pub(super) fn f32_from_f16(bits: u16) -> f32 {
    let sign = u32::from(bits >> 15) << 31;
    let exponent = u32::from(bits >> 10 & 0x1f);
    let fraction = u32::from(bits & 0x3ff);
    match (exponent, fraction) {
        (0, f) => {
            let magnitude = f as f32 / (1 << 24) as f32;
            f32::from_bits(sign | magnitude.to_bits())
        }
        (31, f) => f32::from_bits(sign | 0x7f80_0000 | f << 13),
        (e, f) => f32::from_bits(sign | (e + 112) << 23 | f << 13),
    }
}

/// Writes one tensor after another and remembers what was used.
struct Tensors<'m, 'a, W> {
    model: &'m Ct2Model<'a>,
    out: &'m mut W,
    used: BTreeSet<String>,
}

impl<'a, W: Write> Tensors<'_, 'a, W> {
    fn encoder(&mut self, shape: &Shape) -> Result<(), ConvertError> {
        let table = "encoder/position_encodings/encodings";
        self.single("encoder.positional_embedding", table, None)?;
        for conv in ["conv1", "conv2"] {
            let (ours, theirs) = (format!("encoder.{conv}"), format!("encoder/{conv}"));
            self.half(&format!("{ours}.weight"), &format!("{theirs}/weight"), None)?;
            self.column(&format!("{ours}.bias"), &format!("{theirs}/bias"))?;
        }
        self.norm("encoder.ln_post", "encoder/layer_norm")?;
        for i in 0..shape.audio_layers {
            let (ours, theirs) = (format!("encoder.blocks.{i}"), format!("encoder/layer_{i}"));
            self.feed_forward(&ours, &theirs)?;
            self.self_attention(&ours, &theirs, shape.width)?;
        }
        Ok(())
    }

    fn decoder(&mut self, shape: &Shape) -> Result<(), ConvertError> {
        let table = "decoder/position_encodings/encodings";
        self.single("decoder.positional_embedding", table, None)?;
        let embeddings = "decoder/embeddings/weight";
        self.half("decoder.token_embedding.weight", embeddings, None)?;
        self.norm("decoder.ln", "decoder/layer_norm")?;
        for i in 0..shape.text_layers {
            let (ours, theirs) = (format!("decoder.blocks.{i}"), format!("decoder/layer_{i}"));
            self.feed_forward(&ours, &theirs)?;
            self.self_attention(&ours, &theirs, shape.width)?;
            self.cross_attention(&ours, &theirs, shape.width)?;
        }
        Ok(())
    }

    fn feed_forward(&mut self, ours: &str, theirs: &str) -> Result<(), ConvertError> {
        self.norm(&format!("{ours}.mlp_ln"), &format!("{theirs}/ffn/layer_norm"))?;
        self.linear(&format!("{ours}.mlp.0"), &format!("{theirs}/ffn/linear_0"), None)?;
        self.linear(&format!("{ours}.mlp.2"), &format!("{theirs}/ffn/linear_1"), None)
    }

    /// `linear_0` is query, key and value one below the other.
    fn self_attention(&mut self, ours: &str, theirs: &str, n: usize) -> Result<(), ConvertError> {
        let theirs = format!("{theirs}/self_attention");
        self.norm(&format!("{ours}.attn_ln"), &format!("{theirs}/layer_norm"))?;
        let joined = format!("{theirs}/linear_0");
        self.linear(&format!("{ours}.attn.query"), &joined, Some(0..n))?;
        self.key(&format!("{ours}.attn.key"), &joined, n..2 * n)?;
        self.linear(&format!("{ours}.attn.value"), &joined, Some(2 * n..3 * n))?;
        self.linear(&format!("{ours}.attn.out"), &format!("{theirs}/linear_1"), None)
    }

    /// `linear_0` is the query, `linear_1` key and value one below the other, `linear_2` the output.
    fn cross_attention(&mut self, ours: &str, theirs: &str, n: usize) -> Result<(), ConvertError> {
        let theirs = format!("{theirs}/attention");
        self.norm(&format!("{ours}.cross_attn_ln"), &format!("{theirs}/layer_norm"))?;
        let query = format!("{theirs}/linear_0");
        self.linear(&format!("{ours}.cross_attn.query"), &query, None)?;
        let joined = format!("{theirs}/linear_1");
        self.key(&format!("{ours}.cross_attn.key"), &joined, 0..n)?;
        self.linear(&format!("{ours}.cross_attn.value"), &joined, Some(n..2 * n))?;
        let out = format!("{theirs}/linear_2");
        self.linear(&format!("{ours}.cross_attn.out"), &out, None)
    }

    fn norm(&mut self, ours: &str, theirs: &str) -> Result<(), ConvertError> {
        self.single(&format!("{ours}.weight"), &format!("{theirs}/gamma"), None)?;
        self.single(&format!("{ours}.bias"), &format!("{theirs}/beta"), None)
    }

    fn linear(
        &mut self,
        ours: &str,
        theirs: &str,
        rows: Option<Range<usize>>,
    ) -> Result<(), ConvertError> {
        self.half(&format!("{ours}.weight"), &format!("{theirs}/weight"), rows.clone())?;
        self.single(&format!("{ours}.bias"), &format!("{theirs}/bias"), rows)
    }

    /// Whisper's keys have no bias; the joined layer carries zeros there, and anything else would be lost.
    fn key(&mut self, ours: &str, theirs: &str, rows: Range<usize>) -> Result<(), ConvertError> {
        let bias = format!("{theirs}/bias");
        let (values, _) = self.values(&bias, Some(rows.clone()))?;
        if values.iter().any(|v| *v != 0.0) {
            return Err(wrong(&bias, "the key's part is not zero"));
        }
        self.half(&format!("{ours}.weight"), &format!("{theirs}/weight"), Some(rows))
    }

    fn half(
        &mut self,
        ours: &str,
        theirs: &str,
        rows: Option<Range<usize>>,
    ) -> Result<(), ConvertError> {
        let (v, dims) = self.rows(theirs, rows)?;
        if v.dtype != DType::F16 {
            let detail = format!("{:?} weights are not known, only F16", v.dtype);
            return Err(wrong(theirs, &detail));
        }
        self.tensor(ours, TYPE_F16, &dims, v.data)
    }

    fn single(
        &mut self,
        ours: &str,
        theirs: &str,
        rows: Option<Range<usize>>,
    ) -> Result<(), ConvertError> {
        let (values, dims) = self.values(theirs, rows)?;
        let data: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.tensor(ours, TYPE_F32, &dims, &data)
    }

    /// A convolution's bias: a column.
    fn column(&mut self, ours: &str, theirs: &str) -> Result<(), ConvertError> {
        let (values, mut dims) = self.values(theirs, None)?;
        dims.push(1);
        let data: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.tensor(ours, TYPE_F32, &dims, &data)
    }

    fn values(
        &mut self,
        theirs: &str,
        rows: Option<Range<usize>>,
    ) -> Result<(Vec<f32>, Vec<usize>), ConvertError> {
        let (v, dims) = self.rows(theirs, rows)?;
        let values = match v.dtype {
            DType::F16 => v
                .data
                .as_chunks::<2>()
                .0
                .iter()
                .map(|b| f32_from_f16(u16::from_le_bytes(*b)))
                .collect(),
            DType::F32 => {
                v.data.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect()
            }
            other => return Err(wrong(theirs, &format!("{other:?} where F16 is expected"))),
        };
        Ok((values, dims))
    }

    /// The variable, cut down to some of its rows.
    fn rows(
        &mut self,
        theirs: &str,
        rows: Option<Range<usize>>,
    ) -> Result<(Variable<'a>, Vec<usize>), ConvertError> {
        let v = variable(self.model, theirs)?;
        self.used.insert(theirs.to_string());
        let Some(rows) = rows else {
            return Ok((v.clone(), v.dims.clone()));
        };
        let mut dims = v.dims.clone();
        let (Some(first), stride) =
            (dims.first_mut(), v.dims.iter().skip(1).product::<usize>() * v.dtype.bytes())
        else {
            return Err(wrong(theirs, "it is a single number"));
        };
        *first = rows.len();
        let data = v
            .data
            .get(rows.start * stride..rows.end * stride)
            .ok_or_else(|| wrong(theirs, &format!("its shape {:?} is too small", v.dims)))?;
        let cut = Variable { dims: dims.clone(), dtype: v.dtype, data };
        Ok((cut, dims))
    }

    fn tensor(
        &mut self,
        name: &str,
        kind: i32,
        dims: &[usize],
        data: &[u8],
    ) -> Result<(), ConvertError> {
        write_int(self.out, dims.len())?;
        write_int(self.out, name.len())?;
        self.out.write_all(&kind.to_le_bytes())?;
        for n in dims.iter().rev() {
            write_int(self.out, *n)?;
        }
        self.out.write_all(name.as_bytes())?;
        self.out.write_all(data)?;
        Ok(())
    }

    /// Scalars are settings and the alignment heads serve timestamps only; any other array left over means that the model
    /// is built differently.
    fn all_used(&self) -> Result<(), ConvertError> {
        for (name, v) in &self.model.variables {
            let is_setting = v.dims.is_empty() || name.starts_with("decoder/alignment");
            if !is_setting && !self.used.contains(*name) {
                return Err(ConvertError::Unexpected((*name).to_string()));
            }
        }
        Ok(())
    }
}
