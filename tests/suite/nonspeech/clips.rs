//! Sounds of a telephone line in which nobody says a word, made from seeds. The shared tones join them where they are.

use std::f32::consts::TAU;

use huiyin::kernel::Rng;
use huiyin::media::FRAME_SAMPLES;
use huiyin::media::conceal::Concealer;
use huiyin::media::level::LineNoise;
use huiyin::media::music::Music;

use super::synth::*;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Sort {
    Silence,
    Noise,
    Tone,
    Music,
    Song,
    Burst,
    Far,
    Loss,
}

pub struct Clip {
    pub name: String,
    pub sort: Sort,
    pub pcm: Vec<i16>,
}

const SECONDS: f32 = 7.0;

struct Set {
    clips: Vec<Clip>,
    rng: Rng,
}

impl Set {
    /// Under every sound lies the noise of its line.
    fn put(&mut self, sort: Sort, name: &str, dbov: f32, sound: Vec<f32>) {
        self.quiet(sort, name, pcm(&at_level(sound, dbov)), -62.0);
    }

    /// As loud as it is.
    fn raw(&mut self, sort: Sort, name: &str, sound: Vec<f32>) {
        self.quiet(sort, name, pcm(&sound), -62.0);
    }

    fn quiet(&mut self, sort: Sort, name: &str, mut pcm: Vec<i16>, floor: f32) {
        LineNoise::new(self.rng.next_u64(), floor).add(&mut pcm);
        self.clips.push(Clip { name: name.to_string(), sort, pcm });
    }
}

pub fn clips() -> Vec<Clip> {
    let mut set = Set { clips: Vec::new(), rng: Rng::new(12345) };
    silences(&mut set);
    noises(&mut set);
    tones(&mut set);
    instruments(&mut set);
    songs(&mut set);
    bursts(&mut set);
    losses(&mut set);
    set.clips
}

fn silences(set: &mut Set) {
    let length = samples(SECONDS);
    set.clips.push(Clip {
        name: "digital silence".into(),
        sort: Sort::Silence,
        pcm: vec![0; length],
    });
    let offset = Clip { name: "offset".into(), sort: Sort::Silence, pcm: vec![900; length] };
    set.clips.push(offset);
    for dbov in [-70.0, -60.0, -50.0, -40.0] {
        let pcm = vec![0; length];
        set.quiet(Sort::Silence, &format!("comfort noise {dbov}"), pcm, dbov);
    }
}

fn noises(set: &mut Set) {
    for dbov in [-50.0, -38.0, -25.0] {
        let sound = white(&mut set.rng, SECONDS);
        set.put(Sort::Noise, &format!("white {dbov}"), dbov, sound);
        let sound = coloured(&mut set.rng, SECONDS, false);
        set.put(Sort::Noise, &format!("pink {dbov}"), dbov, sound);
    }
    let sound = coloured(&mut set.rng, SECONDS, true);
    set.put(Sort::Noise, "brown", -30.0, sound);
    for (name, dbov, harmonics) in
        [("hum", -30.0, 1), ("hum and harmonics", -35.0, 12), ("loud hum", -20.0, 7)]
    {
        let sound = (0..samples(SECONDS))
            .map(|i| {
                let t = i as f32 / RATE;
                (1..=harmonics).map(|h| (TAU * 50.0 * h as f32 * t).sin() / h as f32).sum()
            })
            .collect();
        set.put(Sort::Noise, name, dbov, sound);
    }
    for (name, dbov, odds) in [("crackle", -35.0, 0.002), ("thick crackle", -28.0, 0.02)] {
        let rng = &mut set.rng;
        let clicks: Vec<f32> = (0..samples(SECONDS))
            .map(|_| if rng.chance(odds) { rng.normal() as f32 } else { 0.0 })
            .collect();
        set.put(Sort::Noise, name, dbov, resonate(&clicks, 1800.0, 1500.0));
    }
    // A mobile telephone beside the line: bursts of 0.58 ms, 217 a second, in groups.
    for (name, dbov, group) in [("mobile buzz", -32.0, 1.3), ("steady mobile buzz", -28.0, 1e9)] {
        let sound = (0..samples(SECONDS))
            .map(|i| {
                let t = i as f32 / RATE;
                let on = (t * 217.0).fract() < 0.125 && t % group < 0.35 * group.min(1e3);
                if on { 1.0 } else { 0.0 }
            })
            .collect();
        set.put(Sort::Noise, name, dbov, sound);
    }
    let slow = |rate: f32, depth: f32, sound: Vec<f32>| -> Vec<f32> {
        let at = |i: usize| 1.0 + depth * (TAU * rate * i as f32 / RATE).sin();
        sound.iter().enumerate().map(|(i, s)| s * at(i)).collect()
    };
    let road = resonate(&coloured(&mut set.rng, SECONDS, false), 300.0, 500.0);
    set.put(Sort::Noise, "road", -28.0, slow(0.3, 0.8, road));
    let fan = resonate(&white(&mut set.rng, SECONDS), 500.0, 600.0);
    set.put(Sort::Noise, "fan", -32.0, slow(9.0, 0.5, fan));
    let wind = resonate(&coloured(&mut set.rng, SECONDS, true), 150.0, 300.0);
    set.put(Sort::Noise, "wind", -22.0, slow(0.9, 0.95, wind));
    // Noise with the rhythm of syllables.
    let gusts = resonate(&white(&mut set.rng, SECONDS), 900.0, 900.0);
    set.put(Sort::Noise, "noise by syllables", -26.0, slow(4.0, 1.0, gusts));
}

