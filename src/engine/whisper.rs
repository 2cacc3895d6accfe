//! Speech recognition by OpenAI's Whisper, run by whisper.cpp.

use std::path::Path;
use std::sync::Arc;

use whisper_rs::{
    FullParams, SamplingStrategy, WhisperContext, WhisperContextParameters, WhisperState,
    WhisperTokenId,
};

use super::closed::{Candidate, DOUBT, Verdict, agrees, by_ear, decide, goes_on, together};
use super::denoise::denoise;
use super::models::inspect_ggml;
use super::resample::double;
use super::whisper_guard::{Raw, is_echo, judge};
use super::whisper_set::{PRUNE, Part, Set, Sets, score};
use crate::kernel::limits::UTTERANCE_MS_MAX;
use crate::language::comparable;
use crate::speech::expected::Form;
use crate::speech::{Asr, Expected, Heard, SAMPLE_RATE, SpeechError};

const NAME: &str = "whisper-base";
/// Shorter sound holds no word, and whisper.cpp refuses less than 0.1 s.
const SECONDS_MIN: f32 = 0.12;
/// The encoder's frames a second of sound.
const FRAMES_PER_SECOND: f32 = 50.0;
/// Fewer encoder frames than this spoil the result.
const AUDIO_CONTEXT_MIN: i32 = 512;
/// Where an answer of a set is expected: as good for one, and the encoder takes half the time.
const AUDIO_CONTEXT_MIN_ANSWER: i32 = 256;
const AUDIO_CONTEXT_MARGIN_LAST: i32 = 128;
const AUDIO_CONTEXT_MARGIN_LOOK: i32 = 64;
const TOKENS_FREE: f32 = 8.0;
const TOKENS_PER_SECOND: f32 = 6.0;
/// Frames this far under full scale are silence, whatever is around them.
const SILENCE_DBFS: f32 = -58.0;
/// Frames this far under the loudest are not the voice.
const VOICE_RANGE_DB: f32 = 30.0;
/// Free words of this confidence are believed when they are an answer, or clearly none.
const PLAIN: f32 = 0.75;
/// Free words of so many characters are no misheard answer of a word or two.
const MUCH_CHARS: usize = 5;
/// Where speech stands less than so far over the noise, a doubtful answer is heard a second time without the noise.
const NOISY_DB: f32 = 22.0;
/// 20 ms.
const FRAME: usize = SAMPLE_RATE as usize / 50;

/// The weights, loaded once and shared by all recognisers.
pub struct WhisperModel {
    context: Arc<WhisperContext>,
    sets: Arc<Sets>,
}

impl WhisperModel {
    /// Loads a ggml file.
    pub fn load(path: &Path) -> Result<WhisperModel, SpeechError> {
        let broken = |detail: String| SpeechError::ModelBroken {
            model: NAME,
            detail: format!("{}: {detail}", path.display()),
        };
        if !path.is_file() {
            return Err(SpeechError::ModelMissing {
                model: NAME,
                detail: path.display().to_string(),
            });
        }
        inspect_ggml(path).map_err(|e| broken(e.to_string()))?;
        // Without a backend for them the hooks drop whisper.cpp's own lines, which hold callers' words.
        whisper_rs::install_logging_hooks();
        let mut params = WhisperContextParameters::default();
        params.use_gpu(false).flash_attn(false);
        let context =
            WhisperContext::new_with_params(path, params).map_err(|e| broken(e.to_string()))?;
        if !context.is_multilingual() {
            return Err(broken("it knows only English".to_string()));
        }
        let sets = Arc::new(Sets::new(&context)?);
        Ok(WhisperModel { context: Arc::new(context), sets })
    }

    /// A recogniser for one thread. It holds about 100 MB of working memory.
    pub fn recogniser(&self) -> Result<WhisperAsr, SpeechError> {
        let state = self.context.create_state().map_err(failed)?;
        Ok(WhisperAsr {
            state,
            settings: settings(),
            prompt: Vec::new(),
            hint: String::new(),
            short: false,
            context: self.context.clone(),
            sets: self.sets.clone(),
            end_of_text: self.context.token_eot(),
        })
    }
}

