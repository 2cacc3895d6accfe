//! Chinese text as data: how it is spoken, how it sounds, its numbers, and its one plain form.
//!
//! * [`speakable`]: text to clauses of syllables and pauses for the voice ([`FrontEnd`]);
//! * [`pinyin`]: readings by phrase ([`Lexicon`]), from a table that the installer brings;
//! * [`sounding`]: toneless likeness of words, without any model data;
//! * [`pairs`]: neighbouring sounds of a text, to find texts that tell of the same;
//! * [`numbers`]: Chinese numerals and spoken digits, both ways;
//! * [`groups`]: telephone and ticket numbers in the groups in which they are said;
//! * [`misheard`]: what a recogniser might have written instead;
//! * [`simplify`], [`normalise`]: one script, one width, one way to write a number;
//! * [`wording`]: texts with slots to fill, and the files that hold them.

pub mod address;
mod figures;
pub mod groups;
mod mishearing;
pub mod normalise;
pub mod numbers;
pub mod pairs;
pub mod pinyin;
pub mod simplify;
pub mod sounding;
pub mod speakable;
mod tones;
pub mod wording;
mod written;

pub use mishearing::misheard;
pub use normalise::{character_error_rate, comparable, edits};
pub use numbers::{DigitRun, Numeral, numerals, parse_numeral, spoken_digits, to_spoken};
pub use pinyin::Lexicon;
pub use simplify::simplified;
pub use sounding::{
    Found, Syllable, blurred, find_sounding, find_syllables, likeness, sounds_like, toneless,
};
pub use speakable::{Clause, FrontEnd, Sound};

use std::path::PathBuf;

/// What keeps the front end from being ready. Text itself never fails: whatever it holds, it has clauses.
#[derive(Debug, thiserror::Error)]
pub enum LanguageError {
    #[error(
        "the table of readings {path} is not there ({source}); `huiyin models fetch` brings it"
    )]
    Missing { path: PathBuf, source: std::io::Error },
    #[error(
        "the table of readings {path} cannot be used: {detail}; `huiyin models fetch` brings a fresh one"
    )]
    Broken { path: PathBuf, detail: String },
}
