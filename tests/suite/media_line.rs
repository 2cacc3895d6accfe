//! One leg's receive path over bad networks, each from a seed: latch, RTP, jitter buffer and concealment together.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::net::SocketAddr;

use huiyin::kernel::{Moment, Rng};
use huiyin::media::codec::g711::Law;
use huiyin::media::degrade;
use huiyin::media::jitter::DELAY_MS_MAX;
use huiyin::media::level::dbov;
use huiyin::media::network::{BadNetwork, Conditions, Loss};
use huiyin::media::rtp::{Agreed, Packets, Received, Receiver, Sender};
use huiyin::media::{Codec, FRAME_SAMPLES, Frame, FrameKind, JitterBuffer};
use proptest::prelude::*;

const PEER: &str = "192.0.2.7:4000";
/// The true caller is heard as rising numbers, strangers as a level that the caller never has.
const STRANGER: i16 = -20_000;
const LEVELS: u64 = 100;

#[derive(Clone, Copy, PartialEq, Debug)]
enum Stranger {
    Nobody,
    /// Another host, from the first packet on.
    Elsewhere,
    /// Another port of the peer's host.
    NextDoor,
}

#[derive(Clone, Copy, Debug)]
struct Scene {
    network: Conditions,
    codec: Codec,
    ptime_ms: u32,
    /// The sender's clock, parts per million fast.
    drift_ppm: f64,
    /// Frames of speech, then frames of silence announced by comfort noise.
    speech: u64,
    silence: u64,
    /// A new SSRC after so many frames.
    changes: Option<u64>,
    /// The peer's port changes after so many frames.
    moves: Option<u64>,
    stranger: Stranger,
    nat: bool,
}

const PLAIN: Scene = Scene {
    network: Conditions::GOOD,
    codec: Codec::Pcma,
    ptime_ms: 20,
    drift_ppm: 0.0,
    speech: 1,
    silence: 0,
    changes: None,
    moves: None,
    stranger: Stranger::Nobody,
    nat: false,
};

/// netem's `delay 100ms 60ms`, and a tenth lost.
const BAD: Conditions =
    Conditions { loss: Loss::Random(0.1), delay_ms: 100, jitter_ms: 60, duplicate: 0.02 };
const BURSTS: Conditions =
    Conditions { loss: Loss::Bursts { begins: 0.02, ends: 0.25, lost: 0.8 }, ..BAD };

struct Outcome {
    frames: Vec<(Frame, FrameKind)>,
    delays: Vec<i64>,
    receiver: Receiver,
    buffer: JitterBuffer,
}

impl Outcome {
    fn count(&self, kind: FrameKind) -> usize {
        self.frames.iter().filter(|(_, found)| *found == kind).count()
    }
}

/// Frame `number` of the caller: a level that climbs from frame to frame and begins anew after a hundred, so that the order
/// can be read from what is heard. Every level has a code of its own.
fn level(codec: Codec, number: u64) -> i16 {
    let law = if codec == Codec::Pcmu { Law::Mu } else { Law::A };
    let mut levels: Vec<i16> =
        (0..=255).map(|code| law.expand(code)).filter(|level| *level > 0).collect();
    levels.sort_unstable();
    levels[20 + (number % LEVELS) as usize]
}

fn elsewhere(stranger: Stranger) -> Option<SocketAddr> {
    match stranger {
        Stranger::Nobody => None,
        Stranger::Elsewhere => Some("203.0.113.5:4000".parse().unwrap()),
        Stranger::NextDoor => Some("192.0.2.7:5555".parse().unwrap()),
    }
}

/// Comfort noise of -60 dBov in place of a frame.
fn comfort(sender: &mut Sender, payload: u8) -> Vec<u8> {
    let mut packet = sender.audio(&[0; 80]).unwrap().to_vec();
    packet.truncate(12);
    packet[1] = payload;
    packet.push(60);
    packet
}

