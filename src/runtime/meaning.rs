//! What the words mean: read by the intake, searched in the knowledge base, on a thread of its own.

use std::sync::Arc;

use super::pool::Pool;
use crate::dialogue::Understood;
use crate::intake::Intake;
use crate::kernel::limits::ASR_QUEUE;
use crate::kernel::{Civil, Slot};
use crate::knowledge::{Context, Library};
use crate::speech::Utterance;

/// How many items the dialogue gets to choose from.
const HITS: usize = 3;

struct Job {
    utterance: Utterance,
    now: Civil,
    asked: Option<Slot>,
    /// Where the caller is, as far as they have said.
    place: Option<String>,
    /// A danger, a command: it goes before what is only to be searched.
    pressing: bool,
    reply: Box<dyn FnOnce(Understood) + Send>,
}

/// Reads and searches utterances.
pub struct Meaning {
    pool: Pool<Job>,
    intake: Arc<Intake>,
}

impl Meaning {
    /// `home_region`: division code of the callers who name no place.
    pub fn start(
        intake: Arc<Intake>,
        library: Arc<Library>,
        home_region: String,
    ) -> std::io::Result<Self> {
        let reader = intake.clone();
        let worker = move |job: Job| {
            let reading = reader.read(&job.utterance, job.now, job.asked);
            let named = reading.fact(Slot::Place).and_then(|place| place.code.as_deref());
            // Who names no place calls from the hotline's own region. A place elsewhere is one that is talked about.
            let ours = named.into_iter().chain(job.place.as_deref());
            let region = ours.into_iter().find(|code| code.starts_with(&home_region));
            let region = region.unwrap_or(&home_region);
            let context = Context { region, today: Some(job.now.day()) };
            let index = library.index();
            let encoder = library.encoder();
            let hits = index.search_in(&job.utterance.text, context, encoder.as_ref(), HITS);
            let hits = hits.unwrap_or_else(|error| {
                // The talk goes on without the knowledge base: the caller gets a person.
                tracing::error!(%error, "an utterance could not be searched");
                Vec::new()
            });
            (job.reply)(Understood { utterance: job.utterance, reading, hits });
        };
        Ok(Meaning { pool: Pool::start("meaning", ASR_QUEUE, vec![worker])?, intake })
    }

    /// `place`: the division where the caller is, as far as they have said. `reply` is called on the meaning thread and must be
    /// quick.
    ///
    /// # Errors
    /// When too many wait: what the rules for dangers and commands alone make of the words.
    pub fn understand(
        &self,
        utterance: Utterance,
        now: Civil,
        (asked, place): (Option<Slot>, Option<String>),
        reply: impl FnOnce(Understood) + Send + 'static,
    ) -> Result<(), Understood> {
        let urgent = self.intake.urgent(&utterance);
        let pressing = urgent.emergency.is_some() || urgent.command.is_some();
        let kept = utterance.clone();
        let job = Job { utterance, now, asked, place, pressing, reply: Box::new(reply) };
        let taken = match pressing {
            true => self.pool.push_before(job, |waiting| !waiting.pressing),
            false => self.pool.push(job),
        };
        taken.map_err(|error| {
            tracing::warn!(%error, "an utterance was read by the rules alone");
            Understood { utterance: kept, reading: urgent, hits: Vec::new() }
        })
    }
}
