//! Sound: codecs, packets, keys, speech queues, bridges.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::net::SocketAddr;

use huiyin::kernel::{LegId, Moment, Rng};
use huiyin::media::codec::g711::Law;
use huiyin::media::dtmf::{KeyReceiver, KeySender};
use huiyin::media::latch::{NAT_WINDOW_MS, REBIND_AFTER};
use huiyin::media::level::{LineNoise, clipped, dbov};
use huiyin::media::music::Music;
use huiyin::media::rtp::sequence::{Sequence, Sequenced};
use huiyin::media::rtp::{Agreed, Content, Received, Receiver, Refusal, Sender};
use huiyin::media::tones::{KeyListener, key_tone};
use huiyin::media::{
    Background, Codec, FRAME_SAMPLES, Frame, Key, KeyEvent, MediaError, Mixer, Player, PlayerEvent,
    SILENCE,
};
use proptest::prelude::*;

fn at(ms: u64) -> Moment {
    Moment::from_ms(ms)
}

fn addr(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

// ---- codec

#[test]
fn g711_gives_the_values_of_the_recommendation() {
    // Decoder output at the ends of the segments, G.711 tables 1a and 2a, scaled to 16 bits.
    for (code, value) in [(0xd5, 8), (0x55, -8), (0xaa, 32_256), (0x2a, -32_256), (0x80, 5_504)] {
        assert_eq!(Law::A.expand(code), value, "A-law {code:#x}");
    }
    for (code, value) in [(0xff, 0), (0x7f, 0), (0x80, 32_124), (0x00, -32_124), (0xfe, 8)] {
        assert_eq!(Law::Mu.expand(code), value, "µ-law {code:#x}");
    }
    assert_eq!(Law::A.compress(0), Law::A.silence());
    assert_eq!(Law::Mu.compress(0), Law::Mu.silence());
    assert_eq!(Law::A.compress(i16::MIN), 0x2a);
    assert_eq!(Law::Mu.compress(i16::MAX), 0x80);
}

#[test]
fn g711_codes_survive_a_round_trip_and_err_by_half_a_step() {
    for codec in [Law::A, Law::Mu] {
        for code in 0..=255u8 {
            let back = codec.compress(codec.expand(code));
            let negative_zero = codec == Law::Mu && code == 0x7f;
            assert!(back == code || negative_zero, "{codec:?} {code:#x} came back as {back:#x}");
        }
        let mut values: Vec<i32> = (0..=255).map(|code| i32::from(codec.expand(code))).collect();
        values.sort_unstable();
        // Beyond this both laws are overloaded.
        for sample in -32_600..=32_600i16 {
            let got = i32::from(codec.expand(codec.compress(sample)));
            let place = values.partition_point(|&value| value < got);
            let step = values[place.max(1) - 1..=(place + 2).min(255)]
                .windows(2)
                .map(|pair| pair[1] - pair[0])
                .max()
                .unwrap();
            let error = (got - i32::from(sample)).abs();
            assert!(error <= step / 2, "{codec:?} {sample} became {got}");
        }
    }
}

#[test]
fn a_codec_is_found_by_number_and_by_name() {
    assert_eq!(Codec::from_payload_type(8), Some(Codec::Pcma));
    assert_eq!(Codec::from_payload_type(9), Some(Codec::G722));
    assert_eq!(Codec::from_payload_type(18), None);
    assert_eq!(Codec::from_name("pcmu"), Some(Codec::Pcmu));
}

// ---- RTP

const PEER: &str = "192.0.2.7:4000";

fn agreed(nat: bool) -> Agreed {
    Agreed {
        audio: vec![(8, Codec::Pcma)],
        events: Some(101),
        comfort: None,
        remote: addr(PEER),
        nat,
    }
}

fn is_audio(received: &Received) -> bool {
    matches!(received, Received::Audio(_))
}

#[test]
fn packets_go_over_and_silence_sets_the_marker() {
    let mut sender = Sender::new(7, Codec::Pcma, 8);
    let mut receiver = Receiver::new(at(0), agreed(false));
    let mut heard = Vec::new();
    for tick in 0..50u64 {
        if tick == 20 {
            sender.pause();
            continue;
        }
        let frame = [tick as i16 * 100; FRAME_SAMPLES];
        let packet = sender.audio(&frame).unwrap();
        match receiver.receive(at(tick * 20), addr(PEER), &packet) {
            Received::Audio(audio) => heard.push((tick, audio)),
            other => panic!("tick {tick}: {other:?}"),
        }
    }
    for (tick, audio) in &heard {
        assert_eq!(audio.marker, *tick == 0 || *tick == 21);
        assert_eq!(audio.timestamp - heard[0].1.timestamp, *tick as i64 * 160);
        let sample = Law::A.expand(Law::A.compress(*tick as i16 * 100));
        assert_eq!(audio.content, Content::Samples(vec![sample; FRAME_SAMPLES]));
    }
    let stats = receiver.stats();
    assert_eq!((stats.received, stats.lost, stats.duplicate), (49, 0, 0));
    assert_eq!(stats.jitter_ms, 0.0);
}

fn raw(first: u8, payload_type: u8, sequence: u16, rest: &[u8]) -> Vec<u8> {
    let mut out = vec![first, payload_type];
    out.extend(sequence.to_be_bytes());
    out.extend([0, 0, 0, 1, 0, 0, 0, 9]);
    out.extend(rest);
    out
}

#[test]
fn bad_packets_are_refused_by_name() {
    let mut receiver = Receiver::new(at(0), agreed(false));
    let mut refused = |datagram: &[u8]| match receiver.receive(at(0), addr(PEER), datagram) {
        Received::Refused(refusal) => refusal,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(&[]), Refusal::Short);
    assert_eq!(refused(&raw(0x00, 8, 1, &[0; 160])), Refusal::Version);
    assert_eq!(refused(&raw(0x80, 0, 1, &[0; 160])), Refusal::PayloadType(0));
    assert_eq!(refused(&raw(0x80, 8, 1, &[0; 161])), Refusal::Size(161));
    assert_eq!(refused(&raw(0x8f, 8, 1, &[0; 20])), Refusal::Short);
    assert_eq!(refused(&raw(0xa0, 8, 1, &[0; 160])), Refusal::Padding);
    assert_eq!(refused(&raw(0xa0, 8, 1, &[255; 160])), Refusal::Padding);
    // A one-byte extension of one word whose element claims sixteen bytes.
    assert_eq!(refused(&raw(0x90, 8, 1, &[0xbe, 0xde, 0, 1, 0x1f, 0, 0, 0])), Refusal::Size(0));
    assert_eq!(refused(&raw(0x90, 8, 1, &[0xbe, 0xde, 0xff, 0xff])), Refusal::Short);
    let stats = receiver.stats();
    assert_eq!((stats.malformed, stats.unexpected, stats.received), (6, 3, 0));
}

#[test]
fn an_extension_is_stepped_over() {
    let mut receiver = Receiver::new(at(0), agreed(false));
    let mut rest = vec![0xbe, 0xde, 0, 1, 0x10, 0xaa, 0, 0];
    rest.extend([0xd5; 80]);
    match receiver.receive(at(0), addr(PEER), &raw(0x90, 8, 1, &rest)) {
        Received::Audio(audio) => assert_eq!(audio.content, Content::Samples(vec![8; 80])),
        other => panic!("{other:?}"),
    }
}

#[test]
fn strangers_are_never_heard() {
    let mut receiver = Receiver::new(at(0), agreed(false));
    let mut own = Sender::new(1, Codec::Pcma, 8);
    let mut stranger = Sender::new(2, Codec::Pcma, 8);
    for tick in 0..100u64 {
        let now = at(tick * 20);
        let bad = stranger.audio(&SILENCE).unwrap();
        // Another host, from the first packet on; another port of the same host, between the true ones.
        assert!(!is_audio(&receiver.receive(now, addr("203.0.113.5:4000"), &bad)));
        assert!(is_audio(&receiver.receive(now, addr(PEER), &own.audio(&SILENCE).unwrap())));
        assert!(!is_audio(&receiver.receive(now, addr("192.0.2.7:5555"), &bad)));
    }
    assert_eq!(receiver.stats().strangers, 200);
    assert_eq!(receiver.remote(), addr(PEER));
}

#[test]
fn another_port_of_the_peer_is_believed_when_the_first_is_gone() {
    let mut receiver = Receiver::new(at(0), agreed(false));
    let mut own = Sender::new(1, Codec::Pcma, 8);
    // The first port wins although the SDP named another.
    assert!(is_audio(&receiver.receive(
        at(0),
        addr("192.0.2.7:4100"),
        &own.audio(&SILENCE).unwrap()
    )));
    assert_eq!(receiver.remote(), addr("192.0.2.7:4100"));
    let mut other = Sender::new(2, Codec::Pcma, 8);
    for tick in 1..u64::from(REBIND_AFTER) {
        let packet = other.audio(&SILENCE).unwrap();
        assert!(!is_audio(&receiver.receive(at(tick * 20), addr("192.0.2.7:4200"), &packet)));
    }
    // Latched with the next one; a new stream is believed with its second packet.
    receiver.receive(at(500), addr("192.0.2.7:4200"), &other.audio(&SILENCE).unwrap());
    let packet = other.audio(&SILENCE).unwrap();
    assert!(is_audio(&receiver.receive(at(520), addr("192.0.2.7:4200"), &packet)));
    assert_eq!(receiver.remote(), addr("192.0.2.7:4200"));
    assert_eq!(receiver.stats().rebinds, 1);
}

#[test]
fn the_very_address_of_the_sdp_is_believed_at_once() {
    let mut receiver = Receiver::new(at(0), agreed(false));
    let mut late = Sender::new(1, Codec::Pcma, 8);
    let mut own = Sender::new(2, Codec::Pcma, 8);
    let other = addr("192.0.2.7:4100");
    assert!(is_audio(&receiver.receive(at(0), other, &late.audio(&SILENCE).unwrap())));
    receiver.receive(at(20), addr(PEER), &own.audio(&SILENCE).unwrap());
    assert!(is_audio(&receiver.receive(at(40), addr(PEER), &own.audio(&SILENCE).unwrap())));
    assert!(!is_audio(&receiver.receive(at(41), other, &late.audio(&SILENCE).unwrap())));
    assert_eq!(receiver.remote(), addr(PEER));
}

#[test]
fn another_host_is_latched_in_the_first_second_only_where_allowed() {
    let elsewhere = addr("198.51.100.9:7000");
    for (nat, ms, heard) in
        [(true, NAT_WINDOW_MS - 1, true), (true, NAT_WINDOW_MS, false), (false, 5, false)]
    {
        let mut receiver = Receiver::new(at(0), agreed(nat));
        let packet = Sender::new(1, Codec::Pcma, 8).audio(&SILENCE).unwrap();
        assert_eq!(
            is_audio(&receiver.receive(at(ms), elsewhere, &packet)),
            heard,
            "nat {nat} at {ms}"
        );
    }
}

#[test]
fn a_new_stream_is_believed_with_its_second_packet() {
    let mut receiver = Receiver::new(at(0), agreed(false));
    let mut old = Sender::new(1, Codec::Pcma, 8);
    let mut new = Sender::new(2, Codec::Pcma, 8);
    assert!(is_audio(&receiver.receive(at(0), addr(PEER), &old.audio(&SILENCE).unwrap())));
    let first = receiver.receive(at(20), addr(PEER), &new.audio(&SILENCE).unwrap());
    assert_eq!(first, Received::Refused(Refusal::Probation));
    match receiver.receive(at(40), addr(PEER), &new.audio(&SILENCE).unwrap()) {
        Received::Audio(audio) => assert_eq!(audio.stream, 1),
        other => panic!("{other:?}"),
    }
    assert_eq!(receiver.stats().restarts, 1);
}

#[test]
fn a_sequence_wraps_and_counts_as_rfc_3550_says() {
    let mut sequence = Sequence::new(65_530);
    let first = sequence.highest();
    for step in 1..=20u64 {
        assert_eq!(
            sequence.accept(65_530u16.wrapping_add(step as u16)),
            Sequenced::Next(first + step)
        );
    }
    assert_eq!(sequence.accept(2), Sequenced::Again);
    assert_eq!(sequence.accept(20), Sequenced::Next(first + 26));
    assert_eq!(sequence.lost(), 5);
    assert_eq!(sequence.accept(18), Sequenced::Earlier(first + 24));
    assert_eq!(sequence.accept(18), Sequenced::Again);
    assert_eq!(sequence.lost(), 4);
    assert_eq!(sequence.accept(30_000), Sequenced::Jumped);
    assert_eq!(sequence.accept(21), Sequenced::Next(first + 27));
    assert_eq!(sequence.accept(30_000), Sequenced::Jumped);
    assert_eq!(sequence.accept(30_001), Sequenced::Restarted);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn no_datagram_breaks_the_receiver(datagrams in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..400), 1..20), first in 0x80u8..=0xbf) {
        let mut receiver = Receiver::new(at(0), agreed(false));
        for (index, mut datagram) in datagrams.into_iter().enumerate() {
            if index % 2 == 0 && datagram.len() > 1 {
                datagram[0] = first;
                datagram[1] = if index % 4 == 0 { 8 } else { 101 };
            }
            receiver.receive(at(index as u64), addr(PEER), &datagram);
        }
        receiver.stats();
    }

    #[test]
    fn a_sequence_knows_each_number_once(start in any::<u16>(), seed in any::<u64>()) {
        let mut rng = Rng::new(seed);
        let mut sequence = Sequence::new(start);
        let base = sequence.highest();
        let mut seen = std::collections::HashSet::from([base]);
        let mut offset = 0i64;
        for _ in 0..500 {
            offset = (offset + rng.below(7) as i64 - 2).max(0);
            let number = start.wrapping_add(offset as u16);
            match sequence.accept(number) {
                Sequenced::Next(extended) | Sequenced::Earlier(extended) => {
                    prop_assert_eq!(extended, base + offset as u64, "seed {}", seed);
                    prop_assert!(seen.insert(extended), "seed {}: {} twice", seed, extended);
                }
                Sequenced::Again => prop_assert!(seen.contains(&(base + offset as u64)), "seed {}", seed),
                other => prop_assert!(false, "seed {}: {:?}", seed, other),
            }
        }
        let expected = sequence.highest() - base + 1;
        prop_assert_eq!(sequence.lost(), expected - seen.len() as u64, "seed {}", seed);
    }
}

