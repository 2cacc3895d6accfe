//! G.722, comfort noise, packets of other lengths, SRTP and RTCP: what one leg's packets hold.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::net::SocketAddr;

use huiyin::kernel::{Moment, Rng};
use huiyin::media::codec::{Decoder, Encoder};
use huiyin::media::comfort::{ComfortNoise, Noise};
use huiyin::media::dtmf::{Key, KeyEvent, KeyReceiver, KeySender};
use huiyin::media::level::dbov;
use huiyin::media::rtcp::{EVERY_MS, Heard, Reports, Sent};
use huiyin::media::rtp::{Agreed, Content, Packets, Received, Receiver, Refusal, Sender};
use huiyin::media::srtp::{Inbound, MasterKey, Outbound, Suite};
use huiyin::media::{Codec, FRAME_SAMPLES, Frame};
use proptest::prelude::*;

fn at(ms: u64) -> Moment {
    Moment::from_ms(ms)
}

fn peer() -> SocketAddr {
    "192.0.2.7:4000".parse().unwrap()
}

fn receiver() -> Receiver {
    let audio = Codec::ALL.into_iter().map(|codec| (codec.payload_type(), codec)).collect();
    let agreed = Agreed { audio, events: Some(101), comfort: None, remote: peer(), nat: false };
    Receiver::new(at(0), agreed)
}

/// A vowel: harmonics of 140 Hz below 3 kHz.
fn vowel(index: usize) -> f32 {
    let phase = std::f32::consts::TAU * 140.0 * index as f32 / 8_000.0;
    (1..20).map(|k| (phase * k as f32).sin() / k as f32).sum::<f32>() * 4_000.0
}

fn frame(number: usize) -> Frame {
    std::array::from_fn(|index| vowel(number * FRAME_SAMPLES + index) as i16)
}

// ---- G.722

#[test]
fn the_lower_band_of_g722_is_telephone_speech() {
    let (mut encoder, mut decoder) = (Encoder::default(), Decoder::default());
    let (mut ours, mut heard) = (Vec::new(), Vec::new());
    for number in 0..50 {
        let payload = encoder.encode(Codec::G722, &frame(number));
        assert_eq!(Codec::G722.samples(&payload), Some(FRAME_SAMPLES));
        decoder.decode(Codec::G722, &payload, &mut heard);
        ours.extend(frame(number));
    }
    // The filters take a few milliseconds; at the right place what is left is the codec's own noise.
    let ratio = |delay: usize| {
        let pairs = ours[1_600..].iter().zip(&heard[1_600 + delay..]);
        let noise: Vec<i16> = pairs.map(|(a, b)| a.wrapping_sub(*b)).collect();
        dbov(&ours[1_600..]) - dbov(&noise)
    };
    let ratio = (0..60).map(ratio).fold(f32::MIN, f32::max);
    assert!(ratio > 15.0, "{ratio} dB");
}

#[test]
fn only_whole_tens_of_milliseconds_are_packets() {
    for codec in [Codec::Pcma, Codec::Pcmu, Codec::G722] {
        for (length, samples) in
            [(0, None), (79, None), (80, Some(80)), (161, None), (480, Some(480)), (560, None)]
        {
            assert_eq!(codec.samples(&vec![0; length]), samples, "{codec:?} {length}");
        }
    }
}

// ---- Opus

#[test]
fn opus_is_telephone_speech_at_a_clock_of_its_own() {
    for ms in [10usize, 20, 40, 60] {
        let (mut encoder, mut decoder) = (Encoder::default(), Decoder::default());
        let (mut ours, mut heard) = (Vec::new(), Vec::new());
        for number in 0..100 {
            let samples: Vec<i16> =
                (0..ms * 8).map(|i| vowel(number * ms * 8 + i) as i16).collect();
            let payload = encoder.encode(Codec::Opus, &samples);
            assert_eq!(Codec::Opus.samples(&payload), Some(ms * 8), "{ms} ms");
            decoder.decode(Codec::Opus, &payload, &mut heard);
            ours.extend(samples);
        }
        assert_eq!(heard.len(), ours.len());
        let alike = |delay: usize| {
            let pairs = ours[1_600..].iter().zip(&heard[1_600 + delay..]);
            let product: f64 = pairs.map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
            let energy = |of: &[i16]| of.iter().map(|&a| f64::from(a).powi(2)).sum::<f64>();
            product / (energy(&ours[1_600..]) * energy(&heard[1_600..])).sqrt()
        };
        let alike = (0..160).map(alike).fold(f64::MIN, f64::max);
        assert!(alike > 0.75, "{ms} ms: {alike}");
    }
}

