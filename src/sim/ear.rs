//! Recognisers that take their time: utterances wait for a free one, first come first served, and what is measured is told to
//! the hotline every second, as the runtime does.

use super::world::{Event, SimError, World};
use crate::hotline::{Input, Job, Measured};
use crate::kernel::Moment;

const LOOK_EVERY_MS: u64 = 1_000;

/// How the world hears.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Hearing {
    /// Utterances that are recognised at once.
    pub recognisers: usize,
    /// What one takes, on average: from half to one and a half of it.
    pub decode_ms: u64,
    /// Talks that are taken at most; how many of them truly is measured.
    pub most: usize,
    /// Nobody tells the hotline what is measured: it takes as many as it guesses.
    pub untold: bool,
}

/// The recognisers, and what was measured of them.
#[derive(Debug, Default)]
pub(super) struct Ear {
    /// When each is free.
    free: Vec<Moment>,
    measured: Measured,
    /// Somebody looks at the measures every second.
    looking: bool,
    /// From the end of each utterance to its words.
    pub delays_ms: Vec<u64>,
}

impl World {
    /// An utterance has ended: in how many milliseconds its words are there.
    pub(super) fn recognise(&mut self) -> u64 {
        let Some(hearing) = self.scenario.hearing else { return 0 };
        self.ear.free.resize(hearing.recognisers.max(1), Moment::ZERO);
        let took = hearing.decode_ms / 2 + self.rng.below(hearing.decode_ms.max(1));
        let now = self.now;
        let Some(free) = self.ear.free.iter_mut().min_by_key(|free| free.ms) else { return 0 };
        let begun = (*free).max(now);
        *free = begun + took;
        let delay = free.since(now);
        let ms = |time: u64| u32::try_from(time).unwrap_or(u32::MAX);
        let job = Job { waited_ms: ms(begun.since(now)), took_ms: ms(took), awaited: true };
        self.ear.delays_ms.push(delay);
        self.plan(delay, Event::Recognised(job));
        if !std::mem::replace(&mut self.ear.looking, true) {
            self.plan(LOOK_EVERY_MS, Event::Look);
        }
        delay
    }

    pub(super) fn recognised(&mut self, job: Job) {
        self.ear.measured.jobs.push(job);
    }

    /// As long as there are calls.
    pub(super) fn look(&mut self) -> Result<(), SimError> {
        self.ear.looking = self.calls_run();
        if self.ear.looking {
            self.plan(LOOK_EVERY_MS, Event::Look);
        }
        let measured = std::mem::take(&mut self.ear.measured);
        if self.scenario.hearing.is_some_and(|hearing| hearing.untold) {
            return Ok(());
        }
        self.input(Input::Load(measured))
    }
}