fn play(scene: Scene, seed: u64, frames: u64) -> Outcome {
    let peer: SocketAddr = PEER.parse().unwrap();
    let audio = Codec::ALL.into_iter().map(|codec| (codec.payload_type(), codec)).collect();
    let agreed = Agreed { audio, events: None, comfort: None, remote: peer, nat: scene.nat };
    let mut outcome = Outcome {
        frames: Vec::new(),
        delays: Vec::new(),
        receiver: Receiver::new(Moment::ZERO, agreed),
        buffer: JitterBuffer::new(),
    };
    let mut network = BadNetwork::new(seed, scene.network);
    let mut caller = Caller::new(scene, seed, peer);
    for tick in 0..frames + 30 {
        let now = Moment::from_ms(tick * 20);
        while tick < frames && caller.next_at() <= now {
            caller.speak(&mut network);
        }
        while let Some((at, (from, packet))) = network.arrived(now) {
            if let Received::Audio(audio) = outcome.receiver.receive(at, from, &packet) {
                outcome.buffer.insert(at, audio);
            }
        }
        outcome.frames.push(outcome.buffer.pull(now));
        outcome.delays.extend(outcome.buffer.delay_ms(now));
    }
    outcome
}

/// Who sends, with a clock of their own.
struct Caller {
    scene: Scene,
    sender: Sender,
    packets: Packets,
    stranger: Sender,
    from: SocketAddr,
    number: u64,
    rng: Rng,
}

impl Caller {
    fn new(scene: Scene, seed: u64, from: SocketAddr) -> Self {
        Caller {
            scene,
            sender: Sender::new(seed, scene.codec, scene.codec.payload_type()),
            packets: Packets::of(scene.ptime_ms),
            stranger: Sender::new(seed ^ 0xbad, Codec::Pcma, 8),
            from,
            number: 0,
            rng: Rng::new(seed),
        }
    }

    fn next_at(&self) -> Moment {
        let ms = (self.number + 1) as f64 * 20.0 / (1.0 + self.scene.drift_ppm / 1e6);
        Moment::from_ms(ms as u64)
    }

    fn speak(&mut self, network: &mut BadNetwork<(SocketAddr, Vec<u8>)>) {
        let (now, number, scene) = (self.next_at(), self.number, self.scene);
        self.number += 1;
        if scene.changes == Some(number) {
            let seed = self.rng.next_u64();
            self.sender = Sender::new(seed, scene.codec, scene.codec.payload_type());
        }
        if scene.moves == Some(number) {
            self.from.set_port(4_777);
        }
        if let Some(from) = elsewhere(scene.stranger) {
            network.send(
                now,
                (from, self.stranger.audio(&[STRANGER; FRAME_SAMPLES]).unwrap().to_vec()),
            );
        }
        let within = number % (scene.speech + scene.silence);
        if within < scene.speech {
            self.packets.push(&[level(scene.codec, number); FRAME_SAMPLES]);
            while let Some(packet) = self.packets.next(&mut self.sender) {
                network.send(now, (self.from, packet.unwrap().to_vec()));
            }
            return;
        }
        self.packets.clear(&mut self.sender);
        if (within - scene.speech).is_multiple_of(10) {
            // Word of silence covers no time of its own: half a frame passed in making it.
            network.send(now, (self.from, comfort(&mut self.sender, 13)));
            self.sender.audio(&[0; 80]).unwrap();
        } else {
            self.sender.pause();
        }
    }
}

/// What was heard comes in its order, and nothing again and again: a stretched frame moves on by a quarter or more.
fn in_order(outcome: &Outcome, codec: Codec) -> Result<(), String> {
    let levels: Vec<i16> = (0..LEVELS).map(|number| level(codec, number)).collect();
    let number = |sample: i16| levels.iter().position(|level| *level == sample);
    let mut last = None;
    let mut stands = 0;
    for (tick, (frame, kind)) in outcome.frames.iter().enumerate() {
        if *kind != FrameKind::Heard {
            continue;
        }
        // Where two packets fade into each other neither can be read.
        let runs = frame.chunk_by(|one, other| one == other).filter(|run| run.len() >= 30);
        for number in runs.filter_map(|run| number(run[0])) {
            // Nothing is heard two seconds late, so the moment says which of the numbers with this level it is.
            let age = (tick + levels.len() - number) % levels.len();
            let Some(number) = tick.checked_sub(age) else {
                return Err(format!("tick {tick}: a level that was not sent yet"));
            };
            let before = last.unwrap_or(0);
            stands = if number > before { 0 } else { stands + 1 };
            // A stretch repeats up to 15 ms, so that the end of the frame before may be read once more.
            if number + 1 < before || stands > 5 {
                return Err(format!("tick {tick}: frame {number} after {before}, {stands} times"));
            }
            last = Some(number.max(before));
        }
    }
    Ok(())
}

fn nobody_else(outcome: &Outcome) -> bool {
    outcome.frames.iter().all(|(frame, _)| frame.iter().all(|&sample| sample > STRANGER / 2))
}

