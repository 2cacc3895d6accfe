//! Who takes the next call: the robot, a person, or nobody. The robot takes as many talks as it can follow in time, by what is
//! measured: how long utterances waited for a recogniser and took it, and how many frames of sound came late. A robot that
//! answers everybody late answers nobody, so that whoever comes beyond is told at once and goes to people.
//!
//! Two kinds of measures. What a talk costs foretells how many there may be, before anybody waits. Waits, slow answers and late
//! frames shut the door whatever was foretold. It shuts at one bound and opens at a lower one, so that it does not flutter.

use std::collections::VecDeque;

use crate::kernel::Moment;
use crate::kernel::limits::LOAD_SAMPLES;

/// What counts is so young.
const WINDOW_MS: u64 = 30_000;
/// Who is sent away for the load's sake is not followed by one who is taken at once.
const HOLD_MS: u64 = 3_000;
/// Of a thousand parts of the recognisers' time talks may take so many: beyond it utterances wait for each other too often, and
/// the nearer to all of it the longer.
const BUSY: u64 = 700;
/// What a talk costs is known after so many utterances and so much talk.
const JOBS_LEAST: usize = 10;
const TALK_LEAST_MS: u64 = 60_000;
/// Of fewer than so many utterances nothing is said about the slowest.
const AWAITED_LEAST: usize = 4;

/// Bounds at which the door shuts, or opens again.
struct Bounds {
    /// The 95th percentile of waits for a recogniser.
    wait_ms: u32,
    /// The same of waits and recognition together.
    answer_ms: u32,
    /// Of a thousand frames so many a whole frame late.
    late: u64,
}

const SHUTS: Bounds = Bounds { wait_ms: 600, answer_ms: 2_000, late: 10 };
const OPENS: Bounds = Bounds { wait_ms: 200, answer_ms: 1_200, late: 2 };

/// What is known beforehand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rules {
    /// Talks that are taken as long as nothing is measured.
    pub guess: usize,
    /// Talks that are taken at most, whatever is measured.
    pub most: usize,
    /// Utterances that are recognised at once; so many talks are taken in any case.
    pub recognisers: usize,
}

/// One utterance that was recognised.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Job {
    /// For a free recogniser.
    pub waited_ms: u32,
    pub took_ms: u32,
    /// Somebody waited for its words; else it was a look ahead.
    pub awaited: bool,
}

/// What was measured since it was last told.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Measured {
    pub jobs: Vec<Job>,
    /// Frames of sound that were due, and those of them that came a whole frame late.
    pub frames: u64,
    pub late: u64,
}

/// Who takes the next call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Door {
    Robot,
    /// The robot has its hands full: the caller is told so and goes to people.
    Person {
        /// With nobody on duty they may tell a few words, which is far less than a talk; else their ticket is made by keys.
        word: bool,
    },
    /// Nobody: calls are refused for now.
    Nobody,
}

/// Why the robot takes nobody.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Strain {
    /// As many talks as it can follow.
    Talks,
    /// Utterances wait for a recogniser.
    Waits,
    /// Recognising takes too long.
    Slow,
    /// Sound is late.
    Frames,
}

impl Strain {
    pub const fn key(self) -> &'static str {
        match self {
            Strain::Talks => "talks",
            Strain::Waits => "waits",
            Strain::Slow => "slow",
            Strain::Frames => "frames",
        }
    }
}

/// What the house looks like now.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct House {
    /// Calls cannot be taken any more: too many run, or the service stops.
    pub closed: bool,
    /// No more callers can wait for a person.
    pub queue_full: bool,
    /// Talks of the robot that run.
    pub talks: usize,
}

/// The machine. Whoever owns it tells it every second what was measured, and how many talks run whenever that changes.
#[derive(Debug)]
pub struct Admission {
    rules: Rules,
    jobs: VecDeque<(Moment, Job)>,
    frames: VecDeque<(Moment, u64, u64)>,
    /// How many talks ran from when on; the first stands for all before.
    talks: VecDeque<(Moment, usize)>,
    shut: Option<(Moment, Strain)>,
}

impl Admission {
    pub fn new(rules: Rules) -> Self {
        Admission {
            rules,
            jobs: VecDeque::new(),
            frames: VecDeque::new(),
            talks: VecDeque::from([(Moment::ZERO, 0)]),
            shut: None,
        }
    }

    /// Takes in what was measured.
    pub fn measured(&mut self, now: Moment, measured: Measured) {
        self.jobs.extend(measured.jobs.into_iter().map(|job| (now, job)));
        if measured.frames > 0 {
            self.frames.push_back((now, measured.frames, measured.late));
        }
        self.forget(now);
        self.review(now);
    }

    /// So many talks run from now on.
    pub fn talking(&mut self, now: Moment, talks: usize) {
        if self.running() != talks {
            self.talks.push_back((now, talks));
            self.forget(now);
        }
        self.review(now);
    }

    /// Who takes the next call.
    pub fn door(&self, now: Moment, house: House) -> Door {
        let limit = self.limit(now);
        let open = self.shut.is_none() && house.talks < limit;
        // With a recogniser for each talk nobody is in another's way: what is slow then would be so for one alone.
        let robot = open || house.talks < self.least();
        // Somebody waits already, or would soon.
        let late = self.strain().is_some_and(|strain| strain != Strain::Talks);
        match house {
            House { closed: true, .. } => Door::Nobody,
            _ if robot => Door::Robot,
            House { queue_full: true, .. } => Door::Nobody,
            _ => Door::Person { word: !late && house.talks <= limit + limit / 4 },
        }
    }

