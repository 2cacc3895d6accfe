//! A closed set of answers on Whisper: its wordings as tokens, made once, and the network as a [`Scorer`].

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use whisper_rs::{WhisperContext, WhisperState, WhisperTokenId};

use super::closed::{
    Candidate, Found, Run, Scorer, Token, Trie, Word, dates, digits, ln_add, search,
};
use super::whisper::{failed, tokens};
use crate::language::comparable;
use crate::speech::SpeechError;
use crate::speech::expected::{Form, Shape};

/// What is less likely than the best by more than this is not looked at, in nats.
pub const PRUNE: f32 = 4.0;
/// Evaluations for one set, about 10 ms each.
const EVALUATIONS_MAX: usize = 40;
/// Beginnings of a number that are followed.
const WIDTH: usize = 4;
/// The first shape of a number is the common one; the others must explain the sound better by this, in nats.
const OTHER_SHAPE: f32 = 3.0;
/// How the digits are written: each by the names that it has on the telephone, and what Whisper writes for them.
const DIGITS: [&[&str]; 10] = [
    &["零"],
    &["一", "幺", "要"],
    &["二", "两"],
    &["三"],
    &["四"],
    &["五"],
    &["六"],
    &["七"],
    &["八"],
    &["九"],
];
/// What may stand behind an answer.
const ENDINGS: [&str; 6] = ["。", "，", "！", "？", "…", "、"];
/// Voice that an answer may take: so much, and so much for each character.
const SECONDS_FREE: f32 = 1.0;
const SECONDS_PER_CHAR: f32 = 0.4;
/// Traditional forms of the characters in answers. Without a prompt in Simplified characters Whisper may write either.
const TRADITIONAL: &str =
    "满滿转轉务務听聽说說没沒错錯对對还還决決认認题題点點号號后後两兩个個礼禮这這帮幫经經确確";
/// Sets kept at once; there is one for each kind of question.
const SETS_MAX: usize = 64;

/// A set made ready: its classes as tokens.
#[derive(Debug)]
pub struct Set {
    pub form: Arc<Form>,
    /// The meaning of every wording, made comparable.
    meanings: HashMap<String, String>,
    /// Characters of the longest answer.
    pub longest: usize,
    words: Trie,
    /// The dates, by their place in this list.
    pub dates: Vec<String>,
    days: Trie,
}

impl Set {
    /// What a text, made comparable, means when it is a whole answer.
    pub fn meaning(&self, text: &str) -> Option<&str> {
        self.meanings.get(text).map(String::as_str)
    }

    /// Whether a text, made comparable, is a number of one of the shapes.
    pub fn is_number(&self, text: &str) -> bool {
        self.form.digits.iter().any(|shape| shape.fits(text))
    }

    /// Nobody takes longer for an answer, in seconds of voice.
    pub fn seconds_max(&self) -> f32 {
        SECONDS_FREE + SECONDS_PER_CHAR * self.longest as f32
    }
}

/// The vocabulary's fixed parts, and the sets that were made ready so far. Shared by all recognisers of a model.
pub struct Sets {
    made: Mutex<HashMap<Arc<Form>, Arc<Set>>>,
    numerals: Trie,
    endings: Vec<Token>,
    start: Vec<Token>,
}

impl Sets {
    pub fn new(context: &WhisperContext) -> Result<Sets, SpeechError> {
        let mut numerals = Trie::default();
        for (class, names) in DIGITS.iter().enumerate() {
            for (wording, name) in names.iter().enumerate() {
                numerals.insert(&tokens(context, name)?, Word { class, wording });
            }
        }
        let mut endings = vec![context.token_eot()];
        for ending in ENDINGS {
            endings.extend(tokens(context, ending)?.first());
        }
        let chinese = whisper_rs::get_lang_id("zh").unwrap_or_default();
        let start = vec![
            context.token_sot(),
            context.token_lang(chinese),
            context.token_transcribe(),
            context.token_not(),
        ];
        Ok(Sets { made: Mutex::default(), numerals, endings, start })
    }

