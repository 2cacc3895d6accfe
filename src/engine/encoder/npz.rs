//! NumPy's archives: a zip of `.npy` arrays (NumPy NEP 1), as far as weights need them: little endian, C order,
//! `f4`, `f8`, `u1`, `i1`.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use crate::knowledge::KnowledgeError;

/// Largest array that is read, in bytes: far above any weight here, and a bound on what a wrong file can ask for.
const ARRAY_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// An open archive of arrays.
pub(super) struct Npz {
    path: PathBuf,
    archive: zip::ZipArchive<BufReader<File>>,
}

/// One array: its dimensions and its elements in C order.
pub(super) struct Array<T> {
    pub shape: Vec<usize>,
    pub data: Vec<T>,
}

impl Npz {
    pub(super) fn open(path: &Path) -> Result<Npz, KnowledgeError> {
        let file = File::open(path).map_err(|e| KnowledgeError::Model {
            path: path.display().to_string(),
            reason: e.to_string(),
        })?;
        let archive =
            zip::ZipArchive::new(BufReader::new(file)).map_err(|e| format(path, &e.to_string()))?;
        Ok(Npz { path: path.to_path_buf(), archive })
    }

    /// An array of floats (`f4`, or a scalar `f8`) of exactly this shape.
    pub(super) fn floats(
        &mut self,
        name: &str,
        shape: &[usize],
    ) -> Result<Vec<f32>, KnowledgeError> {
        let (array, kind) = self.raw(name)?;
        self.expect_shape(name, &array.shape, shape)?;
        match kind.as_str() {
            "<f4" => Ok(array
                .data
                .chunks_exact(4)
                .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
                .collect()),
            "<f8" => Ok(array
                .data
                .chunks_exact(8)
                .map(|b| {
                    f64::from_le_bytes([b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]]) as f32
                })
                .collect()),
            other => {
                Err(format(&self.path, &format!("{name} has elements of {other}, not of <f4")))
            }
        }
    }

    /// An array of bytes (`u1`) of exactly this shape.
    pub(super) fn bytes(&mut self, name: &str, shape: &[usize]) -> Result<Vec<u8>, KnowledgeError> {
        let (array, kind) = self.raw(name)?;
        self.expect_shape(name, &array.shape, shape)?;
        if kind == "|u1" {
            Ok(array.data)
        } else {
            Err(format(&self.path, &format!("{name} has elements of {kind}, not of |u1")))
        }
    }

    fn expect_shape(
        &self,
        name: &str,
        got: &[usize],
        want: &[usize],
    ) -> Result<(), KnowledgeError> {
        if got == want {
            Ok(())
        } else {
            Err(format(&self.path, &format!("{name} has the shape {got:?}, not {want:?}")))
        }
    }

    fn raw(&mut self, name: &str) -> Result<(Array<u8>, String), KnowledgeError> {
        let path = &self.path;
        let member = self
            .archive
            .by_name(&format!("{name}.npy"))
            .map_err(|e| format(path, &format!("{name}: {e}")))?;
        let mut bytes = Vec::new();
        let read = member.take(ARRAY_BYTES_MAX).read_to_end(&mut bytes);
        read.map_err(|e| format(path, &format!("{name}: {e}")))?;
        parse(bytes).map_err(|reason| format(path, &format!("{name}: {reason}")))
    }
}

fn format(path: &Path, reason: &str) -> KnowledgeError {
    KnowledgeError::Format { path: path.display().to_string(), reason: reason.into() }
}

/// The dimensions, the bytes and the type of the elements of one `.npy`.
fn parse(mut bytes: Vec<u8>) -> Result<(Array<u8>, String), String> {
    if !bytes.starts_with(b"\x93NUMPY") {
        return Err("is not an .npy array".into());
    }
    // Version 1 gives the header's length in two bytes, 2 and 3 in four.
    let (start, length): (usize, usize) = match (bytes.get(6), bytes.get(8..12)) {
        (Some(1), Some(b)) => (10, usize::from(u16::from_le_bytes([b[0], b[1]]))),
        (Some(2 | 3), Some(b)) => (12, u32::from_le_bytes([b[0], b[1], b[2], b[3]]) as usize),
        _ => return Err("has an unknown .npy version".into()),
    };
    let header =
        bytes.get(start..start.saturating_add(length)).ok_or("is cut off in its header")?;
    let header = std::str::from_utf8(header).map_err(|_| "has an unreadable header")?;
    let kind = value(header, "descr")
        .and_then(|v| v.strip_prefix('\'')?.split('\'').next())
        .ok_or("names no element type")?
        .to_owned();
    if !value(header, "fortran_order").is_some_and(|v| v.starts_with("False")) {
        return Err("is not in C order".into());
    }
    let shape = value(header, "shape")
        .and_then(|v| v.strip_prefix('(')?.split(')').next())
        .ok_or("names no shape")?
        .split(',')
        .map(str::trim)
        .filter(|n| !n.is_empty())
        .map(|n| n.parse::<usize>().map_err(|_| "has an unreadable shape"))
        .collect::<Result<Vec<_>, _>>()?;
    let width = match kind.as_str() {
        "|u1" | "|i1" => 1,
        "<f4" => 4,
        "<f8" => 8,
        other => return Err(format!("has elements of {other}, which are not read here")),
    };
    let want =
        shape.iter().try_fold(width, |n: usize, d| n.checked_mul(*d)).ok_or("is too large")?;
    let data = bytes.split_off(start + length);
    if data.len() == want {
        Ok((Array { shape, data }, kind))
    } else {
        Err(format!("has {} bytes instead of {want}", data.len()))
    }
}

/// What follows `'key':` in the header, which is a Python dictionary written by NumPy.
fn value<'h>(header: &'h str, key: &str) -> Option<&'h str> {
    let at = header.find(&format!("'{key}'"))?;
    header.get(at + key.len() + 2..)?.trim_start().strip_prefix(':').map(str::trim_start)
}
