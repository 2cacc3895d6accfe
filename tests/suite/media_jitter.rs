//! The jitter buffer and its concealment over bad networks, each from a seed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;

use huiyin::kernel::{Moment, Rng};
use huiyin::media::conceal::Concealer;
use huiyin::media::jitter::DELAY_MS_MAX;
use huiyin::media::level::dbov;
use huiyin::media::rtp::{AudioPacket, Content};
use huiyin::media::{FRAME_SAMPLES, FrameKind, JitterBuffer};
use proptest::prelude::*;

/// A network: what it does to packets that leave every 20 ms.
#[derive(Clone, Copy, Debug)]
struct Network {
    loss: f64,
    /// Chance that a loss goes on.
    burst: f64,
    duplicates: f64,
    /// Mean of the exponential delay of each packet, in ms; packets overtake each other.
    jitter_ms: f64,
    /// Every so many packets the network stands still for a while.
    stall: Option<(u64, u64)>,
    /// The sender's clock, parts per million fast.
    drift_ppm: f64,
}

const GOOD: Network =
    Network { loss: 0.0, burst: 0.0, duplicates: 0.0, jitter_ms: 0.0, stall: None, drift_ppm: 0.0 };

/// What came out.
#[derive(Debug, Default)]
struct Outcome {
    /// The packet that each frame's last sample belongs to, for frames that were heard.
    heard: Vec<u64>,
    /// Every packet of which a stretch was heard.
    any: BTreeSet<u64>,
    kinds: Vec<FrameKind>,
    delays: Vec<i64>,
    /// Wait of each heard packet from leaving to playing.
    waits: Vec<i64>,
    buffer: JitterBuffer,
}

/// The sound of packet `number`: a level from which the number is read again.
fn sound(number: u64, loud: bool) -> Vec<i16> {
    if loud {
        vec![3_000 + number as i16 * 5; FRAME_SAMPLES]
    } else {
        vec![(number % 2) as i16; FRAME_SAMPLES]
    }
}

fn number_of(sample: i16) -> u64 {
    u64::from((sample - 3_000).unsigned_abs()).div_ceil(5)
}

fn play(network: Network, seed: u64, packets: u64, loud: impl Fn(u64) -> bool) -> Outcome {
    let mut rng = Rng::new(seed);
    let mut arrivals: Vec<(u64, u64)> = Vec::new();
    let mut lost = false;
    let interval = 20.0 / (1.0 + network.drift_ppm / 1e6);
    for number in 0..packets {
        lost = if lost { rng.chance(network.burst) } else { rng.chance(network.loss) };
        if lost {
            continue;
        }
        let mut at =
            1_000.0 + number as f64 * interval - network.jitter_ms * (1.0 - rng.unit()).ln();
        if let Some((every, ms)) = network.stall {
            let into = (number % every) * 20;
            at += ms.saturating_sub(into) as f64 * f64::from(u8::from(number >= every));
        }
        arrivals.push((at as u64, number));
        if rng.chance(network.duplicates) {
            arrivals.push((at as u64 + rng.below(60), number));
        }
    }
    arrivals.sort();
    run(&arrivals, packets, interval, loud)
}

fn run(
    arrivals: &[(u64, u64)],
    packets: u64,
    interval: f64,
    loud: impl Fn(u64) -> bool,
) -> Outcome {
    let mut outcome = Outcome::default();
    let mut next = 0;
    for tick in 0..packets + 60 {
        let now = 1_003 + tick * 20;
        while let Some(&(at, number)) = arrivals.get(next).filter(|(at, _)| *at <= now) {
            outcome.buffer.insert(
                Moment::from_ms(at),
                AudioPacket {
                    stream: 0,
                    sequence: number,
                    timestamp: 5_000_000_000 + number as i64 * 160,
                    marker: number == 0,
                    content: Content::Samples(sound(number, loud(number))),
                },
            );
            next += 1;
        }
        let (frame, kind) = outcome.buffer.pull(Moment::from_ms(now));
        outcome.kinds.push(kind);
        outcome.delays.extend(outcome.buffer.delay_ms(Moment::from_ms(now)));
        // Where two packets are faded into each other neither can be read.
        let plain = frame[150..].iter().all(|&sample| sample == frame[159] && sample >= 3_000);
        for run in frame.chunk_by(|one, other| one == other).filter(|run| run.len() >= 20) {
            outcome.any.extend((run[0] >= 3_000).then(|| number_of(run[0])));
        }
        if kind == FrameKind::Heard && plain {
            let number = number_of(frame[159]);
            outcome.heard.push(number);
            outcome.waits.push(now as i64 - (1_000 + (number as f64 * interval) as i64));
        }
    }
    outcome
}

#[test]
fn a_good_network_is_heard_whole_with_little_delay() {
    let outcome = play(GOOD, 1, 500, |_| true);
    assert_eq!(outcome.heard, (0..500).collect::<Vec<_>>());
    assert!(outcome.waits.iter().all(|&wait| wait <= 60), "{:?}", outcome.waits.iter().max());
    assert_eq!(outcome.buffer.stats().concealed, 3);
}