    /// The set of a form, made ready the first time.
    pub fn of(&self, form: &Arc<Form>, context: &WhisperContext) -> Result<Arc<Set>, SpeechError> {
        let lock = || self.made.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(set) = lock().get(form) {
            return Ok(set.clone());
        }
        let mut words = Trie::default();
        for (class, answers) in form.classes.iter().enumerate() {
            for (wording, text) in answers.wordings.iter().enumerate() {
                for text in scripts(text) {
                    words.insert(&tokens(context, &text)?, Word { class, wording });
                }
            }
        }
        let dates = if form.dates { dates() } else { Vec::new() };
        let mut days = Trie::default();
        for (class, text) in dates.iter().enumerate() {
            for text in scripts(text) {
                days.insert(&tokens(context, &text)?, Word { class, wording: 0 });
            }
        }
        let answers = form.classes.iter().flat_map(|c| c.wordings.iter().map(move |w| (w, &c.key)));
        let answers = answers.chain(dates.iter().map(|date| (date, date)));
        let meanings: HashMap<String, String> =
            answers.map(|(text, meaning)| (comparable(text), meaning.clone())).collect();
        let numbers = form.digits.iter().map(Shape::length);
        let longest = meanings.keys().map(|w| w.chars().count()).chain(numbers).max().unwrap_or(0);
        let set = Arc::new(Set { form: form.clone(), meanings, longest, words, dates, days });
        let mut made = lock();
        if made.len() < SETS_MAX {
            made.insert(form.clone(), set.clone());
        }
        Ok(set)
    }
}

/// A wording in Simplified characters and, where it differs, in traditional ones.
fn scripts(text: &str) -> Vec<String> {
    let pairs: Vec<char> = TRADITIONAL.chars().collect();
    let other = |c: char| {
        let pair = pairs.as_chunks::<2>().0.iter().find(|[simplified, _]| *simplified == c);
        pair.map_or(c, |[_, traditional]| *traditional)
    };
    let traditional: String = text.chars().map(other).collect();
    if traditional == text { vec![traditional] } else { vec![text.to_owned(), traditional] }
}

/// What the parts of a set make of the sound, each most likely first.
#[derive(Clone, Debug, Default)]
pub struct Scores {
    pub classes: Vec<Found>,
    pub dates: Vec<Found>,
    pub runs: Vec<Run>,
}

impl Scores {
    /// All that the set holds as one list, the most likely first.
    pub fn candidates(&self, set: &Set) -> Vec<Candidate> {
        let classes = self.classes.iter().filter_map(|found| {
            let class = set.form.classes.get(found.word.class)?;
            let text = class.wordings.get(found.word.wording)?.clone();
            Some(Candidate {
                meaning: class.key.clone(),
                text,
                score: found.score,
                tokens: found.tokens,
            })
        });
        let dates = self.dates.iter().filter_map(|found| {
            let text = set.dates.get(found.word.class)?.clone();
            let meaning = text.clone();
            Some(Candidate { meaning, text, score: found.score, tokens: found.tokens })
        });
        let runs = self.runs.iter().map(|run| {
            let text: String = run.digits.iter().map(|d| char::from(b'0' + d)).collect();
            Candidate { meaning: text.clone(), text, score: run.score, tokens: run.tokens }
        });
        let mut all: Vec<Candidate> = Vec::new();
        for candidate in classes.chain(dates).chain(runs) {
            // Both scripts of a wording are one.
            match all.iter_mut().find(|c| c.text == candidate.text) {
                Some(same) => same.score = ln_add(same.score, candidate.score),
                None => all.push(candidate),
            }
        }
        all.sort_by(|a, b| b.score.total_cmp(&a.score));
        all
    }
}

