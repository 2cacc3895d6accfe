//! The sentence encoder: texts to points, in pure Rust, from weights that the installer fetches.

mod npz;
mod universal;

pub use universal::UseEncoder;