fn tones(set: &mut Set) {
    let plain: [(&str, &[f32], f32, f32); 13] = [
        ("ring-back", &[450.0], 1.0, 4.0),
        ("busy", &[450.0], 0.35, 0.35),
        ("congestion", &[450.0], 0.7, 0.7),
        ("dial tone", &[450.0], 9.0, 0.0),
        ("call waiting", &[450.0], 0.4, 4.0),
        ("howler", &[950.0], 9.0, 0.0),
        ("ring-back of North America", &[440.0, 480.0], 2.0, 4.0),
        ("ring-back of Europe", &[425.0], 1.0, 4.0),
        ("dial tone of North America", &[350.0, 440.0], 9.0, 0.0),
        ("busy of North America", &[480.0, 620.0], 0.5, 0.5),
        ("fax calls", &[1100.0], 0.5, 3.0),
        ("fax answers", &[2100.0], 2.6, 0.8),
        ("beep", &[1000.0], 0.4, 2.0),
    ];
    for (name, hertz, on, off) in plain {
        set.put(Sort::Tone, name, -20.0, cadence(hertz, on, off, SECONDS));
    }
    set.put(Sort::Tone, "soft ring-back", -45.0, cadence(&[450.0], 1.0, 4.0, SECONDS));
    set.put(Sort::Tone, "loud ring-back", -9.0, cadence(&[450.0], 1.0, 4.0, SECONDS));
    let special: [(&[f32], f32); 4] =
        [(&[950.0], 0.33), (&[1400.0], 0.33), (&[1800.0], 0.33), (&[], 1.0)];
    set.put(Sort::Tone, "special information", -20.0, sequence(&special, 4));
    let keys: Vec<(&[f32], f32)> = [
        [697.0, 1209.0],
        [770.0, 1336.0],
        [852.0, 1477.0],
        [941.0, 1336.0],
        [697.0, 1477.0],
        [852.0, 1209.0],
    ]
    .map(|pair| -> &[f32] { Box::leak(Box::new(pair)) })
    .iter()
    .flat_map(|pair| [(*pair, 0.1), (&[][..], 0.1)])
    .collect();
    set.put(Sort::Tone, "keys", -18.0, sequence(&keys, 5));
    let held: [(&[f32], f32); 2] = [(&[770.0, 1336.0], 2.0), (&[], 0.5)];
    set.put(Sort::Tone, "held key", -15.0, sequence(&held, 3));
    for (name, tones, baud) in
        [("fax data", [1650.0, 1850.0], 300.0), ("modem", [1300.0, 2100.0], 1200.0)]
    {
        let sound = keyed(&mut set.rng, tones, baud, SECONDS);
        set.put(Sort::Tone, name, -20.0, sound);
    }
}