// ---- keys

fn spell(events: &[KeyEvent]) -> String {
    events
        .iter()
        .filter_map(|event| match event {
            KeyEvent::Pressed { key, .. } => Some(key.as_char()),
            KeyEvent::Released { .. } => None,
        })
        .collect()
}

/// Sends the keys over a network that loses event packets; what was pressed, and what could be known.
fn keys_over(text: &str, seed: u64, loss: f64) -> (String, String, Vec<KeyEvent>) {
    let mut rng = Rng::new(seed);
    let mut keys = KeySender::new();
    for key in Key::parse_all(text).unwrap() {
        keys.press(key, 100).unwrap();
    }
    let mut sender = Sender::new(seed, Codec::Pcma, 8);
    let mut receiver = Receiver::new(at(0), agreed(false));
    let mut reader = KeyReceiver::new();
    let (mut knowable, mut events, mut last) = (String::new(), Vec::new(), None);
    for tick in 0..text.len() as u64 * 12 + 20 {
        let now = at(tick * 20);
        let event = keys.tick(sender.timestamp());
        let packet = match &event {
            Some(event) => sender.event(101, event),
            None => sender.audio(&SILENCE),
        }
        .unwrap();
        if event.is_some() && rng.chance(loss) {
            continue;
        }
        if let Some(event) = event.filter(|event| last != Some(event.timestamp)) {
            last = Some(event.timestamp);
            knowable.push(Key::from_code(event.payload[0]).unwrap().as_char());
        }
        if let Received::Event { timestamp, marker, payload } =
            receiver.receive(now, addr(PEER), &packet)
        {
            reader.receive(now, timestamp, marker, &payload);
        }
        reader.tick(now);
        events.extend(std::iter::from_fn(|| reader.poll()));
    }
    assert!(keys.is_idle());
    (spell(&events), knowable, events)
}