#[test]
fn reordered_packets_are_put_in_order() {
    let network = Network { jitter_ms: 15.0, duplicates: 0.1, ..GOOD };
    for seed in 0..20 {
        let outcome = play(network, seed, 1_000, |number| number % 100 < 80);
        let stats = outcome.buffer.stats();
        assert!(outcome.heard.is_sorted(), "seed {seed}");
        let share = stats.late as f64 / 1_000.0;
        assert!(share < 0.08, "seed {seed}: {} late", stats.late);
    }
}

#[test]
fn a_lost_packet_is_concealed_once() {
    let mut arrivals: Vec<(u64, u64)> =
        (0..200).map(|number| (1_000 + number * 20, number)).collect();
    arrivals.retain(|(_, number)| *number != 100);
    let outcome = run(&arrivals, 200, 20.0, |_| true);
    let concealed =
        outcome.kinds[..200].iter().filter(|kind| **kind == FrameKind::Concealed).count();
    assert_eq!(concealed, 1);
    assert_eq!(outcome.heard.len(), 199);
}

#[test]
fn a_stalled_network_costs_delay_and_no_words() {
    let network = Network { stall: Some((250, 150)), ..GOOD };
    let outcome = play(network, 1, 1_000, |number| number % 50 < 40);
    let loud = (0..1_000).filter(|number| number % 50 < 40).count();
    assert_eq!(outcome.buffer.stats().late, 0);
    assert!(outcome.any.len() + 8 >= loud, "{} of {loud}", outcome.any.len());
    assert!(outcome.heard.is_sorted());
}

#[test]
fn the_delay_comes_down_again_in_silence() {
    // One long stall at packet 300, then a good network with pauses of speech.
    let arrivals: Vec<(u64, u64)> = (0..2_000u64)
        .map(|number| {
            (
                1_000
                    + number * 20
                    + if (300..310).contains(&number) { (310 - number) * 20 } else { 0 },
                number,
            )
        })
        .collect();
    let outcome = run(&arrivals, 2_000, 20.0, |number| number % 60 < 40);
    let late = outcome.delays[1_900..].iter().max().unwrap();
    assert!(*late <= 70, "{late} ms at the end");
}

#[test]
fn two_clocks_may_drift_apart() {
    for drift_ppm in [-500.0, -100.0, 100.0, 500.0] {
        let network = Network { drift_ppm, jitter_ms: 4.0, ..GOOD };
        let outcome = play(network, 9, 5_000, |number| number % 60 < 40);
        let stats = outcome.buffer.stats();
        let worst = outcome.delays.iter().max().unwrap();
        assert!(*worst <= 100, "{drift_ppm} ppm: {worst} ms");
        assert!(stats.late < 100, "{drift_ppm} ppm: {stats:?}");
        assert!(stats.concealed < 150, "{drift_ppm} ppm: {stats:?}");
    }
}

#[test]
fn another_stream_begins_at_once() {
    let mut buffer = JitterBuffer::new();
    let mut heard = 0;
    for tick in 0..200u64 {
        let now = Moment::from_ms(tick * 20);
        let stream = (tick / 100) as u32;
        let timestamp = tick as i64 * 160 + if stream == 0 { 0 } else { -900_000_000 };
        let content = Content::Samples(vec![5_000; FRAME_SAMPLES]);
        buffer
            .insert(now, AudioPacket { stream, sequence: tick, timestamp, marker: false, content });
        heard += usize::from(buffer.pull(now).1 == FrameKind::Heard);
    }
    assert!(heard >= 193, "{heard}");
}

#[test]
fn a_clock_that_is_set_back_or_forward_is_followed() {
    for jump in [-8_000_000i64, 8_000_000] {
        let mut buffer = JitterBuffer::new();
        let mut heard = 0;
        for tick in 0..200u64 {
            let now = Moment::from_ms(tick * 20);
            let timestamp = tick as i64 * 160 + if tick < 100 { 0 } else { jump };
            let content = Content::Samples(vec![5_000; FRAME_SAMPLES]);
            let packet =
                AudioPacket { stream: 0, sequence: tick, timestamp, marker: false, content };
            buffer.insert(now, packet);
            heard += usize::from(buffer.pull(now).1 == FrameKind::Heard);
        }
        assert!(heard >= 185, "{jump}: {heard}");
    }
}