#[test]
fn a_packet_of_opus_says_how_long_it_is() {
    // RFC 6716, table 2 and figure 1: configuration, frames, samples at 8 kHz.
    for (first, second, samples) in [
        (0b00000_000, 0, Some(80)),
        (0b00001_000, 0, Some(160)),
        (0b01011_000, 0, Some(480)),
        (0b01011_001, 0, Some(960)),
        (0b01100_000, 0, Some(80)),
        (0b01111_010, 0, Some(320)),
        (0b10000_000, 0, Some(20)),
        (0b11111_000, 0, Some(160)),
        (0b11111_011, 6, Some(960)),
        (0b11111_011, 7, None),
        (0b11111_011, 0, None),
    ] {
        assert_eq!(Codec::Opus.samples(&[first, second]), samples, "{first:#010b} {second}");
    }
    assert_eq!(Codec::Opus.samples(&[]), None);
    assert_eq!(Codec::Opus.samples(&[3]), None, "a count of frames that is not there");
}

#[test]
fn a_stream_of_opus_is_heard_in_the_houses_samples() {
    let mut sender = Sender::new(5, Codec::Opus, 111);
    let audio = vec![(111, Codec::Opus)];
    let agreed = Agreed { audio, events: Some(110), comfort: None, remote: peer(), nat: false };
    let mut receiver = Receiver::new(at(0), agreed);
    let (mut keys, mut pressed) = (KeyReceiver::new(), KeySender::new());
    let mut next = None;
    for number in 0..60u64 {
        let before = sender.timestamp();
        if number == 30 {
            pressed.press(Key::try_from('7').unwrap(), 100).unwrap();
        }
        let event = pressed.tick(before);
        let packet = match &event {
            Some(event) => sender.event(110, event).unwrap(),
            None => sender.audio(&frame(number as usize)).unwrap(),
        };
        assert_eq!(sender.timestamp().wrapping_sub(before), 960);
        match receiver.receive(at(number * 20), peer(), &packet) {
            Received::Audio(audio) => {
                assert_eq!(audio.length(), 160);
                assert!(next.is_none_or(|next| audio.timestamp >= next));
                next = Some(audio.timestamp + 160);
            }
            Received::Event { timestamp, marker, payload } => {
                keys.receive(at(number * 20), timestamp, marker, &payload);
            }
            other => panic!("{other:?}"),
        }
        keys.tick(at(number * 20));
    }
    let lengths: Vec<u64> = std::iter::from_fn(|| keys.poll())
        .filter_map(|event| match event {
            KeyEvent::Released { duration_ms, .. } => Some(duration_ms),
            KeyEvent::Pressed { .. } => None,
        })
        .collect();
    assert_eq!(lengths, [100]);
}

// ---- packets of other lengths

#[test]
fn a_peer_gets_packets_of_the_length_it_wants() {
    for (ms, length, count) in
        [(10, 80, 60), (20, 160, 30), (30, 240, 20), (40, 320, 15), (60, 480, 10), (5, 80, 60)]
    {
        let mut sender = Sender::new(7, Codec::Pcma, 8);
        let mut packets = Packets::of(ms);
        let mut receiver = receiver();
        let (mut heard, mut next) = (0, None);
        for number in 0..30 {
            packets.push(&frame(number));
            while let Some(packet) = packets.next(&mut sender) {
                match receiver.receive(at(number as u64 * 20), peer(), &packet.unwrap()) {
                    Received::Audio(audio) => {
                        assert_eq!(audio.length(), length, "{ms} ms");
                        assert!(next.is_none_or(|next| next == audio.timestamp), "{ms} ms");
                        next = Some(audio.timestamp + length);
                        heard += 1;
                    }
                    other => panic!("{other:?}"),
                }
            }
        }
        assert_eq!(heard, count, "{ms} ms");
    }
}