#[test]
fn keys_arrive_with_their_durations_and_gaps() {
    let (got, _, events) = keys_over("12#", 3, 0.0);
    assert_eq!(got, "12#");
    let durations: Vec<u64> = events
        .iter()
        .filter_map(|event| match event {
            KeyEvent::Released { duration_ms, .. } => Some(*duration_ms),
            KeyEvent::Pressed { .. } => None,
        })
        .collect();
    assert_eq!(durations, [100, 100, 100]);
    assert!(matches!(events[2], KeyEvent::Pressed { gap_ms: Some(120), .. }), "{:?}", events[2]);
    assert_eq!(format!("{:?}", events[0]), "Pressed { key: Key(?), gap_ms: None }");
}

#[test]
fn each_key_is_known_once_under_loss() {
    let mut whole = 0;
    for seed in 0..200 {
        let (got, knowable, events) = keys_over("1122334455*0#", seed, 0.3);
        assert_eq!(got, knowable, "seed {seed}");
        let released = events.len() - got.len();
        assert_eq!(released, got.len(), "seed {seed}: each key is released once");
        whole += usize::from(got.len() == 13);
    }
    assert!(whole >= 195, "{whole} of 200 numbers arrived whole");
}

#[test]
fn a_long_key_is_one_key() {
    let mut reader = KeyReceiver::new();
    for tick in 1..600i64 {
        let total = tick * 160;
        let (segment, duration) = (total / 0xffff, total % 0xffff);
        let payload = [5, 10, (duration >> 8) as u8, duration as u8];
        reader.receive(at(tick as u64 * 20), segment * 0xffff, tick == 1, &payload);
    }
    reader.tick(at(20_000));
    let events: Vec<_> = std::iter::from_fn(|| reader.poll()).collect();
    assert_eq!(spell(&events), "5");
    assert!(matches!(events[1], KeyEvent::Released { duration_ms: 11_980, .. }), "{:?}", events[1]);
}

