//! Reads the weights out of the package's ONNX file. It holds one network for 8 and one for 16 kHz, as the branches of an `If`;
//! of the format (onnx.proto3 of ONNX 1.x, in the wire format of protocol buffers) only what leads to their constants is read.

use super::network::Broken;

/// Field numbers of onnx.proto3.
const MODEL_GRAPH: u64 = 7;
const GRAPH_NODE: u64 = 1;
const NODE_ATTRIBUTE: u64 = 5;
const ATTRIBUTE_TENSOR: u64 = 5;
const ATTRIBUTE_GRAPH: u64 = 6;
const TENSOR_DIMS: u64 = 1;
const TENSOR_TYPE: u64 = 2;
const TENSOR_NAME: u64 = 8;
const TENSOR_RAW: u64 = 9;
/// `TensorProto.DataType.FLOAT`.
const FLOAT: u64 = 1;

/// Constants of one branch.
pub struct Tensors<'a>(Vec<Tensor<'a>>);

struct Tensor<'a> {
    name: &'a [u8],
    dims: Vec<u64>,
    raw: &'a [u8],
}

impl<'a> Tensors<'a> {
    /// Those of the branch in which the tensor `name` has these dimensions.
    pub fn find(file: &'a [u8], name: &str, dims: &[u64]) -> Result<Self, Broken> {
        let graph = all(file, MODEL_GRAPH)?.pop().ok_or(Broken("no graph"))?;
        for node in all(graph, GRAPH_NODE)? {
            for attribute in all(node, NODE_ATTRIBUTE)? {
                for branch in all(attribute, ATTRIBUTE_GRAPH)? {
                    let tensors = Tensors(constants(branch)?);
                    if tensors.get(name, dims).is_ok() {
                        return Ok(tensors);
                    }
                }
            }
        }
        Err(Broken("no network for 8 kHz"))
    }

    /// The values of a tensor that must have these dimensions.
    pub fn get(&self, name: &str, dims: &[u64]) -> Result<Vec<f32>, Broken> {
        let wanted = |tensor: &&Tensor<'_>| tensor.name == name.as_bytes() && tensor.dims == dims;
        let tensor = self.0.iter().find(wanted).ok_or(Broken("a weight is missing"))?;
        let values: Vec<f32> =
            tensor.raw.as_chunks().0.iter().map(|octets| f32::from_le_bytes(*octets)).collect();
        let count = dims.iter().product::<u64>();
        if values.len() as u64 != count || values.iter().any(|value| !value.is_finite()) {
            return Err(Broken("a weight has no such values"));
        }
        Ok(values)
    }
}

/// The tensors of a graph's constants that hold floats.
fn constants(graph: &[u8]) -> Result<Vec<Tensor<'_>>, Broken> {
    let mut found = Vec::new();
    for node in all(graph, GRAPH_NODE)? {
        for attribute in all(node, NODE_ATTRIBUTE)? {
            for tensor in all(attribute, ATTRIBUTE_TENSOR)? {
                found.extend(read(tensor)?);
            }
        }
    }
    Ok(found)
}

fn read(tensor: &[u8]) -> Result<Option<Tensor<'_>>, Broken> {
    let mut read = Tensor { name: &[], dims: Vec::new(), raw: &[] };
    let mut float = false;
    let mut fields = Fields(tensor);
    while let Some((number, value)) = fields.next()? {
        match (number, value) {
            (TENSOR_DIMS, Value::Number(length)) => read.dims.push(length),
            (TENSOR_DIMS, Value::Octets(packed)) => {
                let mut packed = Fields(packed);
                while !packed.0.is_empty() {
                    read.dims.push(packed.number()?);
                }
            }
            (TENSOR_TYPE, Value::Number(kind)) => float = kind == FLOAT,
            (TENSOR_NAME, Value::Octets(name)) => read.name = name,
            (TENSOR_RAW, Value::Octets(raw)) => read.raw = raw,
            _ => {}
        }
    }
    Ok(float.then_some(read))
}

/// Every field of a message with this number that holds octets.
fn all(message: &[u8], wanted: u64) -> Result<Vec<&[u8]>, Broken> {
    let mut found = Vec::new();
    let mut fields = Fields(message);
    while let Some((number, value)) = fields.next()? {
        if let Value::Octets(octets) = value
            && number == wanted
        {
            found.push(octets);
        }
    }
    Ok(found)
}

enum Value<'a> {
    Number(u64),
    Octets(&'a [u8]),
    /// Four or eight octets of a fixed width: nothing here is kept so.
    Fixed,
}

/// What of a message is not read yet.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn next(&mut self) -> Result<Option<(u64, Value<'a>)>, Broken> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let key = self.number()?;
        let value = match key & 7 {
            0 => Value::Number(self.number()?),
            1 => self.take(8).map(|_| Value::Fixed)?,
            2 => {
                let length = self.number()?;
                Value::Octets(self.take(length)?)
            }
            5 => self.take(4).map(|_| Value::Fixed)?,
            _ => return Err(Broken("no ONNX file")),
        };
        Ok(Some((key >> 3, value)))
    }

    fn number(&mut self) -> Result<u64, Broken> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let (&octet, rest) = self.0.split_first().ok_or(CUT)?;
            self.0 = rest;
            number |= u64::from(octet & 0x7f) << shift;
            if octet & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(Broken("no ONNX file"))
    }

    fn take(&mut self, length: u64) -> Result<&'a [u8], Broken> {
        let length = usize::try_from(length).map_err(|_| CUT)?;
        let (taken, rest) = self.0.split_at_checked(length).ok_or(CUT)?;
        self.0 = rest;
        Ok(taken)
    }
}

const CUT: Broken = Broken("the file ends too early");