pub(super) fn tokens(
    context: &WhisperContext,
    prompt: &str,
) -> Result<Vec<WhisperTokenId>, SpeechError> {
    // Room for a token a byte: the library writes past the end of a shorter list's length.
    context.tokenize(prompt, prompt.len() + 8).map_err(failed)
}

pub(super) fn failed(e: whisper_rs::WhisperError) -> SpeechError {
    SpeechError::Inference { engine: NAME, detail: e.to_string() }
}

fn settings() -> FullParams<'static, 'static> {
    let mut p = FullParams::new(SamplingStrategy::Greedy { best_of: 1 });
    p.set_language(Some("zh"));
    // One: its threads wait for each other by turning round. Alone on two cores two take 182 ms for 308, but where anything else
    // runs they cost many times as much.
    p.set_n_threads(1);
    p.set_no_timestamps(true);
    p.set_suppress_nst(true);
    p.set_single_segment(true);
    p.set_no_context(true);
    p.set_temperature_inc(0.0);
    p.set_print_progress(false);
    p.set_print_realtime(false);
    p.set_print_timestamps(false);
    p.set_print_special(false);
    p
}

/// What Whisper wrote, before anyone judged it.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Transcript {
    pub text: String,
    /// Mean log-probability of the text tokens, natural logarithm; minus infinity without any.
    pub logprob: f32,
    /// The part of the sound that is loud enough to be a voice, 0 to 1.
    pub active: f32,
}

/// One recogniser. Allocates nothing in the library after its first utterance.
pub struct WhisperAsr {
    state: WhisperState,
    /// Made once: every `set_language` leaks a few bytes in the library's wrapper.
    settings: FullParams<'static, 'static>,
    prompt: Vec<WhisperTokenId>,
    /// What `prompt` was made of.
    hint: String,
    /// A short answer is expected.
    short: bool,
    context: Arc<WhisperContext>,
    sets: Arc<Sets>,
    end_of_text: WhisperTokenId,
}

impl WhisperAsr {
    /// From now on the network is told these words beforehand; none for an empty text.
    pub fn expect(&mut self, hint: &str) -> Result<(), SpeechError> {
        if self.hint != hint {
            self.prompt = tokens(&self.context, hint)?;
            hint.clone_into(&mut self.hint);
        }
        Ok(())
    }

    /// Runs the network. `None` when there is too little sound to try. Sound over the limit of an utterance is cut at its end.
    pub fn transcribe(
        &mut self,
        pcm: &[i16],
        last: bool,
    ) -> Result<Option<Transcript>, SpeechError> {
        let longest = (UTTERANCE_MS_MAX * u64::from(SAMPLE_RATE) / 1000) as usize;
        let pcm = pcm.get(..longest).unwrap_or(pcm);
        let seconds = seconds(pcm);
        let active = active_part(pcm);
        if seconds < SECONDS_MIN || active == 0.0 {
            return Ok(None);
        }
        let mut params = self.settings.clone();
        params.set_audio_ctx(audio_context(seconds, last, self.short));
        params.set_max_tokens((TOKENS_FREE + TOKENS_PER_SECOND * seconds) as i32);
        if !self.prompt.is_empty() {
            params.set_tokens(&self.prompt);
        }
        self.state.full(params, &double(pcm)).map_err(failed)?;
        let mut bytes = Vec::new();
        let (mut sum, mut count) = (0.0, 0);
        for segment in self.state.as_iter() {
            for i in 0..segment.n_tokens() {
                let Some(token) = segment.get_token(i) else {
                    continue;
                };
                if token.token_id() < self.end_of_text {
                    // A character may be spread over several tokens, so bytes are gathered first.
                    bytes.extend_from_slice(token.to_bytes().map_err(failed)?);
                    sum += token.token_data().plog;
                    count += 1;
                }
            }
        }
        Ok(Some(Transcript {
            text: String::from_utf8_lossy(&bytes).replace('\u{fffd}', ""),
            logprob: if count == 0 { f32::NEG_INFINITY } else { sum / count as f32 },
            active,
        }))
    }
}