#[test]
fn a_tenth_lost_and_60_ms_of_jitter_leave_the_rest_in_order() {
    for (network, least) in [(BAD, 0.75), (BURSTS, 0.75)] {
        for seed in 0..10 {
            let outcome = play(Scene { network, ..PLAIN }, seed, 1_000);
            let heard = outcome.count(FrameKind::Heard) as f64 / 1_000.0;
            // A lost packet lies across two frames, so that a tenth lost is up to a fifth touched.
            assert!(heard > least, "seed {seed}: {heard}; {:?}", outcome.buffer.stats());
            assert_eq!(in_order(&outcome, Codec::Pcma), Ok(()), "seed {seed}");
            let worst = outcome.delays.iter().max().unwrap();
            assert!(*worst <= DELAY_MS_MAX + 20, "seed {seed}: {worst} ms");
        }
    }
}

#[test]
fn a_burst_is_over_when_it_is_over() {
    let dead = Conditions { loss: Loss::Random(1.0), ..Conditions::GOOD };
    let peer: SocketAddr = PEER.parse().unwrap();
    let agreed = Agreed {
        audio: vec![(8, Codec::Pcma)],
        events: None,
        comfort: None,
        remote: peer,
        nat: false,
    };
    for length in [1, 3, 10, 100, 500u64] {
        let mut receiver = Receiver::new(Moment::ZERO, agreed.clone());
        let mut buffer = JitterBuffer::new();
        let mut network = BadNetwork::new(length, Conditions::GOOD);
        let mut sender = Sender::new(1, Codec::Pcma, 8);
        let mut kinds = Vec::new();
        for tick in 0..length + 300 {
            let now = Moment::from_ms(tick * 20);
            let lost = (100..100 + length).contains(&tick);
            network.set(if lost { dead } else { Conditions::GOOD });
            network.send(now, sender.audio(&[5_000; FRAME_SAMPLES]).unwrap());
            while let Some((at, packet)) = network.arrived(now) {
                if let Received::Audio(audio) = receiver.receive(at, peer, &packet) {
                    buffer.insert(at, audio);
                }
            }
            kinds.push(buffer.pull(now).1);
        }
        // Within a tenth of a second of its end.
        let after = &kinds[(100 + length as usize + 5)..];
        assert!(after.iter().all(|kind| *kind == FrameKind::Heard), "{length} frames: {after:?}");
    }
}

#[test]
fn a_recording_over_a_bad_line_is_the_same_each_time_and_as_long() {
    let pcm: Vec<i16> = (0..16_000).map(|index| ((index % 57) * 300 - 8_000) as i16).collect();
    let clean = degrade::over(&pcm, Conditions::GOOD, 1).unwrap();
    let bad = degrade::over(&pcm, BAD, 1).unwrap();
    assert_eq!(bad, degrade::over(&pcm, BAD, 1).unwrap());
    assert_ne!(bad, degrade::over(&pcm, BAD, 2).unwrap());
    for heard in [&clean, &bad] {
        assert!((16_000..=22_000).contains(&heard.len()), "{}", heard.len());
        let loud = heard.chunks(FRAME_SAMPLES).filter(|frame| dbov(frame) > -30.0).count();
        assert!((95..=108).contains(&loud), "{loud} of 100 frames are loud");
    }
}

#[test]
fn silence_that_is_announced_is_no_loss() {
    for network in
        [Conditions::GOOD, Conditions { delay_ms: 60, jitter_ms: 20, ..Conditions::GOOD }]
    {
        let scene = Scene { network, speech: 50, silence: 50, ..PLAIN };
        let outcome = play(scene, 4, 1_000);
        let comfort = outcome.count(FrameKind::Comfort);
        assert!((430..=540).contains(&comfort), "{comfort}; {:?}", outcome.buffer.stats());
        let concealed = outcome.count(FrameKind::Concealed);
        assert!(concealed <= 30, "{concealed}; {:?}", outcome.buffer.stats());
        let noise = outcome.frames.iter().filter(|(_, kind)| *kind == FrameKind::Comfort);
        let loud = noise.filter(|(frame, _)| dbov(frame) > -55.0).count();
        assert!(loud <= 12, "{loud} frames of noise are too loud");
    }
}