// ---- comfort noise

#[test]
fn noise_has_the_level_and_the_colour_that_were_described() {
    // The first coefficient far below zero is low noise (G.711 Appendix II).
    for (payload, low) in [(vec![60u8], false), (vec![50, 30, 127, 127], true)] {
        let noise = Noise::read(&payload).unwrap();
        let mut maker = ComfortNoise::new(5);
        maker.describe(noise);
        let mut sound = vec![0; 16_000];
        maker.fill(&mut sound);
        let sound = &sound[1_600..];
        let level = dbov(sound);
        assert!((level + f32::from(payload[0])).abs() < 1.0, "{level} for {payload:?}");
        let neighbours: f64 =
            sound.windows(2).map(|pair| f64::from(pair[0]) * f64::from(pair[1])).sum();
        let energy: f64 = sound.iter().map(|&sample| f64::from(sample).powi(2)).sum();
        assert_eq!(neighbours / energy > 0.5, low, "{payload:?}");
    }
    assert!(Noise::read(&[]).is_none());
    assert!(Noise::read(&[0]).unwrap().level_dbov() <= -30.0, "never louder than a quiet voice");
}

#[test]
fn comfort_noise_is_taken_with_its_static_type() {
    let mut receiver = receiver();
    let mut sender = Sender::new(3, Codec::Pcma, 8);
    let mut packet = sender.audio(&frame(0)).unwrap().to_vec();
    packet.truncate(12);
    packet[1] = 13;
    packet.push(64);
    match receiver.receive(at(0), peer(), &packet) {
        Received::Audio(audio) => assert_eq!(audio.content, Content::Noise(Noise::white(-64.0))),
        other => panic!("{other:?}"),
    }
}

// ---- SRTP

fn hex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

fn key(text: &str) -> MasterKey {
    MasterKey::new(hex(text).try_into().unwrap())
}

/// The reference packet that libsrtp checks itself against.
#[test]
fn srtp_protects_as_the_reference_does() {
    let key = key("e1f97a0d3e018be0d64fa32c06de41390ec675ad498afeebb6960b3aabe6");
    let plain = hex("800f1234decafbadcafebabeabababababababababababababababab");
    let protected =
        hex("800f1234decafbadcafebabe4e55dc4ce79978d88ca4d215949d2402b78d6acc99ea179b8dbb");
    let suite = Suite::AesCm128HmacSha1Tag80;
    assert_eq!(Outbound::new(suite, &key).unwrap().rtp(&plain).unwrap(), protected);
    let mut inbound = Inbound::new(suite, key);
    assert_eq!(inbound.rtp(&protected).unwrap(), plain);
    assert_eq!(inbound.rtp(&protected), Err(Refusal::Unauthentic), "a replay");
}

#[test]
fn only_protected_packets_are_heard_and_each_once() {
    for suite in Suite::ALL {
        let ours = MasterKey::new([7; 30]);
        let mut protect = Outbound::new(suite, &ours).unwrap();
        let mut receiver = receiver();
        receiver.protect(Some(Inbound::new(suite, ours)));
        let mut sender = Sender::new(1, Codec::Pcma, 8);
        let mut heard = 0;
        for tick in 0..40u64 {
            let plain = sender.audio(&frame(tick as usize)).unwrap();
            let packet = protect.rtp(&plain).unwrap();
            let mut forged = packet.to_vec();
            forged[20] ^= 1;
            for datagram in [&forged[..], &plain[..]] {
                let refused = receiver.receive(at(tick * 20), peer(), datagram);
                assert_eq!(refused, Received::Refused(Refusal::Unauthentic));
            }
            heard += usize::from(matches!(
                receiver.receive(at(tick * 20), peer(), &packet),
                Received::Audio(_)
            ));
            receiver.receive(at(tick * 20), peer(), &packet);
        }
        let stats = receiver.stats();
        assert_eq!((heard, stats.received, stats.unauthentic), (40, 40, 120), "{suite:?}");
    }
}

