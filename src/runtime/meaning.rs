//! What the words mean: read by the intake, searched in the knowledge base, on a thread of its own.

use std::sync::Arc;

use super::pool::{Full, Pool};
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
    reply: Box<dyn FnOnce(Understood) + Send>,
}

/// Reads and searches utterances.
pub struct Meaning {
    pool: Pool<Job>,
}

impl Meaning {
    /// `home_region`: division code of the callers who name no place.
    pub fn start(
        intake: Arc<Intake>,
        library: Arc<Library>,
        home_region: String,
    ) -> std::io::Result<Self> {
        let worker = move |job: Job| {
            let reading = intake.read(&job.utterance, job.now, job.asked);
            // Who names no place calls from the hotline's own region.
            let place = reading.fact(Slot::Place).and_then(|place| place.code.as_deref());
            let region = place.unwrap_or(&home_region);
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
        Ok(Meaning { pool: Pool::start("meaning", ASR_QUEUE, vec![worker])? })
    }

    /// `reply` is called on the meaning thread and must be quick.
    pub fn understand(
        &self,
        utterance: Utterance,
        now: Civil,
        asked: Option<Slot>,
        reply: impl FnOnce(Understood) + Send + 'static,
    ) -> Result<(), Full> {
        self.pool.push(Job { utterance, now, asked, reply: Box::new(reply) })
    }
}