impl WhisperAsr {
    /// What a set makes of the sound that was transcribed last, most likely first. `told`: with the hint before it.
    pub fn score(
        &mut self,
        set: &Set,
        part: Part,
        told: bool,
    ) -> Result<Vec<Candidate>, SpeechError> {
        let prompt = told.then_some(self.prompt.as_slice());
        let scores = score(&mut self.state, &self.sets, (set, part), &self.context, prompt)?;
        Ok(scores.candidates(set))
    }

    /// The set of a form, made ready the first time.
    pub fn set(&self, form: &Arc<Form>) -> Result<Arc<Set>, SpeechError> {
        self.sets.of(form, &self.context)
    }

    /// Decides between the set and the free words for the sound that was transcribed last.
    fn choose(
        &mut self,
        set: &Set,
        (written, free): (&str, Heard),
        voiced: f32,
    ) -> Result<Choice, SpeechError> {
        let said = comparable(written);
        let again = said_again(written);
        let plain =
            matches!(&free, Heard::Words { confidence, .. } if *confidence >= PLAIN && !again);
        // A number that is misheard has any number of digits: what counts is words.
        let words = said.chars().filter(|c| !c.is_ascii_digit()).count();
        if (plain && words > set.longest + 2) || voiced > set.seconds_max() {
            return Ok(Choice::sure(free));
        }
        if plain && goes_on(written, |text| set.meaning(text)) {
            return Ok(Choice::sure(free));
        }
        if plain && set.is_number(&said) {
            return Ok(Choice::sure(complete(free)));
        }
        let answers = set.meaning(&said).is_some();
        // Heard with the hint and without: the hint makes the usual likely, the other hears what is there.
        let bare = self.score(set, Part::Likely, false)?;
        if plain && set.meaning(&said).is_some_and(|meaning| agrees(&bare, meaning)) {
            return Ok(Choice::sure(complete(free)));
        }
        let told = self.score(set, Part::Likely, true)?;
        let mut candidates = together(&told, &bare, PRUNE);
        if !answers {
            by_ear(&mut candidates, written);
        }
        let mut verdict = decide(&candidates);
        if !matches!(verdict, Verdict::Taken { .. }) && set.form.digits.len() > 1 {
            let bare = self.score(set, Part::OtherNumbers, false)?;
            let told = self.score(set, Part::OtherNumbers, true)?;
            candidates.extend(together(&told, &bare, PRUNE));
            verdict = decide(&candidates);
        }
        let heard = match verdict {
            Verdict::Taken { text, confidence } => {
                return Ok(Choice::sure(Heard::Words { text, confidence, complete: true }));
            }
            Verdict::Doubtful { .. } if plain && words >= MUCH_CHARS => free,
            // A doubtful syllable in a sound that free decoding does not believe is as likely none.
            Verdict::Doubtful { text, .. } if !plain && text.chars().count() == 1 => Heard::Unclear,
            Verdict::Doubtful { text, confidence } => {
                Heard::Words { text, confidence, complete: false }
            }
            // Words that repeat themselves are a guess, however sure the network is of the repetition.
            // Nor is an answer that the set does not find in the sound.
            Verdict::Outside if again || answers => doubted(free),
            Verdict::Outside => free,
        };
        Ok(Choice { heard, open: (!plain || answers).then_some(candidates) })
    }

    /// A second hearing of an answer that was left open, without the line's noise: where both together decide, it is that.
    fn hear_again(
        &mut self,
        pcm: &[i16],
        last: bool,
        set: &Set,
        first: &[Candidate],
    ) -> Result<Option<Heard>, SpeechError> {
        let Some(cleaned) = denoise(pcm).filter(|cleaned| cleaned.over_noise_db < NOISY_DB) else {
            return Ok(None);
        };
        let Some(again) = self.transcribe(&cleaned.pcm, last)? else { return Ok(None) };
        let bare = self.score(set, Part::Likely, false)?;
        let told = self.score(set, Part::Likely, true)?;
        let mut second = together(&told, &bare, PRUNE);
        by_ear(&mut second, &again.text);
        // A hum is as easily taken for one syllable.
        let long = |text: &str| text.chars().count() > 1;
        Ok(match decide(&together(first, &second, PRUNE)) {
            Verdict::Taken { text, confidence } if long(&text) => {
                Some(Heard::Words { text, confidence, complete: true })
            }
            Verdict::Doubtful { text, confidence } if long(&text) => {
                Some(Heard::Words { text, confidence, complete: false })
            }
            Verdict::Taken { .. } | Verdict::Doubtful { .. } | Verdict::Outside => None,
        })
    }
}

