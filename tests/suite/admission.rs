//! Who takes the next call, by what is measured.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use huiyin::hotline::admission::{Admission, Door, House, Job, Measured, Rules, Strain};
use huiyin::kernel::{Moment, Rng};
use huiyin::sim::{Hearing, Report, Scenario, run};
use proptest::prelude::*;

const RULES: Rules = Rules { guess: 12, most: 256, recognisers: 2 };
const PERSON: Door = Door::Person { word: true };
const KEYS: Door = Door::Person { word: false };

struct House1 {
    admission: Admission,
    now: Moment,
    house: House,
}

impl House1 {
    fn new(rules: Rules) -> Self {
        House1 { admission: Admission::new(rules), now: Moment::ZERO, house: House::default() }
    }

    fn talks(&mut self, talks: usize) {
        self.house.talks = talks;
        self.admission.talking(self.now, talks);
    }

    /// So many seconds, in each of which so many utterances waited and took so long.
    fn seconds(&mut self, seconds: u64, each: usize, (waited_ms, took_ms): (u32, u32)) {
        for _ in 0..seconds {
            self.now = self.now + 1_000;
            let job = Job { waited_ms, took_ms, awaited: true };
            let jobs = vec![job; each];
            self.admission.measured(self.now, Measured { jobs, frames: 600, late: 0 });
        }
    }

    fn frames(&mut self, seconds: u64, frames: u64, late: u64) {
        for _ in 0..seconds {
            self.now = self.now + 1_000;
            self.admission.measured(self.now, Measured { frames, late, ..Measured::default() });
        }
    }

    fn door(&self) -> Door {
        self.admission.door(self.now, self.house)
    }

    fn strain(&self) -> Option<Strain> {
        self.admission.strain()
    }
}

#[test]
fn with_nothing_measured_the_guess_counts() {
    for (talks, door) in
        [(0, Door::Robot), (11, Door::Robot), (12, PERSON), (15, PERSON), (16, KEYS)]
    {
        let mut house = House1::new(RULES);
        house.talks(talks);
        assert_eq!(house.door(), door, "{talks} talks");
    }
    let mut house = House1::new(Rules { guess: 300, most: 8, recognisers: 2 });
    house.talks(8);
    assert_eq!(house.door(), PERSON, "never more than the most");
}

#[test]
fn who_is_refused_is_refused_whatever_the_robot_could_take() {
    for (closed, queue_full, talks, door) in [
        (true, false, 0, Door::Nobody),
        (true, true, 0, Door::Nobody),
        // The robot takes a call although nobody more can wait for a person.
        (false, true, 0, Door::Robot),
        (false, true, 12, Door::Nobody),
        (false, false, 12, PERSON),
    ] {
        let mut house = House1::new(RULES);
        house.talks(talks);
        house.house = House { closed, queue_full, talks };
        assert_eq!(house.door(), door, "{closed} {queue_full} {talks}");
    }
}

/// What a talk costs foretells how many there may be: recognisers × 0.7 / cost, a quarter beyond what was there at once.
#[test]
fn the_number_of_talks_follows_what_they_cost() {
    // Twelve talks, utterances a second, milliseconds of each; how many talks may be.
    for (each, took_ms, limit) in [
        // 3 × 100 ms of a second for 12 talks: 56 of them would keep two recognisers busy; 15 are a step.
        (3, 100, 15),
        // 3 × 400 ms: 14 of them.
        (3, 400, 14),
        // 3 × 560 ms: 10.
        (3, 560, 10),
        // Ten seconds of work a second: not even one, and there are two recognisers.
        (5, 2_000, 2),
        // Nobody says anything.
        (0, 0, 12),
    ] {
        let mut house = House1::new(RULES);
        house.talks(12);
        house.seconds(31, each, (0, took_ms));
        assert_eq!(house.admission.limit(house.now), limit, "{each} × {took_ms} ms");
    }
    // A little talk says nothing yet.
    let mut house = House1::new(RULES);
    house.talks(1);
    house.seconds(31, 3, (0, 560));
    assert_eq!(house.admission.limit(house.now), 12);
}

#[test]
fn the_door_shuts_at_one_bound_and_opens_at_a_lower_one() {
    // So many that costs are no matter here.
    let mut house = House1::new(Rules { recognisers: 4, ..RULES });
    house.talks(4);
    // Each row: seconds, what every utterance of them waited and took, and why the door is shut afterwards.
    let rows: [(u64, (u32, u32), Option<Strain>); 9] = [
        (10, (0, 300), None),
        (31, (590, 300), None),
        (31, (600, 300), Some(Strain::Waits)),
        // Better, and not good enough.
        (31, (300, 300), Some(Strain::Waits)),
        (31, (199, 300), None),
        (31, (199, 1_900), Some(Strain::Slow)),
        (31, (0, 1_300), Some(Strain::Slow)),
        (31, (0, 1_100), None),
        (31, (0, 300), None),
    ];
    for (row, (seconds, job, strain)) in rows.into_iter().enumerate() {
        house.seconds(seconds, 1, job);
        assert_eq!(house.strain(), strain, "row {row}");
        if strain.is_some() {
            assert_eq!(house.door(), KEYS, "row {row}: with waits nobody tells a word");
        }
    }
}

#[test]
fn late_sound_shuts_the_door_too() {
    let mut house = House1::new(RULES);
    house.talks(4);
    for (seconds, late, strain) in [
        (31, 0, None),
        (31, 9, None),
        (31, 10, Some(Strain::Frames)),
        (31, 5, Some(Strain::Frames)),
        (31, 1, None),
    ] {
        house.frames(seconds, 1_000, late);
        assert_eq!(house.strain(), strain, "{late} of 1000");
    }
}