#[test]
fn a_key_is_base64_and_never_printed() {
    let key = MasterKey::new(std::array::from_fn(|index| index as u8 * 7));
    assert_eq!(MasterKey::from_base64(&key.to_base64()), Some(key));
    assert_eq!(MasterKey::from_base64("AAAA"), None);
    assert_eq!(MasterKey::from_base64("?"), None);
    assert_eq!(format!("{key:?}"), "***");
}

// ---- RTCP

#[test]
fn reports_tell_the_way_there_and_back_and_what_was_lost() {
    let (mut one, mut two) = (Reports::new(at(0), 1), Reports::new(at(0), 2));
    let sent = |ssrc| Sent { ssrc, timestamp: 1, packets: 250, octets: 40_000 };
    let heard = |ssrc, lost, expected| Heard { ssrc, lost, expected, highest: 9, jitter: 80 };
    assert_eq!(one.due(at(0), sent(11), None), None);
    let first = one.due(at(3_000), sent(11), Some(heard(22, 0, 100))).unwrap();
    assert_eq!(one.due(at(3_000 + EVERY_MS - 1), sent(11), None), None);
    two.receive(at(3_040), 22, &first);
    let answer = two.due(at(4_040), sent(22), Some(heard(11, 25, 250))).unwrap();
    one.receive(at(4_080), 11, &answer);
    let stats = one.stats();
    assert_eq!((stats.sent, stats.received, stats.malformed), (1, 1, 0));
    let way = stats.round_trip_ms.unwrap();
    assert!((78..=81).contains(&way), "{way} ms");
    assert!((stats.peer_loss - 0.1).abs() < 0.01, "{}", stats.peer_loss);
    assert_eq!(stats.peer_jitter, 80);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn no_datagram_breaks_reports_or_the_protection(
        datagrams in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 1..20),
        first in 0x80u8..=0xbf,
    ) {
        let mut reports = Reports::new(at(0), 1);
        let mut inbound = Inbound::new(Suite::AesCm128HmacSha1Tag80, MasterKey::new([1; 30]));
        for (index, mut datagram) in datagrams.into_iter().enumerate() {
            if datagram.len() > 3 {
                datagram[0] = first;
                datagram[1] = 200 + (index % 3) as u8;
                if index % 2 == 0 {
                    datagram[2] = 0;
                }
            }
            reports.receive(at(index as u64), 1, &datagram);
            prop_assert!(inbound.rtp(&datagram).is_err());
            prop_assert!(inbound.rtcp(&datagram).is_err());
        }
    }

    #[test]
    fn no_payload_breaks_a_decoder(seed in any::<u64>()) {
        let mut rng = Rng::new(seed);
        let (mut decoder, mut encoder) = (Decoder::default(), Encoder::default());
        let (mut out, mut opus) = (Vec::new(), Vec::new());
        for _ in 0..200 {
            let payload: Vec<u8> = (0..80).map(|_| rng.next_u64() as u8).collect();
            decoder.decode(Codec::G722, &payload, &mut out);
            let samples: Vec<i16> = (0..80).map(|_| rng.next_u64() as i16).collect();
            encoder.encode(Codec::G722, &samples);
            let length = Codec::Opus.samples(&payload).unwrap_or(0);
            let before = opus.len();
            decoder.decode(Codec::Opus, &payload, &mut opus);
            prop_assert_eq!(opus.len() - before, length, "seed {}", seed);
        }
        prop_assert_eq!(out.len(), 16_000, "seed {}", seed);
    }
}