#[test]
fn wrong_keys_are_refused() {
    assert!(matches!(Key::parse_all("12x"), Err(MediaError::NotAKey { character: 'x' })));
    let mut reader = KeyReceiver::new();
    reader.receive(at(0), 0, true, &[16, 0, 0, 0]);
    reader.receive(at(0), 0, true, &[1, 0]);
    assert_eq!(reader.poll(), None);
}

#[test]
fn tones_are_recognised_and_noise_is_not() {
    for (index, character) in "0123456789*#ABCD".chars().enumerate() {
        let mut sound = vec![0i16; 333];
        sound.extend(key_tone(Key::try_from(character).unwrap(), 100));
        sound.extend([0; 500]);
        LineNoise::new(index as u64, -45.0).add(&mut sound);
        let mut listener = KeyListener::new();
        let heard: String = sound
            .as_chunks::<FRAME_SAMPLES>()
            .0
            .iter()
            .filter_map(|frame| listener.hear(frame))
            .map(Key::as_char)
            .collect();
        assert_eq!(heard, character.to_string());
    }
    let mut listener = KeyListener::new();
    let mut noise = LineNoise::new(1, -15.0);
    let mut music = Music::new(1);
    assert!((0..3_000).all(|_| listener.hear(&noise.frame()).is_none()));
    assert!((0..3_000).all(|_| listener.hear(&music.frame()).is_none()));
}