fn instruments(set: &mut Set) {
    for seed in [3, 4] {
        let mut music = Music::new(seed);
        let sound = (0..350).flat_map(|_| music.frame()).collect();
        set.quiet(Sort::Music, &format!("our own hold music {seed}"), sound, -62.0);
    }
    let timbres = [
        ("flute", FLUTE),
        ("organ", ORGAN),
        ("strings", STRINGS),
        ("piano", PIANO),
        ("plucked", PLUCKED),
        ("brass", BRASS),
        ("erhu", ERHU),
    ];
    for (i, (name, timbre)) in timbres.into_iter().enumerate() {
        for (pitch, root) in [("low", 165.0), ("high", 392.0)] {
            let beat = 0.3 + 0.06 * i as f32;
            let notes = tune(&mut set.rng, root, beat, SECONDS);
            set.put(Sort::Music, &format!("{name}, {pitch}"), -22.0, melody(timbre, &notes));
        }
    }
    for (name, timbre) in [("organ", ORGAN), ("piano", PIANO), ("strings", STRINGS)] {
        set.put(Sort::Music, &format!("{name} chords"), -20.0, chords(timbre, 220.0, 0.9, 8));
    }
    let sound = drums(&mut set.rng, 0.5, SECONDS);
    set.put(Sort::Music, "drums", -22.0, sound);
    for (name, root, beat, lead) in [("band", 262.0, 0.4, BRASS), ("slow band", 196.0, 0.7, ERHU)] {
        let notes = tune(&mut set.rng, root * 2.0, beat, SECONDS);
        let beats = at_level(drums(&mut set.rng, beat, SECONDS), -8.0);
        let low = at_level(chords(STRINGS, root, beat * 4.0, 6), -6.0);
        let all = mix(mix(at_level(melody(lead, &notes), 0.0), &low), &beats);
        set.put(Sort::Music, name, -20.0, all);
    }
}

fn songs(set: &mut Set) {
    let singers = [
        ("low voice", 120.0, 0.5, 0.01, 0.0),
        ("high voice", 240.0, 0.5, 0.02, 0.0),
        ("fast voice", 200.0, 0.25, 0.0, 0.0),
        ("slow voice", 160.0, 1.0, 0.025, 0.0),
        ("breathy voice", 220.0, 0.4, 0.015, 0.004),
    ];
    for (name, root, beat, vibrato, breathy) in singers {
        let notes = tune(&mut set.rng, root, beat, SECONDS);
        let sound = sung(&mut set.rng, &notes, vibrato, breathy);
        set.put(Sort::Song, name, -22.0, sound);
    }
    for (name, root, beat) in [("song with band", 180.0, 0.45), ("choir with organ", 150.0, 0.8)] {
        let notes = tune(&mut set.rng, root, beat, SECONDS);
        let voice = at_level(sung(&mut set.rng, &notes, 0.015, 0.0), 0.0);
        let low = at_level(chords(ORGAN, root * 2.0, beat * 4.0, 6), -7.0);
        let beats = at_level(drums(&mut set.rng, beat, SECONDS), -10.0);
        set.put(Sort::Song, name, -20.0, mix(mix(voice, &low), &beats));
    }
}

/// Pieces at random places, one about every `every` seconds.
fn scattered(rng: &mut Rng, every: f32, mut piece: impl FnMut(&mut Rng) -> Vec<f32>) -> Vec<f32> {
    let mut out = vec![0.0; samples(SECONDS)];
    let mut at = 0.3;
    while at < SECONDS - 0.7 {
        let sound = piece(rng);
        add_at(&mut out, samples(at), &sound);
        at += every * (0.5 + rng.unit() as f32);
    }
    out
}

fn shaped(sound: Vec<f32>, rise: f32, decay: f32) -> Vec<f32> {
    let envelope = struck(sound.len() as f32 / RATE, rise, decay);
    sound.iter().enumerate().map(|(i, s)| s * envelope(i)).collect()
}

