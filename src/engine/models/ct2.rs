//! CTranslate2's `model.bin`, read only: little endian, a header, then named variables, then aliases.
//!
//! Source: CTranslate2 `include/ctranslate2/models/model.h` and `python/ctranslate2/specs/model_spec.py`, binary version 6.

use std::collections::BTreeMap;

/// The only binary version known here.
const VERSION: u32 = 6;
const RANK_MAX: u8 = 8;

#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Ct2Error {
    #[error("it ends at byte {at} in the middle of {what}")]
    Truncated { at: usize, what: &'static str },
    #[error("binary version {0}, only {VERSION} is known: not a CTranslate2 model of this kind")]
    Version(u32),
    #[error("it is a {0:?}, not a WhisperSpec")]
    Spec(String),
    #[error("a name at byte {0} is not text")]
    Name(usize),
    #[error("variable {name}: {detail}")]
    Variable { name: String, detail: String },
    #[error("{0} bytes are left over at the end")]
    TrailingBytes(usize),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DType {
    F32,
    I8,
    I16,
    I32,
    F16,
    BF16,
}

impl DType {
    fn from_code(code: u8) -> Option<DType> {
        Some(match code {
            0 => DType::F32,
            1 => DType::I8,
            2 => DType::I16,
            3 => DType::I32,
            4 => DType::F16,
            5 => DType::BF16,
            _ => return None,
        })
    }

    pub const fn bytes(self) -> usize {
        match self {
            DType::I8 => 1,
            DType::I16 | DType::F16 | DType::BF16 => 2,
            DType::F32 | DType::I32 => 4,
        }
    }
}

/// One array. `dims` is row-major, slowest first; a scalar has none.
#[derive(Clone, PartialEq, Debug)]
pub struct Variable<'a> {
    pub dims: Vec<usize>,
    pub dtype: DType,
    pub data: &'a [u8],
}

#[derive(Clone, PartialEq, Debug)]
pub struct Ct2Model<'a> {
    pub revision: u32,
    pub variables: BTreeMap<&'a str, Variable<'a>>,
    /// Second name, first name.
    pub aliases: Vec<(&'a str, &'a str)>,
}

impl<'a> Ct2Model<'a> {
    pub fn parse(bytes: &'a [u8]) -> Result<Ct2Model<'a>, Ct2Error> {
        let mut r = Reader { bytes, at: 0 };
        let version = r.u32("the version")?;
        if version != VERSION {
            return Err(Ct2Error::Version(version));
        }
        let spec = r.string("the kind of model")?;
        if spec != "WhisperSpec" {
            return Err(Ct2Error::Spec(spec.chars().take(40).collect()));
        }
        let revision = r.u32("the revision")?;
        let count = r.u32("the number of variables")?;
        let mut variables = BTreeMap::new();
        for _ in 0..count {
            let (name, variable) = r.variable()?;
            if variables.insert(name, variable).is_some() {
                return Err(variable_error(name, "it is there twice"));
            }
        }
        let mut aliases = Vec::new();
        for _ in 0..r.u32("the number of aliases")? {
            aliases.push((r.string("an alias")?, r.string("an alias")?));
        }
        match bytes.len() - r.at {
            0 => Ok(Ct2Model { revision, variables, aliases }),
            left => Err(Ct2Error::TrailingBytes(left)),
        }
    }
}

fn variable_error(name: &str, detail: &str) -> Ct2Error {
    Ct2Error::Variable { name: name.to_string(), detail: detail.to_string() }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, n: usize, what: &'static str) -> Result<&'a [u8], Ct2Error> {
        let cut = Ct2Error::Truncated { at: self.bytes.len(), what };
        let end = self.at.checked_add(n).ok_or(cut.clone())?;
        let piece = self.bytes.get(self.at..end).ok_or(cut)?;
        self.at = end;
        Ok(piece)
    }

    fn u8(&mut self, what: &'static str) -> Result<u8, Ct2Error> {
        Ok(self.take(1, what)?.iter().fold(0, |_, b| *b))
    }

    fn u16(&mut self, what: &'static str) -> Result<u16, Ct2Error> {
        let b = self.take(2, what)?;
        Ok(b.iter().rev().fold(0, |v, b| v << 8 | u16::from(*b)))
    }

    fn u32(&mut self, what: &'static str) -> Result<u32, Ct2Error> {
        let b = self.take(4, what)?;
        Ok(b.iter().rev().fold(0, |v, b| v << 8 | u32::from(*b)))
    }

    /// Length first, with the closing NUL counted.
    fn string(&mut self, what: &'static str) -> Result<&'a str, Ct2Error> {
        let length = usize::from(self.u16(what)?);
        let at = self.at;
        let bytes = self.take(length, what)?;
        let bytes = bytes.strip_suffix(&[0]).ok_or(Ct2Error::Name(at))?;
        std::str::from_utf8(bytes).map_err(|_| Ct2Error::Name(at))
    }

    fn variable(&mut self) -> Result<(&'a str, Variable<'a>), Ct2Error> {
        let name = self.string("a variable's name")?;
        let rank = self.u8("a variable's rank")?;
        if rank > RANK_MAX {
            return Err(variable_error(name, &format!("rank {rank}")));
        }
        let mut dims = Vec::with_capacity(usize::from(rank));
        for _ in 0..rank {
            dims.push(self.u32("a variable's shape")? as usize);
        }
        let code = self.u8("a variable's type")?;
        let dtype = DType::from_code(code)
            .ok_or_else(|| variable_error(name, &format!("unknown type {code}")))?;
        let length = self.u32("a variable's length")? as usize;
        let expected = dims.iter().try_fold(dtype.bytes(), |n, d| n.checked_mul(*d));
        if expected != Some(length) {
            let detail = format!("{length} bytes do not fit the shape {dims:?}");
            return Err(variable_error(name, &detail));
        }
        let data = self.take(length, "a variable's data")?;
        Ok((name, Variable { dims, dtype, data }))
    }
}