// ---- player

fn events(player: &mut Player) -> Vec<PlayerEvent> {
    std::iter::from_fn(|| player.poll()).collect()
}

#[test]
fn items_start_and_end_to_the_millisecond() {
    let mut player = Player::new(1);
    player.append(7, vec![1_000; 400]).unwrap();
    player.append(7, vec![1_000; 240]).unwrap();
    player.finish(7);
    player.append(8, vec![2_000; 80]).unwrap();
    player.finish(8);
    assert_eq!(player.buffered_ms(), 90);
    let frames: Vec<Frame> = (0..5).map(|_| player.pull().0).collect();
    assert!(frames[..4].iter().flatten().all(|&sample| sample == 1_000));
    assert!(frames[4][..80].iter().all(|&sample| sample == 2_000));
    assert!(frames[4][80..].iter().all(|&sample| sample.abs() < 200));
    assert_eq!(
        events(&mut player),
        [
            PlayerEvent::ItemStarted { tag: 7 },
            PlayerEvent::ItemEnded { tag: 7, played_ms: 80, whole: true },
            PlayerEvent::ItemStarted { tag: 8 },
            PlayerEvent::ItemEnded { tag: 8, played_ms: 10, whole: true },
        ]
    );
    assert!(!player.pull().1);
}

#[test]
fn a_stop_is_heard_within_8_ms_and_counts_what_was_heard() {
    let mut player = Player::new(1);
    player.append(1, vec![8_000; 8_000]).unwrap();
    player.append(2, vec![8_000; 8_000]).unwrap();
    for _ in 0..10 {
        player.pull();
    }
    assert_eq!(player.progress(), Some((1, 200)));
    let stopped = player.stop();
    assert_eq!((stopped.playing, stopped.unheard.as_slice()), (Some((1, 208)), [2].as_slice()));
    let (frame, _) = player.pull();
    assert!(frame[..64].windows(2).all(|pair| pair[1] <= pair[0]));
    assert!(frame[64..].iter().all(|&sample| sample == 0));
    assert!(!player.is_speaking());
    assert_eq!(
        events(&mut player)[1],
        PlayerEvent::ItemEnded { tag: 1, played_ms: 208, whole: false }
    );
    assert_eq!(player.stop(), Default::default());
}