fn bursts(set: &mut Set) {
    for (name, every, dbov) in
        [("typing", 0.16, -38.0), ("fast typing", 0.09, -32.0), ("slow typing", 0.4, -35.0)]
    {
        let sound = scattered(&mut set.rng, every, |rng| {
            let down = shaped(resonate(&white(rng, 0.03), 2200.0, 1500.0), 0.001, 0.006);
            let body = shaped(resonate(&white(rng, 0.05), 400.0, 300.0), 0.002, 0.012);
            mix(down, &body)
        });
        set.put(Sort::Burst, name, dbov, sound);
    }
    for (name, every, dbov, hertz) in [
        ("breath", 2.0, -36.0, 900.0),
        ("heavy breath", 1.3, -28.0, 1400.0),
        ("snore", 2.2, -28.0, 300.0),
    ] {
        let sound = scattered(&mut set.rng, every, |rng| {
            let air = resonate(&white(rng, 0.8), hertz, 900.0);
            let length = air.len() as f32;
            air.iter()
                .enumerate()
                .map(|(i, s)| s * (std::f32::consts::PI * i as f32 / length).sin())
                .collect()
        });
        set.put(Sort::Burst, name, dbov, sound);
    }
    // A burst of the throat and then the voice's end of it.
    for (name, pitch, dbov) in
        [("cough", 180.0, -24.0), ("deep cough", 110.0, -20.0), ("sneeze", 260.0, -22.0)]
    {
        let sound = scattered(&mut set.rng, 1.4, |rng| {
            let burst = shaped(resonate(&white(rng, 0.2), 1100.0, 1400.0), 0.004, 0.06);
            let tail = shaped(sung(rng, &[(pitch, 0.14)], 0.0, 0.01), 0.02, 0.05);
            mix(at_level(burst, 0.0), &at_level(tail, -8.0))
        });
        set.put(Sort::Burst, name, dbov, sound);
    }
    for (name, hertz, dbov) in
        [("doors", 90.0, -20.0), ("things put down", 350.0, -26.0), ("knocks", 600.0, -26.0)]
    {
        let sound = scattered(&mut set.rng, 1.6, |rng| {
            let mut hit = shaped(resonate(&white(rng, 0.5), hertz, hertz * 0.6), 0.002, 0.07);
            let again = shaped(resonate(&white(rng, 0.2), hertz * 3.0, 700.0), 0.001, 0.02);
            hit.iter_mut().zip(&again).for_each(|(a, b)| *a += 0.5 * b);
            hit
        });
        set.put(Sort::Burst, name, dbov, sound);
    }
    let sound = scattered(&mut set.rng, 0.7, |rng| {
        shaped(resonate(&white(rng, 0.35), 2600.0, 1800.0), 0.08, 0.15)
    });
    set.put(Sort::Burst, "paper", -34.0, sound);
    let sound = scattered(&mut set.rng, 2.0, |_| {
        let slide: Vec<(f32, f32)> = (0..25).map(|i| (300.0 + 12.0 * i as f32, 0.02)).collect();
        melody(Timbre { rise: 0.0001, decay: 9.0, slide: 0.02, ..BRASS }, &slide)
    });
    set.put(Sort::Burst, "creaking chair", -28.0, sound);
    let sound = scattered(&mut set.rng, 1.2, |rng| {
        let fall: Vec<(f32, f32)> = (0..9).map(|i| (520.0 - 25.0 * i as f32, 0.02)).collect();
        shaped(sung(rng, &fall, 0.0, 0.02), 0.01, 0.08)
    });
    set.put(Sort::Burst, "barking", -26.0, sound);
    for (name, sound) in [
        ("horn", cadence(&[420.0, 505.0], 0.6, 1.7, SECONDS)),
        ("reversing lorry", cadence(&[1250.0], 0.5, 0.5, SECONDS)),
    ] {
        set.put(Sort::Burst, name, -28.0, sound);
    }
}

/// What concealment makes of lost packets where nobody speaks.
fn losses(set: &mut Set) {
    for (name, floor, hit, share) in [
        ("losses on silence", -60.0, -60.0, 0.1),
        ("bursts of loss on noise", -40.0, -40.0, 0.3),
        ("losses on knocks", -55.0, -24.0, 0.2),
    ] {
        let mut noise = LineNoise::new(set.rng.next_u64(), floor);
        let knocks = scattered(&mut set.rng, 0.8, |rng| {
            shaped(resonate(&white(rng, 0.1), 700.0, 300.0), 0.002, 0.02)
        });
        let knocks = pcm(&at_level(knocks, hit));
        let mut concealer = Concealer::new();
        let (mut lost, mut out) = (false, Vec::new());
        for frame in knocks.as_chunks::<FRAME_SAMPLES>().0 {
            let mut frame = *frame;
            noise.add(&mut frame);
            lost = set.rng.chance(if lost { 0.6 } else { share });
            if lost {
                concealer.conceal(&mut frame);
            } else {
                concealer.heard(&mut frame);
            }
            out.extend(frame);
        }
        set.raw(Sort::Loss, name, out.iter().map(|s| f32::from(*s)).collect());
    }
}