    /// Talks that may be begun now, so many being there.
    pub fn room(&self, now: Moment, talks: usize) -> usize {
        match self.shut {
            Some(_) => 0,
            None => self.limit(now).saturating_sub(talks),
        }
    }

    /// Why the robot takes nobody, if it does not.
    pub fn strain(&self) -> Option<Strain> {
        self.shut.map(|(_, strain)| strain)
    }

    /// Talks that the robot can follow.
    pub fn limit(&self, now: Moment) -> usize {
        let Rules { guess, most, .. } = self.rules;
        let limit = match self.foretold(now) {
            // What a few talks cost says little of many: a step beyond what was there at once.
            Some(foretold) => {
                let peak = self.talks.iter().map(|(_, talks)| *talks).max().unwrap_or(0);
                foretold.min(guess.max(peak + peak.div_ceil(4)))
            }
            None => guess,
        };
        limit.clamp(self.least(), most.max(1))
    }

    /// Talks that are taken in any case.
    fn least(&self) -> usize {
        self.rules.recognisers.clamp(1, self.rules.most.max(1))
    }

    /// How many talks keep the recognisers as busy as they may be, by what one costs.
    fn foretold(&self, now: Moment) -> Option<usize> {
        let talked_ms = self.talked_ms(now);
        if self.jobs.len() < JOBS_LEAST || talked_ms < TALK_LEAST_MS {
            return None;
        }
        let busy_ms: u64 = self.jobs.iter().map(|(_, job)| u64::from(job.took_ms)).sum();
        let may_ms = BUSY * self.rules.recognisers as u64 * talked_ms / 1_000;
        usize::try_from(may_ms / busy_ms.max(1)).ok()
    }

    /// The talks of the window together.
    fn talked_ms(&self, now: Moment) -> u64 {
        let begins = now.ms.saturating_sub(WINDOW_MS);
        let ends = self.talks.iter().skip(1).map(|(at, _)| at.ms).chain([now.ms]);
        let stretches = self.talks.iter().zip(ends);
        stretches
            .map(|((from, talks), to)| to.saturating_sub(from.ms.max(begins)) * *talks as u64)
            .sum()
    }

    fn running(&self) -> usize {
        self.talks.back().map_or(0, |(_, talks)| *talks)
    }

    /// What is too old, or too much.
    fn forget(&mut self, now: Moment) {
        let old = |at: &Moment| now.since(*at) >= WINDOW_MS;
        while self.jobs.front().is_some_and(|(at, _)| old(at)) || self.jobs.len() > LOAD_SAMPLES {
            self.jobs.pop_front();
        }
        while self.frames.front().is_some_and(|(at, ..)| old(at))
            || self.frames.len() > LOAD_SAMPLES
        {
            self.frames.pop_front();
        }
        // The newest of the old ones says how many there were when the window begins.
        while self.talks.get(1).is_some_and(|(at, _)| old(at)) || self.talks.len() > LOAD_SAMPLES {
            self.talks.pop_front();
        }
    }

    fn review(&mut self, now: Moment) {
        match self.shut {
            None => self.shut = self.strained(now, &SHUTS, 0).map(|strain| (now, strain)),
            Some((since, _)) if now.since(since) < HOLD_MS => {}
            Some(_) => {
                // Some room, or the door would open for each who leaves.
                let room = self.limit(now) / 8;
                if self.strained(now, &OPENS, room).is_none() {
                    self.shut = None;
                }
            }
        }
    }

    /// What speaks against one talk more, where at least `room` beyond it must be free.
    fn strained(&self, now: Moment, bounds: &Bounds, room: usize) -> Option<Strain> {
        let (waits, answers) = self.slowest();
        let (frames, late) =
            self.frames.iter().fold((0, 0), |(all, sum), (_, due, late)| (all + due, sum + late));
        if waits >= bounds.wait_ms {
            Some(Strain::Waits)
        } else if answers >= bounds.answer_ms {
            Some(Strain::Slow)
        } else if late * 1_000 >= frames * bounds.late && late > 0 {
            Some(Strain::Frames)
        } else {
            (self.running() + room >= self.limit(now)).then_some(Strain::Talks)
        }
    }

    /// The 95th percentiles (nearest rank) of waits, and of waits and recognition, of what somebody waited for.
    fn slowest(&self) -> (u32, u32) {
        let awaited = || self.jobs.iter().map(|(_, job)| job).filter(|job| job.awaited);
        let waits = awaited().map(|job| job.waited_ms).collect();
        let answers = awaited().map(|job| job.waited_ms.saturating_add(job.took_ms)).collect();
        (percentile_95(waits), percentile_95(answers))
    }
}

fn percentile_95(mut values: Vec<u32>) -> u32 {
    if values.len() < AWAITED_LEAST {
        return 0;
    }
    let rank = (values.len() * 95).div_ceil(100) - 1;
    *values.select_nth_unstable(rank).1
}
