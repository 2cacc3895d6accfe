//! One utterance as the readers of this room see it: characters, sounds, and where each lies in time.

use std::collections::HashSet;
use std::ops::Range;

use super::lexicon::Fillers;
use crate::kernel::evidence::Source;
use crate::kernel::{Evidence, Filled};
use crate::language::sounding::{Syllable, toneless};
use crate::speech::Utterance;

/// Longer texts are cut: nobody speaks 1,000 characters between two silences.
const CHARS_MAX: usize = 1000;

pub(super) struct Text<'a> {
    /// None for a text that nobody said.
    utterance: Option<&'a Utterance>,
    pub(super) chars: Vec<char>,
    raw: String,
    /// Byte of each character, and one past the end.
    bytes: Vec<usize>,
    /// How many sounding characters stand before each character.
    sounded: Vec<usize>,
    pub(super) syllables: Vec<Syllable>,
    known: HashSet<&'static str>,
    /// Which characters stand in the text, by their remainder: most words of a table are ruled out by one look.
    letters: [u64; LETTER_WORDS],
    /// Without the fillers at both ends.
    core: Range<usize>,
}

impl<'a> Text<'a> {
    pub(super) fn of(utterance: &'a Utterance, fillers: &Fillers) -> Text<'a> {
        let mut text = Text::plain(&utterance.text);
        text.utterance = Some(utterance);
        text.core = fillers.core(&text);
        text
    }

    /// A text that nobody said: its evidence is nothing.
    pub(super) fn plain(words: &str) -> Text<'a> {
        let chars: Vec<char> = words.trim().chars().take(CHARS_MAX).collect();
        let raw: String = chars.iter().collect();
        let mut bytes: Vec<usize> = raw.char_indices().map(|(at, _)| at).collect();
        bytes.push(raw.len());
        let mut sounded = vec![0];
        for c in &chars {
            let before = sounded.last().copied().unwrap_or(0);
            sounded.push(before + usize::from(!is_silent(*c)));
        }
        let syllables = toneless(&raw);
        let known = syllables.iter().map(|s| s.pinyin).collect();
        let core = 0..chars.len();
        let mut letters = [0; LETTER_WORDS];
        for c in &chars {
            let (word, bit) = letter(*c);
            if let Some(word) = letters.get_mut(word) {
                *word |= bit;
            }
        }
        Text { utterance: None, chars, raw, bytes, sounded, syllables, known, letters, core }
    }

    pub(super) fn str(&self) -> &str {
        &self.raw
    }

    /// The words without the fillers at both their ends.
    pub(super) fn core(&self) -> Range<usize> {
        self.core.clone()
    }

    pub(super) fn len(&self) -> usize {
        self.chars.len()
    }

    /// Characters that sound: without punctuation and spaces.
    pub(super) fn sounding(&self, span: &Range<usize>) -> usize {
        let at = |n: usize| self.sounded.get(n).copied().unwrap_or_default();
        at(span.end.min(self.len())).saturating_sub(at(span.start.min(self.len())))
    }

    pub(super) fn whole(&self) -> Range<usize> {
        0..self.len()
    }

    pub(super) fn slice(&self, span: &Range<usize>) -> &str {
        let at = |n: usize| self.bytes.get(n).copied().unwrap_or(self.raw.len());
        self.raw.get(at(span.start)..at(span.end)).unwrap_or_default()
    }

    pub(super) fn before(&self, at: usize) -> &str {
        self.slice(&(0..at))
    }

    pub(super) fn after(&self, at: usize) -> &str {
        self.slice(&(at..self.len()))
    }

    /// Characters of a range of bytes.
    pub(super) fn span_of(&self, bytes: &Range<usize>) -> Range<usize> {
        let at = |byte: usize| self.bytes.partition_point(|b| *b < byte).min(self.len());
        at(bytes.start)..at(bytes.end)
    }

    /// Whether `words` stand anywhere.
    pub(super) fn has(&self, words: &str) -> bool {
        self.may_have(words) && self.raw.contains(words)
    }

    /// Sounding characters before a byte.
    pub(super) fn sounding_before(&self, byte: usize) -> usize {
        let at = self.bytes.partition_point(|b| *b < byte);
        self.sounded.get(at).copied().unwrap_or(0)
    }

    pub(super) fn may_have(&self, words: &str) -> bool {
        words.chars().all(|c| {
            let (word, bit) = letter(c);
            self.letters.get(word).is_some_and(|w| w & bit != 0)
        })
    }

    /// The first place where `words` stand, from character `from` on.
    pub(super) fn find(&self, words: &str, from: usize) -> Option<Range<usize>> {
        if !self.may_have(words) {
            return None;
        }
        let start = self.bytes.get(from).copied()?;
        let at = start + self.raw.get(start..)?.find(words)?;
        Some(self.span_of(&(at..at + words.len())))
    }

    /// Whether the syllable is heard anywhere.
    pub(super) fn has_sound(&self, pinyin: &str) -> bool {
        self.known.contains(pinyin)
    }

    /// Where the words of `span` lie in the call. The recogniser gives no times of words, so the utterance's time is
    /// shared out among its sounding characters: Chinese syllables are of much the same length.
    pub(super) fn evidence(&self, span: &Range<usize>, confidence: f32) -> Evidence {
        let nobody = Evidence { utterance: 0, start_ms: 0, end_ms: 0, confidence: 0.0 };
        let whole = self.utterance.map_or(nobody, Utterance::evidence);
        let length = whole.end_ms.saturating_sub(whole.start_ms);
        let all = self.sounded.last().copied().unwrap_or(0).max(1) as u64;
        let at = |n: usize| {
            let before = self.sounded.get(n.min(self.len())).copied().unwrap_or(0) as u64;
            whole.start_ms + length * before / all
        };
        Evidence {
            utterance: whole.utterance,
            start_ms: at(span.start),
            end_ms: at(span.end),
            confidence: (whole.confidence * confidence).clamp(0.0, 1.0),
        }
    }

    /// A field said in this utterance.
    pub(super) fn filled(
        &self,
        value: impl Into<String>,
        code: Option<String>,
        span: &Range<usize>,
        confidence: f32,
    ) -> Filled {
        let evidence = vec![self.evidence(span, confidence)];
        Filled { value: value.into(), code, evidence, source: Source::Spoken }
    }
}

const LETTER_WORDS: usize = 64;

/// The bit of a character.
fn letter(c: char) -> (usize, u64) {
    let place = u32::from(c) as usize % (LETTER_WORDS * 64);
    (place / 64, 1 << (place % 64))
}

/// Punctuation, spaces, and what else makes no sound.
pub(super) fn is_silent(c: char) -> bool {
    !c.is_alphanumeric()
}
