//! Photos of citizens: judged by what they are and not by what they say they are, turned upright, made smaller and written anew
//! as JPEG, so that nothing of the file that was sent is kept: no place, no camera, nothing hidden behind the picture.

use std::io::{Cursor, Write};
use std::path::Path;

use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};
use sha2::{Digest, Sha256};

use crate::hotline::Photo;
use crate::kernel::CallId;
use crate::store::photo_path;

/// Longest side as it is kept.
const SIDE_MAX: u32 = 2048;
/// Longest side that is decoded, and what a decoder may take for it: a telephone's largest photos.
const SIDE_DECODED: u32 = 12_000;
const DECODED_BYTES_MAX: u64 = 192 * 1024 * 1024;
const QUALITY: u8 = 85;

/// Why a photo is none.
#[derive(Debug, thiserror::Error)]
pub enum NoPhoto {
    #[error("it is neither JPEG, PNG nor WebP")]
    Kind,
    #[error("it has too many pixels")]
    Large,
    #[error("it cannot be decoded")]
    Broken(#[from] image::ImageError),
    #[error("it cannot be kept: {0}")]
    Unkept(#[from] std::io::Error),
}

/// A photo made anew.
#[derive(Debug)]
pub struct Cleaned {
    pub width: u32,
    pub height: u32,
    pub jpeg: Vec<u8>,
}

/// Decodes and writes anew. Costs time and memory: not for a thread that serves others.
///
/// # Errors
/// It is no photo, is broken, or is larger than is decoded.
pub fn cleaned(bytes: &[u8]) -> Result<Cleaned, NoPhoto> {
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format()?;
    let known = [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP];
    if !reader.format().is_some_and(|format| known.contains(&format)) {
        return Err(NoPhoto::Kind);
    }
    let mut limits = Limits::default();
    limits.max_image_width = Some(SIDE_DECODED);
    limits.max_image_height = Some(SIDE_DECODED);
    limits.max_alloc = Some(DECODED_BYTES_MAX);
    reader.limits(limits);
    let mut decoder = reader.into_decoder()?;
    if decoder.total_bytes() > DECODED_BYTES_MAX {
        return Err(NoPhoto::Large);
    }
    let orientation = decoder.orientation()?;
    let mut picture = DynamicImage::from_decoder(decoder)?;
    if picture.width().max(picture.height()) > SIDE_MAX {
        picture = picture.thumbnail(SIDE_MAX, SIDE_MAX);
    }
    picture.apply_orientation(orientation);
    let picture = picture.into_rgb8();
    let (width, height) = picture.dimensions();
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, QUALITY).encode_image(&picture)?;
    Ok(Cleaned { width, height, jpeg })
}

/// Puts it beside the recordings: the whole file is there, or none.
pub(super) fn put(
    folder: &Path,
    call: CallId,
    n: u32,
    cleaned: &Cleaned,
) -> std::io::Result<Photo> {
    let path = photo_path(folder, call, n);
    let begun = path.with_extension("part");
    let mut file = std::fs::File::create(&begun)?;
    file.write_all(&cleaned.jpeg)?;
    file.sync_all()?;
    std::fs::rename(&begun, &path)?;
    let sha256: String =
        Sha256::digest(&cleaned.jpeg).iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Photo { n, width: cleaned.width, height: cleaned.height, sha256 })
}