#[test]
fn a_new_stream_and_a_new_port_are_heard_soon() {
    for (changes, moves, gap) in [(Some(300), None, 15), (None, Some(300), 20)] {
        for network in [Conditions::GOOD, BAD] {
            let outcome = play(Scene { network, changes, moves, ..PLAIN }, 11, 800);
            // What is under way and in the buffer is heard on; then there is a gap; then the new is heard.
            let gone =
                outcome.frames[300..].iter().take_while(|(_, kind)| *kind != FrameKind::Silence);
            let start = 300 + gone.count().min(40);
            let quiet =
                outcome.frames[start..700].iter().take_while(|(_, kind)| *kind != FrameKind::Heard);
            let quiet = quiet.count();
            assert!(quiet <= gap, "{changes:?} {moves:?} {network:?}: {quiet}");
            let stats = outcome.receiver.stats();
            let (restarts, rebinds) = (u64::from(changes.is_some()), u64::from(moves.is_some()));
            assert_eq!((stats.restarts, stats.rebinds), (restarts, rebinds));
        }
    }
}

#[test]
fn a_stream_that_moves_is_known_by_its_numbers_and_by_nothing_less() {
    let (next_door, elsewhere) = ("192.0.2.7:4777", "198.51.100.9:4000");
    for (nat, to, same, heard) in [
        (false, next_door, true, true),
        (false, elsewhere, true, false),
        (true, elsewhere, true, true),
        (true, elsewhere, false, false),
    ] {
        let remote: SocketAddr = PEER.parse().unwrap();
        let agreed =
            Agreed { audio: vec![(8, Codec::Pcma)], events: None, comfort: None, remote, nat };
        let mut receiver = Receiver::new(Moment::ZERO, agreed);
        let (mut own, mut other) = (Sender::new(1, Codec::Pcma, 8), Sender::new(2, Codec::Pcma, 8));
        for tick in 0..150u64 {
            let moved = tick >= 50;
            let sender = if moved && !same { &mut other } else { &mut own };
            let from = if moved { to.parse().unwrap() } else { remote };
            let packet = sender.audio(&[5_000; FRAME_SAMPLES]).unwrap();
            let received = receiver.receive(Moment::from_ms(tick * 20), from, &packet);
            let believed = matches!(received, Received::Audio(_));
            if !moved || tick >= 60 {
                assert_eq!(believed, !moved || heard, "nat {nat}, {to}, packet {tick}");
            }
        }
        let expected = if heard { to.parse().unwrap() } else { remote };
        assert_eq!(receiver.remote(), expected, "nat {nat}, {to}");
    }
}

#[test]
fn strangers_are_heard_on_no_network() {
    for stranger in [Stranger::Elsewhere, Stranger::NextDoor] {
        for network in [Conditions::GOOD, BAD, BURSTS] {
            for moves in [None, Some(200)] {
                let outcome = play(Scene { network, stranger, moves, ..PLAIN }, 3, 600);
                let heard = outcome.count(FrameKind::Heard);
                assert!(nobody_else(&outcome), "{stranger:?} {network:?} {moves:?}");
                assert!(heard > 400, "{stranger:?} {network:?} {moves:?}: {heard}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn any_line_gives_every_frame_in_order_in_time_and_of_nobody_else(
        seed in any::<u64>(),
        lost in 0.0..0.3f64,
        bursts in any::<bool>(),
        jitter_ms in 0u64..80,
        duplicate in 0.0..0.2f64,
        drift_ppm in -200.0..200.0f64,
        codec in prop::sample::select(vec![Codec::Pcma, Codec::Pcmu]),
        ptime_ms in prop::sample::select(vec![10u32, 20, 30, 40, 60]),
        silence in 0u64..40,
        changes in prop::option::of(50u64..400),
        moves in prop::option::of(50u64..400),
    ) {
        let loss = match bursts {
            true => Loss::Bursts { begins: lost / 4.0, ends: 0.3, lost: 0.9 },
            false => Loss::Random(lost),
        };
        let network = Conditions { loss, delay_ms: jitter_ms + 5, jitter_ms, duplicate };
        let scene = Scene { network, codec, ptime_ms, drift_ppm, speech: 60, silence, changes, moves, ..PLAIN };
        let outcome = play(scene, seed, 500);
        prop_assert_eq!(outcome.frames.len(), 530);
        prop_assert_eq!(in_order(&outcome, codec), Ok(()), "seed {} {:?}", seed, scene);
        prop_assert!(nobody_else(&outcome), "seed {} {:?}", seed, scene);
        for &delay in &outcome.delays {
            prop_assert!(delay <= DELAY_MS_MAX + 20, "seed {} {:?}: {} ms", seed, scene, delay);
        }
    }
}