#[test]
fn what_is_measured_is_forgotten_and_the_door_does_not_flutter() {
    let mut house = House1::new(RULES);
    house.talks(4);
    house.seconds(10, 2, (5_000, 500));
    assert_eq!((house.strain(), house.door()), (Some(Strain::Waits), KEYS));
    house.talks(1);
    assert_eq!(house.door(), Door::Robot, "a recogniser is there for nobody else");
    house.talks(0);
    house.seconds(31, 0, (0, 0));
    assert_eq!(house.strain(), None, "nobody talks, and nothing is known any more");
    assert_eq!(house.door(), Door::Robot);
    // At the guess: one leaves, and the next does not come in through the gap.
    house.talks(12);
    assert_eq!(house.strain(), Some(Strain::Talks));
    for (after_ms, talks, open) in [(100, 11, false), (3_000, 11, false), (3_000, 10, true)] {
        house.now = house.now + after_ms;
        house.talks(talks);
        assert_eq!(house.strain().is_none(), open, "{talks} talks");
    }
}

#[test]
fn a_few_slow_utterances_among_many_are_no_reason() {
    let mut house = House1::new(RULES);
    house.talks(4);
    house.seconds(20, 2, (0, 300));
    house.seconds(2, 1, (4_000, 300));
    assert_eq!(house.strain(), None, "two of 42");
    house.seconds(1, 1, (4_000, 300));
    assert_eq!(house.strain(), Some(Strain::Waits), "three of 43");
    // Looks ahead wait for nobody's sake.
    let mut house = House1::new(RULES);
    house.talks(4);
    for _ in 0..40 {
        house.now = house.now + 500;
        let ahead = Job { waited_ms: 9_000, took_ms: 100, awaited: false };
        house.admission.measured(house.now, Measured { jobs: vec![ahead], ..Measured::default() });
    }
    assert_eq!(house.strain(), None);
}

proptest! {
    /// Whatever is measured: a closed house takes nobody, the robot never has more than the most, there is always room for
    /// the first, and a house at rest opens again.
    #[test]
    fn whatever_is_measured_the_door_is_true(
        seed: u64, most in 1_usize..40, guess in 1_usize..60, recognisers in 1_usize..8, steps in 1_usize..200,
    ) {
        let mut rng = Rng::new(seed);
        let mut house = House1::new(Rules { guess, most, recognisers });
        for _ in 0..steps {
            house.now = house.now + rng.below(4_000);
            if rng.chance(0.5) {
                house.talks(rng.below(60) as usize);
            }
            let mut draw = |bound: u64| rng.below(bound) as u32;
            let jobs = (0..draw(6))
                .map(|_| Job { waited_ms: draw(3_000), took_ms: draw(3_000), awaited: draw(2) == 0 })
                .collect();
            let frames = u64::from(draw(2_000));
            let late = u64::from(draw(30)).min(frames);
            house.admission.measured(house.now, Measured { jobs, frames, late });
            let limit = house.admission.limit(house.now);
            prop_assert!((1..=most).contains(&limit));
            if house.door() == Door::Robot {
                let alone = house.house.talks < recognisers;
                prop_assert!(house.house.talks < limit && (alone || house.strain().is_none()));
            }
            let closed = House { closed: true, ..house.house };
            prop_assert_eq!(house.admission.door(house.now, closed), Door::Nobody);
        }
        house.talks(0);
        house.seconds(34, 0, (0, 0));
        prop_assert_eq!(house.door(), Door::Robot);
    }
}

// ---- the whole house, with recognisers that are slow

/// Twice as many callers as two slow recognisers can follow.
fn crowded(hearing: Hearing, conversations: usize, seed: u64) -> Report {
    let scenario = Scenario {
        calls: 150,
        seed,
        agents: 4,
        every_ms: 4_000,
        conversations,
        hearing: Some(hearing),
        ..Scenario::default()
    };
    let report = run(&scenario).unwrap();
    assert!(report.violations.is_empty(), "{scenario:?}: {:#?}", report.violations);
    report
}

#[test]
fn running_talks_keep_their_pace_and_new_callers_go_to_people() {
    let decode_ms = 1_500;
    let hearing = Hearing { recognisers: 2, decode_ms, most: 256, untold: false };
    for seed in 1..4 {
        let everybody = crowded(Hearing { untold: true, ..hearing }, 256, seed);
        let measured = crowded(hearing, 12, seed);
        let what = format!("seed {seed}: {measured:?}, and without bounds {everybody:?}");
        assert!(measured.heard_p95_ms < 3 * decode_ms, "{what}");
        assert!(everybody.heard_p95_ms > measured.heard_p95_ms, "{what}");
        assert!(measured.told_busy > everybody.told_busy && measured.refused == 0, "{what}");
        println!(
            "seed {seed}: 95 % heard within {} ms, {} callers to people; without measuring {} ms",
            measured.heard_p95_ms, measured.told_busy, everybody.heard_p95_ms
        );
    }
}

#[test]
fn recognisers_that_keep_up_send_nobody_away() {
    let hearing = Hearing { recognisers: 2, decode_ms: 60, most: 256, untold: false };
    let report = crowded(hearing, 12, 1);
    assert!(report.told_busy < 15, "the guess is outgrown: {report:?}");
}