#[test]
fn a_late_chunk_is_silence_and_no_click() {
    let mut player = Player::new(1);
    player.append(1, vec![10_000; 200]).unwrap();
    let mut sound = Vec::new();
    for tick in 0..10 {
        if tick == 5 {
            player.append(1, vec![10_000; 480]).unwrap();
            player.finish(1);
        }
        sound.extend(player.pull().0);
    }
    let steepest =
        sound[..1_200].windows(2).map(|pair| (i32::from(pair[1]) - i32::from(pair[0])).abs()).max();
    assert!(steepest.unwrap() < 400, "{steepest:?}");
    assert_eq!(
        events(&mut player),
        [
            PlayerEvent::ItemStarted { tag: 1 },
            PlayerEvent::Starved { tag: 1, played_ms: 25 },
            PlayerEvent::ItemEnded { tag: 1, played_ms: 85, whole: true },
        ]
    );
}

#[test]
fn the_speech_queue_is_bounded() {
    let mut player = Player::new(1);
    let full = (0..1_000).find_map(|_| player.append(1, vec![0; 160]).err());
    assert!(matches!(full, Some(MediaError::SpeechQueueFull { .. })));
    player.pull();
    assert!(player.append(1, vec![0; 160]).is_ok());
}

#[test]
fn an_idle_line_has_comfort_noise_or_music() {
    let mut player = Player::new(1);
    let noise: Vec<i16> = (0..100).flat_map(|_| player.pull().0).collect();
    assert!((-69.0..-63.0).contains(&dbov(&noise)), "{}", dbov(&noise));
    player.set_background(Background::Music(Box::new(Music::new(3))));
    let music: Vec<i16> = (0..500).flat_map(|_| player.pull().0).collect();
    assert!((-45.0..-22.0).contains(&dbov(&music)), "{}", dbov(&music));
    assert_eq!(clipped(&music), 0);
    let steepest =
        music.windows(2).map(|pair| (i32::from(pair[1]) - i32::from(pair[0])).abs()).max();
    assert!(steepest.unwrap() < 6_000, "{steepest:?}");
}

// ---- mixer

#[test]
fn each_leg_hears_the_others_and_not_itself() {
    let mut mixer = Mixer::new();
    let legs = [LegId(1), LegId(2), LegId(3)];
    for leg in legs {
        mixer.join(leg).unwrap();
    }
    let said = [[100; FRAME_SAMPLES], [20_000; FRAME_SAMPLES], [30_000; FRAME_SAMPLES]];
    let mut heard = [SILENCE; 3];
    for _ in 0..3 {
        for (index, leg) in legs.iter().enumerate() {
            heard[index] = mixer.exchange(*leg, &said[index]);
        }
    }
    assert_eq!(heard.map(|frame| frame[0]), [i16::MAX, 30_100, 20_100]);
    mixer.leave(LegId(2));
    assert_eq!(mixer.exchange(LegId(2), &said[1]), SILENCE);
    mixer.exchange(LegId(1), &said[0]);
    mixer.exchange(LegId(3), &said[2]);
    assert_eq!(mixer.exchange(LegId(1), &said[0])[0], 30_000);
}

#[test]
fn a_bridge_sheds_delay_and_is_bounded() {
    let mut mixer = Mixer::new();
    mixer.join(LegId(1)).unwrap();
    mixer.join(LegId(2)).unwrap();
    // The second leg's task sleeps for two seconds.
    for number in 0..100 {
        mixer.exchange(LegId(1), &[number; FRAME_SAMPLES]);
    }
    assert_eq!(mixer.exchange(LegId(2), &SILENCE)[0], 75);
    let mut behind = 0;
    for number in 100..2_000 {
        mixer.exchange(LegId(1), &[number; FRAME_SAMPLES]);
        behind = number - mixer.exchange(LegId(2), &SILENCE)[0];
    }
    assert!(behind <= 3, "{behind} frames behind");
    assert!(matches!(
        (3..20).find_map(|leg| mixer.join(LegId(leg)).err()),
        Some(MediaError::BridgeFull { .. })
    ));
}