/// What a set and the free words make of a sound.
struct Choice {
    heard: Heard,
    /// The set's view, where neither was sure.
    open: Option<Vec<Candidate>>,
}

impl Choice {
    const fn sure(heard: Heard) -> Choice {
        Choice { heard, open: None }
    }
}

fn complete(heard: Heard) -> Heard {
    match heard {
        Heard::Words { text, confidence, .. } => Heard::Words { text, confidence, complete: true },
        Heard::Unclear => Heard::Unclear,
    }
}

impl Asr for WhisperAsr {
    fn recognise(
        &mut self,
        pcm: &[i16],
        expected: &Expected,
        last: bool,
    ) -> Result<Heard, SpeechError> {
        self.expect(&expected.hint)?;
        self.short = expected.form.is_some();
        let Some(t) = self.transcribe(pcm, last)? else { return Ok(Heard::Unclear) };
        let raw =
            Raw { text: &t.text, logprob: t.logprob, seconds: seconds(pcm), active: t.active };
        let free = match is_echo(&t.text, t.logprob, &expected.hint) {
            true => Heard::Unclear,
            false => judge(&raw),
        };
        match &expected.form {
            None => Ok(free),
            Some(form) => {
                let set = self.set(form)?;
                let choice = self.choose(&set, (&t.text, free), t.active * seconds(pcm))?;
                let Some(first) = choice.open else { return Ok(choice.heard) };
                let again = self.hear_again(pcm, last, &set, &first)?;
                Ok(again.unwrap_or(choice.heard))
            }
        }
    }
}

/// Whether the free decode has written the same piece twice: it does so on short sound that it cannot make out.
fn said_again(text: &str) -> bool {
    let mut seen = std::collections::BTreeSet::new();
    let pieces = text.split(|c: char| !c.is_alphanumeric()).filter(|piece| !piece.is_empty());
    pieces.into_iter().any(|piece| !seen.insert(piece))
}

fn doubted(heard: Heard) -> Heard {
    match heard {
        Heard::Words { text, confidence, .. } => {
            Heard::Words { text, confidence: confidence.min(DOUBT - 0.05), complete: false }
        }
        Heard::Unclear => Heard::Unclear,
    }
}

fn seconds(pcm: &[i16]) -> f32 {
    pcm.len() as f32 / SAMPLE_RATE as f32
}

/// How many frames of its 30 s the encoder looks at.
fn audio_context(seconds: f32, last: bool, short: bool) -> i32 {
    let margin = if last { AUDIO_CONTEXT_MARGIN_LAST } else { AUDIO_CONTEXT_MARGIN_LOOK };
    let frames = (FRAMES_PER_SECOND * seconds).ceil() as i32 + margin;
    frames.clamp(if short { AUDIO_CONTEXT_MIN_ANSWER } else { AUDIO_CONTEXT_MIN }, 1500)
}

/// The part of the 20 ms frames that are neither silence nor far quieter than the loudest, 0 to 1.
fn active_part(pcm: &[i16]) -> f32 {
    let levels: Vec<f32> = pcm
        .chunks(FRAME)
        .map(|frame| {
            let power: f32 = frame.iter().map(|s| f32::from(*s).powi(2)).sum();
            10.0 * (power / frame.len() as f32 / 32768.0_f32.powi(2) + 1e-12).log10()
        })
        .collect();
    let loudest = levels.iter().copied().fold(f32::MIN, f32::max);
    let floor = SILENCE_DBFS.max(loudest - VOICE_RANGE_DB);
    let active = levels.iter().filter(|l| **l > floor).count();
    active as f32 / levels.len().max(1) as f32
}