#[test]
fn packets_of_10_30_and_40_ms_are_frames_too() {
    for length in [80, 240, 320i64] {
        let mut buffer = JitterBuffer::new();
        let mut heard = 0;
        let mut sent = 0;
        for ms in 0..2_000u64 {
            if (ms * 8) as i64 >= sent {
                let content = Content::Samples(vec![5_000; length as usize]);
                let packet =
                    AudioPacket { stream: 0, sequence: 0, timestamp: sent, marker: false, content };
                buffer.insert(Moment::from_ms(ms), packet);
                sent += length;
            }
            if ms % 20 == 7 {
                heard += usize::from(buffer.pull(Moment::from_ms(ms)).1 == FrameKind::Heard);
            }
        }
        assert!(heard >= 94, "{length} samples: {heard} of 100");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn any_network_gives_frames_in_order_and_in_bounds(
        seed in any::<u64>(),
        loss in 0.0..0.4f64,
        burst in 0.0..0.9f64,
        duplicates in 0.0..0.3f64,
        jitter_ms in 0.0..80.0f64,
        stall in prop::option::of((20u64..300, 50u64..3_000)),
        drift_ppm in -1_000.0..1_000.0f64,
        speech in 1u64..60,
    ) {
        let network = Network { loss, burst, duplicates, jitter_ms, stall, drift_ppm };
        let outcome = play(network, seed, 600, |number| number % 60 < speech);
        prop_assert_eq!(outcome.kinds.len(), 660);
        for pair in outcome.heard.windows(4) {
            // A stretched frame moves on by a quarter of a packet or more.
            prop_assert!(pair.is_sorted() && pair[3] > pair[0], "seed {} {:?}: {:?}", seed, network, pair);
        }
        for &delay in &outcome.delays {
            prop_assert!(delay <= DELAY_MS_MAX + 20, "seed {} {:?}: delay {}", seed, network, delay);
        }
        let target = outcome.buffer.target_ms();
        prop_assert!((20..=200).contains(&target), "seed {}: target {}", seed, target);
    }

    #[test]
    fn any_packets_at_all_are_survived(
        packets in prop::collection::vec((0u64..2_000, any::<i32>(), 0usize..400, 0u32..3), 0..200),
    ) {
        let mut buffer = JitterBuffer::new();
        let mut now = 0;
        for (index, (step, timestamp, length, stream)) in packets.into_iter().enumerate() {
            now += step / 20;
            let content = Content::Samples(vec![index as i16; length]);
            let timestamp = i64::from(timestamp) >> (index % 20);
            buffer.insert(Moment::from_ms(now), AudioPacket { stream, sequence: 0, timestamp, marker: false, content });
            buffer.pull(Moment::from_ms(now));
        }
    }

    #[test]
    fn concealment_decays_to_nothing(seed in any::<u64>(), hertz in 80.0..400.0f32) {
        let mut rng = Rng::new(seed);
        let mut concealer = Concealer::new();
        for start in 0..10 {
            let mut frame: [i16; FRAME_SAMPLES] = std::array::from_fn(|index| {
                let at = (start * FRAME_SAMPLES + index) as f32 / 8_000.0;
                let phase = std::f32::consts::TAU * hertz * at;
                ((phase.sin() + 0.5 * (2.0 * phase).sin()) * 8_000.0 + rng.normal() as f32 * 100.0) as i16
            });
            concealer.heard(&mut frame);
        }
        let mut levels = Vec::new();
        for _ in 0..10 {
            let mut step = [0; 80];
            concealer.conceal(&mut step);
            levels.push(dbov(&step));
        }
        prop_assert!((levels[0] - dbov(&[6_300; 10])).abs() < 4.0, "seed {}: {:?}", seed, levels);
        for (before, after) in levels[1..].iter().zip(&levels[2..]) {
            // A step may hold a louder part of the period.
            prop_assert!(*after < before + 1.5, "seed {}: {:?}", seed, levels);
        }
        prop_assert!(levels[6..].iter().all(|level| *level == -127.0), "seed {}: {:?}", seed, levels);
        prop_assert!(levels[5] < levels[0] - 9.0, "seed {}: {:?}", seed, levels);
        prop_assert!(concealer.faded());
    }
}

#[test]
fn concealment_of_a_tone_goes_on_without_a_step() {
    let mut concealer = Concealer::new();
    let wave = |index: usize| {
        (8_000.0 * (std::f32::consts::TAU * 200.0 * index as f32 / 8_000.0).sin()) as i16
    };
    let mut sound = Vec::new();
    for start in (0..1_600).step_by(FRAME_SAMPLES) {
        let mut frame: [i16; FRAME_SAMPLES] = std::array::from_fn(|index| wave(start + index));
        if start == 800 {
            concealer.conceal(&mut frame);
        } else {
            concealer.heard(&mut frame);
        }
        sound.extend(frame);
    }
    // The steepest of a 200 Hz sine of this amplitude is 1,257 a sample; a step would be more.
    let steepest = sound[160..]
        .windows(2)
        .map(|pair| (i32::from(pair[1]) - i32::from(pair[0])).abs())
        .max()
        .unwrap();
    assert!(steepest < 1_400, "{steepest}");
    let error: f64 = sound[800..880]
        .iter()
        .enumerate()
        .map(|(index, &sample)| f64::from(sample - wave(800 + index)).powi(2))
        .sum();
    assert!((error / 80.0).sqrt() < 400.0, "{}", (error / 80.0).sqrt());
}