/// Which parts of a set are scored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    /// Answers, commands, dates, and numbers of the first shape.
    Likely,
    /// Numbers of the other shapes.
    OtherNumbers,
}

/// Scores a set on the sound that `state` has transcribed last. `told`: with the prompt that the transcription had before it; else with
/// none.
pub fn score(
    state: &mut WhisperState,
    sets: &Sets,
    (set, part): (&Set, Part),
    context: &WhisperContext,
    told: Option<&[WhisperTokenId]>,
) -> Result<Scores, SpeechError> {
    let mut start = Vec::new();
    if let Some(prompt) = told.filter(|prompt| !prompt.is_empty()) {
        start.push(context.token_prev());
        // As the library itself does: the last half of the text context at most.
        let room = usize::try_from(context.n_text_ctx()).unwrap_or(0) / 2;
        start.extend_from_slice(&prompt[prompt.len().saturating_sub(room)..]);
    }
    start.extend_from_slice(&sets.start);
    // The library's own decode of this sound began with the same tokens: their keys and values are still there.
    let held = if told.is_some() { start.clone() } else { Vec::new() };
    let text = usize::try_from(context.token_beg()).unwrap_or(0);
    let mut heard = Heard { state, start, held, endings: &sets.endings, text };
    let mut scores = Scores::default();
    let (first, others) = set.form.digits.split_at(set.form.digits.len().min(1));
    if part == Part::OtherNumbers {
        scores.runs = digits(others, &sets.numerals, &mut heard, WIDTH, PRUNE)?;
        scores.runs.iter_mut().for_each(|run| run.score -= OTHER_SHAPE);
        return Ok(scores);
    }
    if !set.words.is_empty() {
        scores.classes = search(&set.words, &mut heard, PRUNE, EVALUATIONS_MAX)?;
    }
    if !set.days.is_empty() {
        scores.dates = search(&set.days, &mut heard, PRUNE, EVALUATIONS_MAX)?;
    }
    if !first.is_empty() {
        scores.runs = digits(first, &sets.numerals, &mut heard, WIDTH, PRUNE)?;
    }
    Ok(scores)
}

/// The network with the sound it has heard.
struct Heard<'a> {
    state: &'a mut WhisperState,
    /// What stands before every answer.
    start: Vec<Token>,
    /// The tokens whose keys and values the state holds.
    held: Vec<Token>,
    endings: &'a [Token],
    /// Tokens below this are text or its end.
    text: usize,
}

impl Scorer for Heard<'_> {
    type Error = SpeechError;

    fn score(
        &mut self,
        written: &[Token],
        wanted: &[Token],
        scores: &mut Vec<f32>,
    ) -> Result<f32, SpeechError> {
        let mut all = self.start.clone();
        all.extend_from_slice(written);
        let same = all.iter().zip(&self.held).take_while(|(a, b)| a == b).count();
        let last = all.len() - 1;
        let from = same.min(last);
        // The library leaves a batch's logits in its last row and hands out the first: the last token goes alone.
        if from < last {
            self.state.decode(&all[from..last], from, 1).map_err(failed)?;
        }
        self.state.decode(&all[last..], last, 1).map_err(failed)?;
        self.held = all;
        let logits = self.state.get_logits().map_err(failed)?;
        let logits = logits.get(..self.text).unwrap_or(logits);
        let highest = logits.iter().copied().fold(f32::MIN, f32::max);
        let sum: f32 = logits.iter().map(|x| (x - highest).exp()).sum();
        let total = highest + sum.ln();
        let of = |token: &Token| {
            let logit = usize::try_from(*token).ok().and_then(|token| logits.get(token));
            logit.map_or(f32::NEG_INFINITY, |logit| (logit - total).min(0.0))
        };
        scores.clear();
        scores.extend(wanted.iter().map(of));
        Ok(self.endings.iter().map(of).fold(f32::NEG_INFINITY, ln_add).min(0.0))
    }
}
