//! Pinyin to the numbers the voice was trained on: for each syllable an initial and a toned final, then how closely the next one follows.

use std::collections::HashMap;
use std::path::Path;

use serde::Deserialize;

use super::{SYMBOLS, VoiceError};
use crate::language::Sound;

/// How closely the next syllable follows: within a word, then after a prosodic word, a phrase, a clause.
const GAPS: [&str; 4] = ["#0", "#1", "#2", "#3"];

/// The voice's table (`baker_mapper.json`).
pub struct Mapper {
    /// Toneless pinyin → initial and final.
    syllables: HashMap<String, (String, String)>,
    symbols: HashMap<String, i32>,
}

#[derive(Deserialize)]
struct Stored {
    symbol_to_id: HashMap<String, i32>,
    pinyin_dict: HashMap<String, (String, String)>,
}

impl Mapper {
    /// # Errors
    /// [`VoiceError::File`] when it cannot be read, else as [`Mapper::parse`].
    pub fn load(path: &Path) -> Result<Mapper, VoiceError> {
        let bytes = std::fs::read(path)
            .map_err(|source| VoiceError::File { path: path.display().to_string(), source })?;
        Mapper::parse(&bytes)
    }

    /// # Errors
    /// [`VoiceError::Broken`] when the JSON lacks one of its tables or a number in it is out of range.
    pub fn parse(json: &[u8]) -> Result<Mapper, VoiceError> {
        let stored: Stored = serde_json::from_slice(json)
            .map_err(|error| VoiceError::Broken(format!("baker_mapper.json: {error}")))?;
        let range = 0..SYMBOLS as i32;
        if let Some((symbol, id)) = stored.symbol_to_id.iter().find(|(_, id)| !range.contains(id)) {
            return Err(VoiceError::Broken(format!(
                "baker_mapper.json: symbol {symbol:?} has number {id}, the voice knows 0 to {}",
                SYMBOLS - 1
            )));
        }
        let mapper = Mapper { syllables: stored.pinyin_dict, symbols: stored.symbol_to_id };
        for needed in GAPS.iter().chain(&["sil", "eos", "er5"]) {
            mapper.symbol(needed)?;
        }
        Ok(mapper)
    }

    /// One breath of speech, between silences. Pauses stand between syllables; those at the ends make no difference, and of several the
    /// longest counts.
    ///
    /// # Errors
    /// [`VoiceError::Syllable`] with the syllable that the voice cannot speak; [`VoiceError::Empty`] without any.
    pub fn symbols(&self, sounds: &[Sound]) -> Result<Vec<i32>, VoiceError> {
        let mut ids = vec![self.symbol("sil")?];
        // The break after the syllable before: written when another follows, so none stands at the end.
        let mut gap = 0;
        for sound in sounds {
            match sound {
                Sound::Pause(size) => gap = gap.max(*size),
                Sound::Rhotic if ids.len() > 1 => ids.push(self.symbol("er5")?),
                Sound::Rhotic => {}
                Sound::Syllable(pinyin) => {
                    let (initial, rhyme) =
                        self.parts(pinyin).ok_or_else(|| VoiceError::Syllable(pinyin.clone()))?;
                    if ids.len() > 1 {
                        ids.push(self.symbol(GAPS[usize::from(gap).min(GAPS.len() - 1)])?);
                    }
                    gap = 0;
                    ids.extend([initial, rhyme]);
                }
            }
        }
        if ids.len() == 1 {
            return Err(VoiceError::Empty);
        }
        ids.extend([self.symbol("sil")?, self.symbol("eos")?]);
        Ok(ids)
    }

    /// Whether the voice can speak this syllable.
    pub fn knows(&self, pinyin: &str) -> bool {
        self.parts(pinyin).is_some()
    }

    /// The symbols of a syllable's initial and toned final.
    fn parts(&self, pinyin: &str) -> Option<(i32, i32)> {
        let base = pinyin.strip_suffix(|last: char| last.is_ascii_digit())?;
        let (initial, rhyme) = self.syllables.get(base)?;
        let toned = format!("{rhyme}{}", &pinyin[base.len()..]);
        Some((self.symbols.get(initial).copied()?, self.symbols.get(&toned).copied()?))
    }

    fn symbol(&self, name: &str) -> Result<i32, VoiceError> {
        self.symbols.get(name).copied().ok_or_else(|| {
            VoiceError::Broken(format!("baker_mapper.json lacks the symbol {name:?}"))
        })
    }
}
