//! Pinyin to the numbers the voice was trained on: for each syllable an initial and a toned final, then how closely the next one follows.

use std::collections::HashMap;

use serde::Deserialize;

use super::{SYMBOLS, VoiceError};

/// Spellings of rare interjections and of ü that the table lacks.
const ALIASES: [(&str, &str); 8] = [
    ("m", "en"),
    ("n", "en"),
    ("hm", "heng"),
    ("hng", "heng"),
    ("ê", "ei"),
    ("lü", "lv"),
    ("nü", "nv"),
    ("yai", "ai"),
];

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
        for needed in ["sil", "#0", "#1", "#2", "#3", "eos"] {
            mapper.symbol(needed)?;
        }
        Ok(mapper)
    }

    /// One clause: syllables in tone-3 pinyin (`ni3`, `lv4`, neutral tone 5, r-coloured `huar1`), between them `#1` to `#3` for longer
    /// breaks (prosodic word, phrase, clause).
    ///
    /// # Errors
    /// [`VoiceError::Syllable`] with the syllable that the voice cannot speak; [`VoiceError::Empty`] without any.
    pub fn symbols(&self, syllables: &[&str]) -> Result<Vec<i32>, VoiceError> {
        let mut ids = vec![self.symbol("sil")?];
        // The break after the syllable before: written when another follows, so none stands at the clause's end.
        let mut gap = None;
        for &item in syllables {
            if matches!(item, "#1" | "#2" | "#3") {
                gap = gap.max(Some(item));
                continue;
            }
            if ids.len() > 1 {
                ids.push(self.symbol(gap.unwrap_or("#0"))?);
            }
            gap = None;
            self.syllable(item, &mut ids)?;
        }
        if ids.len() == 1 {
            return Err(VoiceError::Empty);
        }
        ids.push(self.symbol("sil")?);
        ids.push(self.symbol("eos")?);
        Ok(ids)
    }

    /// Whether [`Mapper::symbols`] would take this syllable.
    pub fn knows(&self, syllable: &str) -> bool {
        self.syllable(syllable, &mut Vec::new()).is_ok()
    }

    fn syllable(&self, pinyin: &str, ids: &mut Vec<i32>) -> Result<(), VoiceError> {
        let unknown = || VoiceError::Syllable(pinyin.to_owned());
        let tone = pinyin.chars().next_back().filter(|tone| ('1'..='5').contains(tone));
        let (base, tone) = match tone {
            Some(tone) => (&pinyin[..pinyin.len() - 1], tone),
            None => (pinyin, '5'),
        };
        let (found, coloured) = match self.parts(base) {
            Some(found) => (Some(found), false),
            None => (base.strip_suffix('r').and_then(|stem| self.parts(stem)), true),
        };
        let (initial, rhyme) = found.ok_or_else(unknown)?;
        ids.push(self.symbol(initial).map_err(|_| unknown())?);
        ids.push(self.symbol(&format!("{rhyme}{tone}")).map_err(|_| unknown())?);
        if coloured {
            ids.push(self.symbol("er5")?);
        }
        Ok(())
    }

    fn parts(&self, base: &str) -> Option<(&str, &str)> {
        let known = |name: &str| self.syllables.get(name).map(|(a, b)| (a.as_str(), b.as_str()));
        known(base).or_else(|| {
            ALIASES.iter().find(|(from, _)| *from == base).and_then(|(_, to)| known(to))
        })
    }

    fn symbol(&self, name: &str) -> Result<i32, VoiceError> {
        self.symbols
            .get(name)
            .copied()
            .ok_or_else(|| VoiceError::Broken(format!("baker_mapper.json lacks the symbol {name:?}")))
    }
}
